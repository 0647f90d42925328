package socket

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"

	"lyceum/internal/fan"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// maxFanned is how many bytes may wait for a fan's hub. With more nothing is added
// at once, and who can wait does.
const maxFanned = 256 << 10

// fanOut is the project server's end of a fan (package fan): all that goes to the
// clients of those sockets of one hub that took part.
type fanOut struct {
	wake chan struct{} // capacity 1: there is something to write
	gone chan struct{} // closed at the end

	mu      sync.Mutex
	changed sync.Cond       // there is room again, or a socket may go on or has ended
	raw     syscall.RawConn // to write without waiting; nil when that is not possible
	writing bool            // write has taken what was there
	buf     []byte          // what waits to be written
	spare   []byte
	targets []uint32 // of cast
	members map[uint32]*fanned
	ending  bool // it is closed when all is written
	closed  bool
}

// fanned is the connection of a socket that takes part. It is read as it is; what is
// written goes by the fan. Its fields are guarded by the fan's mu.
type fanned struct {
	net.Conn
	out     *fanOut
	number  uint32
	stopped bool // its client is slow
	closing bool // no more messages may be cast
	ended   bool
}

// ServeFan makes r, whose last segment id names it, a fan, and returns when it ends:
// with the hub or its connection. Then all its sockets end. An error means that r is
// still a plain request.
func (s *Set) ServeFan(w http.ResponseWriter, r *http.Request, id string) error {
	if !fan.ValidID(id) || !strings.EqualFold(r.Header.Get("Upgrade"), fan.Protocol) {
		return lyceum.Errorf(lyceum.Invalid, "this address is for the hub")
	}
	o := &fanOut{wake: make(chan struct{}, 1), gone: make(chan struct{}), members: map[uint32]*fanned{}}
	o.changed.L = &o.mu
	if !s.fans.add(id, o) {
		return lyceum.Errorf(lyceum.Conflict, "there is such a fan already")
	}
	defer s.fans.remove(id, o)
	rest.Stream(w)
	h := w.Header()
	h.Set("Upgrade", fan.Protocol)
	h.Set("Connection", "Upgrade")
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil // the hub went; the answer has begun
	}
	if c, ok := conn.(*net.UnixConn); ok {
		o.mu.Lock()
		o.raw, _ = c.SyscallConn() // without it write does it all
		o.mu.Unlock()
	}
	written := make(chan struct{})
	go func() { // ends with the connection
		defer close(written)
		o.write(conn)
	}()
	o.hear(fan.NewReader(buffered.Reader, true))
	o.close()
	_ = conn.Close()
	<-written
	return nil
}

// hear takes what the hub says of its clients, until it goes.
func (o *fanOut) hear(r *fan.Reader) {
	for {
		f, err := r.Next()
		if err != nil {
			return
		}
		o.mu.Lock()
		if m := o.members[f.To[0]]; m != nil {
			m.stopped = f.Kind == fan.Stop
			o.changed.Broadcast()
		}
		o.mu.Unlock()
	}
}

// write writes what waits, until the fan is closed.
func (o *fanOut) write(conn net.Conn) {
	for range o.wake {
		for b, ending := o.take(); len(b) > 0 || ending; b, ending = o.take() {
			if len(b) == 0 {
				_ = conn.Close() // which ends hear
				return
			}
			if _, err := conn.Write(b); err != nil {
				_ = conn.Close()
				return
			}
			o.giveBack(b)
		}
	}
}

// take returns what waits, which is written until the next take; ending is whether
// the fan is to be closed behind it.
func (o *fanOut) take() (b []byte, ending bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b = o.buf
	o.buf, o.spare = o.spare[:0], nil
	o.writing = len(b) > 0
	return b, o.ending
}

func (o *fanOut) giveBack(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if cap(b) <= 2*maxFanned {
		o.spare = b[:0]
	}
	o.changed.Broadcast()
}

// close ends the fan and its sockets.
func (o *fanOut) close() {
	o.mu.Lock()
	o.closed = true
	all := make([]*fanned, 0, len(o.members))
	for _, m := range o.members {
		all = append(all, m)
	}
	close(o.wake) // sendLocked looks at closed
	o.changed.Broadcast()
	o.mu.Unlock()
	for _, m := range all {
		_ = m.Close()
	}
}

