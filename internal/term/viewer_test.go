package term

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAViewerIsToldEverything(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{ID: "t7", Name: "build"})
	w := sit(t, s, Viewer{Person: Person{Account: "ada", Name: "Ada", Colour: 3}})
	w.sees(t, "ready")
	w.await(t, "size and state", func() bool { return w.size == [2]uint16{80, 24} && w.state.ID == "t7" })
	want := []Person{{"ada", "Ada", 3}}
	if w.state.Name != "build" || w.state.Exited != nil || !w.state.Answers || !slices.Equal(w.state.Viewers, want) {
		t.Errorf("state: got %+v", w.state)
	}
	if w.hello.Seq != 0 || len(w.resets) != 0 {
		t.Errorf("hello %+v, resets %v, want a fresh start", w.hello, w.resets)
	}
	w.types(t, 1, "one")
	w.types(t, 2, "two")
	w.sees(t, "readyonetwo")
	w.await(t, "the ack", func() bool { return w.acked == 2 })
	if i := s.Info(); i.Viewers != 1 || i.LastInput.IsZero() || i.Cols != 80 || i.Rows != 24 || i.ID != "t7" {
		t.Errorf("Info: got %+v", i)
	}
	s.Rename("other")
	w.await(t, "the new name", func() bool { return w.state.Name == "other" })
}

// TestReplayByOffset: who comes again gets what he missed, and not a byte twice.
func TestReplayByOffset(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{})
	w := sit(t, s, Viewer{Client: "x"})
	w.types(t, 1, "before ")
	w.sees(t, "readybefore ")
	w.leave()
	<-w.served

	other := sit(t, s, Viewer{Client: "y"})
	other.types(t, 1, "meanwhile ")
	other.sees(t, "readybefore meanwhile ")

	again := sit(t, s, Viewer{Client: "x", Offset: uint64(len("readybefore "))})
	again.sees(t, "meanwhile ")
	if got := string(again.output); got != "meanwhile " || len(again.resets) != 0 {
		t.Errorf("replayed %q with resets %v, want what was missed", got, again.resets)
	}
	if again.hello.Seq != 1 || again.hello.Head != uint64(len("readybefore meanwhile ")) {
		t.Errorf("hello: got %+v", again.hello)
	}
	again.types(t, 2, "after")
	again.sees(t, "meanwhile after")
	other.sees(t, "readybefore meanwhile after")
}

func TestWhatIsGoneIsReset(t *testing.T) {
	t.Parallel()
	// 3,000 lines of 10 bytes through a memory of 4 KiB.
	s := start(t, Config{Ring: 4096}, `stty raw -echo; i=0; while [ $i -lt 3000 ]; do printf 'line%05d\n' $i; i=$((i+1)); done; printf END; exec cat`)
	first := sit(t, s, Viewer{Client: "first"})
	first.sees(t, "END")
	const end = 3000*10 + 3
	for name, offset := range map[string]uint64{
		"from the beginning": 0,
		"one that is gone":   5,
		"beyond the end":     end + 1,
		"far beyond the end": 1 << 63,
	} {
		w := sit(t, s, Viewer{Client: name, Offset: offset})
		w.sees(t, "END")
		if len(w.resets) != 1 || w.resets[0] != w.from || w.from < end-4096 || w.from%10 != 0 {
			t.Errorf("%s: resets %v, output from %d, want it from the first whole line that is kept", name, w.resets, w.from)
		}
		if !bytes.HasPrefix(w.output, []byte("line")) || w.from+uint64(len(w.output)) != end {
			t.Errorf("%s: output %.20q… up to %d, want whole lines up to %d", name, w.output, w.from+uint64(len(w.output)), end)
		}
		if got, want := bytes.Index(w.frames, []byte{FrameReset}), bytes.Index(w.frames, []byte{FrameOutput}); got > want {
			t.Errorf("%s: frames %x, want the reset before the output", name, w.frames)
		}
	}
	w := sit(t, s, Viewer{Client: "the end", Offset: end})
	w.types(t, 1, "!")
	w.sees(t, "!")
	if len(w.resets) != 0 || string(w.output) != "!" {
		t.Errorf("from the very end: resets %v, output %q", w.resets, w.output)
	}
}

