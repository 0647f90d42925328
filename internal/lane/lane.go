// Package lane serves runs of plain requests faster than net/http does. A
// connection begins with net/http. When two requests in a row on it are plain (a
// GET or HEAD without a body, at an address that the owner names), the lane takes
// it, serves with the same handler, and gives it back with the first request that
// is not plain, or that it does not understand: nothing is refused here.
//
// It parses only what cannot be misunderstood (parseRequest): a request has no
// body here, so that there is no length to disagree about, and whatever is unusual
// is read by net/http from its first byte. HTTP/2 is never taken.
package lane

import (
	"bufio"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what New needs. Server, Takes and Log are required.
type Config struct {
	// Server serves what is not plain. Its Handler serves all requests; the lane
	// takes Handler and ConnContext over. Its IdleTimeout and WriteTimeout hold
	// here too.
	Server *http.Server
	// Takes reports whether requests for the path may be served by the lane.
	Takes func(path string) bool
	Log   *slog.Logger
}

// Server is an http.Server with a lane. Its methods are used as those.
type Server struct {
	Config
	handler http.Handler
	back    *returned
	slack   time.Duration // 0 in tests that wait for a deadline

	draining atomic.Bool

	mu    sync.Mutex
	runs  map[*run]struct{}
	empty chan struct{} // closed when draining and no run is left
}

// New puts a lane beside the server.
func New(c Config) *Server {
	s := &Server{Config: c, handler: c.Server.Handler, slack: slack, runs: map[*run]struct{}{}, empty: make(chan struct{}),
		back: &returned{conns: make(chan net.Conn), closed: make(chan struct{})}}
	c.Server.Handler = http.HandlerFunc(s.serve)
	c.Server.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, seenKey{}, new(seen))
	}
	return s
}

// Serve serves connections of l until Shutdown or Close, and then returns
// http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	s.back.addr = l.Addr()
	// It ends with the server, as the other Serve does.
	go func() { _ = s.Server.Serve(s.back) }()
	return s.Server.Serve(l)
}

// Shutdown lets requests under way end, as that of http.Server.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, r := range s.drain() {
		r.endIdle()
	}
	err := s.Server.Shutdown(ctx)
	select {
	case <-s.empty:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return err
}

// Close ends all connections.
func (s *Server) Close() error {
	for _, r := range s.drain() {
		_ = r.conn.Close()
	}
	return s.Server.Close()
}

// drain lets no run begin from now on, and returns those there are.
func (s *Server) drain() []*run {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.CompareAndSwap(false, true) && len(s.runs) == 0 {
		close(s.empty)
	}
	list := make([]*run, 0, len(s.runs))
	for r := range s.runs {
		list = append(list, r)
	}
	return list
}

func (s *Server) enter(r *run) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.runs[r] = struct{}{}
	return true
}

func (s *Server) leave(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, r)
	if s.draining.Load() && len(s.runs) == 0 {
		close(s.empty)
	}
}

// seen is what is known of a connection: whether its last request was plain.
type seen struct{ plain bool }

type seenKey struct{}

// serve is the handler of net/http's side.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	last, _ := r.Context().Value(seenKey{}).(*seen)
	if last == nil || r.ProtoMajor != 1 || !s.plain(r) {
		if last != nil && r.ProtoMajor == 1 {
			last.plain = false
		}
		s.handler.ServeHTTP(w, r)
		return
	}
	if !last.plain {
		last.plain = true // only one request at a time: HTTP/1
		s.handler.ServeHTTP(w, r)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.handler.ServeHTTP(w, r)
		return
	}
	newRun(s, conn, buffered.Reader, r).serve(r)
}

// plain reports whether r, that net/http read, could be one of the lane's.
func (s *Server) plain(r *http.Request) bool {
	if r.ProtoMinor != 1 || r.Method != http.MethodGet && r.Method != http.MethodHead || r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
		return false
	}
	for name, values := range r.Header {
		if len(values) != 1 || !plainField(name, values[0]) {
			return false
		}
	}
	return s.Takes(r.URL.Path)
}

// returned is a listener whose connections are those that the lane gives back.
type returned struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	addr   net.Addr
}

// Accept implements net.Listener.
func (l *returned) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *returned) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *returned) Addr() net.Addr { return l.addr }

// give hands a connection to net/http, with what was read of it and not served.
func (l *returned) give(c net.Conn, unread []byte) {
	var out net.Conn
	u := &unreadConn{Conn: c, unread: unread}
	out = u
	if t, ok := c.(stater); ok {
		out = &unreadTLS{u, t}
	}
	select {
	case l.conns <- out:
	case <-l.closed:
		_ = c.Close()
	}
}

// unreadConn is a connection of which something was read ahead.
type unreadConn struct {
	net.Conn
	unread []byte
}

// Read implements net.Conn.
func (c *unreadConn) Read(b []byte) (int, error) {
	if len(c.unread) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.unread)
	if c.unread = c.unread[n:]; len(c.unread) == 0 {
		c.unread = nil
	}
	return n, nil
}

// stater is a *tls.Conn, of which net/http wants to know this.
type stater interface{ ConnectionState() tls.ConnectionState }

type unreadTLS struct {
	*unreadConn
	stater
}

// unwrap returns what give was given, and what of its unread bytes is unread still.
func unwrap(c net.Conn) (net.Conn, []byte) {
	if t, ok := c.(*unreadTLS); ok {
		c = t.unreadConn
	}
	if u, ok := c.(*unreadConn); ok {
		return u.Conn, u.unread
	}
	return c, nil
}

// take returns what net/http has read ahead.
func take(r *bufio.Reader) []byte {
	b, _ := r.Peek(r.Buffered()) // it is there
	return append([]byte(nil), b...)
}

// patience is how long a request may last until its client is watched: net/http
// watches always, which costs a goroutine each.
const patience = 100 * time.Millisecond
