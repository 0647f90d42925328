package ydoc

// v2Sink writes an update in V2.
type v2Sink struct {
	sections
	keyClocks          diffRuns
	clients            uintRuns
	leftClocks, rights diffRuns
	infos              byteRuns
	texts              texts
	atRoots            byteRuns
	types, lengths     uintRuns
	keys               int64 // that were written
}

func (s *v2Sink) put(p *piece) {
	if s.begins(p) {
		s.clients.put(p.id.client)
		s.body = putUint(s.body, uint64(p.id.clock))
	}
	s.infos.put(byte(p.kind) | p.info)
	switch p.kind {
	case kindGC:
		s.lengths.put(uint64(p.length))
		return
	case kindSkip:
		s.body = putUint(s.body, uint64(p.length))
		return
	}
	if p.info&hasOrigin != 0 {
		s.left(p.origin)
	}
	if p.info&hasRightOrigin != 0 {
		s.clients.put(p.right.client)
		s.rights.put(int64(p.right.clock))
	}
	if !p.placed() {
		s.putParent(p)
	}
	s.putContent(p)
}

func (s *v2Sink) left(id unitID) {
	s.clients.put(id.client)
	s.leftClocks.put(int64(id.clock))
}

func (s *v2Sink) putParent(p *piece) {
	if p.atRoot {
		s.atRoots.put(1)
		s.texts.put(p.root)
	} else {
		s.atRoots.put(0)
		s.left(p.parent)
	}
	if p.info&hasKey != 0 {
		s.texts.put(p.key)
	}
}

// key writes the name of a format or of an XML element, always anew, as Yjs does.
func (s *v2Sink) key(k []byte) {
	s.keyClocks.put(s.keys)
	s.keys++
	s.texts.put(k)
}

func (s *v2Sink) putContent(p *piece) {
	d := decoder{b: p.data}
	switch p.kind {
	case kindDeleted:
		s.lengths.put(uint64(p.length))
	case kindString:
		s.texts.put(p.data)
	case kindJSON:
		s.lengths.put(uint64(p.length))
		for range p.length {
			s.texts.put(d.bytes())
		}
	case kindAny:
		s.lengths.put(uint64(p.length))
		s.body = append(s.body, p.data...)
	case kindBinary:
		s.body = append(s.body, p.data...)
	case kindEmbed:
		s.body = jsonToAny(s.body, d.bytes())
	case kindFormat:
		s.key(d.bytes())
		s.body = jsonToAny(s.body, d.bytes())
	case kindType:
		ref := d.uint()
		s.types.put(ref)
		if named(ref) {
			s.key(d.bytes())
		}
	case kindDoc:
		s.texts.put(d.bytes())
		s.body = append(s.body, p.data[d.pos:]...)
	}
}

func (s *v2Sink) finish(ds []deletion) []byte {
	rest := putDeletions(s.join(), ds, putSpanV2)
	b := []byte{0}
	for _, column := range [][]byte{
		s.keyClocks.bytes(), s.clients.bytes(), s.leftClocks.bytes(), s.rights.bytes(), s.infos.bytes(),
		s.texts.bytes(), s.atRoots.bytes(), s.types.bytes(), s.lengths.bytes(),
	} {
		b = putText(b, column)
	}
	return append(b, rest...)
}
