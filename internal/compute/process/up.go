package process

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

const stepServer = "starting the project server"

func (r record) socket() string { return filepath.Join(r.Run, socketName) }

// bringUp fills the home, starts the supervisor and waits until the project
// answers. When it fails, the project's last record says why.
func (b *Backend) bringUp(ctx context.Context, p *project, spec compute.Spec) error {
	err := b.prepare(ctx, p, spec)
	if err == nil {
		// A turn that does not come is ctx's end, which launch sees.
		defer b.turns.take(ctx, turnTime)()
	}
	var r *run
	if err == nil {
		r, err = b.launch(ctx, p, spec)
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err() // stopped, or the hub ends: nothing failed
		}
		b.log.Warn("a project could not be started", "project", p.id, "err", err)
		b.failed(p, spec, err)
		return err
	}
	b.awaitAnswer(ctx, p, r)
	return nil
}

func (b *Backend) failed(p *project, spec compute.Spec, err error) {
	reason := "the project could not be started; an administrator finds the cause in the server's log"
	if e, ok := errors.AsType[*lyceum.Error](err); ok && e.Kind != lyceum.Internal {
		reason = e.Message
	}
	rec := record{Project: p.id, Boot: bootID(), UID: spec.UID, Ended: time.Now(), Failed: true, Reason: reason}
	b.keep(&rec)
	p.mu.Lock()
	p.last = rec
	p.mu.Unlock()
}

// prepare makes the project's folders, and fills its home if it is new.
func (b *Backend) prepare(ctx context.Context, p *project, spec compute.Spec) error {
	if err := os.MkdirAll(b.at.state(p.id), 0o700); err != nil {
		return problemOf(err, "make the folder of records")
	}
	b.killLeftovers(spec)
	return b.fill(ctx, p, spec)
}

// launch starts the supervisor.
func (b *Backend) launch(ctx context.Context, p *project, spec compute.Spec) (*run, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	runDir, err := b.freshRunDir(ctx, spec)
	if err != nil {
		return nil, problemOf(err, "make the run folder")
	}
	b.enter(p, stepServer)
	in := b.jail.see(b.at.home(p.id), runDir)
	argv := append([]string{in.exe}, b.cfg.Prefix...)
	argv = append(argv, "project-server", "--init", "--project", string(p.id), "--home", in.home, "--run", in.run,
		"--public-key", base64.StdEncoding.EncodeToString(spec.PublicKey))
	if b.cfg.UnpackBytes > 0 {
		argv = append(argv, "--unpack-bytes", strconv.FormatInt(b.cfg.UnpackBytes, 10))
	}
	log, status, err := b.openLogs(p.id)
	if err != nil {
		return nil, problemOf(err, "open the project's log")
	}
	defer log.Close()
	defer status.Close()
	return b.begin(p, spec, runDir, argv, output{file: log, status: status}, environment(spec, in))
}

// begin starts argv as the project's processes, writes the record, and lets them go.
func (b *Backend) begin(p *project, spec compute.Spec, runDir string, argv []string, out output, env []variable) (*run, error) {
	group := b.groups.Group(p.id)
	c, err := b.jail.start(order{uid: spec.UID, home: b.at.home(p.id), run: runDir, hostname: hostname(p.id), argv: argv, group: group, limits: spec.Limits}, out)
	if err != nil {
		group.Remove()
		return nil, problemOf(err, "start the project")
	}
	giveUp := func(err error) error {
		defer group.Remove()
		_ = c.gate.Close()
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		return err
	}
	rec := record{Project: p.id, Boot: bootID(), Namespace: c.namespace, UID: spec.UID, Run: runDir, Started: time.Now(), Fill: out.pipe != nil}
	if rec.Outer, err = identify(c.cmd.Process.Pid); err != nil {
		return nil, giveUp(problemOf(err, "look at the project's process"))
	}
	if rec.Init, err = identify(c.init); err != nil {
		return nil, giveUp(problemOf(err, "look at the project's first process"))
	}
	rec.Cgroups = group.Add(rec.Outer.Pid, rec.Init.Pid)
	if err := b.limit(rec, spec.Limits); err != nil {
		return nil, giveUp(err)
	}
	if b.jail.net.separate() {
		rec.Network = b.jail.net.mode
	}
	if err := rec.write(b.at.record(p.id)); err != nil {
		return nil, giveUp(problemOf(err, "write the project's record"))
	}
	r := newRun(rec)
	r.limits.Store(&spec.Limits)
	b.listen(r)
	if !rec.Fill {
		p.mu.Lock()
		p.run, p.last = r, record{}
		p.mu.Unlock()
	}
	b.tasks.Go(func() { b.followChild(p, r, c) })
	if err := b.separate(r, c.stands); err != nil && rec.Init.alive() {
		b.log.Error("a project has no network", "project", p.id, "err", err)
	}
	if err := c.release(env); err != nil {
		// It died already; whoever follows it says why.
		b.log.Debug("a project ended before it began", "project", p.id, "err", err)
	}
	return r, nil
}

