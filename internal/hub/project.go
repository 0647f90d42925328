package hub

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// maxLayout bounds what the browser app may store for a person in a project, in bytes.
const maxLayout = 64 << 10

func stateOf(p lyceum.Project) api.ProjectState {
	s := p.State
	return api.ProjectState{Phase: string(s.Phase), Wanted: string(p.Wanted), Step: s.Step, Reason: s.Reason, Since: s.Since, IdleAt: maybeTime(s.IdleAt)}
}

// projectOf is a project as the actor sees it. grace is for how long a deleted
// project can be restored.
func projectOf(v postgres.ProjectView, actor lyceum.Actor, grace time.Duration) api.Project {
	return projectWith(v, allowed(actor, objectIn(v)), grace)
}

// projectsOf is projectOf for many, most of which allow the actor the same.
func projectsOf(list []postgres.ProjectView, actor lyceum.Actor, grace time.Duration) []api.Project {
	known := map[lyceum.Object][]string{}
	return all(list, func(v postgres.ProjectView) api.Project {
		o := objectIn(v)
		kind := o
		if o.Project != actor.Only {
			kind.Project = "another" // all but that one are alike to lyceum.Can
		}
		can, ok := known[kind]
		if !ok {
			can = allowed(actor, o)
			known[kind] = can
		}
		return projectWith(v, can, grace)
	})
}

func objectIn(v postgres.ProjectView) lyceum.Object {
	return lyceum.Object{Project: v.ID, Role: v.Role, Deleted: !v.Deleted.IsZero()}
}

// allowed lists the verbs that the object allows the actor and the site does not.
func allowed(actor lyceum.Actor, object lyceum.Object) []string {
	list := []string{}
	for _, verb := range lyceum.Verbs() {
		if verb != lyceum.DoNothing && lyceum.Can(actor, verb, object) && !lyceum.Can(actor, verb, lyceum.Object{}) {
			list = append(list, string(verb))
		}
	}
	return list
}

func projectWith(v postgres.ProjectView, can []string, grace time.Duration) api.Project {
	p := api.Project{
		ID: string(v.ID), Name: v.Name, Description: v.Description, Slug: v.Slug, Role: string(v.Role), Starred: v.Starred,
		Created: v.Created, LastEdited: v.LastEdited, Deleted: maybeTime(v.Deleted), State: stateOf(v.Project),
		People: all(v.People, personOf), Members: v.Members, Can: can,
	}
	if !v.Deleted.IsZero() {
		p.Purged = maybeTime(v.Deleted.Add(grace))
	}
	return p
}

// project reads one project as the asker sees it now.
func (h *Hub) project(ctx context.Context, id lyceum.ProjectID) (*body[api.Project], error) {
	v, err := h.viewOf(ctx, id, grantOf(ctx).Account.ID)
	if err != nil {
		return nil, err
	}
	return h.show(ctx, v)
}

// show answers with a project that was read for the asker.
func (h *Hub) show(ctx context.Context, v postgres.ProjectView) (*body[api.Project], error) {
	settings, err := h.settings.get(ctx, h.DB)
	if err != nil {
		return nil, err
	}
	if v, err = h.crewed(ctx, v); err != nil {
		return nil, err
	}
	return reply(projectOf(v, grantOf(ctx).Actor, settings.DeleteGrace)), nil
}

// after answers a change of a project with the project as it is then.
func (h *Hub) after(ctx context.Context, err error) (*body[api.Project], error) {
	if err != nil {
		return nil, err
	}
	return h.project(ctx, grantOf(ctx).project)
}

func (h *Hub) listProjects(ctx context.Context, in *struct {
	ListInput
	Filter string `query:"filter" enum:"all,starred,deleted" default:"all" doc:"which of one's projects"`
}) (*body[api.Page[api.Project]], error) {
	g := grantOf(ctx)
	settings, err := h.settings.get(ctx, h.DB)
	if err != nil {
		return nil, err
	}
	if g.Actor.Only != "" {
		return h.listOnly(ctx, in.Filter, in.Query, settings.DeleteGrace)
	}
	list, next, total, err := h.pageOf(ctx, g.Account.ID, postgres.ProjectQuery{Text: in.Query, Filter: postgres.ListFilter(in.Filter), Cursor: in.Cursor, Limit: in.Limit})
	if err == nil {
		err = h.crews.fill(ctx, h.DB, list)
	}
	if err != nil {
		return nil, err
	}
	return reply(api.Page[api.Project]{Items: projectsOf(list, g.Actor, settings.DeleteGrace), Next: next, Total: total}), nil
}

