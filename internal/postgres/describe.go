package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"lyceum/internal/lyceum"
)

// mostDescribed is how many changes are written by one statement.
const mostDescribed = 64

// description is a change of a project's name and description that travels with
// others: see describe.
type description struct {
	act     Act
	id      lyceum.ProjectID
	change  ProjectChange
	view    ProjectView
	written bool
	err     error // it may be written nevertheless
}

// describe changes a project's name and description. It is what people write most,
// and most of what it costs is the commit: changes that come while others are being
// written go together into the next statement, with a row of the audit log and a
// notification each. What another transaction holds is left out of it, as is
// everything when the statement fails: then, and for another change of a project
// that is in it, written is false, and the change is to be made by itself.
func (db *DB) describe(ctx context.Context, d *description) error {
	if err := db.descriptions.travel(ctx, d); err != nil {
		return err
	}
	return d.err
}

const describeSQL = `
	WITH c AS (
		SELECT id, name, description, nullif(account, '')::uuid AS account, nullif(session, '')::uuid AS session, nullif(token, '')::uuid AS token, address, request, payload
		FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
			AS c(id, name, description, account, session, token, address, request, payload)),
	old AS (SELECT p.id, p.name FROM projects p WHERE p.id = ANY($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED),
	p AS (
		UPDATE projects SET name = coalesce(c.name, projects.name), description = coalesce(c.description, projects.description)
		FROM old JOIN c ON c.id = old.id WHERE projects.id = old.id
		RETURNING projects.*, old.name AS name_before, c.account, c.session, c.token, c.address, c.request, c.payload),
	noted AS (
		INSERT INTO audit (account, session, token, verb, kind, object, detail, address, request)
		SELECT p.account, p.session, p.token, 'project.change', 'project', p.id::text,
			CASE WHEN p.name = p.name_before THEN '{}' ELSE jsonb_build_object('name', jsonb_build_array(p.name_before, p.name)) END, p.address, p.request
		FROM p)
	SELECT ` + projectColumns + `, coalesce(m.role, ''), s.account IS NOT NULL, pg_notify('` + channel + `', p.payload)::text
	FROM p LEFT JOIN members m ON m.project = p.id AND m.account = p.account
	LEFT JOIN stars s ON s.project = p.id AND s.account = p.account`

// writeDescriptions drives the convoy of descriptions. It is one statement and thus
// one transaction.
func (db *DB) writeDescriptions(list []*description) {
	ctx, cancel := context.WithTimeout(context.Background(), db.timeout+5*time.Second) // PostgreSQL ends it earlier
	defer cancel()
	byID := make(map[lyceum.ProjectID]*description, len(list))
	var ids []lyceum.ProjectID
	var names, descriptions []*string
	var accounts, sessions, tokens, addresses, requests, payloads []string
	for _, d := range list {
		payload, err := json.Marshal(projectChanged(d.id))
		if err != nil || byID[d.id] != nil {
			continue
		}
		byID[d.id] = d
		a := d.act.Actor
		ids, names, descriptions = append(ids, d.id), append(names, d.change.Name), append(descriptions, d.change.Description)
		accounts, sessions, tokens = append(accounts, string(a.Account)), append(sessions, string(a.Session)), append(tokens, string(a.Token))
		addresses, requests, payloads = append(addresses, d.act.Address), append(requests, d.act.Request), append(payloads, string(payload))
	}
	rows, err := db.pool.Query(ctx, describeSQL, ids, names, descriptions, accounts, sessions, tokens, addresses, requests, payloads)
	if err == nil {
		var v ProjectView
		_, err = pgx.ForEachRow(rows, append(viewFields(&v), nil), func() error {
			byID[v.ID].view = v
			return nil
		})
	}
	for _, d := range byID {
		switch {
		case err == nil:
			d.written = d.view.ID != ""
		case db.renew(err) || !undone(err):
			d.err = err
		}
	}
}

// undone reports whether err says that nothing was written.
func undone(err error) bool {
	_, answered := errors.AsType[*pgconn.PgError](err)
	return answered || pgconn.SafeToRetry(err)
}
