package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// Right is what an open socket rests on: an account's sign-in, and (unless
// Project is "") its role in a project.
type Right struct {
	Account lyceum.AccountID
	Session lyceum.SessionID // or "" when Token is set
	Token   lyceum.TokenID
	Project lyceum.ProjectID
	Role    lyceum.Role // as it was when the socket was opened
}

// LostRights returns the indexes, rising, of those rights that do not hold any
// more: the account is suspended or gone, the session or token is revoked or
// expired, the project is deleted, or the role in it is another one. It is the
// re-check for notifications that were lost, in one query for all open sockets.
func (db *DB) LostRights(ctx context.Context, rights []Right) ([]int, error) {
	n := len(rights)
	accounts, sessions, tokens := make([]string, n), make([]*string, n), make([]*string, n)
	projects, roles := make([]*string, n), make([]string, n)
	for i, r := range rights {
		accounts[i], sessions[i], tokens[i] = string(r.Account), nullID(r.Session), nullID(r.Token)
		projects[i], roles[i] = nullID(r.Project), string(r.Role)
	}
	var lost []int
	err := db.read(ctx, "check rights", func(q querier) error {
		rows, err := q.Query(ctx, `
			SELECT r.place::int - 1
			FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[]) WITH ORDINALITY AS r(account, session, token, project, role, place)
			LEFT JOIN accounts a ON a.id = r.account AND a.suspended_at IS NULL
			LEFT JOIN sessions s ON s.id = r.session AND s.account = r.account AND s.expires_at > now()
			LEFT JOIN api_tokens t ON t.id = r.token AND t.account = r.account AND t.expires_at > now()
			LEFT JOIN projects p ON p.id = r.project AND p.deleted_at IS NULL
			LEFT JOIN members m ON m.project = p.id AND m.account = r.account
			WHERE a.id IS NULL OR (s.id IS NULL AND t.id IS NULL)
				OR (r.project IS NOT NULL AND (p.id IS NULL OR coalesce(m.role, '') <> r.role))
			ORDER BY r.place`, accounts, sessions, tokens, projects, roles)
		if err != nil {
			return err
		}
		lost, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	return lost, err
}
