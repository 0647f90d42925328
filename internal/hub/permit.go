package hub

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"lyceum/internal/auth"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/rest"
)

// grant is what authorise found out about a request.
type grant struct {
	auth.Identity
	project lyceum.ProjectID
	role    lyceum.Role
}

type grantKey struct{}

// grantOf returns what authorise found out: the zero grant for someone who is
// not signed in.
func grantOf(ctx context.Context) grant {
	g, _ := ctx.Value(grantKey{}).(grant)
	return g
}

// act says on whose behalf a change is made.
func act(ctx context.Context) postgres.Act {
	a := postgres.Act{Actor: grantOf(ctx).Actor, Request: rest.RequestID(ctx)}
	if c := rest.ClientAddr(ctx); c.IsValid() {
		a.Address = c.String()
	}
	return a
}

// permit is the gate before each typed operation: it runs before the request's
// body is read.
func (h *Hub) permit(v lyceum.Verb) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Cache-Control", "no-store")
		if r.ContentLength > rest.MaxBody {
			rest.WriteError(w, r, lyceum.Errorf(lyceum.TooLarge, "the body is larger than %d bytes", rest.MaxBody))
			return
		}
		allowed, err := h.authorise(r, v)
		if err != nil {
			rest.WriteError(w, r, err)
			return
		}
		next(huma.WithContext(hc, allowed.Context()))
	}
}

// authorise finds who asks and what for, and returns r with the grant in its
// context when the rule allows it.
func (h *Hub) authorise(r *http.Request, v lyceum.Verb) (*http.Request, error) {
	ctx := r.Context()
	id, err := h.Auth.Authenticate(r, rest.ClientAddr(ctx), false)
	if err != nil {
		return r, err
	}
	rest.SetActor(ctx, id.Account.ID)
	g := grant{Identity: id}
	object := lyceum.Object{}
	switch {
	case strings.HasPrefix(string(v), "own."):
		object.Account = id.Account.ID
	case r.PathValue("id") != "":
		if object, err = h.objectOf(ctx, id, r.PathValue("id")); err != nil {
			return r, err
		}
		g.project, g.role = object.Project, object.Role
		rest.SetProject(ctx, object.Project)
	}
	if err := lyceum.Check(id.Actor, v, object); err != nil {
		return r, err
	}
	return r.WithContext(context.WithValue(ctx, grantKey{}, g)), nil
}

// objectOf reads the asker's role in the project that the path names, by its
// identifier or by a slug that it has or had. A project that is not there looks
// like one that the asker may not know of.
func (h *Hub) objectOf(ctx context.Context, id auth.Identity, text string) (lyceum.Object, error) {
	if !id.SignedIn() {
		return lyceum.Object{Project: lyceum.ProjectID(text)}, nil // Check answers Unauthenticated
	}
	project, err := lyceum.ParseID[lyceum.ProjectID](text)
	if err != nil {
		if lyceum.CheckSlug(text) != nil {
			return lyceum.Object{}, noProject()
		}
		if project, err = h.DB.ResolveSlug(ctx, text); lyceum.IsKind(err, lyceum.NotFound) {
			return lyceum.Object{}, noProject()
		}
		if err != nil {
			return lyceum.Object{}, err
		}
	}
	role, deleted, err := h.roles.get(ctx, h.DB, project, id.Account.ID)
	if lyceum.IsKind(err, lyceum.NotFound) {
		return lyceum.Object{}, noProject()
	}
	return lyceum.Object{Project: project, Role: role, Deleted: deleted}, err
}

func noProject() error {
	return lyceum.Errorf(lyceum.NotFound, "there is no such project, or you are not a member of it")
}
