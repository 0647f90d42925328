package ydoc

import "slices"

// author holds all items of one client in the order of their clocks, without
// gaps, in blocks, so that an item can be found and split anywhere in a long
// history.
type author struct {
	id     uint64
	index  uint32
	next   uint32 // the clock that follows the last item
	blocks []*block
	starts []uint32 // where each block begins, to search without touching the blocks

	touched bool   // in the open transaction
	before  uint32 // next before the open transaction, when touched

	queue   []arrival // structs that came in and wait, by clock
	needs   ref       // what the head of queue waits for, of another author
	waiters []waiter  // who waits for more of this author
}

// block is a part of an author's items; clocks repeats where each begins, to
// search without touching the items.
type block struct {
	clocks []uint32
	items  []*item
}

// maxBlock is how many items a block holds. Only TestMain changes it, so that
// small documents have many blocks too.
var maxBlock = 512

// spot is where an item is among its author's: block and place in it.
type spot struct{ b, i int }

func (a *author) at(s spot) *item { return a.blocks[s.b].items[s.i] }

// find returns where the item that contains clock, below next, is.
func (a *author) find(clock uint32) spot {
	b := len(a.starts) - 1
	if clock < a.starts[b] {
		b = before(a.starts, clock)
	}
	return spot{b, before(a.blocks[b].clocks, clock)}
}

// before returns the place of the last of ascending clocks that is not above
// clock; the first is not. Clocks that rise evenly are found at once.
func before(cs []uint32, clock uint32) int {
	lo, hi := 0, len(cs)-1
	if cs[hi] <= clock {
		return hi
	}
	// From here on cs[lo] <= clock < cs[hi].
	guess := int(uint64(clock-cs[0]) * uint64(hi) / uint64(cs[hi]-cs[0]))
	for step := 1; ; step *= 2 {
		if cs[guess] <= clock {
			if lo = guess; guess+step >= hi {
				break
			}
			if guess += step; cs[guess] > clock {
				hi = guess
				break
			}
			continue
		}
		if hi = guess; guess-step <= lo {
			break
		}
		if guess -= step; cs[guess] <= clock {
			lo = guess
			break
		}
	}
	for lo+1 < hi {
		if m := int(uint(lo+hi) >> 1); cs[m] <= clock {
			lo = m
		} else {
			hi = m
		}
	}
	return lo
}

// get returns the item that contains clock, below next.
func (a *author) get(clock uint32) *item { return a.at(a.find(clock)) }

// push appends the item at next.
func (a *author) push(it *item) {
	n := len(a.blocks)
	if n == 0 || len(a.blocks[n-1].items) >= maxBlock {
		b := &block{}
		if n > 0 { // there will be more
			b.clocks, b.items = make([]uint32, 0, maxBlock), make([]*item, 0, maxBlock)
		}
		a.blocks = append(a.blocks, b)
		a.starts = append(a.starts, it.id.clock)
		n++
	}
	b := a.blocks[n-1]
	b.clocks = append(b.clocks, it.id.clock)
	b.items = append(b.items, it)
	a.next = it.end()
}

// insert puts it behind s, where the item was split.
func (a *author) insert(s spot, it *item) {
	b := a.blocks[s.b]
	if len(b.items) >= maxBlock {
		h := len(b.items) / 2
		r := &block{clocks: append([]uint32(nil), b.clocks[h:]...), items: append([]*item(nil), b.items[h:]...)}
		clear(b.items[h:])
		b.clocks, b.items = b.clocks[:h], b.items[:h]
		a.blocks = slices.Insert(a.blocks, s.b+1, r)
		a.starts = slices.Insert(a.starts, s.b+1, r.clocks[0])
		if s.i >= h {
			b, s.i = r, s.i-h
		}
	}
	b.clocks = append(b.clocks, 0)
	copy(b.clocks[s.i+2:], b.clocks[s.i+1:])
	b.clocks[s.i+1] = it.id.clock
	b.items = append(b.items, nil)
	copy(b.items[s.i+2:], b.items[s.i+1:])
	b.items[s.i+1] = it
}

// truncate forgets the items from clock on, where an item must begin.
func (a *author) truncate(clock uint32) {
	if clock >= a.next {
		return
	}
	if clock == 0 {
		a.blocks, a.starts, a.next = nil, nil, 0
		return
	}
	s := a.find(clock)
	b := a.blocks[s.b]
	clear(b.items[s.i:])
	b.items, b.clocks = b.items[:s.i], b.clocks[:s.i]
	keep := s.b + 1
	if s.i == 0 {
		keep--
	}
	clear(a.blocks[keep:])
	a.blocks, a.starts = a.blocks[:keep], a.starts[:keep]
	a.next = clock
}

// each calls f with the items that overlap [from, to), to at most next.
func (a *author) each(from, to uint32, f func(*item)) {
	if from >= to {
		return
	}
	for s := a.find(from); s.b < len(a.blocks); s = (spot{s.b + 1, 0}) {
		for _, it := range a.blocks[s.b].items[s.i:] {
			if it.id.clock >= to {
				return
			}
			f(it)
		}
	}
}

// leftOf returns where the item to the left of s is; false for the first.
func (a *author) leftOf(s spot) (spot, bool) {
	switch {
	case s.i > 0:
		return spot{s.b, s.i - 1}, true
	case s.b > 0:
		return spot{s.b - 1, len(a.blocks[s.b-1].items) - 1}, true
	}
	return s, false
}

// compact merges items with their left neighbours: all that begin in [from, to]
// and the one that contains from, and what it becomes with its left neighbours.
func (a *author) compact(s *slab, from, to uint32) {
	at := a.find(from)
	var prev *item
	for {
		left, ok := a.leftOf(at)
		if !ok {
			prev = nil
			break
		}
		if prev = a.at(left); !prev.mergeable(a.at(at)) {
			break
		}
		at = left
	}
	emptied := false
	for b, i := at.b, at.i; b < len(a.blocks); b, i = b+1, 0 {
		done := a.blocks[b].compact(s, &prev, i, to)
		if cs := a.blocks[b].clocks; len(cs) > 0 {
			a.starts[b] = cs[0]
		} else {
			emptied = true
		}
		if done {
			break
		}
	}
	if emptied {
		a.dropEmpty(at.b)
	}
}

// compact does the work of author.compact in one block from place i on; it
// reports whether it came to an item that begins after to.
func (b *block) compact(s *slab, prev **item, i int, to uint32) bool {
	w := i
	for ; i < len(b.items); i++ {
		it := b.items[i]
		if it.id.clock > to {
			break
		}
		if p := *prev; p != nil && p.mergeable(it) {
			p.merge(it)
			s.give(it)
			continue
		}
		*prev = it
		b.items[w], b.clocks[w] = it, it.id.clock
		w++
	}
	done := i < len(b.items)
	if w == i {
		return done
	}
	n := w + copy(b.items[w:], b.items[i:])
	copy(b.clocks[w:], b.clocks[i:])
	clear(b.items[n:])
	b.items, b.clocks = b.items[:n], b.clocks[:n]
	return done
}

// dropEmpty removes empty blocks from place b on.
func (a *author) dropEmpty(b int) {
	w := b
	for _, bl := range a.blocks[b:] {
		if len(bl.items) > 0 {
			a.blocks[w], a.starts[w] = bl, bl.clocks[0]
			w++
		}
	}
	clear(a.blocks[w:])
	a.blocks, a.starts = a.blocks[:w], a.starts[:w]
}
