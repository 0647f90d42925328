package kernels

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// answerOK answers each request as a kernel does that carried it out.
func answerOK(k *fakeKernel, m jupyter.Message) {
	k.says(jupyter.IOPub, m, "status", map[string]string{"execution_state": "busy"})
	k.says(m.Channel, m, "execute_reply", map[string]string{"status": "ok"})
	k.says(jupyter.IOPub, m, "status", map[string]string{"execution_state": "idle"})
}

// tended lets the manager look after its reserve and returns what stands there, ready.
func tended(t *testing.T, f *fakeSuper, m *Manager, now time.Time) (*Kernel, *fakeKernel) {
	t.Helper()
	if err := m.tendReserve(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	k := m.reserve.kernel
	m.mu.Unlock()
	if k == nil {
		return nil, nil
	}
	fk, err := f.get(k.ID())
	if err != nil {
		t.Fatal(err)
	}
	if k.Info().State == jupyter.Starting {
		fk.is(jupyter.Status{State: jupyter.Idle, PID: 1})
		if err := k.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return k, fk
}

// TestReserve gives the kernel in reserve to who asks for its kernelspec, once, and in
// the folder where it can be; a manager that comes later finds it as what it is.
func TestReserve(t *testing.T) {
	t.Parallel()
	f, c := newFake(t, answerOK)
	c.Reserve = "sh"
	c.Found = func(k *Kernel) { t.Errorf("%s is found as somebody's", k.ID()) }
	first := New(c)
	spare, _ := tended(t, f, first, time.Now())
	if again, _ := tended(t, f, first, time.Now()); spare == nil || again != spare {
		t.Fatalf("in reserve is %v, and then %v", spare, again)
	}
	if err := os.Mkdir(filepath.Join(c.Home, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	first.Close()

	m := New(c)
	t.Cleanup(m.Close)
	found, _ := tended(t, f, m, time.Now())
	if found == nil || found.ID() != spare.ID() {
		t.Fatalf("the next server has %v in reserve, want %s", found, spare.ID())
	}
	list, err := m.Describe(t.Context())
	if err != nil || len(m.List()) != 0 || len(list.Kernels) != 0 || list.Reserve == nil || list.Reserve.ID != spare.ID() {
		t.Errorf("told is %+v, %v", list, err)
	}
	if _, err := m.Get(spare.ID()); !lyceum.IsKind(err, lyceum.NotFound) {
		t.Errorf("the reserve is got as a kernel: %v", err)
	}
	// A shell does not go to another folder: it is not given to one who wants that, and
	// the next reserve is there.
	for _, s := range []Start{{Path: "sub/a.ipynb"}, {Env: []string{"A=b"}}, {ID: lyceum.NewID[string]()}} {
		if k, _ := startFake(t, f, m, s); k == found {
			t.Errorf("the reserve was given for %+v", s)
		}
	}
	if _, _ = startFake(t, f, m, Start{Path: "sub/b.ipynb"}); found.Info().Dir != c.Home {
		t.Errorf("the reserve is in %s", found.Info().Dir)
	}
	moved, _ := tended(t, f, m, time.Now())
	if moved == nil || moved == found || moved.Info().Dir != filepath.Join(c.Home, "sub") {
		t.Fatalf("in reserve is %+v, want one in sub", moved)
	}
	if _, err := f.get(found.ID()); err == nil {
		t.Error("the reserve of the other folder goes on")
	}
	k, fk := startFake(t, f, m, Start{Path: "sub/c.ipynb", Note: []byte("queue")})
	if k != moved || k.Info().Path != "sub/c.ipynb" || k.Info().Reserve || string(k.Note()) != "queue" {
		t.Errorf("given is %+v, want the reserve", k.Info())
	}
	fk.mu.Lock()
	if p := fk.process; p.Reserve || p.Path != "sub/c.ipynb" || p.Dir != k.Info().Dir || string(p.Note) != "queue" {
		t.Errorf("the supervisor knows %+v", p)
	}
	fk.mu.Unlock()
	if got, err := m.Get(k.ID()); err != nil || got != k {
		t.Errorf("what was given is not in the list: %v", err)
	}
	if next, _ := tended(t, f, m, time.Now()); next == nil || next == k {
		t.Errorf("after it in reserve is %v", next)
	}
}

// TestReserveEnds keeps none while memory is scarce or nobody uses kernels, and does
// not start one that dies again and again.
func TestReserveEnds(t *testing.T) {
	t.Parallel()
	scarce := false
	f, c := newFake(t, answerOK)
	c.Reserve, c.IdleStop = "sh", time.Hour
	c.Scarce = func(context.Context) bool { return scarce }
	m := New(c)
	t.Cleanup(m.Close)
	now := time.Now()
	has := func(want bool, when string) (fk *fakeKernel) {
		t.Helper()
		k, fk := tended(t, f, m, now)
		if (k != nil) != want {
			t.Errorf("%s there is a reserve: %v, want %v", when, k != nil, want)
		}
		return fk
	}
	has(true, "at first")
	scarce = true
	has(false, "with little memory")
	scarce = false
	has(true, "with memory again")
	now = now.Add(2 * time.Hour)
	has(false, "when nobody used a kernel for long")
	now = time.Now()
	fk := has(true, "in use again")
	m.mu.Lock()
	sub := m.reserve.kernel.Subscribe(Options{})
	m.mu.Unlock()
	fk.is(jupyter.Status{State: jupyter.Dead, Reason: "It fell."})
	if _, err := sub.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.tendReserve(t.Context(), now); err == nil || !strings.Contains(err.Error(), "It fell.") {
		t.Errorf("of a dead one is told %v", err)
	}
	has(false, "after a death")
	now = now.Add(reserveRetry)
	has(true, "a while after a death")
}

// TestReserveFails starts a kernel as ever where the one in reserve cannot be used.
func TestReserveFails(t *testing.T) {
	t.Parallel()
	f, c := newFake(t, func(k *fakeKernel, m jupyter.Message) {
		k.says(m.Channel, m, "execute_reply", map[string]string{"status": "error", "evalue": "no such folder"})
	})
	python := filepath.Join(c.Home, ".local/share/jupyter/kernels/sh/kernel.json")
	if err := os.WriteFile(python, []byte(`{"argv":["/bin/sh"],"display_name":"Shell","language":"python"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Reserve = "sh"
	m := New(c)
	spare, _ := tended(t, f, m, time.Now())
	if k, _ := startFake(t, f, m, Start{}); k == spare || spare == nil {
		t.Errorf("a kernel that cannot go to its folder was given")
	}
	m.Close()
	if _, err := f.get(spare.ID()); err == nil {
		t.Error("a kernel that could not be used goes on")
	}
}

// TestMoveTo runs the code that changes the folder, with names that need care.
func TestMoveTo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), `a 'b' "c" $d \n é 𝛑 {}`)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const name = `it's "x" \ é.ipynb`
	for language, program := range map[string][]string{
		"python": {"/usr/bin/python3", "-c", "import sys, json; exec(sys.argv[1]); import os; print(json.dumps([os.getcwd(), os.environ['PWD'], os.environ['JPY_SESSION_NAME']]))"},
		"bash":   {"/bin/bash", "-c", `eval "$1"; /usr/bin/python3 -c "import os, json; print(json.dumps([os.getcwd(), os.environ['PWD'], os.environ['JPY_SESSION_NAME']]))"`, "bash"},
	} {
		out, err := exec.Command(program[0], append(program[1:], moveTo[language](dir, name))...).Output()
		var got []string
		if err == nil {
			err = json.Unmarshal(out, &got)
		}
		if err != nil || len(got) != 3 || got[0] != dir || got[1] != dir || got[2] != name {
			t.Errorf("%s is in %q, %v", language, got, err)
		}
	}
}
