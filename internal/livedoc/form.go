package livedoc

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// form is how a text is written in its file. The shared text has neither byte
// order mark nor, when all lines end alike, carriage returns; they come back when
// the file is written, so that a file that nobody changed keeps its bytes.
//
// A file whose lines end in different ways keeps its carriage returns in the
// shared text: it must not change where nobody touched it.
type form struct {
	BOM  bool `json:"bom,omitempty"`
	CRLF bool `json:"crlf,omitempty"` // every line ends with "\r\n"
}

const bom = "\ufeff"

// decodeText turns a file's bytes into the shared text. Ok is false if they are
// not text: not UTF-8, or with a NUL.
func decodeText(b []byte) (text string, f form, ok bool) {
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return "", form{}, false
	}
	text, f.BOM = strings.CutPrefix(string(b), bom)
	lines := strings.Count(text, "\n")
	if lines > 0 && strings.Count(text, "\r\n") == lines && strings.Count(text, "\r") == lines {
		f.CRLF = true
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	return text, f, true
}

// encode turns the shared text into the bytes of the file. A carriage return that
// somebody pasted in front of a line's end is not doubled. It is the inverse of
// decodeText for every text that decodeText returns.
func (f form) encode(text string) []byte {
	if f.CRLF {
		if strings.Contains(text, "\r\n") {
			text = strings.ReplaceAll(text, "\r\n", "\n")
		}
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if f.BOM {
		return []byte(bom + text)
	}
	return []byte(text)
}
