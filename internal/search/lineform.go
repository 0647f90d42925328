package search

import (
	"fmt"
	"regexp/syntax"
	"strings"
)

// lineForm writes a pattern for looking at many lines at once: what it finds is at
// least what the pattern finds in each of them. It does not go over a line's end.
// Rust says that it is for the program rg, whose classes do not know bytes that are
// not UTF-8, which are U+FFFD in Go. Ok is false when no line can match, or this
// cannot be said.
func lineForm(re *syntax.Regexp, rust bool) (form string, ok bool) {
	w := &formWriter{rust: rust, ok: true}
	w.write(re)
	return w.b.String(), w.ok
}

type formWriter struct {
	b    strings.Builder
	rust bool
	ok   bool
}

func (w *formWriter) write(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		w.b.WriteString("(?:)")
	case syntax.OpLiteral:
		w.literal(re)
	case syntax.OpCharClass:
		w.class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.class([]rune{0, 0x10ffff})
	case syntax.OpBeginLine, syntax.OpBeginText:
		w.b.WriteString("(?m:^)")
	case syntax.OpEndLine, syntax.OpEndText:
		w.b.WriteString(`(?:\r?(?m:$))`)
	case syntax.OpWordBoundary:
		w.dialect(`(?-u:\b)`, `\b`)
	case syntax.OpNoWordBoundary:
		w.dialect(`(?-u:\B)`, `\B`)
	case syntax.OpCapture:
		w.group(re.Sub[0])
	case syntax.OpStar:
		w.group(re.Sub[0])
		w.b.WriteByte('*')
	case syntax.OpPlus:
		w.group(re.Sub[0])
		w.b.WriteByte('+')
	case syntax.OpQuest:
		w.group(re.Sub[0])
		w.b.WriteByte('?')
	case syntax.OpRepeat:
		w.group(re.Sub[0])
		if re.Max < 0 {
			fmt.Fprintf(&w.b, "{%d,}", re.Min)
		} else {
			fmt.Fprintf(&w.b, "{%d,%d}", re.Min, re.Max)
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			w.group(sub)
		}
	case syntax.OpAlternate:
		w.b.WriteString("(?:")
		for i, sub := range re.Sub {
			if i > 0 {
				w.b.WriteByte('|')
			}
			w.write(sub)
		}
		w.b.WriteByte(')')
	default: // OpNoMatch
		w.ok = false
	}
}

func (w *formWriter) group(re *syntax.Regexp) {
	w.b.WriteString("(?:")
	w.write(re)
	w.b.WriteByte(')')
}

func (w *formWriter) dialect(rust, other string) {
	if w.rust {
		w.b.WriteString(rust)
	} else {
		w.b.WriteString(other)
	}
}

func (w *formWriter) literal(re *syntax.Regexp) {
	if re.Flags&syntax.FoldCase != 0 {
		w.b.WriteString("(?i:")
	} else {
		w.b.WriteString("(?:")
	}
	for _, r := range re.Rune {
		switch {
		case r == '\n':
			w.ok = false
		case r == 0xfffd && w.rust:
			w.class([]rune{r, r})
		default:
			fmt.Fprintf(&w.b, `\x{%x}`, r)
		}
	}
	w.b.WriteByte(')')
}

// class writes ranges of characters, without "\n", and for rg without surrogates.
func (w *formWriter) class(ranges []rune) {
	var inner strings.Builder
	bytes := false
	add := func(lo, hi rune) {
		if lo <= hi {
			fmt.Fprintf(&inner, `\x{%x}-\x{%x}`, lo, hi)
		}
	}
	for i := 0; i+1 < len(ranges); i += 2 {
		lo, hi := ranges[i], ranges[i+1]
		bytes = bytes || lo <= 0xfffd && 0xfffd <= hi
		for _, hole := range [][2]rune{{'\n', '\n'}, {0xd800, 0xdfff}} {
			if lo <= hole[1] && hi >= hole[0] {
				add(lo, hole[0]-1)
				lo = hole[1] + 1
			}
		}
		add(lo, hi)
	}
	switch {
	case inner.Len() == 0:
		w.ok = false
	case bytes && w.rust:
		w.b.WriteString(`(?:[` + inner.String() + `]|(?-u:[\x80-\xff]))`)
	default:
		w.b.WriteString(`[` + inner.String() + `]`)
	}
}
