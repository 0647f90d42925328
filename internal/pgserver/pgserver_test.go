package pgserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

func TestStartStop(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "site", "postgres")
	s, err := Start(t.Context(), Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{
		"listen_addresses": "", "data_checksums": "on", "server_encoding": "UTF8", "fsync": "on", "jit": "off",
		"max_connections": "50", "shared_buffers": "32MB", "TimeZone": "UTC", "server_version": "",
	} {
		if got := query(t, s, "SHOW "+setting); got != want && setting != "server_version" {
			t.Errorf("%s = %q, want %q", setting, got, want)
		} else if setting == "server_version" && !strings.HasPrefix(got, s.Version()) {
			t.Errorf("Version = %q, and the server says %q", s.Version(), got)
		}
	}
	if got := query(t, s, "SELECT lower('ÄÖ')"); got != "äö" {
		t.Errorf("lower('ÄÖ') = %q, want äö", got)
	}
	run(t, s, "CREATE TABLE t AS SELECT 42 AS v")
	notRoot(t, s.PID())
	pid := s.PID()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if alive(pid) {
		t.Error("PostgreSQL runs after Stop")
	}
	if _, err := os.Stat(socketPath(s.cfg.RunDir)); err == nil {
		t.Error("the socket is there after Stop")
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("Stop again: %v", err)
	}
	s.Release()

	s = begun(t, Config{Data: data})
	if got := query(t, s, "SELECT v::text FROM t"); got != "42" {
		t.Errorf("after a restart v = %s, want 42", got)
	}
}

func notRoot(t *testing.T, pid int) {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(fmt.Sprintf("/proc/%d", pid), &st); err != nil {
		t.Fatal(err)
	}
	if st.Uid == 0 {
		t.Error("PostgreSQL runs as root")
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if groups, ok := strings.CutPrefix(line, "Groups:"); ok && os.Geteuid() == 0 && strings.TrimSpace(groups) != "" {
			t.Errorf("PostgreSQL kept groups of root's: %s", groups)
		}
	}
}

// TestStartIsFast guards against a start that waits for something: it takes 50 ms.
func TestStartIsFast(t *testing.T) {
	t.Parallel()
	data := newData(t)
	best := time.Hour
	for range 3 {
		began := time.Now()
		s, err := Start(t.Context(), Config{Data: data})
		if err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("start: %v", best)
	if best > 5*time.Second {
		t.Errorf("the best of three starts took %v", best)
	}
}

func TestHubKilled(t *testing.T) {
	t.Parallel()
	data := newData(t)
	h := startHub(t, data)
	pid := h.pid(t)
	h.kill(t)
	if !alive(pid) {
		t.Fatal("PostgreSQL died with the hub")
	}
	s := begun(t, Config{Data: data})
	if s.PID() != pid {
		t.Errorf("another PostgreSQL runs: %d, want %d", s.PID(), pid)
	}
	run(t, s, "CREATE TABLE t AS SELECT 42 AS v")
	// It is watched like a child.
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "PostgreSQL runs again", func() bool { return s.PID() != pid && probe(t.Context(), socketPath(s.cfg.RunDir)) == nil })
	if got := query(t, s, "SELECT v::text FROM t"); got != "42" {
		t.Errorf("v = %s, want 42", got)
	}
}

func TestHubStops(t *testing.T) {
	t.Parallel()
	data := newData(t)
	h := startHub(t, data)
	pid := h.pid(t)
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("the hub ended with %v", err)
	}
	if alive(pid) {
		t.Error("PostgreSQL runs on after a hub that was stopped")
	}
}

// TestPostmasterKilled is about a kill -9 while one connection computes: its process
// holds the shared memory and would live on.
func TestPostmasterKilled(t *testing.T) {
	t.Parallel()
	s := begun(t, Config{Data: newData(t)})
	run(t, s, "CREATE TABLE t (v int)")
	run(t, s, "INSERT INTO t VALUES (42)")
	conn, err := pgx.Connect(t.Context(), s.URL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(t.Context(), "DO $$ BEGIN LOOP END LOOP; END $$")
		ended <- err
	}()
	eventually(t, "the loop runs", func() bool {
		return query(t, s, "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'") == "1"
	})
	pid := s.PID()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "PostgreSQL runs again", func() bool { return s.PID() != pid && probe(t.Context(), socketPath(s.cfg.RunDir)) == nil })
	if got := query(t, s, "SELECT v::text FROM t"); got != "42" {
		t.Errorf("v = %s, want 42", got)
	}
	if err := <-ended; err == nil {
		t.Error("the loop came to an end")
	}
	select {
	case <-s.Done():
		t.Error("Done is closed while PostgreSQL is watched")
	default:
	}
}

func TestConflict(t *testing.T) {
	t.Parallel()
	s := begun(t, Config{Data: newData(t)})
	_, err := Start(t.Context(), Config{Data: s.cfg.Data})
	if !lyceum.IsKind(err, lyceum.Conflict) {
		t.Errorf("a second Start on the folder: %v, want Conflict", err)
	}
	query(t, s, "SELECT 'still here'")
}

