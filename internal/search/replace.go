package search

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

// MaxReplaced is the most bytes of a file in which matches are replaced.
const MaxReplaced = 32 << 20

// Template is what matches are replaced by.
type Template struct {
	parts []part
}

// part is some text, or what a group matched.
type part struct {
	text  string
	group int // -1: it is text
}

// Template reads the text that matches are replaced by. For a pattern, $1 and ${1}
// are what the first group matched, ${name} a named one, $0 and $& the whole, $$ is a
// dollar, and \n, \t and \\ are what they are elsewhere; \n becomes a line end as the
// file has it. For a text it is itself. Errors are of kind Invalid.
func (p *Pattern) Template(with string) (*Template, error) {
	switch {
	case !utf8.ValidString(with) || strings.ContainsRune(with, 0):
		return nil, lyceum.Invalidf("with", "the replacement is not text")
	case len(with) > 4*maxText:
		return nil, lyceum.Invalidf("with", "the replacement is longer than %d bytes", 4*maxText)
	}
	t := &Template{}
	if !p.query.Regex {
		t.add(part{with, -1})
		return t, nil
	}
	for with != "" {
		i := strings.IndexAny(with, `$\`)
		if i < 0 || i == len(with)-1 {
			t.add(part{with, -1})
			break
		}
		t.add(part{with[:i], -1})
		n, item, err := p.escape(with[i:])
		if err != nil {
			return nil, err
		}
		t.add(item)
		with = with[i+n:]
	}
	return t, nil
}

func (t *Template) add(p part) {
	if p.text != "" || p.group >= 0 {
		t.parts = append(t.parts, p)
	}
}

// escape reads what begins with $ or \ and returns how long it is.
func (p *Pattern) escape(s string) (n int, item part, err error) {
	if s[0] == '\\' {
		if text, ok := map[byte]string{'n': "\n", 't': "\t", '\\': `\`}[s[1]]; ok {
			return 2, part{text, -1}, nil
		}
		return 1, part{`\`, -1}, nil
	}
	switch c := s[1]; {
	case c == '$':
		return 2, part{"$", -1}, nil
	case c == '&':
		return 2, part{"", 0}, nil
	case c == '{':
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return 0, item, lyceum.Invalidf("with", "the replacement has a ${ without }")
		}
		group, err := p.group(s[2:end])
		return end + 1, part{"", group}, err
	case c >= '0' && c <= '9':
		for n = 2; n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '9'; n++ {
		}
		// $12 is the second group and a 2 where there are no twelve.
		for ; n > 2; n-- {
			if g, err := p.group(s[1:n]); err == nil {
				return n, part{"", g}, nil
			}
		}
		group, err := p.group(s[1:2])
		return 2, part{"", group}, err
	}
	return 1, part{"$", -1}, nil
}

// group finds a group by its number or name.
func (p *Pattern) group(name string) (int, error) {
	g, err := strconv.Atoi(name)
	if err != nil {
		g = p.re.SubexpIndex(name)
	}
	if g < 0 || g > p.re.NumSubexp() || name == "" {
		return 0, lyceum.Invalidf("with", "the pattern has no group %.20q", name)
	}
	return g, nil
}

// fill is what a match of a line is replaced by. A group that matched nothing is "".
func (t *Template) fill(line []byte, m []int) string {
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.group < 0:
			b.WriteString(p.text)
		case 2*p.group+1 < len(m) && m[2*p.group] >= 0:
			b.WriteString(valid(line[m[2*p.group]:m[2*p.group+1]]))
		}
	}
	return b.String()
}

// Place is where a match begins: see Match.
type Place struct{ Line, Column int }

// Replace returns the content of a file with its matches replaced, those at the
// places only when there are some, and how many that were. Line ends stay as they
// are, as does everything that does not match. Errors: Invalid when the content is
// binary, not UTF-8, or has lines that are too long for the pattern; TooLarge when
// more than most bytes would come out; Conflict when there is no match at one of the
// places; Unavailable when ctx ends.
func (p *Pattern) Replace(ctx context.Context, content []byte, t *Template, places []Place, most int) (out []byte, replaced int, err error) {
	switch {
	case bytes.IndexByte(content, 0) >= 0:
		return nil, 0, lyceum.Errorf(lyceum.Invalid, "the file is binary")
	case !utf8.Valid(content):
		return nil, 0, lyceum.Errorf(lyceum.Invalid, "the file is not UTF-8: what is in it cannot be replaced without harm")
	}
	body, hasMark := bytes.CutPrefix(content, []byte("\xef\xbb\xbf"))
	out = make([]byte, 0, len(content)+len(content)/8)
	if hasMark {
		out = append(out, content[:3]...)
	}
	wanted := map[Place]bool{}
	for _, at := range places {
		wanted[at] = true
	}
	number := 0
	for line := range bytes.Lines(body) {
		if number++; number%256 == 0 && ctx.Err() != nil {
			return nil, 0, lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "interrupted")
		}
		text := trimEnd(line)
		end := line[len(text):]
		if len(text) > p.line() {
			return nil, 0, lyceum.Errorf(lyceum.Invalid, "line %d is too long for this pattern", number)
		}
		if p.sight(text) < 0 {
			out = append(out, line...)
			continue
		}
		found, more := p.find(text)
		if more {
			return nil, 0, lyceum.Errorf(lyceum.Invalid, "line %d is so long that not all matches in it can be found", number)
		}
		done, column := 0, 0
		for _, m := range found {
			column += units(text[done:m[0]])
			out = append(out, text[done:m[0]]...)
			done = m[0]
			at := Place{number, column + 1}
			if len(places) > 0 && !wanted[at] {
				continue
			}
			delete(wanted, at)
			out = append(out, endLines(t.fill(text, m), end)...)
			column += units(text[m[0]:m[1]])
			done = m[1]
			replaced++
		}
		out = append(append(out, text[done:]...), end...)
		if len(out) > most {
			return nil, 0, lyceum.Errorf(lyceum.TooLarge, "the file would become larger than %d bytes", most)
		}
	}
	if len(wanted) > 0 {
		return nil, 0, lyceum.Errorf(lyceum.Conflict, "a match is not there any more: search again")
	}
	return slices.Clip(out), replaced, nil
}

// endLines gives the line ends in a replacement the form of the line that it is in.
func endLines(s string, end []byte) string {
	if len(end) == 2 {
		return strings.ReplaceAll(s, "\n", "\r\n")
	}
	return s
}
