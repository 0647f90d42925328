package livedoc

import (
	"context"
	"errors"
	"strings"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

const settleWait = 10 * time.Second // for a document that is to be unloaded

// acquire returns the document of the file at path, loaded if it was not. Release
// it when done.
func (s *Store) acquire(ctx context.Context, path string) (*slot, error) {
	path, err := s.cfg.Files.Resolve(ctx, path)
	if err != nil {
		return nil, closeFor(err)
	}
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, errStopping
		}
		wait := s.opening[path]
		if sl := s.findLocked(path); sl != nil && sl.busy == nil {
			sl.refs++
			sl.linger.Stop()
			s.mu.Unlock()
			return sl, nil
		} else if sl != nil {
			wait = sl.busy
		}
		if wait == nil {
			wait = make(chan struct{})
			s.opening[path] = wait
			s.mu.Unlock()
			sl, err := s.load(ctx, path)
			s.mu.Lock()
			delete(s.opening, path)
			close(wait)
			if sl != nil {
				s.slots[sl.doc.id] = sl
			}
			if sl != nil && s.closed { // Close did not see it
				sl.busy = make(chan struct{})
				s.wg.Go(func() { _ = s.end(sl) }) // it has no edit that its file lacks
				sl, err = nil, errStopping
			}
			s.mu.Unlock()
			if errors.Is(err, errAgain) {
				continue
			}
			return sl, err
		}
		s.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// errAgain is returned by load when the document is in memory under another path,
// which has been set right.
var errAgain = errors.New("look again")

// findLocked returns the slot of the document at path, nil if it is not in memory.
func (s *Store) findLocked(path string) *slot {
	if k, ok := s.index.at(path); ok {
		return s.slots[k.Doc]
	}
	for _, sl := range s.slots {
		if sl.doc.where() == path {
			return sl // it was deleted by us and is still open
		}
	}
	return nil
}

func (d *document) where() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.path
}

func (s *Store) release(sl *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl.refs--; sl.refs == 0 && !s.closed {
		sl.linger.Reset(s.cfg.Linger)
	}
}

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

// Moved tells that we have renamed the file or folder from: its documents go on
// under their new paths, with their histories.
func (s *Store) Moved(from, to string) {
	from, to = s.resolve(from), s.resolve(to)
	s.whenLoaded(from, to)
	defer s.mu.Unlock()
	var lines []known
	for _, k := range s.index.below(from) {
		k.Path = to + strings.TrimPrefix(k.Path, from)
		lines = append(lines, k)
	}
	for _, sl := range s.slots {
		if path := sl.doc.where(); !below(path, from) && below(path, to) && s.willMove(lines, path) {
			s.dropLocked(sl.doc, closeErrorf(CloseGone, "another file has taken this one's place; open it again"))
		}
	}
	if err := s.index.set(true, lines...); err != nil {
		s.log.Error("the index of documents cannot be written", "err", err)
	}
	for _, sl := range s.slots {
		if path := sl.doc.where(); below(path, from) {
			sl.doc.movedTo(to + strings.TrimPrefix(path, from))
		}
	}
}

func (s *Store) willMove(lines []known, path string) bool {
	for _, k := range lines {
		if k.Path == path {
			return true
		}
	}
	return false
}

// resolve returns path without symlinks in it, or path itself.
func (s *Store) resolve(path string) string {
	if p, err := s.cfg.Files.Resolve(context.Background(), path); err == nil {
		return p
	}
	return path
}

