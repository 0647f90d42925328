package project_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/term"
	"lyceum/internal/ticket"
)

// viewer is a terminal in a browser: it keeps its input until that is
// acknowledged, knows how far it has read, and connects again.
type viewer struct {
	w      *world
	ticket ticket.Ticket
	tid    string
	client string
	conn   *websocket.Conn

	output  []byte
	at      uint64 // offset of the next byte
	seq     uint64 // of the last input
	acked   uint64
	pending []term.Frame
	size    [2]uint16
	state   term.State
	resets  int
}

func (w *world) newTerminal(body string) api.Terminal {
	w.t.Helper()
	return decode[api.Terminal](w.t, w.want(200, "POST", "term", body))
}

func (w *world) view(t ticket.Ticket, tid, client string) *viewer {
	w.t.Helper()
	v := &viewer{w: w, ticket: t, tid: tid, client: client}
	v.connect()
	return v
}

// connect opens the socket, again if need be, and sends again what was not taken.
func (v *viewer) connect() {
	v.w.t.Helper()
	path := fmt.Sprintf("term/%s/socket?client=%s&offset=%d", v.tid, v.client, v.at)
	v.w.until("the terminal can be opened", func() (err error) {
		v.conn, err = v.w.tryDial(v.ticket, path, term.Subprotocol)
		return err
	})
	v.w.t.Cleanup(func() { _ = v.conn.CloseNow() })
	f := v.next()
	var hello term.Hello
	if f.Kind != term.FrameHello || json.Unmarshal(f.Data, &hello) != nil {
		v.w.t.Fatalf("the first frame is %#x %q, want hello", f.Kind, f.Data)
	}
	v.ack(hello.Seq)
	for _, f := range v.pending {
		v.send(f)
	}
}

func (v *viewer) ack(seq uint64) {
	v.acked = seq
	for len(v.pending) > 0 && v.pending[0].Number <= seq {
		v.pending = v.pending[1:]
	}
}

func (v *viewer) send(f term.Frame) {
	// A broken connection is noticed by reading.
	_ = v.conn.Write(v.w.t.Context(), websocket.MessageBinary, f.Append(nil))
}

// typed sends input.
func (v *viewer) typed(s string) {
	v.seq++
	f := term.Frame{Kind: term.FrameInput, Number: v.seq, Data: []byte(s)}
	v.pending = append(v.pending, f)
	v.send(f)
}

func (v *viewer) resize(cols, rows uint16) {
	v.send(term.Frame{Kind: term.FrameResize, Cols: cols, Rows: rows})
}

// next reads a frame.
func (v *viewer) next() term.Frame {
	v.w.t.Helper()
	f, err := v.read()
	if err != nil {
		v.w.t.Fatalf("the terminal's socket ended: %v\n%s\n%q", err, v.w.output, v.output)
	}
	return f
}

func (v *viewer) read() (term.Frame, error) {
	ctx, cancel := context.WithTimeout(v.w.t.Context(), 30*time.Second)
	defer cancel()
	_, m, err := v.conn.Read(ctx)
	if err != nil {
		return term.Frame{}, err
	}
	return term.Decode(m)
}

// take takes one frame into account. Output must follow without gap or overlap.
func (v *viewer) take(f term.Frame) {
	v.w.t.Helper()
	switch f.Kind {
	case term.FrameOutput:
		if f.Number != v.at {
			v.w.t.Fatalf("output at %d, want it at %d", f.Number, v.at)
		}
		v.output = append(v.output, f.Data...)
		v.at += uint64(len(f.Data))
	case term.FrameReset:
		v.resets++
		v.output, v.at = nil, f.Number
	case term.FrameAck:
		v.ack(f.Number)
	case term.FrameSize:
		v.size = [2]uint16{f.Cols, f.Rows}
	case term.FrameState:
		if err := json.Unmarshal(f.Data, &v.state); err != nil {
			v.w.t.Fatal(err)
		}
	}
}

// until takes frames, connecting again when it must, until ready.
func (v *viewer) until(what string, ready func() bool) {
	v.w.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !ready(); {
		f, err := v.read()
		if err != nil && v.w.t.Context().Err() == nil && time.Now().Before(deadline) {
			if code := websocket.CloseStatus(err); code != -1 && code != 4503 {
				v.w.t.Fatalf("waited until %s; the terminal closed with %d", what, code)
			}
			v.connect()
			continue
		}
		if err != nil {
			v.w.t.Fatalf("waited until %s: %v; output %.2000q", what, err, v.output)
		}
		v.take(f)
	}
}

