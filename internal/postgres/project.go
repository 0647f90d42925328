package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// NewProject is what CreateProject needs. The caller checked the fields.
type NewProject struct {
	Name        string
	Description string
	Source      compute.Source
}

// ProjectChange names what to change; nil fields stay.
type ProjectChange struct {
	Name        *string
	Description *string
	Slug        *string // "" removes it
}

// ProjectView is a project as one account sees it.
type ProjectView struct {
	lyceum.Project
	Role    lyceum.Role // of the account; "" when it is no member
	Starred bool        // by the account
	People  []Person    // the first five members, owners first
	Members int         // how many there are
}

const projectColumns = `p.id, p.name, p.description, coalesce(p.slug, ''), p.created_at, p.last_edited_at, p.deleted_at,
	p.wanted, p.phase, p.step, p.reason, p.phase_since, p.idle_at`

func projectFields(p *lyceum.Project) []any {
	return []any{&p.ID, &p.Name, &p.Description, &p.Slug, &p.Created, &p.LastEdited, maybe(&p.Deleted),
		&p.Wanted, &p.State.Phase, &p.State.Step, &p.State.Reason, &p.State.Since, maybe(&p.State.IdleAt)}
}

// peopleColumns are the first five members as JSON, owners first, and how many
// members there are, of the project p.
const peopleColumns = `
	(SELECT coalesce(json_agg(json_build_object('ID', f.id, 'Name', f.name, 'Colour', f.colour)), '[]')
	 FROM (SELECT a.id, a.name, a.colour FROM members o JOIN accounts a ON a.id = o.account WHERE o.project = p.id
	       ORDER BY ` + roleOrder + `, lower(a.name), a.id LIMIT 5) f),
	(SELECT count(*) FROM members c WHERE c.project = p.id)`

// roleOrder sorts members (alias o) with owners first.
const roleOrder = `array_position(ARRAY['owner', 'editor', 'viewer'], o.role)`

func viewFields(v *ProjectView) []any {
	return append(projectFields(&v.Project), &v.Role, &v.Starred, &v.People, &v.Members)
}

