package project_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lyceum/internal/api"
)

func TestTrashByHTTP(t *testing.T) {
	t.Parallel()
	w, stop := serve(t)
	w.write("d/a.txt", "hello")
	w.write("b", "bb")
	c := w.dial(w.editor(), "sync/d/a.txt?v=lyceum1")
	doc := hello(t, c, "hello")["doc"]
	d := decode[api.Trashed](t, w.want(200, "DELETE", "files/d", ""))
	if d.Path != "d" || d.Name != "d" || d.Kind != "dir" || d.Size != 5 || d.By != string(w.editor().Account) || d.ByName != w.editor().Name || !d.Expires.After(d.Deleted) {
		t.Errorf("the answer is %+v", d)
	}
	if got := w.code(c); got != 4404 {
		t.Errorf("the document was closed with %d, want 4404", got)
	}
	b := decode[api.Trashed](t, w.want(200, "DELETE", "files/b", ""))
	first := decode[api.TrashPage](t, w.want(200, "GET", "trash?limit=1", ""))
	if len(first.Items) != 1 || first.Items[0].ID != b.ID || first.Total != 2 || first.SizeBytes != 7 || first.Next == "" {
		t.Errorf("the first page is %+v", first)
	}
	if second := decode[api.TrashPage](t, w.want(200, "GET", "trash?limit=1&after="+first.Next, "")); len(second.Items) != 1 || second.Items[0].ID != d.ID || second.Next != "" {
		t.Errorf("the second page is %+v", second)
	}
	w.want(422, "POST", "trash/"+d.ID, `{"action":"dance"}`)
	w.want(404, "POST", "trash/none", `{"action":"restore"}`)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	w.serve()
	if e := decode[api.Entry](t, w.want(200, "POST", "trash/"+d.ID, `{"action":"restore"}`)); e.Path != "d" || e.Kind != "dir" {
		t.Errorf("restored as %+v", e)
	}
	if got := hello(t, w.dial(w.editor(), "sync/d/a.txt?v=lyceum1"), "hello")["doc"]; got != doc {
		t.Errorf("the document is %v after it was restored, want %v", got, doc)
	}
	w.write("b", "new")
	w.want(409, "POST", "trash/"+b.ID, `{"action":"restore"}`)
	w.want(403, "POST", "trash/"+b.ID, `{"action":"restore","to":".local/state/lyceum/x"}`)
	w.want(200, "POST", "trash/"+b.ID, `{"action":"restore","to":"q/c"}`)
	w.want(200, "DELETE", "files/b", "")
	w.want(204, "DELETE", "trash", "")
	if p := decode[api.TrashPage](t, w.want(200, "GET", "trash", "")); p.Total != 0 || p.Items == nil {
		t.Errorf("the emptied trash is %+v", p)
	}
	if left, err := os.ReadDir(filepath.Join(w.home, ".local/state/lyceum/trash")); err != nil || len(left) != 0 {
		t.Errorf("%d names are left, %v", len(left), err)
	}
	w.want(403, "DELETE", "files/.local", "")
	w.want(403, "POST", "files/.local", `{"action":"move","to":"local"}`)
	w.want(403, "DELETE", "files/.local/state/lyceum/documents?purge=1&recursive=1", "")
	if res, body := w.do(w.viewer(), "GET", "trash", ""); res.StatusCode != 403 {
		t.Errorf("a viewer's trash: %d %s", res.StatusCode, body)
	}
}

