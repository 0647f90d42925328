package livedoc

import (
	"maps"
	"slices"

	"lyceum/internal/ydoc"
)

const (
	maxOwned = 16   // client ids that one connection may speak for
	maxGone  = 4096 // client ids that went and whose clock is remembered
)

var jsonNull = []byte("null")

// presence is what one client says of itself: its cursor and who it is.
type presence struct {
	clock uint64
	state []byte  // JSON; nil when it is gone
	owner *viewer // the connection that speaks for it; nil when it is gone
}

// presences are the awareness states of a document, by client id. A client id
// belongs to the connection that used it first, until that one goes or the same
// session connects again. What others say of it is not heard: y-websocket clients
// echo, and after 30 s drop, the states of others.
type presences struct {
	clients map[uint64]*presence
	gone    int
}

// take hears what v says and returns the ids of the clients whose state is new.
func (p *presences) take(v *viewer, states []ydoc.AwarenessState) ([]uint64, error) {
	var changed []uint64
	for _, c := range states {
		fresh, err := p.takeOne(v, c)
		if err != nil {
			return changed, err
		}
		if fresh {
			changed = append(changed, c.Client)
		}
	}
	return changed, nil
}

func (p *presences) takeOne(v *viewer, c ydoc.AwarenessState) (fresh bool, err error) {
	cur := p.clients[c.Client]
	if cur == nil {
		if c.Gone() {
			return false, nil
		}
		cur = &presence{}
	} else if mine := cur.owner == v; !mine && (c.Gone() || c.Clock <= cur.clock || cur.owner != nil && !cur.owner.sameSession(v)) {
		return false, nil
	} else if mine && (c.Clock < cur.clock || c.Clock == cur.clock && !c.Gone()) {
		return false, nil
	}
	if len(c.State) > maxState {
		return false, protocolError("an awareness state is larger than 16 kB")
	}
	if c.Gone() {
		p.drop(cur, c.Clock)
		return true, nil
	}
	if cur.owner != v {
		if v.owns >= maxOwned {
			return false, protocolError("a connection speaks for too many clients")
		}
		v.owns++
		if cur.owner != nil {
			cur.owner.owns--
		} else if p.clients[c.Client] != nil {
			p.gone--
		}
	}
	if p.clients == nil {
		p.clients = map[uint64]*presence{}
	}
	*cur = presence{clock: c.Clock, state: slices.Clone(signed(c.State, v.Viewer)), owner: v}
	p.clients[c.Client] = cur
	return true, nil
}

func (p *presences) drop(c *presence, clock uint64) {
	c.owner.owns--
	c.clock, c.state, c.owner = clock, nil, nil
	if p.gone++; p.gone > maxGone {
		maps.DeleteFunc(p.clients, func(_ uint64, c *presence) bool { return c.state == nil })
		p.gone = 0
	}
}

// leave removes what v spoke for and returns the ids.
func (p *presences) leave(v *viewer) []uint64 {
	var left []uint64
	for id, c := range p.clients {
		if c.owner == v {
			left = append(left, id)
		}
	}
	for _, id := range left {
		c := p.clients[id]
		p.drop(c, c.clock)
	}
	return left
}

// here returns the ids of the clients that are there.
func (p *presences) here() []uint64 {
	var ids []uint64
	for id, c := range p.clients {
		if c.state != nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// states returns what is to be told of the clients ids. One whose clock is
// forgotten is not told of.
func (p *presences) states(ids map[uint64]bool) []ydoc.AwarenessState {
	var states []ydoc.AwarenessState
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		c := p.clients[id]
		if c == nil {
			continue
		}
		s := ydoc.AwarenessState{Client: id, Clock: c.clock, State: c.state}
		if s.State == nil {
			s.State = jsonNull
		}
		states = append(states, s)
	}
	return states
}
