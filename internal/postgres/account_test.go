package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// atOnce runs f n times at the same moment and returns the errors.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	gate := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-gate
			errs[i] = f(i)
		})
	}
	close(gate)
	all.Wait()
	return errs
}

// tally counts the errors by kind; nil counts as "ok".
func tally(errs []error) map[string]int {
	n := map[string]int{}
	for _, err := range errs {
		if err == nil {
			n["ok"]++
		} else {
			n[lyceum.KindOf(err).String()]++
		}
	}
	return n
}

func TestAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	made := s.account(postgres.NewAccount{Email: " Ada@Example.org ", Name: "Ada", Colour: 3, Password: "hash"})
	wanted := lyceum.Account{ID: made.ID, Email: "Ada@Example.org", Name: "Ada", Colour: 3, Created: made.Created}
	if diff := cmp.Diff(made, wanted); diff != "" {
		t.Errorf("CreateAccount (-got +want):\n%s", diff)
	}
	got, err := s.Account(t.Context(), made.ID)
	s.ok(err)
	if diff := cmp.Diff(got, made); diff != "" {
		t.Errorf("Account (-got +want):\n%s", diff)
	}
	got, hash, err := s.AccountByEmail(t.Context(), "ada@EXAMPLE.org")
	s.ok(err)
	if got.ID != made.ID || hash != "hash" {
		t.Errorf("AccountByEmail = %v, %q", got.ID, hash)
	}
	_, err = s.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Email: "ADA@example.org", Name: "Other"})
	want(t, err, lyceum.Conflict, "email")

	_, err = s.Account(t.Context(), lyceum.NewID[lyceum.AccountID]())
	want(t, err, lyceum.NotFound, "")
	_, _, err = s.AccountByEmail(t.Context(), "nobody@example.org")
	want(t, err, lyceum.NotFound, "")
	_, err = s.Account(t.Context(), "not-a-uuid")
	want(t, err, lyceum.Invalid, "")
	_, err = s.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Email: "nul@example.org", Name: "a\x00b"})
	want(t, err, lyceum.Invalid, "")
	_, err = s.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Email: "colour@example.org", Colour: 12})
	want(t, err, lyceum.Invalid, "")
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	other := s.person("Grace")
	got, err := s.UpdateAccount(t.Context(), by(ada), ada.ID, postgres.AccountChange{
		Name: ptr("Ada L."), Email: ptr("Lovelace@example.org"), Colour: ptr(7), Preferences: json.RawMessage(`{"theme":"dark"}`)})
	s.ok(err)
	if got.Name != "Ada L." || got.Email != "Lovelace@example.org" || got.Colour != 7 {
		t.Errorf("UpdateAccount = %+v", got)
	}
	prefs, err := s.Preferences(t.Context(), ada.ID)
	s.ok(err)
	if string(prefs) != `{"theme": "dark"}` {
		t.Errorf("Preferences = %s", prefs)
	}
	if _, _, err := s.AccountByEmail(t.Context(), "lovelace@example.org"); err != nil {
		t.Errorf("by the new address: %v", err)
	}
	_, err = s.UpdateAccount(t.Context(), by(ada), ada.ID, postgres.AccountChange{Email: ptr(strings.ToUpper(other.Email))})
	want(t, err, lyceum.Conflict, "email")
	_, err = s.UpdateAccount(t.Context(), by(ada), lyceum.NewID[lyceum.AccountID](), postgres.AccountChange{Name: ptr("x")})
	want(t, err, lyceum.NotFound, "")
	_, err = s.UpdateAccount(t.Context(), by(ada), ada.ID, postgres.AccountChange{Preferences: json.RawMessage(`{"a":"\u0000"}`)})
	want(t, err, lyceum.Invalid, "")
}

