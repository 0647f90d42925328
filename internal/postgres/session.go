package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// NewSession is a browser that signs in.
type NewSession struct {
	Account lyceum.AccountID
	Hash    []byte // of the cookie's secret (lyceum.Secret.Hash)
	Expires time.Time
	Address string
	Agent   string // User-Agent, cut to 300 bytes by the caller
}

// Seen is how a session or token is used now.
type Seen struct {
	Address string
	Agent   string
	Until   time.Time     // a session's new expiry, if later than its present one; zero leaves it
	Longest time.Duration // a session ends this long after it began at the latest; 0: no such limit
}

// touchEvery is how often a use is written down: no read of a session is slowed
// by a write more often.
const touchEvery = time.Minute

const sessionColumns = `s.id, s.account, s.created_at, s.last_seen_at, s.expires_at, s.address, s.agent`

func sessionFields(s *lyceum.Session) []any {
	return []any{&s.ID, &s.Account, &s.Created, &s.LastSeen, &s.Expires, &s.Address, &s.Agent}
}

// CreateSession signs an account in. A suspended account gets Forbidden.
func (db *DB) CreateSession(ctx context.Context, act Act, n NewSession) (lyceum.Session, error) {
	var s lyceum.Session
	err := db.write(ctx, "create session", func(tx pgx.Tx) error {
		var suspended bool
		// The row is locked so that a suspension at the same time ends this session too.
		err := tx.QueryRow(ctx, `SELECT suspended_at IS NOT NULL FROM accounts WHERE id = $1 FOR UPDATE`, n.Account).Scan(&suspended)
		if err != nil {
			return noAccount(err)
		}
		if suspended {
			return lyceum.Errorf(lyceum.Forbidden, "this account is suspended; ask an administrator")
		}
		err = tx.QueryRow(ctx, `
			INSERT INTO sessions AS s (id, account, hash, expires_at, address, agent) VALUES ($1, $2, $3, $4, $5, $6)
			RETURNING `+sessionColumns, lyceum.NewID[lyceum.SessionID](), n.Account, n.Hash, n.Expires, n.Address, n.Agent).Scan(sessionFields(&s)...)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE accounts SET last_seen_at = now() WHERE id = $1`, n.Account); err != nil {
			return err
		}
		act.Actor.Account, act.Actor.Session = n.Account, s.ID
		return record(ctx, tx, act, "session.create", "session", string(s.ID), detail{"agent": n.Agent})
	})
	return s, err
}

// SessionByHash returns the session with the hash, and its account. It returns
// Unauthenticated when there is none, when it expired or when the account is
// suspended. The use is written down at most once a minute.
func (db *DB) SessionByHash(ctx context.Context, hash []byte, seen Seen) (lyceum.Session, lyceum.Account, error) {
	var s lyceum.Session
	var a lyceum.Account
	err := db.read(ctx, "look up session", func(q querier) error {
		err := q.QueryRow(ctx, `
			SELECT `+sessionColumns+`, `+accountColumns+`
			FROM sessions s JOIN accounts a ON a.id = s.account
			WHERE s.hash = $1 AND s.expires_at > now() AND a.suspended_at IS NULL`, hash).Scan(append(sessionFields(&s), accountFields(&a)...)...)
		return signedOut(err)
	})
	if err == nil && time.Since(s.LastSeen) > touchEvery {
		db.touchSession(ctx, s, seen)
	}
	return s, a, err
}

// touchSession writes down that a session is in use. Its failure is nobody's
// loss: the next request tries again. The account's row comes before the
// session's, as where sessions are ended.
func (db *DB) touchSession(ctx context.Context, s lyceum.Session, seen Seen) {
	_, _ = db.pool.Exec(ctx, `
		WITH touched AS (UPDATE accounts SET last_seen_at = now() WHERE id = $6 RETURNING id)
		UPDATE sessions SET last_seen_at = now(), address = $2, agent = $3, expires_at = greatest(expires_at, least($4, created_at + nullif($5::interval, interval '0')))
		FROM touched WHERE sessions.id = $1 AND sessions.account = touched.id`,
		s.ID, seen.Address, seen.Agent, null(seen.Until), seen.Longest, s.Account)
}

func signedOut(err error) error {
	if lyceum.IsKind(notFound(err, ""), lyceum.NotFound) {
		return lyceum.Errorf(lyceum.Unauthenticated, "sign in first")
	}
	return err
}

// ListSessions returns an account's sessions that have not expired, the last
// used first.
func (db *DB) ListSessions(ctx context.Context, account lyceum.AccountID) ([]lyceum.Session, error) {
	var list []lyceum.Session
	err := db.read(ctx, "list sessions", func(q querier) error {
		rows, err := q.Query(ctx, `SELECT `+sessionColumns+` FROM sessions s
			WHERE s.account = $1 AND s.expires_at > now() ORDER BY s.last_seen_at DESC, s.id`, account)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s lyceum.Session, err error) {
			return s, row.Scan(sessionFields(&s)...)
		})
		return err
	})
	return list, err
}

// RevokeSession ends one session of the account. NotFound when it has no such session.
func (db *DB) RevokeSession(ctx context.Context, act Act, account lyceum.AccountID, id lyceum.SessionID) error {
	return db.write(ctx, "revoke session", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM sessions WHERE id = $1 AND account = $2`, id, account)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return lyceum.Errorf(lyceum.NotFound, "there is no such session")
		}
		if err := notify(ctx, tx, Notification{What: SessionRevoked, ID: string(id), Account: account}); err != nil {
			return err
		}
		return record(ctx, tx, act, "session.revoke", "session", string(id), detail{"account": account})
	})
}

// RevokeSessions ends all sessions of the account but keep ("" keeps none).
func (db *DB) RevokeSessions(ctx context.Context, act Act, account lyceum.AccountID, keep lyceum.SessionID) error {
	return db.write(ctx, "revoke sessions", func(tx pgx.Tx) error {
		if err := endSessions(ctx, tx, account, keep); err != nil {
			return err
		}
		return record(ctx, tx, act, "session.revoke-all", "account", string(account), detail{"kept": keep})
	})
}

// endSessions deletes an account's sessions but keep, and tells everyone.
func endSessions(ctx context.Context, tx pgx.Tx, account lyceum.AccountID, keep lyceum.SessionID) error {
	rows, err := tx.Query(ctx, `DELETE FROM sessions WHERE account = $1 AND ($2::uuid IS NULL OR id <> $2) RETURNING id`, account, nullID(keep))
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := notify(ctx, tx, Notification{What: SessionRevoked, ID: id, Account: account}); err != nil {
			return err
		}
	}
	return nil
}
