package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/api"
	"lyceum/internal/auth"
	"lyceum/internal/link"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/postgres/postgrestest"
	"lyceum/internal/ticket"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// patience is how long these tests wait for anything.
const patience = 30 * time.Second

// site is a hub on a database of the test's own, served on a real socket, with
// project servers that the test plays.
type site struct {
	*Hub
	t      *testing.T
	db     *postgres.DB
	url    string // of the database
	server *httptest.Server
	base   string // the site's address without its last slash
	farm   *farm
	log    *journal
}

type options struct {
	path    string // base path, "/" by default
	url     string // of the database; default: one of the test's own
	app     fs.FS
	recheck time.Duration
	alone   bool // projects are not kept apart
}

func newSite(t *testing.T, o options) *site {
	t.Helper()
	s := &site{t: t, url: o.url, log: &journal{}}
	if s.url == "" {
		s.url = postgrestest.URL(t)
	}
	var err error
	if s.db, err = postgres.Open(t.Context(), s.url, postgres.Config{ConnectTimeout: time.Second}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.db.Close)
	s.server = httptest.NewUnstartedServer(nil)
	base, err := url.Parse("http://" + s.server.Listener.Addr().String() + "/" + strings.TrimPrefix(o.path, "/"))
	if err != nil {
		t.Fatal(err)
	}
	s.base = strings.TrimRight(base.String(), "/")
	log := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	key, err := s.db.SigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	signer := ticket.NewSigner(key)
	links := link.New(link.Config{Signer: signer, Log: log})
	t.Cleanup(links.Close)
	s.farm = newFarm(t, signer.Public())
	if o.recheck == 0 {
		o.recheck = time.Hour
	}
	a := auth.New(auth.Config{Logger: log, DB: s.db, BaseURL: base, Isolated: !o.alone})
	s.Hub, err = New(Config{
		Logger: log, DB: s.db, DatabaseURL: lyceum.Secret(s.url), Auth: a, Locator: s.farm, Proxy: links,
		BaseURL: base, App: o.app, Version: "test", Recheck: o.recheck,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.server.Config.Handler = s.Handler()
	s.server.Start()
	t.Cleanup(s.server.Close)
	s.run()
	return s
}

// run runs the hub until the test ends, and waits until it hears notifications.
func (s *site) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("Run: %v", err)
		}
	})
	s.eventually("that the hub listens", s.listening)
}

func (s *site) listening() bool {
	s.roles.mu.Lock()
	defer s.roles.mu.Unlock()
	return s.roles.listening
}

func (s *site) eventually(what string, ok func() bool) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			s.t.Fatalf("not in %v: %s; log: %s", patience, what, s.log.tail())
		}
	}
}

func (s *site) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

var counter atomic.Int64

// person makes an account without a password.
func (s *site) person(admin bool) lyceum.Account {
	s.t.Helper()
	n := counter.Add(1)
	a, err := s.db.CreateAccount(s.t.Context(), postgres.Act{}, postgres.NewAccount{
		Email: fmt.Sprintf("person%d@example.org", n), Name: fmt.Sprintf("Person %d", n), Admin: admin})
	s.ok(err)
	return a
}

func by(a lyceum.Account) postgres.Act {
	return postgres.Act{Actor: lyceum.Actor{Account: a.ID, Admin: a.Admin}}
}

func (s *site) project(owner lyceum.Account) lyceum.ProjectID {
	s.t.Helper()
	p, err := s.db.CreateProject(s.t.Context(), by(owner), postgres.NewProject{Name: "Project"})
	s.ok(err)
	return p.ID
}

func (s *site) join(p lyceum.ProjectID, owner, a lyceum.Account, role lyceum.Role) {
	s.t.Helper()
	i, err := s.db.CreateInvitation(s.t.Context(), by(owner), lyceum.Invitation{
		Project: p, Role: role, Account: a.ID, Expires: time.Now().Add(time.Hour), Uses: 1}, nil)
	s.ok(err)
	_, err = s.db.AcceptInvitationByID(s.t.Context(), by(a), i.ID)
	s.ok(err)
}

// browser is someone who sends requests: with a session's cookie, a token, or
// neither.
type browser struct {
	*site
	account lyceum.Account
	session lyceum.SessionID
	token   lyceum.TokenID
	secret  lyceum.Secret
}

// in signs an account in.
func (s *site) in(a lyceum.Account) *browser {
	s.t.Helper()
	secret := lyceum.NewSecret()
	made, err := s.db.CreateSession(s.t.Context(), postgres.Act{}, postgres.NewSession{Account: a.ID, Hash: secret.Hash(), Expires: time.Now().Add(time.Hour)})
	s.ok(err)
	return &browser{site: s, account: a, session: made.ID, secret: secret}
}

// program gives an account's API token to a program.
func (s *site) program(a lyceum.Account, scope lyceum.Scope, only lyceum.ProjectID) *browser {
	s.t.Helper()
	secret := "lyc_" + lyceum.NewSecret()
	made, err := s.db.CreateToken(s.t.Context(), by(a), lyceum.Token{
		Account: a.ID, Name: "token", Scope: scope, Project: only, Expires: time.Now().Add(time.Hour)}, secret.Hash())
	s.ok(err)
	return &browser{site: s, account: a, token: made.ID, secret: secret}
}

func (s *site) nobody() *browser { return &browser{site: s} }

// header returns what says who the browser is.
func (b *browser) header() http.Header {
	h := http.Header{}
	switch {
	case b.token != "":
		h.Set("Authorization", "Bearer "+b.secret.Reveal())
	case b.session != "":
		h.Set("Cookie", "lyceum="+b.secret.Reveal())
	}
	return h
}

// answer is an HTTP answer that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// problem returns the error answer's document.
func (a answer) problem(t *testing.T) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("not a problem: %d %s %.200q", a.status, a.header.Get("Content-Type"), a.body)
	}
	return p
}

func into[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil || a.status != http.StatusOK {
		t.Fatalf("got %d %.300q, %v", a.status, a.body, err)
	}
	return v
}

var web = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 16},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do sends "METHOD /path" with a JSON body ("" for none) and more headers.
func (b *browser) do(what, body string, more ...string) answer {
	b.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	a, err := b.try(what, r, more...)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return a
}

func (b *browser) try(what string, body io.Reader, more ...string) (answer, error) {
	method, path, _ := strings.Cut(what, " ")
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, body)
	if err != nil {
		return answer{}, err
	}
	req.Header = b.header()
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(more); i += 2 {
		req.Header.Set(more[i], more[i+1])
	}
	resp, err := web.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

// sql changes the database behind the product's back.
func (s *site) sql(text string, args ...any) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	s.ok(err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(s.t.Context(), text, args...)
	s.ok(err)
}

// journal keeps the log.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) tail() string {
	s := j.String()
	return s[max(0, len(s)-3000):]
}
