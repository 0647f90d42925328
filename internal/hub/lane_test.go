package hub

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lane"
	"lyceum/internal/lyceum"
)

// wire is one connection to a server.
type wire struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func dialWire(t *testing.T, addr string) *wire {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &wire{t, c, bufio.NewReader(c)}
}

// ask sends a request and returns by which side it was served, and the answer without
// what is another each time and without how its end is told, which is what ReadAll heeds.
func (w *wire) ask(request string) (side, answer string) {
	w.t.Helper()
	if _, err := io.WriteString(w.Conn, request); err != nil {
		w.t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%.80q: %v", request, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%.80q: %v", request, err)
	}
	side = res.Header.Get("X-Served-By")
	id := res.Header.Get("X-Request-Id")
	for _, name := range []string{"X-Served-By", "X-Request-Id", "Date"} {
		if res.Header.Get(name) == "" {
			w.t.Errorf("%.80q: there is no %s", request, name)
		}
		res.Header.Del(name)
	}
	res.Header.Del("Content-Length") // net/http sends longer ones in pieces
	text := strings.ReplaceAll(string(body), id, "(id)")
	return side, fmt.Sprintf("%s %d\n%v\n%s", res.Proto, res.StatusCode, res.Header, text)
}

// laneOf serves the site with a lane as the product does, and says in each answer
// who served it.
func laneOf(t *testing.T, s *site) (addr string) {
	t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Served-By", fmt.Sprintf("%T", w))
		s.Handler().ServeHTTP(w, r)
	})
	server := lane.New(lane.Config{Server: &http.Server{Handler: h, ReadHeaderTimeout: patience}, Takes: s.TakesPlain, Log: slog.New(slog.DiscardHandler)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.ok(err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return l.Addr().String()
}

const onLane = "*lane.answer"

// TestAPIOnTheLane: whatever the API answers to a plain request it answers on the
// lane, byte for byte; what is no plain request of the API is not served there.
func TestAPIOnTheLane(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	addr := laneOf(t, s)
	owner, admin := s.person(false), s.person(true)
	p := s.project(owner)
	for range 3 {
		s.project(owner)
	}
	head := func(b *browser, more string) string {
		h := "Host: " + strings.TrimPrefix(s.base, "http://") + "\r\n"
		if b != nil {
			h += "Cookie: lyceum=" + b.secret.Reveal() + "\r\n"
		}
		return h + more + "\r\n"
	}
	b, root := s.in(owner), s.in(admin)
	fast := dialWire(t, addr)
	enter := func() {
		for range 3 {
			fast.ask("GET /api/v1/account HTTP/1.1\r\n" + head(b, ""))
		}
	}
	enter()
	paths := []string{
		"/api/v1/projects?limit=2", "/api/v1/projects?filter=deleted", "/api/v1/projects?query=Pro", "/api/v1/projects?limit=0", "/api/v1/projects?nonsense=1",
		"/api/v1/projects/not-there", "/api/v1/nothing", "/api/v1/people?query=Person", "/api/v1/admin/accounts", "/api/v1/projects/" + string(lyceum.NewID[lyceum.ProjectID]()),
		"/api/v1/projects/%2e%2e/x", "/api/v1/docs",
	}
	for _, o := range operations() {
		if o.method == http.MethodGet {
			paths = append(paths, prefix+strings.NewReplacer("{id}", string(p), "{secret}", "secret").Replace(o.path))
		}
	}
	for _, path := range paths {
		for _, method := range []string{"GET", "HEAD"} {
			for who, h := range map[string]string{"owner": head(b, ""), "administrator": head(root, "Accept: application/json\r\n"), "nobody": head(nil, ""), "another site": head(b, "Sec-Fetch-Site: cross-site\r\n")} {
				request := method + " " + path + " HTTP/1.1\r\n" + h
				side, got := fast.ask(request)
				if side != onLane {
					t.Errorf("%s %s of %s was served by %s", method, path, who, side)
					enter()
				}
				side, want := dialWire(t, addr).ask(request)
				if side == onLane {
					t.Fatalf("the first request of a connection was served by %s", side)
				}
				if path == prefix+"/admin/machine" {
					continue // tells what the machine does at the moment
				}
				if diff := cmp.Diff(got, want); diff != "" {
					t.Errorf("%s %s of %s (-lane +net/http):\n%s", method, path, who, diff)
				}
			}
		}
	}
	for _, request := range []string{
		"GET /healthz HTTP/1.1\r\n" + head(b, ""),
		"PATCH /api/v1/projects/" + string(p) + " HTTP/1.1\r\n" + head(b, "Content-Type: application/json\r\nContent-Length: 18\r\n") + `{"name":"On lane"}`,
		"GET /api/v1/account HTTP/1.1\r\n" + head(b, "Upgrade: websocket\r\nConnection: Upgrade\r\n"),
		"GET /api/v1/account HTTP/1.1\r\n" + head(b, "Content-Length: 2\r\n") + "{}",
	} {
		enter()
		if side, answer := fast.ask(request); side == onLane {
			t.Errorf("%.40q was served by the lane: %s", request, answer)
		}
	}
	if s.TakesPlain(prefix + "/events") {
		t.Error("the lane would serve the event stream, which lasts")
	}
}
