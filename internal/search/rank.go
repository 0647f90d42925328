package search

import (
	"bytes"
	"container/heap"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// recentBonus lifts what somebody has just used: over others that have the letters
// as well, not over those that have them better by a whole class.
const recentBonus = 150

// fold takes marks and capitals away.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(s)
	}
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}

// rate says how well word is found in a path whose last part begins at base. Path is
// the same with capitals, which begin words too. More is better:
//
//	1000  the whole last part, or all of it before its dot
//	 800  the beginning of the last part
//	 600  the beginning of a word in it
//	 450  within it
//	 300  in the folders
//	   0  letter after letter, in the last part (150) or anywhere
func rate(s, path []byte, base int, word []byte) (points int, ok bool) {
	if i, start := place(s, path, base, word); i >= 0 {
		name := s[base:]
		rest := min(len(name)-len(word), 90)
		switch at := i - base; {
		case at == 0 && (rest == 0 || name[len(word)] == '.' && bytes.LastIndexByte(name, '.') == len(word)):
			return 1000 - rest, true
		case at == 0:
			return 800 - rest, true
		case start:
			return 600 - rest, true
		default:
			return 450 - rest, true
		}
	}
	if i, start := place(s, path, 0, word); i >= 0 {
		points = 300 - min(len(s)-i, 90)
		if start {
			points += 50
		}
		return points, true
	}
	if p, ok := letters(s, path, base, word); ok {
		return 150 + p, true
	}
	return letters(s, path, 0, word)
}

// place is where word stands in s at or behind from: where it begins a word, if it
// does anywhere, else where it stands first; -1 for nowhere.
func place(s, path []byte, from int, word []byte) (at int, start bool) {
	first := -1
	for i := from; ; i++ {
		n := bytes.Index(s[i:], word)
		if n < 0 {
			return first, false
		}
		i += n
		if begins(s, path, i) {
			return i, true
		}
		if first < 0 {
			first = i
		}
	}
}

// begins reports whether a word begins at s[i].
func begins(s, path []byte, i int) bool {
	if i == 0 {
		return true
	}
	switch s[i-1] {
	case '/', '_', '-', '.', ' ':
		return true
	}
	// Where folding changed lengths, capitals are not known.
	if len(path) == len(s) && 'A' <= path[i] && path[i] <= 'Z' {
		return 'A' > path[i-1] || path[i-1] > 'Z'
	}
	return false
}

// letters finds the letters of word in their order, from 0 to 140.
func letters(s, path []byte, from int, word []byte) (points int, ok bool) {
	if points, ok = follow(s, path, from, word, true); !ok {
		// Steps to beginnings of words may lead past the rest of the letters.
		points, ok = follow(s, path, from, word, false)
	}
	return points, ok
}

func follow(s, path []byte, from int, word []byte, leap bool) (points int, ok bool) {
	at := from - 1
	for _, c := range word {
		i := bytes.IndexByte(s[at+1:], c)
		if i < 0 {
			return 0, false
		}
		next := at + 1 + i
		if leap && (next != at+1 || at < from) {
			// A little further it may begin a word, which is what is meant by "sb" for
			// side_bar; then the rest must follow there.
			for j, tries := next, 0; j >= 0 && tries < 4; tries++ {
				if begins(s, path, j) {
					next = j
					break
				}
				n := bytes.IndexByte(s[j+1:], c)
				if n < 0 {
					break
				}
				j += 1 + n
			}
		}
		switch {
		case begins(s, path, next):
			points += 8
		case next == at+1:
			points += 5
		default:
			points -= min(next-at, 10)
		}
		at = next
	}
	return min(max(points, 0)*10/max(len(word), 1), 140), true
}

// ranking keeps the best ones, in a heap with the worst on top.
type ranking struct {
	limit int
	x     *index
	list  []rated
	more  bool
}

type rated struct{ item, points int }

func (r *ranking) add(item, points int) {
	if len(r.list) < r.limit {
		heap.Push(r, rated{item, points})
		return
	}
	r.more = true
	if r.compare(rated{item, points}, r.list[0]) < 0 {
		r.list[0] = rated{item, points}
		heap.Fix(r, 0)
	}
}

// compare sorts the better one first, and of two that are as good the shorter path.
func (r *ranking) compare(a, b rated) int {
	if a.points != b.points {
		return b.points - a.points
	}
	p, q := r.x.path(&r.x.items[a.item]), r.x.path(&r.x.items[b.item])
	if len(p) != len(q) {
		return len(p) - len(q)
	}
	return bytes.Compare(p, q)
}

func (r *ranking) sorted() []rated {
	slices.SortFunc(r.list, r.compare)
	return r.list
}

// Len is for package heap, as are the following.
func (r *ranking) Len() int { return len(r.list) }

// Less puts the worst on top.
func (r *ranking) Less(i, j int) bool { return r.compare(r.list[i], r.list[j]) > 0 }

// Swap exchanges two.
func (r *ranking) Swap(i, j int) { r.list[i], r.list[j] = r.list[j], r.list[i] }

// Push adds one at the end.
func (r *ranking) Push(x any) { r.list = append(r.list, x.(rated)) }

// Pop takes the last one away.
func (r *ranking) Pop() any {
	last := r.list[len(r.list)-1]
	r.list = r.list[:len(r.list)-1]
	return last
}
