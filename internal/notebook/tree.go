package notebook

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is what a node of a tree is.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

const (
	maxDepth = 200     // how deep values may nest
	maxNodes = 4 << 20 // how many values a notebook may have
)

// node is a value in the file's text.
type node struct {
	kind       kind
	start, end uint32 // in the text, half-open
	after      uint32 // the node behind this one and all that is in it
}

// tree is a JSON text with where its values are. The nodes come in the order of
// the text, a container before what is in it; in an object keys and values take
// turns, so walking needs no pointers. It is never changed.
type tree struct {
	text  string
	nodes []node
}

// syntaxError is where a text stops being JSON.
type syntaxError struct {
	at   int // byte offset
	what string
	hard bool // it is JSON, but too much of it
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s (byte %d)", e.what, e.at) }

// parse reads a JSON text. It is as lenient as Python's json: NaN and Infinity are
// numbers, control characters may stand in strings. After an error the tree holds
// what was read up to there, with everything that was open closed.
func parse(s string) (*tree, *syntaxError) {
	p := parser{tree: &tree{text: s, nodes: make([]node, 0, 1+len(s)/64)}}
	p.space()
	if !p.value(0) {
		return p.tree, p.err
	}
	p.space()
	if p.at < len(s) {
		return p.tree, &syntaxError{at: p.at, what: "something stands behind the end"}
	}
	return p.tree, nil
}

type parser struct {
	*tree
	at  int
	err *syntaxError
}

func (p *parser) fail(what string) bool {
	if p.err == nil {
		p.err = &syntaxError{at: p.at, what: what}
	}
	return false
}

func (p *parser) tooMuch(what string) bool {
	p.fail(what)
	p.err.hard = true
	return false
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) open(k kind) int {
	p.nodes = append(p.nodes, node{kind: k, start: uint32(p.at)})
	return len(p.nodes) - 1
}

func (p *parser) close(i int) {
	p.nodes[i].end, p.nodes[i].after = uint32(p.at), uint32(len(p.nodes))
}

// value reads one value. It is false after an error; the node then holds what was
// read, or there is none.
func (p *parser) value(depth int) bool {
	switch {
	case p.at >= len(p.text):
		return p.fail("the file ends too early")
	case depth > maxDepth:
		return p.tooMuch("values nest too deep")
	case len(p.nodes) >= maxNodes:
		return p.tooMuch("there are too many values")
	}
	switch c := p.text[p.at]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return p.string()
	case c == '-' || c >= '0' && c <= '9' || c == 'N' || c == 'I':
		return p.number()
	}
	for word, k := range words {
		if strings.HasPrefix(p.text[p.at:], word) {
			i := p.open(k)
			p.at += len(word)
			p.close(i)
			return true
		}
	}
	return p.fail("this is no value")
}

var words = map[string]kind{"null": null, "true": boolean, "false": boolean}

func (p *parser) object(depth int) bool {
	i := p.open(object)
	defer p.close(i)
	p.at++
	for first := true; ; first = false {
		p.space()
		if p.at < len(p.text) && p.text[p.at] == '}' && first {
			p.at++
			return true
		}
		if p.at >= len(p.text) || p.text[p.at] != '"' {
			return p.fail("a name is missing")
		}
		key, n := p.at, len(p.nodes)
		if !p.string() {
			p.nodes = p.nodes[:n]
			return false
		}
		p.space()
		if p.at >= len(p.text) || p.text[p.at] != ':' {
			p.at = key
			p.nodes = p.nodes[:n]
			return p.fail("a value is missing")
		}
		p.at++
		p.space()
		has := len(p.nodes)
		if !p.value(depth + 1) {
			if len(p.nodes) == has {
				p.nodes = p.nodes[:n] // the name alone is of no use
			}
			return false
		}
		if more, ok := p.next('}'); !more {
			return ok
		}
	}
}

func (p *parser) array(depth int) bool {
	i := p.open(array)
	defer p.close(i)
	p.at++
	for first := true; ; first = false {
		p.space()
		if p.at < len(p.text) && p.text[p.at] == ']' && first {
			p.at++
			return true
		}
		if !p.value(depth + 1) {
			return false
		}
		if more, ok := p.next(']'); !more {
			return ok
		}
	}
}

// next passes over a comma, or the end of a container.
func (p *parser) next(end byte) (more, ok bool) {
	p.space()
	switch {
	case p.at < len(p.text) && p.text[p.at] == ',':
		p.at++
		return true, true
	case p.at < len(p.text) && p.text[p.at] == end:
		p.at++
		return false, true
	}
	return false, p.fail("a comma or an end is missing")
}

