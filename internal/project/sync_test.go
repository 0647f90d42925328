package project_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/ticket"
)

// clients are two unmodified y-websocket clients in a node process.
type clients struct {
	t     *testing.T
	in    io.Writer
	lines *bufio.Scanner
}

// npmClients starts them on the document at path, through a server that plays the
// hub: it adds the ticket.
func npmClients(t *testing.T, w *world, path string) *clients {
	t.Helper()
	web, err := filepath.Abs("../../web")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(web, "node_modules", "y-websocket")); err != nil {
		t.Fatal("the npm packages of the browser app are missing: run\n\tnpm ci --prefix web")
	}
	proxy := &httputil.ReverseProxy{Transport: w.client.Transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", "project"
		r.Out.Header.Set(ticket.Header, w.signer.Sign(w.editor(), time.Now()))
	}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }}
	hub := httptest.NewServer(proxy)
	t.Cleanup(hub.Close)
	cmd := exec.Command("node", "testdata/ywebsocket.mjs", web, strings.Replace(hub.URL, "http", "ws", 1)+"/sync", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = w.output
	if err := cmd.Start(); err != nil {
		t.Fatalf("node is needed: %v", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the clients ended with %v\n%s", err, w.output)
		}
	})
	return &clients{t, in, bufio.NewScanner(out)}
}

func (c *clients) do(format string, args ...any) string {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.in, format+"\n", args...); err != nil {
		c.t.Fatal(err)
	}
	if !c.lines.Scan() {
		c.t.Fatalf("the clients ended in the middle of %q: %v", fmt.Sprintf(format, args...), c.lines.Err())
	}
	return c.lines.Text()
}

// until waits until both clients have the same text and want is in it.
func (c *clients) until(want string) (text string) {
	c.t.Helper()
	quoted, err := json.Marshal(want)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(c.do("until %s", quoted)), &text); err != nil {
		c.t.Fatal(err)
	}
	return text
}

// TestUnmodifiedClients has two npm clients and a file on disk agree, over edits on
// each side and a project server that is killed in the middle.
func TestUnmodifiedClients(t *testing.T) {
	t.Parallel()
	w, cmd := launch(t, 0)
	w.write("notes/plan.txt", "first line\nlast line\n")
	c := npmClients(t, w, "notes/plan.txt")
	if got := c.until("last line"); got != "first line\nlast line\n" {
		t.Errorf("the clients begin with %q", got)
	}
	c.do(`insert 0 0 "ada: "`)
	c.do(`insert 1 11 "grace: "`)
	c.until("ada: ")
	text := c.until("grace: ")
	onDisk := func(want string) {
		t.Helper()
		w.until("the file follows", func() error {
			if got := w.read("notes/plan.txt"); got != want {
				return fmt.Errorf("it is %q, want %q", got, want)
			}
			return nil
		})
	}
	onDisk(text)
	// Whatever a client calls itself, its cursor has the name of the ticket.
	if got := c.do("seen"); got != "the editor" {
		t.Errorf("client 1 sees %q", got)
	}
	s := decode[api.ProjectStatus](t, w.want(200, "GET", "status", ""))
	if len(s.Documents) != 1 || s.Documents[0].Path != "notes/plan.txt" || len(s.Documents[0].Viewers) != 1 {
		t.Errorf("open documents are %+v", s.Documents)
	}

	// Another program changes the file, and the file API does.
	w.write("notes/plan.txt", text+"by a program\n")
	c.until("by a program\n")
	w.want(200, "PUT", "files/notes/plan.txt", text+"by a program\nby an upload\n")
	text = c.until("by an upload\n")

	// What was typed just before and while the server was away is not lost.
	c.do(`insert 0 0 "before "`)
	c.until("before ")
	if err := syscall.Kill(w.pidOfServer(cmd.Process.Pid), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.do(`insert 1 0 "while away "`)
	c.until("while away ")
	if got, want := c.until("before "), "while away before "+text; got != want && got != "before while away "+text {
		t.Errorf("after a restart the text is %q, want %q", got, want)
	}
	onDisk(c.until("away"))
}

// hello opens a document with our protocol and reads until a message of type t.
func hello(t *testing.T, c *websocket.Conn, kind string) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		_, m, err := c.Read(ctx)
		if err != nil {
			t.Fatalf("waited for %q: %v", kind, err)
		}
		if len(m) < 3 || m[0] != 100 {
			continue
		}
		i := strings.IndexByte(string(m), '{')
		if v := decode[map[string]any](t, string(m[i:])); v["t"] == kind {
			return v
		}
	}
}

