package postgres_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func TestProject(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace := s.person("Ada"), s.person("Grace")
	source := compute.Source{GitURL: "https://example.org/a.git"}
	p, err := s.CreateProject(t.Context(), by(ada), postgres.NewProject{Name: "P", Description: "about\nit", Source: source})
	s.ok(err)
	if p.Name != "P" || p.Description != "about\nit" || p.Wanted != lyceum.WantStopped || p.State.Phase != lyceum.Stopped || !p.Deleted.IsZero() {
		t.Errorf("CreateProject = %+v", p)
	}
	w, err := s.Work(t.Context(), p.ID)
	if err != nil || w.Source != source || w.UID != 0 {
		t.Errorf("Work = %+v, %v", w, err)
	}
	v, err := s.ProjectFor(t.Context(), p.ID, ada.ID)
	s.ok(err)
	if diff := cmp.Diff(v.Project, p); diff != "" || v.Role != lyceum.Owner || v.Starred {
		t.Errorf("ProjectFor (-got +want), %+v:\n%s", v, diff)
	}
	for _, other := range []lyceum.AccountID{grace.ID, ""} {
		if v, err := s.ProjectFor(t.Context(), p.ID, other); err != nil || v.Role != "" {
			t.Errorf("ProjectFor a stranger = %v, %v, want no role", v.Role, err)
		}
		if role, deleted, err := s.RoleIn(t.Context(), p.ID, other); err != nil || role != "" || deleted {
			t.Errorf("RoleIn of a stranger = %v, %v, %v", role, deleted, err)
		}
	}
	none := lyceum.NewID[lyceum.ProjectID]()
	_, err = s.ProjectFor(t.Context(), none, ada.ID)
	want(t, err, lyceum.NotFound, "")
	_, _, err = s.RoleIn(t.Context(), none, ada.ID)
	want(t, err, lyceum.NotFound, "")
	_, err = s.Work(t.Context(), none)
	want(t, err, lyceum.NotFound, "")
	_, err = s.CreateProject(t.Context(), postgres.Act{Actor: lyceum.Actor{Account: lyceum.NewID[lyceum.AccountID]()}}, postgres.NewProject{Name: "x"})
	want(t, err, lyceum.NotFound, "")

	if err := s.DeleteProject(t.Context(), by(ada), p.ID); err != nil {
		t.Fatal(err)
	}
	if role, deleted, err := s.RoleIn(t.Context(), p.ID, ada.ID); err != nil || role != lyceum.Owner || !deleted {
		t.Errorf("RoleIn a deleted one = %v, %v, %v", role, deleted, err)
	}
	want(t, s.DeleteProject(t.Context(), by(ada), p.ID), lyceum.Conflict, "")
	want(t, s.SetWanted(t.Context(), by(ada), p.ID, lyceum.WantRunning), lyceum.Conflict, "")
	s.ok(s.SetWanted(t.Context(), by(ada), p.ID, lyceum.WantStopped))
	s.ok(s.RestoreProject(t.Context(), by(ada), p.ID))
	want(t, s.RestoreProject(t.Context(), by(ada), p.ID), lyceum.Conflict, "")
	s.ok(s.DeleteProject(t.Context(), by(ada), p.ID))
	s.sql(`UPDATE projects SET deleted_at = now() - interval '31 days'`)
	want(t, s.RestoreProject(t.Context(), by(ada), p.ID), lyceum.Conflict, "")
	want(t, s.RestoreProject(t.Context(), by(ada), none), lyceum.NotFound, "")
}

