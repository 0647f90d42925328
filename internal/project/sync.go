package project

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/livedoc"
	"lyceum/internal/lyceum"
	"lyceum/internal/socket"
)

func documentRoutes() []route {
	return []route{{method: "GET", path: "sync/{path...}", verb: lyceum.ReadFiles, handle: (*Project).sync}}
}

// maxSync is the most bytes of one message about a document: the whole state of
// the largest one, with what its history adds.
const maxSync = 2 * api.MaxDocumentBytes

// sync is the socket of one viewer of a live document. It is opened even when
// there is nothing to see: a browser is shown a close code, but never the answer
// to a refused handshake.
func (p *Project) sync(w http.ResponseWriter, r *http.Request, c call) error {
	q := r.URL.Query()
	t := c.ticket
	v := livedoc.Viewer{
		Account: string(t.Account), Name: t.Name, Colour: t.Colour, Session: t.Session,
		ReadOnly: !t.Can(lyceum.WriteFiles), Extended: q.Get("v") == "lyceum1",
	}
	if v.Extended {
		v.Epoch = q.Get("epoch")
	}
	return p.sockets.Serve(w, r, t, socket.Options{Limit: maxSync}, func(ctx context.Context, conn *socket.Conn) error {
		if c.bad != nil {
			return c.bad
		}
		c := p.documents.followed(r, c)
		if _, err := p.visible(ctx, c); err != nil {
			return err
		}
		store, err := p.documents.store()
		if err != nil {
			return err
		}
		err = store.Serve(ctx, c.path, conn, v)
		if e, ok := errors.AsType[*livedoc.CloseError](err); ok {
			return &socket.CloseError{Code: e.Code, Reason: e.Reason}
		}
		return err
	})
}

// shown are the open documents that the one who asks may know of.
func (p *Project) shown(c call) []api.OpenDocument {
	all := p.documents.open()
	if c.ticket.Can(lyceum.ReadHidden) {
		return all
	}
	return slices.DeleteFunc(all, func(d api.OpenDocument) bool { return files.Hidden(d.Path) })
}

// fan is the way to many viewers of one hub at once.
func (p *Project) fan(w http.ResponseWriter, r *http.Request, c call) error {
	return p.sockets.ServeFan(w, r, c.id)
}

// cast sends a message about a document to those viewers who can be reached without
// waiting, and returns the others.
func cast(msg []byte, to []livedoc.Conn) []livedoc.Conn {
	conns := make([]*socket.Conn, 0, len(to))
	for _, c := range to {
		if s, ok := c.(*socket.Conn); ok {
			conns = append(conns, s)
		}
	}
	if len(conns) < len(to) {
		return to // of another kind: there are none
	}
	left := socket.Cast(msg, conns)
	rest := to[:0]
	for _, c := range left {
		rest = append(rest, c)
	}
	return rest
}