// string reads a string; one that the end of the text cuts off is kept up to there.
func (p *parser) string() bool {
	i := p.open(text)
	defer p.close(i)
	for p.at++; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '"':
			p.at++
			return true
		case '\\':
			p.at++
		}
	}
	p.at = len(p.text)
	return p.fail("the file ends within a string")
}

func (p *parser) number() bool {
	i := p.open(number)
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789eENaIinfty", p.text[p.at]) >= 0 {
		p.at++
	}
	p.close(i)
	if _, ok := parseNumber(p.text[start:p.at]); !ok {
		p.at = start
		p.nodes = p.nodes[:i]
		return p.fail("this is no number")
	}
	return true
}

// parseNumber reads a number of JSON or of Python's json. What is too large is
// infinite, as there.
func parseNumber(s string) (float64, bool) {
	digits := strings.TrimPrefix(s, "-")
	switch digits {
	case "NaN", "Infinity":
	default:
		if digits == "" || digits[0] < '0' || digits[0] > '9' || strings.ContainsAny(digits, "NIaifnty") {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if e, ok := err.(*strconv.NumError); ok && e.Err == strconv.ErrRange { //nolint:errorlint // ParseFloat returns it as it is
		err = nil
	}
	return f, err == nil
}

// raw is a node's own text.
func (t *tree) raw(i int) string { return t.text[t.nodes[i].start:t.nodes[i].end] }

// kids yields the nodes in a container: of an array the values; of an object keys
// and values in turn.
func (t *tree) kids(i int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for k := i + 1; k < int(t.nodes[i].after); k = int(t.nodes[k].after) {
			if !yield(k) {
				return
			}
		}
	}
}

// members yields the keys of an object with the nodes of their values.
func (t *tree) members(i int) func(yield func(string, int) bool) {
	return func(yield func(string, int) bool) {
		if t.nodes[i].kind != object {
			return
		}
		for k := i + 1; k < int(t.nodes[i].after); {
			v := int(t.nodes[k].after)
			if v >= int(t.nodes[i].after) || !yield(t.str(k), v) {
				return
			}
			k = int(t.nodes[v].after)
		}
	}
}

// member returns the node of a key's value, -1 if there is none. Of equal keys the
// last one counts.
func (t *tree) member(i int, key string) int {
	found := -1
	for k, v := range t.members(i) {
		if k == key {
			found = v
		}
	}
	return found
}

// is reports whether i is a node of that kind; -1 is none.
func (t *tree) is(i int, k kind) bool { return i >= 0 && t.nodes[i].kind == k }

// str is the string that a node of kind text holds. What is not UTF-8 and what is
// half a pair of surrogates becomes U+FFFD, as in a shared document.
func (t *tree) str(i int) string {
	s := strings.TrimPrefix(t.raw(i), `"`)
	if n := len(s); n > 0 && s[n-1] == '"' && !escaped(s, n-1) {
		s = s[:n-1]
	}
	if strings.IndexByte(s, '\\') < 0 {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return unescape(s)
}

// escaped reports whether an odd number of backslashes stands before the byte at i.
func escaped(s string, i int) bool {
	n := 0
	for i--; i >= 0 && s[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}

var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f'}

func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i++; i >= len(s) {
			break
		}
		if c, ok := escapes[s[i]]; ok {
			b = append(b, c)
			continue
		}
		if s[i] != 'u' {
			b = append(b, s[i])
			continue
		}
		r, ok := hex4(s[i+1:])
		if !ok {
			b = append(b, 'u')
			continue
		}
		i += 4
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), strings.HasPrefix(s[i+1:], `\u`)
			if ok {
				low, ok = hex4(s[i+3:])
			}
			if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
				i += 6
			} else {
				r = utf8.RuneError
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(n), err == nil
}

// decode returns a value as nil, bool, float64, string, []any or map[string]any.
func (t *tree) decode(i int) any {
	switch t.nodes[i].kind {
	case boolean:
		return t.raw(i) == "true"
	case number:
		f, _ := parseNumber(t.raw(i))
		return f
	case text:
		return t.str(i)
	case array:
		list := []any{}
		for k := range t.kids(i) {
			list = append(list, t.decode(k))
		}
		return list
	case object:
		return t.object(i)
	}
	return nil
}

func (t *tree) object(i int) map[string]any {
	m := map[string]any{}
	for k, v := range t.members(i) {
		m[k] = t.decode(v)
	}
	return m
}

// lines returns a string that may be written as a list of its lines.
func (t *tree) lines(i int) (string, bool) {
	switch {
	case t.is(i, text):
		return t.str(i), true
	case !t.is(i, array):
		return "", false
	}
	var b strings.Builder
	for k := range t.kids(i) {
		if t.nodes[k].kind != text {
			return "", false
		}
		b.WriteString(t.str(k))
	}
	return b.String(), true
}
