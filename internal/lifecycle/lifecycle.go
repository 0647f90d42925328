// Package lifecycle holds every loop that no request started: it compares what
// PostgreSQL says is wanted of each project with what compute observes, and acts
// until they agree; it follows the control streams of running projects, warns and
// stops the idle ones, purges the deleted ones and removes what expired.
//
// One program at a time has this duty, by a lease; every write carries its fence.
// Nothing is kept in memory that cannot be read again: a hub may die at any line.
//
//	notifications, hints of compute, a clock ──► queue ──► reconcile ──► compute, PostgreSQL
//	                     control streams ──► last use ──► PostgreSQL ◄── idle clock
package lifecycle

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// Controller follows the control stream of a project until ctx ends or the stream
// breaks, and tells it things (package link).
type Controller interface {
	Tell(ctx context.Context, id lyceum.ProjectID, addr compute.Address, t api.Told) error
	Control(ctx context.Context, id lyceum.ProjectID, addr compute.Address, each func(api.Control)) error
}

// Config is what New needs. DB, DatabaseURL, Backend, Controller, PublicKey and Log
// are required; the zero value of each other field is the default.
type Config struct {
	DB          *postgres.DB
	DatabaseURL lyceum.Secret // for the lease's and the listener's own connections
	Backend     compute.Backend
	Controller  Controller
	PublicKey   ed25519.PublicKey // what projects check tickets with
	FirstUID    int               // of the uids that projects run as; 0: they run as the hub's own user
	UIDs        int               // how many there are
	Holder      string            // this program's name in the lease, for people
	Log         *slog.Logger

	Workers int           // projects that are worked on at once; default 16
	Resync  time.Duration // how often everything is looked at again; default 30 s
	Clock   time.Duration // how often the idle and the deleted are looked at; default 15 s
	Warning time.Duration // how long before it is stopped people are warned of an idle project; default 5 min
}

// Lifecycle does the work. It is safe for concurrent use.
type Lifecycle struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	known   map[lyceum.ProjectID]compute.Address // where running projects answer, as last observed
	control map[lyceum.ProjectID]*follower
	tries   map[lyceum.ProjectID]*try
}

// New returns a Lifecycle. Run does the work.
func New(c Config) (*Lifecycle, error) {
	if c.DB == nil || c.Backend == nil || c.Controller == nil || c.Log == nil || len(c.PublicKey) == 0 {
		return nil, errors.New("lifecycle: a required part is missing")
	}
	if c.Workers <= 0 {
		c.Workers = 16
	}
	if c.Resync <= 0 {
		c.Resync = 30 * time.Second
	}
	if c.Clock <= 0 {
		c.Clock = 15 * time.Second
	}
	if c.Warning <= 0 {
		c.Warning = 5 * time.Minute
	}
	return &Lifecycle{
		cfg: c, log: c.Log,
		known: map[lyceum.ProjectID]compute.Address{}, control: map[lyceum.ProjectID]*follower{}, tries: map[lyceum.ProjectID]*try{},
	}, nil
}

// leaseName is the duty in the database.
const leaseName = "lifecycle"

// retryLease is how long to wait before the lease is asked for again.
const retryLease = time.Second

