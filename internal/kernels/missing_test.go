package kernels

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
)

// Errors that tell of a package, and ones that only look like it.
func TestLackOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language, name, value, module string
		exact                         bool
	}{
		{"python", "ModuleNotFoundError", "No module named 'sklearn.svm'", "sklearn.svm", false},
		{"Python", "ImportError", "No module named yaml", "yaml", false},
		{"python", "ImportError", "Missing optional dependency 'openpyxl'.  Use pip or conda to install openpyxl.", "openpyxl", true},
		{"python", "ImportError", "lxml not found, please install it", "lxml", true},
		{"python", "ImportError", "cannot import name 'x' from 'y'", "", false},
		{"python", "ValueError", "No module named 'sklearn'", "", false},
		{"python", "ModuleNotFoundError", "No module named '; rm -rf ~'", "", false},
		{"python", "ModuleNotFoundError", "No module named '" + strings.Repeat("x", 5000), "", false},
		{"R", "ERROR", "Error in library(dplyr): there is no package called ‘dplyr’\n", "dplyr", true},
		{"r", "ERROR", `Error in loadNamespace(x) : there is no package called 'data.table'`, "data.table", true},
		{"julia", "ArgumentError", "ArgumentError: Package DataFrames not found in current path.", "DataFrames", true},
		{"octave", "error", "package_name: the package signal is not installed", "signal", true},
		{"octave", "error", "The 'butter' function belongs to the signal package from Octave Forge which seems to not be installed in your system.", "signal", true},
		{"typescript", "Error", "Cannot find module '@scope/left-pad'\nRequire stack:", "@scope/left-pad", true},
		{"bash", "", "foo: command not found", "", false},
	} {
		if got := lackOf(c.language, c.name, c.value); got.module != c.module || got.exact != c.exact && c.module != "" {
			t.Errorf("%s %s %.60q lacks %+v, want %q %v", c.language, c.name, c.value, got, c.module, c.exact)
		}
	}
}

func TestDistribution(t *testing.T) {
	t.Parallel()
	for module, want := range map[string]string{
		"sklearn": "scikit-learn", "cv2": "opencv-python-headless", "PIL.Image": "pillow", "yaml": "pyyaml", "bs4": "beautifulsoup4", "numpy": "numpy",
		"google.cloud.storage": "google-cloud-storage", "google.protobuf": "protobuf", "my_package.part": "my-package",
	} {
		if got := distribution(module); got != want {
			t.Errorf("%s is held by %s, want %s", module, got, want)
		}
	}
}

// What is said for each kind of environment: what installs, and whether it lasts.
func TestAdvisePython(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	venv := filepath.Join(home, "venvs/a b")
	for name, c := range map[string]struct {
		env            environment
		install, where string
		lasts          string
		note           string
	}{
		"a venv of the home":  {environment{Prefix: venv, Writable: true, Pip: true}, "%pip install scikit-learn", "cell", "yes", "~/venvs/a b"},
		"one without pip":     {environment{Prefix: venv, Python: venv + "/bin/python", Writable: true, EnsurePip: true}, "'" + venv + "/bin/python' -m ensurepip && '" + venv + "/bin/python' -m pip install scikit-learn", "terminal", "yes", "adds it"},
		"one of uv":           {environment{Prefix: venv, Python: "/p", Writable: true, UV: true}, "uv pip install --python /p scikit-learn", "terminal", "yes", "~/venvs"},
		"outside":             {environment{Prefix: "/opt/py", Writable: true, Pip: true}, "%pip install scikit-learn", "cell", "no", "may be gone"},
		"conda":               {environment{Prefix: home + "/conda", Writable: true, Pip: true, Conda: true, CondaThere: true}, "%conda install --yes scikit-learn", "cell", "yes", "conda environment"},
		"conda without conda": {environment{Prefix: home + "/conda", Writable: true, Pip: true, Conda: true}, "%pip install scikit-learn", "cell", "yes", "~/conda"},
		"the system's":        {environment{Prefix: "/usr", Managed: true, Writable: true, Pip: true, User: home + "/.local/lib/python3.11/site-packages"}, "%pip install --user --break-system-packages scikit-learn", "cell", "yes", "~/.local/lib"},
		"read-only":           {environment{Prefix: "/ext/py", Pip: true, User: home + "/.local/lib/python3.11/site-packages"}, "%pip install --user scikit-learn", "cell", "yes", "/ext/py cannot be changed"},
		"a read-only venv":    {environment{Prefix: "/ext/py", Pip: true}, "python3 -m venv ~/venvs/mine && ~/venvs/mine/bin/pip install ipykernel scikit-learn && ~/venvs/mine/bin/python -m ipykernel install --user --name mine", "terminal", "yes", "/ext/py"},
	} {
		m := api.MissingPackage{Module: "sklearn", Package: "scikit-learn"}
		advisePython(&m, c.env, true, home)
		lasts := "unknown"
		if m.Lasts != nil && *m.Lasts {
			lasts = "yes"
		} else if m.Lasts != nil {
			lasts = "no"
		}
		if m.Install != c.install || m.Where != c.where || lasts != c.lasts || !strings.Contains(m.Note, c.note) {
			t.Errorf("%s: got %+v, lasts %s, want %+v", name, m, lasts, c)
		}
	}
	m := api.MissingPackage{Module: "tkinter", Package: "tkinter"}
	if advisePython(&m, environment{}, true, home); m.Install != "" || m.Where != "" || m.Note == "" {
		t.Errorf("a part of Python is advised as %+v", m)
	}
	m = api.MissingPackage{Module: "x", Package: "x"}
	if advisePython(&m, environment{}, false, home); m.Install != "%pip install x" || m.Lasts != nil {
		t.Errorf("for an unknown environment it is %+v", m)
	}
	m = api.MissingPackage{Package: "opencv-python-headless"}
	if advisePython(&m, environment{Prefix: home, Writable: true, Conda: true, CondaThere: true}, true, home); m.Install != "%conda install --yes opencv" {
		t.Errorf("conda's name is %q", m.Install)
	}
}

func TestAdviseR(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := api.MissingPackage{Package: "dplyr"}
	if adviseR(&m, dir); !strings.Contains(m.Install, `install.packages("dplyr"`) || !strings.Contains(m.Install, "R_LIBS_USER") || m.Where != "cell" {
		t.Errorf("R is advised %+v", m)
	}
	if err := os.Mkdir(filepath.Join(dir, "renv"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "renv/activate.R"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if adviseR(&m, dir); m.Install != `renv::install("dplyr")` {
		t.Errorf("beside renv it is %q", m.Install)
	}
}

func TestPlaceOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dir, program, want string }{
		{"/home/user/.local/share/jupyter/kernels/a", "/home/user/venvs/a/bin/python", "home"},
		{"/home/user/.local/share/jupyter/kernels/a", "/usr/bin/python3", "machine"},
		{"/ext/jupyter/kernels/a", "/ext/py/bin/python", "ext"},
		{"/usr/share/jupyter/kernels/ir", "R", "machine"},
		{"/home/user/.local/share/jupyter/kernels/b", "bash", "home"},
	} {
		if got := placeOf(jupyter.Spec{Dir: c.dir, Argv: []string{c.program}}, "/home/user"); got != c.want {
			t.Errorf("%s in %s is in %s, want %s", c.program, c.dir, got, c.want)
		}
	}
}
