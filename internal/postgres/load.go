package postgres

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// Load fills an empty database with a dump, in one transaction: until Commit there
// is nothing. It is for one goroutine. The caller closes it.
type Load struct {
	url    string
	conn   *pgx.Conn
	tx     pgx.Tx
	tables []Table
}

// NewLoad begins to fill the database at url with a dump of a schema. Invalid when
// this program does not know that schema, Conflict when the database holds a site,
// or a schema newer than the dump's.
func NewLoad(ctx context.Context, url string, schema int64) (_ *Load, err error) {
	ours, err := Schema()
	if err != nil {
		return nil, err
	}
	if schema < 1 || schema > ours {
		return nil, lyceum.Errorf(lyceum.Invalid, "the export has schema %d and this program knows schemas 1 to %d: use the release that wrote it, or a newer one", schema, ours)
	}
	if err := MigrateTo(ctx, url, schema); err != nil {
		return nil, err
	}
	l := &Load{url: url}
	defer func() {
		if err != nil {
			err = errors.Join(mapError(err, "begin to fill the database"), l.Close())
		}
	}()
	if l.conn, err = pgx.Connect(ctx, url); err != nil {
		return nil, err
	}
	if l.tx, err = l.conn.Begin(ctx); err != nil {
		return nil, err
	}
	if err = noHurry(ctx, l.tx); err != nil {
		return nil, err
	}
	if l.tables, err = tables(ctx, l.tx); err != nil {
		return nil, err
	}
	return l, l.empty(ctx, schema)
}

// empty makes sure that nobody's site is in the database, and takes away what a
// server has put there that was started once.
func (l *Load) empty(ctx context.Context, schema int64) error {
	for _, t := range l.tables {
		if _, err := l.tx.Exec(ctx, `LOCK TABLE `+pgx.Identifier{t.Name}.Sanitize()+` IN ACCESS EXCLUSIVE MODE`); err != nil {
			return err
		}
	}
	var used bool
	var there int64
	err := l.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM accounts) OR EXISTS (SELECT FROM projects),
		(SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied)`).Scan(&used, &there)
	switch {
	case err != nil:
		return err
	case used:
		return lyceum.Errorf(lyceum.Conflict, "the database holds a site already, with accounts or projects: only an empty one can be filled")
	case there != schema:
		return lyceum.Errorf(lyceum.Conflict, "the database has schema %d already and the export has %d: give a new, empty database", there, schema)
	}
	for _, t := range slices.Backward(l.tables) {
		if _, err := l.tx.Exec(ctx, `DELETE FROM `+pgx.Identifier{t.Name}.Sanitize()); err != nil {
			return err
		}
	}
	return nil
}

// Copy reads the rows of a table in PostgreSQL's text format for COPY, and returns
// how many there were. Invalid when there is no such table, or it has no such
// column, or the rows do not fit.
func (l *Load) Copy(ctx context.Context, t Table, r io.Reader) (int64, error) {
	i := slices.IndexFunc(l.tables, func(o Table) bool { return o.Name == t.Name })
	if i < 0 {
		return 0, lyceum.Errorf(lyceum.Invalid, "the export has a table %.60q, which schema it says it has knows nothing of", t.Name)
	}
	for _, c := range t.Columns {
		if !slices.Contains(l.tables[i].Columns, c) {
			return 0, lyceum.Errorf(lyceum.Invalid, "the export's table %q has a column %.60q, which its schema knows nothing of", t.Name, c)
		}
	}
	tag, err := l.conn.PgConn().CopyFrom(ctx, r, "COPY "+t.list()+" FROM STDIN")
	if err = mapError(err, "fill the table "+t.Name); err != nil && !lyceum.IsKind(err, lyceum.Unavailable) {
		err = lyceum.Wrap(lyceum.Invalid, err, "the rows of the export's table %q cannot be read", t.Name)
	}
	return tag.RowsAffected(), err
}

// Settle makes the projects of the dump ones of this machine: none runs, and each
// has a uid from first on, or none when first is 0. It returns the uids. Exhausted
// when there are more projects than count.
func (l *Load) Settle(ctx context.Context, first, count int) (map[lyceum.ProjectID]int, error) {
	uids := map[lyceum.ProjectID]int{}
	_, err := l.tx.Exec(ctx, `UPDATE projects SET uid = NULL, wanted = 'stopped', restart = false, phase = 'stopped', step = '', reason = '', idle_at = NULL`)
	if err != nil {
		return nil, mapError(err, "settle the projects")
	}
	rows, err := l.tx.Query(ctx, `SELECT id FROM projects ORDER BY created_at, id`)
	if err != nil {
		return nil, mapError(err, "settle the projects")
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[lyceum.ProjectID])
	if err != nil {
		return nil, mapError(err, "settle the projects")
	}
	if first == 0 {
		for _, id := range ids {
			uids[id] = 0
		}
		return uids, nil
	}
	if len(ids) > count {
		return nil, lyceum.Errorf(lyceum.Exhausted, "the export has %d projects and there are %d user numbers for projects: give more, as --uids %d", len(ids), count, len(ids)+10_000)
	}
	for i, id := range ids {
		uids[id] = first + i
	}
	_, err = l.tx.Exec(ctx, `UPDATE projects p SET uid = $2::int + n.at - 1 FROM unnest($1::uuid[]) WITH ORDINALITY AS n (id, at) WHERE p.id = n.id`, ids, first)
	return uids, mapError(err, "settle the projects")
}

// Commit makes what was read the site, and brings it to this program's schema.
func (l *Load) Commit(ctx context.Context) error {
	// Numbers that tables give out themselves go on behind the highest.
	rows, err := l.tx.Query(ctx, `SELECT c.relname::text, a.attname::text, pg_get_serial_sequence(quote_ident(c.relname), a.attname)
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE a.attidentity <> '' AND c.relname = ANY($1) AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'projects'::regclass)`, names(l.tables))
	if err != nil {
		return mapError(err, "find the sequences")
	}
	type identity struct{ table, column, sequence string }
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i identity, err error) {
		err = row.Scan(&i.table, &i.column, &i.sequence)
		return i, err
	})
	for _, i := range all {
		if err == nil {
			_, err = l.tx.Exec(ctx, `SELECT setval($1::regclass, coalesce((SELECT max(`+pgx.Identifier{i.column}.Sanitize()+`) FROM `+pgx.Identifier{i.table}.Sanitize()+`), 0) + 1, false)`, i.sequence)
		}
	}
	if err == nil {
		err = l.tx.Commit(ctx)
	}
	if err != nil {
		return mapError(err, "commit the site")
	}
	return Migrate(ctx, l.url)
}

func names(tables []Table) []string {
	var all []string
	for _, t := range tables {
		all = append(all, t.Name)
	}
	return all
}

// Close forgets what was not committed.
func (l *Load) Close() error {
	if l.conn == nil {
		return nil
	}
	return l.conn.Close(context.Background())
}
