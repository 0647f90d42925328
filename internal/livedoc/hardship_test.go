package livedoc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lyceum/internal/ydoc"
)

// A clock that jumps back by days changes nothing but the dates that are told: order,
// text and what is saved go by sequences.
func TestClockJumpsBack(t *testing.T) {
	t.Parallel()
	clock := newWatch()
	h := newHome(t, func(c *Config) { c.now, c.keyframe = clock.now, 3000 })
	h.write("a", "")
	ada := h.edit("a", called("ada"))
	want := ""
	for i := range 300 {
		if i%50 == 49 {
			clock.move(-72 * time.Hour)
		}
		clock.move(time.Second)
		line := fmt.Sprintf("line %d\n", i)
		ada.insert(len(want), line)
		want += line
	}
	ada.waitSaved(t)
	h.waitFile("a", want)
	h.restart()
	got := h.edit("a").read()
	if got != want {
		t.Errorf("after a restart it is %.100q", got)
	}
	id := DocumentID(h.versions("a", Listing{}).Doc)
	if err := h.tend(t.Context(), id, clock.now(), true); err != nil {
		t.Fatal(err)
	}
	list := h.versions("a", Listing{Limit: 1000, Detail: true})
	last := uint64(1 << 60)
	for _, v := range list.Items {
		if v.Seq >= last || v.First > v.Seq || v.Until.Before(v.At) {
			t.Errorf("version %d from %d, %v to %v, comes after %d", v.Seq, v.First, v.At, v.Until, last)
		}
		last = v.First
		if text := h.version("a", v.Seq); !strings.HasPrefix(want, text) {
			t.Errorf("version %d is %.100q", v.Seq, text)
		}
	}
}

// A file server's clock is late, or wrong: files that are written get times from the
// past or all the same one, and their changes are found all the same.
func TestLateClockOfTheFileServer(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	past := time.Now().Add(-1000 * time.Hour)
	put := func(content string, at time.Time) {
		t.Helper()
		h.write("new", content)
		if err := errors.Join(os.Chtimes(filepath.Join(h.dir, "new"), at, at), os.Rename(filepath.Join(h.dir, "new"), filepath.Join(h.dir, "a"))); err != nil {
			t.Fatal(err)
		}
	}
	put("one\n", past)
	ada := h.edit("a")
	ada.waitText(t, "one\n")
	put("two\n", past) // same size, same time
	ada.waitText(t, "two\n")
	put("six\n", past.Add(-time.Hour)) // older than what it replaces
	ada.waitText(t, "six\n")
	put("ten\n", time.Now().Add(time.Hour)) // from the future
	ada.waitText(t, "ten\n")
	ada.insert(0, "and ")
	h.waitFile("a", "and ten\n")
}

// The home is remounted read-only and writable again while people type: what they
// type is safe in the log, the reason is told, and the file follows when it can. A
// log that is there too says that nothing is saved; TestLogFails has that.
func TestReadOnlyRemount(t *testing.T) {
	t.Parallel()
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("only root may mount a file system: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	// The kernel remounts no disk on which a file is open for writing.
	h := newHomeIn(t, disk, func(c *Config) { c.State = t.TempDir() })
	h.write("a", "one\n")
	ada := h.edit("a")
	ada.insert(0, "zero\n")
	h.waitFile("a", "zero\none\n")
	ada.waitState(t, "clean")
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	ada.insert(0, "minus one\n")
	ada.waitState(t, "error")
	ada.waitSaved(t)
	ada.wait(t, "to be told", func() bool { return len(ada.errors) > 0 })
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	h.waitFile("a", "minus one\nzero\none\n")
	ada.waitState(t, "clean")
	ada.stop()
	if err := h.Close(context.Background()); err != nil {
		t.Error(err)
	}
	h.files.Close()
	// Where not even the log can be opened, that is said.
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	cfg := h.cfg
	cfg.State = filepath.Join(disk, "state")
	if s, err := New(cfg); err == nil {
		t.Error("a store is opened where nothing can be written")
		_ = s.Close(t.Context())
	}
}

// 500 viewers of one document, of whom one stops reading and one has a link that takes
// 2 s each way: all others get each edit, and the slow one gets it too.
func TestManyViewers(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "")
	ada := h.edit("a")
	const viewers = 500
	all := make([]*client, viewers)
	for i := range all {
		all[i] = h.join("a", nil, func(v *Viewer) { v.ReadOnly = i%2 == 0 })
	}
	ctx, cancel := context.WithCancel(t.Context())
	ours, theirs := newPipe()
	stuck := make(chan error, 1)
	go func() { stuck <- h.Serve(ctx, "a", theirs, Viewer{Account: "stuck"}) }()
	if err := ours.Write(ctx, encodeStep1(ydoc.StateVector{})); err != nil {
		t.Fatal(err)
	}
	slow := newClient()
	a, b := newPipe()
	far := make(chan error, 1)
	go func() { far <- h.Serve(ctx, "a", delay(ctx, b, 2*time.Second), Viewer{Account: "far", Extended: true}) }()
	slow.start(delay(ctx, a, 2*time.Second))
	for _, c := range all {
		c.waitSynced(t)
	}
	want := ""
	for i := range 50 {
		word := fmt.Sprintf("%d ", i)
		ada.insert(len(want), word)
		want += word
	}
	for _, c := range all {
		c.waitText(t, want)
	}
	slow.waitText(t, want)
	slow.insert(0, "from afar ")
	for _, c := range all {
		c.waitText(t, "from afar "+want)
	}
	slow.waitSaved(t)
	h.waitFile("a", "from afar "+want)
	slow.stop()
	cancel()
	<-stuck
	<-far
}

// delayed is a Conn whose messages are on their way for a while.
type delayed struct {
	Conn
	by  time.Duration
	way chan late
}

type late struct {
	at   time.Time
	data []byte
}

// delay makes what is written to c arrive late, until ctx ends.
func delay(ctx context.Context, c Conn, by time.Duration) delayed {
	d := delayed{c, by, make(chan late, 1000)}
	go func() { // ends with ctx
		for {
			select {
			case m := <-d.way:
				<-time.After(time.Until(m.at))
				if d.Conn.Write(ctx, m.data) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return d
}

func (d delayed) Write(ctx context.Context, b []byte) error {
	select {
	case d.way <- late{time.Now().Add(d.by), b}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
