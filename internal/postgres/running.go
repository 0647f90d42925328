package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// Work is a project as lifecycle sees it: what is wanted and what was last seen.
type Work struct {
	Project    lyceum.ProjectID
	Wanted     lyceum.Wanted
	Restart    bool // stop it once before the next start
	Deleted    bool
	Phase      lyceum.Phase
	Reason     string
	Since      time.Time // when the phase began
	LastActive time.Time // last use by a person or a busy kernel
	IdleAt     time.Time // when it will be stopped, as people were told; zero when they were not
	UID        int       // 0: it has none yet
	Source     compute.Source
	Limits     lyceum.LimitChange // its own; see Settings.LimitsOf
}

const workColumns = `p.id, p.wanted, p.restart, p.deleted_at IS NOT NULL, p.phase, p.reason, p.phase_since, p.last_active_at, p.idle_at,
	coalesce(p.uid, 0), coalesce(p.source->>'git', ''), coalesce(p.source->>'copy', ''), p.limits`

func scanWork(row pgx.CollectableRow) (w Work, err error) {
	err = row.Scan(&w.Project, &w.Wanted, &w.Restart, &w.Deleted, &w.Phase, &w.Reason, &w.Since, &w.LastActive, maybe(&w.IdleAt),
		&w.UID, &w.Source.GitURL, &w.Source.Copy, &w.Limits)
	return w, err
}

// StateChange is what lifecycle saw of a project.
type StateChange struct {
	Phase  lyceum.Phase
	Step   string
	Reason string

	// Wanted, unless "", replaces what is wanted, when lifecycle gives up on a project.
	Wanted lyceum.Wanted
	// Restarted says that the stop of a wanted restart is done.
	Restarted bool
}

// SetWanted asks for a project to run or to be stopped, and wakes lifecycle. A
// project that is stopped or failed and shall run is shown as starting at once.
// Conflict when it is deleted.
func (db *DB) SetWanted(ctx context.Context, act Act, id lyceum.ProjectID, wanted lyceum.Wanted) error {
	return db.setWanted(ctx, act, id, wanted, false)
}

// Restart asks for a project to be stopped, if it is not, and then to run.
func (db *DB) Restart(ctx context.Context, act Act, id lyceum.ProjectID) error {
	return db.setWanted(ctx, act, id, lyceum.WantRunning, true)
}

func (db *DB) setWanted(ctx context.Context, act Act, id lyceum.ProjectID, wanted lyceum.Wanted, restart bool) error {
	return db.write(ctx, "set what is wanted", func(tx pgx.Tx) error {
		p, err := lockProject(ctx, tx, id)
		if err != nil {
			return err
		}
		if !p.Deleted.IsZero() && wanted == lyceum.WantRunning {
			return lyceum.Errorf(lyceum.Conflict, "this project is deleted; restore it first")
		}
		_, err = tx.Exec(ctx, `
			UPDATE projects SET
				wanted = $2, idle_at = NULL,
				restart        = CASE WHEN $2 = 'stopped' THEN false ELSE restart OR ($3 AND phase NOT IN ('stopped', 'failed')) END,
				last_active_at = CASE WHEN $2 = 'running' THEN now() ELSE last_active_at END,
				phase          = CASE WHEN $4 THEN 'starting' ELSE phase END,
				step           = CASE WHEN $4 THEN 'waiting for its turn' ELSE step END,
				reason         = CASE WHEN $4 THEN '' ELSE reason END,
				phase_since    = CASE WHEN $4 THEN now() ELSE phase_since END
			WHERE id = $1`, id, wanted, restart, wanted == lyceum.WantRunning && atRest(p.State.Phase))
		if err != nil {
			return err
		}
		if err := notify(ctx, tx, projectChanged(id), workToDo(id)); err != nil {
			return err
		}
		verb := "project.start"
		if restart {
			verb = "project.restart"
		} else if wanted == lyceum.WantStopped {
			verb = "project.stop"
		}
		return record(ctx, tx, act, verb, "project", string(id), nil)
	})
}

func atRest(p lyceum.Phase) bool { return p == lyceum.Stopped || p == lyceum.Failed }

// Busy returns every project that runs, shall run, or is on its way: what
// lifecycle compares with the truth.
func (db *DB) Busy(ctx context.Context) ([]Work, error) {
	return db.works(ctx, "list busy projects", `p.wanted = 'running' OR p.phase NOT IN ('stopped', 'failed') ORDER BY p.phase_since, p.id`)
}

