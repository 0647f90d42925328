package livedoc

import "lyceum/internal/ydoc"

// becomeOver is become for a text that was made of base: what the document says
// otherwise than base stays.
func (d *document) becomeOver(base, text, by, origin string) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := modelNamed(d.model.name())
	if err != nil {
		return 0, err
	}
	if m.accepts(base) == nil && !m.says(d.y, base) && !m.says(d.y, text) {
		if text, err = blend(m, base, text, m.text(d.y)); err != nil {
			return 0, err
		}
	}
	return d.becomeLocked(text, by, origin)
}

// The client ids of the three states of a blend. Of two values of one key mine wins.
const (
	blendBase = iota + 1
	blendTheirs
	blendMine
)

// blend returns what becomes of base when one makes mine of it, and others theirs: both
// are edits of one shared document, that of a model.
func blend(m model, base, mine, theirs string) (string, error) {
	start := ydoc.New(ydoc.Config{Client: blendBase})
	var err error
	start.Transact(func(tx *ydoc.Tx) { err = m.begin(tx, start, base) })
	if err != nil {
		return "", err
	}
	edit := func(client uint64, text string) (y *ydoc.Doc, update []byte, err error) {
		if y, err = start.Fork(client); err != nil {
			return nil, nil, err
		}
		update = y.Transact(func(tx *ydoc.Tx) { err = m.become(tx, y, text) })
		return y, update, err
	}
	_, update, err := edit(blendTheirs, theirs)
	if err != nil {
		return "", err
	}
	both, _, err := edit(blendMine, mine)
	if err != nil {
		return "", err
	}
	if update != nil {
		if _, err := both.Apply(update); err != nil {
			return "", err
		}
	}
	return m.text(both), nil
}
