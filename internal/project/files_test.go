package project_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/api"
	"lyceum/internal/project"
	"lyceum/internal/ticket"
)

func TestListFolder(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("b/x", "")
	w.write("a.txt", "hello")
	w.write(".hidden", "")
	l := decode[api.Listing](t, w.want(200, "GET", "files/", ""))
	if len(l.Items) != 2 || l.Items[0].Name != "b" || l.Items[0].Kind != "dir" || l.Items[1].Name != "a.txt" || l.Items[1].Size != 5 || l.Total != 2 {
		t.Errorf("the home lists %+v, want b and a.txt", l)
	}
	if l := decode[api.Listing](t, w.want(200, "GET", "files?hidden=1&limit=2", "")); l.Total < 3 || len(l.Items) != 2 || l.Next == "" {
		t.Errorf("a page with hidden entries is %+v", l)
	} else if next := decode[api.Listing](t, w.want(200, "GET", "files/?hidden=1&limit=2&after="+url.QueryEscape(l.Next), "")); len(next.Items) == 0 {
		t.Errorf("the next page is empty: %+v", next)
	}
	if l := decode[api.Listing](t, w.want(200, "GET", "files/b", "")); l.Path != "b" || l.Items[0].Path != "b/x" {
		t.Errorf("b lists %+v", l)
	}
	for _, bad := range []string{"files/?limit=0", "files/?limit=10001", "files/?limit=x", "files/?after=x"} {
		w.want(422, "GET", bad, "")
	}
	w.want(404, "GET", "files/nothing", "")
	w.want(404, "GET", "files/a.txt/under", "")
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "hello world")
	res, body := w.do(w.viewer(), "GET", "files/a.txt", "")
	tag := res.Header.Get("Etag")
	if body != "hello world" || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || tag == "" {
		t.Errorf("got %q %v", body, res.Header)
	}
	e := decode[api.Entry](t, w.want(200, "GET", "files/a.txt?entry=1", ""))
	if `"`+e.Version+`"` != tag || e.Size != 11 || e.Kind != "file" {
		t.Errorf("the entry is %+v, want version %s", e, tag)
	}
	if res, body := w.do(w.editor(), "GET", "files/a.txt", "", "If-None-Match", tag); res.StatusCode != 304 || body != "" {
		t.Errorf("the same version again answered %d %q", res.StatusCode, body)
	}
	if res, body := w.do(w.editor(), "GET", "files/a.txt", "", "Range", "bytes=6-"); res.StatusCode != 206 || body != "world" {
		t.Errorf("a range answered %d %q", res.StatusCode, body)
	}
	if res, _ := w.do(w.editor(), "GET", "files/a.txt", "", "Range", "bytes=100-"); res.StatusCode != 416 {
		t.Errorf("a range behind the end answered %d", res.StatusCode)
	}
	if res, body := w.do(w.editor(), "HEAD", "files/a.txt", ""); res.ContentLength != 11 || body != "" {
		t.Errorf("HEAD answered %d bytes, %q", res.ContentLength, body)
	}
	res, _ = w.do(w.editor(), "GET", "files/a.txt?download=1", "")
	if got := res.Header.Get("Content-Disposition"); got != "attachment; filename*=UTF-8''a.txt" {
		t.Errorf("a download says %q", got)
	}
	w.write("a.txt", "HELLO WORLD")
	if res, body := w.do(w.editor(), "GET", "files/a.txt", "", "If-None-Match", tag); res.StatusCode != 200 || body != "HELLO WORLD" {
		t.Errorf("a change of the same length within a second answered %d %q", res.StatusCode, body)
	}
}

