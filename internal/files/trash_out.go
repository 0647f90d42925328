package files

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Restore moves the thing of an entry to the path to, or with "" to where it was,
// makes the folders above that are missing, and returns where it is. When something
// is there already, that is a Conflict, and the entry stays. within is as in Put; it
// is told the entry and the new path without symlinks.
func (t *Trash) Restore(ctx context.Context, id, to string, within func(e Trashed, at string, move func() error) error) (at string, err error) {
	e, err := t.Get(ctx, id)
	if err != nil {
		return "", err
	}
	defer t.lock(id)()
	raw, err := t.target(ctx, e, to)
	if err != nil {
		return "", err
	}
	src, dst, err := t.d.openEnds(t.entry(id, itemName), raw)
	if err != nil {
		return "", err
	}
	defer src.dir.Close()
	defer dst.dir.Close()
	if within == nil {
		within = func(_ Trashed, _ string, move func() error) error { return move() }
	}
	err = t.give(ctx, src, dst, func(from spot) error {
		return within(e, dst.path(), func() error { return rename(from, dst, renameNew) })
	})
	if err != nil {
		return "", failure("restore", dst.path(), err)
	}
	t.step("given")
	t.forget(id)
	// An entry without its item does not count; Sweep removes what cannot be
	// removed now.
	_ = t.d.remove(Join(t.raw, id), true)
	return dst.path(), nil
}

// target is where an entry is to go. A name that it had may be any; a new one may
// not.
func (t *Trash) target(ctx context.Context, e Trashed, to string) (raw string, err error) {
	if to == "" {
		to = e.Path
	}
	if raw, err = decodeChild(to); err != nil {
		return "", err
	}
	_, old := splitLast(e.Path)
	dir, name := Split(to)
	if name != old {
		if err := t.d.checkTarget(raw); err != nil {
			return "", err
		}
	}
	if dir != "" {
		err = t.d.Mkdir(ctx, dir, true)
	}
	return raw, err
}

// give brings the thing of an entry to dst by commit, which renames it.
func (t *Trash) give(ctx context.Context, src, dst spot, commit func(from spot) error) error {
	err := commit(src)
	if errors.Is(err, unix.EXDEV) {
		if _, lerr := dst.lstat(); lerr == nil {
			return unix.EEXIST
		}
		c := copier{d: t.d, t: Transfer{Conflict: Fail, Progress: nobody{}}, times: true}
		part := spot{dst.dir, tempName(), dst.raw}
		_, err = c.put(ctx, src, part)
		if err == nil && c.problems > 0 {
			err = lyceum.Errorf(lyceum.Conflict, "not all of it can be copied there, which is on another disk")
		}
		if err == nil {
			err = syncAll(dst.dir)
		}
		if err == nil {
			err = commit(part)
		}
		if err != nil {
			_ = (&remover{nobody{}}).remove(context.WithoutCancel(ctx), part) // it may not have been made
			return err
		}
		t.step("restored copy")
	}
	if err != nil {
		return err
	}
	t.step("restored")
	if err := errors.Join(dst.dir.Sync(), src.dir.Sync()); err != nil {
		return err
	}
	if _, err := src.lstat(); err == nil { // it was copied
		return (&remover{nobody{}}).remove(context.WithoutCancel(ctx), src)
	}
	return nil
}

func (t *Trash) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, id)
}

// Purge takes an entry out of the trash for good, at once; what it holds is removed
// by the next Sweep. The error is of kind NotFound when there is no such entry.
func (t *Trash) Purge(ctx context.Context, id string) error {
	if _, err := t.Get(ctx, id); err != nil {
		return err
	}
	err := t.bury(id)
	if lyceum.IsKind(failure("", "", err), lyceum.NotFound) {
		return errNotInTrash
	}
	return failure("purge", id, err)
}

func (t *Trash) bury(id string) error {
	from, to, err := t.d.openEnds(Join(t.raw, id), Join(t.raw, purgePrefix+id))
	if err != nil {
		return err
	}
	defer from.dir.Close()
	defer to.dir.Close()
	if err := rename(from, to, renameNew); err != nil {
		return err
	}
	t.step("buried")
	t.forget(id)
	return from.dir.Sync()
}

// Sweep purges what was deleted before a time, weighs what was not weighed, and
// removes what is left of purged entries and of work that a crash has ended. It
// returns which entries it has purged, also with an error.
func (t *Trash) Sweep(ctx context.Context, before time.Time) (purged []string, err error) {
	list, err := t.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		switch {
		case e.Deleted.Before(before):
			if err := t.bury(e.ID); err != nil {
				return purged, failure("purge", e.ID, err)
			}
			purged = append(purged, e.ID)
		case e.Size < 0:
			t.weighAgain(ctx, e)
		}
	}
	names, err := t.d.Names(Encode(t.raw))
	if err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
		return purged, err
	}
	for _, name := range names {
		if !t.isLeft(name) {
			continue
		}
		if err := t.d.RemoveTree(ctx, Join(Encode(t.raw), name), nobody{}); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return purged, err
		}
	}
	return purged, nil
}

// weighAgain takes all the time that it needs. What goes wrong is tried again by
// the next Sweep.
func (t *Trash) weighAgain(ctx context.Context, e Trashed) {
	defer t.lock(e.ID)()
	_, bytes, err := t.d.Measure(ctx, Encode(t.entry(e.ID, itemName)))
	if err != nil {
		return
	}
	e.Size = bytes
	if t.write(ctx, e) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[e.ID] = e
}

// isLeft reports whether a name in the trash is that of what is to be removed: not
// an entry that counts, nor one that somebody works on, nor what is not ours.
func (t *Trash) isLeft(name string) bool {
	if strings.HasPrefix(name, purgePrefix) {
		return true
	}
	if _, err := lyceum.ParseID[string](name); err != nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.busy[name] && !t.there(name)
}
