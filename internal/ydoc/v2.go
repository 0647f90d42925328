package ydoc

import "fmt"

// Layout of an update (V2). It has what V1 has, in columns, each behind its
// length but the last:
//
//	0  keys  clients  left clocks  right clocks  infos  texts  parents at roots
//	type references  lengths  rest
//
// The rest begins like V1 with the number of sections; a section is the count of
// its structs, its clock, and what of its structs is in no column: bytes, values,
// lengths of gaps. JSON travels as a value. Deletions follow, each clock as the
// distance from the end of the span before, each length less one.
//
// A few bytes can stand for very many structs: what they unfold to is bounded.

// ConvertV1ToV2 writes an update that is in V1 in V2, as Yjs does (its
// convertUpdateFormatV1ToV2): that is smaller where much repeats. The error is of
// kind Invalid.
func ConvertV1ToV2(update []byte) ([]byte, error) {
	return transcode(readV1(update), &v2Sink{})
}

// ConvertV2ToV1 is the reverse of ConvertV1ToV2. Embeds and the values of formats
// become JSON, which knows neither bytes nor undefined. Where texts of V2 divide a
// pair of surrogates, the halves become U+FFFD.
func ConvertV2ToV1(update []byte) ([]byte, error) {
	return transcode(readV2(update), &v1Sink{})
}

func transcode(r *pieceReader, w updateSink) ([]byte, error) {
	var p piece
	for r.next(&p) {
		w.put(&p)
	}
	ds, err := r.end()
	if err != nil {
		return nil, err
	}
	return w.finish(ds), nil
}

// ApplyV2 is Apply for an update in V2. What it returns is in V1.
func (d *Doc) ApplyV2(update []byte) (effective []byte, err error) {
	v1, err := ConvertV2ToV1(update)
	if err != nil {
		return nil, err
	}
	return d.Apply(v1)
}

// EncodeStateV2 is EncodeState in V2: Yjs's encodeStateAsUpdateV2. An error is of
// kind Invalid; only a document of 2 GB or a mistake in this package leads to one.
func (d *Doc) EncodeStateV2(since StateVector) ([]byte, error) {
	r := readV1(d.EncodeState(since))
	r.raw = true
	v2, err := transcode(r, &v2Sink{})
	if err != nil {
		return nil, fmt.Errorf("encode the document in V2: %w", err)
	}
	return v2, nil
}
