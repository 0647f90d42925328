package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

const password = lyceum.Secret("correct horse")

// storedPassword is password's hash; making it takes time.
var storedPassword = makeHash(password)

// site is an Auth with a database of the test's own.
type site struct {
	*Auth
	t   *testing.T
	db  *postgres.DB
	url string
}

func newSite(t *testing.T, change func(*Config)) *site {
	t.Helper()
	address := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), address, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	cfg := Config{
		Logger: slog.New(slog.DiscardHandler), DB: db, Isolated: true,
		BaseURL: &url.URL{Scheme: "https", Host: "compute.example.org", Path: "/"},
	}
	if change != nil {
		change(&cfg)
	}
	return &site{New(cfg), t, db, address}
}

var counter atomic.Int64

// person has the password of all persons here.
func (s *site) person(name string) lyceum.Account {
	s.t.Helper()
	a, err := s.db.CreateAccount(s.t.Context(), postgres.Act{}, postgres.NewAccount{
		Email: fmt.Sprintf("Person%d@example.org", counter.Add(1)), Name: name, Password: storedPassword})
	s.ok(err)
	return a
}

func (s *site) admin(name string) lyceum.Account {
	s.t.Helper()
	a := s.person(name)
	admin := true
	a, err := s.db.UpdateAccount(s.t.Context(), postgres.Act{}, a.ID, postgres.AccountChange{Admin: &admin})
	s.ok(err)
	return a
}

// signIn signs in from home and returns a request with the cookie.
func (s *site) signIn(a lyceum.Account) (Entered, *http.Request) {
	s.t.Helper()
	e, err := s.SignIn(s.t.Context(), home, a.Email, password)
	s.ok(err)
	return e, withCookie(s.t, e)
}

// withCookie is a request of the browser that signed in.
func withCookie(t *testing.T, e Entered) *http.Request {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(parseCookie(t, e.SetCookie))
	return r
}

// token makes an API token and returns a request with it.
func (s *site) token(a lyceum.Account, t lyceum.Token) (lyceum.Token, lyceum.Secret, *http.Request) {
	s.t.Helper()
	t.Account, t.Name = a.ID, "test"
	if t.Scope == "" {
		t.Scope = lyceum.ScopeWrite
	}
	if t.Expires.IsZero() {
		t.Expires = time.Now().Add(time.Hour)
	}
	made, secret, err := s.CreateToken(s.t.Context(), by(a), t)
	s.ok(err)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+secret.Reveal())
	return made, secret, r
}

// who is the account that a request comes from, "" for nobody.
func (s *site) who(r *http.Request) lyceum.AccountID {
	s.t.Helper()
	id, err := s.Authenticate(r, home.Address, false)
	s.ok(err)
	return id.Account.ID
}

func (s *site) sql(text string, args ...any) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	s.ok(err)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(s.t.Context(), text, args...); err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
}

func (s *site) suspend(a lyceum.Account) {
	s.t.Helper()
	yes := true
	_, err := s.db.UpdateAccount(s.t.Context(), postgres.Act{}, a.ID, postgres.AccountChange{Suspended: &yes})
	s.ok(err)
}

func (s *site) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// want fails the test unless err is of kind k and holds no password.
func want(t *testing.T, err error, k lyceum.Kind, field string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %v", k)
		return
	}
	if !lyceum.IsKind(err, k) {
		t.Errorf("%v (%v), want %v", err, lyceum.KindOf(err), k)
	} else if e, ok := err.(*lyceum.Error); ok && field != "" && e.Field != field {
		t.Errorf("field %q, want %q", e.Field, field)
	}
	if strings.Contains(err.Error(), password.Reveal()) {
		t.Errorf("the error holds the password: %v", err)
	}
}

func by(a lyceum.Account) postgres.Act { return postgres.Act{Actor: lyceum.Actor{Account: a.ID}} }

func from(address string) Client {
	return Client{Address: netip.MustParseAddr(address), Agent: "Browser/1.0", Request: "a-request"}
}

var home, elsewhere = from("192.0.2.1"), from("198.51.100.7")
