package livedoc

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/notebook"
	"lyceum/internal/ydoc"
)

// cellText is a cell as nbformat writes it.
func cellText(id, source string) string {
	return fmt.Sprintf("  {\n   \"cell_type\": \"code\",\n   \"execution_count\": null,\n   \"id\": %q,\n   \"metadata\": {},\n   \"outputs\": [],\n   \"source\": [\n    %q\n   ]\n  }", id, source)
}

func notebookText(cells ...string) string {
	return "{\n \"cells\": [\n" + strings.Join(cells, ",\n") + "\n ],\n \"metadata\": {\n  \"kernelspec\": {\"name\": \"python3\"}\n },\n \"nbformat\": 4,\n \"nbformat_minor\": 5\n}\n"
}

// cells are the sources of the client's cells, with their ids.
func (c *client) cells() string {
	var all []string
	for _, cell := range readNotebook(c.y).Cells {
		all = append(all, cell.ID+"="+cell.Source)
	}
	return strings.Join(all, " ")
}

func (c *client) waitCells(t testing.TB, want string) {
	t.Helper()
	c.wait(t, "the cells "+want, func() bool { return c.cells() == want })
}

// source returns the shared text of the cell at i. The lock must be held.
func (c *client) source(i int) *ydoc.Text {
	v, _ := c.y.Array(cellsRoot).Get(i).(*ydoc.Map).Get("source")
	return v.(*ydoc.Text)
}

func (c *client) typeInto(i, pos int, s string) {
	c.edit(func(tx *ydoc.Tx, _ *ydoc.Text) error { return c.source(i).Insert(tx, pos, s) })
}

func TestTwoEditOneNotebook(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	text := notebookText(cellText("aa", "1+1"), cellText("bb", "2+2"))
	h.write("a.ipynb", text)
	ada, grace := h.edit("a.ipynb"), h.edit("a.ipynb")
	if ada.hello.Model != "notebook" {
		t.Errorf("hello says the model is %q, want notebook", ada.hello.Model)
	}
	ada.waitCells(t, "aa=1+1 bb=2+2")
	grace.waitCells(t, "aa=1+1 bb=2+2")
	ada.typeInto(0, 3, "+1")
	grace.typeInto(1, 0, "x=")
	ada.waitCells(t, "aa=1+1+1 bb=x=2+2")
	h.waitFile("a.ipynb", strings.NewReplacer(`"1+1"`, `"1+1+1"`, `"2+2"`, `"x=2+2"`).Replace(text))
	ada.waitState(t, "clean")
	ada.edit(func(tx *ydoc.Tx, _ *ydoc.Text) error { return ada.y.Array(cellsRoot).Delete(tx, 0, 1) })
	h.waitFile("a.ipynb", notebookText(cellText("bb", "x=2+2")))
}

// A notebook that nobody edits keeps its bytes when it is opened and closed, and over
// a change on disk.
func TestNotebookKeepsBytes(t *testing.T) {
	t.Parallel()
	odd := `{"nbformat":4, "nbformat_minor":2,"metadata":{"n":1.50},"cells":[ {"source":"a\u00e9","cell_type":"code","metadata":{},"outputs":[],"execution_count":null}]}`
	h := newHome(t)
	h.write("a.ipynb", odd)
	ada := h.edit("a.ipynb")
	ada.wait(t, "the cell", func() bool { return strings.HasSuffix(ada.cells(), "=aé") })
	next := strings.Replace(odd, `"a\u00e9"`, `["b\n" , "c"]`, 1)
	h.write("a.ipynb", next)
	ada.wait(t, "the change", func() bool { return strings.HasSuffix(ada.cells(), "=b\nc") })
	ada.waitState(t, "clean")
	h.restart()
	if got := h.content("a.ipynb"); got != next {
		t.Errorf("the file became %s, want %s", got, next)
	}
}

