package preview

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"lyceum/internal/lyceum"
)

// Bounds of pictures.
const (
	// MaxPixels is the most pixels of a picture that is decoded, here or in a browser.
	MaxPixels = 64_000_000
	// MaxSide is the most pixels of a side of a scaled picture.
	MaxSide = 4096
	// maxDecoded is the most bytes that decoding a picture may take here.
	maxDecoded = 256 << 20
	// maxHeader is how many bytes are read to find the size of a picture.
	maxHeader = 16 << 20
)

// Shape is what the header of a picture tells.
type Shape struct {
	Format      string // png, jpeg, gif, webp, bmp, tiff or avif
	Width       int    // in pixels, as a person sees it: after Orientation
	Height      int
	Orientation int  // of EXIF, 1 to 8; 1 is upright
	Scalable    bool // Scale can decode it within its bounds
}

// Pixels is how many there are; it does not overflow.
func (s Shape) Pixels() int64 { return int64(s.Width) * int64(s.Height) }

var errNoPicture = lyceum.Errorf(lyceum.Invalid, "this is not a picture of a known kind, or its beginning is damaged")

// Look reads the header of a picture, not its pixels. The error is of kind Invalid
// when it is none.
func Look(r io.ReaderAt, size int64) (s Shape, err error) {
	defer func() {
		if recover() != nil { // a decoder that is not ours met what it did not expect
			s, err = Shape{}, errNoPicture
		}
	}()
	head := make([]byte, 32)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return Shape{}, lyceum.Wrap(lyceum.Unavailable, err, "the file cannot be read now")
	}
	format := formatOf(head[:n])
	if format == "avif" {
		return lookAVIF(r, size)
	}
	read := decoders[format]
	if read.config == nil {
		return Shape{}, errNoPicture
	}
	c, err := read.config(sectionOf(r, size, maxHeader))
	if err != nil || c.Width < 1 || c.Height < 1 {
		return Shape{}, errNoPicture
	}
	s = Shape{Format: format, Width: c.Width, Height: c.Height, Orientation: 1}
	cost := read.cost * depth(c.ColorModel)
	switch format {
	case "jpeg":
		progressive := false
		s.Orientation, progressive = lookJPEG(sectionOf(r, size, maxHeader))
		if progressive {
			cost = 15 // coefficients of all components are kept
		}
	case "tiff":
		s.Orientation = orientationOf(sectionOf(r, size, maxHeader))
	}
	s.Scalable = s.Pixels() <= MaxPixels && s.Pixels()*cost <= maxDecoded
	if s.Orientation > 4 {
		s.Width, s.Height = s.Height, s.Width
	}
	return s, nil
}

type decoder struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	cost   int64 // copies of the pixels that it holds
}

var decoders = map[string]decoder{
	"png":  {png.DecodeConfig, png.Decode, 1},
	"jpeg": {jpeg.DecodeConfig, jpeg.Decode, 1},
	"gif":  {gif.DecodeConfig, gif.Decode, 2},
	"webp": {webp.DecodeConfig, webp.Decode, 2},
	"bmp":  {bmp.DecodeConfig, bmp.Decode, 1},
	"tiff": {tiff.DecodeConfig, tiff.Decode, 2},
}

// depth is how many bytes a pixel of the model takes when it is decoded.
func depth(m color.Model) int64 {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.YCbCrModel:
		return 3
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	return 4
}

// formatOf tells the format by how a file begins.
func formatOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "jpeg"
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return "gif"
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "webp"
	case bytes.HasPrefix(b, []byte("BM")):
		return "bmp"
	case bytes.HasPrefix(b, []byte("II*\x00")), bytes.HasPrefix(b, []byte("MM\x00*")):
		return "tiff"
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		switch string(b[8:12]) {
		case "avif", "avis", "mif1", "miaf":
			return "avif"
		}
	}
	return ""
}

// section reads at most a number of bytes of a file, however often it seeks: what
// a header says must not make us read a large file.
type section struct {
	*io.SectionReader
	left int64
}

func sectionOf(r io.ReaderAt, size, most int64) *section {
	return &section{io.NewSectionReader(r, 0, size), most}
}

// Read implements io.Reader.
func (s *section) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := s.SectionReader.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	return n, err
}

// ReadAt implements io.ReaderAt.
func (s *section) ReadAt(p []byte, at int64) (int, error) {
	if int64(len(p)) > s.left {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := s.SectionReader.ReadAt(p, at)
	s.left -= int64(n)
	return n, err
}

// lookAVIF finds the size in the boxes: meta, iprp, ipco, ispe. Of several (an
// alpha plane, a thumbnail) the largest counts.
func lookAVIF(r io.ReaderAt, size int64) (Shape, error) {
	head := make([]byte, min(size, 1<<20))
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return Shape{}, lyceum.Wrap(lyceum.Unavailable, err, "the file cannot be read now")
	}
	s := Shape{Format: "avif", Orientation: 1}
	walkBoxes(head[:n], 0, func(width, height uint32) {
		if int64(width)*int64(height) > s.Pixels() {
			s.Width, s.Height = int(width), int(height)
		}
	})
	if s.Pixels() == 0 {
		return Shape{}, errNoPicture
	}
	return s, nil
}

// walkBoxes calls found for each ispe box. The level bounds how deep it goes.
func walkBoxes(b []byte, level int, found func(width, height uint32)) {
	for len(b) >= 8 && level < 8 {
		size, kind, head := uint64(binary.BigEndian.Uint32(b)), string(b[4:8]), 8
		if size == 1 && len(b) >= 16 {
			size, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if size == 0 || size > uint64(len(b)) {
			size = uint64(len(b))
		}
		if size < uint64(head) {
			return
		}
		body := b[head:size]
		switch kind {
		case "meta":
			walkBoxes(body[min(4, len(body)):], level+1, found)
		case "iprp", "ipco":
			walkBoxes(body, level+1, found)
		case "ispe":
			if len(body) >= 12 {
				found(binary.BigEndian.Uint32(body[4:])&0x7fffffff, binary.BigEndian.Uint32(body[8:])&0x7fffffff)
			}
		}
		b = b[size:]
	}
}
