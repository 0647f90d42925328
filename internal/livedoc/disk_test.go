package livedoc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/ydoc"
)

// slowly makes a store that saves only when it must, so that edits stay unsaved.
func slowly(c *Config) { c.SaveAfter, c.SaveEvery = time.Hour, time.Hour }

func (h *home) replace(path, content string) {
	h.t.Helper()
	h.write(path+".tmp", content)
	if err := os.Rename(filepath.Join(h.dir, path+".tmp"), filepath.Join(h.dir, path)); err != nil {
		h.t.Fatal(err)
	}
}

func TestDiskChangeIsTheSmallestEdit(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(h *home, content string){
		"in place":  func(h *home, content string) { h.write("a", content) },
		"rename":    func(h *home, content string) { h.replace("a", content) },
		"sed -i":    func(h *home, _ string) { h.run("sed", "-i", "s/line 50 /LINE fifty /", "a") },
		"truncated": func(h *home, content string) { h.write("a", ""); h.write("a", content) },
		"vim": func(h *home, content string) {
			h.run("mv", "a", "a~")
			h.write("a", content)
			h.run("rm", "a~")
		},
		"our own": func(h *home, content string) { h.replace("a", content); h.Written("a") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			before := lines(100, "a")
			after := strings.Replace(before, "line 50 ", "LINE fifty ", 1)
			h.write("a", before)
			ada := h.edit("a")
			ada.waitText(t, before)
			ada.mu.Lock()
			sv := ada.y.StateVector()
			ada.mu.Unlock()
			write(h, after)
			ada.waitText(t, after)
			ada.mu.Lock()
			size := len(ada.y.EncodeState(sv))
			ada.mu.Unlock()
			if size > 120 {
				t.Errorf("the change is an update of %d bytes, want it to be small", size)
			}
			ada.waitState(t, "clean")
			if got := h.content("a"); got != after {
				t.Errorf("the file was changed by us: %.100q", got)
			}
		})
	}
}

func (h *home) run(name string, args ...string) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), name, args...)
	cmd.Dir = h.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// Unsaved edits and a change on disk are both kept, whoever comes first.
func TestThreeWayMerge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rounds int // of changes on disk while there are unsaved edits
		closed bool
	}{"open": {1, false}, "open twice": {3, false}, "while closed": {1, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t, slowly)
			text := lines(20, "a")
			h.write("a", text)
			ada := h.edit("a")
			ada.insert(0, "first\n")
			ada.waitSaved(t)
			disk, want := text, "first\n"+text
			for i := range c.rounds {
				old, now := "line 1"+string(rune('0'+i))+" ", "LINE "+string(rune('A'+i))+" "
				disk = strings.Replace(disk, old, now, 1)
				want = strings.Replace(want, old, now, 1)
				change := func() { h.replace("a", disk) }
				if !c.closed {
					change()
					ada.waitText(t, want)
					ada.insert(0, "more\n")
					want = "more\n" + want
					ada.waitSaved(t)
					continue
				}
				ada.stop()
				h.crash(change)
				ada = h.edit("a")
				ada.waitText(t, want)
			}
			// And after a restart, from the log.
			ada.stop()
			h.crash()
			grace := h.edit("a")
			grace.waitText(t, want)
			grace.stop()
			h.restart()
			if got := h.content("a"); got != want {
				t.Errorf("the file has %q, want %q", got, want)
			}
		})
	}
}

