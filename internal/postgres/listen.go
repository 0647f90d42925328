package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"lyceum/internal/lyceum"
)

// ListenConfig holds what Listen may be told. The zero value of each field is the default.
type ListenConfig struct {
	Logger *slog.Logger  // default: none
	Queue  int           // notifications that may wait for deliver; default 1,024
	Check  time.Duration // how often a silent connection is tried; default 20 s
}

// Listen delivers notifications, one after the other and in the order of their
// commits, until ctx ends; it then returns nil. It holds one connection of its
// own, which it makes again, after 0.1 s at first and 5 s at most, when it is lost.
//
// Each time it begins to listen, the first time too, and each time deliver was
// so slow that the queue ran over (what waited is dropped), it delivers one
// Notification with What Missed: read again what you keep. An address that leads
// to a transaction pooler ends it with an error of kind Invalid.
func Listen(ctx context.Context, url string, cfg ListenConfig, deliver func(Notification)) error {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Queue <= 0 {
		cfg.Queue = 1024
	}
	cfg.Check = orDefault(cfg.Check, 20*time.Second)
	q := &queue{wake: make(chan struct{}, 1), max: cfg.Queue}
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		q.drain(ctx, deliver)
	}()
	err := listen(ctx, url, cfg, q)
	if err != nil {
		q.end()
	}
	<-delivered
	return err
}

// listen makes connections until ctx ends.
func listen(ctx context.Context, url string, cfg ListenConfig, q *queue) error {
	const least, most = 100 * time.Millisecond, 5 * time.Second
	wait := least
	for {
		began, err := listenOnce(ctx, url, cfg, q)
		if ctx.Err() != nil {
			return nil
		}
		if lyceum.IsKind(err, lyceum.Invalid) {
			return err
		}
		if began {
			wait = least
			q.add(Notification{What: Lost})
		}
		cfg.Logger.Warn("listening to the database was interrupted", "err", err)
		if !pause(ctx, wait) {
			return nil
		}
		wait = min(2*wait, most)
	}
}

// listenOnce listens on one connection until it is lost and reports whether it
// came to listen at all.
func listenOnce(ctx context.Context, url string, cfg ListenConfig, q *queue) (bool, error) {
	conn, err := connectDirect(ctx, url)
	if err != nil {
		return false, err
	}
	defer closeConn(conn)
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return false, mapError(err, "listen")
	}
	q.miss()
	for {
		n, err := waitFor(ctx, conn, cfg.Check)
		if err != nil {
			return true, mapError(err, "wait for notifications")
		}
		if n != nil {
			q.add(*n)
		}
	}
}

// waitFor returns the next notification, or nil after a silence in which the
// connection proved alive: a dead peer sends nothing, so silence is questioned.
func waitFor(ctx context.Context, conn *pgx.Conn, check time.Duration) (*Notification, error) {
	silence, cancel := context.WithTimeout(ctx, check)
	defer cancel()
	got, err := conn.WaitForNotification(silence)
	if err == nil {
		return parseNotification(got), nil
	}
	if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) || conn.IsClosed() {
		return nil, err
	}
	alive, cancel := context.WithTimeout(ctx, check)
	defer cancel()
	return nil, conn.Ping(alive)
}

// parseNotification reads a payload. One that is not ours is dropped: anyone
// who may connect to the database may send on the channel.
func parseNotification(got *pgconn.Notification) *Notification {
	var n Notification
	if got.Channel != channel || json.Unmarshal([]byte(got.Payload), &n) != nil || n.What == "" || n.What == Missed || n.What == Lost {
		return nil
	}
	return &n
}
