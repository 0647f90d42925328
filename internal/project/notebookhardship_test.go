package project_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/notebook"
)

// A kernel that answers nothing any more, not even an interrupt, is restarted all the
// same, and what waits behind it is told to be dropped.
func TestNotebookNeverAnswers(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", "import signal\nfor s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\nprint('deaf', flush=True)\nwhile True: pass", "print('behind')")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0", "c1"}})
	w.saved("a.ipynb", "it is deaf", func(n *notebook.Notebook) bool { return output(n.Cells[0]) == "stdout:deaf\n|" })
	page := w.dial(w.editor(), "notebooks/a.ipynb")
	for i := range 17 { // shell is not read: more than so many may not wait
		tell(t, page, fmt.Sprintf(`{"t":"request","id":"%d","type":"complete","content":{"code":"x","cursor_pos":1}}`, i))
	}
	if e := event(t, page, "a refusal", func(e api.NotebookEvent) bool { return e.T == "reply" }); e.Error != "Too many requests wait for the kernel." {
		t.Errorf("a request too many is answered with %+v", e)
	}
	if s := w.act("a.ipynb", api.NotebookAction{Action: "stop"}); len(s.Queue) != 1 || !s.Queue[0].Running {
		t.Errorf("after an interrupt that is not heard the queue is %+v, want what runs", s.Queue)
	}
	w.act("a.ipynb", api.NotebookAction{Action: "restart"})
	w.done("a.ipynb")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c1"}})
	w.done("a.ipynb")
	w.saved("a.ipynb", "the next kernel runs", func(n *notebook.Notebook) bool { return output(n.Cells[1]) == "stdout:behind\n|" })
}

// A kernel that does not start says in the cell what it printed.
func TestNotebookDoesNotStart(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.spec("fails", `{"argv":["/bin/sh","-c","echo no module named ipykernel >&2; exit 1"],"display_name":"Fails","language":"python"}`)
	w.spec("gone", `{"argv":["/nowhere/python"],"display_name":"Gone","language":"python"}`)
	w.book("a.ipynb", "1", "2")
	w.act("a.ipynb", api.NotebookAction{Action: "run-all", Spec: "fails"})
	w.saved("a.ipynb", "the cell says why", func(n *notebook.Notebook) bool {
		b, err := json.Marshal(n.Cells[0].Outputs)
		return err == nil && strings.Contains(string(b), "It does not start") && strings.Contains(string(b), "no module named ipykernel")
	})
	w.until("nothing waits any more", func() error {
		if s := w.runs("a.ipynb"); len(s.Queue) > 0 || s.Kernel == nil || s.Kernel.State != "dead" {
			return fmt.Errorf("the state is %+v", s)
		}
		return nil
	})
	w.act("a.ipynb", api.NotebookAction{Action: "start", Spec: "gone"})
	w.until("it is told that the program is not there", func() error {
		if s := w.runs("a.ipynb"); !strings.Contains(s.Failed, "/nowhere/python is not there") {
			return fmt.Errorf("the state is %+v", s)
		}
		return nil
	})
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c1"}, Spec: "python3"})
	w.done("a.ipynb")
	w.saved("a.ipynb", "another kernel runs", func(n *notebook.Notebook) bool { return output(n.Cells[1]) == "execute_result:2|" })
}

