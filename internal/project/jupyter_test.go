package project_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"lyceum/internal/api"
)

// contents is the part of Jupyter's model that the tests look at.
type contents struct {
	Name, Path, Type, Format string
	Content                  json.RawMessage
	Size                     *int64
	Writable                 bool
}

// loosely reads JSON of which only a part is looked at.
func loosely[T any](t testing.TB, s string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%.300q: %v", s, err)
	}
	return v
}

func (w *world) contents(path string) contents {
	w.t.Helper()
	return loosely[contents](w.t, w.want(http.StatusOK, "GET", "jupyter/api/contents/"+path, ""))
}

// TestJupyterContents makes, saves, renames, copies and deletes by Jupyter's API.
func TestJupyterContents(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("text.txt", "héllo\n")
	w.write("some/b.bin", "\x00\x01\xff")
	w.write(".secret/key", "x")
	const at = "jupyter/api/contents/"
	if m := w.contents("text.txt"); m.Type != "file" || m.Format != "text" || string(m.Content) != `"héllo\n"` || *m.Size != 7 || !m.Writable {
		t.Errorf("a text is %+v", m)
	}
	if m := w.contents("some/b.bin"); m.Format != "base64" || string(m.Content) != `"AAH/"` {
		t.Errorf("bytes are %+v", m)
	}
	var names []string
	for _, m := range loosely[[]contents](t, string(w.contents("").Content)) {
		names = append(names, m.Type+" "+m.Path)
	}
	if got, want := fmt.Sprint(names), "[directory some file text.txt]"; got != want {
		t.Errorf("the home has %s, want %s", got, want)
	}
	made := loosely[contents](t, w.want(http.StatusCreated, "POST", at, `{"type":"notebook"}`))
	again := loosely[contents](t, w.want(http.StatusCreated, "POST", at+"/", `{"type":"notebook"}`))
	if made.Path != "Untitled.ipynb" || again.Path != "Untitled1.ipynb" || made.Type != "notebook" {
		t.Errorf("new notebooks are %+v and %+v", made, again)
	}
	if m := loosely[contents](t, w.want(http.StatusCreated, "POST", at+"some", `{"type":"directory"}`)); m.Path != "some/Untitled Folder" {
		t.Errorf("a new folder is %+v", m)
	}
	if m := loosely[contents](t, w.want(http.StatusCreated, "POST", at, `{"copy_from":"text.txt"}`)); m.Path != "text-Copy1.txt" || w.read("text-Copy1.txt") != "héllo\n" {
		t.Errorf("a copy is %+v", m)
	}
	w.want(http.StatusOK, "PATCH", at+"text-Copy1.txt", `{"path":"some/moved.txt"}`)
	w.want(http.StatusConflict, "PATCH", at+"some/moved.txt", `{"path":"text.txt"}`)
	w.want(http.StatusNoContent, "DELETE", at+"some/moved.txt", "")
	w.want(http.StatusNotFound, "GET", at+"some/moved.txt", "")

	w.want(http.StatusCreated, "PUT", at+"new/", `{"type":"directory"}`)
	w.want(http.StatusCreated, "PUT", at+"new/a.bin", `{"type":"file","format":"base64","content":"AAEC"}`)
	w.want(http.StatusOK, "PUT", at+"new/a.bin", `{"type":"file","format":"text","content":"now text"}`)
	if got := w.read("new/a.bin"); got != "now text" {
		t.Errorf("it was saved as %q", got)
	}
	for i, piece := range []string{"one ", "two ", "three"} {
		chunk := []int{1, 2, -1}[i]
		body := fmt.Sprintf(`{"type":"file","format":"base64","chunk":%d,"content":%q}`, chunk, base64.StdEncoding.EncodeToString([]byte(piece)))
		if res, answer := w.do(w.editor(), "PUT", at+"new/pieces", body); res.StatusCode >= 300 {
			t.Fatalf("piece %d answers %d %s", chunk, res.StatusCode, answer)
		}
	}
	if got := w.read("new/pieces"); got != "one two three" {
		t.Errorf("the pieces are %q", got)
	}
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", ".secret/key", "", http.StatusNotFound},
		{"PUT", ".hidden", `{"type":"file","format":"text","content":""}`, http.StatusBadRequest},
		{"PATCH", "text.txt", `{"path":".hidden"}`, http.StatusBadRequest},
		{"PATCH", "text.txt", `{}`, http.StatusBadRequest},
		{"POST", "text.txt", `{}`, http.StatusBadRequest},
		{"POST", "", `{"type":"device"}`, http.StatusBadRequest},
		{"POST", "", `{"type":"file","ext":"/../x"}`, http.StatusBadRequest},
		{"POST", "", `{"copy_from":".secret/key"}`, http.StatusBadRequest},
		{"DELETE", ".secret/key", "", http.StatusBadRequest},
		{"GET", "..", "", http.StatusBadRequest},
		{"GET", "%2e%2e/etc/passwd", "", http.StatusBadRequest},
		{"GET", "some?type=file", "", http.StatusBadRequest},
		{"GET", "text.txt?type=directory", "", http.StatusBadRequest},
		{"GET", "text.txt?type=notebook", "", http.StatusBadRequest},
		{"GET", "some/b.bin?format=text", "", http.StatusBadRequest},
		{"GET", "text.txt?format=gif", "", http.StatusBadRequest},
		{"PUT", "text.txt", `[1]`, http.StatusBadRequest},
		{"PUT", "text.txt", `{"type":"file","format":"text","content":7}`, http.StatusBadRequest},
		{"PUT", "text.txt", `{"type":"file","format":"base64","content":"%"}`, http.StatusBadRequest},
		{"PUT", "text.txt", `{"type":"file","format":"text"}`, http.StatusBadRequest},
		{"PUT", "text.txt", `{"type":"directory"}`, http.StatusBadRequest},
		{"PUT", "n.ipynb", `{"type":"notebook","format":"json","content":"text"}`, http.StatusBadRequest},
		{"PUT", "n.ipynb", `{"type":"notebook","format":"json","content":{"cells":7}}`, http.StatusBadRequest},
		{"PUT", "late", `{"type":"file","format":"text","chunk":2,"content":"x"}`, http.StatusBadRequest},
		{"PUT", "", `{"type":"directory"}`, http.StatusBadRequest},
		{"DELETE", "", "", http.StatusBadRequest},
		{"DELETE", "nothing", "", http.StatusNotFound},
	} {
		if res, answer := w.do(w.editor(), c.method, at+c.path, c.body); res.StatusCode != c.want || !strings.Contains(answer, `"message"`) {
			t.Errorf("%s %s %s answers %d %s, want %d", c.method, c.path, c.body, res.StatusCode, answer, c.want)
		}
	}
	if res, _ := w.do(w.editor(), "PUT", at+"text.txt", `{"type":"file","format":"text","content":"`+strings.Repeat("x", 96<<20)+`"}`); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large answers %d", res.StatusCode)
	}
}

