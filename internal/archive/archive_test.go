package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"lyceum/internal/archive"
	"lyceum/internal/lyceum"
)

// read goes through an archive and tells its entries, a line each.
func read(b []byte, name string, l archive.Limits) (lines []string, err error) {
	a, err := archive.Open(bytes.NewReader(b), int64(len(b)), name, l)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	for {
		e, err := a.Next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		if e.Refused != "" {
			lines = append(lines, fmt.Sprintf("%s: %s", e.Name, e.Refused))
			continue
		}
		n, err := io.Copy(io.Discard, a)
		if err != nil {
			return lines, err
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", e.Kind, e.Path, n, e.Target)))
	}
}

func TestMadeByTheUsualPrograms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("l", 180)
	must(os.MkdirAll(filepath.Join(dir, "d", "empty"), 0o755))
	must(os.WriteFile(filepath.Join(dir, "d", "ä.txt"), []byte("hello"), 0o640))
	must(os.WriteFile(filepath.Join(dir, "d", long), bytes.Repeat([]byte("x"), 100_000), 0o755))
	must(os.Symlink("ä.txt", filepath.Join(dir, "d", "link")))
	must(os.Symlink("/etc/passwd", filepath.Join(dir, "d", "out")))
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
	}
	want := []string{
		"dir d 0", "dir d/empty 0", "d/out: it is a link that leads out of the folder", "file d/" + long + " 100000", "file d/ä.txt 5", "symlink d/link 0 ä.txt",
	}
	for name, args := range map[string][]string{
		"a.tar": {"tar", "cf", "a.tar", "d"}, "a.tgz": {"tar", "czf", "a.tgz", "d"}, "a.tar.bz2": {"tar", "cjf", "a.tar.bz2", "d"},
		"a.tar.xz": {"tar", "cJf", "a.tar.xz", "d"}, "a.tar.zst": {"tar", "--zstd", "-cf", "a.tar.zst", "d"}, "a.zip": {"zip", "-qry", "a.zip", "d"},
		"v7.tar": {"tar", "--format=gnu", "-cf", "v7.tar", "d"}, "pax.tar": {"tar", "--format=pax", "-cf", "pax.tar", "d"},
	} {
		if _, err := exec.LookPath(args[0]); err != nil {
			t.Logf("%s is not installed, so %s is not tried", args[0], name)
			continue
		}
		run(args...)
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(err)
		lines, err := read(b, name, archive.Limits{})
		must(err)
		sortStrings(lines)
		w := append([]string{}, want...)
		sortStrings(w)
		if d := cmp.Diff(lines, w); d != "" {
			t.Errorf("%s (-got +want):\n%s", name, d)
		}
		// Cut off anywhere it is damaged, and no more.
		for _, n := range []int{1, 100, 600, len(b) / 2, len(b) - 30} {
			if _, err := read(b[:min(n, len(b))], name, archive.Limits{}); err != nil && !lyceum.IsKind(err, lyceum.Invalid) {
				t.Errorf("%s cut to %d bytes: %v", name, n, err)
			}
		}
	}
	for _, tool := range []string{"gzip", "bzip2", "xz", "zstd"} {
		ext := map[string]string{"gzip": "gz", "bzip2": "bz2", "xz": "xz", "zstd": "zst"}[tool]
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("%s is not installed", tool)
			continue
		}
		must(os.WriteFile(filepath.Join(dir, "one.csv"), []byte("a,b\n"), 0o644))
		run(tool, "-f", "-k", "one.csv")
		b, err := os.ReadFile(filepath.Join(dir, "one.csv."+ext))
		must(err)
		if lines, err := read(b, "one.csv."+ext, archive.Limits{}); err != nil || len(lines) != 1 || lines[0] != "file one.csv 4" {
			t.Errorf("%s: %v, %v", tool, lines, err)
		}
	}
}

