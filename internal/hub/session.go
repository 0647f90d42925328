package hub

import (
	"context"

	"lyceum/internal/api"
	"lyceum/internal/auth"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// AgentInput is the header that operations which sign in read.
type AgentInput struct {
	Agent string `header:"User-Agent" hidden:"true"`
}

func client(ctx context.Context, a AgentInput) auth.Client {
	return auth.Client{Address: rest.ClientAddr(ctx), Agent: a.Agent, Request: rest.RequestID(ctx)}
}

// enter is the answer to someone who has just signed in.
func enter(e auth.Entered, err error) (*signedIn, error) {
	if err != nil {
		return nil, err
	}
	return &signedIn{SetCookie: e.SetCookie, Body: accountOf(e.Account, nil)}, nil
}

func (h *Hub) signIn(ctx context.Context, in *struct {
	AgentInput
	Body api.SignIn
}) (*signedIn, error) {
	return enter(h.Auth.SignIn(ctx, client(ctx, in.AgentInput), in.Body.Email, lyceum.Secret(in.Body.Password)))
}

func (h *Hub) setUp(ctx context.Context, in *struct {
	AgentInput
	Body api.Setup
}) (*signedIn, error) {
	n := auth.NewAccount{Email: in.Body.Email, Name: in.Body.Name, Password: lyceum.Secret(in.Body.Password)}
	return enter(h.Auth.Setup(ctx, client(ctx, in.AgentInput), lyceum.Secret(in.Body.Secret), n, in.Body.SiteName))
}

func (h *Hub) signUp(ctx context.Context, in *struct {
	AgentInput
	Body api.SignUp
}) (*signedIn, error) {
	n := auth.NewAccount{Email: in.Body.Email, Name: in.Body.Name, Password: lyceum.Secret(in.Body.Password), Invitation: lyceum.Secret(in.Body.Invitation)}
	return enter(h.Auth.SignUp(ctx, client(ctx, in.AgentInput), n))
}

func (h *Hub) signOut(ctx context.Context, _ *none) (*signedOut, error) {
	cookie, err := h.Auth.SignOut(ctx, act(ctx))
	if err != nil {
		return nil, err
	}
	return &signedOut{cookie}, nil
}

func (h *Hub) listSessions(ctx context.Context, _ *none) (*body[[]api.Session], error) {
	g := grantOf(ctx)
	list, err := h.DB.ListSessions(ctx, g.Account.ID)
	return each(list, err, func(s lyceum.Session) api.Session {
		return api.Session{ID: string(s.ID), Current: s.ID == g.Actor.Session, Created: s.Created, LastSeen: s.LastSeen, Expires: s.Expires, Address: s.Address, Agent: s.Agent}
	})
}

func (h *Hub) revokeSession(ctx context.Context, in *struct {
	SID string `path:"sid" doc:"the session"`
}) (*done, error) {
	id, err := lyceum.ParseID[lyceum.SessionID](in.SID)
	if err != nil {
		return nil, lyceum.Errorf(lyceum.NotFound, "there is no such session")
	}
	defer h.Auth.Forget(grantOf(ctx).Account.ID)
	return nil, h.DB.RevokeSession(ctx, act(ctx), grantOf(ctx).Account.ID, id)
}

func (h *Hub) revokeOtherSessions(ctx context.Context, _ *none) (*done, error) {
	g := grantOf(ctx)
	defer h.Auth.Forget(g.Account.ID)
	return nil, h.DB.RevokeSessions(ctx, act(ctx), g.Account.ID, g.Actor.Session)
}

// each maps a list to an answer's body, which is [] and never null.
func each[S, T any](list []S, err error, f func(S) T) (*body[[]T], error) {
	if err != nil {
		return nil, err
	}
	return reply(all(list, f)), nil
}

func all[S, T any](list []S, f func(S) T) []T {
	out := make([]T, 0, len(list))
	for _, s := range list {
		out = append(out, f(s))
	}
	return out
}
