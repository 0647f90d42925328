package kernels

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
)

// environment is what a Python kernel tells of where it looks for packages.
type environment struct {
	Prefix     string `json:"prefix"`
	Python     string `json:"python"`
	Packages   string `json:"packages"` // the folder of its own packages
	User       string `json:"user"`     // that of the person's, "" when it does not look there
	Writable   bool   `json:"writable"` // Packages is
	Managed    bool   `json:"managed"`  // the system's tools alone install there (PEP 668)
	Conda      bool   `json:"conda"`
	CondaThere bool   `json:"condaThere"` // and has the program
	Pip        bool   `json:"pip"`
	EnsurePip  bool   `json:"ensurepip"`
	UV         bool   `json:"uv"`
	There      bool   `json:"there"` // the module is: something in it is not
}

// environmentExpression asks for it, without leaving anything in the kernel's names;
// %s is the top module in quotes.
const environmentExpression = `(lambda i, m: (lambda json, os, sys, util, sysconfig, site: json.dumps({
 "prefix": sys.prefix, "python": sys.executable or "", "packages": sysconfig.get_path("purelib"), "user": site.getusersitepackages() if site.ENABLE_USER_SITE else "",
 "writable": os.access(sysconfig.get_path("purelib"), os.W_OK),
 "managed": sys.prefix == sys.base_prefix and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")),
 "conda": os.path.isdir(os.path.join(sys.prefix, "conda-meta")), "condaThere": bool(os.environ.get("CONDA_EXE") or os.path.exists(os.path.join(sys.prefix, "bin", "conda"))),
 "pip": util.find_spec("pip") is not None, "ensurepip": util.find_spec("ensurepip") is not None,
 "uv": os.path.exists(os.path.join(sys.prefix, "pyvenv.cfg")) and "\nuv = " in open(os.path.join(sys.prefix, "pyvenv.cfg")).read(),
 "there": m in sys.modules or util.find_spec(m) is not None}))(i("json"), i("os"), i("sys"), i("importlib.util").util, i("sysconfig"), i("site")))(__import__, %s)`

// adviseTime is how long a kernel may take to tell.
const adviseTime = 20 * time.Second

// advise finds out how what is lacking is installed for a kernel; ok is false when
// nothing is to be said.
func (r *Runs) advise(k *Kernel, l lack) (m api.MissingPackage, ok bool) {
	i := k.Info()
	home := r.home()
	top, _, _ := strings.Cut(l.module, ".")
	m.Module, m.Package = l.module, l.module
	switch language := strings.ToLower(i.Language); language {
	case "python":
		ctx, cancel := context.WithTimeout(r.ctx, adviseTime)
		defer cancel()
		if !l.exact {
			m.Module, m.Package = top, distribution(l.module)
		}
		name, err := json.Marshal(top)
		if err != nil {
			return m, false // a string
		}
		var e environment
		raw, err := evaluate(ctx, k, fmt.Sprintf(environmentExpression, name))
		known := err == nil && json.Unmarshal([]byte(raw), &e) == nil
		if k.Info().State == jupyter.Dead || known && e.There && !l.exact && top != "google" {
			return m, false // a part of it is missing: another version, or a slip
		}
		advisePython(&m, e, known, home)
	case "r":
		adviseR(&m, i.Dir)
	case "julia":
		m.Install, m.Note = fmt.Sprintf("import Pkg; Pkg.add(%q)", m.Package), "It is installed into the project's home (~/.julia), unless another depot is set, and stays when the project is restarted."
		stays(&m, true)
		m.Where = "cell"
	case "octave":
		m.Install, m.Note = "pkg install -forge "+m.Package, "It is installed into the project's home and stays when the project is restarted. Load it by: pkg load "+m.Package
		stays(&m, true)
		m.Where = "cell"
	default:
		m.Install, m.Note = "npm install "+m.Package, "It is installed beside the notebook, in the project's home, and stays when the project is restarted."
		stays(&m, true)
		m.Where = "terminal"
	}
	return m, true
}

func stays(m *api.MissingPackage, yes bool) { m.Lasts = &yes }

