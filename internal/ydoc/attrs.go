package ydoc

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"lyceum/internal/lyceum"
)

// attr is a format: a key and its value as JSON, null for none.
type attr struct {
	key   string
	value []byte
	reset bool // of effects: the key was taken away before it was set
}

var null = []byte("null")

func isNull(value []byte) bool { return len(value) == 4 && value[0] == 'n' }

// attrs is a small set of formats in the order in which Yjs would keep them in a
// Map: the order of what it writes depends on it.
type attrs []attr

func (a attrs) find(key string) int {
	return slices.IndexFunc(a, func(x attr) bool { return x.key == key })
}

// get returns the value of the key, null when it has none.
func (a attrs) get(key string) []byte {
	if i := a.find(key); i >= 0 {
		return a[i].value
	}
	return null
}

// set gives the key a value; null is one.
func (a *attrs) set(key string, value []byte) {
	if i := a.find(key); i >= 0 {
		(*a)[i].value = value
		return
	}
	*a = append(*a, attr{key: key, value: value})
}

func (a *attrs) delete(key string) {
	if i := a.find(key); i >= 0 {
		*a = slices.Delete(*a, i, i+1)
	}
}

// pass sets what holds after a format: null takes the key away.
func (a *attrs) pass(key string, value []byte) {
	if isNull(value) {
		a.delete(key)
		return
	}
	a.set(key, value)
}

// effect adds a format to what a row of formats does to those before it.
func (a *attrs) effect(x attr) {
	i := a.find(x.key)
	switch {
	case i < 0:
		*a = append(*a, x)
	case isNull(x.value):
		*a = append(slices.Delete(*a, i, i+1), x)
	case isNull((*a)[i].value):
		x.reset = true
		*a = append(slices.Delete(*a, i, i+1), x)
	case x.reset:
		*a = append(slices.Delete(*a, i, i+1), x)
	default:
		(*a)[i].value = x.value
	}
}

// after sets what holds after a row of formats with those effects.
func (a *attrs) after(effects attrs) {
	for _, x := range effects {
		if x.reset {
			a.delete(x.key)
		}
		a.pass(x.key, x.value)
	}
}

func (a attrs) clone() attrs { return slices.Clone(a) }

// values returns the formats that hold as a caller gets them, nil for none.
func (a attrs) values() map[string]any {
	if len(a) == 0 {
		return nil
	}
	m := make(map[string]any, len(a))
	for _, x := range a {
		m[x.key] = parseJSON(x.value)
	}
	return m
}

// newAttrs takes formats from a caller, in the order of their keys.
func newAttrs(m map[string]any) (attrs, error) {
	if len(m) == 0 {
		return nil, nil
	}
	a := make(attrs, 0, len(m))
	for _, k := range slices.SortedFunc(maps.Keys(m), compareKeys) {
		value, err := putJSON(nil, m[k])
		if err != nil {
			return nil, lyceum.Errorf(lyceum.Invalid, "format %q: %w", k, err)
		}
		a = append(a, attr{key: strings.ToValidUTF8(k, replacement), value: value})
	}
	return a, nil
}

// equalFormats compares two values of formats as Yjs does: objects are equal
// when all their values are, and these are no objects.
func equalFormats(a, b []byte) bool {
	if flat(a) || flat(b) {
		return bytes.Equal(a, b)
	}
	one, two := entries(parseJSON(a)), entries(parseJSON(b))
	if len(one) != len(two) {
		return false
	}
	for k, v := range one {
		w, ok := two[k]
		if !ok || isObject(v) || isObject(w) || v != w {
			return false
		}
	}
	return true
}

// sameFormat reports whether two values are the same to JavaScript's ===, as far
// as bytes tell: an object is the same as no other.
func sameFormat(a, b []byte) bool { return flat(a) && bytes.Equal(a, b) }

func flat(value []byte) bool { return value[0] != '{' && value[0] != '[' }

func isObject(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// entries returns what Object.entries has of an object or array.
func entries(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		m := make(map[string]any, len(v))
		for i, x := range v {
			m[string(putUint(nil, uint64(i)))] = x
		}
		return m
	}
	return nil
}
