package ydoc

import (
	"strings"

	"lyceum/internal/lyceum"
)

// Delta describes a text or a change, from its beginning on, as Quill and Yjs do:
//
//	[{"insert":"Hello "},{"insert":"world","attributes":{"bold":true}}]
//	[{"retain":6},{"delete":5},{"insert":"you"}]
//
// Of a change, what follows the last Op stays as it is.
type Delta []Op

// Op is a part of a Delta: one of an insertion, a retention or a deletion.
// Lengths count UTF-16 units in texts, values in arrays.
type Op struct {
	// Insert is, in a text, a string or an embed: a value that JSON can have, or a
	// shared type. In the change of an array it is []any.
	Insert any `json:"insert,omitempty"`
	Retain int `json:"retain,omitempty"` // how much stays
	Delete int `json:"delete,omitempty"` // how much goes
	// Attributes are formats: of what is inserted, or to be given to what is
	// retained; nil as a value takes one away.
	Attributes map[string]any `json:"attributes,omitempty"`
}

// ToDelta returns the text with its formats and embeds as insertions.
func (t *Text) ToDelta() Delta {
	w := deltaWriter{}
	if t.branch == nil {
		return nil
	}
	for it := t.branch.seq.first; it != nil; it = it.right {
		if !it.deleted {
			w.see(it)
		}
	}
	return w.finish()
}

// deltaWriter puts items together to insertions.
type deltaWriter struct {
	delta Delta
	text  strings.Builder
	holds attrs
	mark  map[string]any // a further attribute, by its only key
}

func (w *deltaWriter) see(it *item) {
	switch {
	case it.kind == kindString:
		w.text.Write(it.data)
	case it.kind == kindFormat:
		w.pack()
		w.holds.pass(it.format())
	case it.kind.countable():
		w.pack()
		for _, v := range it.values() {
			w.delta = append(w.delta, Op{Insert: v, Attributes: w.attributes()})
		}
	}
}

func (w *deltaWriter) attributes() map[string]any {
	m := w.holds.values()
	for k, v := range w.mark {
		if m == nil {
			m = make(map[string]any)
		}
		m[k] = v
	}
	return m
}

// pack ends the insertion of text.
func (w *deltaWriter) pack() {
	if w.text.Len() > 0 {
		w.delta = append(w.delta, Op{Insert: w.text.String(), Attributes: w.attributes()})
		w.text.Reset()
	}
}

func (w *deltaWriter) finish() Delta {
	w.pack()
	return w.delta
}

// step is an Op that was checked.
type step struct {
	insert planned
	retain int
	delete int
	attrs  attrs
}

// mostFormats is how many formats that hold an insertion may end, by the count of
// clocks; nobody has so many.
const mostFormats = 1 << 10

// delta checks a change of a text of length units.
func (p *planner) delta(d Delta, length int) ([]step, error) {
	steps := make([]step, 0, len(d))
	for i, op := range d {
		attributes, err := newAttrs(op.Attributes)
		if err != nil {
			return nil, err
		}
		s := step{retain: op.Retain, delete: op.Delete, attrs: attributes}
		length -= op.Retain + op.Delete
		if op.Retain < 0 || op.Delete < 0 || length < 0 {
			return nil, lyceum.Errorf(lyceum.Invalid, "part %d of the delta is beyond the end of the text", i)
		}
		if op.Insert != nil {
			if s.insert, err = p.content(op.Insert); err != nil {
				return nil, err
			}
		}
		p.units += uint64(s.insert.length)
		p.units += uint64(2*len(attributes) + mostFormats)
		steps = append(steps, s)
	}
	return steps, nil
}

// content checks what is to be inserted into a text.
func (p *planner) content(v any) (planned, error) {
	switch v := v.(type) {
	case string:
		v = strings.ToValidUTF8(v, replacement)
		return planned{kind: kindString, data: []byte(v), length: uint32(len16(v))}, nil
	case Shared:
		return p.shared(v)
	}
	data, err := putJSON(nil, v)
	return planned{kind: kindEmbed, data: putText(nil, data), length: 1}, err
}

// ApplyDelta changes the text as the delta says. Errors leave it as it was:
// Invalid when the delta goes beyond the end or holds what a text cannot,
// NotFound when the text was deleted, Exhausted when the author has no clocks left.
func (t *Text) ApplyDelta(tx *Tx, d Delta) error {
	if err := t.editable(tx); err != nil {
		return err
	}
	steps, err := tx.planDelta(d, t.Len())
	if err != nil {
		return err
	}
	return tx.caret(t.branch, 0).run(steps)
}

func (tx *Tx) planDelta(d Delta, length int) ([]step, error) {
	var p planner
	steps, err := p.delta(d, length)
	if err != nil {
		return nil, err
	}
	return steps, tx.room(p.units)
}

// run takes the steps from the beginning of the text, where it is.
func (c *caret) run(steps []step) error {
	pos := 0
	for _, s := range steps {
		if err := c.step(s, &pos); err != nil {
			return err
		}
	}
	return nil
}

func (c *caret) step(s step, pos *int) error {
	switch {
	case s.insert.length > 0:
		*pos += int(s.insert.length)
		return c.insert(s.insert, s.attrs)
	case s.retain > 0 && len(s.attrs) == 0 && !c.cleaned:
		*pos += s.retain
		*c = *c.tx.caret(c.branch, *pos)
	case s.retain > 0:
		*pos += s.retain
		return c.format(s.retain, s.attrs)
	case s.delete > 0:
		c.delete(s.delete)
	}
	return nil
}

// InsertWith is Insert with exactly the formats given, whatever holds at pos.
// Their values are what JSON can have.
func (t *Text) InsertWith(tx *Tx, pos int, s string, formats map[string]any) error {
	return t.edit(tx, pos, Op{Insert: s, Attributes: formats})
}

// InsertEmbed puts one value, not nil, that JSON can have or a shared type before
// the unit at pos, with exactly the formats given. Its errors are those of Insert.
func (t *Text) InsertEmbed(tx *Tx, pos int, embed any, formats map[string]any) error {
	if _, ok := embed.(string); ok || embed == nil {
		return lyceum.Errorf(lyceum.Invalid, "an embed cannot be a string or nil")
	}
	return t.edit(tx, pos, Op{Insert: embed, Attributes: formats})
}

func (t *Text) edit(tx *Tx, pos int, op Op) error {
	if err := t.at(tx, pos); err != nil {
		return err
	}
	steps, err := tx.planDelta(Delta{op}, 0)
	if err != nil {
		return err
	}
	return tx.caret(t.branch, pos).step(steps[0], &pos)
}

// Format gives the n units from pos on formats; nil as a value takes one away.
// The error is of kind Invalid when the units are not all in the text or a value
// is none of JSON, and those of Insert; it then stays as it was.
func (t *Text) Format(tx *Tx, pos, n int, formats map[string]any) error {
	if err := t.part(tx, pos, n); err != nil || n == 0 {
		return err
	}
	steps, err := tx.planDelta(Delta{{Retain: n, Attributes: formats}}, n)
	if err != nil || len(formats) == 0 {
		return err
	}
	return tx.caret(t.branch, pos).format(n, steps[0].attrs)
}
