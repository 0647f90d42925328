// Package socket holds what the two servers inside a project, project and
// supervisor, do around their sockets: a listener that appears at once or not at
// all, WebSockets that are pinged, bounded and closed with a reason, and the set
// of those that are open, so that they can be cut when their right is lost.
//
// It knows no routes and no frames. Who may open a socket was decided before;
// the origin of a request was checked by the hub, and here no cookie counts.
package socket

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

// Close codes that any socket of a project may end with (RFC 6455, section
// 7.4.2: 4000 to 4999 are free). Terminals and documents have more of their own.
const (
	CodeProtocol  = 4400 // a message that is none
	CodeSignedOut = 4401 // the session that opened it has ended
	CodeForbidden = 4403 // the rights have changed
	CodeNotFound  = 4404 // what it showed is not there (any more)
	CodeTooSlow   = 4429 // the client did not take what was sent to it
	CodeInternal  = 1011 // our fault
	CodeStopping  = 4503 // the server stops; connect again
)

// Times of a socket.
const (
	pingTime  = 20 * time.Second // from ping to ping
	missed    = 4                // pings without any sign of life, although we listen: it is dead
	stallTime = 30 * time.Second // that a client may take for one message
	closeTime = time.Second      // for the closing handshake
)

// CloseError says with which code to close a socket, and why in at most 120
// bytes for people.
type CloseError struct {
	Code   int
	Reason string
}

// Error is the reason.
func (e *CloseError) Error() string { return e.Reason }

