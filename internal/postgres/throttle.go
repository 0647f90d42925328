package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Failures is how many sign-ins failed under one key in the present window.
type Failures struct {
	Count int
	Until time.Time // when the window ends and the count is forgotten
}

// CountSignIn adds one try to each key (an address, an account's mail address)
// and returns the counts, in the order of keys, this try included. The window
// begins with a key's first try. It is called before the password is looked at,
// so that many tries at once are all counted; ForgiveSignIn takes a good one
// back. Keys are stored hashed: people type passwords into the address field.
func (db *DB) CountSignIn(ctx context.Context, window time.Duration, keys ...string) ([]Failures, error) {
	list := make([]Failures, len(keys))
	err := db.eachKey(ctx, "count sign-in", keys, func(tx pgx.Tx, key []byte, i int) error {
		return tx.QueryRow(ctx, `
			INSERT INTO failed_sign_ins AS f (key, count, expires_at) VALUES ($1, 1, now() + $2)
			ON CONFLICT (key) DO UPDATE SET
				count      = CASE WHEN f.expires_at > now() THEN f.count + 1 ELSE 1 END,
				expires_at = CASE WHEN f.expires_at > now() THEN f.expires_at ELSE excluded.expires_at END
			RETURNING count, expires_at`, key, window).Scan(&list[i].Count, &list[i].Until)
	})
	return list, err
}

// ForgiveSignIn takes one try of each key back, as after a good password.
func (db *DB) ForgiveSignIn(ctx context.Context, keys ...string) error {
	return db.eachKey(ctx, "forgive sign-in", keys, func(tx pgx.Tx, key []byte, _ int) error {
		_, err := tx.Exec(ctx, `UPDATE failed_sign_ins SET count = greatest(count - 1, 0) WHERE key = $1`, key)
		return err
	})
}

// ForgetSignIns forgets all tries of the keys.
func (db *DB) ForgetSignIns(ctx context.Context, keys ...string) error {
	return db.eachKey(ctx, "forget sign-ins", keys, func(tx pgx.Tx, key []byte, _ int) error {
		_, err := tx.Exec(ctx, `DELETE FROM failed_sign_ins WHERE key = $1`, key)
		return err
	})
}

// eachKey calls fn for each key, hashed, with its index, in one transaction. The
// order is that of the hashes, so that no two transactions wait for each other.
func (db *DB) eachKey(ctx context.Context, what string, keys []string, fn func(tx pgx.Tx, key []byte, i int) error) error {
	type hashed struct {
		key   [sha256.Size]byte
		index int
	}
	order := make([]hashed, len(keys))
	for i, key := range keys {
		order[i] = hashed{sha256.Sum256([]byte(key)), i}
	}
	slices.SortFunc(order, func(a, b hashed) int { return bytes.Compare(a.key[:], b.key[:]) })
	return db.write(ctx, what, func(tx pgx.Tx) error {
		for _, h := range order {
			if err := fn(tx, h.key[:], h.index); err != nil {
				return err
			}
		}
		return nil
	})
}
