package project_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lyceum/internal/api"
)

func TestTableByPages(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	var b strings.Builder
	b.WriteString("n,place\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "%d,p%d\n", i, 5000-i)
	}
	w.write("a.csv", b.String())
	got := decode[api.Table](t, w.want(200, "GET", "table/a.csv?from=4998&rows=10&wait=1", ""))
	if got.Total != 5000 || !got.Complete || !got.Header || got.Delimiter != "," || got.Encoding != "utf-8" || len(got.Rows) != 2 || !slices.Equal(got.Rows[1], []string{"4999", "p1"}) {
		t.Errorf("the last rows: %+v", got)
	}
	if len(got.Columns) != 2 || got.Columns[0] != (api.TableColumn{Name: "n", Numeric: true}) || got.Columns[1].Name != "place" {
		t.Errorf("the columns: %+v", got.Columns)
	}
	got = decode[api.Table](t, w.want(200, "GET", "table/a.csv?rows=2&column=1&columns=1&sort=0&order=desc&filter=p1", ""))
	if !slices.Equal(got.Numbers, []int64{4999, 4990}) || got.Rows[0][0] != "p1" || got.Matches != 1111 {
		t.Errorf("sorted and filtered: %+v", got)
	}
	got = decode[api.Table](t, w.want(200, "GET", "table/a.csv?header=no&rows=1&delimiter=%3B", ""))
	if got.Header || !slices.Equal(got.Rows[0], []string{"n,place"}) {
		t.Errorf("as it was asked for: %+v", got)
	}
	// Another content is another table, at once.
	w.write("a.csv", "x,y\n1,2\n")
	if next := decode[api.Table](t, w.want(200, "GET", "table/a.csv?wait=1", "")); next.Version == got.Version || next.Total != 1 {
		t.Errorf("after a change: %+v", next)
	}
	w.write("log.txt", "one\ntwo\n")
	if got := decode[api.Table](t, w.want(200, "GET", "table/log.txt", "")); got.Format != "lines" || len(got.Rows) != 2 {
		t.Errorf("lines: %+v", got)
	}
	for _, bad := range []string{"rows=1001", "rows=x", "from=-1", "columns=1001", "encoding=utf-7", "delimiter=ab", "format=xml", "header=x", "sort=a"} {
		w.want(422, "GET", "table/a.csv?"+bad, "")
	}
	w.want(404, "GET", "table/none.csv", "")
}

// TestManyTables: more tables than are kept open, and an end of the server while
// they are.
func TestManyTables(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	for i := range 30 {
		name := fmt.Sprintf("t%d.csv", i)
		w.write(name, fmt.Sprintf("a,b\n%d,2\n", i))
		got := decode[api.Table](t, w.want(200, "GET", "table/"+name, ""))
		if got.Rows[0][0] != fmt.Sprint(i) {
			t.Fatalf("%s: %+v", name, got)
		}
	}
	open := 0
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, w.home) && strings.HasSuffix(to, ".csv") {
			open++
		}
	}
	if open < 1 || open > 8 {
		t.Errorf("%d tables are open, want at most 8", open)
	}
}

func TestPicture(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 100))); err != nil {
		t.Fatal(err)
	}
	w.write("a.png", b.String())
	got := decode[api.Picture](t, w.want(200, "GET", "picture/a.png", ""))
	if got.Format != "png" || got.Width != 300 || got.Height != 100 || got.Size != int64(b.Len()) || !got.Scalable || got.TooLarge || got.Version == "" {
		t.Errorf("got %+v", got)
	}
	res, body := w.do(w.viewer(), "GET", "picture/a.png?width=30", "")
	m, err := png.Decode(strings.NewReader(body))
	if err != nil || m.Bounds().Dx() != 30 || m.Bounds().Dy() != 10 || res.Header.Get("Content-Type") != "image/png" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("scaled: %v %v", err, res.Header)
	}
	if again, body := w.do(w.viewer(), "GET", "picture/a.png?width=30", "", "If-None-Match", res.Header.Get("Etag")); again.StatusCode != 304 || body != "" {
		t.Errorf("the same again answered %d", again.StatusCode)
	}
	// A header that lies: 100,000 × 100,000 pixels are told and not decoded.
	huge := slices.Clone(b.Bytes())
	copy(huge[16:], "\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x00\x00\x00\x00\x8d\x39\x54\x14")
	w.write("huge.png", string(huge))
	w.write("text.png", "not a picture")
	w.write("empty.png", "")
	res, body = w.do(w.editor(), "GET", "picture/huge.png", "")
	if res.StatusCode == 200 {
		if got := decode[api.Picture](t, body); !got.TooLarge || got.Scalable || got.Width != 100_000 {
			t.Errorf("a huge picture: %+v", got)
		}
		w.want(413, "GET", "picture/huge.png?width=10", "")
	} else {
		t.Errorf("a huge picture answered %d %s", res.StatusCode, body)
	}
	for path, status := range map[string]int{"text.png": 400, "empty.png": 400, "none.png": 404, "a.png?width=0": 422, "a.png?width=9999": 422, "text.png?width=10": 400} {
		w.want(status, "GET", "picture/"+path, "")
	}
}

// TestPreviewsOpenFilesOnly: pipes, sockets, devices and folders are not waited
// for, and viewers find no hidden file by these addresses either.
func TestPreviewsOpenFilesOnly(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	if err := unix.Mkfifo(filepath.Join(w.home, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(w.home, "s.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Symlink("/dev/zero", filepath.Join(w.home, "zero.csv")); err != nil {
		t.Fatal(err)
	}
	w.write(".hidden/a.csv", "a,b\n")
	w.write("folder/a.csv", "a,b\n")
	if err := os.Symlink(".hidden/a.csv", filepath.Join(w.home, "way.csv")); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"table/", "picture/"} {
		for _, name := range []string{"pipe.csv", "s.csv", "zero.csv", "folder", ""} {
			if res, body := w.do(w.editor(), "GET", kind+name, ""); res.StatusCode < 400 || res.StatusCode >= 500 {
				t.Errorf("%s%s answered %d %.200s", kind, name, res.StatusCode, body)
			}
		}
		for _, name := range []string{".hidden/a.csv", "way.csv"} {
			if res, _ := w.do(w.viewer(), "GET", kind+name, ""); res.StatusCode != 404 {
				t.Errorf("a viewer at %s%s got %d", kind, name, res.StatusCode)
			}
		}
	}
	if res, _ := w.do(w.viewer(), "GET", "table/folder/a.csv", ""); res.StatusCode != 200 {
		t.Errorf("a viewer at a file that they may read got %d", res.StatusCode)
	}
}
