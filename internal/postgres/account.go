package postgres

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// Person is what others see of an account.
type Person struct {
	ID     lyceum.AccountID
	Name   string
	Colour int
}

// NewAccount is what CreateAccount, Setup and CreateFirstAdmin need.
type NewAccount struct {
	Email      string // checked by the caller with lyceum.CheckEmail
	Name       string
	Colour     int
	Password   string // the argon2id hash in text form, "" when there is no password
	Admin      bool
	Invitation []byte // hash of an invitation's secret that is used up with it; nil for none
}

// AccountChange names what to change; nil fields stay.
type AccountChange struct {
	Name        *string
	Email       *string
	Colour      *int
	Preferences json.RawMessage // nil stays
	Admin       *bool
	Suspended   *bool
}

// emailKey is the form of an address in which two are the same.
func emailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

const accountColumns = `a.id, a.email, a.name, a.colour, a.admin, a.suspended_at IS NOT NULL, a.created_at, a.last_seen_at`

func accountFields(a *lyceum.Account) []any {
	return []any{&a.ID, &a.Email, &a.Name, &a.Colour, &a.Admin, &a.Suspended, &a.Created, maybe(&a.LastSeen)}
}

// CreateAccount makes an account. With an invitation it uses it up in the same
// transaction (NotFound when it does not hold, Forbidden when it is for another
// address) and joins its project. It returns
// Conflict with Field "email" when the address is taken.
func (db *DB) CreateAccount(ctx context.Context, act Act, n NewAccount) (lyceum.Account, error) {
	var a lyceum.Account
	err := db.write(ctx, "create account", func(tx pgx.Tx) (err error) {
		if a, err = createAccount(ctx, tx, act, n); err != nil || n.Invitation == nil {
			return err
		}
		act.Actor.Account = a.ID
		_, err = acceptInvitation(ctx, tx, act, n.Invitation, a)
		return err
	})
	return a, err
}

func createAccount(ctx context.Context, tx pgx.Tx, act Act, n NewAccount) (lyceum.Account, error) {
	var a lyceum.Account
	err := tx.QueryRow(ctx, `
		INSERT INTO accounts AS a (id, email, email_key, name, colour, password, admin) VALUES ($1, $2, $3, $4, $5, $6, $7)
		RETURNING `+accountColumns,
		lyceum.NewID[lyceum.AccountID](), strings.TrimSpace(n.Email), emailKey(n.Email), n.Name, n.Colour, n.Password, n.Admin).Scan(accountFields(&a)...)
	if err != nil {
		return a, err
	}
	if act.Actor.Account == "" {
		act.Actor.Account = a.ID // they made it themselves
	}
	return a, record(ctx, tx, act, "account.create", "account", string(a.ID), detail{"email": a.Email, "admin": a.Admin})
}

