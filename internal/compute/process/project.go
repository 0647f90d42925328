package process

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// project is what the Backend knows of one project. All of it can be read again
// from the records and from /proc.
//
//	      Ensure                    answers                     exits
//	idle ────────► start: fill, run ────────► run, start == nil ───────► idle, last says why
//	  ▲                  │                            │
//	  └──────────────────┴────────── stop ◄───────────┘
type project struct {
	id lyceum.ProjectID

	mu    sync.Mutex
	start *task // being started
	stop  *task // being stopped or deleted
	run   *run  // its processes; nil when there are none
	last  record
	step  string
	since time.Time
}

// task is work that goes on without its caller.
type task struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when it is over
	err    error         // read after done
	final  bool          // it deletes the files
}

// run is the project's processes.
type run struct {
	rec   record
	ready bool          // it has answered; guarded by project.mu
	exit  exit          // read after done
	done  chan struct{} // closed when they are gone and project.last says why

	limits  atomic.Pointer[lyceum.Limits] // nil: a hub before this one set them
	kills   atomic.Int64                  // programs ended for want of memory, as far as told
	alarms  atomic.Int64                  // how many there were
	looking atomic.Bool                   // somebody finds out which
	there   atomic.Pointer[[]member]      // who was there at the last alarm
	before  atomic.Pointer[[]member]      // and who was at earlier ones, while somebody looks
}

func newRun(rec record) *run {
	r := &run{rec: rec, done: make(chan struct{})}
	r.kills.Store(rec.group().Kills())
	return r
}

// listen has us woken when the project is out of memory.
func (b *Backend) listen(r *run) {
	if len(r.rec.Cgroups) == 0 {
		return
	}
	if err := b.alarms.Add(r.rec.Project, r.rec.group()); err != nil {
		b.log.Debug("nobody will tell which program was ended for want of memory", "project", r.rec.Project, "err", err)
	}
}

// spawnLocked starts work for p as a task.
func (b *Backend) spawnLocked(slot **task, p *project, work func(ctx context.Context) error) *task {
	ctx, cancel := context.WithCancel(b.life)
	t := &task{cancel: cancel, done: make(chan struct{})}
	*slot = t
	b.tasks.Go(func() {
		defer cancel()
		err := work(ctx)
		p.mu.Lock()
		t.err = err
		*slot = nil
		p.mu.Unlock()
		close(t.done)
		b.watches.tell(p.id)
	})
	return t
}

// wait waits for the task, or for ctx.
func (t *task) wait(ctx context.Context) error {
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the project is still being stopped")
	}
}

// enter notes a step of the start, for people.
func (b *Backend) enter(p *project, step string) {
	p.mu.Lock()
	changed := p.step != step
	p.step = step
	p.mu.Unlock()
	if changed {
		b.watches.tell(p.id)
	}
}

// Ensure starts the project unless it runs or is being started.
func (b *Backend) Ensure(ctx context.Context, spec compute.Spec) error {
	p, err := b.project(spec.Project)
	if err != nil {
		return err
	}
	if err := b.check(spec); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return lyceum.Wrap(lyceum.Unavailable, err, "the start was given up")
		}
		p.mu.Lock()
		switch {
		case p.stop != nil:
			t := p.stop
			p.mu.Unlock()
			// Whether it went well does not matter here: the next turn looks.
			if err := t.wait(ctx); err != nil && ctx.Err() != nil {
				return err
			}
			continue
		case p.start == nil && p.run == nil:
			p.step, p.since = "preparing", time.Now()
			b.spawnLocked(&p.start, p, func(ctx context.Context) error { return b.bringUp(ctx, p, spec) })
		}
		p.mu.Unlock()
		return nil
	}
}

// check returns why the spec can never run here.
func (b *Backend) check(spec compute.Spec) error {
	if len(spec.PublicKey) == 0 {
		return lyceum.Errorf(lyceum.Invalid, "the public key is missing")
	}
	if err := checkEnv(spec.Env); err != nil {
		return err
	}
	if err := checkSource(spec.Source); err != nil {
		return err
	}
	return b.jail.refuse(spec.UID)
}

