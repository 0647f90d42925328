package hub

import (
	"context"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/auth"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func identity(account lyceum.AccountID) auth.Identity {
	return auth.Identity{Actor: lyceum.Actor{Account: account}, Account: lyceum.Account{ID: account}}
}

// openSocket opens a terminal's socket, says something and hears it.
func (b *browser) openSocket(p lyceum.ProjectID, path string) *websocket.Conn {
	b.t.Helper()
	c, resp, err := b.dial("/p/" + string(p) + "/" + path)
	if err != nil {
		b.t.Fatalf("open a socket: %v", err)
	}
	if v := resp.Header.Get("Set-Cookie"); v != "" {
		b.t.Errorf("the project set the cookie %s", v)
	}
	b.echo(c)
	return c
}

func (b *browser) echo(c *websocket.Conn) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	b.ok(c.Write(ctx, websocket.MessageText, []byte("hello")))
	if _, got, err := c.Read(ctx); err != nil || string(got) != "hello" {
		b.t.Fatalf("through the socket: %q, %v", got, err)
	}
}

// ends waits until the socket is closed and returns its close code (-1: none).
func (b *browser) ends(c *websocket.Conn, what string) websocket.StatusCode {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	_, _, err := c.Read(ctx)
	if err == nil || ctx.Err() != nil {
		b.t.Fatalf("%s: the socket is open after %v", what, patience)
	}
	return websocket.CloseStatus(err)
}

// A loss is a way to lose a right to a project, with the code that the browser is
// told.
type loss struct {
	name  string
	token bool
	lose  func(c *cast, p lyceum.ProjectID, b *browser) error
	code  websocket.StatusCode
}

var losses = []loss{
	{"another role", false, func(c *cast, p lyceum.ProjectID, b *browser) error {
		return c.db.SetRole(c.t.Context(), by(c.owner), p, b.account.ID, lyceum.Viewer)
	}, 4403},
	{"removed", false, func(c *cast, p lyceum.ProjectID, b *browser) error {
		return c.db.RemoveMember(c.t.Context(), by(c.owner), p, b.account.ID)
	}, 4403},
	{"suspended", false, func(c *cast, _ lyceum.ProjectID, b *browser) error {
		yes := true
		_, err := c.db.UpdateAccount(c.t.Context(), by(c.admin), b.account.ID, postgres.AccountChange{Suspended: &yes})
		return err
	}, 4401},
	{"project deleted", false, func(c *cast, p lyceum.ProjectID, _ *browser) error {
		return c.db.DeleteProject(c.t.Context(), by(c.owner), p)
	}, 4403},
	{"session revoked", false, func(c *cast, _ lyceum.ProjectID, b *browser) error {
		return c.db.RevokeSession(c.t.Context(), by(b.account), b.account.ID, b.session)
	}, 4401},
	{"signed out everywhere", false, func(c *cast, _ lyceum.ProjectID, b *browser) error {
		return c.db.RevokeSessions(c.t.Context(), by(c.admin), b.account.ID, "")
	}, 4401},
	{"password changed", false, func(c *cast, _ lyceum.ProjectID, b *browser) error {
		return c.db.SetPassword(c.t.Context(), by(b.account), b.account.ID, "x", "")
	}, 4401},
	{"token revoked", true, func(c *cast, _ lyceum.ProjectID, b *browser) error {
		return c.db.RevokeToken(c.t.Context(), by(b.account), b.account.ID, b.token)
	}, 4401},
}

// TestALostRightCutsSocketsAtOnce, while others stay.
func TestALostRightCutsSocketsAtOnce(t *testing.T) {
	t.Parallel()
	for name, deaf := range map[string]bool{"the project closes them": false, "the project does nothing": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCast(newSite(t, options{})) // the re-check is an hour away
			c.farm.deaf = deaf
			for _, l := range losses {
				t.Run(l.name, func(t *testing.T) { cutAtOnce(t, c, l, deaf) })
			}
		})
	}
}

func cutAtOnce(t *testing.T, c *cast, l loss, deaf bool) {
	p := c.newProject()
	c.farm.start(p)
	loser := c.person(false)
	c.join(p, c.owner, loser, lyceum.Editor)
	b := c.in(loser)
	if l.token {
		b = c.program(loser, lyceum.ScopeWrite, "")
	}
	sock, events := b.openSocket(p, "term/1/socket"), b.listen()
	other := c.in(c.editor)
	stays := other.openSocket(p, "term/1/socket")
	began := time.Now()
	c.ok(l.lose(c, p, b))
	code := b.ends(sock, l.name)
	took := time.Since(began)
	t.Logf("cut with %d after %v", code, took)
	if took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if !deaf && code != l.code {
		t.Errorf("close code: got %d, want %d", code, l.code)
	}
	if l.code != 4403 { // the sign-in itself is gone
		events.next("signed-out")
	}
	if l.name != "project deleted" {
		other.echo(stays)
	}
	if _, resp, err := b.dial("/p/" + string(p) + "/term/1/socket"); err == nil || resp == nil {
		t.Errorf("it can be opened again: %v", err)
	}
}

// TestALostNotificationIsNoticed: what changed behind the product's back is found
// by the re-check.
func TestALostNotificationIsNoticed(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{recheck: 50 * time.Millisecond}))
	p := c.newProject()
	c.farm.start(p)
	for name, change := range map[string]string{
		"role":      `UPDATE members SET role = 'viewer' WHERE account = $1`,
		"removal":   `DELETE FROM members WHERE account = $1`,
		"suspended": `UPDATE accounts SET suspended_at = now() WHERE id = $1`,
		"session":   `DELETE FROM sessions WHERE account = $1`,
		"expiry":    `UPDATE sessions SET expires_at = now() WHERE account = $1`,
	} {
		a := c.person(false)
		c.join(p, c.owner, a, lyceum.Editor)
		b := c.in(a)
		sock := b.openSocket(p, "sync/a.txt")
		c.sql(change, string(a.ID))
		b.ends(sock, name)
	}
}

// TestTheRaceOfOpeningAndLosing: however the two fall together, no socket stays
// that rests on no right.
func TestTheRaceOfOpeningAndLosing(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	c.farm.start(p)
	for range 15 {
		a := c.person(false)
		c.join(p, c.owner, a, lyceum.Editor)
		b := c.in(a)
		done := make(chan error, 1)
		go func() { done <- c.db.RemoveMember(context.Background(), by(c.owner), p, a.ID) }()
		sock, _, err := b.dial("/p/" + string(p) + "/term/1/socket")
		c.ok(<-done)
		if err == nil {
			b.ends(sock, "opened while its right was lost")
		}
	}
}
