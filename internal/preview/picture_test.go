package preview_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"lyceum/internal/lyceum"
	"lyceum/internal/preview"
)

// flag is a picture whose upper left quarter is red and the rest blue.
func flag(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{0, 0, 255, 255}
			if x < w/2 && y < h/2 {
				c = color.NRGBA{255, 0, 0, 255}
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

func pictures(t testing.TB, w, h int) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for format, write := range map[string]func(*bytes.Buffer, image.Image) error{
		"png":  func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) },
		"jpeg": func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) },
		"gif":  func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) },
		"bmp":  func(b *bytes.Buffer, m image.Image) error { return bmp.Encode(b, m) },
		"tiff": func(b *bytes.Buffer, m image.Image) error { return tiff.Encode(b, m, nil) },
	} {
		var b bytes.Buffer
		if err := write(&b, flag(w, h)); err != nil {
			t.Fatal(err)
		}
		out[format] = b.Bytes()
	}
	return out
}

// withEXIF puts an orientation into a JPEG file.
func withEXIF(file []byte, orientation byte) []byte {
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	exif[6+8+2+9] = orientation
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, 0xe1, 0, byte(len(exif)+2))
	return append(append(out, exif...), file[2:]...)
}

// claim makes a PNG header that says how large the picture is.
func claim(w, h uint32) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, flag(1, 1)); err != nil {
		panic(err)
	}
	f := b.Bytes()
	binary.BigEndian.PutUint32(f[16:], w)
	binary.BigEndian.PutUint32(f[20:], h)
	binary.BigEndian.PutUint32(f[29:], crc32.ChecksumIEEE(f[12:29]))
	return f
}

func box(kind string, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(all)+8)), append([]byte(kind), all...)...)
}

func avif(w, h uint32) []byte {
	ispe := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(make([]byte, 4), w), h)
	return append(box("ftyp", []byte("avif\x00\x00\x00\x00mif1")), box("meta", make([]byte, 4), box("iprp", box("ipco", box("ispe", ispe))))...)
}

func look(b []byte) (preview.Shape, error) { return preview.Look(bytes.NewReader(b), int64(len(b))) }

