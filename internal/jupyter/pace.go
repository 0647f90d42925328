package jupyter

import "time"

// When a request puts out much, its outputs do not go one by one: to wake another
// goroutine or process for each costs more than all else that is done with it.
const (
	floodAfter  = 100                  // outputs of one request that go as they come
	floodGather = 5 * time.Millisecond // and then what comes within this time goes at once
)

// Pace says when to wait for more before going on. The zero value is ready; it is not
// safe for concurrent use.
type Pace struct {
	parent string // of the last output
	seen   int    // outputs of it
	gather bool   // the last message was one of a flood
}

// Hear takes the next message.
func (p *Pace) Hear(m Message) {
	p.gather = false
	if m.Channel != IOPub {
		return // somebody waits for it
	}
	switch m.Head.Type {
	case "stream", "display_data", "update_display_data", "clear_output":
	default:
		return
	}
	if m.Parent.ID != p.parent {
		p.parent, p.seen = m.Parent.ID, 0
	}
	p.seen++
	p.gather = p.seen > floodAfter
}

// Wait returns at once, or a little later when the last message was one of a flood:
// then when what follows it can be taken together, or done is closed.
func (p *Pace) Wait(done <-chan struct{}) {
	if !p.gather {
		return
	}
	t := time.NewTimer(floodGather)
	defer t.Stop()
	select {
	case <-t.C:
	case <-done:
	}
}
