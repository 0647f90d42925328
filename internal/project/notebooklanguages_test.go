package project_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/notebook"
)

// pythonWith is a Python that has a module, or the test is skipped.
func pythonWith(t *testing.T, module string) string {
	t.Helper()
	cache := os.Getenv("LYCEUM_CACHE")
	if dir, err := os.UserCacheDir(); cache == "" && err == nil {
		cache = filepath.Join(dir, "lyceum")
	}
	for _, python := range []string{filepath.Join(cache, "kernels/bin/python"), "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import "+module).Run() == nil {
			return python
		}
	}
	t.Skipf("%s is not installed", module)
	return ""
}

// Kernels of other languages run notebooks: texts, results, pictures, errors, what is
// missing, an interrupt, completion. Each is run where it is installed.
func TestNotebookLanguages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, language string
		argv           func(t *testing.T) []string
		cells          []string
		want           []string // what each cell puts out has
		loop           string
		missing        string
		complete, has  string
	}{
		{
			"IRkernel", "R", func(t *testing.T) []string {
				if err := exec.Command("R", "--slave", "-e", "library(IRkernel)").Run(); err != nil {
					t.Skip("R with IRkernel is not installed")
				}
				return []string{"R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"}
			},
			[]string{"cat('hello', 6*7, '\\n')", "6*7", "plot(1:3)", "stop('oh no')", "library(nosuchpackage)"},
			[]string{"stdout:hello 42", "42", "display_data:", "oh no", "nosuchpackage"},
			"cat('on\\n'); flush.console(); while (TRUE) Sys.sleep(0.05)", "nosuchpackage", "Sys.getl", "Sys.getlocale",
		},
		{
			"octave_kernel", "octave", func(t *testing.T) []string {
				python := pythonWith(t, "octave_kernel")
				if _, err := exec.LookPath("octave"); err != nil {
					t.Skip("octave is not installed")
				}
				return []string{python, "-m", "octave_kernel", "-f", "{connection_file}"}
			},
			[]string{"disp(6*7)", "x = 6*7", "disp('two')", "error('oh no')", "pkg load nosuchpackage"},
			[]string{"42", "42", "two", "oh no", "nosuchpackage"},
			"disp('on'); fflush(stdout); while true, pause(0.05); end", "nosuchpackage", "acos", "acosh",
		},
		{
			"bash_kernel", "bash", func(t *testing.T) []string {
				return []string{pythonWith(t, "bash_kernel"), "-m", "bash_kernel", "-f", "{connection_file}"}
			},
			[]string{"echo hello", "echo $((6 * 7))", "false", "nosuchcommand", "echo \"$(cat nosuchfile)\""},
			[]string{"stdout:hello\n", "42", "", "nosuchcommand", "nosuchfile"},
			"echo on; sleep 1000", "", "alia", "alias",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			argv := c.argv(t)
			w := kernelWorld(t)
			w.spec("other", fmt.Sprintf(`{"argv":["%s"],"display_name":"Other","language":%q}`, strings.Join(argv, `","`), c.language))
			w.book("a.ipynb", append(c.cells, c.loop)...)
			for i, want := range c.want {
				w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{fmt.Sprintf("c%d", i)}, Spec: "other"})
				w.done("a.ipynb")
				w.saved("a.ipynb", fmt.Sprintf("%q has %q", c.cells[i], want), func(n *notebook.Notebook) bool {
					return strings.Contains(output(n.Cells[i]), want) && n.Cells[i].Count != nil
				})
			}
			if c.missing != "" {
				if m := w.lacks("a.ipynb", fmt.Sprintf("c%d", len(c.want)-1)); m.Package != c.missing || m.Lasts == nil || !*m.Lasts {
					t.Errorf("it lacks %+v", m)
				}
			}
			loop := len(c.cells)
			w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{fmt.Sprintf("c%d", loop)}})
			w.saved("a.ipynb", "the loop has begun", func(n *notebook.Notebook) bool { return strings.Contains(output(n.Cells[loop]), "on") })
			w.act("a.ipynb", api.NotebookAction{Action: "stop"})
			w.done("a.ipynb")
			page := w.dial(w.editor(), "notebooks/a.ipynb")
			tell(t, page, fmt.Sprintf(`{"t":"request","id":"1","type":"complete","content":{"code":%q,"cursor_pos":%d}}`, c.complete, len(c.complete)))
			if reply := event(t, page, "the completion", func(e api.NotebookEvent) bool { return e.T == "reply" }); !strings.Contains(fmt.Sprint(reply.Content["matches"]), c.has) {
				t.Errorf("%q is completed by %+v", c.complete, reply)
			}
			n := w.saved("a.ipynb", "the language is written", func(n *notebook.Notebook) bool { return n.Metadata["language_info"] != nil })
			if got := n.Metadata["kernelspec"]; !strings.Contains(fmt.Sprint(got), "other") {
				t.Errorf("the kernel is named %v", got)
			}
		})
	}
}
