package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Trash is a folder in the home with what was deleted, each thing in an entry of
// its own, from where it can be given back:
//
//	<trash>/<id>/info.json      type Trashed
//	<trash>/<id>/item           the thing itself
//	<trash>/<id>/part           a thing that is still copied here from another file system
//	<trash>/purged-<id>         an entry that is being removed
//
// An entry counts when it has its info and its item. A thing comes and goes by one
// rename, so after a crash at any moment it is either where it was or in an entry
// that counts; what else is left over is removed by Sweep. Only one Trash may use a
// folder. It is safe for concurrent use.
type Trash struct {
	d   *Dir
	raw string

	step func(what string) // called after each step, for tests that end the process there

	mu    sync.Mutex
	known map[string]Trashed // read before, by id
	busy  map[string]bool    // entries that are being made or emptied
}

// Trashed is what is known of a thing in the trash.
type Trashed struct {
	ID      string    `json:"id"` // a UUID
	Path    string    `json:"path"`
	Kind    Kind      `json:"kind"`
	Size    int64     `json:"size"` // bytes of all files in it; -1 when that is not known
	Deleted time.Time `json:"deleted"`
	By      string    `json:"by,omitempty"` // account id of who deleted it
	ByName  string    `json:"byName,omitempty"`
}

// Trash returns the trash in the folder at path, which is made when it is needed.
func (d *Dir) Trash(path string) (*Trash, error) {
	raw, err := decodeChild(path)
	if err != nil {
		return nil, err
	}
	return &Trash{d: d, raw: raw, step: func(string) {}, known: map[string]Trashed{}, busy: map[string]bool{}}, nil
}

const (
	infoName    = "info.json"
	itemName    = "item"
	partName    = "part"
	purgePrefix = "purged-"
	maxInfo     = 64 << 10 // bytes
	weighTime   = 500 * time.Millisecond
)

func (t *Trash) entry(id, name string) string { return Join(Join(t.raw, id), name) }

// lock keeps Sweep away from an entry.
func (t *Trash) lock(id string) (unlock func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy[id] = true
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.busy, id)
	}
}

// Put moves what is at path into the trash. Who gives By and ByName; the rest is
// found out. The decisive step, after which the thing is in the trash, is done by
// within, which calls move once and returns its error; it is told the entry, with
// the thing's path without symlinks. within may be nil, and is called once more
// when move has failed because a thing must be copied first.
//
// A thing on another file system is copied and then removed, which p is told of;
// p may be nil.
func (t *Trash) Put(ctx context.Context, path string, who Trashed, p Progress, within func(e Trashed, move func() error) error) (Trashed, error) {
	raw, err := decodeChild(path)
	if err != nil {
		return Trashed{}, err
	}
	e := who
	e.ID, e.Size, e.Deleted = lyceum.NewID[string](), -1, time.Now().UTC()
	defer t.lock(e.ID)()
	src, entry, err := t.begin(ctx, raw, &e)
	if err != nil {
		return Trashed{}, failure("move to the trash", path, err)
	}
	defer src.dir.Close()
	defer entry.dir.Close()
	if within == nil {
		within = func(_ Trashed, move func() error) error { return move() }
	}
	if p == nil {
		p = nobody{}
	}
	err = t.take(ctx, src, entry, p, func(from spot) error {
		return within(e, func() error { return rename(from, spot{entry.dir, itemName, entry.raw}, renameNew) })
	})
	if err != nil {
		if !t.there(e.ID) {
			_ = t.d.remove(Join(t.raw, e.ID), true) // what is left of it is no entry
		}
		return Trashed{}, failure("move to the trash", path, err)
	}
	t.step("taken")
	e.Size = t.size(ctx, e.ID)
	if err := t.write(ctx, e); err != nil {
		e.Size = -1 // as its info says
	}
	t.step("weighed")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[e.ID] = e
	return e, nil
}

// begin makes the entry of what is at raw, with its info on disk.
func (t *Trash) begin(ctx context.Context, raw string, e *Trashed) (src, entry spot, err error) {
	if raw, err = t.d.real(raw); err != nil {
		return src, entry, err
	}
	if src, err = t.d.spot(raw); err != nil {
		return src, entry, err
	}
	fi, err := src.lstat()
	if err == nil {
		e.Path, e.Kind = Encode(raw), kindOf(fi.Mode())
		err = t.makeEntry(ctx, *e)
	}
	if err == nil {
		entry, err = t.d.spot(t.entry(e.ID, itemName))
	}
	if err != nil {
		src.dir.Close()
	}
	return src, entry, err
}

