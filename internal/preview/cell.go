package preview

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// splitCells calls each with the cells of a row from column from (included) to to
// (not), and returns how many there are in all. row is UTF-8 without a line break.
// The cell is valid during the call only. broken: a quote is not closed.
func splitCells(row []byte, delimiter byte, quotes bool, from, to int, each func(cell []byte)) (count int, broken bool) {
	for {
		cell, rest, more, bad := oneCell(row, delimiter, quotes, count >= from && count < to)
		broken = broken || bad
		if count >= from && count < to {
			each(cell)
		}
		count++
		if !more {
			return count, broken
		}
		row = rest
	}
}

// oneCell takes the first cell off a row. more: there is another one, if only an
// empty one. wanted: what is in it is needed.
func oneCell(row []byte, delimiter byte, quotes, wanted bool) (cell, rest []byte, more, broken bool) {
	if !quotes || len(row) == 0 || row[0] != '"' {
		if i := bytes.IndexByte(row, delimiter); i >= 0 {
			return row[:i], row[i+1:], true, false
		}
		return row, nil, false, false
	}
	i, text := 1, []byte(nil)
	for {
		q := bytes.IndexByte(row[i:], '"')
		if q < 0 { // never closed: it was a letter
			c, rest, more, _ := oneCell(row, delimiter, false, wanted)
			return c, rest, more, true
		}
		if wanted {
			text = append(text, row[i:i+q]...)
		}
		i += q + 1
		if i >= len(row) || row[i] != '"' {
			break
		}
		text = append(text, '"')
		i++
	}
	// Letters behind the closing quote belong to the cell, as spreadsheets have it.
	tail := bytes.IndexByte(row[i:], delimiter)
	if tail < 0 {
		return append(text, row[i:]...), nil, false, i < len(row)
	}
	return append(text, row[i:i+tail]...), row[i+tail+1:], true, tail > 0
}

// cutText is at most limit bytes of s, whole characters, and whether it was cut.
func cutText(s []byte, limit int) (string, bool) {
	if len(s) <= limit {
		return string(s), false
	}
	s = s[:limit]
	for len(s) > 0 {
		if r, n := utf8.DecodeLastRune(s); r != utf8.RuneError || n != 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return string(s), true
}

// isNumber reports whether people read s as a number: digits with a sign, one
// decimal point or comma, separators of thousands, an exponent, a percent sign.
func isNumber(s string) bool {
	s = strings.TrimSuffix(strings.TrimSpace(s), "%")
	s = strings.TrimLeft(s, "+-\u2212")
	switch strings.ToLower(s) {
	case "nan", "inf", "infinity":
		return true
	}
	digits, seen := 0, false
	for i, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
			seen = true
		case c == '.' || c == ',' || c == '\'' || c == '_' || c == '\u00a0' || c == '\u202f':
			if !seen && c != '.' && c != ',' {
				return false
			}
		case (c == 'e' || c == 'E') && digits > 0:
			exponent := strings.TrimLeft(s[i+1:], "+-")
			return exponent != "" && strings.Trim(exponent, "0123456789") == "" && len(s[i+1:])-len(exponent) <= 1
		default:
			return false
		}
	}
	return digits > 0 && strings.Count(s, ".") <= 1 || digits > 0 && !strings.Contains(s, ",") && thousands(s)
}

// thousands reports whether s is groups of digits as in 1.234.567.
func thousands(s string) bool {
	groups := strings.Split(s, ".")
	for i, g := range groups {
		if i > 0 && len(g) != 3 || g == "" || len(g) > 3 {
			return false
		}
	}
	return true
}
