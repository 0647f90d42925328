package files

import (
	"cmp"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// sorting is an order of the entries of a folder. It is total: no two names are
// equal in it.
type sorting struct {
	order      Order
	descending bool
}

// sortKey is the place of an entry in a listing.
type sortKey struct {
	file   bool  // not a folder: after the folders
	number int64 // what it is sorted by, where that is a number
	name   string
}

// stats reports whether entries must be looked at to be sorted.
func (s sorting) stats() bool { return s.order == BySize || s.order == ByModified }

// number is what an entry is sorted by.
func (s sorting) number(st *unix.Stat_t, file bool) int64 {
	switch {
	case s.order == ByModified:
		return st.Mtim.Nano()
	case file:
		return st.Size
	}
	return 0
}

func (s sorting) compare(a, b *sortKey) int {
	if a.file != b.file {
		if b.file {
			return -1
		}
		return 1
	}
	c := 0
	switch s.order {
	case BySize, ByModified:
		c = cmp.Compare(a.number, b.number)
	case ByKind:
		if a.file {
			c = strings.Compare(extension(a.name), extension(b.name))
		}
	default:
		c = compareNatural(a.name, b.name)
	}
	if s.descending {
		c = -c
	}
	if c != 0 {
		return c
	}
	return compareNatural(a.name, b.name)
}

// extension is what kind of file the name says it is.
func extension(name string) string {
	return strings.ToLower(path.Ext(strings.TrimPrefix(name, ".")))
}

// cursor writes a place: "d" or "f", where numbers count that and a comma, and the
// segment.
func (s sorting) cursor(k sortKey) string {
	text := "d"
	if k.file {
		text = "f"
	}
	if s.stats() {
		text += strconv.FormatInt(k.number, 36) + ","
	}
	return text + EncodeName(k.name)
}

// parseCursor reads what cursor wrote. "" is the place before everything, nil. The
// error is of kind Invalid.
func (s sorting) parseCursor(text string) (*sortKey, error) {
	if text == "" {
		return nil, nil
	}
	bad := lyceum.Invalidf("after", "not a place in a listing of this order: %.60q", text)
	k := &sortKey{file: text[0] == 'f'}
	if text[0] != 'd' && text[0] != 'f' {
		return nil, bad
	}
	segment := text[1:]
	if s.stats() {
		number, rest, ok := strings.Cut(segment, ",")
		n, err := strconv.ParseInt(number, 36, 64)
		if !ok || err != nil {
			return nil, bad
		}
		k.number, segment = n, rest
	}
	name, err := DecodeName(segment)
	if err != nil {
		return nil, bad
	}
	k.name = name
	return k, nil
}

// ParseOrder reads an order and its direction, "asc" or "desc", each of which may
// be "". The error is of kind Invalid.
func ParseOrder(order, direction string) (o Order, descending bool, err error) {
	switch o = cmp.Or(Order(order), ByName); o {
	case ByName, BySize, ByModified, ByKind:
	default:
		return "", false, lyceum.Invalidf("sort", "sort must be name, size, modified or kind")
	}
	switch direction {
	case "", "asc":
		return o, false, nil
	case "desc":
		return o, true, nil
	}
	return "", false, lyceum.Invalidf("order", "order must be asc or desc")
}

// matcher returns what a filter accepts: names that have it in them, or when it has
// a "*" (any characters) or "?" (one byte or character) names that match it whole.
func matcher(filter string) func(name string) bool {
	if filter == "" {
		return func(string) bool { return true }
	}
	filter = strings.ToLower(filter)
	if !strings.ContainsAny(filter, "*?") {
		return func(name string) bool { return strings.Contains(strings.ToLower(name), filter) }
	}
	pattern := []rune(filter)
	return func(name string) bool { return matches(pattern, []rune(strings.ToLower(name))) }
}

// matches takes time proportional to the product of the lengths at most: after a
// star that did not fit, only the last star is tried again.
func matches(pattern, name []rune) bool {
	p, n, star, from := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
