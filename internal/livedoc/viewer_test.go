package livedoc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lyceum/internal/ydoc"
)

// A viewer that does not read costs little, and gets all as one update when it does.
func TestSlowViewerCatchesUp(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "")
	ada := h.edit("a")
	ours, theirs := newPipe()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, "a", theirs, Viewer{Account: "slow"}) }()
	slow := newClient()
	read := func() {
		b, err := ours.Read(ctx)
		if err == nil {
			err = slow.take(b, make(chan []byte, 10))
		}
		if err != nil {
			t.Error(err)
		}
	}
	if err := ours.Write(ctx, encodeStep1(slow.y.StateVector())); err != nil {
		t.Fatal(err)
	}
	for !slow.synced {
		read()
	}
	slow.note(func() { slow.echoed = 0 })
	const edits = 5000
	for i := range edits {
		ada.insert(0, fmt.Sprintf("%d ", i))
	}
	ada.waitSaved(t)
	sl, err := h.acquire(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	sl.doc.mu.Lock()
	for _, v := range sl.doc.viewers {
		if len(v.queue) > maxQueuedCount || v.queued > maxQueued {
			t.Errorf("the queue has %d updates of %d bytes", len(v.queue), v.queued)
		}
	}
	sl.doc.mu.Unlock()
	h.release(sl)
	for slow.text.String() != ada.read() {
		read()
	}
	if slow.echoed > edits/2 {
		t.Errorf("%d updates came one by one, want them joined", slow.echoed)
	}
	cancel()
	<-served
}

func TestViewerThatStopsReading(t *testing.T) {
	t.Parallel()
	h := newHome(t, func(c *Config) { c.slowAfter = 50 * time.Millisecond })
	h.write("a", "")
	ours, theirs := newPipe()
	served := make(chan error, 1)
	go func() { served <- h.Serve(t.Context(), "a", theirs, Viewer{Account: "stuck"}) }()
	_ = ours // never read from
	var closing *CloseError
	if err := <-served; !errors.As(err, &closing) || closing.Code != CloseSlow {
		t.Errorf("ended with %v, want %d", err, CloseSlow)
	}
}

func TestCauseEndsServe(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	ours, theirs := newPipe()
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, "a", theirs, Viewer{Extended: true}) }()
	if _, err := ours.Read(t.Context()); err != nil { // hello: it is attached
		t.Fatal(err)
	}
	cut := &CloseError{Code: 4401, Reason: "signed out"}
	cancel(cut)
	if err := <-served; !errors.Is(err, cut) {
		t.Errorf("ended with %v, want %v", err, cut)
	}
	if got := h.Open(); len(got) != 0 {
		t.Errorf("open documents: %v", got)
	}
}

func TestCloseStopsViewers(t *testing.T) {
	t.Parallel()
	h := newHome(t, slowly)
	h.write("a", "one\n")
	ada := h.edit("a")
	ada.insert(0, "zero\n")
	ada.waitSaved(t)
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ada.waitClosed(t); got != CloseStopping {
		t.Errorf("closed with %d, want %d", got, CloseStopping)
	}
	if got := h.content("a"); got != "zero\none\n" {
		t.Errorf("the file has %q", got)
	}
	if got := h.refused("a"); got != CloseStopping {
		t.Errorf("a closed store refuses with %d, want %d", got, CloseStopping)
	}
}

func TestUnloadAndEdited(t *testing.T) {
	t.Parallel()
	var edits atomic.Int64
	h := newHome(t, func(c *Config) {
		slowly(c)
		c.Linger = time.Millisecond
		c.Edited = func(string) { edits.Add(1) }
	})
	h.write("a", "one\n")
	ada := h.edit("a")
	ada.insert(0, "zero\n")
	ada.waitSaved(t)
	ada.stop()
	h.waitFile("a", "zero\none\n") // although it would be saved in an hour only
	h.waitUnloaded()
	if edits.Load() != 1 {
		t.Errorf("%d edits were told, want 1", edits.Load())
	}
	h.edit("a").waitText(t, "zero\none\n")
}

// waitUnloaded waits until no document is in memory; nothing tells a test.
func (h *home) waitUnloaded() {
	h.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		h.mu.Lock()
		n := len(h.slots)
		h.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			h.t.Fatal("a document is not unloaded")
		}
	}
}

// After a crash the file is brought up to the log although nobody opens it.
func TestFileIsRecovered(t *testing.T) {
	t.Parallel()
	h := newHome(t, slowly)
	h.write("a", "one\n")
	ada := h.edit("a")
	ada.insert(0, "zero\n")
	ada.waitSaved(t)
	ada.stop()
	h.crash()
	h.waitFile("a", "zero\none\n")
}

// A long life: many segments, and what opens is the last of them.
func TestKeyframes(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "")
	ada := h.edit("a")
	for i := range 4000 {
		ada.insert(i%7, fmt.Sprintf("edit %d of a long life. ", i))
		if i%3 == 2 {
			ada.remove(0, 10)
		}
		if i%500 == 0 {
			ada.waitSaved(t)
		}
	}
	ada.waitSaved(t)
	text := ada.read()
	h.waitFile("a", text)
	dir := filepath.Join(h.cfg.State, ada.hello.Doc)
	ada.stop()
	h.restart(func() {
		firsts, err := segments(dir)
		if err != nil || len(firsts) < 2 {
			t.Fatalf("%d segments (%v), want several", len(firsts), err)
		}
		// Those before the last are history: opening does not need them.
		for _, first := range firsts[:len(firsts)-1] {
			if err := os.Remove(filepath.Join(dir, segmentName(first))); err != nil {
				t.Fatal(err)
			}
		}
	})
	again := h.join("a", ada)
	again.waitSynced(t)
	again.waitText(t, text)
	if again.hello.Epoch == "" {
		t.Error("no hello")
	}
}

