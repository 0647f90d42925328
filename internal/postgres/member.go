package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// ListMembers returns the members of a project, owners first, then by name. It
// returns no error and no members when there is no such project.
func (db *DB) ListMembers(ctx context.Context, id lyceum.ProjectID) ([]lyceum.Member, error) {
	var list []lyceum.Member
	err := db.read(ctx, "list members", func(q querier) error {
		rows, err := q.Query(ctx, `
			SELECT `+accountColumns+`, o.role, o.created_at
			FROM members o JOIN accounts a ON a.id = o.account
			WHERE o.project = $1 ORDER BY `+roleOrder+`, lower(a.name), a.id`, id)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m lyceum.Member, err error) {
			return m, row.Scan(append(accountFields(&m.Account), &m.Role, &m.Since)...)
		})
		return err
	})
	return list, err
}

// MemberIDs returns the accounts of the projects' members, to know whom an event
// concerns. A project without members is not in the map.
func (db *DB) MemberIDs(ctx context.Context, ids []lyceum.ProjectID) (map[lyceum.ProjectID][]lyceum.AccountID, error) {
	var all map[lyceum.ProjectID][]lyceum.AccountID
	err := db.read(ctx, "list member ids", func(q querier) error {
		rows, err := q.Query(ctx, `SELECT project, account FROM members WHERE project = ANY($1::uuid[])`, ids)
		if err != nil {
			return err
		}
		all = make(map[lyceum.ProjectID][]lyceum.AccountID, len(ids))
		var id lyceum.ProjectID
		var who lyceum.AccountID
		_, err = pgx.ForEachRow(rows, []any{&id, &who}, func() error {
			all[id] = append(all[id], who)
			return nil
		})
		return err
	})
	return all, err
}

// SetRole gives a member another role. NotFound when the account is no member
// (people join by invitation only); Conflict when it is the last owner.
func (db *DB) SetRole(ctx context.Context, act Act, id lyceum.ProjectID, account lyceum.AccountID, role lyceum.Role) error {
	return db.write(ctx, "set role", func(tx pgx.Tx) error {
		before, err := lockMember(ctx, tx, id, account)
		if err != nil || before == role {
			return err
		}
		if before == lyceum.Owner {
			if err := needOtherOwner(ctx, tx, id, account); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE members SET role = $3 WHERE project = $1 AND account = $2`, id, account, role); err != nil {
			return err
		}
		return memberEvent(ctx, tx, act, "member.role", id, account, detail{"from": before, "to": role})
	})
}

// RemoveMember takes an account out of a project, by an owner or (act's account
// is the same) by itself. NotFound when it is no member; Conflict when it is the
// last owner.
func (db *DB) RemoveMember(ctx context.Context, act Act, id lyceum.ProjectID, account lyceum.AccountID) error {
	return db.write(ctx, "remove member", func(tx pgx.Tx) error {
		role, err := lockMember(ctx, tx, id, account)
		if err != nil {
			return err
		}
		if role == lyceum.Owner {
			if err := needOtherOwner(ctx, tx, id, account); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `
			WITH star AS (DELETE FROM stars WHERE project = $1 AND account = $2),
			     arranged AS (DELETE FROM layouts WHERE project = $1 AND account = $2)
			DELETE FROM members WHERE project = $1 AND account = $2`, id, account)
		if err != nil {
			return err
		}
		verb := "member.remove"
		if act.Actor.Account == account {
			verb = "member.leave"
		}
		return memberEvent(ctx, tx, act, verb, id, account, detail{"role": role})
	})
}

// lockMember holds the project's row, so that changes of its members go one
// after the other, and returns the account's role.
func lockMember(ctx context.Context, tx pgx.Tx, id lyceum.ProjectID, account lyceum.AccountID) (lyceum.Role, error) {
	if _, err := lockProject(ctx, tx, id); err != nil {
		return "", err
	}
	var role lyceum.Role
	err := tx.QueryRow(ctx, `SELECT role FROM members WHERE project = $1 AND account = $2`, id, account).Scan(&role)
	return role, notFound(err, "this person is not a member of the project")
}

func needOtherOwner(ctx context.Context, tx pgx.Tx, id lyceum.ProjectID, account lyceum.AccountID) error {
	var other bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM members WHERE project = $1 AND role = 'owner' AND account <> $2)`, id, account).Scan(&other)
	if err == nil && !other {
		return lyceum.Errorf(lyceum.Conflict, "a project needs an owner: make another member owner first")
	}
	return err
}

func memberEvent(ctx context.Context, tx pgx.Tx, act Act, verb string, id lyceum.ProjectID, account lyceum.AccountID, d detail) error {
	if err := notify(ctx, tx, membersChanged(id, account)); err != nil {
		return err
	}
	d["account"] = account
	return record(ctx, tx, act, verb, "project", string(id), d)
}