func TestJobsOnTrees(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	for i := range 30 {
		w.write("a/sub/f"+string(rune('a'+i)), "content")
	}
	if err := unix.Mkfifo(filepath.Join(w.home, "a/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.write("to/a/old", "old")
	j := w.job(`{"kind":"copy","paths":["a","a/sub"],"to":"to","conflict":"keep-both"}`)
	if j.State != "done" || j.Done != 33 || j.Total != 33 || j.DoneBytes != 210 || j.TotalBytes != 210 || j.ProblemCount != 1 || j.Problems[0].Path != "a/pipe" || len(j.Results) != 1 || j.Results[0].To != "to/a (2)" {
		t.Errorf("the copy is %+v", j)
	}
	// What an overwritten folder was goes to the trash.
	if j = w.job(`{"kind":"move","paths":["to/a (2)"],"to":"moved"}`); j.ProblemCount != 1 {
		t.Errorf("to a folder that is not there: %+v", j)
	}
	w.want(200, "POST", "files/moved", `{"action":"mkdir"}`)
	if j = w.job(`{"kind":"move","paths":["to/a"],"to":"","conflict":"overwrite"}`); j.ProblemCount != 0 || w.read("a/old") != "old" {
		t.Errorf("the move is %+v", j)
	}
	if p := decode[api.TrashPage](t, w.want(200, "GET", "trash", "")); len(p.Items) != 1 || p.Items[0].Path != "a" {
		t.Errorf("the trash is %+v", p)
	}
	if j = w.job(`{"kind":"trash","paths":["a","to","nothing"]}`); len(j.Results) != 2 || j.ProblemCount != 1 {
		t.Errorf("to the trash: %+v", j)
	}
	w.want(200, "POST", "trash/"+j.Results[1].To, `{"action":"restore"}`)
	if j = w.job(`{"kind":"delete","paths":["to",".local"]}`); j.ProblemCount != 1 || j.Problems[0].Path != ".local" || j.Done != j.Total || j.Done != 33 {
		t.Errorf("deleted: %+v", j)
	}
	w.onlyFiles("moved")
}

// TestCancelledJob copies without end, in effect, and is cancelled.
func TestCancelledJob(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a/x", "")
	if err := os.Truncate(filepath.Join(w.home, "a/x"), 1<<20); err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		w.write("a/"+strings.Repeat("f", 1+i/100)+string(rune('a'+i%26))+string(rune('a'+i/26%26)), "x")
	}
	j := decode[api.Job](t, w.want(http.StatusAccepted, "POST", "jobs", `{"kind":"copy","paths":["a"],"to":"b"}`))
	w.want(204, "DELETE", "jobs/"+j.ID, "")
	for j.Ended == nil {
		j = decode[api.Job](t, w.want(200, "GET", "jobs/"+j.ID+"?after=1", ""))
	}
	if j.State != "cancelled" && j.State != "done" || j.State == "cancelled" && !strings.Contains(j.Message, "stays") {
		t.Errorf("the job is %+v", j)
	}
}

// TestNamesThatDifferLittle are different files, in listings too.
func TestNamesThatDifferLittle(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	names := []string{"caf%C3%A9", "cafe%CC%81", "CAF%C3%89", "cafe"}
	for i, name := range names {
		w.want(200, "PUT", "files/"+name, string(rune('0'+i)))
	}
	if l := decode[api.Listing](t, w.want(200, "GET", "files/", "")); l.Total != len(names) {
		t.Errorf("%d files, want %d", l.Total, len(names))
	}
	for i, name := range names {
		if got := w.want(200, "GET", "files/"+name, ""); got != string(rune('0'+i)) {
			t.Errorf("%s holds %q", name, got)
		}
	}
	w.want(409, "POST", "files/cafe", `{"action":"move","to":"café"}`)
	w.want(200, "DELETE", "files/cafe%CC%81", "")
	w.want(200, "POST", "files/caf%C3%A9", "{\"action\":\"move\",\"to\":\"cafe\u0301\"}")
	if got := w.want(200, "GET", "files/cafe%CC%81", ""); got != "0" {
		t.Errorf("renamed to another normalisation it holds %q", got)
	}
	w.want(200, "POST", "files/cafe", `{"action":"move","to":"Cafe"}`)
	w.want(404, "GET", "files/cafe", "")
}

// TestRanges as RFC 9110 has them.
func TestRanges(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "0123456789")
	res, _ := w.do(w.editor(), "GET", "files/a.txt", "")
	tag := res.Header.Get("Etag")
	for _, c := range []struct {
		ranges, ifRange string
		status          int
		body            string
	}{
		{"bytes=2-4", "", 206, "234"}, {"bytes=-3", "", 206, "789"}, {"bytes=8-", "", 206, "89"}, {"bytes=8-100", "", 206, "89"},
		{"bytes=10-", "", 416, ""}, {"bytes=5-2", "", 416, ""}, {"lines=1-2", "", 416, ""},
		{"bytes=2-4", tag, 206, "234"}, {"bytes=2-4", `"another"`, 200, "0123456789"},
	} {
		headers := []string{"Range", c.ranges}
		if c.ifRange != "" {
			headers = append(headers, "If-Range", c.ifRange)
		}
		res, body := w.do(w.editor(), "GET", "files/a.txt", "", headers...)
		if res.StatusCode != c.status || c.status != 416 && body != c.body {
			t.Errorf("%s, If-Range %s: %d %q, want %d %q", c.ranges, c.ifRange, res.StatusCode, body, c.status, c.body)
		}
	}
	res, body := w.do(w.editor(), "GET", "files/a.txt", "", "Range", "bytes=0-1,8-9")
	if res.StatusCode != 206 || !strings.HasPrefix(res.Header.Get("Content-Type"), "multipart/byteranges") || strings.Count(body, "Content-Range: bytes") != 2 {
		t.Errorf("two ranges: %d %s %q", res.StatusCode, res.Header.Get("Content-Type"), body)
	}
}

