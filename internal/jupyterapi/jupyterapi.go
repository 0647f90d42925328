// Package jupyterapi speaks the Jupyter Server REST and WebSocket API
// (jupyter-server.readthedocs.io, "The REST API" and "WebSocket kernel wire
// protocols", version 2) for one project, so that JupyterLab, notebook clients and
// scripts work with it unchanged.
//
// It decides nothing about who may: that is done before, and it is handed the
// ticket. It holds no kernels, documents or terminals, but speaks with those that
// do through small interfaces.
package jupyterapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/socket"
	"lyceum/internal/ticket"
)

// Version is the version of Jupyter Server whose API this is.
const Version = "2.14.0"

// Config is what a Server needs. All is required.
type Config struct {
	Files     *files.Dir
	State     string // folder below the home for checkpoints and uploads in pieces, made when missing
	Documents Documents
	Kernels   Kernels
	Terminals Terminals
	Sockets   *socket.Set
	Log       *slog.Logger
}

// Documents changes files in such a way that live documents and histories go along.
type Documents interface {
	// Flush writes what is open at and below path into its files.
	Flush(ctx context.Context, path string) error
	// Say makes the text file at path say text, by an edit of its live document in the
	// name of the account by, and returns when it is in the file. It is false when there
	// is no such file, or it is not one that is edited live.
	Say(ctx context.Context, path, text, by string) (done bool, err error)
	// SayOver is Say by somebody who has made text of base: what others have changed in
	// the document since it said base stays.
	SayOver(ctx context.Context, path, base, text, by string) (done bool, err error)
	// Write writes the file at path.
	Write(ctx context.Context, path string, r io.Reader, how files.Write) (files.Entry, error)
	// Room refuses what would not fit into the project.
	Room(ctx context.Context, bytes int64) error
	// Move, Copy and Mkdir never overwrite.
	Move(ctx context.Context, from, to string) error
	Copy(ctx context.Context, from, to string) error
	Mkdir(ctx context.Context, path string) error
	// Delete moves into the trash.
	Delete(ctx context.Context, path string, t ticket.Ticket) error
}

// Kernels are the kernels of the project.
type Kernels interface {
	Specs() (specs []jupyter.Spec, standard string) // the name of the one that is started when none is named
	Start(ctx context.Context, s Start) (Kernel, error)
	Get(id string) (Kernel, error) // NotFound
	List() []Kernel                // oldest first
}

// Start says which kernel to start, and for which notebook or in which folder.
type Start struct {
	ID        string // a UUID; "" is a new one
	Spec      string
	Path, Dir string // from the home
}

// Kernel is one kernel.
type Kernel interface {
	Describe() api.Kernel
	Send(ctx context.Context, m jupyter.Message) error
	Interrupt(ctx context.Context) error
	Restart(ctx context.Context) error
	Shutdown(ctx context.Context) error
	SetPath(ctx context.Context, path string) error
	Subscribe() Subscription // the caller closes it
}

// Subscription is what a kernel says from a moment on.
type Subscription interface {
	Next(ctx context.Context) (jupyter.Record, error)
	Close()
}

// Terminals are the terminals of the project, in the right of a ticket.
type Terminals interface {
	List(ctx context.Context, t Ticket) ([]api.Terminal, error)
	Create(ctx context.Context, t Ticket, n api.NewTerminal) (api.Terminal, error)
	Delete(ctx context.Context, t Ticket, id string) error
	// Open returns the socket of a terminal, which speaks the frames of package term.
	Open(ctx context.Context, t Ticket, id string) (Stream, error)
}

// Ticket is a ticket as it came in its header.
type Ticket string

// Stream is a socket of whole binary messages.
type Stream interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, msg []byte) error
	Close()
}

// Call is who asks.
type Call struct {
	Ticket ticket.Ticket
	Raw    Ticket
	Base   string // path of the address that all ours begin with, with a slash at its end
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	Config
	started time.Time

	mu       sync.Mutex
	sessions []*session
	chunks   sync.Mutex // one upload in pieces writes at a time
	bases    sync.Mutex // one base is kept at a time
	configs  sync.Mutex // one section is changed at a time
}

