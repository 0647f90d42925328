package lane

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const soon = 10 * time.Second

// site is a server on a real socket: with a lane, or net/http alone.
type site struct {
	server interface {
		Serve(net.Listener) error
		Shutdown(context.Context) error
		Close() error
	}
	lane *Server // nil for net/http alone
	addr string
}

func newSite(t testing.TB, withLane bool, h http.HandlerFunc, change func(*http.Server)) *site {
	t.Helper()
	// As rest.NewServer makes them.
	server := &http.Server{Handler: h, ReadHeaderTimeout: soon, WriteTimeout: 6 * soon, IdleTimeout: 6 * soon, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	if change != nil {
		change(server)
	}
	s := &site{server: server}
	if withLane {
		s.lane = New(Config{Server: server, Takes: func(path string) bool { return strings.HasPrefix(path, "/p/") }, Log: slog.New(slog.DiscardHandler)})
		s.server = s.lane
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(l) }()
	t.Cleanup(func() {
		_ = s.server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s
}

// client is one connection, on which the test decides every byte.
type client struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

func (s *site) dial(t testing.TB) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * soon)); err != nil {
		t.Fatal(err)
	}
	return &client{t, c, bufio.NewReader(c)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// answer reads one answer whole.
func (c *client) answer(method string) (*http.Response, string, error) {
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

// get asks for a path and returns the answer's body.
func (c *client) get(path string) string {
	c.t.Helper()
	c.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
	_, body, err := c.answer(http.MethodGet)
	if err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	return body
}

// enter makes the lane take the connection: two plain requests.
func (c *client) enter() {
	c.t.Helper()
	c.get("/p/warm")
	c.get("/p/warm")
}

// side says who serves a request.
func side(w http.ResponseWriter) string {
	if _, ok := w.(*answer); ok {
		return "lane"
	}
	return "net/http"
}

// tell answers with what was asked, and by whom it was served.
func tell(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(w, "%s %s %s %q", side(w), r.Method, r.RequestURI, bytes.TrimSpace(b))
}

// requestsOf are the requests that a handler sees when b comes on a connection that
// is on the lane if there is one, and ends then.
func requestsOf(t *testing.T, withLane bool, b []byte) []string {
	t.Helper()
	var list []string // of one connection: one request at a time
	s := newSite(t, withLane, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		list = append(list, fmt.Sprintf("%s %s %s %v %q %v", r.Method, r.RequestURI, r.Host, r.Header, body, err != nil))
	}, nil)
	c := s.dial(t)
	c.enter()
	c.send(string(b))
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, c.in) // until the server ends it
	if err := s.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return list
}
