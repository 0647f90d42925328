package hub

import (
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// TestWhoIsInAProjectIsNeverOld: what is remembered of it is dropped by each way
// in which it changes, here at once and elsewhere as soon as it is heard.
func TestWhoIsInAProjectIsNeverOld(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	owner, friend := s.person(false), s.person(false)
	p := s.project(owner)
	b := s.in(owner)
	names := func() (one, page string) {
		t.Helper()
		of := func(x api.Project) string {
			var all []string
			for _, who := range x.People {
				all = append(all, who.Name)
			}
			return strings.Join(all, ", ")
		}
		one = of(into[api.Project](t, b.do("GET /api/v1/projects/"+string(p), "")))
		list := into[api.Page[api.Project]](t, b.do("GET /api/v1/projects", ""))
		if len(list.Items) != 1 {
			t.Fatalf("%d projects are listed", len(list.Items))
		}
		return one, of(list.Items[0])
	}
	want := func(after, what string) {
		t.Helper()
		if one, page := names(); one != what || page != what {
			t.Errorf("%s: got %q, and %q in the list, want %q", after, one, page, what)
		}
	}
	heard := func(after, what string) {
		t.Helper()
		s.eventually(after, func() bool { one, page := names(); return one == what && page == what })
	}
	want("first", owner.Name)
	s.join(p, owner, friend, lyceum.Editor) // not by this hub
	heard("someone joined elsewhere", owner.Name+", "+friend.Name)
	if got := b.do("DELETE /api/v1/projects/"+string(p)+"/members/"+string(friend.ID), ""); got.status != 204 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	want("someone was removed", owner.Name)
	if got := b.do("PATCH /api/v1/account", `{"name":"Countess"}`); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	want("the owner has another name", "Countess")
	s.eventually("that it is remembered at all", func() bool {
		names()
		s.crews.mu.Lock()
		defer s.crews.mu.Unlock()
		return len(s.crews.known) == 1
	})
}
