package ydoc

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// A value travels as JSON in V1 and as lib0's any in V2. Both directions do what
// JSON.parse and JSON.stringify of JavaScript do, so that the bytes are theirs.

// jsonToAny appends a value to b, which is checked JSON.
func jsonToAny(b, text []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return tokenToAny(b, d)
}

// tokenToAny appends the value that the decoder is before.
func tokenToAny(b []byte, d *json.Decoder) []byte {
	t, err := d.Token()
	if err != nil {
		return append(b, 127) // it was checked before
	}
	switch t := t.(type) {
	case string:
		return putText(append(b, 119), []byte(t))
	case json.Number:
		f, _ := strconv.ParseFloat(string(t), 64) // out of range is infinite, as in JavaScript
		return putNumber(b, f)
	case bool:
		if t {
			return append(b, 120)
		}
		return append(b, 121)
	case json.Delim:
		if t == '[' {
			return listToAny(b, d)
		}
		return objectToAny(b, d)
	}
	return append(b, 126)
}

func listToAny(b []byte, d *json.Decoder) []byte {
	n := uint64(0)
	var parts []byte
	for d.More() {
		parts = tokenToAny(parts, d)
		n++
	}
	d.Token() //nolint:errcheck // the bracket
	return append(putUint(append(b, 117), n), parts...)
}

// member is one of an object: its value is lib0's any.
type member struct {
	key   string
	value []byte
}

func objectToAny(b []byte, d *json.Decoder) []byte {
	var ms []member
	for d.More() {
		k, err := d.Token()
		key, ok := k.(string)
		if err != nil || !ok {
			break
		}
		ms = append(ms, member{key, tokenToAny(nil, d)})
	}
	d.Token() //nolint:errcheck // the brace
	ms = inOrder(ms)
	b = putUint(append(b, 118), uint64(len(ms)))
	for _, m := range ms {
		b = append(putText(b, []byte(m.key)), m.value...)
	}
	return b
}

// inOrder puts members as JavaScript lists them: those whose key is an array
// index first, by number, then the others as they came. Of equal keys the last
// value stands at the first place.
func inOrder(ms []member) []member {
	at := make(map[string]int, len(ms))
	out := ms[:0]
	for _, m := range ms {
		if i, ok := at[m.key]; ok {
			out[i].value = m.value
			continue
		}
		at[m.key] = len(out)
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b member) int {
		i, j := arrayIndex(a.key), arrayIndex(b.key)
		switch {
		case i < j:
			return -1
		case i > j:
			return 1
		}
		return 0
	})
	return out
}

// arrayIndex returns the number that the key is, or one above all of them.
func arrayIndex(key string) uint64 {
	const none = 1<<32 - 1
	if key == "" || len(key) > 10 || key[0] == '0' && key != "0" {
		return none
	}
	n := uint64(0)
	for i := range len(key) {
		if key[i] < '0' || key[i] > '9' {
			return none
		}
		n = n*10 + uint64(key[i]-'0')
	}
	return min(n, none)
}

// putNumber appends a number as lib0 writes it: an integer below 2^31, a float32
// if that is exact, or a float64.
func putNumber(b []byte, f float64) []byte {
	switch {
	case f == math.Trunc(f) && math.Abs(f) <= math.MaxInt32:
		return putInt(append(b, 125), math.Signbit(f), uint64(math.Abs(f)))
	case float64(float32(f)) == f:
		return binary.BigEndian.AppendUint32(append(b, 124), math.Float32bits(float32(f)))
	}
	return binary.BigEndian.AppendUint64(append(b, 123), math.Float64bits(f))
}

// anyToJSON appends the JSON of a checked value. What JSON does not know becomes
// null, or is left out of an object, as JSON.stringify does; an integer beyond
// 2^53, which it refuses, becomes a number.
func anyToJSON(b, value []byte) []byte {
	d := decoder{b: value}
	return d.toJSON(b)
}

func (d *decoder) toJSON(b []byte) []byte {
	switch d.byte() {
	case 125:
		negative, v := d.int()
		if negative && v != 0 {
			b = append(b, '-')
		}
		return strconv.AppendUint(b, v, 10)
	case 124:
		return putJSONNumber(b, float64(math.Float32frombits(binary.BigEndian.Uint32(d.skip(4)))))
	case 123:
		return putJSONNumber(b, math.Float64frombits(binary.BigEndian.Uint64(d.skip(8))))
	case 122:
		return strconv.AppendInt(b, int64(binary.BigEndian.Uint64(d.skip(8))), 10)
	case 121:
		return append(b, "false"...)
	case 120:
		return append(b, "true"...)
	case 119:
		return putJSONString(b, d.bytes())
	case 118:
		return d.objectToJSON(b)
	case 117:
		b = append(b, '[')
		for i := range d.uint() {
			if i > 0 {
				b = append(b, ',')
			}
			b = d.toJSON(b)
		}
		return append(b, ']')
	case 116:
		return putJSONBytes(b, d.bytes())
	}
	return append(b, null...)
}

func (d *decoder) objectToJSON(b []byte) []byte {
	var ms []member
	for range d.uint() {
		key := string(d.bytes())
		if d.pos < len(d.b) && d.b[d.pos] == 127 {
			d.pos++ // undefined
			ms = append(ms, member{key, nil})
			continue
		}
		ms = append(ms, member{key, d.toJSON(nil)})
	}
	b = append(b, '{')
	for _, m := range inOrder(ms) {
		if m.value == nil {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(append(putJSONString(b, []byte(m.key)), ':'), m.value...)
	}
	return append(b, '}')
}

// putJSONNumber writes a number as JavaScript does.
func putJSONNumber(b []byte, f float64) []byte {
	text, err := json.Marshal(f + 0) // which makes a negative zero positive
	if err != nil {
		return append(b, null...) // not finite
	}
	return append(b, text...)
}

// putJSONBytes writes bytes as JSON.stringify does: an object with their places.
func putJSONBytes(b, data []byte) []byte {
	b = append(b, '{')
	for i, v := range data {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, '"'), int64(i), 10)
		b = strconv.AppendUint(append(b, '"', ':'), uint64(v), 10)
	}
	return append(b, '}')
}

// putJSONString writes UTF-8 as JSON.stringify does.
func putJSONString(b, s []byte) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range s {
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			if c < 0x20 {
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}
