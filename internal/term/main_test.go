package term

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long these tests wait for anything.
const patience = 30 * time.Second

// start runs a shell script on a terminal and ends it with the test.
func start(t *testing.T, cfg Config, script string) *Session {
	t.Helper()
	if cfg.Argv == nil {
		cfg.Argv = []string{"/bin/sh", "-c", script}
	}
	if cfg.Env == nil {
		cfg.Env = []string{"PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "PS1=", "LANG=C.UTF-8"}
	}
	if cfg.ID == "" {
		cfg.ID = "t1"
	}
	if cfg.Grace == 0 {
		cfg.Grace = 200 * time.Millisecond
	}
	s, err := Start(cfg)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { s.End(context.Background()) })
	return s
}

// echo starts a program that repeats each byte that it gets, as it is, after it
// said "ready".
func echo(t *testing.T, cfg Config) *Session {
	t.Helper()
	s := start(t, cfg, `stty raw -echo; printf ready; exec cat`)
	w := sit(t, s, Viewer{Client: "echo"})
	w.sees(t, "ready")
	w.leave()
	<-w.served
	return s
}

var errGone = errors.New("the connection is gone")

// wire is a connection: what one side writes, the other reads.
type wire struct {
	up, down chan []byte
	gone     chan struct{}
	once     sync.Once
}

func newWire() *wire {
	return &wire{up: make(chan []byte), down: make(chan []byte), gone: make(chan struct{})}
}

func (w *wire) cut() { w.once.Do(func() { close(w.gone) }) }

func (w *wire) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-w.up:
		return b, nil
	case <-w.gone:
		return nil, errGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) Write(ctx context.Context, msg []byte) error {
	select {
	case w.down <- bytes.Clone(msg):
		return nil
	case <-w.gone:
		return errGone
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seat is a person before the terminal: it reads all frames and remembers what
// they said.
type seat struct {
	*wire
	session *Session
	served  chan struct{} // closed when Serve returned
	err     error         // of Serve, read after served

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each frame
	hello   *Hello
	resets  []uint64
	from    uint64 // offset of the first byte of output
	output  []byte
	acked   uint64
	acks    int
	size    [2]uint16
	state   State
	frames  []byte // kinds, in order
	wrong   error
}

// sit opens a connection and reads it until it ends.
func sit(t *testing.T, s *Session, v Viewer) *seat {
	t.Helper()
	w := connect(t, s, v)
	go w.read()
	return w
}

// connect opens a connection that nobody reads yet.
func connect(t *testing.T, s *Session, v Viewer) *seat {
	t.Helper()
	if v.Client == "" {
		v.Client = "c"
	}
	if v.Account == "" {
		v.Person = Person{Account: "ada", Name: "Ada"}
	}
	w := &seat{wire: newWire(), session: s, served: make(chan struct{}), changed: make(chan struct{}), from: v.Offset}
	go func() {
		defer close(w.served)
		w.err = s.Serve(context.Background(), w, v)
		w.cut()
	}()
	t.Cleanup(func() { w.leave(); <-w.served })
	return w
}

// leave breaks the connection.
func (w *seat) leave() { w.cut() }

func (w *seat) read() {
	for {
		select {
		case msg := <-w.down:
			w.mu.Lock()
			if err := w.take(msg); err != nil && w.wrong == nil {
				w.wrong = err
			}
			close(w.changed)
			w.changed = make(chan struct{})
			w.mu.Unlock()
		case <-w.gone:
			return
		}
	}
}

// take notes one frame and complains of what a server must not do.
func (w *seat) take(msg []byte) error {
	f, err := Decode(msg)
	if err != nil {
		return err
	}
	w.frames = append(w.frames, f.Kind)
	if (f.Kind == FrameHello) != (len(w.frames) == 1) {
		return fmt.Errorf("the frames are %x: hello comes first and once", w.frames)
	}
	switch f.Kind {
	case FrameHello:
		w.hello = &Hello{}
		return json.Unmarshal(f.Data, w.hello)
	case FrameReset:
		w.resets, w.from, w.output = append(w.resets, f.Number), f.Number, nil
	case FrameOutput:
		if at := w.from + uint64(len(w.output)); f.Number != at {
			return fmt.Errorf("output at %d, want it at %d", f.Number, at)
		}
		w.output = append(w.output, f.Data...)
	case FrameAck:
		w.acked, w.acks = f.Number, w.acks+1
	case FrameSize:
		w.size = [2]uint16{f.Cols, f.Rows}
	case FrameState:
		w.state = State{}
		return json.Unmarshal(f.Data, &w.state)
	default:
		return fmt.Errorf("a server sends 0x%02x", f.Kind)
	}
	return nil
}

// await waits until ok says so of what came.
func (w *seat) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		w.mu.Lock()
		done, wrong, changed := ok(), w.wrong, w.changed
		w.mu.Unlock()
		if wrong != nil {
			t.Fatal(wrong)
		}
		if done {
			return
		}
		select {
		case <-changed:
		case <-w.served:
			w.mu.Lock()
			done := ok()
			w.mu.Unlock()
			if !done {
				t.Fatalf("the connection ended (%v) before %s; %s", w.err, what, w.seen())
			}
			return
		case <-late.C:
			t.Fatalf("not in %v: %s; %s", patience, what, w.seen())
		}
	}
}

