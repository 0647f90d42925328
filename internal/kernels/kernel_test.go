package kernels

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// fakeSuper is a supervisor whose kernels answer as a test says, over real streams.
type fakeSuper struct {
	t      *testing.T
	answer func(k *fakeKernel, m jupyter.Message) // called for each message to a kernel

	mu      sync.Mutex
	kernels map[string]*fakeKernel
}

type fakeKernel struct {
	queue jupyter.Queue

	mu      sync.Mutex
	process jupyter.Process
	conn    net.Conn
	acks    chan uint64
}

func (f *fakeSuper) get(id string) (*fakeKernel, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kernels[id]
	if k == nil {
		return nil, lyceum.Errorf(lyceum.NotFound, "no such kernel")
	}
	return k, nil
}

func (f *fakeSuper) Kernels(context.Context) (list []jupyter.Process, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range f.kernels {
		k.mu.Lock()
		p := k.process
		k.mu.Unlock()
		p.Acked, p.Last = k.queue.Numbers()
		list = append(list, p)
	}
	return list, nil
}

func (f *fakeSuper) StartKernel(_ context.Context, l jupyter.Launch) (jupyter.Process, error) {
	k := &fakeKernel{process: jupyter.Process{Launch: l, Status: jupyter.Status{State: jupyter.Starting}, UsedAt: time.Now()}, acks: make(chan uint64, 1000)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kernels[l.ID] = k
	return k.process, nil
}

func (f *fakeSuper) ChangeKernel(_ context.Context, id string, c jupyter.Change) error {
	k, err := f.get(id)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.Note != nil {
		k.process.Note = *c.Note
	}
	if c.Path != nil {
		k.process.Path = *c.Path
	}
	if c.Dir != nil {
		k.process.Dir = *c.Dir
	}
	if c.Taken {
		k.process.Reserve = false
	}
	return nil
}

func (f *fakeSuper) InterruptKernel(context.Context, string) error { return nil }

func (f *fakeSuper) RestartKernel(_ context.Context, id string) (jupyter.Process, error) {
	k, err := f.get(id)
	if err != nil {
		return jupyter.Process{}, err
	}
	k.is(jupyter.Status{State: jupyter.Restarting})
	k.is(jupyter.Status{State: jupyter.Starting})
	_, last := k.queue.Numbers()
	return jupyter.Process{Last: last}, nil
}

func (f *fakeSuper) EndKernel(_ context.Context, id string) error {
	k, err := f.get(id)
	if err != nil {
		return err
	}
	f.mu.Lock()
	delete(f.kernels, id)
	f.mu.Unlock()
	k.queue.Close()
	return nil
}

func (f *fakeSuper) KernelStream(_ context.Context, id string, after uint64) (io.ReadWriteCloser, error) {
	k, err := f.get(id)
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	k.mu.Lock()
	k.conn = ours
	k.mu.Unlock()
	ctx, cancel := context.WithCancel(f.t.Context())
	go func() {
		defer cancel()
		for r := bufio.NewReader(ours); ; {
			rec, err := jupyter.ReadRecord(r)
			switch {
			case err != nil:
				return
			case rec.Kind == jupyter.KindAck:
				k.queue.Ack(rec.Number)
				k.acks <- rec.Number
			case rec.Kind == jupyter.KindNote:
				k.mu.Lock()
				k.process.Note = rec.Note
				k.mu.Unlock()
			default:
				f.answer(k, rec.Message)
			}
		}
	}()
	go func() {
		defer ours.Close()
		for {
			rec, err := k.queue.Next(ctx, after)
			if err != nil {
				return
			}
			after = rec.Number
			b, err := rec.AppendTo(nil)
			if err == nil {
				_, err = ours.Write(b)
			}
			if err != nil {
				return
			}
		}
	}()
	return theirs, nil
}

// is gives the kernel another state.
func (k *fakeKernel) is(s jupyter.Status) {
	k.mu.Lock()
	k.process.Status = s
	k.mu.Unlock()
	k.queue.Add(jupyter.Record{Kind: jupyter.KindStatus, Status: s})
}

// says is a message of the kernel about a request.
func (k *fakeKernel) says(ch jupyter.Channel, parent jupyter.Message, typ string, content any) {
	m, err := jupyter.New(ch, "kernel", typ, content)
	if err != nil {
		panic(err)
	}
	m.Parent, m.ParentHeader = parent.Head, parent.Header
	k.queue.Add(jupyter.Record{Kind: jupyter.KindMessage, Message: m})
}

// echo answers every request with its content.
func echo(k *fakeKernel, m jupyter.Message) {
	k.says(jupyter.IOPub, m, "status", map[string]string{"execution_state": "busy"})
	k.says(m.Channel, m, "reply", m.Content)
	k.says(jupyter.IOPub, m, "status", map[string]string{"execution_state": "idle"})
}

// newFake makes a manager over a fake supervisor with one kernelspec.
func newFake(t *testing.T, answer func(*fakeKernel, jupyter.Message)) (*fakeSuper, Config) {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, ".local/share/jupyter/kernels/sh")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kernel.json"), []byte(`{"argv":["/bin/sh"],"display_name":"Shell","language":"sh"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	f := &fakeSuper{t: t, answer: answer, kernels: map[string]*fakeKernel{}}
	return f, Config{Super: f, Home: home, Log: slog.New(slog.DiscardHandler), Getenv: func(string) string { return "" }}
}

