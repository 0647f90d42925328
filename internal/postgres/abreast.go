package postgres

import (
	"context"
	"net"
	"runtime"
	"sync"
	"time"
)

// Abreast tells when a Listen has delivered all that was committed before it was
// asked. Whoever remembers what notifications make void asks it first, and then
// knows that what it still remembers is as new as anything that PostgreSQL would
// answer. That costs PostgreSQL an empty message, for all who ask meanwhile together:
// it signals who listens before it answers a commit, and sends what is to be heard
// before it answers the connection's next message.
//
// The zero Abreast is ready to be given to a Listen. It is safe for concurrent use.
type Abreast struct {
	mu    sync.Mutex
	conn  net.Conn // that is listened to; nil while there is none
	asked *round   // those whose question is under way
	next  *round   // those who came since; while asked is nil, one of them asks soon
}

// round is a question that several ask together.
type round struct {
	over chan struct{} // closed when it is answered
	ok   bool          // to be read then: all was delivered
}

// askTime bounds how long the question may take to be sent.
const askTime = 5 * time.Second

// syncMessage is the message Sync of PostgreSQL's protocol 3: it is answered by
// ReadyForQuery and does nothing else outside a statement.
var syncMessage = []byte("S\x00\x00\x00\x04")

// Wait returns true when all that was committed before it was called has been
// delivered, and false when that is not known: nothing is listened to now, the
// connection was lost, notifications were dropped, or ctx ended.
func (a *Abreast) Wait(ctx context.Context) bool {
	a.mu.Lock()
	if a.conn == nil {
		a.mu.Unlock()
		return false
	}
	first := a.next == nil
	if first {
		a.next = &round{over: make(chan struct{})}
	}
	r := a.next
	first = first && a.asked == nil
	a.mu.Unlock()
	if first {
		runtime.Gosched() // who is about to ask comes along
		a.ask(r)
	}
	select {
	case <-r.over:
		return r.ok
	case <-ctx.Done():
		return false
	}
}

// ask sends the question of r, unless that is done or under way.
func (a *Abreast) ask(r *round) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next == r && a.asked == nil {
		a.askLocked()
	}
}

// askLocked sends the question of those who wait. When it cannot, the connection is
// broken: its reader finds out and ends the round.
func (a *Abreast) askLocked() {
	a.asked, a.next = a.next, nil
	if a.writeLocked(syncMessage) != nil {
		_ = a.conn.Close() // it is broken already
	}
}

// write sends another message on the connection.
func (a *Abreast) write(message []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil {
		return net.ErrClosed
	}
	return a.writeLocked(message)
}

func (a *Abreast) writeLocked(message []byte) error {
	err := a.conn.SetWriteDeadline(time.Now().Add(askTime))
	if err == nil {
		_, err = a.conn.Write(message)
	}
	return err
}

// begin says that conn is listened to.
func (a *Abreast) begin(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conn = conn
}

// end says that nothing is listened to any more.
func (a *Abreast) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conn = nil
	a.asked.answer(false)
	a.next.answer(false)
	a.asked, a.next = nil, nil
}

// answered returns the round whose question PostgreSQL has answered, which is over
// when all before it is delivered, and asks the next. It does nothing when the answer
// is that to a ping.
func (a *Abreast) answered(ping bool) *round {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ping {
		return nil
	}
	r := a.asked
	a.asked = nil
	if a.next != nil {
		a.askLocked()
	}
	return r
}

func (r *round) answer(ok bool) {
	if r != nil {
		r.ok = ok
		close(r.over)
	}
}
