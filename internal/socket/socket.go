// Package socket holds what the two servers inside a project, project and
// supervisor, do around their sockets: a listener that appears at once or not at
// all, WebSockets that are pinged, bounded and closed with a reason, and the set
// of those that are open, so that they can be cut when their right is lost.
//
// It knows no routes and no frames. Who may open a socket was decided before;
// the origin of a request was checked by the hub, and here no cookie counts.
package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

// Close codes that any socket of a project may end with (RFC 6455, section
// 7.4.2: 4000 to 4999 are free). Terminals and documents have more of their own.
const (
	CodeProtocol  = 4400 // a message that is none
	CodeSignedOut = 4401 // the session that opened it has ended
	CodeForbidden = 4403 // the rights have changed
	CodeNotFound  = 4404 // what it showed is not there (any more)
	CodeTooLarge  = 4413 // more than is worked on
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

// Options of one socket. The zero value is good.
type Options struct {
	Subprotocol string        // "" for none
	Limit       int64         // most bytes in a message from the client; 0 means 64 KiB
	Text        bool          // messages are text; else binary
	Mixed       bool          // messages may be either, for Read they are the same; see WriteAs
	Stall       time.Duration // that the client may take for one message; 0 means 30 s
	Ping        time.Duration // from ping to ping; 0 means 20 s
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
	if e, ok := errors.AsType[*lyceum.Error](err); ok && e.Kind != lyceum.Internal {
		return &CloseError{codeOf(e.Kind), e.Message}
	}
	if isGone(err) {
		return nil
	}
	return &CloseError{CodeInternal, "something went wrong on our side"}
}

// isGone reports whether err is the end of a connection, as its reader or writer
// sees it.
func isGone(err error) bool {
	for _, end := range []error{net.ErrClosed, io.EOF, io.ErrUnexpectedEOF, context.Canceled, syscall.EPIPE, syscall.ECONNRESET} {
		if errors.Is(err, end) {
			return true
		}
	}
	return websocket.CloseStatus(err) != -1
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
		return CodeTooLarge
	case lyceum.Exhausted: // the nearest: come back later
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
	c, err := s.accept(w, r, o)
	if errors.Is(err, errAnswered) {
		return nil
	}
	if err != nil {
		return err
	}
	// A cut socket may have a write under way that its client does not take.
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(2*closeTime, c.kill) })
	defer unhook()
	var pings sync.WaitGroup
	pings.Go(c.ping)
	err = f(ctx, c)
	if cut := context.Cause(ctx); cut != nil {
		err = cut
	}
	why := reason(err)
	if why != nil && why.Code == CodeInternal && s.Log != nil {
		s.Log.Error("a socket failed", "account", t.Account, "err", err)
	}
	c.close(why)
	c.readers.Wait()
	pings.Wait()
	return nil
}
