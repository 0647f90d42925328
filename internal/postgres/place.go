package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// Place is what a project is to one account.
type Place struct {
	Project lyceum.ProjectID
	Role    lyceum.Role
	Starred bool
}

// Placed is a project in an account's list. The project is shared: it is not changed.
type Placed struct {
	Project *lyceum.Project
	Role    lyceum.Role
	Starred bool
}

// View is the project as the account sees it, without its Crew.
func (p Placed) View() ProjectView {
	return ProjectView{Project: *p.Project, Role: p.Role, Starred: p.Starred}
}

// Places returns the projects, deleted ones too, that the account is a member of; at
// most as many as are asked for, in no order.
func (db *DB) Places(ctx context.Context, account lyceum.AccountID, most int) ([]Place, error) {
	var list []Place
	err := db.read(ctx, "list places", func(q querier) error {
		rows, err := q.Query(ctx, `
			SELECT m.project, m.role, s.account IS NOT NULL
			FROM members m LEFT JOIN stars s ON s.account = m.account AND s.project = m.project
			WHERE m.account = $1 LIMIT $2`, account, most)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Place])
		return err
	})
	return list, err
}

// Projects returns the projects with these identifiers, in no order. One that is not
// there is left out.
func (db *DB) Projects(ctx context.Context, ids []lyceum.ProjectID) ([]*lyceum.Project, error) {
	var list []*lyceum.Project
	err := db.read(ctx, "read projects", func(q querier) error {
		rows, err := q.Query(ctx, `SELECT `+projectColumns+` FROM projects p WHERE p.id = ANY($1::uuid[])`, ids)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*lyceum.Project, error) {
			p := new(lyceum.Project)
			return p, row.Scan(projectFields(p)...)
		})
		return err
	})
	return list, err
}

// PageOf is ListProjects for one who has all projects of the account at hand: it sorts
// list and answers the same, with the same cursors. It does not look for a Text.
func PageOf(list []Placed, pq ProjectQuery) ([]ProjectView, string, int, error) {
	var key projectKey
	more, err := readCursor(pq.Cursor, &key)
	if err != nil {
		return nil, "", 0, err
	}
	list = slices.DeleteFunc(list, func(p Placed) bool {
		return p.Project.Deleted.IsZero() == (pq.Filter == FilterDeleted) || pq.Filter == FilterStarred && !p.Starred
	})
	slices.SortFunc(list, comparePlaced)
	total := len(list)
	if more {
		after := Placed{Project: &lyceum.Project{ID: key.ID, LastEdited: key.Edited}, Starred: key.Starred == 1}
		n, found := slices.BinarySearchFunc(list, after, comparePlaced)
		if found {
			n++
		}
		list = list[n:]
	}
	limit := pageSize(pq.Limit)
	page := make([]ProjectView, 0, min(len(list), limit))
	for _, p := range list[:min(len(list), limit)] {
		page = append(page, p.View())
	}
	if len(list) <= limit {
		return page, "", total, nil
	}
	return page, cursorAfter(page[limit-1]), total, nil
}

// comparePlaced is the order of a list: starred first, then the last edited first.
func comparePlaced(a, b Placed) int {
	if a.Starred != b.Starred {
		if a.Starred {
			return -1
		}
		return 1
	}
	if c := b.Project.LastEdited.Compare(a.Project.LastEdited); c != 0 {
		return c
	}
	return strings.Compare(string(a.Project.ID), string(b.Project.ID))
}
