package ydoc

// The columns of V2: each has all values of one sort, in runs. columnreader.go
// reads what these write.

// putInt writes a signed number as lib0's writeVarInt: 6 bits in the first byte.
// A negative zero is not zero.
func putInt(b []byte, negative bool, v uint64) []byte {
	first := byte(v & 0x3F)
	if negative {
		first |= 0x40
	}
	if v >>= 6; v == 0 {
		return append(b, first)
	}
	return putUint(append(b, first|0x80), v)
}

// byteRuns writes a value, then how often it comes less one, then the next; the
// last value has no number (lib0: RleEncoder).
type byteRuns struct {
	b []byte
	v byte
	n uint64
}

func (r *byteRuns) put(v byte) {
	if r.n > 0 && r.v == v {
		r.n++
		return
	}
	if r.n > 0 {
		r.b = putUint(r.b, r.n-1)
	}
	r.b, r.v, r.n = append(r.b, v), v, 1
}

func (r *byteRuns) bytes() []byte { return r.b }

// uintRuns writes a value that comes once, or its negative and how often less two
// (lib0: UintOptRleEncoder).
type uintRuns struct {
	b []byte
	v uint64
	n uint64
}

func (r *uintRuns) put(v uint64) {
	if r.v != v {
		r.flush()
		r.v, r.n = v, 0
	}
	r.n++
}

func (r *uintRuns) flush() {
	if r.n == 0 {
		return
	}
	r.b = putInt(r.b, r.n > 1, r.v)
	if r.n > 1 {
		r.b = putUint(r.b, r.n-2)
	}
}

func (r *uintRuns) bytes() []byte {
	r.flush()
	return r.b
}

// diffRuns writes by how much each value differs from the one before, doubled,
// plus one if that comes more than once; then how often less two (lib0:
// IntDiffOptRleEncoder).
type diffRuns struct {
	b       []byte
	v, diff int64
	n       uint64
}

func (r *diffRuns) put(v int64) {
	if r.diff != v-r.v {
		r.flush()
		r.diff, r.n = v-r.v, 0
	}
	r.v = v
	r.n++
}

func (r *diffRuns) flush() {
	if r.n == 0 {
		return
	}
	e := r.diff * 2
	if r.n > 1 {
		e++
	}
	r.b = putInt(r.b, e < 0, uint64(max(e, -e)))
	if r.n > 1 {
		r.b = putUint(r.b, r.n-2)
	}
}

func (r *diffRuns) bytes() []byte {
	r.flush()
	return r.b
}

// texts writes all texts as one, and their lengths in UTF-16 units (lib0:
// StringEncoder).
type texts struct {
	b       []byte
	lengths uintRuns
}

func (t *texts) put(s []byte) {
	t.b = append(t.b, s...)
	t.lengths.put(uint64(len16(s)))
}

func (t *texts) bytes() []byte {
	return append(putText(make([]byte, 0, len(t.b)+len(t.lengths.b)+16), t.b), t.lengths.bytes()...)
}
