package hub

import (
	"fmt"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// TestShelfIsNeverOld: what another hub has committed is in the next answer of this
// one, although it answers from what it remembers.
func TestShelfIsNeverOld(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	owner, friend := s.person(false), s.person(false)
	p := s.project(owner)
	b, other := s.in(owner), s.in(friend)
	one := func() api.Project {
		t.Helper()
		return into[api.Project](t, b.do("GET /api/v1/projects/"+string(p), ""))
	}
	list := func(b *browser, filter string) []api.Project {
		t.Helper()
		return into[api.Page[api.Project]](t, b.do("GET /api/v1/projects?filter="+filter, "")).Items
	}
	s.eventually("that the shelf is used", func() bool {
		list(b, "all")
		_, known, _ := s.shelf.projects.get(p)
		return known
	})
	act := postgres.Act{Actor: lyceum.Actor{Account: owner.ID}}
	for n := range 30 {
		name := fmt.Sprint("name ", n)
		_, err := s.db.UpdateProject(t.Context(), act, p, postgres.ProjectChange{Name: &name})
		s.ok(err)
		if got := one().Name; got != name {
			t.Fatalf("%q was committed, and got %q", name, got)
		}
		s.ok(s.db.SetStar(t.Context(), owner.ID, p, n%2 == 0))
		if got := list(b, "starred"); len(got) != (n+1)%2 {
			t.Fatalf("starred %v, and %d are listed", n%2 == 0, len(got))
		}
		s.join(p, owner, friend, lyceum.Viewer)
		if got := list(other, "all"); len(got) != 1 || got[0].Role != "viewer" || got[0].Name != name {
			t.Fatalf("after the joining got %+v", got)
		}
		s.ok(s.db.Touch(t.Context(), p, time.Now().Add(time.Duration(n+1)*time.Hour), true))
		if got := one().LastEdited; time.Until(got) < time.Duration(n)*time.Hour {
			t.Fatalf("after an edit in %d h got %v", n+1, got)
		}
		s.ok(s.db.RemoveMember(t.Context(), act, p, friend.ID))
		if got := list(other, "all"); len(got) != 0 {
			t.Fatalf("after the removal got %+v", got)
		}
		s.ok(s.db.DeleteProject(t.Context(), act, p))
		if got, gone := list(b, "all"), list(b, "deleted"); len(got) != n || len(gone) != 1 {
			t.Fatalf("after the deletion %d are listed and %d as deleted, want %d and 1", len(got), len(gone), n)
		}
		s.ok(s.db.RestoreProject(t.Context(), act, p))
		made, err := s.db.CreateProject(t.Context(), act, postgres.NewProject{Name: "another"})
		s.ok(err)
		if got := list(b, "all"); len(got) != 2+n {
			t.Fatalf("after %s was made %d are listed, want %d", made.ID, len(got), 2+n)
		}
	}
}

// TestShelfIsBounded: who is in very many projects is answered by PostgreSQL.
func TestShelfIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	owner := s.person(false)
	p := s.project(owner)
	s.sql(fmt.Sprintf(`WITH p AS (INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'p' || n FROM generate_series(1, %d) n RETURNING id)
		INSERT INTO members (project, account, role) SELECT id, $1, 'owner' FROM p`, mostPlaces), owner.ID)
	b := s.in(owner)
	for range 3 {
		if got := into[api.Page[api.Project]](t, b.do("GET /api/v1/projects?limit=20", "")); got.Total != mostPlaces+1 || len(got.Items) != 20 {
			t.Errorf("%d of %d are listed", len(got.Items), got.Total)
		}
		if got := into[api.Project](t, b.do("GET /api/v1/projects/"+string(p), "")); got.Role != "owner" {
			t.Errorf("got %+v", got)
		}
	}
	if _, known, _ := s.shelf.projects.get(p); known {
		t.Error("a project of a list that is too long is on the shelf")
	}
}
