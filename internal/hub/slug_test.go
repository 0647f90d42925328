package hub

import (
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

func TestProjectsAreFoundBySlug(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	stranger := c.person(false)
	for _, slug := range []string{"tides", "waves"} {
		c.in(c.owner).do("PATCH /api/v1/projects/"+string(p), `{"slug":"`+slug+`"}`)
	}
	for _, test := range []struct {
		who    lyceum.Account
		name   string
		status int
	}{
		{c.owner, "waves", 200},
		{c.viewer, "waves", 200},
		{c.owner, "tides", 200}, // the one that it had
		{stranger, "waves", 404},
		{c.owner, "none", 404},
		{c.owner, "No%20slug", 404},
	} {
		got := c.in(test.who).do("GET /api/v1/projects/"+test.name, "")
		if got.status != test.status {
			t.Errorf("GET %s: got %d, want %d: %s", test.name, got.status, test.status, got.body)
		}
		if got.status == 200 {
			if id := into[api.Project](t, got).ID; id != string(p) {
				t.Errorf("GET %s: got project %s, want %s", test.name, id, p)
			}
		}
	}
}
