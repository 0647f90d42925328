package ydoc

import (
	"bytes"
	"maps"
	"slices"
	"time"
)

// AwarenessTimeout is after how much silence a client counts as gone. A client
// says the same again, with a new clock, in half of that time.
const AwarenessTimeout = 30 * time.Second

// maxGone is how many clients that went are remembered, so that late news of them
// do not bring them back.
const maxGone = 4096

// Awareness holds the states of all clients of a document, as that of
// y-protocols does. Times are told to it. It is not safe for concurrent use.
type Awareness struct {
	client  uint64
	clients map[uint64]*shown
	gone    int
}

// shown is what one client says of itself; state is nil when it is gone.
type shown struct {
	clock uint64
	state []byte
	heard time.Time
}

// AwarenessChange says whose states changed, by client id. What is in Renewed was
// said again with a new clock; of it, Updated is what is another text than before.
type AwarenessChange struct {
	Added, Updated, Renewed, Removed []uint64
}

// Empty reports whether there is nothing to pass on.
func (c AwarenessChange) Empty() bool {
	return len(c.Added)+len(c.Renewed)+len(c.Removed) == 0
}

// Clients returns all that have something to pass on, ascending.
func (c AwarenessChange) Clients() []uint64 {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(c.Added, c.Renewed, c.Removed))))
}

// NewAwareness returns the awareness of the client with that id; 0 stands for
// somebody without a state, as a server is.
func NewAwareness(client uint64) *Awareness {
	return &Awareness{client: client, clients: make(map[uint64]*shown)}
}

// State returns what a client shows, as JSON; nil when it is not there.
func (a *Awareness) State(client uint64) []byte {
	if s := a.clients[client]; s != nil {
		return s.state
	}
	return nil
}

// Clients returns the ids of all that are there, ascending.
func (a *Awareness) Clients() []uint64 {
	var ids []uint64
	for id, s := range a.clients {
		if s.state != nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// SetState makes state, which is JSON, what the own client shows; nil removes it.
func (a *Awareness) SetState(state []byte, now time.Time) AwarenessChange {
	s := a.clients[a.client]
	if s == nil {
		s = &shown{}
		a.clients[a.client] = s
	} else {
		s.clock++
	}
	was := s.state
	s.heard, s.state = now, bytes.Clone(state)
	var c AwarenessChange
	switch me := []uint64{a.client}; {
	case state == nil:
		c.Removed = me
	case was == nil:
		c.Added = me
	default:
		c.Renewed = me
		if !bytes.Equal(was, state) {
			c.Updated = me
		}
	}
	return c
}

// Encode makes an awareness update of what is known of the clients.
func (a *Awareness) Encode(clients []uint64) []byte {
	states := make([]AwarenessState, 0, len(clients))
	for _, id := range clients {
		s := a.clients[id]
		if s == nil {
			continue
		}
		state := s.state
		if state == nil {
			state = null
		}
		states = append(states, AwarenessState{id, s.clock, state})
	}
	return EncodeAwareness(states)
}

// Apply takes an awareness update. The error is of kind Invalid and leaves all as
// it was.
func (a *Awareness) Apply(update []byte, now time.Time) (AwarenessChange, error) {
	states, err := DecodeAwareness(update)
	if err != nil {
		return AwarenessChange{}, err
	}
	var c AwarenessChange
	for _, s := range states {
		a.take(s, now, &c)
	}
	if a.gone > maxGone {
		maps.DeleteFunc(a.clients, func(id uint64, s *shown) bool { return s.state == nil && id != a.client })
		a.gone = 0
	}
	return c, nil
}

func (a *Awareness) take(in AwarenessState, now time.Time, c *AwarenessChange) {
	s := a.clients[in.Client]
	known := s != nil
	if !known {
		s = &shown{}
	}
	if in.Clock < s.clock || in.Clock == s.clock && !(in.Gone() && s.state != nil) {
		return
	}
	was := s.state
	s.clock, s.heard = in.Clock, now
	a.clients[in.Client] = s
	if !in.Gone() {
		if known && was == nil {
			a.gone--
		}
		s.state = bytes.Clone(in.State)
		switch {
		case !known:
			c.Added = append(c.Added, in.Client)
		default:
			c.Renewed = append(c.Renewed, in.Client)
			if !bytes.Equal(was, in.State) {
				c.Updated = append(c.Updated, in.Client)
			}
		}
		return
	}
	if in.Client == a.client && was != nil {
		s.clock++ // the own state is not for others to remove: tell them again
	} else if s.state = nil; was != nil || !known {
		a.gone++
	}
	if known {
		c.Removed = append(c.Removed, in.Client)
	}
}

// Remove forgets what the clients show, as when their connection is lost, and
// returns those that were there.
func (a *Awareness) Remove(clients []uint64, now time.Time) AwarenessChange {
	var c AwarenessChange
	for _, id := range clients {
		s := a.clients[id]
		if s == nil || s.state == nil {
			continue
		}
		if s.state = nil; id == a.client {
			s.clock++
			s.heard = now
		} else {
			a.gone++
		}
		c.Removed = append(c.Removed, id)
	}
	return c
}

// Tick does what has to be done from time to time, a tenth of AwarenessTimeout
// for example: it says the own state again, and removes clients that were silent
// for too long.
func (a *Awareness) Tick(now time.Time) AwarenessChange {
	var c AwarenessChange
	if me := a.clients[a.client]; me != nil && me.state != nil && now.Sub(me.heard) >= AwarenessTimeout/2 {
		c = a.SetState(me.state, now)
	}
	var silent []uint64
	for id, s := range a.clients {
		if id != a.client && s.state != nil && now.Sub(s.heard) >= AwarenessTimeout {
			silent = append(silent, id)
		}
	}
	slices.Sort(silent)
	c.Removed = a.Remove(silent, now).Removed
	return c
}
