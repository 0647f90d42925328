package archive

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"

	"lyceum/internal/lyceum"
)

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// openZip reads the directory of a zip file, after its bounds were looked at, and
// checks that no bytes belong to two entries.
func (a *Reader) openZip(size int64) error {
	length, err := directoryLength(a.src, size, a.meter.Entries)
	if err != nil {
		return damaged(err)
	}
	// What is looked for behind the directory is 64 KiB, twice.
	a.src.limit = a.src.n + length + 256<<10
	z, err := zip.NewReader(a.src, size)
	a.src.limit = 0
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return damaged(err)
	}
	if len(z.File) > a.meter.Entries {
		a.meter.entries = a.meter.Entries
		return a.meter.entry(0)
	}
	if err := apart(z.File); err != nil {
		return err
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	z.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(zstd.WithDecoderMaxWindow(window), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(1)))
	a.src.n = 0
	files := z.File
	var open io.Closer
	a.close = func() {
		if open != nil {
			_ = open.Close() // of something that was only read
			open = nil
		}
	}
	a.next = func() (Entry, error) {
		a.close()
		if len(files) == 0 {
			return Entry{}, io.EOF
		}
		f := files[0]
		files = files[1:]
		e := zipEntry(f, a.meter.Depth)
		if err := a.meter.entry(max(e.Size, 0)); err != nil {
			return e, err
		}
		if e.Refused != "" || e.Kind == Folder {
			return e, nil
		}
		r, err := f.Open()
		if errors.Is(err, zip.ErrAlgorithm) {
			e.Path, e.Refused = "", "it is compressed in a way that is not known here"
			return e, nil
		}
		if err != nil {
			return e, damaged(err)
		}
		open, a.cur = r, r
		if e.Kind == Symlink {
			return a.zipLink(e, r)
		}
		return e, nil
	}
	return nil
}

// zipLink reads where a symlink leads: that is its content.
func (a *Reader) zipLink(e Entry, r io.Reader) (Entry, error) {
	target, err := io.ReadAll(io.LimitReader(r, maxPath+1))
	a.cur = nil
	if err != nil {
		return e, damaged(err)
	}
	e.Target, e.Size = string(target), 0
	if e.Refused = checkLink(e.Path, e.Target); e.Refused != "" {
		e.Path, e.Target = "", ""
	}
	return e, nil
}

