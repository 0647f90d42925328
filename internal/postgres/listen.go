package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"lyceum/internal/lyceum"
)

// ListenConfig holds what Listen may be told. The zero value of each field is the default.
type ListenConfig struct {
	Logger *slog.Logger  // default: none
	Queue  int           // notifications that may wait for deliver; default 1,024
	Check  time.Duration // how often a silent connection is tried; default 20 s

	Abreast *Abreast // may be asked then what was delivered; default: none. It serves one Listen
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
	if cfg.Abreast == nil {
		cfg.Abreast = new(Abreast)
	}
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
	q.drop()
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
	// From here on messages are read as they come and sent meanwhile, which pgx's own
	// connection does not do.
	raw, err := conn.PgConn().Hijack()
	if err != nil {
		return true, err
	}
	defer raw.Conn.Close()
	return true, mapError(hear(ctx, raw, cfg, q), "wait for notifications")
}

// hear reads notifications until ctx ends or the connection is lost.
func hear(ctx context.Context, raw *pgconn.HijackedConn, cfg ListenConfig, q *queue) error {
	cfg.Abreast.begin(raw.Conn)
	defer cfg.Abreast.end()
	defer context.AfterFunc(ctx, func() {
		_ = cfg.Abreast.write(goodbye)
		_ = raw.Conn.Close() // this is how the reading ends
	})()
	pinged, own := false, false // own: what is answered is the ping
	for {
		if err := raw.Conn.SetReadDeadline(time.Now().Add(cfg.Check)); err != nil {
			return err
		}
		message, err := raw.Frontend.Receive()
		if errors.Is(err, os.ErrDeadlineExceeded) && !pinged {
			// A dead peer sends nothing, so silence is questioned.
			if err = cfg.Abreast.write(pingMessage); err == nil {
				pinged = true
				continue
			}
		}
		if err != nil {
			return err
		}
		pinged = false
		switch m := message.(type) {
		case *pgproto3.NotificationResponse:
			if n := parseNotification(&pgconn.Notification{Channel: m.Channel, Payload: m.Payload}); n != nil {
				q.add(*n)
			}
		case *pgproto3.EmptyQueryResponse:
			own = true
		case *pgproto3.ReadyForQuery:
			if r := cfg.Abreast.answered(own); r != nil {
				q.add(Notification{round: r})
			}
			own = false
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(m)
		}
	}
}

// Messages of PostgreSQL's protocol 3: a statement that does nothing, and Terminate.
var (
	pingMessage = []byte("Q\x00\x00\x00\x0c-- ping\x00")
	goodbye     = []byte("X\x00\x00\x00\x04")
)

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
