package postgres

import (
	"context"
	"crypto/sha256"
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
	err := db.write(ctx, "count sign-in", func(tx pgx.Tx) error {
		for i, key := range keys {
			err := tx.QueryRow(ctx, `
				INSERT INTO failed_sign_ins AS f (key, count, expires_at) VALUES ($1, 1, now() + $2)
				ON CONFLICT (key) DO UPDATE SET
					count      = CASE WHEN f.expires_at > now() THEN f.count + 1 ELSE 1 END,
					expires_at = CASE WHEN f.expires_at > now() THEN f.expires_at ELSE excluded.expires_at END
				RETURNING count, expires_at`, throttleKey(key), window).Scan(&list[i].Count, &list[i].Until)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// ForgiveSignIn takes one try of each key back, as after a good password.
func (db *DB) ForgiveSignIn(ctx context.Context, keys ...string) error {
	return db.write(ctx, "forgive sign-in", func(tx pgx.Tx) error {
		for _, key := range keys {
			if _, err := tx.Exec(ctx, `UPDATE failed_sign_ins SET count = greatest(count - 1, 0) WHERE key = $1`, throttleKey(key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetSignIns forgets all tries of the keys.
func (db *DB) ForgetSignIns(ctx context.Context, keys ...string) error {
	return db.write(ctx, "forget sign-ins", func(tx pgx.Tx) error {
		for _, key := range keys {
			if _, err := tx.Exec(ctx, `DELETE FROM failed_sign_ins WHERE key = $1`, throttleKey(key)); err != nil {
				return err
			}
		}
		return nil
	})
}

func throttleKey(key string) []byte {
	h := sha256.Sum256([]byte(key))
	return h[:]
}