// TestSwapDuringDownload goes on with what was opened.
func TestSwapDuringDownload(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	const size = 8 << 20
	w.write("a/f", strings.Repeat("a", size))
	w.write("b/f", strings.Repeat("b", size))
	res, err := w.client.Do(w.request(w.editor(), "GET", "files/a/f", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := unix.Renameat2(unix.AT_FDCWD, filepath.Join(w.home, "a"), unix.AT_FDCWD, filepath.Join(w.home, "b"), unix.RENAME_EXCHANGE); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(res.Body)
	if err != nil || len(rest) != size-1000 || strings.Contains(string(rest), "b") {
		t.Errorf("read %d more bytes, %v", len(rest), err)
	}
	if got := w.want(200, "GET", "files/a/f", ""); !strings.HasPrefix(got, "b") {
		t.Error("the folders were not swapped")
	}
}

// TestSpecialFiles are refused quickly, listed as what they are, and can be moved
// and deleted.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	full := func(name string) string { return filepath.Join(w.home, name) }
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := errors.Join(unix.Mkfifo(full("pipe"), 0o600), unix.Bind(fd, &unix.SockaddrUnix{Name: full("socket")})); err != nil {
		t.Fatal(err)
	}
	names := []string{"pipe", "socket"}
	if unix.Mknod(full("device"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))) == nil { // only root can
		names = append(names, "device")
	}
	for _, e := range decode[api.Listing](t, w.want(200, "GET", "files/", "")).Items {
		if e.Kind != "other" {
			t.Errorf("%s is listed as %s", e.Name, e.Kind)
		}
	}
	for _, name := range names {
		w.want(400, "GET", "files/"+name, "")
		w.want(400, "GET", "files/"+name+"?download=1", "")
		w.want(400, "PUT", "files/"+name, "x")
		if res, body := w.do(w.editor(), "POST", "files/"+name, `{"action":"copy","to":"copy"}`); res.StatusCode != 400 {
			t.Errorf("copy %s: %d %s", name, res.StatusCode, body)
		}
		if j := w.job(`{"kind":"copy","paths":["` + name + `"],"to":"","conflict":"keep-both"}`); j.ProblemCount != 1 {
			t.Errorf("copying %s: %+v", name, j)
		}
		if got := w.code(w.dial(w.editor(), "sync/"+name)); got != 4415 {
			t.Errorf("%s as a document closed with %d, want 4415", name, got)
		}
		e := decode[api.Trashed](t, w.want(200, "DELETE", "files/"+name, ""))
		w.want(200, "POST", "trash/"+e.ID, `{"action":"restore"}`)
	}
}
