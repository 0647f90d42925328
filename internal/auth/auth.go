// Package auth knows who is asking: passwords, browser sessions, API tokens,
// set-up and sign-up. It decides nothing about what they may do (lyceum.Can) and
// has no routes (package hub).
package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// How long a browser stays signed in: two weeks without use, thirty days in all.
const (
	sessionIdle = 14 * 24 * time.Hour
	sessionLife = 30 * 24 * time.Hour
)

// tokenPrefix begins the text of every API token, so that scanners of leaked
// secrets can know it.
const tokenPrefix = "lyc_"

// maxAgent bounds the User-Agent that is kept, in bytes.
const maxAgent = 300

// Config is what New needs. Logger, DB and BaseURL are required.
type Config struct {
	Logger        *slog.Logger
	DB            *postgres.DB
	BaseURL       *url.URL // the site's address; it decides the cookie's name and path
	Isolated      bool     // whether projects of different accounts are kept apart
	TrustEveryone bool     // several accounts although they are not
}

// Auth knows who is asking. It is safe for concurrent use.
type Auth struct {
	log       *slog.Logger
	db        *postgres.DB
	cookie    cookie
	passwords *Passwords
	cache     *cache
	alone     bool // a second account is refused
	isolated  bool
}

// New returns an Auth.
func New(c Config) *Auth {
	return &Auth{
		log: c.Logger, db: c.DB, cookie: newCookie(c.BaseURL), passwords: NewPasswords(), cache: newCache(),
		alone: !c.Isolated && !c.TrustEveryone, isolated: c.Isolated,
	}
}

// Identity is who asks, as found by Authenticate. Its zero value is someone who
// is not signed in.
type Identity struct {
	Actor   lyceum.Actor
	Account lyceum.Account
	Expires time.Time // when the session or token ends by itself
}

// SignedIn reports whether it is anyone.
func (i Identity) SignedIn() bool { return i.Account.ID != "" }

// Key names the session or token, for cutting its sockets: "" for nobody.
func (i Identity) Key() string {
	if i.Actor.Session != "" {
		return string(i.Actor.Session)
	}
	return string(i.Actor.Token)
}

// Authenticate finds who sent r: an API token in the Authorization header
// (Bearer or token) or, when query is set, in ?token=; else the session's cookie.
// A request with neither, or with a cookie that does not hold, comes from nobody,
// without error; a token that does not hold is Unauthenticated. Unavailable when
// PostgreSQL is away.
func (a *Auth) Authenticate(r *http.Request, client netip.Addr, query bool) (Identity, error) {
	if secret, ok := tokenOf(r, query); ok {
		return a.byToken(r.Context(), secret)
	}
	secret, ok := a.cookie.read(r)
	if !ok {
		return Identity{}, nil
	}
	id, err := a.bySession(r.Context(), secret, client, r.UserAgent())
	if lyceum.IsKind(err, lyceum.Unauthenticated) {
		return Identity{}, nil
	}
	return id, err
}

// Again asks once more, past every cache, whether who was identified by r still
// is. It is for sockets that stay open: Unauthenticated when not any more.
func (a *Auth) Again(ctx context.Context, r *http.Request, query bool) (Identity, error) {
	if secret, ok := tokenOf(r, query); ok {
		return a.readToken(ctx, secret)
	}
	secret, ok := a.cookie.read(r)
	if !ok {
		return Identity{}, lyceum.Errorf(lyceum.Unauthenticated, "sign in first")
	}
	return a.readSession(ctx, secret, netip.Addr{}, "")
}

// tokenOf returns the API token that r carries.
func tokenOf(r *http.Request, query bool) (lyceum.Secret, bool) {
	if scheme, text, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "token")) {
		return lyceum.Secret(strings.TrimSpace(text)), true
	}
	if query && r.URL.RawQuery != "" {
		if text := r.URL.Query().Get("token"); text != "" {
			return lyceum.Secret(text), true
		}
	}
	return "", false
}

func (a *Auth) byToken(ctx context.Context, secret lyceum.Secret) (Identity, error) {
	if !strings.HasPrefix(secret.Reveal(), tokenPrefix) {
		return a.readToken(ctx, secret) // refuses it: the cache knows sessions by their secrets too
	}
	return a.cache.get(secret.Hash(), func() (Identity, error) { return a.readToken(ctx, secret) })
}

func (a *Auth) readToken(ctx context.Context, secret lyceum.Secret) (Identity, error) {
	bad := lyceum.Errorf(lyceum.Unauthenticated, "the API token does not hold: it is wrong, expired or was removed")
	if !strings.HasPrefix(secret.Reveal(), tokenPrefix) || len(secret.Reveal()) > 200 {
		return Identity{}, bad
	}
	t, account, err := a.db.TokenByHash(ctx, secret.Hash())
	if lyceum.IsKind(err, lyceum.Unauthenticated) {
		return Identity{}, bad
	}
	if err != nil {
		return Identity{}, err
	}
	actor := lyceum.Actor{Account: account.ID, Admin: account.Admin, Suspended: account.Suspended, Token: t.ID, Scope: t.Scope, Only: t.Project}
	return Identity{actor, account, t.Expires}, nil
}

func (a *Auth) bySession(ctx context.Context, secret lyceum.Secret, client netip.Addr, agent string) (Identity, error) {
	return a.cache.get(secret.Hash(), func() (Identity, error) { return a.readSession(ctx, secret, client, agent) })
}

func (a *Auth) readSession(ctx context.Context, secret lyceum.Secret, client netip.Addr, agent string) (Identity, error) {
	seen := postgres.Seen{Address: addressText(client), Agent: agentText(agent), Until: time.Now().Add(sessionIdle), Longest: sessionLife}
	s, account, err := a.db.SessionByHash(ctx, secret.Hash(), seen)
	if err != nil {
		return Identity{}, err
	}
	actor := lyceum.Actor{Account: account.ID, Admin: account.Admin, Suspended: account.Suspended, Session: s.ID}
	return Identity{actor, account, s.Expires}, nil
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// agentText cuts a User-Agent to what is kept, at a character's border.
func agentText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > maxAgent {
		s = strings.ToValidUTF8(s[:maxAgent], "")
	}
	return s
}
