package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lyceum/internal/lyceum"
)

// Table is a table and its columns, in the order in which a dump has them.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// notDumped are the tables that belong to a database and not to a site.
var notDumped = []string{"goose_db_version", "leases"}

// Snapshot is the database as it was at one moment, for as long as it is open. It
// is for one goroutine. The caller closes it.
type Snapshot struct {
	Schema   int64              // number of the newest migration of the database
	Tables   []Table            // of the site; one that refers to another comes after it
	Projects []lyceum.ProjectID // all of them, deleted ones too, the oldest first

	conn *pgxpool.Conn
	tx   pgx.Tx
}

// Snapshot returns the database as it is now. Others go on writing.
func (db *DB) Snapshot(ctx context.Context) (_ *Snapshot, err error) {
	s := &Snapshot{}
	defer func() {
		if err != nil {
			err = errors.Join(mapError(err, "take a snapshot"), s.Close())
		}
	}()
	if s.conn, err = db.pool.Acquire(ctx); err != nil {
		return nil, err
	}
	if s.tx, err = s.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
		return nil, err
	}
	if err = noHurry(ctx, s.tx); err != nil {
		return nil, err
	}
	if err = s.tx.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&s.Schema); err != nil {
		return nil, err
	}
	if s.Tables, err = tables(ctx, s.tx); err != nil {
		return nil, err
	}
	rows, err := s.tx.Query(ctx, `SELECT id FROM projects ORDER BY created_at, id`)
	if err != nil {
		return nil, err
	}
	s.Projects, err = pgx.CollectRows(rows, pgx.RowTo[lyceum.ProjectID])
	return s, err
}

// noHurry lets a transaction take the time that a whole site needs, and makes the text
// of a dump the same whatever the database is set to.
func noHurry(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
		set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true), set_config('bytea_output', 'hex', true),
		set_config('client_encoding', 'UTF8', true)`)
	return err
}

// Copy writes the rows of a table in PostgreSQL's own text format for COPY, and
// returns how many there are.
func (s *Snapshot) Copy(ctx context.Context, t Table, w io.Writer) (int64, error) {
	tag, err := s.conn.Conn().PgConn().CopyTo(ctx, w, "COPY "+t.list()+" TO STDOUT")
	return tag.RowsAffected(), mapError(err, "copy the table "+t.Name)
}

// Close ends the snapshot.
func (s *Snapshot) Close() error {
	if s.conn == nil {
		return nil
	}
	defer s.conn.Release()
	if s.tx == nil {
		return nil
	}
	return s.tx.Rollback(context.Background())
}

// list names the table and its columns for COPY.
func (t Table) list() string {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	return pgx.Identifier{t.Name}.Sanitize() + " (" + strings.Join(columns, ", ") + ")"
}

// tables returns the site's tables, each after those that it refers to.
func tables(ctx context.Context, tx pgx.Tx) ([]Table, error) {
	rows, err := tx.Query(ctx, `
		SELECT c.relname,
			array(SELECT a.attname::text FROM pg_attribute a
				WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
			array(SELECT DISTINCT r.relname::text FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
				WHERE f.conrelid = c.oid AND f.contype = 'f' AND r.oid <> c.oid)
		FROM pg_class c
		WHERE c.relkind IN ('r', 'p') AND c.relname <> ALL($1)
			AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'projects'::regclass)
		ORDER BY c.relname`, notDumped)
	if err != nil {
		return nil, err
	}
	type found struct {
		table Table
		after []string
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f found, err error) {
		err = row.Scan(&f.table.Name, &f.table.Columns, &f.after)
		return f, err
	})
	if err != nil {
		return nil, err
	}
	var sorted []Table
	has := func(name string) bool {
		return slices.ContainsFunc(sorted, func(t Table) bool { return t.Name == name })
	}
	for len(sorted) < len(all) {
		before := len(sorted)
		for _, f := range all {
			if !has(f.table.Name) && !slices.ContainsFunc(f.after, func(n string) bool { return !has(n) }) {
				sorted = append(sorted, f.table)
			}
		}
		if len(sorted) == before {
			return nil, fmt.Errorf("the tables refer to each other in a circle")
		}
	}
	return sorted, nil
}
