package postgres_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// site is a database of the test's own with what the tests make in it.
type site struct {
	*postgres.DB
	url string
	t   testing.TB
}

func newSite(t testing.TB) *site {
	t.Helper()
	url := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), url, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return &site{db, url, t}
}

var counter atomic.Int64

// person makes an account; each has another address.
func (s *site) person(name string) lyceum.Account {
	s.t.Helper()
	return s.account(postgres.NewAccount{Name: name})
}

func (s *site) admin(name string) lyceum.Account {
	s.t.Helper()
	return s.account(postgres.NewAccount{Name: name, Admin: true})
}

func (s *site) account(n postgres.NewAccount) lyceum.Account {
	s.t.Helper()
	if n.Email == "" {
		n.Email = fmt.Sprintf("person%d@example.org", counter.Add(1))
	}
	a, err := s.CreateAccount(s.t.Context(), postgres.Act{}, n)
	s.ok(err)
	return a
}

func (s *site) project(owner lyceum.Account, name string) lyceum.Project {
	s.t.Helper()
	p, err := s.CreateProject(s.t.Context(), by(owner), postgres.NewProject{Name: name})
	s.ok(err)
	return p
}

// join makes the account a member.
func (s *site) join(p lyceum.Project, owner, account lyceum.Account, role lyceum.Role) {
	s.t.Helper()
	i := s.invite(p, owner, account, role)
	_, err := s.AcceptInvitationByID(s.t.Context(), by(account), i.ID)
	s.ok(err)
}

func (s *site) invite(p lyceum.Project, owner, account lyceum.Account, role lyceum.Role) lyceum.Invitation {
	s.t.Helper()
	i, err := s.CreateInvitation(s.t.Context(), by(owner), lyceum.Invitation{
		Project: p.ID, Role: role, Account: account.ID, Expires: soon(), Uses: 1}, nil)
	s.ok(err)
	return i
}

func (s *site) session(a lyceum.Account) (lyceum.Session, []byte) {
	s.t.Helper()
	hash := lyceum.NewSecret().Hash()
	made, err := s.CreateSession(s.t.Context(), postgres.Act{}, postgres.NewSession{Account: a.ID, Hash: hash, Expires: soon()})
	s.ok(err)
	return made, hash
}

func (s *site) token(a lyceum.Account) (lyceum.Token, []byte) {
	s.t.Helper()
	hash := lyceum.NewSecret().Hash()
	made, err := s.CreateToken(s.t.Context(), by(a), lyceum.Token{Account: a.ID, Name: "laptop", Scope: lyceum.ScopeWrite, Expires: soon()}, hash)
	s.ok(err)
	return made, hash
}

// fence holds the duty of lifecycle for the test.
func (s *site) fence() postgres.Fence {
	s.t.Helper()
	l, err := postgres.AcquireLease(s.t.Context(), s.url, "manage", "test")
	s.ok(err)
	s.t.Cleanup(l.Release)
	return l.Fence
}

// sql runs a statement past the product.
func (s *site) sql(text string, args ...any) {
	s.t.Helper()
	conn := s.connect()
	defer conn.Close(context.Background())
	if _, err := conn.Exec(s.t.Context(), text, args...); err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
}

// value returns the one value of a query.
func value[T any](s *site, text string, args ...any) T {
	s.t.Helper()
	conn := s.connect()
	defer conn.Close(context.Background())
	var v T
	if err := conn.QueryRow(s.t.Context(), text, args...).Scan(&v); err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	return v
}

func (s *site) connect() *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	s.ok(err)
	return conn
}

func (s *site) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// want fails the test unless err is of kind k; field, unless "", is the one at fault.
func want(t testing.TB, err error, k lyceum.Kind, field string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %v", k)
		return
	}
	var e *lyceum.Error
	if !lyceum.IsKind(err, k) {
		t.Errorf("%v (%v), want %v", err, lyceum.KindOf(err), k)
	} else if errorsAs(err, &e) && field != "" && e.Field != field {
		t.Errorf("field %q, want %q", e.Field, field)
	}
}

func by(a lyceum.Account) postgres.Act {
	return postgres.Act{Actor: lyceum.Actor{Account: a.ID, Admin: a.Admin}, Address: "192.0.2.1", Request: "req"}
}

// soon is when things of the tests expire.
func soon() time.Time { return time.Now().Add(time.Hour).Truncate(time.Microsecond) }

// eventually waits until ok, for at most 30 s: for what the database does by itself.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("it did not happen: %s", what)
		case <-tick.C:
		}
	}
}

func ptr[T any](v T) *T { return &v }