// advisePython says how a package comes into an environment of Python.
func advisePython(m *api.MissingPackage, e environment, known bool, home string) {
	m.Where = "cell"
	switch {
	case ownModules[m.Module]:
		m.Where, m.Note = "", fmt.Sprintf("%s is a part of Python that this installation was made without. Use another Python, or ask who looks after this machine.", m.Module)
		return
	case !known:
		m.Install, m.Note = "%pip install "+m.Package, "It is not known where the kernel looks for packages: it did not tell."
		return
	case e.Writable && !e.Managed && e.Conda && e.CondaThere:
		name := condaNames[m.Package]
		if name == "" {
			name = strings.ToLower(m.Package)
		}
		m.Install, m.Note = "%conda install --yes "+name, into("the conda environment", e.Prefix, home)
		stays(m, inside(e.Prefix, home))
	case e.Writable && !e.Managed && e.Pip:
		m.Install, m.Note = "%pip install "+m.Package, into("the environment", e.Prefix, home)
		stays(m, inside(e.Prefix, home))
	case e.Writable && !e.Managed && e.UV:
		m.Where = "terminal"
		m.Install, m.Note = "uv pip install --python "+quote(e.Python)+" "+m.Package, into("the environment", e.Prefix, home)
		stays(m, inside(e.Prefix, home))
	case e.Writable && !e.Managed && e.EnsurePip:
		m.Where, m.Note = "terminal", into("the environment", e.Prefix, home)+" It has no pip yet: the first command adds it."
		m.Install = quote(e.Python) + " -m ensurepip && " + quote(e.Python) + " -m pip install " + m.Package
		stays(m, inside(e.Prefix, home))
	case e.User != "" && e.Pip:
		m.Install = "%pip install --user " + m.Package
		if e.Managed {
			m.Install = "%pip install --user --break-system-packages " + m.Package
		}
		m.Note = fmt.Sprintf("The environment in %s cannot be changed from a project. It is installed beside it, into %s, for all kernels of this Python in this project.", short(e.Prefix, home), short(e.User, home)) + lasting(inside(e.User, home))
		stays(m, inside(e.User, home))
	default:
		m.Where = "terminal"
		m.Install = "python3 -m venv ~/venvs/mine && ~/venvs/mine/bin/pip install ipykernel " + m.Package + " && ~/venvs/mine/bin/python -m ipykernel install --user --name mine"
		m.Note = fmt.Sprintf("Nothing can be installed into the environment in %s. The command makes one of the project's own; then choose the kernel “mine”.", short(e.Prefix, home)) + lasting(true)
		stays(m, true)
	}
}

func into(what, prefix, home string) string {
	return fmt.Sprintf("It is installed into %s in %s.", what, short(prefix, home)) + lasting(inside(prefix, home))
}

func lasting(yes bool) string {
	if yes {
		return " That is in the project's home, and stays when the project is restarted."
	}
	return " That is outside of the project's home: it may be gone when the project is restarted."
}

// adviseR says how a package of R is installed by one who may not write into R's own
// library.
func adviseR(m *api.MissingPackage, dir string) {
	m.Where = "cell"
	if _, err := os.Stat(filepath.Join(dir, "renv/activate.R")); err == nil {
		m.Install, m.Note = fmt.Sprintf("renv::install(%q)", m.Package), "It is installed into the library of renv beside the notebook, in the project's home, and stays when the project is restarted. renv::snapshot() writes it down."
		stays(m, true)
		return
	}
	const library = `Sys.getenv("R_LIBS_USER")`
	m.Install = fmt.Sprintf("dir.create(%s, recursive = TRUE, showWarnings = FALSE); .libPaths(%s); install.packages(%q, repos = \"https://cloud.r-project.org\")", library, library, m.Package)
	m.Note = "It is installed into your own library of R, in the project's home, and stays when the project is restarted."
	stays(m, true)
}

// inside reports whether a path is in the home.
func inside(path, home string) bool {
	if home == "" || path == "" {
		return false
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path // it may be made yet
	}
	for _, p := range []string{path, real} {
		if rel, err := filepath.Rel(home, p); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// short is a path as people write it.
func short(path, home string) string {
	if rel, err := filepath.Rel(home, path); home != "" && err == nil && filepath.IsLocal(rel) {
		return filepath.Join("~", rel)
	}
	return path
}

// quote makes a word of a command line.
func quote(s string) string {
	if strings.ContainsAny(s, " \t'\"$`\\&|;<>()*?[]#~!{}") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// extensions is where a site keeps what it offers to all projects.
const extensions = "/ext/"

// placeOf tells where the program of a kernelspec is: home, ext or machine.
func placeOf(s jupyter.Spec, home string) string {
	program := s.Dir
	if len(s.Argv) > 0 && filepath.IsAbs(s.Argv[0]) {
		program = s.Argv[0]
	}
	switch rel, err := filepath.Rel(home, program); {
	case err == nil && filepath.IsLocal(rel):
		return "home"
	case strings.HasPrefix(program, extensions):
		return "ext"
	}
	return "machine"
}
