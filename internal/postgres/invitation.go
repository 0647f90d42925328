package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// InvitationView is an invitation with the names that people see.
type InvitationView struct {
	lyceum.Invitation
	ProjectName string // "" for an invitation to the site
	Inviter     Person // zero when the site itself invited
	Invited     Person // the account it is for; zero when the link is enough
}

const invitationColumns = `i.id, coalesce(i.project::text, ''), coalesce(i.role, ''), coalesce(i.account::text, ''), i.email,
	coalesce(i.invited_by::text, ''), i.created_at, i.expires_at, i.uses`

func invitationFields(i *lyceum.Invitation) []any {
	return []any{&i.ID, &i.Project, &i.Role, &i.Account, &i.Email, &i.By, &i.Created, &i.Expires, &i.Uses}
}

const invitationViewQuery = `
	SELECT ` + invitationColumns + `, coalesce(p.name, ''), coalesce(b.name, ''), coalesce(b.colour, 0), coalesce(a.name, ''), coalesce(a.colour, 0)
	FROM invitations i
	LEFT JOIN projects p ON p.id = i.project LEFT JOIN accounts b ON b.id = i.invited_by LEFT JOIN accounts a ON a.id = i.account
	WHERE i.uses > 0 AND i.expires_at > now() AND p.deleted_at IS NULL AND `

func scanInvitation(row pgx.CollectableRow) (v InvitationView, err error) {
	err = row.Scan(append(invitationFields(&v.Invitation), &v.ProjectName, &v.Inviter.Name, &v.Inviter.Colour, &v.Invited.Name, &v.Invited.Colour)...)
	v.Inviter.ID, v.Invited.ID = v.By, v.Account
	return v, err
}

// CreateInvitation stores an invitation; of i, all but ID, By and Created count,
// and By is the act's account. hash is that of the link's secret, nil when the
// invitation is for an account and has no link. Conflict when the account is a
// member or has an open invitation already.
func (db *DB) CreateInvitation(ctx context.Context, act Act, i lyceum.Invitation, hash []byte) (lyceum.Invitation, error) {
	var made lyceum.Invitation
	err := db.write(ctx, "create invitation", func(tx pgx.Tx) error {
		if err := mayInvite(ctx, tx, i); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `
			INSERT INTO invitations AS i (id, project, role, account, email, hash, invited_by, expires_at, uses)
			VALUES ($1, $2, nullif($3, ''), $4, $5, $6, $7, $8, $9) RETURNING `+invitationColumns,
			lyceum.NewID[lyceum.InvitationID](), nullID(i.Project), i.Role, nullID(i.Account), i.Email, hash, nullID(act.Actor.Account), i.Expires, i.Uses).
			Scan(invitationFields(&made)...)
		if err != nil {
			return err
		}
		if i.Account != "" {
			if err := notify(ctx, tx, accountChanged(i.Account)); err != nil {
				return err
			}
		}
		return record(ctx, tx, act, "invitation.create", "invitation", string(made.ID),
			detail{"project": i.Project, "role": i.Role, "account": i.Account, "email": i.Email, "uses": i.Uses})
	})
	return made, err
}

