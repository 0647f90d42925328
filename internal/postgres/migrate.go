package postgres

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"lyceum/internal/lyceum"
)

//go:embed migrations/*.sql
var migrations embed.FS

// oldest is the oldest PostgreSQL that the SQL is written for.
const oldest = 140000

// Migrate brings the database at url to this program's schema. Several programs
// may call it at once: one works, the others wait (up to two minutes). It returns
// an error of kind Invalid, and changes nothing, when PostgreSQL is too old or the
// schema is newer than this program.
func Migrate(ctx context.Context, url string) error { return migrateTo(ctx, url, 0) }

// MigrateTo brings an older database to one schema, which may be older than this
// program's; a newer one is left as it is.
func MigrateTo(ctx context.Context, url string, schema int64) error {
	return migrateTo(ctx, url, schema)
}

// migrateTo brings the database to a schema; 0 is this program's.
func migrateTo(ctx context.Context, url string, schema int64) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return lyceum.Wrap(lyceum.Invalid, err, "the database URL cannot be read")
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	db.SetMaxOpenConns(2)
	if err := checkVersion(ctx, db); err != nil {
		return err
	}
	p, err := provider(db)
	if err != nil {
		return mapError(err, "read the migrations")
	}
	if err := checkNewer(ctx, db, newest(p)); err != nil {
		return err
	}
	if schema == 0 {
		schema = newest(p)
	}
	_, err = p.UpTo(ctx, schema)
	return mapError(err, "migrate the database")
}

func provider(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

func newest(p *goose.Provider) int64 {
	var v int64
	for _, s := range p.ListSources() {
		v = max(v, s.Version)
	}
	return v
}

func checkVersion(ctx context.Context, db *sql.DB) error {
	var num int
	var text string
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version')`).Scan(&num, &text)
	if err != nil {
		return mapError(err, "ask for the version of PostgreSQL")
	}
	return versionProblem(num, text)
}

func versionProblem(num int, text string) error {
	if num < oldest {
		return lyceum.Errorf(lyceum.Invalid, "this PostgreSQL is version %s; 14 or newer is needed (16 to 18 are recommended)", text)
	}
	return nil
}

func checkNewer(ctx context.Context, db *sql.DB, ours int64) error {
	var there bool
	var theirs int64
	if err := db.QueryRowContext(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&there); err != nil {
		return mapError(err, "look for the schema's version")
	}
	if !there {
		return nil
	}
	err := db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&theirs)
	if err != nil {
		return mapError(err, "read the schema's version")
	}
	if theirs > ours {
		return lyceum.Errorf(lyceum.Invalid, "the database has schema %d and this program knows schemas up to %d: start the newer release that made it, or restore a backup from before", theirs, ours)
	}
	return nil
}

// Version tells the PostgreSQL server's version, as in "17.2".
func (db *DB) Version(ctx context.Context) (string, error) {
	var v string
	err := db.read(ctx, "ask for the version of PostgreSQL", func(q querier) error {
		return q.QueryRow(ctx, `SELECT split_part(current_setting('server_version'), ' ', 1)`).Scan(&v)
	})
	return v, err
}

// Schema tells the number of the newest migration that this program knows.
func Schema() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("no migrations: %w", err)
	}
	return goose.NumericComponent(files[len(files)-1])
}