// TestContentIsInert holds which types are sent: none that a browser would run.
func TestContentIsInert(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	const text, bytes = "text/plain; charset=utf-8", "application/octet-stream"
	for _, c := range []struct{ name, content, want string }{
		{"page.html", "<script>alert(1)</script>", text},
		{"page.xhtml", "<html/>", text},
		{"image.svg", "<svg onload=alert(1)>", text},
		{"code.js", "alert(1)", text},
		{"style.css", "a{}", text},
		{"feed.xml", "<?xml?>", text},
		{"data.json", `{}`, "application/json"},
		{"paper.pdf", "%PDF-1.4\n\xff\x00", bytes},
		{"empty", "", text},
		{"latin1.txt", "caf\xe9", bytes},
		{"binary.txt", "a\x00b", bytes},
		{"photo.PNG", "whatever", "image/png"},
		{"photo", "\x89PNG\r\n\x1a\n\x00", "image/png"},
		{"film.mp4", "", "video/mp4"},
		{"module.wasm", "\x00asm", bytes},
	} {
		w.write(c.name, c.content)
		res, body := w.do(w.editor(), "GET", "files/"+c.name, "")
		if got := res.Header.Get("Content-Type"); got != c.want || body != c.content || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s is sent as %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	e := decode[api.Entry](t, w.want(200, "PUT", "files/a.txt", "one", "If-None-Match", "*"))
	if w.read("a.txt") != "one" || e.Path != "a.txt" || e.Size != 3 {
		t.Errorf("wrote %q, %+v", w.read("a.txt"), e)
	}
	w.want(409, "PUT", "files/a.txt", "two", "If-None-Match", "*")
	w.want(409, "PUT", "files/a.txt", "two", "If-Match", `"0-0"`)
	w.want(409, "PUT", "files/b.txt", "two", "If-Match", `"0-0"`)
	for _, bad := range []string{`x`, `W/"x"`, `"a", "b"`, `""`, `*`} {
		w.want(400, "PUT", "files/a.txt", "two", "If-Match", bad)
	}
	w.want(400, "PUT", "files/a.txt", "two", "If-None-Match", `"x"`)
	if got := w.read("a.txt"); got != "one" {
		t.Errorf("a refused write left %q", got)
	}
	w.want(200, "PUT", "files/a.txt", "two", "If-Match", `"`+e.Version+`"`)
	w.want(404, "PUT", "files/x/y/z.txt", "deep")
	w.want(200, "PUT", "files/x/y/z.txt?parents=1", "deep")
	w.want(200, "PUT", "files/empty", "")
	if w.read("a.txt") != "two" || w.read("x/y/z.txt") != "deep" || w.read("empty") != "" {
		t.Error("something was not written")
	}
	w.want(400, "PUT", "files/x", "over a folder")
	w.want(422, "PUT", "files/", "over the home")
}

// TestBrokenUpload ends an upload in the middle: nothing changes and nothing stays.
func TestBrokenUpload(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "old")
	for _, framing := range []string{"Content-Length: 1000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n100000\r\n"} {
		c, err := net.Dial("unix", filepath.Join(w.run, project.SocketName))
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(c, "PUT /files/a.txt HTTP/1.1\r\nHost: x\r\n%s: %s\r\n%sonly this", ticket.Header, w.signer.Sign(w.editor(), time.Now()), framing)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.UnixConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != 400 {
			t.Errorf("a broken upload answered %v %v, want 400", res, err)
		}
		_ = c.Close()
	}
	if got := w.read("a.txt"); got != "old" {
		t.Errorf("a broken upload left %q", got)
	}
	w.onlyFiles("a.txt")
}

