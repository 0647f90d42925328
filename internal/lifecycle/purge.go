package lifecycle

import (
	"context"
	"time"

	"lyceum/internal/lyceum"
)

// purgeMargin is how long after its grace time a project is purged. Restoring is
// refused as soon as the grace time is over, so nobody restores what is being
// removed.
const purgeMargin = time.Minute

// purgeBatch is how many projects are purged in one turn of the clock.
const purgeBatch = 10

// purge removes projects whose grace time is over: the files first, then the rows.
// A kill in between leaves the row, and the next turn goes on.
func (d *duty) purge(ctx context.Context) error {
	settings, err := d.cfg.DB.Settings(ctx)
	if err != nil {
		return err
	}
	list, err := d.cfg.DB.PurgeDue(ctx, time.Now().Add(-settings.DeleteGrace-purgeMargin), purgeBatch)
	if err != nil {
		return err
	}
	for _, w := range list {
		if !w.Deleted || (w.Phase != lyceum.Stopped && w.Phase != lyceum.Failed) {
			d.queue.add(w.Project) // it is stopped first
			continue
		}
		if err := d.cfg.Backend.Delete(ctx, w.Project); err != nil {
			return err
		}
		if err := d.cfg.DB.Purge(ctx, d.fence, w.Project); err != nil && !lyceum.IsKind(err, lyceum.Conflict) {
			return err
		}
		d.forget(w.Project)
		d.log.Info("a deleted project was purged", "project", w.Project)
	}
	return nil
}
