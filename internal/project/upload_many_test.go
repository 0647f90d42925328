package project_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
)

// archiveOf makes a tar archive of names and contents; a name with a slash at its
// end is a folder.
func archiveOf(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	a := tar.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		h := &tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1])), ModTime: time.Unix(1e9, 0), Typeflag: tar.TypeReg}
		if strings.HasSuffix(files[i], "/") {
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		}
		if err := a.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(a, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUploadMany(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("to/old.txt", "old")
	w.write("to/same.txt", "same")
	w.write("to/blocked", "")
	long := strings.Repeat("ü", 120) + "/" + strings.Repeat("b", 200)
	body := archiveOf(t, "empty/", "", "a.txt", "A", "old.txt", "new", "same.txt", "same", "../x", "x", "/etc/x", "x", "blocked/x", "x", long, "long")
	states := func(query, body string) string {
		t.Helper()
		got := decode[api.UploadMany](t, w.want(200, "POST", "uploads/many?to=to"+query, body))
		var s []string
		for _, i := range got.Items {
			s = append(s, i.State)
		}
		return strings.Join(s, " ")
	}
	if got, want := states("", body), "done done exists same failed failed failed done"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if w.read("to/"+long) != "long" || w.read("to/old.txt") != "old" {
		t.Error("the files are others")
	}
	if fi, err := os.Stat(filepath.Join(w.home, "to/empty")); err != nil || !fi.IsDir() {
		t.Errorf("the empty folder: %v", err)
	}
	if fi, err := os.Stat(filepath.Join(w.home, "to/a.txt")); err != nil || fi.ModTime().Unix() != 1e9 {
		t.Errorf("the time of a.txt: %v, %v", fi, err)
	}
	if got, want := states("", body), "done same exists same failed failed failed same"; got != want {
		t.Errorf("sent again: %s, want %s", got, want)
	}
	one := archiveOf(t, "old.txt", "new")
	if got := states("&conflict=skip", one); got != "skipped" || w.read("to/old.txt") != "old" {
		t.Errorf("skipping: %s", got)
	}
	if got := states("&conflict=keep-both", one); got != "done" || w.read("to/old (2).txt") != "new" {
		t.Errorf("keeping both: %s", got)
	}
	if got := states("&conflict=overwrite", one); got != "done" || w.read("to/old.txt") != "new" {
		t.Errorf("overwriting: %s", got)
	}
	// Cut off: the whole files before that are there.
	cut := archiveOf(t, "c1", "1", "c2", strings.Repeat("2", 5000))
	w.want(400, "POST", "uploads/many?to=to", cut[:2000])
	if w.read("to/c1") != "1" {
		t.Error("c1 is not there")
	}
	if _, err := os.Stat(filepath.Join(w.home, "to/c2")); err == nil {
		t.Error("half of c2 is there")
	}
	w.want(400, "POST", "uploads/many?to=to", "no archive at all, and long enough for one"+strings.Repeat("x", 600))
	w.want(422, "POST", "uploads/many?to=../x", one)
	w.want(422, "POST", "uploads/many?conflict=merge", one)
}

// TestUploadManyQuickly sends a folder of 5,000 small files; how fast is in the log.
func TestUploadManyQuickly(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	const n = 5000
	began := time.Now()
	for first := 0; first < n; first += 500 {
		var list []string
		for i := range 500 {
			list = append(list, fmt.Sprintf("d%d/f%d.txt", first/500, first+i), strings.Repeat("x", 1000))
		}
		w.want(200, "POST", "uploads/many", archiveOf(t, list...))
	}
	t.Logf("%.0f files/s", n/time.Since(began).Seconds())
	all, err := filepath.Glob(filepath.Join(w.home, "d*/f*.txt"))
	if err != nil || len(all) != n {
		t.Errorf("%d files are there, %v", len(all), err)
	}
}