// Listen listens on the Unix socket at path. It replaces what a server before
// left there, and it appears ready: who finds it can connect. It stays when the
// listener is closed, so that the next one may have taken its place already. Only
// the user itself and root can connect.
func Listen(path string) (net.Listener, error) {
	// Not longer than the name itself: a socket's address has 107 bytes.
	name := strings.TrimSuffix(path, filepath.Ext(path)) + ".new"
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", name)
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(name, 0o600), os.Rename(name, path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Options of one socket. The zero value is good.
type Options struct {
	Subprotocol string        // "" for none
	Limit       int64         // most bytes in a message from the client; 0 means 64 KiB
	Text        bool          // messages are text; else binary
	Stall       time.Duration // that the client may take for one message; 0 means 30 s
	Ping        time.Duration // from ping to ping; 0 means 20 s
}

// Conn is an open WebSocket: whole messages, in order. Read and Write may be
// called from one goroutine each. It is closed by Set.Serve.
type Conn struct {
	ws      *websocket.Conn
	kind    websocket.MessageType
	stall   time.Duration
	every   time.Duration   // from ping to ping
	life    context.Context // ends the connection without a word
	kill    context.CancelFunc
	watch   *time.Timer // cuts a write that takes too long
	slow    atomic.Bool // it was cut so
	in      chan []byte // what was read; closed at the end
	readErr error       // why; set before in is closed
	heard   atomic.Int64
	waiting atomic.Bool // the reader waits for the client, and not for us
}

// Read returns the next message. It returns with ctx, whose end leaves the
// connection as it is, so that it can be closed with a reason.
func (c *Conn) Read(ctx context.Context) ([]byte, error) {
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

// Write sends one message. A client that does not take it within 30 s (Options
// .Stall) is cut; that is a *CloseError with CodeTooSlow. The message is not kept.
func (c *Conn) Write(ctx context.Context, msg []byte) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.watch.Reset(c.stall)
	err := c.ws.Write(c.life, c.kind, msg)
	c.watch.Stop()
	if err != nil && c.slow.Load() {
		return &CloseError{CodeTooSlow, "the connection is too slow"}
	}
	return err
}

func accept(w http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	if !rest.IsWebSocket(r) {
		return nil, lyceum.Errorf(lyceum.Invalid, "this address speaks WebSocket only")
	}
	rest.Stream(w)
	opts := &websocket.AcceptOptions{InsecureSkipVerify: true} // the hub has checked the origin
	if o.Subprotocol != "" {
		opts.Subprotocols = []string{o.Subprotocol}
	}
	c := &Conn{kind: websocket.MessageBinary, stall: cmp.Or(o.Stall, stallTime), every: cmp.Or(o.Ping, pingTime), in: make(chan []byte)}
	if o.Text {
		c.kind = websocket.MessageText
	}
	opts.OnPongReceived = func(context.Context, []byte) { c.hear() }
	var err error
	if c.ws, err = websocket.Accept(w, r, opts); err != nil {
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

// receive reads messages until the connection ends. It has one in hand at most:
// a client that sends faster than its messages are used is slowed down.
func (c *Conn) receive() {
	defer close(c.in)
	for {
		c.hear()
		c.waiting.Store(true)
		kind, m, err := c.ws.Read(c.life)
		c.waiting.Store(false)
		switch {
		case err != nil:
			c.readErr = err
			return
		case kind != c.kind:
			c.readErr = &CloseError{CodeProtocol, "a message of the wrong type: text or binary"}
			return
		}
		select {
		case c.in <- m:
		case <-c.life.Done():
			c.readErr = net.ErrClosed
			return
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

// close ends the connection with the reason that err holds.
func (c *Conn) close(err error) {
	t := time.AfterFunc(closeTime, c.kill)
	defer t.Stop()
	if e := reason(err); e != nil {
		_ = c.ws.Close(websocket.StatusCode(e.Code), clip(e.Reason)) // it may be gone
	}
	c.kill()
	_ = c.ws.CloseNow()
}

// reason is how the end of a socket is told to its client; nil when it is the
// client that went.
func reason(err error) *CloseError {
	if err == nil {
		return &CloseError{int(websocket.StatusNormalClosure), ""}
	}
	if e, ok := errors.AsType[*CloseError](err); ok {
		return e
	}
	if websocket.CloseStatus(err) != -1 || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return nil
	}
	if e, ok := errors.AsType[*lyceum.Error](err); ok {
		return &CloseError{codeOf(e.Kind), e.Message}
	}
	return &CloseError{CodeInternal, "something went wrong on our side"}
}

func codeOf(k lyceum.Kind) int {
	switch k {
	case lyceum.Invalid:
		return CodeProtocol
	case lyceum.Unauthenticated:
		return CodeSignedOut
	case lyceum.Forbidden:
		return CodeForbidden
	case lyceum.NotFound:
		return CodeNotFound
	case lyceum.TooLarge:
		return 4413
	case lyceum.Exhausted:
		return CodeTooSlow
	case lyceum.Unavailable:
		return CodeStopping
	}
	return CodeInternal
}

// clip makes a reason fit into a close frame.
func clip(s string) string {
	const most = 120
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}

// Serve makes r a WebSocket of the set, opened with the right that t states, and
// runs f on it. f's ctx ends when the socket is cut, with the reason as its cause;
// f must return then. What f returns is told to the client: nil as the normal end,
// a *CloseError by its code, an error of ours by its kind's. An error of Serve
// means that r is still a plain request, to be answered with it.
func (s *Set) Serve(w http.ResponseWriter, r *http.Request, t ticket.Ticket, o Options, f func(ctx context.Context, c *Conn) error) error {
	ctx, done, err := s.Add(context.WithoutCancel(r.Context()), t)
	if err != nil {
		return err
	}
	defer done()
	c, err := accept(w, r, o)
	if errors.Is(err, errAnswered) {
		return nil
	}
	if err != nil {
		return err
	}
	// A cut socket may have a write under way that its client does not take.
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(2*closeTime, c.kill) })
	defer unhook()
	var all sync.WaitGroup
	all.Go(c.receive)
	all.Go(c.ping)
	err = f(ctx, c)
	if cut := context.Cause(ctx); cut != nil {
		err = cut
	}
	c.close(err)
	all.Wait()
	return nil
}