// insertUpdate is an update that inserts "hi" at the beginning of the root "text",
// as client 1: one item struct (info 4: string), and no deletes.
var insertUpdate = []byte("\x00\x02" + "\x0f" + "\x01\x01\x01\x00\x04\x01\x04text\x02hi\x00")

func TestSyncSocket(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "hello")
	c := w.dial(w.editor(), "sync/a.txt?v=lyceum1")
	h := hello(t, c, "hello")
	if h["path"] != "a.txt" || h["readOnly"] != false || h["epoch"] == "" {
		t.Errorf("hello is %v", h)
	}
	if f := hello(t, c, "file"); f["state"] != "clean" {
		t.Errorf("the file is %v", f)
	}
	w.want(200, "POST", "files/a.txt", `{"action":"move","to":"b.txt"}`)
	if m := hello(t, c, "moved"); m["path"] != "b.txt" {
		t.Errorf("moved is %v", m)
	}
	if h := hello(t, w.dial(w.viewer(), "sync/b.txt?v=lyceum1"), "hello"); h["readOnly"] != true {
		t.Errorf("a viewer's hello is %v", h)
	}
	other := w.dial(w.editor(), "sync/b.txt?v=lyceum1&epoch=00000000-0000-4000-8000-000000000000")
	if got := w.code(other); got != 4409 {
		t.Errorf("another epoch closed with %d, want 4409", got)
	}
	w.want(200, "DELETE", "files/b.txt", "")
	if got := w.code(c); got != 4404 {
		t.Errorf("a document in the trash closed with %d, want 4404", got)
	}
}

// TestDocumentsAreFollowed opens documents by the paths that their files had before.
func TestDocumentsAreFollowed(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "hello")
	first := hello(t, w.dial(w.editor(), "sync/a.txt?v=lyceum1"), "hello")
	at := fmt.Sprintf("a.txt?v=lyceum1&doc=%s&epoch=%s", first["doc"], first["epoch"])
	w.want(200, "POST", "files/a.txt", `{"action":"move","to":"b.txt"}`)
	w.write("a.txt", "another")
	if h := hello(t, w.dial(w.editor(), "sync/"+at), "hello"); h["path"] != "b.txt" || h["doc"] != first["doc"] {
		t.Errorf("by its former path the document is %v, want %v at b.txt", h, first["doc"])
	}
	if h := hello(t, w.dial(w.editor(), "sync/a.txt?v=lyceum1"), "hello"); h["path"] != "a.txt" || h["doc"] == first["doc"] {
		t.Errorf("without its name the document is %v, want another one at a.txt", h)
	}
	var past api.History
	asJSON(t, w.want(200, "GET", "history/"+at, ""), &past)
	if past.Path != "b.txt" || past.Doc != first["doc"] {
		t.Errorf("the history is of %s at %q, want b.txt", past.Doc, past.Path)
	}

	// One who may not see where it went sees nothing, and what is deleted is not followed.
	w.want(200, "POST", "files/b.txt", `{"action":"move","to":".hidden"}`)
	if got := w.code(w.dial(w.viewer(), "sync/"+at)); got != 4404 {
		t.Errorf("a viewer of a hidden file is closed with %d, want 4404", got)
	}
	if res, _ := w.do(w.viewer(), "GET", "history/"+at, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("its history gives a viewer %d, want 404", res.StatusCode)
	}
	w.want(200, "DELETE", "files/.hidden", "")
	if got := w.code(w.dial(w.editor(), "sync/"+at)); got != 4409 {
		t.Errorf("a document in the trash is closed with %d, want 4409: the path has another", got)
	}
}