func TestSlug(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	a, b := s.project(ada, "a"), s.project(ada, "b")
	set := func(p lyceum.Project, slug string) error {
		got, err := s.UpdateProject(t.Context(), by(ada), p.ID, postgres.ProjectChange{Slug: &slug})
		if err == nil && got.Slug != slug {
			t.Errorf("slug = %q, want %q", got.Slug, slug)
		}
		return err
	}
	leads := func(slug string, to lyceum.ProjectID) {
		t.Helper()
		got, err := s.ResolveSlug(t.Context(), slug)
		if to == "" {
			want(t, err, lyceum.NotFound, "")
		} else if err != nil || got != to {
			t.Errorf("%s leads to %v, %v, want %v", slug, got, err, to)
		}
	}
	s.ok(set(a, "old"))
	s.ok(set(a, "new"))
	leads("old", a.ID)
	leads("new", a.ID)
	want(t, set(b, "new"), lyceum.Conflict, "slug")
	s.ok(set(b, "old")) // taken over
	leads("old", b.ID)
	s.ok(set(a, ""))
	leads("new", a.ID)
	s.ok(set(a, "new")) // its own again
	leads("new", a.ID)
	leads("never", "")
	errs := atOnce(4, func(i int) error { return set(s.project(ada, "c"), "wanted-by-all") })
	if diff := cmp.Diff(tally(errs), map[string]int{"ok": 1, "conflict": 3}); diff != "" {
		t.Errorf("four at once (-got +want):\n%s\n%v", diff, errs)
	}
	_, err := s.UpdateProject(t.Context(), by(ada), lyceum.NewID[lyceum.ProjectID](), postgres.ProjectChange{Name: ptr("x")})
	want(t, err, lyceum.NotFound, "")
}

// names of a page.
func names(list []postgres.ProjectView) []string {
	var all []string
	for _, v := range list {
		all = append(all, v.Name)
	}
	return all
}

func TestListProjects(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace := s.person("Ada"), s.person("Grace")
	hour := func(p lyceum.Project, h int) {
		s.sql(`UPDATE projects SET last_edited_at = timestamptz '2026-01-01' + $2 * interval '1 hour' WHERE id = $1`, p.ID, h)
	}
	var all []lyceum.Project
	for i, name := range []string{"oldest", "middle", "newest", "starred and old", "deleted", "Grace's 100%"} {
		owner := ada
		if name == "Grace's 100%" {
			owner = grace
		}
		p := s.project(owner, name)
		hour(p, i)
		all = append(all, p)
	}
	hour(all[3], -1)
	s.ok(s.SetStar(t.Context(), ada.ID, all[3].ID, true))
	s.ok(s.SetStar(t.Context(), ada.ID, all[3].ID, true))
	s.ok(s.SetStar(t.Context(), grace.ID, all[0].ID, true)) // another's star
	s.ok(s.DeleteProject(t.Context(), by(ada), all[4].ID))
	_, err := s.UpdateProject(t.Context(), by(ada), all[1].ID, postgres.ProjectChange{Description: ptr("has the Word in it")})
	s.ok(err)

	for _, c := range []struct {
		q    postgres.ProjectQuery
		want []string
	}{
		{postgres.ProjectQuery{}, []string{"starred and old", "newest", "middle", "oldest"}},
		{postgres.ProjectQuery{Filter: postgres.FilterAll, Text: "OLD"}, []string{"starred and old", "oldest"}},
		{postgres.ProjectQuery{Text: "word"}, []string{"middle"}},
		{postgres.ProjectQuery{Text: "%"}, nil},
		{postgres.ProjectQuery{Filter: postgres.FilterStarred}, []string{"starred and old"}},
		{postgres.ProjectQuery{Filter: postgres.FilterDeleted}, []string{"deleted"}},
	} {
		list, next, total, err := s.ListProjects(t.Context(), ada.ID, c.q)
		s.ok(err)
		if diff := cmp.Diff(names(list), c.want); diff != "" || next != "" || total != len(c.want) {
			t.Errorf("ListProjects(%+v), %d in all, next %q (-got +want):\n%s", c.q, total, next, diff)
		}
	}
	s.ok(s.SetStar(t.Context(), ada.ID, all[3].ID, false))
	if list, _, _, err := s.ListProjects(t.Context(), ada.ID, postgres.ProjectQuery{Limit: 1}); err != nil || names(list)[0] != "newest" {
		t.Errorf("without the star: %v, %v", names(list), err)
	}
	list, _, total, err := s.ListAllProjects(t.Context(), postgres.ProjectQuery{})
	s.ok(err)
	if diff := cmp.Diff(names(list), []string{"Grace's 100%", "deleted", "newest", "middle", "oldest", "starred and old"}); diff != "" || total != 6 {
		t.Errorf("ListAllProjects, %d (-got +want):\n%s", total, diff)
	}
	list, _, total, err = s.ListAllProjects(t.Context(), postgres.ProjectQuery{Phase: lyceum.Running})
	if err != nil || len(list) != 0 || total != 0 {
		t.Errorf("running ones = %v, %d, %v", names(list), total, err)
	}
	for _, q := range []postgres.ProjectQuery{{Cursor: "x"}, {Cursor: "e30"}, {Filter: "odd"}} {
		_, _, _, err := s.ListProjects(t.Context(), ada.ID, q)
		if q.Cursor != "e30" { // {} is a place before everything
			want(t, err, lyceum.Invalid, "")
		}
	}
	_, _, _, err = s.ListAllProjects(t.Context(), postgres.ProjectQuery{Cursor: "!"})
	want(t, err, lyceum.Invalid, "cursor")
	err = s.SetStar(t.Context(), ada.ID, lyceum.NewID[lyceum.ProjectID](), true)
	want(t, err, lyceum.NotFound, "")
}

