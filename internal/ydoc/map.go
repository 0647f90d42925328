package ydoc

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// Map is a shared map from strings to values: Y.Map. Of what several people set
// at once for a key, one value wins, and the same for all.
type Map struct {
	handle
	initial map[string]any
	planned []mapEntry
}

type mapEntry struct {
	key   string
	value planned
}

// NewMap returns a map that will hold the entries when it is placed. They are
// set in the order of their keys.
func NewMap(entries map[string]any) *Map {
	return &Map{initial: maps.Clone(entries)}
}

// current returns the item of the value that a key has, nil for none.
func (b *branch) current(key string) *item {
	if b == nil || b.keyed[key] == nil {
		return nil
	}
	if it := b.keyed[key].last; it != nil && it.visible() {
		return it
	}
	return nil
}

// Get returns the value of a key, and whether it has one.
func (m *Map) Get(key string) (any, bool) {
	it := m.branch.current(key)
	if it == nil {
		return nil, false
	}
	return it.value(it.length - 1), true
}

// Len returns the number of keys that have a value.
func (m *Map) Len() int {
	n := 0
	for range m.items() {
		n++
	}
	return n
}

// All yields the keys and values in the order in which the keys came into this
// document, which may be another in another one. The map must not be edited meanwhile.
func (m *Map) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for key, it := range m.items() {
			if !yield(key, it.value(it.length-1)) {
				return
			}
		}
	}
}

func (m *Map) items() iter.Seq2[string, *item] {
	return func(yield func(string, *item) bool) {
		if m.branch == nil {
			return
		}
		for _, l := range m.branch.keys {
			if it := l.last; it != nil && it.visible() && !yield(l.key, it) {
				return
			}
		}
	}
}

// Keys returns the keys that have a value, sorted.
func (m *Map) Keys() []string {
	var keys []string
	for key := range m.items() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// ToJSON returns all entries, with what shared types hold in place of these.
func (m *Map) ToJSON() map[string]any { return m.toJSON(0) }

func (m *Map) toJSON(depth int) map[string]any {
	all := make(map[string]any)
	for key, v := range m.All() {
		all[key] = plain(v, depth+1)
	}
	return all
}

// Set gives a key a value, of the types that BigInt's group lists. Errors leave
// the map as it was: Invalid for a value that cannot be held, NotFound when the
// map was deleted, Exhausted when the author has no clocks left.
func (m *Map) Set(tx *Tx, key string, value any) error {
	if err := m.editable(tx); err != nil {
		return err
	}
	return tx.set(m.branch, key, value)
}

func (tx *Tx) set(b *branch, key string, value any) error {
	var p planner
	x, err := p.one(value)
	if err != nil {
		return err
	}
	if err := tx.room(p.units); err != nil {
		return err
	}
	_, err = tx.plantKey(b, key, x)
	return err
}

func (tx *Tx) plantKey(b *branch, key string, x planned) (*item, error) {
	l := b.key(strings.ToValidUTF8(key, replacement))
	return tx.plant(l, l.last, nil, x)
}

// Delete removes the value of a key, if it has one. The error is of kind
// NotFound when the map was deleted, Invalid when it is not in tx's document.
func (m *Map) Delete(tx *Tx, key string) error {
	if err := m.editable(tx); err != nil {
		return err
	}
	if it := m.branch.current(key); it != nil {
		tx.delete(it)
	}
	return nil
}

// Clear removes all values. Its errors are those of Delete.
func (m *Map) Clear(tx *Tx) error {
	if err := m.editable(tx); err != nil {
		return err
	}
	for _, it := range m.items() {
		tx.delete(it)
	}
	return nil
}

func (m *Map) plan(p *planner) error {
	m.planned = nil
	for _, key := range slices.Sorted(maps.Keys(m.initial)) {
		x, err := p.one(m.initial[key])
		if err != nil {
			return err
		}
		m.planned = append(m.planned, mapEntry{key, x})
	}
	return nil
}

func (m *Map) fill(tx *Tx) error {
	list := m.planned
	m.initial, m.planned = nil, nil
	for _, e := range list {
		if _, err := tx.plantKey(m.branch, e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}