// onlyFiles checks what there is in the home beside the project's own state.
func (w *world) onlyFiles(want ...string) {
	w.t.Helper()
	list, err := os.ReadDir(w.home)
	if err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		if e.Name() != ".local" {
			got = append(got, e.Name())
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		w.t.Errorf("the home holds %q, want %q", got, want)
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	post := func(path, body string) string { t.Helper(); return w.want(200, "POST", "files/"+path, body) }
	post("d", `{"action":"mkdir"}`)
	w.want(409, "POST", "files/d", `{"action":"mkdir"}`)
	post("d", `{"action":"mkdir","parents":true}`)
	post("e/f/g", `{"action":"mkdir","parents":true}`)
	post("d/t", `{"action":"touch"}`)
	post("n/e/w", `{"action":"touch","parents":true}`)
	w.write("a", "A")
	if e := decode[api.Entry](t, post("a", `{"action":"copy","to":"d/b"}`)); e.Path != "d/b" || w.read("d/b") != "A" {
		t.Errorf("copied to %+v", e)
	}
	w.want(409, "POST", "files/a", `{"action":"copy","to":"d/b"}`)
	if e := decode[api.Entry](t, post("a", `{"action":"move","to":"q/c","parents":true}`)); e.Path != "q/c" || w.read("q/c") != "A" {
		t.Errorf("moved to %+v", e)
	}
	w.want(409, "POST", "files/q/c", `{"action":"move","to":"d/b"}`)
	post("q/c", `{"action":"move","to":"d/b","overwrite":true}`)
	w.want(404, "POST", "files/nothing", `{"action":"move","to":"x"}`)
	w.want(422, "POST", "files/d", `{"action":"move","to":"d/inside"}`)
	w.want(204, "DELETE", "files/d/t?purge=1", "")
	w.want(409, "DELETE", "files/d?purge=1", "")
	w.want(204, "DELETE", "files/d?purge=1&recursive=1", "")
	w.want(404, "DELETE", "files/d?purge=1&recursive=1", "")
	w.want(422, "DELETE", "files/?purge=1&recursive=1", "")
	w.want(404, "DELETE", "files/d", "")
	w.want(422, "DELETE", "files/", "")
	w.onlyFiles("e", "n", "q")
}

func TestWrongJSON(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a", "A")
	for body, want := range map[string]int{
		``:                              400,
		`{`:                             400,
		`[]`:                            422,
		`"move"`:                        422,
		`null`:                          422,
		`{"action":7}`:                  422,
		`{"action":"explode"}`:          422,
		`{"action":"touch","mode":1}`:   400,
		`{"action":"touch"}{}`:          400,
		`{"action":"touch"} x`:          400,
		`{"action":"move"}`:             422,
		`{"action":"touch","to":"b"}`:   422,
		`{"action":"move","to":"../b"}`: 422,
		`{"action":"copy","to":"/etc"}`: 422,
		"{\"action\":\"move\",\"to\":\"a\\u0000b\"}": 422,
	} {
		res, got := w.do(w.editor(), "POST", "files/a", body)
		if res.StatusCode != want && !(want == 422 && res.StatusCode == 400) {
			t.Errorf("%s answered %d %s, want %d", body, res.StatusCode, got, want)
		}
		if p := decode[api.Problem](t, got); p.Code != "invalid" || p.Detail == "" || p.Request == "" {
			t.Errorf("%s answered %+v, want an invalid problem with its detail", body, p)
		}
	}
	w.onlyFiles("a")
}

// TestLargeJSON sends a body of 100 MB: it is refused after the first of them.
func TestLargeJSON(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	sent := &countingReader{r: io.MultiReader(strings.NewReader(`{"action":"`), io.LimitReader(letters{}, 100<<20))}
	res, got := w.send(w.request(w.editor(), "POST", "files/a", sent))
	if res.StatusCode != 413 {
		t.Errorf("100 MB of JSON answered %d %s, want 413", res.StatusCode, got)
	}
	if n := sent.n.Load(); n > 8<<20 {
		t.Errorf("%d bytes were taken, want about 1 MB", n)
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type countingReader struct {
	r io.Reader
	n atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func TestBadNames(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	long := strings.Repeat("é", 127) + "x" // 255 bytes
	for _, c := range []struct {
		name string
		want int
	}{
		{"a%00b", 422}, {"%2e%2e", 422}, {"%2e%2e/%2e%2e/etc/passwd", 422}, {"a/../../b", 422}, {"%2Fetc%2Fpasswd", 422},
		{"a%0Ab", 422}, {"a%1Bb", 422}, {url.PathEscape(long + "y"), 422}, {strings.Repeat("d/", 2100) + "x", 422},
		{"caf%E9", 422}, {"~x636166e9", 422}, {"~x61", 422}, {"a//b", 422}, {"%zz", 400},
		{url.PathEscape(long), 200}, {"%F0%9F%98%80", 200}, {"a%20b", 200}, {"%3Fquery%23hash%25", 200}, {`back%5Cslash`, 200}, {"-rf", 200},
	} {
		r := w.request(w.editor(), "PUT", "files/x", strings.NewReader("x"))
		r.URL.Opaque = "//project/files/" + c.name // as it is, uncleaned
		res, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("PUT %.60s answered %d, want %d", c.name, res.StatusCode, c.want)
		}
	}
	if got := w.read("?query#hash%"); got != "x" {
		t.Errorf("the name was not taken as it is: %q", got)
	}
}

// TestNamesThatExist lists, reads, renames and deletes what other programs made.
func TestNamesThatExist(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	for i, name := range []string{"caf\xe9", "line\nbreak", "~x61"} {
		w.write(name, "here")
		l := decode[api.Listing](t, w.want(200, "GET", "files/", ""))
		if len(l.Items) != 1 {
			t.Fatalf("%q: the home lists %+v", name, l)
		}
		e := l.Items[0]
		if !utf8Only(e.Name) || !utf8Only(e.Path) {
			t.Errorf("%q is told as %+q, %+q", name, e.Name, e.Path)
		}
		if got := w.want(200, "GET", "files/"+url.PathEscape(e.Path)+"?download=1", ""); got != "here" {
			t.Errorf("%q holds %q", name, got)
		}
		fresh := "renamed" + strconv.Itoa(i)
		w.want(200, "POST", "files/"+url.PathEscape(e.Path), `{"action":"move","to":"`+fresh+`"}`)
		w.onlyFiles(fresh)
		w.want(204, "DELETE", "files/"+fresh+"?purge=1", "")
	}
}

func utf8Only(s string) bool { return strings.ToValidUTF8(s, "") == s }

// TestSparseFile lists and reads a file of 5 GB in part.
func TestSparseFile(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	const size = 5 << 30
	w.write("large", "begin")
	if err := os.Truncate(filepath.Join(w.home, "large"), size); err != nil {
		t.Fatal(err)
	}
	if l := decode[api.Listing](t, w.want(200, "GET", "files/", "")); l.Items[0].Size != size {
		t.Errorf("the listing says %d bytes", l.Items[0].Size)
	}
	res, body := w.do(w.editor(), "GET", "files/large", "", "Range", "bytes=4294967296-4294967299")
	if res.StatusCode != 206 || body != "\x00\x00\x00\x00" || res.Header.Get("Content-Range") != "bytes 4294967296-4294967299/5368709120" {
		t.Errorf("a range beyond 4 GB answered %d %q %v", res.StatusCode, body, res.Header)
	}
	res, err := w.client.Do(w.request(w.editor(), "GET", "files/large?download=1", nil))
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 20<<20)
	_, err = io.ReadFull(res.Body, part)
	if err != nil || res.ContentLength != size || string(part[:5]) != "begin" {
		t.Errorf("the download gave %v, length %d", err, res.ContentLength)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	w.want(200, "GET", "files/large?entry=1", "") // the server is well
}

// TestReplacedWhileRead goes on reading the old bytes of a file that another
// program replaces.
func TestReplacedWhileRead(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	const size = 8 << 20
	w.write("a", strings.Repeat("1", size))
	res, err := w.client.Do(w.request(w.editor(), "GET", "files/a", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 1000)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	w.want(200, "PUT", "files/a", strings.Repeat("2", size))
	w.want(200, "DELETE", "files/a", "")
	rest, err := io.ReadAll(res.Body)
	if err != nil || len(rest) != size-1000 || strings.Contains(string(rest), "2") {
		t.Errorf("read %d more bytes, %v, want the old file whole", len(rest), err)
	}
}

// TestNotFiles refuses what would hang.
func TestNotFiles(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	if err := errors.Join(unix.Mkfifo(filepath.Join(w.home, "pipe"), 0o600), os.Symlink("/dev/zero", filepath.Join(w.home, "zero")), os.Symlink("loop", filepath.Join(w.home, "loop"))); err != nil {
		t.Fatal(err)
	}
	w.want(400, "GET", "files/pipe", "")
	w.want(400, "PUT", "files/pipe", "x")
	w.want(403, "GET", "files/zero", "")
	w.want(400, "GET", "files/loop", "")
	w.want(200, "DELETE", "files/pipe", "")
}

// TestPermissionDenied runs the project as an ordinary user.
func TestPermissionDenied(t *testing.T) {
	t.Parallel()
	var w *world
	if os.Geteuid() == 0 {
		w, _ = launch(t, 65534)
	} else {
		w, _ = serve(t)
	}
	w.want(200, "PUT", "files/mine", "mine")
	w.want(200, "POST", "files/shut", `{"action":"mkdir"}`)
	w.want(200, "PUT", "files/shut/in", "in")
	if err := errors.Join(os.Chmod(filepath.Join(w.home, "mine"), 0o000), os.Chmod(filepath.Join(w.home, "shut"), 0o000)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "files/mine", ""}, {"PUT", "files/mine", "x"}, {"GET", "files/shut", ""}, {"GET", "files/shut/in", ""},
		{"PUT", "files/shut/new", "x"}, {"DELETE", "files/shut/in", ""}, {"POST", "files/shut/new", `{"action":"touch"}`},
	} {
		if got := w.want(403, c.method, c.path, c.body); !strings.Contains(got, "permission denied") {
			t.Errorf("%s %s answered %s, want it to say why", c.method, c.path, got)
		}
	}
	w.want(200, "GET", "files/mine?entry=1", "")
	if err := os.Chmod(filepath.Join(w.home, "shut"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestDiskFull writes onto a file system of 2 MB.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	w := newWorld(t, 0)
	if err := unix.Mount("tmpfs", w.home, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(w.home, unix.MNT_DETACH) })
	stop := w.serve()
	t.Cleanup(func() { _ = stop() })
	w.want(200, "PUT", "files/a", "small")
	// Told at once, and in the middle when the length is not known.
	for _, body := range []io.Reader{strings.NewReader(strings.Repeat("x", 3<<20)), io.LimitReader(letters{}, 3<<20)} {
		res, got := w.send(w.request(w.editor(), "PUT", "files/a", body))
		if res.StatusCode != 507 || decode[api.Problem](t, got).Code != "exhausted" {
			t.Errorf("a full disk answered %d %s, want 507", res.StatusCode, got)
		}
	}
	if got := w.read("a"); got != "small" {
		t.Errorf("a full disk left %.20q", got)
	}
	w.onlyFiles("a")
	w.want(200, "PUT", "files/a", "smaller")
}