// mayInvite holds the project and, for an account, looks whether it is a member,
// and clears an older invitation of it that nobody can use any more.
func mayInvite(ctx context.Context, tx pgx.Tx, i lyceum.Invitation) error {
	if i.Project == "" {
		return nil
	}
	if _, err := lockProject(ctx, tx, i.Project); err != nil || i.Account == "" {
		return err
	}
	var member bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM members WHERE project = $1 AND account = $2)`, i.Project, i.Account).Scan(&member)
	if err != nil {
		return err
	}
	if member {
		return &lyceum.Error{Kind: lyceum.Conflict, Field: "account", Message: "this person is a member already"}
	}
	_, err = tx.Exec(ctx, `DELETE FROM invitations WHERE project = $1 AND account = $2 AND (uses = 0 OR expires_at <= now())`, i.Project, i.Account)
	return err
}

// ListInvitations returns the open invitations to a project, or to the site
// when project is "", the newest first.
func (db *DB) ListInvitations(ctx context.Context, project lyceum.ProjectID) ([]InvitationView, error) {
	return db.invitations(ctx, `i.project IS NOT DISTINCT FROM $1::uuid ORDER BY i.created_at DESC, i.id`, nullID(project))
}

// ListInvitationsFor returns the open invitations of an account, the newest first.
func (db *DB) ListInvitationsFor(ctx context.Context, account lyceum.AccountID) ([]InvitationView, error) {
	return db.invitations(ctx, `i.account = $1 ORDER BY i.created_at DESC, i.id`, account)
}

// InvitationByHash returns the open invitation with the hash. NotFound when there
// is none: it is used up, expired, revoked, or its project is deleted.
func (db *DB) InvitationByHash(ctx context.Context, hash []byte) (InvitationView, error) {
	list, err := db.invitations(ctx, `i.hash = $1`, hash)
	if err == nil && len(list) == 0 {
		return InvitationView{}, noInvitation()
	}
	if err != nil {
		return InvitationView{}, err
	}
	return list[0], nil
}

func noInvitation() error {
	return lyceum.Errorf(lyceum.NotFound, "this invitation does not hold any more: ask for a new one")
}

func (db *DB) invitations(ctx context.Context, where string, arg any) ([]InvitationView, error) {
	var list []InvitationView
	err := db.read(ctx, "list invitations", func(q querier) error {
		rows, err := q.Query(ctx, invitationViewQuery+where, arg)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanInvitation)
		return err
	})
	return list, err
}

// RevokeInvitation removes an invitation to the project, or to the site when
// project is "". NotFound when there is none.
func (db *DB) RevokeInvitation(ctx context.Context, act Act, project lyceum.ProjectID, id lyceum.InvitationID) error {
	return db.dropInvitation(ctx, act, "invitation.revoke", id, `project IS NOT DISTINCT FROM $2::uuid`, nullID(project))
}

// DeclineInvitation removes an invitation that is for the account.
func (db *DB) DeclineInvitation(ctx context.Context, act Act, account lyceum.AccountID, id lyceum.InvitationID) error {
	return db.dropInvitation(ctx, act, "invitation.decline", id, `account = $2`, nullID(account))
}

func (db *DB) dropInvitation(ctx context.Context, act Act, verb string, id lyceum.InvitationID, where string, arg any) error {
	return db.write(ctx, verb, func(tx pgx.Tx) error {
		var i lyceum.Invitation
		err := tx.QueryRow(ctx, `DELETE FROM invitations i WHERE id = $1 AND `+where+` RETURNING `+invitationColumns, id, arg).Scan(invitationFields(&i)...)
		if err != nil {
			return notFound(err, "there is no such invitation")
		}
		if i.Account != "" {
			if err := notify(ctx, tx, accountChanged(i.Account)); err != nil {
				return err
			}
		}
		return record(ctx, tx, act, verb, "invitation", string(id), detail{"project": i.Project})
	})
}

// AcceptInvitation uses an invitation's link once for the act's account and
// returns the project it joined ("" for an invitation to the site, which only
// CreateAccount uses up: Invalid). A member with that role or a higher one uses
// up nothing. NotFound when it does not hold any more; Forbidden when it is for
// another person.
func (db *DB) AcceptInvitation(ctx context.Context, act Act, hash []byte) (lyceum.ProjectID, error) {
	var project lyceum.ProjectID
	err := db.write(ctx, "accept invitation", func(tx pgx.Tx) error {
		a, err := accountIn(ctx, tx, act.Actor.Account)
		if err != nil {
			return err
		}
		project, err = acceptInvitation(ctx, tx, act, hash, a)
		if err == nil && project == "" {
			return lyceum.Errorf(lyceum.Invalid, "this invitation is for people who have no account yet")
		}
		return err
	})
	return project, err
}

// AcceptInvitationByID accepts an invitation that is for the act's account.
func (db *DB) AcceptInvitationByID(ctx context.Context, act Act, id lyceum.InvitationID) (lyceum.ProjectID, error) {
	var project lyceum.ProjectID
	err := db.write(ctx, "accept invitation by id", func(tx pgx.Tx) error {
		i, err := lockInvitation(ctx, tx, `id = $1 AND account = $2`, id, act.Actor.Account)
		if err != nil {
			return err
		}
		project = i.Project
		return useInvitation(ctx, tx, act, i)
	})
	return project, err
}

func accountIn(ctx context.Context, tx pgx.Tx, id lyceum.AccountID) (lyceum.Account, error) {
	var a lyceum.Account
	err := tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.id = $1`, nullID(id)).Scan(accountFields(&a)...)
	return a, noAccount(err)
}

