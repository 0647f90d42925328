package archive

import (
	"archive/tar"
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"lyceum/internal/lyceum"
)

// Writer writes an archive to a stream, with flat memory. Modes and times are kept,
// names are UTF-8, and zip files become zip64 where they must. It is for one
// goroutine.
type Writer struct {
	zip   *zip.Writer
	tar   *tar.Writer
	layer io.Closer // of the compression around tar; may be nil
}

// ErrShort is a file that had fewer bytes than it was said to have: what was
// written of the archive must not look whole.
var ErrShort = errors.New("a file became shorter while it was read")

// ContentType is the media type of a format, "" when there is no such one.
func ContentType(format string) string {
	return map[string]string{"zip": "application/zip", "tar": "application/x-tar", "tar.gz": "application/gzip", "tar.zst": "application/zstd"}[format]
}

// NewWriter writes to w in the format "zip", "tar", "tar.gz" or "tar.zst". Another
// one is Invalid.
func NewWriter(w io.Writer, format string) (*Writer, error) {
	switch format {
	case "zip":
		z := zip.NewWriter(w)
		z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.DefaultCompression) })
		return &Writer{zip: z}, nil
	case "tar":
		return &Writer{tar: tar.NewWriter(w)}, nil
	case "tar.gz":
		g := gzip.NewWriter(w)
		return &Writer{tar: tar.NewWriter(g), layer: g}, nil
	case "tar.zst":
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, err
		}
		return &Writer{tar: tar.NewWriter(z), layer: z}, nil
	}
	return nil, lyceum.Invalidf("format", "format must be zip, tar, tar.gz or tar.zst")
}

// packed are extensions of what is compressed already: zip stores it as it is.
const packed = " .7z .avif .br .bz2 .docx .epub .flac .gif .gz .heic .jar .jpeg .jpg .lz4 .m4a .m4v .mkv .mov .mp3 .mp4 .npz .odp .ods .odt .ogg .ogv .opus .parquet .png .pptx .rar .tgz .webm .webp .whl .woff .woff2 .xlsx .xz .zip .zst "

func isPacked(name string) bool {
	ext := path.Ext(name)
	return ext != "" && !strings.Contains(ext, " ") && strings.Contains(packed, " "+strings.ToLower(ext)+" ")
}

// Folder writes a folder.
func (w *Writer) Folder(name string, modified time.Time, mode fs.FileMode) error {
	if w.tar != nil {
		return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", ModTime: modified, Mode: int64(mode.Perm()), Format: tar.FormatPAX})
	}
	h := &zip.FileHeader{Name: name + "/", Modified: modified}
	h.SetMode(fs.ModeDir | mode.Perm())
	_, err := w.zip.CreateHeader(h)
	return err
}

// File writes a file of size bytes, read from r; what comes behind them is left
// out. An error, ErrShort among them, leaves an archive that cannot be gone on with.
func (w *Writer) File(name string, size int64, modified time.Time, mode fs.FileMode, r io.Reader) error {
	out := io.Writer(w.tar)
	if w.tar != nil {
		if err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, ModTime: modified, Mode: int64(mode.Perm()), Format: tar.FormatPAX}); err != nil {
			return err
		}
	} else {
		h := &zip.FileHeader{Name: name, Modified: modified, Method: zip.Deflate}
		if size == 0 || isPacked(name) {
			h.Method = zip.Store
		}
		h.SetMode(mode.Perm())
		var err error
		if out, err = w.zip.CreateHeader(h); err != nil {
			return err
		}
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{out}, io.LimitReader(r, size), make([]byte, 64<<10))
	if err == nil && n < size {
		err = ErrShort
	}
	return err
}

// Symlink writes a symlink as one: what it leads to is not looked at.
func (w *Writer) Symlink(name, target string, modified time.Time) error {
	if w.tar != nil {
		return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, ModTime: modified, Mode: 0o777, Format: tar.FormatPAX})
	}
	h := &zip.FileHeader{Name: name, Modified: modified}
	h.SetMode(fs.ModeSymlink | 0o777)
	out, err := w.zip.CreateHeader(h)
	if err == nil {
		_, err = io.WriteString(out, target)
	}
	return err
}

// Flush sends what was written so far on its way, as far as the format lets it.
func (w *Writer) Flush() error {
	if w.zip != nil {
		return w.zip.Flush()
	}
	return w.tar.Flush()
}

// Close ends the archive. The stream is the caller's to close.
func (w *Writer) Close() error {
	if w.zip != nil {
		return w.zip.Close()
	}
	err := w.tar.Close()
	if w.layer != nil {
		err = errors.Join(err, w.layer.Close())
	}
	return err
}
