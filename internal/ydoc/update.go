package ydoc

import (
	"bytes"
)

// Layout of an update (V1); all numbers are varUint, a ref is client and clock:
//
//	authors { structs client clock struct… }… deletions
//	struct    = 0 length                                     garbage
//	          | 10 length                                    gap
//	          | info [origin ref] [right origin ref] [parent] content
//	parent    = 1 rootName [key] | 0 ref [key]               without any origin
//	deletions = clients { client spans { clock length }… }…
//
// The low 5 bits of info are the kind, the upper ones say what follows.
const (
	hasOrigin      = 0x80
	hasRightOrigin = 0x40
	hasKey         = 0x20
	kindBits       = 0x1F
)

// arrival is a struct that was decoded and is not in the document yet.
type arrival struct {
	*item
	target *target // where it goes when it has no origin
}

// target names the list of a struct without neighbours.
type target struct {
	root   string
	parent ref // none: the root type called root
	key    string
	keyed  bool
}

// stream is what an update has of one author, ascending.
type stream struct {
	author  *author
	structs []arrival
	bulk    *bulk // for many
}

// incoming is a decoded and checked update.
type incoming struct {
	streams []stream
	deletes []span
	lent    []arrival // of Doc.spare: the structs of one of the streams are in it
}

// spare is what a document lends to one small update after the other, so that each
// need not have its own.
type spare struct {
	streams []stream
	structs []arrival
	ready   []*author
}

const spareSize = 16 // streams, and structs

// take gives the update what the document has to lend.
func (s *spare) take() (in incoming) {
	in.streams, in.lent = s.streams, s.structs
	if s.streams, s.structs = nil, nil; in.lent == nil {
		in.streams, in.lent = make([]stream, 0, 2), make([]arrival, 0, spareSize)
	}
	return in
}

// giveBack ends the use of an update of which nothing waits.
func (s *spare) giveBack(in incoming) {
	if cap(in.streams) > spareSize {
		return
	}
	clear(in.streams)
	clear(in.lent[:spareSize])
	s.streams, s.structs = in.streams[:0], in.lent[:0]
}

// decodeUpdate reads an update and leaves out gaps, empty structs and those
// that the document has. Its error is of kind Invalid; then only unused authors may be left.
func (d *Doc) decodeUpdate(b []byte) (in incoming, err error) {
	if len(b) >= ownAbove {
		b = bytes.Clone(b)
	}
	r := updateReader{decoder: decoder{b: b}, doc: d}
	in = d.spare.take()
	r.lent = in.lent
	if len(b) >= 1<<31 {
		r.fail("it has 2 GB or more")
	}
	for range r.count(3) {
		r.readStream(&in)
	}
	in.deletes = r.readDeletes()
	if r.err == nil && r.pos != len(b) {
		r.fail("bytes follow its end")
	}
	return in, r.err
}

// ownAbove is the size in bytes from which an update is copied as a whole and
// its contents refer into the copy. Below, what stays is copied one by one.
const ownAbove = 512

type updateReader struct {
	decoder
	doc  *Doc
	lent []arrival // nil when a stream has it
}

// author reads a client id.
func (r *updateReader) author() uint32 {
	c := r.uint()
	if r.err != nil {
		return 0
	}
	return r.doc.author(c)
}

// ref reads a reference from the unit id, which may only name what was before it.
func (r *updateReader) ref(id ref) ref {
	to := ref{author: r.author()}
	to.clock = r.clock()
	if to.author == id.author && to.clock >= id.clock {
		r.fail("a struct refers to itself or to a later one")
	}
	return to
}