// Observe reads what is so.
func (b *Backend) Observe(ctx context.Context, id lyceum.ProjectID) (compute.Observation, error) {
	p, err := b.project(id)
	if err != nil {
		return compute.Observation{}, err
	}
	p.mu.Lock()
	r := p.run
	o := compute.Observation{Phase: lyceum.Stopped, Step: p.step, Since: p.since}
	switch {
	case p.stop != nil:
		o.Phase = lyceum.Stopping
		p.mu.Unlock()
		return o, nil
	case r == nil && p.start != nil:
		o.Phase = lyceum.Starting
		p.mu.Unlock()
		return o, nil
	case r == nil:
		defer p.mu.Unlock()
		return p.restingLocked(), nil
	}
	ready := r.ready
	p.mu.Unlock()
	return b.observeRun(ctx, p, r, ready)
}

// restingLocked tells of a project without processes.
func (p *project) restingLocked() compute.Observation {
	o := compute.Observation{Phase: lyceum.Stopped, Reason: p.last.Reason, Since: p.last.Ended, UID: p.last.UID}
	if p.last.Failed {
		o.Phase = lyceum.Failed
	}
	return o
}

// observeRun asks the project itself.
func (b *Backend) observeRun(ctx context.Context, p *project, r *run, ready bool) (compute.Observation, error) {
	socket := r.rec.socket()
	switch answer := ask(ctx, socket); {
	case answer == answers, answer == accepts && ready:
		p.mu.Lock()
		if !r.ready {
			r.ready, p.since = true, time.Now()
		}
		since := p.since
		p.mu.Unlock()
		if since.IsZero() {
			since = r.rec.Started
		}
		return compute.Observation{Phase: lyceum.Running, Address: compute.Address{Socket: socket}, Since: since, UID: r.rec.UID}, nil
	case ctx.Err() != nil:
		return compute.Observation{}, lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "looking at the project was given up")
	}
	if r.rec.Init.alive() {
		return compute.Observation{Phase: lyceum.Starting, Step: stepServer, Since: r.rec.Started, UID: r.rec.UID}, nil
	}
	// It ended; whoever follows it is about to say why.
	select {
	case <-r.done:
	case <-ctx.Done():
		return compute.Observation{}, lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "looking at the project was given up")
	case <-b.life.Done():
		return compute.Observation{}, lyceum.Errorf(lyceum.Unavailable, "the server is stopping")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		return compute.Observation{Phase: lyceum.Stopping, Step: p.step, Since: p.since}, nil
	}
	return p.restingLocked(), nil
}

// Stop ends all processes of the project.
func (b *Backend) Stop(ctx context.Context, id lyceum.ProjectID) error {
	p, err := b.project(id)
	if err != nil {
		return err
	}
	p.mu.Lock()
	t := p.stop
	if t == nil {
		p.step, p.since = "saving and ending its programs", time.Now()
		t = b.spawnLocked(&p.stop, p, func(ctx context.Context) error { return b.bringDown(ctx, p) })
	}
	p.mu.Unlock()
	return t.wait(ctx)
}

// Delete stops the project and removes all that is here of it.
func (b *Backend) Delete(ctx context.Context, id lyceum.ProjectID) error {
	p, err := b.project(id)
	if err != nil {
		return err
	}
	for {
		p.mu.Lock()
		t := p.stop
		if t == nil {
			p.step, p.since = "removing its files", time.Now()
			t = b.spawnLocked(&p.stop, p, func(ctx context.Context) error {
				if err := b.bringDown(ctx, p); err != nil {
					return err
				}
				return b.remove(ctx, p)
			})
			t.final = true
		}
		p.mu.Unlock()
		if err := t.wait(ctx); t.final || ctx.Err() != nil {
			return err
		}
	}
}

// remove removes the files of a project that has no processes.
func (b *Backend) remove(ctx context.Context, p *project) error {
	if err := b.discard(ctx, b.at.home(p.id)); err != nil {
		return problemOf(err, "remove the files of the project")
	}
	if err := os.RemoveAll(b.at.state(p.id)); err != nil {
		return problemOf(err, "remove the records of the project")
	}
	b.at.unclaim(p.id)
	p.mu.Lock()
	p.last = record{}
	p.mu.Unlock()
	return nil
}
