package hub

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

func (h *Hub) getSite(ctx context.Context, _ *none) (*body[api.Site], error) {
	s, err := h.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	needed, err := h.DB.SetupNeeded(ctx)
	if err != nil {
		return nil, err
	}
	site := api.Site{Name: s.SiteName, Version: h.Version, SignUp: string(s.SignUp), SetupNeeded: needed}
	if g := grantOf(ctx); g.SignedIn() {
		own, err := h.ownAccount(ctx, g.Account)
		if err != nil {
			return nil, err
		}
		site.Account = &own
	}
	return reply(site), nil
}

// OpenAPI returns the API's OpenAPI 3.1 document, as indented JSON with sorted
// keys: the same bytes for the same program. It needs no database.
func OpenAPI() ([]byte, error) {
	h := newHub(Config{BaseURL: &url.URL{Path: "/"}})
	h.mount(http.NewServeMux())
	return document(h.api)
}

func document(a huma.API) ([]byte, error) {
	text, err := json.Marshal(a.OpenAPI())
	if err != nil {
		return nil, err
	}
	var v any // maps are written with sorted keys
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	text, err = json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}

func (h *Hub) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+json")
	_, _ = w.Write(h.docs) // the client may be gone
}

// serveNoOperation answers for every path of the API that has no operation, or
// not with this method.
func (h *Hub) serveNoOperation(w http.ResponseWriter, r *http.Request) {
	rest.WriteError(w, r, lyceum.Errorf(lyceum.NotFound, "the API has no such operation"))
}

func (h *Hub) serveNothing(w http.ResponseWriter, r *http.Request) {
	rest.WriteError(w, r, lyceum.Errorf(lyceum.NotFound, "there is nothing here"))
}
