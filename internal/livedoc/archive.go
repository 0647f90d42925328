package livedoc

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// Archive reads histories without a Store: nothing is changed, and a Store may have
// them open at the same time. It is safe for concurrent use.
type Archive struct {
	state  string
	index  *index
	people *people
}

// OpenArchive reads which documents are in the folder state. The error is of kind
// NotFound when there is no such folder.
func OpenArchive(state string) (*Archive, error) {
	a := &Archive{state: state, index: &index{docs: map[DocumentID]known{}, byPath: map[string]DocumentID{}}}
	b, err := os.ReadFile(filepath.Join(state, "index"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, lyceum.Errorf(lyceum.NotFound, "there are no histories here: no file was ever edited together")
	case err != nil:
		return nil, fmt.Errorf("read the index of documents: %w", err)
	}
	lines, _, _ := readIndex(b)
	for _, k := range lines {
		a.index.apply(k)
	}
	if len(lines) == 0 {
		for _, k := range readLogs(state, slog.New(slog.DiscardHandler)) {
			a.index.apply(k)
		}
	}
	a.people, err = openPeople(state)
	return a, err
}

// tries is how often a history is read that changes meanwhile.
const tries = 5

func (a *Archive) find(path string) (past, DocumentID, error) {
	k, ok := a.index.at(path)
	if !ok {
		return past{}, "", errNoHistory
	}
	return past{filepath.Join(a.state, string(k.Doc))}, k.Doc, nil
}

// History is Store.History for a path without symlinks.
func (a *Archive) History(path string, l Listing) (h api.History, err error) {
	p, id, err := a.find(path)
	if err != nil {
		return api.History{}, err
	}
	for range tries {
		if h, err = p.history(l, a.people.called); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	h.Doc, h.Path = string(id), path
	return h, err
}

// Version is Store.Version for a path without symlinks.
func (a *Archive) Version(path string, seq uint64) (v Past, err error) {
	p, id, err := a.find(path)
	if err != nil {
		return Past{}, err
	}
	for range tries {
		if v, err = p.version(id, seq); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return v, err
}

// Changes is Store.Changes for a path without symlinks.
func (a *Archive) Changes(path string, from, to uint64) (api.VersionDiff, error) {
	return changes(from, to, func(seq uint64) (Past, error) { return a.Version(path, seq) })
}
