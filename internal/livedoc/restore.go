package livedoc

import (
	"context"
	"errors"
	"strings"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

// RestoreVersion makes the file at path what it was in the version seq: an edit like
// any other, by the account by, that everybody who has it open sees and that can be
// taken back. It returns the sequence of that edit when it is on disk, 0 when there
// was nothing to change. A file that was deleted is made again.
func (s *Store) RestoreVersion(ctx context.Context, path string, seq uint64, by string) (uint64, error) {
	v, err := s.Version(ctx, path, seq)
	if err != nil {
		return 0, err
	}
	sl, err := s.acquire(ctx, path)
	if e, ok := errors.AsType[*CloseError](err); ok && e.Code == CloseGone {
		_, err = s.cfg.Files.WriteAtomic(ctx, s.resolve(path), strings.NewReader(v.Text), files.Write{IfAbsent: true})
		return 0, err
	}
	if err != nil {
		return 0, asProblem(err)
	}
	defer s.release(sl)
	n, err := sl.doc.become(v.Text, by, originRestore)
	if err != nil || n == 0 {
		return 0, err
	}
	if s.cfg.Edited != nil {
		s.cfg.Edited(by)
	}
	if err := sl.doc.await(ctx, n); err != nil {
		return 0, lyceum.Wrap(lyceum.Unavailable, err, "the version is restored, but cannot be written to the disk now")
	}
	err = addLabel(sl.doc.wal.dir, label{Epoch: sl.doc.epoch, Seq: n, By: by, Restored: v.Seq})
	if err != nil {
		s.log.Warn("a restored version cannot be marked", "err", err)
	}
	return n, nil
}

// become edits the document so that it says text, and returns the record's sequence;
// 0 when it says so already.
func (d *document) become(text, by, origin string) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.becomeLocked(text, by, origin)
}

func (d *document) becomeLocked(text, by, origin string) (uint64, error) {
	if d.closed {
		return 0, lyceum.Errorf(lyceum.Unavailable, "the document is being closed; try again")
	}
	trial, err := d.y.Fork(d.y.Client())
	if err != nil {
		return 0, err
	}
	update := trial.Transact(func(tx *ydoc.Tx) { err = d.model.become(tx, trial, text) })
	if err != nil || update == nil {
		return 0, err
	}
	if err := d.roomLocked(update); err != nil {
		return 0, lyceum.Wrap(lyceum.TooLarge, err, "%s", err.Error())
	}
	effective, err := d.applyLocked(update, nil)
	if err != nil || effective == nil {
		return 0, err
	}
	n := d.recordLocked(kindUpdate, by, origin, effective)
	d.lastEdit = time.Now()
	d.firstDirty = d.lastEdit
	d.saveNow = true
	d.showLocked()
	wake(d.fileWake)
	return n, nil
}
