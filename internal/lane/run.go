package lane

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// maxHead bounds the head of a request that is looked at here, in bytes. Those that
// are longer are net/http's.
const maxHead = 8 << 10

// run is a connection while the lane has it.
type run struct {
	server *Server
	conn   net.Conn
	ctx    context.Context // of all its requests
	remote string
	tls    *tls.ConnectionState // nil without TLS
	in     *bufio.Reader
	answer answer
	watch  watch

	readBy  time.Time // the read deadline; zero for none
	writeTo time.Time // the write deadline; zero for none

	mu   sync.Mutex
	idle bool // it waits for a request
	over bool // it shall not wait for another
}

// newRun takes a connection from net/http, whose request first is under way.
func newRun(s *Server, conn net.Conn, read *bufio.Reader, first *http.Request) *run {
	conn, unread := unwrap(conn)
	r := &run{server: s, conn: conn, ctx: first.Context(), remote: first.RemoteAddr, tls: first.TLS}
	r.watch.conn, r.watch.cond.L = conn, &r.watch.mu
	r.watch.unread = append(take(read), unread...)
	r.answer = answer{run: r, header: http.Header{}}
	r.in = bufio.NewReaderSize(&r.watch, maxHead)
	return r
}

// serve serves first, and then what comes, until the connection ends or is net/http's again.
func (r *run) serve(first *http.Request) {
	if !r.server.enter(r) {
		r.answer.closes = true
		r.one(first)
		_ = r.conn.Close()
		return
	}
	defer r.server.leave(r)
	for next := first; ; {
		if !r.one(next) {
			_ = r.conn.Close()
			return
		}
		ok := false
		if next, ok = r.next(); !ok {
			return
		}
	}
}

// one serves a request and reports whether the connection can go on.
func (r *run) one(req *http.Request) (more bool) {
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	req = req.WithContext(ctx)
	r.answer.begin(req, time.Now())
	r.watch.start(cancel)
	defer r.unwatch()
	defer func() {
		if p := recover(); p != nil {
			more = false
			if p != http.ErrAbortHandler {
				r.server.Log.Error("panic in a handler", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}
	}()
	r.server.handler.ServeHTTP(&r.answer, req)
	return r.answer.finish()
}

// unwatch ends the watching of a request, which may have changed the read deadline.
func (r *run) unwatch() {
	if r.watch.stop() {
		r.readBy = time.Time{}
		_ = r.conn.SetReadDeadline(r.readBy) // when it is closed, the next read tells
	}
}

// next waits for a plain request. When something else came, the connection is given
// back; when nothing came, it is closed.
func (r *run) next() (*http.Request, bool) {
	if r.in.Buffered() == 0 {
		if !r.rest(true) {
			_ = r.conn.Close()
			return nil, false
		}
		runtime.Gosched() // others first: what is not there yet costs more than waiting a turn
		_, err := r.in.Peek(1)
		if !r.rest(false) || err != nil {
			_ = r.conn.Close()
			return nil, false
		}
	}
	b, _ := r.in.Peek(r.in.Buffered()) // it is there
	req, n := parseRequest(b)
	if n == 0 || !r.server.Takes(req.URL.Path) {
		r.giveBack(b)
		return nil, false
	}
	_, _ = r.in.Discard(n)
	req.RemoteAddr, req.TLS = r.remote, r.tls
	return req, true
}

func (r *run) giveBack(unread []byte) {
	if err := r.conn.SetDeadline(time.Time{}); err != nil {
		_ = r.conn.Close()
		return
	}
	r.server.back.give(r.conn, append(append([]byte(nil), unread...), r.watch.unread...))
}

// rest notes that the run waits, or does not any more, and reports whether it may go on.
func (r *run) rest(idle bool) bool {
	if now := time.Now(); idle && r.server.Server.IdleTimeout > 0 && r.readBy.Sub(now) < r.server.Server.IdleTimeout {
		r.readBy = now.Add(r.server.Server.IdleTimeout + r.server.slack)
		if err := r.conn.SetReadDeadline(r.readBy); err != nil {
			return false
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle = idle
	return !r.over
}

// endIdle ends the run if it waits, and else after its request.
func (r *run) endIdle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	if r.idle {
		_ = r.conn.Close()
	}
}

// writeBy sets the write deadline to t or up to slack later; zero for none.
func (r *run) writeBy(t time.Time) error {
	switch late := r.writeTo.Sub(t); {
	case t.IsZero() && r.writeTo.IsZero():
		return nil
	case !t.IsZero() && !r.writeTo.IsZero() && late >= 0 && late <= r.server.slack:
		return nil
	}
	r.writeTo = t
	if !t.IsZero() {
		r.writeTo = t.Add(r.server.slack)
	}
	return r.conn.SetWriteDeadline(r.writeTo)
}

// watch reads from the connection, and notices that the client has gone while a
// request lasts: then it reads ahead one byte.
type watch struct {
	conn   net.Conn
	unread []byte // what is read before the connection
	one    [1]byte
	timer  *time.Timer

	mu      sync.Mutex
	cond    sync.Cond
	cancel  context.CancelFunc // of the request under way; nil when there is none
	reading bool
	aborted bool // by stop
	looked  bool // the read deadline is not what the run set
}

// Read implements io.Reader, for the run's own goroutine, while no request is under way.
func (w *watch) Read(b []byte) (int, error) {
	if len(w.unread) > 0 {
		n := copy(b, w.unread)
		w.unread = w.unread[n:]
		return n, nil
	}
	return w.conn.Read(b)
}

// start watches on behalf of a request, after patience.
func (w *watch) start(cancel context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel = cancel
	if len(w.unread) > 0 {
		return // it sent more already: it is there
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(patience, w.look)
	} else {
		w.timer.Reset(patience)
	}
}

// look reads one byte, which comes when the client sends its next request early,
// and fails when it goes.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel == nil || w.reading || len(w.unread) > 0 || w.conn.SetReadDeadline(time.Time{}) != nil {
		return
	}
	w.reading, w.aborted, w.looked = true, false, true
	w.mu.Unlock()
	n, err := w.conn.Read(w.one[:])
	w.mu.Lock()
	w.reading = false
	switch {
	case n == 1:
		w.unread = w.one[:]
	case err != nil && !w.aborted && w.cancel != nil:
		w.cancel()
	}
	w.cond.Broadcast()
}

// stop ends the watching of a request and reports whether it changed the read
// deadline.
func (w *watch) stop() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel = nil
	if w.timer != nil {
		w.timer.Stop()
	}
	if w.reading {
		w.aborted = true
		_ = w.conn.SetReadDeadline(time.Unix(1, 0)) // when it is closed, the read has ended
	}
	for w.reading {
		w.cond.Wait()
	}
	looked := w.looked
	w.looked = false
	return looked
}
