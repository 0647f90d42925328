package livedoc

import "lyceum/internal/ydoc"

// marks remembers state vectors, so that a viewer who lost its queue can be sent
// little more than what it lacks.
type marks []mark

type mark struct {
	number uint64 // of the first update that the vector lacks
	vector ydoc.StateVector
}

const (
	markEvery = 32
	maxMarks  = 256
)

func (m *marks) note(number uint64, y *ydoc.Doc) {
	if number%markEvery != 0 {
		return
	}
	if len(*m) >= maxMarks {
		*m = append((*m)[:0], (*m)[maxMarks/2:]...)
	}
	*m = append(*m, mark{number, y.StateVector()})
}

// before returns the newest vector from before update number, or else other.
func (m marks) before(number uint64, other ydoc.StateVector) ydoc.StateVector {
	for i := len(m) - 1; i >= 0; i-- {
		if m[i].number <= number {
			return m[i].vector
		}
	}
	return other
}
