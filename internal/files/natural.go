package files

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// compareNatural orders names as people expect: letters without regard to case,
// runs of ASCII digits by their value ("file2" before "file10"). Names that are
// equal so far are ordered by their bytes, so that the order is total.
func compareNatural(a, b string) int {
	same := sameStart(a, b)
	x, y := a[same:], b[same:]
	for x != "" && y != "" {
		if isDigit(x[0]) && isDigit(y[0]) {
			var dx, dy string
			dx, x = cutDigits(x)
			dy, y = cutDigits(y)
			if c := compareDigits(dx, dy); c != 0 {
				return c
			}
			continue
		}
		rx, nx := folded(x)
		ry, ny := folded(y)
		if rx != ry {
			if rx < ry {
				return -1
			}
			return 1
		}
		x, y = x[nx:], y[ny:]
	}
	switch {
	case x == "" && y != "":
		return -1
	case x != "" && y == "":
		return 1
	}
	return strings.Compare(a, b)
}

// sameStart returns how many bytes at the beginning of both are the same and need
// not be compared again: it is never within a character or a run of digits.
func sameStart(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i < n && a[i] == b[i] {
		i++
	}
	for i > 0 && a[i-1] >= utf8.RuneSelf {
		i--
	}
	for i > 0 && isDigit(a[i-1]) {
		i--
	}
	return i
}

// folded decodes the first character of s for comparison. Bytes that are not
// UTF-8 sort after everything.
func folded(s string) (rune, int) {
	if c := s[0]; c < utf8.RuneSelf {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return rune(c), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return unicode.MaxRune + 1 + rune(s[0]), 1
	}
	return unicode.ToLower(r), n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func cutDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

// compareDigits compares decimal numbers of any length by value.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		if len(a) < len(b) {
			return -1
		}
		return 1
	}
	return strings.Compare(a, b)
}
