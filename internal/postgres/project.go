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

// ProjectView is a project as one account sees it. Its Crew is filled by
// ListAllProjects only; see Crews.
type ProjectView struct {
	lyceum.Project
	Role    lyceum.Role // of the account; "" when it is no member
	Starred bool        // by the account
	Crew
}

// Crew is who is in a project.
type Crew struct {
	People  []Person // the first five members, owners first
	Members int      // how many there are
}

const projectColumns = `p.id, p.name, p.description, coalesce(p.slug, ''), p.created_at, p.last_edited_at, p.deleted_at,
	p.wanted, p.phase, p.step, p.reason, p.phase_since, p.idle_at`

func projectFields(p *lyceum.Project) []any {
	return []any{&p.ID, &p.Name, &p.Description, &p.Slug, &p.Created, &p.LastEdited, maybe(&p.Deleted),
		&p.Wanted, &p.State.Phase, &p.State.Step, &p.State.Reason, &p.State.Since, maybe(&p.State.IdleAt)}
}

// roleOrder sorts members (alias o) with owners first.
const roleOrder = `array_position(ARRAY['owner', 'editor', 'viewer'], o.role)`

func viewFields(v *ProjectView) []any { return append(projectFields(&v.Project), &v.Role, &v.Starred) }

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
		if err := notify(ctx, tx, membersChanged(p.ID, act.Actor.Account)); err != nil {
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
		SELECT `+projectColumns+`, coalesce(m.role, ''), s.account IS NOT NULL
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

// UpdateProject changes a project and returns it as the act's account sees it
// then. Conflict with Field "slug" when another project has the slug; one that
// another project only had once is taken over from it.
func (db *DB) UpdateProject(ctx context.Context, act Act, id lyceum.ProjectID, c ProjectChange) (ProjectView, error) {
	var v ProjectView
	if c.Slug == nil {
		d := &description{act: act, id: id, change: c}
		if err := db.describe(ctx, d); err != nil || d.written {
			return d.view, mapError(err, "change project")
		}
	}
	err := db.write(ctx, "change project", func(tx pgx.Tx) (err error) {
		d := detail{}
		if c.Slug != nil {
			if d, err = changeSlug(ctx, tx, id, *c.Slug); err != nil {
				return err
			}
		}
		v, err = describeProject(ctx, tx, act, id, c, d)
		return err
	})
	return v, err
}

// The change of describeProject: the name before is looked up only when it may be
// another then.
const (
	changeSQL = `UPDATE projects SET name = coalesce($2, projects.name), description = coalesce($3, projects.description)`

	descriptionSQL = `
		WITH p AS (` + changeSQL + ` WHERE id = $1 RETURNING projects.*, projects.name AS name_before)`
	renameSQL = `
		WITH old AS (SELECT id, name FROM projects WHERE id = $1 FOR NO KEY UPDATE),
		p AS (` + changeSQL + ` FROM old WHERE projects.id = old.id RETURNING projects.*, old.name AS name_before)`
)

// describeProject changes a project's name and description by itself: the change, its
// audit row, its notification and what is answered are one statement. d is what the
// audit row says beside the name.
func describeProject(ctx context.Context, tx pgx.Tx, act Act, id lyceum.ProjectID, c ProjectChange, d detail) (v ProjectView, err error) {
	payload, err := json.Marshal(projectChanged(id))
	if err != nil {
		return v, err
	}
	more, err := json.Marshal(d)
	if err != nil {
		return v, err
	}
	change := descriptionSQL
	if c.Name != nil {
		change = renameSQL
	}
	a := act.Actor
	err = tx.QueryRow(ctx, change+`,
		noted AS (
			INSERT INTO audit (account, session, token, verb, kind, object, detail, address, request)
			SELECT $4, $5, $6, 'project.change', 'project', p.id::text,
				$11::jsonb || CASE WHEN p.name = p.name_before THEN '{}' ELSE jsonb_build_object('name', jsonb_build_array(p.name_before, p.name)) END, $7, $8
			FROM p)
		SELECT `+projectColumns+`, coalesce(m.role, ''), s.account IS NOT NULL, pg_notify($9, $10)::text
		FROM p LEFT JOIN members m ON m.project = p.id AND m.account = $4
		LEFT JOIN stars s ON s.project = p.id AND s.account = $4`,
		id, c.Name, c.Description, nullID(a.Account), nullID(a.Session), nullID(a.Token), act.Address, act.Request, channel, string(payload), string(more)).Scan(append(viewFields(&v), nil)...)
	return v, noProject(err)
}

// changeSlug gives a project another slug, "" for none, and returns what the audit
// row says of it.
func changeSlug(ctx context.Context, tx pgx.Tx, id lyceum.ProjectID, slug string) (detail, error) {
	// Two projects that take each other's slug would wait for each other.
	if err := lockDuty(ctx, tx, dutySlugs); err != nil {
		return nil, err
	}
	var old string
	err := tx.QueryRow(ctx, `
		UPDATE projects p SET slug = nullif($2, '')
		FROM (SELECT id, coalesce(slug, '') AS slug FROM projects WHERE id = $1 FOR NO KEY UPDATE) b
		WHERE p.id = b.id RETURNING b.slug`, id, slug).Scan(&old)
	if err != nil {
		return nil, noProject(err)
	}
	if old == slug {
		return detail{}, nil
	}
	return detail{"slug": []string{old, slug}}, moveSlug(ctx, tx, id, old, slug)
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
