package livedoc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/ydoc"
)

// browsers are unmodified y-websocket clients in a node process.
type browsers struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

// webConn is a Conn over a WebSocket.
type webConn struct{ *websocket.Conn }

func (c webConn) Read(ctx context.Context) ([]byte, error) {
	_, b, err := c.Conn.Read(ctx)
	return b, err
}

func (c webConn) Write(ctx context.Context, b []byte) error {
	return c.Conn.Write(ctx, websocket.MessageBinary, b)
}

// newBrowsers serves the store that h has at the moment, as a project would.
func newBrowsers(t *testing.T, h *home) *browsers {
	t.Helper()
	modules, err := filepath.Abs("../../web/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("LYCEUM_YJS"); dir != "" {
		modules = dir
	}
	if _, err := os.Stat(filepath.Join(modules, "y-websocket")); err != nil {
		t.Fatalf("npm y-websocket is missing: run `make web-deps`, or set LYCEUM_YJS to a node_modules folder that has it: %v", err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // the client hears of it
		}
		c.SetReadLimit(maxMessage)
		err = h.store().Serve(r.Context(), strings.TrimPrefix(r.URL.Path, "/sync/"), webConn{c}, Viewer{Account: "node", Name: "Node"})
		var closing *CloseError
		if errors.As(err, &closing) {
			_ = c.Close(websocket.StatusCode(closing.Code), closing.Reason) // it may be gone
		}
		_ = c.CloseNow() // closed already, in one way or the other
	}))
	t.Cleanup(srv.Close)
	cmd := exec.Command("node", "testdata/yws/client.mjs", modules, strings.Replace(srv.URL, "http", "ws", 1)+"/sync")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("node is needed: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		// Its end is not what is tested, and it may be stuck in a request.
		time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
	})
	return &browsers{t: t, in: in, out: bufio.NewScanner(out)}
}

// ask sends a request and returns the answer's value.
func (b *browsers) ask(request string) string {
	b.t.Helper()
	if _, err := io.WriteString(b.in, request+"\n"); err != nil {
		b.t.Fatal(err)
	}
	type reply struct {
		Value json.RawMessage
		Error string
	}
	got := make(chan reply, 1)
	go func() { // ends with the answer or the process
		var r reply
		if !b.out.Scan() {
			r.Error = "the process has ended"
		} else if err := json.Unmarshal(b.out.Bytes(), &r); err != nil {
			r.Error = err.Error()
		}
		got <- r
	}()
	select {
	case r := <-got:
		if r.Error != "" {
			b.t.Fatalf("%s: %s", request, r.Error)
		}
		return string(r.Value)
	case <-time.After(patience):
		b.t.Fatalf("%s: no answer", request)
		return ""
	}
}

// Unmodified y-websocket 3.1 clients edit with one of ours: text, presence, offline
// and back, a restart of the server, and an epoch that has ended.
func TestYWebsocket(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one 🏛\r\n")
	b := newBrowsers(t, h)
	ada := h.edit("a")
	b.ask(`{"op":"open","who":0,"room":"a"}`)
	b.ask(`{"op":"open","who":1,"room":"a"}`)
	b.ask(`{"op":"until","who":0,"text":"one 🏛\n"}`)
	b.ask(`{"op":"insert","who":0,"at":6,"text":" two"}`) // 🏛 is two units
	b.ask(`{"op":"until","who":1,"text":"one 🏛 two\n"}`)
	ada.waitText(t, "one 🏛 two\n")
	ada.insert(0, "zero ")
	b.ask(`{"op":"until","who":0,"text":"zero one 🏛 two\n"}`)
	h.waitFile("a", "zero one 🏛 two\r\n")

	b.ask(`{"op":"presence","who":0,"state":{"user":{"name":"Ada"},"mood":"Zoë"}}`)
	ada.send(encodeAwareness([]ydoc.AwarenessState{{Client: ada.y.Client(), Clock: 1, State: []byte(`{"user":{"name":"Ada"}}`)}}))
	if got := b.ask(`{"op":"others","who":1,"n":2}`); !strings.Contains(got, "Ada") || !strings.Contains(got, `"Node"`) || !strings.Contains(got, "Zoë") {
		t.Errorf("the others are %s", got)
	}
	b.ask(`{"op":"offline","who":0}`)
	if got := b.ask(`{"op":"others","who":1,"n":1}`); !strings.Contains(got, "Ada") {
		t.Errorf("the other is %s", got)
	}
	b.ask(`{"op":"insert","who":0,"at":0,"text":"offline "}`)
	b.ask(`{"op":"delete","who":1,"at":0,"n":5}`)
	ada.waitText(t, "one 🏛 two\n")
	h.replace("a", "one 🏛 two\r\nfrom disk\r\n")
	b.ask(`{"op":"until","who":1,"text":"one 🏛 two\nfrom disk\n"}`)
	b.ask(`{"op":"online","who":0}`)
	for _, who := range []string{"0", "1"} {
		b.ask(`{"op":"until","who":` + who + `,"text":"offline one 🏛 two\nfrom disk\n"}`)
	}
	h.waitFile("a", "offline one 🏛 two\r\nfrom disk\r\n")

	// They come back by themselves after a restart.
	doc := ada.hello.Doc
	h.restart()
	b.ask(`{"op":"insert","who":1,"at":0,"text":"still "}`)
	b.ask(`{"op":"until","who":0,"text":"still offline one 🏛 two\nfrom disk\n"}`)
	h.waitFile("a", "still offline one 🏛 two\r\nfrom disk\r\n")

	// The log is lost: they must not bring the old state into the new epoch.
	b.ask(`{"op":"offline","who":1}`)
	h.restart(func() {
		if err := os.RemoveAll(filepath.Join(h.cfg.State, doc)); err != nil {
			t.Fatal(err)
		}
	})
	b.ask(`{"op":"closed","who":0,"code":4409}`)
	b.ask(`{"op":"open","who":2,"room":"a"}`)
	b.ask(`{"op":"until","who":2,"text":"still offline one 🏛 two\nfrom disk\n"}`)
}
