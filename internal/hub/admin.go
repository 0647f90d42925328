package hub

import (
	"context"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func adminAccountOf(r postgres.AccountRow) api.AdminAccount {
	a := r.Account
	return api.AdminAccount{
		ID: string(a.ID), Email: a.Email, Name: a.Name, Colour: a.Colour, Admin: a.Admin, Suspended: a.Suspended,
		Created: a.Created, LastSeen: maybeTime(a.LastSeen), Projects: r.Projects, Sessions: r.Sessions,
	}
}

func (h *Hub) adminListAccounts(ctx context.Context, in *ListInput) (*body[api.Page[api.AdminAccount]], error) {
	list, next, total, err := h.DB.ListAccounts(ctx, in.Query, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return reply(api.Page[api.AdminAccount]{Items: all(list, adminAccountOf), Next: next, Total: total}), nil
}

func (h *Hub) adminChangeAccount(ctx context.Context, in *struct {
	OfAccount
	Body api.AdminAccountChange
}) (*done, error) {
	id, err := parseAccount(in.AID)
	if err != nil {
		return nil, err
	}
	c := in.Body
	if c.Name != nil {
		if err := lyceum.CheckName("name", *c.Name, lyceum.MaxNameLength); err != nil {
			return nil, err
		}
	}
	defer h.forgetPerson(id)
	_, err = h.DB.UpdateAccount(ctx, act(ctx), id, postgres.AccountChange{Name: c.Name, Admin: c.Admin, Suspended: c.Suspended})
	return nil, err
}

func (h *Hub) adminRevokeSessions(ctx context.Context, in *OfAccount) (*done, error) {
	id, err := parseAccount(in.AID)
	if err != nil {
		return nil, err
	}
	if _, err := h.DB.Account(ctx, id); err != nil {
		return nil, err
	}
	defer h.Auth.Forget(id)
	return nil, h.DB.RevokeSessions(ctx, act(ctx), id, "")
}

func (h *Hub) adminListProjects(ctx context.Context, in *struct {
	ListInput
	Phase string `query:"phase" enum:"stopped,starting,running,stopping,failed" doc:"only those in this phase"`
}) (*body[api.Page[api.AdminProject]], error) {
	list, next, total, err := h.DB.ListAllProjects(ctx, postgres.ProjectQuery{Text: in.Query, Phase: lyceum.Phase(in.Phase), Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	limits, err := h.limitsOf(ctx, list)
	if err != nil {
		return nil, err
	}
	items := all(list, func(v postgres.ProjectView) api.AdminProject {
		p := api.AdminProject{
			ID: string(v.ID), Name: v.Name, Owners: all(v.People, personOf), Members: v.Members,
			Created: v.Created, LastEdited: v.LastEdited, Deleted: maybeTime(v.Deleted), State: stateOf(v.Project),
		}
		if h.Usage != nil && v.State.Phase == lyceum.Running {
			// Usage is told when it is known; the list does not fail without it.
			if use, err := h.Usage.Usage(ctx, v.ID); err == nil {
				p.MemoryBytes, p.Processes = use.MemoryBytes, use.Processes
			}
		}
		p.Limits = limitsOf(limits[v.ID])
		if h.Reports != nil && v.State.Phase == lyceum.Running {
			if c, ok := h.Reports.Last(v.ID); ok {
				p.CPUPercent, p.DiskBytes, p.Warnings = c.CPUPercent, c.DiskUse, c.Warnings
			}
		}
		return p
	})
	return reply(api.Page[api.AdminProject]{Items: items, Next: next, Total: total}), nil
}

func settingsOf(s postgres.Settings) api.Settings {
	return api.Settings{SiteName: s.SiteName, SignUp: string(s.SignUp), IdleTimeoutSeconds: int(s.IdleTimeout / time.Second), DeleteGraceDays: int(s.DeleteGrace / day),
		Limits: limitsOf(s.Limits), Ceilings: limitsOf(s.Ceilings), Fixed: append([]string{}, s.Fixed...)}
}

func (h *Hub) adminGetSettings(ctx context.Context, _ *none) (*body[api.Settings], error) {
	s, err := h.DB.Settings(ctx)
	return reply(settingsOf(s)), err
}

func (h *Hub) adminChangeSettings(ctx context.Context, in *struct{ Body api.SettingsChange }) (*body[api.Settings], error) {
	var err error
	c, change := in.Body, postgres.SettingsChange{SiteName: in.Body.SiteName}
	if c.SiteName != nil {
		if err := lyceum.CheckName("siteName", *c.SiteName, lyceum.MaxNameLength); err != nil {
			return nil, err
		}
	}
	if c.SignUp != nil {
		mode := lyceum.SignUp(*c.SignUp)
		if err := h.Auth.CheckSignUp(mode); err != nil {
			return nil, err
		}
		change.SignUp = &mode
	}
	if c.IdleTimeoutSeconds != nil {
		d := time.Duration(*c.IdleTimeoutSeconds) * time.Second
		change.IdleTimeout = &d
	}
	if c.DeleteGraceDays != nil {
		d := time.Duration(*c.DeleteGraceDays) * day
		change.DeleteGrace = &d
	}
	if change.Limits, err = limitChange("limits", c.Limits); err != nil {
		return nil, err
	}
	if change.Ceilings, err = limitChange("ceilings", c.Ceilings); err != nil {
		return nil, err
	}
	s, err := h.DB.UpdateSettings(ctx, act(ctx), change)
	h.settings.forget()
	return reply(settingsOf(s)), err
}

func (h *Hub) adminListInvitations(ctx context.Context, _ *none) (*body[[]api.Invitation], error) {
	list, err := h.DB.ListInvitations(ctx, "")
	return each(list, err, invitationOf)
}

func (h *Hub) adminCreateInvitation(ctx context.Context, in *struct{ Body api.NewSiteInvitation }) (*body[api.Invitation], error) {
	b := in.Body
	if b.Email != "" {
		if err := lyceum.CheckEmail(b.Email); err != nil {
			return nil, err
		}
	}
	return h.invite(ctx, lyceum.Invitation{Email: b.Email, Expires: time.Now().Add(time.Duration(b.Days) * day), Uses: b.Uses})
}

func (h *Hub) adminRevokeInvitation(ctx context.Context, in *OfInvitation) (*done, error) {
	return h.dropInvitation(ctx, "", in.IID)
}

// auditPage is how many entries of the audit log one answer has.
const auditPage = 100

func (h *Hub) adminListAudit(ctx context.Context, in *struct {
	Cursor string `query:"cursor" maxLength:"100" doc:"next of the page before"`
}) (*body[api.Page[api.AuditEntry]], error) {
	list, next, err := h.DB.ListAudit(ctx, postgres.AuditFilter{}, in.Cursor, auditPage)
	if err != nil {
		return nil, err
	}
	items := all(list, func(e postgres.AuditEntry) api.AuditEntry {
		out := api.AuditEntry{ID: e.ID, At: e.At, Actor: maybePerson(e.Actor), Verb: e.Verb, Object: e.Kind, Detail: e.Detail, Address: e.Address}
		if e.Object != "" {
			out.Object += ":" + e.Object
		}
		return out
	})
	return reply(api.Page[api.AuditEntry]{Items: items, Next: next, Total: -1}), nil
}

func (h *Hub) adminGetMachine(ctx context.Context, _ *none) (*body[api.Machine], error) {
	accounts, projects, running, err := h.DB.Counts(ctx)
	if err != nil {
		return nil, err
	}
	version, err := h.DB.Version(ctx)
	if err != nil {
		return nil, err
	}
	m := api.Machine{
		Version: h.Version, Confinement: h.Confinement.Kind, Network: h.Confinement.Network, Isolated: h.Confinement.Isolated, Problems: append([]string{}, h.Confinement.Problems...),
		Database: "PostgreSQL " + version, Running: running, Accounts: accounts, Projects: projects, Address: h.BaseURL.String(),
	}
	if h.Database != "" {
		m.Database += ", " + h.Database
	}
	return reply(m), nil
}