func sortStrings(s []string) {
	for i := range s {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}

func tarOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(w, zeros{}, h.Size); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRefusedEntries(t *testing.T) {
	t.Parallel()
	const out, link = "its name leads out of the folder", "it is a link that leads out of the folder"
	for _, c := range []struct {
		h    tar.Header
		want string
	}{
		{tar.Header{Name: "../a"}, out},
		{tar.Header{Name: "a/../../b"}, out},
		{tar.Header{Name: "a/.."}, out},
		{tar.Header{Name: "/etc/passwd"}, "its name is absolute"},
		{tar.Header{Name: "C:/x"}, "its name is absolute"},
		{tar.Header{Name: "a\nb"}, "its name has control characters"},
		{tar.Header{Name: strings.Repeat("a", 256)}, "its name is longer than 255 bytes"},
		{tar.Header{Name: strings.Repeat("a/", 200) + "b"}, "it lies in more than 100 folders"},
		{tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, link},
		{tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "../x"}, link},
		{tar.Header{Name: "a/l", Typeflag: tar.TypeSymlink, Linkname: "../../x"}, link},
		{tar.Header{Name: "a/l", Typeflag: tar.TypeSymlink, Linkname: "b/../../x"}, "it is a link that may lead out of the folder"},
		{tar.Header{Name: "l", Typeflag: tar.TypeLink, Linkname: "../x"}, link},
		{tar.Header{Name: "l", Typeflag: tar.TypeLink, Linkname: "/etc/shadow"}, link},
		{tar.Header{Name: "dev", Typeflag: tar.TypeBlock}, "it is a device, a pipe or something else that is no file"},
		{tar.Header{Name: "dev", Typeflag: tar.TypeChar}, "it is a device, a pipe or something else that is no file"},
		{tar.Header{Name: "pipe", Typeflag: tar.TypeFifo}, "it is a device, a pipe or something else that is no file"},
	} {
		lines, err := read(tarOf(t, c.h, tar.Header{Name: "good", Size: 1}), "a.tar", archive.Limits{})
		if err != nil || len(lines) != 2 || !strings.HasSuffix(lines[0], ": "+c.want) || lines[1] != "file good 1" {
			t.Errorf("%.40q: %q, %v; want %q, and the next one", c.h.Name, lines, err, c.want)
		}
	}
	// What is good, and what is dropped from it.
	lines, err := read(tarOf(t, tar.Header{Name: "./a/l", Typeflag: tar.TypeSymlink, Linkname: "../b/c"}, tar.Header{Name: "a//b/./c"}, tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "./a/b/c"}), "a.tar", archive.Limits{})
	if d := cmp.Diff(lines, []string{"symlink a/l 0 ../b/c", "file a/b/c 0", "hardlink h 0 a/b/c"}); err != nil || d != "" {
		t.Errorf("%v (-got +want):\n%s", err, d)
	}
	b := tarOf(t, tar.Header{Name: "s", Mode: 0o6755})
	a, err := archive.Open(bytes.NewReader(b), int64(len(b)), "", archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := a.Next(); err != nil || e.Mode != 0o755 {
		t.Errorf("a setuid file has mode %v, %v; want 0755", e.Mode, err)
	}
}

