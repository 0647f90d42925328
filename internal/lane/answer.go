package lane

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// pending is how much of an answer's body waits for the rest, in bytes: an answer
// that fits gets its length and is sent in one piece.
const pending = 4 << 10

// slack is how much later than asked a client is given up at most, so that not each
// answer needs a deadline of its own.
const slack = 5 * time.Second

// answer is the http.ResponseWriter of one request. As net/http's, it is for one
// goroutine.
type answer struct {
	run     *run
	header  http.Header
	head    bool // asked with HEAD
	out     []byte
	body    []byte // of it, what waits
	status  int    // 0 until WriteHeader
	length  int64  // as the handler said; -1 when it did not
	written int64  // of the body, by the handler
	begun   bool   // the head is complete and in out or sent
	chunked bool
	closes  bool // the connection ends with this answer
	typed   bool // Content-Type or Content-Encoding was given
	dated   bool
	err     error     // the first of the connection
	until   time.Time // the write deadline that is wanted; zero for none
}

func (a *answer) begin(r *http.Request, now time.Time) {
	clear(a.header)
	*a = answer{run: a.run, header: a.header, head: r.Method == http.MethodHead, out: a.out[:0], body: a.body[:0], length: -1}
	if d := a.run.server.Server.WriteTimeout; d > 0 {
		a.until = now.Add(d)
	}
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. Hints (1xx) are not sent.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 || status < 200 {
		return
	}
	a.status = status
	a.out = append(a.out, "HTTP/1.1 "...)
	a.out = strconv.AppendInt(a.out, int64(status), 10)
	a.out = append(a.out, ' ')
	if text := http.StatusText(status); text != "" {
		a.out = append(a.out, text...)
	} else {
		a.out = append(a.out, "status code "...)
		a.out = strconv.AppendInt(a.out, int64(status), 10)
	}
	a.out = append(a.out, "\r\n"...)
	for name, values := range a.header {
		a.field(name, values)
	}
}

// field writes a header, or takes notice of one that frames the answer: those are
// written by complete.
func (a *answer) field(name string, values []string) {
	switch name {
	case "Content-Length":
		if len(values) > 0 {
			if n, err := strconv.ParseInt(values[0], 10, 64); err == nil && n >= 0 {
				a.length = n
			}
		}
		return
	case "Transfer-Encoding", "Trailer", "Keep-Alive", "Upgrade":
		return
	case "Connection":
		a.closes = a.closes || len(values) > 0 && strings.EqualFold(values[0], "close")
		return
	case "Date":
		a.dated = true
	case "Content-Type":
		if a.status == http.StatusNotModified {
			return // the one of before holds
		}
		a.typed = true
	case "Content-Encoding":
		a.typed = a.typed || len(values) > 0 && values[0] != ""
	}
	if !isToken(name) {
		return
	}
	for _, v := range values {
		if !plainText(v) {
			v = strings.Map(func(r rune) rune {
				if r < ' ' && r != '\t' || r == 0x7f {
					return ' '
				}
				return r
			}, v)
		}
		a.line(name, v)
	}
}

func (a *answer) line(name, value string) {
	a.out = append(a.out, name...)
	a.out = append(a.out, ": "...)
	a.out = append(a.out, value...)
	a.out = append(a.out, "\r\n"...)
}

