package auth

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.person("Ada")
	e, err := s.SignIn(t.Context(), home, "  "+strings.ToUpper(ada.Email)+" ", password)
	s.ok(err)
	if e.Account.ID != ada.ID || e.Session == "" {
		t.Errorf("SignIn = %+v", e)
	}
	list, err := s.db.ListSessions(t.Context(), ada.ID)
	if err != nil || len(list) != 1 || list[0].Address != "192.0.2.1" || list[0].Agent != "Browser/1.0" {
		t.Errorf("sessions = %+v, %v", list, err)
	}
	_, errWrong := s.SignIn(t.Context(), home, ada.Email, "wrong horse 1")
	want(t, errWrong, lyceum.Unauthenticated, "")
	_, errNobody := s.SignIn(t.Context(), home, "nobody@example.org", password)
	want(t, errNobody, lyceum.Unauthenticated, "")
	if errWrong.Error() != errNobody.Error() {
		t.Errorf("the answers tell who has an account: %v; %v", errWrong, errNobody)
	}
	for _, odd := range []string{"", "no address", "a\x00b@example.org", "\xff@example.org", strings.Repeat("x", 10_000)} {
		_, err := s.SignIn(t.Context(), home, odd, password)
		want(t, err, lyceum.Unauthenticated, "")
	}
	rows, _, err := s.db.ListAudit(t.Context(), postgres.AuditFilter{Kind: "account", Object: string(ada.ID)}, "", 10)
	s.ok(err)
	refused := 0
	for _, r := range rows {
		if r.Verb == "session.refuse" && r.Address == "192.0.2.1" && r.Request == "a-request" {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d rows of refused sign-ins, want 1", refused)
	}
	s.suspend(ada)
	_, err = s.SignIn(t.Context(), home, ada.Email, password)
	want(t, err, lyceum.Forbidden, "")
}

// TestSignInWithoutPassword is about an account that has none: nothing opens it.
func TestSignInWithoutPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	a, err := s.db.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Email: "robot@example.org", Name: "Robot"})
	s.ok(err)
	for _, p := range []lyceum.Secret{"", password} {
		_, err := s.SignIn(t.Context(), home, a.Email, p)
		want(t, err, lyceum.Unauthenticated, "")
	}
}

// TestHashIsRenewed is about a hash that was made with other costs.
func TestHashIsRenewed(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.person("Ada")
	old := hash{memory: 8 << 10, time: 1, lanes: 1, salt: []byte("0123456789abcdef"), key: make([]byte, keyLength)}
	stored := fmt.Sprintf("$argon2id$v=%d$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$%s", argon2.Version, base64.RawStdEncoding.EncodeToString(old.derive(password)))
	s.sql(`UPDATE accounts SET password = $2 WHERE id = $1`, ada.ID, stored)
	s.signIn(ada)
	got, err := s.db.PasswordHash(t.Context(), ada.ID)
	if err != nil || !strings.HasPrefix(got, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %s, %v", got, err)
	}
	s.signIn(ada)
}

// tries makes n sign-ins and returns how many were refused for their number.
func (s *site) tries(c Client, email string, p lyceum.Secret, n int) (refused int) {
	s.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			_, err := s.SignIn(s.t.Context(), c, email, p)
			if e, ok := err.(*lyceum.Error); ok && e.Kind == lyceum.Exhausted && strings.Contains(e.Message, "too many sign-ins failed") {
				if e.Retry < time.Second || e.Retry > signInWindow {
					s.t.Errorf("try again in %v", e.Retry)
				}
				mu.Lock()
				refused++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return refused
}

// TestThrottle tries passwords, many at once: the password is looked at for ten of
// them, and then not even the right one holds from there.
func TestThrottle(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada, grace := s.person("Ada"), s.person("Grace")
	if got := s.tries(home, ada.Email, "wrong horse 1", triesPair+5); got != 5 {
		t.Errorf("%d of %d were refused, want 5", got, triesPair+5)
	}
	_, err := s.SignIn(t.Context(), home, strings.ToUpper(ada.Email), password)
	want(t, err, lyceum.Exhausted, "")
	if _, err := s.SignIn(t.Context(), elsewhere, ada.Email, password); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	if _, err := s.SignIn(t.Context(), home, grace.Email, password); err != nil {
		t.Errorf("another account: %v", err)
	}
	s.sql(`UPDATE failed_sign_ins SET expires_at = now()`)
	if _, err := s.SignIn(t.Context(), home, ada.Email, password); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// TestGoodSignInsAreNotCounted lets one person sign in all day.
func TestGoodSignInsAreNotCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.person("Ada")
	for range triesPair + 3 {
		s.signIn(ada)
	}
}

// TestThrottleByAddress tries one password on many accounts.
func TestThrottleByAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.person("Ada")
	count := func(key string, n int) {
		for range n {
			_, err := s.db.CountSignIn(t.Context(), signInWindow, key)
			s.ok(err)
		}
	}
	count("address 192.0.2.1", triesAddress-1)
	if _, err := s.SignIn(t.Context(), home, ada.Email, password); err != nil {
		t.Errorf("the last try that is allowed: %v", err)
	}
	count("address 192.0.2.1", 1)
	_, err := s.SignIn(t.Context(), home, ada.Email, password)
	want(t, err, lyceum.Exhausted, "")

	// A client has a whole network of IPv6.
	count("address 2001:db8:1:2::/64", triesAddress)
	_, err = s.SignIn(t.Context(), from("2001:db8:1:2:3:4:5:6"), ada.Email, password)
	want(t, err, lyceum.Exhausted, "")
	if _, err := s.SignIn(t.Context(), from("2001:db8:1:3::1"), ada.Email, password); err != nil {
		t.Errorf("another network: %v", err)
	}
	_, err = s.SignIn(t.Context(), from("::ffff:192.0.2.1"), ada.Email, password)
	want(t, err, lyceum.Exhausted, "")
}

