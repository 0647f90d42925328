package lifecycle

import (
	"context"
	"errors"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// A project that ends by itself is started again, unless that happened this often
// within this time: then people must look.
const (
	maxCrashes  = 3
	crashWindow = 10 * time.Minute
)

// stopTime bounds one attempt to stop a project; compute kills after its own,
// shorter grace time.
const stopTime = time.Minute

// How soon a project that is on its way is looked at again: at first, and at most.
const (
	onTheWay     = 250 * time.Millisecond
	longOnTheWay = 2 * time.Second
)

// try is what we remember of the attempts to run a project. It may be forgotten
// at any time: a project is then tried once more than it would have been.
type try struct {
	ensured bool        // asked compute to start it, and it has not run since
	looks   int         // how often it was seen on its way since it ran
	crashes []time.Time // when it ended by itself
}

// try returns what is remembered of a project's attempts. Only the worker that
// has the project uses it.
func (l *Lifecycle) try(id lyceum.ProjectID) *try {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tries[id]
	if t == nil {
		t = &try{}
		l.tries[id] = t
	}
	return t
}

func (l *Lifecycle) forgetTry(id lyceum.ProjectID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tries, id)
}

// next is when one that is on its way is looked at again: compute tells when it
// arrives, and a hundred that start at once shall not be looked at all the time.
func (t *try) next() time.Duration {
	t.looks++
	return min(onTheWay<<min(t.looks-1, 8), longOnTheWay)
}

// crashed notes an end and reports whether there were too many of late.
func (t *try) crashed(now time.Time) bool {
	kept := t.crashes[:0]
	for _, at := range t.crashes {
		if now.Sub(at) < crashWindow {
			kept = append(kept, at)
		}
	}
	t.crashes = append(kept, now)
	return len(t.crashes) > maxCrashes
}

// reconcile compares what is wanted of one project with what is so, and acts.
// It decides by what it reads now, never by why it was called.
func (d *duty) reconcile(ctx context.Context, id lyceum.ProjectID) error {
	w, err := d.cfg.DB.Work(ctx, id)
	if lyceum.IsKind(err, lyceum.NotFound) {
		d.forget(id)
		return nil
	}
	if err != nil {
		return err
	}
	o, err := d.cfg.Backend.Observe(ctx, id)
	if err != nil {
		return err
	}
	d.locate(id, o)
	if w.Wanted == lyceum.WantRunning && !w.Deleted {
		if w.Restart {
			return d.restart(ctx, w, o)
		}
		return d.wantRunning(ctx, w, o)
	}
	return d.wantStopped(ctx, w, o)
}

func (d *duty) set(ctx context.Context, id lyceum.ProjectID, c postgres.StateChange) error {
	_, err := d.cfg.DB.SetState(ctx, d.fence, id, c)
	return err
}

func (d *duty) wantRunning(ctx context.Context, w postgres.Work, o compute.Observation) error {
	switch o.Phase {
	case lyceum.Running:
		t := d.try(w.Project)
		t.ensured, t.looks = false, 0
		if err := d.set(ctx, w.Project, postgres.StateChange{Phase: lyceum.Running}); err != nil {
			return err
		}
		d.follow(w.Project, o.Address)
		return d.limit(ctx, w, o.Address)
	case lyceum.Starting, lyceum.Stopping:
		d.unfollow(w.Project)
		// Hints of a project server that was started again inside may not come.
		d.queue.again(w.Project, d.try(w.Project).next())
		return d.set(ctx, w.Project, postgres.StateChange{Phase: o.Phase, Step: o.Step})
	}
	d.unfollow(w.Project)
	t := d.try(w.Project)
	switch {
	case t.ensured:
		t.ensured = false
		return d.giveUp(ctx, w.Project, o.Reason)
	case w.Phase == lyceum.Running:
		if t.crashed(time.Now()) {
			t.crashes = nil
			return d.giveUp(ctx, w.Project, o.Reason+"; it ended several times in a short time")
		}
		d.log.Warn("a project ended by itself and is started again", "project", w.Project, "reason", o.Reason)
	}
	return d.start(ctx, w, t)
}

