package hub

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// TestPagesAllowWhatProjectsAllow: a page decides once for projects of one kind; it
// must not decide otherwise than for each alone.
func TestPagesAllowWhatProjectsAllow(t *testing.T) {
	t.Parallel()
	var list []postgres.ProjectView
	for range 2 {
		for _, role := range []lyceum.Role{"", lyceum.Viewer, lyceum.Editor, lyceum.Owner} {
			for _, deleted := range []time.Time{{}, time.Now()} {
				v := postgres.ProjectView{Role: role}
				v.ID, v.Deleted = lyceum.NewID[lyceum.ProjectID](), deleted
				list = append(list, v)
			}
		}
	}
	actors := []lyceum.Actor{{}, {Account: "a", Session: "s"}, {Account: "a", Admin: true, Session: "s"}, {Account: "a", Suspended: true}}
	for _, scope := range []lyceum.Scope{lyceum.ScopeRead, lyceum.ScopeWrite, lyceum.ScopeAdmin} {
		for _, only := range []lyceum.ProjectID{"", list[3].ID, list[6].ID, lyceum.NewID[lyceum.ProjectID]()} {
			actors = append(actors, lyceum.Actor{Account: "a", Token: "t", Scope: scope, Only: only}, lyceum.Actor{Account: "a", Admin: true, Token: "t", Scope: scope, Only: only})
		}
	}
	for _, actor := range actors {
		want := all(list, func(v postgres.ProjectView) api.Project { return projectOf(v, actor, time.Hour) })
		if diff := cmp.Diff(projectsOf(list, actor, time.Hour), want); diff != "" {
			t.Errorf("%+v (-got +want):\n%s", actor, diff)
		}
	}
}
