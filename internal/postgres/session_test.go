package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func TestSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace := s.person("Ada"), s.person("Grace")
	hash, expires := lyceum.NewSecret().Hash(), soon()
	made, err := s.CreateSession(t.Context(), testAct, postgres.NewSession{Account: ada.ID, Hash: hash, Expires: expires, Address: "192.0.2.1", Agent: "Browser"})
	s.ok(err)
	got, a, err := s.SessionByHash(t.Context(), hash, postgres.Seen{})
	s.ok(err)
	if diff := cmp.Diff(got, made); diff != "" || a.ID != ada.ID {
		t.Errorf("SessionByHash (-got +want), of %s:\n%s", a.ID, diff)
	}
	if !made.Expires.Equal(expires) || made.Address != "192.0.2.1" || made.Agent != "Browser" {
		t.Errorf("CreateSession = %+v", made)
	}
	_, _, err = s.SessionByHash(t.Context(), lyceum.NewSecret().Hash(), postgres.Seen{})
	want(t, err, lyceum.Unauthenticated, "")
	want(t, s.RevokeSession(t.Context(), by(grace), grace.ID, made.ID), lyceum.NotFound, "")
	s.ok(s.RevokeSession(t.Context(), by(ada), ada.ID, made.ID))
	want(t, s.RevokeSession(t.Context(), by(ada), ada.ID, made.ID), lyceum.NotFound, "")

	keep, keepHash := s.session(ada)
	s.session(ada)
	s.session(grace)
	s.ok(s.RevokeSessions(t.Context(), by(ada), ada.ID, keep.ID))
	list, err := s.ListSessions(t.Context(), ada.ID)
	if err != nil || len(list) != 1 || list[0].ID != keep.ID {
		t.Errorf("ListSessions = %v, %v", list, err)
	}
	if list, err := s.ListSessions(t.Context(), grace.ID); err != nil || len(list) != 1 {
		t.Errorf("another's sessions = %v, %v", list, err)
	}

	s.sql(`UPDATE sessions SET expires_at = now() WHERE id = $1`, keep.ID)
	_, _, err = s.SessionByHash(t.Context(), keepHash, postgres.Seen{})
	want(t, err, lyceum.Unauthenticated, "")
	if list, err := s.ListSessions(t.Context(), ada.ID); err != nil || len(list) != 0 {
		t.Errorf("expired sessions are listed: %v, %v", list, err)
	}
	_, err = s.CreateSession(t.Context(), testAct, postgres.NewSession{Account: lyceum.NewID[lyceum.AccountID](), Hash: hash, Expires: expires})
	want(t, err, lyceum.NotFound, "")
}

// TestSuspension is about an account that signs in while it is being suspended: no
// session is left, whichever came first.
func TestSuspension(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 5 {
		ada := s.person("Ada")
		_, hash := s.session(ada)
		_, tokenHash := s.token(ada)
		errs := atOnce(4, func(i int) error {
			if i == 0 {
				_, err := s.UpdateAccount(t.Context(), testAct, ada.ID, postgres.AccountChange{Suspended: ptr(true)})
				return err
			}
			_, err := s.CreateSession(t.Context(), testAct, postgres.NewSession{Account: ada.ID, Hash: lyceum.NewSecret().Hash(), Expires: soon()})
			return err
		})
		s.ok(errs[0])
		for _, err := range errs[1:] {
			if err != nil {
				want(t, err, lyceum.Forbidden, "")
			}
		}
		if n := value[int](s, `SELECT count(*) FROM sessions WHERE account = $1`, ada.ID); n != 0 {
			t.Errorf("a suspended account has %d sessions", n)
		}
		_, _, err := s.SessionByHash(t.Context(), hash, postgres.Seen{})
		want(t, err, lyceum.Unauthenticated, "")
		_, _, err = s.TokenByHash(t.Context(), tokenHash)
		want(t, err, lyceum.Unauthenticated, "")
	}
}