// crash makes a copy of the state folder as it is now and opens that: what a kill
// would leave.
func (h *home) crash(between ...func()) {
	h.t.Helper()
	old := h.Store
	old.mu.Lock()
	for _, sl := range old.slots {
		sl.doc.freeze()
	}
	old.mu.Unlock()
	state := h.cfg.State
	h.cfg.State = filepath.Join(h.t.TempDir(), "state")
	h.run("cp", "-a", state, h.cfg.State)
	if err := old.Close(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	for _, f := range between {
		f()
	}
	h.open()
}

// freeze keeps the document from touching its file any more.
func (d *document) freeze() {
	for {
		d.mu.Lock()
		d.orphaned = true
		saving, progress := d.saving, d.progress
		d.mu.Unlock()
		if !saving {
			return
		}
		<-progress
	}
}

// A crash between the writing of the file and the note of it must not double text.
func TestCrashAfterWriting(t *testing.T) {
	t.Parallel()
	h := newHome(t, slowly)
	h.write("a", "one\n")
	ada := h.edit("a")
	ada.insert(0, "zero\n")
	ada.waitSaved(t)
	sl, err := h.acquire(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	d := sl.doc
	d.mu.Lock()
	b := []byte(d.model.text(d.y))
	d.note.Writing = &place{Upto: d.lastUpdate, Hash: hashOf(b), Size: int64(len(b))}
	n := d.noteLocked()
	d.mu.Unlock()
	if err := d.await(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	h.release(sl)
	ada.stop()
	h.crash(func() { h.replace("a", string(b)) })
	grace := h.edit("a")
	grace.waitText(t, "zero\none\n")
	grace.waitState(t, "clean")

	// And when the file was changed after that as well.
	grace.insert(0, "minus one\n")
	grace.waitSaved(t)
	grace.stop()
	h.crash(func() { h.replace("a", "zero\none\ntwo\n") })
	h.edit("a").waitText(t, "minus one\nzero\none\ntwo\n")
}

func TestDeletedWhileOpen(t *testing.T) {
	t.Parallel()
	remove := func(h *home) { h.run("rm", "a") }
	h := newHome(t)
	h.write("a", "one\n")
	ada := h.edit("a")
	remove(h)
	ada.waitState(t, "deleted")
	if ada.file.Message == "" {
		t.Error("the person is not told what deleted means")
	}
	if got := h.Open(); len(got) != 1 || got[0].State != "deleted" {
		t.Errorf("open documents: %+v", got)
	}
	ada.insert(0, "again ")
	h.waitFile("a", "again one\n")
	ada.waitState(t, "clean")
	doc := ada.hello.Doc
	ada.stop()
	h.restart()
	grace := h.edit("a")
	grace.waitText(t, "again one\n")
	if grace.hello.Doc != doc {
		t.Error("the file that was made again is another document")
	}
	remove(h)
	grace.waitState(t, "deleted")
	grace.stop()
	h.restart()
	if _, err := os.Stat(filepath.Join(h.dir, "a")); err == nil {
		t.Error("a deleted file that nobody edited was made again")
	}
	if got := h.refused("a"); got != CloseGone {
		t.Errorf("a deleted file is refused with %d, want %d", got, CloseGone)
	}
}

func TestFileComesBackWhileDeleted(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one\n")
	ada := h.edit("a")
	h.run("rm", "a")
	ada.waitState(t, "deleted")
	h.write("a", "one\ntwo\n")
	ada.waitText(t, "one\ntwo\n")
	grace := h.edit("a")
	if grace.hello.Doc != ada.hello.Doc {
		t.Error("one file has two documents")
	}
}

func TestRenames(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one\n")
	ada := h.edit("a")
	doc := ada.hello.Doc
	h.run("mkdir", "d")
	h.run("mv", "a", "d/b")
	h.Moved("a", "d/b")
	ada.wait(t, "the new path", func() bool { return ada.moved == "d/b" })
	ada.insert(0, "zero\n")
	h.waitFile("d/b", "zero\none\n")

	h.run("mv", "d", "e")
	h.Moved("d", "e")
	ada.wait(t, "the new path", func() bool { return ada.moved == "e/b" })
	ada.waitState(t, "clean")

	h.run("mv", "e/b", "e/c") // by a program, while it is open
	ada.wait(t, "the new path", func() bool { return ada.moved == "e/c" })
	ada.insert(0, "more\n")
	h.waitFile("e/c", "more\nzero\none\n")
	ada.waitState(t, "clean")
	ada.stop()

	h.restart(func() { h.run("mv", "e/c", "far") }) // and while it is not
	grace := h.edit("far")
	if grace.hello.Doc != doc {
		t.Error("a renamed file has lost its document")
	}
	if got := h.refused("e/c"); got != CloseGone {
		t.Errorf("the old path is refused with %d, want %d", got, CloseGone)
	}

	// A copy is another document, and so is what comes to the old path.
	h.run("cp", "far", "copy")
	if got := h.edit("copy").hello.Doc; got == doc {
		t.Error("a copy is the same document")
	}

	// A file that is moved over another one takes its path.
	h.write("over", "other\n")
	other := h.edit("over")
	h.run("mv", "far", "over")
	h.Moved("far", "over")
	grace.wait(t, "the new path", func() bool { return grace.moved == "over" })
	if got := other.waitClosed(t); got != CloseGone {
		t.Errorf("the replaced document is closed with %d, want %d", got, CloseGone)
	}
	last := h.edit("over")
	last.waitText(t, "more\nzero\none\n")
	if last.hello.Doc != doc {
		t.Error("the path leads to the replaced document")
	}
}

func TestSymlinkIsTheSameDocument(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one\n")
	h.run("ln", "-s", "a", "link")
	ada, grace := h.edit("a"), h.edit("link")
	grace.insert(0, "zero\n")
	ada.waitText(t, "zero\none\n")
	h.waitFile("a", "zero\none\n")
	if fi, err := os.Lstat(filepath.Join(h.dir, "link")); err != nil || fi.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v %v", fi, err)
	}
}

func TestFileTurnsUnreadable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, says string }{
		"binary":    {"a\x00b", "not text"},
		"not UTF-8": {"\xcf\xf0\xe8\xe2", "not text"},
		"too large": {strings.Repeat("y", api.MaxDocumentBytes+1), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			h.write("a", "one\n")
			ada := h.edit("a")
			h.replace("a", c.content)
			ada.waitState(t, "error")
			if !strings.Contains(ada.file.Message, c.says) {
				t.Errorf("the message is %q, want it to say %q", ada.file.Message, c.says)
			}
			ada.insert(0, "zero\n")
			ada.waitSaved(t)
			ada.stop()
			sl, err := h.acquire(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			if sl.doc.settle(100 * time.Millisecond) {
				t.Error("a document whose file lacks edits calls itself settled")
			}
			h.release(sl)
			if got := h.content("a"); got != c.content {
				t.Error("the file was overwritten")
			}
			// It can be read again: the edit is still there.
			h.replace("a", "one\ntwo\n")
			h.waitFile("a", "zero\none\ntwo\n")
		})
	}
}

