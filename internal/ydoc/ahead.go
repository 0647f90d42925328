package ydoc

// Loading a long document asks for items anywhere in its memory: asked for one
// after the other, each would be waited for. So the items that the next structs
// of a queue stand beside are looked up together, before they are needed.
const (
	lookAhead = 32 // structs that are looked up together
	bulkWalk  = 32 // items that a guess may be wrong by
)

// Only TestMain changes these.
var (
	bulkAbove = 1024 // structs of one author that are worth it
	bulkStep  = 256  // items between two of bulk.starts
)

// bulk is many structs of one author, decoded into one piece of memory: where one
// is follows from its clock, nearly, without a look at anything else.
type bulk struct {
	items  []item
	starts []uint32 // clocks of every bulkStep-th item
	end    uint32   // clock after the last
}

func newBulk(items []item) *bulk {
	x := &bulk{items: items, end: items[len(items)-1].end()}
	for i := 0; i < len(items); i += bulkStep {
		x.starts = append(x.starts, items[i].id.clock)
	}
	return x
}

// guess returns a place near the item with clock, -1 when it is not here.
func (x *bulk) guess(clock uint32) int {
	if x == nil || clock < x.starts[0] || clock >= x.end {
		return -1
	}
	s := before(x.starts, clock)
	at, n, end := s*bulkStep, len(x.items)-s*bulkStep, x.end
	if s+1 < len(x.starts) {
		n, end = bulkStep, x.starts[s+1]
	}
	return at + int(uint64(clock-x.starts[s])*uint64(n)/uint64(end-x.starts[s]))
}

// near returns the item with the unit, looked for around place i; nil when it is
// not found soon.
func (x *bulk) near(i int, r ref) *item {
	for range bulkWalk {
		switch it := &x.items[i]; {
		case it.has(r):
			return it
		case it.id.clock > r.clock && i > 0:
			i--
		case i+1 < len(x.items):
			i++
		}
	}
	return nil
}

// has reports whether the item has the unit.
func (it *item) has(r ref) bool {
	return it.id.author == r.author && r.clock-it.id.clock < it.length
}

// placed reports whether the item has the unit and is in a list. One that was
// found ahead may be another by now, or may never come into the document: what it
// holds had waited there already.
func (it *item) placed(r ref) bool { return it != nil && it.list != nil && it.has(r) }

// beside is what a struct was inserted between, where it was found ahead.
type beside struct{ left, right *item }

// ahead looks up what structs stand beside.
type ahead struct {
	bulks   []*bulk // by author
	beside  [lookAhead]beside
	wanted  [2 * lookAhead]wanted
	nowhere item   // is near what is not here
	sum     uint32 // of what was touched, so that it is
}

// wanted is a unit that an item is looked for, and a place near it.
type wanted struct {
	ref
	bulk *bulk
	i    int
	near *item
}

// newAhead returns nil for an update that is not large.
func newAhead(in incoming) *ahead {
	var x *ahead
	for _, s := range in.streams {
		if s.bulk == nil {
			continue
		}
		if x == nil {
			x = &ahead{}
		}
		for int(s.author.index) >= len(x.bulks) {
			x.bulks = append(x.bulks, nil)
		}
		x.bulks[s.author.index] = s.bulk
	}
	return x
}

// look looks up what the first structs of the queue stand beside. It touches
// all of it in a loop that does nothing else, so that no item is waited for
// before the next ones are asked for.
func (x *ahead) look(queue []arrival) {
	queue = queue[:min(len(queue), lookAhead)]
	ws := x.wanted[:2*len(queue)]
	for i, in := range queue {
		ws[2*i], ws[2*i+1] = x.guess(in.origin), x.guess(in.rightOrigin)
	}
	sum := x.sum
	for i := range ws {
		sum += ws[i].near.length
	}
	x.sum = sum
	for i := range queue {
		x.beside[i] = beside{ws[2*i].find(), ws[2*i+1].find()}
	}
}

func (x *ahead) guess(r ref) wanted {
	if int(r.author) < len(x.bulks) {
		b := x.bulks[r.author]
		if i := b.guess(r.clock); i >= 0 {
			return wanted{r, b, i, &b.items[i]}
		}
	}
	return wanted{near: &x.nowhere}
}

func (w *wanted) find() *item {
	if w.bulk == nil {
		return nil
	}
	return w.bulk.near(w.i, w.ref)
}
