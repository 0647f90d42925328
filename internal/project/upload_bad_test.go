package project_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"lyceum/internal/project"
)

func TestUploadBadCreation(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("folder/x", "")
	w.write("file", "")
	good := metadata("path", "a.txt")
	for name, c := range map[string]struct {
		length, metadata string
		status           int
	}{
		"no length":          {"", good, 400},
		"a negative length":  {"-1", good, 400},
		"no number":          {"ten", good, 400},
		"more than a file":   {"99999999999999999", good, 413},
		"more than a number": {strings.Repeat("9", 40), good, 413},
		"more than the disk": {strconv.Itoa(1 << 43), good, 507},
		"no path":            {"1", "", 400},
		"no base64":          {"1", "path a.txt", 400},
		"a key twice":        {"1", good + "," + good, 400},
		"no key":             {"1", good + ",", 400},
		"upwards":            {"1", metadata("path", "../a"), 422},
		"inner upwards":      {"1", metadata("path", "folder/../../a"), 422},
		"absolute":           {"1", metadata("path", "/etc/passwd"), 422},
		"a NUL":              {"1", metadata("path", "a\x00b"), 422},
		"a newline":          {"1", metadata("path", "a\nb"), 422},
		"300 bytes":          {"1", metadata("path", strings.Repeat("a", 300)), 422},
		"not UTF-8":          {"1", metadata("path", "caf\xe9"), 422},
		"a folder there":     {"1", metadata("path", "folder", "conflict", "overwrite"), 409},
		"a file there":       {"1", metadata("path", "file"), 409},
		"another version":    {"1", metadata("path", "file", "conflict", "overwrite", "version", "1-2-3-4"), 409},
		"below a file":       {"1", metadata("path", "file/x"), 409},
		"no folder":          {"1", metadata("path", "nothing/x"), 404},
		"an odd conflict":    {"1", metadata("path", "a", "conflict", "merge"), 400},
		"an odd time":        {"1", metadata("path", "a", "modified", "yesterday"), 400},
		"an odd mode":        {"1", metadata("path", "a", "mode", "4755"), 400},
		"our own folder":     {"1", metadata("path", ".local/state/lyceum/documents/x", "parents", "1"), 403},
	} {
		res, body := w.tus(w.editor(), "POST", "uploads", "", "Upload-Length", c.length, "Upload-Metadata", c.metadata)
		if res.StatusCode != c.status {
			t.Errorf("%s: answered %d %s, want %d", name, res.StatusCode, body, c.status)
		}
	}
	if w.staged() != 0 {
		t.Errorf("%d uploads began", w.staged())
	}
}

func TestUploadBadPieces(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	at := w.begin(10, "path", "a.txt")
	w.patch(at, "0123", 0, 204, 4)
	w.patch(at, "0123", 0, 409, 4)       // the wrong offset says the right one
	w.patch(at, "456789", 5, 409, 4)     //
	w.patch(at, "456789abc", 4, 413, -1) // more than announced
	if res, _ := w.tus(w.editor(), "PATCH", at, "456", "Upload-Offset", "4", "Content-Type", "text/plain"); res.StatusCode != 415 {
		t.Errorf("another type: %d", res.StatusCode)
	}
	if res, _ := w.tus(w.editor(), "PATCH", at, "456", "Content-Type", "application/offset+octet-stream"); res.StatusCode != 400 {
		t.Errorf("no offset: %d", res.StatusCode)
	}
	// More than announced, of unknown length.
	r := w.request(w.editor(), "PATCH", at, io.MultiReader(strings.NewReader("456789"), strings.NewReader("abc")), "Tus-Resumable", "1.0.0", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "4")
	if res, _ := w.send(r); res.StatusCode != 413 || w.offset(at) != 4 {
		t.Errorf("too much of unknown length: %d, offset %d", res.StatusCode, w.offset(at))
	}
	// Checksums: what is wrong is not kept.
	sum256 := func(s string) string {
		b := sha256.Sum256([]byte(s))
		return "sha256 " + base64.StdEncoding.EncodeToString(b[:])
	}
	sum1 := func(s string) string {
		b := sha1.Sum([]byte(s))
		return "sha1 " + base64.StdEncoding.EncodeToString(b[:])
	}
	w.patch(at, "4X", 4, 460, 4, "Upload-Checksum", sum256("45"))
	w.patch(at, "45", 4, 400, -1, "Upload-Checksum", "md5 AAAA")
	w.patch(at, "45", 4, 400, -1, "Upload-Checksum", "sha256 AAAA")
	w.patch(at, "45", 4, 204, 6, "Upload-Checksum", sum256("45"))
	w.patch(at, "6X89", 6, 460, 6, "Upload-Checksum", sum1("6789"))
	w.patch(at, "6789", 6, 204, 10, "Upload-Checksum", sum1("6789"))
	if got := w.read("a.txt"); got != "0123456789" {
		t.Errorf("the file is %q", got)
	}
}

// TestUploadCutOff keeps what came, unless its checksum was promised.
func TestUploadCutOff(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	at := w.begin(10, "path", "a.txt")
	_ = w.start(at, "012", 0, 10).Close()
	w.awaitOffset(at, 3)
	_ = w.start(at, "345", 3, 7, "Upload-Checksum", falseSum).Close()
	w.until("the lock is free", func() error {
		res, body := w.tus(w.editor(), "PATCH", at, "34", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "3")
		if res.StatusCode != 204 {
			return fmt.Errorf("%d %s", res.StatusCode, body)
		}
		return nil
	})
	w.until("the lock is free", func() error { // the one that broke off may have come in late
		res, body := w.tus(w.editor(), "PATCH", at, "56789", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "5")
		if res.StatusCode != 204 || res.Header.Get("Upload-Offset") != "10" {
			return fmt.Errorf("%d %s", res.StatusCode, body)
		}
		return nil
	})
	if got := w.read("a.txt"); got != "0123456789" {
		t.Errorf("the file is %q", got)
	}
}

