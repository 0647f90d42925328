package project_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/notebook"
)

// A project server that is killed leaves its successor the widgets, the question that
// waits, and which outputs may be trusted.
func TestNotebookKeepsWidgets(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", `from ipykernel.comm import Comm
c = Comm(target_name='jupyter.widget', comm_id='w1', data={'state': {'_model_name': 'SliderModel', 'value': 1}, 'buffer_paths': [['data']]}, buffers=[b'hi'])
gone = Comm(target_name='jupyter.widget', comm_id='w2', data={'state': {}})
c.on_msg(lambda m: c.send({'method': 'update', 'state': {'value': m['content']['data']['state']['value'] + 100}, 'buffer_paths': []}))
for i in range(50): c.send({'method': 'update', 'state': {'value': i}, 'buffer_paths': []})
gone.close()
print('made')`, "print('<' + input('name? ') + '>')")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0", "c1"}})
	w.until("it asks", func() error {
		if s := w.runs("a.ipynb"); s.Input == nil {
			return fmt.Errorf("the state is %+v", s)
		}
		return nil
	})
	w.saved("a.ipynb", "the output is written", func(n *notebook.Notebook) bool { return output(n.Cells[0]) == "stdout:made\n|" })
	for range 2 { // the second one has read only what the first one has kept
		w.killServer()
		page := w.dial(w.editor(), "notebooks/a.ipynb")
		widget := event(t, page, "the widget", func(e api.NotebookEvent) bool { return e.T == "comm" })
		if got := fmt.Sprint(widget.Msg.Content); widget.Msg.Content["comm_id"] != "w1" || !strings.Contains(got, "value:49") || len(widget.Msg.Buffers) != 1 || widget.Msg.Buffers[0] != "aGk=" {
			t.Fatalf("the widget is told as %s with %d buffers", got, len(widget.Msg.Buffers))
		}
		event(t, page, "the question, and trust", func(e api.NotebookEvent) bool {
			if e.T == "comm" {
				t.Errorf("another widget is told: %+v", e.Msg.Content)
			}
			return e.T == "state" && e.NotebookState != nil && e.Input != nil && e.Input.Prompt == "name? " && strings.Contains(fmt.Sprint(e.Produced), "c0")
		})
	}
	ada := "Ada"
	w.act("a.ipynb", api.NotebookAction{Action: "input", Value: &ada})
	w.done("a.ipynb")
	w.saved("a.ipynb", "the answer is written", func(n *notebook.Notebook) bool { return output(n.Cells[1]) == "stdout:name? Ada\n<Ada>\n|" })
	page := w.dial(w.editor(), "notebooks/a.ipynb")
	event(t, page, "the state", func(e api.NotebookEvent) bool { return e.T == "state" })
	tell(t, page, `{"t":"comm","msg":{"header":{"msg_type":"comm_msg","msg_id":"mine"},"parent_header":{},"metadata":{},"content":{"comm_id":"w1","data":{"method":"update","state":{"value":3},"buffer_paths":[]}},"buffers":[]}}`)
	event(t, page, "the widget's answer", func(e api.NotebookEvent) bool {
		return e.T == "comm" && e.Msg.Header["msg_type"] == "comm_msg" && strings.Contains(fmt.Sprint(e.Msg.Content), "value:103")
	})

	// A kernel that begins anew has no widgets, also for a later server.
	w.act("a.ipynb", api.NotebookAction{Action: "restart"})
	w.done("a.ipynb")
	w.killServer()
	later := w.dial(w.editor(), "notebooks/a.ipynb")
	event(t, later, "the state", func(e api.NotebookEvent) bool {
		if e.T == "comm" {
			t.Errorf("a widget of before the restart is told: %+v", e.Msg.Content)
		}
		return e.T == "state"
	})
	w.act("a.ipynb", api.NotebookAction{Action: "shutdown"})
	w.until("nothing is kept of the widgets", func() error {
		if left, err := filepath.Glob(filepath.Join(w.home, ".local/state/lyceum/runs/comms/*")); err != nil || len(left) > 0 {
			return fmt.Errorf("%v is kept (%w)", left, err)
		}
		return nil
	})
}