func startFake(t *testing.T, f *fakeSuper, m *Manager, s Start) (*Kernel, *fakeKernel) {
	t.Helper()
	s.Spec = "sh"
	k, err := m.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	fk, err := f.get(k.ID())
	if err != nil {
		t.Fatal(err)
	}
	return k, fk
}

// TestRequest waits for replies, and for deaths in their place.
func TestRequest(t *testing.T) {
	t.Parallel()
	f, c := newFake(t, func(k *fakeKernel, m jupyter.Message) {
		switch m.Head.Type {
		case "die":
			k.is(jupyter.Status{State: jupyter.Dead, Reason: "It fell."})
		case "lose":
			k.queue.Add(jupyter.Record{Kind: jupyter.KindFold, Fold: jupyter.Fold{Parent: m.Head.ID, Messages: 1}})
		case "silence":
		default:
			echo(k, m)
		}
	})
	m := New(c)
	t.Cleanup(m.Close)
	k, fk := startFake(t, f, m, Start{})
	reply, err := k.Request(t.Context(), jupyter.Shell, "hello", map[string]int{"n": 1})
	if err != nil || string(reply.Content) != `{"n":1}` {
		t.Errorf("the reply is %s, %v", reply.Content, err)
	}
	if _, err := k.Request(t.Context(), jupyter.Shell, "lose", nil); !lyceum.IsKind(err, lyceum.Exhausted) {
		t.Errorf("a request that got lost ends with %v", err)
	}
	brief, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := k.Request(brief, jupyter.Shell, "silence", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a request without an answer ends with %v", err)
	}
	if _, err := k.Request(t.Context(), jupyter.Control, "die", nil); !lyceum.IsKind(err, lyceum.Unavailable) || err.Error() != "the kernel is dead: It fell." {
		t.Errorf("a request to a dying kernel ends with %v", err)
	}
	if _, err := k.Request(t.Context(), jupyter.Shell, "hello", nil); !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("a request to a dead kernel ends with %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { fk.is(jupyter.Status{State: jupyter.Idle, PID: 2}) })
	if err := k.Restart(t.Context()); err != nil {
		t.Errorf("the restart ends with %v", err)
	}
	if _, err := k.Request(t.Context(), jupyter.Shell, "hello", nil); err != nil {
		t.Errorf("after the restart a request ends with %v", err)
	}
	waiting := make(chan error, 1)
	sub := k.Subscribe(Options{})
	go func() {
		_, err := k.Request(t.Context(), jupyter.Shell, "silence", nil)
		waiting <- err
	}()
	if err := k.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-waiting; !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("a request to a kernel that is shut down ends with %v", err)
	}
	for err = nil; err == nil; {
		_, err = sub.Next(t.Context())
	}
	if _, found := m.Get(k.ID()); !lyceum.IsKind(err, lyceum.Unavailable) || !lyceum.IsKind(found, lyceum.NotFound) {
		t.Errorf("a subscription ends with %v, the list with %v", err, found)
	}
}

