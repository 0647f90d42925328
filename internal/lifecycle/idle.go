package lifecycle

import (
	"context"
	"fmt"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// freshness is how recently a project must have been heard of to be called idle:
// what it did since is not known otherwise, and a running cell is never stopped
// silently (DECISIONS 24).
const freshness = time.Minute

// idle warns people of projects that nobody uses, and stops those whose time has
// come.
func (d *duty) idle(ctx context.Context) error {
	settings, err := d.cfg.DB.Settings(ctx)
	if err != nil {
		return err
	}
	timeout := settings.IdleTimeout
	warning := min(d.cfg.Warning, timeout/2)
	now := time.Now()
	list, err := d.cfg.DB.IdleSince(ctx, now.Add(warning-timeout))
	if err != nil {
		return err
	}
	for _, w := range list {
		if err := d.idleOne(ctx, w, now, timeout, warning); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return err
		}
	}
	return nil
}

func (d *duty) idleOne(ctx context.Context, w postgres.Work, now time.Time, timeout, warning time.Duration) error {
	if now.Sub(d.silentSince(w.Project)) > freshness && now.Sub(w.LastActive) < 2*timeout {
		return nil // not heard of; one that stays unreachable for long is stopped in the end
	}
	due := now.Add(-timeout)
	warned := !w.IdleAt.IsZero() && !w.IdleAt.After(now)
	if w.LastActive.Before(due) && warned {
		did, err := d.cfg.DB.StopIdle(ctx, d.fence, w.Project, due, "idle for "+spell(timeout))
		if did {
			d.log.Info("an idle project is stopped", "project", w.Project)
		}
		return err
	}
	if !w.IdleAt.IsZero() {
		return nil // warned, and not due yet
	}
	at := w.LastActive.Add(timeout)
	if least := now.Add(warning); at.Before(least) && w.LastActive.Before(due) {
		at = least // nobody could be warned so far
	}
	_, err := d.cfg.DB.WarnIdle(ctx, d.fence, w.Project, now.Add(warning-timeout), at)
	return err
}

// spell writes a duration as people say it: "1 h", "90 min", "45 s".
func spell(t time.Duration) string {
	switch {
	case t >= time.Hour && t%time.Hour == 0:
		return fmt.Sprintf("%d h", t/time.Hour)
	case t >= time.Minute && t%time.Minute == 0:
		return fmt.Sprintf("%d min", t/time.Minute)
	}
	return fmt.Sprintf("%d s", t/time.Second)
}