func TestZipNames(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, h := range []zip.FileHeader{{Name: `..\x`}, {Name: `a\b.txt`}, {Name: "caf\x82", NonUTF8: true}, {Name: "dir/"}} {
		if _, err := z.CreateHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	h := zip.FileHeader{Name: "link"}
	h.SetMode(fs.ModeSymlink | 0o777)
	w, err := z.CreateHeader(&h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "/etc"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	lines, err := read(b.Bytes(), "a.zip", archive.Limits{})
	want := []string{"../x: its name leads out of the folder", "file a/b.txt 0", "file café 0", "dir dir 0", "link: it is a link that leads out of the folder"}
	if d := cmp.Diff(lines, want); err != nil || d != "" {
		t.Errorf("%v (-got +want):\n%s", err, d)
	}
}

// refused checks that an archive is refused as too large or bad, within bounds.
func refused(t *testing.T, name string, b []byte, l archive.Limits, kind lyceum.Kind, words string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	_, err := read(b, name, l)
	runtime.ReadMemStats(&after)
	if !lyceum.IsKind(err, kind) || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want %v %q", name, err, kind, words)
	}
	t.Logf("%s of %d bytes: %v, %d MB allocated, %v", name, len(b), time.Since(began).Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, err)
}

// TestBombs is not parallel: it measures.
func TestBombs(t *testing.T) {
	// As 10 GB of zeros in 10 MB, which the defaults refuse after 1 GB, and so small
	// that this takes no time: the same member of gzip, a hundred times.
	small := archive.Limits{Free: 4 << 20}
	var member, bomb bytes.Buffer
	g, err := gzip.NewWriterLevel(&member, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(g, zeros{}, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		bomb.Write(member.Bytes())
	}
	refused(t, "zeros.gz", bomb.Bytes(), small, lyceum.TooLarge, "100 times its size")
	// In tar the header says it: nothing has to be unpacked.
	var big bytes.Buffer
	w := tar.NewWriter(&big)
	if err := w.WriteHeader(&tar.Header{Name: "zeros", Size: 10 << 30}); err != nil {
		t.Fatal(err)
	}
	refused(t, "zeros.tar", big.Bytes(), archive.Limits{}, lyceum.TooLarge, "100 times its size")
	// Nested zip files, as in 42.zip: one level is unpacked, and that is small.
	level := zipOf(t, "zeros", bytes.Repeat([]byte{0}, 1<<20))
	for range 5 {
		level = zipOf(t, "a.zip", level, "b.zip", level)
	}
	if lines, err := read(level, "42.zip", archive.Limits{}); err != nil || len(lines) != 2 {
		t.Errorf("42.zip: %v, %v", lines, err)
	}
	refused(t, "deflated.zip", zipOf(t, "zeros", make([]byte, 8<<20)), small, lyceum.TooLarge, "100 times its size")
	refused(t, "million.zip", millionZip(1_000_000), archive.Limits{}, lyceum.TooLarge, "entries")
	refused(t, "lying.zip", millionZip(1<<16*4+5), archive.Limits{}, lyceum.TooLarge, "entries")
	many := make([]tar.Header, 300)
	for i := range many {
		many[i].Name = fmt.Sprint(i)
	}
	refused(t, "many.tar", tarOf(t, many...), archive.Limits{Entries: 200}, lyceum.TooLarge, "entries")
	refused(t, "overlap.zip", overlapping(t), archive.Limits{}, lyceum.Invalid, "overlap")
	refused(t, "file.tar", tarOf(t, tar.Header{Name: "a", Size: 2000}), archive.Limits{FileBytes: 1000}, lyceum.TooLarge, "one may have")
	refused(t, "all.tar", tarOf(t, tar.Header{Name: "a", Size: 600}, tar.Header{Name: "b", Size: 600}), archive.Limits{Bytes: 1000}, lyceum.TooLarge, "may be unpacked")
}

func zipOf(t testing.TB, files ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		w, err := z.Create(files[i].(string))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// millionZip has a directory of n entries, whose number its end record tells in 16
// bits only.
func millionZip(n int) []byte {
	var b bytes.Buffer
	b.WriteString("PK\x03\x04" + strings.Repeat("\x00", 26) + "a")
	start := b.Len()
	head := make([]byte, 47)
	copy(head, "PK\x01\x02")
	head[28], head[46] = 1, 'a'
	for range n {
		b.Write(head)
	}
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	binary.LittleEndian.PutUint16(end[8:], uint16(n))
	binary.LittleEndian.PutUint16(end[10:], uint16(n))
	binary.LittleEndian.PutUint32(end[12:], uint32(b.Len()-start))
	binary.LittleEndian.PutUint32(end[16:], uint32(start))
	b.Write(end)
	return b.Bytes()
}

// overlapping makes the two entries of a zip file share their bytes.
func overlapping(t testing.TB) []byte {
	t.Helper()
	b := zipOf(t, "a", []byte("aaaa"), "b", []byte("aaaa"))
	first := bytes.Index(b, []byte("PK\x01\x02"))
	second := bytes.LastIndex(b, []byte("PK\x01\x02"))
	copy(b[second+42:second+46], b[first+42:first+46])
	return b
}

func TestNoArchive(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{nil, []byte("hello"), bytes.Repeat([]byte{0}, 2000), []byte("PK\x03\x04"), []byte("PK\x05\x06"), []byte("\x1f\x8b"), []byte("BZh9"), []byte("\xfd7zXZ\x00"), []byte("\x28\xb5\x2f\xfd")} {
		if _, err := read(b, "x", archive.Limits{}); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%.10q: %v, want it refused as invalid", b, err)
		}
	}
}

func TestWriter(t *testing.T) {
	t.Parallel()
	when := time.Unix(1e9, 0)
	for _, format := range []string{"zip", "tar", "tar.gz", "tar.zst"} {
		var b bytes.Buffer
		w, err := archive.NewWriter(&b, format)
		if err != nil || archive.ContentType(format) == "" {
			t.Fatal(err)
		}
		long := strings.Repeat("ü", 100) + "/" + strings.Repeat("b", 200)
		err = errors.Join(w.Folder("d", when, 0o750), w.File("d/ä.txt", 5, when, 0o640, strings.NewReader("hello and more")),
			w.File(long, 1000, when, 0o755, zeros{}), w.File("a.png", 3, when, 0o644, strings.NewReader("png")), w.Symlink("d/l", "ä.txt", when), w.Close())
		if err != nil {
			t.Fatal(err)
		}
		lines, err := read(b.Bytes(), "a", archive.Limits{})
		if d := cmp.Diff(lines, []string{"dir d 0", "file d/ä.txt 5", "file " + long + " 1000", "file a.png 3", "symlink d/l 0 ä.txt"}); err != nil || d != "" {
			t.Errorf("%s: %v (-got +want):\n%s", format, err, d)
		}
		a, err := archive.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), "", archive.Limits{})
		if err != nil || a.Format() != format {
			t.Fatalf("%s: %v", format, err)
		}
		for _, want := range []fs.FileMode{0o750, 0o640} {
			if e, err := a.Next(); err != nil || e.Mode != want || !e.Modified.Equal(when) {
				t.Errorf("%s: %+v, %v; want mode %v", format, e, err, want)
			}
		}
		if w, err = archive.NewWriter(io.Discard, format); err != nil {
			t.Fatal(err)
		}
		if err := w.File("a", 10, when, 0o644, strings.NewReader("short")); !errors.Is(err, archive.ErrShort) {
			t.Errorf("%s: a file that shrank: %v", format, err)
		}
	}
	if _, err := archive.NewWriter(io.Discard, "rar"); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("rar: %v", err)
	}
}

