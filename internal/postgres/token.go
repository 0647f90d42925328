package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// MaxTokens is how many API tokens an account may have.
const MaxTokens = 100

const tokenColumns = `t.id, t.account, t.name, t.scope, coalesce(t.project::text, ''), t.created_at, t.last_used_at, t.expires_at`

func tokenFields(t *lyceum.Token) []any {
	return []any{&t.ID, &t.Account, &t.Name, &t.Scope, &t.Project, &t.Created, maybe(&t.LastUsed), &t.Expires}
}

// CreateToken stores an API token; of t, Account, Name, Scope, Project and
// Expires count. hash is that of its secret. Exhausted when the account has
// MaxTokens already.
func (db *DB) CreateToken(ctx context.Context, act Act, t lyceum.Token, hash []byte) (lyceum.Token, error) {
	var made lyceum.Token
	err := db.write(ctx, "create API token", func(tx pgx.Tx) error {
		// The count comes after the lock, in a statement of its own: a statement
		// that waits for a lock goes on to see what there was before it waited.
		if _, err := tx.Exec(ctx, `SELECT FROM accounts WHERE id = $1 FOR UPDATE`, t.Account); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM api_tokens WHERE account = $1`, t.Account).Scan(&n); err != nil {
			return err
		}
		if n >= MaxTokens {
			return lyceum.Errorf(lyceum.Exhausted, "there are %d API tokens already; remove one first", n)
		}
		err := tx.QueryRow(ctx, `
			INSERT INTO api_tokens AS t (id, account, hash, name, scope, project, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			RETURNING `+tokenColumns, lyceum.NewID[lyceum.TokenID](), t.Account, hash, t.Name, t.Scope, nullID(t.Project), t.Expires).Scan(tokenFields(&made)...)
		if err != nil {
			return err
		}
		return record(ctx, tx, act, "token.create", "token", string(made.ID), detail{"name": made.Name, "scope": made.Scope, "project": made.Project})
	})
	return made, err
}

// TokenByHash returns the API token with the hash, and its account. It returns
// Unauthenticated when there is none, when it expired or when the account is
// suspended. The use is written down at most once a minute.
func (db *DB) TokenByHash(ctx context.Context, hash []byte) (lyceum.Token, lyceum.Account, error) {
	var t lyceum.Token
	var a lyceum.Account
	err := db.read(ctx, "look up API token", func(q querier) error {
		err := q.QueryRow(ctx, `
			SELECT `+tokenColumns+`, `+accountColumns+`
			FROM api_tokens t JOIN accounts a ON a.id = t.account
			WHERE t.hash = $1 AND t.expires_at > now() AND a.suspended_at IS NULL`, hash).Scan(append(tokenFields(&t), accountFields(&a)...)...)
		return signedOut(err)
	})
	if err == nil && time.Since(t.LastUsed) > touchEvery {
		_, _ = db.pool.Exec(ctx, `UPDATE api_tokens SET last_used_at = now() WHERE id = $1`, t.ID)
	}
	return t, a, err
}

// ListTokens returns an account's API tokens, expired ones too, the newest first.
func (db *DB) ListTokens(ctx context.Context, account lyceum.AccountID) ([]lyceum.Token, error) {
	var list []lyceum.Token
	err := db.read(ctx, "list API tokens", func(q querier) error {
		rows, err := q.Query(ctx, `SELECT `+tokenColumns+` FROM api_tokens t WHERE t.account = $1 ORDER BY t.created_at DESC, t.id`, account)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t lyceum.Token, err error) {
			return t, row.Scan(tokenFields(&t)...)
		})
		return err
	})
	return list, err
}

// RevokeToken removes an API token of the account. NotFound when it has no such token.
func (db *DB) RevokeToken(ctx context.Context, act Act, account lyceum.AccountID, id lyceum.TokenID) error {
	return db.write(ctx, "revoke API token", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM api_tokens WHERE id = $1 AND account = $2`, id, account)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return lyceum.Errorf(lyceum.NotFound, "there is no such API token")
		}
		if err := notify(ctx, tx, Notification{What: TokenRevoked, ID: string(id), Account: account}); err != nil {
			return err
		}
		return record(ctx, tx, act, "token.revoke", "token", string(id), detail{"account": account})
	})
}
