package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"net/http"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/term"
	"lyceum/internal/ticket"
)

// idleServer stands for a project server; it notes its process id.
var idleServer = []string{"/bin/sh", "-c", "echo $$ >> server; exec sleep 1000"}

// types opens a terminal and types a line into it; the socket is left open.
func (w *world) types(tid, line string) { w.t.Helper(); w.typesAs("c", tid, line) }

func (w *world) typesAs(client, tid, line string) {
	w.t.Helper()
	c := w.dial(client, tid)
	f := term.Frame{Kind: term.FrameInput, Number: 1, Data: []byte(line + "\n")}
	if err := c.Write(w.t.Context(), websocket.MessageBinary, f.Append(nil)); err != nil {
		w.t.Fatal(err)
	}
}

// shows reads what a terminal has printed when a sentence of ours is in it.
func (w *world) shows(tid string) string {
	w.t.Helper()
	c := w.dial("e", tid)
	var all strings.Builder
	for !strings.Contains(all.String(), "use less") {
		_, b, err := c.Read(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		f, err := term.Decode(b)
		if err != nil {
			w.t.Fatal(err)
		}
		if f.Kind == term.FrameOutput {
			all.Write(f.Data)
		}
	}
	return all.String()
}

func (w *world) dial(client, tid string) *websocket.Conn {
	w.t.Helper()
	c, _, err := websocket.Dial(w.t.Context(), "ws://supervisor/term/"+tid+"/socket?client="+client, &websocket.DialOptions{
		HTTPClient: w.client, HTTPHeader: http.Header{ticket.Header: {w.signer.Sign(w.editor(), time.Now())}}, Subprotocols: []string{term.Subprotocol},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func (w *world) newTerminal() string {
	w.t.Helper()
	var made api.Terminal
	if err := json.Unmarshal([]byte(w.want(200, "POST", "term", `{}`)), &made); err != nil {
		w.t.Fatal(err)
	}
	return made.ID
}

// zombies are the children of a process that have ended and were not waited for.
func zombies(pid int) (dead []int) {
	for _, child := range childrenOf(pid) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		if err == nil && strings.HasPrefix(string(b[strings.LastIndexByte(string(b), ')'):]), ") Z") {
			dead = append(dead, child)
		}
	}
	return dead
}

// TestReaps makes orphans while terminals end: the orphans are waited for, and the
// exit of each terminal's own program is not taken from it.
func TestReaps(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	const terminals, orphans = 12, 20
	for i := range terminals {
		w.types(w.newTerminal(), fmt.Sprintf(`for i in $(seq %d); do (sh -c 'echo $$ >> orphans; sleep 0.0$(($$ %% 10))' &); done; exit %d`, orphans, 10+i))
	}
	pids := w.lines("orphans", terminals*orphans)
	w.until("every terminal has exited", func() error {
		var list []api.Terminal
		if err := json.Unmarshal([]byte(w.want(200, "GET", "term", "")), &list); err != nil {
			return err
		}
		for i, term := range list {
			if term.Exited == nil {
				return fmt.Errorf("terminal %d runs", i)
			}
			if term.Exited.Code != 10+i {
				t.Fatalf("terminal %d exited with %+v, want %d", i, term.Exited, 10+i)
			}
		}
		return nil
	})
	w.until("the server is the only child", func() error {
		if left := childrenOf(w.cmd.Process.Pid); len(left) != 1 {
			return fmt.Errorf("there are %v, zombies %v; orphans were %v", left, zombies(w.cmd.Process.Pid), pids)
		}
		return nil
	})
}

// TestServerRestarts kills the project server, and looks at the pauses when it dies
// by itself.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	for i := range 3 {
		pid, err := strconv.Atoi(w.lines("server", i+1)[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	w.lines("server", 4)
	var a api.Activity
	if err := json.Unmarshal([]byte(w.want(200, "GET", "activity", "")), &a); err != nil || a.Starts != 4 || a.Processes < 2 || a.MemoryBytes == 0 || a.Started.IsZero() {
		t.Errorf("the activity is %+v (%v), want 4 starts", a, err)
	}
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	w := launch(t, "/bin/sh", "-c", "date +%s%N >> starts; exit 1")
	var at []int64
	for _, s := range w.lines("starts", 5)[:5] {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, n)
	}
	for i, least := range []time.Duration{100, 200, 400, 800} {
		if got := time.Duration(at[i+1] - at[i]); got < least*time.Millisecond {
			t.Errorf("pause %d was %v, want at least %v", i, got, least*time.Millisecond)
		}
	}
}

// TestServerMissing goes on with the terminals when there is no server to start.
func TestServerMissing(t *testing.T) {
	t.Parallel()
	w := launch(t, "/nonexistent/server")
	w.types(w.newTerminal(), "echo works > proof")
	w.lines("proof", 1)
	w.until("the log says it", func() error {
		if !strings.Contains(w.output.String(), "cannot be started") {
			return errors.New("it does not")
		}
		return nil
	})
}

// TestDeafServer is stopped although it ignores SIGTERM.
func TestDeafServer(t *testing.T) {
	t.Parallel()
	w := launch(t, "/bin/sh", "-c", "trap '' TERM; echo $$ >> server; while :; do sleep 1; done")
	pid, err := strconv.Atoi(w.lines("server", 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	w.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the server lives on: %v", err)
	}
}

// TestWhoMayDoWhat walks the route table as everybody.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	now := time.Now()
	as := func(role lyceum.Role) ticket.Ticket { tk := w.editor(); tk.Role = role; return tk }
	elsewhere := w.editor()
	elsewhere.Project = lyceum.NewID[lyceum.ProjectID]()
	system := ticket.Ticket{Project: w.id, System: true}
	asked := []struct {
		name, header  string
		use, hub, who bool
	}{
		{"owner", w.signer.Sign(as(lyceum.Owner), now), true, false, true},
		{"editor", w.signer.Sign(as(lyceum.Editor), now), true, false, true},
		{"viewer", w.signer.Sign(as(lyceum.Viewer), now), false, false, true},
		{"hub", w.signer.Sign(system, now), false, true, true},
		{"nobody", "", false, false, false},
		{"expired", w.signer.Sign(as(lyceum.Owner), now.Add(-time.Hour)), false, false, false},
		{"another project", w.signer.Sign(elsewhere, now), false, false, false},
	}
	for _, row := range routes() {
		guards := 0
		for _, g := range []bool{row.verb != "", row.system, row.open} {
			if g {
				guards++
			}
		}
		if guards != 1 {
			t.Errorf("%s %s has %d guards, want one", row.method, row.path, guards)
		}
		path := strings.ReplaceAll(row.path, "{tid}", "00000000-0000-4000-8000-000000000000")
		for _, a := range asked {
			got, _ := w.do(a.header, row.method, path, "{}")
			may := row.open || row.system && a.hub || row.verb != "" && a.use
			want := 403
			switch {
			case may:
				if got == 401 || got == 403 {
					t.Errorf("%s %s as %s answered %d, want it allowed", row.method, path, a.name, got)
				}
				continue
			case !a.who:
				want = 401
			case row.system:
				want = 404
			}
			if got != want {
				t.Errorf("%s %s as %s answered %d, want %d", row.method, path, a.name, got, want)
			}
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	if err := Run(t.Context(), Config{Project: "x", Home: "relative", Run: "/", Server: []string{"x"}}); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("Run gave %v, want an invalid configuration", err)
	}
}

// TestMeasure counts what descends from this process.
func TestMeasure(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("/bin/sh", "-c", "sleep 1000 & wait")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() {
		for _, pid := range tree(cmd.Process.Pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); len(tree(cmd.Process.Pid)) != 2; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("the tree is %v, want the shell and its child", tree(cmd.Process.Pid))
		}
	}
	if !slices.Contains(tree(os.Getpid()), cmd.Process.Pid) {
		t.Error("the shell is not in our tree")
	}
	if u := measureTree(); u.processes < 3 || u.memory < 1<<20 {
		t.Errorf("measured %+v", u)
	}
	if _, ok := cpuTicks(1 << 30); ok {
		t.Error("a process that is not there has used time")
	}
}

func TestShell(t *testing.T) {
	dir := t.TempDir()
	own, plain := filepath.Join(dir, "my shell"), filepath.Join(dir, "plain")
	if err := errors.Join(os.WriteFile(own, nil, 0o755), os.WriteFile(plain, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	for set, want := range map[string]string{own: own, plain: "/bin/bash", dir: "/bin/bash", "": "/bin/bash", "/nonexistent": "/bin/bash", "bash": "/bin/bash"} {
		t.Setenv("SHELL", set)
		if got := shell(); got != want {
			t.Errorf("with SHELL=%q the shell is %q, want %q", set, got, want)
		}
	}
}

func TestUnique(t *testing.T) {
	t.Parallel()
	got := unique([]string{"A=1", "B=2", "A=3", "C=", "B=4"})
	if want := []string{"A=3", "C=", "B=4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