func (t *Trash) makeEntry(ctx context.Context, e Trashed) error {
	home := Encode(t.raw)
	if _, err := t.d.lstat(t.raw); errors.Is(err, fs.ErrNotExist) {
		if err := t.d.Mkdir(ctx, home, true); err != nil {
			return err
		}
		if err := t.d.Chmod(ctx, home, 0o700); err != nil {
			return err
		}
	}
	t.step("trash made")
	if err := t.d.mkdir(Join(t.raw, e.ID)); err != nil {
		return err
	}
	t.step("entry made")
	if err := t.write(ctx, e); err != nil {
		return errors.Join(err, t.d.remove(Join(t.raw, e.ID), true))
	}
	t.step("info written")
	dir, err := t.d.openDir(t.raw)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// write writes the info of an entry, whole and on disk.
func (t *Trash) write(ctx context.Context, e Trashed) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = t.d.writeAtomic(ctx, t.entry(e.ID, infoName), bytes.NewReader(b), Write{Mode: 0o600})
	return err
}

// take brings a thing into its entry by commit, which renames it.
func (t *Trash) take(ctx context.Context, src, entry spot, p Progress, commit func(from spot) error) error {
	err := commit(src)
	if errors.Is(err, unix.EXDEV) {
		return t.takeFar(ctx, src, entry, p, commit)
	}
	if err != nil {
		return err
	}
	t.step("renamed")
	return errors.Join(entry.dir.Sync(), src.dir.Sync())
}

func (t *Trash) takeFar(ctx context.Context, src, entry spot, p Progress, commit func(from spot) error) error {
	c := copier{d: t.d, t: Transfer{Conflict: Fail, Progress: p}, times: true}
	part := spot{entry.dir, partName, src.raw}
	if _, err := c.put(ctx, src, part); err != nil {
		return err
	}
	if c.problems > 0 {
		return lyceum.Errorf(lyceum.Conflict, "not all of it can be copied into the trash, which is on another disk: delete it for good instead")
	}
	if err := syncAll(entry.dir); err != nil {
		return err
	}
	t.step("copied")
	if err := commit(part); err != nil {
		return err
	}
	if err := entry.dir.Sync(); err != nil {
		return err
	}
	t.step("copy renamed")
	return (&remover{counted{p}}).remove(context.WithoutCancel(ctx), src)
}

// size weighs an entry, unless that takes long.
func (t *Trash) size(ctx context.Context, id string) int64 {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), weighTime)
	defer cancel()
	_, bytes, err := t.d.Measure(ctx, Encode(t.entry(id, itemName)))
	if err != nil {
		return -1
	}
	return bytes
}

// there reports whether an entry has its item.
func (t *Trash) there(id string) bool {
	_, err := t.d.lstat(t.entry(id, itemName))
	return err == nil
}

// List returns what is in the trash, what was deleted last first.
func (t *Trash) List(ctx context.Context) ([]Trashed, error) {
	names, err := t.names()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := make(map[string]Trashed, len(names))
	list := []Trashed{}
	for _, id := range names {
		e, ok := t.known[id]
		if !ok {
			if e, err = t.read(ctx, id); err != nil {
				continue // no entry, or not yet
			}
		}
		known[id] = e
		list = append(list, e)
	}
	t.known = known
	slices.SortFunc(list, func(a, b Trashed) int {
		if c := b.Deleted.Compare(a.Deleted); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// IDs are the ids of all entries.
func (t *Trash) IDs() ([]string, error) {
	names, err := t.names()
	return slices.DeleteFunc(names, func(id string) bool { return !t.there(id) }), err
}

// names are those of the entries, also of some that do not count. No trash has none.
func (t *Trash) names() ([]string, error) {
	names, err := t.d.Names(Encode(t.raw))
	if lyceum.IsKind(err, lyceum.NotFound) {
		return nil, nil
	}
	return slices.DeleteFunc(names, func(name string) bool { _, err := lyceum.ParseID[string](name); return err != nil }), err
}

// Get returns an entry. The error is of kind NotFound when there is none.
func (t *Trash) Get(ctx context.Context, id string) (Trashed, error) {
	if _, err := lyceum.ParseID[string](id); err != nil {
		return Trashed{}, errNotInTrash
	}
	return t.read(ctx, id)
}

var errNotInTrash = lyceum.Errorf(lyceum.NotFound, "this is not in the trash any more")

func (t *Trash) read(ctx context.Context, id string) (Trashed, error) {
	var e Trashed
	b, _, err := t.d.ReadAll(ctx, Encode(t.entry(id, infoName)), maxInfo)
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err == nil {
		_, err = decodeChild(e.Path)
	}
	if err != nil || e.ID != id || !t.there(id) {
		return Trashed{}, errNotInTrash
	}
	return e, nil
}

// nobody is told nothing.
type nobody struct{}

func (nobody) Total(int, int64)      {}
func (nobody) Doing(string)          {}
func (nobody) Did(int, int64)        {}
func (nobody) Problem(string, error) {}