// TestViewersDoNotEdit closes a viewer that sends an edit.
func TestViewersDoNotEdit(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "hello")
	readOnly := w.editor()
	readOnly.ReadOnly = true
	for name, tk := range map[string]ticket.Ticket{"viewer": w.viewer(), "reading token": readOnly} {
		c := w.dial(tk, "sync/a.txt")
		for _, m := range [][]byte{{0, 0, 1, 0}, insertUpdate} { // step 1, an update
			if err := c.Write(t.Context(), websocket.MessageBinary, m); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.code(c); got != 4403 {
			t.Errorf("an edit by a %s closed with %d, want 4403", name, got)
		}
	}
	if got := w.read("a.txt"); got != "hello" {
		t.Errorf("the file is %q", got)
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("binary", "a\x00b")
	w.write("cyrillic", "\xcf\xf0\xe8\xe2")
	w.write("caf\xe9", "text with a name that is not UTF-8")
	w.write("folder/x", "")
	w.write("large", "x")
	w.write("huge", "x")
	for name, size := range map[string]int64{"large": api.MaxDocumentBytes + 1, "huge": 5 << 30} {
		if err := os.Truncate(filepath.Join(w.home, name), size); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]int{
		"binary": 4415, "cyrillic": 4415, "folder": 4415, "~x636166e9": 4415, "large": 4413, "huge": 4413, "nothing/here": 4404, "a%00b": 4400, "a%2Fb": 4400,
	} {
		if got := w.code(w.dial(w.editor(), "sync/"+path)); got != want {
			t.Errorf("sync of %s closed with %d, want %d", path, got, want)
		}
	}
}

// TestEditsAreActivity tells of the edits of a document.
func TestEditsAreActivity(t *testing.T) {
	t.Parallel()
	w, stop := serve(t)
	w.write("a.txt", "hello")
	next := control(t, w)
	next()
	began := time.Now()
	c := w.dial(w.editor(), "sync/a.txt?v=lyceum1")
	for _, m := range [][]byte{{0, 0, 1, 0}, insertUpdate} {
		if err := c.Write(t.Context(), websocket.MessageBinary, m); err != nil {
			t.Fatal(err)
		}
	}
	hello(t, c, "saved")
	for rec := next(); rec.EditedAt.Before(began); rec = next() {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("the edit was never told: %+v", rec)
		}
	}
	told := make(chan int)
	go func() { told <- w.code(c) }()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := <-told; got != 4503 {
		t.Errorf("a document closed with %d, want 4503", got)
	}
	if got := w.read("a.txt"); got != "hihello" && got != "hellohi" {
		t.Errorf("when the server stopped, the file was %q", got)
	}
}

// TestDocumentsCannotBeOpened serves the files all the same, and recovers when
// somebody has repaired the cause.
func TestDocumentsCannotBeOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	w.write(".local", "a file where the folder of logs belongs")
	w.write("a.txt", "hello")
	w.serve()
	if got := w.want(200, "GET", "files/a.txt", ""); got != "hello" {
		t.Errorf("read %q", got)
	}
	if got := w.code(w.dial(w.editor(), "sync/a.txt?v=lyceum1")); got != 4503 {
		t.Errorf("a document that cannot be opened closed with %d, want 4503", got)
	}
	if c := control(t, w)(); !strings.Contains(strings.Join(c.Warnings, "; "), "documents cannot be opened") {
		t.Errorf("the warnings are %q", c.Warnings)
	}
	w.want(204, "DELETE", "files/.local?purge=1", "")
	hello(t, w.dial(w.editor(), "sync/a.txt?v=lyceum1"), "hello")
	if c := control(t, w)(); strings.Contains(strings.Join(c.Warnings, "; "), "documents") {
		t.Errorf("after the repair the warnings are %q", c.Warnings)
	}
}
