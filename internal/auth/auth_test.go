package auth

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// TestAuthenticate is about all that a request can carry.
func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada, grace := s.person("Ada"), s.person("Grace")
	_, browser := s.signIn(ada)
	cookie := browser.Header.Get("Cookie")
	_, secret, _ := s.token(grace, lyceum.Token{})
	token := secret.Reveal()
	for _, c := range []struct {
		name, cookie, authorization, query string
		byQuery                            bool
		who                                lyceum.AccountID
		kind                               lyceum.Kind // of the error, when there is one
	}{
		{name: "nothing"},
		{name: "a cookie", cookie: cookie, who: ada.ID},
		{name: "a forged cookie", cookie: "__Host-lyceum=" + lyceum.NewSecret().Reveal()},
		{name: "Bearer", authorization: "Bearer " + token, who: grace.ID},
		{name: "token", authorization: "token " + token, who: grace.ID},
		{name: "bearer in small letters", authorization: "bearer  " + token, who: grace.ID},
		{name: "a token before a cookie", cookie: cookie, authorization: "Bearer " + token, who: grace.ID},
		{name: "a wrong token and a cookie", cookie: cookie, authorization: "Bearer lyc_x", kind: lyceum.Unauthenticated},
		{name: "without its prefix", authorization: "Bearer " + strings.TrimPrefix(token, tokenPrefix), kind: lyceum.Unauthenticated},
		{name: "an empty token", authorization: "Bearer ", kind: lyceum.Unauthenticated},
		{name: "a token of 1 MB", authorization: "Bearer lyc_" + strings.Repeat("x", 1<<20), kind: lyceum.Unauthenticated},
		{name: "the secret of a session", authorization: "Bearer " + cookie[strings.Index(cookie, "=")+1:], kind: lyceum.Unauthenticated},
		{name: "Basic", authorization: "Basic YTpi"},
		{name: "?token= where it is allowed", query: "?token=" + token, byQuery: true, who: grace.ID},
		{name: "?token= where it is not", query: "?token=" + token},
		{name: "a wrong ?token=", query: "?token=lyc_x", byQuery: true, kind: lyceum.Unauthenticated},
	} {
		r := httptest.NewRequest("GET", "/"+c.query, nil)
		if c.cookie != "" {
			r.Header.Set("Cookie", c.cookie)
		}
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		id, err := s.Authenticate(r, home.Address, c.byQuery)
		if c.kind != lyceum.Internal {
			want(t, err, c.kind, "")
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("%s: the error holds the token", c.name)
			}
			continue
		}
		if err != nil || id.Account.ID != c.who || id.SignedIn() != (c.who != "") {
			t.Errorf("%s: %v, %v, want %q", c.name, id.Account.ID, err, c.who)
		}
		if (id.Key() == "") == id.SignedIn() {
			t.Errorf("%s: Key = %q", c.name, id.Key())
		}
	}
}

func TestTokenLimits(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.admin("Ada")
	p, err := s.db.CreateProject(t.Context(), by(ada), postgres.NewProject{Name: "p"})
	s.ok(err)
	made, secret, r := s.token(ada, lyceum.Token{Scope: lyceum.ScopeRead, Project: p.ID})
	id, err := s.Authenticate(r, home.Address, false)
	s.ok(err)
	if a := id.Actor; a.Scope != lyceum.ScopeRead || a.Only != p.ID || a.Token != made.ID || a.Session != "" || !a.Admin {
		t.Errorf("actor = %+v", a)
	}
	if !id.Expires.Equal(made.Expires) || !strings.HasPrefix(secret.Reveal(), "lyc_") {
		t.Errorf("expires %v, text %.4s…", id.Expires, secret.Reveal())
	}
	_, _, expired := s.token(ada, lyceum.Token{Expires: time.Now().Add(-time.Second)})
	_, err = s.Authenticate(expired, home.Address, false)
	want(t, err, lyceum.Unauthenticated, "")
	grace := s.person("Grace")
	_, _, suspended := s.token(grace, lyceum.Token{})
	s.suspend(grace)
	_, err = s.Authenticate(suspended, home.Address, false)
	want(t, err, lyceum.Unauthenticated, "")
}

// TestAgain is about sockets that stay open: they ask past the cache.
func TestAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.Notified(postgres.Notification{What: postgres.Missed})
	ada := s.person("Ada")
	e, browser := s.signIn(ada)
	made, _, program := s.token(ada, lyceum.Token{})
	if s.who(browser) != ada.ID || s.who(program) != ada.ID {
		t.Fatal("not signed in")
	}
	if id, err := s.Again(t.Context(), browser, false); err != nil || id.Actor.Session != e.Session {
		t.Errorf("Again = %+v, %v", id, err)
	}
	s.ok(s.db.RevokeSession(t.Context(), by(ada), ada.ID, e.Session))
	s.ok(s.db.RevokeToken(t.Context(), by(ada), ada.ID, made.ID))
	if s.who(browser) != ada.ID {
		t.Error("the cache was not used: this test shows nothing")
	}
	_, err := s.Again(t.Context(), browser, false)
	want(t, err, lyceum.Unauthenticated, "")
	_, err = s.Again(t.Context(), program, false)
	want(t, err, lyceum.Unauthenticated, "")
	_, err = s.Again(t.Context(), httptest.NewRequest("GET", "/", nil), false)
	want(t, err, lyceum.Unauthenticated, "")
}

