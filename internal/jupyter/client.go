package jupyter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/internal/lyceum"
)

// Handler takes what a kernel sends. Its functions are called one at a time for a
// channel, and at the same time for different ones; as long as they do not return
// the channel is not read, but for 16 MB of iopub, and a kernel throws away what it
// has no room for: be quick.
type Handler struct {
	Message func(Message)
	TooMuch func(Channel, Fold) // a message of which nothing could be kept
}

// Client is the other side of one run of a kernel. It is safe for concurrent use.
type Client struct {
	handler  Handler
	identity string
	conns    map[Channel]*conn
	send     map[Channel]*sender
	heart    endpoint
	readers  sync.WaitGroup
	writers  sync.WaitGroup
	refused  atomic.Int64
	broken   atomic.Int64
	once     sync.Once
	closed   chan struct{} // closed when a connection has ended
	why      error         // set before closed is
	close    sync.Once
	waiting  sync.Mutex
	answers  map[string]chan Message // to our own requests, by their ids
	heard    chan struct{}           // closed when iopub told something
	hear     sync.Once
	owed     owed
	pub      sync.Mutex // held while a message of iopub is handed on
}

// maxUnsent is how many bytes of messages to one channel may wait for a kernel that
// does not read them.
const maxUnsent = 64 << 20

// Dial connects to a kernel, which may be starting: it waits for its sockets until
// ctx ends. The caller calls Close.
func Dial(ctx context.Context, c Connection, h Handler) (*Client, error) {
	k := &Client{
		handler: h, identity: lyceum.NewID[string](), heart: c.endpoint(c.Heartbeat), conns: map[Channel]*conn{}, send: map[Channel]*sender{},
		closed: make(chan struct{}), answers: map[string]chan Message{}, heard: make(chan struct{}), owed: owed{quiet: owedQuiet},
	}
	for _, s := range []struct {
		ch     Channel
		port   int
		kind   socketType
		buffer int
	}{{IOPub, c.IOPub, typeSub, 8 << 10}, {Shell, c.Shell, typeDealer, 8 << 10}, {Control, c.Control, typeDealer, 4 << 10}, {Stdin, c.Stdin, typeDealer, 4 << 10}} {
		z, err := dial(ctx, c.endpoint(s.port), s.kind, k.identity, s.buffer)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("connect to %s: %w", s.ch, err), k.Close())
		}
		k.conns[s.ch] = z
		if z.ahead != nil {
			k.owed.starves = z.ahead.starves
		}
		out := newSender(z)
		if s.kind == typeSub {
			out.queue(appendFrame(nil, 0, []byte{1})) // subscribe to everything
		}
		k.send[s.ch] = out
		k.writers.Go(func() { k.end(out.run()) })
		k.readers.Go(func() { k.read(s.ch, z, out, newSigner(c.Key.Reveal())) })
	}
	for _, ch := range []Channel{Shell, Control, Stdin} {
		k.send[ch].sign(newSigner(c.Key.Reveal()))
	}
	return k, nil
}

// read hands on what comes on a channel until its connection ends.
func (k *Client) read(ch Channel, z *conn, out *sender, s signer) {
	r := receiver{frames: &z.frames, signer: s, ch: ch, pong: func(context []byte) {
		out.queue(appendFrame(nil, flagCommand, append([]byte("\x04PONG"), context...)))
	}}
	for {
		m, err := r.receive()
		large, isLarge := errors.AsType[*tooLarge](err)
		switch {
		case err == nil:
			k.take(m)
		case isLarge:
			if k.handler.TooMuch != nil {
				k.handler.TooMuch(ch, Fold{Parent: large.parent, Messages: 1, Bytes: large.bytes})
			}
		case errors.Is(err, errSignature):
			k.refused.Add(1)
		case errors.Is(err, errMalformed):
			k.broken.Add(1)
		default:
			k.end(fmt.Errorf("read %s: %w", ch, err))
			return
		}
	}
}

func (k *Client) take(m Message) {
	if m.Channel == IOPub {
		k.hear.Do(func() { close(k.heard) })
		k.owed.hear(m)
	}
	k.waiting.Lock()
	answer := k.answers[m.Parent.ID]
	k.waiting.Unlock()
	if answer != nil {
		if m.Channel != IOPub {
			select {
			case answer <- m:
			default: // a second reply to one request
			}
		}
		return
	}
	k.hand(m)
	if m.Channel == Shell && m.Head.Type == "execute_reply" {
		k.owes(m)
	}
}

// hand gives a message to the handler.
func (k *Client) hand(m Message) {
	if m.Channel == IOPub {
		k.pub.Lock()
		defer k.pub.Unlock()
	}
	k.handler.Message(m)
}

// end notes that a connection is over: the first reason counts.
func (k *Client) end(err error) {
	k.once.Do(func() {
		k.why = cmp.Or(err, net.ErrClosed)
		close(k.closed)
	})
}

