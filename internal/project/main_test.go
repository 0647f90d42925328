package project_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/lyceum"
	"lyceum/internal/project"
	"lyceum/internal/supervisor"
	"lyceum/internal/ticket"
)

// TestMain is also the project's processes: the test binary is started again as
// "supervisor" or "server".
func TestMain(m *testing.M) {
	if len(os.Args) == 6 && (os.Args[1] == "supervisor" || os.Args[1] == "server") {
		os.Exit(part(os.Args[1], os.Args[2:]))
	}
	os.Exit(m.Run())
}

func part(name string, args []string) int {
	key, err := base64.StdEncoding.DecodeString(args[3])
	if err != nil {
		return 2
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	id := lyceum.ProjectID(args[0])
	if name == "server" {
		err = project.Run(ctx, project.Config{Project: id, Home: args[1], Run: args[2], PublicKey: key, Log: log, Version: "test"})
	} else {
		server := append([]string{os.Args[0], "server"}, args...)
		err = supervisor.Run(ctx, supervisor.Config{Project: id, Home: args[1], Run: args[2], PublicKey: key, Log: log, Server: server, MaxTerminals: 8})
	}
	if err != nil {
		log.Error("ended", "err", err)
		return 1
	}
	return 0
}

// world is one project with somebody who can sign tickets for it.
type world struct {
	unpackBytes int64         // of its Config
	listTime    time.Duration // of its Config
	patience    time.Duration // of until; 0 means 20 s
	t           testing.TB
	id          lyceum.ProjectID
	home        string
	run         string
	key         ed25519.PublicKey
	signer      *ticket.Signer
	client      *http.Client
	output      *lockedBuffer // what the project's processes say
}

// newWorld makes the folders of a project that uid may use; 0 is ourselves.
func newWorld(t testing.TB, uid int) *world {
	t.Helper()
	// Short, because a socket's address has 107 bytes, and open to other users.
	base, err := os.MkdirTemp("", "ly")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, id: lyceum.NewID[lyceum.ProjectID](), home: filepath.Join(base, "home"), run: filepath.Join(base, "run"), output: &lockedBuffer{}}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	for _, dir := range []string{w.home, w.run} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if uid != 0 {
			if err := errors.Join(os.Chmod(base, 0o755), os.Chown(dir, uid, uid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	key, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.key, w.signer = key, ticket.NewSigner(private)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(w.run, project.SocketName))
	}}
	t.Cleanup(transport.CloseIdleConnections)
	w.client = &http.Client{Transport: transport}
	return w
}

// serve runs the project server in this process, without a supervisor. stop ends
// it; the test's end does too.
func serve(t testing.TB) (w *world, stop func() error) {
	t.Helper()
	w = newWorld(t, 0)
	return w, w.serve()
}

func (w *world) serve() (stop func() error) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	log := slog.New(slog.NewTextHandler(w.output, &slog.HandlerOptions{Level: slog.LevelWarn}))
	go func() {
		ended <- project.Run(ctx, project.Config{Project: w.id, Home: w.home, Run: w.run, PublicKey: w.key, Log: log, Version: "test", Tick: 200 * time.Millisecond, UnpackBytes: w.unpackBytes, ListTime: w.listTime})
	}()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-ended })
		return err
	}
	w.t.Cleanup(func() {
		if err := stop(); err != nil {
			w.t.Errorf("the project server ended with %v", err)
		}
		w.checkLog()
	})
	w.await()
	return stop
}

// launch runs supervisor and project server as real processes of uid.
func launch(t testing.TB, uid int, env ...string) (*world, *exec.Cmd) {
	t.Helper()
	w := newWorld(t, uid)
	return w, w.launch(uid, env...)
}

func (w *world) launch(uid int, env ...string) *exec.Cmd {
	t := w.t
	t.Helper()
	cmd := exec.Command(w.binary(uid), "supervisor", string(w.id), w.home, w.run, base64.StdEncoding.EncodeToString(w.key))
	cmd.Env = append(append(os.Environ(), "HOME="+w.home, "SHELL=/bin/bash", "PS1=$ ", "HISTFILE="), env...)
	cmd.Stdout, cmd.Stderr = w.output, w.output
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil && !strings.Contains(err.Error(), "already") && !strings.Contains(err.Error(), "Wait was") {
			t.Errorf("the supervisor ended with %v\n%s", err, w.output)
		}
		w.checkLog()
	})
	w.await()
	return cmd
}

