package pgserver

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"

	"lyceum/internal/lyceum"
)

// bundles are the versions that can be fetched.
var bundles = map[int]embedded.PostgresVersion{
	14: embedded.V14, 15: embedded.V15, 16: embedded.V16, 17: embedded.V17, 18: embedded.V18,
}

func canFetch(major int) bool { return bundles[major] != "" }

// fetchTimeout limits the fetching of some 10 MB.
const fetchTimeout = 10 * time.Minute

// fetchPrograms fetches the programs of a major version (0: the newest) into the
// cache, once.
func fetchPrograms(ctx context.Context, cfg Config, major int) (programs, error) {
	if major == 0 {
		major = newestMajor
	}
	version := string(bundles[major])
	cfg.Log.InfoContext(ctx, "fetch PostgreSQL, because none is installed", "version", version)
	dir := filepath.Join(cfg.Cache, "postgresql-"+version)
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	err := fetchBundle(ctx, cfg, bundles[major], dir)
	var p programs
	if err == nil {
		p, err = inspect(ctx, filepath.Join(dir, "bin"))
	}
	if err != nil {
		return programs{}, lyceum.Wrap(lyceum.Unavailable, err, "PostgreSQL is not installed, and version %s could not be fetched: install it (Debian, Ubuntu: apt-get install postgresql), name the folder of its programs with --postgres-bin, or name a database with --database-url", version)
	}
	return p, nil
}

// fetchBundle makes dir with the programs. dir is there whole or not at all.
func fetchBundle(ctx context.Context, cfg Config, version embedded.PostgresVersion, dir string) error {
	if err := os.MkdirAll(cfg.Cache, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cfg.Cache, "fetch-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // what is left there is only waste
	// The library has no call that only fetches. Given a data folder that looks
	// like a cluster it goes on to start that, which fails, and we have the programs.
	data := filepath.Join(tmp, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(majorOf(version)), 0o600); err != nil {
		return err
	}
	bundle := filepath.Join(tmp, "bundle")
	c := embedded.DefaultConfig().Version(version).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(tmp, "archive")).RuntimePath(filepath.Join(tmp, "run")).DataPath(data).BinariesPath(bundle)
	if cfg.Mirror != "" {
		c = c.BinaryRepositoryURL(cfg.Mirror)
	}
	if err := startUntil(ctx, embedded.NewDatabase(c), filepath.Join(bundle, "bin", "postgres")); err != nil {
		return err
	}
	return os.Rename(bundle, dir)
}

// startUntil lets the library work and reports whether file is there afterwards.
// The library takes no context: when ctx ends, its request is left to end by itself.
func startUntil(ctx context.Context, db *embedded.EmbeddedPostgres, file string) error {
	result := make(chan error, 1)
	go func() { result <- db.Start() }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-result:
		if err == nil {
			return errors.Join(errors.New("the library started PostgreSQL, which was only to be fetched"), db.Stop())
		}
		if _, missing := os.Stat(file); missing != nil {
			return err
		}
		return nil
	}
}

func majorOf(v embedded.PostgresVersion) string {
	for major, version := range bundles {
		if version == v {
			return strconv.Itoa(major)
		}
	}
	return ""
}
