package livedoc

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

// kind is what a record holds.
type kind uint8

const (
	// kindUpdate holds a V1 update without gaps.
	kindUpdate kind = 1
	// kindKeyframe holds the whole state, as a V1 update, with everything that
	// stands before it. It is the first record of each segment.
	kindKeyframe kind = 2
	// kindFile holds the JSON of a fileNote: how the file relates to the log.
	kindFile kind = 3

	lastKind = kindFile
)

// The origins of a record: who or what changed the document.
const (
	originEdit    = "edit"    // a person's browser
	originDisk    = "disk"    // the file was changed by a program
	originRestore = "restore" // a person brought an old version back
	originEpoch   = "epoch"   // the beginning
	originStore   = "store"   // our own book-keeping
)

// record is one entry of a document's log. See the package comment for its layout.
type record struct {
	kind     kind
	sequence uint64    // counts up, from 1; may skip numbers
	count    uint64    // how many updates were joined into this one; 1 as long as none were
	behind   uint64    // sequence minus the highest sequence that was safe when this was written
	time     time.Time // of the server's clock, to the millisecond; may jump back
	author   string    // account; "" when nobody
	origin   string
	data     []byte

	held bool // in memory only: the document does not have it yet
}

// safe is the sequence up to which everything was on disk when r was written.
func (r *record) safe() uint64 { return r.sequence - r.behind }

const (
	frameHeader = 8         // length and checksum
	minBody     = 7         // kind, five numbers of one byte, an empty author
	maxBody     = 256 << 20 // bytes
	maxName     = 200       // bytes in author and origin each
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecord adds the frame of r to b.
func appendRecord(b []byte, r *record) []byte {
	at := len(b)
	b = append(b, make([]byte, frameHeader)...)
	b = append(b, byte(r.kind))
	b = binary.AppendUvarint(b, r.sequence)
	b = binary.AppendUvarint(b, max(r.count, 1))
	b = binary.AppendUvarint(b, r.behind)
	b = binary.AppendVarint(b, r.time.UnixMilli())
	b = appendBytes(b, []byte(shorten(r.author, maxName)))
	b = appendBytes(b, []byte(shorten(r.origin, maxName)))
	b = append(b, r.data...)
	body := b[at+frameHeader:]
	binary.LittleEndian.PutUint32(b[at:], uint32(len(body)))
	binary.LittleEndian.PutUint32(b[at+4:], crc32.Checksum(body, castagnoli))
	return b
}

var errFrame = errors.New("no record here")

// frameLength returns the length of the body of the frame at the start of b, or
// false if none can begin here. The checksum is not looked at.
func frameLength(b []byte) (int, bool) {
	if len(b) < frameHeader+minBody {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(b)
	if n < minBody || n > maxBody || int(n) > len(b)-frameHeader {
		return 0, false
	}
	k := kind(b[frameHeader])
	return int(n), k >= kindUpdate && k <= lastKind
}

// readRecord reads the frame at the start of b and returns how long it is. The
// record's data is a part of b.
func readRecord(b []byte) (record, int, error) {
	n, ok := frameLength(b)
	if !ok {
		return record{}, 0, errFrame
	}
	body := b[frameHeader : frameHeader+n : frameHeader+n]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return record{}, 0, errFrame
	}
	d := logReader{b: body[1:]}
	r := record{kind: kind(body[0]), sequence: d.uvarint(), count: d.uvarint(), behind: d.uvarint()}
	r.time = time.UnixMilli(d.varint()).UTC()
	r.author, r.origin = d.text(), d.text()
	r.data = d.b
	if d.failed || r.sequence == 0 || r.count == 0 || r.count > r.sequence || r.behind > r.sequence {
		return record{}, 0, errFrame
	}
	return r, frameHeader + n, nil
}

// logReader reads the numbers of a record, which have up to 64 bits.
type logReader struct {
	b      []byte
	failed bool
}

func (d *logReader) uvarint() uint64 {
	n, size := binary.Uvarint(d.b)
	d.skip(size)
	return n
}

func (d *logReader) varint() int64 {
	n, size := binary.Varint(d.b)
	d.skip(size)
	return n
}

func (d *logReader) skip(size int) {
	if size <= 0 {
		d.failed, d.b = true, nil
		return
	}
	d.b = d.b[size:]
}

func (d *logReader) text() string {
	n := d.uvarint()
	if n > uint64(len(d.b)) || n > maxName {
		d.failed, d.b = true, nil
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}