// What is put out where nobody shows it any more does no harm: a display that is
// closed, one that never was, a comm that is closed, a cell that is deleted.
func TestNotebookClosedDisplay(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", `import os, time
from IPython.display import display, update_display, clear_output
from ipykernel.comm import Comm
display('first', display_id='d')
clear_output()
update_display('second', display_id='d')
update_display('third', display_id='never')
c = Comm(target_name='jupyter.widget', comm_id='w', data={'state': {}})
c.close()
c.send({'method': 'update', 'state': {'value': 1}})
print('on', flush=True)
while not os.path.exists('go'): time.sleep(0.02)
print('nobody sees this')
display('nor this')`, "print('fine')")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0", "c1"}})
	w.saved("a.ipynb", "it has put out", func(n *notebook.Notebook) bool { return output(n.Cells[0]) == "stdout:on\n|" })
	n := w.saved("a.ipynb", "it is there", func(*notebook.Notebook) bool { return true })
	n.Cells = n.Cells[1:]
	w.write("a.ipynb", n.Write("")) // somebody deletes the cell that runs
	w.saved("a.ipynb", "the cell is gone", func(n *notebook.Notebook) bool { return len(n.Cells) == 2 && n.Cells[0].ID == "c1" })
	w.write("go", "")
	w.done("a.ipynb")
	w.saved("a.ipynb", "the cell behind it has run", func(n *notebook.Notebook) bool { return len(n.Cells) == 2 && output(n.Cells[0]) == "stdout:fine\n|" })
}

// Two people run the same cell at once: it runs for the first one, and waits once.
func TestNotebookTwoPeople(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", "import os, time\nn = globals().get('n', 0) + 1\nprint('run', n, flush=True)\nwhile not os.path.exists('go'): time.sleep(0.02)")
	answers := make(chan error, 2)
	for _, role := range []lyceum.Role{lyceum.Editor, lyceum.Owner} {
		r := w.request(w.as(role), "POST", "notebooks/a.ipynb", strings.NewReader(`{"action":"run","cells":["c0"]}`))
		go func() {
			res, err := w.client.Do(r)
			if err == nil && res.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %d", res.StatusCode)
			}
			if err == nil {
				err = res.Body.Close()
			}
			answers <- err
		}()
	}
	for range 2 {
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
	s := w.runs("a.ipynb")
	if len(s.Queue) != 2 || !s.Queue[0].Running || s.Queue[1].Running || s.Queue[0].By == s.Queue[1].By {
		t.Errorf("the queue is %+v, want the cell to run for one and to wait for the other", s.Queue)
	}
	// Once more does not lengthen it, whoever asks.
	if s := w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0"}}); len(s.Queue) != 2 {
		t.Errorf("the queue is %+v, want two", s.Queue)
	}
	w.write("go", "")
	w.done("a.ipynb")
	n := w.saved("a.ipynb", "both have run", func(n *notebook.Notebook) bool { return output(n.Cells[0]) == "stdout:run 2\n|" })
	by, _ := n.Cells[0].Metadata["lyceum"].(map[string]any)
	if !strings.Contains(fmt.Sprint(by), s.Queue[1].By) {
		t.Errorf("it was run by %v, want the second one, %s", by, s.Queue[1].By)
	}
}

// Damaged notebooks are run as far as they can be read, and their file is put aside
// before it is written.
func TestNotebookDamagedRuns(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	const cell = `{"cell_type":"code","source":"print(%d)","id":"same","outputs":[]}`
	text := `{"cells":[` + fmt.Sprintf(cell, 1) + `,` + fmt.Sprintf(cell, 2) + `],"nbformat":4,"nbformat_minor":9} and more`
	w.write("a.ipynb", text)
	s := w.act("a.ipynb", api.NotebookAction{Action: "run-all"})
	said := fmt.Sprint(s.Problems)
	for _, want := range []string{"same id", "4.9", "no metadata", "damaged"} {
		if !strings.Contains(said, want) {
			t.Errorf("of the damage it is told %s, want %q in it", said, want)
		}
	}
	w.done("a.ipynb")
	w.saved("a.ipynb", "both cells have run", func(n *notebook.Notebook) bool {
		return len(n.Cells) == 2 && output(n.Cells[0]) == "stdout:1\n|" && output(n.Cells[1]) == "stdout:2\n|" && n.Cells[0].ID != n.Cells[1].ID
	})
	if b, err := os.ReadFile(filepath.Join(w.home, "a-damaged.ipynb")); err != nil || string(b) != text {
		t.Errorf("what was there before is kept as %q, %v", b, err)
	}
}
