package project_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/notebook"
)

// kernelWorld is a project that has the kernel of the system's Python.
func kernelWorld(t *testing.T, env ...string) *world {
	t.Helper()
	return kernelWorldIn(t, newWorld(t, 0), env...)
}

func kernelWorldIn(t testing.TB, w *world, env ...string) *world {
	t.Helper()
	w.launch(0, env...)
	w.patience = time.Minute // a kernel starts slowly beside other tests
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
	n := w.saved("a.ipynb", "the outputs are written", func(n *notebook.Notebook) bool {
		return strings.Contains(output(n.Cells[2]), "!") && n.Metadata["language_info"] != nil
	})
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

// kernel is a notebook whose kernel runs already.
func (w *world) started(path string, sources ...string) {
	w.t.Helper()
	w.book(path, append(sources, "pass")...)
	w.act(path, api.NotebookAction{Action: "run", Cells: []string{fmt.Sprintf("c%d", len(sources))}})
	w.done(path)
}

func TestNotebookOutputs(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb",
		"from IPython.display import display, update_display, clear_output, HTML\nh = display('one', display_id='d')",
		"update_display('two', display_id='d')",
		"print('gone'); clear_output(); print('stays')",
		"print('shown until'); clear_output(wait=True); print('this'); clear_output(wait=True)",
		"1/0",
		"print('never')",
		"import sys\nfor i in range(3):\n    print(i); print(i, file=sys.stderr)",
	)
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c6", "c0", "c1", "c2", "c3", "c4", "c5"}})
	w.done("a.ipynb")
	n := w.saved("a.ipynb", "the outputs are written", func(n *notebook.Notebook) bool { return strings.Contains(output(n.Cells[4]), "Zero") })
	for i, want := range map[int]string{
		0: "display_data:'two'|", 1: "", 2: "stdout:stays\n|", 3: "stdout:this\n|", 4: "error:ZeroDivisionError: division by zero|", 5: "",
	} {
		if got := output(n.Cells[i]); got != want {
			t.Errorf("cell %d has put out %q, want %q", i, got, want)
		}
	}
	if b, _ := os.ReadFile(filepath.Join(w.home, "a.ipynb")); strings.Contains(string(b), "transient") {
		t.Error("the file tells of display ids")
	}
	if got := strings.Count(output(n.Cells[6]), "stdout:") + strings.Count(output(n.Cells[6]), "stderr:"); got < 2 || !strings.Contains(output(n.Cells[6]), "2\n") {
		t.Errorf("two streams gave %q", output(n.Cells[6]))
	}
}

// An interrupt ends a cell and empties the queue; the kernel goes on.
func TestNotebookStop(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.05)", "print('next')", "input('name? ')")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0", "c1"}})
	w.saved("a.ipynb", "the cell has begun", func(n *notebook.Notebook) bool { return output(n.Cells[0]) == "stdout:begun\n|" })
	// Somebody else runs the same cell: it waits once, however often it is asked for.
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c1"}})
	if s := w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c1"}}); len(s.Queue) != 2 || !s.Queue[0].Running || s.Queue[1].Cell != "c1" {
		t.Errorf("the queue is %+v, want c0 running and c1", s.Queue)
	}
	w.act("a.ipynb", api.NotebookAction{Action: "stop"})
	w.done("a.ipynb")
	n := w.saved("a.ipynb", "the interrupt is written", func(n *notebook.Notebook) bool {
		return strings.Contains(output(n.Cells[0]), "error:KeyboardInterrupt")
	})
	if got := output(n.Cells[1]); got != "" {
		t.Errorf("the cell behind it has put out %q", got)
	}

	// While it waits for an answer.
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c2"}})
	w.until("it asks", func() error {
		if s := w.runs("a.ipynb"); s.Input == nil || s.Input.Prompt != "name? " || s.Input.Cell != "c2" {
			return fmt.Errorf("input is %+v", s.Input)
		}
		return nil
	})
	w.act("a.ipynb", api.NotebookAction{Action: "stop"})
	if s := w.done("a.ipynb"); s.Input != nil {
		t.Errorf("it still asks %+v", s.Input)
	}
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c2"}})
	w.until("it asks again", func() error {
		if s := w.runs("a.ipynb"); s.Input == nil {
			return fmt.Errorf("the state is %+v", s)
		}
		return nil
	})
	ada := "Ada"
	w.act("a.ipynb", api.NotebookAction{Action: "input", Value: &ada})
	w.done("a.ipynb")
	w.saved("a.ipynb", "the answer is written", func(n *notebook.Notebook) bool {
		return output(n.Cells[2]) == "stdout:name? Ada\n|execute_result:'Ada'|"
	})
	w.want(http.StatusConflict, "POST", "notebooks/a.ipynb", `{"action":"input","value":"late"}`)
	w.want(http.StatusNotFound, "POST", "notebooks/a.ipynb", `{"action":"run","cells":["none"]}`)
	w.want(http.StatusUnprocessableEntity, "POST", "notebooks/a.ipynb", `{"action":"dance"}`)
	if res, _ := w.do(w.viewer(), "POST", "notebooks/a.ipynb", `{"action":"run-all"}`); res.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer is answered %d", res.StatusCode)
	}
	if res, _ := w.do(w.viewer(), "GET", "notebooks/a.ipynb", ""); res.StatusCode != http.StatusOK {
		t.Errorf("a viewer is told the state with %d", res.StatusCode)
	}
}