// A change on disk is merged with edits that the file has not yet: cell by cell.
func TestDiskChangesCells(t *testing.T) {
	t.Parallel()
	h := newHome(t, func(c *Config) { c.SaveAfter, c.SaveEvery = patience*10, patience*10 })
	h.write("a.ipynb", notebookText(cellText("aa", "one"), cellText("bb", "two"), cellText("cc", "three")))
	ada := h.edit("a.ipynb")
	ada.waitCells(t, "aa=one bb=two cc=three")
	before := ada.y.Array(cellsRoot).Get(1)
	ada.typeInto(1, 3, "!")
	ada.waitSaved(t)
	// Another program edits the second cell, moves the first one to the end, adds one.
	h.write("a.ipynb", notebookText(cellText("bb", "> two"), cellText("dd", "new"), cellText("cc", "three"), cellText("aa", "one")))
	ada.waitCells(t, "bb=> two! dd=new cc=three aa=one")
	if ada.y.Array(cellsRoot).Get(0) != before {
		t.Error("the edited cell is another one now, want it edited in place")
	}
	h.restart()
	if got, want := h.content("a.ipynb"), notebookText(cellText("bb", "> two!"), cellText("dd", "new"), cellText("cc", "three"), cellText("aa", "one")); got != want {
		t.Errorf("the file has %s, want %s", got, want)
	}
}

