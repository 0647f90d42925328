package ydoc

import (
	"strings"
	"unicode/utf8"
)

// hunk says that a[a0:a1] becomes b[b0:b1]. Hunks are ascending and leave
// something equal between them.
type hunk struct{ a0, a1, b0, b1 int }

func (h hunk) empty() bool { return h.a0 == h.a1 && h.b0 == h.b1 }

// diff returns what to change in a to get b, as byte offsets between
// characters: first whole lines that differ, then within them.
func diff(a, b string) []hunk {
	whole := trimText(a, b, hunk{0, len(a), 0, len(b)})
	if whole.empty() {
		return nil
	}
	// Lines are cut from the whole texts, so that they are whole lines.
	whole.a0 = strings.LastIndexByte(a[:whole.a0], '\n') + 1
	whole.b0 = strings.LastIndexByte(b[:whole.b0], '\n') + 1
	la, lb := lines(a[whole.a0:whole.a1], whole.a0), lines(b[whole.b0:whole.b1], whole.b0)
	names := make(map[string]int32)
	var out []hunk
	for _, h := range diffRows(name(a, la, names), name(b, lb, names), 0) {
		h = hunk{la[h.a0], la[h.a1], lb[h.b0], lb[h.b1]}
		out = append(out, diffChars(a, b, trimText(a, b, h))...)
	}
	return out
}

// lines returns where the lines of s begin, and its end, plus from.
func lines(s string, from int) []int {
	at := []int{from}
	for i := 0; i < len(s); {
		n := strings.IndexByte(s[i:], '\n') + 1
		if n == 0 {
			n = len(s) - i
		}
		i += n
		at = append(at, from+i)
	}
	return at
}

// name gives each line a number, equal ones the same.
func name(s string, at []int, names map[string]int32) []int32 {
	out := make([]int32, len(at)-1)
	for i := range out {
		line := s[at[i]:at[i+1]]
		n, ok := names[line]
		if !ok {
			n = int32(len(names))
			names[line] = n
		}
		out[i] = n
	}
	return out
}

// Bounds of diffChars.
const (
	maxChars = 4000    // on both sides together, up to which most may differ
	maxLook  = 1 << 25 // of comparison, in longer texts: some 50 ms
	minEqual = 3       // characters between two edits that stay two
)

// maxEdits returns how many characters may differ in texts of n characters
// together. In long ones (a line of JSON, a minified file) few may: myers
// takes steps for each of them along the whole text.
func maxEdits(n int) int {
	if n <= maxChars {
		return n * 2 / 3
	}
	return min(maxRowEdits, maxLook/n)
}

// diffChars refines a hunk of lines to characters, unless little is equal.
func diffChars(a, b string, h hunk) []hunk {
	if h.empty() {
		return nil
	}
	sa, sb := a[h.a0:h.a1], b[h.b0:h.b1]
	if sa == "" || sb == "" {
		return []hunk{h}
	}
	ra, rb := chars(sa), chars(sb)
	limit := maxEdits(len(ra) + len(rb))
	if d := len(ra) - len(rb); max(d, -d) > limit {
		return []hunk{h}
	}
	parts, ok := myers(ra, rb, limit)
	if !ok {
		return []hunk{h}
	}
	ca, cb := offsets(sa, h.a0), offsets(sb, h.b0)
	var out []hunk
	last := -minEqual // where in ra the hunk before ended
	for _, p := range parts {
		byteHunk := hunk{ca[p.a0], ca[p.a1], cb[p.b0], cb[p.b1]}
		if p.a0-last < minEqual && len(out) > 0 {
			out[len(out)-1].a1, out[len(out)-1].b1 = byteHunk.a1, byteHunk.b1
		} else {
			out = append(out, byteHunk)
		}
		last = p.a1
	}
	return out
}

func chars(s string) []int32 {
	out := make([]int32, 0, len(s))
	for _, r := range s {
		out = append(out, r)
	}
	return out
}

// offsets returns where the characters of s begin, and its end, plus from.
func offsets(s string, from int) []int {
	out := make([]int, 0, len(s)+1)
	for i := range s {
		out = append(out, from+i)
	}
	return append(out, from+len(s))
}

// trimText takes what is equal off both ends of the hunk, in whole characters.
func trimText(a, b string, h hunk) hunk {
	for h.a0 < h.a1 && h.b0 < h.b1 && a[h.a0] == b[h.b0] {
		h.a0++
		h.b0++
	}
	// The bytes before are equal, so both are inside a character or neither is.
	for inside(a, h.a0) || inside(b, h.b0) {
		h.a0--
		h.b0--
	}
	for h.a0 < h.a1 && h.b0 < h.b1 && a[h.a1-1] == b[h.b1-1] {
		h.a1--
		h.b1--
	}
	for inside(a, h.a1) || inside(b, h.b1) {
		h.a1++
		h.b1++
	}
	return h
}

// inside reports whether i is inside a character of s.
func inside(s string, i int) bool { return i < len(s) && !utf8.RuneStart(s[i]) }
