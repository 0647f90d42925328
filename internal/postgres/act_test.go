package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func errorsAs[T error](err error, to *T) bool { return errors.As(err, to) }

// act is one change, ready to be made, of which we know what it leaves behind.
type act struct {
	method string   // of DB
	verbs  []string // of the audit rows, in their order
	sends  []postgres.What
	ready  func(s *site) func(ctx context.Context) error
}

// acts are all methods that change something on behalf of somebody.
var acts = []act{
	{"CreateAccount", []string{"account.create"}, nil, func(s *site) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := s.CreateAccount(ctx, testAct, postgres.NewAccount{Email: "new@example.org", Name: "New"})
			return err
		}
	}},
	{"CreateAccount", []string{"account.create", "invitation.accept"}, []postgres.What{"members", "project"}, func(s *site) func(context.Context) error {
		ada, hash := s.person("Ada"), lyceum.NewSecret().Hash()
		_, err := s.CreateInvitation(s.t.Context(), by(ada), lyceum.Invitation{Project: s.project(ada, "p").ID, Role: lyceum.Editor, Expires: soon(), Uses: 1}, hash)
		s.ok(err)
		return func(ctx context.Context) error {
			_, err := s.CreateAccount(ctx, testAct, postgres.NewAccount{Email: "invited@example.org", Name: "New", Invitation: hash})
			return err
		}
	}},
	{"UpdateAccount", []string{"account.change"}, []postgres.What{"account"}, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		return func(ctx context.Context) error {
			_, err := s.UpdateAccount(ctx, testAct, ada.ID, postgres.AccountChange{Name: ptr("Ada L.")})
			return err
		}
	}},
	{"UpdateAccount", []string{"account.change"}, []postgres.What{"account", "session"}, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		s.session(ada)
		return func(ctx context.Context) error {
			_, err := s.UpdateAccount(ctx, testAct, ada.ID, postgres.AccountChange{Suspended: ptr(true)})
			return err
		}
	}},
	{"SetPassword", []string{"account.password"}, []postgres.What{"session"}, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		s.session(ada)
		keep, _ := s.session(ada)
		return func(ctx context.Context) error { return s.SetPassword(ctx, testAct, ada.ID, "hash", keep.ID) }
	}},
	{"UpdateSettings", []string{"settings.change"}, []postgres.What{"settings"}, func(s *site) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := s.UpdateSettings(ctx, testAct, postgres.SettingsChange{SiteName: ptr(fmt.Sprint("Site ", counter.Add(1)))})
			return err
		}
	}},
	{"CreateProject", []string{"project.create"}, []postgres.What{"members"}, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		return func(ctx context.Context) error {
			a := testAct
			a.Actor.Account = ada.ID
			_, err := s.CreateProject(ctx, a, postgres.NewProject{Name: "p"})
			return err
		}
	}},
	onProject("UpdateProject", "project.change", []postgres.What{"project"}, func(ctx context.Context, s *site, p lyceum.Project) error {
		_, err := s.UpdateProject(ctx, testAct, p.ID, postgres.ProjectChange{Name: ptr("q"), Slug: ptr("slug-q")})
		return err
	}),
	onProject("DeleteProject", "project.delete", []postgres.What{"members", "project", "work"}, func(ctx context.Context, s *site, p lyceum.Project) error {
		return s.DeleteProject(ctx, testAct, p.ID)
	}),
	{"RestoreProject", []string{"project.restore"}, []postgres.What{"members", "project"}, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		p := s.project(ada, "p")
		s.ok(s.DeleteProject(s.t.Context(), by(ada), p.ID))
		return func(ctx context.Context) error { return s.RestoreProject(ctx, testAct, p.ID) }
	}},
	onMember("SetRole", "member.role", func(ctx context.Context, s *site, p lyceum.Project, member lyceum.Account) error {
		return s.SetRole(ctx, testAct, p.ID, member.ID, lyceum.Viewer)
	}),
	onMember("RemoveMember", "member.remove", func(ctx context.Context, s *site, p lyceum.Project, member lyceum.Account) error {
		return s.RemoveMember(ctx, testAct, p.ID, member.ID)
	}),
	onMember("RemoveMember", "member.leave", func(ctx context.Context, s *site, p lyceum.Project, member lyceum.Account) error {
		a := testAct
		a.Actor.Account = member.ID
		return s.RemoveMember(ctx, a, p.ID, member.ID)
	}),
	onProject("CreateInvitation", "invitation.create", nil, func(ctx context.Context, s *site, p lyceum.Project) error {
		_, err := s.CreateInvitation(ctx, testAct, lyceum.Invitation{Project: p.ID, Role: lyceum.Viewer, Expires: soon(), Uses: 3}, lyceum.NewSecret().Hash())
		return err
	}),
	onInvited("RevokeInvitation", "invitation.revoke", []postgres.What{"account"}, func(ctx context.Context, s *site, i lyceum.Invitation) error {
		return s.RevokeInvitation(ctx, testAct, i.Project, i.ID)
	}),
	onInvited("DeclineInvitation", "invitation.decline", []postgres.What{"account"}, func(ctx context.Context, s *site, i lyceum.Invitation) error {
		return s.DeclineInvitation(ctx, testAct, i.Account, i.ID)
	}),
	onInvited("AcceptInvitationByID", "invitation.accept", []postgres.What{"account", "members", "project"}, func(ctx context.Context, s *site, i lyceum.Invitation) error {
		a := testAct
		a.Actor.Account = i.Account
		_, err := s.AcceptInvitationByID(ctx, a, i.ID)
		return err
	}),
	{"AcceptInvitation", []string{"invitation.accept"}, []postgres.What{"members", "project"}, func(s *site) func(context.Context) error {
		ada, grace, hash := s.person("Ada"), s.person("Grace"), lyceum.NewSecret().Hash()
		_, err := s.CreateInvitation(s.t.Context(), by(ada), lyceum.Invitation{Project: s.project(ada, "p").ID, Role: lyceum.Editor, Expires: soon(), Uses: 1}, hash)
		s.ok(err)
		return func(ctx context.Context) error {
			a := testAct
			a.Actor.Account = grace.ID
			_, err := s.AcceptInvitation(ctx, a, hash)
			return err
		}
	}},
	{"CreateSession", []string{"session.create"}, nil, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		return func(ctx context.Context) error {
			_, err := s.CreateSession(ctx, testAct, postgres.NewSession{Account: ada.ID, Hash: lyceum.NewSecret().Hash(), Expires: soon()})
			return err
		}
	}},
	{"RevokeSession", []string{"session.revoke"}, []postgres.What{"session"}, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		made, _ := s.session(ada)
		return func(ctx context.Context) error { return s.RevokeSession(ctx, testAct, ada.ID, made.ID) }
	}},
	{"RevokeSessions", []string{"session.revoke-all"}, []postgres.What{"session", "session"}, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		s.session(ada)
		s.session(ada)
		return func(ctx context.Context) error { return s.RevokeSessions(ctx, testAct, ada.ID, "") }
	}},
	{"CreateToken", []string{"token.create"}, nil, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		return func(ctx context.Context) error {
			_, err := s.CreateToken(ctx, testAct, lyceum.Token{Account: ada.ID, Name: "t", Scope: lyceum.ScopeRead, Expires: soon()}, lyceum.NewSecret().Hash())
			return err
		}
	}},
	{"RevokeToken", []string{"token.revoke"}, []postgres.What{"token"}, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		made, _ := s.token(ada)
		return func(ctx context.Context) error { return s.RevokeToken(ctx, testAct, ada.ID, made.ID) }
	}},
	onProject("SetProjectLimits", "project.limits", []postgres.What{"project", "work"}, func(ctx context.Context, s *site, p lyceum.Project) error {
		return s.SetProjectLimits(ctx, testAct, p.ID, lyceum.LimitChange{Memory: num(1e9)})
	}),
	onProject("SetEnv", "env.set", nil, func(ctx context.Context, s *site, p lyceum.Project) error {
		return s.SetEnv(ctx, testAct, p.ID, lyceum.EnvVar{Name: "A", Value: "geheim"})
	}),
	{"UnsetEnv", []string{"env.unset"}, nil, func(s *site) func(context.Context) error {
		p := s.project(s.person("Ada"), "p")
		s.ok(s.SetEnv(s.t.Context(), postgres.Act{}, p.ID, lyceum.EnvVar{Name: "A", Value: "geheim"}))
		return func(ctx context.Context) error { return s.UnsetEnv(ctx, testAct, p.ID, "A") }
	}},
	onProject("SetWanted", "project.start", []postgres.What{"project", "work"}, func(ctx context.Context, s *site, p lyceum.Project) error {
		return s.SetWanted(ctx, testAct, p.ID, lyceum.WantRunning)
	}),
	onProject("SetWanted", "project.stop", []postgres.What{"project", "work"}, func(ctx context.Context, s *site, p lyceum.Project) error {
		return s.SetWanted(ctx, testAct, p.ID, lyceum.WantStopped)
	}),
	onProject("Restart", "project.restart", []postgres.What{"project", "work"}, func(ctx context.Context, s *site, p lyceum.Project) error {
		return s.Restart(ctx, testAct, p.ID)
	}),
	onProject("Record", "made.up", nil, func(ctx context.Context, s *site, p lyceum.Project) error {
		return s.Record(ctx, testAct, "made.up", "project", string(p.ID), nil)
	}),
	{"StopIdle", []string{"project.stop"}, []postgres.What{"project", "work"}, func(s *site) func(context.Context) error {
		p, f := s.project(s.person("Ada"), "p"), s.fence()
		s.ok(s.SetWanted(s.t.Context(), postgres.Act{}, p.ID, lyceum.WantRunning))
		return func(ctx context.Context) error {
			_, err := s.StopIdle(ctx, f, p.ID, time.Now().Add(time.Hour), "idle")
			return err
		}
	}},
	{"Purge", []string{"project.purge"}, []postgres.What{"members", "project"}, func(s *site) func(context.Context) error {
		ada, f := s.person("Ada"), s.fence()
		p := s.project(ada, "p")
		s.ok(s.DeleteProject(s.t.Context(), by(ada), p.ID))
		return func(ctx context.Context) error { return s.Purge(ctx, f, p.ID) }
	}},
}

