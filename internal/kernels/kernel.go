package kernels

import (
	"bufio"
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// Kernel is one kernel through all its restarts. It is safe for concurrent use.
type Kernel struct {
	m       *Manager
	id      string
	session string // of our own requests

	writing sync.Mutex  // held while a record is written
	leaving atomic.Bool // another kernel takes its place: it is nobody's any more

	mu       sync.Mutex
	process  jupyter.Process
	work     jupyter.Work
	stream   io.ReadWriteCloser // nil while there is none
	changed  chan struct{}      // closed and made anew with each change of state or stream
	subs     []*Subscription
	requests map[string]chan jupyter.Record // by the ids of their messages
	read     uint64                         // the highest number that was read
	acked    uint64                         // and the highest that was acknowledged
	gone     bool
}

func newKernel(m *Manager, p jupyter.Process, again bool) *Kernel {
	k := &Kernel{m: m, id: p.ID, session: lyceum.NewID[string](), process: p, changed: make(chan struct{}), requests: map[string]chan jupyter.Record{}}
	if again {
		k.read, k.acked, k.work = p.Acked, p.Acked, jupyter.WorkOn(p.Working)
	}
	return k
}

// Info is how a kernel is.
type Info struct {
	jupyter.Launch
	jupyter.Status
	Started time.Time
	UsedAt  time.Time // last request to it, or when it finished one
}

// ID is the kernel's id, a UUID; it stays when the kernel is restarted.
func (k *Kernel) ID() string { return k.id }

// Session is the session of our own requests.
func (k *Kernel) Session() string { return k.session }

// Info returns how the kernel is now.
func (k *Kernel) Info() Info {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Info{Launch: k.process.Launch, Status: k.process.Status, Started: k.process.Started, UsedAt: k.process.UsedAt}
}

// Describe tells of the kernel, but for what it uses.
func (k *Kernel) Describe() api.Kernel {
	k.mu.Lock()
	d := describe(k.process)
	k.mu.Unlock()
	d.Connections = k.listeners()
	return d
}

// Note is what SetNote was given last; the caller must not change it.
func (k *Kernel) Note() []byte { return k.Info().Note }

// SetNote keeps bytes with the kernel for the next project server, at most
// jupyter.MaxNote. A kernel with a note keeps its records until a subscription that
// keeps them has acknowledged them. It waits for no answer: what is sent and
// acknowledged later comes to the supervisor behind it. The errors are those of Send.
func (k *Kernel) SetNote(ctx context.Context, note []byte) error {
	return k.noted(ctx, note, nil)
}

// SendNoted is SetNote and then Send.
func (k *Kernel) SendNoted(ctx context.Context, note []byte, m jupyter.Message) error {
	if err := k.usable(); err != nil {
		return err
	}
	return k.noted(ctx, note, &m)
}

func (k *Kernel) noted(ctx context.Context, note []byte, m *jupyter.Message) error {
	if len(note) > jupyter.MaxNote {
		return lyceum.Errorf(lyceum.TooLarge, "a note has at most %d bytes", jupyter.MaxNote)
	}
	b, err := jupyter.Record{Kind: jupyter.KindNote, Note: note}.AppendTo(nil)
	if err == nil && m != nil {
		b, err = jupyter.Record{Kind: jupyter.KindMessage, Message: *m}.AppendTo(b)
	}
	if err != nil {
		return lyceum.Wrap(lyceum.TooLarge, err, "the message is too large for a kernel")
	}
	if err := k.put(ctx, b); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.process.Note = slices.Clone(note)
	return nil
}

// SetPath says which notebook the kernel is for now.
func (k *Kernel) SetPath(ctx context.Context, path string) error {
	if err := k.m.cfg.Super.ChangeKernel(ctx, k.id, jupyter.Change{Path: &path}); err != nil {
		return err
	}
	k.mu.Lock()
	k.process.Path = path
	k.mu.Unlock()
	k.m.cfg.Changed()
	return nil
}

// Interrupt interrupts what the kernel works on, by the way that its kernelspec
// names. Errors: Conflict (it does not run), Unavailable.
func (k *Kernel) Interrupt(ctx context.Context) error {
	i := k.Info()
	if i.Interrupt != "message" {
		return k.m.cfg.Super.InterruptKernel(ctx, k.id)
	}
	if i.State == jupyter.Dead {
		return lyceum.Errorf(lyceum.Conflict, "the kernel does not run")
	}
	m, err := jupyter.New(jupyter.Control, k.session, "interrupt_request", nil)
	if err != nil {
		return err
	}
	return k.Send(ctx, m)
}

// Restart ends the process and starts another one. It returns when that answers; an
// error of kind Unavailable says why it does not.
func (k *Kernel) Restart(ctx context.Context) error {
	if err := k.RestartNow(ctx); err != nil {
		return err
	}
	return k.Ready(ctx)
}

// RestartNow is Restart without the wait for the first answer.
func (k *Kernel) RestartNow(ctx context.Context) error {
	p, err := k.m.cfg.Super.RestartKernel(ctx, k.id)
	if err != nil {
		return err
	}
	k.mu.Lock()
	// Records of the end are still to be read; this one's state is behind them.
	if k.process.Status.State != jupyter.Starting && p.Last > k.read {
		k.process.Status = jupyter.Status{State: jupyter.Restarting, Since: time.Now().UTC()}
	}
	k.mu.Unlock()
	k.m.cfg.Changed()
	return nil
}

// Ready waits until the kernel answers, or is dead: an error of kind Unavailable.
func (k *Kernel) Ready(ctx context.Context) error {
	for {
		k.mu.Lock()
		s, gone, wait := k.process.Status, k.gone, k.changed
		k.mu.Unlock()
		switch {
		case gone:
			return lyceum.Wrap(lyceum.Unavailable, errGone, "the kernel was shut down")
		case s.State == jupyter.Dead:
			return dead(s)
		case s.State == jupyter.Idle || s.State == jupyter.Busy:
			return nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func dead(s jupyter.Status) error {
	return lyceum.Errorf(lyceum.Unavailable, "the kernel is dead: %s", s.Reason)
}

// Shutdown ends the kernel for good and returns when its process is gone.
func (k *Kernel) Shutdown(ctx context.Context) error {
	err := k.m.cfg.Super.EndKernel(ctx, k.id)
	if err == nil || lyceum.IsKind(err, lyceum.NotFound) {
		k.leave()
	}
	return err
}

// leave ends all that waits for a kernel that is gone.
func (k *Kernel) leave() {
	k.mu.Lock()
	if k.gone {
		k.mu.Unlock()
		return
	}
	k.gone = true
	if k.process.Status.State != jupyter.Dead {
		k.process.Status = jupyter.Status{State: jupyter.Dead, Since: time.Now().UTC(), Reason: "It was shut down.", Wanted: true}
	}
	k.failLocked(k.process.Status)
	if k.stream != nil {
		_ = k.stream.Close() // nothing more comes
	}
	subs := slices.Clone(k.subs)
	k.tellLocked()
	k.mu.Unlock()
	for _, s := range subs {
		s.queue.Close()
	}
	k.m.forget(k)
}

// tellLocked wakes who waits for a change.
func (k *Kernel) tellLocked() {
	close(k.changed)
	k.changed = make(chan struct{})
}

// failLocked ends the requests that wait: their replies never come.
func (k *Kernel) failLocked(s jupyter.Status) {
	for id, c := range k.requests {
		delete(k.requests, id)
		c <- jupyter.Record{Kind: jupyter.KindStatus, Status: s}
	}
}

// Times between two attempts to reach the supervisor.
const (
	firstPause = 20 * time.Millisecond
	maxPause   = 2 * time.Second
)

// run reads the records until life ends or the kernel is gone.
func (k *Kernel) run(life context.Context) {
	defer k.detach()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		k.mu.Lock()
		after, gone := k.read, k.gone
		k.mu.Unlock()
		if gone || life.Err() != nil {
			return
		}
		stream, err := k.m.cfg.Super.KernelStream(life, k.id, after)
		if lyceum.IsKind(err, lyceum.NotFound) {
			k.leave()
			return
		}
		if err == nil {
			pause = firstPause
			err = k.follow(life, stream)
		}
		if life.Err() != nil {
			return
		}
		k.m.cfg.Log.Debug("the stream of a kernel broke", "kernel", k.id, "err", err)
		select {
		case <-life.Done():
			return
		case <-time.After(pause):
		}
	}
}

// detach ends the subscriptions when the manager closes; the kernel goes on.
func (k *Kernel) detach() {
	k.mu.Lock()
	subs := slices.Clone(k.subs)
	k.mu.Unlock()
	for _, s := range subs {
		s.queue.Close()
	}
}

// follow reads one stream to its end.
func (k *Kernel) follow(life context.Context, stream io.ReadWriteCloser) error {
	stop := context.AfterFunc(life, func() { _ = stream.Close() })
	defer stop()
	defer stream.Close()
	k.mu.Lock()
	k.stream = stream
	k.tellLocked()
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		k.stream = nil
		k.mu.Unlock()
	}()
	r := bufio.NewReaderSize(stream, 32<<10)
	for {
		rec, err := jupyter.ReadRecord(r)
		if err != nil {
			return err
		}
		k.take(rec)
		if r.Buffered() == 0 {
			k.ackRead()
		}
	}
}

// take hands a record to all who listen.
func (k *Kernel) take(rec jupyter.Record) {
	k.mu.Lock()
	k.read = rec.Number
	changed := k.noteLocked(rec)
	subs := k.subs // a changed list is another one
	k.mu.Unlock()
	for _, s := range subs {
		s.queue.Put(rec)
	}
	if changed {
		k.m.cfg.Changed()
	}
}

// noteLocked follows the state of the kernel and gives replies to requests.
func (k *Kernel) noteLocked(rec jupyter.Record) (changed bool) {
	switch rec.Kind {
	case jupyter.KindStatus:
		k.process.Status = rec.Status
		switch rec.Status.State {
		case jupyter.Dead, jupyter.Restarting:
			k.failLocked(rec.Status)
			k.work = jupyter.Work{}
		case jupyter.Starting:
			k.work = jupyter.Work{}
		}
		changed = true
	case jupyter.KindFold:
		k.answerLocked(rec.Fold.Parent, rec)
		return false
	case jupyter.KindMessage:
		m := rec.Message
		if changed = k.work.Heard(m); changed && (k.process.Status.State == jupyter.Idle || k.process.Status.State == jupyter.Busy) {
			k.process.Status.State = jupyter.Idle
			if k.work.Busy() {
				k.process.Status.State = jupyter.Busy
			}
			k.process.Status.Since, k.process.UsedAt = time.Now().UTC(), time.Now().UTC()
		}
		if m.Channel == jupyter.Shell || m.Channel == jupyter.Control {
			k.answerLocked(m.Parent.ID, rec)
		}
	}
	if changed {
		k.tellLocked()
	}
	return changed
}

func (k *Kernel) answerLocked(id string, rec jupyter.Record) {
	c, ok := k.requests[id]
	if !ok || rec.Kind == jupyter.KindFold && rec.Number == 0 {
		return
	}
	delete(k.requests, id)
	c <- rec
}

// Send sends a message on its way, as soon as the supervisor can be reached. Errors:
// Unavailable (the kernel is dead or gone), or ctx's end.
func (k *Kernel) Send(ctx context.Context, m jupyter.Message) error {
	if err := k.usable(); err != nil {
		return err
	}
	return k.write(ctx, jupyter.Record{Kind: jupyter.KindMessage, Message: m})
}

// usable notes a use of the kernel; the error is why nothing can be sent.
func (k *Kernel) usable() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.process.UsedAt = time.Now().UTC()
	switch {
	case k.gone:
		return lyceum.Wrap(lyceum.Unavailable, errGone, "the kernel was shut down")
	case k.process.Status.State == jupyter.Dead:
		return dead(k.process.Status)
	}
	return nil
}

func (k *Kernel) write(ctx context.Context, rec jupyter.Record) error {
	b, err := rec.AppendTo(nil)
	if err != nil {
		return lyceum.Wrap(lyceum.TooLarge, err, "the message is too large for a kernel")
	}
	return k.put(ctx, b)
}

// put writes records as they are sent, as soon as there is a stream.
func (k *Kernel) put(ctx context.Context, b []byte) error {
	for {
		k.mu.Lock()
		stream, gone, wait := k.stream, k.gone, k.changed
		k.mu.Unlock()
		if gone {
			return lyceum.Wrap(lyceum.Unavailable, errGone, "the kernel was shut down")
		}
		if stream != nil {
			k.writing.Lock()
			_, err := stream.Write(b)
			k.writing.Unlock()
			if err == nil {
				return nil
			}
			// A part of it is worth nothing to the supervisor: all of it goes once
			// more over the next stream.
			_ = stream.Close()
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Request sends a request of our own and waits for its reply. Errors: Unavailable
// (the kernel died, or was restarted), Exhausted (it takes no requests), or ctx's
// end: the request is not taken back.
func (k *Kernel) Request(ctx context.Context, ch jupyter.Channel, typ string, content any) (jupyter.Message, error) {
	m, err := jupyter.New(ch, k.session, typ, content)
	if err != nil {
		return jupyter.Message{}, err
	}
	answer := make(chan jupyter.Record, 1)
	k.mu.Lock()
	k.requests[m.Head.ID] = answer
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.requests, m.Head.ID)
	}()
	if err := k.Send(ctx, m); err != nil {
		return jupyter.Message{}, err
	}
	select {
	case rec := <-answer:
		return reply(rec)
	case <-ctx.Done():
		return jupyter.Message{}, context.Cause(ctx)
	}
}

func reply(rec jupyter.Record) (jupyter.Message, error) {
	switch rec.Kind {
	case jupyter.KindFold:
		return jupyter.Message{}, lyceum.Errorf(lyceum.Exhausted, "the kernel does not take requests at this moment")
	case jupyter.KindStatus:
		if rec.Status.State == jupyter.Dead {
			return jupyter.Message{}, dead(rec.Status)
		}
		return jupyter.Message{}, lyceum.Errorf(lyceum.Unavailable, "the kernel was restarted")
	}
	return rec.Message, nil
}
