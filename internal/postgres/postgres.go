// Package postgres holds all SQL of the product: the migrations, and one file
// for each noun. It holds no rules about who may do what (lyceum.Can), hashes
// nothing and starts no database (package pgserver).
//
// An exported method opens and closes a transaction; a function in lower case
// takes the transaction and does the work. Every method that changes something
// takes the Act it belongs to and writes its audit row, and sends its
// notifications, in the same transaction: what is not committed was never
// audited nor announced.
//
// PostgreSQL 14 or newer. Errors are of the kinds of package lyceum; when
// PostgreSQL cannot be reached they are Unavailable, and the pool recovers by
// itself once it can.
package postgres

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"lyceum/internal/lyceum"
)

// Config holds what Open may be told. The zero value of each field is the default.
type Config struct {
	MaxConnections int           // in the pool; default 10
	ConnectTimeout time.Duration // for one new connection; default 5 s
	QueryTimeout   time.Duration // PostgreSQL ends a statement after this long; default 30 s
	Fixed          FixedLimits   // limits that the configuration states
}

// DB is the store: a pool of connections to one database. It is safe for
// concurrent use.
type DB struct {
	pool    *pgxpool.Pool
	url     string
	fixed   FixedLimits
	timeout time.Duration // of a statement

	descriptions convoy[*description]
}

// Act says on whose behalf a change is made, for the audit row. A zero Actor is
// the site itself.
type Act struct {
	Actor   lyceum.Actor
	Address string // the client's IP address
	Request string // the request's identifier
}

// Open makes a pool for the database at url (postgres://… or key=value, as libpq
// has them). It makes no connection yet: Ping or Migrate tell whether there is a
// database. The caller closes the DB.
func Open(ctx context.Context, url string, cfg Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		// pgx hides the password in this error.
		return nil, lyceum.Wrap(lyceum.Invalid, err, "the database URL cannot be read")
	}
	pc.MaxConns = 10
	if cfg.MaxConnections > 0 {
		pc.MaxConns = int32(cfg.MaxConnections)
	}
	pc.ConnConfig.ConnectTimeout = orDefault(cfg.ConnectTimeout, 5*time.Second)
	pc.MaxConnIdleTime = 5 * time.Minute
	pc.HealthCheckPeriod = 15 * time.Second
	if pc.ConnConfig.RuntimeParams["application_name"] == "" {
		pc.ConnConfig.RuntimeParams["application_name"] = "lyceum"
	}
	timeout := orDefault(cfg.QueryTimeout, 30*time.Second)
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		useUTC(conn)
		sendIDs(conn)
		// By SET and not as start-up parameters, which poolers refuse. Our statements
		// are prepared and look things up by index, whatever is asked for: a plan for
		// each execution costs as much as a page of projects itself.
		_, err := conn.Exec(ctx, `SELECT set_config('statement_timeout', $1, false), set_config('idle_in_transaction_session_timeout', '60s', false),
			set_config('plan_cache_mode', 'force_generic_plan', false)`,
			strconv.FormatInt(timeout.Milliseconds(), 10))
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, mapError(err, "open the database")
	}
	db := &DB{pool: pool, url: url, fixed: cfg.Fixed, timeout: timeout}
	db.descriptions = convoy[*description]{drive: db.writeDescriptions, most: mostDescribed}
	return db, nil
}

// Close ends all connections, waiting for those in use.
func (db *DB) Close() { db.pool.Close() }

// Ping asks PostgreSQL for a sign of life. It returns Unavailable when there is none.
func (db *DB) Ping(ctx context.Context) error {
	return mapError(db.pool.Ping(ctx), "ping the database")
}

// Stat is what the pool is doing now, for metrics.
type Stat struct {
	Open, InUse, Max int           // connections
	Waited           time.Duration // sum of all waits for a free connection
}

// Stat returns what the pool is doing now.
func (db *DB) Stat() Stat {
	s := db.pool.Stat()
	return Stat{Open: int(s.TotalConns()), InUse: int(s.AcquiredConns()), Max: int(s.MaxConns()), Waited: s.AcquireDuration()}
}

// useUTC makes every time that is read one in UTC.
func useUTC(conn *pgx.Conn) {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
}

// attempts is how often a transaction is tried that PostgreSQL refused for
// reasons of order (serialisation, deadlock), or that never reached it.
const attempts = 5

// write runs fn in a transaction and maps its error; what says what is done, for
// logs: "create account". fn may run several times, so it sets what it returns anew.
func (db *DB) write(ctx context.Context, what string, fn func(tx pgx.Tx) error) error {
	var err error
	for try := range attempts {
		if try > 0 && !pause(ctx, time.Duration(1+rand.IntN(20*try))*time.Millisecond) {
			break
		}
		finished := false // only then it may be committed although we hear of an error
		err = pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
			err := fn(tx)
			finished = err == nil
			return err
		})
		if err == nil || !again(err) && (finished || !db.renew(err)) {
			break
		}
	}
	return mapError(err, what)
}

// renew reports whether err says that a connection is broken. If it is, the others
// that wait in the pool most likely are so too, as after a restart of PostgreSQL:
// all are made anew.
func (db *DB) renew(err error) bool {
	broken := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		broken = pg.Code == "57P01" || pg.Code == "57P02" || pg.Code == "57P03" // it is told to shut down, one of its processes crashed, it starts
	} else if op, ok := errors.AsType[*net.OpError](err); ok {
		broken = op.Op != "dial" // that is PostgreSQL itself, not a connection
	}
	if broken {
		db.pool.Reset()
	}
	return broken
}

// read runs fn on one connection without a transaction, and maps its error. It
// is for single queries.
func (db *DB) read(ctx context.Context, what string, fn func(q querier) error) error {
	err := fn(db.pool)
	for try := 1; err != nil && try < attempts && (pgconn.SafeToRetry(err) || db.renew(err)); try++ {
		if !pause(ctx, time.Duration(rand.IntN(20*try))*time.Millisecond) {
			break
		}
		err = fn(db.pool)
	}
	return mapError(err, what)
}

// querier is what a pool, a connection and a transaction have in common.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func again(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	return pgconn.SafeToRetry(err)
}

// pause waits for d and reports whether ctx is still good.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func orDefault(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}

// maybe scans a timestamptz that may be NULL; NULL is the zero time.
func maybe(t *time.Time) *maybeTime { return (*maybeTime)(t) }

type maybeTime time.Time

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (m *maybeTime) ScanTimestamptz(v pgtype.Timestamptz) error {
	*m = maybeTime{}
	if v.Valid {
		*m = maybeTime(v.Time)
	}
	return nil
}

// null gives NULL for the zero time.
func null(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// nullID gives NULL for the identifier of nothing.
func nullID[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}
