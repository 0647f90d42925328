package livedoc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lyceum/internal/lyceum"
)

const clearWait = 10 * time.Second // for the document to be on disk, and a new segment of its log

// ClearHistory drops what is older than the version before of the file at path, or
// with 0 everything but what the document is now, and returns how many bytes became
// free. Names of versions that are dropped go too. The error is of kind Unavailable
// when the file or its log cannot be written now: what only the log has is not dropped.
func (s *Store) ClearHistory(ctx context.Context, path string, before uint64, by string) (freed int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, clearWait)
	defer cancel()
	sl, err := s.acquire(ctx, path)
	if err != nil {
		return 0, asProblem(err)
	}
	defer s.release(sl)
	d := sl.doc
	p := past{d.wal.dir}
	s.rewriters.Lock()
	defer s.rewriters.Unlock()
	was, err := p.size()
	if err != nil {
		return 0, err
	}
	if before, err = s.clearable(ctx, d, before); err != nil {
		return 0, err
	}
	if err := s.dropBefore(ctx, p, d.epoch, before, by); err != nil {
		return 0, diskError(err, "the history cannot be cleared")
	}
	s.tendSoon(d.id, false)
	now, err := p.size()
	return max(was-now, 0), err
}

// clearable returns up to where the history may be dropped: before, or all of it when
// that is 0. What file and document had in common is needed as long as the file is
// behind.
func (s *Store) clearable(ctx context.Context, d *document, before uint64) (uint64, error) {
	for try := 1; ; try++ {
		at, err := d.rotated(ctx)
		if err != nil {
			return 0, err
		}
		note, err := s.noteOf(ctx, d.id, past{d.wal.dir})
		if err != nil {
			return 0, lyceum.Wrap(lyceum.Unavailable, err, "the document's log cannot be written now; nothing was cleared")
		}
		needed := at
		for _, p := range note.places() {
			needed = min(needed, p.Upto)
		}
		switch {
		case before > 0 && before <= needed:
			return before, nil
		case needed == at || try == 3: // somebody types all the time
			return needed, nil
		}
	}
}

// rotated brings all of the document into its file and begins a new segment. It
// returns the sequence of its keyframe.
func (d *document) rotated(ctx context.Context) (uint64, error) {
	if err := d.written(ctx); err != nil {
		return 0, err
	}
	d.locked(func() { d.rotateNow = true })
	wake(d.logWake)
	for {
		d.mu.Lock()
		waits, progress := d.rotateNow, d.progress
		d.mu.Unlock()
		if !waits {
			break
		}
		select {
		case <-progress:
		case <-ctx.Done():
			return 0, lyceum.Wrap(lyceum.Unavailable, context.Cause(ctx), "the document's log cannot be written now; nothing was cleared")
		}
	}
	all, err := past{d.wal.dir}.parts()
	if err != nil || len(all) == 0 {
		return 0, errors.Join(err, errors.New("the log has no segment"))
	}
	return all[len(all)-1].first, nil
}

// dropBefore makes before, or the version before it, the oldest one.
func (s *Store) dropBefore(ctx context.Context, p past, epoch EpochID, before uint64, by string) error {
	all, err := p.parts()
	if err != nil {
		return err
	}
	i := 0 // the part that before is in
	for i+1 < len(all) && all[i+1].first <= before {
		i++
	}
	if i == len(all)-1 {
		before = all[i].first // it is not divided
	}
	if all[i].first < before {
		of, from, err := p.floor(before)
		if err != nil {
			return readError(err)
		}
		w := &rewriter{window: fineWindow, least: s.cfg.keyframe, from: from}
		if w.kept, w.alone, err = s.boundaries(ctx, DocumentID(filepath.Base(p.dir)), p, of); err != nil {
			return err
		}
		out, err := w.rewrite(ctx, all[i:i+1])
		if err != nil {
			return err
		}
		if err := s.replace(p, all[i:i+1], out, func() error { return nil }); err != nil {
			return err
		}
		before = from
	}
	s.rewriting.Lock()
	defer s.rewriting.Unlock()
	// The oldest first: what is left after a crash is still without a hole.
	for _, old := range all[:i] {
		if err := os.Remove(old.name); err != nil {
			return fmt.Errorf("remove a segment: %w", err)
		}
		s.cfg.step("removed")
	}
	if err := keepLabels(p.dir, label{Epoch: epoch, Seq: before, By: by, Cleared: true}); err != nil {
		return err
	}
	return errors.Join(p.removeAside(), syncDir(p.dir))
}

// removeAside removes what was set aside of a log that was damaged.
func (p past) removeAside() error {
	entries, err := os.ReadDir(p.dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "damaged-") || strings.Contains(e.Name(), ".torn-") {
			err = errors.Join(err, os.RemoveAll(filepath.Join(p.dir, e.Name())))
		}
	}
	return err
}
