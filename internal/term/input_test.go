package term

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestInputComesOnce(t *testing.T) {
	t.Parallel()
	s := echo(t, Config{})
	w := sit(t, s, Viewer{Client: "x"})
	w.types(t, 1, "a")
	w.types(t, 1, "a")
	w.types(t, 2, "b")
	w.types(t, 1, "a")
	w.types(t, 2, "b")
	w.types(t, 3, "c")
	w.await(t, "the ack", func() bool { return w.acked == 3 })
	w.sees(t, "readyabc")
	w.leave()
	<-w.served

	w = sit(t, s, Viewer{Client: "x"})
	w.await(t, "hello", func() bool { return w.hello != nil && w.hello.Seq == 3 })
	w.types(t, 3, "c") // its acknowledgement was lost
	w.types(t, 4, "d")
	w.sees(t, "abcd")
	if got := string(w.output); got != "readyabcd" {
		t.Errorf("output: got %q, want each once", got)
	}
	// Another client id begins at 1.
	o := sit(t, s, Viewer{Client: "y"})
	o.types(t, 1, "e")
	w.sees(t, "readyabcde")
}

// TestInputWaitsForAProgramThatDoesNotRead: 512 KiB into a stopped program, with
// the connection cut in the middle of a frame; all of it arrives once.
func TestInputWaitsForAProgramThatDoesNotRead(t *testing.T) {
	t.Parallel()
	s := start(t, Config{}, `stty raw -echo; printf 'pid %d\r\n' $$; kill -STOP $$; exec cat`)
	w := sit(t, s, Viewer{Client: "x"})
	pid := w.numberAfter(t, "pid")
	begin := uint64(len(w.output))
	all := make([]byte, 8*MaxInput)
	for i := range all {
		all[i] = "0123456789abcdefghijklmnopqrstuv"[i%31]
	}
	frame := func(seq uint64) Frame {
		return Frame{Kind: FrameInput, Number: seq, Data: all[(seq-1)*MaxInput : seq*MaxInput]}
	}
	// The first frame does not fit whole, so it is never acknowledged.
	w.send(t, frame(1))
	eventually(t, "that the terminal is full", func() bool {
		select {
		case s.writing <- struct{}{}:
			<-s.writing
			return false
		default:
			return true
		}
	})
	// Its connection broke, which nobody noticed; it comes again.
	again := sit(t, s, Viewer{Client: "x", Offset: begin})
	w.closedWith(t, CloseReplaced)
	again.await(t, "hello", func() bool { return again.hello != nil })
	if again.hello.Seq != 0 {
		t.Fatalf("hello: got %+v, want that no frame was taken whole", again.hello)
	}
	if err := unix.Kill(pid, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 8; seq++ {
		again.send(t, frame(seq))
	}
	again.await(t, "all of it", func() bool { return len(again.output) >= len(all) && again.acked == 8 })
	if !bytes.Equal(again.output, all) {
		t.Errorf("got %d bytes, want the %d that were sent, in order", len(again.output), len(all))
	}
}

// TestNothingIsLostOrDoubled types with connections that break at random, from
// several windows at once. LYCEUM_SOAK says how long (default: one round).
func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	end := time.Now()
	if d := os.Getenv("LYCEUM_SOAK"); d != "" {
		more, err := time.ParseDuration(d)
		if err != nil {
			t.Fatal(err)
		}
		end = end.Add(more)
	}
	for round := 0; round == 0 || time.Now().Before(end); round++ {
		seed := rand.Uint64()
		if !t.Run(strconv.FormatUint(seed, 16), func(t *testing.T) { dropAtRandom(t, seed) }) {
			return
		}
	}
}

