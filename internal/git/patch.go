package git

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"

	"lyceum/internal/api"
)

// hunkHead is the first line of a hunk of a unified diff: gitformat-diff(5).
var hunkHead = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@`)
})

// line is a line of a hunk.
type line struct {
	sign   byte // ' ', '-' or '+'
	text   []byte
	number int  // in the old file for ' ' and '-', in the new one for '+'
	bare   bool // no line end follows: it is the file's last
	wanted bool
}

// hunk is a part of a unified diff of one file.
type hunk struct {
	oldFrom, newFrom int
	lines            []line
}

var (
	errPatch    = errors.New("this is no unified diff of one file")
	errNoChange = errors.New("these lines are not changed")
)

// parsePatch reads a unified diff of one file. Header is everything before the
// first hunk.
func parsePatch(b []byte) (header []byte, hunks []hunk, err error) {
	at := bytes.Index(b, []byte("\n@@ -"))
	if at < 0 {
		return nil, nil, errPatch
	}
	header, b = b[:at+1], b[at+1:]
	for len(b) > 0 {
		var h hunk
		if h, b, err = parseHunk(b); err != nil {
			return nil, nil, err
		}
		hunks = append(hunks, h)
	}
	return header, hunks, nil
}

func parseHunk(b []byte) (h hunk, rest []byte, err error) {
	m := hunkHead().FindSubmatch(b)
	if m == nil {
		return h, nil, errPatch
	}
	var n [4]int // from, count, from, count
	for i := range n {
		if n[i] = 1; m[i+1] != nil {
			n[i], _ = strconv.Atoi(string(m[i+1])) // the pattern allows nine digits only
		}
	}
	h.oldFrom, h.newFrom = n[0], n[2]
	old, new := h.oldFrom, h.newFrom
	_, b, _ = bytes.Cut(b, []byte("\n"))
	for n[1] > 0 || n[3] > 0 {
		text, rest, found := bytes.Cut(b, []byte("\n"))
		if !found || len(text) == 0 {
			return h, nil, errPatch
		}
		l := line{sign: text[0], text: text[1:], number: old}
		switch {
		case l.sign == '\\' && len(h.lines) > 0:
			h.lines[len(h.lines)-1].bare = true
			b = rest
			continue
		case l.sign == ' ' && n[1] > 0 && n[3] > 0:
			old, new, n[1], n[3] = old+1, new+1, n[1]-1, n[3]-1
		case l.sign == '-' && n[1] > 0:
			old, n[1] = old+1, n[1]-1
		case l.sign == '+' && n[3] > 0:
			l.number = new
			new, n[3] = new+1, n[3]-1
		default:
			return h, nil, errPatch
		}
		h.lines, b = append(h.lines, l), rest
	}
	if bytes.HasPrefix(b, []byte("\\")) && len(h.lines) > 0 {
		h.lines[len(h.lines)-1].bare = true
		_, b, _ = bytes.Cut(b, []byte("\n"))
	}
	return h, b, nil
}

// selectLines makes of a diff of one file a smaller one with only the wanted
// changes. It is to be applied to the old file or, with reverse, to the new one in
// the other direction.
func selectLines(diff []byte, want []api.GitLines, reverse bool) ([]byte, error) {
	header, hunks, err := parsePatch(diff)
	if err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(bytes.Clone(header))
	some := false
	for _, h := range hunks {
		if h.choose(want) {
			h.reduce(reverse)
			h.write(out)
			some = true
		}
	}
	if !some {
		return nil, errNoChange
	}
	return out.Bytes(), nil
}

// choose marks the wanted lines and reports whether there are any.
func (h *hunk) choose(want []api.GitLines) (some bool) {
	for i := range h.lines {
		l := &h.lines[i]
		for _, w := range want {
			l.wanted = l.wanted || l.sign == '-' && l.number >= w.OldFrom && l.number < w.OldTo || l.sign == '+' && l.number >= w.NewFrom && l.number < w.NewTo
		}
		some = some || l.wanted
	}
	return some
}

// reduce takes the changes out that are not wanted. Of each run of changed lines,
// those that the file already has and that stay become context: before the wanted
// ones when they were before them, else behind.
func (h *hunk) reduce(reverse bool) {
	has, new := byte('-'), byte('+')
	if reverse {
		has, new = new, has
	}
	var out []line
	for i := 0; i < len(h.lines); {
		if h.lines[i].sign == ' ' {
			out = append(out, h.lines[i])
			i++
			continue
		}
		end := i
		for end < len(h.lines) && h.lines[end].sign != ' ' {
			end++
		}
		out = append(out, reduceRun(h.lines[i:end], has, new)...)
		i = end
	}
	h.lines = out
}

func reduceRun(run []line, has, new byte) (out []line) {
	last := -1 // the last wanted line that the file has
	for i, l := range run {
		if l.sign == has && l.wanted {
			last = i
		}
	}
	var after []line
	for i, l := range run {
		if l.sign != has {
			continue
		}
		if !l.wanted {
			l.sign = ' '
		}
		if last >= 0 && i > last {
			after = append(after, l)
		} else {
			out = append(out, l)
		}
	}
	for _, l := range run {
		if l.sign == new && l.wanted {
			out = append(out, l)
		}
	}
	return append(out, after...)
}

// write writes the hunk with its counts as they are now.
func (h *hunk) write(out *bytes.Buffer) {
	old, new := 0, 0
	for _, l := range h.lines {
		if l.sign != '+' {
			old++
		}
		if l.sign != '-' {
			new++
		}
	}
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", h.oldFrom, old, h.newFrom, new)
	for _, l := range h.lines {
		out.WriteByte(l.sign)
		out.Write(l.text)
		out.WriteByte('\n')
		if l.bare {
			out.WriteString("\\ No newline at end of file\n")
		}
	}
}
