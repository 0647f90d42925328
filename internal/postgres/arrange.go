package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// SetStar stars a project for an account, or takes the star away; safe to
// repeat. What a person arranges for themselves is not audited.
func (db *DB) SetStar(ctx context.Context, account lyceum.AccountID, id lyceum.ProjectID, on bool) error {
	return db.write(ctx, "set star", func(tx pgx.Tx) error {
		sql := `DELETE FROM stars WHERE account = $1 AND project = $2`
		if on {
			sql = `INSERT INTO stars (account, project) VALUES ($1, $2) ON CONFLICT DO NOTHING`
		}
		if _, err := tx.Exec(ctx, sql, account, id); err != nil {
			return err
		}
		return notify(ctx, tx, Notification{What: ProjectChanged, ID: string(id), Account: account})
	})
}

// Layout is what a person arranged in a project: JSON of the browser app.
type Layout struct {
	JSON    json.RawMessage
	Version int64 // grows with each change; 0 when there is none
	Changed time.Time
}

// Layout returns an account's layout of a project: the zero Layout when it arranged nothing.
func (db *DB) Layout(ctx context.Context, account lyceum.AccountID, id lyceum.ProjectID) (Layout, error) {
	var l Layout
	err := db.read(ctx, "read layout", func(q querier) error {
		err := q.QueryRow(ctx, `SELECT layout, version, changed_at FROM layouts WHERE account = $1 AND project = $2`, account, id).
			Scan(&l.JSON, &l.Version, &l.Changed)
		if err = notFound(err, "none"); lyceum.IsKind(err, lyceum.NotFound) {
			return nil
		}
		return err
	})
	return l, err
}

// SetLayout replaces an account's layout of a project and returns its new
// version. The last one wins.
func (db *DB) SetLayout(ctx context.Context, account lyceum.AccountID, id lyceum.ProjectID, layout json.RawMessage) (int64, error) {
	var version int64
	err := db.read(ctx, "write layout", func(q querier) error {
		return q.QueryRow(ctx, `
			INSERT INTO layouts AS l (account, project, layout) VALUES ($1, $2, $3::jsonb)
			ON CONFLICT (account, project) DO UPDATE SET layout = excluded.layout, version = l.version + 1, changed_at = now()
			RETURNING version`, account, id, string(layout)).Scan(&version)
	})
	return version, err
}

// EnvVar names an environment variable of a project, without its value.
type EnvVar struct {
	Name    string
	Changed time.Time
}

// ListEnv returns the names of a project's environment variables, sorted.
func (db *DB) ListEnv(ctx context.Context, id lyceum.ProjectID) ([]EnvVar, error) {
	var list []EnvVar
	err := db.read(ctx, "list environment", func(q querier) error {
		rows, err := q.Query(ctx, `SELECT name, changed_at FROM env_vars WHERE project = $1 ORDER BY name`, id)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[EnvVar])
		return err
	})
	return list, err
}

// Env returns a project's environment variables with their values, to start it.
func (db *DB) Env(ctx context.Context, id lyceum.ProjectID) ([]lyceum.EnvVar, error) {
	var list []lyceum.EnvVar
	err := db.read(ctx, "read environment", func(q querier) error {
		rows, err := q.Query(ctx, `SELECT name, value FROM env_vars WHERE project = $1 ORDER BY name`, id)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v lyceum.EnvVar, err error) {
			var value string
			err = row.Scan(&v.Name, &value)
			v.Value = lyceum.Secret(value)
			return v, err
		})
		return err
	})
	return list, err
}

// SetEnv sets an environment variable, which the caller checked with
// lyceum.CheckEnvVar. Exhausted when there are lyceum.MaxEnvVars already.
func (db *DB) SetEnv(ctx context.Context, act Act, id lyceum.ProjectID, v lyceum.EnvVar) error {
	return db.write(ctx, "set environment variable", func(tx pgx.Tx) error {
		if _, err := lockProject(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO env_vars (project, name, value) VALUES ($1, $2, $3)
			ON CONFLICT (project, name) DO UPDATE SET value = excluded.value, changed_at = now()`, id, v.Name, v.Value.Reveal())
		if err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM env_vars WHERE project = $1`, id).Scan(&n); err != nil {
			return err
		}
		if n > lyceum.MaxEnvVars {
			return lyceum.Errorf(lyceum.Exhausted, "a project has at most %d environment variables", lyceum.MaxEnvVars)
		}
		return record(ctx, tx, act, "env.set", "project", string(id), detail{"name": v.Name})
	})
}

// UnsetEnv removes an environment variable. NotFound when there is none.
func (db *DB) UnsetEnv(ctx context.Context, act Act, id lyceum.ProjectID, name string) error {
	return db.write(ctx, "remove environment variable", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM env_vars WHERE project = $1 AND name = $2`, id, name)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return lyceum.Errorf(lyceum.NotFound, "there is no such environment variable")
		}
		return record(ctx, tx, act, "env.unset", "project", string(id), detail{"name": name})
	})
}