// alphabets tell whose bytes are whose, in one output.
var alphabets = []string{"0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

func dropAtRandom(t *testing.T, seed uint64) {
	s := echo(t, Config{Ring: 4 << 20})
	done := make(chan error, len(alphabets))
	typed := make([][]byte, len(alphabets))
	for i, alphabet := range alphabets {
		p := &typist{session: s, name: strconv.Itoa(i), rng: rand.New(rand.NewPCG(seed, uint64(i))), alphabet: alphabet}
		go func() {
			err := p.work()
			typed[i] = p.all
			done <- err
		}()
	}
	for range alphabets {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	for _, b := range typed {
		total += len(b)
	}
	w := sit(t, s, Viewer{Client: "judge"})
	w.await(t, "all that was typed", func() bool { return len(w.output) >= len("ready")+total })
	if len(w.resets) > 0 {
		t.Fatal("the memory is too small for this test")
	}
	for i, alphabet := range alphabets {
		var got []byte
		for _, c := range w.output[len("ready"):] {
			if bytes.IndexByte([]byte(alphabet), c) >= 0 {
				got = append(got, c)
			}
		}
		if !bytes.Equal(got, typed[i]) {
			t.Errorf("window %d typed %d bytes, %d came, or in another order", i, len(typed[i]), len(got))
		}
	}
}

// typist is a client that keeps its input until it is acknowledged, over
// connections that break after a few frames.
type typist struct {
	session  *Session
	name     string
	rng      *rand.Rand
	alphabet string
	all      []byte
	unacked  [][]byte // frames, from number first on
	first    uint64
	made     int
}

const framesTyped = 150

func (p *typist) work() error {
	p.first = 1
	for p.made < framesTyped || len(p.unacked) > 0 {
		if err := p.once(); err != nil {
			return err
		}
	}
	return nil
}

// once is one connection's life.
func (p *typist) once() error {
	w := newWire()
	served := make(chan error, 1)
	go func() {
		defer close(served)
		served <- p.session.Serve(context.Background(), w, Viewer{Person: Person{Account: "ada"}, Client: p.name})
	}()
	hello, err := p.hear(w, FrameHello)
	if err == nil {
		err = p.confirm(hello)
	}
	next := 0 // index into unacked of what this connection sends next
	for left := p.rng.IntN(30); err == nil && left > 0; left-- {
		if len(p.unacked) < 20 && p.made < framesTyped {
			p.unacked, p.made = append(p.unacked, p.invent()), p.made+1
		}
		before := len(p.unacked)
		switch {
		case next < len(p.unacked) && p.rng.IntN(3) > 0:
			f := Frame{Kind: FrameInput, Number: p.first + uint64(next), Data: p.unacked[next]}
			select {
			case w.up <- f.Append(nil):
			case err = <-served:
				return fmt.Errorf("the connection ended: %w", err)
			case <-time.After(patience):
				return errors.New("nobody takes the input")
			}
			next++
		case len(p.unacked) > 0 && next > 0:
			var ack Frame
			if ack, err = p.hear(w, FrameAck); err == nil {
				err = p.confirm(ack)
				next -= before - len(p.unacked)
			}
		}
	}
	w.cut()
	<-served
	return err
}

// hear reads frames up to one of the kind.
func (p *typist) hear(w *wire, kind byte) (Frame, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case msg := <-w.down:
			if f, err := Decode(msg); err != nil || f.Kind == kind {
				return f, err
			}
		case <-late.C:
			return Frame{}, errors.New("no frame of the wanted kind came")
		}
	}
}

// confirm drops what is acknowledged.
func (p *typist) confirm(f Frame) error {
	seq := f.Number
	if f.Kind == FrameHello {
		var err error
		if seq, err = helloSeq(f); err != nil {
			return err
		}
	}
	if seq+1 < p.first || seq >= p.first+uint64(len(p.unacked)) {
		return errors.New("what was acknowledged before is not any more, or what was never sent")
	}
	p.unacked, p.first = p.unacked[seq+1-p.first:], seq+1
	return nil
}

func (p *typist) invent() []byte {
	b := make([]byte, 1+p.rng.IntN(40))
	if p.rng.IntN(20) == 0 {
		b = make([]byte, 1+p.rng.IntN(MaxInput))
	}
	for i := range b {
		b[i] = p.alphabet[p.rng.IntN(len(p.alphabet))]
	}
	p.all = append(p.all, b...)
	return b
}
