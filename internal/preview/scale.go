package preview

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	"lyceum/internal/lyceum"
)

// Scale decodes a picture and returns it not wider than width and not higher than
// four times MaxSide, upright, as PNG or JPEG (kind is the media type). It takes
// up to 256 MB while it runs: the caller bounds how many do. An end of ctx ends it.
func Scale(ctx context.Context, r io.ReaderAt, size int64, width int) (data []byte, kind string, err error) {
	s, err := Look(r, size)
	switch {
	case err != nil:
		return nil, "", err
	case s.Pixels() > MaxPixels:
		return nil, "", lyceum.Errorf(lyceum.TooLarge, "the picture has %d × %d pixels, more than %d million", s.Width, s.Height, MaxPixels/1_000_000)
	case !s.Scalable:
		return nil, "", lyceum.Errorf(lyceum.TooLarge, "the picture has %d × %d pixels in a form (%s) that takes too much memory here", s.Width, s.Height, s.Format)
	}
	decoded, err := decode(ctx, s.Format, r, size)
	if err != nil {
		return nil, "", err
	}
	var m *image.RGBA
	across := max(1, min(width, MaxSide))
	if s.Orientation > 4 {
		// The picture lies on its side: what is across for a person is its height.
		m = shrink(decoded, 4*MaxSide, across)
	} else {
		m = shrink(decoded, across, 4*MaxSide)
	}
	return encode(upright(m, s.Orientation), s.Format)
}

// decode reads the pixels. What a decoder that is not ours does on bad input, a
// panic even, is an error here.
func decode(ctx context.Context, format string, r io.ReaderAt, size int64) (m image.Image, err error) {
	defer func() {
		if recover() != nil {
			m, err = nil, errDamaged
		}
	}()
	// TIFF is read at offsets, the others from the beginning to the end.
	in := &cancelled{ctx, io.NewSectionReader(r, 0, size)}
	m, err = decoders[format].decode(in)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, errDamaged
	}
	return m, nil
}

var errDamaged = lyceum.Errorf(lyceum.Invalid, "the picture is damaged, or of a kind that cannot be shown")

// cancelled ends reading when its request does.
type cancelled struct {
	ctx context.Context
	*io.SectionReader
}

// Read implements io.Reader.
func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.SectionReader.Read(p)
}

// ReadAt implements io.ReaderAt.
func (c *cancelled) ReadAt(p []byte, at int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.SectionReader.ReadAt(p, at)
}

// shrink makes a picture fit into width × height by averaging, a row at a time:
// the kernels of x/image/draw hold 32 bytes for each of width × source height.
func shrink(m image.Image, width, height int) *image.RGBA {
	b := m.Bounds()
	w, h := fit(b.Dx(), b.Dy(), width, height)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	row := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	sums, counts := make([]uint64, 4*w), make([]uint64, w)
	for y := range b.Dy() {
		draw.Draw(row, row.Rect, m, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		for x := range b.Dx() {
			to := x * w / b.Dx()
			counts[to]++
			for c := range 4 {
				sums[4*to+c] += uint64(row.Pix[4*x+c])
			}
		}
		at := y * h / b.Dy()
		if y+1 < b.Dy() && (y+1)*h/b.Dy() == at {
			continue
		}
		for x, n := range counts {
			for c := range 4 {
				out.Pix[at*out.Stride+4*x+c] = uint8((sums[4*x+c] + n/2) / n)
			}
		}
		clear(sums)
		clear(counts)
	}
	return out
}

// fit is the size of w × h made to fit, never larger and at least one pixel.
func fit(w, h, width, height int) (int, int) {
	if w > width {
		w, h = width, max(1, int(int64(h)*int64(width)/int64(w)))
	}
	if h > height {
		w, h = max(1, int(int64(w)*int64(height)/int64(h))), height
	}
	return w, h
}

// upright turns a picture as its EXIF orientation asks for.
func upright(m *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation > 4 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			out.SetRGBA(tx, ty, m.RGBAAt(x, y))
		}
	}
	return out
}

// encode writes photographs as JPEG and the rest as PNG.
func encode(m *image.RGBA, format string) ([]byte, string, error) {
	var out bytes.Buffer
	photo := format == "jpeg" || format == "webp" || m.Rect.Dx()*m.Rect.Dy() > 4_000_000
	if photo && m.Opaque() {
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 88}); err != nil {
			return nil, "", err
		}
		return out.Bytes(), "image/jpeg", nil
	}
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&out, m); err != nil {
		return nil, "", err
	}
	return out.Bytes(), "image/png", nil
}
