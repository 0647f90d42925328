package postgres

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// AuditEntry is one act, as it was written in its transaction.
type AuditEntry struct {
	ID      int64
	At      time.Time
	Actor   Person // zero: the site itself; only ID set when the account is gone
	Session lyceum.SessionID
	Token   lyceum.TokenID
	Verb    string         // what was done: "project.delete"
	Kind    string         // of the object: "project", "account", …
	Object  string         // its identifier
	Detail  map[string]any // never a secret
	Address string
	Request string
}

// detail is what an audit row says beside actor, verb and object.
type detail map[string]any

const auditSQL = `
	INSERT INTO audit (account, session, token, verb, kind, object, detail, address, request)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

// auditRow are the values of auditSQL.
func auditRow(act Act, verb, kind, object string, d detail) ([]any, error) {
	if d == nil {
		d = detail{}
	}
	text, err := json.Marshal(d)
	return []any{nullID(act.Actor.Account), nullID(act.Actor.Session), nullID(act.Actor.Token), verb, kind, object, string(text), act.Address, act.Request}, err
}

// record writes the audit row of an act that happens in tx.
func record(ctx context.Context, tx pgx.Tx, act Act, verb, kind, object string, d detail) error {
	args, err := auditRow(act, verb, kind, object, d)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, auditSQL, args...)
	return err
}

// Record writes an audit row for an act that changes nothing else in the
// database: a failed sign-in, a restart of the site.
func (db *DB) Record(ctx context.Context, act Act, verb, kind, object string, detail map[string]any) error {
	return db.write(ctx, "write an audit row", func(tx pgx.Tx) error {
		return record(ctx, tx, act, verb, kind, object, detail)
	})
}

// AuditFilter narrows ListAudit. Zero fields do not.
type AuditFilter struct {
	Actor  lyceum.AccountID
	Kind   string // of the object, with Object
	Object string
}

// ListAudit returns the newest entries first, limit at a time, and the cursor of
// the next page ("" after the last).
func (db *DB) ListAudit(ctx context.Context, f AuditFilter, cursor string, limit int) ([]AuditEntry, string, error) {
	var after int64
	if cursor != "" {
		var err error
		if after, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return nil, "", lyceum.Invalidf("cursor", "this is not a cursor of this list")
		}
	}
	limit = pageSize(limit)
	var list []AuditEntry
	err := db.read(ctx, "list the audit log", func(q querier) error {
		rows, err := q.Query(ctx, `
			SELECT e.id, e.at, coalesce(e.account::text, ''), coalesce(a.name, ''), coalesce(a.colour, 0),
			       coalesce(e.session::text, ''), coalesce(e.token::text, ''), e.verb, e.kind, e.object, e.detail, e.address, e.request
			FROM audit e LEFT JOIN accounts a ON a.id = e.account
			WHERE ($1 = 0 OR e.id < $1) AND ($2::uuid IS NULL OR e.account = $2) AND ($3 = '' OR (e.kind = $3 AND e.object = $4))
			ORDER BY e.id DESC LIMIT $5`, after, nullID(f.Actor), f.Kind, f.Object, limit+1)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e AuditEntry, err error) {
			err = row.Scan(&e.ID, &e.At, &e.Actor.ID, &e.Actor.Name, &e.Actor.Colour, &e.Session, &e.Token, &e.Verb, &e.Kind, &e.Object, &e.Detail, &e.Address, &e.Request)
			return e, err
		})
		return err
	})
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	list = list[:limit]
	return list, strconv.FormatInt(list[limit-1].ID, 10), nil
}
