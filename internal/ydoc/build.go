package ydoc

import "slices"

// manyBlocks is from how many blocks of its authors on a document's lists are
// indexed in several runs at once. Only TestMain changes it.
var manyBlocks = 64

// sideBySide is how many runs are gone along at the same time: the next item of
// each can be anywhere in memory, and they are waited for together.
const sideBySide = 16

// buildIndex makes the index of a list: leaves of three quarters of what they
// may have, and the nodes above them.
func buildIndex(l *list) *index {
	level := l.leaves()
	for len(level) > 1 {
		var above []*node
		for part := range slices.Chunk(level, max(2, maxKids*3/4)) {
			p := &node{kids: slices.Clone(part)}
			for _, k := range part {
				k.up = p
				p.length += k.length
			}
			above = append(above, p)
		}
		level = above
	}
	return &index{root: level[0]}
}

// run is a part of a list that is divided into leaves, from one item up to the
// first of another run.
type run struct {
	at     *item // the next one
	leaves []*node
}

// leaves divides the list into leaves, in its order; an empty one has one too.
func (l *list) leaves() []*node {
	if l.first == nil {
		return []*node{{}}
	}
	d := l.branch.doc
	starts := l.starts(d)
	d.mark++ // no item has it yet
	runs := make([]run, len(starts))
	of := make(map[*item]*run, len(starts))
	for i, it := range starts {
		it.mark = d.mark
		runs[i].take(it)
		of[it] = &runs[i]
	}
	d.touched += goAlong(runs, d.mark)
	all := runs[0].leaves
	for r := of[runs[0].at]; r != nil; r = of[r.at] {
		all = append(all, r.leaves...)
	}
	return all
}

// starts returns the first item and, of a large document, others anywhere.
func (l *list) starts(d *Doc) []*item {
	its := []*item{l.first}
	blocks := 0
	for _, a := range d.authors[1:] {
		blocks += len(a.blocks)
	}
	if blocks < manyBlocks {
		return its
	}
	for _, a := range d.authors[1:] {
		for _, b := range a.blocks {
			if it := b.items[0]; it.list == l && it != l.first {
				its = append(its, it)
			}
		}
	}
	return its
}

// goAlong takes the items of all runs, up to those that are marked.
// It returns the sum of what it touched, which the compiler would leave out otherwise.
func goAlong(runs []run, mark uint32) (touched uint32) {
	going := make([]*run, 0, sideBySide)
	for len(runs)+len(going) > 0 {
		n := min(len(runs), sideBySide-len(going))
		for i := range n {
			going = append(going, &runs[i])
		}
		runs = runs[n:]
		for _, r := range going {
			if r.at != nil {
				touched += r.at.mark
			}
		}
		w := 0
		for _, r := range going {
			if it := r.at; it != nil && it.mark != mark {
				r.take(it)
				going[w] = r
				w++
			}
		}
		going = going[:w]
	}
	return touched
}

// take puts the next item of the run into its latest leaf, or begins one.
func (r *run) take(it *item) {
	n := len(r.leaves)
	if n == 0 || r.leaves[n-1].n >= max(1, maxLeaf*3/4) {
		r.leaves = append(r.leaves, &node{first: it})
		n++
	}
	leaf := r.leaves[n-1]
	it.leaf = leaf
	leaf.n++
	if it.visible() {
		leaf.length += int(it.length)
	}
	r.at = it.right
}
