package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// abreast listens with one and returns what was delivered.
func abreast(t *testing.T, s *site, cfg postgres.ListenConfig, a *postgres.Abreast) (delivered func(id string) bool, stop func()) {
	t.Helper()
	var mu sync.Mutex
	heard := map[string]bool{}
	began := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	cfg.Abreast = a
	go func() {
		ended <- postgres.Listen(ctx, s.url, cfg, func(n postgres.Notification) {
			mu.Lock()
			defer mu.Unlock()
			if n.What == postgres.Missed && !heard["missed"] {
				close(began)
			}
			heard[string(n.What)], heard[n.ID] = true, true
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Listen: %v", err)
		}
	})
	t.Cleanup(stop)
	<-began
	return func(id string) bool {
		mu.Lock()
		defer mu.Unlock()
		return heard[id]
	}, stop
}

// TestAbreast: whoever asks after a commit has heard of it when the answer comes,
// however many commit and ask at the same time, and the connection is tried meanwhile.
func TestAbreast(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := new(postgres.Abreast)
	delivered, stop := abreast(t, s, postgres.ListenConfig{}, a)
	ada := s.person("Ada")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 40 {
				p, err := s.CreateProject(t.Context(), by(ada), postgres.NewProject{Name: "p"})
				if err != nil {
					t.Error(err)
					return
				}
				if err := postgres.Ping(a); err != nil {
					t.Error(err)
				}
				if !a.Wait(t.Context()) {
					t.Error("it is not known whether all was delivered")
				}
				if !delivered(string(p.ID)) {
					t.Errorf("project %s was committed before the question and not delivered before the answer", p.ID)
				}
			}
		})
	}
	all.Wait()
	stop()
	if a.Wait(t.Context()) {
		t.Error("all is said to be delivered although nothing is listened to")
	}
}

// TestAbreastLost: nobody is told that all was delivered who asks while the connection
// is lost, or whose notifications were dropped; and nobody waits for ever.
func TestAbreastLost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := new(postgres.Abreast)
	if a.Wait(t.Context()) {
		t.Error("all is said to be delivered before anything was listened to")
	}
	delivered, _ := abreast(t, s, postgres.ListenConfig{}, a)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	a.Wait(ended) // returns
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for !delivered("lost") {
				a.Wait(t.Context()) // returns, whatever it says
			}
		})
	}
	s.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()`)
	all.Wait()
	eventually(t, "it listens again", func() bool { return a.Wait(t.Context()) })
}

// TestAbreastSlowly: who takes notifications so slowly that some are dropped is not
// said to have all.
func TestAbreastSlowly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := new(postgres.Abreast)
	ctx, cancel := context.WithCancel(t.Context())
	began, busy, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- postgres.Listen(ctx, s.url, postgres.ListenConfig{Queue: 5, Abreast: a}, func(n postgres.Notification) {
			if n.What == postgres.Missed {
				close(began)
				return
			}
			close(busy)
			<-ctx.Done()
		})
	}()
	<-began
	send := func(n int) {
		s.sql(`SELECT pg_notify('lyceum', json_build_object('k', 'project', 'id', $1::text)::text)`, fmt.Sprint(n))
	}
	send(0)
	<-busy // with the first: all that comes now waits
	answer := make(chan bool, 1)
	go func() { answer <- a.Wait(ctx) }()
	got, answered := false, false
	for n := 1; !answered; n++ { // until the question is among those that are dropped
		send(n)
		select {
		case got = <-answer:
			answered = true
		default:
		}
	}
	if got {
		t.Error("all is said to be delivered, of which some was dropped and some not taken")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if a.Wait(t.Context()) {
		t.Error("all is said to be delivered after the end")
	}
}

// TestPageOf holds pages of what is at hand against those that PostgreSQL makes.
func TestPageOf(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace := s.person("Ada"), s.person("Grace")
	edited := time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC)
	for n := range 23 {
		p := s.project(ada, fmt.Sprint("p", n))
		if n%3 == 0 {
			s.join(p, ada, grace, lyceum.Viewer)
		}
		if n%4 == 0 {
			s.ok(s.SetStar(t.Context(), ada.ID, p.ID, true))
		}
		if n%5 == 0 {
			s.ok(s.DeleteProject(t.Context(), by(ada), p.ID))
		}
		s.sql(`UPDATE projects SET last_edited_at = $2 WHERE id = $1`, p.ID, edited.Add(time.Duration(n%6)*time.Microsecond))
	}
	for _, who := range []lyceum.Account{ada, grace, s.person("Nobody")} {
		for _, filter := range []postgres.ListFilter{"", postgres.FilterAll, postgres.FilterStarred, postgres.FilterDeleted} {
			q := postgres.ProjectQuery{Filter: filter, Limit: 4}
			for {
				want, wantNext, wantTotal, err := s.ListProjects(t.Context(), who.ID, q)
				s.ok(err)
				got, next, total, err := postgres.PageOf(placed(t, s, who), q)
				s.ok(err)
				if fmt.Sprint(got) != fmt.Sprint(want) || next != wantNext || total != wantTotal {
					t.Fatalf("%s %q %q:\n got %v %q %d\nwant %v %q %d", who.Name, filter, q.Cursor, got, next, total, want, wantNext, wantTotal)
				}
				if q.Cursor = next; next == "" {
					break
				}
			}
		}
	}
	_, _, _, err := postgres.PageOf(nil, postgres.ProjectQuery{Cursor: "!"})
	want(t, err, lyceum.Invalid, "cursor")
}

func placed(t *testing.T, s *site, who lyceum.Account) []postgres.Placed {
	places, err := s.Places(t.Context(), who.ID, 100)
	s.ok(err)
	var ids []lyceum.ProjectID
	for _, p := range places {
		ids = append(ids, p.Project)
	}
	projects, err := s.Projects(t.Context(), ids)
	s.ok(err)
	var list []postgres.Placed
	for _, p := range places {
		for _, project := range projects {
			if project.ID == p.Project {
				list = append(list, postgres.Placed{Project: project, Role: p.Role, Starred: p.Starred})
			}
		}
	}
	return list
}
