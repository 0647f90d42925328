package project_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/notebook"
)

// kernelWorld is a project that has the kernel of the system's Python.
func kernelWorld(t *testing.T) *world {
	t.Helper()
	w, _ := launch(t, 0)
	spec := filepath.Join(w.home, ".local/share/jupyter/kernels/python3")
	if err := os.MkdirAll(spec, 0o755); err != nil {
		t.Fatal(err)
	}
	err := os.WriteFile(filepath.Join(spec, "kernel.json"), []byte(`{"argv":["/usr/bin/python3","-m","ipykernel_launcher","-f","{connection_file}"],"display_name":"Python","language":"python"}`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// book writes a notebook whose cells have the ids c0, c1 and so on.
func (w *world) book(path string, sources ...string) {
	w.t.Helper()
	n := notebook.New()
	for i, s := range sources {
		n.Cells = append(n.Cells, notebook.Cell{ID: fmt.Sprintf("c%d", i), Type: notebook.Code, Source: s, Metadata: map[string]any{}, Outputs: []map[string]any{}})
	}
	if err := os.WriteFile(filepath.Join(w.home, path), []byte(n.Write("")), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) act(path string, a api.NotebookAction) api.NotebookState {
	w.t.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		w.t.Fatal(err)
	}
	return decode[api.NotebookState](w.t, w.want(http.StatusOK, "POST", "notebooks/"+path, string(b)))
}

func (w *world) runs(path string) api.NotebookState {
	w.t.Helper()
	return decode[api.NotebookState](w.t, w.want(http.StatusOK, "GET", "notebooks/"+path, ""))
}

// done waits until nothing runs.
func (w *world) done(path string) api.NotebookState {
	w.t.Helper()
	var s api.NotebookState
	w.until("nothing runs in "+path, func() error {
		if s = w.runs(path); len(s.Queue) > 0 {
			return fmt.Errorf("the queue is %+v, kernel %+v", s.Queue, s.Kernel)
		}
		if s.Failed != "" {
			w.t.Fatalf("it failed: %s\n%s", s.Failed, w.output)
		}
		return nil
	})
	return s
}

// saved waits until the notebook's file is as ok wants it.
func (w *world) saved(path, what string, ok func(n *notebook.Notebook) bool) *notebook.Notebook {
	w.t.Helper()
	var n *notebook.Notebook
	w.until(what, func() error {
		b, err := os.ReadFile(filepath.Join(w.home, path))
		if err != nil {
			return err
		}
		if n, err = notebook.Read(string(b)); err != nil {
			return err
		}
		if !ok(n) {
			return fmt.Errorf("the file is %.3000s", b)
		}
		return nil
	})
	return n
}

// output is all that a cell has put out: texts, and what of data is text.
func output(c notebook.Cell) string {
	var b strings.Builder
	for _, o := range c.Outputs {
		switch o["output_type"] {
		case "stream":
			fmt.Fprintf(&b, "%s:%s", o["name"], o["text"])
		case "error":
			fmt.Fprintf(&b, "error:%s: %s", o["ename"], o["evalue"])
		default:
			data, _ := o["data"].(map[string]any)
			fmt.Fprintf(&b, "%s:%v", o["output_type"], data["text/plain"])
		}
		b.WriteString("|")
	}
	return b.String()
}

// A notebook runs without a browser, and what it puts out is in its file.
func TestNotebookRuns(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.book("a.ipynb", "x = 1\nprint('hello')", "x + 1", "import sys\nfor i in range(3):\n    print(f'\\r{i}', end='')\nprint('!', file=sys.stderr)", "")
	s := w.act("a.ipynb", api.NotebookAction{Action: "run-all"})
	if len(s.Queue) != 3 || s.Queue[0].ByName != "the editor" {
		t.Errorf("the queue is %+v, want three cells of the editor", s.Queue)
	}
	s = w.done("a.ipynb")
	if s.Kernel == nil || s.Kernel.Spec != "python3" || s.Kernel.State != "idle" {
		t.Errorf("the kernel is %+v", s.Kernel)
	}
	n := w.saved("a.ipynb", "the outputs are written", func(n *notebook.Notebook) bool { return strings.Contains(output(n.Cells[2]), "!") && n.Metadata["language_info"] != nil })
	for i, want := range []string{"stdout:hello\n|", "execute_result:2|", "stdout:2|stderr:!\n|", ""} {
		if got := output(n.Cells[i]); got != want {
			t.Errorf("cell %d has put out %q, want %q", i, got, want)
		}
	}
	if n.Cells[1].Count != 2.0 {
		t.Errorf("the count is %v, want 2", n.Cells[1].Count)
	}
	times, _ := n.Cells[1].Metadata["execution"].(map[string]any)
	for _, key := range []string{"iopub.status.busy", "iopub.execute_input", "iopub.status.idle", "shell.execute_reply"} {
		if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(times[key])); err != nil {
			t.Errorf("the times are %v, which lack %s", times, key)
		}
	}
	by, _ := n.Cells[1].Metadata["lyceum"].(map[string]any)
	if fmt.Sprint(by) != "map[by:map[id:00000000-0000-4000-8000-000000000002 name:the editor]]" {
		t.Errorf("it was run by %v", by)
	}
}
