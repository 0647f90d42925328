package ydoc

// slab hands out items from larger pieces of memory.
type slab struct {
	fresh []item
	size  int
	free  *item // chained by right
}

const maxSlab = 1024 // items

// reserve makes room for n items in one piece.
func (s *slab) reserve(n int) {
	if n > len(s.fresh) && n > s.size {
		s.fresh = make([]item, n)
	}
}

func (s *slab) take() *item {
	if it := s.free; it != nil {
		s.free = it.right
		it.right = nil
		return it
	}
	if len(s.fresh) == 0 {
		s.size = min(max(8, 2*s.size), maxSlab)
		s.fresh = make([]item, s.size)
	}
	it := &s.fresh[0]
	s.fresh = s.fresh[1:]
	return it
}

func (s *slab) give(it *item) {
	*it = item{right: s.free}
	s.free = it
}
