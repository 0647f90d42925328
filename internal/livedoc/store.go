package livedoc

import (
	"context"
	"errors"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

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
