package project

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

func terminalRoutes() []route {
	return []route{
		{method: "GET", path: "term", verb: lyceum.UseTerminals, handle: (*Project).toSupervisor},
		{method: "POST", path: "term", verb: lyceum.UseTerminals, handle: (*Project).toSupervisor},
		{method: "PATCH", path: "term/{tid}", verb: lyceum.UseTerminals, handle: (*Project).toSupervisor},
		{method: "DELETE", path: "term/{tid}", verb: lyceum.UseTerminals, handle: (*Project).toSupervisor},
		{method: "GET", path: "processes", verb: lyceum.UseTerminals, handle: (*Project).toSupervisor},
		{method: "DELETE", path: "processes/{pid}", verb: lyceum.UseTerminals, handle: (*Project).toSupervisor},
		{method: "GET", path: "term/{tid}/socket", verb: lyceum.UseTerminals, handle: (*Project).socketToSupervisor},
	}
}

// superName is the supervisor's socket in the run folder.
const superName = "super.sock"

// askTime is how long the supervisor may take to answer a question of ours.
const askTime = 2 * time.Second

// super is the way to the supervisor, which owns the terminals.
type super struct {
	transport *http.Transport
	proxy     *httputil.ReverseProxy
}

func newSuper(path string, log *slog.Logger) *super {
	s := &super{transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
		DisableCompression:    true,
		MaxIdleConns:          2,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
	}}
	s.proxy = &httputil.ReverseProxy{
		Transport: s.transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", "supervisor", "supervisor"
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			rest.WriteError(w, r, lyceum.Wrap(lyceum.Unavailable, err, "the terminals cannot be reached at this moment; try again"))
		},
	}
	return s
}

func (s *super) close() { s.transport.CloseIdleConnections() }

// activity asks how the terminals and processes are.
func (s *super) activity(ctx context.Context) (api.Activity, error) {
	var a api.Activity
	res, err := s.ask(ctx, http.MethodGet, "/activity", "", nil)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return a, lyceum.Errorf(lyceum.Unavailable, "the supervisor answers with status %d", res.StatusCode)
	}
	return a, json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&a)
}

// cut has sockets of terminals closed. t is the header's value of the ticket that
// asked for it.
func (s *super) cut(ctx context.Context, t string, c api.Cut) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	res, err := s.ask(ctx, http.MethodPost, "/cut", t, body)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusNoContent {
		return lyceum.Wrap(lyceum.Unavailable, err, "the supervisor answers with status %d", res.StatusCode)
	}
	return nil
}

// ask sends a request of ours. The caller closes the answer's body, which must
// be read before askTime is over.
func (s *super) ask(ctx context.Context, method, path, t string, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	r, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, bytes.NewReader(body))
	if err != nil {
		cancel()
		return nil, err
	}
	if t != "" {
		r.Header.Set(ticket.Header, t)
	}
	res, err := s.transport.RoundTrip(r)
	if err != nil {
		cancel()
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "the supervisor does not answer")
	}
	res.Body = &cancelBody{res.Body, cancel}
	return res, nil
}

// cancelBody gives up the deadline of a request when its answer is read.
type cancelBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (b *cancelBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// toSupervisor passes a request about terminals on.
func (p *Project) toSupervisor(w http.ResponseWriter, r *http.Request, _ call) error {
	p.super.proxy.ServeHTTP(w, r)
	p.activity.changed()
	return nil
}

// socketToSupervisor passes the socket of a terminal on, and stands for it among
// the sockets: it shows who is here, and it can be cut.
func (p *Project) socketToSupervisor(w http.ResponseWriter, r *http.Request, c call) error {
	if !rest.IsWebSocket(r) {
		return lyceum.Errorf(lyceum.Invalid, "this address speaks WebSocket only")
	}
	ctx, done, err := p.sockets.Add(r.Context(), c.ticket)
	if err != nil {
		return err
	}
	defer done()
	rest.Stream(w)
	// The supervisor closes a socket that is cut, and says why; what it has not
	// closed soon is broken off.
	carried, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(partTime, end) })
	defer unhook()
	p.super.proxy.ServeHTTP(w, r.WithContext(carried))
	return nil
}

// partTime is how long the socket of a terminal that must end may go on, for the
// supervisor to say why.
const partTime = 500 * time.Millisecond
