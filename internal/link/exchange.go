package link

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

// Most of what goes to projects are requests without a body: those are written and
// answered on one goroutine over a kept connection, for a third of what
// httputil.ReverseProxy and http.Transport cost (bench, section proxy). What has a
// body or becomes a socket goes by these.

// maxInformational bounds the answers with a status of 1xx before the real one.
const maxInformational = 8

// flushless is the length, in bytes, up to which an answer is sent in one piece
// when it is whole; what is longer, or of unknown length, is passed on as it comes.
const flushless = 64 << 10

var (
	errHeadTooLarge = errors.New("the head of the answer is too large")
	errUnasked      = errors.New("the project switched protocols without being asked")
)

// simple reports whether exchange can carry r.
func simple(r *http.Request) bool {
	return (r.Body == nil || r.Body == http.NoBody) && r.ContentLength == 0 && r.Header.Get("Upgrade") == "" && r.Header.Get("Expect") == ""
}

// exchange sends r to the project at socket and its answer to w. It does not write
// errors: what it returns happened before anything was sent to w. An answer that
// breaks off ends the client's connection (http.ErrAbortHandler), as nothing else
// would tell that it is not whole.
func (l *Link) exchange(w http.ResponseWriter, r *http.Request, socket, signed string) error {
	ctx := r.Context()
	for fresh := false; ; fresh = true {
		c, err := l.pool.get(ctx, socket, fresh)
		if err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
		a, err := l.ask(c, r, signed)
		if err == nil {
			l.answer(w, r, c, a, socket, stop)
			return nil
		}
		stop()
		_ = c.Close()
		// A connection that was kept may have been closed by the other side just
		// now; nothing of this request was then answered.
		if !c.reused || ctx.Err() != nil || !isClosed(err) || r.Method != http.MethodGet && r.Method != http.MethodHead {
			return err
		}
	}
}

func isClosed(err error) bool {
	_, op := errors.AsType[*net.OpError](err)
	return op || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// ask writes the request and reads the head of the answer: into c.head when it is
// plain, else it returns it.
func (l *Link) ask(c *conn, r *http.Request, signed string) (*http.Response, error) {
	if err := c.withinTime(r.Context()); err != nil {
		return nil, err
	}
	buf := l.buffers.Get()
	b := appendRequest(buf[:0], r, signed)
	_, err := c.Conn.Write(b)
	l.buffers.Put(buf)
	if err != nil {
		return nil, err
	}
	c.limitHead()
	if r.Method != http.MethodHead { // whose answers have no body, whatever they say
		if plain, err := c.readHead(); plain || err != nil {
			return nil, err
		}
	}
	for range maxInformational {
		res, err := http.ReadResponse(c.r, r)
		if err != nil {
			return nil, err
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			return nil, errUnasked
		}
		if res.StatusCode >= 200 {
			c.limitNone()
			return res, nil
		}
	}
	return nil, errHeadTooLarge
}

func appendRequest(b []byte, r *http.Request, signed string) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.URL.RequestURI()...)
	b = append(b, " HTTP/1.1\r\nHost: project\r\n"+ticket.Header+": "...)
	b = append(b, signed...)
	b = append(b, "\r\n"...)
	listed := r.Header["Connection"]
	for k, values := range r.Header {
		if hopByHop(k, listed) {
			continue
		}
		for _, v := range values {
			b = append(b, k...)
			b = append(b, ": "...)
			b = append(b, v...) // net/http lets no line ends in
			b = append(b, "\r\n"...)
		}
	}
	return append(b, "\r\n"...)
}

// answer passes the answer on and gives the connection back if it can be used
// again. Without res it is the plain one of c.head.
func (l *Link) answer(w http.ResponseWriter, r *http.Request, c *conn, res *http.Response, socket string, stop func() bool) {
	whole := false
	defer func() {
		// When the context has ended meanwhile, the connection has a deadline in the past.
		if stop() && whole && (res == nil || !res.Close) && c.r.Buffered() == 0 {
			l.pool.put(socket, c)
		} else {
			_ = c.Close()
		}
	}()
	var body io.Reader
	var length int64
	if res == nil {
		c.head.copyTo(w.Header())
		w.WriteHeader(c.head.status)
		body, length = c.r, c.head.length
	} else {
		rest.ContentHeaders(res.Header)
		out, listed := w.Header(), res.Header["Connection"]
		for k, values := range res.Header {
			if !hopByHop(k, listed) {
				out[k] = values
			}
		}
		w.WriteHeader(res.StatusCode)
		body, length = res.Body, res.ContentLength
		if res.Body == http.NoBody {
			length = 0
		}
	}
	if err := l.copy(w, r, c, body, length); err != nil {
		panic(http.ErrAbortHandler)
	}
	whole = true
}

// copy passes a body of the length on (-1: until it ends). What is short needs no
// flush: the server sends it with the head.
func (l *Link) copy(w http.ResponseWriter, r *http.Request, c *conn, body io.Reader, length int64) error {
	if length == 0 {
		return nil
	}
	if n := int64(c.r.Buffered()); body == c.r && n >= length {
		b, err := c.r.Peek(int(length))
		if err == nil {
			_, err = w.Write(b)
		}
		_, _ = c.r.Discard(int(length)) // it is there
		return err
	}
	var rc *http.ResponseController
	if length < 0 || length > flushless {
		rc = http.NewResponseController(w)
		if err := c.forEver(r.Context()); err != nil {
			return err
		}
	}
	buf := l.buffers.Get()
	defer l.buffers.Put(buf)
	for length != 0 {
		piece := buf
		if length > 0 {
			piece = buf[:min(int64(len(buf)), length)]
		}
		n, err := body.Read(piece)
		if length > 0 {
			length -= int64(n)
		}
		if n > 0 {
			if _, werr := w.Write(piece[:n]); werr != nil {
				return werr
			}
			if rc != nil {
				if ferr := rc.Flush(); ferr != nil {
					return ferr
				}
			}
		}
		if errors.Is(err, io.EOF) && length <= 0 {
			return nil
		}
		if err != nil && length != 0 {
			return err
		}
	}
	return nil
}

// hopByHop reports whether a header is about one connection only (RFC 9110,
// section 7.6.1); listed are the values of Connection.
func hopByHop(name string, listed []string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	for _, v := range listed {
		for n := range strings.SplitSeq(v, ",") {
			if textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(n)) == name {
				return true
			}
		}
	}
	return false
}

// broken is what a person reads when exchange failed.
func broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		// The client went, or its right did; nobody waits for an answer.
		return lyceum.Wrap(lyceum.Unavailable, err, "the request was broken off")
	}
	if known, ok := errors.AsType[*lyceum.Error](err); ok {
		return known
	}
	return lyceum.Wrap(lyceum.Unavailable, err, "the project does not answer; it may be restarting")
}
