package postgres

import (
	"context"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// ListFilter says which of an account's projects are listed.
type ListFilter string

// The filters of ListProjects.
const (
	FilterAll     ListFilter = "all" // those that are not deleted
	FilterStarred ListFilter = "starred"
	FilterDeleted ListFilter = "deleted"
)

// ProjectQuery is what ListProjects and ListAllProjects look for.
type ProjectQuery struct {
	Text   string       // in name or description, in any case of letters; "" for all
	Filter ListFilter   // of ListProjects; "" is FilterAll
	Phase  lyceum.Phase // of ListAllProjects; "" for all
	Cursor string
	Limit  int // default 50, at most 200
}

// projectKey is the place of a project in a list: starred first, then the last
// edited first.
type projectKey struct {
	Starred int32
	Edited  time.Time
	ID      lyceum.ProjectID
}

// matchText holds projects (alias p) against a pattern of contains in $2.
const matchText = `($2 = '' OR p.name ILIKE $2 OR p.description ILIKE $2)`

// ListProjects returns one page of the projects that the account is a member
// of, starred ones first and then the last edited first; the cursor of the next
// page ("" after the last); and how many there are in all pages.
func (db *DB) ListProjects(ctx context.Context, account lyceum.AccountID, pq ProjectQuery) ([]ProjectView, string, int, error) {
	var key projectKey
	more, err := readCursor(pq.Cursor, &key)
	if err != nil {
		return nil, "", 0, err
	}
	limit := pageSize(pq.Limit)
	where := matchText
	switch pq.Filter {
	case FilterAll, "":
		where += ` AND p.deleted_at IS NULL`
	case FilterStarred:
		where += ` AND p.deleted_at IS NULL AND EXISTS (SELECT 1 FROM stars s WHERE s.project = m.project AND s.account = m.account)`
	case FilterDeleted:
		where += ` AND p.deleted_at IS NOT NULL`
	default:
		return nil, "", 0, lyceum.Invalidf("filter", "the filter is one of all, starred, deleted")
	}
	var list []ProjectView
	var total int
	err = db.read(ctx, "list projects", func(q querier) error {
		// What sorts and counts is narrow; only the page itself is read whole.
		rows, err := q.Query(ctx, `
			WITH mine AS MATERIALIZED (
				SELECT p.id, m.role, p.last_edited_at AS edited, (p.id = ANY(ARRAY(SELECT s.project FROM stars s WHERE s.account = $1)))::int AS star
				FROM members m JOIN projects p ON p.id = m.project
				WHERE m.account = $1 AND `+where+`),
			page AS (
				SELECT * FROM mine
				WHERE NOT $3 OR star < $4 OR (star = $4 AND (edited < $5 OR (edited = $5 AND id > $6::uuid)))
				ORDER BY star DESC, edited DESC, id LIMIT $7)
			SELECT `+projectColumns+`, page.role, page.star = 1, (SELECT count(*) FROM mine)
			FROM page JOIN projects p ON p.id = page.id ORDER BY page.star DESC, page.edited DESC, page.id`,
			account, contains(pq.Text), more, key.Starred, key.Edited, nullID(key.ID), limit+1)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v ProjectView, err error) {
			return v, row.Scan(append(viewFields(&v), &total)...)
		})
		if err != nil {
			return err
		}
		if len(list) == 0 && more { // beyond the end no row tells the number of all
			return q.QueryRow(ctx, `SELECT count(*) FROM members m JOIN projects p ON p.id = m.project WHERE m.account = $1 AND `+where, account, contains(pq.Text)).Scan(&total)
		}
		return nil
	})
	if err != nil || len(list) <= limit {
		return list, "", total, err
	}
	list = list[:limit]
	return list, cursorAfter(list[limit-1]), total, nil
}