func zipEntry(f *zip.File, depth int) Entry {
	name := f.Name
	if f.NonUTF8 || !utf8.ValidString(name) {
		// Without a mark it is code page 437 (APPNOTE D.1), if it is not UTF-8 all the same.
		if text, err := charmap.CodePage437.NewDecoder().String(name); err == nil && !utf8.ValidString(name) {
			name = text
		}
	}
	// Some programs of Windows write their own separators.
	name = strings.ReplaceAll(name, `\`, "/")
	e := Entry{Name: shown(name), Kind: File, Modified: f.Modified, Size: int64(min(f.UncompressedSize64, 1<<62))}
	mode := f.Mode()
	if creator := f.CreatorVersion >> 8; creator == 3 || creator == 19 { // Unix, macOS: others make modes up
		e.Mode = mode.Perm()
	}
	e.Path, e.Refused = cleanPath(name, depth)
	switch {
	case e.Refused != "":
	case strings.HasSuffix(name, "/") || mode.IsDir():
		e.Kind, e.Size = Folder, 0
	case mode&fs.ModeSymlink != 0:
		e.Kind = Symlink
	case mode&fs.ModeType != 0:
		e.Refused = "it is a device, a pipe or something else that is no file"
	case f.Flags&1 != 0:
		e.Refused = "it is encrypted"
	}
	if e.Refused != "" {
		e.Path = ""
	}
	return e
}

// apart refuses archives whose entries share bytes: that is how a small one holds
// petabytes (D. Fifield, "A better zip bomb", 2019).
func apart(files []*zip.File) error {
	type span struct{ from, to int64 }
	spans := make([]span, 0, len(files))
	for _, f := range files {
		if f.CompressedSize64 == 0 {
			continue
		}
		from, err := f.DataOffset()
		if err != nil {
			return damaged(err)
		}
		spans = append(spans, span{from, from + int64(min(f.CompressedSize64, 1<<61))})
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return lyceum.Errorf(lyceum.Invalid, "entries of the archive overlap, as in those that are made to fill disks")
		}
	}
	return nil
}

const (
	endLength     = 22 // of the end record, without its comment
	maxComment    = 1<<16 - 1
	headerLength  = 46 // of an entry in the directory, without its names
	end64Length   = 56
	locatorLength = 20
)

// directoryLength walks the directory of a zip file without keeping it, and returns
// its length in bytes. More entries than allowed are refused, whatever the end
// record says: it has 16 bits for their number.
func directoryLength(r io.ReaderAt, size int64, allowed int) (int64, error) {
	at, err := directoryStart(r, size)
	if err != nil {
		return 0, err
	}
	s := &window64{r: r, at: at, size: size}
	for n := 0; ; n++ {
		h, err := s.next(headerLength)
		if err != nil || binary.LittleEndian.Uint32(h) != 0x02014b50 {
			return s.at - at, nil // the end, or what NewReader will say is none
		}
		if n >= allowed {
			return 0, lyceum.Errorf(lyceum.TooLarge, "the archive has more than %d entries; unpack it in a terminal if you trust it", allowed)
		}
		s.at += int64(headerLength) + int64(binary.LittleEndian.Uint16(h[28:])) + int64(binary.LittleEndian.Uint16(h[30:])) + int64(binary.LittleEndian.Uint16(h[32:]))
	}
}

// directoryStart finds the directory by the end record (APPNOTE 4.3.16, 4.3.14).
func directoryStart(r io.ReaderAt, size int64) (int64, error) {
	tail := make([]byte, min(size, endLength+maxComment))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	for i >= 0 && (len(tail)-i < endLength || i+endLength+int(binary.LittleEndian.Uint16(tail[i+20:])) > len(tail)) {
		i = bytes.LastIndex(tail[:i], []byte("PK\x05\x06"))
	}
	if i < 0 {
		return 0, zip.ErrFormat
	}
	end := size - int64(len(tail)) + int64(i)
	length, offset := int64(binary.LittleEndian.Uint32(tail[i+12:])), int64(binary.LittleEndian.Uint32(tail[i+16:]))
	if length == 0xffffffff || offset == 0xffffffff || binary.LittleEndian.Uint16(tail[i+10:]) == 0xffff {
		locator := make([]byte, locatorLength)
		record := make([]byte, end64Length)
		if _, err := r.ReadAt(locator, end-locatorLength); err == nil && binary.LittleEndian.Uint32(locator) == 0x07064b50 {
			at := int64(binary.LittleEndian.Uint64(locator[8:]) & (1<<62 - 1))
			if _, err := r.ReadAt(record, at); err == nil && binary.LittleEndian.Uint32(record) == 0x06064b50 {
				length, offset = int64(binary.LittleEndian.Uint64(record[40:])&(1<<62-1)), int64(binary.LittleEndian.Uint64(record[48:])&(1<<62-1))
				end = at
			}
		}
	}
	// As archive/zip does: bytes may stand before the archive, if the directory ends
	// where its end record begins.
	if at := end - length; at >= 0 && at != offset {
		sign := make([]byte, 4)
		if _, err := r.ReadAt(sign, offset); err != nil || binary.LittleEndian.Uint32(sign) != 0x02014b50 {
			return at, nil
		}
	}
	if offset < 0 || offset > size {
		return 0, zip.ErrFormat
	}
	return offset, nil
}

// window64 reads small pieces of a file in larger ones.
type window64 struct {
	r    io.ReaderAt
	at   int64
	size int64
	buf  []byte
	from int64 // where buf begins
}

func (s *window64) next(n int) ([]byte, error) {
	if s.at < s.from || s.at+int64(n) > s.from+int64(len(s.buf)) {
		buf := make([]byte, min(64<<10, max(0, s.size-s.at)))
		got, err := s.r.ReadAt(buf, s.at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		s.buf, s.from = buf[:got], s.at
		if got < n {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return s.buf[s.at-s.from:][:n], nil
}
