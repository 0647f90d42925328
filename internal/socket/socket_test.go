package socket_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/socket"
	"lyceum/internal/ticket"
)

var ada = ticket.Ticket{Account: "a0a0a0a0-0000-4000-8000-000000000001", Name: "Ada", Role: lyceum.Editor, Session: "s1"}

// serve runs f on each socket of a set, and returns its address.
func serve(t *testing.T, set *socket.Set, tk ticket.Ticket, o socket.Options, f func(context.Context, *socket.Conn) error) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := set.Serve(w, r, tk, o, f); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

// closed reads until the socket ends and returns its code.
func closed(t *testing.T, c *websocket.Conn) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			e, _ := errors.AsType[websocket.CloseError](err)
			return int(e.Code), e.Reason
		}
	}
}

func echo(ctx context.Context, c *socket.Conn) error {
	for {
		m, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m); err != nil {
			return err
		}
	}
}

func TestEcho(t *testing.T) {
	t.Parallel()
	var set socket.Set
	c := dial(t, serve(t, &set, ada, socket.Options{}, echo))
	for _, want := range []string{"one", "", strings.Repeat("x", 10000)} {
		if err := c.Write(t.Context(), websocket.MessageBinary, []byte(want)); err != nil {
			t.Fatal(err)
		}
		kind, got, err := c.Read(t.Context())
		if err != nil || kind != websocket.MessageBinary || string(got) != want {
			t.Fatalf("read %v %.20q %v, want %.20q back", kind, got, err, want)
		}
	}
	if people := set.People(); len(people) != 1 || people[0].Name != "Ada" {
		t.Errorf("people are %v, want Ada", people)
	}
}

func TestHowSocketsEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 1000},
		{&socket.CloseError{Code: 4409, Reason: "replaced"}, 4409},
		{lyceum.Errorf(lyceum.NotFound, "gone"), 4404},
		{lyceum.Errorf(lyceum.Forbidden, "no"), 4403},
		{lyceum.Errorf(lyceum.Invalid, "what"), 4400},
		{lyceum.Errorf(lyceum.TooLarge, "large"), 4413},
		{lyceum.Errorf(lyceum.Unavailable, "later"), 4503},
		{errors.New("secret detail"), 1011},
		{lyceum.Wrap(lyceum.Internal, errors.New("x"), "secret detail"), 1011},
		{&socket.CloseError{Code: 4400, Reason: strings.Repeat("ö", 200)}, 4400}, // longer than a close frame
	} {
		var set socket.Set
		code, reason := closed(t, dial(t, serve(t, &set, ada, socket.Options{}, func(context.Context, *socket.Conn) error { return c.err })))
		if code != c.want {
			t.Errorf("%v: closed with %d, want %d", c.err, code, c.want)
		}
		if strings.Contains(reason, "secret") {
			t.Errorf("the reason tells %q, want nothing of an internal error", reason)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cut  api.Cut
		want int // 0: it stays
	}{
		{api.Cut{Session: "s1"}, 4401},
		{api.Cut{Account: string(ada.Account)}, 4403},
		{api.Cut{Account: string(ada.Account), Role: "viewer"}, 4403},
		{api.Cut{Account: string(ada.Account), Role: "editor"}, 0},
		{api.Cut{Session: "s2"}, 0},
		{api.Cut{}, 0},
	} {
		var set socket.Set
		begun := make(chan struct{})
		client := dial(t, serve(t, &set, ada, socket.Options{}, func(ctx context.Context, c *socket.Conn) error {
			close(begun)
			return echo(ctx, c)
		}))
		<-begun
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		set.Cut(ctx, c.cut) // the client does not read yet
		cancel()
		if c.want == 0 {
			if err := client.Write(t.Context(), websocket.MessageBinary, []byte("still here")); err != nil {
				t.Fatal(err)
			}
			if _, _, err := client.Read(t.Context()); err != nil {
				t.Errorf("%+v ended the socket: %v", c.cut, err)
			}
			continue
		}
		if code, _ := closed(t, client); code != c.want {
			t.Errorf("%+v: closed with %d, want %d", c.cut, code, c.want)
		}
	}
}

func TestCloseRefusesMore(t *testing.T) {
	t.Parallel()
	var set socket.Set
	begun := make(chan struct{}, 1)
	url := serve(t, &set, ada, socket.Options{}, func(ctx context.Context, c *socket.Conn) error {
		begun <- struct{}{}
		return echo(ctx, c)
	})
	c := dial(t, url)
	<-begun
	told := make(chan int)
	go func() {
		code, _ := closed(t, c)
		told <- code
	}()
	set.Close(t.Context())
	if got := <-told; got != socket.CodeStopping {
		t.Errorf("closed with %d, want %d", got, socket.CodeStopping)
	}
	if set.Len() != 0 {
		t.Errorf("%d sockets are open after Close", set.Len())
	}
	if _, res, err := websocket.Dial(t.Context(), url, nil); err == nil || res.StatusCode != http.StatusTeapot {
		t.Errorf("a socket could be opened after Close: %v", err)
	}
}

// TestSlowReader holds the stated answer: who does not take a message in time is cut.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	var set socket.Set
	ended := make(chan error, 1)
	dial(t, serve(t, &set, ada, socket.Options{Stall: 100 * time.Millisecond}, func(ctx context.Context, c *socket.Conn) error {
		msg := make([]byte, 1<<20)
		for {
			if err := c.Write(ctx, msg); err != nil {
				ended <- err
				return err
			}
		}
	}))
	var e *socket.CloseError
	if err := <-ended; !errors.As(err, &e) || e.Code != socket.CodeTooSlow {
		t.Errorf("the write ended with %v, want code %d", err, socket.CodeTooSlow)
	}
}

