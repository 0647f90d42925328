// Package pgserver runs the built-in PostgreSQL: the one that serves a site whose
// administrator named no database. It finds the programs (or fetches them once),
// makes the cluster, starts it, watches it, and stops it. It holds no SQL of the
// product (package postgres).
//
// The folder Config.Data:
//
//	lock             held by the program that runs the server
//	cluster/         the cluster (PGDATA); 0700, of the user that runs PostgreSQL
//	new-*/           a cluster in the making; removed at the next start
//	postgresql.conf  written at each start; local.conf beside it, if there, wins
//	pg_hba.conf, pg_ident.conf   who may connect; written at each start
//	log, log.1       what PostgreSQL says, at most 4 MiB each
//
// PostgreSQL listens on a Unix socket only, in a folder of mode 0700, and takes
// only the user that this program runs as ("peer"). It never runs as root: started
// by root it runs as the user postgres, or where there is none as Config.UID. That
// user must reach the folders: Config.Data, the folders around it and around
// Config.RunDir that are the site's own get mode 0711 (what is in them can be
// entered by whoever knows its name and may enter it; nothing can be listed), and
// other parents of root's an access control list that lets that user alone through.
package pgserver

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"lyceum/internal/lyceum"
)

// Config holds what Start must and may be told.
type Config struct {
	Data   string // folder, absolute; made when missing
	RunDir string // folder of the socket, at most 93 bytes; default: run in Data, or one under /run or /tmp when that is too long
	Bin    string // folder with the programs; default: looked for, and fetched when there are none
	Cache  string // folder that keeps fetched programs; default: programs in Data
	Mirror string // where programs are fetched from: the base URL of a Maven repository; default: Maven Central
	UID    int    // as root: the user (and group) that runs PostgreSQL when the machine has no user postgres; default 199999
	Log    *slog.Logger

	// Settings are added to postgresql.conf; they win over the ones written here.
	Settings map[string]string

	system string // the name of the machine's user for PostgreSQL: postgres
}

// Server is a running PostgreSQL. Its methods are safe for concurrent use.
type Server struct {
	cfg     Config
	who     identity
	bin     programs
	lock    *os.File
	log     *os.File
	cluster string

	cancel context.CancelFunc // ends the watching
	done   chan struct{}      // closed when nothing watches any more

	mu      sync.Mutex
	current *postmaster
	closing bool
}

const (
	role     = "lyceum" // the database's owner and superuser
	database = "lyceum"
	port     = "5432" // only part of the socket's name
)

// Start brings the built-in PostgreSQL up and returns when it answers: about
// 50 ms, a second more the first time. One that a killed program left behind is
// taken over. When ctx ends first, what was started is stopped again; a later
// end of ctx means nothing. The caller ends it with Stop or Release.
//
// Errors: Conflict when another program runs the server of this folder; Invalid,
// with what to do, when there are no programs, when they are of another major
// version than the cluster, or when a folder is not ours; else Unavailable.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, done: make(chan struct{})}
	if err := s.prepare(ctx); err != nil {
		s.closeFiles()
		return nil, err
	}
	if err := s.up(ctx); err != nil {
		s.halt(context.WithoutCancel(ctx))
		s.closeFiles()
		return nil, err
	}
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	go s.watch(watching)
	return s, nil
}

// prepare gets everything ready that must be there before the start.
func (s *Server) prepare(ctx context.Context) error {
	if err := s.cfg.setDefaults(); err != nil {
		return err
	}
	s.cluster = filepath.Join(s.cfg.Data, "cluster")
	var err error
	if s.who, err = whoRuns(s.cfg.system, s.cfg.UID); err != nil {
		return err
	}
	s.who = s.who.ofCluster(s.cluster)
	if err := s.who.openFolders(s.cfg); err != nil {
		return err
	}
	if s.lock, err = lockFolder(s.cfg.Data); err != nil {
		return err
	}
	if s.log, err = openLog(s.cfg.Data); err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the log of PostgreSQL cannot be opened")
	}
	if s.bin, err = choosePrograms(ctx, s.cfg, s.cluster); err != nil {
		return err
	}
	if err := s.makeCluster(ctx); err != nil {
		return err
	}
	return s.writeSettings()
}

