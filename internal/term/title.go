package term

import (
	"bytes"
	"strings"
	"unicode"
)

// Limits of a title: bytes between "ESC ] 0 ;" and its end, and characters kept.
const (
	maxTitleBytes = 1024
	maxTitleRunes = 200
)

// titleParser finds the window title in a program's output:
//
//	ESC ] (0 | 2) ; text (BEL | ESC \)
//
// Anything else passes unseen. It keeps at most maxTitleBytes and gives up on
// a title that is longer or that a control character interrupts.
type titleParser struct {
	title string
	state titleState
	text  []byte
}

type titleState int

const (
	titleGround  titleState = iota
	titleEscape             // ESC seen
	titleCommand            // ESC ] seen
	titleSemi               // ESC ] 0 or ESC ] 2 seen
	titleText               // in the text
	titleEnd                // ESC seen in the text
)

// feed looks at the next bytes of the output and reports whether they changed
// the title.
func (t *titleParser) feed(p []byte) bool {
	before := t.title
	for len(p) > 0 {
		if t.state == titleGround {
			// Nearly all output is outside of titles: jump to the next ESC.
			i := bytes.IndexByte(p, 0x1b)
			if i < 0 {
				break
			}
			t.state, p = titleEscape, p[i+1:]
			continue
		}
		t.next(p[0])
		p = p[1:]
	}
	return t.title != before
}

func (t *titleParser) next(c byte) {
	switch {
	case t.state == titleEnd && c == '\\', t.state == titleText && c == 0x07:
		t.title = cleanTitle(t.text)
		t.reset(titleGround)
	case t.state == titleEscape && c == ']':
		t.state = titleCommand
	case t.state == titleCommand && (c == '0' || c == '2'):
		t.state = titleSemi
	case t.state == titleSemi && c == ';':
		t.state = titleText
	case t.state == titleText && c == 0x1b:
		t.state = titleEnd
	case t.state == titleText && c >= 0x20 && c != 0x7f && len(t.text) < maxTitleBytes:
		t.text = append(t.text, c)
	case c == 0x1b:
		t.reset(titleEscape)
	case t.state == titleEnd && c == ']':
		t.reset(titleCommand)
	default:
		t.reset(titleGround)
	}
}

func (t *titleParser) reset(s titleState) { t.state, t.text = s, nil }

// cleanTitle makes a program's bytes fit for a tab: valid UTF-8, printable, short.
func cleanTitle(b []byte) string {
	out := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b), "\ufffd"))
	if runes := []rune(out); len(runes) > maxTitleRunes {
		out = string(runes[:maxTitleRunes])
	}
	return strings.TrimSpace(out)
}
