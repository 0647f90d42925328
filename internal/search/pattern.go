package search

import (
	"bytes"
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

const (
	maxText  = 1000 // characters of Query.Text
	maxInsts = 4000 // instructions of a pattern's program
	maxWork  = 5e8  // instructions times bytes that one look at a line may cost
)

// Pattern is a Query that can be looked for. It is safe for concurrent use.
type Pattern struct {
	query    Query
	tree     *syntax.Regexp
	re       *regexp.Regexp
	insts    int
	open     bool           // how long a match can be is not known
	literal  []byte         // the whole, when it is a text whose capitals count
	folded   []byte         // the same in small letters, when they do not and it is ASCII
	third    bool           // it has letters with a third form beyond ASCII: ſ is s, and K (Kelvin) is k
	sighting *regexp.Regexp // finds at least as much in many lines at once
}

// Compile checks a query. Errors are of kind Invalid and tell people what is wrong:
// not UTF-8, empty, longer than 1000 characters, with a line end (a search goes line
// by line), not a pattern of RE2, or too large a one.
func Compile(q Query) (*Pattern, error) {
	switch {
	case q.Text == "":
		return nil, lyceum.Invalidf("q", "say what to look for")
	case !utf8.ValidString(q.Text):
		return nil, lyceum.Invalidf("q", "what to look for is not UTF-8")
	case utf8.RuneCountInString(q.Text) > maxText:
		return nil, lyceum.Invalidf("q", "what to look for is longer than %d characters", maxText)
	case strings.ContainsAny(q.Text, "\n\r\x00"):
		return nil, lyceum.Invalidf("q", "a search goes line by line: what to look for has no line end in it")
	}
	text := q.Text
	if !q.Regex {
		text = regexp.QuoteMeta(text)
	}
	flags := syntax.Perl
	if !q.Case {
		flags |= syntax.FoldCase
	}
	tree, err := syntax.Parse(text, flags)
	if err != nil {
		return nil, notPattern(err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, notPattern(err)
	}
	if len(prog.Inst) > maxInsts {
		return nil, lyceum.Invalidf("q", "the pattern is too large: repeat less in it")
	}
	if !q.Case {
		text = "(?i)" + text
	}
	p := &Pattern{query: q, tree: tree, insts: len(prog.Inst), open: isOpen(tree)}
	if p.re, err = regexp.Compile(text); err != nil {
		return nil, notPattern(err)
	}
	if !q.Regex {
		p.plain()
	}
	if form, ok := lineForm(tree, false); ok {
		if p.sighting, err = regexp.Compile(form); err != nil {
			p.sighting = nil
		}
	}
	return p, nil
}

func notPattern(err error) error {
	bad, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return lyceum.Invalidf("q", "this is not a pattern")
	}
	switch bad.Code {
	case syntax.ErrLarge, syntax.ErrNestingDepth, syntax.ErrInvalidRepeatSize:
		return lyceum.Invalidf("q", "the pattern is too large: %s: %.60s", bad.Code, bad.Expr)
	case syntax.ErrInvalidPerlOp:
		return lyceum.Invalidf("q", "the pattern has something that is not known here (patterns are those of RE2: nothing looks ahead or behind): %.60s", bad.Expr)
	}
	return lyceum.Invalidf("q", "not a pattern: %s: %.60s", bad.Code, bad.Expr)
}

// plain prepares the quick ways for a text.
func (p *Pattern) plain() {
	if p.query.Case {
		p.literal = []byte(p.query.Text)
		return
	}
	for _, r := range p.query.Text {
		if r >= utf8.RuneSelf {
			return
		}
		p.third = p.third || strings.ContainsRune("sSkK", r)
	}
	p.folded = bytes.ToLower([]byte(p.query.Text))
}

// isOpen reports whether re can match any number of characters.
func isOpen(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpStar, syntax.OpPlus:
		return true
	case syntax.OpRepeat:
		if re.Max < 0 || re.Max > 50 {
			return true
		}
	}
	for _, sub := range re.Sub {
		if isOpen(sub) {
			return true
		}
	}
	return false
}

// line is the most of a line that is looked at, in bytes.
func (p *Pattern) line() int { return min(maxLine, int(maxWork)/p.insts) }

// most is how many matches are looked for in a line of n bytes. Each may cost a look
// at the whole line, so there are fewer in long ones.
func (p *Pattern) most(n int) int {
	if !p.open {
		return maxPerFile
	}
	return min(max(int(maxWork)/(p.insts*max(n, 1)), 1), maxPerFile)
}

// find returns the matches in a line, with the places of their groups as regexp
// does; more says that there may be others. Empty ones are none.
func (p *Pattern) find(line []byte) (all [][]int, more bool) {
	if p.literal != nil {
		for at := 0; ; {
			i := bytes.Index(line[at:], p.literal)
			if i < 0 {
				break
			}
			if len(all) == maxPerFile {
				return all, true
			}
			all = append(all, []int{at + i, at + i + len(p.literal)})
			at += i + len(p.literal)
		}
	} else {
		most := p.most(len(line))
		all = p.re.FindAllSubmatchIndex(line, most)
		more = len(all) == most
	}
	kept := all[:0]
	for _, m := range all {
		if m[1] > m[0] && (!p.query.Word || isWhole(line, m[0], m[1])) {
			kept = append(kept, m)
		}
	}
	return kept, more
}

// isWhole reports whether no word goes over the beginning or the end of a match.
func isWhole(line []byte, from, to int) bool {
	before, _ := utf8.DecodeLastRune(line[:from])
	first, _ := utf8.DecodeRune(line[from:])
	last, _ := utf8.DecodeLastRune(line[:to])
	after, _ := utf8.DecodeRune(line[to:])
	return !(from > 0 && isWord(before) && isWord(first)) && !(to < len(line) && isWord(last) && isWord(after))
}

func isWord(r rune) bool {
	return r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// sight returns the place in some lines behind which, or in whose line, the next
// match can be; -1 for none.
func (p *Pattern) sight(lines []byte) int {
	switch {
	case p.literal != nil:
		return bytes.Index(lines, p.literal)
	case p.folded != nil && !(p.third && hasThird(lines)):
		return indexFolded(lines, p.folded)
	case p.sighting != nil:
		if m := p.sighting.FindIndex(lines); m != nil {
			return m[0]
		}
		return -1
	}
	return 0
}

func hasThird(b []byte) bool {
	return bytes.Contains(b, []byte("\u017f")) || bytes.Contains(b, []byte("\u212a"))
}

// indexFolded is bytes.Index for small ASCII letters, capitals being the same.
func indexFolded(b, small []byte) int {
	first := small[0]
	other := first
	if 'a' <= first && first <= 'z' {
		other -= 'a' - 'A'
	}
	for at := 0; at+len(small) <= len(b); {
		i := indexEither(b[at:], first, other)
		if i < 0 || at+i+len(small) > len(b) {
			return -1
		}
		at += i
		if equalFolded(b[at:at+len(small)], small) {
			return at
		}
		at++
	}
	return -1
}

func indexEither(b []byte, x, y byte) int {
	if x == y {
		return bytes.IndexByte(b, x)
	}
	for i, c := range b {
		if c == x || c == y {
			return i
		}
	}
	return -1
}

func equalFolded(b, small []byte) bool {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != small[i] {
			return false
		}
	}
	return true
}
