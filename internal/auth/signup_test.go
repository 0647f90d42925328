package auth

import (
	"strings"
	"testing"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func (s *site) signUp(mode lyceum.SignUp) {
	s.t.Helper()
	_, err := s.db.UpdateSettings(s.t.Context(), postgres.Act{}, postgres.SettingsChange{SignUp: &mode})
	s.ok(err)
}

// invite makes an invitation by a link, to the site when project is "".
func (s *site) invite(by_ lyceum.Account, project lyceum.ProjectID) lyceum.Secret {
	s.t.Helper()
	secret := lyceum.NewSecret()
	i := lyceum.Invitation{Project: project, Expires: time.Now().Add(time.Hour), Uses: 1}
	if project != "" {
		i.Role = lyceum.Editor
	}
	_, err := s.db.CreateInvitation(s.t.Context(), by(by_), i, secret.Hash())
	s.ok(err)
	return secret
}

// TestSignUp is about each way of signing up, with each kind of invitation.
func TestSignUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.admin("Ada")
	p, err := s.db.CreateProject(t.Context(), by(ada), postgres.NewProject{Name: "p"})
	s.ok(err)
	const ok, forbidden, notFound = lyceum.Kind(-1), lyceum.Forbidden, lyceum.NotFound
	for _, c := range []struct {
		mode                                lyceum.SignUp
		without, toProject, toSite, unknown lyceum.Kind
	}{
		{lyceum.SignUpClosed, forbidden, forbidden, ok, notFound},
		{lyceum.SignUpInvitation, forbidden, ok, ok, notFound},
		{lyceum.SignUpOpen, ok, ok, ok, notFound},
	} {
		s.signUp(c.mode)
		for i, try := range []struct {
			invitation lyceum.Secret
			want       lyceum.Kind
		}{{"", c.without}, {s.invite(ada, p.ID), c.toProject}, {s.invite(ada, ""), c.toSite}, {lyceum.NewSecret(), c.unknown}} {
			email := strings.ToLower(string(c.mode)) + string(rune('a'+i)) + "@example.org"
			e, err := s.SignUp(t.Context(), home, NewAccount{Email: email, Name: "New", Password: password, Invitation: try.invitation})
			if try.want != ok {
				want(t, err, try.want, "")
				if _, _, err := s.db.AccountByEmail(t.Context(), email); err == nil {
					t.Errorf("%s, way %d: refused, and the account was made", c.mode, i)
				}
				continue
			}
			if err != nil || s.who(withCookie(t, e)) != e.Account.ID || e.Account.Admin {
				t.Errorf("%s, way %d: %+v, %v", c.mode, i, e.Account, err)
				continue
			}
			role, _, err := s.db.RoleIn(t.Context(), p.ID, e.Account.ID)
			s.ok(err)
			if (role == lyceum.Editor) != (i == 1) {
				t.Errorf("%s, way %d: role %q in the project", c.mode, i, role)
			}
		}
	}
}

func TestSignUpRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	ada := s.admin("Ada")
	s.signUp(lyceum.SignUpOpen)
	for _, c := range []struct {
		n     NewAccount
		kind  lyceum.Kind
		field string
	}{
		{NewAccount{Email: strings.ToUpper(ada.Email), Name: "Eve", Password: password}, lyceum.Conflict, "email"},
		{NewAccount{Email: "no address", Name: "Eve", Password: password}, lyceum.Invalid, "email"},
		{NewAccount{Email: strings.Repeat("x", 250) + "@example.org", Name: "Eve", Password: password}, lyceum.Invalid, "email"},
		{NewAccount{Email: "eve@example.org", Name: " ", Password: password}, lyceum.Invalid, "name"},
		{NewAccount{Email: "eve@example.org", Name: "E\x00ve", Password: password}, lyceum.Invalid, "name"},
		{NewAccount{Email: "eve@example.org", Name: "Eve\u202e", Password: password}, lyceum.Invalid, "name"},
		{NewAccount{Email: "eve@example.org", Name: "Eve", Password: "short"}, lyceum.Invalid, "password"},
		{NewAccount{Email: "eve@example.org", Name: "Eve"}, lyceum.Invalid, "password"},
	} {
		_, err := s.SignUp(t.Context(), home, c.n)
		want(t, err, c.kind, c.field)
	}
}

