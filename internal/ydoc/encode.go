package ydoc

import (
	"cmp"
	"slices"
)

func putUint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func putText(b []byte, s []byte) []byte {
	return append(putUint(b, uint64(len(s))), s...)
}

func (d *Doc) putRef(b []byte, r ref) []byte {
	return putUint(putUint(b, d.authors[r.author].id), uint64(r.clock))
}

// EncodeState returns an update (V1) with all that a document at since lacks,
// and all deletions; nil means everything. It never has gaps: what waits for
// missing structs is left out. It is what Yjs calls encodeStateAsUpdate.
func (d *Doc) EncodeState(since StateVector) []byte {
	var as []*author
	for _, a := range d.authors[1:] {
		if uint64(a.next) > since[a.id] {
			as = append(as, a)
		}
	}
	b := d.putStructs(make([]byte, 0, 64), as, func(a *author) uint32 { return uint32(since[a.id]) })
	return d.putDeletes(b, d.deletions())
}

// putStructs writes the structs of the authors from the clock that from gives.
func (d *Doc) putStructs(b []byte, as []*author, from func(*author) uint32) []byte {
	// Yjs writes higher clients first, which makes conflicts cheaper to solve.
	slices.SortFunc(as, func(a, b *author) int { return cmp.Compare(b.id, a.id) })
	b = putUint(b, uint64(len(as)))
	for _, a := range as {
		clock := from(a)
		s := a.find(clock)
		n := len(a.blocks[s.b].items) - s.i
		for _, bl := range a.blocks[s.b+1:] {
			n += len(bl.items)
		}
		b = putUint(b, uint64(n))
		b = putUint(b, a.id)
		b = putUint(b, uint64(clock))
		off := clock - a.at(s).id.clock
		for ; s.b < len(a.blocks); s = (spot{s.b + 1, 0}) {
			for _, it := range a.blocks[s.b].items[s.i:] {
				b = d.putItem(b, it, off)
				off = 0
			}
		}
	}
	return b
}

// putItem writes the struct without its first off units.
func (d *Doc) putItem(b []byte, it *item, off uint32) []byte {
	if it.kind == kindGC {
		return putUint(append(b, byte(kindGC)), uint64(it.length-off))
	}
	origin := it.origin
	if off > 0 {
		origin = ref{it.id.author, it.id.clock + off - 1}
	}
	info := byte(it.kind)
	if !origin.none() {
		info |= hasOrigin
	}
	if !it.rightOrigin.none() {
		info |= hasRightOrigin
	}
	if it.list.keyed {
		info |= hasKey
	}
	b = append(b, info)
	if !origin.none() {
		b = d.putRef(b, origin)
	}
	if !it.rightOrigin.none() {
		b = d.putRef(b, it.rightOrigin)
	}
	if origin.none() && it.rightOrigin.none() {
		b = d.putParent(b, it.list)
	}
	return putContent(b, it.kind, it.data, it.length, off)
}

func (d *Doc) putParent(b []byte, l *list) []byte {
	if p := l.branch.item; p != nil {
		b = d.putRef(append(b, 0), p.id)
	} else {
		b = putText(append(b, 1), []byte(l.branch.name))
	}
	if l.keyed {
		b = putText(b, []byte(l.key))
	}
	return b
}

// putContent writes content of length units without its first off units.
func putContent(b []byte, k kind, data []byte, length, off uint32) []byte {
	switch k {
	case kindDeleted:
		return putUint(b, uint64(length-off))
	case kindString:
		if off == 0 {
			return putText(b, data)
		}
		i, inside := offset16(data, length, off)
		if !inside {
			return putText(b, data[i:])
		}
		rest := data[i+4:]
		b = putUint(b, uint64(len(replacement)+len(rest)))
		return append(append(b, replacement...), rest...)
	case kindJSON, kindAny:
		b = putUint(b, uint64(length-off))
		return append(b, data[skipElements(k, data, off):]...)
	}
	return append(b, data...)
}
