package ydoc

import (
	"cmp"
	"slices"
)

// updateSink writes an update in one of the versions.
type updateSink interface {
	put(p *piece)                // pieces of one client follow each other, by clock
	finish(ds []deletion) []byte // normalized
}

// sections gathers the structs of an update behind their counts, which are
// known only when all of a client's are written.
type sections struct {
	body   []byte
	client uint64
	count  int
	done   []section
}

// section is a written one: its structs, and the end of its bytes.
type section struct{ count, end int }

// begins counts the piece, and reports whether a section begins with it.
func (s *sections) begins(p *piece) bool {
	fresh := s.count == 0 || s.client != p.id.client
	if fresh {
		s.close()
		s.client = p.id.client
	}
	s.count++
	return fresh
}

func (s *sections) close() {
	if s.count > 0 {
		s.done = append(s.done, section{s.count, len(s.body)})
		s.count = 0
	}
}

// join returns all sections, each behind its count, behind their number.
func (s *sections) join() []byte {
	s.close()
	b := putUint(make([]byte, 0, len(s.body)+8*len(s.done)+8), uint64(len(s.done)))
	from := 0
	for _, d := range s.done {
		b = append(putUint(b, uint64(d.count)), s.body[from:d.end]...)
		from = d.end
	}
	return b
}

// deletion is a span of deleted units without a document.
type deletion struct {
	client   uint64
	from, to uint32
}

// normalizeDeletions sorts them as updates have them, higher clients first, and
// joins those that touch.
func normalizeDeletions(ds []deletion) []deletion {
	order := func(a, b deletion) int {
		return cmp.Or(cmp.Compare(b.client, a.client), cmp.Compare(a.from, b.from))
	}
	if !slices.IsSortedFunc(ds, order) {
		slices.SortFunc(ds, order)
	}
	out := ds[:0]
	for _, s := range ds {
		if n := len(out) - 1; n >= 0 && out[n].client == s.client && s.from <= out[n].to {
			out[n].to = max(out[n].to, s.to)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// putDeletions writes normalized ones; put gets the clock after the span before.
func putDeletions(b []byte, ds []deletion, put func(b []byte, last, from, n uint32) []byte) []byte {
	clients := 0
	for i, s := range ds {
		if i == 0 || s.client != ds[i-1].client {
			clients++
		}
	}
	b = putUint(b, uint64(clients))
	for len(ds) > 0 {
		n := 1
		for n < len(ds) && ds[n].client == ds[0].client {
			n++
		}
		b = putUint(putUint(b, ds[0].client), uint64(n))
		last := uint32(0)
		for _, s := range ds[:n] {
			b = put(b, last, s.from, s.to-s.from)
			last = s.to
		}
		ds = ds[n:]
	}
	return b
}

// putSpanV1 and putSpanV2 write a span for putDeletions.
func putSpanV1(b []byte, _, from, n uint32) []byte {
	return putUint(putUint(b, uint64(from)), uint64(n))
}

func putSpanV2(b []byte, last, from, n uint32) []byte {
	return putUint(putUint(b, uint64(from-last)), uint64(n-1))
}

// deleteSet reads what putDeletions writes; span reads a span, from the end of
// the one before.
func (d *decoder) deleteSet(span func(d *decoder, last uint32) deletion) []deletion {
	var all []deletion
	for range d.count(2) {
		client, last := d.uint(), uint32(0)
		for range d.count(2) {
			s := span(d, last)
			if s.client, last = client, s.to; s.from < s.to {
				all = append(all, s)
			}
		}
	}
	return normalizeDeletions(all)
}

func spanV1(d *decoder, _ uint32) deletion { return d.span(d.uint(), d.uint()) }

func spanV2(d *decoder, last uint32) deletion {
	return d.span(uint64(last)+d.uint(), d.uint()+1)
}

// span checks a span of n units.
func (d *decoder) span(from, n uint64) deletion {
	if from+n >= 1<<32 {
		d.fail("a clock is too large")
		return deletion{}
	}
	return deletion{from: uint32(from), to: uint32(from + n)}
}