// Account returns an account.
func (db *DB) Account(ctx context.Context, id lyceum.AccountID) (lyceum.Account, error) {
	var a lyceum.Account
	err := db.read(ctx, "read account", func(q querier) error {
		return noAccount(q.QueryRow(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.id = $1`, id).Scan(accountFields(&a)...))
	})
	return a, err
}

// AccountByEmail returns the account of an address, in any case of letters, and
// its password's hash ("" when it has none).
func (db *DB) AccountByEmail(ctx context.Context, email string) (lyceum.Account, string, error) {
	var a lyceum.Account
	var hash string
	err := db.read(ctx, "read account by address", func(q querier) error {
		return noAccount(q.QueryRow(ctx, `SELECT `+accountColumns+`, a.password FROM accounts a WHERE a.email_key = $1`,
			emailKey(email)).Scan(append(accountFields(&a), &hash)...))
	})
	return a, hash, err
}

// PasswordHash returns the hash of an account's password, "" when it has none.
func (db *DB) PasswordHash(ctx context.Context, id lyceum.AccountID) (string, error) {
	var hash string
	err := db.read(ctx, "read password hash", func(q querier) error {
		return noAccount(q.QueryRow(ctx, `SELECT password FROM accounts WHERE id = $1`, id).Scan(&hash))
	})
	return hash, err
}

// Preferences returns what the browser app stores for an account: a JSON object.
func (db *DB) Preferences(ctx context.Context, id lyceum.AccountID) (json.RawMessage, error) {
	var p json.RawMessage
	err := db.read(ctx, "read preferences", func(q querier) error {
		return noAccount(q.QueryRow(ctx, `SELECT preferences FROM accounts WHERE id = $1`, id).Scan(&p))
	})
	return p, err
}

// UpdateAccount changes an account and returns it as it is then. Suspending
// ends its sessions. The last administrator who can sign in cannot be demoted
// or suspended: Conflict.
func (db *DB) UpdateAccount(ctx context.Context, act Act, id lyceum.AccountID, c AccountChange) (lyceum.Account, error) {
	var a lyceum.Account
	err := db.write(ctx, "change account", func(tx pgx.Tx) (err error) {
		a, err = updateAccount(ctx, tx, act, id, c)
		return err
	})
	return a, err
}

func updateAccount(ctx context.Context, tx pgx.Tx, act Act, id lyceum.AccountID, c AccountChange) (lyceum.Account, error) {
	var before, a lyceum.Account
	if c.Admin != nil || c.Suspended != nil {
		// Changes of administrators go one after the other, so that two who leave
		// at once see each other.
		if err := lockDuty(ctx, tx, dutyAdmins); err != nil {
			return a, err
		}
	}
	err := tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.id = $1 FOR UPDATE`, id).Scan(accountFields(&before)...)
	if err != nil {
		return a, noAccount(err)
	}
	var key *string
	if c.Email != nil {
		k := emailKey(*c.Email)
		key = &k
	}
	err = tx.QueryRow(ctx, `
		UPDATE accounts a SET
			name = coalesce($2, name), email = coalesce($3, email), email_key = coalesce($4, email_key),
			colour = coalesce($5, colour), preferences = coalesce($6::jsonb, preferences), admin = coalesce($7, admin),
			suspended_at = CASE $8::boolean WHEN true THEN coalesce(suspended_at, now()) WHEN false THEN NULL ELSE suspended_at END
		WHERE a.id = $1 RETURNING `+accountColumns,
		id, c.Name, c.Email, key, c.Colour, nullJSON(c.Preferences), c.Admin, c.Suspended).Scan(accountFields(&a)...)
	if err != nil {
		return a, err
	}
	if before.Admin && !before.Suspended && (!a.Admin || a.Suspended) {
		if err := needAdmin(ctx, tx); err != nil {
			return a, err
		}
	}
	if a.Suspended && !before.Suspended {
		if err := endSessions(ctx, tx, id, ""); err != nil {
			return a, err
		}
	}
	if err := notify(ctx, tx, accountChanged(id)); err != nil {
		return a, err
	}
	return a, record(ctx, tx, act, "account.change", "account", string(id), accountDifference(before, a))
}

func needAdmin(ctx context.Context, tx pgx.Tx) error {
	var some bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM accounts WHERE admin AND suspended_at IS NULL)`).Scan(&some)
	if err == nil && !some {
		return lyceum.Errorf(lyceum.Conflict, "this is the last administrator: make someone else one first")
	}
	return err
}

// accountDifference says in an audit row what changed, from and to.
func accountDifference(a, b lyceum.Account) detail {
	d := detail{}
	if a.Name != b.Name {
		d["name"] = []string{a.Name, b.Name}
	}
	if a.Email != b.Email {
		d["email"] = []string{a.Email, b.Email}
	}
	if a.Admin != b.Admin {
		d["admin"] = b.Admin
	}
	if a.Suspended != b.Suspended {
		d["suspended"] = b.Suspended
	}
	return d
}

func nullJSON(v json.RawMessage) *string {
	if len(v) == 0 {
		return nil
	}
	s := string(v)
	return &s
}

// SetPassword replaces the hash of an account's password and ends all its
// sessions but keep ("" keeps none).
func (db *DB) SetPassword(ctx context.Context, act Act, id lyceum.AccountID, hash string, keep lyceum.SessionID) error {
	return db.write(ctx, "set password", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE accounts SET password = $2 WHERE id = $1`, id, hash)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return noAccount(pgx.ErrNoRows)
		}
		if err := endSessions(ctx, tx, id, keep); err != nil {
			return err
		}
		return record(ctx, tx, act, "account.password", "account", string(id), nil)
	})
}

