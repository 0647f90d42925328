package project_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/project"
	"lyceum/internal/ticket"
)

// metadata writes Upload-Metadata.
func metadata(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(out, ",")
}

// tus makes a request as a client of the protocol.
func (w *world) tus(tk ticket.Ticket, method, path, body string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	return w.do(tk, method, path, body, append([]string{"Tus-Resumable", "1.0.0"}, headers...)...)
}

// begin creates an upload of size bytes and returns its address.
func (w *world) begin(size int, pairs ...string) string {
	w.t.Helper()
	res, body := w.tus(w.editor(), "POST", "uploads", "", "Upload-Length", strconv.Itoa(size), "Upload-Metadata", metadata(pairs...))
	if res.StatusCode != 201 || !strings.HasPrefix(res.Header.Get("Location"), "uploads/") {
		w.t.Fatalf("creation answered %d %q %s", res.StatusCode, res.Header.Get("Location"), body)
	}
	return res.Header.Get("Location")
}

// patch sends bytes and holds the answer's status and offset.
func (w *world) patch(at, body string, offset, status, want int, headers ...string) *http.Response {
	w.t.Helper()
	res, text := w.tus(w.editor(), "PATCH", at, body, append([]string{"Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(offset)}, headers...)...)
	if res.StatusCode != status || want >= 0 && res.Header.Get("Upload-Offset") != strconv.Itoa(want) {
		w.t.Fatalf("PATCH at %d answered %d, offset %q, %s; want %d, offset %d", offset, res.StatusCode, res.Header.Get("Upload-Offset"), text, status, want)
	}
	return res
}

// offset asks how far an upload is.
func (w *world) offset(at string) int {
	w.t.Helper()
	res, _ := w.tus(w.editor(), "HEAD", at, "")
	n, err := strconv.Atoi(res.Header.Get("Upload-Offset"))
	if res.StatusCode != 200 || err != nil || res.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("HEAD answered %d %v", res.StatusCode, res.Header)
	}
	return n
}

// awaitOffset waits until so many bytes are on the disk.
func (w *world) awaitOffset(at string, want int) {
	w.t.Helper()
	w.until(fmt.Sprintf("%d bytes are here", want), func() error {
		if n := w.offset(at); n != want {
			return fmt.Errorf("offset %d", n)
		}
		return nil
	})
}

// staged is how many files are staged.
func (w *world) staged() int {
	w.t.Helper()
	all, err := filepath.Glob(filepath.Join(w.home, ".local/state/lyceum/uploads/*/data"))
	if err != nil {
		w.t.Fatal(err)
	}
	return len(all)
}

// start begins a PATCH by hand, of which only body comes. The caller closes the
// connection.
func (w *world) start(at, body string, offset, length int, headers ...string) net.Conn {
	w.t.Helper()
	c, err := net.Dial("unix", filepath.Join(w.run, project.SocketName))
	if err != nil {
		w.t.Fatal(err)
	}
	var extra strings.Builder
	for i := 0; i+1 < len(headers); i += 2 {
		fmt.Fprintf(&extra, "%s: %s\r\n", headers[i], headers[i+1])
	}
	if _, err := fmt.Fprintf(c, "PATCH /%s HTTP/1.1\r\nHost: project\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: %d\r\nContent-Length: %d\r\n%s: %s\r\n%s\r\n%s",
		at, offset, length, ticket.Header, w.signer.Sign(w.editor(), time.Now()), extra.String(), body); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// falseSum is a checksum that nothing has.
var falseSum = "sha1 " + base64.StdEncoding.EncodeToString(make([]byte, 20))

func TestUpload(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	res, _ := w.do(w.editor(), "OPTIONS", "uploads", "")
	if h := res.Header; res.StatusCode != 204 || h.Get("Tus-Version") != "1.0.0" || h.Get("Tus-Extension") == "" || h.Get("Tus-Checksum-Algorithm") != "sha256,sha1" {
		t.Errorf("OPTIONS answered %d %v", res.StatusCode, h)
	}
	if res, _ := w.do(w.editor(), "POST", "uploads", "", "Upload-Length", "3"); res.StatusCode != 412 || res.Header.Get("Tus-Version") != "1.0.0" {
		t.Errorf("without a version: %d %v", res.StatusCode, res.Header)
	}
	at := w.begin(10, "path", "new/ä.txt", "parents", "1", "modified", "2001-02-03T04:05:06Z", "mode", "750", "mine", "x")
	w.patch(at, "01234", 0, 204, 5)
	if got := w.offset(at); got != 5 {
		t.Errorf("the offset is %d, want 5", got)
	}
	list := decode[[]api.Upload](t, w.want(200, "GET", "uploads", ""))
	if len(list) != 1 || list[0].Offset != 5 || list[0].Size != 10 || list[0].Path != "new/ä.txt" || list[0].Expires.Sub(list[0].Touched) != 7*24*time.Hour {
		t.Errorf("the unfinished ones are %+v", list)
	}
	if _, err := os.Stat(filepath.Join(w.home, "new")); err == nil {
		t.Error("something is there before it is whole")
	}
	res = w.patch(at, "56789", 5, 204, 10)
	if got := res.Header.Get("Upload-Path"); got != "new/%C3%A4.txt" {
		t.Errorf("it arrived at %q", got)
	}
	e := decode[api.Entry](t, w.want(200, "GET", "files/new/%C3%A4.txt?entry=1", ""))
	if w.read("new/ä.txt") != "0123456789" || e.Modified.Year() != 2001 || e.Mode&^0o022 != 0o750&^0o022 {
		t.Errorf("the file is %+v", e)
	}
	// A client that missed the answer asks again.
	if got := w.offset(at); got != 10 || w.staged() != 0 {
		t.Errorf("afterwards: offset %d, %d staged", got, w.staged())
	}
	if res = w.patch(at, "", 10, 204, 10); res.Header.Get("Upload-Path") == "" {
		t.Error("the end again does not say where it is")
	}
	if list := decode[[]api.Upload](t, w.want(200, "GET", "uploads", "")); len(list) != 0 {
		t.Errorf("still unfinished: %+v", list)
	}
}

func TestUploadWithCreation(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	create := func(size, content, path string) *http.Response {
		res, _ := w.tus(w.editor(), "POST", "uploads", content, "Upload-Length", size, "Upload-Metadata", metadata("path", path), "Content-Type", "application/offset+octet-stream")
		return res
	}
	if res := create("5", "hello", "a.txt"); res.StatusCode != 201 || res.Header.Get("Upload-Offset") != "5" || res.Header.Get("Upload-Path") != "a.txt" || w.read("a.txt") != "hello" {
		t.Errorf("the whole at once: %d %v", res.StatusCode, res.Header)
	}
	if res := create("5", "he", "b.txt"); res.StatusCode != 201 || res.Header.Get("Upload-Offset") != "2" {
		t.Errorf("a part: %d %v", res.StatusCode, res.Header)
	}
	if res := create("0", "", "empty"); res.StatusCode != 201 || w.read("empty") != "" {
		t.Errorf("nothing: %d %v", res.StatusCode, res.Header)
	}
	// A client that calls the path as most do, and cannot say PATCH.
	res, _ := w.tus(w.editor(), "POST", "uploads", "", "Upload-Length", "2", "Upload-Metadata", metadata("filename", "c.txt"))
	res, text := w.tus(w.editor(), "POST", res.Header.Get("Location"), "hi", "X-HTTP-Method-Override", "PATCH", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "0")
	if res.StatusCode != 204 || w.read("c.txt") != "hi" {
		t.Errorf("by POST: %d %s", res.StatusCode, text)
	}
}

func TestUploadEnded(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	at := w.begin(10, "path", "a")
	defer w.start(at, "01234", 0, 10).Close()
	w.awaitOffset(at, 5)
	// The one who ends it ends the request that writes, too.
	if res, _ := w.tus(w.editor(), "DELETE", at, ""); res.StatusCode != 204 || w.staged() != 0 {
		t.Errorf("DELETE answered %d, %d are staged", res.StatusCode, w.staged())
	}
	if res, _ := w.tus(w.editor(), "HEAD", at, ""); res.StatusCode != 404 {
		t.Errorf("HEAD afterwards: %d", res.StatusCode)
	}
}

func TestUploadOfAnother(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	at := w.begin(6, "path", "a.txt")
	w.patch(at, "012", 0, 204, 3)
	owner := w.as(lyceum.Owner)
	for _, method := range []string{"HEAD", "PATCH", "DELETE"} {
		res, body := w.tus(owner, method, at, "345", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "3")
		if res.StatusCode != 403 || method == "PATCH" && !strings.Contains(body, "take it over") {
			t.Errorf("%s of another answered %d %s", method, res.StatusCode, body)
		}
	}
	if res, body := w.do(owner, "GET", "uploads", ""); strings.TrimSpace(body) != "[]" {
		t.Errorf("the owner's own are %d %s", res.StatusCode, body)
	}
	if _, body := w.do(owner, "GET", "uploads?all=1", ""); !strings.Contains(body, "the editor") {
		t.Errorf("all are %s", body)
	}
	res, body := w.do(owner, "POST", at, `{"takeOver":true}`)
	if u := decode[api.Upload](t, body); res.StatusCode != 200 || u.Account != string(owner.Account) || u.Offset != 3 {
		t.Errorf("taking over answered %d %s", res.StatusCode, body)
	}
	w.patch(at, "345", 3, 403, -1) // who began it
	if res, _ := w.tus(owner, "PATCH", at, "345", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "3"); res.StatusCode != 204 || w.read("a.txt") != "012345" {
		t.Errorf("going on answered %d", res.StatusCode)
	}
}

// TestUploadConflicts: what is in the way at the end is told, and nothing is lost.
func TestUploadConflicts(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("d/keep", "")
	at := w.begin(3, "path", "d/a.txt")
	if err := os.RemoveAll(filepath.Join(w.home, "d")); err != nil {
		t.Fatal(err)
	}
	w.patch(at, "new", 0, 409, 3)
	list := decode[[]api.Upload](t, w.want(200, "GET", "uploads", ""))
	if len(list) != 1 || !strings.Contains(list[0].Problem, "not there any more") || list[0].Offset != 3 {
		t.Fatalf("waiting: %+v", list)
	}
	if u := decode[api.Upload](t, w.want(200, "POST", at, `{"parents":true}`)); u.Done != "d/a.txt" || w.read("d/a.txt") != "new" {
		t.Errorf("into a folder made anew: %+v", u)
	}
	// Someone else made a file, or a folder, meanwhile.
	at = w.begin(3, "path", "b.txt")
	w.write("b.txt", "theirs")
	w.patch(at, "new", 0, 409, 3)
	w.want(409, "POST", at, `{}`)
	w.want(409, "POST", at, `{"conflict":"overwrite","version":"1-2-3-4"}`)
	if u := decode[api.Upload](t, w.want(200, "POST", at, `{"conflict":"keep-both"}`)); u.Done != "b (2).txt" || w.read("b.txt") != "theirs" || w.read("b (2).txt") != "new" {
		t.Errorf("keeping both: %+v", u)
	}
	at = w.begin(3, "path", "c.txt")
	w.write("c.txt/x", "")
	w.patch(at, "new", 0, 409, 3)
	w.want(409, "POST", at, `{"conflict":"overwrite"}`)
	w.want(422, "POST", at, `{"path":"../x"}`)
	if u := decode[api.Upload](t, w.want(200, "POST", at, `{"path":"e.txt","conflict":"fail"}`)); u.Done != "e.txt" || w.read("e.txt") != "new" {
		t.Errorf("to another place: %+v", u)
	}
	// The version that was seen.
	e := decode[api.Entry](t, w.want(200, "GET", "files/e.txt?entry=1", ""))
	at = w.begin(5, "path", "e.txt", "conflict", "overwrite", "version", e.Version)
	w.write("e.txt", "changed")
	w.patch(at, "newer", 0, 409, 5)
	if w.read("e.txt") != "changed" {
		t.Error("what was changed is gone")
	}
	w.want(200, "POST", at, `{"conflict":"overwrite"}`)
	if w.read("e.txt") != "newer" || w.staged() != 0 {
		t.Errorf("in the end: %q, %d staged", w.read("e.txt"), w.staged())
	}
}