// listOnly is the list for an API token that reaches one project.
func (h *Hub) listOnly(ctx context.Context, filter, text string, grace time.Duration) (*body[api.Page[api.Project]], error) {
	g := grantOf(ctx)
	page := api.Page[api.Project]{Items: []api.Project{}}
	v, err := h.DB.ProjectFor(ctx, g.Actor.Only, g.Account.ID)
	switch {
	case lyceum.IsKind(err, lyceum.NotFound):
		return reply(page), nil
	case err != nil:
		return nil, err
	case v.Role != "" && v.Deleted.IsZero() == (filter != "deleted") && (v.Starred || filter != "starred") &&
		strings.Contains(strings.ToLower(v.Name), strings.ToLower(text)):
		if v, err = h.crewed(ctx, v); err != nil {
			return nil, err
		}
		page.Items, page.Total = append(page.Items, projectOf(v, g.Actor, grace)), 1
	}
	return reply(page), nil
}

func (h *Hub) createProject(ctx context.Context, in *struct{ Body api.NewProject }) (*body[api.Project], error) {
	b := in.Body
	if err := checkProject(&b.Name, &b.Description); err != nil {
		return nil, err
	}
	source, err := h.source(ctx, b.Source)
	if err != nil {
		return nil, err
	}
	p, err := h.DB.CreateProject(ctx, act(ctx), postgres.NewProject{Name: b.Name, Description: b.Description, Source: source})
	if err != nil {
		return nil, err
	}
	return h.project(ctx, p.ID)
}

func checkProject(name, description *string) error {
	if name != nil {
		if err := lyceum.CheckName("name", *name, lyceum.MaxProjectName); err != nil {
			return err
		}
	}
	if description != nil {
		return lyceum.CheckText("description", *description, lyceum.MaxProjectDescription, true)
	}
	return nil
}

// source checks what a new project is filled from. Copying a project takes the
// right to read all of it.
func (h *Hub) source(ctx context.Context, s api.ProjectSource) (compute.Source, error) {
	switch s.Kind {
	case "git":
		if err := checkGitURL(s.URL); err != nil {
			return compute.Source{}, err
		}
		return compute.Source{GitURL: s.URL}, nil
	case "copy":
		g := grantOf(ctx)
		object, err := h.objectOf(ctx, g.Identity, s.Project)
		if err == nil {
			err = lyceum.Check(g.Actor, lyceum.CopyProject, object)
		}
		return compute.Source{Copy: object.Project}, err
	}
	return compute.Source{}, nil
}

