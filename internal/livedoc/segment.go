package livedoc

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

const (
	segmentMagic  = "LYCDLOG1"
	segmentHeader = 56 // bytes
	segmentSuffix = ".log"
	codecPlain    = 0 // records follow one another as they are; see seal.go for the other
)

// header is the beginning of a segment. See the package comment for its layout.
type header struct {
	doc   DocumentID
	epoch EpochID
	first uint64 // sequence of the first record, which is a keyframe
	codec uint8
}

func (h header) encode() []byte {
	b := make([]byte, 0, segmentHeader)
	b = append(b, segmentMagic...)
	b = append(b, rawID(string(h.doc))...)
	b = append(b, rawID(string(h.epoch))...)
	b = binary.LittleEndian.AppendUint64(b, h.first)
	b = append(b, h.codec, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeHeader(b []byte) (header, error) {
	if len(b) < segmentHeader || string(b[:8]) != segmentMagic {
		return header{}, errors.New("this is no segment of a log")
	}
	if crc32.Checksum(b[:52], castagnoli) != binary.LittleEndian.Uint32(b[52:]) {
		return header{}, errors.New("the header of a segment is damaged")
	}
	h := header{
		doc:   DocumentID(textID(b[8:24])),
		epoch: EpochID(textID(b[24:40])),
		first: binary.LittleEndian.Uint64(b[40:]),
		codec: b[48],
	}
	if h.codec != codecPlain && h.codec != codecZstd {
		return header{}, fmt.Errorf("%w: its encoding is %d", errNewer, h.codec)
	}
	return h, nil
}

// rawID is a UUID as 16 bytes; zeros if it is none.
func rawID(id string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 {
		return make([]byte, 16)
	}
	return b
}

func textID(b []byte) string {
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// segmentName is the name of the segment that begins with the sequence first.
func segmentName(first uint64) string { return fmt.Sprintf("%016x%s", first, segmentSuffix) }

// segmentFirst is the inverse of segmentName.
func segmentFirst(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil && segmentName(n) == name
}

// scan is what a segment was found to hold.
type scan struct {
	header  header
	records []record // in order; their data are parts of the scanned bytes
	end     int      // offset behind the last of them
	torn    bool     // what follows end was never called safe: a write that was cut off
	damaged bool     // what follows end was safe once
}

// scanSegment reads a segment. The error says that it cannot be used at all.
//
// A record that cannot be read is a torn tail, unless a record behind it says that
// it was safe when that one was written.
func scanSegment(b []byte) (scan, error) {
	h, err := decodeHeader(b)
	if err != nil {
		return scan{}, err
	}
	if h.codec == codecZstd {
		records, err := openSealed(h, b)
		if err != nil {
			return scan{}, err
		}
		return scan{header: h, records: records, end: len(b)}, nil
	}
	s := scanRecords(h, b[segmentHeader:])
	s.end += segmentHeader
	if s.end < len(b) {
		last := uint64(0)
		if n := len(s.records); n > 0 {
			last = s.records[n-1].sequence
		}
		s.damaged = safeBehind(b[s.end+1:], last+1)
		s.torn = !s.damaged
	}
	if len(s.records) == 0 {
		return scan{}, errors.New("a segment has no keyframe")
	}
	return s, nil
}

// scanRecords reads records up to the first one that cannot be there.
func scanRecords(h header, b []byte) scan {
	s := scan{header: h}
	last := uint64(0)
	for s.end < len(b) {
		r, n, err := readRecord(b[s.end:])
		if err != nil || last > 0 && r.sequence <= last || last == 0 && (r.kind != kindKeyframe || r.sequence != h.first) {
			break
		}
		last = r.sequence
		s.records = append(s.records, r)
		s.end += n
	}
	return s
}

// maxSearched bounds the bytes that safeBehind sums up.
const maxSearched = 1 << 30

// safeBehind reports whether b holds a record, at any offset, that was written
// when sequence was safe already. When there is too much to search it says yes,
// which costs an epoch but never an edit.
func safeBehind(b []byte, sequence uint64) bool {
	searched := 0
	for ; len(b) >= frameHeader+minBody; b = b[1:] {
		n, ok := frameLength(b)
		if !ok {
			continue
		}
		if searched += n; searched > maxSearched {
			return true
		}
		if r, _, err := readRecord(b); err == nil && r.safe() >= sequence {
			return true
		}
	}
	return false
}
