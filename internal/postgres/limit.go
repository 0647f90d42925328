package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// FixedLimits are those that the configuration states: they go before what is
// stored, and cannot be changed in the browser.
type FixedLimits struct {
	Limits   lyceum.LimitChange
	Ceilings lyceum.LimitChange
}

// names lists what is fixed: limits.memory, ceilings.cpu.
func (f FixedLimits) names() []string {
	var names []string
	for _, n := range f.Limits.Names() {
		names = append(names, "limits."+n)
	}
	for _, n := range f.Ceilings.Names() {
		names = append(names, "ceilings."+n)
	}
	return names
}

// refuse returns an error of kind Conflict when c changes what is fixed.
func (f FixedLimits) refuse(c SettingsChange) error {
	for _, p := range []struct {
		key           string
		fixed, change lyceum.LimitChange
	}{{"limits", f.Limits, c.Limits}, {"ceilings", f.Ceilings, c.Ceilings}} {
		for _, n := range p.change.Names() {
			for _, m := range p.fixed.Names() {
				if n == m {
					return &lyceum.Error{Kind: lyceum.Conflict, Field: p.key + "." + n, Message: "the server's configuration sets this limit of " + n + "; change it there"}
				}
			}
		}
	}
	return nil
}

// merge returns a with what b states in its place.
func merge(a, b lyceum.LimitChange) lyceum.LimitChange {
	for _, p := range []struct{ to, from **int64 }{{&a.CPU, &b.CPU}, {&a.Memory, &b.Memory}, {&a.Processes, &b.Processes}, {&a.Disk, &b.Disk}} {
		if *p.from != nil {
			*p.to = *p.from
		}
	}
	return a
}

// ProjectLimits returns what an administrator set for the project. NotFound when
// there is none.
func (db *DB) ProjectLimits(ctx context.Context, id lyceum.ProjectID) (lyceum.LimitChange, error) {
	var c lyceum.LimitChange
	err := db.read(ctx, "read limits", func(q querier) error {
		return noProject(q.QueryRow(ctx, `SELECT limits FROM projects WHERE id = $1`, id).Scan(&c))
	})
	return c, err
}

// LimitsOf returns what each of the projects may use, by id: its own limits or else
// the site's. Unknown ones are left out.
func (db *DB) LimitsOf(ctx context.Context, ids []lyceum.ProjectID) (map[lyceum.ProjectID]lyceum.Limits, error) {
	settings, err := db.Settings(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[lyceum.ProjectID]lyceum.Limits, len(ids))
	err = db.read(ctx, "read limits", func(q querier) error {
		rows, err := q.Query(ctx, `SELECT id, limits FROM projects WHERE id = ANY($1)`, ids)
		if err != nil {
			return err
		}
		var id lyceum.ProjectID
		var own lyceum.LimitChange
		_, err = pgx.ForEachRow(rows, []any{&id, &own}, func() error {
			all[id] = settings.LimitsOf(own)
			own = lyceum.LimitChange{}
			return nil
		})
		return err
	})
	return all, err
}

// LimitsOf is what a project with these limits of its own may use.
func (s Settings) LimitsOf(own lyceum.LimitChange) lyceum.Limits {
	return s.Limits.With(own).Capped(s.Ceilings)
}

// SetProjectLimits makes the project's own limits c, all of them: nil fields are
// the site's again. lifecycle is woken and sets them.
func (db *DB) SetProjectLimits(ctx context.Context, act Act, id lyceum.ProjectID, c lyceum.LimitChange) error {
	return db.write(ctx, "set limits", func(tx pgx.Tx) error {
		if _, err := lockProject(ctx, tx, id); err != nil {
			return err
		}
		text, err := json.Marshal(c)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE projects SET limits = $2::jsonb WHERE id = $1`, id, string(text)); err != nil {
			return err
		}
		if err := notify(ctx, tx, projectChanged(id), workToDo(id)); err != nil {
			return err
		}
		return record(ctx, tx, act, "project.limits", "project", string(id), detail{"limits": c})
	})
}