// crowd makes n projects of the account, with five members each and one in ten
// starred, and many more of others.
func (s *site) crowd(a lyceum.Account, n int) {
	s.t.Helper()
	s.sql(`INSERT INTO accounts (id, email, email_key, name) SELECT gen_random_uuid(), 'm' || i, 'm' || i, 'Member ' || i FROM generate_series(1, 200) i`)
	s.sql(`INSERT INTO projects (id, name, description, last_edited_at)
		SELECT gen_random_uuid(), 'Project ' || i, 'A description of some length, number ' || i, timestamptz '2026-01-01' - (i / 3) * interval '1 minute' FROM generate_series(1, $1::int * 2) i`, n)
	s.sql(`INSERT INTO members (project, account, role) SELECT id, $1, 'owner' FROM projects WHERE right(name, 1)::int % 2 = 0`, a.ID)
	s.sql(`INSERT INTO members (project, account, role)
		SELECT p.id, m.id, 'editor' FROM projects p CROSS JOIN LATERAL (SELECT id FROM accounts WHERE id <> $1 AND hashtext(p.id::text || id::text) % 50 = 0) m`, a.ID)
	s.sql(`INSERT INTO stars (account, project) SELECT account, project FROM members WHERE account = $1 AND hashtext(project::text) % 10 = 0`, a.ID)
	s.sql(`VACUUM ANALYZE`)
}

// TestTenThousandProjects reads a list of 10,000 page by page: each project comes
// once, in order, and within the budget (the median, as the machine may be busy).
func TestTenThousandProjects(t *testing.T) {
	t.Parallel()
	const n, budget = 10_000, 500 * time.Millisecond
	s := newSite(t)
	ada := s.person("Ada")
	s.crowd(ada, n)
	for name, list := range map[string]func(q postgres.ProjectQuery) ([]postgres.ProjectView, string, int, error){
		"ListProjects": func(q postgres.ProjectQuery) ([]postgres.ProjectView, string, int, error) {
			return s.ListProjects(t.Context(), ada.ID, q)
		},
		"ListAllProjects": func(q postgres.ProjectQuery) ([]postgres.ProjectView, string, int, error) {
			return s.ListAllProjects(t.Context(), q)
		},
	} {
		seen := map[lyceum.ProjectID]bool{}
		var times []time.Duration
		cursor, previous := "", postgres.ProjectView{}
		all := n
		if name == "ListAllProjects" {
			all = 2 * n
		}
		for {
			began := time.Now()
			page, next, total, err := list(postgres.ProjectQuery{Cursor: cursor, Limit: 200})
			times = append(times, time.Since(began))
			s.ok(err)
			if total != all {
				t.Fatalf("%s: %d in all, want %d", name, total, all)
			}
			for _, v := range page {
				if seen[v.ID] {
					t.Fatalf("%s: %s came twice", name, v.Name)
				}
				seen[v.ID] = true
				if previous.ID != "" && (v.Starred && !previous.Starred || v.Starred == previous.Starred && v.LastEdited.After(previous.LastEdited)) {
					t.Fatalf("%s: %s comes after %s", name, v.Name, previous.Name)
				}
				previous = v
			}
			if next == "" {
				break
			}
			cursor = next
		}
		if len(seen) != all {
			t.Errorf("%s: %d came, want %d", name, len(seen), all)
		}
		slices.Sort(times)
		median := times[len(times)/2]
		t.Logf("%s: %d pages of 200, %v each, the slowest %v", name, len(times), median, times[len(times)-1])
		if median > budget {
			t.Errorf("%s: a page takes %v, the budget is %v", name, median, budget)
		}
	}
	best := time.Hour
	for range 3 {
		began := time.Now()
		page, _, total, err := s.ListProjects(t.Context(), ada.ID, postgres.ProjectQuery{Text: "number 1999"})
		s.ok(err)
		best = min(best, time.Since(began))
		if total == 0 || len(page) == 0 {
			t.Errorf("the search found %d", total)
		}
	}
	t.Logf("search: %v", best)
	if best > budget {
		t.Errorf("a search takes %v, the budget is %v", best, budget)
	}
}

