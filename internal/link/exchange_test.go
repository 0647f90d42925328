package link_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/link"
	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

// raw is a project whose every byte the test decides: talk is called with each
// connection and its number, and the connection is closed when it returns.
type raw struct {
	*link.Link
	addr  compute.Address
	url   string
	dials atomic.Int32
}

func newRaw(t *testing.T, talk func(c net.Conn, r *bufio.Reader, number int32)) *raw {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &raw{Link: link.New(link.Config{Signer: ticket.NewSigner(private), Log: slog.New(slog.DiscardHandler)})}
	t.Cleanup(s.Close)
	addr := compute.Address{Socket: filepath.Join(t.TempDir(), "project.sock")}
	s.addr = addr
	l, err := net.Listen("unix", addr.Socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n := s.dials.Add(1)
			go func() {
				defer c.Close()
				talk(c, bufio.NewReader(c), n)
			}()
		}
	}()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeProject(w, r, addr, ticket.Ticket{Project: project, Account: "a", Role: lyceum.Editor})
	}))
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// request reads one request without a body and returns its head.
func request(r *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String(), err
		}
	}
}

func ask(t *testing.T, method, url string, h http.Header) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range h {
		r.Header[k] = v
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

func TestExchangeAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, says string
		status             int
		body               string
		broken             bool // the client sees that it is not whole
		dials              int32
	}{
		{name: "a length", says: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", status: 200, body: "hello", dials: 1},
		{name: "chunks", says: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", status: 200, body: "hello", dials: 1},
		{name: "until the end", says: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", status: 200, body: "hello", dials: 2},
		{name: "head only", method: "HEAD", says: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", status: 200, dials: 1},
		{name: "no content", method: "DELETE", says: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, dials: 1},
		{name: "not modified", says: "HTTP/1.1 304 Not Modified\r\nEtag: \"1\"\r\n\r\n", status: 304, dials: 1},
		{name: "hints first", says: "HTTP/1.1 103 Early Hints\r\nLink: </evil>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok", dials: 1},
		{name: "more than it said", says: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nevil", status: 200, body: "ok", dials: 2},
		{name: "less than it said", says: "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nhello", broken: true, dials: 2},
		{name: "half a chunk", says: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello", broken: true, dials: 2},
		{name: "no HTTP", says: "SSH-2.0-OpenSSH\r\n\r\n", status: 503, dials: 2},
		{name: "a switch", says: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\nConnection: upgrade\r\n\r\n", status: 503, dials: 2},
		{name: "a long head", says: "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("x", 1000)+"\r\n", 100) + "\r\n", status: 503, dials: 2},
		{name: "hints for ever", says: strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20), status: 503, dials: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newRaw(t, func(conn net.Conn, r *bufio.Reader, _ int32) {
				for {
					if _, err := request(r); err != nil {
						return
					}
					if _, err := io.WriteString(conn, c.says); err != nil || c.broken || strings.Contains(c.says, "close") {
						return
					}
				}
			})
			if c.method == "" {
				c.method = http.MethodGet
			}
			for range 2 { // the second time shows whether the connection was kept
				res, body, err := ask(t, c.method, s.url+"/x", nil)
				if c.broken {
					if err == nil {
						t.Fatalf("got a whole answer %q, want it broken off", body)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != c.status || c.status == 200 && body != c.body {
					t.Fatalf("got %d %q, want %d %q", res.StatusCode, body, c.status, c.body)
				}
				if v := res.Header.Get("Link"); v != "" {
					t.Errorf("hints passed: %q", v)
				}
			}
			if got := s.dials.Load(); got != c.dials {
				t.Errorf("%d connections, want %d", got, c.dials)
			}
		})
	}
}

// TestExchangeSendsTheRequest: headers about one connection stay behind.
func TestExchangeSendsTheRequest(t *testing.T) {
	t.Parallel()
	heads := make(chan string, 1)
	s := newRaw(t, func(conn net.Conn, r *bufio.Reader, _ int32) {
		head, err := request(r)
		if err != nil {
			return
		}
		heads <- head
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	if _, _, err := ask(t, "GET", s.url+"/files/a%2Fb%20c?x=1%202", http.Header{"X-Kept": {"1", "2"}, "Connection": {"x-dropped"}, "X-Dropped": {"3"}, "Te": {"trailers"}}); err != nil {
		t.Fatal(err)
	}
	head := <-heads
	for _, want := range []string{"GET /files/a%2Fb%20c?x=1%202 HTTP/1.1\r\nHost: project\r\n", "\r\nX-Kept: 1\r\n", "\r\nX-Kept: 2\r\n", "\r\n" + ticket.Header + ": "} {
		if !strings.Contains(head, want) {
			t.Errorf("the request lacks %q:\n%s", want, head)
		}
	}
	for _, bad := range []string{"X-Dropped", "Te:", "Connection:"} {
		if strings.Contains(head, bad) {
			t.Errorf("the request has %q:\n%s", bad, head)
		}
	}
}

// TestExchangeAgain: a kept connection that the project closed meanwhile costs a
// reader nothing; what changes something is not done twice.
func TestExchangeAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		status int
	}{{"GET", 200}, {"HEAD", 200}, {"DELETE", 503}} {
		t.Run(c.method, func(t *testing.T) {
			t.Parallel()
			closed := make(chan struct{})
			s := newRaw(t, func(conn net.Conn, r *bufio.Reader, number int32) {
				if _, err := request(r); err != nil {
					return
				}
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				if number == 1 {
					request(r) // the second request is read, and never answered
					conn.Close()
					close(closed)
				}
			})
			if _, _, err := ask(t, "GET", s.url+"/1", nil); err != nil {
				t.Fatal(err)
			}
			res, _, err := ask(t, c.method, s.url+"/2", nil)
			if err != nil {
				t.Fatal(err)
			}
			<-closed
			if res.StatusCode != c.status {
				t.Errorf("got %d, want %d", res.StatusCode, c.status)
			}
		})
	}
}

// TestExchangeEndsWithItsContext: a lost right ends a download in the middle.
func TestExchangeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	s := newRaw(t, func(conn net.Conn, r *bufio.Reader, _ int32) {
		if _, err := request(r); err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello")
		io.Copy(io.Discard, r) // until the other side closes
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", s.url+"/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the project's connection stays open after the client went")
	}
}

// late is a body that the server closes when the answer begins, which here is before
// the transport has seen its end.
type late struct {
	io.ReadCloser
	left  int
	begun chan struct{}
}

func (b *late) Read(p []byte) (int, error) {
	if b.left == 0 {
		<-b.begun
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// TestAnAnswerThatBeginsEarly: a project that has all of a request may answer at once,
// and go on later.
func TestAnAnswerThatBeginsEarly(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	s := newRaw(t, func(c net.Conn, r *bufio.Reader, _ int32) {
		if _, err := request(r); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, r, 5); err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nbegun \r\n")
		<-begun
		// A hub that broke the answer off closes the connection soon; one that did not
		// waits for the rest.
		_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, _ = r.ReadByte()
		_, _ = io.WriteString(c, "4\r\ndone\r\n0\r\n\r\n")
	})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &late{r.Body, 5, begun}
		s.ServeProject(w, r, s.addr, ticket.Ticket{Project: project, Account: "a", Role: lyceum.Editor})
	}))
	t.Cleanup(front.Close)
	res, err := http.Post(front.URL+"/x", "text/plain", strings.NewReader("hello")) //nolint:noctx // the test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 6)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	close(begun)
	rest, err := io.ReadAll(res.Body)
	if got := string(first) + string(rest); err != nil || got != "begun done" {
		t.Errorf("got %q, %v, want all of it", got, err)
	}
}