// TestSessionIsTouched is about how use is written down: at most once a minute.
func TestSessionIsTouched(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	made, hash := s.session(ada)
	until := made.Expires.Add(24 * time.Hour)
	seen := postgres.Seen{Address: "192.0.2.9", Agent: "Other", Until: until, Longest: 30 * 24 * time.Hour}
	look := func() lyceum.Session {
		t.Helper()
		_, _, err := s.SessionByHash(t.Context(), hash, seen)
		s.ok(err)
		list, err := s.ListSessions(t.Context(), ada.ID)
		s.ok(err)
		return list[0]
	}
	if got := look(); got.Address != "" || !got.LastSeen.Equal(made.LastSeen) {
		t.Errorf("a use within a minute was written: %+v", got)
	}
	s.sql(`UPDATE sessions SET last_seen_at = now() - interval '61 s'`)
	got := look()
	if got.Address != "192.0.2.9" || got.Agent != "Other" || !got.Expires.Equal(until) || time.Since(got.LastSeen) > time.Minute {
		t.Errorf("after a minute: %+v, want expiry %v", got, until)
	}
	a, err := s.Account(t.Context(), ada.ID)
	if err != nil || time.Since(a.LastSeen) > time.Minute {
		t.Errorf("the account was last seen %v, %v", a.LastSeen, err)
	}

	s.sql(`UPDATE sessions SET last_seen_at = now() - interval '61 s', created_at = now() - interval '28 days'`)
	seen.Until = time.Now().Add(90 * 24 * time.Hour)
	if got, most := look(), time.Now().Add(48*time.Hour); got.Expires.Sub(most).Abs() > time.Minute {
		t.Errorf("it expires %v, and its longest life ends %v", got.Expires, most)
	}
	s.sql(`UPDATE sessions SET last_seen_at = now() - interval '61 s'`)
	before := look().Expires
	seen.Until = time.Time{}
	s.sql(`UPDATE sessions SET last_seen_at = now() - interval '61 s'`)
	if got := look(); !got.Expires.Equal(before) {
		t.Errorf("without Until the expiry went from %v to %v", before, got.Expires)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace := s.person("Ada"), s.person("Grace")
	p := s.project(ada, "p")
	hash := lyceum.NewSecret().Hash()
	made, err := s.CreateToken(t.Context(), by(ada), lyceum.Token{Account: ada.ID, Name: "ci", Scope: lyceum.ScopeRead, Project: p.ID, Expires: soon()}, hash)
	s.ok(err)
	got, a, err := s.TokenByHash(t.Context(), hash)
	s.ok(err)
	if diff := cmp.Diff(got, made); diff != "" || a.ID != ada.ID || made.Project != p.ID || made.Scope != lyceum.ScopeRead {
		t.Errorf("TokenByHash (-got +want), of %s:\n%s", a.ID, diff)
	}
	list, err := s.ListTokens(t.Context(), ada.ID)
	if err != nil || len(list) != 1 || time.Since(list[0].LastUsed) > time.Minute {
		t.Errorf("ListTokens = %+v, %v, want one that was used", list, err)
	}
	first := list[0].LastUsed
	_, _, err = s.TokenByHash(t.Context(), hash)
	s.ok(err)
	if list, err = s.ListTokens(t.Context(), ada.ID); err != nil || !list[0].LastUsed.Equal(first) {
		t.Errorf("a second use within a minute was written: %v, %v", list, err)
	}
	want(t, s.RevokeToken(t.Context(), by(grace), grace.ID, made.ID), lyceum.NotFound, "")
	s.sql(`UPDATE api_tokens SET expires_at = now()`)
	_, _, err = s.TokenByHash(t.Context(), hash)
	want(t, err, lyceum.Unauthenticated, "")
	if list, err = s.ListTokens(t.Context(), ada.ID); err != nil || len(list) != 1 {
		t.Errorf("expired tokens are not listed: %v, %v", list, err)
	}
	s.ok(s.RevokeToken(t.Context(), by(ada), ada.ID, made.ID))
	want(t, s.RevokeToken(t.Context(), by(ada), ada.ID, made.ID), lyceum.NotFound, "")
	_, err = s.CreateToken(t.Context(), by(ada), lyceum.Token{Account: ada.ID, Scope: lyceum.ScopeRead, Project: lyceum.NewID[lyceum.ProjectID](), Expires: soon()}, hash)
	want(t, err, lyceum.NotFound, "")
}

func TestTokenLimit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	s.sql(`INSERT INTO api_tokens (id, account, hash, name, scope, expires_at)
		SELECT gen_random_uuid(), $1, decode(md5(i::text), 'hex'), 't', 'read', now() + interval '1 day' FROM generate_series(1, $2) i`, ada.ID, postgres.MaxTokens-1)
	for round := range 5 {
		made := make([]lyceum.Token, 5)
		errs := atOnce(len(made), func(i int) (err error) {
			made[i], err = s.CreateToken(t.Context(), by(ada), lyceum.Token{Account: ada.ID, Name: "t", Scope: lyceum.ScopeRead, Expires: soon()}, lyceum.NewSecret().Hash())
			return err
		})
		if diff := cmp.Diff(tally(errs), map[string]int{"ok": 1, "exhausted": 4}); diff != "" {
			t.Fatalf("round %d: five at once for the last place (-got +want):\n%s\n%v", round, diff, errs)
		}
		for i, m := range made {
			if errs[i] == nil {
				s.ok(s.RevokeToken(t.Context(), by(ada), ada.ID, m.ID))
			}
		}
	}
	_, err := s.CreateToken(t.Context(), testAct, lyceum.Token{Account: lyceum.NewID[lyceum.AccountID](), Scope: lyceum.ScopeRead, Expires: soon()}, []byte("h"))
	want(t, err, lyceum.NotFound, "")
}

