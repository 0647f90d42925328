package ydoc

import (
	"encoding/json"
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

// decoder reads the primitives of lib0. After the first error it stays at the
// end and returns zeros, so that callers look at err once.
type decoder struct {
	b     []byte
	pos   int
	err   error
	whole *decoder // that fails too, when this is a column of it
}

// maxDepth is how deep values may nest.
const maxDepth = 500

// fail records why the input is refused; the first reason stands.
func (d *decoder) fail(why string) {
	if d.err == nil {
		d.err = lyceum.Errorf(lyceum.Invalid, "malformed document update at byte %d: %s", d.pos, why)
	}
	d.pos = len(d.b)
	if d.whole != nil {
		d.whole.fail(why)
	}
}

func (d *decoder) byte() byte {
	if d.pos >= len(d.b) {
		d.fail("it ends too early")
		return 0
	}
	d.pos++
	return d.b[d.pos-1]
}

// uint reads a number below 2^53.
func (d *decoder) uint() uint64 {
	if d.pos < len(d.b) && d.b[d.pos] < 0x80 {
		d.pos++
		return uint64(d.b[d.pos-1])
	}
	var v uint64
	for shift := uint(0); shift < 56; shift += 7 {
		b := d.byte()
		v |= uint64(b&0x7F) << shift
		if b < 0x80 {
			if v > MaxClient {
				break
			}
			return v
		}
	}
	d.fail("a number is too large")
	return 0
}

// clock reads a number below 2^32.
func (d *decoder) clock() uint32 {
	v := d.uint()
	if v >= 1<<32 {
		d.fail("a clock is too large")
		return 0
	}
	return uint32(v)
}

// count reads how many parts follow, of which each takes at least size bytes.
func (d *decoder) count(size int) int {
	v := d.uint()
	if v > uint64((len(d.b)-d.pos)/size) {
		d.fail("a count is larger than the input")
		return 0
	}
	return int(v)
}

// skip passes over n bytes and returns them.
func (d *decoder) skip(n int) []byte {
	if n > len(d.b)-d.pos {
		d.fail("it ends too early")
		return nil
	}
	d.pos += n
	return d.b[d.pos-n : d.pos : d.pos]
}

// bytes reads bytes with their length before them; they are part of the input.
func (d *decoder) bytes() []byte { return d.skip(d.count(1)) }

// text reads a string.
func (d *decoder) text() []byte {
	s := d.bytes()
	if !utf8.Valid(s) {
		d.fail("a string is not UTF-8")
	}
	return s
}

// json reads a string that holds JSON. Elements of kindJSON may be undefined.
func (d *decoder) json(undefined bool) {
	s := d.text()
	switch {
	case d.err != nil, undefined && string(s) == "undefined":
	case !json.Valid(s):
		d.fail("a value is not JSON")
	case deep(s):
		d.fail("a value nests too deep")
	}
}

// deep reports whether JSON nests deeper than maxDepth.
func deep(s []byte) bool {
	depth := 0
	for i := 0; i < len(s) && len(s) > 2*maxDepth; i++ {
		switch s[i] {
		case '[', '{':
			if depth++; depth > maxDepth {
				return true
			}
		case ']', '}':
			depth--
		case '"':
			for i++; s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		}
	}
	return false
}

// skipAny passes over one value of lib0's any encoding.
func (d *decoder) skipAny(depth int) {
	if depth > maxDepth {
		d.fail("a value nests too deep")
		return
	}
	switch d.byte() {
	case 127, 126, 121, 120: // undefined, null, false, true
	case 125: // integer
		d.int()
	case 124: // float32
		d.skip(4)
	case 123, 122: // float64, bigint
		d.skip(8)
	case 119: // string
		d.text()
	case 118: // object
		for range d.count(2) {
			d.text()
			d.skipAny(depth + 1)
		}
	case 117: // array
		for range d.count(1) {
			d.skipAny(depth + 1)
		}
	case 116: // bytes
		d.bytes()
	default:
		d.fail("a value has an unknown type")
	}
}

// int reads a signed number below 2^53: the sign and 6 bits in the first byte, 7
// bits in each further. Zero may be negative.
func (d *decoder) int() (negative bool, v uint64) {
	b := d.byte()
	negative, v = b&0x40 != 0, uint64(b&0x3F)
	for shift := uint(6); b >= 0x80; shift += 7 {
		if shift > 55 {
			d.fail("a number is too large")
			return false, 0
		}
		b = d.byte()
		v |= uint64(b&0x7F) << shift
	}
	if v > MaxClient {
		d.fail("a number is too large")
		return false, 0
	}
	return negative, v
}
