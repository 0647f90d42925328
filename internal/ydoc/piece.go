package ydoc

// unitID names one unit of content without a document.
type unitID struct {
	client uint64
	clock  uint32
}

// piece is a struct of an update as it travels; gaps are pieces too. Its bytes
// belong to the update or to the reader, which may write them anew for the next.
type piece struct {
	kind   kind
	info   byte // which of the fields below it has: the upper bits of V1
	id     unitID
	length uint32
	origin unitID
	right  unitID
	atRoot bool // without origins: its parent is the root type called root
	root   []byte
	parent unitID
	key    []byte
	data   []byte // as V1 writes it, see item
}

// end is the clock after its last unit.
func (p *piece) end() uint32 { return p.id.clock + p.length }

// placed reports whether it says what it stands beside, and so not its parent.
func (p *piece) placed() bool { return p.info&(hasOrigin|hasRightOrigin) != 0 }

// drop takes off the first n units.
func (p *piece) drop(n uint32) {
	if n == 0 {
		return
	}
	if p.kind != kindGC && p.kind != kindSkip {
		_, p.data = cut(p.kind, p.data, p.length, n)
		p.info |= hasOrigin
		p.origin = unitID{p.id.client, p.id.clock + n - 1}
	}
	p.id.clock += n
	p.length -= n
}

// updateSource reads the parts of an update in one of the versions. After an
// error, which its rest has, it returns zeros.
type updateSource interface {
	rest() *decoder // counts, and the clocks that sections begin with
	client() uint64
	info() byte
	left() unitID // an origin, or a parent
	right() unitID
	atRoot() bool
	text() []byte
	units() uint32
	content(k kind) (data []byte, length uint32) // as that of decoder
	deletions() []deletion                       // what follows the structs
	most() int                                   // structs
}

// pieceReader reads an update without a document. It stops at the first error.
type pieceReader struct {
	updateSource
	d        *decoder
	raw      bool // keep hasKey where no key follows, as a document writes it
	sections int  // not begun
	structs  int  // of the section, not read
	most     int  // structs that may still come
	at       unitID
}

func newPieceReader(s updateSource) *pieceReader {
	r := &pieceReader{updateSource: s, d: s.rest(), most: s.most()}
	if len(r.d.b) >= 1<<31 {
		r.d.fail("it has 2 GB or more")
	}
	r.sections = r.d.count(2)
	return r
}

// next reads one piece; false is the end of the structs, or an error.
func (r *pieceReader) next(p *piece) bool {
	for r.structs == 0 {
		if r.d.err != nil || !r.section() {
			return false
		}
	}
	r.structs--
	r.read(p)
	if end := uint64(r.at.clock) + uint64(p.length); end >= 1<<32 {
		r.d.fail("a clock is too large")
	}
	r.at.clock += p.length
	return r.d.err == nil
}

// section begins the next run of structs of one client; there may be none in it.
func (r *pieceReader) section() bool {
	if r.sections == 0 {
		return false
	}
	r.sections--
	n := r.d.uint()
	if n > uint64(r.most) {
		r.d.fail("a count is larger than the input")
		return false
	}
	r.structs = int(n)
	r.most -= r.structs
	r.at = unitID{r.client(), r.d.clock()}
	return r.d.err == nil
}

func (r *pieceReader) read(p *piece) {
	info := r.info()
	*p = piece{kind: kind(info & kindBits), id: r.at}
	switch p.kind {
	case kindGC:
		p.length = r.units()
		return
	case kindSkip:
		p.length = r.d.clock()
		return
	}
	p.info = info &^ kindBits
	if info&hasOrigin != 0 {
		p.origin = r.checked(r.left())
	}
	if info&hasRightOrigin != 0 {
		p.right = r.checked(r.right())
	}
	if !p.placed() {
		r.readParent(p)
	} else if !r.raw {
		p.info &^= hasKey
	}
	p.data, p.length = r.content(p.kind)
}

func (r *pieceReader) readParent(p *piece) {
	if p.atRoot = r.atRoot(); p.atRoot {
		p.root = r.text()
	} else {
		p.parent = r.checked(r.left())
	}
	if p.info&hasKey != 0 {
		p.key = r.text()
	}
}

// checked returns what a struct refers to, which must come before it.
func (r *pieceReader) checked(to unitID) unitID {
	if to.client == r.at.client && to.clock >= r.at.clock {
		r.d.fail("a struct refers to itself or to a later one")
	}
	return to
}

// end reads what follows the structs, to the end of the update.
func (r *pieceReader) end() ([]deletion, error) {
	ds := r.deletions()
	if r.d.err == nil && r.d.pos != len(r.d.b) {
		r.d.fail("bytes follow its end")
	}
	return ds, r.d.err
}