func (c *Config) setDefaults() error {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if !filepath.IsAbs(c.Data) {
		return lyceum.Errorf(lyceum.Invalid, "the folder of PostgreSQL, %q, is not an absolute path", c.Data)
	}
	c.Data = filepath.Clean(c.Data)
	if c.RunDir == "" {
		c.RunDir = defaultRunDir(c.Data)
	}
	if !filepath.IsAbs(c.RunDir) || strings.Contains(c.RunDir, ",") {
		return lyceum.Errorf(lyceum.Invalid, "the folder of PostgreSQL's socket, %q, is not an absolute path without commas", c.RunDir)
	}
	if n := len(socketPath(c.RunDir)); n > maxSocketPath {
		return lyceum.Errorf(lyceum.Invalid, "the path of PostgreSQL's socket, in %s, has %d bytes and may have %d: choose a shorter data folder", c.RunDir, n, maxSocketPath)
	}
	if c.Cache == "" {
		c.Cache = filepath.Join(c.Data, "programs")
	}
	if c.UID == 0 {
		c.UID = 199999
	}
	if c.system == "" {
		c.system = "postgres"
	}
	return nil
}

// URL is how this program's user connects: postgres://lyceum@/lyceum?host=….
// There is no password in it, but treat it as one: other databases have one.
func (s *Server) URL() lyceum.Secret { return connectURL(s.cfg.RunDir) }

func connectURL(runDir string) lyceum.Secret {
	q := url.Values{"host": {runDir}, "port": {port}, "sslmode": {"disable"}}
	// libpq and pgx take a plus sign as it is.
	query := strings.ReplaceAll(q.Encode(), "+", "%20")
	u := url.URL{Scheme: "postgres", User: url.User(role), Host: "", Path: "/" + database, RawQuery: query}
	return lyceum.Secret(u.String())
}

// Version is the server's, as in "17.2".
func (s *Server) Version() string { return s.bin.version }

// PID is the process identifier of the running postmaster, or 0 while there is none.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return 0
	}
	return s.current.pid
}

// Done is closed once Stop or Release has ended the watching. Until then a
// PostgreSQL that dies by itself is started again, without end.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop shuts PostgreSQL down: open transactions are rolled back, everything
// committed is on disk. When ctx ends first it is told to quit at once, and what
// was committed is recovered at the next start. Safe to call again.
func (s *Server) Stop(ctx context.Context) error {
	if !s.endWatching() {
		return nil
	}
	err := s.halt(ctx)
	s.closeFiles()
	return err
}

// Release ends the watching and leaves PostgreSQL running, for the next Start on
// the same folder to take over. Safe to call again, and after Stop.
func (s *Server) Release() {
	if s.endWatching() {
		s.closeFiles()
	}
}

// endWatching reports whether it was the one to end it.
func (s *Server) endWatching() bool {
	s.mu.Lock()
	first := !s.closing
	s.closing = true
	s.mu.Unlock()
	if first {
		s.cancel()
	}
	<-s.done
	return first
}

func (s *Server) closeFiles() {
	if s.log != nil {
		_ = s.log.Close() // appended to by PostgreSQL, not by us
	}
	if s.lock != nil {
		// Freed and not only closed: a program that another goroutine starts just now
		// holds our descriptors, until it becomes itself.
		_ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN)
		_ = s.lock.Close()
	}
}

// lockFolder takes the lock on dir, which the end of this program frees.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "the lock of the folder %s cannot be opened", dir)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, lyceum.Wrap(lyceum.Conflict, err, "another server runs the PostgreSQL in %s", dir)
	}
	return f, nil
}
