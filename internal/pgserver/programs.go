package pgserver

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lyceum/internal/lyceum"
)

// The major versions of PostgreSQL that the product is tested with.
const (
	oldestMajor = 14
	newestMajor = 18
)

// programs is a folder with initdb and postgres.
type programs struct {
	dir     string
	version string // "15.18"
	major   int
}

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

// choosePrograms finds the programs for the cluster: of its own major version, or
// for a new one the newest that are supported. Where there are none at all, they
// are fetched.
func choosePrograms(ctx context.Context, cfg Config, cluster string) (programs, error) {
	want, err := clusterMajor(cluster)
	if err != nil {
		return programs{}, err
	}
	found := findPrograms(ctx, cfg)
	if p, ok := pick(found, want); ok {
		return p, nil
	}
	if cfg.Bin != "" {
		if len(found) == 0 {
			return programs{}, lyceum.Errorf(lyceum.Invalid, "there are no programs of PostgreSQL (initdb, postgres) in %s", cfg.Bin)
		}
		return programs{}, versionProblem(cfg, cluster, want, found)
	}
	if want != 0 && !canFetch(want) {
		return programs{}, versionProblem(cfg, cluster, want, found)
	}
	p, err := fetchPrograms(ctx, cfg, want)
	if err != nil && want != 0 {
		return programs{}, lyceum.Wrap(lyceum.Invalid, err, "%s", versionProblem(cfg, cluster, want, found).Message)
	}
	return p, err
}

// pick takes the first of the major version, or for 0 the newest supported one.
func pick(found []programs, major int) (programs, bool) {
	for _, p := range found {
		if p.major == major || major == 0 && p.major >= oldestMajor && p.major <= newestMajor {
			return p, true
		}
	}
	return programs{}, false
}

// findPrograms looks where programs are installed, and returns the newest first.
func findPrograms(ctx context.Context, cfg Config) []programs {
	dirs := []string{cfg.Bin}
	if cfg.Bin == "" {
		dirs = installed(cfg.Cache)
	}
	var found []programs
	for _, dir := range dirs {
		p, err := inspect(ctx, dir)
		if err != nil {
			cfg.Log.DebugContext(ctx, "no PostgreSQL here", "folder", dir, "err", err)
			continue
		}
		found = append(found, p)
	}
	slices.SortStableFunc(found, func(a, b programs) int { return b.major - a.major })
	return found
}

// installed lists the folders that may hold programs.
func installed(cache string) []string {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(p))
		if real, err := filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // the PostgreSQL project's packages for Red Hat
		"/usr/libexec/postgresql*",  // Alpine
		filepath.Join(cache, "postgresql-*", "bin"),
	} {
		if more, err := filepath.Glob(pattern); err == nil { // the only error is a wrong pattern
			dirs = append(dirs, more...)
		}
	}
	return dirs
}

var versionText = regexp.MustCompile(`^postgres \(PostgreSQL\) ((\d+)[.\w]*)`)

// inspect asks the programs in dir for their version.
func inspect(ctx context.Context, dir string) (programs, error) {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return programs{}, err
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return programs{}, err
	}
	m := versionText.FindSubmatch(out)
	if m == nil {
		return programs{}, errors.New("postgres --version says " + strconv.Quote(string(out)))
	}
	major, err := strconv.Atoi(string(m[2]))
	return programs{dir: dir, version: string(m[1]), major: major}, err
}

// clusterMajor is the major version that made the cluster, or 0 when there is none.
func clusterMajor(cluster string) (int, error) {
	b, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Lstat(cluster); err == nil {
			return 0, lyceum.Errorf(lyceum.Invalid, "%s is not a cluster of PostgreSQL: it has no PG_VERSION. Restore it from a backup, or move it away to begin anew", cluster)
		}
		return 0, nil
	}
	if err != nil {
		return 0, lyceum.Wrap(lyceum.Invalid, err, "the version of the cluster %s cannot be read", cluster)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || major < 1 {
		return 0, lyceum.Errorf(lyceum.Invalid, "the version of the cluster %s cannot be read: PG_VERSION says %q", cluster, b)
	}
	return major, nil
}

// versionProblem says that the cluster and the programs differ, and what to do.
func versionProblem(cfg Config, cluster string, major int, found []programs) *lyceum.Error {
	if major == 0 {
		return lyceum.Errorf(lyceum.Invalid, "PostgreSQL %d to %d is needed, and here is only %s: install one of them (Debian, Ubuntu: apt-get install postgresql), name its folder with --postgres-bin, or name a database with --database-url", oldestMajor, newestMajor, versions(found))
	}
	return lyceum.Errorf(lyceum.Invalid, `the database in %[1]s was made by PostgreSQL %[2]d, and here is %[3]s. Nothing was changed. Either
  install PostgreSQL %[2]d again (Debian, Ubuntu: apt-get install postgresql-%[2]d) and start as before; or
  upgrade, with both versions installed and this server stopped, as the owner of %[1]s:
    initdb of the new version: -D %[4]s/upgraded -U %[5]s -E UTF8 --locale=… (as SHOW lc_collate of the old one says) --data-checksums
    pg_upgrade -U %[5]s -b OLD/bin -B NEW/bin -d %[1]s -D %[4]s/upgraded
    mv %[1]s %[4]s/before-upgrade && mv %[4]s/upgraded %[1]s; or
  carry it over: pg_dump of version %[2]d, then restore into a new database that --database-url names`,
		cluster, major, versions(found), cfg.Data, role)
}

func versions(found []programs) string {
	if len(found) == 0 {
		return "none"
	}
	var all []string
	for _, p := range found {
		all = append(all, p.version+" in "+p.dir)
	}
	return strings.Join(all, ", ")
}