// TestLostRights takes away, one by one, what open sockets rest on.
func TestLostRights(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.person("Owner")
	for name, c := range map[string]struct {
		lose func(a lyceum.Account, p lyceum.Project, se lyceum.Session, to lyceum.Token)
		lost []int // of: session, session in project, token in project, session of another
	}{
		"nothing": {func(lyceum.Account, lyceum.Project, lyceum.Session, lyceum.Token) {}, nil},
		"session revoked": {func(a lyceum.Account, _ lyceum.Project, se lyceum.Session, _ lyceum.Token) {
			s.ok(s.RevokeSession(t.Context(), by(a), a.ID, se.ID))
		}, []int{0, 1}},
		"session expired": {func(_ lyceum.Account, _ lyceum.Project, se lyceum.Session, _ lyceum.Token) {
			s.sql(`UPDATE sessions SET expires_at = now() WHERE id = $1`, se.ID)
		}, []int{0, 1}},
		"token revoked": {func(a lyceum.Account, _ lyceum.Project, _ lyceum.Session, to lyceum.Token) {
			s.ok(s.RevokeToken(t.Context(), by(a), a.ID, to.ID))
		}, []int{2}},
		"token expired": {func(_ lyceum.Account, _ lyceum.Project, _ lyceum.Session, to lyceum.Token) {
			s.sql(`UPDATE api_tokens SET expires_at = now() WHERE id = $1`, to.ID)
		}, []int{2}},
		"role lowered": {func(a lyceum.Account, p lyceum.Project, _ lyceum.Session, _ lyceum.Token) {
			s.ok(s.SetRole(t.Context(), by(owner), p.ID, a.ID, lyceum.Viewer))
		}, []int{1, 2}},
		"removed": {func(a lyceum.Account, p lyceum.Project, _ lyceum.Session, _ lyceum.Token) {
			s.ok(s.RemoveMember(t.Context(), by(owner), p.ID, a.ID))
		}, []int{1, 2}},
		"project deleted": {func(_ lyceum.Account, p lyceum.Project, _ lyceum.Session, _ lyceum.Token) {
			s.ok(s.DeleteProject(t.Context(), by(owner), p.ID))
		}, []int{1, 2}},
		"suspended": {func(a lyceum.Account, _ lyceum.Project, _ lyceum.Session, _ lyceum.Token) {
			_, err := s.UpdateAccount(t.Context(), testAct, a.ID, postgres.AccountChange{Suspended: ptr(true)})
			s.ok(err)
		}, []int{0, 1, 2}},
	} {
		a, other := s.person(name), s.person("Other")
		p := s.project(owner, name)
		s.join(p, owner, a, lyceum.Editor)
		se, _ := s.session(a)
		otherSe, _ := s.session(other)
		to, _ := s.token(a)
		c.lose(a, p, se, to)
		got, err := s.LostRights(t.Context(), []postgres.Right{
			{Account: a.ID, Session: se.ID},
			{Account: a.ID, Session: se.ID, Project: p.ID, Role: lyceum.Editor},
			{Account: a.ID, Token: to.ID, Project: p.ID, Role: lyceum.Editor},
			{Account: other.ID, Session: otherSe.ID},
		})
		s.ok(err)
		if diff := cmp.Diff(got, c.lost, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
	se, _ := s.session(owner)
	got, err := s.LostRights(t.Context(), []postgres.Right{{Account: s.person("Thief").ID, Session: se.ID}, {Account: owner.ID}})
	if diff := cmp.Diff(got, []int{0, 1}); err != nil || diff != "" {
		t.Errorf("another's session, and none (-got +want):\n%s%v", diff, err)
	}
	if got, err := s.LostRights(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("of no rights: %v, %v", got, err)
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	counts := func(keys ...string) []int {
		t.Helper()
		list, err := s.CountSignIn(t.Context(), time.Hour, keys...)
		s.ok(err)
		var n []int
		for _, f := range list {
			n = append(n, f.Count)
			if left := time.Until(f.Until); left <= 0 || left > time.Hour+time.Minute {
				t.Errorf("the window ends in %v", left)
			}
		}
		return n
	}
	errs := atOnce(20, func(i int) error {
		keys := []string{"address", "account"}
		if i%2 == 0 {
			keys[0], keys[1] = keys[1], keys[0]
		}
		_, err := s.CountSignIn(t.Context(), time.Hour, keys...)
		return err
	})
	if n := tally(errs)["ok"]; n != 20 {
		t.Fatalf("%d of 20 were counted: %v", n, errs)
	}
	if diff := cmp.Diff(counts("account", "address", "new"), []int{21, 21, 1}); diff != "" {
		t.Errorf("after twenty at once (-got +want):\n%s", diff)
	}
	s.ok(s.ForgiveSignIn(t.Context(), "address", "never seen"))
	s.ok(s.ForgetSignIns(t.Context(), "account"))
	if diff := cmp.Diff(counts("address", "account"), []int{21, 1}); diff != "" {
		t.Errorf("after forgiving (-got +want):\n%s", diff)
	}
	s.sql(`UPDATE failed_sign_ins SET expires_at = now() - interval '1 s'`)
	if diff := cmp.Diff(counts("address"), []int{1}); diff != "" {
		t.Errorf("in a new window (-got +want):\n%s", diff)
	}
	if n := value[int](s, `SELECT count(*) FROM failed_sign_ins WHERE key = 'address'::bytea`); n != 0 {
		t.Error("a key is stored as it is")
	}
}