// TestAlone is about a machine that cannot keep two people's projects apart.
func TestAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.Isolated = false })
	link, err := s.PrepareSetup(t.Context())
	s.ok(err)
	e, err := s.Setup(t.Context(), home, link, NewAccount{Email: "ada@example.org", Name: "Ada", Password: password}, "")
	s.ok(err)
	_, err = s.SignUp(t.Context(), home, NewAccount{Email: "eve@example.org", Name: "Eve", Password: password, Invitation: s.invite(e.Account, "")})
	want(t, err, lyceum.Conflict, "")
	want(t, s.CheckSignUp(lyceum.SignUpOpen), lyceum.Conflict, "signUp")
	s.ok(s.CheckSignUp(lyceum.SignUpInvitation))

	trusting := newSite(t, func(c *Config) { c.Isolated, c.TrustEveryone = false, true })
	ada := trusting.admin("Ada")
	_, err = trusting.SignUp(t.Context(), home, NewAccount{Email: "grace@example.org", Name: "Grace", Password: password, Invitation: trusting.invite(ada, "")})
	trusting.ok(err)
	want(t, trusting.CheckSignUp(lyceum.SignUpOpen), lyceum.Conflict, "signUp")
	trusting.ok(newSite(t, nil).CheckSignUp(lyceum.SignUpOpen))
}

func TestSetup(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	n := NewAccount{Email: "ada@example.org", Name: "Ada", Password: password}
	old, err := s.PrepareSetup(t.Context())
	s.ok(err)
	link, err := s.PrepareSetup(t.Context()) // the server was started again
	s.ok(err)
	if link == "" || link == old {
		t.Fatal("there is no new link")
	}
	for _, wrongLink := range []lyceum.Secret{"", old, lyceum.NewSecret()} {
		_, err := s.Setup(t.Context(), home, wrongLink, n, "")
		want(t, err, lyceum.Forbidden, "")
	}
	_, err = s.Setup(t.Context(), home, link, NewAccount{Email: "ada@example.org", Name: "Ada", Password: "short"}, "")
	want(t, err, lyceum.Invalid, "password")
	_, err = s.Setup(t.Context(), home, link, n, "a\nb")
	want(t, err, lyceum.Invalid, "siteName")
	e, err := s.Setup(t.Context(), home, link, n, "The Institute")
	s.ok(err)
	if !e.Account.Admin || s.who(withCookie(t, e)) != e.Account.ID {
		t.Errorf("Setup = %+v", e)
	}
	_, err = s.Setup(t.Context(), home, link, NewAccount{Email: "eve@example.org", Name: "Eve", Password: password}, "")
	want(t, err, lyceum.Conflict, "")
	if again, err := s.PrepareSetup(t.Context()); err != nil || again != "" {
		t.Errorf("a site that is set up gets a link: %v", err)
	}
	if made, err := s.CreateFirstAdmin(t.Context(), "grace@example.org", password); err != nil || made {
		t.Errorf("CreateFirstAdmin = %v, %v, want false", made, err)
	}
}

func TestCreateFirstAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	_, err := s.CreateFirstAdmin(t.Context(), "no address", password)
	want(t, err, lyceum.Invalid, "email")
	_, err = s.CreateFirstAdmin(t.Context(), "ada@example.org", "short")
	want(t, err, lyceum.Invalid, "password")
	for i, want := range []bool{true, false} {
		if made, err := s.CreateFirstAdmin(t.Context(), "ada@example.org", password); err != nil || made != want {
			t.Errorf("start %d: %v, %v, want %v", i, made, err, want)
		}
	}
	e, err := s.SignIn(t.Context(), home, "ada@example.org", password)
	if err != nil || !e.Account.Admin {
		t.Errorf("SignIn = %+v, %v", e.Account, err)
	}
}
