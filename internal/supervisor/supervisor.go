// Package supervisor is process 1 of a project. It starts the project server,
// and again when it dies; it owns the terminals and the kernels, which so outlive
// the project server; it waits for the processes that others left behind; and when it is
// told to stop it ends everything.
//
// It serves the terminals itself on super.sock in the run folder; the project
// server passes /term on to it. It also keeps what kernels say until the project
// server has kept it. It opens no files but its sockets and pseudo-terminals, and
// the files that tell kernels where to listen.
//
// It also works where it is not process 1: it then adopts orphans as a "child
// subreaper" (prctl(2)). One process runs at most one supervisor, because it
// reaps every child.
package supervisor

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/cgroup"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/socket"
	"lyceum/internal/ticket"
)

// SocketName is the supervisor's socket in the run folder.
const SocketName = "super.sock"

// Config is what Run needs. All but the last group are required.
type Config struct {
	Project   lyceum.ProjectID
	Home      string // absolute path of the project's home
	Run       string // absolute path of the folder with the sockets
	PublicKey ed25519.PublicKey
	Server    []string // the project server: program, by path, and its arguments
	Log       *slog.Logger

	Grace        time.Duration // that the project server has to stop; default 6 s
	MaxTerminals int           // default 64
}

// maxTerminals is the default of Config.MaxTerminals.
const maxTerminals = 64

// Supervisor is what Run runs.
type Supervisor struct {
	cfg       Config
	log       *slog.Logger
	started   time.Time
	verifier  *ticket.Verifier
	children  *reaper
	terminals *terminals
	kernels   kernels
	sockets   socket.Set
	routes    []route
	server    server
	news      news
	meter     meter
	watch     watch
	ownAdj    int          // our oom_score_adj, and the project server's
	group     cgroup.Group // of this project; nil where it has none, or shows none
}

// Run supervises until ctx ends, then ends the project server, the terminals and
// all that descends from them, which takes at most 9 s with the default grace,
// and returns nil. An error means that it could not begin.
func Run(ctx context.Context, c Config) error {
	s, err := newSupervisor(c)
	if err != nil {
		return err
	}
	if os.Getpid() != 1 {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("adopt orphans: %w", err)
		}
	}
	l, err := socket.Listen(filepath.Join(c.Run, SocketName))
	if err != nil {
		return fmt.Errorf("listen for terminals: %w", err)
	}
	web := rest.NewServer(s, s.log)
	var all sync.WaitGroup
	reaping, stopReaping := context.WithCancel(context.Background())
	defer all.Wait()
	defer stopReaping()
	all.Go(func() { s.children.run(reaping) })
	all.Go(func() {
		if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("terminals are not served any more", "err", err)
		}
	})
	s.server.run(ctx) // until ctx ends
	s.stop(web)
	return nil
}

func newSupervisor(c Config) (*Supervisor, error) {
	if len(c.Server) == 0 || c.Log == nil || !filepath.IsAbs(c.Home) || !filepath.IsAbs(c.Run) {
		return nil, lyceum.Errorf(lyceum.Invalid, "the supervisor needs a server to run, absolute folders and a log")
	}
	verifier, err := ticket.NewVerifier(c.PublicKey, c.Project)
	if err != nil {
		return nil, err
	}
	c.MaxTerminals = cmp.Or(c.MaxTerminals, maxTerminals)
	s := &Supervisor{cfg: c, log: c.Log, started: time.Now(), verifier: verifier, children: newReaper()}
	s.terminals = &terminals{max: c.MaxTerminals, home: c.Home, spawn: s.spawnProgram}
	s.kernels = kernels{run: c.Run, spawn: s.spawnProgram, group: s.own, changed: func() {}}
	s.server = server{argv: c.Server, grace: cmp.Or(c.Grace, 6*time.Second), log: c.Log, spawn: s.children.spawn}
	s.routes = routes()
	s.ownAdj = readAdj()
	s.sockets.Log = c.Log
	return s, nil
}

// Times of the end.
const (
	closeTime  = 500 * time.Millisecond // for sockets to be told
	strayGrace = 2 * time.Second        // for what is left, from SIGTERM to SIGKILL
)

// stop ends everything, in the order in which it is missed: people are told
// first, the server saves while the terminals hang up, and what is left then
// has lost its terminal already.
func (s *Supervisor) stop(web *http.Server) {
	s.log.Info("the project stops")
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	s.sockets.Close(ctx)
	var all sync.WaitGroup
	all.Go(s.server.stop)
	all.Go(func() { s.terminals.close(context.Background()) })
	all.Go(s.kernels.close)
	all.Wait()
	_ = web.Close() // only requests that were refused anyway are left
	endStrays(strayGrace)
}
