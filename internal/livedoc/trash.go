package livedoc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"lyceum/internal/files"
)

// Trash takes the histories of the file or folder at path along into the trash
// entry of the given id: what is open is written to its file, move does the
// renaming, and viewers are closed with CloseGone. After an error of move, which it
// returns, nothing has changed. Restore gives the histories back.
//
// The index says so before the file is moved: after a crash in between, Reconcile
// finds the file where it was.
func (s *Store) Trash(path, id string, move func() error) error {
	dir, name := files.Split(path)
	path = files.Join(s.resolve(dir), name) // a symlink goes, and not what it leads to
	s.settleBelow(path)
	s.whenLoaded(path)
	defer s.mu.Unlock()
	now := time.Now().UTC()
	before := s.index.below(path)
	after := slices.Clone(before)
	for i := range after {
		after[i].Removed, after[i].Trash = &now, id
	}
	if len(after) > 0 {
		if err := s.index.set(true, after...); err != nil {
			s.log.Error("the index of documents cannot be written", "err", err)
		}
	}
	if err := move(); err != nil {
		if len(before) > 0 {
			err = errors.Join(err, s.index.set(true, before...))
		}
		return err
	}
	for _, sl := range s.slots {
		if below(sl.doc.where(), path) {
			s.dropLocked(sl.doc, closeErrorf(CloseGone, "the file was moved to the trash"))
		}
	}
	return nil
}

// settleTime is how long a document may take to be written before it goes to the
// trash. What is not written then is in its history.
const settleTime = 2 * time.Second

// settleBelow writes the open documents at and in path to their files.
func (s *Store) settleBelow(path string) {
	var all sync.WaitGroup
	s.mu.Lock()
	for _, sl := range s.slots {
		if d := sl.doc; sl.busy == nil && below(d.where(), path) {
			all.Go(func() { d.settle(settleTime) })
		}
	}
	s.mu.Unlock()
	all.Wait()
}

// Restore gives the histories of the trash entry id back to what was at the path
// from and is at to when move has done its work. After an error of move, which it
// returns, nothing has changed.
func (s *Store) Restore(id, from, to string, move func() error) error {
	dir, name := files.Split(to)
	to = files.Join(s.resolve(dir), name)
	s.whenLoaded(to)
	defer s.mu.Unlock()
	if err := move(); err != nil {
		return err
	}
	var lines []known
	for _, k := range s.index.docs {
		if k.Trash == id {
			k.Path, k.Removed, k.Trash = to+strings.TrimPrefix(k.Path, from), nil, ""
			lines = append(lines, k)
		}
	}
	for _, sl := range s.slots {
		if path := sl.doc.where(); s.willMove(lines, path) {
			s.dropLocked(sl.doc, closeErrorf(CloseGone, "the file was restored from the trash; open it again"))
		}
	}
	if len(lines) > 0 {
		if err := s.index.set(true, lines...); err != nil {
			s.log.Error("the index of documents cannot be written", "err", err)
		}
	}
	return nil
}

// Purge removes the histories of the trash entry id for good.
func (s *Store) Purge(id string) { s.purge(func(k known) bool { return k.Trash == id }) }

// Deleted tells that the file or folder at path was deleted for good: its viewers
// are closed with CloseGone and its histories removed.
func (s *Store) Deleted(path string) {
	dir, name := files.Split(path)
	path = files.Join(s.resolve(dir), name)
	s.whenLoaded(path)
	for _, sl := range s.slots {
		if below(sl.doc.where(), path) {
			s.dropLocked(sl.doc, closeErrorf(CloseGone, "the file was deleted"))
		}
	}
	gone := map[DocumentID]bool{}
	for _, k := range s.index.below(path) {
		gone[k.Doc] = true
	}
	s.mu.Unlock()
	s.purge(func(k known) bool { return gone[k.Doc] })
}

// purge removes the histories of the documents that which names. Those that are in
// memory have been dropped.
func (s *Store) purge(which func(known) bool) {
	for {
		var wait chan struct{}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return // Reconcile does it
		}
		var lines []known
		for _, k := range s.index.docs {
			if !which(k) {
				continue
			}
			if sl := s.slots[k.Doc]; sl != nil {
				wait = sl.busy // nil: somebody has it open again
				continue
			}
			lines = append(lines, known{Doc: k.Doc, Path: k.Path, Purged: true})
		}
		s.removeLogsLocked(lines)
		s.mu.Unlock()
		if wait == nil {
			return
		}
		<-wait
	}
}

func (s *Store) removeLogsLocked(lines []known) {
	if len(lines) == 0 {
		return
	}
	if err := s.index.set(true, lines...); err != nil {
		s.log.Error("the index of documents cannot be written", "err", err)
	}
	// Who reads one of them at this moment finds it gone.
	for _, k := range lines {
		if err := os.RemoveAll(filepath.Join(s.cfg.State, string(k.Doc))); err != nil {
			s.log.Warn("a history cannot be removed", "document", string(k.Doc), "err", err)
		}
	}
}

// Reconcile sets right, before anything is opened, what a crash has left: there
// says which trash entries there are, and is only asked when a history is in one.
// A history of another entry is given back when its file is where it was, and
// removed otherwise.
func (s *Store) Reconcile(there func() ([]string, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var astray []known
	for _, k := range s.index.docs {
		if k.Trash != "" {
			astray = append(astray, k)
		}
	}
	if len(astray) == 0 {
		return nil
	}
	ids, err := there()
	if err != nil {
		return err
	}
	var back, gone []known
	for _, k := range astray {
		if slices.Contains(ids, k.Trash) {
			continue
		}
		e, err := s.cfg.Files.Stat(context.Background(), k.Path)
		_, taken := s.index.at(k.Path)
		if err == nil && !taken && e.Inode == k.Inode {
			k.Removed, k.Trash = nil, ""
			back = append(back, k)
		} else {
			gone = append(gone, known{Doc: k.Doc, Path: k.Path, Purged: true})
		}
	}
	if len(back) > 0 {
		if err := s.index.set(true, back...); err != nil {
			return err
		}
	}
	s.removeLogsLocked(gone)
	return nil
}
