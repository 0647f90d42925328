package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/pgserver"
)

// database is a PostgreSQL on the server's core, for Lyceum and its peer alike.
type database struct {
	server *pgserver.Server
	pid    int    // of the process that forks all others
	url    string // of the database lyceum
}

func (b *bench) database(ctx context.Context) (*database, error) {
	data := filepath.Join(b.work, "postgres")
	s, err := pgserver.Start(ctx, pgserver.Config{Data: data, Log: slog.New(slog.DiscardHandler), Settings: map[string]string{"shared_buffers": "512MB"}})
	if err != nil {
		return nil, err
	}
	d := &database{server: s, url: s.URL().Reveal()}
	b2, err := os.ReadFile(filepath.Join(data, "cluster", "postmaster.pid"))
	if err != nil {
		return d, err
	}
	if d.pid, err = strconv.Atoi(strings.SplitN(string(b2), "\n", 2)[0]); err != nil {
		return d, err
	}
	return d, pin(serverCore, family(d.pid)) // what it forks stays there
}

func (d *database) end(ctx context.Context) {
	if err := d.server.Stop(context.WithoutCancel(ctx)); err != nil {
		fmt.Fprintln(os.Stderr, "bench: the database did not stop well:", err)
	}
}

// run executes statements one after the other.
func (d *database) run(ctx context.Context, url string, statements ...string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, s := range statements {
		if _, err := c.Exec(ctx, s); err != nil {
			return fmt.Errorf("%w in %.200s", err, s)
		}
	}
	return nil
}

// person and secret are those of account number n; the secret is its cookie's.
func personID(n int) string  { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
func projectID(n int) string { return fmt.Sprintf("10000000-0000-4000-8000-%012d", n) }
func secretOf(n int) string  { return fmt.Sprintf("bench-%037d", n) }

// fill makes accounts and projects: each project has one owner, and one account in
// fifty is a member of a hundred more. The first browsers accounts are signed in.
func (d *database) fill(ctx context.Context, accounts, projects, browsers int) error {
	var sessions strings.Builder
	for n := range browsers {
		if n > 0 {
			sessions.WriteString(", ")
		}
		hash := sha256.Sum256([]byte(secretOf(n)))
		fmt.Fprintf(&sessions, `(gen_random_uuid(), '%s', '\x%x', now() + interval '30 days')`, personID(n), hash)
	}
	return d.run(ctx, d.url,
		fmt.Sprintf(`INSERT INTO accounts (id, email, email_key, name, colour)
			SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'person' || n || '@example.org', 'person' || n || '@example.org', 'Person ' || n, n %% 12 FROM generate_series(0, %d) n`, accounts-1),
		fmt.Sprintf(`INSERT INTO projects (id, name, description, last_edited_at)
			SELECT ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Project ' || n, 'Made for a measurement.', now() - n * interval '1 second' FROM generate_series(0, %d) n`, projects-1),
		fmt.Sprintf(`INSERT INTO members (project, account, role)
			SELECT ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ('00000000-0000-4000-8000-' || lpad((n %% %d)::text, 12, '0'))::uuid, 'owner' FROM generate_series(0, %d) n`, accounts, projects-1),
		fmt.Sprintf(`INSERT INTO members (project, account, role)
			SELECT ('10000000-0000-4000-8000-' || lpad(((a * 37 + k * 101) %% %d)::text, 12, '0'))::uuid, ('00000000-0000-4000-8000-' || lpad(a::text, 12, '0'))::uuid, 'editor'
			FROM generate_series(0, %d, 50) a, generate_series(1, 100) k ON CONFLICT DO NOTHING`, projects, accounts-1),
		`INSERT INTO sessions (id, account, hash, expires_at) VALUES `+sessions.String())
}

// settle ends what the filling left to do, so that PostgreSQL does not do it, on the
// same core, while one side or the other is measured.
func (d *database) settle(ctx context.Context, peer string) error {
	if err := d.run(ctx, peer, "VACUUM ANALYZE"); err != nil {
		return err
	}
	return d.run(ctx, d.url, "VACUUM ANALYZE", "CHECKPOINT")
}

// otherDatabase is the address of another database of the same server.
func otherDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Path = "/" + name
	return u.String()
}

// alchemy writes the address as SQLAlchemy with psycopg2 wants it.
func alchemy(address string) string {
	return "postgresql+psycopg2" + strings.TrimPrefix(strings.TrimPrefix(address, "postgresql"), "postgres")
}
