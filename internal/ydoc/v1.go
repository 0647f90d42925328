package ydoc

// v1Source reads an update in V1: see update.go for the layout.
type v1Source struct{ decoder }

func readV1(update []byte) *pieceReader {
	return newPieceReader(&v1Source{decoder{b: update}})
}

func (s *v1Source) rest() *decoder        { return &s.decoder }
func (s *v1Source) client() uint64        { return s.uint() }
func (s *v1Source) info() byte            { return s.byte() }
func (s *v1Source) left() unitID          { return unitID{s.uint(), s.clock()} }
func (s *v1Source) right() unitID         { return unitID{s.uint(), s.clock()} }
func (s *v1Source) atRoot() bool          { return s.uint() == 1 }
func (s *v1Source) units() uint32         { return s.clock() }
func (s *v1Source) deletions() []deletion { return s.deleteSet(spanV1) }

// most: a struct takes two bytes at least.
func (s *v1Source) most() int { return len(s.b) / 2 }

// v1Sink writes an update in V1.
type v1Sink struct{ sections }

func (s *v1Sink) put(p *piece) {
	if s.begins(p) {
		s.body = putUint(putUint(s.body, p.id.client), uint64(p.id.clock))
	}
	s.body = append(s.body, byte(p.kind)|p.info)
	if p.kind == kindGC || p.kind == kindSkip {
		s.body = putUint(s.body, uint64(p.length))
		return
	}
	if p.info&hasOrigin != 0 {
		s.body = putID(s.body, p.origin)
	}
	if p.info&hasRightOrigin != 0 {
		s.body = putID(s.body, p.right)
	}
	if !p.placed() {
		if p.atRoot {
			s.body = putText(append(s.body, 1), p.root)
		} else {
			s.body = putID(append(s.body, 0), p.parent)
		}
		if p.info&hasKey != 0 {
			s.body = putText(s.body, p.key)
		}
	}
	s.body = putContent(s.body, p.kind, p.data, p.length, 0)
}

func putID(b []byte, id unitID) []byte {
	return putUint(putUint(b, id.client), uint64(id.clock))
}

func (s *v1Sink) finish(ds []deletion) []byte {
	return putDeletions(s.join(), ds, putSpanV1)
}