// freshRunDir makes an empty run folder.
func (b *Backend) freshRunDir(ctx context.Context, spec compute.Spec) (string, error) {
	dir, err := b.at.runDir(spec.Project)
	if err != nil {
		return "", err
	}
	if err := b.discard(ctx, dir); err != nil {
		return "", err
	}
	_, err = makeHome(dir, spec.UID)
	return dir, err
}

func hostname(id lyceum.ProjectID) string { return "project-" + string(id[:8]) }

// awaitAnswer returns when the project answers or is gone, or with ctx.
func (b *Backend) awaitAnswer(ctx context.Context, p *project, r *run) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; {
		if ask(ctx, r.rec.socket()) == answers {
			p.mu.Lock()
			r.ready, p.since = true, time.Now()
			p.mu.Unlock()
			return
		}
		if time.Since(began) > 5*time.Second {
			tick.Reset(250 * time.Millisecond) // something is wrong; do not burn a processor over it
		}
		select {
		case <-ctx.Done():
			return
		case <-r.done:
			return
		case <-tick.C:
		}
	}
}

// followChild waits for a process that we started.
func (b *Backend) followChild(p *project, r *run, c *child) {
	waited := make(chan struct{})
	go func() {
		_ = c.cmd.Wait()
		close(waited)
	}()
	select {
	case <-waited:
	case <-b.life.Done():
		// The next hub goes on; this one may not hold up its own end. The
		// goroutine above ends with the process or with us.
		return
	}
	e := exitOf(c.cmd.ProcessState)
	// Bubblewrap may have been killed alone.
	if r.rec.Namespace && r.rec.Init.alive() {
		b.followAdopted(p, r)
		return
	}
	b.ended(p, r, e)
}

// followAdopted waits for a process that an earlier hub started.
func (b *Backend) followAdopted(p *project, r *run) {
	if r.rec.Init.wait(b.life) != nil {
		return
	}
	b.ended(p, r, b.exitFromStatus(r.rec))
}

// ended notes that the project's processes are gone.
func (b *Backend) ended(p *project, r *run, e exit) {
	rec := r.rec
	if !rec.Namespace {
		b.killAll(rec) // what the first process left behind
	}
	rec.Ended = time.Now()
	rec.Failed, rec.Reason = e.tell(rec.group().Kills() > 0)
	b.alarms.Remove(rec.Project)
	b.disconnect(rec.Project)
	rec.group().Remove()
	r.exit = e
	p.mu.Lock()
	switch {
	case rec.Fill || e.known && e.code == abandoned:
		// Not a run of the project, or one that never began.
		rec = record{}
		_ = os.Remove(b.at.record(p.id))
	case p.stop != nil:
		rec.Failed, rec.Reason = false, ""
		b.keep(&rec)
	default:
		b.keep(&rec)
		b.log.Warn("a project ended by itself", "project", p.id, "reason", rec.Reason, "output", tail(b.at.logs(p.id), 1024))
	}
	if p.run == r {
		p.run, p.last = nil, rec
	}
	p.mu.Unlock()
	close(r.done)
	b.watches.tell(p.id)
}

// exit is how a process ended.
type exit struct {
	known  bool
	code   int
	signal int
}

func (e exit) tell(oom bool) (failed bool, reason string) {
	switch {
	case oom && (e.signal != 0 || e.code != 0 || !e.known):
		return true, "it ran out of memory"
	case !e.known:
		return true, "it ended while the server was away"
	case e.signal == 9:
		return true, "it was ended by signal 9 (perhaps out of memory)"
	case e.signal != 0:
		return true, fmt.Sprintf("it was ended by signal %d", e.signal)
	case e.code != 0:
		return true, fmt.Sprintf("its supervisor ended with exit code %d", e.code)
	}
	return false, "it ended by itself"
}
