package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// TestListen is about order, speed and payloads that are not ours.
func TestListen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	heard := listenTo(t, s)
	ada := s.person("Ada")
	p := s.project(ada, "p")
	heard.drain(t)
	for _, payload := range []string{"", "{", "[]", `{"k":""}`, `{"k":"missed"}`, `{"k":"lost"}`, `{"k":7}`, "null"} {
		s.sql(`SELECT pg_notify('lyceum', $1)`, payload)
	}
	s.sql(`SELECT pg_notify('another', '{"k":"project"}')`)
	if got := heard.drain(t); len(got) > 0 {
		t.Errorf("these came through: %v", got)
	}
	began := time.Now()
	s.ok(s.SetStar(t.Context(), ada.ID, p.ID, true))
	n := heard.next(t)
	t.Logf("heard after %v", time.Since(began))
	if n != (postgres.Notification{What: postgres.ProjectChanged, ID: string(p.ID), Account: ada.ID}) || n.Project() != p.ID {
		t.Errorf("heard %+v", n)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	const many = 200
	for i := range many {
		s.sql(`SELECT pg_notify('lyceum', json_build_object('k', 'project', 'id', $1::text)::text)`, fmt.Sprint(i))
	}
	for i, n := range heard.drain(t) {
		if n.ID != fmt.Sprint(i) {
			t.Fatalf("%d came as number %d", i, i)
		}
	}
}

// TestListenAgain cuts the connection that listens: it says so, listens again, and
// says that something may have been missed.
func TestListenAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	heard := listenTo(t, s)
	for range 2 {
		began := time.Now()
		s.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()`)
		if n := heard.next(t); n.What != postgres.Lost {
			t.Fatalf("heard %+v, want lost", n)
		}
		lost := time.Since(began)
		if n := heard.next(t); n.What != postgres.Missed {
			t.Fatalf("heard %+v, want missed", n)
		}
		t.Logf("lost after %v, back after %v", lost, time.Since(began))
		s.person("Ada")
		p := s.project(s.person("Ada"), "p")
		if n := heard.next(t); n.Project() != p.ID {
			t.Errorf("heard %+v", n)
		}
	}
}

// TestListenSilence is about a check of a silent connection that is well: nothing is lost.
func TestListenSilence(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heard := make(chan postgres.Notification, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- postgres.Listen(ctx, s.url, postgres.ListenConfig{Check: 20 * time.Millisecond}, func(n postgres.Notification) { heard <- n })
	}()
	e := &ear{s, heard}
	if n := e.next(t); n.What != postgres.Missed {
		t.Fatalf("heard %+v", n)
	}
	eventually(t, "the connection was tried", func() bool {
		return value[bool](s, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%ping%' AND pid <> pg_backend_pid())`)
	})
	if got := e.drain(t); len(got) > 0 {
		t.Errorf("heard %v", got)
	}
	cancel()
	s.ok(<-ended)
}

// TestListenSlowly is about one who takes notifications too slowly: they are
// dropped, and that is said.
func TestListenSlowly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heard, ended := make(chan postgres.Notification), make(chan error, 1)
	go func() {
		ended <- postgres.Listen(ctx, s.url, postgres.ListenConfig{Queue: 5}, func(n postgres.Notification) {
			select {
			case heard <- n:
			case <-ctx.Done():
			}
		})
	}()
	e := &ear{s, heard}
	if n := e.next(t); n.What != postgres.Missed {
		t.Fatalf("heard %+v", n)
	}
	for i := range 50 {
		s.sql(`SELECT pg_notify('lyceum', json_build_object('k', 'project', 'id', $1::text)::text)`, fmt.Sprint(i))
	}
	got := e.drain(t)
	missed := 0
	for _, n := range got {
		if n.What == postgres.Missed {
			missed++
		}
	}
	if missed == 0 || len(got) > 20 {
		t.Errorf("of 50, %d came, and missed %d times: %v", len(got), missed, got)
	}
	cancel()
	s.ok(<-ended)
}

// TestListenEnds is about ends that are not the context's.
func TestListenEnds(t *testing.T) {
	t.Parallel()
	err := postgres.Listen(t.Context(), "postgres://host:port:/", postgres.ListenConfig{}, func(postgres.Notification) {})
	want(t, err, lyceum.Invalid, "")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := postgres.Listen(ctx, "postgres://127.0.0.1:1/x", postgres.ListenConfig{}, func(n postgres.Notification) { t.Errorf("heard %+v", n) }); err != nil {
		t.Errorf("Listen = %v, want nil at the end of ctx", err)
	}
}
