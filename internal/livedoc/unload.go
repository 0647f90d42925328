package livedoc

import (
	"errors"
	"time"
)

const settleWait = 10 * time.Second // for a document that is to be unloaded

// unload takes a document out of memory that nobody has used for a while, once all
// of it is written.
func (s *Store) unload(sl *slot) {
	s.mu.Lock()
	if s.closed || sl.refs > 0 || sl.busy != nil {
		s.mu.Unlock()
		return
	}
	s.wg.Add(1)
	defer s.wg.Done()
	s.mu.Unlock()
	settled := sl.doc.settle(settleWait)
	s.mu.Lock()
	if s.closed || sl.refs > 0 || sl.busy != nil {
		s.mu.Unlock()
		return
	}
	if !settled {
		sl.linger.Reset(s.cfg.Linger)
		s.mu.Unlock()
		return
	}
	sl.busy = make(chan struct{})
	s.mu.Unlock()
	if err := s.end(sl); err != nil {
		sl.doc.log.Error("a document was not closed well", "err", err)
	}
}

// drop takes a document out of memory that cannot go on, without a look at its file.
func (s *Store) drop(d *document, why *CloseError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(d, why)
}

func (s *Store) dropLocked(d *document, why *CloseError) {
	sl := s.slots[d.id]
	if sl == nil || sl.doc != d || sl.busy != nil || s.closed {
		return
	}
	sl.busy = make(chan struct{})
	d.locked(func() { d.orphaned = true })
	d.cut(why)
	s.wg.Go(func() {
		if err := s.end(sl); err != nil {
			d.log.Error("a document was not closed well", "err", err)
		}
	})
}

// end closes the document of sl, whose busy is set, and forgets it.
func (s *Store) end(sl *slot) error {
	err := sl.doc.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.slots, sl.doc.id)
	if k, ok := s.index.docs[sl.doc.id]; ok && err == nil {
		k.Open = false
		if ierr := s.index.set(false, k); ierr != nil {
			s.log.Warn("the index of documents cannot be written", "err", ierr)
		}
	}
	close(sl.busy)
	return err
}

// settle writes file and log now and reports whether all is written.
func (d *document) settle(most time.Duration) bool {
	timeout := time.NewTimer(most)
	defer timeout.Stop()
	d.mu.Lock()
	d.saveNow = d.dirtyLocked()
	d.mu.Unlock()
	wake(d.fileWake)
	for {
		d.mu.Lock()
		idle := d.idleLocked()
		progress := d.progress
		d.mu.Unlock()
		if idle {
			return true
		}
		select {
		case <-progress:
		case <-timeout.C:
			return false
		}
	}
}

// idleLocked reports whether there is nothing to write.
func (d *document) idleLocked() bool {
	dirty := d.dirtyLocked() && !(d.gone && d.lastUpdate <= d.goneAt)
	return !dirty && !d.saving && d.held == 0 && d.safe >= d.recorded
}

// close ends the document: viewers, file, log.
func (d *document) close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.cut(errStopping)
	close(d.fileStop)
	<-d.fileDone
	close(d.logStop)
	<-d.logDone
	err := d.wal.close()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.orphaned {
		return err
	}
	if d.safe < d.recorded {
		err = errors.Join(err, errors.New("the last edits of "+d.path+" are not on disk"))
	} else if !d.idleLocked() {
		err = errors.Join(err, errors.New("the last edits of "+d.path+" are in its log and not in the file"))
	}
	return err
}