// TestCutWhileWriting makes sure that a client that takes nothing cannot keep a
// socket that lost its right.
func TestCutWhileWriting(t *testing.T) {
	t.Parallel()
	var set socket.Set
	begun := make(chan struct{})
	ended := make(chan struct{})
	dial(t, serve(t, &set, ada, socket.Options{}, func(ctx context.Context, c *socket.Conn) error {
		defer close(ended)
		close(begun)
		msg := make([]byte, 1<<20)
		for {
			if err := c.Write(ctx, msg); err != nil {
				return err
			}
		}
	}))
	<-begun
	set.Cut(t.Context(), api.Cut{Session: "s1"})
	select {
	case <-ended:
	default:
		t.Fatal("Cut returned before the socket ended")
	}
}

func TestWrongType(t *testing.T) {
	t.Parallel()
	var set socket.Set
	c := dial(t, serve(t, &set, ada, socket.Options{}, echo))
	if err := c.Write(t.Context(), websocket.MessageText, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if code, _ := closed(t, c); code != socket.CodeProtocol {
		t.Errorf("closed with %d, want %d", code, socket.CodeProtocol)
	}
}

// TestDeadClient leaves a socket without anybody who reads: no pong comes.
func TestDeadClient(t *testing.T) {
	t.Parallel()
	var set socket.Set
	ended := make(chan error, 1)
	dial(t, serve(t, &set, ada, socket.Options{Ping: 20 * time.Millisecond}, func(ctx context.Context, c *socket.Conn) error {
		_, err := c.Read(ctx)
		ended <- err
		return err
	}))
	select {
	case err := <-ended:
		if err == nil {
			t.Error("something was read, want an error")
		}
	case <-time.After(10 * time.Second):
		t.Error("a dead client was never noticed")
	}
}

// TestLivingClient answers pings and says nothing: it stays.
func TestLivingClient(t *testing.T) {
	t.Parallel()
	var set socket.Set
	c := dial(t, serve(t, &set, ada, socket.Options{Ping: 250 * time.Millisecond}, func(ctx context.Context, c *socket.Conn) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(1500 * time.Millisecond): // more than the pings that a dead one may miss
			return c.Write(ctx, []byte("well"))
		}
	}))
	if _, m, err := c.Read(t.Context()); err != nil || string(m) != "well" {
		t.Errorf("read %q %v, want a word after many pings", m, err)
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "project.sock")
	first, err := socket.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the socket has %v %v, want mode 0600", fi, err)
	}
	_ = first.Close()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the left-over socket is gone: %v", err)
	}
	second, err := socket.Listen(path)
	if err != nil {
		t.Fatalf("a left-over socket is in the way: %v", err)
	}
	defer second.Close()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(names) != 1 {
		t.Errorf("the folder has %v, want the socket only (%v)", names, err)
	}
}

// TestEach has messages told on the reader's goroutine: in order, one at a time, until
// the function fails, the client goes or the socket is cut.
func TestEach(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(set *socket.Set, client *websocket.Conn)
		want int
	}{
		"it fails":        {func(_ *socket.Set, client *websocket.Conn) { say(t, client, "enough") }, 4413},
		"it is cut":       {func(set *socket.Set, _ *websocket.Conn) { set.Cut(t.Context(), api.Cut{Session: "s1"}) }, 4401},
		"the client goes": {func(_ *socket.Set, client *websocket.Conn) { _ = client.CloseNow() }, 0},
		"a wrong type": {func(_ *socket.Set, client *websocket.Conn) {
			_ = client.Write(t.Context(), websocket.MessageText, []byte("x"))
		}, 4400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var set socket.Set
			var got []string
			heard, ended := make(chan int, 1), make(chan []string, 1)
			client := dial(t, serve(t, &set, ada, socket.Options{}, func(ctx context.Context, c *socket.Conn) error {
				err := c.Each(ctx, func(m []byte) error {
					if got = append(got, string(m)); string(m) == "enough" {
						return &socket.CloseError{Code: 4413, Reason: "enough"}
					}
					if len(got) == 100 {
						heard <- len(got)
					}
					return nil
				})
				ended <- slices.Clone(got) // nothing is told behind its end: -race would see it
				return err
			}))
			for i := range 100 {
				say(t, client, strconv.Itoa(i))
			}
			<-heard
			told := make(chan int, 1)
			if c.want > 0 {
				go func() {
					code, _ := closed(t, client)
					told <- code
				}()
			}
			c.end(&set, client)
			all := <-ended
			for i := range 100 {
				if all[i] != strconv.Itoa(i) {
					t.Fatalf("message %d is %q", i, all[i])
				}
			}
			if c.want == 0 {
				return
			}
			if code := <-told; code != c.want {
				t.Errorf("closed with %d, want %d", code, c.want)
			}
		})
	}
}

// TestClosedBeforeItReads ends in time although nobody has read what the client sent,
// and it does not answer the close frame.
func TestClosedBeforeItReads(t *testing.T) {
	t.Parallel()
	var set socket.Set
	sent := make(chan struct{})
	client := dial(t, serve(t, &set, ada, socket.Options{}, func(context.Context, *socket.Conn) error {
		<-sent
		return lyceum.Errorf(lyceum.NotFound, "gone")
	}))
	say(t, client, "hello")
	begun := time.Now()
	close(sent)
	set.Cut(t.Context(), api.Cut{Session: "s1"}) // waits for its end
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("it took %v, the library's own patience", took)
	}
	if code, _ := closed(t, client); code != 4404 && code != 4401 {
		t.Errorf("closed with %d, want 4404 or 4401", code)
	}
}

func say(t *testing.T, c *websocket.Conn, m string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte(m)); err != nil {
		t.Fatal(err)
	}
}