// siteActs are those of the site itself, which carry no Act.
var siteActs = []string{"StopIdle", "Purge"}

// notAudited are the other methods, with the reason.
var notAudited = map[string]string{
	"Account AccountByEmail AuditFilter Busy Counts Crews Env FindPeople IdleSince InvitationByHash Layout LimitsOf ProjectLimits ListAccounts ListAllProjects ListAudit " +
		"ListEnv ListInvitations ListInvitationsFor ListMembers ListProjects ListSessions ListTokens LostRights MemberIDs PasswordHash Places Projects " +
		"Preferences ProjectFor PurgeDue ResolveSlug RoleIn Settings SetupNeeded Snapshot Version Work Ping Stat Close": "they change nothing",
	"SetStar SetLayout":                           "what people arrange for themselves",
	"SessionByHash TokenByHash Touch":             "use is not an act",
	"SetState WarnIdle AssignUID":                 "what lifecycle sees and does on the way",
	"CountSignIn ForgiveSignIn ForgetSignIns":     "the failed sign-in has its own row, by Record",
	"ReplacePasswordHash SigningKey SetSetupLink": "the site's own bookkeeping",
	"Expire":                 "what has expired had no effect any more",
	"Setup CreateFirstAdmin": "TestSetup looks at their rows",
}