func (v *viewer) shows(s string) func() bool {
	return func() bool { return bytes.Contains(v.output, []byte(s)) }
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	w.write("sub/file", "")
	made := w.newTerminal(`{"name":"work","dir":"sub","cols":90,"rows":30}`)
	v := w.view(w.editor(), made.ID, "c1")
	// The answers are computed, so that the echo of the input does not hold them.
	v.typed("echo $((40+2))-$PWD-$TERM-$COLORTERM-$LYCEUM_TERMINAL; stty size; shopt -q login_shell && echo lo''gin\r")
	for _, want := range []string{"42-" + w.home + "/sub-xterm-256color-truecolor-" + made.ID, "30 90", "\nlogin"} {
		v.until("the shell says "+want, v.shows(want))
	}
	if v.conn.Subprotocol() != term.Subprotocol || v.state.Name != "work" || len(v.state.Viewers) != 1 {
		t.Errorf("subprotocol %q, state %+v", v.conn.Subprotocol(), v.state)
	}
	v.typed("printf '\\e]0;a title\\a'\r")
	v.until("the title is told", func() bool { return v.state.Title == "a title" })
	w.want(200, "PATCH", "term/"+made.ID, `{"name":"renamed"}`)
	v.until("the name is told", func() bool { return v.state.Name == "renamed" })
	list := decode[[]api.Terminal](t, w.want(200, "GET", "term", ""))
	if len(list) != 1 || list[0].Name != "renamed" || list[0].Title != "a title" || list[0].Viewers != 1 {
		t.Errorf("the terminals are %+v", list)
	}
	if s := decode[api.ProjectStatus](t, w.want(200, "GET", "status", "")); len(s.People) != 1 || s.Memory == 0 {
		t.Errorf("the status is %+v", s)
	}
	w.want(204, "DELETE", "term/"+made.ID, "")
	if got := w.code(v.conn); got != 4404 {
		t.Errorf("an ended terminal closed with %d, want 4404", got)
	}
	w.want(404, "DELETE", "term/"+made.ID, "")
	if got := w.code(w.dial(w.editor(), "term/"+made.ID+"/socket?client=c1", term.Subprotocol)); got != 4404 {
		t.Errorf("a terminal that is gone closed with %d, want 4404", got)
	}
}

func TestTwoViewers(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	tid := w.newTerminal(`{}`).ID
	ada, grace := w.view(w.editor(), tid, "ada"), w.view(w.as("owner"), tid, "grace")
	ada.resize(120, 40)
	grace.resize(100, 50)
	for _, v := range []*viewer{ada, grace} {
		v.until("the size is the smallest", func() bool { return v.size == [2]uint16{100, 40} })
	}
	ada.typed("echo fr''om-ada\r")
	grace.until("grace sees it", grace.shows("from-ada"))
	grace.typed("stty si''ze\r")
	ada.until("the program has the size", ada.shows("40 100"))
	ada.until("both are told", func() bool { return len(ada.state.Viewers) == 2 })
	grace.resize(0, 0)
	ada.until("a hidden viewer does not count", func() bool { return ada.size == [2]uint16{120, 40} })
	_ = grace.conn.CloseNow()
	ada.until("grace left", func() bool { return len(ada.state.Viewers) == 1 })
}

