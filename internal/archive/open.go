package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/xi2/xz"

	"lyceum/internal/lyceum"
)

// Reader goes through an archive, an entry after the other. It is for one
// goroutine. Close it when done.
type Reader struct {
	format string
	src    *counter
	meter  meter
	next   func() (Entry, error)
	cur    io.Reader // content of the entry; nil when it has none
	of     int64     // bytes of it that were read
	failed error
	close  func()
}

// window is the most memory, in bytes, that decompression may take.
const window = 64 << 20

// Open looks at an archive of size bytes. name is its file's name, from which the
// name of a single compressed file is taken. The errors are of kind Invalid (this
// is no archive, or a damaged one) and TooLarge (beyond the limits), here and in
// Next and Read.
func Open(r io.ReaderAt, size int64, name string, l Limits) (*Reader, error) {
	a := &Reader{src: &counter{r: r, until: l.Until}, meter: meter{Limits: l.withDefaults(), size: size}, close: func() {}}
	head := make([]byte, 512)
	n, err := io.ReadFull(io.NewSectionReader(r, 0, size), head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	if isZip(head) {
		a.format = "zip"
		return a, a.openZip(size)
	}
	stream := bufio.NewReaderSize(io.NewSectionReader(a.src, 0, size), 64<<10)
	if isTar(head) {
		a.format = "tar"
		a.openTar(stream)
		return a, nil
	}
	return a, a.openCompressed(stream, head, name)
}

// compressions, by the bytes that they begin with.
var compressions = []struct{ format, magic string }{
	{"gz", "\x1f\x8b"}, {"bz2", "BZh"}, {"xz", "\xfd7zXZ\x00"}, {"zst", "\x28\xb5\x2f\xfd"},
}

// openCompressed opens a compressed tar archive or a single compressed file.
func (a *Reader) openCompressed(stream io.Reader, head []byte, name string) error {
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.magic)) {
			a.format = c.format
		}
	}
	if a.format == "" {
		return lyceum.Errorf(lyceum.Invalid, "this is no archive that can be read here: zip, tar, and what gzip, bzip2, xz or zstd made, are")
	}
	plain, err := a.decompress(stream)
	if err != nil {
		return damaged(err)
	}
	inner := bufio.NewReaderSize(plain, 64<<10)
	first, err := inner.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		a.close()
		return damaged(err)
	}
	if isTar(first) {
		a.format = "tar." + a.format
		// The bytes between the entries count too: they come out of the archive.
		a.openTar(&metered{a, inner})
		return nil
	}
	a.openSingle(inner, name)
	return nil
}

func (a *Reader) decompress(r io.Reader) (io.Reader, error) {
	switch a.format {
	case "gz":
		return gzip.NewReader(r)
	case "bz2":
		return bzip2.NewReader(r), nil
	case "xz":
		return xz.NewReader(r, window)
	}
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	a.close = d.Close
	return d, nil
}

// metered counts what comes out of a decompression against the ratio.
type metered struct {
	a *Reader
	r io.Reader
}

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	if until := m.a.meter.Until; until != nil {
		if err := until(); err != nil {
			return 0, err
		}
	}
	n, err := m.r.Read(p)
	if merr := m.a.meter.content(0, int64(n)); merr != nil {
		return 0, merr
	}
	return n, err
}

// openSingle makes one entry of a compressed file.
func (a *Reader) openSingle(content io.Reader, name string) {
	name = path.Base(name)
	stem := strings.TrimSuffix(name, path.Ext(name))
	if stem == "" || stem == name || strings.Trim(stem, ".") == "" {
		stem = name + " (unpacked)"
	}
	done := false
	a.next = func() (Entry, error) {
		if done {
			return Entry{}, io.EOF
		}
		done = true
		e := Entry{Name: shown(stem), Kind: File, Size: -1}
		e.Path, e.Refused = cleanPath(stem, a.meter.Depth)
		a.cur = content
		return e, a.meter.entry(0)
	}
}