// TestPagesWhileEdited is about a project that moves to the top while someone
// reads on: nothing else is left out or comes twice.
func TestPagesWhileEdited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	for i := range 9 {
		p := s.project(ada, fmt.Sprint(i))
		s.sql(`UPDATE projects SET last_edited_at = timestamptz '2026-01-01' WHERE id = $1`, p.ID) // all at one time
	}
	seen := map[string]int{}
	cursor := ""
	for {
		page, next, _, err := s.ListProjects(t.Context(), ada.ID, postgres.ProjectQuery{Cursor: cursor, Limit: 2})
		s.ok(err)
		for _, v := range page {
			seen[v.Name]++
		}
		s.ok(s.Touch(t.Context(), page[0].ID, time.Now(), true))
		if next == "" {
			break
		}
		cursor = next
	}
	for i := range 9 {
		if got := seen[fmt.Sprint(i)]; got != 1 {
			t.Errorf("project %d came %d times", i, got)
		}
	}
}

func BenchmarkListProjects(b *testing.B) {
	s := newSite(b)
	ada := s.person("Ada")
	s.crowd(ada, 10_000)
	cursor := ""
	for range 25 { // the middle of the list
		_, next, _, err := s.ListProjects(b.Context(), ada.ID, postgres.ProjectQuery{Cursor: cursor, Limit: 200})
		s.ok(err)
		cursor = next
	}
	for name, q := range map[string]postgres.ProjectQuery{
		"first": {}, "middle": {Cursor: cursor}, "search": {Text: "number 1999"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, _, err := s.ListProjects(b.Context(), ada.ID, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestLayout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace := s.person("Ada"), s.person("Grace")
	p := s.project(ada, "p")
	if l, err := s.Layout(t.Context(), ada.ID, p.ID); err != nil || l.Version != 0 || l.JSON != nil {
		t.Errorf("Layout = %+v, %v, want none", l, err)
	}
	for i := range 3 {
		version, err := s.SetLayout(t.Context(), ada.ID, p.ID, []byte(fmt.Sprintf(`{"tabs": %d}`, i)))
		if err != nil || version != int64(i+1) {
			t.Errorf("SetLayout = %d, %v, want %d", version, err, i+1)
		}
	}
	l, err := s.Layout(t.Context(), ada.ID, p.ID)
	if err != nil || string(l.JSON) != `{"tabs": 2}` || l.Version != 3 || time.Since(l.Changed) > time.Minute {
		t.Errorf("Layout = %+v, %v", l, err)
	}
	if l, err := s.Layout(t.Context(), grace.ID, p.ID); err != nil || l.Version != 0 {
		t.Errorf("another's Layout = %+v, %v", l, err)
	}
	_, err = s.SetLayout(t.Context(), ada.ID, p.ID, []byte(`{"tabs"`))
	want(t, err, lyceum.Invalid, "")
	_, err = s.SetLayout(t.Context(), ada.ID, lyceum.NewID[lyceum.ProjectID](), []byte(`{}`))
	want(t, err, lyceum.NotFound, "")
}

func TestEnv(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	p := s.project(ada, "p")
	for _, v := range []lyceum.EnvVar{{Name: "B", Value: "2"}, {Name: "A", Value: "1"}, {Name: "A", Value: "one"}} {
		s.ok(s.SetEnv(t.Context(), by(ada), p.ID, v))
	}
	got, err := s.Env(t.Context(), p.ID)
	s.ok(err)
	if len(got) != 2 || got[0].Name != "A" || got[0].Value.Reveal() != "one" || got[1].Name != "B" {
		t.Errorf("Env has %d: %v", len(got), got)
	}
	list, err := s.ListEnv(t.Context(), p.ID)
	if err != nil || len(list) != 2 || list[0].Name != "A" || time.Since(list[0].Changed) > time.Minute {
		t.Errorf("ListEnv = %+v, %v", list, err)
	}
	s.ok(s.UnsetEnv(t.Context(), by(ada), p.ID, "A"))
	want(t, s.UnsetEnv(t.Context(), by(ada), p.ID, "A"), lyceum.NotFound, "")
	want(t, s.SetEnv(t.Context(), by(ada), lyceum.NewID[lyceum.ProjectID](), lyceum.EnvVar{Name: "A"}), lyceum.NotFound, "")
	s.sql(`INSERT INTO env_vars (project, name, value) SELECT $1, 'V' || i, '' FROM generate_series(1, $2) i`, p.ID, lyceum.MaxEnvVars-2)
	errs := atOnce(4, func(i int) error {
		return s.SetEnv(t.Context(), by(ada), p.ID, lyceum.EnvVar{Name: fmt.Sprint("LAST", i)})
	})
	if diff := cmp.Diff(tally(errs), map[string]int{"ok": 1, "exhausted": 3}); diff != "" {
		t.Errorf("four at once for the last place (-got +want):\n%s\n%v", diff, errs)
	}
	s.ok(s.SetEnv(t.Context(), by(ada), p.ID, lyceum.EnvVar{Name: "B", Value: "full, but it is there"}))
}

func TestAudit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	act := postgres.Act{Actor: lyceum.Actor{Account: ada.ID, Session: lyceum.NewID[lyceum.SessionID](), Token: lyceum.NewID[lyceum.TokenID]()}, Address: "192.0.2.1", Request: "r"}
	for i := range 5 {
		s.ok(s.Record(t.Context(), act, fmt.Sprint("verb.", i), "thing", "x", map[string]any{"n": i}))
	}
	s.ok(s.Record(t.Context(), postgres.Act{}, "verb.other", "thing", "y", nil))
	f := postgres.AuditFilter{Kind: "thing", Object: "x"}
	var got []string
	cursor := ""
	for {
		list, next, err := s.ListAudit(t.Context(), f, cursor, 2)
		s.ok(err)
		for _, e := range list {
			got = append(got, e.Verb)
			if e.Actor.Name != "Ada" || e.Session != act.Actor.Session || e.Token != act.Actor.Token || e.Address != "192.0.2.1" || e.Request != "r" || e.Detail["n"] == nil {
				t.Errorf("entry = %+v", e)
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	if diff := cmp.Diff(got, []string{"verb.4", "verb.3", "verb.2", "verb.1", "verb.0"}); diff != "" {
		t.Errorf("ListAudit (-got +want):\n%s", diff)
	}
	list, _, err := s.ListAudit(t.Context(), postgres.AuditFilter{Actor: ada.ID}, "", 0)
	if err != nil || len(list) != 6 { // and the making of the account
		t.Errorf("of the actor: %d, %v, want 6", len(list), err)
	}
	s.sql(`DELETE FROM accounts`)
	list, _, err = s.ListAudit(t.Context(), f, "", 1)
	if err != nil || len(list) != 1 || list[0].Actor.ID != ada.ID || list[0].Actor.Name != "" {
		t.Errorf("of an account that is gone: %+v, %v", list, err)
	}
	_, _, err = s.ListAudit(t.Context(), f, "x", 1)
	want(t, err, lyceum.Invalid, "cursor")
}
