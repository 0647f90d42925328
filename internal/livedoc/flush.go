package livedoc

import (
	"context"
	"time"

	"lyceum/internal/lyceum"
)

// flushTime is how long Flush waits for the files.
const flushTime = 5 * time.Second

// Flush writes the documents at and below path ("" for all) into their files now,
// and returns when they are there. The error is of kind Unavailable and names a
// document that cannot be written within 5 s. Documents whose files were deleted are
// left as they are.
func (s *Store) Flush(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	path = s.resolve(path)
	s.mu.Lock()
	var due []*document
	for _, sl := range s.slots {
		if at := sl.doc.where(); path == "" || below(at, path) {
			due = append(due, sl.doc)
		}
	}
	s.mu.Unlock()
	for _, d := range due {
		d.locked(func() {
			if d.dirtyLocked() {
				d.saveNow = true
				wake(d.fileWake)
			}
		})
	}
	for _, d := range due {
		if err := d.written(ctx); err != nil {
			return err
		}
	}
	return nil
}

// written returns when the file has what the document has.
func (d *document) written(ctx context.Context) error {
	for {
		d.mu.Lock()
		waits := d.dirtyLocked() && !d.orphaned && !d.closed && (!d.gone || d.lastUpdate > d.goneAt)
		progress, problem, path := d.progress, d.problem+d.logProblem, d.path
		d.mu.Unlock()
		switch {
		case !waits:
			return nil
		case problem != "":
			return lyceum.Errorf(lyceum.Unavailable, "%s has edits that cannot be written to the file now", path)
		}
		select {
		case <-progress:
		case <-ctx.Done():
			return lyceum.Wrap(lyceum.Unavailable, context.Cause(ctx), "%s has edits that cannot be written to the file now", path)
		}
	}
}
