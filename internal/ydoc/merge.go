package ydoc

import (
	"cmp"
	"container/heap"
	"slices"
)

// MergeUpdates joins updates (V1) to one, without a document, as Yjs's
// mergeUpdates does: what is in several is there once, and where something is
// missing between two structs of a client there is a gap. A document that gets an
// update with gaps keeps what is behind them until the rest comes; other programs
// may lose it, so pass on what a document says (Apply, EncodeState) rather than
// this. To make little of a long history, too, go through a document: structs are
// put side by side here, not joined. The error is of kind Invalid.
func MergeUpdates(updates [][]byte) ([]byte, error) {
	switch len(updates) {
	case 0:
		return []byte{0, 0}, nil
	case 1:
		if _, err := readAll(updates[0]); err != nil {
			return nil, err
		}
		return slices.Clone(updates[0]), nil
	}
	m := merger{}
	var deletes []deletion
	for _, u := range updates {
		parts, err := readAll(u)
		if err != nil {
			return nil, err
		}
		deletes = append(deletes, parts.deletes...)
		m.add(parts)
	}
	m.run()
	return m.out.finish(normalizeDeletions(deletes)), nil
}

// MergeUpdatesV2 is MergeUpdates for updates in V2; the result is in V2 too.
func MergeUpdatesV2(updates [][]byte) ([]byte, error) {
	v1 := make([][]byte, len(updates))
	for i, u := range updates {
		var err error
		if v1[i], err = ConvertV2ToV1(u); err != nil {
			return nil, err
		}
	}
	if len(updates) == 1 {
		return slices.Clone(updates[0]), nil
	}
	merged, err := MergeUpdates(v1)
	if err != nil {
		return nil, err
	}
	return ConvertV1ToV2(merged)
}

// parts is a checked update.
type parts struct {
	update   []byte
	sections []place
	deletes  []deletion
}

// place is where the structs of a section are in an update.
type place struct {
	at    unitID
	count int
	pos   int
}

// readAll checks an update and finds its parts; the sections are in the order of
// Yjs: higher clients first.
func readAll(update []byte) (parts, error) {
	r := readV1(update)
	all := parts{update: update}
	var p piece
	for {
		if r.structs == 0 {
			if !r.section() {
				break
			}
			all.sections = append(all.sections, place{r.at, r.structs, r.d.pos})
			continue
		}
		if !r.next(&p) {
			break
		}
	}
	var err error
	all.deletes, err = r.end()
	slices.SortStableFunc(all.sections, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.at.client, a.at.client), cmp.Compare(a.at.clock, b.at.clock))
	})
	return all, err
}

// cursor goes through the structs of one update, without gaps.
type cursor struct {
	r    *pieceReader
	left []place
	p    piece // the one at hand
	ok   bool  // there is one
	turn int   // among those at the same struct: lower first
}

func (c *cursor) next() {
	for {
		for c.r.structs == 0 {
			if len(c.left) == 0 {
				c.ok = false
				return
			}
			c.r.at, c.r.structs, c.r.d.pos = c.left[0].at, c.left[0].count, c.left[0].pos
			c.left = c.left[1:]
		}
		c.ok = c.r.next(&c.p)
		if !c.ok || c.p.kind != kindSkip {
			return
		}
	}
}

// merger joins the structs of many updates; the heap has the cursors by client,
// higher first, and clock.
type merger struct {
	cursors []*cursor
	turn    int
	out     v1Sink
	last    piece // not written yet, since the next may be joined to it
	started bool
}

func (m *merger) Len() int      { return len(m.cursors) }
func (m *merger) Swap(i, j int) { m.cursors[i], m.cursors[j] = m.cursors[j], m.cursors[i] }
func (m *merger) Push(x any)    { m.cursors = append(m.cursors, x.(*cursor)) }

func (m *merger) Pop() any {
	n := len(m.cursors) - 1
	c := m.cursors[n]
	m.cursors = m.cursors[:n]
	return c
}

func (m *merger) Less(i, j int) bool {
	a, b := m.cursors[i], m.cursors[j]
	return cmp.Or(cmp.Compare(b.p.id.client, a.p.id.client), cmp.Compare(a.p.id.clock, b.p.id.clock), cmp.Compare(a.turn, b.turn)) < 0
}

// add makes a cursor of a checked update.
func (m *merger) add(u parts) {
	r := readV1(u.update)
	r.sections, r.structs, r.most = 0, 0, len(u.update)
	c := &cursor{r: r, left: u.sections, turn: len(m.cursors)}
	if c.next(); c.ok {
		m.cursors = append(m.cursors, c)
	}
}

func (m *merger) run() {
	heap.Init(m)
	for len(m.cursors) > 0 {
		c := m.cursors[0]
		m.step(c)
		if !c.ok {
			heap.Pop(m)
			continue
		}
		m.turn--
		c.turn = m.turn
		heap.Fix(m, 0)
	}
	if m.started {
		m.out.put(&m.last)
	}
}

// step takes what the cursor has of one client, as long as each follows the one before.
func (m *merger) step(c *cursor) {
	client := c.p.id.client
	if !m.started {
		m.last, m.started = c.p, true
		c.next()
	} else if !m.join(c) {
		return
	}
	for c.ok && c.p.id == (unitID{client, m.last.end()}) {
		m.write(c.p)
		c.next()
	}
}

// write puts the last piece out; p becomes the last.
func (m *merger) write(p piece) {
	m.out.put(&m.last)
	m.last = p
}

// join brings the cursor's struct behind the last, and the cursor beyond what is
// known. It returns false when another cursor may be before it now.
func (m *merger) join(c *cursor) bool {
	client, passed := c.p.id.client, false
	for c.ok && c.p.id.client == m.last.id.client && c.p.end() <= m.last.end() {
		c.next()
		passed = true
	}
	switch {
	case !c.ok || c.p.id.client != client:
		return false
	case client != m.last.id.client:
		m.write(c.p)
		c.next()
	case c.p.id.clock > m.last.end():
		if passed {
			return false
		}
		end := unitID{client, m.last.end()}
		m.write(piece{kind: kindSkip, id: end, length: c.p.id.clock - end.clock})
	default:
		p := c.p
		p.drop(m.last.end() - p.id.clock)
		if m.last.kind == kindGC && p.kind == kindGC {
			m.last.length += p.length
			return true
		}
		m.write(p)
		c.next()
	}
	return true
}
