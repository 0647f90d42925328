package term

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

func TestWhatCannotBeStarted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		cfg  Config
		kind lyceum.Kind
	}{
		"no program":        {Config{}, lyceum.Invalid},
		"an empty name":     {Config{Argv: []string{""}}, lyceum.Invalid},
		"no such program":   {Config{Argv: []string{dir + "/missing"}}, lyceum.Unavailable},
		"a folder":          {Config{Argv: []string{dir}}, lyceum.Unavailable},
		"no such directory": {Config{Argv: []string{"/bin/sh"}, Dir: dir + "/missing"}, lyceum.Unavailable},
	} {
		s, err := Start(c.cfg)
		if !lyceum.IsKind(err, c.kind) {
			t.Errorf("%s: got %v, want kind %v", name, err, c.kind)
		}
		if err == nil {
			s.End(t.Context())
		}
	}
}

func TestTheProgramsSurroundings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, Config{Dir: dir, Env: []string{"PATH=/usr/bin:/bin", "A=b c"}},
		`stty -a; pwd; env; tty; ps -o sid=,pgid=,tpgid= -p $$ 2>/dev/null; printf 'pid %d\n' $$; read x`)
	w := sit(t, s, Viewer{})
	pid := w.numberAfter(t, "pid")
	said := string(w.output)
	for _, want := range []string{"rows 24; columns 80", " iutf8", dir + "\r\n", "A=b c\r\n", "/dev/pts/"} {
		if !strings.Contains(said, want) {
			t.Errorf("the program says %q, want %q in it", said, want)
		}
	}
	if strings.Contains(said, "HOME=") {
		t.Errorf("the program has our environment: %q", said)
	}
	if sid, err := unix.Getsid(pid); err != nil || sid != pid {
		t.Errorf("its session is %d, %v, want its own, %d", sid, err, pid)
	}
}

func TestTheTitleIsThePrograms(t *testing.T) {
	t.Parallel()
	s := start(t, Config{}, `printf '\033]0;first\007'; read x; printf '\033]2;second\033\\'; read x`)
	w := sit(t, s, Viewer{})
	w.await(t, "the first title", func() bool { return w.state.Title == "first" })
	w.types(t, 1, "\n")
	w.await(t, "the second title", func() bool { return w.state.Title == "second" })
	if got := s.Info().Title; got != "second" {
		t.Errorf("Info: got %q", got)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	s := start(t, Config{}, `printf 'run '; read x; exit 3`)
	w := sit(t, s, Viewer{})
	w.sees(t, "run ")
	w.send(t, Frame{Kind: FrameRestart}) // it runs: nothing happens
	w.types(t, 1, "\n")
	w.await(t, "the exit", func() bool { return w.state.Exited != nil })
	if *w.state.Exited != (Exit{Code: 3}) || *s.Info().Exited != (Exit{Code: 3}) {
		t.Errorf("exit: got %+v, want code 3", w.state.Exited)
	}
	waitFor(t, "Ended", s.Ended())
	if n := bytes.Count(w.output, []byte("run ")); n != 1 {
		t.Errorf("it ran %d times, want once", n)
	}
	// What is typed now reaches nobody, and is not kept for the next run.
	w.types(t, 2, "lost\n")
	w.await(t, "the ack", func() bool { return w.acked == 2 })
	end := w.from + uint64(len(w.output))
	w.resizes(t, 90, 30)
	w.await(t, "the size", func() bool { return w.size == [2]uint16{90, 30} })

	w.send(t, Frame{Kind: FrameRestart})
	w.await(t, "that it runs again", func() bool { return w.state.Exited == nil && bytes.Count(w.output, []byte("run ")) == 2 })
	if len(w.resets) > 0 || w.from != 0 || !bytes.Contains(w.output[end:], []byte(softReset)) {
		t.Errorf("output from %d: %q, want that it goes on after undoing what was left behind", w.from, w.output[end:])
	}
	select {
	case <-s.Ended():
		t.Error("Ended says that the second run is over")
	default:
	}
	w.types(t, 3, "\n")
	w.await(t, "the second exit", func() bool { return w.state.Exited != nil })
}

func TestRestartOfWhatIsGone(t *testing.T) {
	t.Parallel()
	prog := t.TempDir() + "/prog"
	if err := os.WriteFile(prog, []byte("#!/bin/sh\nprintf 'run '\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, Config{Argv: []string{prog}}, "")
	w := sit(t, s, Viewer{})
	w.await(t, "the exit", func() bool { return w.state.Exited != nil })
	if err := os.Remove(prog); err != nil {
		t.Fatal(err)
	}
	w.send(t, Frame{Kind: FrameRestart})
	w.sees(t, "cannot be started")
	if s.Info().Exited == nil {
		t.Error("it runs")
	}
	// The connection is fine.
	w.types(t, 1, "x")
	w.await(t, "an ack", func() bool { return w.acked == 1 })
}

func TestExitBySignal(t *testing.T) {
	t.Parallel()
	s := start(t, Config{}, `kill -KILL $$`)
	waitFor(t, "its end", s.Ended())
	if got := s.Info().Exited; got == nil || *got != (Exit{137, "SIGKILL"}) {
		t.Errorf("exit: got %+v, want 137 by SIGKILL", got)
	}
}

// TestTheLastWordsAreRead: what was printed right before the end is kept, even
// when something in the background keeps the terminal.
func TestTheLastWordsAreRead(t *testing.T) {
	t.Parallel()
	s := start(t, Config{}, `(trap '' HUP; exec sleep 1000) & printf 'pid %d\n' $!; head -c 200000 /dev/zero | tr '\0' x; printf LAST`)
	waitFor(t, "its end", s.Ended())
	w := sit(t, s, Viewer{})
	w.sees(t, "xLAST")
	t.Cleanup(func() { _ = unix.Kill(w.numberAfter(t, "pid"), unix.SIGKILL) })
}

// A program is told that its terminal ends, also where whoever started us ignores
// SIGHUP, as nohup does.
func TestEndHangsUp(t *testing.T) {
	signal.Ignore(unix.SIGHUP) // nobody else's tests send us one
	t.Cleanup(func() { signal.Reset(unix.SIGHUP) })
	s := start(t, Config{Grace: patience}, `trap 'exit 7' HUP; sleep 1000 & printf ready; wait`) // read would miss a signal that comes just before it
	w := sit(t, s, Viewer{})
	w.sees(t, "ready")
	s.End(t.Context())
	w.closedWith(t, CloseGone)
	if got := s.Info().Exited; got == nil || got.Code != 7 {
		t.Errorf("exit: got %+v, want that the program heard SIGHUP", got)
	}
	late := sit(t, s, Viewer{Client: "late"})
	late.closedWith(t, CloseGone)
	s.Restart()
	if s.Info().Exited == nil {
		t.Error("an ended terminal runs again")
	}
	s.End(t.Context())
}

// TestEndOfWhatIsDeaf: programs that ignore or cannot hear SIGHUP are killed.
func TestEndOfWhatIsDeaf(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"the shell":                  `trap '' HUP TERM INT; printf 'pid %d\n' $$; while :; do sleep 1000; done`,
		"a program of the shell":     `sh -c 'trap "" HUP; printf "pid %d\n" $$; while :; do sleep 1000; done'; true`,
		"the shell, which is paused": `printf 'pid %d\n' $$; kill -STOP $$; sleep 1000`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{}, script)
			w := sit(t, s, Viewer{})
			pid := w.numberAfter(t, "pid")
			s.End(t.Context())
			eventually(t, "that it is gone", func() bool { return !running(pid) })
		})
	}
}

