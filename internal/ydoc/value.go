package ydoc

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"lyceum/internal/lyceum"
)

// Values of arrays and maps, and what an embed or the value of a format may be,
// are of these Go types:
//
//	nil                  null
//	bool, string         the same; a string is UTF-8
//	float64              each number that is read; every Go integer or float32 is written as one
//	BigInt, Undefined    what JavaScript has besides; not in embeds and formats
//	[]byte               Uint8Array; not in embeds and formats
//	[]any                of values
//	map[string]any       an object; its keys are written in order: array indexes, then bytes
//	*Text, *Array, *Map, *XML   a shared type; new ones can be placed once
//	*Subdocument         a document inside; in arrays and maps only
//
// Shared types, subdocuments are values by themselves, never inside of []any or
// map[string]any. What is read belongs to the reader.
type (
	// BigInt is a bigint of JavaScript that fits 64 bits.
	BigInt int64
	// Undefined is the undefined of JavaScript.
	Undefined struct{}
)

// any reads one value of lib0's any encoding.
func (d *decoder) any(depth int) any {
	if depth > maxDepth {
		d.fail("a value nests too deep")
		return nil
	}
	switch d.byte() {
	case 127:
		return Undefined{}
	case 125:
		negative, v := d.int()
		if negative {
			return math.Copysign(float64(v), -1)
		}
		return float64(v)
	case 124:
		return float64(math.Float32frombits(uint32(d.fixed(4))))
	case 123:
		return math.Float64frombits(d.fixed(8))
	case 122:
		return BigInt(d.fixed(8))
	case 121:
		return false
	case 120:
		return true
	case 119:
		return string(d.text())
	case 118:
		return d.object(depth)
	case 117:
		list := make([]any, d.count(1))
		for i := range list {
			list[i] = d.any(depth + 1)
		}
		return list
	case 116:
		return slices.Clone(d.bytes())
	}
	return nil
}

// fixed reads n bytes as a number, the highest first.
func (d *decoder) fixed(n int) uint64 {
	var v uint64
	for _, b := range d.skip(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

func (d *decoder) object(depth int) map[string]any {
	n := d.count(2)
	m := make(map[string]any, n)
	for range n {
		key := string(d.text())
		m[key] = d.any(depth + 1)
	}
	return m
}

// putAny writes a value as lib0 does. The error is of kind Invalid.
func putAny(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return b, lyceum.Errorf(lyceum.Invalid, "a value nests too deep")
	}
	switch v := v.(type) {
	case nil:
		return append(b, 126), nil
	case Undefined:
		return append(b, 127), nil
	case bool:
		if v {
			return append(b, 120), nil
		}
		return append(b, 121), nil
	case string:
		v = strings.ToValidUTF8(v, replacement)
		return append(putUint(append(b, 119), uint64(len(v))), v...), nil
	case BigInt:
		return binary.BigEndian.AppendUint64(append(b, 122), uint64(v)), nil
	case []byte:
		return append(putUint(append(b, 116), uint64(len(v))), v...), nil
	case []any:
		return putArray(b, v, depth)
	case map[string]any:
		return putObject(b, v, depth)
	}
	f, err := number(v)
	if err != nil {
		return b, err
	}
	if f != f {
		f = math.Float64frombits(0x7FF8 << 48) // the NaN of JavaScript
	}
	return putNumber(b, f), nil
}

func putArray(b []byte, list []any, depth int) ([]byte, error) {
	b = putUint(append(b, 117), uint64(len(list)))
	for _, v := range list {
		var err error
		if b, err = putAny(b, v, depth+1); err != nil {
			return b, err
		}
	}
	return b, nil
}

func putObject(b []byte, m map[string]any, depth int) ([]byte, error) {
	b = putUint(append(b, 118), uint64(len(m)))
	for _, k := range slices.SortedFunc(maps.Keys(m), compareKeys) {
		valid := strings.ToValidUTF8(k, replacement)
		b = append(putUint(b, uint64(len(valid))), valid...)
		var err error
		if b, err = putAny(b, m[k], depth+1); err != nil {
			return b, err
		}
	}
	return b, nil
}

// compareKeys puts keys that are array indexes first, by number, as JavaScript
// does, then the others in the order of their bytes.
func compareKeys(a, b string) int {
	return cmp.Or(cmp.Compare(arrayIndex(a), arrayIndex(b)), cmp.Compare(a, b))
}

// number returns any Go number as the float64 that it is.
func number(v any) (float64, error) {
	var f float64
	switch v := v.(type) {
	case float64:
		return v, nil
	case float32:
		return float64(v), nil
	case int:
		f = float64(v)
	case int64:
		f = float64(v)
	case int32:
		return float64(v), nil
	case int16:
		return float64(v), nil
	case int8:
		return float64(v), nil
	case uint:
		f = float64(v)
	case uint64:
		f = float64(v)
	case uint32:
		return float64(v), nil
	case uint16:
		return float64(v), nil
	case uint8:
		return float64(v), nil
	default:
		return 0, lyceum.Errorf(lyceum.Invalid, "a document cannot hold a value of type %T here", v)
	}
	if math.Abs(f) > MaxClient {
		return 0, lyceum.Errorf(lyceum.Invalid, "%d is too large for a number of JavaScript; give a BigInt", v)
	}
	return f, nil
}

// putJSON writes a value as JSON.stringify does, with the keys of objects in the
// order of putAny. The error is of kind Invalid.
func putJSON(b []byte, v any) ([]byte, error) {
	a, err := putAny(nil, v, 0)
	if err != nil {
		return b, err
	}
	if err := checkJSON(v); err != nil {
		return b, err
	}
	return anyToJSON(b, a), nil
}

// checkJSON refuses what JSON does not know.
func checkJSON(v any) error {
	switch v := v.(type) {
	case Undefined, BigInt, []byte:
		return lyceum.Errorf(lyceum.Invalid, "embeds and formats are JSON, which has no %T", v)
	case []any:
		for _, x := range v {
			if err := checkJSON(x); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, x := range v {
			if err := checkJSON(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// parseJSON returns the value of JSON that was checked when it came in.
func parseJSON(s []byte) any {
	if string(s) == "undefined" {
		return Undefined{}
	}
	var v any
	if err := json.Unmarshal(s, &v); err != nil {
		d := decoder{b: jsonToAny(nil, s)} // a number beyond float64, which is Infinity in JavaScript
		return d.any(0)
	}
	return v
}
