package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// TestNoDeadlocks does everything at once to few accounts and projects. Errors of
// kind are what happens then; a deadlock is a wrong order of locks, which costs a
// second each time although it is tried again.
func TestNoDeadlocks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := s.fence()
	people := []lyceum.Account{s.person("Ada"), s.person("Grace"), s.person("Zoe")}
	var projects []lyceum.Project
	var hashes [][]byte
	for i, a := range people {
		p := s.project(a, fmt.Sprint("p", i))
		for _, other := range people {
			if other.ID != a.ID {
				s.join(p, a, other, lyceum.Owner)
			}
		}
		projects = append(projects, p)
		_, hash := s.session(a)
		_, token := s.token(a)
		hashes = append(hashes, hash, token)
	}
	link := lyceum.NewSecret().Hash()
	_, err := s.CreateInvitation(t.Context(), by(people[0]), lyceum.Invitation{Project: projects[0].ID, Role: lyceum.Editor, Expires: soon(), Uses: 1_000_000}, link)
	s.ok(err)

	ctx := t.Context()
	ops := []func(r *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error{
		func(_ *rand.Rand, a lyceum.Account, _ lyceum.ProjectID) error {
			return s.SetPassword(ctx, by(a), a.ID, "hash", "")
		},
		func(r *rand.Rand, a lyceum.Account, _ lyceum.ProjectID) error {
			_, err := s.UpdateAccount(ctx, by(a), a.ID, postgres.AccountChange{Suspended: ptr(r.IntN(3) == 0)})
			return err
		},
		func(_ *rand.Rand, a lyceum.Account, _ lyceum.ProjectID) error {
			hash := lyceum.NewSecret().Hash()
			_, err := s.CreateSession(ctx, by(a), postgres.NewSession{Account: a.ID, Hash: hash, Expires: soon()})
			if err == nil {
				_, _, err = s.SessionByHash(ctx, hash, postgres.Seen{})
			}
			return err
		},
		func(r *rand.Rand, _ lyceum.Account, _ lyceum.ProjectID) error {
			_, _, err := s.SessionByHash(ctx, hashes[r.IntN(len(hashes))], postgres.Seen{Agent: "x"})
			return err
		},
		func(_ *rand.Rand, a lyceum.Account, _ lyceum.ProjectID) error {
			m, err := s.CreateToken(ctx, by(a), lyceum.Token{Account: a.ID, Name: "t", Scope: lyceum.ScopeRead, Expires: soon()}, lyceum.NewSecret().Hash())
			if err == nil {
				err = s.RevokeToken(ctx, by(a), a.ID, m.ID)
			}
			return err
		},
		func(r *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error {
			return s.SetRole(ctx, by(a), p, a.ID, []lyceum.Role{lyceum.Owner, lyceum.Editor, lyceum.Viewer}[r.IntN(3)])
		},
		func(_ *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error {
			return s.RemoveMember(ctx, by(a), p, a.ID)
		},
		func(_ *rand.Rand, a lyceum.Account, _ lyceum.ProjectID) error {
			_, err := s.AcceptInvitation(ctx, by(a), link)
			return err
		},
		func(r *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error {
			i, err := s.CreateInvitation(ctx, by(people[r.IntN(3)]), lyceum.Invitation{Project: p, Role: lyceum.Owner, Account: a.ID, Expires: soon(), Uses: 1}, nil)
			if err != nil {
				return err
			}
			if r.IntN(2) == 0 {
				return s.DeclineInvitation(ctx, by(a), a.ID, i.ID)
			}
			_, err = s.AcceptInvitationByID(ctx, by(a), i.ID)
			return err
		},
		func(r *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error {
			return s.SetStar(ctx, a.ID, p, r.IntN(2) == 0)
		},
		func(_ *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error {
			_, err := s.SetLayout(ctx, a.ID, p, []byte(`{}`))
			return err
		},
		func(_ *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error {
			return s.SetEnv(ctx, by(a), p, lyceum.EnvVar{Name: "A", Value: "1"})
		},
		func(_ *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error { return s.Restart(ctx, by(a), p) },
		func(_ *rand.Rand, _ lyceum.Account, p lyceum.ProjectID) error {
			_, err := s.SetState(ctx, f, p, postgres.StateChange{Phase: lyceum.Running, Step: fmt.Sprint(counter.Add(1))})
			return err
		},
		func(_ *rand.Rand, _ lyceum.Account, p lyceum.ProjectID) error {
			_, err := s.AssignUID(ctx, f, p, 1, 2)
			return err
		},
		func(_ *rand.Rand, _ lyceum.Account, p lyceum.ProjectID) error {
			return s.Touch(ctx, p, time.Now(), true)
		},
		func(r *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error {
			_, err := s.UpdateProject(ctx, by(a), p, postgres.ProjectChange{Slug: ptr(fmt.Sprint("s", r.IntN(4)))})
			return err
		},
		func(_ *rand.Rand, a lyceum.Account, p lyceum.ProjectID) error {
			if err := s.DeleteProject(ctx, by(a), p); err != nil {
				return err
			}
			return s.RestoreProject(ctx, by(a), p)
		},
		func(_ *rand.Rand, a lyceum.Account, _ lyceum.ProjectID) error {
			p, err := s.CreateProject(ctx, by(a), postgres.NewProject{Name: "short-lived"})
			if err != nil {
				return err
			}
			if err := s.DeleteProject(ctx, by(a), p.ID); err != nil {
				return err
			}
			return s.Purge(ctx, f, p.ID)
		},
		func(*rand.Rand, lyceum.Account, lyceum.ProjectID) error { return s.Expire(ctx) },
	}
	// Sessions look old, so that each use of one is written down, and some are over.
	s.sql(`CREATE FUNCTION age() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		NEW.last_seen_at := now() - interval '1 hour';
		IF random() < 0.3 THEN NEW.expires_at := now() + interval '20 ms'; END IF; RETURN NEW; END $$`)
	s.sql(`CREATE TRIGGER age BEFORE INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION age()`)

	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(worker)))
			for range 150 {
				i := r.IntN(len(ops))
				err := ops[i](r, people[r.IntN(len(people))], projects[r.IntN(len(projects))].ID)
				if k := lyceum.KindOf(err); err != nil && (k == lyceum.Internal || k == lyceum.Unavailable) {
					t.Errorf("operation %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
	s.Close() // connections report what they counted when they end
	eventually(t, "the pool's connections end", func() bool {
		return value[int](s, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lyceum'`) == 0
	})
	if n := value[int](s, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}