// TestStreamBreaks cuts the stream between two requests.
func TestStreamBreaks(t *testing.T) {
	t.Parallel()
	f, c := newFake(t, echo)
	m := New(c)
	t.Cleanup(m.Close)
	k, fk := startFake(t, f, m, Start{})
	for range 5 {
		if _, err := k.Request(t.Context(), jupyter.Shell, "hello", nil); err != nil {
			t.Fatal(err)
		}
		fk.mu.Lock()
		_ = fk.conn.Close()
		fk.mu.Unlock()
	}
}

// TestKeeps looks at what is acknowledged: with a subscription that keeps, what that
// says; with a note, nothing until such a one comes; else all that was read.
func TestKeeps(t *testing.T) {
	t.Parallel()
	f, c := newFake(t, echo)
	m := New(c)
	plain, plainFake := startFake(t, f, m, Start{})
	if _, err := plain.Request(t.Context(), jupyter.Shell, "hello", nil); err != nil {
		t.Fatal(err)
	}
	for n := uint64(0); n < 3; n = <-plainFake.acks { // all three records, in the end
	}
	noted, notedFake := startFake(t, f, m, Start{Note: []byte("queue")})
	first := noted.Subscribe(Options{Keep: true})
	if _, err := noted.Request(t.Context(), jupyter.Shell, "hello", nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := first.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first.Ack(2)
	if n := <-notedFake.acks; n != 2 {
		t.Errorf("acknowledged to %d, want 2", n)
	}
	m.Close() // as the project server ends

	var again *Subscription
	c.Found = func(k *Kernel) {
		if string(k.Note()) == "queue" {
			again = k.Subscribe(Options{Keep: true})
		}
	}
	m = New(c)
	t.Cleanup(m.Close)
	if err := m.Find(t.Context()); err != nil || len(m.List()) != 2 || again == nil {
		t.Fatalf("found %v, %v", m.List(), err)
	}
	rec, err := again.Next(t.Context())
	var status map[string]string
	if err != nil || rec.Number != 3 || json.Unmarshal(rec.Message.Content, &status) != nil || status["execution_state"] != "idle" {
		t.Errorf("the next server gets %+v, %v, want record 3", rec, err)
	}
	if len(notedFake.acks) > 0 {
		t.Errorf("acknowledged to %d by nobody", <-notedFake.acks)
	}
	again.Ack(3)
	if n := <-notedFake.acks; n != 3 {
		t.Errorf("acknowledged to %d, want 3", n)
	}
}

// TestApart gets the records of a kernel that was found as they were told to the server
// before, which may have the first of them and not the second.
func TestApart(t *testing.T) {
	t.Parallel()
	f, c := newFake(t, func(k *fakeKernel, m jupyter.Message) {
		k.queue.Apart(true) // as they are when each was told before the next came
		for _, text := range []string{"a", "b"} {
			k.says(jupyter.IOPub, m, "stream", map[string]string{"name": "stdout", "text": text})
		}
		k.says(jupyter.Shell, m, "reply", nil)
	})
	m := New(c)
	k, _ := startFake(t, f, m, Start{Note: []byte("queue")})
	if _, err := k.Request(t.Context(), jupyter.Shell, "print", nil); err != nil {
		t.Fatal(err)
	}
	m.Close()
	var sub *Subscription
	c.Found = func(k *Kernel) { sub = k.Subscribe(Options{Keep: true, Apart: true}) }
	m = New(c)
	t.Cleanup(m.Close)
	if err := m.Find(t.Context()); err != nil || sub == nil {
		t.Fatal(err)
	}
	k, err := m.Get(k.ID())
	if err != nil {
		t.Fatal(err)
	}
	// Its reply is told last, so all of the others are in the subscription's queue.
	if _, err := k.Request(t.Context(), jupyter.Shell, "print", nil); err != nil {
		t.Fatal(err)
	}
	sub.Join()
	for _, want := range []string{"a", "b"} {
		rec, err := sub.Next(t.Context())
		if err != nil || !strings.Contains(string(rec.Message.Content), `"text":"`+want+`"`) {
			t.Errorf("the next record is %s, %v, want %s alone", rec.Message.Content, err, want)
		}
	}
}

// TestFoundBusy finds a kernel that works on something whose beginning was
// acknowledged, hears of a victim among its programs, and sees the end.
func TestFoundBusy(t *testing.T) {
	t.Parallel()
	f, c := newFake(t, echo)
	m := New(c)
	k, fk := startFake(t, f, m, Start{})
	m.Close()
	work, err := jupyter.New(jupyter.Shell, "s", "execute_request", nil)
	if err != nil {
		t.Fatal(err)
	}
	fk.mu.Lock()
	fk.process.Status, fk.process.Working = jupyter.Status{State: jupyter.Busy, PID: 7}, work.Head.ID
	fk.mu.Unlock()
	m = New(c)
	t.Cleanup(m.Close)
	if err := m.Find(t.Context()); err != nil {
		t.Fatal(err)
	}
	if k, err = m.Get(k.ID()); err != nil {
		t.Fatal(err)
	}
	sub := k.Subscribe(Options{})
	next := func() jupyter.State {
		if _, err := sub.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		return k.Info().State
	}
	fk.is(jupyter.Status{State: jupyter.Busy, PID: 7, Notice: "Stopped: a worker"})
	if s := next(); s != jupyter.Busy {
		t.Errorf("after a notice it is %s, want busy", s)
	}
	fk.says(jupyter.IOPub, work, "status", map[string]string{"execution_state": "idle"})
	if s := next(); s != jupyter.Idle {
		t.Errorf("after the end it is %s, want idle", s)
	}
}

// TestStopIdle shuts down what is idle for long, and nothing else.
func TestStopIdle(t *testing.T) {
	t.Parallel()
	f, c := newFake(t, func(k *fakeKernel, m jupyter.Message) {
		k.says(jupyter.IOPub, m, "status", map[string]string{"execution_state": "busy"})
		k.says(m.Channel, m, "reply", nil)
	})
	c.IdleStop = time.Hour
	m := New(c)
	t.Cleanup(m.Close)
	idle, idleFake := startFake(t, f, m, Start{})
	busy, busyFake := startFake(t, f, m, Start{})
	for _, k := range []*fakeKernel{idleFake, busyFake} {
		k.is(jupyter.Status{State: jupyter.Idle})
	}
	if err := errors.Join(idle.Ready(t.Context()), busy.Ready(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := busy.Request(t.Context(), jupyter.Shell, "work", nil); err != nil {
		t.Fatal(err)
	}
	m.stopIdle(t.Context(), time.Now().Add(30*time.Minute))
	if got := len(m.List()); got != 2 {
		t.Errorf("after half the time %d kernels are left, want 2", got)
	}
	m.stopIdle(t.Context(), time.Now().Add(2*time.Hour))
	if all := m.List(); len(all) != 1 || all[0] != busy {
		t.Errorf("after the time %d kernels are left, want the busy one", len(all))
	}
}

// TestStartRefuses asks for kernels that there cannot be.
func TestStartRefuses(t *testing.T) {
	t.Parallel()
	_, c := newFake(t, echo)
	m := New(c)
	t.Cleanup(m.Close)
	for _, s := range []Start{{Spec: "never"}, {Spec: "sh", Path: "no/a.ipynb"}, {Spec: "sh", Dir: "../x"}, {Spec: "sh", Dir: "/etc"}} {
		if k, err := m.Start(t.Context(), s); err == nil {
			t.Errorf("%+v starts %s", s, k.ID())
		}
	}
	if s, err := m.Spec(""); err != nil || s.Name == "" || s.Problem != "" {
		t.Errorf("the default is %+v, %v", s, err)
	}
}