// TestRelease leaves PostgreSQL to the next one, on another socket.
func TestRelease(t *testing.T) {
	t.Parallel()
	data := newData(t)
	s, err := Start(t.Context(), Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	pid := s.PID()
	s.Release()
	<-s.Done()
	if !alive(pid) {
		t.Fatal("Release stopped PostgreSQL")
	}
	moved := begun(t, Config{Data: data, RunDir: filepath.Join(t.TempDir(), "r")})
	if alive(pid) {
		t.Error("the PostgreSQL on the old socket still runs")
	}
	query(t, moved, "SELECT 'on the new socket'")
}

func TestStopWithoutTime(t *testing.T) {
	t.Parallel()
	data := newData(t)
	s, err := Start(t.Context(), Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	run(t, s, "CREATE TABLE t AS SELECT 42 AS v")
	pid := s.PID()
	none, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(none); err != nil && !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("Stop without time: %v, want nil or Unavailable", err)
	}
	if alive(pid) {
		t.Error("PostgreSQL runs after Stop")
	}
	s = begun(t, Config{Data: data})
	if got := query(t, s, "SELECT v::text FROM t"); got != "42" {
		t.Errorf("v = %s, want 42", got)
	}
}

// TestKilledWhileMaking kills the hub in the middle of initdb.
func TestKilledWhileMaking(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	h := startHub(t, data)
	eventually(t, "initdb works", func() bool {
		made, err := filepath.Glob(filepath.Join(data, "new-*", "base", "1"))
		return err == nil && len(made) > 0
	})
	h.kill(t)
	if _, err := os.Stat(filepath.Join(data, "cluster")); err == nil {
		t.Fatal("the cluster was complete already: the test killed too late")
	}
	s := begun(t, Config{Data: data})
	query(t, s, "SELECT 'whole'")
	if left, err := filepath.Glob(filepath.Join(data, "new-*")); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// TestStalePIDFile is about pid files that a killed PostgreSQL left.
func TestStalePIDFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		file func(pid int, data string) string
	}{
		{"another process has the number", func(pid int, data string) string {
			return fmt.Sprintf("%d\n%s/cluster\n1700000000\n5432\n%s/run\n\n 1 2\nready   \n", pid, data, data)
		}},
		{"cut short", func(pid int, _ string) string { return fmt.Sprint(pid) }},
		{"empty", func(int, string) string { return "" }},
		{"no process has it", func(_ int, data string) string {
			return fmt.Sprintf("%d\n%s/cluster\n1700000000\n", 1<<22+1, data)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := newData(t)
			who, err := whoRuns("postgres", 199999)
			if err != nil {
				t.Fatal(err)
			}
			other := exec.Command("sleep", "1000")
			other.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential()}
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = other.Process.Kill()
				_ = other.Wait()
			}()
			path := filepath.Join(data, "cluster", pidFileName)
			if err := os.WriteFile(path, []byte(c.file(other.Process.Pid, data)), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(path, who.uid, who.gid); err != nil {
				t.Fatal(err)
			}
			s := begun(t, Config{Data: data})
			query(t, s, "SELECT 'started'")
			if !alive(other.Process.Pid) {
				t.Error("the other process was ended")
			}
		})
	}
}

// TestLocalSettings is about settings of the administrator's own.
func TestLocalSettings(t *testing.T) {
	t.Parallel()
	data := newData(t)
	write(t, filepath.Join(data, "local.conf"), "work_mem = '7MB'\nlisten_addresses = '*'\n")
	s := begun(t, Config{Data: data})
	if got := query(t, s, "SHOW work_mem"); got != "7MB" {
		t.Errorf("work_mem = %s, want 7MB", got)
	}
	if got := query(t, s, "SHOW listen_addresses"); got != "" {
		t.Errorf("listen_addresses = %q: a setting opened the network", got)
	}
}

// TestFixedUID is about a machine without a user for PostgreSQL.
func TestFixedUID(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("an ordinary user runs PostgreSQL as itself")
	}
	data := t.TempDir()
	s := begun(t, Config{Data: data, UID: 199_998, system: "no-such-user"})
	var st syscall.Stat_t
	if err := syscall.Stat(fmt.Sprintf("/proc/%d", s.PID()), &st); err != nil {
		t.Fatal(err)
	}
	if st.Uid != 199_998 {
		t.Errorf("PostgreSQL runs as %d, want 199998", st.Uid)
	}
	query(t, s, "SELECT 'works'")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The user postgres is made meanwhile: the cluster stays with its owner.
	again := begun(t, Config{Data: data})
	query(t, again, "SELECT 'works'")
}

func TestLog(t *testing.T) {
	t.Parallel()
	s := begun(t, Config{Data: newData(t)})
	err := try(t.Context(), s, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), "SELECT 'geheim'::int")
		return err
	})
	if err == nil {
		t.Fatal("the query worked")
	}
	big := strings.Repeat("a line of the log\n", maxLog/18+1)
	if _, err := s.log.WriteString(big + "the last line\n"); err != nil {
		t.Fatal(err)
	}
	s.trimLog(t.Context())
	old, err := os.ReadFile(s.file("log.1"))
	if err != nil {
		t.Fatal(err)
	}
	if len(old) > maxLog || !strings.HasSuffix(string(old), "the last line\n") {
		t.Errorf("log.1 has %d bytes and ends in %q", len(old), old[len(old)-20:])
	}
	if s.logSize() != 0 {
		t.Errorf("log has %d bytes, want 0", s.logSize())
	}
	if err := s.current.signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "PostgreSQL writes on", func() bool { return s.logSize() > 0 && s.logSize() < 4096 })
}

// TestURL is about a second program on this machine, such as lyceum admin.
func TestURL(t *testing.T) {
	t.Parallel()
	s := begun(t, Config{Data: newData(t)})
	got, err := URL(Config{Data: s.cfg.Data})
	if err != nil || got != s.URL() {
		t.Errorf("URL = %q, %v, want %q", got.Reveal(), err, s.URL().Reveal())
	}
	if _, err := URL(Config{Data: "relative"}); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("URL of a relative folder: %v, want Invalid", err)
	}
}
