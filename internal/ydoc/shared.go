package ydoc

import (
	"lyceum/internal/lyceum"
)

// Shared is a shared type: *Text, *Array, *Map or *XML. The same type is always
// the same pointer, as long as its document lives. One that was made by a New
// function is empty and cannot be edited until it is placed into a document.
type Shared interface {
	// Observe calls f after each transaction that changed the type itself. The
	// event belongs to f. stop ends it.
	Observe(f func(*Event)) (stop func())
	// ObserveDeep calls f after each transaction that changed the type or what is
	// inside of it, with an event for each, outer types first.
	ObserveDeep(f func([]*Event)) (stop func())

	base() *handle
	plan(*planner) error // checks what it is to hold and counts its units
	fill(*Tx) error      // puts that in, after it was placed
}

// handle is what all shared types have: the branch, once placed.
type handle struct {
	branch *branch
	watch  *watch // observers from before it was placed
}

func (h *handle) base() *handle { return h }

// editable returns why the transaction cannot edit the type: Invalid when it is
// not in the transaction's document, NotFound when it was deleted.
func (h *handle) editable(tx *Tx) error {
	switch {
	case h.branch == nil:
		return lyceum.Errorf(lyceum.Invalid, "a shared type must be placed into a document first")
	case h.branch.doc != tx.doc || !tx.open:
		return lyceum.Errorf(lyceum.Invalid, "a shared type can only be edited in an open transaction of its document")
	case h.branch.deleted():
		return lyceum.Errorf(lyceum.NotFound, "the shared type was deleted")
	}
	return nil
}

// typeRef is what a branch is: the numbers are those of the V1 encoding.
type typeRef uint8

const (
	typeArray    typeRef = 0
	typeMap      typeRef = 1
	typeText     typeRef = 2
	typeElement  typeRef = 3
	typeFragment typeRef = 4
	typeHook     typeRef = 5
	typeXMLText  typeRef = 6
	typeUnknown  typeRef = 255 // a root that nobody asked for by a type
)

// isText reports whether formats are cleaned up in such a branch.
func (s typeRef) isText() bool { return s == typeText || s == typeXMLText }

// shared returns the branch's type for callers.
func (b *branch) shared() Shared {
	if b.handle == nil {
		h := handle{branch: b}
		switch b.kind {
		case typeArray:
			b.handle = &Array{handle: h}
		case typeMap:
			b.handle = &Map{handle: h}
		case typeText, typeXMLText:
			b.handle = &Text{handle: h}
		default:
			b.handle = &XML{handle: h}
		}
	}
	return b.handle
}

// as gives a root its type: the first that somebody asked for.
func (b *branch) as(s typeRef) *branch {
	if b.kind == typeUnknown {
		b.kind, b.handle = s, nil
	}
	return b
}

// planned is content that is about to become an item.
type planned struct {
	kind   kind
	data   []byte
	length uint32
	inner  Shared // of kindType
}

// planner checks values before any of them is placed, so that an error leaves
// the document as it was.
type planner struct {
	units uint64 // clocks that they will take, at most
	types map[*handle]bool
}

// all plans values in a row, those side by side that one item can hold together.
func (p *planner) all(values []any) ([]planned, error) {
	var list []planned
	for i, v := range values {
		x, err := p.one(v)
		if err != nil {
			return nil, lyceum.Errorf(lyceum.KindOf(err), "value %d: %w", i, err)
		}
		if n := len(list); n > 0 && x.kind == kindAny && list[n-1].kind == kindAny {
			list[n-1].data = append(list[n-1].data, x.data...)
			list[n-1].length++
			continue
		}
		list = append(list, x)
	}
	return list, nil
}

func (p *planner) one(v any) (planned, error) {
	p.units++
	switch v := v.(type) {
	case Shared:
		return p.shared(v)
	case *Subdocument:
		data, err := v.encode()
		return planned{kind: kindDoc, data: data, length: 1}, err
	case []byte:
		return planned{kind: kindBinary, data: putText(nil, v), length: 1}, nil
	}
	data, err := putAny(nil, v, 0)
	return planned{kind: kindAny, data: data, length: 1}, err
}

func (p *planner) shared(s Shared) (planned, error) {
	h := s.base()
	if h == nil || h.branch != nil || p.types[h] {
		return planned{}, lyceum.Errorf(lyceum.Invalid, "a shared type can be placed only once")
	}
	if p.types == nil {
		p.types = make(map[*handle]bool)
	}
	p.types[h] = true
	data := []byte{byte(typeArray)}
	switch s.(type) {
	case *Map:
		data[0] = byte(typeMap)
	case *Text:
		data[0] = byte(typeText)
	case *XML:
		return planned{}, lyceum.Errorf(lyceum.Invalid, "XML types cannot be made here")
	}
	return planned{kind: kindType, data: data, length: 1, inner: s}, s.plan(p)
}

// room returns an error of kind Exhausted when the author has no n clocks left.
func (tx *Tx) room(n uint64) error {
	a := tx.doc.me()
	if uint64(a.next)+n >= 1<<32 {
		return lyceum.Errorf(lyceum.Exhausted, "the document's author has no clocks left")
	}
	return nil
}

// put inserts a new item of the document's author between neighbours in a list.
func (tx *Tx) put(l *list, left, right *item, x planned) *item {
	it := tx.make(x, left, right)
	tx.insert(tx.doc.authors[it.id.author], it, l, left, right)
	return it
}

// make returns a new item of the document's author, to be inserted next.
func (tx *Tx) make(x planned, left, right *item) *item {
	a := tx.doc.me()
	tx.touch(a)
	it := tx.doc.slab.take()
	*it = item{id: ref{a.index, a.next}, length: x.length, kind: x.kind, data: x.data}
	if left != nil {
		it.origin = left.last()
	}
	if right != nil {
		it.rightOrigin = right.id
	}
	return it
}

// plant is put for content of any kind: a shared type gets its handle and what
// it is to hold.
func (tx *Tx) plant(l *list, left, right *item, x planned) (*item, error) {
	it := tx.put(l, left, right, x)
	if x.inner == nil {
		return it, nil
	}
	h := x.inner.base()
	h.branch = it.branch
	h.branch.handle = x.inner
	if h.watch != nil {
		h.branch.watch = h.watch
		h.branch.doc.watching += h.watch.count()
		h.watch = nil
	}
	return it, x.inner.fill(tx)
}