// TestLastAdmin is about two administrators who leave at the same moment: one stays.
func TestLastAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for round := range 5 {
		a, b := s.admin("Ada"), s.admin("Grace")
		change := []postgres.AccountChange{{Admin: ptr(false)}, {Suspended: ptr(true)}}
		ids := []lyceum.AccountID{a.ID, b.ID}
		errs := atOnce(2, func(i int) error {
			_, err := s.UpdateAccount(t.Context(), postgres.Act{}, ids[i], change[i])
			return err
		})
		if diff := cmp.Diff(tally(errs), map[string]int{"ok": 1, "conflict": 1}); diff != "" {
			t.Fatalf("round %d (-got +want):\n%s\n%v", round, diff, errs)
		}
		s.sql(`UPDATE accounts SET admin = false`)
	}
	// A suspended administrator is none.
	a, b := s.admin("Ada"), s.admin("Grace")
	_, err := s.UpdateAccount(t.Context(), by(a), b.ID, postgres.AccountChange{Suspended: ptr(true)})
	s.ok(err)
	_, err = s.UpdateAccount(t.Context(), by(a), a.ID, postgres.AccountChange{Admin: ptr(false)})
	want(t, err, lyceum.Conflict, "")
	got, err := s.UpdateAccount(t.Context(), by(a), b.ID, postgres.AccountChange{Suspended: ptr(false), Admin: ptr(true)})
	s.ok(err)
	if got.Suspended || !got.Admin {
		t.Errorf("after the suspension: %+v", got)
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.account(postgres.NewAccount{Name: "Ada", Password: "old"})
	keep, keepHash := s.session(ada)
	_, loseHash := s.session(ada)
	s.ok(s.SetPassword(t.Context(), by(ada), ada.ID, "new", keep.ID))
	if hash, err := s.PasswordHash(t.Context(), ada.ID); err != nil || hash != "new" {
		t.Errorf("PasswordHash = %q, %v", hash, err)
	}
	if _, _, err := s.SessionByHash(t.Context(), keepHash, postgres.Seen{}); err != nil {
		t.Errorf("the session that was kept: %v", err)
	}
	_, _, err := s.SessionByHash(t.Context(), loseHash, postgres.Seen{})
	want(t, err, lyceum.Unauthenticated, "")
	s.ok(s.SetPassword(t.Context(), by(ada), ada.ID, "newer", ""))
	_, _, err = s.SessionByHash(t.Context(), keepHash, postgres.Seen{})
	want(t, err, lyceum.Unauthenticated, "")

	s.ok(s.ReplacePasswordHash(t.Context(), ada.ID, "old", "lost race"))
	s.ok(s.ReplacePasswordHash(t.Context(), ada.ID, "newer", "better"))
	if hash, err := s.PasswordHash(t.Context(), ada.ID); err != nil || hash != "better" {
		t.Errorf("PasswordHash = %q, %v", hash, err)
	}
	nobody := lyceum.NewID[lyceum.AccountID]()
	want(t, s.SetPassword(t.Context(), by(ada), nobody, "x", ""), lyceum.NotFound, "")
	_, err = s.PasswordHash(t.Context(), nobody)
	want(t, err, lyceum.NotFound, "")
	_, err = s.Preferences(t.Context(), nobody)
	want(t, err, lyceum.NotFound, "")
}

