package link

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/fan"
	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

// Limits of a fan, on the hub's side.
const (
	stopAt     = 64 << 10         // bytes that wait for a client before the project is told to stop
	maxWaiting = 64 << 20         // bytes that wait for all clients of a fan: it is ended
	maxSignals = 64 << 10         // bytes that the project does not take: it is ended
	fanTime    = 10 * time.Second // for opening one, and for a signal to be taken
)

// fans are those that are open, by the socket of their project.
type fans struct {
	mu   sync.Mutex
	open map[string]*fanIn
}

// fanIn is the hub's end of a fan (package fan): what one project server says to the
// clients of many sockets. It lasts as long as it has members.
type fanIn struct {
	fans   *fans
	socket string
	id     string
	ready  chan struct{} // closed when conn is there, or failed is
	failed bool
	conn   net.Conn
	sig    chan struct{} // capacity 1: there are signals
	over   chan struct{} // closed when it has ended

	waiting atomic.Int64 // bytes that wait for clients

	mu      sync.Mutex // after those of fans and of a member
	members map[uint32]*member
	last    uint32
	signals []byte
}

// member is one socket of a fan.
type member struct {
	fan    *fanIn
	number uint32
	done   chan struct{} // closed when the client has all that there is for it, or cannot

	mu       sync.Mutex
	client   net.Conn // nil until its handshake is over
	raw      syscall.RawConn
	pending  []byte // what waits for the client
	draining bool   // a goroutine writes to the client
	stopped  bool   // the project was told to stop
	last     bool   // nothing more comes
	closed   bool   // done is closed
}

// join makes a member of the fan of a project, which it opens when there is none. It
// returns nil when the project has no fans.
func (f *fans) join(ctx context.Context, l *Link, id lyceum.ProjectID, addr compute.Address) *member {
	f.mu.Lock()
	in := f.open[addr.Socket]
	first := in == nil
	if first {
		in = &fanIn{fans: f, socket: addr.Socket, id: newID(), ready: make(chan struct{}), sig: make(chan struct{}, 1), over: make(chan struct{}), members: map[uint32]*member{}}
		if f.open == nil {
			f.open = map[string]*fanIn{}
		}
		f.open[addr.Socket] = in
	}
	in.mu.Lock()
	in.last++
	m := &member{fan: in, number: in.last, done: make(chan struct{})}
	in.members[m.number] = m
	in.mu.Unlock()
	f.mu.Unlock()
	if first {
		if err := in.dial(l, id, addr); err != nil {
			l.log.Debug("a project has no fan", "project", id, "err", err)
			in.failed = true
			f.forget(in)
		}
		close(in.ready)
	}
	select {
	case <-in.ready:
	case <-ctx.Done():
		m.leave()
		return nil
	}
	if in.failed {
		return nil
	}
	return m
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

func (f *fans) forget(in *fanIn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open[in.socket] == in {
		delete(f.open, in.socket)
	}
}

// dial opens the fan and starts what serves it.
func (in *fanIn) dial(l *Link, id lyceum.ProjectID, addr compute.Address) error {
	ctx, cancel := context.WithTimeout(context.Background(), fanTime)
	defer cancel()
	r, err := l.system(ctx, http.MethodGet, "/fan/"+in.id, id, addr)
	if err != nil {
		return err
	}
	c, err := l.pool.get(ctx, addr.Socket, true)
	if err != nil {
		return err
	}
	err = c.SetDeadline(time.Now().Add(fanTime))
	if err == nil {
		b := appendRequest(nil, r, r.Header.Get(ticket.Header))
		_, err = c.Conn.Write(append(b[:len(b)-2], "Connection: Upgrade\r\nUpgrade: "+fan.Protocol+"\r\n\r\n"...))
	}
	var res *http.Response
	if err == nil {
		c.limitHead()
		res, err = http.ReadResponse(c.r, r)
	}
	if err == nil && (res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Upgrade") != fan.Protocol) {
		err = fmt.Errorf("it answered with status %d", res.StatusCode)
	}
	if err == nil {
		c.limitNone()
		err = c.SetDeadline(time.Time{})
	}
	if err != nil {
		return errors.Join(err, c.Close())
	}
	in.conn = c.Conn
	go in.tell() // ends with over
	go in.run(l, id, c.r)
	return nil
}

// run gives out what comes, until the fan ends.
func (in *fanIn) run(l *Link, id lyceum.ProjectID, from *bufio.Reader) {
	r := fan.NewReader(bufio.NewReaderSize(from, 64<<10), false)
	var err error
	for err == nil {
		var f fan.Frame
		if f, err = r.Next(); err != nil {
			break
		}
		for _, n := range f.To {
			in.mu.Lock()
			m := in.members[n]
			in.mu.Unlock()
			switch {
			case m == nil: // its client went
			case f.Kind == fan.End:
				m.end()
			default:
				m.deliver(f.Data)
			}
		}
		if in.waiting.Load() > maxWaiting {
			err = errors.New("too much waits for its clients")
		}
	}
	in.fans.forget(in)
	_ = in.conn.Close()
	close(in.over)
	in.mu.Lock()
	all := make([]*member, 0, len(in.members))
	for _, m := range in.members {
		all = append(all, m)
	}
	in.mu.Unlock()
	for _, m := range all {
		m.end()
	}
	l.log.Debug("a fan ended", "project", id, "err", err)
}

// tell writes signals to the project.
func (in *fanIn) tell() {
	for {
		select {
		case <-in.over:
			return
		case <-in.sig:
		}
		in.mu.Lock()
		b := in.signals
		in.signals = nil
		in.mu.Unlock()
		err := in.conn.SetWriteDeadline(time.Now().Add(fanTime))
		if err == nil {
			_, err = in.conn.Write(b)
		}
		if err != nil {
			_ = in.conn.Close() // which ends run
			return
		}
	}
}

func (in *fanIn) signal(k fan.Kind, n uint32) {
	in.mu.Lock()
	in.signals = fan.AppendSignal(in.signals, k, n)
	tooMany := len(in.signals) > maxSignals
	in.mu.Unlock()
	if tooMany {
		_ = in.conn.Close()
	}
	select {
	case in.sig <- struct{}{}:
	default:
	}
}

// leave takes the member out. The last one ends the fan.
func (m *member) leave() {
	in := m.fan
	in.fans.mu.Lock()
	in.mu.Lock()
	delete(in.members, m.number)
	empty := len(in.members) == 0
	in.mu.Unlock()
	if empty && in.fans.open[in.socket] == in {
		delete(in.fans.open, in.socket)
	}
	in.fans.mu.Unlock()
	m.mu.Lock()
	m.dropLocked()
	m.mu.Unlock()
	if empty {
		go func() { // ends within fanTime: it is ready or has failed by then
			<-in.ready
			if !in.failed {
				_ = in.conn.Close()
			}
		}()
	}
}
