package hub

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

// farm plays the project servers of all running projects: real HTTP on real Unix
// sockets, with tickets checked. It is also the hub's Locator.
type farm struct {
	t   *testing.T
	key ed25519.PublicKey
	dir string

	mu       sync.Mutex
	running  map[lyceum.ProjectID]compute.Address
	tickets  []ticket.Ticket
	requests []*http.Request
	cuts     []api.Cut
	open     map[*websocket.Conn]ticket.Ticket
	deaf     bool // does not close sockets when told to
}

func newFarm(t *testing.T, key ed25519.PublicKey) *farm {
	t.Helper()
	dir, err := os.MkdirTemp("", "hub-farm-") // t.TempDir's paths are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &farm{t: t, key: key, dir: dir, running: map[lyceum.ProjectID]compute.Address{}, open: map[*websocket.Conn]ticket.Ticket{}}
}

// Address implements Locator.
func (f *farm) Address(_ context.Context, id lyceum.ProjectID) (compute.Address, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a, ok := f.running[id]; ok {
		return a, nil
	}
	return compute.Address{}, lyceum.Errorf(lyceum.Unavailable, "the project does not run")
}

// start starts a project's server.
func (f *farm) start(id lyceum.ProjectID) {
	f.t.Helper()
	socket := filepath.Join(f.dir, string(id[:13]))
	l, err := net.Listen("unix", socket)
	if err != nil {
		f.t.Fatal(err)
	}
	v, err := ticket.NewVerifier(f.key, id)
	if err != nil {
		f.t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(v, w, r) })}
	go func() { _ = srv.Serve(l) }() // ends with Close below
	f.t.Cleanup(func() { _ = srv.Close() })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running[id] = compute.Address{Socket: socket}
}

func (f *farm) serve(v *ticket.Verifier, w http.ResponseWriter, r *http.Request) {
	t, err := v.Verify(r.Header.Get(ticket.Header), time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	switch {
	case r.URL.Path == "/cut" && t.System:
		f.cut(w, r, t.Project)
	case r.Header.Get("Upgrade") != "":
		f.socket(w, r, t)
	default:
		f.note(r, t)
		f.file(w, r)
	}
}

func (f *farm) note(r *http.Request, t ticket.Ticket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tickets, f.requests = append(f.tickets, t), append(f.requests, r)
}

// last returns the last request that reached a project, with its ticket.
func (f *farm) last() (*http.Request, ticket.Ticket, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) == 0 {
		return nil, ticket.Ticket{}, false
	}
	return f.requests[len(f.requests)-1], f.tickets[len(f.tickets)-1], true
}

// file answers as the query says: set=Header:value, status=N, body=text.
func (f *farm) file(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for _, h := range q["set"] {
		name, value, _ := strings.Cut(h, ":")
		w.Header().Add(name, value)
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Body-Bytes", strconv.FormatInt(n, 10))
	if s, err := strconv.Atoi(q.Get("status")); err == nil {
		w.WriteHeader(s)
	}
	fmt.Fprint(w, q.Get("body"))
}

func (f *farm) socket(w http.ResponseWriter, r *http.Request, t ticket.Ticket) {
	f.note(r, t)
	w.Header().Set("Set-Cookie", "lyceum=stolen") // a project must not get this through
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{"lyceum.term.v1"}})
	if err != nil {
		return
	}
	f.mu.Lock()
	f.open[c] = t
	f.mu.Unlock()
	for {
		kind, b, err := c.Read(context.Background())
		if err != nil {
			break
		}
		if c.Write(context.Background(), kind, b) != nil {
			break
		}
	}
	f.mu.Lock()
	delete(f.open, c)
	f.mu.Unlock()
	_ = c.CloseNow()
}

func (f *farm) cut(w http.ResponseWriter, r *http.Request, p lyceum.ProjectID) {
	var c api.Cut
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	f.cuts = append(f.cuts, c)
	var ends []*websocket.Conn
	code := websocket.StatusCode(4401)
	for conn, t := range f.open {
		if !f.deaf && t.Project == p && (c.Session != "" && t.Session == c.Session || c.Account != "" && string(t.Account) == c.Account) {
			ends = append(ends, conn)
		}
	}
	if c.Account != "" {
		code = 4403
	}
	f.mu.Unlock()
	for _, conn := range ends {
		go func() { _ = conn.Close(code, "cut") }()
	}
	w.WriteHeader(http.StatusNoContent)
}

// dial opens a WebSocket to a project, as the app would.
func (b *browser) dial(path string, more ...string) (*websocket.Conn, *http.Response, error) {
	b.t.Helper()
	h := b.header()
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, b.base+path, &websocket.DialOptions{HTTPHeader: h, HTTPClient: web})
	if err == nil {
		b.t.Cleanup(func() { _ = c.CloseNow() })
	}
	return c, resp, err
}

func withSocket(path string) compute.Address { return compute.Address{Socket: path} }
