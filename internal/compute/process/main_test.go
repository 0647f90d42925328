package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/compute"
	"lyceum/internal/compute/computetest"
	"lyceum/internal/lyceum"
)

// TestMain also plays the project: the Backend starts this binary again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "project-server" {
		os.Exit(computetest.Supervise(os.Args[1:], attempts))
	}
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "machine":
			os.Exit(playMachine(os.Args[2], os.Args[3:]))
		case "listen":
			os.Exit(playListener(os.Args[2]))
		case "attempt":
			os.Exit(playAttempt(os.Args[2]))
		}
	}
	if len(os.Args) > 4 && os.Args[1] == "hub" {
		os.Exit(playHub(os.Args[2], os.Args[3], os.Args[4]))
	}
	if err := os.Setenv("GORACE", quickEnd); err != nil {
		os.Exit(1)
	}
	code := m.Run()
	if programDir != "" {
		_ = os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// quickEnd spares the programs that the tests start the second that each waits at
// its end when it was built with -race.
const quickEnd = "atexit_sleep_ms=0"

// programDir is the folder of program, once it was made.
var programDir string

// attempts are what a project of these tests may try.
func attempts(mux *http.ServeMux) {
	mux.HandleFunc("/attempt", attemptRoute)
	mux.HandleFunc("/sh", func(w http.ResponseWriter, r *http.Request) {
		// Into a file's end and not a pipe, so that what goes to the background
		// holds nothing up.
		out, err := os.CreateTemp("", "out")
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		cmd := exec.Command("/bin/sh", "-c", r.FormValue("c"))
		cmd.Stdout, cmd.Stderr = out, out
		err = cmd.Run()
		b, _ := os.ReadFile(out.Name())
		fmt.Fprintf(w, "%s", b)
		if err != nil {
			fmt.Fprintf(w, "[%v]", err)
		}
	})
	mux.HandleFunc("/dial", func(w http.ResponseWriter, r *http.Request) {
		c, err := net.Dial("unix", r.FormValue("path"))
		if err != nil {
			fmt.Fprintf(w, "[%v]", err)
			return
		}
		c.Close()
		fmt.Fprint(w, "connected")
	})
}

// program is a copy of this binary that every user may execute.
var program = sync.OnceValues(func() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	dir, err := openFolder()
	if err != nil {
		return "", err
	}
	programDir = dir
	to := filepath.Join(dir, "lyceum")
	b, err := os.ReadFile(self)
	if err != nil {
		return "", err
	}
	return to, os.WriteFile(to, b, 0o755)
})

// openFolder makes a folder that every user may enter; t.TempDir's may not.
func openFolder() (string, error) {
	dir, err := os.MkdirTemp("", "lyceum-process-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

func dataFolder(t *testing.T) string {
	t.Helper()
	dir, err := openFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := removeTree(context.Background(), dir); err != nil {
			t.Errorf("remove the data folder: %v", err)
		}
	})
	return dir
}

// way is one way of confining that this machine and user can be made to use.
type way struct {
	name string
	cfg  Config
}

func ways() []way {
	if os.Geteuid() == 0 {
		return []way{
			{"uid+bubblewrap", Config{Confine: kindUIDBwrap}},
			{"uid+bubblewrap in a user namespace", Config{Confine: kindUIDBwrap, withoutSetpriv: true}},
			{"uid", Config{Confine: kindUID}},
		}
	}
	return []way{
		{"bubblewrap", Config{Confine: kindBwrap}},
		{"none", Config{Confine: kindNone}},
	}
}

// nextUID gives each test uids of its own: in the way "uid", two projects of one
// uid would end each other. Test binaries that run at once differ by their pid.
var nextUID atomic.Int64

func testUID() int {
	if os.Geteuid() != 0 {
		return 0
	}
	return 400_000 + os.Getpid()%10_000*1000 + int(nextUID.Add(20))
}

// rig is a Backend on a data folder, that can be opened again.
type rig struct {
	*Backend
	cfg Config
	uid int
}

