package notebook

import (
	"strings"
	"unicode/utf8"
)

// style is how a file lays its JSON out.
type style struct {
	indent string // of one level; "" when all is on one line
	comma  string // between values on one line
	colon  string // between a name and its value
	ascii  bool   // other characters are written as escapes
	end    string // what stands behind the last bracket
}

// usual is what nbformat writes.
var usual = style{indent: " ", comma: ", ", colon: ": ", end: "\n"}

// styleOf finds out the style of a file.
func styleOf(t *tree) style {
	s := usual
	if len(t.nodes) < 3 || t.nodes[0].kind != object {
		return s
	}
	first := t.nodes[1]
	s.indent = ""
	if gap := t.text[t.nodes[0].start+1 : first.start]; strings.Contains(gap, "\n") {
		s.indent = gap[strings.LastIndex(gap, "\n")+1:]
	}
	if gap := t.text[first.end:t.nodes[2].start]; strings.HasPrefix(gap, ":") {
		s.colon = gap
	}
	if s.indent == "" {
		s.comma = t.gap()
	}
	if end := t.text[t.nodes[0].end:]; strings.TrimSpace(end) == "" {
		s.end = end
	}
	s.ascii = isASCII(t.text) && hasEscape(t.text)
	return s
}

// gap is what stands between the first two members of the root.
func (t *tree) gap() string {
	if v := int(t.nodes[1].after); v < len(t.nodes) {
		if k := int(t.nodes[v].after); k < len(t.nodes) && k < int(t.nodes[0].after) {
			if g := t.text[t.nodes[v].end:t.nodes[k].start]; strings.TrimSpace(g) == "," {
				return g
			}
		}
	}
	return ", "
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hasEscape reports whether a character beyond ASCII is written as an escape.
func hasEscape(s string) bool {
	for {
		i := strings.Index(s, `\u`)
		if i < 0 {
			return false
		}
		if r, ok := hex4(s[i+2:]); ok && r >= 0x80 && !escaped(s, i) {
			return true
		}
		s = s[i+2:]
	}
}

// appendString writes a string as Python's json does.
func (s style) appendString(b []byte, v string) []byte {
	const digits = "0123456789abcdef"
	unit := func(b []byte, u uint16) []byte {
		return append(b, '\\', 'u', digits[u>>12], digits[u>>8&15], digits[u>>4&15], digits[u&15])
	}
	b = append(b, '"')
	for _, r := range v {
		switch {
		case r == '"', r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r == '\b':
			b = append(b, '\\', 'b')
		case r == '\f':
			b = append(b, '\\', 'f')
		case r < ' ':
			b = unit(b, uint16(r))
		case r < utf8.RuneSelf || !s.ascii:
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			b = unit(unit(b, uint16(0xd800+(r-0x10000)>>10)), uint16(0xdc00+(r-0x10000)&0x3ff))
		default:
			b = unit(b, uint16(r))
		}
	}
	return append(b, '"')
}
