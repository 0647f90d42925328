package lane

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestConnectionsChangeSides: the lane begins with the second plain request in a
// row, and ends with the first other one, of which nothing is lost.
func TestConnectionsChangeSides(t *testing.T) {
	t.Parallel()
	c := newSite(t, true, tell, nil).dial(t)
	for i, x := range []struct{ send, want string }{
		{"GET /p/1 HTTP/1.1\r\nHost: a\r\n\r\n", `net/http GET /p/1 ""`},
		{"GET /p/2 HTTP/1.1\r\nHost: a\r\n\r\n", `lane GET /p/2 ""`},
		{"GET /p/3?x=%20 HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\nCookie: a=b\r\n\r\n", `lane GET /p/3?x=%20 ""`},
		{"GET /other HTTP/1.1\r\nHost: a\r\n\r\n", `net/http GET /other ""`},
		{"GET /p/4 HTTP/1.1\r\nHost: a\r\n\r\n", `net/http GET /p/4 ""`},
		{"GET /p/5 HTTP/1.1\r\nHost: a\r\n\r\n", `lane GET /p/5 ""`},
		{"POST /p/6 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", `net/http POST /p/6 "hello"`},
		{"GET /p/7 HTTP/1.1\r\nHost: a\r\n\r\n", `net/http GET /p/7 ""`},
		{"GET /p/8 HTTP/1.1\r\nHost: a\r\n\r\n", `lane GET /p/8 ""`},
		{"GET /p/9 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", `net/http GET /p/9 "hello"`},
		{"GET /p/10 HTTP/1.1\r\nHost: a\r\n\r\n", `net/http GET /p/10 ""`},
		{"GET /p/11 HTTP/1.1\r\nHost: a\r\n\r\n", `lane GET /p/11 ""`},
		{"GET /p/12 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", `net/http GET /p/12 "hello"`},
	} {
		c.send(x.send)
		if _, got, err := c.answer(http.MethodGet); err != nil || got != x.want {
			t.Fatalf("%d: got %q, %v, want %q", i+1, got, err, x.want)
		}
	}
}

func TestRequestsInOneBreath(t *testing.T) {
	t.Parallel()
	c := newSite(t, true, tell, nil).dial(t)
	c.enter()
	var all strings.Builder
	for i := range 20 {
		fmt.Fprintf(&all, "GET /p/%d HTTP/1.1\r\nHost: a\r\n\r\n", i)
	}
	all.WriteString("POST /p/post HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok")
	go func() { _, _ = io.WriteString(c.Conn, all.String()) }() // the answers tell
	for i := range 20 {
		if _, got, err := c.answer(http.MethodGet); err != nil || !strings.Contains(got, fmt.Sprintf("GET /p/%d ", i)) {
			t.Fatalf("%d: got %q, %v", i, got, err)
		}
	}
	if _, got, err := c.answer(http.MethodPost); err != nil || got != `net/http POST /p/post "ok"` {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestARequestInPieces(t *testing.T) {
	t.Parallel()
	c := newSite(t, true, tell, nil).dial(t)
	c.enter()
	for _, b := range "GET /p/slow HTTP/1.1\r\nHost: a\r\n\r\n" {
		c.send(string(b))
	}
	if _, got, err := c.answer(http.MethodGet); err != nil || !strings.Contains(got, "GET /p/slow ") {
		t.Fatalf("got %q, %v", got, err)
	}
}

// TestTheClientGoes: a request that lasts ends when nobody waits for it.
func TestTheClientGoes(t *testing.T) {
	t.Parallel()
	ended, waits := make(chan struct{}), make(chan struct{})
	c := newSite(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/p/wait" {
			return
		}
		if side(w) != "lane" {
			t.Error("it is not served by the lane")
		}
		close(waits)
		<-r.Context().Done()
		close(ended)
	}, nil).dial(t)
	c.enter()
	c.send("GET /p/wait HTTP/1.1\r\nHost: a\r\n\r\n")
	<-waits
	_ = c.Close()
	select {
	case <-ended:
	case <-time.After(soon):
		t.Error("the request goes on")
	}
}

