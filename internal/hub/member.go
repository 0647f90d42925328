package hub

import (
	"context"
	"net/url"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

const day = 24 * time.Hour

func (h *Hub) listMembers(ctx context.Context, _ *OfProject) (*body[[]api.Member], error) {
	g := grantOf(ctx)
	list, err := h.DB.ListMembers(ctx, g.project)
	// Mail addresses are for those who invite.
	addresses := lyceum.Can(g.Actor, lyceum.ManageMembers, lyceum.Object{Project: g.project, Role: g.role})
	return each(list, err, func(m lyceum.Member) api.Member {
		out := api.Member{Person: api.Person{ID: string(m.Account.ID), Name: m.Account.Name, Colour: m.Account.Colour}, Role: string(m.Role), Since: m.Since}
		if addresses {
			out.Email = m.Account.Email
		}
		return out
	})
}

func (h *Hub) changeMember(ctx context.Context, in *struct {
	OfProject
	OfAccount
	Body api.RoleChange
}) (*done, error) {
	account, err := parseAccount(in.AID)
	if err != nil {
		return nil, err
	}
	role, err := lyceum.ParseRole(in.Body.Role)
	if err != nil {
		return nil, err
	}
	g := grantOf(ctx)
	defer h.forgetMembers(g.project)
	return nil, h.DB.SetRole(ctx, act(ctx), g.project, account, role)
}

func (h *Hub) removeMember(ctx context.Context, in *struct {
	OfProject
	OfAccount
}) (*done, error) {
	account, err := parseAccount(in.AID)
	if err != nil {
		return nil, err
	}
	g := grantOf(ctx)
	defer h.forgetMembers(g.project)
	return nil, h.DB.RemoveMember(ctx, act(ctx), g.project, account)
}

func (h *Hub) leaveProject(ctx context.Context, _ *OfProject) (*done, error) {
	g := grantOf(ctx)
	defer h.forgetMembers(g.project)
	return nil, h.DB.RemoveMember(ctx, act(ctx), g.project, g.Account.ID)
}

func parseAccount(s string) (lyceum.AccountID, error) {
	id, err := lyceum.ParseID[lyceum.AccountID](s)
	if err != nil {
		return "", lyceum.Errorf(lyceum.NotFound, "there is no such person")
	}
	return id, nil
}

func invitationOf(v postgres.InvitationView) api.Invitation {
	return api.Invitation{
		ID: string(v.ID), Role: string(v.Role), Account: maybePerson(v.Invited), Email: v.Email, By: personOf(v.Inviter),
		Created: v.Created, Expires: v.Expires, Uses: v.Uses,
	}
}

func offerOf(v postgres.InvitationView) api.InvitationOffer {
	return api.InvitationOffer{
		ID: string(v.ID), Project: v.ProjectName, ProjectID: string(v.Project), Role: string(v.Role),
		By: personOf(v.Inviter), Expires: v.Expires, Email: v.Email,
	}
}

func (h *Hub) listInvitations(ctx context.Context, _ *OfProject) (*body[[]api.Invitation], error) {
	list, err := h.DB.ListInvitations(ctx, grantOf(ctx).project)
	return each(list, err, invitationOf)
}

func (h *Hub) createInvitation(ctx context.Context, in *struct {
	OfProject
	Body api.NewInvitation
}) (*body[api.Invitation], error) {
	g, b := grantOf(ctx), in.Body
	role, err := lyceum.ParseRole(b.Role)
	if err != nil {
		return nil, err
	}
	i := lyceum.Invitation{Project: g.project, Role: role, Email: b.Email, Expires: time.Now().Add(time.Duration(b.Days) * day), Uses: b.Uses}
	if b.Account != "" {
		if i.Account, err = parseAccount(b.Account); err != nil {
			return nil, err
		}
		i.Email = ""
	} else if b.Email != "" {
		if err := lyceum.CheckEmail(b.Email); err != nil {
			return nil, err
		}
		// Whether someone has an account here must not show: the answer is the
		// same, a link, and who has an account is invited by name too.
		if a, _, err := h.DB.AccountByEmail(ctx, b.Email); err == nil && !a.Suspended {
			i.Account = a.ID
		} else if err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return nil, err
		}
	}
	return h.invite(ctx, i)
}