// TestUploadTwoTabs: one writes, the other is told so, and a writer whose other end
// is gone without a word gives way.
func TestUploadTwoTabs(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	at := w.begin(10, "path", "a.txt")
	defer w.start(at, "012", 0, 10).Close()
	w.awaitOffset(at, 3)
	w.patch(at, "3456789", 3, 423, -1)
	// Nothing more comes of the first; after a while the second may go on.
	w.until("the first gives way", func() error {
		res, body := w.tus(w.editor(), "PATCH", at, "345", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "3")
		if res.StatusCode != 204 {
			return fmt.Errorf("%d %s", res.StatusCode, body)
		}
		return nil
	})
	w.patch(at, "6789", 6, 204, 10)
	if got := w.read("a.txt"); got != "0123456789" {
		t.Errorf("the file is %q", got)
	}
}

// TestUploadRace lets many send the same bytes at once: the file is whole.
func TestUploadRace(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	const size = 64
	at := w.begin(size, "path", "a.txt")
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for {
				res, _ := w.tus(w.editor(), "HEAD", at, "")
				have, err := strconv.Atoi(res.Header.Get("Upload-Offset"))
				if err != nil || have == size {
					return
				}
				res, _ = w.tus(w.editor(), "PATCH", at, string(rune('0'+have)), "Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(have))
				if s := res.StatusCode; s != 204 && s != 409 && s != 423 {
					t.Errorf("answered %d", s)
					return
				}
			}
		})
	}
	all.Wait()
	var want strings.Builder
	for i := range size {
		want.WriteRune(rune('0' + i))
	}
	if got := w.read("a.txt"); got != want.String() {
		t.Errorf("the file is %q", got)
	}
}

// TestUploadSurvivesKill kills the project server in the middle of bytes.
func TestUploadSurvivesKill(t *testing.T) {
	t.Parallel()
	w, super := launch(t, 0)
	content := strings.Repeat("0123456789abcdef", 1<<14)
	at := w.begin(len(content), "path", "a.bin")
	defer w.start(at, content[:100_000], 0, len(content)).Close()
	w.awaitOffset(at, 100_000)
	// And one whose checksum nobody could look at.
	sure := w.begin(10, "path", "b.bin")
	w.patch(sure, "012", 0, 204, 3)
	defer w.start(sure, "345", 3, 7, "Upload-Checksum", falseSum).Close()
	w.until("bytes that do not count are on the disk", func() error {
		if fi, err := os.Stat(filepath.Join(w.home, ".local/state/lyceum", sure, "data")); err != nil || fi.Size() != 6 {
			return fmt.Errorf("%v %v", fi, err)
		}
		return nil
	})
	killServer(t, super)
	w.await()
	if got := w.offset(at); got != 100_000 {
		t.Errorf("after the kill the offset is %d, want 100000", got)
	}
	if got := w.offset(sure); got != 3 {
		t.Errorf("after the kill the checked offset is %d, want 3", got)
	}
	w.patch(at, content[100_000:], 100_000, 204, len(content))
	w.patch(sure, "3456789", 3, 204, 10)
	if w.read("a.bin") != content || w.read("b.bin") != "0123456789" {
		t.Error("a file is not what was sent")
	}
}

// killServer kills the project server that the supervisor started.
func killServer(t *testing.T, super *exec.Cmd) {
	t.Helper()
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(super.Process.Pid)).Output()
	if err != nil {
		t.Fatalf("pgrep: %v", err)
	}
	for field := range strings.FieldsSeq(string(out)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
}

// TestUploadFullDisk needs a small file system, which only root can mount.
func TestUploadFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small file system to fill")
	}
	w := newWorld(t, 0)
	if err := syscall.Mount("tmpfs", w.home, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("a file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(w.home, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	w.serve()
	filler := filepath.Join(w.home, "filler")
	content := strings.Repeat("x", 1<<20-100)
	at := w.begin(len(content), "path", "a.bin")
	if err := os.WriteFile(filler, make([]byte, 1<<20+512<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	w.patch(at, content, 0, 507, -1)
	have := w.offset(at)
	if have == 0 || have >= len(content) {
		t.Fatalf("%d bytes are kept, want some", have)
	}
	if res, _ := w.tus(w.editor(), "POST", "uploads", "", "Upload-Length", strconv.Itoa(1<<20), "Upload-Metadata", metadata("path", "b")); res.StatusCode != 507 {
		t.Errorf("another one that does not fit: %d", res.StatusCode)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	w.patch(at, content[have:], have, 204, len(content))
	if w.read("a.bin") != content {
		t.Error("the file is not what was sent")
	}
}

// FuzzMetadata: whatever a header says, keys are printable and it is read or refused.
func FuzzMetadata(f *testing.F) {
	for _, s := range []string{"", "path YS50eHQ=", "path YS50eHQ=,parents MQ==", "a,b,c", "path", " , ", "path  YQ==", "ä YQ==", "path YQ==,path YQ=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := project.ParseMetadata(s)
		if err != nil {
			return
		}
		for k := range m {
			if k == "" || strings.ContainsAny(k, " ,\n") {
				t.Fatalf("a key is %q", k)
			}
		}
	})
}
