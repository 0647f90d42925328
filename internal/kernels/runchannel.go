package kernels

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// Conn is a page's channel: whole messages of JSON, in order. Both calls end with ctx.
type Conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, msg []byte) error
}

// Bounds of a channel.
const (
	maxWaiting   = 16 << 20 // bytes of comm messages that wait for a page; with more it is cut off
	maxRequests  = 16       // of one page that wait for the kernel; more are refused
	requestTime  = 30 * time.Second
	maxFromPage  = 32 << 20
	maxCompleted = 2000 // completions that are passed on
)

// listener is a page that is connected.
type listener struct {
	wake    chan struct{}
	follows bool // it is no page, and is told RunEvents in place of all else

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	full    bool
	stale   bool // the state is to be told
}

func (l *listener) wakeUp() {
	l.mu.Lock()
	l.stale = true
	l.mu.Unlock()
	wakeUp(l.wake)
}

// send gives the page a message.
func (l *listener) send(e api.NotebookEvent) {
	if l.follows {
		return
	}
	j, err := json.Marshal(e)
	if err != nil {
		return // strings, maps and numbers that came as JSON
	}
	l.put(j)
}

func (l *listener) put(j []byte) {
	l.mu.Lock()
	if l.full = l.full || l.bytes+len(j) > maxWaiting; !l.full {
		l.waiting = append(l.waiting, j)
		l.bytes += len(j)
	}
	l.mu.Unlock()
	wakeUp(l.wake)
}

// comm gives the page a message of a comm.
func (l *listener) comm(m jupyter.Message) { l.send(api.NotebookEvent{T: "comm", Msg: commMessage(m)}) }

func commMessage(m jupyter.Message) *api.CommMessage {
	c := &api.CommMessage{Buffers: []string{}}
	for _, p := range []struct {
		raw json.RawMessage
		to  *map[string]any
	}{{m.Header, &c.Header}, {m.ParentHeader, &c.ParentHeader}, {m.Metadata, &c.Metadata}, {m.Content, &c.Content}} {
		if len(p.raw) == 0 || json.Unmarshal(p.raw, p.to) != nil || *p.to == nil {
			*p.to = map[string]any{}
		}
	}
	for _, b := range m.Buffers {
		c.Buffers = append(c.Buffers, base64.StdEncoding.EncodeToString(b))
	}
	return c
}

// due takes what is to be sent.
func (l *listener) due() (waiting [][]byte, stale bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full {
		return nil, false, lyceum.Errorf(lyceum.Exhausted, "the connection is too slow for this notebook")
	}
	waiting, stale = l.waiting, l.stale
	l.waiting, l.bytes, l.stale = nil, 0, false
	return waiting, stale, nil
}

// Serve drives the channel of a page that has the notebook at path open, until ctx or
// the connection ends. One who may not run is told the state only.
func (r *Runs) Serve(ctx context.Context, path string, conn Conn, by By, mayRun bool) error {
	b, err := r.book(ctx, path)
	if err != nil {
		return err
	}
	defer r.release(b)
	b.adopt()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.ctx, func() { cancel(lyceum.Errorf(lyceum.Unavailable, "the project server is stopping")) })()
	l := &listener{wake: make(chan struct{}, 1)}
	b.listen(l, mayRun)
	defer b.leave(l)
	fed := make(chan struct{})
	go func() { // ends with ctx
		defer close(fed)
		cancel(b.feed(ctx, l, conn))
	}()
	cancel(b.hear(ctx, l, conn, by, mayRun))
	<-fed
	return context.Cause(ctx)
}

func (b *book) listen(l *listener, mayRun bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kernel != nil && mayRun {
		for _, m := range b.comms.openings(b.kernel.Session()) {
			l.comm(m)
		}
	}
	b.verifyLocked()
	b.listeners[l] = true
	l.wakeUp()
}

func (b *book) leave(l *listener) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.listeners, l)
}

// feed sends the page what is due.
func (b *book) feed(ctx context.Context, l *listener, conn Conn) error {
	for {
		waiting, stale, err := l.due()
		if err != nil {
			return err
		}
		if stale {
			s := b.state()
			e, err := json.Marshal(api.NotebookEvent{T: "state", NotebookState: &s, Input: s.Input})
			if err != nil {
				return err
			}
			waiting = append(waiting, e)
		}
		for _, m := range waiting {
			if err := conn.Write(ctx, m); err != nil {
				return err
			}
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// hear takes the page's messages.
func (b *book) hear(ctx context.Context, l *listener, conn Conn, by By, mayRun bool) error {
	turns := make(chan struct{}, maxRequests)
	for {
		raw, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var e api.NotebookEvent
		if len(raw) > maxFromPage || json.Unmarshal(raw, &e) != nil {
			return lyceum.Errorf(lyceum.Invalid, "this is no message of a notebook's channel")
		}
		if !mayRun {
			continue
		}
		switch e.T {
		case "request":
			select {
			case turns <- struct{}{}:
				b.runs.wg.Go(func() {
					defer func() { <-turns }()
					l.send(b.request(ctx, e))
				})
			default:
				l.send(api.NotebookEvent{T: "reply", ID: e.ID, Type: e.Type, Error: "Too many requests wait for the kernel."})
			}
		case "comm":
			b.toKernel(ctx, e.Msg)
		case "input":
			if e.Value != nil {
				_ = b.answer(ctx, *e.Value) // somebody else has answered: the state tells
			}
		}
	}
}

// toKernel passes a page's comm message on. The kernel tells all pages what came of it.
func (b *book) toKernel(ctx context.Context, c *api.CommMessage) {
	b.mu.Lock()
	k := b.kernel
	b.mu.Unlock()
	if c == nil || k == nil {
		return
	}
	typ, _ := c.Header["msg_type"].(string)
	if !slices.Contains([]string{"comm_open", "comm_msg", "comm_close"}, typ) {
		return
	}
	m, err := jupyter.New(jupyter.Shell, k.Session(), typ, c.Content)
	if err != nil {
		return // it came as JSON
	}
	if id, ok := c.Header["msg_id"].(string); ok && id != "" && len(id) < 200 && cellOf(id) == "" {
		m.Head.ID = id // by which the page knows the answers
		if m.Header, err = json.Marshal(m.Head); err != nil {
			return // strings do not fail
		}
	}
	if meta, err := json.Marshal(c.Metadata); err == nil && c.Metadata != nil {
		m.Metadata = meta
	}
	for _, s := range c.Buffers {
		data, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return
		}
		m.Buffers = append(m.Buffers, data)
	}
	var content commContent
	if json.Unmarshal(m.Content, &content) == nil {
		b.mu.Lock()
		b.comms.take(m, content)
		b.widgetsSoonLocked()
		b.mu.Unlock()
	}
	if err := k.Send(ctx, m); err != nil {
		b.runs.log.Debug("a widget's message cannot be sent", "err", err)
	}
}
