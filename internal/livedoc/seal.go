package livedoc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A sealed segment is written once, whole:
//
//	header | records, as in a plain one, in one zstd frame | timeline | trailer
//
// The timeline tells of each record what a history shows of it, so that it is paged
// without decoding any. Its layout is in the package comment.
const (
	trailerMagic = "LYCDEND1"
	trailerSize  = 40 // bytes
	codecZstd    = 1

	maxSealed = 1 << 30 // bytes of the records of one segment, decoded
)

// trailer is the end of a sealed segment.
type trailer struct {
	last     uint64 // sequence of the last record
	timeline uint64 // offset
	length   uint32 // of the timeline, in bytes
	sum      uint32 // of the timeline
	records  uint32 // sum of the zstd frame
}

func (t trailer) encode() []byte {
	b := append(make([]byte, 0, trailerSize), trailerMagic...)
	b = binary.LittleEndian.AppendUint64(b, t.last)
	b = binary.LittleEndian.AppendUint64(b, t.timeline)
	b = binary.LittleEndian.AppendUint32(b, t.length)
	b = binary.LittleEndian.AppendUint32(b, t.sum)
	b = binary.LittleEndian.AppendUint32(b, t.records)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeTrailer reads the end of a segment of size bytes.
func decodeTrailer(b []byte, size int64) (t trailer, err error) {
	if len(b) != trailerSize || string(b[:8]) != trailerMagic || crc32.Checksum(b[:36], castagnoli) != binary.LittleEndian.Uint32(b[36:]) {
		return trailer{}, fmt.Errorf("%w: a sealed segment has no end", errDamaged)
	}
	t = trailer{
		last:     binary.LittleEndian.Uint64(b[8:]),
		timeline: binary.LittleEndian.Uint64(b[16:]),
		length:   binary.LittleEndian.Uint32(b[24:]),
		sum:      binary.LittleEndian.Uint32(b[28:]),
		records:  binary.LittleEndian.Uint32(b[32:]),
	}
	if t.timeline < segmentHeader || t.timeline > uint64(size) || t.timeline+uint64(t.length)+trailerSize != uint64(size) {
		return trailer{}, fmt.Errorf("%w: a sealed segment contradicts itself", errDamaged)
	}
	return t, nil
}

// summary is what a timeline says of its segment as a whole.
type summary struct {
	window time.Duration // over which edits were joined
	base   int           // bytes of the keyframe's record
	bytes  int           // bytes of all records
}

// encodeTimeline writes the timeline of a segment. The numbers are varints; times are
// in milliseconds.
//
//	window | base | bytes | count of names | names… | count of entries | entries…
//	entry = kind u8 | first and sequence, each minus the number before it | count
//	        | since and until, each minus the time before it, signed | author | origin | added | removed
func encodeTimeline(s summary, all []entry) []byte {
	var b []byte
	for _, n := range []int{int(s.window.Milliseconds()), s.base, s.bytes} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	numbers, names := map[string]uint64{}, []string{}
	number := func(name string) uint64 {
		n, ok := numbers[name]
		if !ok {
			n = uint64(len(names))
			numbers[name], names = n, append(names, name)
		}
		return n
	}
	for _, e := range all {
		number(e.author)
		number(e.origin)
	}
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, n := range names {
		b = appendBytes(b, []byte(n))
	}
	b = binary.AppendUvarint(b, uint64(len(all)))
	last, at := uint64(0), int64(0)
	for _, e := range all {
		k := kindUpdate
		if e.whole {
			k = kindKeyframe
		}
		b = append(b, byte(k))
		b = binary.AppendUvarint(b, e.first-last)
		b = binary.AppendUvarint(b, e.sequence-e.first)
		b = binary.AppendUvarint(b, e.count)
		b = binary.AppendVarint(b, e.since.UnixMilli()-at)
		b = binary.AppendVarint(b, e.until.UnixMilli()-e.since.UnixMilli())
		b = binary.AppendUvarint(b, number(e.author))
		b = binary.AppendUvarint(b, number(e.origin))
		b = binary.AppendUvarint(b, uint64(e.added))
		b = binary.AppendUvarint(b, uint64(e.removed))
		last, at = e.sequence, e.until.UnixMilli()
	}
	return b
}

var errTimeline = fmt.Errorf("%w: a timeline cannot be read", errDamaged)

// decodeTimeline is the inverse of encodeTimeline.
func decodeTimeline(b []byte) (s summary, all []entry, err error) {
	d := logReader{b: b}
	window, base, bytes := d.uvarint(), d.uvarint(), d.uvarint()
	if window > 1<<40 || base > maxBody+64 || bytes > maxSealed {
		return s, nil, errTimeline
	}
	s = summary{time.Duration(window) * time.Millisecond, int(base), int(bytes)}
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		return s, nil, errTimeline
	}
	names := make([]string, 0, n)
	for range n {
		names = append(names, d.text())
	}
	if n = d.uvarint(); d.failed || n > uint64(len(d.b)/10) {
		return s, nil, errTimeline
	}
	all = make([]entry, 0, n)
	last, at := uint64(0), int64(0)
	for range n {
		e, ok := d.entry(last, at, names)
		if !ok {
			return s, nil, errTimeline
		}
		all = append(all, e)
		last, at = e.sequence, e.until.UnixMilli()
	}
	if len(d.b) > 0 {
		return s, nil, errTimeline
	}
	return s, all, nil
}

