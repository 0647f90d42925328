package ydoc

// DiffUpdate returns what of an update (V1) a document at since lacks, and all of
// its deletions, without a document: Yjs's diffUpdate. The error is of kind Invalid.
func DiffUpdate(update []byte, since StateVector) ([]byte, error) {
	r, w := readV1(update), &v1Sink{}
	var p piece
	writing := false // the rest of this client
	client := uint64(0)
	for r.next(&p) {
		if p.id.client != client {
			client, writing = p.id.client, false
		}
		known := since[client]
		switch {
		case writing:
		case p.kind == kindSkip, uint64(p.end()) <= known:
			continue // an update does not begin with a gap
		default:
			writing = true
			if known > uint64(p.id.clock) {
				p.drop(uint32(known) - p.id.clock)
			}
		}
		w.put(&p)
	}
	ds, err := r.end()
	if err != nil {
		return nil, err
	}
	return w.finish(ds), nil
}

// DiffUpdateV2 is DiffUpdate for an update in V2; the result is in V2 too.
func DiffUpdateV2(update []byte, since StateVector) ([]byte, error) {
	v1, err := ConvertV2ToV1(update)
	if err != nil {
		return nil, err
	}
	if v1, err = DiffUpdate(v1, since); err != nil {
		return nil, err
	}
	return ConvertV1ToV2(v1)
}

// StateVectorFromUpdate returns what a document holds that got nothing but this
// update (V1), as far as its structs refer to nothing else: for each client the
// clock after the structs that follow each other from the first on. The error is
// of kind Invalid.
func StateVectorFromUpdate(update []byte) (StateVector, error) {
	return stateVectorFrom(readV1(update))
}

// StateVectorFromUpdateV2 is StateVectorFromUpdate for an update in V2.
func StateVectorFromUpdateV2(update []byte) (StateVector, error) {
	return stateVectorFrom(readV2(update))
}

func stateVectorFrom(r *pieceReader) (StateVector, error) {
	sv := make(StateVector)
	var p piece
	for r.next(&p) {
		if have := sv[p.id.client]; p.kind != kindSkip && uint64(p.id.clock) <= have && uint64(p.end()) > have {
			sv[p.id.client] = uint64(p.end())
		}
	}
	if _, err := r.end(); err != nil {
		return nil, err
	}
	return sv, nil
}

// EncodeStateVectorFromUpdate is StateVectorFromUpdate as bytes.
func EncodeStateVectorFromUpdate(update []byte) ([]byte, error) {
	return encoded(StateVectorFromUpdate(update))
}

// EncodeStateVectorFromUpdateV2 is StateVectorFromUpdateV2 as bytes, which are the
// same in both versions.
func EncodeStateVectorFromUpdateV2(update []byte) ([]byte, error) {
	return encoded(StateVectorFromUpdateV2(update))
}

func encoded(sv StateVector, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return sv.Encode(), nil
}
