package ydoc

// Bounds of what a few bytes may unfold to.
const (
	mostStructs = 1 << 18 // and 8 for each byte
	mostKeys    = 1 << 20 // bytes of keys that are told of by number, and 16 for each byte
)

// v2Source reads an update in V2.
type v2Source struct {
	decoder            // the rest
	size               int
	keyClocks          diffColumn
	clients            uintColumn
	leftClocks, rights diffColumn
	infos              byteColumn
	texts              textColumn
	atRoots            byteColumn
	types, lengths     uintColumn
	keys               [][]byte
	keyBytes           int
	scratch            []byte // of the content at hand
}

func readV2(update []byte) *pieceReader {
	s := &v2Source{decoder: decoder{b: update}, size: len(update)}
	if s.uint() != 0 {
		s.fail("an unknown feature")
	}
	for _, c := range []*decoder{
		&s.keyClocks.decoder, &s.clients.decoder, &s.leftClocks.decoder, &s.rights.decoder, &s.infos.decoder,
		&s.texts.decoder, &s.atRoots.decoder, &s.types.decoder, &s.lengths.decoder,
	} {
		*c = decoder{b: s.bytes(), whole: &s.decoder}
	}
	s.texts.open()
	return newPieceReader(s)
}

func (s *v2Source) rest() *decoder        { return &s.decoder }
func (s *v2Source) client() uint64        { return s.clients.read() }
func (s *v2Source) info() byte            { return s.infos.read() }
func (s *v2Source) left() unitID          { return unitID{s.clients.read(), s.leftClocks.read()} }
func (s *v2Source) right() unitID         { return unitID{s.clients.read(), s.rights.read()} }
func (s *v2Source) atRoot() bool          { return s.atRoots.read() == 1 }
func (s *v2Source) text() []byte          { return s.texts.next() }
func (s *v2Source) units() uint32         { return s.lengths.clock() }
func (s *v2Source) deletions() []deletion { return s.deleteSet(spanV2) }
func (s *v2Source) most() int             { return mostStructs + 8*s.size }

// key reads the name of a format or of an XML element. Yjs writes each anew, but
// reads numbers of earlier ones.
func (s *v2Source) key() []byte {
	n := s.keyClocks.read()
	if uint64(n) >= uint64(len(s.keys)) {
		s.keys = append(s.keys, s.texts.next())
		return s.keys[len(s.keys)-1]
	}
	if s.keyBytes += len(s.keys[n]); s.keyBytes > mostKeys+16*s.size {
		s.fail("its keys unfold to too much")
		return nil
	}
	return s.keys[n]
}

func (s *v2Source) content(k kind) (data []byte, length uint32) {
	length = 1
	from := s.pos
	s.scratch = s.scratch[:0]
	switch k {
	case kindDeleted:
		return nil, s.lengths.clock()
	case kindString:
		data = s.texts.next()
		return data, uint32(len16(data))
	case kindJSON:
		length = s.lengths.clock()
		for i := uint32(0); i < length && s.err == nil; i++ {
			s.element()
		}
		return s.scratch, length
	case kindAny:
		length = s.lengths.clock()
		for i := uint32(0); i < length && s.err == nil; i++ {
			s.skipAny(0)
		}
	case kindBinary:
		s.bytes()
	case kindEmbed:
		s.value()
		return s.scratch, 1
	case kindFormat:
		s.scratch = putText(s.scratch, s.key())
		s.value()
		return s.scratch, 1
	case kindType:
		s.typeRef()
		return s.scratch, 1
	case kindDoc:
		s.scratch = putText(s.scratch, s.texts.next())
		from = s.pos
		s.options()
		s.scratch = append(s.scratch, s.b[from:s.pos]...)
		return s.scratch, 1
	default:
		s.fail("a struct has an unknown kind")
	}
	return s.b[from:s.pos:s.pos], length
}

// element reads one of kindJSON.
func (s *v2Source) element() {
	at := len(s.scratch)
	s.scratch = putText(s.scratch, s.texts.next())
	d := decoder{b: s.scratch, pos: at, whole: &s.decoder}
	d.json(true)
}

// value reads a value that V1 has as JSON.
func (s *v2Source) value() {
	from := s.pos
	s.skipAny(0)
	if s.err == nil {
		s.scratch = putText(s.scratch, anyToJSON(nil, s.b[from:s.pos]))
	}
}

func (s *v2Source) typeRef() {
	ref := s.types.read()
	if ref >= typeRefs {
		s.fail("a shared type has an unknown kind")
		return
	}
	s.scratch = putUint(s.scratch, ref)
	if named(ref) {
		s.scratch = putText(s.scratch, s.key())
	}
}