func (w *seat) seen() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("frames %x, output %.300q, acked %d, size %v, state %+v, resets %v", tail(w.frames, 20), tail(w.output, 300), w.acked, w.size, w.state, w.resets)
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// sees waits until the output holds the text.
func (w *seat) sees(t *testing.T, text string) {
	t.Helper()
	w.await(t, "output with "+strconv.Quote(text), func() bool { return bytes.Contains(w.output, []byte(text)) })
}

// send writes one frame; it fails the test when the connection is gone.
func (w *seat) send(t *testing.T, f Frame) {
	t.Helper()
	if err := w.try(f.Append(nil)); err != nil {
		t.Fatalf("send 0x%02x: %v; Serve: %v", f.Kind, err, w.err)
	}
}

func (w *seat) try(msg []byte) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case w.up <- msg:
		return nil
	case <-w.gone:
		return errGone
	case <-late.C:
		return errors.New("nobody reads the connection")
	}
}

func (w *seat) types(t *testing.T, seq uint64, text string) {
	t.Helper()
	w.send(t, Frame{Kind: FrameInput, Number: seq, Data: []byte(text)})
}

func (w *seat) resizes(t *testing.T, cols, rows uint16) {
	t.Helper()
	w.send(t, Frame{Kind: FrameResize, Cols: cols, Rows: rows})
}

// closedWith waits for the end of Serve and checks its close code.
func (w *seat) closedWith(t *testing.T, code int) {
	t.Helper()
	select {
	case <-w.served:
	case <-time.After(patience):
		t.Fatalf("the connection is open after %v; %s", patience, w.seen())
	}
	c, ok := errors.AsType[*CloseError](w.err)
	if !ok || c.Code != code {
		t.Errorf("Serve: got %v, want close code %d", w.err, code)
	}
}

// waitFor waits on a channel.
func waitFor(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("not in %v: %s", patience, what)
	}
}

// running reports whether a process is there and no zombie.
func running(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// eventually polls what no channel tells: another process.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not in %v: %s", patience, what)
		}
	}
}

// numberAfter finds "label NUMBER" at the beginning of a line of the output.
func (w *seat) numberAfter(t *testing.T, label string) int {
	t.Helper()
	line := regexp.MustCompile(`(?:^|[\r\n])` + label + ` (\d+)\r\n`)
	n := 0
	w.await(t, "a number after "+label, func() bool {
		m := line.FindSubmatch(w.output)
		if m == nil {
			return false
		}
		var err error
		n, err = strconv.Atoi(string(m[1]))
		return err == nil
	})
	return n
}