var testAct = postgres.Act{Address: "192.0.2.7", Request: "a-request"}

func onProject(method, verb string, sends []postgres.What, do func(context.Context, *site, lyceum.Project) error) act {
	return act{method, []string{verb}, sends, func(s *site) func(context.Context) error {
		p := s.project(s.person("Ada"), "p")
		return func(ctx context.Context) error { return do(ctx, s, p) }
	}}
}

func onMember(method, verb string, do func(context.Context, *site, lyceum.Project, lyceum.Account) error) act {
	return act{method, []string{verb}, []postgres.What{"members"}, func(s *site) func(context.Context) error {
		ada, grace := s.person("Ada"), s.person("Grace")
		p := s.project(ada, "p")
		s.join(p, ada, grace, lyceum.Editor)
		return func(ctx context.Context) error { return do(ctx, s, p, grace) }
	}}
}

func onInvited(method, verb string, sends []postgres.What, do func(context.Context, *site, lyceum.Invitation) error) act {
	return act{method, []string{verb}, sends, func(s *site) func(context.Context) error {
		ada := s.person("Ada")
		i := s.invite(s.project(ada, "p"), ada, s.person("Grace"), lyceum.Editor)
		return func(ctx context.Context) error { return do(ctx, s, i) }
	}}
}

// TestActs holds each act to: no audit row, no change and no notification; the act's
// row comes with the act, says who and from where, and never a secret.
func TestActs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	heard := listenTo(t, s)
	for _, c := range acts {
		t.Run(c.method+" "+strings.Join(c.verbs, "+"), func(t *testing.T) {
			s := &site{s.DB, s.url, t}
			do := c.ready(s)
			before, rows := s.fingerprint(), value[int64](s, `SELECT coalesce(max(id), 0) FROM audit`)
			heard.drain(t)

			s.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no audit'; END $$`)
			s.sql(`CREATE TRIGGER refuse BEFORE INSERT ON audit EXECUTE FUNCTION refuse()`)
			err := do(t.Context())
			s.sql(`DROP FUNCTION refuse CASCADE`)
			want(t, err, lyceum.Internal, "")
			if diff := cmp.Diff(s.fingerprint(), before); diff != "" {
				t.Errorf("without its audit row the act changed tables:\n%s", diff)
			}
			if got := heard.drain(t); len(got) > 0 {
				t.Errorf("without its audit row the act sent %v", got)
			}

			s.ok(do(t.Context()))
			got, sent := s.auditAfter(rows), heard.drain(t)
			var verbs []string
			for _, e := range got {
				verbs = append(verbs, e.Verb)
				if !slices.Contains(siteActs, c.method) && (e.Address != testAct.Address || e.Request != testAct.Request) {
					t.Errorf("the row %q lacks address or request: %+v", e.Verb, e)
				}
				if strings.Contains(fmt.Sprint(e.Detail), "geheim") {
					t.Errorf("the row %q holds a secret: %v", e.Verb, e.Detail)
				}
			}
			if diff := cmp.Diff(verbs, c.verbs); diff != "" {
				t.Errorf("audit rows (-got +want):\n%s", diff)
			}
			var kinds []postgres.What
			for _, n := range sent {
				kinds = append(kinds, n.What)
			}
			slices.Sort(kinds)
			if diff := cmp.Diff(kinds, c.sends); diff != "" {
				t.Errorf("notifications (-got +want):\n%s", diff)
			}
		})
	}
}