func (a *Reader) openTar(stream io.Reader) {
	t := tar.NewReader(stream)
	a.next = func() (Entry, error) {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return Entry{}, io.EOF
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return Entry{}, damaged(err)
		}
		e := tarEntry(h, a.meter.Depth)
		if e.Kind == File {
			a.cur = t
		}
		return e, a.meter.entry(e.Size)
	}
}

// tarEntry describes a header; pax and GNU extensions are behind it already.
func tarEntry(h *tar.Header, depth int) Entry {
	e := Entry{Name: shown(h.Name), Modified: h.ModTime, Mode: h.FileInfo().Mode().Perm()}
	e.Path, e.Refused = cleanPath(h.Name, depth)
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		e.Kind, e.Size = File, h.Size
	case tar.TypeDir:
		e.Kind = Folder
	case tar.TypeSymlink:
		e.Kind, e.Target = Symlink, h.Linkname
		if e.Refused == "" {
			e.Refused = checkLink(e.Path, h.Linkname)
		}
	case tar.TypeLink:
		e.Kind = HardLink
		target, refused := cleanPath(h.Linkname, depth)
		if e.Target = target; refused != "" || target == "" {
			e.Refused = "it is a link that leads out of the folder"
		}
	default:
		e.Kind, e.Refused = File, "it is a device, a pipe or something else that is no file"
	}
	if e.Refused != "" {
		e.Path, e.Target = "", ""
	}
	return e
}

// isTar reports whether a header of tar has its right checksum (POSIX.1, pax: the
// sum of all bytes with the field itself as blanks).
func isTar(head []byte) bool {
	if len(head) < 512 {
		return false
	}
	sum, any := 0, false
	for i, c := range head[:512] {
		any = any || c != 0
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	want := 0
	for _, c := range bytes.Trim(head[148:156], " \x00") {
		if c < '0' || c > '7' {
			return false
		}
		want = want*8 + int(c-'0')
	}
	return any && sum == want
}

// Format is "zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "gz", "bz2",
// "xz" or "zst".
func (a *Reader) Format() string { return a.format }

// Single reports whether it is one compressed file and no archive of several.
func (a *Reader) Single() bool { return !strings.Contains(a.format, "tar") && a.format != "zip" }

// Consumed is how many bytes of the archive were read, for a progress.
func (a *Reader) Consumed() int64 { return a.src.n }

// Next goes to the next entry; io.EOF says that there is none. The content of the
// one before need not have been read.
func (a *Reader) Next() (Entry, error) {
	if a.failed != nil {
		return Entry{}, a.failed
	}
	a.cur, a.of = nil, 0
	e, err := a.next()
	if err != nil {
		a.failed, a.cur = err, nil
		return Entry{}, err
	}
	if e.Refused != "" {
		a.cur = nil
	}
	if e.Modified.Before(time.Unix(-1<<40, 0)) {
		e.Modified = time.Time{}
	}
	return e, nil
}

// Read reads the content of the entry.
func (a *Reader) Read(p []byte) (int, error) {
	if a.failed != nil {
		return 0, a.failed
	}
	if a.cur == nil {
		return 0, io.EOF
	}
	n, err := a.cur.Read(p)
	a.of += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		a.failed = damaged(err)
		return n, a.failed
	}
	if merr := a.count(int64(n)); merr != nil {
		a.failed = merr
		return 0, merr
	}
	return n, err
}

// count counts content where no metered reader below does.
func (a *Reader) count(n int64) error {
	if strings.HasPrefix(a.format, "tar.") {
		if a.of > a.meter.FileBytes {
			return a.meter.content(a.of, 0)
		}
		return nil
	}
	return a.meter.content(a.of-n, n)
}

// Close releases memory. The file that was given to Open is the caller's.
func (a *Reader) Close() { a.close() }

// counter counts what is read of the archive, and may refuse to read on.
type counter struct {
	r     io.ReaderAt
	n     int64
	limit int64 // no more than that; 0 is none
	until func() error
}

var errDirectory = errors.New("the directory is larger than it says")

// ReadAt implements io.ReaderAt.
func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	if c.until != nil {
		if err := c.until(); err != nil {
			return 0, err
		}
	}
	if c.limit > 0 && c.n+int64(len(p)) > c.limit {
		return 0, errDirectory
	}
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}
