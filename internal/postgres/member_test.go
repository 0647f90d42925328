package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// roles are the members of a project by account.
func (s *site) roles(p lyceum.Project) map[lyceum.AccountID]lyceum.Role {
	s.t.Helper()
	list, err := s.ListMembers(s.t.Context(), p.ID)
	s.ok(err)
	m := map[lyceum.AccountID]lyceum.Role{}
	for _, member := range list {
		m[member.Account.ID] = member.Role
	}
	return m
}

func TestMembers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace, zoe := s.person("Ada"), s.person("Grace"), s.person("Zoe")
	p := s.project(zoe, "p")
	s.join(p, zoe, grace, lyceum.Viewer)
	s.join(p, zoe, ada, lyceum.Viewer)
	s.ok(s.SetRole(t.Context(), by(zoe), p.ID, grace.ID, lyceum.Editor))
	list, err := s.ListMembers(t.Context(), p.ID)
	s.ok(err)
	var names []string
	for _, m := range list {
		names = append(names, m.Account.Name+" "+string(m.Role))
	}
	if diff := cmp.Diff(names, []string{"Zoe owner", "Grace editor", "Ada viewer"}); diff != "" {
		t.Errorf("ListMembers (-got +want):\n%s", diff)
	}
	ids, err := s.MemberIDs(t.Context(), []lyceum.ProjectID{lyceum.NewID[lyceum.ProjectID](), p.ID})
	if err != nil || len(ids) != 1 || len(ids[p.ID]) != 3 {
		t.Errorf("MemberIDs = %v, %v", ids, err)
	}
	v, err := s.ProjectFor(t.Context(), p.ID, grace.ID)
	s.ok(err)
	if v.Role != lyceum.Editor {
		t.Errorf("ProjectFor = %+v", v)
	}
	none := lyceum.NewID[lyceum.ProjectID]()
	crews, err := s.Crews(t.Context(), []lyceum.ProjectID{p.ID, none})
	s.ok(err)
	if c := crews[p.ID]; c.Members != 3 || len(c.People) != 3 || c.People[0].ID != zoe.ID || c.People[0].Name != "Zoe" {
		t.Errorf("Crews = %+v", c)
	}
	if c := crews[none]; c.Members != 0 || c.People == nil || len(c.People) != 0 {
		t.Errorf("Crews of none = %+v", c)
	}

	stranger := s.person("Stranger")
	want(t, s.SetRole(t.Context(), by(zoe), p.ID, stranger.ID, lyceum.Editor), lyceum.NotFound, "")
	want(t, s.RemoveMember(t.Context(), by(zoe), p.ID, stranger.ID), lyceum.NotFound, "")
	want(t, s.SetRole(t.Context(), by(zoe), lyceum.NewID[lyceum.ProjectID](), ada.ID, lyceum.Editor), lyceum.NotFound, "")
	want(t, s.SetRole(t.Context(), by(zoe), p.ID, ada.ID, "king"), lyceum.Invalid, "")

	// What a person arranged goes with them.
	s.ok(s.SetStar(t.Context(), ada.ID, p.ID, true))
	_, err = s.SetLayout(t.Context(), ada.ID, p.ID, []byte(`{}`))
	s.ok(err)
	s.ok(s.RemoveMember(t.Context(), by(ada), p.ID, ada.ID))
	if n := value[int](s, `SELECT (SELECT count(*) FROM stars) + (SELECT count(*) FROM layouts)`); n != 0 {
		t.Errorf("%d stars and layouts are left", n)
	}
}

// TestLastOwner is about owners who leave or step down at the same moment: one stays.
func TestLastOwner(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const owners = 4
	for round := range 3 {
		people := make([]lyceum.Account, owners)
		for i := range people {
			people[i] = s.person(fmt.Sprint("Owner ", i))
		}
		p := s.project(people[0], "p")
		for _, a := range people[1:] {
			s.join(p, people[0], a, lyceum.Owner)
		}
		errs := atOnce(owners, func(i int) error {
			if i%2 == 0 {
				return s.RemoveMember(t.Context(), by(people[i]), p.ID, people[i].ID)
			}
			return s.SetRole(t.Context(), by(people[i]), p.ID, people[i].ID, lyceum.Editor)
		})
		if diff := cmp.Diff(tally(errs), map[string]int{"ok": owners - 1, "conflict": 1}); diff != "" {
			t.Errorf("round %d (-got +want):\n%s\n%v", round, diff, errs)
		}
		left := 0
		for _, r := range s.roles(p) {
			if r == lyceum.Owner {
				left++
			}
		}
		if left != 1 {
			t.Errorf("round %d: %d owners, want 1", round, left)
		}
	}
}

