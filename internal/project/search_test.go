package project_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/ticket"
)

// search sends a search of contents and returns its records.
func (w *world) search(tk ticket.Ticket, query string) (found []api.FoundFile, done *api.SearchDone) {
	w.t.Helper()
	res, body := w.do(tk, "GET", "search/text?"+query, "")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/x-ndjson" {
		w.t.Fatalf("search/text?%s answered %d %q: %s", query, res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	for line := range strings.Lines(body) {
		f := decode[api.Found](w.t, line)
		switch {
		case f.File != nil:
			found = append(found, *f.File)
		case f.Done != nil:
			done = f.Done
		case f.Problem != nil:
			w.t.Fatalf("search/text?%s ended with %+v", query, f.Problem)
		}
	}
	if done == nil {
		w.t.Fatalf("search/text?%s has no end: %s", query, body)
	}
	return found, done
}

func TestSearchByHTTP(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.py", "x = 1\n\tneedle = 2  # é needle\n")
	w.write("sub/b.txt", "Needle\n")
	w.write(".secret", "needle\n")
	w.write("caf.txt", "needle \xff\n")
	found, done := w.search(w.editor(), "q=needle&case=1&with=%24x")
	if len(found) != 2 || found[0].Path != "a.py" || !found[0].Text || found[1].Path != "caf.txt" || found[1].Text {
		t.Fatalf("found %+v", found)
	}
	m := found[0].Matches
	if len(m) != 2 || m[0].Line != 2 || m[0].Column != 2 || m[1].Column != 18 || m[1].Length != 6 || m[1].New == nil || *m[1].New != "$x" {
		t.Errorf("the matches are %+v", m)
	}
	if done.Matches != 3 || done.Files != 2 || done.Searched < 3 {
		t.Errorf("the end is %+v", done)
	}
	entry := decode[api.Entry](t, w.want(http.StatusOK, "GET", "files/a.py?entry=1", ""))
	if found[0].Version != entry.Version {
		t.Errorf("the version is %q, want %q", found[0].Version, entry.Version)
	}
	all, _ := w.search(w.editor(), "q=needle&hidden=1")
	seen, _ := w.search(w.viewer(), "q=needle&hidden=1")
	if len(all) != 4 || len(seen) != 3 {
		t.Errorf("with hidden ones an editor finds %d files and a viewer %d, want 4 and 3", len(all), len(seen))
	}
	for _, bad := range []string{"q=", "q=(&regex=1", "q=x&limit=0", "q=x&limit=10001", "q=x&include=%5B", "q=x&regex=1&with=%241", "q=%ff", "q=(x{1000}){1000}&regex=1"} {
		if res, body := w.do(w.editor(), "GET", "search/text?"+bad, ""); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s, want 422", bad, res.StatusCode, body)
		}
	}
}

func TestSearchNamesByHTTP(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	for _, path := range []string{"src/main.py", "main.py", ".main.py", "node_modules/main.py"} {
		w.write(path, "")
	}
	names := func(tk ticket.Ticket, query string) (paths []string) {
		_, body := w.do(tk, "GET", "search/names?"+query, "")
		for _, i := range decode[api.FoundNames](t, body).Items {
			paths = append(paths, i.Path)
		}
		return paths
	}
	for _, c := range []struct {
		who   ticket.Ticket
		query string
		want  string
	}{
		{w.editor(), "q=main.py", "main.py src/main.py"},
		{w.editor(), "q=main&recent=src/main.py", "src/main.py main.py"},
		{w.editor(), "q=main&hidden=1&limit=3", "main.py .main.py src/main.py"},
		{w.viewer(), "q=main&hidden=1", "main.py src/main.py"},
		{w.editor(), "q=src&folders=1", "src"},
	} {
		got := names(c.who, c.query)
		want := strings.Fields(c.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got[:min(len(want), len(got))], want) && strings.HasPrefix(c.query, "q=src") || len(got) < len(want) || !slices.Equal(got, want) && !strings.HasPrefix(c.query, "q=src") {
			t.Errorf("%s: got %q, want %q", c.query, got, want)
		}
	}
	if got := names(w.editor(), "q=main&recent=src/main.py"); got[0] != "src/main.py" {
		t.Errorf("the recent one is not the first: %q", got)
	}
}