// Run does the work whenever this program has the lease, until ctx ends; it then
// returns nil. Running projects are left alone. An error of kind Invalid (the
// database address leads to a pooler) ends it too.
func (l *Lifecycle) Run(ctx context.Context) error {
	var away bool
	for ctx.Err() == nil {
		lease, err := postgres.AcquireLease(ctx, l.cfg.DatabaseURL.Reveal(), leaseName, l.cfg.Holder)
		if lyceum.IsKind(err, lyceum.Invalid) {
			return err
		}
		if err != nil {
			if !away && ctx.Err() == nil {
				away = true
				l.log.Warn("PostgreSQL cannot be reached: running projects go on, none starts or stops until it is back", "err", err)
			}
			pause(ctx, retryLease)
			continue
		}
		if away {
			away = false
			l.log.Info("PostgreSQL is back")
		}
		err = l.serve(ctx, lease)
		lease.Release()
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// serve works until the lease is lost or ctx ends.
func (l *Lifecycle) serve(ctx context.Context, lease *postgres.Lease) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with serve
		select {
		case <-lease.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	d := &duty{Lifecycle: l, fence: lease.Fence, queue: newQueue(), workers: make(chan struct{}, l.cfg.Workers), stops: make(chan struct{}, l.cfg.Workers)}
	hints, err := l.cfg.Backend.Watch(ctx)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	all.Go(func() { d.work(ctx) })
	all.Go(func() { d.takeHints(ctx, hints) })
	all.Go(func() { d.tellRunaways(ctx) })
	all.Go(func() { d.clock(ctx) })
	err = postgres.Listen(ctx, l.cfg.DatabaseURL.Reveal(), postgres.ListenConfig{Logger: l.log}, d.notified)
	cancel()
	d.queue.close()
	all.Wait()
	l.endFollowers()
	return err
}

// duty is the work under one lease.
type duty struct {
	*Lifecycle
	fence   postgres.Fence
	queue   *queue
	workers chan struct{} // holds a token for each project that is worked on
	stops   chan struct{} // and for each that is being stopped
}

func (d *duty) notified(n postgres.Notification) {
	switch n.What {
	case postgres.WorkToDo:
		d.queue.add(n.Project())
	case postgres.Missed, postgres.SettingsChanged: // limits may be others
		d.queue.add(everything)
	}
}

func (d *duty) takeHints(ctx context.Context, hints <-chan lyceum.ProjectID) {
	for {
		select {
		case <-ctx.Done():
			return
		case id, ok := <-hints:
			if !ok {
				return
			}
			d.queue.add(id)
		}
	}
}

// everything in the queue stands for all busy projects.
const everything = lyceum.ProjectID("")

// work reconciles what is in the queue until ctx ends.
func (d *duty) work(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		id, ok := d.queue.take(ctx)
		if !ok {
			return
		}
		select {
		case d.workers <- struct{}{}: // only for who works: one who was aside comes back
		case <-ctx.Done():
			return
		}
		all.Go(func() {
			defer func() { <-d.workers }()
			d.workOn(ctx, id)
		})
	}
}

func (d *duty) workOn(ctx context.Context, id lyceum.ProjectID) {
	var err error
	if id == everything {
		err = d.resync(ctx)
	} else {
		err = d.reconcile(ctx, id)
	}
	if err == nil || ctx.Err() != nil {
		d.queue.done(id, 0)
		return
	}
	if !lyceum.IsKind(err, lyceum.Unavailable) && !lyceum.IsKind(err, lyceum.Conflict) {
		d.log.Error("a project could not be brought to what is wanted", "project", id, "err", err)
	}
	d.queue.done(id, d.queue.backoff(id))
}

// aside does what takes seconds of waiting and none of work, the stop of a project,
// and lets another be worked on meanwhile: those that start shall not wait for it.
func (d *duty) aside(ctx context.Context, f func() error) error {
	<-d.workers
	defer func() { d.workers <- struct{}{} }()
	select {
	case d.stops <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.stops }()
	return f()
}

// resync looks at every busy project again.
func (d *duty) resync(ctx context.Context) error {
	list, err := d.cfg.DB.Busy(ctx)
	if err != nil {
		return err
	}
	for _, w := range list {
		d.queue.add(w.Project)
	}
	return nil
}

// clock does what is due by time alone.
func (d *duty) clock(ctx context.Context) {
	resync, tick, expire := time.NewTicker(d.cfg.Resync), time.NewTicker(d.cfg.Clock), time.NewTicker(10*time.Minute)
	defer resync.Stop()
	defer tick.Stop()
	defer expire.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-resync.C:
			d.queue.add(everything)
		case <-tick.C:
			err = errors.Join(d.idle(ctx), d.purge(ctx))
		case <-expire.C:
			err = d.cfg.DB.Expire(ctx)
		}
		if err != nil && ctx.Err() == nil {
			d.log.Warn("work by the clock was left for the next time", "err", err)
		}
	}
}

// pause waits, and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