// New makes a server.
func New(c Config) *Server { return &Server{Config: c, started: time.Now()} }

// Serve answers a request; path is what stands behind Base, escaped. Errors are
// answered too, in the form that Jupyter's clients know.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, path string, c Call) error {
	err := s.route(w, r, strings.Trim(path, "/"), c)
	if err != nil {
		writeError(w, r, err)
	}
	return nil
}

// request is a request with what its path has been read for.
type request struct {
	*http.Request
	Call
	w    http.ResponseWriter
	tail []string // decoded segments behind the name of the resource
}

func (s *Server) route(w http.ResponseWriter, r *http.Request, path string, c Call) error {
	segments, err := decodeSegments(path)
	if err != nil {
		return err
	}
	q := &request{Request: r, Call: c, w: w}
	name := ""
	switch {
	case len(segments) == 1 && segments[0] == "api":
		name = "api"
	case len(segments) >= 2 && segments[0] == "api":
		name, q.tail = segments[1], segments[2:]
	case len(segments) == 3 && segments[0] == "terminals" && segments[1] == "websocket":
		name, q.tail = "terminal", segments[2:]
	case len(segments) >= 3 && segments[0] == "kernelspecs":
		name, q.tail = "resource", segments[1:]
	}
	handler := map[string]func(*request) error{
		"api": s.version, "status": s.status, "me": s.me, "config": s.config, "resolvePath": s.resolve, "contents": s.contents, "kernels": s.kernels, "kernelspecs": s.kernelspecs,
		"resource": s.resource, "sessions": s.session, "terminals": s.terminals, "terminal": s.terminal, "nbconvert": s.nbconvert, "events": s.events,
	}[name]
	if handler == nil {
		return lyceum.Errorf(lyceum.NotFound, "there is no such address")
	}
	return handler(q)
}

// decodeSegments reads a path. Empty segments, which clients send, do not count.
func decodeSegments(path string) ([]string, error) {
	var all []string
	for s := range strings.SplitSeq(path, "/") {
		if s == "" {
			continue
		}
		name, err := url.PathUnescape(s)
		if err != nil {
			return nil, lyceum.Errorf(lyceum.Invalid, "the path is not encoded well")
		}
		// A slash in a segment is one between segments for Jupyter's clients.
		for part := range strings.SplitSeq(name, "/") {
			if part != "" {
				all = append(all, part)
			}
		}
	}
	return all, nil
}

// is reports whether the request has the method and so many segments behind its name.
func (q *request) is(method string, tail int) bool {
	m := q.Method
	if m == http.MethodHead {
		m = http.MethodGet
	}
	return m == method && len(q.tail) == tail
}

// wrong answers to what a resource does not do.
func (q *request) wrong() error {
	return &statusError{http.StatusMethodNotAllowed, "this cannot be done with " + q.Method + " here"}
}

// answer writes v with a status.
func (q *request) answer(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.w.Header().Set("Cache-Control", "no-store")
	q.w.WriteHeader(status)
	_, _ = q.w.Write(append(b, '\n')) // the client may be gone
	return nil
}

// created is answer with 201 and where the new thing is: segments below Base.
func (q *request) created(v any, segments ...string) error {
	q.locate(segments...)
	return q.answer(http.StatusCreated, v)
}

// locate says where something is. Segments may be paths.
func (q *request) locate(segments ...string) {
	at := &url.URL{Path: strings.Join(segments, "/")}
	q.w.Header().Set("Location", q.Base+strings.TrimPrefix(at.EscapedPath(), "./"))
}

func (q *request) done() error {
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// maxBody is the longest body but of contents, in bytes.
const maxBody = 1 << 20

// body reads a JSON object of at most limit bytes into v; an empty body is an
// empty object. Fields that are not known are left alone, as Jupyter does.
func (q *request) body(limit int64, v any) error {
	b, err := io.ReadAll(http.MaxBytesReader(q.w, q.Body, limit))
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return lyceum.Wrap(lyceum.Invalid, err, "Invalid JSON in body of request")
	}
	return nil
}

