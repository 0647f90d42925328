package postgres_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/pgserver"
	"lyceum/internal/postgres"
)

// ownServer is a PostgreSQL that a test may stop.
func ownServer(t *testing.T) (data string, start func() *pgserver.Server) {
	t.Helper()
	data = t.TempDir()
	start = func() *pgserver.Server {
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
	return data, start
}

// TestAway stops PostgreSQL under a program that uses it, and starts it again.
func TestAway(t *testing.T) {
	t.Parallel()
	_, start := ownServer(t)
	srv := start()
	url := srv.URL().Reveal()
	if err := postgres.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), url, postgres.Config{ConnectTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &site{db, url, t}
	ada := s.person("Ada")
	_, hash := s.session(ada)
	heard := listenTo(t, s)
	lease, err := postgres.AcquireLease(t.Context(), url, "manage", "test")
	s.ok(err)
	defer lease.Release()

	s.ok(srv.Stop(t.Context()))
	closed(t, "the lease", lease.Done())
	if n := heard.next(t); n.What != postgres.Lost {
		t.Errorf("heard %+v, want lost", n)
	}
	for name, ask := range map[string]func() error{
		"Ping":          func() error { return db.Ping(t.Context()) },
		"Account":       func() error { _, err := db.Account(t.Context(), ada.ID); return err },
		"SessionByHash": func() error { _, _, err := db.SessionByHash(t.Context(), hash, postgres.Seen{}); return err },
		"CreateProject": func() error {
			_, err := db.CreateProject(t.Context(), by(ada), postgres.NewProject{Name: "p"})
			return err
		},
		"AcquireLease": func() error { _, err := postgres.AcquireLease(t.Context(), url, "l", "h"); return err },
		"Migrate":      func() error { return postgres.Migrate(t.Context(), url) },
	} {
		began := time.Now()
		if err := ask(); !lyceum.IsKind(err, lyceum.Unavailable) {
			t.Errorf("%s without a database: %v (%v), want Unavailable", name, err, lyceum.KindOf(err))
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %v to say so", name, took)
		}
	}

	start()
	s.ok(db.Ping(t.Context()))
	if _, _, err := db.SessionByHash(t.Context(), hash, postgres.Seen{}); err != nil {
		t.Errorf("after its return: %v", err)
	}
	if n := heard.next(t); n.What != postgres.Missed {
		t.Errorf("heard %+v, want missed", n)
	}
	s.project(ada, "p")
	if st := db.Stat(); st.Max != 10 || st.Open < 1 {
		t.Errorf("Stat = %+v", st)
	}
}

// TestCutConnections ends all connections of a pool, as a restart of PostgreSQL
// does: requests that had not begun are not refused.
func TestCutConnections(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	for range 5 {
		s.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		_, err := s.Account(t.Context(), ada.ID)
		if err != nil && !lyceum.IsKind(err, lyceum.Unavailable) {
			t.Errorf("a read: %v (%v)", err, lyceum.KindOf(err))
		}
	}
	eventually(t, "reads work again", func() bool { _, err := s.Account(t.Context(), ada.ID); return err == nil })
}

// TestTimeout is about a statement that waits for another's lock.
func TestTimeout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	p := s.project(ada, "p")
	db, err := postgres.Open(t.Context(), s.url, postgres.Config{QueryTimeout: 200 * time.Millisecond, MaxConnections: 2})
	s.ok(err)
	defer db.Close()
	conn := s.connect()
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	s.ok(err)
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM projects WHERE id = $1 FOR UPDATE`, p.ID)
	s.ok(err)
	want(t, db.DeleteProject(t.Context(), by(ada), p.ID), lyceum.Unavailable, "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	want(t, db.DeleteProject(ctx, by(ada), p.ID), lyceum.Unavailable, "")
	s.ok(tx.Rollback(t.Context()))
	s.ok(db.DeleteProject(t.Context(), by(ada), p.ID))
}

// TestPooler puts a pgbouncer before PostgreSQL.
func TestPooler(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; !exists(program) {
			t.Skip("pgbouncer is not installed (package pgbouncer)")
		}
	}
	data, start := ownServer(t)
	srv := start()
	direct := srv.URL().Reveal()
	if err := postgres.Migrate(t.Context(), direct); err != nil {
		t.Fatal(err)
	}
	s := &site{nil, direct, t}
	// pgbouncer runs as PostgreSQL's user, which may not connect otherwise.
	s.ok(os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte("local all all trust\n"), 0o644))
	s.sql(`SELECT pg_reload_conf()`)
	for _, c := range []struct {
		mode string
		size int
		ok   bool
	}{{"transaction", 1, false}, {"transaction", 20, false}, {"statement", 20, false}, {"session", 20, true}} {
		t.Run(fmt.Sprint(c.mode, " ", c.size), func(t *testing.T) {
			url := startPooler(t, program, filepath.Join(data, "run"), c.mode, c.size)
			l, err := postgres.AcquireLease(t.Context(), url, "manage", "test")
			if err == nil {
				l.Release()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			listening := postgres.Listen(ctx, url, postgres.ListenConfig{}, func(postgres.Notification) { cancel() })
			for name, err := range map[string]error{"AcquireLease": err, "Listen": listening} {
				if c.ok && err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if !c.ok && (!lyceum.IsKind(err, lyceum.Invalid) || !strings.Contains(err.Error(), "transaction pooler")) {
					t.Errorf("%s: %v, want Invalid that names the pooler", name, err)
				}
			}
		})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// startPooler runs a pgbouncer as the user of PostgreSQL, whose socket is in run.
func startPooler(t *testing.T, program, run, mode string, size int) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lyceum-pool-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	fi, err := os.Stat(run)
	if err != nil {
		t.Fatal(err)
	}
	owner := fi.Sys().(*syscall.Stat_t)
	conf := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\nlyceum = host=%s port=5432 user=lyceum dbname=lyceum\n[pgbouncer]\nlisten_port = 6432\nunix_socket_dir = %s\nauth_type = any\npool_mode = %s\ndefault_pool_size = %s\n",
		run, dir, mode, strconv.Itoa(size))
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, conf} {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, conf)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("pgbouncer: %s", out.String())
		}
	})
	// The socket is there a moment before anybody listens on it.
	eventually(t, "pgbouncer listens", func() bool {
		c, err := net.Dial("unix", filepath.Join(dir, ".s.PGSQL.6432"))
		if err == nil {
			err = c.Close()
		}
		return err == nil
	})
	return "postgres://lyceum@/lyceum?port=6432&sslmode=disable&host=" + dir
}
