package livedoc

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const entryID = "0a4b2c6d-0000-4000-8000-000000000001"

// rename returns what moves from to to.
func (h *home) rename(from, to string) func() error {
	return func() error { return os.Rename(filepath.Join(h.dir, from), filepath.Join(h.dir, to)) }
}

func (h *home) logs() int {
	h.t.Helper()
	found, err := filepath.Glob(filepath.Join(h.cfg.State, "*-*-*"))
	if err != nil {
		h.t.Fatal(err)
	}
	return len(found)
}

// TestTrashKeepsTheHistory over restarts: what is restored is the same document,
// with edits that its file had not got yet.
func TestTrashKeepsTheHistory(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		h := newHome(t, slowly)
		h.run("mkdir", "d")
		h.write("d/a", "one\n")
		ada := h.edit("d/a")
		doc, epoch := ada.hello.Doc, ada.hello.Epoch
		ada.insert(0, "zero\n")
		ada.waitSaved(t)
		if err := h.Trash("d", entryID, h.rename("d", "bin")); err != nil {
			t.Fatal(err)
		}
		<-ada.served
		ce, ok := errors.AsType[*CloseError](ada.ended)
		if !ok || ce.Code != CloseGone {
			t.Errorf("the viewer was closed with %v, want %d", ada.ended, CloseGone)
		}
		if got := h.content("bin/a"); got != "zero\none\n" {
			t.Errorf("in the trash there is %q", got)
		}
		// Another file at the path is another document.
		h.run("mkdir", "d")
		h.write("d/a", "other\n")
		grace := h.edit("d/a")
		grace.waitText(t, "other\n")
		if grace.hello.Doc == doc {
			t.Error("a new file has the history of the one in the trash")
		}
		grace.stop()
		if restart {
			h.restart()
			if err := h.Reconcile(func() ([]string, error) { return []string{entryID}, nil }); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Restore(entryID, "d", "e", h.rename("bin", "e")); err != nil {
			t.Fatal(err)
		}
		back := h.edit("e/a")
		back.waitText(t, "zero\none\n")
		if back.hello.Doc != doc || back.hello.Epoch != epoch {
			t.Errorf("restored as document %s of epoch %s, want %s of %s", back.hello.Doc, back.hello.Epoch, doc, epoch)
		}
		back.stop()
	}
}

func TestTrashThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one\n")
	ada := h.edit("a")
	no := errors.New("no")
	if err := h.Trash("a", entryID, func() error { return no }); !errors.Is(err, no) {
		t.Errorf("the error is %v", err)
	}
	ada.insert(0, "zero\n")
	h.waitFile("a", "zero\none\n")
	grace := h.edit("a")
	if grace.hello.Doc != ada.hello.Doc {
		t.Error("the file is another document now")
	}
}

func TestPurgeRemovesTheHistory(t *testing.T) {
	t.Parallel()
	for _, forGood := range []bool{false, true} {
		h := newHome(t)
		h.write("a", "one\n")
		h.write("b", "two\n")
		ada, grace := h.edit("a"), h.edit("b")
		doc := ada.hello.Doc
		if forGood {
			h.run("rm", "a")
			h.Deleted("a")
		} else {
			if err := h.Trash("a", entryID, h.rename("a", "bin")); err != nil {
				t.Fatal(err)
			}
			h.Purge(entryID)
		}
		<-ada.served
		if got := h.logs(); got != 1 {
			t.Errorf("for good %v: %d histories are left, want that of b", forGood, got)
		}
		grace.insert(0, "x")
		h.waitFile("b", "xtwo\n")
		grace.stop()
		h.restart()
		h.write("a", "one\n")
		if again := h.edit("a"); again.hello.Doc == doc {
			t.Error("a history that was removed is back")
		}
	}
}

// TestReconcile sets right what a kill between the steps has left.
func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		moved, have bool
		same        bool // the file at the path has its history again
		logs        int
	}{
		{"the file was not moved", false, false, true, 1},
		{"the entry was purged", true, false, false, 0},
		{"all is well", true, true, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			h.write("a", "one\n")
			ada := h.edit("a")
			doc := ada.hello.Doc
			move := func() error { return nil }
			if c.moved {
				move = h.rename("a", "bin")
			}
			if err := h.Trash("a", entryID, move); err != nil {
				t.Fatal(err)
			}
			<-ada.served
			h.restart()
			ids := []string{}
			if c.have {
				ids = append(ids, entryID)
			}
			if err := h.Reconcile(func() ([]string, error) { return ids, nil }); err != nil {
				t.Fatal(err)
			}
			if got := h.logs(); got != c.logs {
				t.Errorf("%d histories, want %d", got, c.logs)
			}
			if c.moved {
				h.write("a", "one\n")
			}
			if again := h.edit("a"); (again.hello.Doc == doc) != c.same {
				t.Errorf("the same document: %v, want %v", again.hello.Doc == doc, c.same)
			}
		})
	}
}
