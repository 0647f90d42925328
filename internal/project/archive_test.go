package project_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lyceum/internal/api"
)

// packed reads a zip file: names, and contents of files.
func packed(t *testing.T, b string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(content)
	}
	return out
}

func TestPack(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("d/ä.txt", "hello")
	w.write("d/.secret", "no")
	w.write("d/sub/x.png", "png")
	w.write("e/ä.txt", "other")
	w.write(".local/state/lyceum/uploads/x/data", "ours")
	for link, target := range map[string]string{"d/in": "ä.txt", "d/out": "/etc/passwd"} {
		if err := os.Symlink(target, filepath.Join(w.home, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(w.home, "d/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	res, body := w.do(w.editor(), "GET", "archive?path=d", "")
	got := packed(t, body)
	if res.Header.Get("Content-Disposition") != "attachment; filename*=UTF-8''d.zip" || got["d/ä.txt"] != "hello" || got["d/.secret"] != "no" || got["d/sub/x.png"] != "png" || got["d/out"] != "/etc/passwd" || !strings.Contains(got["ERRORS.txt"], "d/pipe: it is a pipe") {
		t.Errorf("%v %v", res.Header, got)
	}
	_, body = w.do(w.viewer(), "GET", "archive?path=d&path=e/%C3%A4.txt&path=d/%C3%A4.txt", "")
	if got := packed(t, body); got["d/.secret"] != "" || got["d/ä.txt"] != "hello" || got["ä.txt"] != "hello" || got["ä (2).txt"] != "other" {
		t.Errorf("a viewer gets %v", got)
	}
	_, body = w.do(w.editor(), "GET", "archive?path=&name=all", "")
	for name := range packed(t, body) {
		if strings.Contains(name, "state/lyceum") {
			t.Errorf("%s is ours", name)
		}
	}
	if res, _ := w.do(w.viewer(), "GET", "archive?path=d/.secret", ""); res.StatusCode != 404 {
		t.Errorf("a viewer who asks for a hidden file: %d", res.StatusCode)
	}
	w.want(404, "GET", "archive?path=nothing", "")
	w.want(422, "GET", "archive?path=../x", "")
	w.want(422, "GET", "archive", "")
	w.want(422, "GET", "archive?path=d&format=rar", "")
	for _, format := range []string{"tar", "tar.gz", "tar.zst"} {
		if res, body := w.do(w.editor(), "GET", "archive?path=d&format="+format, ""); res.StatusCode != 200 || len(body) < 100 {
			t.Errorf("%s: %d", format, res.StatusCode)
		}
	}
}

// TestPackBreaksOff: a file that shrinks while it is read breaks the answer.
func TestPackBreaksOff(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	f, err := os.Create(filepath.Join(w.home, "big.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(64 << 20); err != nil {
		t.Fatal(err)
	}
	res, err := w.client.Do(w.request(w.editor(), "GET", "archive?path=big.png", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the archive looks whole")
	}
}

// TestSwapDuringFolderDownload exchanges a folder that is packed with another, and
// then with a link out of the project: what comes is of the first, or nothing whole.
func TestSwapDuringFolderDownload(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	outside := t.TempDir()
	const size = 8 << 20
	for i := range 50 {
		name := fmt.Sprintf("f%02d", i)
		w.write("a/"+name, strings.Repeat("a", 1000))
		w.write("b/"+name, strings.Repeat("b", 1000))
		if err := os.WriteFile(filepath.Join(outside, name), bytes.Repeat([]byte("s"), 1000), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.write("a/0", strings.Repeat("a", size)) // the first, and larger than what is on its way
	res, err := w.client.Do(w.request(w.editor(), "GET", "archive?path=a&format=tar", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	begin := make([]byte, 1<<20)
	if _, err := io.ReadFull(res.Body, begin); err != nil {
		t.Fatal(err)
	}
	full := func(name string) string { return filepath.Join(w.home, name) }
	if err := errors.Join(unix.Renameat2(unix.AT_FDCWD, full("a"), unix.AT_FDCWD, full("b"), unix.RENAME_EXCHANGE),
		os.Rename(full("a"), full("c")), os.Symlink(outside, full("a"))); err != nil {
		t.Fatal(err)
	}
	tr := tar.NewReader(io.MultiReader(bytes.NewReader(begin), res.Body))
	for {
		h, err := tr.Next()
		if err != nil {
			break // whole, or broken off
		}
		content, err := io.ReadAll(tr)
		if err == nil && h.Typeflag == tar.TypeReg && strings.Trim(string(content), "a") != "" && !strings.HasSuffix(h.Name, "ERRORS.txt") {
			t.Errorf("%s is of another folder: %.20q", h.Name, content)
		}
	}
}

// unpack runs a job and returns how it ended.
func (w *world) unpack(path, to string) api.Job {
	w.t.Helper()
	j := decode[api.Job](w.t, w.want(202, "POST", "jobs", fmt.Sprintf(`{"kind":"unpack","paths":[%q],"to":%q}`, path, to)))
	for j.State == "running" {
		j = decode[api.Job](w.t, w.want(200, "GET", fmt.Sprintf("jobs/%s?after=%d", j.ID, j.Seq), ""))
	}
	return j
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("in/a.tar", archiveOf(t, "x/", "", "x/a.txt", "A", "b.txt", "B"))
	if j := w.unpack("in/a.tar", "in"); j.State != "done" || len(j.Results) != 1 || j.Results[0].To != "in/a" || w.read("in/a/x/a.txt") != "A" || w.read("in/a/b.txt") != "B" {
		t.Errorf("%+v", j)
	}
	if j := w.unpack("in/a.tar", "in"); j.State != "done" || j.Results[0].To != "in/a (2)" {
		t.Errorf("again: %+v", j)
	}
	w.write("one.tar", archiveOf(t, "one/a.txt", "A"))
	if j := w.unpack("one.tar", ""); j.State != "done" || j.Results[0].To != "one" || w.read("one/a.txt") != "A" {
		t.Errorf("with one folder: %+v", j)
	}
	w.write("c.csv", "1,2\n")
	if out, err := exec.Command("gzip", "-k", filepath.Join(w.home, "c.csv")).CombinedOutput(); err != nil {
		t.Fatalf("gzip: %v %s", err, out)
	}
	if j := w.unpack("c.csv.gz", ""); j.State != "done" || w.read("c (2).csv") != "1,2\n" {
		t.Errorf("a single one: %+v", j)
	}
	w.write("no.zip", "no archive")
	if j := w.unpack("no.zip", ""); j.State != "failed" || !strings.Contains(j.Message, "no archive") {
		t.Errorf("no archive: %+v", j)
	}
	l := decode[api.ArchiveListing](t, w.want(200, "GET", "archive/in/a.tar?list=1", ""))
	if l.Format != "tar" || len(l.Items) != 3 || l.Items[1].Path != "x/a.txt" || l.Items[1].Size != 1 {
		t.Errorf("the listing: %+v", l)
	}
	w.want(400, "GET", "archive/no.zip?list=1", "")
}

// TestUnpackStaysInside: what leads out, and what is twice, is left out and told.
func TestUnpackStaysInside(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("target/keep", "keep")
	var b bytes.Buffer
	a := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "../target/keep", Size: 1}, {Name: "/target/keep", Size: 1}, {Name: "l", Typeflag: tar.TypeSymlink, Linkname: "../target"},
		{Name: "in", Typeflag: tar.TypeSymlink, Linkname: "d"}, {Name: "in/through", Size: 1}, {Name: "d/a", Size: 1, Mode: 0o6755}, {Name: "d/a", Size: 1},
		{Name: "D/a", Size: 1}, {Name: "hard", Typeflag: tar.TypeLink, Linkname: "d/a"}, {Name: "ok", Typeflag: tar.TypeSymlink, Linkname: "d/a"},
		{Name: "bad", Typeflag: tar.TypeLink, Linkname: "../../target/keep"}, {Name: "fifo", Typeflag: tar.TypeFifo},
	} {
		err := a.WriteHeader(&h)
		if err == nil && h.Size > 0 {
			_, err = io.WriteString(a, "x")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	w.write("a.tar", b.String())
	j := w.unpack("a.tar", "")
	// Seven: two names, two symlinks (one whose name became a folder), one twice, one hard link, one pipe.
	if j.State != "done" || j.ProblemCount != 7 || w.read("target/keep") != "keep" || w.read("a/d/a") != "x" || w.read("a/D/a") != "x" || w.read("a/hard") != "x" || w.read("a/ok") != "x" {
		t.Errorf("%+v", j)
	}
	if fi, err := os.Stat(filepath.Join(w.home, "a/d/a")); err != nil || fi.Mode()&os.ModeSetuid != 0 || fi.Mode().Perm()&0o100 == 0 {
		t.Errorf("its mode: %v, %v", fi, err)
	}
	if _, err := os.Lstat(filepath.Join(w.home, "a/d/through")); err == nil {
		t.Error("something was written through a link of the archive")
	}
}

// TestUnpackDamaged: what is whole stays, what is not is gone.
func TestUnpackDamaged(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	cut := archiveOf(t, "a.txt", "A", "b.txt", strings.Repeat("b", 5000))
	w.write("cut.tar", cut[:3000])
	j := w.unpack("cut.tar", "")
	if j.State != "failed" || w.read("cut/a.txt") != "A" || len(j.Results) != 1 {
		t.Errorf("%+v", j)
	}
	if _, err := os.Stat(filepath.Join(w.home, "cut/b.txt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a file: %v", err)
	}
}