func TestFindPeople(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.account(postgres.NewAccount{Email: "ada@example.org", Name: "Ada Lovelace"})
	grace := s.account(postgres.NewAccount{Email: "grace@example.org", Name: "Grace 100% Hopper"})
	gone := s.account(postgres.NewAccount{Email: "gone@example.org", Name: "Ada Suspended"})
	_, err := s.UpdateAccount(t.Context(), postgres.Act{}, gone.ID, postgres.AccountChange{Suspended: ptr(true)})
	s.ok(err)
	for text, want := range map[string][]lyceum.AccountID{
		"ada": {ada.ID}, "LOVE": {ada.ID}, "ADA@example.org": {ada.ID}, "ada@": nil, "example.org": nil,
		"0%": {grace.ID}, "%": {grace.ID}, "_": nil, `\`: nil, "": nil, "  ": nil, "a": {ada.ID, grace.ID},
	} {
		list, err := s.FindPeople(t.Context(), text, 0)
		s.ok(err)
		var got []lyceum.AccountID
		for _, p := range list {
			got = append(got, p.ID)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("FindPeople(%q) (-got +want):\n%s", text, diff)
		}
	}
	if list, err := s.FindPeople(t.Context(), "a", 1); err != nil || len(list) != 1 {
		t.Errorf("FindPeople with limit 1 = %v, %v", list, err)
	}
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var all []lyceum.AccountID
	for i := range 7 {
		// Two of each name, so that the order needs the identifier.
		all = append(all, s.person(fmt.Sprintf("Person %c", 'A'+i/2)).ID)
	}
	ada := s.account(postgres.NewAccount{Email: "ada@example.org", Name: "ada"})
	s.project(ada, "one")
	p := s.project(ada, "two")
	s.ok(s.DeleteProject(t.Context(), by(ada), p.ID))
	s.session(ada)
	s.session(ada)

	var got []lyceum.AccountID
	cursor, pages := "", 0
	for {
		list, next, total, err := s.ListAccounts(t.Context(), "person", cursor, 2)
		s.ok(err)
		if total != 7 {
			t.Errorf("total = %d, want 7", total)
		}
		for _, r := range list {
			got = append(got, r.ID)
		}
		if pages++; next == "" {
			break
		}
		cursor = next
	}
	if diff := cmp.Diff(got, all, cmpopts.SortSlices(func(a, b lyceum.AccountID) bool { return a < b })); diff != "" || pages != 4 {
		t.Errorf("%d pages (-got +want):\n%s", pages, diff)
	}
	list, _, total, err := s.ListAccounts(t.Context(), "ADA@", "", 10)
	s.ok(err)
	if len(list) != 1 || total != 1 || list[0].Projects != 1 || list[0].Sessions != 2 {
		t.Errorf("ListAccounts(ADA@) = %+v, %d, want one with 1 project and 2 sessions", list, total)
	}
	_, _, _, err = s.ListAccounts(t.Context(), "", "no cursor", 10)
	want(t, err, lyceum.Invalid, "cursor")

	accounts, projects, running, err := s.Counts(t.Context())
	s.ok(err)
	if accounts != 8 || projects != 1 || running != 0 {
		t.Errorf("Counts = %d, %d, %d, want 8, 1, 0", accounts, projects, running)
	}
}

// TestSetup is about many who hold the set-up link: one becomes administrator.
func TestSetup(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	link, ctx := lyceum.NewSecret().Hash(), t.Context()
	if needed, err := s.SetupNeeded(ctx); err != nil || !needed {
		t.Fatalf("SetupNeeded = %v, %v", needed, err)
	}
	_, err := s.Setup(ctx, testAct, link, postgres.NewAccount{Email: "early@example.org", Name: "Early"}, "")
	want(t, err, lyceum.Forbidden, "")
	_, err = s.SetSetupLink(ctx, lyceum.NewSecret().Hash())
	s.ok(err)
	if stored, err := s.SetSetupLink(ctx, link); err != nil || !stored {
		t.Fatalf("SetSetupLink = %v, %v", stored, err)
	}
	_, err = s.Setup(ctx, testAct, lyceum.NewSecret().Hash(), postgres.NewAccount{Email: "wrong@example.org", Name: "Wrong"}, "")
	want(t, err, lyceum.Forbidden, "")
	_, err = s.Setup(ctx, testAct, nil, postgres.NewAccount{Email: "wrong@example.org", Name: "Wrong"}, "")
	want(t, err, lyceum.Forbidden, "")

	rows := value[int64](s, `SELECT coalesce(max(id), 0) FROM audit`)
	errs := atOnce(8, func(i int) error {
		n := postgres.NewAccount{Email: fmt.Sprintf("first%d@example.org", i), Name: "First"}
		if i%2 == 0 {
			_, err := s.Setup(ctx, testAct, link, n, "The site")
			return err
		}
		_, err := s.CreateFirstAdmin(ctx, testAct, n)
		return err
	})
	if diff := cmp.Diff(tally(errs), map[string]int{"ok": 1, "conflict": 7}); diff != "" {
		t.Errorf("eight at once (-got +want):\n%s\n%v", diff, errs)
	}
	if n := value[int](s, `SELECT count(*) FROM accounts`); n != 1 {
		t.Errorf("%d accounts, want 1", n)
	}
	if got := s.auditAfter(rows); len(got) == 0 || got[0].Verb != "account.create" || got[0].Actor.ID == "" || got[0].Detail["admin"] != true {
		t.Errorf("audit rows = %+v", got)
	}
	if needed, err := s.SetupNeeded(ctx); err != nil || needed {
		t.Errorf("SetupNeeded = %v, %v", needed, err)
	}
	if stored, err := s.SetSetupLink(ctx, link); err != nil || stored {
		t.Errorf("SetSetupLink = %v, %v, want false", stored, err)
	}
	if n := value[int](s, `SELECT count(*) FROM secrets WHERE name = 'setup-link'`); n != 0 {
		t.Error("the set-up link is still there")
	}
}

func TestSetupNamesTheSite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	link := lyceum.NewSecret().Hash()
	_, err := s.SetSetupLink(t.Context(), link)
	s.ok(err)
	a, err := s.Setup(t.Context(), testAct, link, postgres.NewAccount{Email: "ada@example.org", Name: "Ada"}, "The Institute")
	s.ok(err)
	set, err := s.Settings(t.Context())
	s.ok(err)
	if !a.Admin || set.SiteName != "The Institute" {
		t.Errorf("admin %v, site %q", a.Admin, set.SiteName)
	}
	if got := s.auditAfter(0); len(got) != 2 || got[1].Verb != "settings.change" || got[1].Actor.ID != a.ID {
		t.Errorf("audit rows = %+v", got)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got, err := s.Settings(t.Context())
	s.ok(err)
	if diff := cmp.Diff(got, postgres.DefaultSettings()); diff != "" {
		t.Errorf("a new site (-got +want):\n%s", diff)
	}
	wanted := postgres.Settings{SiteName: "S", SignUp: lyceum.SignUpOpen, IdleTimeout: 90e9, DeleteGrace: 48 * 3600e9, Limits: lyceum.DefaultLimits()}
	got, err = s.UpdateSettings(t.Context(), testAct, postgres.SettingsChange{
		SiteName: &wanted.SiteName, SignUp: &wanted.SignUp, IdleTimeout: &wanted.IdleTimeout, DeleteGrace: &wanted.DeleteGrace})
	s.ok(err)
	if diff := cmp.Diff(got, wanted); diff != "" {
		t.Errorf("UpdateSettings (-got +want):\n%s", diff)
	}
	keys := make([]string, 8)
	errs := atOnce(len(keys), func(i int) error {
		key, err := s.SigningKey(t.Context())
		keys[i] = string(key)
		return err
	})
	for i := range keys {
		s.ok(errs[i])
		if keys[i] != keys[0] {
			t.Error("two hubs sign with different keys")
		}
	}
	s.sql(`UPDATE secrets SET value = 'short' WHERE name = 'ticket-key'`)
	_, err = s.SigningKey(t.Context())
	want(t, err, lyceum.Internal, "")
}