// Done is closed when any connection has ended: the kernel went, or sent what is no
// message of ZeroMQ.
func (k *Client) Done() <-chan struct{} { return k.closed }

// Err is why Done is closed.
func (k *Client) Err() error { <-k.closed; return k.why }

// Refused is how many messages were refused because their signatures were wrong or
// they were no messages of Jupyter.
func (k *Client) Refused() (signatures, malformed int64) { return k.refused.Load(), k.broken.Load() }

// Send signs a message and puts it on its way; it does not wait for the kernel.
// Errors: Invalid (not a channel that can be written to), Exhausted (the kernel
// reads nothing, and too much waits for it), Unavailable (it is gone).
func (k *Client) Send(m Message) error {
	out := k.send[m.Channel]
	switch {
	case out == nil || m.Channel == IOPub:
		return lyceum.Errorf(lyceum.Invalid, "nothing can be sent on the channel %.20q", m.Channel)
	case isClosed(k.closed):
		return lyceum.Wrap(lyceum.Unavailable, k.why, "the kernel is gone")
	case !out.message(m):
		return lyceum.Errorf(lyceum.Exhausted, "the kernel does not take messages, and too many wait for it")
	}
	return nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Request sends a request of our own and returns its reply, which no handler sees,
// nor what the kernel tells on iopub about it.
func (k *Client) Request(ctx context.Context, ch Channel, typ string, content any) (Message, error) {
	m, err := New(ch, k.identity, typ, content)
	if err != nil {
		return Message{}, err
	}
	answer := make(chan Message, 1)
	k.waiting.Lock()
	k.answers[m.Head.ID] = answer
	k.waiting.Unlock()
	// The last words on iopub may come after the reply: they are forgotten a little later.
	defer time.AfterFunc(answerLinger, func() {
		k.waiting.Lock()
		defer k.waiting.Unlock()
		delete(k.answers, m.Head.ID)
	})
	if err := k.Send(m); err != nil {
		return Message{}, err
	}
	select {
	case reply := <-answer:
		return reply, nil
	case <-ctx.Done():
		return Message{}, context.Cause(ctx)
	case <-k.closed:
		return Message{}, lyceum.Wrap(lyceum.Unavailable, k.why, "the kernel is gone")
	}
}

// Times of the first requests.
const (
	answerLinger = 10 * time.Second
	infoPause    = 200 * time.Millisecond // the first wait for a sign on iopub; it doubles
	infoMost     = 2 * time.Second
)

// Ready waits until the kernel answers and until what it tells on iopub arrives
// here, and returns its kernel_info_reply. A kernel tells nobody who has not
// subscribed yet, and does not say when it heard of us, so it is asked until it was
// heard there.
func (k *Client) Ready(ctx context.Context) (info Message, err error) {
	for pause := infoPause; ; pause = min(2*pause, infoMost) {
		if info, err = k.Request(ctx, Shell, "kernel_info_request", nil); err != nil {
			return Message{}, err
		}
		select {
		case <-k.heard:
			return info, nil
		case <-time.After(pause):
		case <-ctx.Done():
			return Message{}, context.Cause(ctx)
		case <-k.closed:
			return Message{}, lyceum.Wrap(lyceum.Unavailable, k.why, "the kernel is gone")
		}
	}
}

// Beat asks for one beat of the kernel's heart and returns how long it took. A
// kernel answers also while it computes, unless it keeps all of its threads from
// running.
func (k *Client) Beat(ctx context.Context) (time.Duration, error) {
	z, err := dial(ctx, k.heart, typeReq, "", 512)
	if err != nil {
		return 0, err
	}
	defer z.Close()
	stop := context.AfterFunc(ctx, func() { _ = z.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	began := time.Now()
	if _, err := z.Write(appendFrame(appendFrame(nil, flagMore, nil), 0, []byte("ping"))); err != nil {
		return 0, err
	}
	for more := true; more; {
		var size uint64
		if more, size, err = z.frames.message(func([]byte) {}); err != nil {
			return 0, err
		}
		if _, err := z.frames.body(size, 256); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// Drain waits until the kernel has closed all its connections, and what it sent
// before was handed on, but no longer than ctx.
func (k *Client) Drain(ctx context.Context) {
	done := make(chan struct{})
	go func() { // ends with the readers, at Close at the latest
		k.readers.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Close ends the connections. It returns when no function of the handler runs any
// more.
func (k *Client) Close() error {
	k.close.Do(func() {
		k.end(net.ErrClosed)
		for _, out := range k.send {
			out.stop()
		}
		for _, z := range k.conns {
			_ = z.Close() // nothing is lost: what counts was read
		}
	})
	k.writers.Wait()
	k.readers.Wait()
	k.owed.end()
	return nil
}
