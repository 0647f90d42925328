package postgrestest

import (
	"testing"

	"lyceum/internal/postgres"
)

func TestMain(m *testing.M) { Main(m) }

// TestOwnDatabase is about two tests that run at once: what one writes, the other
// does not see.
func TestOwnDatabase(t *testing.T) {
	t.Parallel()
	a, b := New(t), New(t)
	link := []byte("0123456789abcdef0123456789abcdef")
	if _, err := a.SetSetupLink(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	n := postgres.NewAccount{Email: "ada@example.org", Name: "Ada"}
	if _, err := a.Setup(t.Context(), postgres.Act{}, link, n, ""); err != nil {
		t.Fatal(err)
	}
	for db, want := range map[*postgres.DB]bool{a: false, b: true} {
		if got, err := db.SetupNeeded(t.Context()); err != nil || got != want {
			t.Errorf("SetupNeeded = %v, %v, want %v", got, err, want)
		}
	}
}

func TestEmptyDatabase(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), EmptyURL(t), postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.SetupNeeded(t.Context()); err == nil {
		t.Error("an empty database has tables")
	}
}

// TestSweep is about a program that was killed: its databases are dropped, those
// of a living one are not.
func TestSweep(t *testing.T) {
	t.Parallel()
	URL(t) // so that there is a run
	r, err := start()
	if err != nil {
		t.Fatal(err)
	}
	other, err := begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left, err := other.clone(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	exists := func() (is bool) {
		t.Helper()
		err := other.alive.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, left).Scan(&is)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if err := r.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !exists() {
		t.Error("sweep dropped a database of a living run")
	}
	// Its death, as the server sees it.
	if _, err := other.alive.Exec(t.Context(), `SELECT pg_advisory_unlock($1, $2)`, int32(lockSpace), other.id); err != nil {
		t.Fatal(err)
	}
	if err := r.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if exists() {
		t.Error("sweep left a database of a dead run")
	}
	if err := other.end(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"postgres://u:p@h:1/old?sslmode=disable", "postgres://u:p@h:1/new?sslmode=disable"},
		{"postgresql:///?host=/run", "postgresql:///new?host=/run"},
		{"host=/run user=u", "host=/run user=u dbname=new"},
	} {
		if got := withDatabase(c.in, "new"); got != c.want {
			t.Errorf("withDatabase(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
