//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// clients runs unmodified clients of Jupyter against a project, from the folder of
// that name; what they need is installed in the cache once. Without names it runs
// all.
func clients(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "clients PROJECT TOKEN [NAME...]")
	source, err := filepath.Abs("clients")
	ts.Check(err)
	node, err := filepath.Abs("../web/node_modules/.bin/node")
	ts.Check(err)
	dir, err := installClients()
	ts.Check(err)
	ts.Setenv("NODE_PATH", filepath.Join(dir, "node_modules"))
	base := siteOf(ts).url + "p/" + args[0] + "/jupyter/"
	names := args[2:]
	if len(names) == 0 {
		names = []string{"services.mjs", "kernel_client.py", "execute.py"}
	}
	for _, name := range names {
		program := filepath.Join(dir, "venv/bin/python")
		if strings.HasSuffix(name, ".mjs") {
			program = node
		}
		ts.Check(ts.Exec(program, filepath.Join(source, name), base, args[1]))
	}
}

// suite runs Jupyter Server's own tests against a project: those files that
// clients/suite.txt names, but for the tests that it leaves out.
func suite(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "suite PROJECT TOKEN [OPTION OF PYTEST...]")
	dir, err := installClients()
	ts.Check(err)
	list, err := filepath.Abs("clients/suite.txt")
	ts.Check(err)
	at := ts.MkAbs("suite")
	ts.Check(os.CopyFS(filepath.Join(at, "tests"), os.DirFS(filepath.Join(dir, "jupyter_server", "tests"))))
	ts.Check(os.Rename(filepath.Join(at, "tests/conftest.py"), filepath.Join(at, "tests/original.py")))
	conftest, err := os.ReadFile("clients/suite.py")
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(at, "tests/conftest.py"), conftest, 0o644))
	ts.Check(os.WriteFile(filepath.Join(at, "pytest.ini"), []byte("[pytest]\n"), 0o644))
	run, err := runs(list)
	ts.Check(err)
	s := siteOf(ts)
	for k, v := range map[string]string{
		"SUITE_BASE": s.url + "p/" + args[0] + "/jupyter/", "SUITE_TOKEN": args[1], "SUITE_LIST": list,
		"SUITE_HOME": filepath.Join(s.data, "projects", args[0]), "PYTHONPATH": at, "PYTHONDONTWRITEBYTECODE": "1",
	} {
		ts.Setenv(k, v)
	}
	ts.Check(ts.Chdir(at))
	argv := append([]string{"-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"}, args[2:]...)
	ts.Check(ts.Exec(filepath.Join(dir, "venv/bin/python"), append(argv, run...)...))
}

// runs are the files of tests that a list names.
func runs(list string) ([]string, error) {
	f, err := os.Open(list)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "run "); ok {
			all = append(all, name)
		}
	}
	return all, lines.Err()
}

var installing sync.Mutex // scripts run side by side

// installClients returns a folder with what the clients need, and the source of
// jupyter_server with its tests.
func installClients() (string, error) {
	installing.Lock()
	defer installing.Unlock()
	files := map[string][]byte{}
	sum := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json", "requirements.txt", "source.txt"} {
		b, err := os.ReadFile(filepath.Join("clients", name))
		if err != nil {
			return "", err
		}
		files[name] = b
		sum.Write(b)
	}
	dir := filepath.Join(cache(), "lyceum", "jupyter-clients", hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(filepath.Dir(dir), "new")
	if err != nil {
		return "", err
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(made, name), b, 0o644); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	defer cancel()
	for _, c := range []string{
		"npm ci --ignore-scripts --no-fund --no-audit",
		"python3 -m venv --copies venv", "venv/bin/python -m pip install -q --no-deps -r requirements.txt",
		"venv/bin/python -m pip download -q --no-deps --no-binary :all: -d source -r source.txt",
		"mkdir jupyter_server", "tar -xzf source/jupyter_server-*.tar.gz -C jupyter_server --strip-components=1",
	} {
		cmd := exec.CommandContext(ctx, "sh", "-c", c)
		cmd.Dir = made
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", errors.Join(err, errors.New(string(out)), os.RemoveAll(made))
		}
	}
	return dir, os.Rename(made, dir)
}
