package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/socket"
	"lyceum/internal/term"
	"lyceum/internal/ticket"
)

// route is a row of the table: what may be asked of the supervisor, and with
// which verb.
type route struct {
	method string
	path   string // {tid} is one segment, the terminal; {pid} a process; {kid} a kernel
	verb   lyceum.Verb
	system bool // for the hub itself only; verb is ""
	open   bool // without a ticket; verb is ""
	handle func(s *Supervisor, w http.ResponseWriter, r *http.Request, c call) error
}

// call is a request that was let in.
type call struct {
	ticket ticket.Ticket
	tid    string // of the terminal or the kernel, or the number of the process
}

// routes is the table. /activity needs no ticket: the project server has none of
// its own, and whoever can connect to the socket can look at the processes anyway.
func routes() []route {
	return append([]route{
		{method: "GET", path: "term", verb: lyceum.UseTerminals, handle: (*Supervisor).listTerminals},
		{method: "POST", path: "term", verb: lyceum.UseTerminals, handle: (*Supervisor).makeTerminal},
		{method: "PATCH", path: "term/{tid}", verb: lyceum.UseTerminals, handle: (*Supervisor).renameTerminal},
		{method: "DELETE", path: "term/{tid}", verb: lyceum.UseTerminals, handle: (*Supervisor).endTerminal},
		{method: "GET", path: "term/{tid}/socket", verb: lyceum.UseTerminals, handle: (*Supervisor).openTerminal},
		{method: "GET", path: "processes", verb: lyceum.UseTerminals, handle: (*Supervisor).listProcesses},
		{method: "DELETE", path: "processes/{pid}", verb: lyceum.UseTerminals, handle: (*Supervisor).endProcess},
		{method: "POST", path: "told", system: true, handle: (*Supervisor).takeTold},
		{method: "POST", path: "cut", system: true, handle: (*Supervisor).cutSockets},
		{method: "GET", path: "activity", open: true, handle: (*Supervisor).tellActivity},
		{method: "GET", path: "healthz", open: true, handle: (*Supervisor).tellHealth},
	}, kernelRoutes()...)
}

// ServeHTTP answers one request.
func (s *Supervisor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The project server has checked where it comes from.
	if err := s.serve(w, r); err != nil {
		if lyceum.IsKind(err, lyceum.Internal) {
			s.log.LogAttrs(r.Context(), slog.LevelError, "a request failed", slog.String("method", r.Method), slog.String("err", err.Error()))
		}
		rest.WriteError(w, r, err)
	}
}

func (s *Supervisor) serve(w http.ResponseWriter, r *http.Request) error {
	row, tid, known := s.find(r.Method, strings.TrimPrefix(r.URL.Path, "/"))
	if known && row.open {
		return row.handle(s, w, r, call{tid: tid})
	}
	t, err := s.verifier.Verify(r.Header.Get(ticket.Header), time.Now())
	switch {
	case err != nil:
		return err
	case !known, row.system && !t.System:
		return lyceum.Errorf(lyceum.NotFound, "a project has no such address")
	case !row.system && !t.Can(row.verb):
		return lyceum.Errorf(lyceum.Forbidden, "your role does not allow %s", row.verb)
	}
	return row.handle(s, w, r, call{t, tid})
}

// find returns the row for a request.
func (s *Supervisor) find(method, path string) (row route, tid string, ok bool) {
	got := strings.Split(path, "/")
next:
	for _, row := range s.routes {
		want := strings.Split(row.path, "/")
		if row.method != method || len(want) != len(got) {
			continue
		}
		tid := ""
		for i, w := range want {
			if w[0] == '{' {
				tid = got[i]
			} else if w != got[i] {
				continue next
			}
		}
		return row, tid, true
	}
	return route{}, "", false
}

func (s *Supervisor) listTerminals(w http.ResponseWriter, _ *http.Request, _ call) error {
	return rest.WriteJSON(w, s.terminals.list())
}

