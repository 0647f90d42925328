package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// maxPreferences bounds what the browser app may store for an account, in bytes.
const maxPreferences = 16 << 10

// peopleFound is how many people a search gives.
const peopleFound = 10

func accountOf(a lyceum.Account, preferences json.RawMessage) api.Account {
	return api.Account{ID: string(a.ID), Email: a.Email, Name: a.Name, Colour: a.Colour, Admin: a.Admin, Created: a.Created, Preferences: preferences}
}

func personOf(p postgres.Person) api.Person {
	return api.Person{ID: string(p.ID), Name: p.Name, Colour: p.Colour}
}

func maybePerson(p postgres.Person) *api.Person {
	if p.ID == "" {
		return nil
	}
	q := personOf(p)
	return &q
}

func maybeTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Preferences are believed as long, and forgotten by the same, as the account itself
// (package auth).
const (
	likesLife = 5 * time.Second
	likesKept = 2_000
)

func (h *Hub) likesNotified(n postgres.Notification) {
	h.likes.heard(n)
	if n.What == postgres.AccountChanged {
		h.likes.forget(lyceum.AccountID(n.ID))
	}
}

// ownAccount is the whole account of the one who asks.
func (h *Hub) ownAccount(ctx context.Context, a lyceum.Account) (api.Account, error) {
	p, ok, since := h.likes.get(a.ID)
	if !ok {
		var err error
		if p, err = h.DB.Preferences(ctx, a.ID); err != nil {
			return api.Account{}, err
		}
		h.likes.put(a.ID, p, since)
	}
	return accountOf(a, p), nil
}

func (h *Hub) getAccount(ctx context.Context, _ *none) (*body[api.Account], error) {
	a, err := h.ownAccount(ctx, grantOf(ctx).Account)
	return reply(a), err
}

func (h *Hub) changeAccount(ctx context.Context, in *struct{ Body api.AccountChange }) (*body[api.Account], error) {
	c := in.Body
	if c.Name != nil {
		if err := lyceum.CheckName("name", *c.Name, lyceum.MaxNameLength); err != nil {
			return nil, err
		}
	}
	if err := checkObject("preferences", c.Preferences, maxPreferences); err != nil {
		return nil, err
	}
	id := grantOf(ctx).Account.ID
	defer h.forgetPerson(id)
	a, err := h.DB.UpdateAccount(ctx, act(ctx), id, postgres.AccountChange{Name: c.Name, Colour: c.Colour, Preferences: c.Preferences})
	if err != nil {
		return nil, err
	}
	own, err := h.ownAccount(ctx, a)
	return reply(own), err
}

// checkObject returns an error that names field unless v is empty or a JSON
// object of at most max bytes that PostgreSQL can store.
func checkObject(field string, v json.RawMessage, max int) error {
	switch v = bytes.TrimSpace(v); {
	case len(v) == 0:
		return nil
	case len(v) > max:
		return lyceum.Invalidf(field, "use at most %d bytes", max)
	case v[0] != '{':
		return lyceum.Invalidf(field, "this is not a JSON object")
	case bytes.Contains(v, []byte(`\u0000`)):
		return lyceum.Invalidf(field, "NUL is not allowed")
	}
	return nil
}

func (h *Hub) changePassword(ctx context.Context, in *struct {
	AgentInput
	Body api.PasswordChange
}) (*done, error) {
	g := grantOf(ctx)
	return nil, h.Auth.ChangePassword(ctx, act(ctx), client(ctx, in.AgentInput), g.Account, lyceum.Secret(in.Body.Current), lyceum.Secret(in.Body.New))
}

func tokenOf(t lyceum.Token) api.Token {
	return api.Token{ID: string(t.ID), Name: t.Name, Scope: string(t.Scope), Project: string(t.Project), Created: t.Created, LastUsed: maybeTime(t.LastUsed), Expires: t.Expires}
}

func (h *Hub) listTokens(ctx context.Context, _ *none) (*body[[]api.Token], error) {
	list, err := h.DB.ListTokens(ctx, grantOf(ctx).Account.ID)
	return each(list, err, tokenOf)
}

func (h *Hub) createToken(ctx context.Context, in *struct{ Body api.NewToken }) (*body[api.Token], error) {
	g := grantOf(ctx)
	if err := lyceum.CheckName("name", in.Body.Name, lyceum.MaxNameLength); err != nil {
		return nil, err
	}
	scope, err := lyceum.ParseScope(in.Body.Scope)
	if err != nil {
		return nil, err
	}
	if scope == lyceum.ScopeAdmin && !g.Account.Admin {
		return nil, lyceum.Invalidf("scope", "only an administrator's token can have this scope")
	}
	t := lyceum.Token{Account: g.Account.ID, Name: in.Body.Name, Scope: scope, Expires: time.Now().Add(time.Duration(in.Body.Days) * 24 * time.Hour)}
	if in.Body.Project != "" {
		object, err := h.objectOf(ctx, g.Identity, in.Body.Project)
		if err == nil {
			err = lyceum.Check(g.Actor, lyceum.SeeProject, object)
		}
		if err != nil {
			return nil, err
		}
		t.Project = object.Project
	}
	made, secret, err := h.Auth.CreateToken(ctx, act(ctx), t)
	if err != nil {
		return nil, err
	}
	out := tokenOf(made)
	out.Secret = secret.Reveal()
	return reply(out), nil
}

func (h *Hub) revokeToken(ctx context.Context, in *struct {
	TID string `path:"tid" doc:"the token"`
}) (*done, error) {
	id, err := lyceum.ParseID[lyceum.TokenID](in.TID)
	if err != nil {
		return nil, lyceum.Errorf(lyceum.NotFound, "there is no such API token")
	}
	defer h.Auth.Forget(grantOf(ctx).Account.ID)
	return nil, h.DB.RevokeToken(ctx, act(ctx), grantOf(ctx).Account.ID, id)
}

func (h *Hub) findPeople(ctx context.Context, in *struct {
	Query string `query:"query" maxLength:"254" doc:"a part of the name, or the whole mail address"`
}) (*body[[]api.Person], error) {
	list, err := h.DB.FindPeople(ctx, in.Query, peopleFound)
	return each(list, err, personOf)
}