// TestEndWithJobs: an interactive shell with one program in the foreground and
// one that was put into the background to stay.
func TestEndWithJobs(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Argv: []string{"/bin/bash", "--norc", "--noprofile", "-i"}}, "")
	w := sit(t, s, Viewer{})
	w.types(t, 1, "nohup sleep 1000 >/dev/null 2>&1 & echo back $((0+$!))\n")
	back := w.numberAfter(t, "back")
	t.Cleanup(func() { _ = unix.Kill(back, unix.SIGKILL) })
	eventually(t, "that nohup has become sleep", func() bool {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", back))
		return err == nil && bytes.HasPrefix(b, []byte("sleep"))
	})
	w.types(t, 2, `sh -c 'trap "" HUP TERM; echo fore $$; while :; do sleep 1000; done'`+"\n")
	fore := w.numberAfter(t, "fore")
	s.End(t.Context())
	eventually(t, "that the program in the foreground is gone", func() bool { return !running(fore) })
	if !running(back) {
		t.Error("the program in the background is gone")
	}
}

func TestEndGivesUpItsGraceWithItsContext(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Grace: time.Hour}, `trap '' HUP; printf ready; while :; do sleep 1000; done`)
	w := sit(t, s, Viewer{})
	w.sees(t, "ready")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := make(chan struct{})
	go func() { s.End(ctx); close(done) }()
	waitFor(t, "the end", done)
}

// TestAFloodOfOutput: 100 MB pass through without being kept.
func TestAFloodOfOutput(t *testing.T) {
	const flood = 100_000_000
	s := start(t, Config{}, `stty -opost -echo; printf ready; read x; head -c 100000000 /dev/zero | tr '\0' x; printf END; read x`)
	w := sit(t, s, Viewer{Client: "first"})
	w.sees(t, "ready")
	w.leave()
	slow := connect(t, s, Viewer{Client: "slow"})
	slow.types(t, 1, "\n")
	var most, m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	fast := connect(t, s, Viewer{Client: "fast"})
	last, deadline := uint64(0), time.After(2*patience)
	for n := 0; ; n++ {
		var msg []byte
		select {
		case msg = <-fast.down:
		case <-deadline:
			t.Fatalf("the output stands at %d", last)
		}
		f, err := Decode(msg)
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind == FrameOutput {
			last = f.Number + uint64(len(f.Data))
			if bytes.HasSuffix(f.Data, []byte("END")) {
				break
			}
		}
		if n%500 == 0 {
			runtime.ReadMemStats(&m)
			most.HeapInuse = max(most.HeapInuse, m.HeapInuse)
		}
	}
	if last != flood+8 {
		t.Errorf("the output ends at %d, want %d", last, flood+8)
	}
	if grown := int64(most.HeapInuse) - int64(before); grown > 32<<20 {
		t.Errorf("memory grew by %d MB", grown>>20)
	}
}

func TestSpawnTellsWhoIsReaped(t *testing.T) {
	t.Parallel()
	var calls []string
	started := 0
	spawn := func(start func() (int, error)) (func(), error) {
		pid, err := start()
		calls, started = append(calls, "start"), pid
		return func() { calls = append(calls, "reaped") }, err
	}
	s := start(t, Config{Spawn: spawn}, `exit 0`)
	waitFor(t, "its end", s.Ended())
	if !slices.Equal(calls, []string{"start", "reaped"}) || started <= 0 || running(started) {
		t.Errorf("calls %v for process %d", calls, started)
	}
	if _, err := Start(Config{Argv: []string{"/missing"}, Spawn: spawn}); err == nil {
		t.Error("a program that is missing was started")
	}
}