// invite stores an invitation and answers with its link. One that names an
// account by its identifier has none: it is in that person's list.
func (h *Hub) invite(ctx context.Context, i lyceum.Invitation) (*body[api.Invitation], error) {
	g := grantOf(ctx)
	var secret lyceum.Secret
	var hash []byte
	if i.Account == "" || i.Email != "" {
		secret = lyceum.NewSecret()
		hash = secret.Hash()
	}
	if i.Account != "" {
		i.Uses = 1
	}
	made, err := h.DB.CreateInvitation(ctx, act(ctx), i, hash)
	if err != nil {
		return nil, err
	}
	out := invitationOf(postgres.InvitationView{Invitation: made, Inviter: postgres.Person{ID: g.Account.ID, Name: g.Account.Name, Colour: g.Account.Colour}})
	if made.Account != "" && made.Email == "" {
		if a, err := h.DB.Account(ctx, made.Account); err == nil {
			out.Account = &api.Person{ID: string(a.ID), Name: a.Name, Colour: a.Colour}
		}
	}
	if secret != "" {
		out.Link = h.BaseURL.JoinPath("invitations", url.PathEscape(secret.Reveal())).String()
	}
	return reply(out), nil
}

func (h *Hub) revokeInvitation(ctx context.Context, in *struct {
	OfProject
	OfInvitation
}) (*done, error) {
	return h.dropInvitation(ctx, grantOf(ctx).project, in.IID)
}

func (h *Hub) dropInvitation(ctx context.Context, project lyceum.ProjectID, text string) (*done, error) {
	id, err := parseInvitation(text)
	if err != nil {
		return nil, err
	}
	return nil, h.DB.RevokeInvitation(ctx, act(ctx), project, id)
}

func parseInvitation(s string) (lyceum.InvitationID, error) {
	id, err := lyceum.ParseID[lyceum.InvitationID](s)
	if err != nil {
		return "", lyceum.Errorf(lyceum.NotFound, "there is no such invitation")
	}
	return id, nil
}

func (h *Hub) getInvitation(ctx context.Context, in *OfSecret) (*body[api.InvitationOffer], error) {
	v, err := h.DB.InvitationByHash(ctx, lyceum.Secret(in.Secret).Hash())
	return reply(offerOf(v)), err
}

// joined names the project that an accepted invitation led to.
type joined struct {
	Project string `json:"project" format:"uuid" doc:"the project that was joined"`
}

func (h *Hub) acceptInvitation(ctx context.Context, in *OfSecret) (*body[joined], error) {
	id, err := h.DB.AcceptInvitation(ctx, act(ctx), lyceum.Secret(in.Secret).Hash())
	h.forgetMembers(id)
	return reply(joined{string(id)}), err
}

func (h *Hub) listOwnInvitations(ctx context.Context, _ *none) (*body[[]api.InvitationOffer], error) {
	list, err := h.DB.ListInvitationsFor(ctx, grantOf(ctx).Account.ID)
	return each(list, err, offerOf)
}

func (h *Hub) acceptOwnInvitation(ctx context.Context, in *OfInvitation) (*body[joined], error) {
	iid, err := parseInvitation(in.IID)
	if err != nil {
		return nil, err
	}
	id, err := h.DB.AcceptInvitationByID(ctx, act(ctx), iid)
	h.forgetMembers(id)
	return reply(joined{string(id)}), err
}

func (h *Hub) declineOwnInvitation(ctx context.Context, in *OfInvitation) (*done, error) {
	id, err := parseInvitation(in.IID)
	if err != nil {
		return nil, err
	}
	return nil, h.DB.DeclineInvitation(ctx, act(ctx), grantOf(ctx).Account.ID, id)
}
