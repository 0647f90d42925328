package process

import (
	"context"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/cgroup"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// killTries bounds how often we look for processes that go on forking while
// they are killed, 10 ms apart.
const killTries = 500

// bringDown ends a start that is under way and all processes, and clears away
// what a run leaves.
func (b *Backend) bringDown(ctx context.Context, p *project) error {
	p.mu.Lock()
	start := p.start
	p.mu.Unlock()
	if start != nil {
		start.cancel()
		select {
		case <-start.done:
		case <-ctx.Done():
			return lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the server is stopping")
		}
	}
	p.mu.Lock()
	r, last := p.run, p.last
	p.mu.Unlock()
	if r != nil {
		if err := b.endRun(ctx, r); err != nil {
			return err
		}
		last = r.rec
	}
	if last.Run != "" {
		if err := b.discard(ctx, last.Run); err != nil {
			return problemOf(err, "remove the run folder")
		}
	}
	if err := os.Remove(b.at.record(p.id)); err != nil && !os.IsNotExist(err) {
		return problemOf(err, "remove the record of the project")
	}
	p.mu.Lock()
	p.last = record{Ended: time.Now(), UID: last.UID}
	p.mu.Unlock()
	return nil
}

// endRun asks the supervisor to end, and after the time of grace ends everything.
func (b *Backend) endRun(ctx context.Context, r *run) error {
	if !r.rec.Namespace {
		// Once the supervisor is gone, nothing tells whose children these were.
		defer endAll(ctx, b.processes(r.rec))
	}
	r.rec.Init.signal(unix.SIGTERM)
	// One that is suspended could not hear it.
	r.rec.Init.signal(unix.SIGCONT)
	grace := time.NewTimer(b.cfg.StopGrace)
	defer grace.Stop()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the server is stopping")
	case <-grace.C:
	}
	b.killAll(r.rec)
	last := time.NewTimer(10 * time.Second)
	defer last.Stop()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the server is stopping")
	case <-last.C:
		// In uninterruptible sleep: a file system that hangs.
		return lyceum.Errorf(lyceum.Unavailable, "some of its processes cannot be ended now")
	}
}

// endAll ends processes and waits for their end, at most 5 s.
func endAll(ctx context.Context, all []process) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, p := range all {
		p.signal(unix.SIGKILL)
	}
	for _, p := range all {
		_ = p.wait(ctx)
	}
}

// killAll ends every process of a run and returns when none is left, or after
// about 5 s.
func (b *Backend) killAll(rec record) {
	rec.Init.signal(unix.SIGKILL)
	if !rec.Namespace {
		rec.Outer.signal(unix.SIGKILL)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range killTries {
		left := b.processes(rec)
		if len(left) == 0 {
			return
		}
		// Stopped first, so that none forks while another is killed.
		for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGKILL} {
			for _, p := range left {
				p.signal(sig)
			}
		}
		select {
		case <-tick.C:
		case <-b.life.Done():
			return
		}
	}
}

// processes returns all processes of a run that are left. Those of a PID
// namespace end with its first, so looking for that one is enough there.
func (b *Backend) processes(rec record) []process {
	if rec.Namespace {
		if rec.Init.alive() {
			return []process{rec.Init}
		}
		return nil
	}
	return b.find(rec.Project, rec.UID, rec.Outer, rec.Cgroups)
}

// find looks for a project's processes by all that marks them: the cgroups, the
// uid, or else the session and the environment that they were started with, and
// whose children they are (a supervisor adopts what its children leave behind).
func (b *Backend) find(id lyceum.ProjectID, uid int, outer process, groups []string) []process {
	member := map[int]bool{}
	for _, pid := range cgroup.Group(groups).Pids() {
		member[pid] = true
	}
	self := os.Getpid()
	ownUID := b.hasOwnUID(uid)
	if !ownUID {
		for _, pid := range descendants(outer) {
			member[pid] = true
		}
	}
	return scan(func(pid int, s stat) bool {
		switch {
		case pid == self || pid == 1:
			return false
		case member[pid]:
			return true
		case ownUID:
			return slices.Contains(uidsOf(pid), strconv.Itoa(uid))
		}
		return outer.Pid > 0 && s.session == outer.Pid || slices.Contains(projectOf(pid), string(id))
	})
}

// hasOwnUID reports whether nothing but one project's processes has the uid.
func (b *Backend) hasOwnUID(uid int) bool { return b.jail.root && uid >= 1000 }

// killLeftovers ends what may still run of a project whose record was lost. Behind
// bubblewrap all that we started ended with its PID namespace, so that only what was
// there before us is looked for, and once; else each start looks.
func (b *Backend) killLeftovers(spec compute.Spec) {
	mark, marks := string(spec.Project), projectOf
	if b.hasOwnUID(spec.UID) {
		mark, marks = strconv.Itoa(spec.UID), uidsOf
	}
	if b.jail.namespaced() && !b.census.has(mark, marks) {
		return
	}
	if len(b.census.of(mark, marks)) == 0 {
		b.census.cleared(mark)
		return
	}
	rec := record{Project: spec.Project, UID: spec.UID}
	for range 10 {
		left := b.find(rec.Project, rec.UID, process{}, nil)
		if len(left) == 0 {
			b.census.cleared(mark)
			return
		}
		b.log.Warn("ending processes that an earlier run left", "project", spec.Project, "count", len(left))
		b.killAll(rec)
	}
}