// statusError is an error with a status that no kind has.
type statusError struct {
	status  int
	message string
}

// Error is the sentence for people.
func (e *statusError) Error() string { return e.message }

// writeError answers as Jupyter Server does: {"message": …, "reason": …}.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	status, message := 0, ""
	if e, ok := errors.AsType[*statusError](err); ok {
		status, message = e.status, e.message
	} else {
		p := rest.ProblemOf(r, err)
		if status, message = p.Status, p.Detail; status == http.StatusUnprocessableEntity {
			status = http.StatusBadRequest
		}
	}
	q := request{Request: r, w: w}
	_ = q.answer(status, map[string]any{"message": message, "reason": nil}) // two fields always encode
}

func (s *Server) version(q *request) error {
	if !q.is(http.MethodGet, 0) {
		return q.wrong()
	}
	return q.answer(http.StatusOK, map[string]string{"version": Version})
}

func (s *Server) nbconvert(q *request) error {
	if !q.is(http.MethodGet, 0) {
		return q.wrong()
	}
	return q.answer(http.StatusOK, struct{}{})
}

// events is the WebSocket api/events/subscribe. Nothing of a project is told on it
// yet, but clients connect again and again where it is not there.
func (s *Server) events(q *request) error {
	if !q.is(http.MethodGet, 1) || q.tail[0] != "subscribe" || !rest.IsWebSocket(q.Request) {
		return q.wrong()
	}
	return s.Sockets.Serve(q.w, q.Request, q.Ticket, socket.Options{Text: true}, func(ctx context.Context, c *socket.Conn) error {
		for {
			if _, err := c.Read(ctx); err != nil {
				return err
			}
		}
	})
}

func (s *Server) status(q *request) error {
	if !q.is(http.MethodGet, 0) {
		return q.wrong()
	}
	connections, last := 0, s.started
	all := s.Kernels.List()
	for _, k := range all {
		d := k.Describe()
		connections += d.Connections
		if d.UsedAt.After(last) {
			last = d.UsedAt
		}
	}
	return q.answer(http.StatusOK, map[string]any{"started": stamp(s.started), "last_activity": stamp(last), "connections": connections, "kernels": len(all)})
}

// stamp is a time as Jupyter Server writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func (s *Server) me(q *request) error {
	if !q.is(http.MethodGet, 0) {
		return q.wrong()
	}
	asked := map[string][]string{}
	if text := q.URL.Query().Get("permissions"); text != "" {
		if err := json.Unmarshal([]byte(text), &asked); err != nil {
			return lyceum.Wrap(lyceum.Invalid, err, "permissions should be a JSON dict of {'resource': ['action',]}")
		}
	}
	may := map[string][]string{"updatable_fields": {}}
	for resource, actions := range asked {
		may[resource] = []string{}
		for _, a := range actions {
			if q.may(resource, a) {
				may[resource] = append(may[resource], a)
			}
		}
	}
	t := q.Ticket
	return q.answer(http.StatusOK, map[string]any{
		"identity": map[string]any{
			"username": t.Account, "name": t.Name, "display_name": t.Name, "initials": initials(t.Name),
			"avatar_url": nil, "color": nil,
		},
		"permissions": may,
	})
}

func (q *request) may(resource, action string) bool {
	switch {
	case resource != "contents":
		return q.Ticket.Can(lyceum.UseTerminals)
	case action == "read":
		return q.Ticket.Can(lyceum.ReadFiles)
	}
	return q.Ticket.Can(lyceum.WriteFiles)
}

func initials(name string) string {
	text := ""
	for _, w := range strings.Fields(name) {
		if r := []rune(w); len([]rune(text)) < 2 {
			text += string(r[0])
		}
	}
	return strings.ToUpper(text)
}
