package ydoc

import (
	"cmp"
	"slices"
)

// span is a range of clocks of one author, [from, to).
type span struct {
	author   uint32
	from, to uint32
}

// normalize sorts the spans by author and clock and joins those that touch.
func normalize(ss []span) []span {
	if len(ss) < 2 {
		return ss
	}
	order := func(a, b span) int {
		return cmp.Or(cmp.Compare(a.author, b.author), cmp.Compare(a.from, b.from))
	}
	if !slices.IsSortedFunc(ss, order) && !regroup(ss) {
		slices.SortFunc(ss, order)
	}
	w := 0
	for _, s := range ss[1:] {
		if p := &ss[w]; p.author == s.author && s.from <= p.to {
			p.to = max(p.to, s.to)
		} else {
			w++
			ss[w] = s
		}
	}
	return ss[:w+1]
}

// regroup puts spans in order whose authors stand together, each in order, as an
// update has them. It returns false where they do not.
func regroup(ss []span) bool {
	var groups [][]span
	at := 0
	for i := 1; i <= len(ss); i++ {
		switch {
		case i == len(ss) || ss[i].author != ss[at].author:
			groups = append(groups, ss[at:i])
			at = i
		case ss[i].from < ss[i-1].from:
			return false
		}
		if len(groups) > 1<<10 {
			return false
		}
	}
	slices.SortFunc(groups, func(a, b []span) int { return cmp.Compare(a[0].author, b[0].author) })
	for i := 1; i < len(groups); i++ {
		if groups[i][0].author == groups[i-1][0].author {
			return false
		}
	}
	copy(ss, slices.Concat(groups...))
	return true
}

// deletions returns all that is deleted, normalized.
func (d *Doc) deletions() []span {
	var all []span
	for _, a := range d.authors[1:] {
		for _, b := range a.blocks {
			for _, it := range b.items {
				if !it.deleted {
					continue
				}
				if n := len(all); n > 0 && all[n-1].author == a.index && all[n-1].to == it.id.clock {
					all[n-1].to = it.end()
				} else {
					all = append(all, span{a.index, it.id.clock, it.end()})
				}
			}
		}
	}
	return all
}

// putDeletes writes normalized spans, higher clients first.
func (d *Doc) putDeletes(b []byte, ss []span) []byte {
	type group struct {
		client uint64
		spans  []span
	}
	var gs []group
	for len(ss) > 0 {
		n := 1
		for n < len(ss) && ss[n].author == ss[0].author {
			n++
		}
		gs = append(gs, group{d.authors[ss[0].author].id, ss[:n]})
		ss = ss[n:]
	}
	slices.SortFunc(gs, func(a, b group) int { return cmp.Compare(b.client, a.client) })
	b = putUint(b, uint64(len(gs)))
	for _, g := range gs {
		b = putUint(putUint(b, g.client), uint64(len(g.spans)))
		for _, s := range g.spans {
			b = putUint(putUint(b, uint64(s.from)), uint64(s.to-s.from))
		}
	}
	return b
}
