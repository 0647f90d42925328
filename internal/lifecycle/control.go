package lifecycle

import (
	"context"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// Delays before a control stream that broke is opened again.
const (
	firstFollow = 200 * time.Millisecond
	lastFollow  = 5 * time.Second
)

// touchTime bounds the writing of one use.
const touchTime = 10 * time.Second

// follower holds the control stream of one running project.
type follower struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	heard  time.Time // when the last record came
	active time.Time // last use that was written down
	edited time.Time
	last   api.Control
	limits *lyceum.Limits // that were set and told on this stream; nil: none yet
	partly bool           // the one of memory of them waits until the project uses less
}

// follow opens the control stream of a running project, unless it is followed.
func (d *duty) follow(id lyceum.ProjectID, addr compute.Address) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.control[id] != nil {
		return
	}
	// It ends with unfollow or endFollowers, not with the worker that begins it.
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{cancel: cancel, done: make(chan struct{})}
	d.control[id] = f
	go func() {
		defer close(f.done)
		d.followOne(ctx, f, id, addr)
	}()
}

func (d *duty) followOne(ctx context.Context, f *follower, id lyceum.ProjectID, addr compute.Address) {
	delay := firstFollow
	for {
		began := time.Now()
		err := d.cfg.Controller.Control(ctx, id, addr, func(c api.Control) { d.heard(ctx, f, id, c) })
		if ctx.Err() != nil {
			return
		}
		d.log.Debug("the control stream of a project broke", "project", id, "err", err)
		f.mu.Lock()
		f.limits = nil // a server that was started again is told again
		f.mu.Unlock()
		d.queue.add(id) // the project may be gone; the worker ends us then
		if time.Since(began) > lastFollow {
			delay = firstFollow
		}
		if !pause(ctx, delay) {
			return
		}
		delay = min(2*delay, lastFollow)
	}
}

// heard writes down what a record says of the project's use. A project may say
// what it likes, but not that it was used in the future.
func (d *duty) heard(ctx context.Context, f *follower, id lyceum.ProjectID, c api.Control) {
	now := time.Now()
	active, edited := earlier(c.ActiveAt, now), earlier(c.EditedAt, now)
	f.mu.Lock()
	first := f.heard.IsZero() || f.limits == nil
	f.heard, f.last = now, c
	news, editNews := active.After(f.active), edited.After(f.edited)
	f.mu.Unlock()
	if first {
		d.queue.add(id) // it can be told its limits
	}
	if !news && !editNews {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, touchTime)
	defer cancel()
	if edited.After(active) {
		active = edited
	}
	at := active
	if editNews {
		at = edited
	}
	if err := d.cfg.DB.Touch(ctx, id, at, editNews); err != nil {
		if ctx.Err() == nil {
			d.log.Debug("the use of a project was not written down", "project", id, "err", err)
		}
		return // the next record says it again
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active, f.edited = active, edited
}

func earlier(t, limit time.Time) time.Time {
	if t.After(limit) {
		return limit
	}
	return t
}

// silentSince tells when the project was last heard of: zero when it is not
// followed or has not spoken.
func (l *Lifecycle) silentSince(id lyceum.ProjectID) time.Time {
	l.mu.Lock()
	f := l.control[id]
	l.mu.Unlock()
	if f == nil {
		return time.Time{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heard
}

// unfollow ends the control stream of a project.
func (l *Lifecycle) unfollow(id lyceum.ProjectID) {
	l.mu.Lock()
	f := l.control[id]
	delete(l.control, id)
	l.mu.Unlock()
	if f != nil {
		f.cancel()
		<-f.done
	}
}

// endFollowers ends all control streams.
func (l *Lifecycle) endFollowers() {
	l.mu.Lock()
	list := l.control
	l.control = map[lyceum.ProjectID]*follower{}
	l.mu.Unlock()
	for _, f := range list {
		f.cancel()
	}
	for _, f := range list {
		<-f.done
	}
}
