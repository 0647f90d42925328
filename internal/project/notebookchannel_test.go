package project_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/notebook"
)

// event reads a channel until a message is as ok wants it.
func event(t *testing.T, c *websocket.Conn, what string, ok func(e api.NotebookEvent) bool) api.NotebookEvent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			t.Fatalf("waited in vain for %s: %v", what, err)
		}
		var e api.NotebookEvent
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatalf("a message is %.300q: %v", b, err)
		}
		if ok(e) {
			return e
		}
	}
}

// A page asks the kernel through the channel, in UTF-16 units, and shows widgets.
func TestNotebookChannel(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", `from ipykernel.comm import Comm
heard = []
c = Comm(target_name='jupyter.widget', comm_id='w1', metadata={'version': '2.1.0'},
         data={'state': {'_model_name': 'SliderModel', '_model_module': 'm', '_model_module_version': '1', 'value': 1}, 'buffer_paths': [['data']]}, buffers=[b'hi'])
c.on_msg(lambda m: (heard.append(m['content']['data']), c.send({'method': 'update', 'state': {'value': 7}, 'buffer_paths': []})))`,
		"print(heard[0]['state']['value'])")
	page := w.dial(w.editor(), "notebooks/a.ipynb")
	s := event(t, page, "the state", func(e api.NotebookEvent) bool { return e.T == "state" })
	if s.Kernel == nil || s.Path != "a.ipynb" {
		t.Errorf("the state is %+v", s.NotebookState)
	}
	tell(t, page, `{"t":"request","id":"1","type":"complete","content":{"code":"'😀'; impo","cursor_pos":10}}`)
	reply := event(t, page, "the completion", func(e api.NotebookEvent) bool { return e.T == "reply" })
	if reply.ID != "1" || reply.Content["cursor_start"] != 6.0 || reply.Content["cursor_end"] != 10.0 || !strings.Contains(fmt.Sprint(reply.Content["matches"]), "import") {
		t.Errorf("the completion is %+v", reply)
	}
	tell(t, page, `{"t":"request","id":"2","type":"shutdown","content":{}}`)
	if reply := event(t, page, "a refusal", func(e api.NotebookEvent) bool { return e.ID == "2" }); reply.Error == "" {
		t.Errorf("a request that there is not is answered with %+v", reply)
	}

	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0"}})
	opened := event(t, page, "the widget", func(e api.NotebookEvent) bool { return e.T == "comm" && e.Msg.Header["msg_type"] == "comm_open" })
	if opened.Msg.Content["comm_id"] != "w1" || len(opened.Msg.Buffers) != 1 || opened.Msg.Buffers[0] != "aGk=" {
		t.Errorf("the widget is %+v", opened.Msg)
	}
	tell(t, page, `{"t":"comm","msg":{"header":{"msg_type":"comm_msg","msg_id":"mine"},"parent_header":{},"metadata":{},"content":{"comm_id":"w1","data":{"method":"update","state":{"value":3},"buffer_paths":[]}},"buffers":[]}}`)
	answer := event(t, page, "its answer", func(e api.NotebookEvent) bool { return e.T == "comm" && e.Msg.Header["msg_type"] == "comm_msg" })
	if answer.Msg.ParentHeader["msg_id"] != "mine" {
		t.Errorf("the answer is to %v, want mine", answer.Msg.ParentHeader)
	}
	// Who comes later gets the widget with its present state.
	later := w.dial(w.editor(), "notebooks/a.ipynb")
	again := event(t, later, "the widget", func(e api.NotebookEvent) bool { return e.T == "comm" })
	if got := fmt.Sprint(again.Msg.Content["data"]); !strings.Contains(got, "value:7") || len(again.Msg.Buffers) != 1 {
		t.Errorf("the widget is told as %s", got)
	}
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c1"}})
	w.saved("a.ipynb", "the kernel has heard, and the notebook has the widget", func(n *notebook.Notebook) bool {
		return output(n.Cells[1]) == "stdout:3\n|" && strings.Contains(fmt.Sprint(n.Metadata["widgets"]), "value:7")
	})
	tell(t, page, `{"t":"request","id":"3","type":"variables","content":{}}`)
	if reply := event(t, page, "the variables", func(e api.NotebookEvent) bool { return e.ID == "3" }); !strings.Contains(fmt.Sprint(reply.Content), "name:heard") {
		t.Errorf("the variables are %+v", reply)
	}

	// One who only reads is told the state, and heard in nothing.
	reader := w.dial(w.viewer(), "notebooks/a.ipynb")
	tell(t, reader, `{"t":"request","id":"9","type":"complete","content":{"code":"i","cursor_pos":1}}`)
	event(t, reader, "the state", func(e api.NotebookEvent) bool {
		if e.T != "state" {
			t.Errorf("a viewer is told %+v", e)
		} else if got := fmt.Sprint(e.Produced); !strings.Contains(got, "c0") || !strings.Contains(got, "c1") {
			t.Errorf("cells with outputs of runs are %s, want c0 and c1 among them", got)
		}
		return e.T == "state"
	})
	// What somebody else writes is not the kernel's.
	w.saved("a.ipynb", "it is written", func(n *notebook.Notebook) bool {
		n.Cells[1].Outputs[0]["text"] = "forged"
		if err := os.WriteFile(filepath.Join(w.home, "a.ipynb"), []byte(n.Write("")), 0o644); err != nil {
			t.Fatal(err)
		}
		return true
	})
	w.until("the forged output is not trusted", func() error {
		c := w.dial(w.editor(), "notebooks/a.ipynb")
		defer c.CloseNow()
		s := event(t, c, "the state", func(e api.NotebookEvent) bool { return e.T == "state" })
		if got := fmt.Sprint(s.Produced); strings.Contains(got, "c1") || !strings.Contains(got, "c0") {
			return fmt.Errorf("cells with outputs of runs are %s", got)
		}
		return nil
	})
	tell(t, page, `not JSON`)
	if code := w.code(page); code < 4000 {
		t.Errorf("what is no message ends the channel with %d", code)
	}
}

// A program of the project runs a notebook and sees what it puts out.
func TestNotebookRunLocal(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.book("a.ipynb", "print('hello')", "1/0", "print('never')")
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(w.home, ".local/state/lyceum/local.sock"))
	}}}
	run := func(body string) (events []api.RunEvent) {
		res, err := client.Post("http://project/run/a.ipynb", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		lines := json.NewDecoder(bufio.NewReader(res.Body))
		for {
			var e api.RunEvent
			if err := lines.Decode(&e); errors.Is(err, io.EOF) {
				return events
			} else if err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
	}
	events := run(`{}`)
	got := ""
	for _, e := range events {
		got += fmt.Sprintf("%d %s %v %v %s %s %v|", e.Cells, e.Cell, e.Begun, e.Output["text"], e.Output["ename"], e.Ended, e.Done)
	}
	want := "3  false <nil> %!s(<nil>)  false|0 c0 true <nil> %!s(<nil>)  false|0 c0 false hello\n %!s(<nil>)  false|0 c0 false <nil> %!s(<nil>) ok false|" +
		"0 c1 true <nil> %!s(<nil>)  false|0 c1 false <nil> ZeroDivisionError  false|0 c1 false <nil> %!s(<nil>) error false|0  false <nil> %!s(<nil>)  true|"
	if got != want {
		t.Errorf("the events are\n%s, want\n%s", got, want)
	}
	// The file has it when the run is done.
	n := w.saved("a.ipynb", "the file has it", func(*notebook.Notebook) bool { return true })
	if output(n.Cells[0]) != "stdout:hello\n|" || !strings.Contains(output(n.Cells[1]), "ZeroDivision") {
		t.Errorf("the file has %q and %q", output(n.Cells[0]), output(n.Cells[1]))
	}
	if events := run(`{"cells":["c0"],"keep":true}`); len(events) != 5 || !events[4].Done {
		t.Errorf("one cell gives %+v", events)
	}
}
