package project_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/notebook"
)

// reserve waits for a kernel in reserve that is ready and is another one than that with
// the id.
func (w *world) reserve(but string) (k api.Kernel) {
	w.t.Helper()
	w.until("a kernel is in reserve", func() error {
		list := decode[api.Kernels](w.t, w.want(http.StatusOK, "GET", "kernels", ""))
		switch {
		case list.Reserve == nil:
			return errors.New("there is none")
		case list.Reserve.State != "idle" || list.Reserve.ID == but:
			return fmt.Errorf("it is %+v", *list.Reserve)
		}
		k = *list.Reserve
		return nil
	})
	return k
}

// TestReserve has a real kernel wait for a notebook: over the end of the project
// server, and then in the notebook's folder as if it had been started there.
func TestReserve(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t, "KERNEL_RESERVE=default")
	const folder = "grace's"
	if err := os.Mkdir(filepath.Join(w.home, folder), 0o755); err != nil {
		t.Fatal(err)
	}
	spare := w.reserve("")
	if list := decode[api.Kernels](t, w.want(http.StatusOK, "GET", "kernels", "")); len(list.Kernels) != 0 {
		t.Errorf("running kernels are %+v, want none", list.Kernels)
	}
	if list := string(w.want(http.StatusOK, "GET", "jupyter/api/kernels", "")); list != "[]" && strings.TrimSpace(list) != "[]" {
		t.Errorf("Jupyter's list is %s, want none", list)
	}
	w.killServer()
	if again := w.reserve(""); again.ID != spare.ID || again.PID != spare.PID {
		t.Errorf("after the end of the project server in reserve is %+v, was %+v", again, spare)
	}
	const at = folder + "/a.ipynb"
	w.book(at, "print('os' in dir())", "import os\nprint(os.getcwd(), os.environ['PWD'], os.environ['JPY_SESSION_NAME'])")
	dir := filepath.Join(w.home, folder)
	ran := func(n *notebook.Notebook) bool {
		return output(n.Cells[0]) == "stdout:False\n|" && output(n.Cells[1]) == fmt.Sprintf("stdout:%s %s %s\n|", dir, dir, at) && fmt.Sprint(n.Cells[0].Count, n.Cells[1].Count) == "1 2"
	}
	w.act(at, api.NotebookAction{Action: "run-all"})
	w.saved(at, "it has run where a new kernel would have", ran)
	if k := w.kernelIs(spare.ID, "idle"); k.Path != at || k.PID != spare.PID {
		t.Errorf("the notebook's kernel is %+v, want the reserve %+v", k, spare)
	}
	w.reserve(spare.ID)
	w.act(at, api.NotebookAction{Action: "clear-outputs"})
	w.saved(at, "it has no outputs", func(n *notebook.Notebook) bool { return output(n.Cells[1]) == "" })
	w.act(at, api.NotebookAction{Action: "restart-run-all"})
	w.saved(at, "the restarted kernel has run there too", ran)
	if k := w.kernelIs(spare.ID, "idle"); k.PID == spare.PID {
		t.Errorf("it is still process %d", k.PID)
	}
}