// A kernel that dies says why, and a restart runs everything again.
func TestNotebookDeath(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", "import os\nprint(os.path.exists('second'))\nif not os.path.exists('second'):\n    open('second', 'w').close()\n    os._exit(3)", "print('after')")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0", "c1"}})
	s := w.done("a.ipynb")
	if s.Kernel == nil || s.Kernel.State != "dead" || s.Kernel.Reason == "" {
		t.Errorf("the kernel is %+v, want it dead", s.Kernel)
	}
	n := w.saved("a.ipynb", "its death is written", func(n *notebook.Notebook) bool { return strings.Contains(output(n.Cells[0]), "KernelDied") })
	if !strings.Contains(output(n.Cells[0]), "3") || output(n.Cells[1]) != "" {
		t.Errorf("the cells have put out %q and %q", output(n.Cells[0]), output(n.Cells[1]))
	}
	w.act("a.ipynb", api.NotebookAction{Action: "restart-run-all"})
	w.done("a.ipynb")
	w.saved("a.ipynb", "all ran again", func(n *notebook.Notebook) bool {
		return output(n.Cells[0]) == "stdout:True\n|" && output(n.Cells[1]) == "stdout:after\n|"
	})
	w.act("a.ipynb", api.NotebookAction{Action: "clear-outputs"})
	w.saved("a.ipynb", "the outputs are gone", func(n *notebook.Notebook) bool {
		return output(n.Cells[0])+output(n.Cells[1]) == "" && n.Cells[0].Count == nil
	})
	w.act("a.ipynb", api.NotebookAction{Action: "shutdown"})
	if s := w.runs("a.ipynb"); s.Kernel != nil {
		t.Errorf("the kernel is %+v, want none", s.Kernel)
	}
}