// pidOfServer finds the project server below the supervisor.
func (w *world) pidOfServer(supervisor int) int {
	w.t.Helper()
	pid := 0
	w.until("there is a project server", func() error {
		b, err := exec.Command("pgrep", "-P", strconv.Itoa(supervisor), "-f", "server "+string(w.id)).Output()
		if err != nil {
			return err
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
		return err
	})
	return pid
}

// TestServerKilled kills the project server again and again while a program prints
// and somebody types: no byte of the output and no keystroke is lost or doubled.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	w, cmd := launch(t, 0)
	tid := w.newTerminal(`{}`).ID
	v := w.view(w.editor(), tid, "c1")
	v.typed("stty -echo; PS1=; echo rea''dy; while read -r x; do echo \"got $x\"; done\r")
	v.until("the echo is off", v.shows("ready"))
	const lines, kills = 300, 3
	var want strings.Builder
	sent := 0
	line := func() {
		sent++
		v.typed(fmt.Sprintf("line-%d\r", sent))
		fmt.Fprintf(&want, "got line-%d\r\n", sent)
	}
	for kill := 1; kill <= kills; kill++ {
		for sent < lines*kill/(kills+1) {
			line()
		}
		pid := w.pidOfServer(cmd.Process.Pid)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			line() // into the void: sent again after the reconnect
		}
		v.until("a line of the new connection came back", v.shows(fmt.Sprintf("got line-%d\r\n", sent)))
	}
	for sent < lines {
		line()
	}
	v.until("all came back", v.shows(fmt.Sprintf("got line-%d\r\n", lines)))
	_, got, _ := bytes.Cut(v.output, []byte("got line-1\r\n"))
	if "got line-1\r\n"+string(got) != want.String() {
		t.Errorf("the output differs from what was typed:\n%.3000q", got)
	}
	v.until("all is acknowledged", func() bool { return v.acked == v.seq })
	if v.resets != 0 {
		t.Errorf("%d resets, want none", v.resets)
	}
	if s := decode[api.ProjectStatus](t, w.want(200, "GET", "status", "")); s.Started.IsZero() {
		t.Error("the status does not say since when the project runs")
	}
}

// TestSlowViewer does not read while much is printed: nobody waits for it, and when
// it reads again it is told that it missed something.
func TestSlowViewer(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	tid := w.newTerminal(`{}`).ID
	fast, slow := w.view(w.editor(), tid, "fast"), w.view(w.as("owner"), tid, "slow")
	fast.typed("stty -echo; seq 1 2000000; echo the-e''nd\r")
	fast.until("the fast one has seen all", fast.shows("the-end"))
	if slow.until("the slow one has seen the end", slow.shows("the-end")); slow.resets == 0 {
		t.Error("the slow viewer was told of no gap, want a reset")
	}
	if len(slow.output) > 4<<20 {
		t.Errorf("%d bytes were kept for the slow viewer", len(slow.output))
	}
}

func TestTerminalInput(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	for body, want := range map[string]int{
		`{"cols":-1}`: 422, `{"rows":1001}`: 422, `{"dir":"nothing"}`: 404, `{"dir":"../"}`: 422, `{"dir":"/etc"}`: 422,
		`{"name":"a\nb"}`: 422, `{"name":"` + strings.Repeat("é", 101) + `"}`: 422, `{"shell":"/bin/sh"}`: 400, `[]`: 422, ``: 400,
	} {
		if res, got := w.do(w.editor(), "POST", "term", body); res.StatusCode != want && !(want == 422 && res.StatusCode == 400) {
			t.Errorf("POST term %.40s answered %d %s, want %d", body, res.StatusCode, got, want)
		}
	}
	tid := w.newTerminal(`{}`).ID
	for _, name := range []string{``, `   `, `a\u0007b`} {
		w.want(422, "PATCH", "term/"+tid, `{"name":"`+name+`"}`)
	}
	for _, query := range []string{"", "?client=", "?client=a%20b", "?client=" + strings.Repeat("a", 65), "?client=a&offset=-1", "?client=a&offset=x", "?client=a&offset=99999999999999999999"} {
		if got := w.code(w.dial(w.editor(), "term/"+tid+"/socket"+query, term.Subprotocol)); got != 4400 {
			t.Errorf("socket%s closed with %d, want 4400", query, got)
		}
	}
	for _, frame := range []string{"", "\x00", "\x81\x00", "\x81" + strings.Repeat("\x00", 7) + "\x05gap", "\x01" + strings.Repeat("\x00", 8), "\x82\x00"} {
		c := w.dial(w.editor(), "term/"+tid+"/socket?client=x", term.Subprotocol)
		if err := c.Write(t.Context(), websocket.MessageBinary, []byte(frame)); err != nil {
			t.Fatal(err)
		}
		if got := w.code(c); got != 4400 {
			t.Errorf("frame %q closed with %d, want 4400", frame, got)
		}
	}
	for range 7 {
		w.newTerminal(`{}`)
	}
	if got := w.want(429, "POST", "term", `{}`); !strings.Contains(got, "8 terminals are open") {
		t.Errorf("one too many answered %s", got)
	}
	// One that has exited and that nobody looks at makes room.
	v := w.view(w.editor(), tid, "last")
	v.typed("exit 3\r")
	v.until("the shell has exited", func() bool { return v.state.Exited != nil && v.state.Exited.Code == 3 })
	_ = v.conn.CloseNow()
	w.until("there is room", func() error {
		if res, got := w.do(w.editor(), "POST", "term", `{}`); res.StatusCode != 200 {
			return errors.New(got)
		}
		return nil
	})
	w.want(404, "DELETE", "term/"+tid, "")
}

