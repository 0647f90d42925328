package livedoc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lyceum/internal/ydoc"
)

// takeOver makes text, the content of the file as it was seen, part of the document:
// as the smallest edit that leads from what file and document last had in common.
func (d *document) takeOver(ctx context.Context, text string, seen place) error {
	for {
		d.mu.Lock()
		known, writing := d.note.Synced, d.note.Writing
		if seen.Hash != known.Hash && writing != nil && seen.Hash == writing.Hash {
			known, writing = *writing, nil // it was we, although we never knew
		}
		if seen.Hash == known.Hash {
			if known.Version != seen.Version || writing == nil && d.note.Writing != nil {
				known.Version, known.Inode = seen.Version, seen.Inode
				d.note.Synced, d.note.Writing = known, writing
				d.noteLocked()
			}
			d.agreedLocked()
			d.mu.Unlock()
			return nil
		}
		dirty := d.dirtyLocked()
		d.mu.Unlock()
		var base *ydoc.Doc
		if dirty {
			var err error
			if base, err = d.base(ctx, known, writing, text, seen); err != nil {
				return err
			}
		}
		if done, err := d.merge(ctx, base, text, seen); done || err != nil {
			return err
		}
	}
}

// base builds the state that file and document last had in common. A crash may have
// left open whether the file was written; then it was not if it is still the same
// one, and else the state is taken that is more like text.
func (d *document) base(ctx context.Context, known place, writing *place, text string, seen place) (*ydoc.Doc, error) {
	a, err := d.at(ctx, known)
	if err != nil || writing == nil || seen.Inode == known.Inode {
		return a, err
	}
	b, err := d.at(ctx, *writing)
	if err != nil || d.distance(a, text) <= d.distance(b, text) {
		return a, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note.Synced, d.note.Writing = *writing, nil
	return b, nil
}

// distance returns how large the edit is that leads from y to text.
func (d *document) distance(y *ydoc.Doc, text string) int {
	trial, err := y.Fork(0)
	if err != nil {
		return 0 // it fails again where it counts
	}
	// An edit that fails is the shorter for it, and fails again where it counts.
	return len(trial.Transact(func(tx *ydoc.Tx) { _ = d.model.become(tx, trial, text) }))
}

// at builds the state of a place from the log.
func (d *document) at(ctx context.Context, p place) (*ydoc.Doc, error) {
	for _, n := range slices.Concat(p.Also, []uint64{p.Upto}) {
		d.mu.Lock()
		n = min(n, d.recorded) // a keyframe's number is nobody's to wait for
		d.mu.Unlock()
		if err := d.await(ctx, n); err != nil {
			return nil, err
		}
	}
	d.store.rewriting.RLock()
	defer d.store.rewriting.RUnlock()
	y := ydoc.New(ydoc.Config{Client: d.y.Client()})
	err := d.wal.replay(p.Upto, p.Also, func(r *record) error {
		_, err := y.Restore(r.data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return y, nil
}

// merge records the edit that leads from base to text, and when that is safe
// integrates it. Base nil is the document as it is, which must have no unsaved
// edits; done is false if it has.
func (d *document) merge(ctx context.Context, base *ydoc.Doc, text string, now place) (done bool, err error) {
	d.mu.Lock()
	clean := base == nil
	if clean {
		if d.dirtyLocked() {
			d.mu.Unlock()
			return false, nil
		}
		if base, err = d.y.Fork(d.y.Client()); err != nil {
			d.mu.Unlock()
			return true, err
		}
	}
	if !strings.Contains(text, "\n") {
		now.CRLF = d.note.Synced.CRLF // one line says nothing about line ends
	}
	if was := d.note.Synced.Encoding; was == latin && now.Encoding == "" && !now.BOM && isASCII(text) {
		now.Encoding = was // nor do such letters about the encoding
	}
	update := base.Transact(func(tx *ydoc.Tx) { err = d.model.become(tx, base, text) })
	if err == nil && !d.model.says(base, text) {
		err = errors.New("the document cannot be made to say what the file says")
	}
	if err != nil {
		d.mu.Unlock()
		return true, err
	}
	now.Upto, now.Also = d.note.Synced.Upto, d.note.Synced.Also
	if update != nil {
		d.sequence++ // left free for a keyframe, see replaceSegment
		n := d.recordLocked(kindUpdate, "", originDisk, update)
		d.pending[len(d.pending)-1].held = true
		d.held++
		if clean {
			now.Upto, now.Also = n, nil
		} else {
			now.Also = append(now.Also[:len(now.Also):len(now.Also)], n)
		}
	}
	changed := d.sequence
	d.note.Synced, d.note.Writing = now, nil
	n := d.noteLocked()
	d.mu.Unlock()
	if update == nil {
		d.locked(d.agreedLocked)
		return true, nil
	}
	if err := d.await(ctx, n); err != nil {
		return true, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held--
	if _, err := d.applyLocked(update, nil); err != nil {
		return true, fmt.Errorf("integrate a change on disk: %w", err)
	}
	d.agreedLocked()
	d.findCommitLocked(changed)
	return true, nil
}

// agreedLocked is called when file and document have something new in common.
func (d *document) agreedLocked() {
	if !d.dirtyLocked() {
		d.firstDirty, d.saveNow = time.Time{}, false
	} else if d.firstDirty.IsZero() {
		d.firstDirty = time.Now()
		d.lastEdit = d.firstDirty
	}
	d.showLocked()
}
