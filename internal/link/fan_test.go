package link_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/fan"
	"lyceum/internal/lyceum"
	"lyceum/internal/socket"
	"lyceum/internal/ticket"
)

// hall is a project whose sockets are held by a real Set, as a project server's.
type hall struct {
	*site
	set socket.Set

	mu    sync.Mutex
	conns []*socket.Conn
	came  chan *socket.Conn
}

func newHall(t *testing.T, o socket.Options) *hall {
	t.Helper()
	h := &hall{came: make(chan *socket.Conn, 100)}
	h.site = newSite(t, func(*site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if id, ok := strings.CutPrefix(r.URL.Path, "/fan/"); ok {
				if err := h.set.ServeFan(w, r, id); err != nil {
					t.Error(err)
				}
				return
			}
			tk := ticket.Ticket{Project: project, Account: lyceum.AccountID(r.URL.Query().Get("account")), Role: lyceum.Editor}
			err := h.set.Serve(w, r, tk, o, func(ctx context.Context, c *socket.Conn) error {
				h.mu.Lock()
				h.conns = append(h.conns, c)
				h.mu.Unlock()
				h.came <- c
				for {
					b, err := c.Read(ctx)
					if err != nil {
						return err
					}
					if err := c.Write(ctx, b); err != nil {
						return err
					}
				}
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	return h
}

// open opens a socket and waits until the project has it.
func (h *hall) open(t *testing.T, path string) (*websocket.Conn, *socket.Conn) {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), h.url+path, &websocket.DialOptions{HTTPHeader: http.Header{fan.Header: {fan.Offer(strings.Repeat("0", 32), 1)}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	c.SetReadLimit(32 << 20)
	return c, <-h.came
}

func (h *hall) cast(msg string) (rest []*socket.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return socket.Cast([]byte(msg), h.conns)
}

func hears(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, got, err := c.Read(ctx); err != nil || string(got) != want {
		t.Fatalf("got %.40q, %v, want %.40q", got, err, want)
	}
}

// TestACastReachesAllInOrder, between messages to one, in both directions.
func TestACastReachesAllInOrder(t *testing.T) {
	t.Parallel()
	h := newHall(t, socket.Options{Limit: 16 << 20})
	var all []*websocket.Conn
	for range 5 {
		c, _ := h.open(t, "/sync/a")
		all = append(all, c)
	}
	large := strings.Repeat("x", 300<<10) // more than a frame of the fan, and than it may hold
	for _, c := range all {
		if rest := h.cast("one"); len(rest) > 0 {
			t.Fatalf("%d of 5 could not be cast to", len(rest))
		}
		for _, o := range all {
			hears(t, o, "one")
		}
		for _, msg := range []string{"mine", large, strings.Repeat("y", 70_000)} {
			if err := c.Write(t.Context(), websocket.MessageBinary, []byte(msg)); err != nil {
				t.Fatal(err)
			}
			hears(t, c, msg)
		}
	}
}

// TestPingsPass both ways: they are what tells that a connection is dead.
func TestPingsPass(t *testing.T) {
	t.Parallel()
	h := newHall(t, socket.Options{Ping: 20 * time.Millisecond})
	pings := make(chan struct{}, 1)
	c, _, err := websocket.Dial(t.Context(), h.url+"/sync/a", &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool {
		select {
		case pings <- struct{}{}:
		default:
		}
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.CloseRead(t.Context()), 10*time.Second)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		t.Errorf("ping: %v", err)
	}
	select {
	case <-pings:
	case <-ctx.Done():
		t.Error("no ping came from the project")
	}
}

// TestOthersAreLeft: who came by no fan is said to be, and nobody can put itself into
// one.
func TestOthersAreLeft(t *testing.T) {
	t.Parallel()
	h := newHall(t, socket.Options{})
	c, behind := h.open(t, "/term/a")
	if rest := h.cast("hello"); !slices.Equal(rest, []*socket.Conn{behind}) {
		t.Errorf("got %d sockets that are left, want the one", len(rest))
	}
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	hears(t, c, "hello")
}

// TestASlowClientDelaysNobody and is told all the same, when it reads again.
func TestASlowClientDelaysNobody(t *testing.T) {
	t.Parallel()
	h := newHall(t, socket.Options{})
	slow, behind := h.open(t, "/sync/a")
	quick, _ := h.open(t, "/sync/a")
	quick.SetReadLimit(64 << 20)
	slow.SetReadLimit(64 << 20)
	msg := make([]byte, 60<<10)
	_, _ = rand.Read(msg)
	sent := 0
	for deadline := time.Now().Add(20 * time.Second); ; sent++ {
		if time.Now().After(deadline) {
			t.Fatalf("after %d casts the client that does not read is still sent more", sent)
		}
		rest := h.cast(string(msg))
		if slices.Contains(rest, behind) && len(rest) == 1 {
			break
		}
		if len(rest) == 0 {
			hears(t, quick, string(msg))
			continue
		}
		// The fan itself was full for a moment; those that are left are told apart.
		for _, c := range rest {
			if err := c.Write(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
		}
		hears(t, quick, string(msg))
	}
	hears(t, quick, string(msg)) // the one that was told apart from slow
	for range sent {
		hears(t, slow, string(msg))
	}
	// It has taken everything, which the project hears of.
	for deadline := time.Now().Add(10 * time.Second); len(h.cast("now")) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the client that reads again is still left out")
		}
		hears(t, quick, "now")
	}
	hears(t, quick, "now")
	hears(t, slow, "now")
}

// TestTheLastWordArrives: a reason to close comes after all that was sent before it,
// though the socket's own connection ends at once.
func TestTheLastWordArrives(t *testing.T) {
	t.Parallel()
	h := newHall(t, socket.Options{})
	c, behind := h.open(t, "/sync/a?account=ada")
	_, _ = h.open(t, "/sync/a?account=grace")
	h.cast("one")
	h.set.Cut(t.Context(), api.Cut{Account: "ada"})
	if rest := h.cast("two"); !slices.Contains(rest, behind) {
		t.Error("something was cast to a socket that was closed")
	}
	hears(t, c, "one")
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != socket.CodeForbidden {
		t.Errorf("got %v, want the code %d", err, socket.CodeForbidden)
	}
}

// TestAStoppingProjectSaysSo by the fan, before that is closed.
func TestAStoppingProjectSaysSo(t *testing.T) {
	t.Parallel()
	h := newHall(t, socket.Options{})
	a, _ := h.open(t, "/sync/a")
	b, _ := h.open(t, "/sync/a")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go func() { // reads, as a closing handshake needs it; ends with the socket
		_, _, _ = a.Read(ctx)
	}()
	closed := make(chan struct{})
	go func() { // ends when the set is closed
		defer close(closed)
		h.set.Close(ctx)
	}()
	if _, _, err := b.Read(ctx); websocket.CloseStatus(err) != socket.CodeStopping {
		t.Errorf("got %v, want the code %d", err, socket.CodeStopping)
	}
	<-closed
	if ctx.Err() != nil {
		t.Error("the fan was not closed")
	}
}

// TestABadFanEndsItsSockets, and the site goes on.
func TestABadFanEndsItsSockets(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string][]byte{
		"no frame":          {77},
		"a signal of a hub": fan.AppendSignal(nil, fan.Stop, 1),
		"cut off":           fan.AppendData(nil, []uint32{1}, []byte("hello"))[:8],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			say := make(chan struct{})
			s := newSite(t, func(*site) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					if strings.HasPrefix(r.URL.Path, "/fan/") {
						raw := takeOver(t, w, r, fan.Protocol)
						// Nobody's socket: is not heard.
						_, _ = raw.Write(fan.AppendData(nil, []uint32{1 << 31}, []byte("hello")))
						<-say
						_, _ = raw.Write(bad)
						_ = raw.Close()
						return
					}
					w.Header().Set(fan.Header, "1")
					c, err := websocket.Accept(w, r, nil)
					if err != nil {
						t.Error(err)
						return
					}
					_, _, _ = c.Read(context.Background()) // until it ends
				}
			})
			c, _, err := websocket.Dial(t.Context(), s.url+"/sync/a", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			close(say)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, _, err := c.Read(ctx); err == nil || ctx.Err() != nil {
				t.Errorf("got %v, want the end of the socket", err)
			}
		})
	}
}

// TestTooMuchEndsASocket: a project that goes on after a stop costs the hub no memory.
func TestTooMuchEndsASocket(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(*site) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/fan/") {
				raw := takeOver(t, w, r, fan.Protocol)
				frame := fan.AppendData(nil, []uint32{1}, make([]byte, fan.MaxData))
				for {
					if _, err := raw.Write(frame); err != nil {
						return
					}
				}
			}
			w.Header().Set(fan.Header, "1")
			raw := takeOver(t, w, r, "websocket")
			var b [1]byte
			_, _ = raw.Read(b[:]) // until it ends
			_ = raw.Close()
		}
	})
	ended := make(chan struct{})
	s.front(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		s.ServeProject(w, r, s.addr, ticket.Ticket{Project: project})
	})
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET /sync/a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	select { // the client never reads
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the socket goes on")
	}
}

// takeOver switches to the protocol and returns the bare connection.
func takeOver(t *testing.T, w http.ResponseWriter, r *http.Request, protocol string) net.Conn {
	t.Helper()
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", protocol)
	w.WriteHeader(http.StatusSwitchingProtocols)
	raw, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(errors.Join(err, r.Context().Err()))
	}
	return raw
}