func TestModeIsKept(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("run.sh", "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(h.dir, "run.sh"), 0o750); err != nil {
		t.Fatal(err)
	}
	ada := h.edit("run.sh")
	ada.insert(10, "echo\n")
	h.waitFile("run.sh", "#!/bin/sh\necho\n")
	fi, err := os.Stat(filepath.Join(h.dir, "run.sh"))
	if err != nil || fi.Mode().Perm() != 0o750 {
		t.Errorf("mode is %v, want 0750 (%v)", fi.Mode(), err)
	}
}

// A full disk: a real small file system where the test may mount one.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small := filepath.Join(dir, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("only root may mount a small file system: %v", err)
	}
	defer func() {
		// A child of another test may hold it for an instant, between fork and exec.
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	h := newHomeIn(t, small)
	h.write("a", "one\n")
	ada, grace := h.edit("a"), h.edit("a")
	fill := filepath.Join(small, "fill")
	if err := os.WriteFile(fill, make([]byte, 1<<20), 0o644); err == nil {
		t.Fatal("the disk is not full")
	}
	// More than the last page of the log may still take.
	long := strings.Repeat("kept in memory ", 1000) + "\n"
	ada.insert(0, long)
	ada.waitState(t, "error")
	ada.wait(t, "to be told", func() bool { return len(ada.errors) > 0 })
	if got := ada.errors[0]; got.Code != "exhausted" || !strings.Contains(got.Message, "full") {
		t.Errorf("the error is %+v", got)
	}
	if ada.saved == ada.sent {
		t.Error("an edit was called saved on a full disk")
	}
	grace.waitText(t, long+"one\n") // the document lives on
	grace.insert(0, "and ")
	ada.waitText(t, "and "+long+"one\n")
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	ada.waitSaved(t)
	grace.waitSaved(t)
	h.waitFile("a", "and "+long+"one\n")
	ada.waitState(t, "clean")
	ada.stop()
	grace.stop()
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	h.files.Close()
}