func (r *updateReader) readStream(in *incoming) {
	n := r.count(2)
	a := r.author()
	clock := r.clock()
	if r.err != nil {
		return
	}
	s := stream{author: r.doc.authors[a]}
	known := s.author.next
	var run []item // of many structs
	if clock >= known && n > 0 {
		if n <= cap(r.lent) {
			s.structs, r.lent = r.lent, nil
		} else {
			s.structs = make([]arrival, 0, n)
		}
		if n >= bulkAbove {
			run = make([]item, n)
		} else {
			r.doc.slab.reserve(n)
		}
	}
	for range n {
		var p *item
		if run != nil {
			p = &run[len(s.structs)]
		} else {
			p = r.doc.slab.take()
		}
		p.id = ref{a, clock}
		target := r.readStruct(p)
		if r.err != nil {
			return
		}
		if uint64(clock)+uint64(p.length) >= 1<<32 {
			r.fail("a clock is too large")
			return
		}
		clock += p.length
		if p.kind == kindSkip || clock <= known || p.length == 0 {
			// Yjs writes an empty text when its API is misused.
			if *p = (item{}); run == nil {
				r.doc.slab.give(p)
			}
			continue
		}
		s.structs = append(s.structs, arrival{p, target})
	}
	if run != nil && len(s.structs) > 0 {
		s.bulk = newBulk(run[:len(s.structs)])
	}
	if len(s.structs) > 0 {
		in.streams = append(in.streams, s)
	}
}

func (r *updateReader) readStruct(it *item) *target {
	info := r.byte()
	it.kind = kind(info & kindBits)
	if it.kind == kindGC || it.kind == kindSkip {
		it.deleted = true
		it.length = r.clock()
		return nil
	}
	var t *target
	if info&hasOrigin != 0 {
		it.origin = r.ref(it.id)
	}
	if info&hasRightOrigin != 0 {
		it.rightOrigin = r.ref(it.id)
	}
	if info&(hasOrigin|hasRightOrigin) == 0 {
		t = r.readTarget(it.id, info&hasKey != 0)
	}
	it.data, it.length = r.content(it.kind)
	it.deleted = it.kind == kindDeleted
	return t
}

func (r *updateReader) readTarget(id ref, keyed bool) *target {
	t := &target{keyed: keyed}
	if r.uint() == 1 {
		t.root = string(r.text())
	} else {
		t.parent = r.ref(id)
	}
	if keyed {
		t.key = string(r.text())
	}
	return t
}

// content checks the content of a struct and returns it, as a part of the input,
// with its length in units.
func (d *decoder) content(k kind) (data []byte, length uint32) {
	length = 1
	from := d.pos
	switch k {
	case kindDeleted:
		return nil, d.clock()
	case kindString:
		data = d.text()
		return data, uint32(len16(data))
	case kindJSON, kindAny:
		n := d.count(1)
		length = uint32(n)
		from = d.pos
		for range n {
			if k == kindJSON {
				d.json(true)
			} else {
				d.skipAny(0)
			}
		}
	case kindBinary:
		d.bytes()
	case kindEmbed:
		d.json(false)
	case kindFormat:
		d.text()
		d.json(false)
	case kindType:
		ref := d.uint()
		if ref >= typeRefs {
			d.fail("a shared type has an unknown kind")
		}
		if named(ref) {
			d.text()
		}
	case kindDoc:
		d.text()
		d.options()
	default:
		d.fail("a struct has an unknown kind")
	}
	if d.err != nil {
		return nil, 0
	}
	return d.b[from:d.pos:d.pos], length
}

// typeRefs is how many kinds of shared type there are: array, map, text, XML
// element, XML fragment, XML hook, XML text.
const typeRefs = 7

// named reports whether a name follows the kind of a shared type.
func named(ref uint64) bool { return ref == 3 || ref == 5 }

// options passes over what a subdocument has beside its guid.
func (d *decoder) options() {
	if d.pos < len(d.b) && d.b[d.pos] != 118 {
		d.fail("the options of a subdocument are not an object")
	}
	d.skipAny(0)
}

func (r *updateReader) readDeletes() []span {
	var ss []span
	for range r.count(2) {
		a := r.author()
		for range r.count(2) {
			from := r.clock()
			n := r.clock()
			if uint64(from)+uint64(n) >= 1<<32 {
				r.fail("a clock is too large")
			}
			if r.err != nil {
				return nil
			}
			if n > 0 {
				ss = append(ss, span{a, from, from + n})
			}
		}
	}
	return normalize(ss)
}

// own gives the item its own copy of content that refers into a caller's bytes.
func (it *item) own() {
	if it.data != nil {
		it.data = append(make([]byte, 0, len(it.data)), it.data...)
	}
}
