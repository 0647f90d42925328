package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"lyceum/internal/lyceum"
)

// makeCluster makes the cluster when there is none: in a folder of its own, which
// gets its name when it is complete.
func (s *Server) makeCluster(ctx context.Context) error {
	if err := s.sweep(); err != nil {
		return lyceum.Wrap(lyceum.Invalid, err, "what an interrupted start left in %s cannot be removed", s.cfg.Data)
	}
	if _, err := os.Lstat(s.cluster); err == nil {
		return ours(s.cluster, s.who.uid)
	}
	dir, err := os.MkdirTemp(s.cfg.Data, "new-")
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "no folder can be made in %s", s.cfg.Data)
	}
	err = s.fillCluster(ctx, dir)
	if ctx.Err() != nil {
		err = ctx.Err() // what the programs said is only that they were ended
	}
	if err == nil {
		err = os.Rename(dir, s.cluster)
	}
	if err == nil {
		err = syncFolder(s.cfg.Data)
	}
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, errors.Join(err, os.RemoveAll(dir)), "the database cannot be made in %s", s.cfg.Data)
	}
	return nil
}

// sweep removes clusters that were never completed. What made them died with the
// program that started it.
func (s *Server) sweep() error {
	left, err := filepath.Glob(filepath.Join(s.cfg.Data, "new-*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// fillCluster makes a whole cluster with the product's empty database in dir.
func (s *Server) fillCluster(ctx context.Context, dir string) error {
	if s.who.drop {
		if err := os.Lchown(dir, s.who.makerUID, s.who.makerGID); err != nil {
			return err
		}
	}
	if err := s.initdb(ctx, dir); err != nil {
		return err
	}
	create := s.command(ctx, "postgres", "--single", "-D", dir, "-c", "log_min_messages=warning", "postgres")
	create.Stdin = strings.NewReader("CREATE DATABASE " + database + ";\n")
	if err := runMaker(create); err != nil {
		return err
	}
	if s.who.drop && s.who.makerUID != s.who.uid {
		return handOver(dir, s.who.uid, s.who.gid)
	}
	return nil
}

// initdb prefers a locale that orders by code point, the same on every machine,
// and yet knows the letters of all languages.
func (s *Server) initdb(ctx context.Context, dir string) error {
	args := []string{"-D", dir, "-U", role, "-E", "UTF8", "--data-checksums", "--no-instructions", "--auth-local=peer", "--auth-host=reject"}
	if s.bin.major >= 17 {
		return runMaker(s.command(ctx, "initdb", append(args, "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")...))
	}
	err := runMaker(s.command(ctx, "initdb", append(args, "--locale=C.UTF-8")...))
	if err != nil && strings.Contains(err.Error(), "invalid locale name") {
		s.cfg.Log.WarnContext(ctx, "this machine has no locale C.UTF-8: only English letters are found regardless of case")
		return runMaker(s.command(ctx, "initdb", append(args, "--locale=C")...))
	}
	return err
}

// command is a program of PostgreSQL, run as the user that makes clusters. It dies
// with the thread that starts it.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.bin.path(name), args...)
	cmd.Dir = "/"
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.who.makerCredential(), Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// runMaker runs cmd and returns what it said when it fails.
func runMaker(cmd *exec.Cmd) error {
	// The death signal is sent when the starting thread ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, bytes.TrimSpace(out))
	}
	if filepath.Base(cmd.Path) == "postgres" && bytes.Contains(out, []byte("ERROR:")) {
		// In single-user mode a statement that fails does not end the program.
		return fmt.Errorf("postgres --single: %s", bytes.TrimSpace(out))
	}
	return nil
}

// environment is what PostgreSQL gets to see of ours.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/local/bin:/usr/bin:/bin"}
	if v := os.Getenv("LD_LIBRARY_PATH"); v != "" {
		env = append(env, "LD_LIBRARY_PATH="+v)
	}
	return env
}

func handOver(dir string, uid, gid int) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// settings are for a small site on a shared machine: 30 MB idle. No statement and
// no value of a row gets into the log.
var settings = map[string]string{
	"shared_buffers": "32MB", "max_connections": "50", "superuser_reserved_connections": "3",
	"jit": "off", "max_parallel_workers_per_gather": "0", "autovacuum_max_workers": "2", "max_logical_replication_workers": "0",
	"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
	"min_wal_size": "32MB", "max_wal_size": "256MB", "checkpoint_timeout": "15min",
	"timezone": "UTC", "log_timezone": "UTC", "lc_messages": "C", "cluster_name": "lyceum",
	"logging_collector": "off", "log_destination": "stderr", "log_line_prefix": "%m [%p] ",
	"log_min_messages": "warning", "log_checkpoints": "off", "log_error_verbosity": "terse",
	"log_min_error_statement": "panic", "log_parameter_max_length_on_error": "0",
}

// writeSettings writes the files that PostgreSQL reads at its start.
func (s *Server) writeSettings() error {
	all := maps.Clone(settings)
	maps.Copy(all, s.cfg.Settings)
	var conf strings.Builder
	fmt.Fprintf(&conf, "# Written at each start. Your own settings go to local.conf beside this file.\ninclude %s\n",
		quote(filepath.Join(s.cluster, "postgresql.conf")))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&conf, "%s = %s\n", name, quote(all[name]))
	}
	if _, err := os.Stat(s.file("local.conf")); err == nil {
		fmt.Fprintf(&conf, "include %s\n", quote(s.file("local.conf")))
	}
	for name, text := range map[string]string{
		"postgresql.conf": conf.String(),
		"pg_hba.conf":     "local all " + role + " peer map=lyceum\n",
		"pg_ident.conf":   `lyceum "` + strings.ReplaceAll(s.who.client, `"`, `""`) + `" ` + role + "\n",
	} {
		if err := s.writeFile(name, text); err != nil {
			return lyceum.Wrap(lyceum.Unavailable, err, "the settings of PostgreSQL cannot be written")
		}
	}
	return nil
}

func (s *Server) file(name string) string { return filepath.Join(s.cfg.Data, name) }

// quote is a string in the syntax of postgresql.conf.
func quote(v string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(v) + "'" }

// writeFile writes a file in the data folder that PostgreSQL may read, whole or
// not at all.
func (s *Server) writeFile(name, text string) error {
	tmp := s.file(name + ".tmp")
	if err := os.WriteFile(tmp, []byte(text), 0o640); err != nil {
		return err
	}
	if s.who.drop {
		if err := os.Lchown(tmp, 0, s.who.gid); err != nil {
			return err
		}
	}
	return os.Rename(tmp, s.file(name))
}
