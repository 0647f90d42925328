package livedoc

import (
	"sync"

	"lyceum/internal/notebook"
	"lyceum/internal/ydoc"
)

// notebookModel holds a notebook as @jupyter/ydoc 4.2 does: roots "meta" (Map of
// nbformat, nbformat_minor, metadata), "cells" (Array of Map) and "state", which is
// not ours to write. What else the file has beside these is kept in the same maps.
//
// Reading a large notebook takes as long as all the rest, so the last one is kept
// until it was used.
type notebookModel struct {
	mu   sync.Mutex
	of   string
	last *notebook.Notebook

	trouble []notebook.Problem
	lossy   bool
}

// read returns the notebook of a text. It must not be changed.
func (m *notebookModel) read(text string, keep bool) (*notebook.Notebook, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.last
	if n == nil || m.of != text {
		var err error
		if n, err = notebook.Read(text); err != nil {
			return nil, err
		}
	}
	if m.of, m.last = "", nil; keep {
		m.of, m.last = text, n
	}
	return n, nil
}

func (m *notebookModel) name() string { return notebookName }

func (m *notebookModel) accepts(text string) error {
	n, err := m.read(text, true)
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.trouble, m.lossy = n.Problems, n.Lossy
	}
	return err
}

func (m *notebookModel) problems() ([]notebook.Problem, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.trouble, m.lossy
}

func (m *notebookModel) text(y *ydoc.Doc) string { return withIDs(readNotebook(y)).Write("") }

// weigh allows for what JSON adds to a text: brackets, names, escapes.
func (m *notebookModel) weigh(_ *ydoc.Doc, state int) int { return 3 * state }

func (m *notebookModel) saving(y *ydoc.Doc) func(base string) string {
	return withIDs(readNotebook(y)).Write
}

func (m *notebookModel) begin(tx *ydoc.Tx, y *ydoc.Doc, text string) error {
	n, err := m.read(text, false)
	if err != nil {
		return err
	}
	return fillNotebook(tx, y, n)
}

func (m *notebookModel) become(tx *ydoc.Tx, y *ydoc.Doc, text string) error {
	n, err := m.read(text, true)
	if err != nil {
		return err
	}
	return editNotebook(tx, y, n)
}

func (m *notebookModel) says(y *ydoc.Doc, text string) bool {
	n, err := m.read(text, false)
	if err != nil {
		return false
	}
	return saysNotebook(readNotebook(y), n)
}

func (m *notebookModel) written() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lossy {
		m.trouble, m.lossy = nil, false
	}
}