// Work returns one project as lifecycle sees it.
func (db *DB) Work(ctx context.Context, id lyceum.ProjectID) (Work, error) {
	list, err := db.works(ctx, "read work", `p.id = $1`, id)
	if err == nil && len(list) == 0 {
		err = noProject(pgx.ErrNoRows)
	}
	if err != nil {
		return Work{}, err
	}
	return list[0], nil
}

// IdleSince returns the running projects whose last use was before the time.
func (db *DB) IdleSince(ctx context.Context, before time.Time) ([]Work, error) {
	return db.works(ctx, "list idle projects",
		`p.wanted = 'running' AND p.phase = 'running' AND p.last_active_at < $1 ORDER BY p.last_active_at, p.id`, before)
}

// PurgeDue returns projects that were deleted before the time, at most limit.
func (db *DB) PurgeDue(ctx context.Context, before time.Time, limit int) ([]Work, error) {
	return db.works(ctx, "list projects to purge", `p.deleted_at < $1 ORDER BY p.deleted_at, p.id LIMIT $2`, before, pageSize(limit))
}

func (db *DB) works(ctx context.Context, what, where string, args ...any) ([]Work, error) {
	var list []Work
	err := db.read(ctx, what, func(q querier) error {
		rows, err := q.Query(ctx, `SELECT `+workColumns+` FROM projects p WHERE `+where, args...)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanWork)
		return err
	})
	return list, err
}

