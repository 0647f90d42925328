// Package project is the project server: the files, the live documents and, by
// way of the supervisor, the terminals and kernels of one running project. It listens on
// project.sock in the run folder. It runs as the project's own user, beside code
// that the user wrote, and knows nothing of the site: who asks, and with which
// role, is stated by the hub in the ticket of each request, and decided by
// lyceum.Can once more here.
//
// The route table is in route.go.
package project

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/git"
	"lyceum/internal/jupyterapi"
	"lyceum/internal/kernels"
	"lyceum/internal/livedoc"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/search"
	"lyceum/internal/socket"
	"lyceum/internal/ticket"
)

// SocketName is the project server's socket in the run folder.
const SocketName = "project.sock"

// stateFolder holds the logs of documents, below the home (DECISIONS 15).
const stateFolder = ".local/state/lyceum/documents"

// Config is what Run needs. All but the last group are required.
type Config struct {
	Project   lyceum.ProjectID
	Home      string // absolute path of the project's home
	Run       string // absolute path of the folder with the sockets
	PublicKey ed25519.PublicKey
	Log       *slog.Logger

	Version string        // of the program, for status
	Tick    time.Duration // at least how often a control record is sent; default 10 s

	UnpackBytes int64         // the most that one archive may become, if disk and limit have so much; default 100 GB
	ListTime    time.Duration // how long an archive is listed; default 5 s
}

// Project is what Run runs.
type Project struct {
	cfg       Config
	log       *slog.Logger
	started   time.Time
	verifier  *ticket.Verifier
	routes    []route
	local     []route // for programs of the project
	dir       *files.Dir
	documents *documents
	runs      *kernels.Runs
	watchers  watchers
	sockets   socket.Set
	super     *super
	kernels   *kernels.Manager
	jupyter   *jupyterapi.Server
	uploads   uploads
	activity  activity
	quota     *quota
	git       *git.Git
	jobs      jobs
	searcher  *search.Searcher
	measures  chan struct{} // holds a token for each measurement that runs
	trash     *files.Trash
	sweeping  chan struct{} // capacity 1: asks for a sweep of the trash
	tables    tables
	pictures  pictures
	stopping  <-chan struct{} // closed when Run's ctx ends
}

// Run serves until ctx ends. It then takes no more requests, writes the open
// documents to their files, closes the sockets with CodeStopping, and returns
// nil, all within 5 s. An error means that it could not begin, or that an open
// document could not be written.
func Run(ctx context.Context, c Config) error {
	p, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer p.dir.Close()
	l, err := socket.Listen(filepath.Join(c.Run, SocketName))
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), p.documents.close(ctx))
	}
	return p.serve(ctx, l)
}

// open makes the parts. The caller closes dir and documents.
func open(ctx context.Context, c Config) (*Project, error) {
	if c.Log == nil || !filepath.IsAbs(c.Home) || !filepath.IsAbs(c.Run) {
		return nil, lyceum.Errorf(lyceum.Invalid, "the project server needs absolute folders and a log")
	}
	verifier, err := ticket.NewVerifier(c.PublicKey, c.Project)
	if err != nil {
		return nil, err
	}
	c.Tick = cmp.Or(c.Tick, 10*time.Second)
	p := &Project{cfg: c, log: c.Log, started: time.Now(), verifier: verifier, routes: routes(), local: localRoutes(), stopping: ctx.Done()}
	if p.dir, err = files.OpenDir(c.Home); err != nil {
		return nil, err
	}
	p.watchers.dir, p.watchers.log = p.dir, c.Log
	p.uploads = uploads{dir: p.dir, log: c.Log, now: time.Now}
	p.searcher, p.measures = search.New(p.dir, ownFolder), make(chan struct{}, maxMeasure)
	p.quota = newQuota(p.dir)
	p.super = newSuper(filepath.Join(c.Run, superName), c.Log)
	p.git = git.New(git.Config{Files: p.dir, Run: c.Run})
	p.jobs.log, p.jobs.told = c.Log, p.activity.edit
	p.sockets.Log = c.Log
	p.sockets.OnChange(p.activity.changed)
	if p.trash, err = p.dir.Trash(trashFolder); err != nil {
		return nil, err
	}
	p.sweeping = make(chan struct{}, 1)
	p.documents = openDocuments(livedoc.Config{
		Files: p.dir, State: filepath.Join(p.dir.Home(), stateFolder), Log: c.Log, Edited: func(string) { p.activity.edit() }, Commit: p.commitOf,
		Cast: cast,
	}, p.trash.IDs)
	p.runs = p.newRuns()
	p.kernels = newKernels(p.super, c.Home, c.Log, p.runs.Found, p.activity.changed)
	p.runs.Use(p.kernels)
	p.jupyter = p.newJupyter()
	return p, nil
}

// Times of the end, within the 5 s that are promised: jobs are ended, what is open is
// saved, sockets are told meanwhile, and requests that are left are answered.
const (
	jobTime    = 300 * time.Millisecond
	saveTime   = 4 * time.Second
	closeTime  = 1500 * time.Millisecond
	answerTime = 500 * time.Millisecond
)

func (p *Project) serve(ctx context.Context, l net.Listener) error {
	// Requests that last end with life, after the sockets were told.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	web := rest.NewServer(rest.Wrap(http.HandlerFunc(p.answer), rest.Config{Logger: p.log, TrustSocket: true}), p.log)
	handler := web.Handler
	web.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The hub has checked where it comes from, and calls us by another name.
		r.Header.Del("Origin")
		r.Header.Del("Sec-Fetch-Site")
		handler.ServeHTTP(w, r)
	})
	web.BaseContext = func(net.Listener) context.Context { return life }
	p.findKernels(ctx)
	failed := make(chan error, 1)
	var all sync.WaitGroup
	all.Go(func() { failed <- web.Serve(l) })
	defer all.Wait()
	sweeping, stopSweep := context.WithCancel(ctx)
	defer stopSweep()
	all.Go(func() { p.keepTrash(sweeping) })
	all.Go(func() { p.uploads.run(sweeping) })
	all.Go(func() { p.quota.run(sweeping) })
	all.Go(func() { p.serveLocal(sweeping) })
	all.Go(func() { p.keepBlobs(sweeping) })
	all.Go(func() { p.kernels.Run(sweeping) })
	p.log.Info("the project is served", "project", p.cfg.Project, "took", time.Since(p.started).Round(time.Millisecond))
	select {
	case err := <-failed:
		return errors.Join(err, p.stop())
	case <-ctx.Done():
	}
	_ = l.Close() // no new ones; those under way go on
	err := p.stop()
	brief, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	if web.Shutdown(brief) != nil {
		end()
		_ = web.Close() // what is left could not be ended in time
	}
	return err
}

// stop ends the jobs, writes the documents and closes the sockets.
func (p *Project) stop() error {
	var all sync.WaitGroup
	all.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		p.sockets.Close(ctx)
	})
	brief, done := context.WithTimeout(context.Background(), jobTime)
	defer done()
	p.jobs.stop(brief)
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	p.runs.Close() // what it has goes into the documents
	p.kernels.Close()
	err := p.documents.close(ctx)
	all.Wait()
	p.watchers.close()
	p.searcher.Close()
	p.tables.close()
	p.super.close()
	return err
}