// TestInvitationUses is about a link for three that ten people follow at once.
func TestInvitationUses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	p := s.project(ada, "p")
	hash := lyceum.NewSecret().Hash()
	made, err := s.CreateInvitation(t.Context(), by(ada), lyceum.Invitation{Project: p.ID, Role: lyceum.Editor, Expires: soon(), Uses: 3}, hash)
	s.ok(err)
	people := make([]lyceum.Account, 10)
	for i := range people {
		people[i] = s.person("Guest")
	}
	errs := atOnce(len(people), func(i int) error {
		_, err := s.AcceptInvitation(t.Context(), by(people[i]), hash)
		return err
	})
	if diff := cmp.Diff(tally(errs), map[string]int{"ok": 3, "not-found": 7}); diff != "" {
		t.Errorf("ten at once (-got +want):\n%s\n%v", diff, errs)
	}
	if n := len(s.roles(p)); n != 4 {
		t.Errorf("%d members, want 4", n)
	}
	_, err = s.InvitationByHash(t.Context(), hash)
	want(t, err, lyceum.NotFound, "")
	want(t, s.RevokeInvitation(t.Context(), by(ada), "", made.ID), lyceum.NotFound, "")
	s.ok(s.RevokeInvitation(t.Context(), by(ada), p.ID, made.ID))
}

// TestInvitationIsNotWasted is about members who follow a link again, and one that
// raises a role.
func TestInvitationIsNotWasted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace := s.person("Ada"), s.person("Grace")
	p := s.project(ada, "p")
	hash := lyceum.NewSecret().Hash()
	_, err := s.CreateInvitation(t.Context(), by(ada), lyceum.Invitation{Project: p.ID, Role: lyceum.Editor, Expires: soon(), Uses: 2}, hash)
	s.ok(err)
	s.join(p, ada, grace, lyceum.Viewer)
	for _, a := range []lyceum.Account{ada, grace, grace, ada} {
		id, err := s.AcceptInvitation(t.Context(), by(a), hash)
		if err != nil || id != p.ID {
			t.Errorf("AcceptInvitation = %v, %v", id, err)
		}
	}
	if diff := cmp.Diff(s.roles(p), map[lyceum.AccountID]lyceum.Role{ada.ID: lyceum.Owner, grace.ID: lyceum.Editor}); diff != "" {
		t.Errorf("members (-got +want):\n%s", diff)
	}
	v, err := s.InvitationByHash(t.Context(), hash)
	s.ok(err)
	if v.Uses != 1 || v.ProjectName != "p" || v.Inviter.Name != "Ada" {
		t.Errorf("InvitationByHash = %+v, want one use left", v)
	}
}

func TestInvitationForOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace, eve := s.person("Ada"), s.person("Grace"), s.person("Eve")
	p := s.project(ada, "p")
	i := s.invite(p, ada, grace, lyceum.Viewer)
	_, err := s.AcceptInvitationByID(t.Context(), by(eve), i.ID)
	want(t, err, lyceum.NotFound, "")
	want(t, s.DeclineInvitation(t.Context(), by(eve), eve.ID, i.ID), lyceum.NotFound, "")
	_, err = s.CreateInvitation(t.Context(), by(ada), lyceum.Invitation{Project: p.ID, Role: lyceum.Editor, Account: grace.ID, Expires: soon(), Uses: 1}, nil)
	want(t, err, lyceum.Conflict, "account")
	list, err := s.ListInvitationsFor(t.Context(), grace.ID)
	if err != nil || len(list) != 1 || list[0].ID != i.ID || list[0].Invited.Name != "Grace" {
		t.Errorf("ListInvitationsFor = %+v, %v", list, err)
	}
	list, err = s.ListInvitations(t.Context(), p.ID)
	if err != nil || len(list) != 1 {
		t.Errorf("ListInvitations = %+v, %v", list, err)
	}
	s.ok(s.DeclineInvitation(t.Context(), by(grace), grace.ID, i.ID))
	i = s.invite(p, ada, grace, lyceum.Viewer)
	_, err = s.AcceptInvitationByID(t.Context(), by(grace), i.ID)
	s.ok(err)
	_, err = s.CreateInvitation(t.Context(), by(ada), lyceum.Invitation{Project: p.ID, Role: lyceum.Editor, Account: grace.ID, Expires: soon(), Uses: 1}, nil)
	want(t, err, lyceum.Conflict, "account")

	// A link that is for an address holds for it alone.
	hash := lyceum.NewSecret().Hash()
	_, err = s.CreateInvitation(t.Context(), by(ada), lyceum.Invitation{Project: p.ID, Role: lyceum.Editor, Email: "  " + eve.Email, Expires: soon(), Uses: 1}, hash)
	s.ok(err)
	_, err = s.AcceptInvitation(t.Context(), by(grace), hash)
	want(t, err, lyceum.Forbidden, "")
	if _, err := s.AcceptInvitation(t.Context(), by(eve), hash); err != nil {
		t.Errorf("by the one it is for: %v", err)
	}
}

