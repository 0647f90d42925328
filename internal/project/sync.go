package project

import (
	"context"
	"net/http"
	"slices"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/socket"
)

// documents are the live documents of the project.
type documents interface {
	// Serve runs one viewer of the document at path until its connection ends.
	Serve(ctx context.Context, path string, c *socket.Conn, v viewer) error
	// Open tells which documents are open.
	Open() []api.OpenDocument
	// Moved, Removed and Written tell what we did to files.
	Moved(from, to string)
	Removed(path string)
	Written(path string)
	// Close writes the files of all and ends their viewers.
	Close(ctx context.Context) error
}

// viewer is who opens a document.
type viewer struct {
	account, name, session string
	colour                 int
	readOnly, extended     bool
	epoch                  string // that the client holds; "" when it holds none
}

// maxSync is the most bytes of one message about a document: the whole state of
// the largest one, with what its history adds.
const maxSync = 8 * api.MaxDocumentBytes

// sync is the socket of one viewer of a live document. It is opened even when
// there is nothing to see: a browser is shown a close code, but never the answer
// to a refused handshake.
func (p *Project) sync(w http.ResponseWriter, r *http.Request, c call) error {
	q := r.URL.Query()
	t := c.ticket
	v := viewer{
		account: string(t.Account), name: t.Name, session: t.Session, colour: t.Colour,
		readOnly: !t.Can(lyceum.WriteFiles), extended: q.Get("v") == "lyceum1",
	}
	if v.extended {
		v.epoch = q.Get("epoch")
	}
	return p.sockets.Serve(w, r, t, socket.Options{Limit: maxSync}, func(ctx context.Context, conn *socket.Conn) error {
		if c.bad != nil {
			return c.bad
		}
		if _, err := p.visible(ctx, c); err != nil {
			return err
		}
		return p.documents.Serve(ctx, c.path, conn, v)
	})
}

// noDocuments stands in until live documents are linked.
type noDocuments struct{}

func openDocuments(*Project) (documents, error) { return noDocuments{}, nil }

func (noDocuments) Serve(context.Context, string, *socket.Conn, viewer) error {
	return lyceum.Errorf(lyceum.Unavailable, "live documents are not there yet")
}
func (noDocuments) Open() []api.OpenDocument    { return []api.OpenDocument{} }
func (noDocuments) Moved(_, _ string)           {}
func (noDocuments) Removed(string)              {}
func (noDocuments) Written(string)              {}
func (noDocuments) Close(context.Context) error { return nil }

// shown are the open documents that the one who asks may know of.
func (p *Project) shown(c call) []api.OpenDocument {
	all := p.documents.Open()
	if c.ticket.Can(lyceum.ReadHidden) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(d api.OpenDocument) bool { return files.Hidden(d.Path) })
}
