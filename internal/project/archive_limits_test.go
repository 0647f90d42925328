package project_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
)

// gzipped compresses zeros.
func gzipped(t *testing.T, size int) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestUnpackWithinTheDisksLimit: what does not tell its size ends at the limit, and
// leaves nothing that is half there.
func TestUnpackWithinTheDisksLimit(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	w.tells(`{"limits":{"cpu":0,"memoryBytes":0,"processes":0,"diskBytes":4000000}}`)
	w.write("large.bin.gz", gzipped(t, 8_000_000))
	w.write("small.bin.gz", gzipped(t, 1_000_000))
	if j := w.unpack("large.bin.gz", ""); j.State != "failed" || !strings.Contains(j.Message, "there is no room for what is in the archive") {
		t.Errorf("8 MB into 4 MB: %+v", j)
	}
	if _, err := os.Stat(filepath.Join(w.home, "large.bin")); err == nil {
		t.Error("half of it is there")
	}
	if j := w.unpack("small.bin.gz", ""); j.State != "done" {
		t.Errorf("1 MB into 4 MB: %+v", j)
	}
	w.write("full", strings.Repeat("x", 4_000_000))
	w.until("the full disk is noticed", func() error {
		if j := w.unpack("small.bin.gz", "again"); j.State != "failed" || !strings.Contains(j.Message, "disk is full") {
			return fmt.Errorf("%+v", j)
		}
		return nil
	})
}

func TestUnpackBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	w.unpackBytes = 1_000_000
	w.serve()
	w.write("a.tar", archiveOf(t, "a", strings.Repeat("a", 600_000), "b", strings.Repeat("b", 600_000)))
	if j := w.unpack("a.tar", ""); j.State != "failed" || !strings.Contains(j.Message, "1000000") {
		t.Errorf("%+v", j)
	}
	if w.read("a/a") == "" {
		t.Error("what was whole is gone")
	}
}

// TestListArchiveIsBounded: an entry that takes longer to pass over than anybody
// waits ends the list, which says so.
func TestListArchiveIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	w.listTime = 200 * time.Millisecond
	w.serve()
	var head bytes.Buffer
	const size = 90e9
	if err := tar.NewWriter(&head).WriteHeader(&tar.Header{Name: "large", Size: size, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	w.write("a.tar", head.String())
	if err := os.Truncate(filepath.Join(w.home, "a.tar"), size+2048); err != nil {
		t.Skipf("no file with holes of that size here: %v", err)
	}
	l := decode[api.ArchiveListing](t, w.want(200, "GET", "archive/a.tar?list=1", ""))
	if !l.More || l.Problem != "" || len(l.Items) != 1 || l.Items[0].Path != "large" {
		t.Errorf("%+v", l)
	}
}

// TestUploadCountsWhatCame: a large upload that has only begun takes no room yet,
// but one that will not fit is refused.
func TestUploadCountsWhatCame(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	w.tells(`{"limits":{"cpu":0,"memoryBytes":0,"processes":0,"diskBytes":4000000}}`)
	at := w.begin(3_000_000, "path", "a")
	w.patch(at, strings.Repeat("a", 100_000), 0, 204, 100_000)
	w.until("the use is known", func() error {
		s := decode[api.ProjectStatus](t, w.want(200, "GET", "status", ""))
		if s.DiskUse != nil && *s.DiskUse > 1_000_000 {
			t.Errorf("%d bytes are said to be used, want about 100 kB", *s.DiskUse)
		}
		return nil
	})
	if res, text := w.tus(w.editor(), "POST", "uploads", "", "Upload-Length", "5000000", "Upload-Metadata", metadata("path", "b")); res.StatusCode != 507 {
		t.Errorf("5 MB into 4 MB: %d %s", res.StatusCode, text)
	}
}