// TestASlowViewerCostsNobody: one that does not read at all holds up neither the
// program nor the others, and when it reads it is told what it lost.
func TestASlowViewerCostsNobody(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Ring: 64 << 10}, `stty raw -echo; printf ready; read x; head -c 8000000 /dev/zero | tr '\0' x; printf END; exec cat`)
	slow := connect(t, s, Viewer{Client: "slow", Person: Person{Account: "grace"}})
	fast := sit(t, s, Viewer{Client: "fast"})
	fast.sees(t, "ready")
	fast.types(t, 1, "go\n")
	fast.sees(t, "END")
	fast.types(t, 2, "more")
	fast.sees(t, "ENDmore")

	go slow.read()
	slow.sees(t, "ENDmore")
	const end = 5 + 8_000_000 + 7
	if len(slow.resets) == 0 || slow.from < end-64<<10 || slow.from+uint64(len(slow.output)) != end {
		t.Errorf("the slow one: resets %v, output from %d of %d bytes, want the last 64 KiB up to %d", slow.resets, slow.from, len(slow.output), end)
	}
	slow.types(t, 1, "hi")
	fast.sees(t, "ENDmorehi")
}

func TestTheSmallestVisibleViewerDecides(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Cols: 100, Rows: 30, Argv: []string{"/bin/sh", "-i"}}, "")
	seq := uint64(0)
	a := sit(t, s, Viewer{Client: "a"})
	b := sit(t, s, Viewer{Client: "b", Person: Person{Account: "grace"}})
	// fits checks what viewers and program are told. (The kernel's rows come first.)
	fits := func(cols, rows uint16) {
		t.Helper()
		a.await(t, fmt.Sprintf("the size %d×%d", cols, rows), func() bool { return a.size == [2]uint16{cols, rows} })
		seq++
		a.types(t, seq, fmt.Sprintf("stty size | sed s/^/%d:/\n", seq))
		a.sees(t, fmt.Sprintf("%d:%d %d\r\n", seq, rows, cols))
	}
	fits(100, 30)
	a.resizes(t, 120, 40)
	fits(120, 40)
	b.resizes(t, 90, 50)
	fits(90, 40)
	b.await(t, "the same size", func() bool { return b.size == [2]uint16{90, 40} })
	b.resizes(t, 0, 0) // hidden
	fits(120, 40)
	a.resizes(t, 0, 7) // half of nothing is hidden too
	b.resizes(t, 70, 20)
	fits(70, 20)
	a.resizes(t, 65535, 65535)
	b.leave()
	<-b.served
	fits(MaxCols, MaxRows)
	a.resizes(t, 1, 1)
	fits(1, 1)
}

// TestOneViewerAnswersTheTerminalsQueries: with none, programs hang; with two,
// they get the answer twice.
func TestOneViewerAnswersTheTerminalsQueries(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{})
	a := sit(t, s, Viewer{Client: "a"})
	a.await(t, "that the first answers", func() bool { return a.state.Answers })
	b := sit(t, s, Viewer{Client: "b", Person: Person{Account: "grace"}})
	a.await(t, "both", func() bool { return len(a.state.Viewers) == 2 && a.state.Answers })
	b.await(t, "both", func() bool { return len(b.state.Viewers) == 2 && !b.state.Answers })
	b.resizes(t, 80, 24)
	b.await(t, "that who sees it answers", func() bool { return b.state.Answers })
	a.await(t, "that the other answers", func() bool { return !a.state.Answers })
	a.resizes(t, 80, 24)
	a.await(t, "that the eldest answers", func() bool { return a.state.Answers })
	a.leave()
	b.await(t, "that the one left answers", func() bool { return b.state.Answers && len(b.state.Viewers) == 1 })
}

// TestPeopleAreListedOnce however many windows they have.
func TestPeopleAreListedOnce(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{})
	a := sit(t, s, Viewer{Client: "1"})
	sit(t, s, Viewer{Client: "2"})
	sit(t, s, Viewer{Client: "1", Person: Person{Account: "grace", Name: "Grace"}})
	a.await(t, "two people", func() bool { return len(a.state.Viewers) == 2 })
	if i := s.Info(); i.Viewers != 3 {
		t.Errorf("connections: got %d, want 3: the same client id of another account is another client", i.Viewers)
	}
}

func TestTheSameClientTakesItsOwnPlace(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{})
	old := sit(t, s, Viewer{Client: "x"})
	old.types(t, 1, "a")
	old.sees(t, "readya")
	fresh := sit(t, s, Viewer{Client: "x"})
	old.closedWith(t, CloseReplaced)
	fresh.await(t, "hello", func() bool { return fresh.hello != nil })
	if fresh.hello.Seq != 1 {
		t.Errorf("hello: got %+v, want seq 1", fresh.hello)
	}
	fresh.types(t, 2, "b")
	fresh.sees(t, "readyab")
}

func TestWhatIsNoFrameEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{})
	input := func(seq uint64) []byte {
		return Frame{Kind: FrameInput, Number: seq, Data: []byte("x")}.Append(nil)
	}
	for name, msg := range map[string][]byte{
		"empty":                  {},
		"unknown":                {0x99},
		"short":                  {FrameInput, 0},
		"too long":               append(input(1), make([]byte, MaxInput)...),
		"a server's":             Frame{Kind: FrameOutput}.Append(nil),
		"size of three bytes":    {FrameResize, 0, 1, 2},
		"restart with more":      {FrameRestart, 1},
		"number 0":               input(0),
		"a gap":                  input(2),
		"the greatest of number": input(1<<64 - 1),
	} {
		w := sit(t, s, Viewer{Client: name})
		if err := w.try(msg); err != nil && !errors.Is(err, errGone) {
			t.Fatal(err)
		}
		w.closedWith(t, CloseProtocol)
	}
	w := sit(t, s, Viewer{Client: "good"})
	w.types(t, 1, "!")
	w.sees(t, "ready!")
	if got := string(w.output); got != "ready!" {
		t.Errorf("output: got %q, want that nothing of the wrong frames arrived", got)
	}
}

// TestTheEndOfItsContextEndsServe even while nothing can be written to it.
func TestTheEndOfItsContextEndsServe(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, newWire(), Viewer{Client: "deaf"}) }()
	why := errors.New("signed out")
	cancel(why)
	select {
	case err := <-done:
		if !errors.Is(err, why) {
			t.Errorf("Serve: got %v, want the cause", err)
		}
	case <-time.After(patience):
		t.Fatal("Serve goes on")
	}
	if n := s.Info().Viewers; n != 0 {
		t.Errorf("viewers: got %d, want none", n)
	}
}

// TestManyClients: as many as a session remembers, all at once.
func TestManyClients(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{})
	seats := make([]*seat, maxClients)
	for i := range seats {
		seats[i] = sit(t, s, Viewer{Client: fmt.Sprint(i), Person: Person{Account: fmt.Sprint("a", i%7)}})
	}
	for i, w := range seats {
		w.types(t, 1, fmt.Sprintf("<%d>", i))
	}
	for _, w := range seats {
		w.await(t, "its ack", func() bool { return w.acked == 1 })
	}
	first := seats[0]
	first.await(t, "all input", func() bool { return bytes.Count(first.output, []byte(">")) == maxClients })
	for i := range seats {
		if n := strings.Count(string(first.output), fmt.Sprintf("<%d>", i)); n != 1 {
			t.Errorf("what client %d typed came %d times", i, n)
		}
	}
	for _, w := range seats[1:] {
		w.await(t, "all output", func() bool { return len(w.output) == len(first.output) })
	}
	if n := s.Info().Viewers; n != maxClients {
		t.Errorf("viewers: got %d, want %d", n, maxClients)
	}
}

func TestForgottenClients(t *testing.T) {
	t.Parallel()
	var cs clients
	busy := map[string]bool{"0": true}
	isBusy := func(c *client) bool { return busy[c.key] }
	for i := range maxClients {
		cs.get(fmt.Sprint(i), isBusy).seq = uint64(i)
	}
	cs.get("1", isBusy) // looked at again: now the most recent
	cs.get("new", isBusy)
	if len(cs) != maxClients {
		t.Errorf("remembered: got %d, want %d", len(cs), maxClients)
	}
	has := func(key string) bool { return slices.ContainsFunc(cs, func(c *client) bool { return c.key == key }) }
	if !has("0") || !has("1") || !has("new") || has("2") {
		t.Errorf("0 (connected) %v, 1 (recent) %v, new %v, 2 (the eldest) %v: want all but the last", has("0"), has("1"), has("new"), has("2"))
	}
	if c := cs.get("1", isBusy); c.seq != 1 {
		t.Errorf("client 1 has seq %d, want 1", c.seq)
	}
	// When all are connected, there is room for one more.
	full := func(*client) bool { return true }
	cs.get("another", full)
	if !has("another") || len(cs) != maxClients+1 {
		t.Errorf("remembered: got %d, want %d", len(cs), maxClients+1)
	}
}

// TestAFloodGoesInFullFrames: what is printed without end is sent in few frames;
// the first of it comes at once.
func TestAFloodGoesInFullFrames(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Ring: 8 << 20}, `read go; yes 'a line that is printed again and again' | head -c 4000000; echo done; read end`)
	w := sit(t, s, Viewer{})
	w.types(t, 1, "\n")
	w.await(t, "the end", func() bool { return bytes.Contains(tail(w.output, 100), []byte("done")) })
	frames, size := bytes.Count(w.frames, []byte{FrameOutput}), len(w.output)
	if mean := size / max(1, frames); mean < MaxOutput/3 {
		t.Errorf("%d bytes in %d frames, %d each; want a third of %d at least", size, frames, mean, MaxOutput)
	}
}
