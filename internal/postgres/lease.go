package postgres

import (
	"context"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// Fence proves that a write comes from the present holder of a Lease. A write
// with an older one is refused with Conflict.
type Fence struct {
	Name   string
	Number int64
}

// hold checks the fence and keeps it standing until tx ends: a new holder's
// first write waits for tx.
func (f Fence) hold(ctx context.Context, tx pgx.Tx) error {
	var number int64
	err := tx.QueryRow(ctx, `SELECT number FROM leases WHERE name = $1 FOR SHARE`, f.Name).Scan(&number)
	if err = notFound(err, "no lease"); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
		return err
	}
	if err != nil || number != f.Number {
		return lyceum.Errorf(lyceum.Conflict, "another server does this work now")
	}
	return nil
}

// Lease is a duty that one program at a time has, by an advisory lock on a
// connection of its own. It ends when the connection does.
type Lease struct {
	Fence Fence
	conn  *pgx.Conn
	done  chan struct{} // closed when the lease is lost or released
	stop  context.CancelFunc
	ended chan struct{} // closed when watch has returned
}

// Times of a lease.
const (
	leaseRetry = time.Second     // between two tries to get it
	leaseCheck = 5 * time.Second // of silence, before the connection is tried, and for its answer
)

// AcquireLease waits until this program has the named duty, or ctx ends. holder
// is a name for people to see. url must lead to PostgreSQL itself: a transaction
// pooler is recognised and refused with an error of kind Invalid. While
// PostgreSQL cannot be reached it returns Unavailable at once.
func AcquireLease(ctx context.Context, url, name, holder string) (*Lease, error) {
	conn, err := connectDirect(ctx, url)
	if err != nil {
		return nil, err
	}
	number, err := waitForLease(ctx, conn, name, holder)
	if err != nil {
		closeConn(conn)
		return nil, mapError(err, "acquire lease "+name)
	}
	watched, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &Lease{Fence: Fence{name, number}, conn: conn, done: make(chan struct{}), stop: stop, ended: make(chan struct{})}
	go l.watch(watched)
	return l, nil
}

func waitForLease(ctx context.Context, conn *pgx.Conn, name, holder string) (int64, error) {
	h := fnv.New32a()
	h.Write([]byte(name))
	for {
		var got bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, $2)`, int32(lockSpace), int32(h.Sum32())).Scan(&got); err != nil {
			return 0, err
		}
		if got {
			break
		}
		if !pause(ctx, leaseRetry) {
			return 0, ctx.Err()
		}
	}
	var number int64
	err := conn.QueryRow(ctx, `
		INSERT INTO leases AS l (name, number, holder) VALUES ($1, 1, $2)
		ON CONFLICT (name) DO UPDATE SET number = l.number + 1, holder = excluded.holder, at = now() RETURNING number`, name, holder).Scan(&number)
	return number, err
}

// Done is closed when the lease is lost: its connection broke, or Release was
// called. Another program may have it then; writes with its Fence are refused as
// soon as one has.
func (l *Lease) Done() <-chan struct{} { return l.done }

// Release gives the lease back. It is safe to call twice.
func (l *Lease) Release() {
	l.stop()
	<-l.ended
}

func (l *Lease) watch(ctx context.Context) {
	defer close(l.ended)
	defer closeConn(l.conn)
	defer close(l.done)
	for {
		// Nothing is ever sent to this connection: what ends the wait early is its loss.
		if _, err := waitFor(ctx, l.conn, leaseCheck); err != nil {
			return
		}
	}
}

// connectDirect makes one connection that is not of the pool, and refuses a
// transaction pooler: on one, session state such as LISTEN and advisory locks
// would silently belong to somebody else.
func connectDirect(ctx context.Context, url string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, lyceum.Wrap(lyceum.Invalid, err, "the database URL cannot be read")
	}
	cfg.ConnectTimeout = 5 * time.Second
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, mapError(err, "connect")
	}
	useUTC(conn)
	if err := refusePooler(ctx, conn, cfg); err != nil {
		closeConn(conn)
		return nil, err
	}
	return conn, nil
}

// refusePooler compares the process that the connection was promised at its
// start with the one that answers. They differ behind a pooler; it pools by
// transaction if a second client is then served by the first one's process.
func refusePooler(ctx context.Context, conn *pgx.Conn, cfg *pgx.ConnConfig) error {
	pid, err := backendPID(ctx, conn)
	if err != nil || pid == conn.PgConn().PID() {
		return mapError(err, "look for a pooler")
	}
	other, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return mapError(err, "look for a pooler")
	}
	defer closeConn(other)
	for range 8 {
		served, err := backendPID(ctx, other)
		if err != nil {
			return mapError(err, "look for a pooler")
		}
		again, err := backendPID(ctx, conn)
		if err != nil {
			return mapError(err, "look for a pooler")
		}
		if served == pid || again != pid {
			return lyceum.Errorf(lyceum.Invalid, "the database address leads to a transaction pooler; notifications and locks need a direct connection (or session pooling): give the address of PostgreSQL itself")
		}
	}
	return nil
}

func backendPID(ctx context.Context, conn *pgx.Conn) (uint32, error) {
	var pid uint32
	// Simple protocol: a transaction pooler may not know our prepared statements.
	err := conn.QueryRow(ctx, `SELECT pg_backend_pid()`, pgx.QueryExecModeSimpleProtocol).Scan(&pid)
	return pid, err
}

// closeConn says goodbye, within a second, whatever became of the caller's context.
func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // nothing is lost with a connection that is closed badly
}