// Crews returns who is in the projects. One that is not there has an empty Crew.
func (db *DB) Crews(ctx context.Context, ids []lyceum.ProjectID) (map[lyceum.ProjectID]Crew, error) {
	all := make(map[lyceum.ProjectID]Crew, len(ids))
	for _, id := range ids {
		all[id] = Crew{People: []Person{}}
	}
	err := db.read(ctx, "list crews", func(q querier) error {
		rows, err := q.Query(ctx, `
			SELECT project, id, name, colour, members FROM (
				SELECT o.project, a.id, a.name, a.colour, count(*) OVER (PARTITION BY o.project) AS members,
					row_number() OVER (PARTITION BY o.project ORDER BY `+roleOrder+`, lower(a.name), a.id) AS place
				FROM members o JOIN accounts a ON a.id = o.account WHERE o.project = ANY($1::uuid[])) f
			WHERE place <= 5 ORDER BY project, place`, ids)
		if err != nil {
			return err
		}
		found := make(map[lyceum.ProjectID]Crew, len(ids)) // anew when the reading is tried again
		var id lyceum.ProjectID
		var who Person
		var members int
		_, err = pgx.ForEachRow(rows, []any{&id, &who.ID, &who.Name, &who.Colour, &members}, func() error {
			found[id] = Crew{append(found[id].People, who), members}
			return nil
		})
		maps.Copy(all, found)
		return err
	})
	return all, err
}

func cursorAfter(v ProjectView) string {
	key := projectKey{Edited: v.LastEdited, ID: v.ID}
	if v.Starred {
		key.Starred = 1
	}
	return makeCursor(key)
}

func collectViews(rows pgx.Rows) ([]ProjectView, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (v ProjectView, err error) {
		return v, row.Scan(append(viewFields(&v), &v.People, &v.Members)...)
	})
}

// peopleColumns are the first five members as JSON, owners first, and how many
// members there are, of the project p.
const peopleColumns = `
	(SELECT coalesce(json_agg(json_build_object('ID', f.id, 'Name', f.name, 'Colour', f.colour)), '[]')
	 FROM (SELECT a.id, a.name, a.colour FROM members o JOIN accounts a ON a.id = o.account WHERE o.project = p.id
	       ORDER BY ` + roleOrder + `, lower(a.name), a.id LIMIT 5) f),
	(SELECT count(*) FROM members c WHERE c.project = p.id)`

// ListAllProjects is the administrator's list: every project, deleted ones too,
// the last edited first. Role and Starred are empty; owners come first in People.
func (db *DB) ListAllProjects(ctx context.Context, pq ProjectQuery) ([]ProjectView, string, int, error) {
	var key projectKey
	more, err := readCursor(pq.Cursor, &key)
	if err != nil {
		return nil, "", 0, err
	}
	limit := pageSize(pq.Limit)
	const where = ` FROM projects p WHERE ($1 = '' OR p.phase = $1) AND ` + matchText
	var list []ProjectView
	var total int
	err = db.read(ctx, "list all projects", func(q querier) error {
		if err := q.QueryRow(ctx, `SELECT count(*)`+where, pq.Phase, contains(pq.Text)).Scan(&total); err != nil {
			return err
		}
		rows, err := q.Query(ctx, `
			WITH page AS (
				SELECT p.id, p.last_edited_at AS edited`+where+`
				AND (NOT $3 OR p.last_edited_at < $4 OR (p.last_edited_at = $4 AND p.id > $5::uuid))
				ORDER BY edited DESC, p.id LIMIT $6)
			SELECT `+projectColumns+`, '', false, `+peopleColumns+`
			FROM page JOIN projects p ON p.id = page.id ORDER BY page.edited DESC, p.id`,
			pq.Phase, contains(pq.Text), more, key.Edited, nullID(key.ID), limit+1)
		if err != nil {
			return err
		}
		list, err = collectViews(rows)
		return err
	})
	if err != nil || len(list) <= limit {
		return list, "", total, err
	}
	list = list[:limit]
	return list, cursorAfter(list[limit-1]), total, nil
}