// replacing is the body of a job that replaces what a search found: all of it, or
// in each file that has a choice what that says.
func (w *world) replacing(found []api.FoundFile, o api.ReplaceOptions, choices ...api.ReplaceFile) string {
	req := api.NewJob{Kind: "replace", Replace: &o}
	for i, f := range found {
		choice := api.ReplaceFile{All: true}
		if i < len(choices) {
			choice = choices[i]
		}
		choice.Version = f.Version
		req.Paths = append(req.Paths, f.Path)
		o.Files = append(o.Files, choice)
	}
	b, err := json.Marshal(req)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func TestReplaceJob(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.sh", "one two\r\none\r\n")
	w.write("b.txt", "one\n")
	w.write("c.txt", "one\n")
	w.write("latin.txt", "one \xe9\n")
	if err := os.Chmod(filepath.Join(w.home, "a.sh"), 0o750); err != nil {
		t.Fatal(err)
	}
	found, _ := w.search(w.editor(), "q=(o)ne&regex=1")
	if len(found) != 4 {
		t.Fatalf("found %+v", found)
	}
	w.write("c.txt", "one more\n")
	j := w.job(w.replacing(found, api.ReplaceOptions{Text: "(o)ne", Regex: true, With: `$1\nx`}))
	if j.State != "done" || j.Done != 4 || j.ProblemCount != 2 || len(j.Results) != 2 {
		t.Fatalf("the job is %+v", j)
	}
	for i, says := range []string{"has changed since", "not UTF-8"} {
		if p := j.Problems[i]; !strings.Contains(p.Message, says) {
			t.Errorf("the problem of %s is %q, want that it says %q", p.Path, p.Message, says)
		}
	}
	for path, want := range map[string]string{"a.sh": "o\r\nx two\r\no\r\nx\r\n", "b.txt": "o\nx\n", "c.txt": "one more\n", "latin.txt": "one \xe9\n"} {
		if got := w.read(path); got != want {
			t.Errorf("%s holds %q, want %q", path, got, want)
		}
	}
	if fi, err := os.Stat(filepath.Join(w.home, "a.sh")); err != nil || fi.Mode().Perm() != 0o750 {
		t.Errorf("the permissions are %v, %v; want those from before", fi.Mode(), err)
	}
	for _, bad := range []string{`{}`, `{"text":"x","with":"y"}`, `{"text":"x","with":"y","files":[]}`, `{"text":"x","with":"y","files":[{"version":"1"}]}`,
		`{"text":"x","with":"y","files":[{"version":"1","all":true,"places":[{"line":1,"column":1}]}]}`,
		`{"text":"(","regex":true,"with":"y","files":[{"version":"1","all":true}]}`} {
		if j := w.job(`{"kind":"replace","paths":["a.sh"],"replace":` + bad + `}`); j.State != "failed" || j.Message == "" {
			t.Errorf("%s ended as %+v", bad, j)
		}
	}
	if j := w.job(`{"kind":"replace","paths":["a.sh"]}`); j.State != "failed" {
		t.Errorf("without saying what: %+v", j)
	}
	if j := w.job(w.replacing([]api.FoundFile{found[0], found[0]}, api.ReplaceOptions{Text: "x", With: "y"})); j.State != "failed" {
		t.Errorf("a path twice: %+v", j)
	}
	if res, body := w.do(w.viewer(), "POST", "jobs", w.replacing(found, api.ReplaceOptions{Text: "one", With: "x"})); res.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer replaces: %d %s", res.StatusCode, body)
	}
}

// TestReplaceLeavesOut replaces what was chosen, also where a file has more matches
// than were told, and nothing else.
func TestReplaceLeavesOut(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	const many = 1500
	w.write("a.txt", strings.Repeat("one\n", many))
	w.write("b.txt", strings.Repeat("one\n", many))
	w.write("c.txt", "one one\n")
	w.write("d.txt", "one\n")
	found, _ := w.search(w.editor(), "q=one&limit=10000")
	if len(found) != 4 || !found[0].More || !found[1].More || len(found[0].Matches) != 1000 || found[2].More {
		t.Fatalf("found %d files", len(found))
	}
	// All of a; of b what was told but the first two; the second of c; d is left out.
	var told []api.ReplacePlace
	for _, m := range found[1].Matches[2:] {
		told = append(told, api.ReplacePlace{Line: m.Line, Column: m.Column})
	}
	j := w.job(w.replacing(found[:3], api.ReplaceOptions{Text: "one", With: "two"},
		api.ReplaceFile{All: true}, api.ReplaceFile{Places: told}, api.ReplaceFile{Places: []api.ReplacePlace{{Line: 1, Column: 5}}}))
	if j.State != "done" || j.ProblemCount != 0 {
		t.Fatalf("the job is %+v", j)
	}
	for path, want := range map[string]string{
		"a.txt": strings.Repeat("two\n", many),
		"b.txt": strings.Repeat("one\n", 2) + strings.Repeat("two\n", 998) + strings.Repeat("one\n", many-1000),
		"c.txt": "one two\n",
		"d.txt": "one\n",
	} {
		if got := w.read(path); got != want {
			t.Errorf("%s has %d of %d matches left, want %d", path, strings.Count(got, "one"), strings.Count(got, "\n"), strings.Count(want, "one"))
		}
	}
}