// entry reads one entry behind the sequence last and the time at.
func (d *logReader) entry(last uint64, at int64, names []string) (e entry, ok bool) {
	if len(d.b) == 0 {
		return e, false
	}
	k := kind(d.b[0])
	d.b = d.b[1:]
	e.whole = k == kindKeyframe
	step, length := d.uvarint(), d.uvarint()
	e.count = d.uvarint()
	e.first = last + step
	e.sequence = e.first + length
	since := at + d.varint()
	until := since + d.varint()
	e.since, e.until = time.UnixMilli(since).UTC(), time.UnixMilli(until).UTC()
	author, origin := d.uvarint(), d.uvarint()
	added, removed := d.uvarint(), d.uvarint()
	if d.failed || k != kindUpdate && k != kindKeyframe || step == 0 || e.first < last || e.sequence < e.first || e.count == 0 ||
		author >= uint64(len(names)) || origin >= uint64(len(names)) || added > 1<<40 || removed > 1<<40 {
		return e, false
	}
	e.author, e.origin, e.added, e.removed = names[author], names[origin], int(added), int(removed)
	return e, true
}

// sealed is the content of a segment that is about to be sealed.
type sealed struct {
	header  header
	summary summary
	entries []entry
	records []byte // encoded, one after the other
}

func (s *sealed) last() uint64 { return s.entries[len(s.entries)-1].sequence }

// encode returns the bytes of the sealed segment.
func (s *sealed) encode() ([]byte, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	h := s.header
	h.codec = codecZstd
	b := z.EncodeAll(s.records, h.encode())
	if err := z.Close(); err != nil {
		return nil, err
	}
	t := trailer{last: s.last(), timeline: uint64(len(b)), records: crc32.Checksum(b[segmentHeader:], castagnoli)}
	s.summary.bytes = len(s.records)
	line := encodeTimeline(s.summary, s.entries)
	t.length, t.sum = uint32(len(line)), crc32.Checksum(line, castagnoli)
	return append(append(b, line...), t.encode()...), nil
}

// openSealed reads the records of a sealed segment. The error is errDamaged when any
// byte of them is not what was written.
func openSealed(h header, b []byte) ([]record, error) {
	if len(b) < segmentHeader+trailerSize {
		return nil, fmt.Errorf("%w: a sealed segment is cut short", errDamaged)
	}
	t, err := decodeTrailer(b[len(b)-trailerSize:], int64(len(b)))
	if err != nil {
		return nil, err
	}
	frame := b[segmentHeader:t.timeline]
	if crc32.Checksum(frame, castagnoli) != t.records {
		return nil, fmt.Errorf("%w: the records of a sealed segment are not what was written", errDamaged)
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxSealed))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	plain, err := z.DecodeAll(frame, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	s := scanRecords(h, plain)
	if s.end != len(plain) || len(s.records) == 0 {
		return nil, fmt.Errorf("%w: the records of a sealed segment are none", errDamaged)
	}
	return s.records, nil
}

// sealedTimeline reads only the end of a sealed segment.
func sealedTimeline(f *os.File, size int64) (s summary, all []entry, err error) {
	if size < segmentHeader+trailerSize {
		return s, nil, fmt.Errorf("%w: a sealed segment is cut short", errDamaged)
	}
	end := make([]byte, trailerSize)
	if _, err := f.ReadAt(end, size-trailerSize); err != nil {
		return s, nil, err
	}
	t, err := decodeTrailer(end, size)
	if err != nil {
		return s, nil, err
	}
	line := make([]byte, t.length)
	if _, err := f.ReadAt(line, int64(t.timeline)); err != nil {
		return s, nil, err
	}
	if crc32.Checksum(line, castagnoli) != t.sum {
		return s, nil, errTimeline
	}
	return decodeTimeline(line)
}

// readHeader reads the header of an open segment.
func readHeader(f *os.File) (header, error) {
	b := make([]byte, segmentHeader)
	if _, err := f.ReadAt(b, 0); err != nil {
		return header{}, fmt.Errorf("%w: %w", errDamaged, err)
	}
	h, err := decodeHeader(b)
	if err != nil && !errors.Is(err, errNewer) {
		err = fmt.Errorf("%w: %w", errDamaged, err)
	}
	return h, err
}
