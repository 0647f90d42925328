// Package postgrestest gives each test a PostgreSQL database of its own, with the
// product's tables and nothing in them. Only tests import it.
//
// A package whose tests need databases has
//
//	func TestMain(m *testing.M) { postgrestest.Main(m) }
//
// The server is that of LYCEUM_TEST_DATABASE_URL (a superuser's, or one who may
// create databases), or else one that all test programs of this user share: it
// lies in the user's cache folder, the first program starts it, the last one to
// leave stops it, and one whose users were all killed is taken over by the next.
// A database is cloned from a template that is migrated once a program. What a
// killed program left behind is dropped by the next one.
package postgrestest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// variable names the environment variable with the address of a server for tests.
const variable = "LYCEUM_TEST_DATABASE_URL"

// inMain is set when Main runs, and will clean up. live is this program's run,
// once a test asked for a database.
var (
	inMain bool
	live   atomic.Pointer[run]
)

var start = sync.OnceValues(func() (*run, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r, err := begin(ctx)
	if err == nil {
		live.Store(r)
	}
	return r, err
})

// Main runs the tests of a package and then removes what New and URL made. A
// server is started only when a test asks for a database.
func Main(m *testing.M) {
	inMain = true
	m.Run()
	r := live.Load()
	if r == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.end(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "postgrestest: clean up:", err)
	}
}

// New opens a database of the test's own, which is dropped when the test ends.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), URL(t), postgres.Config{})
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// URL is the address of a migrated database of the test's own, which is dropped,
// with all connections to it, when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	return clone(t, true)
}

// EmptyURL is like URL for a database without any tables, as an administrator
// makes one before the first start.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return clone(t, false)
}

func clone(t testing.TB, migrated bool) string {
	t.Helper()
	if !inMain {
		t.Fatal("call postgrestest.Main from TestMain: it removes the databases afterwards")
	}
	r, err := start()
	if err != nil {
		t.Fatalf("a PostgreSQL for tests: %v", err)
	}
	name, err := r.clone(t.Context(), migrated)
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := r.drop(ctx, name); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return r.address(name)
}

// address is that of another database on the same server.
func (r *run) address(name string) string { return withDatabase(r.server.Reveal(), name) }

// withDatabase puts a database's name into an address of either form.
func withDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return address + " dbname=" + name
	}
	u.Path = "/" + name
	return u.String()
}

// exec runs one statement on a connection of its own.
func exec(ctx context.Context, address lyceum.Secret, sql string) error {
	conn, err := pgx.Connect(ctx, address.Reveal())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}