// TestReplaceInOpenDocument replaces while two people type in the file: nothing that
// they typed is lost, saved or not.
func TestReplaceInOpenDocument(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	var long strings.Builder
	for i := range 200 {
		fmt.Fprintf(&long, "line %d has a colour\n", i)
	}
	w.write("text.md", long.String())
	c := npmClients(t, w, "text.md")
	c.until("line 0 has a colour")
	found, _ := w.search(w.editor(), "q=colour")
	c.do(`insert 0 0 "first says this\n"`)
	j := w.job(w.replacing(found, api.ReplaceOptions{Text: "colour", With: "color"}))
	if j.ProblemCount != 0 {
		t.Fatalf("the job is %+v", j)
	}
	c.do(`insert 1 0 "second says that\n"`)
	text := c.until("line 199 has a color\n")
	if strings.Contains(text, "colour") || strings.Count(text, "color") != 200 || !strings.Contains(text, "first says this") || !strings.Contains(text, "second says that") {
		t.Errorf("the text is %.200q", text)
	}
	w.until("the file has all of it", func() error {
		if got := w.read("text.md"); got != text {
			return fmt.Errorf("it holds %.100q", got)
		}
		return nil
	})
}

// measured asks for the use of a folder.
func (w *world) measured(tk ticket.Ticket, path string) api.DiskUse {
	w.t.Helper()
	res, body := w.do(tk, "GET", "usage/"+path, "")
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("usage/%s answered %d %s", path, res.StatusCode, body)
	}
	lines := strings.Split(strings.TrimSpace(body), "\n")
	last := decode[api.DiskMeasured](w.t, lines[len(lines)-1])
	if last.Use == nil {
		w.t.Fatalf("usage/%s ends with %s", path, lines[len(lines)-1])
	}
	return *last.Use
}

func TestUsageByHTTP(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("data/big/one.bin", strings.Repeat("x", 300_000))
	w.write("data/small", "x")
	w.write(".cache/c", strings.Repeat("x", 90_000))
	w.write("old.bin", strings.Repeat("x", 200_000))
	w.want(http.StatusOK, "DELETE", "files/old.bin", "")
	u := w.measured(w.editor(), "")
	out, err := exec.CommandContext(t.Context(), "du", "-sx", "--block-size=1", w.home).Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := strconv.ParseInt(strings.Fields(string(out))[0], 10, 64)
	if err != nil || u.Bytes != want {
		t.Errorf("the home takes %d bytes, want %d, %v", u.Bytes, want, err)
	}
	parts := map[string]api.DiskUse{}
	var sum int64
	for _, p := range u.Parts {
		parts[p.Path] = p
		sum += p.Bytes
	}
	trash := parts[".local/state/lyceum/trash"]
	if trash.Role != "trash" || trash.Size < 200_000 {
		t.Errorf("the trash is told as %+v", trash)
	}
	if local := parts[".local"]; local.Size > 100_000 {
		t.Errorf("the trash counts in .local too: %+v", local)
	}
	if sum > u.Bytes {
		t.Errorf("the parts sum up to %d of %d", sum, u.Bytes)
	}
	if u.Parts[0].Path != "data" || len(u.Parts[0].Parts) == 0 || u.Parts[0].Parts[0].Path != "data/big" {
		t.Errorf("the largest is %+v", u.Parts[0])
	}
	if below := w.measured(w.editor(), "data/big"); len(below.Parts) != 1 || below.Parts[0].Path != "data/big/one.bin" || below.Parts[0].Kind != "file" {
		t.Errorf("data/big is %+v", below)
	}
	seen := w.measured(w.viewer(), "")
	for _, p := range seen.Parts {
		if strings.HasPrefix(p.Path, ".") {
			t.Errorf("a viewer sees %s", p.Path)
		}
	}
	for path, status := range map[string]int{"nowhere": http.StatusNotFound, "data/" + url.PathEscape("a/b"): http.StatusUnprocessableEntity} {
		w.want(status, "GET", "usage/"+path, "")
	}
	if res, body := w.do(w.viewer(), "GET", "usage/.cache", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("a viewer asks for .cache: %d %s", res.StatusCode, body)
	}
	if err := errors.Join(os.Symlink("/usr", filepath.Join(w.home, "out"))); err != nil {
		t.Fatal(err)
	}
	if out := w.measured(w.editor(), "out"); out.Kind != "symlink" || out.Bytes > 4096 {
		t.Errorf("a link that leads out is measured as %+v", out)
	}
}