func acceptInvitation(ctx context.Context, tx pgx.Tx, act Act, hash []byte, a lyceum.Account) (lyceum.ProjectID, error) {
	i, err := lockInvitation(ctx, tx, `hash = $1`, hash)
	if err != nil {
		return "", err
	}
	if (i.Account != "" && i.Account != a.ID) || (i.Email != "" && emailKey(i.Email) != emailKey(a.Email)) {
		return "", lyceum.Errorf(lyceum.Forbidden, "this invitation is for another person")
	}
	return i.Project, useInvitation(ctx, tx, act, i)
}

// lockInvitation returns an invitation that holds, and keeps others from using
// it until tx ends. The project comes first, as everywhere, so that no two
// transactions wait for each other.
func lockInvitation(ctx context.Context, tx pgx.Tx, where string, args ...any) (lyceum.Invitation, error) {
	var i lyceum.Invitation
	var project *string
	err := tx.QueryRow(ctx, `SELECT project::text FROM invitations WHERE `+where, args...).Scan(&project)
	if err != nil {
		return i, invitationGone(err)
	}
	if project != nil {
		p, err := lockProject(ctx, tx, lyceum.ProjectID(*project))
		if err != nil {
			return i, err
		}
		if !p.Deleted.IsZero() {
			return i, noInvitation()
		}
	}
	err = tx.QueryRow(ctx, `SELECT `+invitationColumns+` FROM invitations i WHERE `+where+` AND uses > 0 AND expires_at > now() FOR UPDATE`, args...).
		Scan(invitationFields(&i)...)
	return i, invitationGone(err)
}

func invitationGone(err error) error {
	if lyceum.IsKind(notFound(err, ""), lyceum.NotFound) {
		return noInvitation()
	}
	return err
}

// useInvitation joins the act's account to the invitation's project and counts the use.
func useInvitation(ctx context.Context, tx pgx.Tx, act Act, i lyceum.Invitation) error {
	account := act.Actor.Account
	if i.Project != "" {
		joined, err := join(ctx, tx, i.Project, account, i.Role)
		if err != nil {
			return err
		}
		if joined {
			if err := notify(ctx, tx, membersChanged(i.Project, account), projectChanged(i.Project)); err != nil {
				return err
			}
		} else if i.Account == "" {
			return nil // a member already: the link is not used up
		}
	}
	var err error
	if i.Account != "" {
		_, err = tx.Exec(ctx, `DELETE FROM invitations WHERE id = $1`, i.ID)
	} else {
		_, err = tx.Exec(ctx, `UPDATE invitations SET uses = uses - 1 WHERE id = $1`, i.ID)
	}
	if err != nil {
		return err
	}
	if i.Account != "" {
		if err := notify(ctx, tx, accountChanged(account)); err != nil {
			return err
		}
	}
	return record(ctx, tx, act, "invitation.accept", "invitation", string(i.ID), detail{"project": i.Project, "role": i.Role})
}

// join makes the account a member with at least the role and reports whether
// that changed anything.
func join(ctx context.Context, tx pgx.Tx, id lyceum.ProjectID, account lyceum.AccountID, role lyceum.Role) (bool, error) {
	var before lyceum.Role
	err := tx.QueryRow(ctx, `SELECT role FROM members WHERE project = $1 AND account = $2`, id, account).Scan(&before)
	if err = notFound(err, "none"); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
		return false, err
	}
	if before != "" && before.AtLeast(role) {
		return false, nil
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO members (project, account, role) VALUES ($1, $2, $3)
		ON CONFLICT (project, account) DO UPDATE SET role = excluded.role`, id, account, role)
	return true, err
}
