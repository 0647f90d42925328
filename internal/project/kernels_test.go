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
)

// kernel tells of one kernel of the project.
func (w *world) kernel(id string) (api.Kernel, error) {
	w.t.Helper()
	list := decode[api.Kernels](w.t, w.want(http.StatusOK, "GET", "kernels", ""))
	for _, k := range list.Kernels {
		if k.ID == id {
			return k, nil
		}
	}
	return api.Kernel{}, fmt.Errorf("there is no kernel %s in %+v", id, list.Kernels)
}

func (w *world) kernelIs(id, state string) (k api.Kernel) {
	w.t.Helper()
	w.until("the kernel is "+state, func() error {
		var err error
		if k, err = w.kernel(id); err == nil && k.State != state {
			err = fmt.Errorf("it is %+v", k)
		}
		return err
	})
	return k
}

func (w *world) spec(name, text string) {
	w.t.Helper()
	dir := filepath.Join(w.home, ".local/share/jupyter/kernels", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kernel.json"), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// TestKernels starts, restarts and ends a kernel, over the end of the project server.
func TestKernels(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.spec("gone", `{"argv":["/nowhere/python"],"display_name":"Gone","language":"python"}`)
	w.spec("fails", `{"argv":["/bin/sh","-c","echo no module named ipykernel >&2; exit 1"],"display_name":"Fails","language":"python"}`)
	list := decode[api.Kernels](t, w.want(http.StatusOK, "GET", "kernels", ""))
	specs := map[string]api.KernelSpec{}
	for _, s := range list.Specs {
		specs[s.Name] = s
	}
	if s := specs["python3"]; !s.Default || s.Problem != "" || s.Language != "python" {
		t.Errorf("python3 is %+v, want the default", s)
	}
	if s := specs["gone"]; !strings.Contains(s.Problem, "/nowhere/python is not there") {
		t.Errorf("a kernel without its program is %+v", s)
	}
	w.want(http.StatusConflict, "POST", "kernels", `{"spec":"gone"}`)
	w.want(http.StatusNotFound, "POST", "kernels", `{"spec":"never heard of"}`)
	w.want(http.StatusNotFound, "POST", "kernels", `{"path":"no folder/a.ipynb"}`)
	w.want(http.StatusUnprocessableEntity, "POST", "kernels", `{"path":"../a.ipynb"}`)
	failed := decode[api.Kernel](t, w.want(http.StatusOK, "POST", "kernels", `{"spec":"fails"}`))
	if k := w.kernelIs(failed.ID, "dead"); k.Stderr != "no module named ipykernel" || k.Reason != "It does not start: its process exited with code 1." {
		t.Errorf("a kernel that fails is %+v", k)
	}
	w.want(http.StatusNoContent, "DELETE", "kernels/"+failed.ID, "")
	w.want(http.StatusNotFound, "DELETE", "kernels/"+failed.ID, "")

	made := decode[api.Kernel](t, w.want(http.StatusOK, "POST", "kernels", `{"path":"a.ipynb"}`))
	k := w.kernelIs(made.ID, "idle")
	if k.Spec != "python3" || k.Path != "a.ipynb" || k.PID <= 0 || k.MemoryBytes < 10<<20 {
		t.Errorf("the kernel is %+v", k)
	}
	first := k.PID
	named := false
	for _, p := range decode[[]api.Process](t, w.want(http.StatusOK, "GET", "processes", "")) {
		named = named || p.PID == k.PID && p.Kernel == k.ID && p.KernelName == k.DisplayName && p.Notebook == "a.ipynb"
	}
	if !named {
		t.Errorf("among the processes the kernel %d is not named", k.PID)
	}
	w.want(http.StatusOK, "PATCH", "kernels/"+made.ID, `{"action":"interrupt"}`)
	w.want(http.StatusUnprocessableEntity, "PATCH", "kernels/"+made.ID, `{"action":"dance"}`)
	w.want(http.StatusOK, "PATCH", "kernels/"+made.ID, `{"action":"restart"}`)
	if k = w.kernelIs(made.ID, "idle"); k.PID == first {
		t.Errorf("it is the same process %d after a restart", k.PID)
	}

	w.killServer()
	if again := w.kernelIs(made.ID, "idle"); again.PID != k.PID {
		t.Errorf("the kernel is process %d after the end of the project server, was %d", again.PID, k.PID)
	}
	if err := syscall.Kill(k.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if k := w.kernelIs(made.ID, "dead"); k.Reason != "Its process was ended by SIGKILL." || k.PID != 0 {
		t.Errorf("a killed kernel is %+v", k)
	}
	w.want(http.StatusOK, "PATCH", "kernels/"+made.ID, `{"action":"restart"}`)
	w.kernelIs(made.ID, "idle")
	w.want(http.StatusNoContent, "DELETE", "kernels/"+made.ID, "")
	if _, err := w.kernel(made.ID); err == nil {
		t.Error("a kernel that was shut down is listed")
	}
}

// TestKernelsOfViewers keeps viewers from all of it.
func TestKernelsOfViewers(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	for _, c := range []struct{ method, path, body string }{
		{"GET", "kernels", ""}, {"POST", "kernels", "{}"}, {"PATCH", "kernels/x", `{"action":"restart"}`}, {"DELETE", "kernels/x", ""},
	} {
		if res, answer := w.do(w.viewer(), c.method, c.path, c.body); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s of a viewer answers %d %s", c.method, c.path, res.StatusCode, answer)
		}
	}
}