// sendLocked sends what waits: at once if the hub takes it, which saves the turn of a
// goroutine, else by write.
func (o *fanOut) sendLocked() {
	if o.closed {
		return
	}
	if o.raw != nil && !o.writing {
		var n int
		var err error
		gone := o.raw.Write(func(fd uintptr) bool {
			n, err = syscall.Write(int(fd), o.buf)
			return true
		})
		if gone == nil && err == nil {
			o.buf = o.buf[:copy(o.buf, o.buf[n:])]
		}
	}
	if len(o.buf) == 0 && !o.ending {
		return
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// begin makes conn a part of the fan, unless that has ended or has the number already.
func (m *fanned) begin(conn net.Conn) bool {
	o := m.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.members[m.number] != nil {
		return false
	}
	m.Conn = conn
	o.members[m.number] = m
	return true
}

// Write implements net.Conn. It waits while the hub or the client is slow.
func (m *fanned) Write(b []byte) (n int, err error) {
	o := m.out
	o.mu.Lock()
	defer o.mu.Unlock()
	for n < len(b) {
		for !o.closed && !m.ended && len(b) > fan.MaxUrgent && (m.stopped || len(o.buf) > maxFanned) {
			o.changed.Wait()
		}
		if o.closed || m.ended {
			return n, net.ErrClosed
		}
		piece := b[n:min(len(b), n+fan.MaxData)]
		o.buf = fan.AppendData(o.buf, []uint32{m.number}, piece)
		n += len(piece)
		o.sendLocked()
	}
	return n, nil
}

// Close implements net.Conn.
func (m *fanned) Close() error {
	o := m.out
	o.mu.Lock()
	if !m.ended {
		m.ended = true
		delete(o.members, m.number)
		o.buf = fan.AppendSignal(o.buf, fan.End, m.number)
		o.sendLocked()
		o.changed.Broadcast()
	}
	o.mu.Unlock()
	return m.Conn.Close()
}

// cast adds a whole frame for each of the sockets that can take it without waiting,
// and returns the others.
func (o *fanOut) cast(frame []byte, to, rest []*Conn) []*Conn {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(o.buf) > maxFanned || len(frame) > fan.MaxData {
		return append(rest, to...)
	}
	o.targets = o.targets[:0]
	for _, c := range to {
		if m := c.fanned; m.stopped || m.closing || m.ended {
			rest = append(rest, c)
			continue
		}
		o.targets = append(o.targets, c.fanned.number)
	}
	for all := o.targets; len(all) > 0; {
		n := min(len(all), fan.MaxSockets)
		o.buf = fan.AppendData(o.buf, all[:n], frame)
		all = all[n:]
	}
	if len(o.targets) > 0 {
		o.sendLocked()
	}
	return rest
}

// Cast sends msg, as Write does, to each of the sockets that can be reached without
// waiting, and returns the others: those that came by no fan, and those whose client
// is slow. No Write may be under way on any of them. The message is not kept.
func Cast(msg []byte, to []*Conn) (rest []*Conn) {
	for len(to) > 0 {
		first := to[0]
		n := 1
		for n < len(to) && to[n].out() == first.out() && to[n].kind == first.kind {
			n++
		}
		if o := first.out(); o != nil {
			rest = o.cast(appendFrame(nil, byte(first.kind), msg), to[:n], rest)
		} else {
			rest = append(rest, to[:n]...)
		}
		to = to[n:]
	}
	return rest
}

// appendFrame adds an unfragmented frame of a server (RFC 6455, section 5.2).
func appendFrame(b []byte, opcode byte, msg []byte) []byte {
	b = append(b, 1<<7|opcode)
	switch n := len(msg); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = append(b, 126, byte(n>>8), byte(n))
	default:
		b = append(b, 127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, msg...)
}

// fans are those that hubs have opened, by their ids.
type fans struct {
	mu   sync.Mutex
	open map[string]*fanOut
}

func (f *fans) add(id string, o *fanOut) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open[id] != nil {
		return false
	}
	if f.open == nil {
		f.open = map[string]*fanOut{}
	}
	f.open[id] = o
	return true
}

func (f *fans) remove(id string, o *fanOut) {
	f.mu.Lock()
	delete(f.open, id)
	f.mu.Unlock()
	close(o.gone)
}

// close ends all when everything is written, and returns then or when ctx ends.
func (f *fans) close(ctx context.Context) {
	f.mu.Lock()
	all := slices.Collect(maps.Values(f.open))
	f.mu.Unlock()
	for _, o := range all {
		o.mu.Lock()
		o.ending = true
		o.sendLocked()
		o.mu.Unlock()
	}
	for _, o := range all {
		select {
		case <-o.gone:
		case <-ctx.Done():
			return
		}
	}
}

// join makes the connection of a socket one of the fan that offer names. It returns
// nil when there is none.
func (f *fans) join(offer string) *fanned {
	id, number, ok := fan.ParseOffer(offer)
	f.mu.Lock()
	o := f.open[id]
	f.mu.Unlock()
	if !ok || o == nil {
		return nil
	}
	return &fanned{out: o, number: number}
}

// lastWord lets nothing be cast any more: nothing may follow a close frame.
func (c *Conn) lastWord() {
	if c.fanned != nil {
		o := c.fanned.out
		o.mu.Lock()
		c.fanned.closing = true
		o.mu.Unlock()
	}
}

// hijacking notes the connection below a socket, and hands out that of a fanned one.
type hijacking struct {
	http.ResponseWriter
	c *Conn
}

// Hijack implements http.Hijacker.
func (h *hijacking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.c.raw = conn
	f := h.c.fanned
	if f == nil {
		return conn, buffered, nil
	}
	if !f.begin(conn) {
		return nil, nil, errors.Join(errors.New("the fan has ended"), conn.Close())
	}
	return f, bufio.NewReadWriter(buffered.Reader, bufio.NewWriterSize(f, 2<<10)), nil
}
