package project_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestJupyterPlaces asks where things are: what was made, what was renamed, what a path
// in somebody's text means.
func TestJupyterPlaces(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("å b/deep/x.txt", "x")
	w.write(".secret/key", "x")
	const at = "jupyter/api/contents/"
	base := "/p/" + string(w.editor().Project) + "/jupyter/api/contents/"
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "%C3%A5%20b", `{"type":"notebook"}`, "%C3%A5%20b/Untitled.ipynb"},
		{"PUT", "a%3Fb.txt", `{"type":"file","format":"text","content":""}`, "a%3Fb.txt"},
		{"POST", "made", `{"copy_from":"å b"}`, "made/%C3%A5%20b"},
		{"POST", "made", `{"copy_from":"å b"}`, "made/%C3%A5%20b-Copy1"},
		{"POST", "made", `{"copy_from":"made/å b-Copy1"}`, "made/%C3%A5%20b-Copy2"},
		{"PATCH", "a%3Fb.txt", `{"path":"c d.txt"}`, "c%20d.txt"},
		{"POST", "c%20d.txt/checkpoints", "", "c%20d.txt/checkpoints/checkpoint"},
	} {
		if res, answer := w.do(w.editor(), c.method, at+c.path, c.body); res.Header.Get("Location") != base+c.want {
			t.Errorf("%s %s %s says that it is at %q, want %q: %d %s", c.method, c.path, c.body, res.Header.Get("Location"), base+c.want, res.StatusCode, answer)
		}
	}
	if got := w.read("made/å b-Copy2/deep/x.txt"); got != "x" {
		t.Errorf("the copy of a folder has %q", got)
	}
	for path, want := range map[string]string{
		"å b/deep/x.txt": "å b/deep/x.txt", "~/c d.txt": "c d.txt", w.home + "/å b/../c d.txt": "c d.txt", "å b": "å b",
		"missing": "", ".secret/key": "", "../x": "", "/etc/passwd": "", "~/../x": "", "": "", ".": "",
	} {
		got := loosely[struct {
			Resolved []struct{ Scope, Path string }
		}](t, w.want(http.StatusOK, "GET", "jupyter/api/resolvePath?path="+strings.ReplaceAll(path, " ", "%20"), ""))
		if (len(got.Resolved) == 1) != (want != "") || want != "" && got.Resolved[0].Path != want {
			t.Errorf("%q is resolved as %+v, want %q", path, got, want)
		}
	}
	w.want(http.StatusBadRequest, "GET", "jupyter/api/resolvePath", "")
	for path, want := range map[string]int{"%C3%A5%20b/deep/x.txt": http.StatusOK, ".secret/key": http.StatusNotFound, "": http.StatusBadRequest} {
		if res, _ := w.do(w.editor(), "GET", "jupyter/files/"+path+"?download=True", ""); res.StatusCode != want || want == http.StatusOK && !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("the file %s answers %d %v, want %d", path, res.StatusCode, res.Header, want)
		}
	}
}

// TestJupyterConfig keeps what clients keep by sections.
func TestJupyterConfig(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	const at = "jupyter/api/config/"
	if got := w.want(http.StatusOK, "GET", at+"notebook", ""); got != "{}\n" {
		t.Errorf("a section that is not there is %q", got)
	}
	w.want(http.StatusNoContent, "PUT", at+"notebook", `{"a":1,"b":{"c":2,"d":3}}`)
	if got := w.want(http.StatusOK, "PATCH", at+"notebook", `{"a":null,"b":{"c":null,"d":4},"e":{"f":null}}`); got != "{\"b\":{\"d\":4}}\n" {
		t.Errorf("the changed section is %q", got)
	}
	if got := w.want(http.StatusOK, "GET", at+"notebook", ""); got != "{\"b\":{\"d\":4}}\n" {
		t.Errorf("the kept section is %q", got)
	}
	w.write(".jupyter/serverconfig/broken.json", "[")
	for path, want := range map[string]int{"broken": http.StatusConflict, "%2e%2e": http.StatusNotFound, "a.b": http.StatusNotFound, "a/b": http.StatusNotFound} {
		if res, answer := w.do(w.editor(), "GET", at+path, ""); res.StatusCode != want {
			t.Errorf("the section %q answers %d %s, want %d", path, res.StatusCode, answer, want)
		}
	}
	if res, answer := w.do(w.editor(), "PUT", at+"large", `{"a":"`+strings.Repeat("x", 256<<10)+`"}`); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a section that is too large answers %d %s", res.StatusCode, answer)
	}
	if res, _ := w.do(w.viewer(), "GET", at+"notebook", ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer gets %d", res.StatusCode)
	}
}