func TestLook(t *testing.T) {
	t.Parallel()
	all := pictures(t, 40, 20)
	for format, file := range all {
		s, err := look(file)
		want := preview.Shape{Format: format, Width: 40, Height: 20, Orientation: 1, Scalable: true}
		if err != nil || s != want {
			t.Errorf("%s: got %+v %v, want %+v", format, s, err, want)
		}
	}
	for _, c := range []struct {
		name string
		file []byte
		want preview.Shape
	}{
		{"a photograph on its side", withEXIF(all["jpeg"], 6), preview.Shape{Format: "jpeg", Width: 20, Height: 40, Orientation: 6, Scalable: true}},
		{"an orientation that is none", withEXIF(all["jpeg"], 9), preview.Shape{Format: "jpeg", Width: 40, Height: 20, Orientation: 1, Scalable: true}},
		{"a huge one", claim(100_000, 100_000), preview.Shape{Format: "png", Width: 100_000, Height: 100_000, Orientation: 1}},
		{"AVIF", avif(800, 600), preview.Shape{Format: "avif", Width: 800, Height: 600, Orientation: 1}},
	} {
		if s, err := look(c.file); err != nil || s != c.want {
			t.Errorf("%s: got %+v %v, want %+v", c.name, s, err, c.want)
		}
	}
	for name, file := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "a cut header": all["png"][:20], "only the name of AVIF": box("ftyp", []byte("avif")),
		"boxes in boxes": append(box("ftyp", []byte("avif")), bytes.Repeat([]byte("\x00\x00\x00\x00meta\x00\x00\x00\x00"), 1000)...),
		"no pixels":      claim(0, 5),
	} {
		if s, err := look(file); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%s: got %+v %v, want it refused", name, s, err)
		}
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	scale := func(b []byte, width int) (image.Image, string, error) {
		out, kind, err := preview.Scale(t.Context(), bytes.NewReader(b), int64(len(b)), width)
		if err != nil {
			return nil, "", err
		}
		m, format, err := image.Decode(bytes.NewReader(out))
		if err != nil || "image/"+format != kind {
			t.Fatalf("got %s as %s: %v", format, kind, err)
		}
		return m, kind, nil
	}
	for format, file := range pictures(t, 41, 21) {
		m, _, err := scale(file, 10)
		if err != nil || m.Bounds().Dx() != 10 || m.Bounds().Dy() != 5 {
			t.Errorf("%s: got %v %v", format, m, err)
			continue
		}
		if r, _, b, _ := m.At(0, 0).RGBA(); r < 0xd000 || b > 0x3000 {
			t.Errorf("%s: its corner is %v", format, m.At(0, 0))
		}
	}
	// A picture is not made larger, and one on its side stands upright.
	file := pictures(t, 40, 20)["jpeg"]
	for orientation, red := range map[byte]image.Point{1: {2, 2}, 2: {37, 2}, 3: {37, 17}, 4: {2, 17}, 5: {2, 2}, 6: {17, 2}, 7: {17, 37}, 8: {2, 37}} {
		m, _, err := scale(withEXIF(file, orientation), 4000)
		if err != nil {
			t.Fatal(err)
		}
		if want := image.Pt(40, 20); orientation > 4 && m.Bounds().Size() != image.Pt(20, 40) || orientation <= 4 && m.Bounds().Size() != want {
			t.Errorf("orientation %d: got %v", orientation, m.Bounds())
		}
		if r, _, b, _ := m.At(red.X, red.Y).RGBA(); r < 0xd000 || b > 0x3000 {
			t.Errorf("orientation %d: %v is %v, want it red", orientation, red, m.At(red.X, red.Y))
		}
	}
	if _, _, err := scale(claim(100_000, 100_000), 10); !lyceum.IsKind(err, lyceum.TooLarge) {
		t.Errorf("a huge picture: %v", err)
	}
	damaged := pictures(t, 40, 20)["png"]
	if _, _, err := scale(damaged[:len(damaged)-40], 10); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("a damaged picture: %v", err)
	}
	if _, _, err := scale(avif(10, 10), 10); !lyceum.IsKind(err, lyceum.TooLarge) {
		t.Errorf("AVIF: %v", err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := preview.Scale(ended, bytes.NewReader(file), int64(len(file)), 10); err != context.Canceled {
		t.Errorf("a request that ended: %v", err)
	}
}

func TestSixteenBits(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA64(image.Rect(0, 0, 30, 30))); err != nil {
		t.Fatal(err)
	}
	out, kind, err := preview.Scale(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), 20)
	if m, e := png.Decode(bytes.NewReader(out)); err != nil || kind != "image/png" || e != nil || m.Bounds().Dx() != 20 {
		t.Errorf("got %s %v %v", kind, err, e)
	}
	if _, _, _, a := func() (r, g, b, a uint32) { m, _ := png.Decode(bytes.NewReader(out)); return m.At(0, 0).RGBA() }(); cmp.Equal(a, uint32(0xffff)) {
		t.Error("what is transparent became opaque")
	}
}

func FuzzPicture(f *testing.F) {
	for _, file := range pictures(f, 9, 5) {
		f.Add(file)
		f.Add(withEXIF(file, 6))
	}
	f.Add(avif(3, 4))
	f.Add(claim(100_000, 100_000))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := look(file)
		if err != nil {
			return
		}
		if s.Width < 1 || s.Height < 1 {
			t.Fatalf("the shape is %+v", s)
		}
		if s.Pixels() > 1_000_000 {
			return // too slow to try thousands of
		}
		_, _, _ = preview.Scale(t.Context(), bytes.NewReader(file), int64(len(file)), 16)
	})
}