// A project server that is killed in the middle of a cell loses none of its output,
// and has nothing twice.
func TestNotebookOutlivesTheServer(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", "import os, time\nfor i in range(200):\n    print(i, flush=True)\n    time.sleep(0.02)\nwhile not os.path.exists('go'): time.sleep(0.02)\nprint('end')", "print('behind')")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0", "c1"}})
	for _, at := range []string{"20\n", "120\n"} {
		w.saved("a.ipynb", "it has come to "+at, func(n *notebook.Notebook) bool { return strings.Contains(output(n.Cells[0]), "\n"+at) })
		w.killServer()
	}
	if s := w.runs("a.ipynb"); len(s.Queue) != 2 || !s.Queue[0].Running {
		t.Errorf("the queue is %+v, want the cell running and another one", s.Queue)
	}
	if err := os.WriteFile(filepath.Join(w.home, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	w.done("a.ipynb")
	var want strings.Builder
	for i := range 200 {
		fmt.Fprintln(&want, i)
	}
	n := w.saved("a.ipynb", "the end is written", func(n *notebook.Notebook) bool { return strings.Contains(output(n.Cells[1]), "behind") })
	if got := output(n.Cells[0]); got != "stdout:"+want.String()+"end\n|" {
		t.Errorf("the cell has put out %q", got)
	}
}

// killServer kills the project server; the supervisor starts another one.
func (w *world) killServer() {
	w.t.Helper()
	pid := w.serverPID()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	w.until("another server answers", func() error {
		if now := w.serverPID(); now == pid || now == 0 {
			return fmt.Errorf("the server is %d", now)
		}
		res, err := w.client.Get("http://project/healthz")
		if err == nil {
			err = res.Body.Close()
		}
		return err
	})
}

// serverPID is the process of this world's project server, 0 if there is none.
func (w *world) serverPID() int {
	w.t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range all {
		b, _ := os.ReadFile(name) // it may have ended
		if args := strings.Split(string(b), "\x00"); len(args) > 2 && args[1] == "server" && args[2] == string(w.id) {
			pid, err := strconv.Atoi(strings.Split(name, "/")[2])
			if err != nil {
				w.t.Fatal(err)
			}
			return pid
		}
	}
	return 0
}

// Floods come in whole as long as they are no more than a document holds, and their
// end always.
func TestNotebookFlood(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.patience = 3 * time.Minute // 17 s on an idle machine with the race detector; it tells a hang from slowness
	w.started("a.ipynb",
		"for i in range(100000): print(i, flush=i % 100 == 0)",
		"from IPython.display import display\nfor i in range(2000): display(i)",
		"for i in range(20): print('x' * 1000000)\nprint('the end')",
		"import base64\nfrom IPython.display import display\ndisplay({'image/png': base64.b64encode(b'hello' * 400000).decode(), 'text/plain': 'a picture'}, raw=True)",
	)
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0", "c1", "c2", "c3"}})
	w.done("a.ipynb")
	n := w.saved("a.ipynb", "the end is written", func(n *notebook.Notebook) bool { return strings.Contains(output(n.Cells[3]), "picture") })
	var want strings.Builder
	for i := range 100000 {
		fmt.Fprintln(&want, i)
	}
	if got := output(n.Cells[0]); got != "stdout:"+want.String()+"|" {
		t.Errorf("100,000 lines came as %d bytes, want %d", len(got), want.Len())
	}
	if got := len(n.Cells[1].Outputs); got != 2000 {
		t.Errorf("%d outputs came, want 2000", got)
	}
	if got := output(n.Cells[2]); len(got) > 5<<20 || !strings.HasSuffix(got, "xxx\nthe end\n|") || !strings.Contains(got, "bytes left out") {
		t.Errorf("20 MB came as %d bytes, which end with %q", len(got), got[max(0, len(got)-50):])
	}
	meta := n.Cells[3].Outputs[0]["metadata"].(map[string]any)["lyceum"].(map[string]any)["blob"].(map[string]any)["image/png"].(map[string]any)
	if meta["size"] != 2000000.0 {
		t.Errorf("what was set aside is %v", meta)
	}
	res, body := w.do(w.viewer(), "GET", fmt.Sprintf("blobs/%s?type=image/png", meta["hash"]), "")
	if res.StatusCode != http.StatusOK || body != strings.Repeat("hello", 400000) || res.Header.Get("Content-Type") != "image/png" {
		t.Errorf("the blob is answered %d with %d bytes of %s", res.StatusCode, len(body), res.Header.Get("Content-Type"))
	}
	if res, _ := w.do(w.viewer(), "GET", fmt.Sprintf("blobs/%s?type=text/html", meta["hash"]), ""); res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("as HTML it is %s", res.Header.Get("Content-Type"))
	}
	w.want(http.StatusNotFound, "GET", "blobs/"+strings.Repeat("0", 64), "")
	w.want(http.StatusNotFound, "GET", "blobs/..", "")
}
