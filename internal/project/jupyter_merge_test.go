package project_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// by is one client of Jupyter's API: it says what it is, as all do.
type by struct {
	*world
	name string
}

func (c by) get(path string) contents {
	c.t.Helper()
	return loosely[contents](c.t, c.want(http.StatusOK, "GET", "jupyter/api/contents/"+path, "", "User-Agent", c.name))
}

func (c by) put(path, kind, format string, content any) {
	c.t.Helper()
	b, err := json.Marshal(map[string]any{"type": kind, "format": format, "content": content})
	if err != nil {
		c.t.Fatal(err)
	}
	c.want(http.StatusOK, "PUT", "jupyter/api/contents/"+path, string(b), "User-Agent", c.name)
}

// TestJupyterSavesItsOwnEdit saves what was read before others edited: theirs stays.
func TestJupyterSavesItsOwnEdit(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	lab, script := by{w, "lab"}, by{w, "script"}

	w.write("open.txt", "one\ntwo\nthree\n")
	lab.get("open.txt")
	ty := w.edit("open.txt")
	ty.wait("one\ntwo\nthree\n")
	ty.insert(0, "zero\n")
	ty.saved()
	lab.put("open.txt", "file", "text", "one\ntwo\nTHREE\n")
	ty.wait("zero\none\ntwo\nTHREE\n")
	// What it saves next is an edit of what it saved last.
	lab.put("open.txt", "file", "text", "one\nTWO\nTHREE\n")
	ty.wait("zero\none\nTWO\nTHREE\n")
	// A client that has read nothing says what the file is to be.
	script.put("open.txt", "file", "text", "all new\n")
	ty.wait("all new\n")
	// And so does a checkpoint.
	const points = "jupyter/api/contents/open.txt/checkpoints"
	script.get("open.txt")
	w.want(http.StatusCreated, "POST", points, "", "User-Agent", "script")
	ty.insert(0, "more\n")
	ty.saved()
	w.want(http.StatusNoContent, "POST", points+"/checkpoint", "", "User-Agent", "script")
	ty.wait("all new\n")

	// What was deleted is nobody's base for what comes in its place.
	w.write("gone.txt", "old\n")
	lab.get("gone.txt")
	w.want(http.StatusNoContent, "DELETE", "jupyter/api/contents/gone.txt", "", "User-Agent", "script")
	w.write("gone.txt", "other\n")
	lab.put("gone.txt", "file", "text", "old\nmine\n")
	if got := w.read("gone.txt"); got != "old\nmine\n" {
		t.Errorf("in the place of a deleted file there is %q", got)
	}

	// Notebooks cell by cell, also over a rename.
	w.book("a.ipynb", "1", "2", "3")
	cells := func(c by, path string) (n map[string]any) {
		if err := json.Unmarshal(c.get(path).Content, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	source := func(n map[string]any, i int) map[string]any { return n["cells"].([]any)[i].(map[string]any) }
	mine, theirs := cells(lab, "a.ipynb"), cells(script, "a.ipynb")
	source(theirs, 0)["source"] = "1 + 1"
	theirs["cells"] = theirs["cells"].([]any)[:2]
	script.put("a.ipynb", "notebook", "json", theirs)
	w.want(http.StatusOK, "PATCH", "jupyter/api/contents/a.ipynb", `{"path":"b.ipynb"}`)
	source(mine, 1)["source"] = "2 + 2"
	lab.put("b.ipynb", "notebook", "json", mine)
	now := cells(lab, "b.ipynb")
	if got := fmt.Sprint(len(now["cells"].([]any)), ": ", source(now, 0)["source"], ", ", source(now, 1)["source"]); got != "2: 1 + 1, 2 + 2" {
		t.Errorf("the notebook is %s", got)
	}
}

// TestJupyterKeepsFewBases bounds what is kept of what clients have.
func TestJupyterKeepsFewBases(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	for i := range 230 {
		name := fmt.Sprintf("%d.txt", i)
		w.write(name, "text")
		w.want(http.StatusOK, "GET", "jupyter/api/contents/"+name, "")
	}
	w.want(http.StatusOK, "GET", "jupyter/api/contents/0.txt?content=0", "")
	if res, _ := w.do(w.viewer(), "GET", "jupyter/api/contents/0.txt", ""); res.StatusCode != http.StatusOK {
		t.Errorf("a viewer gets %d", res.StatusCode)
	}
	all, err := os.ReadDir(filepath.Join(w.home, ".local/state/lyceum/jupyter"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range all {
		if strings.HasPrefix(e.Name(), "base-") {
			n++
		}
	}
	if n != 200 {
		t.Errorf("%d are kept, want the newest 200", n)
	}
}