// SetState writes what lifecycle saw, if it is news, and reports whether it
// was. Since is kept while the phase stays. Conflict when the fence has fallen.
func (db *DB) SetState(ctx context.Context, f Fence, id lyceum.ProjectID, c StateChange) (bool, error) {
	var changed bool
	err := db.write(ctx, "write state", func(tx pgx.Tx) error {
		if err := f.hold(ctx, tx); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			UPDATE projects SET
				phase = $2, step = $3, reason = $4, wanted = coalesce(nullif($5, ''), wanted), restart = restart AND NOT $6,
				phase_since    = CASE WHEN phase = $2 THEN phase_since ELSE now() END,
				idle_at        = CASE WHEN $2 = 'running' THEN idle_at END,
				last_active_at = CASE WHEN $2 = 'running' AND phase <> 'running' THEN now() ELSE last_active_at END
			WHERE id = $1 AND ((phase, step, reason) IS DISTINCT FROM ($2, $3, $4)
				OR ($5 <> '' AND wanted <> $5) OR (restart AND $6))`,
			id, c.Phase, c.Step, c.Reason, c.Wanted, c.Restarted)
		if err != nil {
			return err
		}
		if changed = tag.RowsAffected() > 0; !changed {
			return nil
		}
		return notify(ctx, tx, projectChanged(id))
	})
	return changed, err
}

// touchStep is how much later a use must be to be written down.
const touchStep = 10 * time.Second

// Touch writes down that a project was used, and takes back a warning that it
// will be stopped. edited says that a person changed something in it. Uses that
// come within 10 s of the last one written cost no write.
func (db *DB) Touch(ctx context.Context, id lyceum.ProjectID, at time.Time, edited bool) error {
	return db.write(ctx, "touch project", func(tx pgx.Tx) error {
		var warned bool
		err := tx.QueryRow(ctx, `
			WITH before AS (SELECT id, idle_at FROM projects WHERE id = $1 FOR NO KEY UPDATE)
			UPDATE projects p SET
				last_active_at = greatest(last_active_at, $2), idle_at = NULL,
				last_edited_at = CASE WHEN $3 THEN greatest(last_edited_at, $2) ELSE last_edited_at END
			FROM before WHERE p.id = before.id
				AND (p.last_active_at < $2::timestamptz - $4::interval OR ($3 AND p.last_edited_at < $2::timestamptz - $4::interval)
				     OR (p.idle_at IS NOT NULL AND p.last_active_at < $2))
			RETURNING before.idle_at IS NOT NULL`, id, at, edited, touchStep).Scan(&warned)
		if err = notFound(err, "no news"); lyceum.IsKind(err, lyceum.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if !warned {
			return notify(ctx, tx, Notification{What: ListChanged, ID: string(id)})
		}
		return notify(ctx, tx, projectChanged(id))
	})
}

// WarnIdle tells people that a project will be stopped at the time, if it was
// not used since before. It reports whether that was news.
func (db *DB) WarnIdle(ctx context.Context, f Fence, id lyceum.ProjectID, before, at time.Time) (bool, error) {
	return db.ifIdle(ctx, f, id, nil, `UPDATE projects SET idle_at = $3
		WHERE id = $1 AND wanted = 'running' AND last_active_at < $2 AND idle_at IS DISTINCT FROM $3`, id, before, at)
}

// StopIdle makes an idle project wanted stopped, if it was not used since before,
// and reports whether it did. The audit row says that the site did it, and why.
func (db *DB) StopIdle(ctx context.Context, f Fence, id lyceum.ProjectID, before time.Time, reason string) (bool, error) {
	return db.ifIdle(ctx, f, id, detail{"reason": reason}, `UPDATE projects SET wanted = 'stopped', restart = false, idle_at = NULL, reason = $3
		WHERE id = $1 AND wanted = 'running' AND last_active_at < $2`, id, before, reason)
}

// ifIdle changes a project if it still is what sql asks for. With stopped, the
// change is a stop and gets its audit row.
func (db *DB) ifIdle(ctx context.Context, f Fence, id lyceum.ProjectID, stopped detail, sql string, args ...any) (bool, error) {
	var did bool
	err := db.write(ctx, "look at an idle project", func(tx pgx.Tx) error {
		if err := f.hold(ctx, tx); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, sql, args...)
		if err != nil {
			return err
		}
		if did = tag.RowsAffected() > 0; !did {
			return nil
		}
		if err := notify(ctx, tx, projectChanged(id), workToDo(id)); err != nil || stopped == nil {
			return err
		}
		return record(ctx, tx, Act{}, "project.stop", "project", string(id), stopped)
	})
	return did, err
}

// AssignUID returns the project's uid, giving it one of first to last (inclusive)
// that no other project has when it has none in that range yet. A number that was
// never used goes before one that was given back. Exhausted when all are taken.
func (db *DB) AssignUID(ctx context.Context, f Fence, id lyceum.ProjectID, first, last int) (int, error) {
	var uid int
	err := db.write(ctx, "assign uid", func(tx pgx.Tx) error {
		if err := f.hold(ctx, tx); err != nil {
			return err
		}
		if err := lockDuty(ctx, tx, dutyUIDs); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `SELECT coalesce(uid, 0) FROM projects WHERE id = $1`, id).Scan(&uid)
		if err != nil || (uid >= first && uid <= last) {
			return noProject(err)
		}
		err = tx.QueryRow(ctx, `
			SELECT coalesce(
				(SELECT next FROM (SELECT coalesce(max(uid) + 1, $1::int) AS next FROM projects WHERE uid BETWEEN $1 AND $2) m WHERE next <= $2),
				(SELECT free FROM generate_series($1::int, $2::int) free WHERE NOT EXISTS (SELECT 1 FROM projects WHERE uid = free) ORDER BY free LIMIT 1),
				0)`, first, last).Scan(&uid)
		if err != nil {
			return err
		}
		if uid == 0 {
			return lyceum.Errorf(lyceum.Exhausted, "all user numbers for projects are taken; an administrator can configure a wider range")
		}
		_, err = tx.Exec(ctx, `UPDATE projects SET uid = $2 WHERE id = $1`, id, uid)
		return err
	})
	return uid, err
}

// Purge removes a deleted project for good, once its files are gone. Conflict
// when it was restored meanwhile; nil when it is gone already.
func (db *DB) Purge(ctx context.Context, f Fence, id lyceum.ProjectID) error {
	return db.write(ctx, "purge project", func(tx pgx.Tx) error {
		if err := f.hold(ctx, tx); err != nil {
			return err
		}
		p, err := lockProject(ctx, tx, id)
		if lyceum.IsKind(err, lyceum.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if p.Deleted.IsZero() {
			return lyceum.Errorf(lyceum.Conflict, "this project was restored")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM projects WHERE id = $1`, id); err != nil {
			return err
		}
		if err := notify(ctx, tx, projectChanged(id), membersChanged(id, "")); err != nil {
			return err
		}
		return record(ctx, tx, Act{}, "project.purge", "project", string(id), detail{"name": p.Name})
	})
}

// Expire removes what has no use any more: sessions and counts that expired,
// API tokens and invitations that expired 30 days ago. It is safe to call at any time.
func (db *DB) Expire(ctx context.Context) error {
	return db.write(ctx, "remove what expired", func(tx pgx.Tx) error {
		for _, sql := range []string{
			// What somebody holds at this moment is left for the next time.
			`DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < now() FOR UPDATE SKIP LOCKED)`,
			`DELETE FROM failed_sign_ins WHERE key IN (SELECT key FROM failed_sign_ins WHERE expires_at < now() FOR UPDATE SKIP LOCKED)`,
			`DELETE FROM api_tokens WHERE expires_at < now() - interval '30 days'`,
			`DELETE FROM invitations WHERE expires_at < now() - interval '30 days' OR (uses = 0 AND created_at < now() - interval '30 days')`,
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}