// Damage in the middle of a log begins an epoch, from the file, and is told.
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one\n")
	ada := h.edit("a")
	for range 10 {
		ada.insert(0, "more\n")
		ada.waitSaved(t)
	}
	text := ada.read()
	h.waitFile("a", text)
	ada.waitState(t, "clean")
	ada.stop()
	dir := filepath.Join(h.cfg.State, ada.hello.Doc)
	h.restart(func() {
		name := filepath.Join(dir, segmentName(1))
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 0xff
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if got := h.join("a", ada, func(v *Viewer) { v.Extended = false }).waitClosed(t); got != CloseEpoch {
		t.Errorf("the old state is refused with %d, want %d", got, CloseEpoch)
	}
	grace := h.edit("a")
	grace.waitText(t, text)
	grace.wait(t, "to be told", func() bool { return len(grace.errors) == 1 })
	if aside, err := filepath.Glob(filepath.Join(dir, "damaged-*", "*.log")); err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v (%v)", aside, err)
	}
	grace.insert(0, "on\n")
	h.waitFile("a", "on\n"+text)
}

// A client whose updates arrive without what they build on: they are saved all the
// same, and the missing is asked for.
func TestUpdatesOutOfOrder(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "")
	ada, grace := h.edit("a"), h.edit("a")
	var late []byte
	ada.mu.Lock()
	late = ada.y.Transact(func(tx *ydoc.Tx) { _ = ada.text.Insert(tx, 0, "first ") })
	ada.mu.Unlock()
	ada.insert(6, "second")
	// The server asks, and ada's answer has both.
	grace.waitText(t, "first second")
	ada.note(func() { ada.sent++ })
	ada.send(encodeUpdate(late)) // known by now
	ada.insert(0, "and ")
	grace.waitText(t, "and first second")
	ada.waitSaved(t)
	ada.stop()
	h.crash()
	h.edit("a").waitText(t, "and first second")
}

// Content of other kinds is kept and passed on.
func TestOtherContent(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one")
	ada, grace := h.edit("a"), h.edit("a")
	// Made by npm yjs 13.6.33: new Y.Doc() with clientID 1; getMap('m').set('k', 'v').
	ada.send(encodeUpdate([]byte{1, 1, 1, 0, 40, 1, 1, 'm', 1, 'k', 1, 119, 1, 'v', 0}))
	grace.wait(t, "the map", func() bool { return bytes.Contains(grace.y.EncodeState(nil), []byte{119, 1, 'v'}) })
	ada.waitState(t, "clean")
	grace.stop()
	h.restart()
	late := h.edit("a")
	late.wait(t, "the map", func() bool { return bytes.Contains(late.y.EncodeState(nil), []byte{119, 1, 'v'}) })
	if got := h.content("a"); got != "one" {
		t.Errorf("the file has %q", got)
	}
}

func TestAcks(t *testing.T) {
	t.Parallel()
	v := &viewer{wake: make(chan struct{}, 1)}
	for n := range uint64(3 * maxAcks) {
		v.count++
		v.awaits(10 * (n / 2))
	}
	if len(v.acks) > maxAcks {
		t.Errorf("%d acks wait", len(v.acks))
	}
	v.safe(9)
	if v.saved != 2 {
		t.Errorf("saved is %d, want 2", v.saved)
	}
	v.safe(10)
	if v.saved != 4 {
		t.Errorf("saved is %d, want 4", v.saved)
	}
	v.safe(1 << 40)
	if v.saved != v.count {
		t.Errorf("saved is %d, want %d", v.saved, v.count)
	}
}

// Grouping: an edit is safe within Group, and a hurry does not wait for it.
func TestGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &document{hurry: make(chan struct{}, 1), logStop: make(chan struct{})}
		began := time.Now()
		d.gather(100*time.Millisecond, true)
		if got := time.Since(began); got != 100*time.Millisecond {
			t.Errorf("gathered for %v", got)
		}
		began = time.Now()
		wake(d.hurry)
		d.gather(100*time.Millisecond, true)
		if got := time.Since(began); got != 0 {
			t.Errorf("in a hurry gathered for %v", got)
		}
		wake(d.hurry)
		d.gather(time.Second, false) // after a failure nobody may hurry
		if got := time.Since(began); got != time.Second {
			t.Errorf("after a failure gathered for %v", got)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	h := newHome(b)
	h.write("a", lines(2000, "benchmark"))
	sl, err := h.acquire(b.Context(), "a")
	if err != nil {
		b.Fatal(err)
	}
	h.release(sl)
	h.unload(sl)
	for b.Loop() {
		sl, err := h.acquire(b.Context(), "a")
		if err != nil {
			b.Fatal(err)
		}
		h.release(sl)
		h.unload(sl)
	}
}
