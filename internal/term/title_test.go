package term

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var titles = []struct{ name, output, want string }{
	{"none", "hello", ""},
	{"window and icon", "\x1b]0;vim a.txt\x07", "vim a.txt"},
	{"window", "\x1b]2;top\x1b\\", "top"},
	{"icon only", "\x1b]1;top\x07", ""},
	{"clipboard", "\x1b]52;c;aGk=\x07", ""},
	{"colour", "\x1b]10;?\x07", ""},
	{"number that begins alike", "\x1b]21;x\x07", ""},
	{"the last of two", "\x1b]0;one\x07 text \x1b]0;two\x07", "two"},
	{"emptied", "\x1b]0;one\x07\x1b]0;\x07", ""},
	{"UTF-8", "\x1b]0;Žofie 李\x07", "Žofie 李"},
	{"not UTF-8", "\x1b]0;a\xffb\x07", "a\ufffdb"},
	{"spaces around", "\x1b]0;  x  \x07", "x"},
	{"direction marks", "\x1b]0;a\u202eb\u200bc\x07", "abc"},
	{"newline within", "\x1b]0;a\nb\x07", ""},
	{"delete within", "\x1b]0;a\x7fb\x07", ""},
	{"unfinished", "\x1b]0;never", ""},
	{"escape within", "\x1b]0;a\x1bb\x07", ""},
	{"begun anew within", "\x1b]0;a\x1b]0;b\x07", "b"},
	{"two escapes before", "\x1b\x1b]0;x\x07", "x"},
	{"escape ends another command", "\x1b]0\x1b]2;x\x07", "x"},
	{"as long as may be", "\x1b]0;" + strings.Repeat("x", maxTitleBytes) + "\x07", strings.Repeat("x", maxTitleRunes)},
	{"too long", "\x1b]0;" + strings.Repeat("x", maxTitleBytes+1) + "\x07", ""},
	{"after one that was too long", "\x1b]0;" + strings.Repeat("x", 1<<20) + "\x07\x1b]0;ok\x07", "ok"},
}

func TestTitles(t *testing.T) {
	t.Parallel()
	for _, c := range titles {
		var whole, bytewise titleParser
		if changed := whole.feed([]byte(c.output)); changed != (c.want != "") {
			t.Errorf("%s: changed %v", c.name, changed)
		}
		for i := range len(c.output) {
			bytewise.feed([]byte{c.output[i]})
		}
		if whole.title != c.want || bytewise.title != c.want {
			t.Errorf("%s: got %.40q at once, %.40q byte by byte, want %.40q", c.name, whole.title, bytewise.title, c.want)
		}
	}
}

// FuzzTitle: a title is short and printable, the parser's memory is bounded, and
// it does not matter in which pieces the output comes.
func FuzzTitle(f *testing.F) {
	for _, c := range titles {
		if len(c.output) < 4096 {
			f.Add([]byte(c.output), uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, output []byte, piece uint8) {
		var whole, pieces titleParser
		whole.feed(output)
		for p := output; len(p) > 0; {
			n := min(len(p), int(piece)+1)
			pieces.feed(p[:n])
			p = p[n:]
		}
		if whole.title != pieces.title || whole.state != pieces.state || string(whole.text) != string(pieces.text) {
			t.Errorf("at once %q, in pieces %q", whole.title, pieces.title)
		}
		if len(whole.text) > maxTitleBytes {
			t.Errorf("it keeps %d bytes", len(whole.text))
		}
		if !utf8.ValidString(whole.title) || utf8.RuneCountInString(whole.title) > maxTitleRunes || strings.TrimSpace(whole.title) != whole.title {
			t.Errorf("title %q", whole.title)
		}
		for _, r := range whole.title {
			if !unicode.IsPrint(r) {
				t.Errorf("title %q holds %U", whole.title, r)
			}
		}
	})
}