// failingFile is a segment on a disk that fails when told to.
type failingFile struct {
	logFile
	fail *failure
}

// failure says what fails now.
type failure struct{ write, sync atomic.Bool }

func (f failingFile) Sync() error {
	if f.fail.sync.Load() {
		return syscall.EIO
	}
	return f.logFile.Sync()
}

func (f failingFile) WriteAt(b []byte, at int64) (int, error) {
	if !f.fail.write.Load() {
		return f.logFile.WriteAt(b, at)
	}
	n, err := f.logFile.WriteAt(b[:len(b)/2], at)
	return n, errors.Join(syscall.ENOSPC, err)
}

// A write that is cut short and an fsync that fails are both survived, also when a
// change on disk waits for the log.
func TestLogFails(t *testing.T) {
	t.Parallel()
	for name, arm := range map[string]func(f *failure, fail bool){
		"write": func(f *failure, fail bool) { f.write.Store(fail) },
		"sync":  func(f *failure, fail bool) { f.sync.Store(fail) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fail failure
			h := newHome(t, func(c *Config) {
				c.open = func(name string, create bool) (logFile, error) {
					f, err := openSegment(name, create)
					return failingFile{f, &fail}, err
				}
			})
			h.write("a", "zero\none\n")
			ada := h.edit("a")
			ada.insert(0, "saved\n")
			h.waitFile("a", "saved\nzero\none\n")
			arm(&fail, true)
			ada.insert(0, "unsaved\n")
			ada.waitState(t, "error")
			ada.wait(t, "to be told", func() bool { return len(ada.errors) > 0 })
			if ada.saved == ada.sent {
				t.Error("an edit was called saved that is not")
			}
			h.replace("a", "saved\nzero\none\ntwo\n") // waits for the log
			ada.insert(0, "more\n")
			arm(&fail, false)
			want := "more\nunsaved\nsaved\nzero\none\ntwo\n"
			ada.waitText(t, want)
			ada.waitSaved(t)
			h.waitFile("a", want)
			ada.stop()
			h.crash()
			h.edit("a").waitText(t, want)
		})
	}
}

// Two changes on disk of which nobody has seen the first.
func TestMergeIsNotDoubled(t *testing.T) {
	t.Parallel()
	for name, settled := range map[string]bool{"settled": true, "in the middle of saving": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mergeTwenty(t, settled)
		})
	}
}

// mergeTwenty types and appends by turns. A program that reads the file, and writes
// it when it has been saved meanwhile, takes out what it had not seen: then fewer
// edits may be left, as after any such program, but none may be there twice.
func mergeTwenty(t *testing.T, settled bool) {
	h := newHome(t)
	h.write("a", "one\n")
	ada := h.edit("a")
	for i := range 20 {
		ada.edit(func(tx *ydoc.Tx, text *ydoc.Text) error { return text.Insert(tx, 0, "x") })
		if settled {
			h.waitFile("a", ada.read())
		}
		b := h.content("a")
		h.replace("a", b+"y\n")
		want := i + 1
		ada.wait(t, "the line from disk", func() bool { return strings.Count(ada.text.String(), "y\n") == want })
	}
	ada.waitState(t, "clean")
	got := ada.read()
	if n := strings.Count(got, "x"); n > 20 || settled && n != 20 || strings.Count(got, "one") != 1 {
		t.Errorf("the text is %q", got)
	}
	h.waitFile("a", ada.read())
}
