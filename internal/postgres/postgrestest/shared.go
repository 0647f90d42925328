package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"lyceum/internal/lyceum"
	"lyceum/internal/pgserver"
)

// shared is this program's part in the server that all test programs of the user
// share. Two locks in the folder order them: gate is held while one comes or goes,
// and users is held by each, together with the others, for as long as it stays.
type shared struct {
	dir   string
	users *os.File
	url   lyceum.Secret
}

// enter makes sure that the server runs.
func enter(ctx context.Context) (*shared, error) {
	s := &shared{dir: folder()}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	gate, err := lockFile(filepath.Join(s.dir, "gate"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer gate.Close()
	if s.users, err = lockFile(filepath.Join(s.dir, "users"), syscall.LOCK_SH); err != nil {
		return nil, err
	}
	server, err := s.startOrAnew(ctx)
	if err != nil {
		return nil, errors.Join(err, s.users.Close())
	}
	s.url = server.URL()
	server.Release()
	return s, nil
}

// leave stops the server if nobody else uses it.
func (s *shared) leave(ctx context.Context) error {
	defer s.users.Close()
	gate, err := lockFile(filepath.Join(s.dir, "gate"), syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer gate.Close()
	if err := syscall.Flock(int(s.users.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil
		}
		return err
	}
	server, err := s.start(ctx)
	if err != nil {
		return err
	}
	return server.Stop(ctx)
}

func (s *shared) start(ctx context.Context) (*pgserver.Server, error) {
	return pgserver.Start(ctx, pgserver.Config{
		Data: filepath.Join(s.dir, "postgres"),
		// Nothing here is worth a wait for the disk.
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"},
	})
}

// startOrAnew makes the cluster anew when it does not start: without fsync, a
// machine that went down may have damaged it.
func (s *shared) startOrAnew(ctx context.Context) (*pgserver.Server, error) {
	server, err := s.start(ctx)
	if err == nil || lyceum.IsKind(err, lyceum.Conflict) {
		return server, err
	}
	if removeErr := os.RemoveAll(filepath.Join(s.dir, "postgres")); removeErr != nil {
		return nil, errors.Join(err, removeErr)
	}
	server, again := s.start(ctx)
	if again != nil {
		return nil, fmt.Errorf("%w (before that: %w)", again, err)
	}
	return server, nil
}

// folder is in the user's cache. Root's home is closed to the user that runs
// PostgreSQL, so root's is in the folder for temporary files.
func folder() string {
	if os.Geteuid() != 0 {
		if cache, err := os.UserCacheDir(); err == nil {
			return filepath.Join(cache, "lyceum", "testpg")
		}
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("lyceum-testpg-%d", os.Geteuid()))
}

// lockFile opens a file and waits for its lock, which closing gives back.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