// below reports whether path is dir or in it.
func below(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

// whenLoaded locks the store at a moment when nothing at or below paths is being
// loaded.
func (s *Store) whenLoaded(paths ...string) {
	for {
		s.mu.Lock()
		var wait chan struct{}
		for path, c := range s.opening {
			for _, p := range paths {
				if below(path, p) {
					wait = c
				}
			}
		}
		if wait == nil {
			return
		}
		s.mu.Unlock()
		<-wait
	}
}

// movedTo goes on under another path.
func (d *document) movedTo(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.path == path {
		return
	}
	d.path = path
	d.gone = false
	d.lookNow = true
	for _, v := range d.viewers {
		if v.Extended {
			v.movedDue = true
			v.wakeUp()
		}
	}
	d.noteLocked()
	wake(d.fileWake)
}

// movedOutside is Moved for a file that another program has renamed.
func (s *Store) movedOutside(d *document, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.movedOutsideLocked(d, to)
}

func (s *Store) movedOutsideLocked(d *document, to string) {
	k, ok := s.index.docs[d.id]
	if !ok {
		return
	}
	k.Path, k.Removed = to, nil
	if err := s.index.set(true, k); err != nil {
		s.log.Error("the index of documents cannot be written", "err", err)
	}
	d.movedTo(to)
}

// Removed tells that we have deleted the file or folder at path. Documents that
// are open stay; an edit makes the file again.
func (s *Store) Removed(path string) {
	path = s.resolve(path)
	s.whenLoaded(path)
	defer s.mu.Unlock()
	now := time.Now().UTC()
	var lines []known
	for _, k := range s.index.below(path) {
		k.Removed = &now
		lines = append(lines, k)
	}
	if err := s.index.set(true, lines...); err != nil {
		s.log.Error("the index of documents cannot be written", "err", err)
	}
	for _, sl := range s.slots {
		sl.doc.mu.Lock()
		if below(sl.doc.path, path) {
			sl.doc.setGoneLocked()
		}
		sl.doc.mu.Unlock()
	}
}

// Written tells that something of ours has written the file at path: an open
// document takes it over now.
func (s *Store) Written(path string) {
	path = s.resolve(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl := s.findLocked(path); sl != nil {
		sl.doc.locked(func() { sl.doc.lookNow = true })
		wake(sl.doc.fileWake)
	}
}

// remember tells the index how the file of d looks now.
func (s *Store) remember(d *document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.mu.Lock()
	path, at, gone := d.path, d.note.Synced, d.gone
	d.mu.Unlock()
	k, ok := s.index.docs[d.id]
	if !ok || gone {
		return
	}
	revived := k.Removed != nil
	k.Path, k.Inode, k.Hash, k.Removed = path, at.Inode, at.Hash, nil
	if err := s.index.set(revived, k); err != nil {
		s.log.Warn("the index of documents cannot be written", "err", err)
	}
}

// knows reports whether a document has the file at path.
func (s *Store) knows(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.index.at(path)
	return ok
}

// recover writes the files of documents that were open when the process before
// this one ended.
func (s *Store) recover(ctx context.Context) {
	s.mu.Lock()
	var left []known
	for _, k := range s.index.docs {
		if k.Open {
			left = append(left, k)
		}
	}
	s.mu.Unlock()
	for _, k := range left {
		if ctx.Err() != nil {
			return
		}
		if k.Removed == nil {
			sl, err := s.acquire(ctx, k.Path)
			if err == nil {
				sl.doc.locked(func() { sl.doc.saveNow = sl.doc.dirtyLocked() })
				wake(sl.doc.fileWake)
				s.release(sl)
				continue
			}
			s.log.Info("a document of the last run is not opened again", "err", err)
		}
		s.mu.Lock()
		if now, ok := s.index.docs[k.Doc]; ok && s.slots[k.Doc] == nil {
			now.Open = false
			if err := s.index.set(false, now); err != nil {
				s.log.Warn("the index of documents cannot be written", "err", err)
			}
		}
		s.mu.Unlock()
	}
}

// identify returns the id of the document of the file at path: the one that had
// this path, or else the one whose file was renamed to it, or else a new one. The
// error is errAgain when that one is in memory.
func (s *Store) identify(ctx context.Context, path string, e files.Entry, hash string) (k known, err error) {
	var wait chan struct{}
	defer func() {
		if wait != nil {
			<-wait
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.index.at(path); ok {
		return k, nil
	}
	for _, k := range s.index.twins(path, e.Inode, hash) {
		if old, err := s.cfg.Files.Stat(ctx, k.Path); err == nil && old.Inode == e.Inode || err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			continue // a hard link, or nobody knows
		}
		if sl := s.slots[k.Doc]; sl != nil {
			if wait = sl.busy; wait == nil {
				s.movedOutsideLocked(sl.doc, path)
			}
			return known{}, errAgain
		}
		k.Path = path
		return k, s.index.set(true, k)
	}
	return known{Doc: lyceum.NewID[DocumentID](), Path: path}, nil
}
