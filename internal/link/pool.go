package link

import (
	"bufio"
	"context"
	"io"
	"math"
	"net"
	"runtime"
	"sync"
	"time"

	"lyceum/internal/compute"
)

// conn is a connection to a project server that carries one request at a time.
type conn struct {
	net.Conn
	r      *bufio.Reader
	left   int64 // bytes that may still be read: bounds the head of an answer
	head   head  // of the answer at hand, when it is plain
	reused bool  // it carried a request before
	since  time.Time
	until  time.Time // the deadline; zero for none
}

// withinTime gives the answer headerTime to come, and headerSlack more at most, so
// that few requests need a deadline of their own. It fails when ctx has ended: the
// end sets a deadline in the past, which ours may just have replaced.
func (c *conn) withinTime(ctx context.Context) error {
	if now := time.Now(); c.until.Sub(now) < headerTime {
		c.until = now.Add(headerTime + headerSlack)
		if err := c.SetDeadline(c.until); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// forEver takes the deadline away, unless ctx has ended.
func (c *conn) forEver(ctx context.Context) error {
	c.until = time.Time{}
	if err := c.SetDeadline(c.until); err != nil {
		return err
	}
	return ctx.Err()
}

// readHead waits for an answer and reads its head into c.head if it is plain.
func (c *conn) readHead() (plain bool, err error) {
	runtime.Gosched() // others first: what is not there yet costs more than waiting a turn
	if _, err := c.r.Peek(1); err != nil {
		return false, err
	}
	b, err := c.r.Peek(c.r.Buffered())
	if err != nil {
		return false, err
	}
	n := c.head.parseHead(b)
	if n == 0 {
		return false, nil
	}
	c.limitNone()
	_, err = c.r.Discard(n)
	return true, err
}

// Read implements io.Reader for r.
func (c *conn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errHeadTooLarge
	}
	if int64(len(b)) > c.left {
		b = b[:c.left]
	}
	n, err := c.Conn.Read(b)
	c.left -= int64(n)
	return n, err
}

func (c *conn) limitHead() { c.left = maxHeaderBytes }
func (c *conn) limitNone() { c.left = math.MaxInt64 }

// pool keeps connections to project servers for the next request, the last used
// first; each for idleTime at most.
type pool struct {
	mu     sync.Mutex
	idle   map[string][]*conn // by socket; oldest first
	sweeps bool               // a sweep is due
	closed bool
}

// get returns a connection to the socket, a fresh one when asked for.
func (p *pool) get(ctx context.Context, socket string, fresh bool) (*conn, error) {
	if !fresh {
		if c := p.take(socket); c != nil {
			return c, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	raw, err := compute.DialSocket(ctx, socket)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw}
	c.r = bufio.NewReaderSize(c, 4<<10)
	return c, nil
}

func (p *pool) take(socket string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[socket]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	list[len(list)-1] = nil
	p.idle[socket] = list[:len(list)-1]
	return c
}

// put gives a connection back, all of whose answer was read.
func (p *pool) put(socket string, c *conn) {
	c.reused, c.since = true, time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[socket]) >= idlePerProject {
		_ = c.Close()
		return
	}
	if p.idle == nil {
		p.idle = map[string][]*conn{}
	}
	p.idle[socket] = append(p.idle[socket], c)
	if !p.sweeps {
		p.sweeps = true
		time.AfterFunc(idleTime, p.sweep)
	}
}

// sweep closes what was not used for idleTime, and comes again while there is
// anything.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for socket, list := range p.idle {
		n := 0
		for n < len(list) && (p.closed || now.Sub(list[n].since) >= idleTime) {
			_ = list[n].Close()
			n++
		}
		if n == len(list) {
			delete(p.idle, socket)
		} else {
			p.idle[socket] = append([]*conn(nil), list[n:]...)
		}
	}
	p.sweeps = len(p.idle) > 0
	if p.sweeps {
		time.AfterFunc(idleTime/2, p.sweep)
	}
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.sweep()
}

var _ io.Reader = (*conn)(nil)
