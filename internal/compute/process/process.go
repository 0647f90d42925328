// Package process runs projects as supervised child processes of this machine,
// kept apart by bubblewrap and by user ids as far as the machine allows. It
// holds how a project's processes are started, confined, found again, watched
// and ended, and how its home is filled and removed. It decides nothing about
// when (package lifecycle), and knows nothing of what a project server does:
// it starts
//
//	lyceum project-server --init --project ID --home DIR --run DIR --public-key KEY [--unpack-bytes N]
//
// and calls the project running once something answers HTTP on project.sock in
// the run folder.
//
// In the data folder:
//
//	projects/ID/       homes; each 0700 and owned by its project's uid
//	run/SHORT/         sockets of a running project; 0700, its uid; seen inside as /run/lyceum
//	compute/ID/        our own records, which no project can see or write:
//	    run.json       which process it is, by pid and start time
//	    status         bubblewrap's report, with the exit code
//	    log            what the supervisor printed, bounded
//	    filled         the home has been filled from its source
//	trash/             homes on their way out
//
// The processes are no children in spirit: they have their own session, hold no
// pipe of ours, and go on when the hub ends or is killed. The next one reads
// run.json and finds them.
package process

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"lyceum/internal/cgroup"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// Config says how projects run here. Zero fields have the stated defaults.
type Config struct {
	Data       string   // the data folder, absolute; required
	Executable string   // the program that is the supervisor; default: this program
	Prefix     []string // arguments before "project-server"
	Hide       []string // files and folders that projects shall not see though /etc, /usr or /opt hold them
	ReadOnly   []string // more folders that projects shall see, read-only
	// Confine picks how projects are kept apart: "uid+bubblewrap", "uid",
	// "bubblewrap" or "none". Default: the first of these that works here.
	Confine string
	// Network says what projects may reach: "internet" (with a network namespace
	// each), "none" or "shared" (the machine's network, its loopback too). Default:
	// "internet" where that works, else "shared".
	Network      string
	NetworkAllow []string      // private networks that projects may reach: ADDRESS|CIDR[:PORT[-PORT]]
	UnpackBytes  int64         // the most that one archive may become in a project; default: as its server says
	StopGrace    time.Duration // from SIGTERM to SIGKILL; default 10 s
	GitTimeout   time.Duration // for filling a home from git; default 30 min
	Log          *slog.Logger  // default: nothing is logged

	withoutSetpriv bool // tests: as on a machine that lacks setpriv
	withoutFilter  bool // tests: with all system calls
}

// Backend runs projects on this machine. It implements compute.Backend,
// Confinement, Homes, Usage and Limiter. It is safe for concurrent use.
type Backend struct {
	cfg     Config
	at      places
	jail    jail
	groups  cgroup.Parent
	alarms  *cgroup.Alarms
	victims runaways
	kernel  kernelLog
	census  census
	turns   turns
	log     *slog.Logger
	lock    *os.File
	watches watches

	// life ends when Close is called, and with it the work that no caller waits for.
	life  context.Context //nolint:containedctx // the Backend's own span, not a caller's
	end   context.CancelFunc
	tasks sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	projects map[lyceum.ProjectID]*project
}

var (
	_ compute.Backend     = (*Backend)(nil)
	_ compute.Confinement = (*Backend)(nil)
	_ compute.Homes       = (*Backend)(nil)
	_ compute.Usage       = (*Backend)(nil)
	_ compute.Limiter     = (*Backend)(nil)
)

// New takes the data folder for itself, finds out how this machine can confine
// projects (by trying), and finds the projects that still run in it. It is an
// error of kind Conflict when another hub holds the folder. The caller calls
// Close, which leaves the projects running.
func New(ctx context.Context, cfg Config) (*Backend, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	at, lock, err := openPlaces(cfg.Data)
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	b := &Backend{cfg: cfg, at: at, lock: lock, log: cfg.Log, life: life, end: end,
		turns: newTurns(), projects: map[lyceum.ProjectID]*project{}}
	if b.jail, err = chooseJail(ctx, cfg, at); err != nil {
		b.Close()
		return nil, err
	}
	if b.alarms, err = cgroup.NewAlarms(); err != nil {
		b.Close()
		return nil, lyceum.Wrap(lyceum.Internal, err, "watch the memory of projects")
	}
	if b.jail.net, err = chooseNetwork(ctx, cfg, b.jail); err != nil {
		b.Close()
		return nil, err
	}
	b.groups = groupsOf(at.data)
	b.kernel.open()
	if err := b.adopt(); err != nil {
		b.Close()
		return nil, err
	}
	left, err := os.ReadDir(at.trash)
	if err != nil {
		b.Close()
		return nil, problemOf(err, "read the trash")
	}
	b.tasks.Go(func() { b.sweepTrash(left) })
	b.tasks.Go(b.trimLogs)
	b.tasks.Go(b.followAddresses)
	b.tasks.Go(b.watchMemory)
	return b, nil
}