// checkLog looks for what must not happen in any test: a panic, a race, a request
// or socket that failed by our fault.
func (w *world) checkLog() {
	w.t.Helper()
	for line := range strings.Lines(w.output.String()) {
		for _, bad := range []string{"panic", "DATA RACE", "a socket failed", "a request failed", " status=500 "} {
			if strings.Contains(line, bad) {
				w.t.Errorf("the log says %.500s", line)
			}
		}
	}
}

// binary is the test binary where uid may run it.
func (w *world) binary(uid int) string {
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	if uid == 0 {
		return self
	}
	path := filepath.Join(filepath.Dir(w.home), "project.test")
	if os.Link(self, path) == nil {
		return path
	}
	b, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(path, b, 0o755)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return path
}

// await returns when the project answers.
func (w *world) await() {
	w.t.Helper()
	w.until("the project answers", func() error {
		res, err := w.client.Get("http://project/healthz")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return nil
	})
}

// until polls, because what it waits for is in another process.
func (w *world) until(what string, ready func() error) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var err error
	for deadline := time.Now().Add(cmp.Or(w.patience, 20*time.Second)); time.Now().Before(deadline); <-tick.C {
		if err = ready(); err == nil {
			return
		}
	}
	w.t.Fatalf("waited in vain until %s: %v\n%s", what, err, w.output)
}

// People who ask.
func (w *world) as(role lyceum.Role) ticket.Ticket {
	digit := map[lyceum.Role]string{lyceum.Owner: "1", lyceum.Editor: "2", lyceum.Viewer: "3", "": "4"}[role]
	return ticket.Ticket{
		Project: w.id, Account: lyceum.AccountID("00000000-0000-4000-8000-00000000000" + digit), Name: "the " + string(role), Colour: 3,
		Role: role, Session: "session of the " + string(role),
	}
}

func (w *world) editor() ticket.Ticket { return w.as(lyceum.Editor) }
func (w *world) viewer() ticket.Ticket { return w.as(lyceum.Viewer) }
func (w *world) system() ticket.Ticket { return ticket.Ticket{Project: w.id, System: true} }

// request makes a request; path is escaped by the caller.
func (w *world) request(t ticket.Ticket, method, path string, body io.Reader, headers ...string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://project/"+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set(ticket.Header, w.signer.Sign(t, time.Now()))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// do sends a request and returns the answer with its whole body.
func (w *world) do(t ticket.Ticket, method, path, body string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	return w.send(w.request(t, method, path, strings.NewReader(body), headers...))
}

func (w *world) send(r *http.Request) (*http.Response, string) {
	w.t.Helper()
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(b)
}

// want sends a request as an editor and checks the status of the answer.
func (w *world) want(status int, method, path, body string, headers ...string) string {
	w.t.Helper()
	res, got := w.do(w.editor(), method, path, body, headers...)
	if res.StatusCode != status {
		w.t.Fatalf("%s %s answered %d %.300s, want %d", method, path, res.StatusCode, got, status)
	}
	return got
}

// decode reads JSON strictly.
func decode[T any](t testing.TB, s string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%.300q: %v", s, err)
	}
	return v
}

// dial opens a WebSocket.
func (w *world) dial(t ticket.Ticket, path string, protocols ...string) *websocket.Conn {
	w.t.Helper()
	c, err := w.tryDial(t, path, protocols...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func (w *world) tryDial(t ticket.Ticket, path string, protocols ...string) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(w.t.Context(), "ws://project/"+path, &websocket.DialOptions{
		HTTPClient: w.client, HTTPHeader: http.Header{ticket.Header: {w.signer.Sign(t, time.Now())}}, Subprotocols: protocols,
	})
	if err == nil {
		c.SetReadLimit(64 << 20)
	}
	return c, err
}

// code reads until the socket ends and returns its close code, -1 without one.
func (w *world) code(c *websocket.Conn) int {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			return int(websocket.CloseStatus(err))
		}
	}
}

// write makes a file in the home with its folders.
func (w *world) write(path, content string) {
	w.t.Helper()
	full := filepath.Join(w.home, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o644)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(path string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.home, path))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// lockedBuffer is written by processes and read by a test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is what was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