// CreateProject makes a stopped project that is owned by the act's account.
func (db *DB) CreateProject(ctx context.Context, act Act, n NewProject) (lyceum.Project, error) {
	var p lyceum.Project
	err := db.write(ctx, "create project", func(tx pgx.Tx) error {
		source, err := json.Marshal(storedSource{n.Source.GitURL, n.Source.Copy})
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `
			INSERT INTO projects AS p (id, name, description, source) VALUES ($1, $2, $3, $4) RETURNING `+projectColumns,
			lyceum.NewID[lyceum.ProjectID](), n.Name, n.Description, string(source)).Scan(projectFields(&p)...)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO members (project, account, role) VALUES ($1, $2, 'owner')`, p.ID, act.Actor.Account)
		if err != nil {
			return err
		}
		if err := notify(ctx, tx, projectChanged(p.ID)); err != nil {
			return err
		}
		return record(ctx, tx, act, "project.create", "project", string(p.ID), detail{"name": p.Name, "copy": n.Source.Copy})
	})
	return p, err
}

// storedSource is compute.Source as it lies in the table.
type storedSource struct {
	Git  string           `json:"git,omitempty"`
	Copy lyceum.ProjectID `json:"copy,omitempty"`
}

// ProjectFor returns a project, deleted ones too, as the account sees it. A
// project without that member is returned with Role "": lyceum.Check decides what
// to answer. NotFound when there is none.
func (db *DB) ProjectFor(ctx context.Context, id lyceum.ProjectID, account lyceum.AccountID) (ProjectView, error) {
	var v ProjectView
	err := db.read(ctx, "read project", func(q querier) (err error) {
		v, err = projectFor(ctx, q, id, account)
		return err
	})
	return v, err
}

func projectFor(ctx context.Context, q querier, id lyceum.ProjectID, account lyceum.AccountID) (ProjectView, error) {
	var v ProjectView
	err := q.QueryRow(ctx, `
		SELECT `+projectColumns+`, coalesce(m.role, ''), s.account IS NOT NULL, `+peopleColumns+`
		FROM projects p
		LEFT JOIN members m ON m.project = p.id AND m.account = $2
		LEFT JOIN stars s ON s.project = p.id AND s.account = $2
		WHERE p.id = $1`, id, nullID(account)).Scan(viewFields(&v)...)
	return v, noProject(err)
}

// RoleIn is the short form of ProjectFor for each proxied request: the account's
// role ("" for none) and whether the project is deleted. NotFound when there is none.
func (db *DB) RoleIn(ctx context.Context, id lyceum.ProjectID, account lyceum.AccountID) (role lyceum.Role, deleted bool, err error) {
	err = db.read(ctx, "read role", func(q querier) error {
		return noProject(q.QueryRow(ctx, `
			SELECT coalesce(m.role, ''), p.deleted_at IS NOT NULL
			FROM projects p LEFT JOIN members m ON m.project = p.id AND m.account = $2
			WHERE p.id = $1`, id, nullID(account)).Scan(&role, &deleted))
	})
	return role, deleted, err
}

// ResolveSlug returns the project that has the slug, or had it last.
func (db *DB) ResolveSlug(ctx context.Context, slug string) (lyceum.ProjectID, error) {
	var id lyceum.ProjectID
	err := db.read(ctx, "resolve slug", func(q querier) error {
		return noProject(q.QueryRow(ctx, `
			SELECT id FROM (
				SELECT id, 0 AS place FROM projects WHERE slug = $1
				UNION ALL SELECT project, 1 FROM project_slugs WHERE slug = $1) found
			ORDER BY place LIMIT 1`, slug).Scan(&id))
	})
	return id, err
}

// UpdateProject changes a project and returns it as it is then. Conflict with
// Field "slug" when another project has the slug; one that another project
// only had once is taken over from it.
func (db *DB) UpdateProject(ctx context.Context, act Act, id lyceum.ProjectID, c ProjectChange) (lyceum.Project, error) {
	var p lyceum.Project
	err := db.write(ctx, "change project", func(tx pgx.Tx) error {
		if c.Slug != nil {
			// Two projects that take each other's slug would wait for each other.
			if err := lockDuty(ctx, tx, dutySlugs); err != nil {
				return err
			}
		}
		var name, slug string // as they were
		err := tx.QueryRow(ctx, `
			UPDATE projects p SET name = coalesce($2, p.name), description = coalesce($3, p.description),
				slug = CASE WHEN $4::text IS NULL THEN p.slug ELSE nullif($4, '') END
			FROM (SELECT id, name, coalesce(slug, '') AS slug FROM projects WHERE id = $1 FOR NO KEY UPDATE) b
			WHERE p.id = b.id RETURNING `+projectColumns+`, b.name, b.slug`, id, c.Name, c.Description, c.Slug).Scan(append(projectFields(&p), &name, &slug)...)
		if err != nil {
			return noProject(err)
		}
		if p.Slug != slug {
			if err := moveSlug(ctx, tx, id, slug, p.Slug); err != nil {
				return err
			}
		}
		d := detail{}
		if p.Name != name {
			d["name"] = []string{name, p.Name}
		}
		if p.Slug != slug {
			d["slug"] = []string{slug, p.Slug}
		}
		return finish(ctx, tx, act, "project.change", "project", string(id), d, projectChanged(id))
	})
	return p, err
}

// moveSlug remembers the old slug and takes the new one out of others' memory.
func moveSlug(ctx context.Context, tx pgx.Tx, id lyceum.ProjectID, old, now string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM project_slugs WHERE slug = $1`, now); err != nil || old == "" {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO project_slugs (slug, project) VALUES ($1, $2)
		ON CONFLICT (slug) DO UPDATE SET project = excluded.project`, old, id)
	return err
}

// lockProject returns a project and holds its row until tx ends: changes of its
// fields and of its members go one after the other.
func lockProject(ctx context.Context, tx pgx.Tx, id lyceum.ProjectID) (lyceum.Project, error) {
	var p lyceum.Project
	err := tx.QueryRow(ctx, `SELECT `+projectColumns+` FROM projects p WHERE p.id = $1 FOR NO KEY UPDATE`, id).Scan(projectFields(&p)...)
	return p, noProject(err)
}

// DeleteProject marks a project deleted and wanted stopped. It can be restored
// until Purge. Conflict when it is deleted already.
func (db *DB) DeleteProject(ctx context.Context, act Act, id lyceum.ProjectID) error {
	return db.write(ctx, "delete project", func(tx pgx.Tx) error {
		p, err := lockProject(ctx, tx, id)
		if err != nil {
			return err
		}
		if !p.Deleted.IsZero() {
			return lyceum.Errorf(lyceum.Conflict, "this project is deleted already")
		}
		_, err = tx.Exec(ctx, `UPDATE projects SET deleted_at = now(), wanted = 'stopped', restart = false, idle_at = NULL WHERE id = $1`, id)
		if err != nil {
			return err
		}
		// MembersChanged: all lose what a deleted project does not allow.
		if err := notify(ctx, tx, projectChanged(id), membersChanged(id, ""), workToDo(id)); err != nil {
			return err
		}
		return record(ctx, tx, act, "project.delete", "project", string(id), detail{"name": p.Name})
	})
}

// RestoreProject takes a deletion back. Conflict when it is not deleted, or its
// grace time is over and it may be being removed.
func (db *DB) RestoreProject(ctx context.Context, act Act, id lyceum.ProjectID) error {
	return db.write(ctx, "restore project", func(tx pgx.Tx) error {
		p, err := lockProject(ctx, tx, id)
		if err != nil {
			return err
		}
		if p.Deleted.IsZero() {
			return lyceum.Errorf(lyceum.Conflict, "this project is not deleted")
		}
		settings, err := readSettings(ctx, tx)
		if err != nil {
			return err
		}
		if time.Since(p.Deleted) > settings.DeleteGrace {
			return lyceum.Errorf(lyceum.Conflict, "the time in which this project could be restored is over")
		}
		if _, err := tx.Exec(ctx, `UPDATE projects SET deleted_at = NULL WHERE id = $1`, id); err != nil {
			return err
		}
		if err := notify(ctx, tx, projectChanged(id), membersChanged(id, "")); err != nil {
			return err
		}
		return record(ctx, tx, act, "project.restore", "project", string(id), nil)
	})
}
