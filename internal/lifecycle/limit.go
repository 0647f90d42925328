package lifecycle

import (
	"context"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// tellTime bounds one telling.
const tellTime = 5 * time.Second

// limit makes the limits of a running project what they shall be, and tells it.
// They are what the database says, read now: who changed them does not matter.
func (d *duty) limit(ctx context.Context, w postgres.Work, addr compute.Address) error {
	settings, err := d.cfg.DB.Settings(ctx)
	if err != nil {
		return err
	}
	want := settings.LimitsOf(w.Limits)
	d.mu.Lock()
	f := d.control[w.Project]
	d.mu.Unlock()
	if f == nil {
		return nil
	}
	f.mu.Lock()
	told, partly := f.limits != nil && *f.limits == want, f.partly
	f.mu.Unlock()
	if told && !partly {
		return nil
	}
	partly = false
	if limiter, ok := d.cfg.Backend.(compute.Limiter); ok {
		switch err := limiter.SetLimits(ctx, w.Project, want); {
		case lyceum.IsKind(err, lyceum.Conflict):
			// It uses more memory than it shall: the rest holds, and this is tried again.
			d.log.Info("a new limit of memory waits until the project uses less", "project", w.Project)
			d.queue.again(w.Project, d.cfg.Resync)
			partly = true
		case err != nil:
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	limits := api.Limits{CPU: want.CPU, Memory: want.Memory, Processes: want.Processes, Disk: want.Disk}
	if err := d.cfg.Controller.Tell(ctx, w.Project, addr, api.Told{Limits: &limits}); err != nil {
		d.log.Debug("a project was not told its limits", "project", w.Project, "err", err)
		d.queue.again(w.Project, time.Second)
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limits, f.partly = &want, partly
	return nil
}

// tellRunaways tells projects which of their programs were ended, until ctx ends.
func (d *duty) tellRunaways(ctx context.Context) {
	limiter, ok := d.cfg.Backend.(compute.Limiter)
	if !ok {
		return
	}
	runaways, err := limiter.Runaways(ctx)
	if err != nil {
		d.log.Warn("nobody is told of programs that are ended for want of memory", "err", err)
		return
	}
	for r := range runaways {
		addr, err := d.Address(ctx, r.Project)
		if err == nil {
			brief, cancel := context.WithTimeout(ctx, tellTime)
			err = d.cfg.Controller.Tell(brief, r.Project, addr, api.Told{Killed: &api.Killed{
				At: r.At.UTC(), PID: r.PID, Session: r.Session, Command: r.Command, MemoryBytes: r.Memory, LimitBytes: r.Limit, Reason: "memory",
			}})
			cancel()
		}
		if err != nil && ctx.Err() == nil {
			d.log.Warn("a project was not told which program was ended", "project", r.Project, "err", err)
		}
	}
}

// Last returns what a running project said of itself last; ok is false when it is
// not followed from here or has not spoken.
func (l *Lifecycle) Last(id lyceum.ProjectID) (c api.Control, ok bool) {
	l.mu.Lock()
	f := l.control[id]
	l.mu.Unlock()
	if f == nil {
		return c, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last, !f.heard.IsZero()
}