// ReplacePasswordHash stores a better hash of the same password, as after a
// successful sign-in, if the present one is still old. It is no act of a person
// and is not audited.
func (db *DB) ReplacePasswordHash(ctx context.Context, id lyceum.AccountID, old, better string) error {
	return db.read(ctx, "replace password hash", func(q querier) error {
		_, err := q.Exec(ctx, `UPDATE accounts SET password = $3 WHERE id = $1 AND password = $2`, id, old, better)
		return err
	})
}

// FindPeople returns up to limit (at most 200) accounts that are not suspended
// and whose name contains text or whose whole address is text.
func (db *DB) FindPeople(ctx context.Context, text string, limit int) ([]Person, error) {
	var list []Person
	like := contains(text)
	if like == "" {
		return nil, nil
	}
	err := db.read(ctx, "find people", func(q querier) error {
		rows, err := q.Query(ctx, `
			SELECT id, name, colour FROM accounts
			WHERE suspended_at IS NULL AND (name ILIKE $1 OR email_key = $2)
			ORDER BY email_key = $2 DESC, lower(name), id LIMIT $3`, like, emailKey(text), pageSize(limit))
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Person])
		return err
	})
	return list, err
}

// AccountRow is an account in the administrator's list.
type AccountRow struct {
	lyceum.Account
	Projects int // how many it is a member of
	Sessions int // browsers that are signed in
}

// ListAccounts returns accounts by name, limit at a time, whose name or address
// contains text (all when it is empty); the cursor of the next page ("" after
// the last); and how many there are in all pages.
func (db *DB) ListAccounts(ctx context.Context, text, cursor string, limit int) ([]AccountRow, string, int, error) {
	var key struct{ Name, ID string }
	more, err := readCursor(cursor, &key)
	if err != nil {
		return nil, "", 0, err
	}
	limit = pageSize(limit)
	like := contains(text)
	var list []AccountRow
	var total int
	var names []string
	err = db.read(ctx, "list accounts", func(q querier) error {
		const match = `($1 = '' OR a.name ILIKE $1 OR a.email ILIKE $1)`
		if err := q.QueryRow(ctx, `SELECT count(*) FROM accounts a WHERE `+match, like).Scan(&total); err != nil {
			return err
		}
		rows, err := q.Query(ctx, `
			SELECT `+accountColumns+`, lower(a.name),
			       (SELECT count(*) FROM members m JOIN projects p ON p.id = m.project AND p.deleted_at IS NULL WHERE m.account = a.id),
			       (SELECT count(*) FROM sessions s WHERE s.account = a.id AND s.expires_at > now())
			FROM accounts a
			WHERE `+match+` AND (NOT $2 OR (lower(a.name), a.id) > ($3, $4::uuid))
			ORDER BY lower(a.name), a.id LIMIT $5`, like, more, key.Name, nullID(lyceum.AccountID(key.ID)), limit+1)
		if err != nil {
			return err
		}
		names = nil
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r AccountRow, err error) {
			var name string
			err = row.Scan(append(accountFields(&r.Account), &name, &r.Projects, &r.Sessions)...)
			names = append(names, name)
			return r, err
		})
		return err
	})
	if err != nil || len(list) <= limit {
		return list, "", total, err
	}
	list = list[:limit]
	key.Name, key.ID = names[limit-1], string(list[limit-1].ID)
	return list, makeCursor(key), total, nil
}

// Counts returns how many accounts there are, how many projects that are not
// deleted, and how many of these run.
func (db *DB) Counts(ctx context.Context) (accounts, projects, running int, err error) {
	err = db.read(ctx, "count", func(q querier) error {
		return q.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM accounts), count(*), count(*) FILTER (WHERE phase = 'running')
			FROM projects WHERE deleted_at IS NULL`).Scan(&accounts, &projects, &running)
	})
	return accounts, projects, running, err
}