// TestJupyterSavesIntoTheDocument saves what somebody has open.
func TestJupyterSavesIntoTheDocument(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("open.txt", "one\n")
	ty := w.edit("open.txt")
	w.want(http.StatusOK, "PUT", "jupyter/api/contents/open.txt", `{"type":"file","format":"text","content":"one\ntwo\n"}`)
	ty.wait("one\ntwo\n")
	w.book("a.ipynb", "1+1", "2+2")
	m := w.contents("a.ipynb")
	var n map[string]any
	if err := json.Unmarshal(m.Content, &n); err != nil || m.Type != "notebook" || m.Format != "json" {
		t.Fatalf("a notebook is %+v: %v", m, err)
	}
	cells := n["cells"].([]any)
	cells[0].(map[string]any)["source"] = "1+1+1"
	body, err := json.Marshal(map[string]any{"type": "notebook", "format": "json", "content": n})
	if err != nil {
		t.Fatal(err)
	}
	w.want(http.StatusOK, "PUT", "jupyter/api/contents/a.ipynb", string(body))
	if got := w.read("a.ipynb"); !strings.Contains(got, `"1+1+1"`) || !strings.Contains(got, `"2+2"`) {
		t.Errorf("the file is %s", got)
	}
	h := decode[api.History](t, w.want(http.StatusOK, "GET", "history/a.ipynb", ""))
	if len(h.Items) == 0 || h.Items[0].Origin != "edit" || len(h.Items[0].By) != 1 || h.Items[0].By[0].ID != string(w.editor().Account) {
		t.Errorf("the history is %+v, want an edit by the one who saved", h)
	}
	// A checkpoint brings the first text back, as an edit.
	const points = "jupyter/api/contents/open.txt/checkpoints"
	w.want(http.StatusCreated, "POST", points, "")
	w.want(http.StatusOK, "PUT", "jupyter/api/contents/open.txt", `{"type":"file","format":"text","content":"lost\n"}`)
	if got := w.want(http.StatusOK, "GET", points, ""); !strings.Contains(got, `"id":"checkpoint"`) {
		t.Errorf("the checkpoints are %s", got)
	}
	w.want(http.StatusNoContent, "POST", points+"/checkpoint", "")
	if got := w.contents("open.txt"); string(got.Content) != `"one\ntwo\n"` {
		t.Errorf("after the checkpoint it is %s", got.Content)
	}
	w.want(http.StatusNotFound, "POST", points+"/other", "")
	w.want(http.StatusNoContent, "DELETE", points+"/checkpoint", "")
	w.want(http.StatusNotFound, "POST", points+"/checkpoint", "")
}