func TestNotebookThatIsNone(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a.ipynb", "{\n<<<<<<< ours\n")
	ada := h.edit("a.ipynb")
	ada.waitText(t, "{\n<<<<<<< ours\n")
	ada.wait(t, "why", func() bool { return len(ada.errors) == 1 && strings.Contains(ada.errors[0].Message, "open as text") })
	if ada.hello.Model != "" {
		t.Errorf("the model is %q, want none", ada.hello.Model)
	}
	// Mended, it begins a new epoch as a notebook.
	h.write("a.ipynb", notebookText(cellText("aa", "x")))
	ada.waitText(t, notebookText(cellText("aa", "x")))
	h.restart()
	grace := h.edit("a.ipynb")
	grace.waitCells(t, "aa=x")
	if grace.hello.Doc != ada.hello.Doc || grace.hello.Epoch == ada.hello.Epoch {
		t.Errorf("document %s, epoch %s, want the same document in another epoch (%s, %s)", grace.hello.Doc, grace.hello.Epoch, ada.hello.Doc, ada.hello.Epoch)
	}
}

// A file that is no notebook any more is left alone, and what was typed is kept.
func TestNotebookTurnsBad(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a.ipynb", notebookText(cellText("aa", "x")))
	ada := h.edit("a.ipynb")
	ada.waitCells(t, "aa=x")
	h.write("a.ipynb", "nothing")
	ada.waitState(t, "error")
	ada.typeInto(0, 1, "y")
	ada.waitSaved(t)
	if err := h.Close(t.Context()); err == nil {
		t.Error("closing does not tell that the file lacks edits")
	}
	h.open()
	if got := h.content("a.ipynb"); got != "nothing" {
		t.Errorf("the file has %q, want it untouched", got)
	}
	grace := h.edit("a.ipynb")
	grace.waitCells(t, "aa=xy")
	h.write("a.ipynb", notebookText(cellText("aa", "x"), cellText("bb", "z")))
	h.waitFile("a.ipynb", notebookText(cellText("aa", "xy"), cellText("bb", "z")))
}

// What of a damaged notebook cannot be read is kept in a copy before it is written.
func TestDamagedNotebookIsCopied(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	whole := notebookText(cellText("aa", "x"))
	cut := whole[:strings.Index(whole, "kernelspec")]
	h.write("a.ipynb", cut)
	h.write("a-damaged.ipynb", "another")
	ada := h.edit("a.ipynb")
	ada.waitCells(t, "aa=x")
	ada.typeInto(0, 0, "1")
	ada.waitSaved(t)
	h.restart()
	if got := h.content("a-damaged-2.ipynb"); got != cut {
		t.Errorf("the copy has %q, want %q", got, cut)
	}
	if n, err := notebook.Read(h.content("a.ipynb")); err != nil || len(n.Problems) > 0 || n.Cells[0].Source != "1x" {
		t.Errorf("the file reads as %+v, %v", n, err)
	}
}

func TestNotebookHistory(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a.ipynb", notebookText(cellText("aa", "x"), cellText("bb", "y")))
	ada := h.edit("a.ipynb")
	ada.waitCells(t, "aa=x bb=y")
	ada.edit(func(tx *ydoc.Tx, _ *ydoc.Text) error { return ada.y.Array(cellsRoot).Delete(tx, 0, 1) })
	ada.typeInto(0, 1, "z")
	ada.waitSaved(t)
	hist, err := h.History(t.Context(), "a.ipynb", Listing{})
	if err != nil {
		t.Fatal(err)
	}
	first := hist.Items[len(hist.Items)-1].Seq
	v, err := h.Version(t.Context(), "a.ipynb", first)
	if err != nil {
		t.Fatal(err)
	}
	var past struct{ Cells []struct{ ID string } }
	if err := json.Unmarshal([]byte(v.Text), &past); err != nil || len(past.Cells) != 2 {
		t.Fatalf("the first version is %q, %v", v.Text, err)
	}
	d, err := h.Changes(t.Context(), "a.ipynb", first, hist.Items[0].Seq)
	if err != nil || len(d.Hunks) == 0 {
		t.Errorf("changes are %+v, %v; want some", d, err)
	}
	if _, err := h.RestoreVersion(t.Context(), "a.ipynb", first, "ada"); err != nil {
		t.Fatal(err)
	}
	ada.waitCells(t, "aa=x bb=y")
}

// A reader sees a notebook and cannot edit it.
func TestNotebookReadOnly(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a.ipynb", notebookText(cellText("aa", "x")))
	viewer := h.edit("a.ipynb", func(v *Viewer) { v.ReadOnly = true })
	viewer.waitCells(t, "aa=x")
	viewer.typeInto(0, 0, "y")
	if got := viewer.waitClosed(t); got != CloseForbidden {
		t.Errorf("closed with %d, want %d", got, CloseForbidden)
	}
}

// Whatever browsers put into the document, the file stays a notebook.
func TestNotebookOfOddBrowsers(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a.ipynb", notebookText(cellText("aa", "x")))
	ada := h.edit("a.ipynb")
	ada.waitCells(t, "aa=x")
	ada.edit(func(tx *ydoc.Tx, _ *ydoc.Text) error {
		list := ada.y.Array(cellsRoot)
		return list.Push(tx, "no cell", ydoc.NewMap(map[string]any{}), ydoc.NewMap(map[string]any{
			"cell_type": "code", "id": 7, "source": "plain", "metadata": []any{1}, "outputs": ydoc.NewArray("x", ydoc.NewMap(map[string]any{"output_type": "stream", "text": "t", "name": "stdout"})),
			"extra": ydoc.BigInt(3), "bytes": []byte("hi"), "nothing": ydoc.Undefined{},
		}))
	})
	ada.waitSaved(t)
	h.restart()
	n, err := notebook.Read(h.content("a.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	want := []notebook.Cell{
		{ID: "aa", Type: "code", Source: "x", Metadata: map[string]any{}, Outputs: []map[string]any{}},
		{ID: "cell-1", Type: "raw", Metadata: map[string]any{}},
		{ID: "cell-2", Type: "code", Source: "plain", Metadata: map[string]any{}, Outputs: []map[string]any{{"output_type": "stream", "text": "t", "name": "stdout"}},
			Extra: map[string]any{"extra": 3.0, "bytes": "aGk=", "nothing": nil}},
	}
	if d := cmp.Diff(n.Cells, want); d != "" {
		t.Errorf("cells (-got +want):\n%s", d)
	}
	_ = os.Remove(filepath.Join(h.dir, "a.ipynb"))
	if err := h.Flush(context.Background(), ""); err != nil {
		t.Error(err)
	}
}