// TestInvitationGone is about invitations that do not hold: there is one answer to all.
func TestInvitationGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, grace := s.person("Ada"), s.person("Grace")
	for name, spoil := range map[string]func(p lyceum.Project, i lyceum.Invitation){
		"expired": func(_ lyceum.Project, i lyceum.Invitation) {
			s.sql(`UPDATE invitations SET expires_at = now() - interval '1 second' WHERE id = $1`, i.ID)
		},
		"used up": func(_ lyceum.Project, i lyceum.Invitation) {
			s.sql(`UPDATE invitations SET uses = 0 WHERE id = $1`, i.ID)
		},
		"revoked": func(p lyceum.Project, i lyceum.Invitation) {
			s.ok(s.RevokeInvitation(t.Context(), by(ada), p.ID, i.ID))
		},
		"project deleted": func(p lyceum.Project, _ lyceum.Invitation) { s.ok(s.DeleteProject(t.Context(), by(ada), p.ID)) },
		"project purged": func(p lyceum.Project, _ lyceum.Invitation) {
			s.sql(`DELETE FROM projects WHERE id = $1`, p.ID)
		},
	} {
		p, hash := s.project(ada, name), lyceum.NewSecret().Hash()
		i, err := s.CreateInvitation(t.Context(), by(ada), lyceum.Invitation{Project: p.ID, Role: lyceum.Editor, Expires: soon(), Uses: 1}, hash)
		s.ok(err)
		spoil(p, i)
		_, err = s.AcceptInvitation(t.Context(), by(grace), hash)
		want(t, err, lyceum.NotFound, "")
		_, err = s.InvitationByHash(t.Context(), hash)
		want(t, err, lyceum.NotFound, "")
		_, err = s.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Email: "late@example.org", Name: "Late", Invitation: hash})
		want(t, err, lyceum.NotFound, "")
		if _, _, err := s.AccountByEmail(t.Context(), "late@example.org"); err == nil {
			t.Errorf("%s: the account was made all the same", name)
		}
	}
}

// TestInvitationToSite is about signing up by invitation.
func TestInvitationToSite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.admin("Ada")
	hash := lyceum.NewSecret().Hash()
	_, err := s.CreateInvitation(t.Context(), by(ada), lyceum.Invitation{Expires: soon(), Uses: 2}, hash)
	s.ok(err)
	id, err := s.AcceptInvitation(t.Context(), by(ada), hash)
	want(t, err, lyceum.Invalid, "")
	if id != "" {
		t.Errorf("joined %s", id)
	}
	errs := atOnce(5, func(i int) error {
		_, err := s.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Email: fmt.Sprintf("guest%d@example.org", i), Name: "Guest", Invitation: hash})
		return err
	})
	if diff := cmp.Diff(tally(errs), map[string]int{"ok": 2, "not-found": 3}); diff != "" {
		t.Errorf("five at once (-got +want):\n%s\n%v", diff, errs)
	}
	if n := value[int](s, `SELECT count(*) FROM accounts`); n != 3 {
		t.Errorf("%d accounts, want 3", n)
	}
}

// TestExpire removes what is over, and nothing else.
func TestExpire(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	p := s.project(ada, "p")
	s.session(ada)
	old, _ := s.session(ada)
	s.token(ada)
	oldToken, _ := s.token(ada)
	recent, _ := s.token(ada)
	s.invite(p, ada, s.person("Grace"), lyceum.Viewer)
	oldInvitation := s.invite(p, ada, s.person("Zoe"), lyceum.Viewer)
	_, err := s.CountSignIn(t.Context(), time.Hour, "kept")
	s.ok(err)
	_, err = s.CountSignIn(t.Context(), -time.Hour, "over")
	s.ok(err)
	s.sql(`UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1`, old.ID)
	s.sql(`UPDATE api_tokens SET expires_at = now() - interval '31 days' WHERE id = $1`, oldToken.ID)
	s.sql(`UPDATE api_tokens SET expires_at = now() - interval '1 day' WHERE id = $1`, recent.ID)
	s.sql(`UPDATE invitations SET expires_at = now() - interval '31 days' WHERE id = $1`, oldInvitation.ID)
	s.ok(s.Expire(t.Context()))
	for table, want := range map[string]int{"sessions": 1, "api_tokens": 2, "invitations": 1, "failed_sign_ins": 1} {
		if got := value[int](s, `SELECT count(*) FROM `+table); got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
}