// TestJupyterOfViewers lets viewers read contents, and no more.
func TestJupyterOfViewers(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("text.txt", "text")
	w.write(".secret/key", "x")
	if err := os.Symlink(".secret/key", filepath.Join(w.home, "way")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "api/contents/text.txt", "", http.StatusOK},
		{"GET", "api/contents", "", http.StatusOK},
		{"GET", "api/contents/text.txt/checkpoints", "", http.StatusOK},
		{"GET", "files/text.txt", "", http.StatusOK},
		{"GET", "files/.secret/key", "", http.StatusNotFound},
		{"GET", "api/contents/way", "", http.StatusNotFound},
		{"GET", "api/contents/.secret/key", "", http.StatusNotFound},
		{"PUT", "api/contents/text.txt", "{}", http.StatusForbidden},
		{"POST", "api/contents/text.txt/checkpoints", "", http.StatusForbidden},
		{"DELETE", "api/contents/text.txt", "", http.StatusForbidden},
		{"GET", "api/kernels", "", http.StatusForbidden},
		{"GET", "api/kernelspecs", "", http.StatusForbidden},
		{"POST", "api/sessions", "{}", http.StatusForbidden},
		{"GET", "api/terminals", "", http.StatusForbidden},
		{"GET", "api/contents/%2e%2e%2fapi/kernels", "", http.StatusBadRequest},
	} {
		if res, answer := w.do(w.viewer(), c.method, "jupyter/"+c.path, c.body); res.StatusCode != c.want || strings.Contains(answer, ".secret") && c.want == http.StatusOK {
			t.Errorf("%s %s of a viewer answers %d %s, want %d", c.method, c.path, res.StatusCode, answer, c.want)
		}
	}
	if m := loosely[contents](t, func() string { _, a := w.do(w.viewer(), "GET", "jupyter/api/contents/text.txt", ""); return a }()); m.Writable {
		t.Errorf("a viewer may write %+v", m)
	}
}

