package postgres_test

import (
	"strings"
	"testing"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/postgres/postgrestest"
)

// TestMigrate lets several programs meet an empty database.
func TestMigrate(t *testing.T) {
	t.Parallel()
	url := postgrestest.EmptyURL(t)
	for _, err := range atOnce(4, func(int) error { return postgres.Migrate(t.Context(), url) }) {
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := postgres.Open(t.Context(), url, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &site{db, url, t}
	s.project(s.person("Ada"), "p")
	s.ok(postgres.Migrate(t.Context(), url))
	if n := value[int](s, `SELECT count(*) FROM projects`); n != 1 {
		t.Errorf("after migrating again there are %d projects, want 1", n)
	}
	schema, err := postgres.Schema()
	s.ok(err)
	if got := value[int64](s, `SELECT max(version_id) FROM goose_db_version`); got != schema {
		t.Errorf("the database has schema %d, the program %d", got, schema)
	}
	if v, err := db.Version(t.Context()); err != nil || len(strings.Split(v, ".")) < 2 {
		t.Errorf("Version = %q, %v", v, err)
	}

	before := s.fingerprint()
	s.sql(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	err = postgres.Migrate(t.Context(), url)
	want(t, err, lyceum.Invalid, "")
	if err == nil || !strings.Contains(err.Error(), "9999") {
		t.Errorf("the error does not say the schema: %v", err)
	}
	s.sql(`DELETE FROM goose_db_version WHERE version_id = 9999`)
	if got := s.fingerprint(); got["projects"] != before["projects"] {
		t.Error("the refusal changed the database")
	}
}

func TestOldServer(t *testing.T) {
	t.Parallel()
	want(t, postgres.VersionProblem(130011, "13.11"), lyceum.Invalid, "")
	if err := postgres.VersionProblem(140000, "14.0"); err != nil {
		t.Error(err)
	}
}

// TestErrorsHoldNoSecrets looks into errors for passwords and values.
func TestErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), newSite(t)
	ada := s.person("Ada")
	p := s.project(ada, "p")
	var errs []error
	for _, url := range []string{
		"postgres://ada:geheim@127.0.0.1:1/x", "host=127.0.0.1 port=1 user=ada password=geheim", "postgres://ada:geheim@host:port/",
		"postgres://ada:geheim@127.0.0.1:1/x?sslmode=odd", "host=127.0.0.1 password='geheim",
	} {
		errs = append(errs, postgres.Migrate(ctx, url))
		_, err := postgres.AcquireLease(ctx, url, "l", "h")
		errs = append(errs, err)
		db, err := postgres.Open(ctx, url, postgres.Config{})
		if err == nil {
			err = db.Ping(ctx)
			db.Close()
		}
		errs = append(errs, err)
	}
	errs = append(errs,
		s.SetEnv(ctx, by(ada), p.ID, lyceum.EnvVar{Name: "A", Value: "geheim\x00"}),
		s.SetEnv(ctx, by(ada), p.ID, lyceum.EnvVar{Name: "A\x00", Value: "geheim"}),
		s.SetPassword(ctx, by(ada), ada.ID, "geheim\x00", ""))
	_, err := s.SetSetupLink(ctx, nil)
	errs = append(errs, err)
	for i, err := range errs {
		if err == nil {
			t.Errorf("case %d: no error", i)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("an error holds the secret: %v", err)
		}
	}
}
