package livedoc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// form is how a text is written in its file. The shared text has neither byte
// order mark nor, when all lines end alike, carriage returns; they come back when
// the file is written, so that a file that nobody changed keeps its bytes.
//
// A file whose lines end in different ways keeps its carriage returns in the
// shared text: it must not change where nobody touched it.
type form struct {
	Encoding string `json:"encoding,omitempty"` // "" is UTF-8; else one of those below
	BOM      bool   `json:"bom,omitempty"`
	CRLF     bool   `json:"crlf,omitempty"` // every line ends with "\r\n"
}

// The encodings besides UTF-8, by their names in the WHATWG Encoding Standard.
// UTF-16 is known by its byte order mark only. Windows-1252 has all of Latin-1.
const (
	utf16LE = "utf-16le"
	utf16BE = "utf-16be"
	latin   = "windows-1252"
)

const bom = "\ufeff"

// decodeText turns a file's bytes into the shared text. Ok is false if they are
// no text of an encoding that is known for sure to give the same bytes back.
func decodeText(b []byte) (text string, f form, ok bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		f.Encoding = utf16LE
		text, ok = decodeUTF16(b, binary.LittleEndian)
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		f.Encoding = utf16BE
		text, ok = decodeUTF16(b, binary.BigEndian)
	case utf8.Valid(b):
		text, ok = string(b), true
	default:
		f.Encoding = latin
		text, ok = decodeLatin(b)
	}
	if !ok || strings.IndexByte(text, 0) >= 0 {
		return "", form{}, false
	}
	text, f.BOM = strings.CutPrefix(text, bom)
	lines := strings.Count(text, "\n")
	if lines > 0 && strings.Count(text, "\r\n") == lines && strings.Count(text, "\r") == lines {
		f.CRLF = true
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	return text, f, true
}

func decodeUTF16(b []byte, order binary.ByteOrder) (string, bool) {
	if len(b)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	for i := 0; i < len(units); i++ {
		switch u := units[i]; {
		case u < 0xD800 || u > 0xDFFF:
		case u < 0xDC00 && i+1 < len(units) && units[i+1] >= 0xDC00 && units[i+1] <= 0xDFFF:
			i++
		default:
			return "", false // half a pair
		}
	}
	return string(utf16.Decode(units)), true
}

// decodeLatin reads Windows-1252. Most bytes of such a text are ASCII, and none
// controls anything but lines and pages: else it is another encoding, or no text.
func decodeLatin(b []byte) (string, bool) {
	high := 0
	for _, c := range b {
		switch {
		case c >= 0x80:
			high++
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b, c == 0x7f:
			return "", false
		}
		switch c {
		case 0x81, 0x8d, 0x8f, 0x90, 0x9d: // that encoding has no such characters
			return "", false
		}
	}
	if 10*high > 3*len(b) {
		return "", false
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(b)
	return string(text), err == nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unencodable is a character that the encoding of a file has not.
type unencodable struct {
	encoding string
	char     rune
	line     int // from 1
}

func (e *unencodable) Error() string {
	return fmt.Sprintf("the file's encoding, %s, has no %q (line %d)", e.encoding, e.char, e.line)
}

// encode turns the shared text into the bytes of the file. A carriage return that
// somebody pasted in front of a line's end is not doubled. It is the inverse of
// decodeText for every text that decodeText returns. The error is an *unencodable.
func (f form) encode(text string) ([]byte, error) {
	if f.CRLF {
		if strings.Contains(text, "\r\n") {
			text = strings.ReplaceAll(text, "\r\n", "\n")
		}
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if f.BOM {
		text = bom + text
	}
	switch f.Encoding {
	case utf16LE:
		return encodeUTF16(text, binary.LittleEndian), nil
	case utf16BE:
		return encodeUTF16(text, binary.BigEndian), nil
	case latin:
		return encodeLatin(text)
	}
	return []byte(text), nil
}

func encodeUTF16(text string, order binary.AppendByteOrder) []byte {
	b := make([]byte, 0, 2*len(text))
	for _, r := range text {
		if r1, r2 := utf16.EncodeRune(r); r1 != utf8.RuneError {
			b = order.AppendUint16(order.AppendUint16(b, uint16(r1)), uint16(r2))
		} else {
			b = order.AppendUint16(b, uint16(r))
		}
	}
	return b
}

func encodeLatin(text string) ([]byte, error) {
	b := make([]byte, 0, len(text))
	for i, r := range text {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok || r >= 0x80 && r < 0xa0 { // of the five that it has not, some say that they are controls
			return nil, &unencodable{latin, r, 1 + strings.Count(text[:i], "\n")}
		}
		b = append(b, c)
	}
	return b, nil
}