// FuzzRead: whatever the bytes are, names stay inside and reading ends.
func FuzzRead(f *testing.F) {
	f.Add(tarOf(f, tar.Header{Name: "a/b", Size: 3}, tar.Header{Name: "../x"}, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "a"}))
	f.Add(zipOf(f, "a/b", []byte("x"), "../x", []byte("y")))
	f.Add(overlapping(f))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00\x99\xe9\xd8\x51"))
	f.Add([]byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46"))
	l := archive.Limits{Entries: 50, Bytes: 1 << 20, Free: 1 << 18}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := archive.Open(bytes.NewReader(b), int64(len(b)), "x.gz", l)
		if err != nil {
			checkKind(t, err)
			return
		}
		defer a.Close()
		for {
			e, err := a.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				checkKind(t, err)
				return
			}
			checkEntry(t, e)
			if n, err := io.Copy(io.Discard, a); err != nil {
				checkKind(t, err)
				return
			} else if n > l.Bytes {
				t.Fatalf("%d bytes came", n)
			}
		}
	})
}

func checkKind(t *testing.T, err error) {
	t.Helper()
	if !lyceum.IsKind(err, lyceum.Invalid) && !lyceum.IsKind(err, lyceum.TooLarge) {
		t.Fatalf("kind %v: %v", lyceum.KindOf(err), err)
	}
}

func checkEntry(t *testing.T, e archive.Entry) {
	t.Helper()
	if e.Refused != "" {
		if e.Path != "" {
			t.Fatalf("refused, and its path is %q", e.Path)
		}
		return
	}
	if e.Path != "" && !filepath.IsLocal(e.Path) || strings.ContainsAny(e.Path, "\x00\n\\") && strings.Contains(e.Path, "\n") || e.Mode&^0o777 != 0 {
		t.Fatalf("%+v", e)
	}
	switch e.Kind {
	case archive.Symlink:
		if !filepath.IsLocal(filepath.Join(filepath.Dir(e.Path), e.Target)) || filepath.IsAbs(e.Target) {
			t.Fatalf("%s leads to %q", e.Path, e.Target)
		}
	case archive.HardLink:
		if !filepath.IsLocal(e.Target) {
			t.Fatalf("%s is %q", e.Path, e.Target)
		}
	}
}

// TestUntil: reading ends when it is told to, also in the middle of an entry.
func TestUntil(t *testing.T) {
	var plain, packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(io.MultiWriter(&plain, z))
	if err := w.WriteHeader(&tar.Header{Name: "large", Size: 50e6, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 50e6)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("it is enough")
	for name, b := range map[string][]byte{"a.tar": plain.Bytes(), "a.tar.gz": packed.Bytes()} {
		over, asked := false, 0
		a, err := archive.Open(bytes.NewReader(b), int64(len(b)), name, archive.Limits{Until: func() error {
			asked++
			if over {
				return enough
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if e, err := a.Next(); err != nil || e.Path != "large" {
			t.Fatalf("%s: the first entry is %+v, %v", name, e, err)
		}
		over, asked = true, 0
		if _, err := a.Next(); !errors.Is(err, enough) || asked != 1 {
			t.Errorf("%s: after the end %v, asked %d times; want that it ends at once", name, err, asked)
		}
		a.Close()
	}
}
