package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// held holds up what is written to the audit log until release, and the changes
// of projects with it: those that come meanwhile travel together afterwards.
func (s *site) held() (release func()) {
	s.t.Helper()
	conn := s.connect()
	tx, err := conn.Begin(s.t.Context())
	s.ok(err)
	_, err = tx.Exec(s.t.Context(), `LOCK TABLE audit IN EXCLUSIVE MODE`)
	s.ok(err)
	return func() {
		s.t.Helper()
		s.ok(tx.Rollback(s.t.Context()))
		s.ok(conn.Close(context.Background()))
	}
}

// together makes changes: the first alone, the others at once while it is held up.
func (s *site) together(a lyceum.Account, changes []change) {
	s.t.Helper()
	release := s.held()
	var all sync.WaitGroup
	for i, c := range changes {
		all.Go(func() {
			changes[i].view, changes[i].err = s.UpdateProject(s.t.Context(), by(a), c.id, c.what)
		})
		eventually(s.t, "it waits", func() bool { return postgres.UnderWay(s.DB) == i+1 })
	}
	release()
	all.Wait()
}

type change struct {
	id   lyceum.ProjectID
	what postgres.ProjectChange
	view postgres.ProjectView
	err  error
}

// changes makes n projects and a change of each one's description.
func (s *site) changes(a lyceum.Account, n int) []change {
	s.t.Helper()
	var list []change
	for i := range n {
		p := s.project(a, fmt.Sprint("project ", i))
		list = append(list, change{id: p.ID, what: postgres.ProjectChange{Description: ptr(fmt.Sprint("text ", i))}})
	}
	return list
}

// isWritten holds the answer to a change against what is there.
func (s *site) isWritten(a lyceum.Account, c change) {
	s.t.Helper()
	s.ok(c.err)
	read, err := s.ProjectFor(s.t.Context(), c.id, a.ID)
	s.ok(err)
	if diff := cmp.Diff(c.view, read); diff != "" {
		s.t.Errorf("answered -, is +:\n%s", diff)
	}
}

// noted are the audit rows of a project's changes.
func (s *site) noted(id lyceum.ProjectID) string {
	s.t.Helper()
	return value[string](s, `SELECT coalesce(string_agg(concat(account, ' ', address, ' ', request, ' ', detail), '; ' ORDER BY id), '') FROM audit WHERE verb = 'project.change' AND object = $1`, id)
}

// TestDescribeTogether is about changes that are written by one statement: each has
// its own answer, its own row in the audit log and its own notification.
func TestDescribeTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	changes := s.changes(ada, 5)
	changes[3].what = postgres.ProjectChange{Name: ptr("another name")}
	changes[4].id = lyceum.NewID[lyceum.ProjectID]()                                                            // there is none
	changes = append(changes, change{id: changes[3].id, what: postgres.ProjectChange{Description: ptr("too")}}) // the same once more
	heard := listenTo(t, s)
	s.together(ada, changes)

	for _, i := range []int{0, 1, 2, 5} {
		s.isWritten(ada, changes[i])
	}
	if v := changes[3].view; v.Name != "another name" || v.Description != "" {
		t.Errorf("the first of two changes answers %q, %q", v.Name, v.Description)
	}
	if v := changes[5].view; v.Name != "another name" || v.Description != "too" {
		t.Errorf("the second of two changes answers %q, %q", v.Name, v.Description)
	}
	want(t, changes[4].err, lyceum.NotFound, "")
	row := string(ada.ID) + " 192.0.2.1 req "
	for i, want := range []string{row + "{}", row + "{}", row + "{}", row + `{"name": ["project 3", "another name"]}; ` + row + "{}", ""} {
		if got := s.noted(changes[i].id); got != want {
			t.Errorf("audit of %d: %q, want %q", i, got, want)
		}
	}
	told := map[string]int{}
	for range 5 {
		if n := heard.next(t); n.What == postgres.ProjectChanged {
			told[n.ID]++
		}
	}
	if told[string(changes[3].id)] != 2 || len(told) != 4 {
		t.Errorf("told %v", told)
	}
}

// TestDescribeFails is about a statement that fails by one of its changes: only that
// one is refused, and each of the others is written once.
func TestDescribeFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	changes := s.changes(ada, 4)
	changes[2].what.Name = ptr("not \x00 storable")
	s.together(ada, changes)
	for i, c := range changes {
		if i == 2 {
			want(t, c.err, lyceum.Invalid, "")
			continue
		}
		s.isWritten(ada, c)
		if got, want := s.noted(c.id), string(ada.ID)+" 192.0.2.1 req {}"; got != want {
			t.Errorf("audit of %d: %q, want %q", i, got, want)
		}
	}
	if got := s.noted(changes[2].id); got != "" {
		t.Errorf("what was refused is noted: %q", got)
	}
}

// TestDescribeWaitsAlone is about a project whose row another transaction holds:
// nobody waits for it but who changes that project.
func TestDescribeWaitsAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	p, q := s.project(ada, "p"), s.project(ada, "q")
	conn := s.connect()
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	s.ok(err)
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM projects WHERE id = $1 FOR UPDATE`, p.ID)
	s.ok(err)
	done := make(chan error, 1)
	go func() {
		_, err := s.UpdateProject(t.Context(), by(ada), p.ID, postgres.ProjectChange{Description: ptr("late")})
		done <- err
	}()
	eventually(t, "it waits for the row", func() bool {
		return value[bool](s, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`)
	})
	v, err := s.UpdateProject(t.Context(), by(ada), q.ID, postgres.ProjectChange{Description: ptr("soon")})
	s.ok(err)
	if v.Description != "soon" {
		t.Errorf("description %q", v.Description)
	}
	select {
	case err := <-done:
		t.Errorf("the change did not wait for the row: %v", err)
	default:
	}
	s.ok(tx.Rollback(t.Context()))
	s.ok(<-done)
}

// TestDescribeLeaves is about those who give up while they wait for their turn.
func TestDescribeLeaves(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	p, q := s.project(ada, "p"), s.project(ada, "q")
	release := s.held()
	first := make(chan error, 1)
	go func() {
		_, err := s.UpdateProject(t.Context(), by(ada), p.ID, postgres.ProjectChange{Description: ptr("first")})
		first <- err
	}()
	eventually(t, "the first waits", func() bool { return postgres.UnderWay(s.DB) == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.UpdateProject(ctx, by(ada), q.ID, postgres.ProjectChange{Description: ptr("never")})
	want(t, err, lyceum.Unavailable, "")
	release()
	s.ok(<-first)
	if v, err := s.ProjectFor(t.Context(), q.ID, ada.ID); err != nil || v.Description != "" {
		t.Errorf("what was given up is %q, %v", v.Description, err)
	}
}
