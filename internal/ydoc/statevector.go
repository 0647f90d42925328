package ydoc

import (
	"maps"
	"slices"

	"lyceum/internal/lyceum"
)

// StateVector says what a document holds: for each client the clock that its
// next unit will have. Clients without a unit are not in it.
type StateVector map[uint64]uint64

// StateVector returns what the document holds, without what waits for missing
// structs. The caller may keep it.
func (d *Doc) StateVector() StateVector {
	sv := make(StateVector, len(d.authors)-1)
	for _, a := range d.authors[1:] {
		if a.next > 0 {
			sv[a.id] = uint64(a.next)
		}
	}
	return sv
}

// Encode returns the vector's bytes (V1), the same for equal vectors.
func (sv StateVector) Encode() []byte {
	b := putUint(nil, uint64(len(sv)))
	clients := slices.Sorted(maps.Keys(sv))
	for _, c := range slices.Backward(clients) {
		b = putUint(putUint(b, c), sv[c])
	}
	return b
}

// DecodeStateVector reads the bytes that Encode writes. The error is of kind Invalid.
func DecodeStateVector(b []byte) (StateVector, error) {
	d := decoder{b: b}
	n := d.count(2)
	sv := make(StateVector, n)
	for range n {
		client := d.uint()
		sv[client] = d.uint()
	}
	if d.err != nil {
		return nil, lyceum.Wrap(lyceum.Invalid, d.err, "malformed state vector")
	}
	if d.pos != len(b) {
		return nil, lyceum.Errorf(lyceum.Invalid, "malformed state vector: %d bytes too many", len(b)-d.pos)
	}
	return sv, nil
}