// giveUp shows a project as failed and wants it no more: people must look.
func (d *duty) giveUp(ctx context.Context, id lyceum.ProjectID, reason string) error {
	if reason == "" {
		reason = "it could not be started"
	}
	return d.set(ctx, id, postgres.StateChange{Phase: lyceum.Failed, Reason: reason, Wanted: lyceum.WantStopped})
}

// start asks compute to run the project.
func (d *duty) start(ctx context.Context, w postgres.Work, t *try) error {
	if err := d.set(ctx, w.Project, postgres.StateChange{Phase: lyceum.Starting, Step: "preparing"}); err != nil {
		return err
	}
	spec, err := d.spec(ctx, w)
	if err == nil {
		err = d.cfg.Backend.Ensure(ctx, spec)
	}
	switch {
	case err == nil:
		t.ensured = true
		d.queue.add(w.Project) // it may have failed already, before anyone watched
		return nil
	case lyceum.IsKind(err, lyceum.Invalid), lyceum.IsKind(err, lyceum.Exhausted):
		reason := ""
		if e, ok := errors.AsType[*lyceum.Error](err); ok {
			reason = e.Message
		}
		return d.giveUp(ctx, w.Project, reason)
	}
	return err
}

// spec says how the project shall run.
func (d *duty) spec(ctx context.Context, w postgres.Work) (compute.Spec, error) {
	env, err := d.cfg.DB.Env(ctx, w.Project)
	if err != nil {
		return compute.Spec{}, err
	}
	s := compute.Spec{Project: w.Project, Env: env, PublicKey: d.cfg.PublicKey, Source: w.Source}
	settings, err := d.cfg.DB.Settings(ctx)
	if err != nil {
		return s, err
	}
	s.Limits = settings.LimitsOf(w.Limits)
	if d.cfg.FirstUID > 0 {
		s.UID, err = d.cfg.DB.AssignUID(ctx, d.fence, w.Project, d.cfg.FirstUID, d.cfg.FirstUID+d.cfg.UIDs-1)
	}
	return s, err
}

// restart stops the project once; then it is wanted running as any other.
func (d *duty) restart(ctx context.Context, w postgres.Work, o compute.Observation) error {
	if o.Phase != lyceum.Stopped && o.Phase != lyceum.Failed {
		if err := d.stop(ctx, w.Project, "restarting: saving and ending its programs"); err != nil {
			return err
		}
	}
	t := d.try(w.Project)
	t.ensured, t.crashes = false, nil
	if err := d.set(ctx, w.Project, postgres.StateChange{Phase: lyceum.Starting, Step: "preparing", Restarted: true}); err != nil {
		return err
	}
	return d.start(ctx, w, t)
}

// stop shows that it is done, and does it.
func (d *duty) stop(ctx context.Context, id lyceum.ProjectID, step string) error {
	d.unfollow(id)
	if err := d.set(ctx, id, postgres.StateChange{Phase: lyceum.Stopping, Step: step}); err != nil {
		return err
	}
	err := d.aside(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, stopTime)
		defer cancel()
		return d.cfg.Backend.Stop(ctx, id)
	})
	d.locate(id, compute.Observation{})
	return err
}

func (d *duty) wantStopped(ctx context.Context, w postgres.Work, o compute.Observation) error {
	d.forgetTry(w.Project)
	d.unfollow(w.Project)
	if o.Phase != lyceum.Stopped && o.Phase != lyceum.Failed {
		if err := d.stop(ctx, w.Project, "saving and ending its programs"); err != nil {
			return err
		}
	} else if w.Phase == lyceum.Failed {
		return nil // people shall see why
	}
	return d.set(ctx, w.Project, postgres.StateChange{Phase: lyceum.Stopped, Reason: w.Reason})
}
