package project_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
)

// lacks waits until the state tells what a cell lacks.
func (w *world) lacks(path, cell string) (m api.MissingPackage) {
	w.t.Helper()
	w.until("it is told what "+cell+" lacks", func() error {
		for _, m = range w.runs(path).Missing {
			if m.Cell == cell {
				return nil
			}
		}
		return fmt.Errorf("the state is %+v", w.runs(path))
	})
	return m
}

// A cell that lacks a package says how that comes into the kernel's environment, and
// whether it stays; until the cell is run again.
func TestNotebookNeedsPackage(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	w.started("a.ipynb", "import no_such_module.part", "raise ImportError('Missing optional dependency \\'openpyxl\\'.  Use pip or conda to install openpyxl.')", "import json.nothing", "print('fine')")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0"}})
	m := w.lacks("a.ipynb", "c0")
	if m.Module != "no_such_module" || m.Package != "no-such-module" || !strings.Contains(m.Install, "no-such-module") || m.Where == "" || m.Note == "" || m.Lasts == nil {
		t.Errorf("it lacks %+v", m)
	}
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c1"}})
	if m := w.lacks("a.ipynb", "c1"); m.Package != "openpyxl" {
		t.Errorf("it lacks %+v", m)
	}
	// What is there has no such part: nothing is to be installed. The cell behind it
	// shows that the kernel was asked.
	w.done("a.ipynb")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c2"}})
	w.done("a.ipynb")
	w.killServer() // which keeps what is missing
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c3"}})
	s := w.done("a.ipynb")
	if len(s.Missing) != 2 || s.Missing[0].Cell != "c0" || s.Missing[1].Cell != "c1" {
		t.Errorf("it is told that %+v are missing, want those of c0 and c1", s.Missing)
	}
	w.act("a.ipynb", api.NotebookAction{Action: "clear-outputs", Cells: []string{"c1"}})
	w.write("no_such_module/part.py", "")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0"}})
	if s := w.done("a.ipynb"); len(s.Missing) != 0 {
		t.Errorf("after all ran well %+v is missing", s.Missing)
	}
}

// An environment of the project's own is one that can be installed into.
func TestNotebookNeedsPackageInVenv(t *testing.T) {
	t.Parallel()
	w := kernelWorld(t)
	venv := filepath.Join(w.home, "venv")
	// As venv makes it, but without pip: the packages of the system are seen through it.
	if err := os.MkdirAll(filepath.Join(venv, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.write("venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = true\n")
	if err := os.Symlink("/usr/bin/python3", filepath.Join(venv, "bin/python")); err != nil {
		t.Fatal(err)
	}
	version, err := filepath.Glob("/usr/lib/python3.*/site.py")
	if err != nil || len(version) == 0 {
		t.Fatalf("there is no Python: %v %v", version, err)
	}
	if err := os.MkdirAll(filepath.Join(venv, "lib", filepath.Base(filepath.Dir(version[0])), "site-packages"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.spec("mine", fmt.Sprintf(`{"argv":[%q,"-m","ipykernel_launcher","-f","{connection_file}"],"display_name":"Mine","language":"python"}`, filepath.Join(venv, "bin/python")))
	w.book("a.ipynb", "import cv3_no_such")
	w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0"}, Spec: "mine"})
	if m := w.lacks("a.ipynb", "c0"); m.Lasts == nil || !*m.Lasts || !strings.Contains(m.Note, "~/venv") || !strings.Contains(m.Install, "cv3-no-such") {
		t.Errorf("it lacks %+v, want it to be installed into the venv", m)
	}
	list := decode[api.Kernels](t, w.want(http.StatusOK, "GET", "kernels", ""))
	for _, s := range list.Specs {
		if want := map[string]string{"mine": "home", "python3": "machine"}[s.Name]; want != "" && s.Place != want {
			t.Errorf("%s is in %s, want %s", s.Name, s.Place, want)
		}
	}
}