func (c *Config) complete() error {
	if !filepath.IsAbs(c.Data) {
		return lyceum.Errorf(lyceum.Invalid, "the data folder must be an absolute path, not %q", c.Data)
	}
	c.Data = filepath.Clean(c.Data)
	if c.Executable == "" {
		self, err := os.Executable()
		if err != nil {
			return lyceum.Wrap(lyceum.Internal, err, "find this program's own file")
		}
		c.Executable = self
	}
	if c.StopGrace <= 0 {
		c.StopGrace = 10 * time.Second
	}
	if c.GitTimeout <= 0 {
		c.GitTimeout = 30 * time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Close stops looking after the projects, waits for the work under way to be
// broken off, and gives the data folder free. The projects run on.
func (b *Backend) Close() error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return nil
	}
	b.end()
	if b.alarms != nil {
		_ = b.alarms.Close() // its descriptors were read only
	}
	b.tasks.Wait()
	b.kernel.close()
	b.watches.close()
	// Closing alone would not do: a child of this program that is between fork and
	// exec holds the same open file, and with it the lock, for a moment longer.
	return errors.Join(syscall.Flock(int(b.lock.Fd()), syscall.LOCK_UN), b.lock.Close())
}

// Confinement tells how projects are kept apart here.
func (b *Backend) Confinement() compute.ConfinementReport {
	r := b.jail.report()
	b.reportLimits(&r)
	return r
}

// Home returns the folder that holds the project's files.
func (b *Backend) Home(id lyceum.ProjectID) string { return b.at.home(id) }

// project returns the entry of a project, made when missing.
func (b *Backend) project(id lyceum.ProjectID) (*project, error) {
	if _, err := lyceum.ParseID[lyceum.ProjectID](string(id)); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, lyceum.Errorf(lyceum.Unavailable, "the server is stopping")
	}
	p, ok := b.projects[id]
	if !ok {
		p = &project{id: id}
		b.projects[id] = p
	}
	return p, nil
}

// adopt reads the records that an earlier hub left.
func (b *Backend) adopt() error {
	entries, err := os.ReadDir(b.at.records)
	if err != nil {
		return lyceum.Wrap(lyceum.Internal, err, "read the records of projects")
	}
	for _, e := range entries {
		id, err := lyceum.ParseID[lyceum.ProjectID](e.Name())
		if err != nil {
			continue
		}
		rec, err := readRecord(b.at.record(id))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil || rec.Project != id {
			// Half a file cannot happen (it is renamed into place); a damaged
			// disk can. The project counts as stopped, and what may still run of
			// it is ended at its next start.
			b.log.Error("unreadable record of a project", "project", id, "err", err)
			continue
		}
		b.adoptOne(&project{id: id}, rec)
	}
	return nil
}

func (b *Backend) adoptOne(p *project, rec record) {
	b.projects[p.id] = p
	switch {
	case !rec.Ended.IsZero():
		p.last = rec
	case rec.Boot != bootID():
		rec.Ended, rec.Reason = time.Now(), "the machine was restarted"
		b.keep(&rec)
		p.last = rec
	case rec.Fill:
		// The hub that followed its progress is gone: begin anew.
		b.killAll(rec)
		b.disconnect(p.id)
		rec.group().Remove()
		_ = os.Remove(b.at.record(p.id))
	default:
		r := newRun(rec)
		b.listen(r)
		p.run = r
		b.tasks.Go(func() { b.followAdopted(p, r) })
		b.tasks.Go(func() { b.reconnect(r) })
	}
}

func (b *Backend) keep(rec *record) {
	if err := rec.write(b.at.record(rec.Project)); err != nil {
		b.log.Error("cannot write the record of a project", "project", rec.Project, "err", err)
	}
}

// problemOf turns an error of the file system into one with a kind.
func problemOf(err error, what string) error {
	var e *lyceum.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return lyceum.Wrap(lyceum.Exhausted, err, "the disk is full")
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return lyceum.Wrap(lyceum.Unavailable, err, "the machine has no room for another process now")
	}
	return lyceum.Wrap(lyceum.Internal, err, "%s", what)
}