// complete ends the head, once; last says that no more of the body comes than waits.
func (a *answer) complete(last bool) {
	if a.begun {
		return
	}
	a.begun = true
	allowed := bodyAllowed(a.status)
	if last && a.length < 0 && allowed && (!a.head || len(a.body) > 0) {
		a.length = a.written
	}
	if allowed && !a.typed && len(a.body) > 0 {
		a.line("Content-Type", http.DetectContentType(a.body))
	}
	if !a.dated {
		a.line("Date", date(time.Now()))
	}
	switch {
	case !allowed:
	case a.length >= 0:
		a.out = append(a.out, "Content-Length: "...)
		a.out = strconv.AppendInt(a.out, a.length, 10)
		a.out = append(a.out, "\r\n"...)
	case !a.head:
		a.chunked = true
		a.out = append(a.out, "Transfer-Encoding: chunked\r\n"...)
	}
	if a.closes = a.closes || a.run.server.draining.Load(); a.closes {
		a.out = append(a.out, "Connection: close\r\n"...)
	}
	a.out = append(a.out, "\r\n"...)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if len(b) == 0 {
		return 0, a.err
	}
	if !bodyAllowed(a.status) {
		return 0, http.ErrBodyNotAllowed
	}
	a.written += int64(len(b))
	if a.length >= 0 && a.written > a.length {
		return 0, http.ErrContentLength // finish ends the connection
	}
	if len(a.body)+len(b) <= pending {
		a.body = append(a.body, b...)
		return len(b), a.err
	}
	if len(a.body) == 0 && !a.begun && !a.typed {
		a.body = append(a.body, b[:min(len(b), 512)]...) // for complete, which looks at its beginning
		a.complete(false)
		a.body = a.body[:0]
	}
	a.complete(false)
	a.queueBody()
	a.piece(b)
	if a.err != nil {
		return 0, a.err
	}
	return len(b), nil
}

// queueBody puts the waiting body behind the head.
func (a *answer) queueBody() {
	if len(a.body) > 0 && !a.head {
		if a.chunked {
			a.out = strconv.AppendInt(a.out, int64(len(a.body)), 16)
			a.out = append(a.out, "\r\n"...)
		}
		a.out = append(a.out, a.body...)
		if a.chunked {
			a.out = append(a.out, "\r\n"...)
		}
	}
	a.body = a.body[:0]
}

// piece sends what is queued and a part of the body that is too long to wait.
func (a *answer) piece(b []byte) {
	if a.head {
		b = nil
	} else if a.chunked {
		a.out = strconv.AppendInt(a.out, int64(len(b)), 16)
		a.out = append(a.out, "\r\n"...)
	}
	if a.ready() {
		both := net.Buffers{a.out, b}
		_, a.err = both.WriteTo(a.run.conn)
	}
	a.out = a.out[:0]
	if a.chunked {
		a.out = append(a.out, "\r\n"...)
	}
}

func (a *answer) flushOut() {
	if len(a.out) > 0 && a.ready() {
		_, a.err = a.run.conn.Write(a.out)
	}
	a.out = a.out[:0]
}

// ready reports whether the connection can be written to, and gives the next write
// the time that is wanted.
func (a *answer) ready() bool {
	if a.err == nil {
		a.err = a.run.writeBy(a.until)
	}
	return a.err == nil
}

// FlushError sends what was written so far; it is for http.ResponseController.
func (a *answer) FlushError() error {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	a.complete(false)
	a.queueBody()
	a.flushOut()
	return a.err
}

// Flush implements http.Flusher.
func (a *answer) Flush() { _ = a.FlushError() }

// SetWriteDeadline is for http.ResponseController.
func (a *answer) SetWriteDeadline(t time.Time) error {
	a.until = t
	return nil
}

// SetReadDeadline is for http.ResponseController. There is no body to be read.
func (a *answer) SetReadDeadline(time.Time) error { return nil }

// finish ends the answer and reports whether the connection can go on.
func (a *answer) finish() bool {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	a.complete(true)
	a.queueBody()
	if a.chunked {
		a.out = append(a.out, "0\r\n\r\n"...)
	}
	a.flushOut()
	whole := a.head || a.chunked || !bodyAllowed(a.status) || a.written == a.length
	return a.err == nil && whole && !a.closes
}

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

func isToken(s string) bool {
	for i := range len(s) {
		if !tokenChar[s[i]] {
			return false
		}
	}
	return s != ""
}

// today is the last Date that was made.
var today atomic.Pointer[madeDate]

type madeDate struct {
	second int64
	text   string
}

// date is the value of Date, made once a second.
func date(now time.Time) string {
	d := today.Load()
	if s := now.Unix(); d == nil || d.second != s {
		d = &madeDate{s, now.UTC().Format(http.TimeFormat)}
		today.Store(d)
	}
	return d.text
}
