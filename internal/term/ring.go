package term

// ring keeps the last bytes of an endless output, addressed by their offset
// from its beginning. It begins small and doubles as it fills, because most
// terminals print little.
//
//	0 ········ start ────── kept ────── end
type ring struct {
	max        int    // most bytes kept; a power of two
	buf        []byte // length 0 or a power of two; byte o is at o modulo len(buf)
	start, end uint64
}

// minRing is the first size, in bytes.
const minRing = 4 << 10

// write appends p and forgets the oldest bytes that have no room.
func (r *ring) write(p []byte) {
	r.grow(int(min(r.end-r.start+uint64(len(p)), uint64(r.max))))
	if over := len(p) - len(r.buf); over > 0 {
		r.end += uint64(over)
		p = p[over:]
	}
	at := int(r.end % uint64(len(r.buf)))
	n := copy(r.buf[at:], p)
	copy(r.buf, p[n:])
	r.end += uint64(len(p))
	if kept := uint64(len(r.buf)); r.end-r.start > kept {
		r.start = r.end - kept
	}
}

// grow makes room for need bytes in all; need is at most max.
func (r *ring) grow(need int) {
	size := max(len(r.buf), min(minRing, r.max))
	for size < need {
		size *= 2
	}
	if size == len(r.buf) {
		return
	}
	old, have := *r, int(r.end-r.start)
	kept := make([]byte, have)
	old.read(kept, old.start)
	r.buf = make([]byte, size)
	at := int(r.start % uint64(size))
	n := copy(r.buf[at:], kept)
	copy(r.buf, kept[n:])
}

// read copies what is kept from offset on into dst and returns how many bytes;
// offset must be within start and end.
func (r *ring) read(dst []byte, offset uint64) int {
	n := int(min(uint64(len(dst)), r.end-offset))
	if n == 0 {
		return 0
	}
	at := int(offset % uint64(len(r.buf)))
	m := copy(dst[:n], r.buf[at:])
	copy(dst[m:n], r.buf)
	return n
}

// lineStart returns the offset of the first byte after a line break near the
// beginning of what is kept, so that a replay from there begins neither within
// a character nor within a control sequence. When there is no line break, it is
// start.
func (r *ring) lineStart() uint64 {
	if r.start == 0 {
		return 0
	}
	for o := r.start; o < min(r.start+minRing, r.end); o++ {
		if r.buf[o%uint64(len(r.buf))] == '\n' {
			return o + 1
		}
	}
	return r.start
}
