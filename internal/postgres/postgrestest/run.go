package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// prefix begins the name of each database: prefix, run, underscore, number.
const prefix = "lyceum_test_"

// lockSpace is the first key of the advisory locks by which runs show that they live.
const lockSpace = 0x6c797465 // "lyte"

// run is one test program's use of a server.
type run struct {
	server lyceum.Secret // address of the database in which databases are made
	shared *shared       // nil for a server that is not ours
	id     int32
	alive  *pgx.Conn // holds the advisory lock
	last   atomic.Int64
}

func begin(ctx context.Context) (*run, error) {
	r := &run{server: lyceum.Secret(os.Getenv(variable)), id: rand.Int32()}
	if r.server == "" {
		var err error
		if r.shared, err = enter(ctx); err != nil {
			return nil, err
		}
		r.server = r.shared.url
	}
	if err := r.prepare(ctx); err != nil {
		return nil, errors.Join(err, r.end(ctx))
	}
	return r, nil
}

// prepare takes this run's lock, drops what dead runs left and makes the template.
func (r *run) prepare(ctx context.Context) error {
	var err error
	if r.alive, err = pgx.Connect(ctx, r.server.Reveal()); err != nil {
		return err
	}
	if _, err := r.alive.Exec(ctx, `SELECT pg_advisory_lock($1, $2)`, int32(lockSpace), r.id); err != nil {
		return err
	}
	if err := r.sweep(ctx); err != nil {
		return fmt.Errorf("drop what was left: %w", err)
	}
	if err := exec(ctx, r.server, `CREATE DATABASE `+r.template()); err != nil {
		return err
	}
	return postgres.Migrate(ctx, r.address(r.template()))
}

// sweep drops the databases of runs that do not live any more.
func (r *run) sweep(ctx context.Context) error {
	rows, err := r.alive.Query(ctx, `SELECT datname FROM pg_database WHERE datname LIKE $1`, strings.ReplaceAll(prefix, "_", `\_`)+"%")
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		id, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "_")
		n, err := strconv.ParseInt(id, 10, 32)
		if err != nil {
			continue // not a name of ours
		}
		var dead bool
		if err := r.alive.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, $2)`, int32(lockSpace), int32(n)).Scan(&dead); err != nil {
			return err
		}
		if int32(n) != r.id && dead {
			if err := r.drop(ctx, name); err != nil {
				return err
			}
		}
		if dead {
			if _, err := r.alive.Exec(ctx, `SELECT pg_advisory_unlock($1, $2)`, int32(lockSpace), int32(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) name(n int64) string { return fmt.Sprintf("%s%d_%d", prefix, r.id, n) }

func (r *run) template() string { return r.name(0) }

func (r *run) clone(ctx context.Context, migrated bool) (string, error) {
	name := r.name(r.last.Add(1))
	template := "template1"
	if migrated {
		template = r.template()
	}
	return name, exec(ctx, r.server, `CREATE DATABASE `+name+` TEMPLATE `+template)
}

func (r *run) drop(ctx context.Context, name string) error {
	return exec(ctx, r.server, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
}

// end drops the template, lets the lock go, and leaves the server.
func (r *run) end(ctx context.Context) error {
	var err error
	if r.alive != nil {
		err = errors.Join(r.drop(ctx, r.template()), r.alive.Close(ctx))
	}
	if r.shared != nil {
		err = errors.Join(err, r.shared.leave(ctx))
	}
	return err
}
