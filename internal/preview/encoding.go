package preview

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// The encodings that are told apart by looking. Names are those of the WHATWG
// Encoding Standard, as browsers know them.
const (
	utf8Name    = "utf-8"
	utf16LEName = "utf-16le"
	utf16BEName = "utf-16be"
	latinName   = "windows-1252"
)

// legacy are the encodings that a person can choose besides.
var legacy = map[string]encoding.Encoding{
	latinName:      charmap.Windows1252,
	"iso-8859-15":  charmap.ISO8859_15,
	"iso-8859-2":   charmap.ISO8859_2,
	"windows-1250": charmap.Windows1250,
	"windows-1251": charmap.Windows1251,
	"windows-1253": charmap.Windows1253,
	"koi8-r":       charmap.KOI8R,
	"macintosh":    charmap.Macintosh,
	"shift_jis":    japanese.ShiftJIS,
	"euc-jp":       japanese.EUCJP,
	"gb18030":      simplifiedchinese.GB18030,
	"big5":         traditionalchinese.Big5,
	"euc-kr":       korean.EUCKR,
}

// knownEncoding reports whether text of the encoding can be read.
func knownEncoding(name string) bool {
	return name == utf8Name || name == utf16LEName || name == utf16BEName || legacy[name] != nil
}

// unitOf is how many bytes a character of the encoding has at least.
func unitOf(name string) int {
	if name == utf16LEName || name == utf16BEName {
		return 2
	}
	return 1
}

// guessEncoding tells the encoding by the first bytes of a file, and how long its
// byte order mark is. more says that the file goes on.
func guessEncoding(head []byte, more bool) (name string, mark int) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return utf8Name, 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return utf16LEName, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return utf16BEName, 2
	}
	// Text of mostly Latin letters has a NUL in each second place in UTF-16.
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch half := len(head) / 2; {
	case half >= 4 && zeros[1] > half*7/10 && zeros[0] <= half/10:
		return utf16LEName, 0
	case half >= 4 && zeros[0] > half*7/10 && zeros[1] <= half/10:
		return utf16BEName, 0
	}
	if more {
		head = wholeRunes(head)
	}
	if utf8.Valid(head) {
		return utf8Name, 0
	}
	return latinName, 0
}

// wholeRunes is b without a character that is cut at its end.
func wholeRunes(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// toUTF8 decodes raw. What is none of the encoding becomes U+FFFD, a NUL its
// picture U+2400. The result may share memory with raw.
func toUTF8(name string, raw []byte) []byte {
	var out []byte
	switch name {
	case utf8Name:
		out = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	case utf16LEName, utf16BEName:
		out = fromUTF16(raw, name == utf16BEName)
	default:
		d, err := legacy[name].NewDecoder().Bytes(raw)
		if err != nil { // a decoder replaces what it does not know; it never fails
			d = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
		}
		out = d
	}
	if bytes.IndexByte(out, 0) >= 0 {
		out = bytes.ReplaceAll(out, []byte{0}, []byte("\u2400"))
	}
	return out
}

func fromUTF16(raw []byte, big bool) []byte {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		a, b := raw[2*i], raw[2*i+1]
		if big {
			a, b = b, a
		}
		units[i] = uint16(a) | uint16(b)<<8
	}
	out := make([]byte, 0, len(units)+len(units)/8)
	for _, r := range utf16.Decode(units) {
		out = utf8.AppendRune(out, r)
	}
	return out
}

// isBinary reports whether the beginning of a file is no text in any encoding that
// is told apart: control characters that texts do not hold.
func isBinary(encoding string, head []byte) bool {
	if unitOf(encoding) == 2 {
		return false
	}
	bad := 0
	for _, c := range head {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			bad++
		}
	}
	return bad > len(head)/50
}