// TestThrottleByAccount tries one account from everywhere: its owner still gets in
// from where they are signed in.
func TestThrottleByAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.person("Ada")
	s.signIn(ada)
	for range triesAccount {
		_, err := s.db.CountSignIn(t.Context(), signInWindow, "account "+strings.ToLower(ada.Email))
		s.ok(err)
	}
	_, err := s.SignIn(t.Context(), elsewhere, ada.Email, password)
	want(t, err, lyceum.Exhausted, "")
	s.signIn(ada)
	if got := s.tries(home, ada.Email, "wrong horse 1", triesPair+1); got != 1 {
		t.Errorf("from home %d of %d were refused, want 1", got, triesPair+1)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::/64", "2001:db8:0:0:ffff::": "2001:db8::/64", "::1": "::/64",
		"fe80::1%eth0": "fe80::/64",
	} {
		if got := network(netip.MustParseAddr(in)); got != want {
			t.Errorf("network(%s) = %s, want %s", in, got, want)
		}
	}
	if got := network(netip.Addr{}); got != "" {
		t.Errorf("network of no address = %q", got)
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.Notified(postgres.Notification{What: postgres.Missed})
	ada := s.person("Ada")
	e, browser := s.signIn(ada)
	_, other := s.signIn(ada)
	s.who(browser)
	act := by(ada)
	act.Actor.Session = e.Session
	for range 2 { // twice, as two tabs do
		header, err := s.SignOut(t.Context(), act)
		s.ok(err)
		if c := parseCookie(t, header); c.MaxAge != -1 || header != s.ClearCookie() {
			t.Errorf("SignOut = %s", header)
		}
	}
	if got := s.who(browser); got != "" {
		t.Errorf("after signing out it is %v", got)
	}
	if got := s.who(other); got != ada.ID {
		t.Errorf("the other browser is %v", got)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.Notified(postgres.Notification{What: postgres.Missed})
	ada := s.person("Ada")
	e, browser := s.signIn(ada)
	_, other := s.signIn(ada)
	s.who(other)
	act := by(ada)
	act.Actor.Session = e.Session
	change := func(current, wanted lyceum.Secret) error {
		return s.ChangePassword(t.Context(), act, home, ada, current, wanted)
	}
	want(t, change("wrong horse 1", "a new password"), lyceum.Invalid, "current")
	want(t, change(password, "short"), lyceum.Invalid, "new")
	want(t, change(password, lyceum.Secret(strings.Repeat("x", lyceum.MaxPasswordLength+1))), lyceum.Invalid, "new")
	s.ok(change(password, "a new password"))
	if got := s.who(browser); got != ada.ID {
		t.Errorf("the browser that changed it is %v", got)
	}
	if got := s.who(other); got != "" {
		t.Errorf("the other browser is still %v", got)
	}
	_, err := s.SignIn(t.Context(), home, ada.Email, password)
	want(t, err, lyceum.Unauthenticated, "")
	if _, err := s.SignIn(t.Context(), home, ada.Email, "a new password"); err != nil {
		t.Error(err)
	}
	// Guesses count, though made from inside.
	for range triesPair {
		err = change("wrong horse 1", "another password")
	}
	want(t, err, lyceum.Exhausted, "")
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.person("Ada")
	_, browser := s.signIn(ada)
	want(t, s.ResetPassword(t.Context(), ada.Email, "short"), lyceum.Invalid, "password")
	want(t, s.ResetPassword(t.Context(), "nobody@example.org", "a new password"), lyceum.NotFound, "")
	s.ok(s.ResetPassword(t.Context(), strings.ToUpper(ada.Email), "a new password"))
	if got := s.who(browser); got != "" {
		t.Errorf("after a reset the browser is still %v", got)
	}
	if _, err := s.SignIn(t.Context(), elsewhere, ada.Email, "a new password"); err != nil {
		t.Error(err)
	}
}
