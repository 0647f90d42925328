package project_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/notebook"
)

// cachedPython is the python of the environment that tools/test-kernels makes, which
// has nbconvert.
func cachedPython(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("LYCEUM_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(dir, "lyceum")
	}
	python := filepath.Join(cache, "kernels/bin/python")
	if err := exec.Command(python, "-c", "import nbconvert").Run(); err != nil {
		t.Skipf("nbconvert is not installed: tools/test-kernels %s does it", cache)
	}
	return python
}

// A notebook is downloaded as HTML by the nbconvert of its kernel's environment, as it
// is now, with what was set aside.
func TestConvertNotebook(t *testing.T) {
	t.Parallel()
	python := cachedPython(t)
	w := kernelWorld(t)
	w.spec("cached", fmt.Sprintf(`{"argv":[%q,"-m","ipykernel_launcher","-f","{connection_file}"],"display_name":"Cached","language":"python"}`, python))
	w.book("a b.ipynb", "print('hel' + 'lo')", "import base64\nfrom IPython.display import display\ndisplay({'image/png': base64.b64encode(b'hello' * 400000).decode()}, raw=True)")
	w.act("a%20b.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0", "c1"}, Spec: "cached"})
	w.until("it has run", func() error {
		if s := w.runs("a%20b.ipynb"); len(s.Queue) > 0 || s.Failed != "" {
			return fmt.Errorf("the state is %+v", s)
		}
		return nil
	})
	list := decode[api.Conversions](t, w.want(http.StatusOK, "GET", "convert/a%20b.ipynb", ""))
	if len(list.Items) != 2 || list.Items[0] != (api.Conversion{To: "html", Ready: true}) || list.Items[1].To != "pdf" {
		t.Errorf("it can be downloaded as %+v", list.Items)
	}
	res, body := w.do(w.editor(), "GET", "convert/a%20b.ipynb?to=html", "")
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "hello") || !strings.Contains(body, base64.StdEncoding.EncodeToString([]byte(strings.Repeat("hello", 3000)))) {
		t.Fatalf("as HTML it is answered %d with %d bytes: %.500s", res.StatusCode, len(body), body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "Content-Disposition": "attachment; filename*=UTF-8''a%20b.html",
		"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if pdf := list.Items[1]; !pdf.Ready {
		if pdf.Missing == "" || !strings.Contains(pdf.Install, "nbconvert[webpdf]") {
			t.Errorf("a PDF is not ready, and said is %+v", pdf)
		}
		if answer := w.want(http.StatusConflict, "GET", "convert/a%20b.ipynb?to=pdf", ""); !strings.Contains(answer, "XeLaTeX") {
			t.Errorf("a PDF is refused by %s", answer)
		}
	} else if _, body := w.do(w.editor(), "GET", "convert/a%20b.ipynb?to=pdf", ""); !strings.HasPrefix(body, "%PDF") {
		t.Errorf("a PDF is %.100q", body)
	}
	w.want(http.StatusUnprocessableEntity, "GET", "convert/a%20b.ipynb?to=docx", "")
	w.want(http.StatusNotFound, "GET", "convert/none.ipynb?to=html", "")
	w.write("text.py", "1")
	w.want(http.StatusBadRequest, "GET", "convert/text.py?to=html", "")
	if res, _ := w.do(w.viewer(), "GET", "convert/a%20b.ipynb?to=html", ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer is answered %d", res.StatusCode)
	}
}

// fakePython is a Python that says that it has nbconvert, which does as a script says.
func (w *world) fakePython(script string) {
	w.t.Helper()
	w.write("bin/python", "#!/bin/sh\nif [ \"$1\" = -c ]; then echo '{\"there\": true}'; exit; fi\n"+script)
	if err := os.Chmod(filepath.Join(w.home, "bin/python"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.spec("fake", fmt.Sprintf(`{"argv":[%q],"display_name":"Fake","language":"python"}`, filepath.Join(w.home, "bin/python")))
	n := notebook.New()
	n.Metadata = map[string]any{"kernelspec": map[string]any{"name": "fake", "display_name": "Fake"}}
	w.write("a.ipynb", n.Write(""))
}

// A conversion that fails says why; one that is too large or is not waited for ends.
func TestConvertBounds(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.fakePython("echo Traceback >&2\necho 'PandocMissing: Pandoc was not found.' >&2\nexit 1\n")
	if answer := w.want(http.StatusConflict, "GET", "convert/a.ipynb?to=html", ""); !strings.Contains(answer, "PandocMissing: Pandoc was not found.") {
		t.Errorf("a conversion that fails is told as %s", answer)
	}
	w.fakePython("exit 0\n")
	w.want(http.StatusConflict, "GET", "convert/a.ipynb?to=html", "")
	w.fakePython("truncate -s 2G \"$7/converted.html\"\n")
	w.want(http.StatusConflict, "GET", "convert/a.ipynb?to=html", "")

	w.fakePython("echo $$ > /dev/null; (sleep 1000 & echo $! > child.new; mv child.new child; wait)\n")
	r := w.request(w.editor(), "GET", "convert/a.ipynb?to=html", nil)
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if res, err := w.client.Do(r.WithContext(ctx)); err == nil {
			_ = res.Body.Close()
		}
	}()
	var child int
	w.until("the conversion runs", func() error {
		b, err := os.ReadFile(filepath.Join(w.home, "child"))
		if err == nil {
			_, err = fmt.Sscan(string(b), &child)
		}
		return err
	})
	leave()
	<-ended
	w.until("all of it has ended", func() error {
		if err := syscall.Kill(child, 0); err == nil && !zombie(child) {
			return fmt.Errorf("process %d is there", child)
		}
		return nil
	})
}

// zombie reports whether a process has ended, and nobody has taken note.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(b), ") Z ")
}
