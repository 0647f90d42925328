package livedoc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// maxReaders bounds the histories that are read at the same time: each may hold a
// whole document.
const maxReaders = 4

// errNoHistory is what is said of a file that has none.
var errNoHistory = lyceum.Errorf(lyceum.NotFound, "this file has no history: it was never opened for editing here")

// History returns a page of the versions of the file at path, newest first. A file
// that was never edited has none, which is no error; no file and no history is
// NotFound.
func (s *Store) History(ctx context.Context, path string, l Listing) (api.History, error) {
	path = s.resolve(path)
	done, err := s.readPast(ctx)
	if err != nil {
		return api.History{}, err
	}
	defer done()
	p, id, err := s.pastOf(ctx, path)
	if err != nil || id == "" {
		return api.History{Path: path, Items: []api.Version{}}, err
	}
	h, err := p.history(l, s.people.called)
	h.Doc, h.Path = string(id), path
	return h, err
}

func (p past) history(l Listing, called func(string) string) (api.History, error) {
	t := timeline{Listing: l, called: called}
	if err := t.gather(p); err != nil {
		return api.History{}, fmt.Errorf("read a history: %w", err)
	}
	h := t.page()
	var err error
	if h.SizeBytes, err = p.size(); err != nil {
		return api.History{}, fmt.Errorf("measure a history: %w", err)
	}
	return h, nil
}

// Past is a version of a document.
type Past struct {
	Seq  uint64 // of its last edit
	Text string
	Tag  string // differs from that of any other version
}

// Version returns the file at path as it was after the edit with the sequence seq,
// or the last one before it. The error is of kind NotFound when nothing so old is
// kept.
func (s *Store) Version(ctx context.Context, path string, seq uint64) (Past, error) {
	path = s.resolve(path)
	done, err := s.readPast(ctx)
	if err != nil {
		return Past{}, err
	}
	defer done()
	p, id, err := s.pastOf(ctx, path)
	switch {
	case err != nil:
		return Past{}, err
	case id == "":
		return Past{}, errNoHistory
	}
	return p.version(id, seq)
}

func (p past) version(id DocumentID, seq uint64) (Past, error) {
	text, found, err := p.text(seq)
	if err != nil {
		return Past{}, readError(err)
	}
	return Past{found, text, fmt.Sprintf("%s-%d", id, found)}, nil
}

func readError(err error) error {
	switch {
	case errors.Is(err, errForgotten), errors.Is(err, fs.ErrNotExist):
		return lyceum.Wrap(lyceum.NotFound, err, "that version is not kept: the history begins later")
	case errors.Is(err, errDamaged):
		return lyceum.Wrap(lyceum.Unavailable, err, "this part of the history is damaged")
	}
	return fmt.Errorf("read a history: %w", err)
}

// Changes returns what changed by lines between two versions of the file at path.
func (s *Store) Changes(ctx context.Context, path string, from, to uint64) (api.VersionDiff, error) {
	return changes(from, to, func(seq uint64) (Past, error) { return s.Version(ctx, path, seq) })
}

func changes(from, to uint64, version func(uint64) (Past, error)) (api.VersionDiff, error) {
	a, err := version(from)
	if err != nil {
		return api.VersionDiff{}, err
	}
	b, err := version(to)
	if err != nil {
		return api.VersionDiff{}, err
	}
	d := diffLines(a.Text, b.Text)
	d.From, d.To = a.Seq, b.Seq
	return d, nil
}

// NameVersion gives the version seq of the file at path a name of at most 200
// bytes, or with "" takes it away. It returns the sequence that the version has.
func (s *Store) NameVersion(ctx context.Context, path string, seq uint64, name, by string) (uint64, error) {
	if len(name) > maxName {
		return 0, lyceum.Invalidf("name", "the name is longer than %d bytes", maxName)
	}
	path = s.resolve(path)
	done, err := s.readPast(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	p, id, err := s.pastOf(ctx, path)
	switch {
	case err != nil:
		return 0, err
	case id == "":
		return 0, errNoHistory
	}
	epoch, found, err := p.floor(seq)
	if err != nil {
		return 0, readError(err)
	}
	if err := addLabel(p.dir, label{Epoch: epoch, Seq: found, By: by, Name: &name}); err != nil {
		return 0, diskError(err, "the name cannot be written")
	}
	return found, nil
}

// diskError says for people what could not be written.
func diskError(err error, what string) error {
	if kind, _ := explain(err); kind == lyceum.Exhausted {
		return lyceum.Wrap(kind, err, "%s: the disk is full", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// readPast waits for a turn. While it is had, no segment is replaced or removed.
func (s *Store) readPast(ctx context.Context) (done func(), err error) {
	select {
	case s.readers <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s.rewriting.RLock()
	return func() {
		s.rewriting.RUnlock()
		<-s.readers
	}, nil
}

// pastOf returns the log of the file at path; id is "" when it has none. What was
// typed before is in it.
func (s *Store) pastOf(ctx context.Context, path string) (past, DocumentID, error) {
	s.mu.Lock()
	k, ok := s.index.at(path)
	var d *document
	if sl := s.slots[k.Doc]; ok && sl != nil {
		d = sl.doc
	}
	s.mu.Unlock()
	if !ok {
		var err error
		if k, err = s.unlisted(ctx, path); err != nil || k.Doc == "" {
			return past{}, "", err
		}
	}
	if d != nil {
		d.mu.Lock()
		n := d.recorded
		d.mu.Unlock()
		wait, cancel := context.WithTimeout(ctx, mergeWait)
		defer cancel()
		// When the log cannot be written the history is what it has.
		_ = d.await(wait, n)
	}
	return past{filepath.Join(s.cfg.State, string(k.Doc))}, k.Doc, nil
}

// unlisted finds the document of a file that has another path in the index: the file
// was renamed by a program. Its id is "" when there is none.
func (s *Store) unlisted(ctx context.Context, path string) (known, error) {
	e, err := s.cfg.Files.StatFollow(ctx, path)
	if err != nil {
		return known{}, err
	}
	if e.Kind == files.Folder {
		return known{}, lyceum.Errorf(lyceum.Invalid, "a folder has no history")
	}
	s.mu.Lock()
	seen := false
	for _, k := range s.index.docs {
		seen = seen || k.Inode == e.Inode && k.Removed == nil
	}
	s.mu.Unlock()
	if !seen || e.Size > api.MaxDocumentBytes {
		return known{}, nil
	}
	b, e, err := s.cfg.Files.ReadAll(ctx, path, api.MaxDocumentBytes)
	if err != nil {
		return known{}, err
	}
	k, err := s.identify(ctx, path, e, hashOf(b))
	if errors.Is(err, errAgain) {
		k, err = s.identify(ctx, path, e, hashOf(b))
	}
	if err != nil {
		return known{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.index.docs[k.Doc]; !ok {
		return known{}, nil // it would be a new one
	}
	return k, nil
}
