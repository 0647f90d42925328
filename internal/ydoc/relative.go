package ydoc

import (
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

// ID names a unit of content: a UTF-16 unit of a text, a value of an array, a
// value of a key, by the client who made it and the clock that it has there.
type ID struct {
	Client uint64 `json:"client"`
	Clock  uint64 `json:"clock"`
}

// RelativePosition is a place in a text or array that stays where it is when
// others edit before it: a cursor. As JSON it is what Yjs makes of it.
type RelativePosition struct {
	Type *ID    `json:"type,omitempty"`  // the item that holds the type, when it is no root
	Root string `json:"tname,omitempty"` // the name of a root
	Item *ID    `json:"item,omitempty"`  // the unit at the place; nil for the end, or the beginning
	// Assoc says what the place belongs to: from 0 on to the unit after it, below 0
	// to the one before it.
	Assoc int `json:"assoc"`
}

// Relative returns the place before the unit at index of a text or array, 0 to
// its length. With assoc below 0 it belongs to what stands before it. The error
// is of kind Invalid when there is no such place.
func Relative(s Shared, index, assoc int) (RelativePosition, error) {
	b := s.base().branch
	if b == nil || index < 0 || index > b.seq.length {
		return RelativePosition{}, lyceum.Errorf(lyceum.Invalid, "position %d is not in the document", index)
	}
	p := RelativePosition{Assoc: assoc}
	if b.item != nil {
		p.Type = b.doc.id(b.item.id)
	} else {
		p.Root = b.name
	}
	if assoc < 0 {
		if index == 0 {
			return p, nil
		}
		index--
	}
	if it, off := b.seq.at().find(index); it != nil {
		p.Item = b.doc.id(ref{it.id.author, it.id.clock + uint32(off)})
	} else if assoc < 0 && b.seq.last != nil {
		p.Item = b.doc.id(b.seq.last.last())
	}
	return p, nil
}

func (d *Doc) id(r ref) *ID { return &ID{d.authors[r.author].id, uint64(r.clock)} }

// here returns the unit with that id, and whether the document has it.
func (d *Doc) here(id ID) (ref, bool) {
	i := d.index[id.Client]
	if i == 0 || id.Clock >= uint64(d.authors[i].next) {
		return ref{}, false
	}
	return ref{i, uint32(id.Clock)}, true
}

// Absolute returns where a relative position is now: the type and the index in
// it. A place whose unit was deleted is where that was; one in a type that was
// deleted is 0. It is false when this document does not have, or no longer has,
// what the position names.
func (d *Doc) Absolute(p RelativePosition) (s Shared, index int, ok bool) {
	if p.Item != nil {
		return d.absolute(*p.Item, p.Assoc)
	}
	b := d.roots[p.Root]
	if p.Type != nil {
		r, ok := d.here(*p.Type)
		if !ok {
			return nil, 0, false
		}
		it, _ := d.follow(r)
		b = it.branch
	} else if b == nil {
		b = d.root(p.Root)
	}
	switch {
	case b == nil:
		return nil, 0, false
	case p.Assoc >= 0:
		index = b.seq.length
	}
	return b.shared(), index, true
}

func (d *Doc) absolute(id ID, assoc int) (s Shared, index int, ok bool) {
	r, ok := d.here(id)
	if !ok {
		return nil, 0, false
	}
	it, off := d.follow(r)
	if it.kind == kindGC {
		return nil, 0, false
	}
	b := it.list.branch
	if b.deleted() || it.list.keyed {
		return b.shared(), 0, true
	}
	index = it.rank()
	if it.visible() {
		index += int(off)
		if assoc < 0 {
			index++
		}
	}
	return b.shared(), index, true
}

// follow returns the item that holds a unit, or what undo put in its place, and
// which of its units it is.
func (d *Doc) follow(r ref) (*item, uint32) {
	for {
		it := d.authors[r.author].get(r.clock)
		off := r.clock - it.id.clock
		if !it.redone {
			return it, off
		}
		to := d.redone[it.id]
		r = ref{to.author, to.clock + off}
	}
}

// Encode returns the position's bytes, those of Yjs. They hold of Item, Root and
// Type only the first there is, and Root for none.
func (p RelativePosition) Encode() []byte {
	var b []byte
	switch {
	case p.Item != nil:
		b = putUint(putUint(append(b, 0), p.Item.Client), p.Item.Clock)
	case p.Type != nil:
		b = putUint(putUint(append(b, 2), p.Type.Client), p.Type.Clock)
	default:
		b = putText(append(b, 1), []byte(p.Root))
	}
	assoc := p.Assoc
	return putInt(b, assoc < 0, uint64(max(assoc, -assoc)))
}

// DecodeRelativePosition reads the bytes that Encode writes; old ones end before
// Assoc. The error is of kind Invalid.
func DecodeRelativePosition(b []byte) (RelativePosition, error) {
	d := decoder{b: b}
	var p RelativePosition
	switch d.uint() {
	case 0:
		p.Item = &ID{d.uint(), d.uint()}
	case 1:
		s := d.bytes()
		if !utf8.Valid(s) {
			d.fail("a name is not UTF-8")
		}
		p.Root = string(s)
	case 2:
		p.Type = &ID{d.uint(), d.uint()}
	default:
		d.fail("an unknown kind of position")
	}
	if d.err == nil && d.pos < len(b) {
		negative, v := d.int()
		if p.Assoc = int(v); negative {
			p.Assoc = -p.Assoc
		}
	}
	if d.err == nil && d.pos < len(b) {
		d.fail("bytes follow its end")
	}
	if d.err != nil {
		return RelativePosition{}, lyceum.Wrap(lyceum.Invalid, d.err, "malformed relative position")
	}
	return p, nil
}
