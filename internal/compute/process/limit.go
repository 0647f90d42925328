package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"lyceum/internal/cgroup"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// groupsOf makes the folders for the projects of a data folder.
func groupsOf(data string) cgroup.Parent {
	sum := sha256.Sum256([]byte(data))
	return cgroup.Open("lyceum-" + hex.EncodeToString(sum[:4]))
}

// remedy says how a server comes to cgroups that it may write in.
const remedy = "run the server as root, or as a systemd service with Delegate=yes (deploy/systemd), or as systemd-run --user -p Delegate=yes lyceum serve"

// reportLimits says which limits cannot be set here.
func (b *Backend) reportLimits(r *compute.ConfinementReport) {
	missing := b.groups.Missing()
	if b.groups.IsZero() {
		r.Problems = append(r.Problems, "No cgroup is writable, so the processes of a project are counted one by one, and it can use all of the machine: "+remedy+".")
		if b.countsProcesses() {
			r.Problems = append(r.Problems, "Without cgroups, processes are limited by RLIMIT_NPROC only; CPU and memory are not limited.")
		}
		return
	}
	if len(missing) > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("Limits of %s cannot be set, because no cgroup with that controller is writable: %s.", strings.Join(missing, " and "), remedy))
	}
}

// countsProcesses reports whether the kernel counts the processes of each project
// apart for RLIMIT_NPROC: by a uid or a user namespace of its own.
func (b *Backend) countsProcesses() bool { return b.jail.kind != kindNone }

// SetLimits makes the limits of a running project those.
func (b *Backend) SetLimits(_ context.Context, id lyceum.ProjectID, l lyceum.Limits) error {
	p, err := b.project(id)
	if err != nil {
		return err
	}
	p.mu.Lock()
	r := p.run
	p.mu.Unlock()
	if r == nil {
		return nil
	}
	before := r.limits.Swap(&l)
	if before != nil {
		b.raisePrograms(r.rec, before.Processes, l.Processes)
	}
	err = b.limit(r.rec, l)
	if before == nil || before.Memory != l.Memory {
		b.listen(r) // the alarms depend on it
	}
	return err
}

// raisePrograms changes what the supervisor has allowed to programs that run: they
// could not do so themselves, and a new limit would hold from the next terminal on.
func (b *Backend) raisePrograms(rec record, before, now int64) {
	if before == now || before == 0 || !b.countsProcesses() {
		return
	}
	was, is := uint64(cgroup.ProgramLimit(before)), uint64(cgroup.ProgramLimit(now))
	if now == 0 {
		is = unix.RLIM_INFINITY
	}
	for _, pid := range b.membersOf(rec) {
		var has unix.Rlimit
		if unix.Prlimit(pid, unix.RLIMIT_NPROC, nil, &has) == nil && has.Max == was {
			// Not everybody's right; then it holds from the next terminal on.
			_ = unix.Prlimit(pid, unix.RLIMIT_NPROC, &unix.Rlimit{Cur: is, Max: is}, nil)
		}
	}
}

// limit sets what can be set.
func (b *Backend) limit(rec record, l lyceum.Limits) error {
	if b.countsProcesses() && slices.Contains(b.groups.Missing(), "processes") {
		n := uint64(l.Processes)
		if n == 0 {
			n = unix.RLIM_INFINITY
		}
		for _, pid := range b.membersOf(rec) {
			// Those that it starts inherit it. One that ended meanwhile needs none,
			// and raising it is not everybody's right: then it holds from the next start.
			_ = unix.Prlimit(pid, unix.RLIMIT_NPROC, &unix.Rlimit{Cur: n, Max: n}, nil)
		}
	}
	if err := rec.group().Limit(l); err != nil {
		if lyceum.IsKind(err, lyceum.Conflict) {
			return err
		}
		return lyceum.Wrap(lyceum.Unavailable, err, "a limit of the project could not be set")
	}
	return nil
}

func (r record) group() cgroup.Group { return r.Cgroups }

// runaways passes on what was ended.
type runaways struct {
	mu   sync.Mutex
	subs map[chan compute.Runaway]struct{}
}

// Runaways yields programs that were ended for want of memory.
func (b *Backend) Runaways(ctx context.Context) (<-chan compute.Runaway, error) {
	c := make(chan compute.Runaway, 64)
	b.victims.mu.Lock()
	defer b.victims.mu.Unlock()
	if b.victims.subs == nil {
		b.victims.subs = map[chan compute.Runaway]struct{}{}
	}
	b.victims.subs[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		b.victims.mu.Lock()
		defer b.victims.mu.Unlock()
		delete(b.victims.subs, c)
		close(c)
	})
	return c, nil
}

func (s *runaways) tell(r compute.Runaway) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.subs {
		select {
		case c <- r:
		default: // nobody took the last 64
		}
	}
}

// temporaryPart is which part of a project's memory each folder for temporary
// files may take. They lie in memory, and no program can be ended to win it back:
// without a bound of their own they would take the whole project down.
const temporaryPart = 4

// temporary are the folders of a project for files in memory.
func temporary(l lyceum.Limits) []string {
	var args []string
	for _, dir := range []string{"/dev/shm", "/tmp", "/var/tmp"} {
		if l.Memory > 0 {
			args = append(args, "--size", strconv.FormatInt(l.Memory/temporaryPart, 10))
		}
		args = append(args, "--perms", "1777", "--tmpfs", dir)
	}
	return args
}

// groupView shows a project its own cgroups, read-only, so that programs which ask
// find what they may use.
func groupView(g cgroup.Group) []string {
	var args []string
	for i, v := range g.Views() {
		if i == 0 {
			// The folders on the way, which others could not enter else.
			for _, dir := range []string{"/sys", "/sys/fs", "/sys/fs/cgroup"} {
				args = append(args, "--perms", "0755", "--dir", dir)
			}
		}
		args = append(args, "--ro-bind", v.Dir, v.At)
	}
	return args
}