func (s *Supervisor) makeTerminal(w http.ResponseWriter, r *http.Request, _ call) error {
	var n api.NewTerminal
	if err := rest.ReadJSON(w, r, &n); err != nil {
		return err
	}
	t, err := s.terminals.start(n)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, describe(t))
}

func (s *Supervisor) renameTerminal(w http.ResponseWriter, r *http.Request, c call) error {
	var change api.TerminalChange
	if err := rest.ReadJSON(w, r, &change); err != nil {
		return err
	}
	change.Name = strings.TrimSpace(change.Name)
	if change.Name == "" {
		return lyceum.Invalidf("name", "a terminal needs a name")
	}
	if err := checkName(change.Name); err != nil {
		return err
	}
	t, err := s.terminals.get(c.tid)
	if err != nil {
		return err
	}
	t.Rename(change.Name)
	return rest.WriteJSON(w, describe(t))
}

func (s *Supervisor) endTerminal(w http.ResponseWriter, r *http.Request, c call) error {
	// Whoever asked may not wait for it.
	if err := s.terminals.end(context.WithoutCancel(r.Context()), c.tid); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// openTerminal is the WebSocket of one viewer. A slow one costs nothing: what it
// does not read in time it never gets, a reset frame tells it where to go on
// (package term); only one that takes nothing for 30 s is cut.
func (s *Supervisor) openTerminal(w http.ResponseWriter, r *http.Request, c call) error {
	v, bad := viewer(r, c.ticket)
	opts := socket.Options{Subprotocol: term.Subprotocol, Limit: term.MaxFrame}
	return s.sockets.Serve(w, r, c.ticket, opts, func(ctx context.Context, conn *socket.Conn) error {
		if bad != nil {
			return bad
		}
		t, err := s.terminals.get(c.tid)
		if err != nil {
			return err
		}
		err = t.Serve(ctx, conn, v)
		if e, ok := errors.AsType[*term.CloseError](err); ok {
			return &socket.CloseError{Code: e.Code, Reason: e.Reason}
		}
		return err
	})
}

// viewer reads who looks, and what it has already, from the request.
func viewer(r *http.Request, t ticket.Ticket) (term.Viewer, error) {
	q := r.URL.Query()
	v := term.Viewer{
		Person: term.Person{Account: string(t.Account), Name: t.Name, Colour: t.Colour},
		Client: q.Get("client"),
	}
	if !isClient(v.Client) {
		return v, &socket.CloseError{Code: socket.CodeProtocol, Reason: "client must be 1 to 64 letters, digits, - and _"}
	}
	if o := q.Get("offset"); o != "" {
		var err error
		if v.Offset, err = strconv.ParseUint(o, 10, 64); err != nil {
			return v, &socket.CloseError{Code: socket.CodeProtocol, Reason: "offset must be a number of bytes"}
		}
	}
	return v, nil
}

func isClient(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_'
	})
}

// cutTime is how long the answer to a cut waits for clients that close slowly.
const cutTime = 200 * time.Millisecond

func (s *Supervisor) cutSockets(w http.ResponseWriter, r *http.Request, _ call) error {
	var c api.Cut
	if err := rest.ReadJSON(w, r, &c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), cutTime)
	defer cancel()
	s.sockets.Cut(ctx, c)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Supervisor) tellActivity(w http.ResponseWriter, _ *http.Request, _ call) error {
	at, count := s.terminals.lastInput()
	u := s.measure()
	limits, killed := s.news.now()
	kernels, usedAt := s.kernels.busy()
	return rest.WriteJSON(w, api.Activity{
		Started: s.started.UTC(), InputAt: at.UTC(), Terminals: count, Kernels: kernels, KernelAt: usedAt.UTC(), Viewers: s.sockets.Len(),
		Processes: u.processes, CPUSeconds: u.cpu.Seconds(), MemoryBytes: u.memory, Starts: int(s.server.starts.Load()),
		CPUPercent: s.meter.percent(u.cpu, time.Now()), Limits: limits, Killed: killed,
	})
}

func (s *Supervisor) tellHealth(w http.ResponseWriter, _ *http.Request, _ call) error {
	w.WriteHeader(http.StatusOK)
	return nil
}