// TestActsAreAll keeps the table of TestActs whole.
func TestActsAreAll(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, c := range acts {
		known[c.method] = true
	}
	for names := range notAudited {
		for name := range strings.FieldsSeq(names) {
			known[name] = true
		}
	}
	for m := range reflect.TypeFor[*postgres.DB]().Methods() {
		if !known[m.Name] {
			t.Errorf("DB.%s is neither in acts nor in notAudited", m.Name)
		}
	}
}

// fingerprint is a hash of the rows of each table but audit.
func (s *site) fingerprint() map[string]string {
	s.t.Helper()
	conn := s.connect()
	defer conn.Close(context.Background())
	rows, err := conn.Query(s.t.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'audit'`)
	s.ok(err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	s.ok(err)
	sums := map[string]string{}
	for _, table := range tables {
		var sum string
		err := conn.QueryRow(s.t.Context(), `SELECT coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '') FROM `+table+` t`).Scan(&sum)
		s.ok(err)
		sums[table] = sum
	}
	return sums
}

// auditAfter returns the rows since the one with the number, the oldest first.
func (s *site) auditAfter(id int64) []postgres.AuditEntry {
	s.t.Helper()
	list, _, err := s.ListAudit(s.t.Context(), postgres.AuditFilter{}, "", 50)
	s.ok(err)
	var since []postgres.AuditEntry
	for _, e := range list {
		if e.ID > id {
			since = append(since, e)
		}
	}
	slices.Reverse(since)
	return since
}

// ear hears the notifications of a site.
type ear struct {
	s  *site
	ch chan postgres.Notification
}

func listenTo(t *testing.T, s *site) *ear {
	t.Helper()
	e := &ear{s, make(chan postgres.Notification, 1000)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- postgres.Listen(ctx, s.url, postgres.ListenConfig{}, func(n postgres.Notification) { e.ch <- n })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Listen: %v", err)
		}
	})
	if n := e.next(t); n.What != postgres.Missed {
		t.Fatalf("first came %+v, want Missed", n)
	}
	return e
}

func (e *ear) next(t *testing.T) postgres.Notification {
	t.Helper()
	select {
	case n := <-e.ch:
		return n
	case <-time.After(20 * time.Second):
		t.Fatal("no notification came")
		return postgres.Notification{}
	}
}

// drain returns all that was sent before now: it sends a mark and waits for it.
func (e *ear) drain(t *testing.T) []postgres.Notification {
	t.Helper()
	mark := fmt.Sprint("mark", counter.Add(1))
	e.s.sql(`SELECT pg_notify('lyceum', json_build_object('k', 'mark', 'id', $1::text)::text)`, mark)
	var list []postgres.Notification
	for {
		n := e.next(t)
		if n.ID == mark {
			return list
		}
		list = append(list, n)
	}
}
