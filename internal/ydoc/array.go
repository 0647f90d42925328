package ydoc

import (
	"iter"

	"lyceum/internal/lyceum"
)

// Array is a shared list of values: Y.Array. Positions and lengths count values.
type Array struct {
	handle
	initial []any
	planned []planned
}

// NewArray returns an array that will hold the values when it is placed.
func NewArray(values ...any) *Array {
	return &Array{initial: append([]any(nil), values...)}
}

// Len returns the number of values.
func (a *Array) Len() int {
	if a.branch == nil {
		return 0
	}
	return a.branch.seq.length
}

// Get returns the value at i, nil when there is none. Where many plain values
// were inserted side by side, it passes over those before it among them: use All
// to see them all.
func (a *Array) Get(i int) any {
	if i < 0 || i >= a.Len() {
		return nil
	}
	it, off := a.branch.seq.at().find(i)
	return it.value(uint32(off))
}

// All yields all values with their positions. The array must not be edited meanwhile.
func (a *Array) All() iter.Seq2[int, any] {
	return func(yield func(int, any) bool) {
		if a.branch == nil {
			return
		}
		i := 0
		for it := a.branch.seq.first; it != nil; it = it.right {
			if !it.visible() {
				continue
			}
			for _, v := range it.values() {
				if !yield(i, v) {
					return
				}
				i++
			}
		}
	}
}

// Values returns all values.
func (a *Array) Values() []any {
	list := make([]any, 0, a.Len())
	for _, v := range a.All() {
		list = append(list, v)
	}
	return list
}

// ToJSON returns all values, with what shared types hold in place of these: the
// string of a text, []any for an array, map[string]any for a map.
func (a *Array) ToJSON() []any { return a.toJSON(0) }

func (a *Array) toJSON(depth int) []any {
	list := make([]any, 0, a.Len())
	for _, v := range a.All() {
		list = append(list, plain(v, depth+1))
	}
	return list
}

// Insert puts values, of the types that BigInt's group lists, before the one at
// i, 0 to Len. Errors leave the array as it was: Invalid for a position out of
// range or a value that cannot be held, NotFound when the array was deleted,
// Exhausted when the author has no clocks left.
func (a *Array) Insert(tx *Tx, i int, values ...any) error {
	if err := a.editable(tx); err != nil {
		return err
	}
	if i < 0 || i > a.Len() {
		return lyceum.Errorf(lyceum.Invalid, "position %d is outside an array of %d", i, a.Len())
	}
	list, err := tx.planAll(values)
	if err != nil {
		return err
	}
	left, right := (*item)(nil), a.branch.seq.first
	if i > 0 && len(list) > 0 {
		it, off := a.branch.seq.at().find(i - 1)
		left = tx.endingAt(ref{it.id.author, it.id.clock + uint32(off)})
		right = left.right
	}
	return tx.plantAll(&a.branch.seq, left, right, list)
}

// Push appends values. It is not the same as Insert at Len: it goes behind what
// was deleted at the end, as in Yjs. Its errors are those of Insert.
func (a *Array) Push(tx *Tx, values ...any) error {
	if err := a.editable(tx); err != nil {
		return err
	}
	list, err := tx.planAll(values)
	if err != nil {
		return err
	}
	return tx.plantAll(&a.branch.seq, a.branch.seq.last, nil, list)
}

func (tx *Tx) planAll(values []any) ([]planned, error) {
	var p planner
	list, err := p.all(values)
	if err != nil {
		return nil, err
	}
	return list, tx.room(p.units)
}

func (tx *Tx) plantAll(l *list, left, right *item, list []planned) error {
	for _, x := range list {
		var err error
		if left, err = tx.plant(l, left, right, x); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes n values from i on. The error is of kind Invalid when they are
// not all in the array, NotFound when it was deleted; it then stays as it was.
func (a *Array) Delete(tx *Tx, i, n int) error {
	if err := a.editable(tx); err != nil {
		return err
	}
	if i < 0 || n < 0 || i > a.Len()-n {
		return lyceum.Errorf(lyceum.Invalid, "%d values at %d are outside an array of %d", n, i, a.Len())
	}
	tx.deleteAt(&a.branch.seq, i, n)
	return nil
}

func (a *Array) plan(p *planner) (err error) {
	a.planned, err = p.all(a.initial)
	return err
}

func (a *Array) fill(tx *Tx) error {
	list := a.planned
	a.initial, a.planned = nil, nil
	return tx.plantAll(&a.branch.seq, nil, nil, list)
}
