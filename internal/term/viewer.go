package term

import (
	"context"
	"slices"
	"time"
)

// Conn is one viewer's connection: whole messages, in order. Read and Write are
// called from one goroutine each; both return when ctx ends. The caller of
// Serve closes it.
type Conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, msg []byte) error
}

// Viewer says who looks and from where the output is wanted.
type Viewer struct {
	Person
	Client string // random id of the browser's terminal, kept over its reconnects
	Offset uint64 // first output byte that it does not have; 0 for all that is kept
}

// attached is a viewer that is connected now. Its fields below the first three
// are guarded by the session's lock.
//
// There is no queue: what is to be sent is a position in the ring and three
// marks, so a viewer that reads slowly costs nothing and delays nobody. When
// the ring has moved past its position, it gets a reset.
type attached struct {
	Viewer
	client *client
	cancel context.CancelCauseFunc
	wake   chan struct{} // capacity 1

	pos        uint64 // next output byte to send
	reset      bool   // tell pos before anything else
	ack        uint64
	ackDue     bool
	sizeDue    bool
	stateDue   bool
	cols, rows int // what it can show; 0 when hidden or not said yet
}

func (a *attached) wakeUp() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

var errReplaced = &CloseError{CloseReplaced, "this terminal was opened again from the same place"}

// Serve drives one viewer until ctx ends, the connection fails or the session
// ends it. A *CloseError says with which code to close the connection; any
// other error is the connection's or ctx's own. A connection with the same
// account and client id takes the place of the one before.
func (s *Session) Serve(ctx context.Context, conn Conn, v Viewer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &attached{Viewer: v, cancel: cancel, wake: make(chan struct{}, 1)}
	hello, err := s.attach(ctx, a)
	if err != nil {
		return err
	}
	defer s.detach(a)
	fed := make(chan struct{})
	go func() { // ends with ctx, which listen's return cancels
		defer close(fed)
		cancel(s.feed(ctx, conn, a, hello))
	}()
	cancel(s.listen(ctx, conn, a))
	<-fed
	return context.Cause(ctx)
}

// attach makes a the connection of its client id and registers it as a viewer.
func (s *Session) attach(ctx context.Context, a *attached) (Hello, error) {
	s.mu.Lock()
	key := a.Account + " " + a.Client
	for _, old := range s.viewers {
		if old.client.key == key {
			old.cancel(errReplaced)
		}
	}
	a.client = s.clients.get(key, func(c *client) bool {
		return slices.ContainsFunc(s.viewers, func(v *attached) bool { return v.client == c })
	})
	s.mu.Unlock()

	// Wait for input that the connection before is still writing, so that what
	// hello says of it is final.
	if err := acquire(ctx, a.client.lock); err != nil {
		return Hello{}, err
	}
	defer func() { <-a.client.lock }()
	a.client.owner = a

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return Hello{}, &CloseError{CloseGone, "the terminal was ended"}
	}
	a.pos = a.Offset
	if a.pos < s.ring.start || a.pos > s.ring.end {
		a.pos, a.reset = s.ring.lineStart(), true
		if a.Offset == 0 {
			a.reset = a.pos > 0
		}
	}
	a.sizeDue = true
	s.viewers = append(s.viewers, a)
	s.stateChangedLocked()
	return Hello{Head: s.ring.end, Seq: a.client.seq}, nil
}

func (s *Session) detach(a *attached) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.viewers, a); i >= 0 {
		s.viewers = slices.Delete(s.viewers, i, i+1)
	}
	s.fitLocked()
	s.stateChangedLocked()
}

// listen takes the viewer's frames, one at a time.
func (s *Session) listen(ctx context.Context, conn Conn, a *attached) error {
	for {
		msg, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		f, err := Decode(msg)
		if err != nil {
			return err
		}
		switch f.Kind {
		case FrameInput:
			err = s.takeInput(ctx, a, f)
		case FrameResize:
			s.resize(a, f)
		case FrameRestart:
			s.Restart()
		default:
			err = &CloseError{CloseProtocol, "this frame is for clients only"}
		}
		if err != nil {
			return err
		}
	}
}

// resize notes what the viewer can show and fits the terminal to all viewers.
func (s *Session) resize(a *attached, f Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hidden := f.Cols == 0 || f.Rows == 0
	was := a.cols == 0
	if hidden {
		a.cols, a.rows = 0, 0
	} else {
		a.cols, a.rows = clamp(int(f.Cols), MaxCols), clamp(int(f.Rows), MaxRows)
	}
	s.fitLocked()
	if was != hidden {
		s.stateChangedLocked() // another viewer may have to answer queries now
	}
}

