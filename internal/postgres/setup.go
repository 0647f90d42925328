package postgres

import (
	"context"
	"crypto/subtle"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// Duties that only one transaction does at a time, as keys of advisory locks.
// The first number is ours alone among the users of the database.
const (
	lockSpace  = 0x6c796365 // "lyce"
	dutyAdmins = 1          // who is an administrator
	dutyUIDs   = 2          // which uids are taken
	dutySlugs  = 3          // which slugs are taken
)

// lockDuty waits until no other transaction does the duty; it ends with tx.
func lockDuty(ctx context.Context, tx pgx.Tx, duty int32) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, int32(lockSpace), duty)
	return err
}

// setUpAlready is the answer once there is an administrator.
func setUpAlready() error {
	return lyceum.Errorf(lyceum.Conflict, "the site is set up already: sign in")
}

// SetupNeeded reports whether there is no administrator yet.
func (db *DB) SetupNeeded(ctx context.Context) (bool, error) {
	var needed bool
	err := db.read(ctx, "look for an administrator", func(q querier) error {
		return q.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM accounts WHERE admin)`).Scan(&needed)
	})
	return needed, err
}

// SetSetupLink stores the hash of the set-up link's secret in place of any
// earlier one. It reports false, and stores nothing, when there is an
// administrator already.
func (db *DB) SetSetupLink(ctx context.Context, hash []byte) (bool, error) {
	var needed bool
	err := db.write(ctx, "store the set-up link", func(tx pgx.Tx) (err error) {
		if needed, err = noAdminYet(ctx, tx); err != nil || !needed {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO secrets (name, value) VALUES ('setup-link', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, hash)
		return err
	})
	return needed, err
}

// noAdminYet takes the duty of administrators and looks.
func noAdminYet(ctx context.Context, tx pgx.Tx) (bool, error) {
	if err := lockDuty(ctx, tx, dutyAdmins); err != nil {
		return false, err
	}
	var none bool
	err := tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM accounts WHERE admin)`).Scan(&none)
	return none, err
}

// Setup makes the first administrator for the one who holds the set-up link
// (link is its secret's hash) and, unless siteName is "", names the site. Of many
// at once one succeeds; the others get Conflict. A wrong link gets Forbidden.
func (db *DB) Setup(ctx context.Context, act Act, link []byte, n NewAccount, siteName string) (lyceum.Account, error) {
	var a lyceum.Account
	err := db.write(ctx, "set up the site", func(tx pgx.Tx) (err error) {
		none, err := noAdminYet(ctx, tx)
		if err != nil {
			return err
		}
		if !none {
			return setUpAlready()
		}
		var want []byte
		err = tx.QueryRow(ctx, `DELETE FROM secrets WHERE name = 'setup-link' RETURNING value`).Scan(&want)
		if err = notFound(err, "no link"); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return err
		}
		if err != nil || len(want) == 0 || subtle.ConstantTimeCompare(want, link) != 1 {
			return lyceum.Errorf(lyceum.Forbidden, "this set-up link does not hold; the server prints the present one when it starts")
		}
		a, err = firstAdmin(ctx, tx, act, n)
		if err != nil || siteName == "" {
			return err
		}
		act.Actor.Account = a.ID
		_, err = updateSettings(ctx, tx, act, SettingsChange{SiteName: &siteName})
		return err
	})
	return a, err
}

// CreateFirstAdmin makes the first administrator without a link, for the one
// who starts the server. It returns Conflict when there is an administrator already.
func (db *DB) CreateFirstAdmin(ctx context.Context, act Act, n NewAccount) (lyceum.Account, error) {
	var a lyceum.Account
	err := db.write(ctx, "create the first administrator", func(tx pgx.Tx) error {
		none, err := noAdminYet(ctx, tx)
		if err != nil {
			return err
		}
		if !none {
			return setUpAlready()
		}
		if _, err := tx.Exec(ctx, `DELETE FROM secrets WHERE name = 'setup-link'`); err != nil {
			return err
		}
		a, err = firstAdmin(ctx, tx, act, n)
		return err
	})
	return a, err
}

func firstAdmin(ctx context.Context, tx pgx.Tx, act Act, n NewAccount) (lyceum.Account, error) {
	n.Admin, n.Invitation = true, nil
	return createAccount(ctx, tx, act, n)
}
