package project_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/notebook"
)

// Outputs that come while the disk is full are kept, and written when there is room
// again, in order and once: texts, and a picture that is set aside. The project
// server may be killed in between.
func TestNotebookWithoutRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	if err := syscall.Mount("tmpfs", w.home, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("only root may mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(w.home, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	w = kernelWorldIn(t, w)
	w.started("a.ipynb", `import os, time, base64
from IPython.display import display
def at(name):
    while not os.path.exists(name): time.sleep(0.02)
print('begun', flush=True)
at('full')
for i in range(2000): print('line', i, 'x' * 50, flush=i % 100 == 0)
display({'image/png': base64.b64encode(b'hello' * 400000).decode(), 'text/plain': 'a picture'}, raw=True)
print('end')`)
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0"}})
	w.saved("a.ipynb", "it has begun", func(n *notebook.Notebook) bool { return output(n.Cells[0]) == "stdout:begun\n|" })
	if err := os.WriteFile(filepath.Join(w.home, "full"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	fill := filepath.Join(w.home, "fill")
	if err := os.WriteFile(fill, make([]byte, 16<<20), 0o644); err == nil {
		t.Fatal("the disk is not full")
	}
	// The run comes to its end, and people are told that it is not saved.
	w.done("a.ipynb")
	page := w.dial(w.editor(), "sync/a.ipynb?v=lyceum1")
	go func() { // ends with the page
		for err := error(nil); err == nil; {
			_, _, err = page.Read(t.Context())
		}
	}()
	w.until("people are told", func() error {
		for _, d := range decode[api.ProjectStatus](t, w.want(http.StatusOK, "GET", "status", "")).Documents {
			if d.State == "error" {
				return nil
			}
		}
		return fmt.Errorf("the status is %s", w.want(http.StatusOK, "GET", "status", ""))
	})
	w.killServer()
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for i := range 2000 {
		fmt.Fprintln(&want, "line", i, strings.Repeat("x", 50))
	}
	n := w.saved("a.ipynb", "all is written", func(n *notebook.Notebook) bool { return strings.HasSuffix(output(n.Cells[0]), "stdout:end\n|") })
	if got := output(n.Cells[0]); got != "stdout:begun\n"+want.String()+"|display_data:a picture|stdout:end\n|" {
		t.Errorf("the cell has put out %d bytes %.100q … %.100q, want %d", len(got), got, got[max(0, len(got)-100):], want.Len())
	}
	blob := n.Cells[0].Outputs[1]["metadata"].(map[string]any)["lyceum"].(map[string]any)["blob"].(map[string]any)["image/png"].(map[string]any)
	w.until("the picture is kept", func() error {
		res, body := w.do(w.viewer(), "GET", fmt.Sprintf("blobs/%s?type=image/png", blob["hash"]), "")
		if res.StatusCode != http.StatusOK || body != strings.Repeat("hello", 400000) {
			return fmt.Errorf("it is answered %d with %d bytes", res.StatusCode, len(body))
		}
		_, err := os.Stat(filepath.Join(w.home, ".local/state/lyceum/blobs", fmt.Sprint(blob["hash"])))
		return err
	})
}