// TestJupyterKernels runs a cell over each form of the WebSocket, and a terminal.
func TestJupyterKernels(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	if got := w.want(http.StatusOK, "GET", "jupyter/api/kernelspecs", ""); !strings.Contains(got, `"default":"python3"`) {
		t.Errorf("the kernelspecs are %s", got)
	}
	w.want(http.StatusBadRequest, "POST", "jupyter/api/sessions", `{"path":"x"}`)
	type session struct {
		ID, Path, Name, Type string
		Kernel               struct {
			ID, Name string
			State    string `json:"execution_state"`
		}
	}
	w.book("a.ipynb", "1+1")
	s := loosely[session](t, w.want(http.StatusCreated, "POST", "jupyter/api/sessions", `{"path":"a.ipynb","name":"a.ipynb","type":"notebook","kernel":{"name":"python3"}}`))
	if again := loosely[session](t, w.want(http.StatusCreated, "POST", "jupyter/api/sessions", `{"path":"a.ipynb","type":"notebook"}`)); again.ID != s.ID || s.Kernel.Name != "python3" {
		t.Errorf("the sessions of one notebook are %+v and %+v", s, again)
	}
	const request = `{"channel":"shell","header":{"msg_id":"m1","session":"s1","username":"","date":"2026-01-01T00:00:00Z","msg_type":"execute_request","version":"5.3"},"parent_header":{},"metadata":{},"content":{"code":"print(6*7)","silent":false,"store_history":true,"user_expressions":{},"allow_stdin":false,"stop_on_error":true},"buffers":[]}`
	c := w.dial(w.editor(), "jupyter/api/kernels/"+s.Kernel.ID+"/channels?session_id=s1")
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(request)); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for replied, idle := false, false; !replied || !idle; { // the channels have no order between them
		kind, b, err := c.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Channel string
			Type    string `json:"msg_type"`
			Parent  struct {
				ID string `json:"msg_id"`
			} `json:"parent_header"`
			Content struct {
				Text   string
				Status string
				State  string `json:"execution_state"`
			}
		}
		if err := json.Unmarshal(b, &m); err != nil || kind != websocket.MessageText {
			t.Fatalf("a message is %q: %v", b, err)
		}
		if m.Parent.ID != "m1" {
			continue
		}
		seen = append(seen, m.Channel+" "+m.Type+" "+strings.TrimSpace(m.Content.Text))
		replied, idle = replied || m.Channel == "shell", idle || m.Content.State == "idle"
	}
	if got := strings.Join(seen, ", "); !strings.Contains(got, "iopub stream 42") || !strings.Contains(got, "shell execute_reply") {
		t.Errorf("a cell said %s", got)
	}
	w.want(http.StatusNoContent, "POST", "jupyter/api/kernels/"+s.Kernel.ID+"/interrupt", "")
	w.want(http.StatusOK, "POST", "jupyter/api/kernels/"+s.Kernel.ID+"/restart", "")
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte("\x00\x00\x00\x09nonsense")); err != nil {
		t.Fatal(err)
	}
	if got := w.code(c); got != 4400 {
		t.Errorf("nonsense closes with %d, want 4400", got)
	}
	w.want(http.StatusNoContent, "DELETE", "jupyter/api/sessions/"+s.ID, "")
	w.want(http.StatusNotFound, "GET", "jupyter/api/kernels/"+s.Kernel.ID, "")
	w.want(http.StatusNotFound, "GET", "jupyter/api/sessions/"+s.ID, "")
}

// TestJupyterTerminals types into a terminal as terminado's clients do.
func TestJupyterTerminals(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	type terminal struct{ Name string }
	made := loosely[terminal](t, w.want(http.StatusOK, "POST", "jupyter/api/terminals", ""))
	if list := loosely[[]terminal](t, w.want(http.StatusOK, "GET", "jupyter/api/terminals", "")); len(list) != 1 || list[0] != made {
		t.Errorf("the terminals are %+v, want %+v", list, made)
	}
	c := w.dial(w.editor(), "jupyter/terminals/websocket/"+made.Name)
	defer c.CloseNow()
	for _, m := range []string{`["set_size",30,100,600,800]`, `["stdin","echo $((6*7))\r"]`} {
		if err := c.Write(t.Context(), websocket.MessageText, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	said := ""
	for !strings.Contains(said, "42") {
		_, b, err := c.Read(t.Context())
		if err != nil {
			t.Fatalf("after %q: %v", said, err)
		}
		var m []json.RawMessage
		var text string
		if err := json.Unmarshal(b, &m); err != nil || len(m) != 2 {
			t.Fatalf("a message is %s", b)
		}
		if string(m[0]) == `"stdout"` {
			if err := json.Unmarshal(m[1], &text); err != nil {
				t.Fatal(err)
			}
			said += text
		}
	}
	w.want(http.StatusNoContent, "DELETE", "jupyter/api/terminals/"+made.Name, "")
	w.want(http.StatusNotFound, "GET", "jupyter/api/terminals/"+made.Name, "")
}