// TestCutTerminal closes the sockets of terminals too, with the reason.
func TestCutTerminal(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	tid := w.newTerminal(`{}`).ID
	a, b := w.view(w.editor(), tid, "a"), w.view(w.as("owner"), tid, "b")
	if res, got := w.do(w.system(), "POST", "cut", `{"session":"`+w.editor().Session+`"}`); res.StatusCode != 204 {
		t.Fatalf("cut answered %d %s", res.StatusCode, got)
	}
	if got := w.code(a.conn); got != 4401 {
		t.Errorf("closed with %d, want 4401", got)
	}
	b.typed("echo st''ill\r")
	b.until("the other stays", b.shows("still"))
	w.do(w.system(), "POST", "cut", `{"account":"`+string(w.as("owner").Account)+`","role":"viewer"}`)
	if got := w.code(b.conn); got != 4403 {
		t.Errorf("closed with %d, want 4403", got)
	}
}

// TestControlOfTerminals tells of input and of what the processes use.
func TestControlOfTerminals(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	next := control(t, w)
	first := next()
	if first.MemoryBytes < 1<<20 || first.Terminals != 0 || len(first.Warnings) != 0 {
		t.Errorf("the first record is %+v", first)
	}
	tid := w.newTerminal(`{}`).ID
	v := w.view(w.editor(), tid, "a")
	typed := time.Now()
	v.typed("for i in {1..200000}; do :; done; echo do''ne\r")
	v.until("the processor was used", v.shows("done"))
	for deadline := time.Now().Add(30 * time.Second); ; {
		c := next()
		if c.Terminals == 1 && c.Viewers == 1 && !c.ActiveAt.Before(typed) && c.CPUSeconds > first.CPUSeconds {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("never told: %+v", c)
		}
	}
	w.want(204, "DELETE", "term/"+tid, "")
	for {
		if c := next(); c.Terminals == 0 {
			if c.ActiveAt.Before(typed) {
				t.Errorf("the input was forgotten with its terminal: %+v", c)
			}
			return
		}
	}
}

// TestEverythingEnds stops a project with stubborn programs in it.
func TestEverythingEnds(t *testing.T) {
	t.Parallel()
	w, cmd := launch(t, 0)
	v := w.view(w.editor(), w.newTerminal(`{}`).ID, "a")
	v.typed("trap '' HUP TERM; (setsid sh -c 'trap \"\" TERM HUP; echo $$ > deaf; while :; do sleep 0.1; done' &); nohup sh -c 'echo $$ > quiet; exec sleep 1000' >/dev/null 2>&1 &\r")
	pids := map[string]int{}
	for _, name := range []string{"deaf", "quiet"} {
		w.until(name+" runs", func() error {
			b, err := os.ReadFile(filepath.Join(w.home, name))
			if err == nil {
				pids[name], err = strconv.Atoi(strings.TrimSpace(string(b)))
			}
			return err
		})
	}
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := w.code(v.conn); got != 4503 {
		t.Errorf("the terminal closed with %d, want 4503", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the supervisor ended with %v\n%s", err, w.output)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v, want less than 10 s", took)
	}
	for name, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s lives on: %v", name, err)
		}
	}
}

// TestUploadInConstantMemory streams 256 MB and looks at the server's memory.
func TestUploadInConstantMemory(t *testing.T) {
	t.Parallel()
	w, cmd := launch(t, 0)
	pid := w.pidOfServer(cmd.Process.Pid)
	const size = 256 << 20
	res, got := w.send(w.request(w.editor(), "PUT", "files/large", &limited{n: size}))
	if res.StatusCode != 200 || decode[api.Entry](t, got).Size != size {
		t.Fatalf("the upload answered %d %s", res.StatusCode, got)
	}
	if peak := peakMemory(t, pid); peak > 128<<20 { // with the race detector; 25 MB without
		t.Errorf("the project server used %d MB", peak>>20)
	}
}

type limited struct{ n int }

// Read gives n bytes.
func (l *limited) Read(p []byte) (int, error) {
	if l.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), l.n)
	l.n -= n
	return n, nil
}

// peakMemory is the most resident memory that a process ever had, in bytes.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
