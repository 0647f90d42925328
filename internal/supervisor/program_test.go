package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/ticket"
)

func (w *world) processes() []api.Process {
	w.t.Helper()
	var list []api.Process
	if err := json.Unmarshal([]byte(w.want(200, "GET", "processes", "")), &list); err != nil {
		w.t.Fatal(err)
	}
	return list
}

// find waits for a process whose command has a part.
func (w *world) find(part string) (found api.Process) {
	w.t.Helper()
	w.until("there is a process "+part, func() error {
		list := w.processes()
		i := slices.IndexFunc(list, func(p api.Process) bool { return strings.Contains(p.Command, part) })
		if i < 0 {
			return errors.New("it is not in the list")
		}
		found = list[i]
		return nil
	})
	return found
}

func TestProcessesAreListedAndEnded(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	server := w.lines("server", 1)[0]
	tid := w.newTerminal()
	w.types(tid, `sh -c 'trap "" TERM; echo ready >> hog; while :; do :; done' stubborn`)
	w.lines("hog", 1)
	hog := w.find("stubborn")
	if hog.Terminal != tid || hog.TerminalName != "Terminal 1" || hog.State == "" || hog.Threads != 1 || hog.Own || time.Since(hog.Started) > time.Minute {
		t.Errorf("the program is told as %+v", hog)
	}
	w.until("it is seen to compute", func() error {
		if p := w.find("stubborn"); p.CPUPercent < 5 || p.CPUSeconds <= 0 {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
	own := 0
	for _, p := range w.processes() {
		if p.Own {
			own++
			if status, _ := w.do(w.signer.Sign(w.editor(), time.Now()), "DELETE", fmt.Sprintf("processes/%d", p.PID), ""); status != 403 {
				t.Errorf("ending our own %q answered %d, want 403", p.Command, status)
			}
		}
	}
	if own != 2 {
		t.Errorf("%d processes are the project's own, want 2", own)
	}
	// Others' processes are none of ours, nor is what is no number.
	for path, want := range map[string]int{fmt.Sprintf("processes/%d", os.Getpid()): 404, "processes/1": 404, "processes/0": 400, "processes/x": 400, "processes/99999999": 404} {
		if got, _ := w.do(w.signer.Sign(w.editor(), time.Now()), "DELETE", path, ""); got != want {
			t.Errorf("DELETE %s answered %d, want %d", path, got, want)
		}
	}
	// It does not hear SIGTERM, and is killed after its time; the shell goes on.
	began := time.Now()
	w.want(204, "DELETE", fmt.Sprintf("processes/%d", hog.PID), "")
	w.until("the program is gone", func() error {
		if slices.ContainsFunc(w.processes(), func(p api.Process) bool { return p.PID == hog.PID }) {
			return errors.New("it is there")
		}
		return nil
	})
	if took := time.Since(began); took < killAfter {
		t.Errorf("it was killed after %v, before it could clear up", took)
	}
	w.types2(tid, "echo on >> after")
	w.lines("after", 1)
	if got := w.lines("server", 1)[0]; got != server {
		t.Error("the server was started again")
	}
	shell := w.find("-l")
	w.want(204, "DELETE", fmt.Sprintf("processes/%d?now=1", shell.PID), "")
}

// types2 types another line: sequence numbers go on.
func (w *world) types2(tid, line string) { w.t.Helper(); w.typesAs("d", tid, line) }

func TestTheHubTellsWhatWasEnded(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	tid := w.newTerminal()
	w.types(tid, "echo here >> here")
	w.lines("here", 1)
	shell := w.find("-l")
	told, err := json.Marshal(api.Told{
		Limits: &api.Limits{CPU: 1500, Memory: 2e9, Processes: 100, Disk: 3e9},
		Killed: &api.Killed{At: time.Now(), PID: 4711, Session: shell.PID, Command: "python3 train.py", MemoryBytes: 21e8, LimitBytes: 2e9, Reason: "memory"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := w.do(w.signer.Sign(w.editor(), time.Now()), "POST", "told", string(told)); got == 204 {
		t.Error("an editor may tell what the hub tells")
	}
	system := w.signer.Sign(ticket.Ticket{Project: w.id, System: true}, time.Now())
	if got, answer := w.do(system, "POST", "told", string(told)); got != 204 {
		t.Fatalf("answered %d %s", got, answer)
	}
	var a api.Activity
	if err := json.Unmarshal([]byte(w.want(200, "GET", "activity", "")), &a); err != nil {
		t.Fatal(err)
	}
	if a.Limits != (api.Limits{CPU: 1500, Memory: 2e9, Processes: 100, Disk: 3e9}) {
		t.Errorf("limits: %+v", a.Limits)
	}
	if len(a.Killed) != 1 || a.Killed[0].Terminal != tid || a.Killed[0].TerminalName != "Terminal 1" || a.Killed[0].Command != "python3 train.py" {
		t.Errorf("ended: %+v", a.Killed)
	}
	sees := w.shows(tid)
	if want := "Stopped: python3 train.py used 2.1 GB of the project's 2.0 GB of memory. The rest of the project goes on."; !strings.Contains(sees, want) {
		t.Errorf("the terminal shows %q, want %q in it", sees, want)
	}
	// Limits alone leave the list alone, and it stays short.
	for range maxKilled + 5 {
		w.do(system, "POST", "told", `{"killed":{"at":"`+time.Now().Format(time.RFC3339)+`","command":"","memoryBytes":1,"reason":"memory"}}`)
	}
	w.do(system, "POST", "told", `{"killed":{"at":"2020-01-01T00:00:00Z","command":"old","memoryBytes":1,"reason":"memory"}}`)
	w.do(system, "POST", "told", `{"limits":{"cpu":0,"memoryBytes":0,"processes":0,"diskBytes":0}}`)
	if err := json.Unmarshal([]byte(w.want(200, "GET", "activity", "")), &a); err != nil {
		t.Fatal(err)
	}
	if len(a.Killed) > maxKilled || len(a.Killed) == 0 || a.Killed[0].Command == "old" || a.Limits != (api.Limits{}) {
		t.Errorf("afterwards %d are remembered, the newest %+v, limits %+v", len(a.Killed), a.Killed[0], a.Limits)
	}
}

// TestProgramsAreEndedBeforeTheServers looks at what the kernel goes by.
func TestProgramsAreEndedBeforeTheServers(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	server := w.lines("server", 1)[0]
	w.types(w.newTerminal(), "cat /proc/self/oom_score_adj >> adj; sh -c 'cat /proc/self/oom_score_adj >> adj'")
	got := w.lines("adj", 2)
	adj := func(pid string) string {
		b, err := os.ReadFile("/proc/" + pid + "/oom_score_adj")
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(b))
	}
	if own := adj(fmt.Sprint(w.cmd.Process.Pid)); own == got[0] || adj(server) != own {
		t.Errorf("supervisor %s, server %s, a terminal's program %s", own, adj(server), got[0])
	}
	if got[0] != got[1] || len(got[0]) < 3 {
		t.Errorf("programs have %v, want %d more than the servers", got, programAdj)
	}
}

func TestMeter(t *testing.T) {
	t.Parallel()
	var m meter
	at := time.Unix(1e9, 0)
	for i, c := range []struct {
		after time.Duration
		cpu   time.Duration
		want  float64 // -1: none
	}{
		{0, 10 * time.Second, -1},
		{2 * time.Second, 11 * time.Second, 50},
		{100 * time.Millisecond, 12 * time.Second, 50}, // too soon for another
		{3900 * time.Millisecond, 19 * time.Second, 200},
		{time.Minute, 30 * time.Second, -1}, // too long ago
		{time.Second, 20 * time.Second, -1}, // another counter
	} {
		at = at.Add(c.after)
		got := m.percent(c.cpu, at)
		if (got == nil) != (c.want < 0) || got != nil && (*got < c.want-1 || *got > c.want+1) {
			t.Errorf("measure %d: got %v, want %v", i, got, c.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"a\tb\x1b[1m": "a b [1m", "\xff": "�", "x\u202ey": "x y", strings.Repeat("é", 400): strings.Repeat("é", maxCommand-1) + "…"} {
		if got := printable([]byte(in)); got != want {
			t.Errorf("%.20q: got %.20q", in, got)
		}
	}
}
