package link_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/compute"
	"lyceum/internal/link"
	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

const project = lyceum.ProjectID("7f3a0c1e-5f0b-4c59-9b8e-0d5a3f6f2f11")

// site is a link, and an HTTP server that leads every request to one project.
type site struct {
	*link.Link
	addr     compute.Address
	verifier *ticket.Verifier
	url      string
}

// newSite serves h as the project, on a real Unix socket.
func newSite(t *testing.T, h func(*site) http.HandlerFunc) *site {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer := ticket.NewSigner(private)
	s := &site{Link: link.New(link.Config{Signer: signer, Log: slog.New(slog.DiscardHandler)})}
	t.Cleanup(s.Close)
	if s.verifier, err = ticket.NewVerifier(public, project); err != nil {
		t.Fatal(err)
	}
	s.addr = compute.Address{Socket: filepath.Join(t.TempDir(), "project.sock")}
	l, err := net.Listen("unix", s.addr.Socket)
	if err != nil {
		t.Fatal(err)
	}
	behind := &http.Server{Handler: h(s)}
	served := make(chan error, 1)
	go func() { served <- behind.Serve(l) }()
	t.Cleanup(func() {
		behind.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	s.front(t, func(w http.ResponseWriter, r *http.Request) {
		s.ServeProject(w, r, s.addr, ticket.Ticket{Project: project, Account: "a", Name: "Ada", Role: lyceum.Editor})
	})
	return s
}

// front lets h answer the clients.
func (s *site) front(t *testing.T, h http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s.url = server.URL
}

func (s *site) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func TestRequestCarriesTicketAndPath(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			got, err := s.verifier.Verify(r.Header.Get(ticket.Header), time.Now())
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, got.Name+" "+r.URL.EscapedPath()+" "+r.URL.RawQuery)
		}
	})
	if _, got := s.get(t, "/files/a%2Fb/%C3%A9.txt?limit=3"); got != "Ada /files/a%2Fb/%C3%A9.txt limit=3" {
		t.Errorf("the project saw %q", got)
	}
}

func TestAnswersSpeakNotForTheSite(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(*site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "session=evil")
			w.Header().Set("Clear-Site-Data", `"cookies"`)
			w.Header().Set("Access-Control-Allow-Origin", "*")
			if r.URL.Path == "/socket" {
				w.Header().Set("Link", "</evil.css>; rel=preload")
				c, err := websocket.Accept(w, r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				c.CloseNow()
			}
		}
	})
	res, _ := s.get(t, "/files/a")
	for _, name := range []string{"Set-Cookie", "Clear-Site-Data", "Access-Control-Allow-Origin"} {
		if v := res.Header.Get(name); v != "" {
			t.Errorf("an answer passed with %s: %s", name, v)
		}
	}
	c, res, err := websocket.Dial(t.Context(), s.url+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, name := range []string{"Set-Cookie", "Clear-Site-Data", "Access-Control-Allow-Origin", "Link"} {
		if v := res.Header.Get(name); v != "" {
			t.Errorf("the answer that became a WebSocket passed with %s: %s", name, v)
		}
	}
}

// echo answers each message with itself until the client goes.
func echo(t *testing.T) func(*site) http.HandlerFunc {
	return func(*site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.CloseNow()
			for {
				kind, b, err := c.Read(r.Context())
				if err != nil || c.Write(r.Context(), kind, b) != nil {
					return
				}
			}
		}
	}
}

func TestWebSocketPassesAndEndsWithItsRight(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo(t))
	right, lose := context.WithCancel(t.Context())
	ended := make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		s.ServeProject(w, r.WithContext(right), s.addr, ticket.Ticket{Project: project})
	}))
	defer front.Close()
	c, _, err := websocket.Dial(t.Context(), front.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, b, err := c.Read(t.Context()); err != nil || string(b) != "hello" {
		t.Fatalf("got %q, %v, want the message back", b, err)
	}
	lose()
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the socket went on after its right was lost")
	}
	<-ended
}

func TestProjectThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo(t))
	s.addr.Socket += ".gone"
	res, body := s.get(t, "/files/a")
	var p api.Problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if res.StatusCode != http.StatusServiceUnavailable || p.Code != "unavailable" || strings.Contains(body, s.addr.Socket) {
		t.Errorf("got %d %s, want 503 without a path of this machine", res.StatusCode, body)
	}
}

func TestControlStream(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := newSite(t, func(s *site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			got, err := s.verifier.Verify(r.Header.Get(ticket.Header), time.Now())
			if err != nil || !got.System {
				t.Errorf("got ticket %+v, %v, want the system's", got, err)
			}
			out := json.NewEncoder(w)
			for i := range 3 {
				if err := out.Encode(api.Control{ActiveAt: at, Terminals: i}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	var got []int
	err := s.Control(t.Context(), project, s.addr, func(c api.Control) {
		if !c.ActiveAt.Equal(at) {
			t.Errorf("got %v, want %v", c.ActiveAt, at)
		}
		got = append(got, c.Terminals)
	})
	if !lyceum.IsKind(err, lyceum.Unavailable) || len(got) != 3 || got[2] != 2 {
		t.Errorf("got records %v and %v, want three and the end as unavailable", got, err)
	}
}

func TestControlRefusesWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"not JSON":  "hello\n",
		"too long":  `{"warnings":["` + strings.Repeat("x", 100<<10) + `"]}` + "\n",
		"no object": "[1]\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(*site) http.HandlerFunc {
				return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, line) }
			})
			called := false
			err := s.Control(t.Context(), project, s.addr, func(api.Control) { called = true })
			if called || !lyceum.IsKind(err, lyceum.Unavailable) {
				t.Errorf("got called %v and %v, want it refused", called, err)
			}
		})
	}
}

func TestCutSendsWhatToClose(t *testing.T) {
	t.Parallel()
	want := api.Cut{Account: "a", Role: "viewer"}
	s := newSite(t, func(s *site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var got api.Cut
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil || got != want || r.Method != http.MethodPost || r.URL.Path != "/cut" {
				t.Errorf("got %s %s %+v, %v", r.Method, r.URL.Path, got, err)
			}
			w.WriteHeader(http.StatusNoContent)
		}
	})
	if err := s.Cut(t.Context(), project, s.addr, want); err != nil {
		t.Error(err)
	}
}
