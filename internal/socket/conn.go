package socket

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/fan"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// Conn is an open WebSocket: whole messages, in order. Read, or Each in its place, and
// Write may be called from one goroutine each. It is closed by Set.Serve.
type Conn struct {
	ws      *websocket.Conn
	raw     net.Conn // below ws
	kind    websocket.MessageType
	mixed   bool // the client may send the other kind too
	stall   time.Duration
	every   time.Duration   // from ping to ping
	life    context.Context // ends the connection without a word
	kill    context.CancelFunc
	watch   *time.Timer // cuts a write that takes too long
	slow    atomic.Bool // it was cut so
	reading sync.Once   // the reader is started by the first Read or Each
	readers sync.WaitGroup
	in      chan []byte   // what was read; closed at the end
	readErr error         // why; set before in is closed
	over    chan struct{} // closed when nothing is read any more
	heard   atomic.Int64
	waiting atomic.Bool // the reader waits for the client, and not for us
	fanned  *fanned     // how it is written to; nil when by its own connection
}

// out is the fan by which the socket is written to, or nil.
func (c *Conn) out() *fanOut {
	if c.fanned == nil {
		return nil
	}
	return c.fanned.out
}

// Read returns the next message. It returns with ctx, whose end leaves the
// connection as it is, so that it can be closed with a reason.
func (c *Conn) Read(ctx context.Context) ([]byte, error) {
	c.receive(func(m []byte) error {
		select {
		case c.in <- m:
			return nil
		case <-c.over:
			return net.ErrClosed
		}
	})
	select {
	case m, ok := <-c.in:
		if !ok {
			return nil, c.readErr
		}
		return m, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Each calls f with one message after the other, on the goroutine that reads them: there
// is none to be woken for each. It returns the first error, of f or the connection, or
// with ctx as Read does. F is not called any more then. F must not wait for long, and
// nothing was read before.
func (c *Conn) Each(ctx context.Context, f func(msg []byte) error) error {
	var mu sync.Mutex // held while f runs
	c.receive(func(m []byte) error {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return f(m)
	})
	select {
	case <-c.in: // nothing is sent: it was closed
		return c.readErr
	case <-ctx.Done():
		mu.Lock() // f is not left behind
		defer mu.Unlock()
		return context.Cause(ctx)
	}
}

// Write sends one message. A client that does not take it within 30 s (Options
// .Stall) is cut; that is a *CloseError with CodeTooSlow. The message is not kept.
func (c *Conn) Write(ctx context.Context, msg []byte) error { return c.write(ctx, c.kind, msg) }

// WriteAs is Write of a text or a binary message, whichever the socket has else.
func (c *Conn) WriteAs(ctx context.Context, binary bool, msg []byte) error {
	if binary {
		return c.write(ctx, websocket.MessageBinary, msg)
	}
	return c.write(ctx, websocket.MessageText, msg)
}

func (c *Conn) write(ctx context.Context, kind websocket.MessageType, msg []byte) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.watch.Reset(c.stall)
	err := c.ws.Write(c.life, kind, msg)
	c.watch.Stop()
	if err != nil && c.slow.Load() {
		return &CloseError{CodeTooSlow, "the connection is too slow"}
	}
	return err
}

func (s *Set) accept(w http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	if !rest.IsWebSocket(r) {
		return nil, lyceum.Errorf(lyceum.Invalid, "this address speaks WebSocket only")
	}
	rest.Stream(w)
	opts := &websocket.AcceptOptions{InsecureSkipVerify: true} // the hub has checked the origin
	if o.Subprotocol != "" {
		opts.Subprotocols = []string{o.Subprotocol}
	}
	c := &Conn{kind: websocket.MessageBinary, mixed: o.Mixed, stall: cmp.Or(o.Stall, stallTime), every: cmp.Or(o.Ping, pingTime), in: make(chan []byte), over: make(chan struct{})}
	if o.Text {
		c.kind = websocket.MessageText
	}
	opts.OnPongReceived = func(context.Context, []byte) { c.hear() }
	if c.fanned = s.fans.join(r.Header.Get(fan.Header)); c.fanned != nil {
		w.Header().Set(fan.Header, "1")
	}
	var err error
	if c.ws, err = websocket.Accept(&hijacking{w, c}, r, opts); err != nil {
		return nil, errAnswered
	}
	c.ws.SetReadLimit(cmp.Or(o.Limit, 64<<10))
	// The request's context does not outlive a hijacked connection.
	c.life, c.kill = context.WithCancel(context.WithoutCancel(r.Context()))
	c.watch = time.AfterFunc(c.stall, func() { c.slow.Store(true); c.kill() })
	c.watch.Stop()
	c.hear()
	return c, nil
}

// errAnswered is a handshake that websocket.Accept refused and answered itself.
var errAnswered = errors.New("answered")

func (c *Conn) hear() { c.heard.Store(time.Now().UnixNano()) }

// receive starts the reader, unless it was started. It gives messages to take, one at a
// time: a client that sends faster than its messages are used is slowed down. When take
// fails it reads on, for the client's close frame.
func (c *Conn) receive(take func(msg []byte) error) {
	c.reading.Do(func() {
		c.readers.Go(func() { c.read(take) }) // ends with life
	})
}

func (c *Conn) read(take func(msg []byte) error) {
	fail := func(err error) {
		if take != nil {
			c.readErr, take = err, nil
			close(c.in)
		}
	}
	for {
		c.hear()
		c.waiting.Store(true)
		kind, m, err := c.ws.Read(c.life)
		c.waiting.Store(false)
		switch {
		case err != nil:
			fail(err)
			return
		case take == nil:
		case kind != c.kind && !c.mixed:
			fail(&CloseError{CodeProtocol, "a message of the wrong type: text or binary"})
		default:
			if err := take(m); err != nil {
				fail(err)
			}
		}
	}
}

// ping asks for signs of life, and ends the connection when none come. Pongs are
// seen by the reader only, so as long as we do not read none can be missed.
func (c *Conn) ping() {
	t := time.NewTicker(c.every)
	defer t.Stop()
	for {
		select {
		case <-c.life.Done():
			return
		case <-t.C:
		}
		if c.waiting.Load() && time.Since(time.Unix(0, c.heard.Load())) > missed*c.every {
			c.kill()
			return
		}
		ctx, cancel := context.WithTimeout(c.life, c.every/2)
		_ = c.ws.Ping(ctx) // what counts is what is heard
		cancel()
	}
}

// close ends the connection and tells the client why, unless it went.
func (c *Conn) close(why *CloseError) {
	t := time.AfterFunc(closeTime, func() {
		c.kill()
		_ = c.raw.Close() // who waits for the client's close frame does not look at life
	})
	defer t.Stop()
	close(c.over)
	c.lastWord()
	if why != nil {
		_ = c.ws.Close(websocket.StatusCode(why.Code), clip(why.Reason)) // it may be gone
	}
	c.kill()
	_ = c.ws.CloseNow()
}