// TestNotified takes rights away and lets the cache hear of it.
func TestNotified(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.Notified(postgres.Notification{What: postgres.Missed})
	ada := s.person("Ada")
	e, browser := s.signIn(ada)
	_, other := s.signIn(ada)
	made, _, program := s.token(ada, lyceum.Token{})
	all := func() (n int) {
		for _, r := range []lyceum.AccountID{s.who(browser), s.who(other)} {
			if r == ada.ID {
				n++
			}
		}
		if id, err := s.Authenticate(program, home.Address, false); err == nil && id.Account.ID == ada.ID {
			n++
		}
		return n
	}
	if n := all(); n != 3 {
		t.Fatalf("%d of 3 hold", n)
	}
	s.ok(s.db.RevokeSession(t.Context(), by(ada), ada.ID, e.Session))
	s.Notified(postgres.Notification{What: postgres.SessionRevoked, ID: string(e.Session)})
	if n := all(); n != 2 {
		t.Errorf("after a session %d hold, want 2", n)
	}
	s.ok(s.db.RevokeToken(t.Context(), by(ada), ada.ID, made.ID))
	s.Notified(postgres.Notification{What: postgres.TokenRevoked, ID: string(made.ID)})
	if n := all(); n != 1 {
		t.Errorf("after a token %d hold, want 1", n)
	}
	s.suspend(ada)
	s.Notified(postgres.Notification{What: postgres.AccountChanged, ID: string(ada.ID)})
	if n := all(); n != 0 {
		t.Errorf("after a suspension %d hold, want 0", n)
	}
	// Without notifications nothing may be remembered.
	grace := s.person("Grace")
	e, browser = s.signIn(grace)
	s.Notified(postgres.Notification{What: postgres.Lost})
	if s.who(browser) != grace.ID {
		t.Error("Grace is not signed in")
	}
	s.ok(s.db.RevokeSession(t.Context(), by(grace), grace.ID, e.Session))
	if got := s.who(browser); got != "" {
		t.Errorf("a session that was revoked while nothing is heard: %v", got)
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.person("Ada")
	e, browser := s.signIn(ada)
	id, err := s.Authenticate(browser, home.Address, false)
	s.ok(err)
	if left := time.Until(id.Expires); left > sessionIdle || left < sessionIdle-time.Minute {
		t.Errorf("it ends in %v, want %v", left, sessionIdle)
	}
	// Use makes it longer, and never longer than its whole life.
	for age, want := range map[string]time.Duration{"1 day": sessionIdle, "29 days": 24 * time.Hour} {
		s.sql(`UPDATE sessions SET last_seen_at = now() - interval '2 min', created_at = now() - $2::text::interval, expires_at = now() + interval '1 hour' WHERE id = $1`, e.Session, age)
		s.who(browser)
		id, err = s.Authenticate(browser, home.Address, false)
		s.ok(err)
		if left := time.Until(id.Expires); (left - want).Abs() > time.Minute {
			t.Errorf("used %s after its beginning, it ends in %v, want %v", age, left, want)
		}
	}
	s.sql(`UPDATE sessions SET expires_at = now() WHERE id = $1`, e.Session)
	if got := s.who(browser); got != "" {
		t.Errorf("an expired session is %v's", got)
	}
	_, browser = s.signIn(ada)
	s.suspend(ada)
	if got := s.who(browser); got != "" {
		t.Errorf("a suspended account's session is %v's", got)
	}
}

// TestDatabaseAway must not sign people out: their browsers would forget them.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.person("Ada")
	_, browser := s.signIn(ada)
	_, _, program := s.token(ada, lyceum.Token{})
	s.db.Close()
	_, err := s.Authenticate(browser, home.Address, false)
	want(t, err, lyceum.Unavailable, "")
	_, err = s.Authenticate(program, home.Address, false)
	want(t, err, lyceum.Unavailable, "")
	_, err = s.SignIn(t.Context(), home, ada.Email, password)
	want(t, err, lyceum.Unavailable, "")
}

func TestAgentText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"Browser/1.0 (X11)", "Browser/1.0 (X11)"},
		{"a\x00b\r\nc\x7f\td", "abcd"},
		{"bad \xff utf8", "bad  utf8"},
		{strings.Repeat("x", 400), strings.Repeat("x", 300)},
		{strings.Repeat("x", 299) + "é", strings.Repeat("x", 299)},
		{"", ""},
	} {
		got := agentText(c.in)
		if got != c.want || !utf8.ValidString(got) {
			t.Errorf("agentText(%.20q) = %q, want %q", c.in, got, c.want)
		}
	}
	if got := addressText(netip.Addr{}); got != "" {
		t.Errorf("the text of no address is %q", got)
	}
}
