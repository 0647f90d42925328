package livedoc

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
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
		{"\xff\xfea\x00", "", form{}, false},
		{"caf\xe9", "", form{}, false},
	} {
		text, f, ok := decodeText([]byte(c.file))
		if text != c.text || f != c.want || ok != c.ok {
			t.Errorf("decodeText(%q) = %q, %+v, %v, want %q, %+v, %v", c.file, text, f, ok, c.text, c.want, c.ok)
		}
	}
	// What browsers put in between.
	if got := string(form{CRLF: true}.encode("a\nb\r\nc")); got != "a\r\nb\r\nc" {
		t.Errorf("got %q", got)
	}
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a\r\nb\r\n", "a\r\nb\n", bom + "a\r\n", "a\x00", "\r\n\r"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text, form, ok := decodeText(b)
		if ok != (utf8.Valid(b) && bytes.IndexByte(b, 0) < 0) {
			t.Fatalf("%q is text: %v", b, ok)
		}
		if ok && !bytes.Equal(form.encode(text), b) {
			t.Fatalf("%q comes back as %q", b, form.encode(text))
		}
		if form.CRLF && strings.Contains(text, "\r") {
			t.Fatalf("%q has carriage returns left", text)
		}
	})
}