// fitLocked makes the terminal as large as every visible viewer can show. When
// none is visible it stays as it is.
func (s *Session) fitLocked() {
	cols, rows := 0, 0
	for _, a := range s.viewers {
		if a.cols == 0 {
			continue
		}
		if cols == 0 {
			cols, rows = a.cols, a.rows
		}
		cols, rows = min(cols, a.cols), min(rows, a.rows)
	}
	if cols == 0 || (cols == s.cols && rows == s.rows) {
		return
	}
	s.cols, s.rows = cols, rows
	if s.exited == nil {
		_ = setSize(s.proc.master, cols, rows) // fails only when the program just went
	}
	for _, a := range s.viewers {
		a.sizeDue = true
		a.wakeUp()
	}
}

// stateChangedLocked has every viewer told of the state.
func (s *Session) stateChangedLocked() {
	for _, a := range s.viewers {
		a.stateDue = true
		a.wakeUp()
	}
}

// feed sends the viewer what is due for it, until ctx ends or a write fails.
func (s *Session) feed(ctx context.Context, conn Conn, a *attached, hello Hello) error {
	if err := conn.Write(ctx, jsonFrame(FrameHello, hello).Append(nil)); err != nil {
		return err
	}
	var msg, chunk []byte
	var gap gap
	defer gap.stop()
	for {
		var f Frame
		var ok bool
		waiting := gap.open()
		f, chunk, ok = s.nextFrame(a, chunk, waiting)
		if !ok {
			var over <-chan time.Time
			if waiting {
				over = gap.over()
			}
			select {
			case <-a.wake:
				continue
			case <-over:
				continue
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		msg = f.Append(msg[:0])
		if err := conn.Write(ctx, msg); err != nil {
			return err
		}
		if f.Kind == FrameOutput {
			gap.begin()
		}
	}
}

// gapTime is how long output waits for more of it when some was sent just now: the
// first is sent at once, and a flood goes in full frames.
const gapTime = 4 * time.Millisecond

// gap is the time after an output frame.
type gap struct {
	until time.Time
	timer *time.Timer
}

func (g *gap) begin()     { g.until = time.Now().Add(gapTime) }
func (g *gap) open() bool { return time.Now().Before(g.until) }

// over returns a channel that tells when the gap is over.
func (g *gap) over() <-chan time.Time {
	left := time.Until(g.until)
	if g.timer == nil {
		g.timer = time.NewTimer(left)
	} else {
		g.timer.Reset(left)
	}
	return g.timer.C
}

func (g *gap) stop() {
	if g.timer != nil {
		g.timer.Stop()
	}
}

// nextFrame returns the most urgent frame that is due for a, if any; in a gap,
// output only when it fills a frame. Output is read into chunk, which is returned,
// perhaps grown, for the next call.
func (s *Session) nextFrame(a *attached, chunk []byte, inGap bool) (Frame, []byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.pos < s.ring.start {
		a.pos, a.reset = s.ring.lineStart(), true
	}
	switch {
	case a.reset:
		a.reset = false
		return Frame{Kind: FrameReset, Number: a.pos}, chunk, true
	case a.ackDue:
		a.ackDue = false
		return Frame{Kind: FrameAck, Number: a.ack}, chunk, true
	case a.sizeDue:
		a.sizeDue = false
		return Frame{Kind: FrameSize, Cols: uint16(s.cols), Rows: uint16(s.rows)}, chunk, true
	case a.stateDue:
		a.stateDue = false
		return jsonFrame(FrameState, s.stateLocked(a)), chunk, true
	case a.pos < s.ring.end && (!inGap || s.ring.end-a.pos >= MaxOutput):
		want := int(min(s.ring.end-a.pos, MaxOutput))
		chunk = slices.Grow(chunk[:0], want)[:want]
		f := Frame{Kind: FrameOutput, Number: a.pos}
		f.Data = chunk[:s.ring.read(chunk, a.pos)]
		a.pos += uint64(len(f.Data))
		return f, chunk, true
	}
	return Frame{}, chunk, false
}

// stateLocked is the state as a sees it.
func (s *Session) stateLocked(a *attached) State {
	st := State{ID: s.cfg.ID, Name: s.name, Title: s.title.title, Exited: s.exited, Viewers: []Person{}}
	for _, v := range s.viewers {
		if !slices.ContainsFunc(st.Viewers, func(p Person) bool { return p.Account == v.Account }) {
			st.Viewers = append(st.Viewers, v.Person)
		}
	}
	// The one who is here longest and can see it answers; if nobody sees it,
	// the one who is here longest.
	answerer := slices.IndexFunc(s.viewers, func(v *attached) bool { return v.cols > 0 })
	st.Answers = len(s.viewers) > 0 && s.viewers[max(0, answerer)] == a
	return st
}
