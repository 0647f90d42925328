package kernels

import (
	"strings"
	"unicode/utf8"
)

// maxLine is the most of a line that a carriage return can go back over; in runes.
const maxLine = 1 << 16

// lineState is the last line of a stream, as a terminal would have it: a carriage
// return goes back to its beginning, a backspace by one, and what comes then is
// written over what stands there.
type lineState struct {
	line []rune
	at   int // the cursor
}

// lineOf is the state behind a text.
func lineOf(s string) lineState {
	l := []rune(s[strings.LastIndexByte(s, '\n')+1:])
	if len(l) > maxLine {
		l = nil
	}
	return lineState{l, len(l)}
}

// write adds s. The stream's text then lacks its last drop UTF-16 units and has add
// behind the rest.
func (l *lineState) write(s string) (drop int, add string) {
	if l.at == len(l.line) && !strings.ContainsAny(s, "\r\b\x1b") {
		l.end(s)
		return 0, s
	}
	old := string(l.line)
	var done strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\x1b[K") || strings.HasPrefix(s[i:], "\x1b[0K") {
			l.line = l.line[:l.at]
			i += strings.IndexByte(s[i:], 'K') + 1
			continue
		}
		i += n
		switch r {
		case '\r':
			l.at = 0
		case '\b':
			l.at = max(l.at-1, 0)
		case '\n':
			done.WriteString(string(l.line))
			done.WriteByte('\n')
			l.line, l.at = l.line[:0], 0
		default:
			if l.at < len(l.line) {
				l.line[l.at] = r
			} else {
				l.line = append(l.line, r)
			}
			l.at++
		}
	}
	done.WriteString(string(l.line))
	text := done.String()
	same := commonPrefix(old, text)
	if len(l.line) > maxLine {
		l.line, l.at = nil, 0
	}
	return unitsOf(old[same:]), text[same:]
}

// end moves on by a text without control characters.
func (l *lineState) end(s string) {
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		l.line, s = l.line[:0], s[i+1:]
	}
	for _, r := range s {
		l.line = append(l.line, r)
	}
	if l.at = len(l.line); l.at > maxLine {
		l.line, l.at = nil, 0
	}
}

// commonPrefix is how many bytes two texts begin with alike, in whole characters.
func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return cutAt(a, n)
}

// cutAt returns the largest n up to at where a character of s begins, or its end.
func cutAt(s string, at int) int {
	at = max(at, 0)
	for at > 0 && at < len(s) && !utf8.RuneStart(s[at]) {
		at--
	}
	return min(at, len(s))
}

// unitsOf is the length of a text in UTF-16 units.
func unitsOf(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}