// TestTheNextRequestComesEarly: what is read while watching is not lost.
func TestTheNextRequestComesEarly(t *testing.T) {
	t.Parallel()
	s := newSite(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/p/wait" {
			select {
			case <-r.Context().Done():
				t.Error("the request was ended")
			case <-time.After(3 * patience):
			}
		}
		tell(w, r)
	}, nil)
	for _, next := range []string{"GET /p/next HTTP/1.1\r\nHost: a\r\n\r\n", "POST /p/next HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"} {
		c := s.dial(t)
		c.enter()
		c.send("GET /p/wait HTTP/1.1\r\nHost: a\r\n\r\n" + next)
		if _, got, err := c.answer(http.MethodGet); err != nil || got != `lane GET /p/wait ""` {
			t.Fatalf("got %q, %v", got, err)
		}
		if _, got, err := c.answer(http.MethodGet); err != nil || !strings.Contains(got, " /p/next ") {
			t.Fatalf("got %q, %v", got, err)
		}
		c.send("GET /p/wait HTTP/1.1\r\nHost: a\r\n\r\n") // its deadlines are as before
		if _, got, err := c.answer(http.MethodGet); err != nil || !strings.Contains(got, "GET /p/wait ") {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

func TestShutdownLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	waits, release := make(chan struct{}), make(chan struct{})
	s := newSite(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/p/wait" {
			close(waits)
			<-release
		}
		tell(w, r)
	}, nil)
	idle, busy := s.dial(t), s.dial(t)
	idle.enter()
	busy.enter()
	busy.send("GET /p/wait HTTP/1.1\r\nHost: a\r\n\r\n")
	<-waits
	ended := make(chan error, 1)
	go func() { ended <- s.server.Shutdown(t.Context()) }()
	if _, err := idle.in.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection: got %v, want its end", err)
	}
	select {
	case err := <-ended:
		t.Fatalf("Shutdown returned while a request is under way: %v", err)
	default:
	}
	close(release)
	res, got, err := busy.answer(http.MethodGet)
	if err != nil || got != `lane GET /p/wait ""` || !res.Close {
		t.Errorf("got %q, %v, want the answer and the connection's end", got, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestShutdownGivesUp(t *testing.T) {
	t.Parallel()
	waits := make(chan struct{})
	s := newSite(t, true, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/p/wait" {
			close(waits)
			<-r.Context().Done()
		}
	}, nil)
	c := s.dial(t)
	c.enter()
	c.send("GET /p/wait HTTP/1.1\r\nHost: a\r\n\r\n")
	<-waits
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := s.server.Close(); err != nil { // which ends it
		t.Error(err)
	}
	if _, err := c.in.ReadByte(); err == nil {
		t.Error("the connection goes on after Close")
	}
}

func TestIdleConnectionsEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, true, tell, func(s *http.Server) { s.IdleTimeout = 50 * time.Millisecond })
	s.lane.slack = 0
	c := s.dial(t)
	c.enter()
	if _, err := c.in.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the end", err)
	}
}

// TestAClientThatTakesNothing: it is given up after the write deadline.
func TestAClientThatTakesNothing(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	s := newSite(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/p/much" {
			return
		}
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Error(err)
		}
		b := make([]byte, 1<<20)
		for {
			if _, err := w.Write(b); err != nil {
				ended <- err
				return
			}
		}
	}, nil)
	s.lane.slack = 0
	c := s.dial(t)
	c.enter()
	c.send("GET /p/much HTTP/1.1\r\nHost: a\r\n\r\n")
	select {
	case err := <-ended:
		if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
			t.Errorf("got %v, want a timeout", err)
		}
	case <-time.After(2 * soon):
		t.Error("it is served for ever")
	}
}

// TestTLS: both sides know that the connection is secure, over HTTP/1.1; HTTP/2
// stays with net/http.
func TestTLS(t *testing.T) {
	t.Parallel()
	fixture := httptest.NewUnstartedServer(nil) // for its certificate
	fixture.StartTLS()
	defer fixture.Close()
	served := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %v", side(w), r.Proto, r.TLS != nil)
	}
	server := &http.Server{Handler: http.HandlerFunc(served), TLSConfig: &tls.Config{Certificates: fixture.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}}
	s := New(Config{Server: server, Takes: func(path string) bool { return strings.HasPrefix(path, "/p/") }, Log: slog.New(slog.DiscardHandler)})
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(tls.NewListener(plain, server.TLSConfig)) }()
	defer func() {
		_ = s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	for _, x := range []struct {
		proto string
		sides []string
	}{
		{"HTTP/1.1", []string{"net/http", "lane", "lane", "net/http", "net/http", "lane"}},
		{"HTTP/2.0", []string{"net/http", "net/http", "net/http", "net/http", "net/http", "net/http"}},
	} {
		transport := fixture.Client().Transport.(*http.Transport).Clone()
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetHTTP1(x.proto == "HTTP/1.1")
		transport.Protocols.SetHTTP2(x.proto == "HTTP/2.0")
		client := &http.Client{Transport: transport}
		for i, path := range []string{"/p/1", "/p/2", "/p/3", "/other", "/p/4", "/p/5"} {
			res, err := client.Get("https://" + plain.Addr().String() + path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			res.Body.Close()
			if want := x.sides[i] + " " + x.proto + " true"; err != nil || string(b) != want {
				t.Errorf("%s: got %q, %v, want %q", path, b, err, want)
			}
		}
		transport.CloseIdleConnections()
	}
}
