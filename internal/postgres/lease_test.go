package postgres_test

import (
	"context"
	"testing"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func closed(t *testing.T, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: it did not end", what)
	}
}

// TestLease is about two who want one duty, and a holder whose connection is cut.
func TestLease(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	p := s.project(ada, "p")
	first, err := postgres.AcquireLease(t.Context(), s.url, "manage", "one")
	s.ok(err)
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = postgres.AcquireLease(short, s.url, "manage", "two")
	want(t, err, lyceum.Unavailable, "")
	other, err := postgres.AcquireLease(t.Context(), s.url, "another duty", "two")
	s.ok(err)
	other.Release()

	next := make(chan *postgres.Lease, 1)
	go func() {
		l, err := postgres.AcquireLease(t.Context(), s.url, "manage", "two")
		if err != nil {
			t.Error(err)
		}
		next <- l
	}()
	if news, err := s.SetState(t.Context(), first.Fence, p.ID, postgres.StateChange{Phase: lyceum.Starting}); err != nil || !news {
		t.Errorf("SetState by the holder = %v, %v", news, err)
	}
	began := time.Now()
	s.sql(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	closed(t, "a lease whose connection was cut", first.Done())
	t.Logf("the loss was noticed after %v", time.Since(began))
	second := <-next
	if second == nil {
		t.FailNow()
	}
	t.Logf("the second holder had it after %v", time.Since(began))
	if second.Fence.Number <= first.Fence.Number {
		t.Errorf("fence %d after %d", second.Fence.Number, first.Fence.Number)
	}
	// Each write that carries a fence refuses the first holder's.
	ctx, stale, at := t.Context(), first.Fence, time.Now().Add(time.Hour)
	for name, write := range map[string]func(f postgres.Fence) error{
		"SetState": func(f postgres.Fence) error {
			_, err := s.SetState(ctx, f, p.ID, postgres.StateChange{Phase: lyceum.Running})
			return err
		},
		"WarnIdle":  func(f postgres.Fence) error { _, err := s.WarnIdle(ctx, f, p.ID, at, at); return err },
		"StopIdle":  func(f postgres.Fence) error { _, err := s.StopIdle(ctx, f, p.ID, at, ""); return err },
		"AssignUID": func(f postgres.Fence) error { _, err := s.AssignUID(ctx, f, p.ID, 1, 9); return err },
		"Purge": func(f postgres.Fence) error {
			gone := s.project(ada, "gone")
			s.ok(s.DeleteProject(ctx, by(ada), gone.ID))
			return s.Purge(ctx, f, gone.ID)
		},
	} {
		if err := write(stale); !lyceum.IsKind(err, lyceum.Conflict) {
			t.Errorf("%s with a fallen fence: %v, want Conflict", name, err)
		}
		if err := write(postgres.Fence{Name: "nobody's", Number: 1}); !lyceum.IsKind(err, lyceum.Conflict) {
			t.Errorf("%s with a fence of no lease: %v, want Conflict", name, err)
		}
		if err := write(second.Fence); err != nil {
			t.Errorf("%s by the holder: %v", name, err)
		}
	}
	second.Release()
	second.Release()
	closed(t, "a lease that was released", second.Done())
	third, err := postgres.AcquireLease(t.Context(), s.url, "manage", "three")
	s.ok(err)
	third.Release()
	first.Release()
}

// TestFenceStands is about a write under way when the next holder comes: it is
// waited for, so that no write of the first follows one of the second.
func TestFenceStands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	l, err := postgres.AcquireLease(t.Context(), s.url, "manage", "one")
	s.ok(err)
	conn := s.connect()
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	s.ok(err)
	_, err = tx.Exec(t.Context(), `SELECT number FROM leases WHERE name = 'manage' FOR SHARE`)
	s.ok(err)
	l.Release()
	got := make(chan error, 1)
	go func() {
		next, err := postgres.AcquireLease(t.Context(), s.url, "manage", "two")
		if err == nil {
			next.Release()
		}
		got <- err
	}()
	eventually(t, "the second holder waits for the write", func() bool {
		return value[int](s, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	})
	s.ok(tx.Commit(t.Context()))
	s.ok(<-got)
}