func newRig(t *testing.T, w way) *rig {
	t.Helper()
	exe, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cfg := w.cfg
	cfg.Data, cfg.Executable = filepath.Join(dataFolder(t), "data"), exe
	cfg.StopGrace = 3 * time.Second
	if cfg.Network == "" {
		cfg.Network = netShared // their servers listen on the loopback; TestAttempts is about the others
	}
	cfg.Log = slog.New(slog.NewTextHandler(logWriter{t}, nil))
	r := &rig{cfg: cfg, uid: testUID()}
	r.open(t)
	t.Cleanup(func() { r.endAll(t) })
	return r
}

type logWriter struct{ t *testing.T }

func (w logWriter) Write(b []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Log(strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

func (r *rig) open(t *testing.T) {
	t.Helper()
	b, err := New(t.Context(), r.cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	r.Backend = b
}

func (r *rig) reopen(t *testing.T) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	r.open(t)
}

func (r *rig) endAll(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r.mu.Lock()
	ids := make([]lyceum.ProjectID, 0, len(r.projects))
	for id := range r.projects {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	for _, id := range ids {
		if err := r.Delete(ctx, id); err != nil {
			t.Errorf("Delete at the end of the test: %v", err)
		}
	}
	_ = r.Close()
	r.groups.Remove()
}

func (r *rig) spec() compute.Spec {
	r.uid++
	s := compute.Spec{Project: lyceum.NewID[lyceum.ProjectID](), PublicKey: make([]byte, 32), Env: []lyceum.EnvVar{{Name: "GORACE", Value: quickEnd}}}
	if os.Geteuid() == 0 {
		s.UID = r.uid
	}
	return s
}

func (r *rig) start(t *testing.T, spec compute.Spec) compute.Observation {
	t.Helper()
	if err := r.Ensure(t.Context(), spec); err != nil {
		t.Fatalf("Ensure: %v", err)
	}
	return r.await(t, spec.Project, lyceum.Running)
}

func (r *rig) await(t *testing.T, id lyceum.ProjectID, phase lyceum.Phase) compute.Observation {
	t.Helper()
	var o compute.Observation
	computetest.Eventually(t, func() bool {
		var err error
		if o, err = r.Observe(t.Context(), id); err != nil {
			t.Fatalf("Observe: %v", err)
		}
		return o.Phase == phase
	}, func() string {
		return fmt.Sprintf("%+v, want %s; its log: %s", o, phase, tail(r.at.logs(id), 2000))
	})
	return o
}

func (r *rig) record(t *testing.T, id lyceum.ProjectID) record {
	t.Helper()
	rec, err := readRecord(r.at.record(id))
	if err != nil {
		t.Fatalf("read the record: %v", err)
	}
	return rec
}

func (r *rig) kill(t *testing.T, id lyceum.ProjectID) {
	t.Helper()
	if err := unix.Kill(r.record(t, id).Init.Pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill: %v", err)
	}
}

// ask1 sends a request to the program in a project.
func ask1(t *testing.T, at compute.Address, path string) string {
	t.Helper()
	said, err := request(t, at, path)
	if err != nil {
		t.Fatalf("ask %s: %v", path, err)
	}
	return said
}

// tell sends a request that may end the program before it answers.
func tell(t *testing.T, at compute.Address, path string) {
	t.Helper()
	if _, err := request(t, at, path); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("tell %s: %v", path, err)
	}
}

func request(t *testing.T, at compute.Address, path string) (string, error) {
	t.Helper()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return compute.DialSocket(ctx, at.Socket)
		}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://project"+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, b)
	}
	return string(b), err
}

// sh runs a command in a project.
func sh(t *testing.T, at compute.Address, format string, args ...any) string {
	t.Helper()
	return ask1(t, at, "/sh?c="+url.QueryEscape(fmt.Sprintf(format, args...)))
}

// playHub is a hub in a process of its own: it starts one project and waits to
// be killed.
func playHub(data, id, user string) int {
	uid, err := strconv.Atoi(user)
	self, _ := os.Executable()
	var b *Backend
	if err == nil {
		b, err = New(context.Background(), Config{Data: data, Executable: self})
	}
	if err == nil {
		err = b.Ensure(context.Background(), compute.Spec{Project: lyceum.ProjectID(id), PublicKey: make([]byte, 32), UID: uid})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {}
}
