package project

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"lyceum/internal/api"
	"lyceum/internal/livedoc"
	"lyceum/internal/lyceum"
)

// documents is the store of live documents. When it cannot be opened (the disk is
// full, the folder of logs is not writable) the project is served all the same, so
// that somebody can repair that; whoever opens a document then tries again.
type documents struct {
	cfg     livedoc.Config
	inTrash func() ([]string, error) // the entries of the trash
	log     *slog.Logger

	mu     sync.Mutex
	opened *livedoc.Store // nil as long as it cannot be
	err    error          // why
	closed bool
}

func openDocuments(c livedoc.Config, inTrash func() ([]string, error)) *documents {
	d := &documents{cfg: c, inTrash: inTrash, log: c.Log}
	if _, err := d.store(); err != nil {
		c.Log.Error("live documents cannot be opened", "err", err)
	}
	return d
}

// store returns the store, opened now if it was not. The error is of kind
// Unavailable.
func (d *documents) store() (*livedoc.Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
	}
	if d.opened == nil {
		var err error
		if d.opened, err = livedoc.New(d.cfg); err != nil {
			d.err = lyceum.Wrap(lyceum.Unavailable, err, "documents cannot be opened: the project's folder ~/.local/state/lyceum cannot be used")
			return nil, d.err
		}
		d.err = nil
		if err := d.opened.Reconcile(d.inTrash); err != nil {
			d.log.Warn("histories in the trash are not compared with it", "err", err)
		}
	}
	return d.opened, nil
}

// there returns the store, or nil.
func (d *documents) there() *livedoc.Store {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opened
}

// trouble is why there is no store, or nil.
func (d *documents) trouble() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// open tells which documents are open. It is never nil.
func (d *documents) open() []api.OpenDocument {
	if s := d.there(); s != nil {
		return append([]api.OpenDocument{}, s.Open()...)
	}
	return []api.OpenDocument{}
}

// moved and written tell the store what we did to files, and so do the others.
func (d *documents) moved(from, to string) {
	if s := d.there(); s != nil {
		s.Moved(from, to)
	}
}

// followed is c at the path that the document named by ?doc= has now: one who was away
// while its file was renamed knows it by an older one.
func (d *documents) followed(r *http.Request, c call) call {
	s := d.there()
	if s == nil {
		return c
	}
	if path, ok := s.Where(livedoc.DocumentID(r.URL.Query().Get("doc"))); ok {
		c.path = path
	}
	return c
}

// deleted tells that a file or folder is gone for good, its history too.
func (d *documents) deleted(path string) {
	if s := d.there(); s != nil {
		s.Deleted(path)
	}
}

// trashed calls move, which brings what is at path into the entry id of the trash,
// and takes the histories along.
func (d *documents) trashed(path, id string, move func() error) error {
	if s := d.there(); s != nil {
		return s.Trash(path, id, move)
	}
	return move()
}

// restored calls move, which brings what was at the path from out of the trash to
// the path to, and takes the histories along.
func (d *documents) restored(id, from, to string, move func() error) error {
	if s := d.there(); s != nil {
		return s.Restore(id, from, to, move)
	}
	return move()
}

// purged tells that an entry of the trash is gone for good.
func (d *documents) purged(id string) {
	if s := d.there(); s != nil {
		s.Purge(id)
	}
}

func (d *documents) written(path string) {
	if s := d.there(); s != nil {
		s.Written(path)
	}
}

// close writes the files of all documents and ends their viewers.
func (d *documents) close(ctx context.Context) error {
	d.mu.Lock()
	s := d.opened
	d.closed = true
	d.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.Close(ctx)
}