// checkGitURL returns an error unless s is the address of a repository elsewhere:
// https, http, ssh or git, or the short form user@host:path of ssh. git would
// read a file's path from this machine, run a program for "ext::", and take a
// leading hyphen for an option; none of these passes. The clone runs inside the
// project, with the project's rights and network, so that private addresses are
// reached by it only as far as the project reaches them anyway.
func checkGitURL(s string) error {
	bad := lyceum.Invalidf("source.url", "give the https, http, ssh or git address of a repository")
	if lyceum.CheckText("source.url", s, 2000, false) != nil || s == "" || s[0] == '-' || strings.ContainsAny(s, " \\") {
		return bad
	}
	if !strings.Contains(s, "://") {
		user, rest, ok := strings.Cut(s, "@")
		host, path, colon := strings.Cut(rest, ":")
		if !ok || !colon || user == "" || host == "" || path == "" || strings.ContainsAny(user+host, "/:") || host[0] == '-' || strings.HasPrefix(path, ":") {
			return bad
		}
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Hostname()[0] == '-' || u.Path == "" || u.Path == "/" || u.Fragment != "" {
		return bad
	}
	switch u.Scheme {
	case "https", "http", "ssh", "git":
	default:
		return bad
	}
	if _, has := u.User.Password(); has {
		return lyceum.Invalidf("source.url", "leave the password out: it would be readable in the project; clone from a terminal instead")
	}
	if u.User != nil && strings.HasPrefix(u.User.Username(), "-") {
		return bad
	}
	return nil
}

func (h *Hub) getProject(ctx context.Context, _ *OfProject) (*body[api.Project], error) {
	return h.project(ctx, grantOf(ctx).project)
}

func (h *Hub) changeProject(ctx context.Context, in *struct {
	OfProject
	Body api.ProjectChange
}) (*body[api.Project], error) {
	c := in.Body
	if err := checkProject(c.Name, c.Description); err != nil {
		return nil, err
	}
	if c.Slug != nil && *c.Slug != "" {
		if err := lyceum.CheckSlug(*c.Slug); err != nil {
			return nil, err
		}
	}
	v, err := h.DB.UpdateProject(ctx, act(ctx), grantOf(ctx).project, postgres.ProjectChange{Name: c.Name, Description: c.Description, Slug: c.Slug})
	if err != nil {
		return nil, err
	}
	return h.show(ctx, v)
}

func (h *Hub) deleteProject(ctx context.Context, _ *OfProject) (*body[api.Project], error) {
	defer h.forgetMembers(grantOf(ctx).project)
	return h.after(ctx, h.DB.DeleteProject(ctx, act(ctx), grantOf(ctx).project))
}

func (h *Hub) restoreProject(ctx context.Context, _ *OfProject) (*body[api.Project], error) {
	defer h.forgetMembers(grantOf(ctx).project)
	return h.after(ctx, h.DB.RestoreProject(ctx, act(ctx), grantOf(ctx).project))
}

func (h *Hub) startProject(ctx context.Context, _ *OfProject) (*body[api.Project], error) {
	return h.after(ctx, h.DB.SetWanted(ctx, act(ctx), grantOf(ctx).project, lyceum.WantRunning))
}

func (h *Hub) stopProject(ctx context.Context, _ *OfProject) (*body[api.Project], error) {
	return h.after(ctx, h.DB.SetWanted(ctx, act(ctx), grantOf(ctx).project, lyceum.WantStopped))
}

func (h *Hub) restartProject(ctx context.Context, _ *OfProject) (*body[api.Project], error) {
	return h.after(ctx, h.DB.Restart(ctx, act(ctx), grantOf(ctx).project))
}

func (h *Hub) keepProjectRunning(ctx context.Context, _ *OfProject) (*body[api.Project], error) {
	return h.after(ctx, h.DB.Touch(ctx, grantOf(ctx).project, time.Now(), false))
}

func (h *Hub) starProject(ctx context.Context, _ *OfProject) (*done, error) {
	g := grantOf(ctx)
	return nil, h.DB.SetStar(ctx, g.Account.ID, g.project, true)
}

func (h *Hub) unstarProject(ctx context.Context, _ *OfProject) (*done, error) {
	g := grantOf(ctx)
	return nil, h.DB.SetStar(ctx, g.Account.ID, g.project, false)
}

func (h *Hub) getLayout(ctx context.Context, _ *OfProject) (*body[api.Layout], error) {
	g := grantOf(ctx)
	l, err := h.DB.Layout(ctx, g.Account.ID, g.project)
	if err != nil {
		return nil, err
	}
	out := api.Layout{Layout: map[string]any{}}
	if len(l.JSON) > 0 {
		err = json.Unmarshal(l.JSON, &out.Layout)
	}
	return reply(out), err
}

func (h *Hub) putLayout(ctx context.Context, in *struct {
	OfProject
	Body api.Layout
}) (*done, error) {
	g := grantOf(ctx)
	text, err := json.Marshal(in.Body.Layout)
	if err != nil {
		return nil, err
	}
	if err := checkObject("layout", text, maxLayout); err != nil {
		return nil, err
	}
	_, err = h.DB.SetLayout(ctx, g.Account.ID, g.project, text)
	return nil, err
}

func (h *Hub) listEnv(ctx context.Context, _ *OfProject) (*body[[]api.EnvVar], error) {
	list, err := h.DB.ListEnv(ctx, grantOf(ctx).project)
	return each(list, err, func(v postgres.EnvVar) api.EnvVar { return api.EnvVar{Name: v.Name, Changed: v.Changed} })
}

func (h *Hub) setEnv(ctx context.Context, in *struct {
	OfProject
	Name string `path:"name" maxLength:"200" doc:"the variable"`
	Body api.EnvValue
}) (*done, error) {
	if err := lyceum.CheckEnvVar(in.Name, in.Body.Value); err != nil {
		return nil, err
	}
	return nil, h.DB.SetEnv(ctx, act(ctx), grantOf(ctx).project, lyceum.EnvVar{Name: in.Name, Value: lyceum.Secret(in.Body.Value)})
}

func (h *Hub) deleteEnv(ctx context.Context, in *struct {
	OfProject
	Name string `path:"name" maxLength:"200" doc:"the variable"`
}) (*done, error) {
	return nil, h.DB.UnsetEnv(ctx, act(ctx), grantOf(ctx).project, in.Name)
}
