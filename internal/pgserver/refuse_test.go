package pgserver

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lyceum/internal/lyceum"
)

// TestRefused is about folders that cannot be used: nothing in them is changed.
func TestRefused(t *testing.T) {
	t.Parallel()
	own, err := choosePrograms(t.Context(), Config{Cache: t.TempDir(), Log: discard, Mirror: "http://127.0.0.1:1"}, "/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	version := func(v string) func(t *testing.T) Config {
		return func(t *testing.T) Config {
			data := newData(t)
			write(t, filepath.Join(data, "cluster", "PG_VERSION"), v)
			return Config{Data: data, Bin: own.dir}
		}
	}
	for _, c := range []struct {
		name  string
		cfg   func(t *testing.T) Config
		kind  lyceum.Kind
		words []string
	}{
		{"an older cluster", version("13\n"), lyceum.Invalid, []string{"made by PostgreSQL 13", "pg_upgrade", "pg_dump", "apt-get install postgresql-13", "Nothing was changed"}},
		{"a newer cluster", version("99\n"), lyceum.Invalid, []string{"made by PostgreSQL 99", "pg_upgrade"}},
		{"a version that is no number", version("many\n"), lyceum.Invalid, []string{"PG_VERSION", "many"}},
		{"no cluster", func(t *testing.T) Config {
			data := newData(t)
			if err := os.Remove(filepath.Join(data, "cluster", "PG_VERSION")); err != nil {
				t.Fatal(err)
			}
			return Config{Data: data}
		}, lyceum.Invalid, []string{"no PG_VERSION", "backup"}},
		{"no programs", func(t *testing.T) Config { return Config{Data: newData(t), Bin: t.TempDir()} },
			lyceum.Invalid, []string{"no programs of PostgreSQL"}},
		{"a relative folder", func(*testing.T) Config { return Config{Data: "data"} }, lyceum.Invalid, []string{"absolute"}},
		{"a long path of the socket", func(t *testing.T) Config {
			return Config{Data: newData(t), RunDir: "/tmp/" + strings.Repeat("x", 90)}
		}, lyceum.Invalid, []string{"107", "shorter"}},
		{"a comma in the socket's path", func(t *testing.T) Config {
			return Config{Data: newData(t), RunDir: "/tmp/a,b"}
		}, lyceum.Invalid, []string{"commas"}},
		{"a file for a folder", func(t *testing.T) Config {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "postgres"), "")
			return Config{Data: filepath.Join(dir, "postgres")}
		}, lyceum.Invalid, []string{"cannot be made"}},
		{"a setting that is none", func(t *testing.T) Config {
			return Config{Data: newData(t), Settings: map[string]string{"no_such_setting": "on"}}
		}, lyceum.Unavailable, []string{"no_such_setting"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := c.cfg(t)
			before := listing(t, cfg.Data)
			s, err := Start(t.Context(), cfg)
			if err == nil {
				_ = s.Stop(t.Context())
				t.Fatal("it starts")
			}
			if got := lyceum.KindOf(err); got != c.kind {
				t.Errorf("kind = %v, want %v (%v)", got, c.kind, err)
			}
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not say %q: %v", w, err)
				}
			}
			if after := listing(t, cfg.Data); c.kind == lyceum.Invalid && after != before {
				t.Errorf("the cluster changed:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

// listing is what find says of the cluster.
func listing(t *testing.T, data string) string {
	t.Helper()
	cluster := filepath.Join(data, "cluster")
	if _, err := os.Stat(cluster); err != nil {
		return ""
	}
	out, err := exec.Command("find", cluster, "-printf", "%p %s %U %m %T@\n").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestForeignFolder is about folders of somebody else.
func TestForeignFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	for _, c := range []struct {
		name string
		cfg  func(dir string) Config
	}{
		{"data", func(dir string) Config { return Config{Data: dir} }},
		{"run", func(dir string) Config { return Config{Data: newData(t), RunDir: dir} }},
		{"a parent that is closed", func(dir string) Config {
			inside := filepath.Join(dir, "data")
			if err := os.Mkdir(inside, 0o700); err != nil {
				t.Fatal(err)
			}
			return Config{Data: inside}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			cfg := c.cfg(dir)
			if err := os.Chown(dir, 12_345, 12_345); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if s, err := Start(t.Context(), cfg); !lyceum.IsKind(err, lyceum.Invalid) {
				if err == nil {
					_ = s.Stop(t.Context())
				}
				t.Errorf("Start = %v, want Invalid", err)
			}
		})
	}
}

// TestStranger is about another user of the machine, as each project is one.
func TestStranger(t *testing.T) {
	t.Parallel()
	s := begun(t, Config{Data: newData(t)})
	fi, err := os.Stat(s.cfg.RunDir)
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder has mode %o, want 700", fi.Mode().Perm())
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	if got := strangerSays(t, s); !strings.Contains(got, "permission denied") {
		t.Errorf("a stranger who dials: %s, want permission denied", got)
	}
	// Even where the folder is opened by mistake, PostgreSQL asks who it is.
	for path, mode := range map[string]os.FileMode{s.cfg.RunDir: 0o755, socketPath(s.cfg.RunDir): 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if got := strangerSays(t, s); !strings.Contains(got, "dialled:") || !strings.Contains(strings.ToLower(got), "peer") {
		t.Errorf("a stranger who gets through: %s, want a refusal by PostgreSQL", got)
	}
	if out, err := exec.Command("find", s.cfg.Data, "-perm", "/o+rw", "!", "-type", "s", "!", "-type", "d").Output(); err != nil || len(out) > 0 {
		t.Errorf("others may read these: %s, %v", out, err)
	}
}

func strangerSays(t *testing.T, s *Server) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stranger")
	if err := copyFile(program, os.Args[0]); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(program); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "dial", socketPath(s.cfg.RunDir))
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12_345, Gid: 12_345}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(bytes.TrimSpace(out))
}

// TestOddDataFolder is about data folders whose path is too long for a socket, or
// has characters that mean something to PostgreSQL.
func TestOddDataFolder(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"long": strings.Repeat("long/", 20), "comma": "a, b", "quotes": `it's "ours"`, "others": `100% $HOME \n ä # = ;`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent, err := os.MkdirTemp("", "pg-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(parent) })
			if err := os.Chmod(parent, 0o755); err != nil {
				t.Fatal(err)
			}
			data := filepath.Join(parent, path, "postgres")
			if err := os.MkdirAll(filepath.Dir(data), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(newData(t), data); err != nil {
				t.Fatal(err)
			}
			s := begun(t, Config{Data: data})
			t.Cleanup(func() { _ = os.RemoveAll(s.cfg.RunDir) })
			query(t, s, "SELECT 'works'")
			pid := s.PID()
			s.Release()
			again := begun(t, Config{Data: data})
			if again.PID() != pid {
				t.Errorf("it was not taken over: %d, want %d", again.PID(), pid)
			}
		})
	}
}
