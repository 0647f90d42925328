package supervisor

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
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

	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

// TestMain is also the supervisor's process: the test binary started again, because
// a supervisor reaps every child of its process.
func TestMain(m *testing.M) {
	if len(os.Args) > 5 && os.Args[1] == "supervisor" {
		os.Exit(supervise(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func supervise(args []string) int {
	key, err := base64.StdEncoding.DecodeString(args[3])
	if err != nil {
		return 2
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err = Run(ctx, Config{Project: lyceum.ProjectID(args[0]), Home: args[1], Run: args[2], PublicKey: key, Log: log, Server: args[4:], Grace: time.Second})
	if err != nil {
		log.Error("ended", "err", err)
		return 1
	}
	return 0
}

// world is one supervisor and somebody who can sign tickets for it.
type world struct {
	t      testing.TB
	id     lyceum.ProjectID
	home   string
	cmd    *exec.Cmd
	signer *ticket.Signer
	client *http.Client
	output *lockedBuffer
}

// launch runs a supervisor over the server argv.
func launch(t testing.TB, server ...string) *world {
	t.Helper()
	base, err := os.MkdirTemp("", "ls") // short, because a socket's address has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	key, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, id: lyceum.NewID[lyceum.ProjectID](), home: base, signer: ticket.NewSigner(private), output: &lockedBuffer{}}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(base, SocketName))
	}}
	t.Cleanup(transport.CloseIdleConnections)
	w.client = &http.Client{Transport: transport}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w.cmd = exec.Command(self, append([]string{"supervisor", string(w.id), base, base, base64.StdEncoding.EncodeToString(key)}, server...)...)
	w.cmd.Env = append(os.Environ(), "HOME="+base, "SHELL=/bin/sh")
	w.cmd.Dir = base
	w.cmd.Stdout, w.cmd.Stderr = w.output, w.output
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	w.until("the supervisor answers", func() error {
		res, err := w.client.Get("http://supervisor/healthz")
		if err == nil {
			err = res.Body.Close()
		}
		return err
	})
	return w
}

// stop ends the supervisor, once, and checks that it went well.
func (w *world) stop() {
	w.t.Helper()
	if w.cmd.ProcessState != nil {
		return
	}
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	if err := w.cmd.Wait(); err != nil {
		w.t.Errorf("the supervisor ended with %v\n%s", err, w.output)
	}
}

// until polls, because what it waits for is in another process.
func (w *world) until(what string, ready func() error) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		if err = ready(); err == nil {
			return
		}
	}
	w.t.Fatalf("waited in vain until %s: %v\n%s", what, err, w.output)
}

func (w *world) editor() ticket.Ticket {
	return ticket.Ticket{Project: w.id, Account: "00000000-0000-4000-8000-000000000001", Name: "Ada", Role: lyceum.Editor, Session: "s"}
}

// do sends a request with a header's value of a ticket.
func (w *world) do(header, method, path, body string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://supervisor/"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if header != "" {
		r.Header.Set(ticket.Header, header)
	}
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// want sends a request of an editor and checks the status.
func (w *world) want(status int, method, path, body string) string {
	w.t.Helper()
	got, answer := w.do(w.signer.Sign(w.editor(), time.Now()), method, path, body)
	if got != status {
		w.t.Fatalf("%s %s answered %d %s, want %d", method, path, got, answer, status)
	}
	return answer
}

// lines reads a file of the home that programs append to.
func (w *world) lines(name string, atLeast int) (lines []string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%s has %d lines", name, atLeast), func() error {
		b, err := os.ReadFile(filepath.Join(w.home, name))
		if err != nil {
			return err
		}
		if lines = strings.Fields(string(b)); len(lines) < atLeast {
			return errors.New("too few")
		}
		return nil
	})
	return lines
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
