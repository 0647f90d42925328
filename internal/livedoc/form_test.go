package livedoc

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

func TestForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, text string
		want       form
		ok         bool
	}{
		{"", "", form{}, true},
		{"a\nb", "a\nb", form{}, true},
		{"a\r\nb\r\n", "a\nb\n", form{CRLF: true}, true},
		{"a\r\nb\n", "a\r\nb\n", form{}, true},
		{"a\r\r\nb\r\n", "a\r\r\nb\r\n", form{}, true},
		{"a\rb", "a\rb", form{}, true},
		{bom, "", form{BOM: true}, true},
		{bom + bom + "a\r\n", bom + "a\n", form{BOM: true, CRLF: true}, true},
		{"a\x00", "", form{}, false},
		{"\xff\xfea\x00", "a", form{Encoding: utf16LE, BOM: true}, true},
		{"\xfe\xff\x00a\x00\r\x00\n\xd8\x3d\xde\x00", "a\r\n😀"[:1] + "\n😀", form{Encoding: utf16BE, BOM: true, CRLF: true}, true},
		{"\xff\xfe\x3d\xd8a\x00", "", form{}, false}, // half a pair
		{"\xff\xfea\x00b", "", form{}, false},        // half a unit
		{"\xff\xfea\x00\x00\x00", "", form{}, false}, // a NUL
		{"caf\xe9 \x80 5\r\n", "café € 5\n", form{Encoding: latin, CRLF: true}, true},
		{"caf\xe9 \x81", "", form{}, false},                            // not assigned
		{"\x89PNG\r\n\x1a\n\x01\x02", "", form{}, false},               // a picture
		{"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0!", "", form{}, false}, // Windows-1251: too few Latin letters
		{strings.Repeat("a", 50) + "\xe9\x1b[0m\f", strings.Repeat("a", 50) + "é\x1b[0m\f", form{Encoding: latin}, true},
	} {
		text, f, ok := decodeText([]byte(c.file))
		if text != c.text || f != c.want || ok != c.ok {
			t.Errorf("decodeText(%q) = %q, %+v, %v, want %q, %+v, %v", c.file, text, f, ok, c.text, c.want, c.ok)
		}
	}
	// What browsers put in between.
	if got, err := (form{CRLF: true}).encode("a\nb\r\nc"); string(got) != "a\r\nb\r\nc" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{"a\nb中", "a\n\u0081"} {
		e, ok := errors.AsType[*unencodable](second((form{Encoding: latin}).encode(text)))
		if !ok || e.line != 2 {
			t.Errorf("%q in Windows-1252 gives %v", text, e)
		}
	}
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a\r\nb\r\n", "a\r\nb\n", bom + "a\r\n", "a\x00", "\r\n\r", "\xff\xfea\x00\r\x00\n\x00", "caf\xe9 au lait"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text, form, ok := decodeText(b)
		if !ok {
			return
		}
		got, err := form.encode(text)
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%q comes back as %q, %v", b, got, err)
		}
		if strings.IndexByte(text, 0) >= 0 || form.CRLF && strings.Contains(text, "\r") {
			t.Fatalf("%q has what a text has not", text)
		}
	})
}

// The encoding of a file is told, and stays when it is edited, changed on disk and
// opened again.
func TestEncodingStays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, after, encoding string }{
		"latin":   {"caf\xe9\r\n", "café\n", "caf\xe9\r\n\x80\r\n", latin},
		"utf-16":  {"\xff\xfec\x00\xe9\x00\n\x00", "cé\n", "\xff\xfec\x00\xe9\x00\n\x00\xac\x20\n\x00", utf16LE},
		"reverse": {"\xfe\xff\x00c\x00\n", "c\n", "\xfe\xff\x00c\x00\n\x20\xac\x00\n", utf16BE},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			h.write("a", c.file)
			ada := h.edit("a")
			ada.waitText(t, c.text)
			ada.wait(t, "the encoding", func() bool { return ada.file.Encoding == c.encoding })
			if got := h.content("a"); got != c.file {
				t.Errorf("opened only, it is %q", got)
			}
			ada.insert(len([]rune(c.text)), "€\n")
			h.waitFile("a", c.after)
			h.restart()
			h.edit("a").waitText(t, c.text+"€\n")
			h.write("a", c.file)
			grace := h.edit("a")
			grace.waitText(t, c.text)
		})
	}
}

// What the encoding has no character for is told, is kept, and is written as UTF-8
// when somebody wishes that.
func TestUnencodable(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "caf\xe9\n")
	ada := h.edit("a")
	ada.waitText(t, "café\n")
	ada.insert(5, "中")
	ada.waitState(t, "error")
	ada.wait(t, "the character", func() bool { return ada.file.Unencodable == "中" && len(ada.errors) == 1 })
	ada.waitSaved(t)
	if got := h.content("a"); got != "caf\xe9\n" {
		t.Errorf("the file is %q", got)
	}
	// Without it all is well again.
	ada.remove(5, 1)
	ada.waitState(t, "clean")
	ada.insert(5, "中")
	ada.waitState(t, "error")
	if err := h.SetEncoding(t.Context(), "a", "latin-9"); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("an unknown encoding gives %v", err)
	}
	if err := h.SetEncoding(t.Context(), "a", "utf-8"); err != nil {
		t.Fatal(err)
	}
	h.waitFile("a", "café\n中")
	ada.wait(t, "UTF-8", func() bool { return ada.file.State == "clean" && ada.file.Encoding == "" && ada.file.Unencodable == "" })
	// And it can be wished of a file that has nothing to save.
	if err := os.WriteFile(filepath.Join(h.dir, "b"), []byte("caf\xe9"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := h.SetEncoding(t.Context(), "b", "utf-8"); err != nil {
		t.Fatal(err)
	}
	h.waitFile("b", "café")
}
