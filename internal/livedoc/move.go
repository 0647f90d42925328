package livedoc

import (
	"context"
	"strings"
)

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
	if !ok || k.Trash != "" {
		return
	}
	k.Path, k.Removed = to, nil
	if err := s.index.set(true, k); err != nil {
		s.log.Error("the index of documents cannot be written", "err", err)
	}
	d.movedTo(to)
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
	if !ok || gone || k.Trash != "" {
		return // what was under way when its file went to the trash changes nothing
	}
	revived := k.Removed != nil
	k.Path, k.Inode, k.Hash, k.Removed = path, at.Inode, at.Hash, nil
	if err := s.index.set(revived, k); err != nil {
		s.log.Warn("the index of documents cannot be written", "err", err)
	}
}

// Where returns the path that the document doc lives at. It is false for one that is
// not known, and for one whose file was deleted or is in the trash.
func (s *Store) Where(doc DocumentID) (path string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.index.docs[doc]
	return k.Path, ok && k.Removed == nil
}

// knows reports whether a document has the file at path.
func (s *Store) knows(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.index.at(path)
	return ok
}
