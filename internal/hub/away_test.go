package hub

import (
	"context"
	"os"
	"testing"
	"time"

	"lyceum/internal/pgserver"
	"lyceum/internal/postgres"
)

// TestPostgreSQLAway stops the database under a hub: running work goes on, the
// hub says what is so, and recovers by itself.
func TestPostgreSQLAway(t *testing.T) {
	t.Parallel()
	data, err := os.MkdirTemp("", "hub-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	start := func() *pgserver.Server {
		t.Helper()
		srv, err := pgserver.Start(t.Context(), pgserver.Config{Data: data, Settings: map[string]string{"fsync": "off"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := srv.Stop(context.Background()); err != nil {
				t.Errorf("stop: %v", err)
			}
		})
		return srv
	}
	pg := start()
	if err := postgres.Migrate(t.Context(), pg.URL().Reveal()); err != nil {
		t.Fatal(err)
	}
	c := newCast(newSite(t, options{url: pg.URL().Reveal(), app: builtApp(), recheck: 100 * time.Millisecond}))
	p := c.newProject()
	c.farm.start(p)
	b := c.in(c.editor)
	sock := b.openSocket(p, "term/1/socket")
	events := b.listen()

	c.ok(pg.Stop(t.Context()))
	c.eventually("that the hub notices", func() bool { return !c.listening() })
	for _, what := range []string{"GET /api/v1/projects", "GET /api/v1/account", "GET /api/v1/site", "GET /p/" + string(p) + "/files/a"} {
		began := time.Now()
		got := b.do(what, "")
		if q := got.problem(t); got.status != 503 || q.Code != "unavailable" || q.Detail == "" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d %s, want 503", what, got.status, got.body)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %v", what, took)
		}
	}
	if got := c.nobody().do("POST /api/v1/sessions", `{"email":"ada@example.org","password":"0123456789"}`); got.status != 503 {
		t.Errorf("signing in: got %d %s, want 503", got.status, got.body)
	}
	for _, what := range []string{"GET /readyz", "GET /healthz", "GET /", "GET /api/v1/docs"} {
		if got := b.do(what, ""); got.status != 200 {
			t.Errorf("%s: got %d, want 200", what, got.status)
		}
	}
	b.echo(sock) // also after some re-checks that could not be made

	start()
	c.eventually("that the hub listens again", c.listening)
	recvClosed(t, "that the event stream ends, so that its browser reads anew", events.ended)
	if got := b.do("GET /api/v1/projects", ""); got.status != 200 {
		t.Errorf("afterwards: got %d %s", got.status, got.body)
	}
	again := b.listen()
	_, err = c.db.UpdateProject(t.Context(), by(c.owner), p, changeName("Back"))
	c.ok(err)
	again.next("project")
	b.echo(sock)
	c.ok(c.db.RemoveMember(t.Context(), by(c.owner), p, c.editor.ID))
	b.ends(sock, "a right that is lost afterwards")
}
