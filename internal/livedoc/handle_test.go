package livedoc

import (
	"errors"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

func (h *home) hold(path string) *Handle {
	h.t.Helper()
	x, err := h.Hold(h.t.Context(), path)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(x.Close)
	return x
}

func put(s string) func(tx *ydoc.Tx, y *ydoc.Doc) error {
	return func(tx *ydoc.Tx, y *ydoc.Doc) error {
		v, _ := y.Array(cellsRoot).Get(0).(*ydoc.Map).Get("source")
		return v.(*ydoc.Text).Insert(tx, 0, s)
	}
}

// What a handle writes is shown to viewers, comes into the file without any, and its
// mark is known after a restart.
func TestHandleEdits(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a.ipynb", notebookText(cellText("aa", "x")))
	x := h.hold("a.ipynb")
	if !x.IsNotebook() || x.Path() != "a.ipynb" || len(x.Problems()) > 0 {
		t.Errorf("notebook %v at %s with problems %v", x.IsNotebook(), x.Path(), x.Problems())
	}
	ada := h.edit("a.ipynb")
	ada.waitCells(t, "aa=x")
	for i := range 3 {
		if err := x.EditFrom("kernel", uint64(i+5), "ada", 10, put("1")); err != nil {
			t.Fatal(err)
		}
	}
	ada.waitCells(t, "aa=111x")
	select {
	case <-x.Changed():
	default:
		t.Error("the handle does not hear of its edits")
	}
	if err := x.Saved(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := x.Written(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := h.content("a.ipynb"), notebookText(cellText("aa", "111x")); got != want {
		t.Errorf("the file has %s, want %s", got, want)
	}
	x.Close()
	h.restart()
	x = h.hold("a.ipynb")
	if got, other := x.Mark("kernel"), x.Mark("other"); got != 7 || other != 0 {
		t.Errorf("the marks are %d and %d, want 7 and 0", got, other)
	}
	hist, err := h.History(t.Context(), "a.ipynb", Listing{})
	if err != nil || len(hist.Items) != 2 || hist.Items[0].Origin != "run" {
		t.Errorf("the history is %+v, %v; want one version of origin run", hist.Items, err)
	}
}

// A mark also stands where the state was written anew, without an update behind it.
func TestMarkOutlivesKeyframes(t *testing.T) {
	t.Parallel()
	h := newHome(t, func(c *Config) { c.keyframe = 1 })
	h.write("a.ipynb", notebookText(cellText("aa", "x")))
	x := h.hold("a.ipynb")
	for i := range 40 {
		if err := x.EditFrom("kernel", uint64(i), "", 100, put(strings.Repeat("long ", 20))); err != nil {
			t.Fatal(err)
		}
		if err := x.Saved(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	x.Close()
	h.restart()
	if got := h.hold("a.ipynb").Mark("kernel"); got != 39 {
		t.Errorf("the mark is %d, want 39", got)
	}
}

func TestHandleRefuses(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a.ipynb", notebookText(cellText("aa", "x")))
	x := h.hold("a.ipynb")
	err := x.EditFrom("k", 1, "", api.MaxDocumentBytes, put("y"))
	if !lyceum.IsKind(err, lyceum.TooLarge) {
		t.Errorf("an edit that is too large gives %v", err)
	}
	failed := errors.New("no")
	if err := x.Edit("", "edit", 1, func(*ydoc.Tx, *ydoc.Doc) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("an edit that fails gives %v", err)
	}
	if _, err := h.Hold(t.Context(), "none.ipynb"); !lyceum.IsKind(err, lyceum.NotFound) {
		t.Errorf("a missing file gives %v", err)
	}
}
