package ydoc

import (
	"maps"
	"slices"
	"sort"

	"lyceum/internal/lyceum"
)

// Snapshot says what a document held at some time: which units, and which of
// them were deleted. It holds no content: a document that keeps what is deleted
// (Config.KeepDeleted) shows what it was.
type Snapshot struct {
	vector  StateVector
	deletes map[uint64][]interval
}

// interval is a range of clocks, [from, to).
type interval struct{ from, to uint32 }

// Snapshot returns what the document holds.
func (d *Doc) Snapshot() *Snapshot {
	s := &Snapshot{vector: d.StateVector(), deletes: make(map[uint64][]interval)}
	for _, x := range d.deletions() {
		c := d.authors[x.author].id
		s.deletes[c] = append(s.deletes[c], interval{x.from, x.to})
	}
	return s
}

// StateVector returns what was held; the caller may keep it.
func (s *Snapshot) StateVector() StateVector { return maps.Clone(s.vector) }

// Equal reports whether both snapshots say the same.
func (s *Snapshot) Equal(o *Snapshot) bool {
	return maps.Equal(s.vector, o.vector) && maps.EqualFunc(s.deletes, o.deletes, slices.Equal)
}

// Encode returns the snapshot's bytes (V1), the same for equal snapshots.
func (s *Snapshot) Encode() []byte { return s.encode(false) }

// EncodeV2 is Encode in V2, which is shorter.
func (s *Snapshot) EncodeV2() []byte { return s.encode(true) }

func (s *Snapshot) encode(v2 bool) []byte {
	return append(s.putDeletes(nil, v2), s.vector.Encode()...)
}

func (s *Snapshot) putDeletes(b []byte, v2 bool) []byte {
	b = putUint(b, uint64(len(s.deletes)))
	for _, c := range slices.Backward(slices.Sorted(maps.Keys(s.deletes))) {
		b = putUint(putUint(b, c), uint64(len(s.deletes[c])))
		end := uint32(0)
		for _, x := range s.deletes[c] {
			if v2 {
				b = putUint(putUint(b, uint64(x.from-end)), uint64(x.to-x.from-1))
				end = x.to
			} else {
				b = putUint(putUint(b, uint64(x.from)), uint64(x.to-x.from))
			}
		}
	}
	return b
}

// DecodeSnapshot reads the bytes that Encode writes. The error is of kind Invalid.
func DecodeSnapshot(b []byte) (*Snapshot, error) { return decodeSnapshot(b, false) }

// DecodeSnapshotV2 reads the bytes that EncodeV2 writes. The error is of kind Invalid.
func DecodeSnapshotV2(b []byte) (*Snapshot, error) { return decodeSnapshot(b, true) }

func decodeSnapshot(b []byte, v2 bool) (*Snapshot, error) {
	d := decoder{b: b}
	s := &Snapshot{deletes: make(map[uint64][]interval)}
	for range d.count(2) {
		c := d.uint()
		end := uint64(0)
		for range d.count(2) {
			from, n := uint64(d.clock()), uint64(d.clock())
			if v2 {
				from, n = from+end, n+1
			}
			if end = from + n; end >= 1<<32 {
				d.fail("a clock is too large")
			}
			if d.err == nil && n > 0 {
				s.deletes[c] = append(s.deletes[c], interval{uint32(from), uint32(end)})
			}
		}
	}
	if d.err != nil {
		return nil, lyceum.Wrap(lyceum.Invalid, d.err, "malformed snapshot")
	}
	for c, xs := range s.deletes {
		s.deletes[c] = tidy(xs)
	}
	var err error
	s.vector, err = DecodeStateVector(b[d.pos:])
	maps.DeleteFunc(s.vector, func(_ uint64, clock uint64) bool { return clock == 0 })
	return s, err
}

// tidy sorts intervals and joins those that touch.
func tidy(xs []interval) []interval {
	slices.SortFunc(xs, func(a, b interval) int { return int(int64(a.from) - int64(b.from)) })
	w := 0
	for _, x := range xs[1:] {
		if x.from <= xs[w].to {
			xs[w].to = max(xs[w].to, x.to)
		} else {
			w++
			xs[w] = x
		}
	}
	return xs[:w+1]
}

// At returns a new document with the author client (0: a random one) that holds
// what this one held at the snapshot, and keeps what is deleted. Errors: Invalid
// when this one drops what is deleted, or does not hold all that the snapshot names.
func (d *Doc) At(s *Snapshot, client uint64) (*Doc, error) {
	if err := d.shows(s); err != nil {
		return nil, err
	}
	var update []byte
	d.Transact(func(tx *Tx) {
		var as []*author
		for c, clock := range s.vector {
			a := d.authors[d.index[c]]
			if clock < uint64(a.next) {
				tx.startingAt(ref{a.index, uint32(clock)})
			}
			as = append(as, a)
		}
		update = d.putStructsUntil(as, s.vector)
	})
	n := New(Config{Client: client, KeepDeleted: true})
	_, err := n.Restore(s.putDeletes(update, false))
	return n, err
}

// putStructsUntil writes the structs of authors from the beginning to the clocks
// of a vector, where structs begin.
func (d *Doc) putStructsUntil(as []*author, until StateVector) []byte {
	slices.SortFunc(as, func(a, b *author) int { return compareClients(b, a) })
	b := putUint(nil, uint64(len(as)))
	for _, a := range as {
		var its []*item
		a.each(0, uint32(until[a.id]), func(it *item) { its = append(its, it) })
		b = putUint(putUint(putUint(b, uint64(len(its))), a.id), 0)
		for _, it := range its {
			b = d.putItem(b, it, 0)
		}
	}
	return b
}

func compareClients(a, b *author) int {
	if a.id < b.id {
		return -1
	}
	return 1
}

var errAnother = lyceum.Errorf(lyceum.Invalid, "the snapshot is of another or a later document")

// shows returns why the document cannot show what it held at the snapshot.
func (d *Doc) shows(s *Snapshot) error {
	if !d.keep {
		return lyceum.Errorf(lyceum.Invalid, "the document drops what is deleted, so it cannot show what it was")
	}
	for c, clock := range s.vector {
		if i := d.index[c]; i == 0 || uint64(d.authors[i].next) < clock {
			return errAnother
		}
	}
	for c, xs := range s.deletes {
		if uint64(xs[len(xs)-1].to) > s.vector[c] {
			return errAnother
		}
	}
	return nil
}

// Contains reports whether the snapshot was taken of a document that had all of
// what another one was taken of.
func (s *Snapshot) Contains(o *Snapshot) bool {
	for c, clock := range o.vector {
		if s.vector[c] < clock {
			return false
		}
	}
	for c, xs := range o.deletes {
		if !slices.Equal(tidy(slices.Concat(s.deletes[c], xs)), s.deletes[c]) {
			return false
		}
	}
	return true
}

// sees reports whether the item was there, and not deleted, at the snapshot; it
// must not be divided by it. A nil snapshot is now.
func (s *Snapshot) sees(d *Doc, it *item) bool {
	if s == nil {
		return !it.deleted
	}
	c := d.authors[it.id.author].id
	if s.vector[c] <= uint64(it.id.clock) {
		return false
	}
	xs := s.deletes[c]
	i := sort.Search(len(xs), func(i int) bool { return xs[i].to > it.id.clock })
	return i == len(xs) || xs[i].from > it.id.clock
}
