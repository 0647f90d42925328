package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/fan"
	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

// Times and sizes of a tunnel.
const (
	tunnelBuffer = 2 << 10         // bytes to begin with, each way; it grows when more comes
	goneTime     = 5 * time.Second // that a project has to end what its client has ended
	lastTime     = time.Second     // that the last bytes may take to a client
)

// manyWatch reports whether many sockets of the path show one thing, so that a fan
// pays.
func manyWatch(path string) bool { return strings.HasPrefix(path, "/sync/") }

// tunnel carries a WebSocket: its handshake, and then bytes that nobody looks into,
// both ways, until either side or the context ends it. What it returns happened
// before anything was sent to w.
func (l *Link) tunnel(w http.ResponseWriter, r *http.Request, addr compute.Address, t ticket.Ticket) error {
	ctx := r.Context()
	r.Header.Del(fan.Header) // a client could take another's place by it
	signed := l.signer.Sign(t, time.Now())
	var m *member
	if manyWatch(r.URL.Path) {
		if m = l.fans.join(ctx, l, t.Project, addr); m != nil {
			defer m.leave()
		}
	}
	c, err := l.pool.get(ctx, addr.Socket, true)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	res, err := l.knock(c, r, signed, m)
	if err != nil {
		stop()
		_ = c.Close()
		return err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		l.answer(w, r, c, res, addr.Socket, stop)
		return nil
	}
	defer stop()
	defer c.Close()
	if !strings.EqualFold(res.Header.Get("Upgrade"), "websocket") {
		return errUnasked
	}
	if res.Header.Get(fan.Header) == "" {
		m = nil // it did not take the offer
	}
	return l.through(ctx, w, c, res, m)
}

// knock sends the handshake and reads the answer's head.
func (l *Link) knock(c *conn, r *http.Request, signed string, m *member) (*http.Response, error) {
	if err := c.withinTime(r.Context()); err != nil {
		return nil, err
	}
	b := appendRequest(nil, r, signed)
	b = append(b[:len(b)-2], "Connection: Upgrade\r\nUpgrade: websocket\r\n"...)
	if m != nil {
		b = append(b, fan.Header+": "+fan.Offer(m.fan.id, m.number)+"\r\n"...)
	}
	if _, err := c.Conn.Write(append(b, "\r\n"...)); err != nil {
		return nil, err
	}
	c.limitHead()
	for range maxInformational {
		res, err := http.ReadResponse(c.r, r)
		if err != nil {
			return nil, err
		}
		if res.StatusCode == http.StatusSwitchingProtocols || res.StatusCode >= 200 {
			c.limitNone()
			return res, c.forEver(r.Context())
		}
	}
	return nil, errHeadTooLarge
}

// through answers the handshake and passes bytes on. With m what goes to the client
// comes by the fan.
func (l *Link) through(ctx context.Context, w http.ResponseWriter, c *conn, res *http.Response, m *member) error {
	head := w.Header()
	for _, name := range socketHeaders {
		if v := res.Header.Values(name); len(v) > 0 {
			head[name] = v
		}
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return lyceum.Wrap(lyceum.Internal, err, "the connection cannot be made a socket")
	}
	defer client.Close()
	unhook := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer unhook()
	if err := greet(client, head); err != nil {
		return nil // the client went
	}
	m.begin(client)
	up := make(chan struct{})
	go func() { // ends with the client's connection
		defer close(up)
		pump(c.Conn, client, buffered.Reader.Buffered(), buffered.Reader)
		if half, ok := c.Conn.(closeWriter); ok {
			_ = half.CloseWrite() // it may be gone
		}
		_ = c.SetReadDeadline(time.Now().Add(goneTime))
	}()
	if m == nil {
		pump(client, c.Conn, c.r.Buffered(), c.r)
	} else {
		pump(io.Discard, c.Conn, 0, nil) // there is only its end to wait for
		m.finish()
	}
	_ = client.Close()
	_ = c.Close()
	<-up
	return nil
}

type closeWriter interface{ CloseWrite() error }

// greet writes the answer that makes the connection a WebSocket.
func greet(client net.Conn, head http.Header) error {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", http.StatusSwitchingProtocols, http.StatusText(http.StatusSwitchingProtocols))
	if err := head.Write(&b); err != nil { // it makes values safe
		return err
	}
	b.WriteString("\r\n")
	_, err := io.WriteString(client, b.String())
	return err
}

// pump copies from src, of which read bytes are in ahead already, until either ends.
// The buffer is as small as what comes: most sockets are silent.
func pump(dst io.Writer, src io.Reader, read int, ahead io.Reader) {
	if read > 0 {
		if _, err := io.CopyN(dst, ahead, int64(read)); err != nil {
			return
		}
	}
	buf := make([]byte, tunnelBuffer)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			if _, werr := dst.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
		if n == len(buf) && n < 64<<10 {
			buf = make([]byte, 2*n)
		}
	}
}

// tunnelError is what a person reads when no tunnel came to be.
func tunnelError(ctx context.Context, err error) error {
	if errors.Is(err, errUnasked) {
		return lyceum.Wrap(lyceum.Unavailable, err, "the project does not speak WebSocket here")
	}
	return broken(ctx, err)
}
