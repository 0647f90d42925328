package supervisor

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/cgroup"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// maxKernels is how many kernels there may be, dead ones too.
const maxKernels = 64

// kernels are the kernels of the project. They and what they sent outlive the
// project server, which reads it by number and says what it has kept (queue). The
// zero value but for what newSupervisor sets is ready.
type kernels struct {
	run     string // folder of the sockets and connection files
	spawn   func(start func() (int, error)) (func(), error)
	group   func() cgroup.Group
	changed func()

	mu     sync.Mutex
	all    []*kernel // oldest first
	closed bool
}

// kernel is one kernel through all its restarts.
type kernel struct {
	owner   *kernels
	started time.Time
	queue   jupyter.Queue
	meter   meter

	turn sync.Mutex // held while it is restarted or ended

	mu      sync.Mutex
	launch  jupyter.Launch
	status  jupyter.Status
	usedAt  time.Time
	refused int64
	run     *kernelRun
	waiting []jupyter.Message // sent while no process could take them
	held    int               // bytes of waiting
	work    jupyter.Work
	cut     context.CancelFunc
	gone    bool
}

// start launches a kernel. Errors: Invalid, Conflict (the id is taken), Exhausted
// (too many), Unavailable (stopping). A program that does not start is no error
// here: the kernel is dead then, and says why.
func (ks *kernels) start(l jupyter.Launch) (*kernel, error) {
	if err := checkLaunch(l); err != nil {
		return nil, err
	}
	now := time.Now()
	k := &kernel{owner: ks, started: now, usedAt: now, launch: l}
	ks.mu.Lock()
	err := ks.admitLocked(k)
	ks.mu.Unlock()
	if err != nil {
		return nil, err
	}
	k.turn.Lock()
	defer k.turn.Unlock()
	k.begin()
	ks.changed()
	return k, nil
}

func (ks *kernels) admitLocked(k *kernel) error {
	switch {
	case ks.closed:
		return lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
	case slices.ContainsFunc(ks.all, func(o *kernel) bool { return o.launch.ID == k.launch.ID }):
		return lyceum.Errorf(lyceum.Conflict, "there is a kernel with this id already")
	case len(ks.all) >= maxKernels:
		return lyceum.Errorf(lyceum.Exhausted, "%d kernels are there; shut one down first", len(ks.all))
	}
	ks.all = append(ks.all, k)
	return nil
}

func checkLaunch(l jupyter.Launch) error {
	if _, err := lyceum.ParseID[lyceum.ProjectID](l.ID); err != nil {
		return lyceum.Invalidf("id", "the id of a kernel is a UUID")
	}
	switch {
	case len(l.Argv) == 0 || !filepath.IsAbs(l.Argv[0]):
		return lyceum.Invalidf("argv", "the program of a kernel has an absolute path")
	case !filepath.IsAbs(l.Dir):
		return lyceum.Invalidf("dir", "the first folder of a kernel has an absolute path")
	case l.Transport != "ipc" && l.Transport != "tcp":
		return lyceum.Invalidf("transport", "a kernel is spoken to by ipc or tcp")
	case len(l.Note) > jupyter.MaxNote:
		return lyceum.Errorf(lyceum.TooLarge, "a note has at most %d bytes", jupyter.MaxNote)
	}
	return nil
}

// get returns the kernel of an id, or NotFound.
func (ks *kernels) get(id string) (*kernel, error) {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	for _, k := range ks.all {
		if k.launch.ID == id {
			return k, nil
		}
	}
	return nil, lyceum.Errorf(lyceum.NotFound, "there is no such kernel; it may have been shut down")
}

// now is a copy of the list.
func (ks *kernels) now() []*kernel {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	return slices.Clone(ks.all)
}

// remove ends a kernel and forgets it. It returns when its process is gone.
func (ks *kernels) remove(k *kernel) {
	k.turn.Lock()
	defer k.turn.Unlock()
	k.finish(false, "It was shut down.")
	k.mu.Lock()
	k.gone = true
	k.mu.Unlock()
	k.queue.Close()
	ks.mu.Lock()
	ks.all = slices.DeleteFunc(ks.all, func(o *kernel) bool { return o == k })
	ks.mu.Unlock()
	ks.changed()
}

// close ends all kernels and refuses new ones.
func (ks *kernels) close() {
	ks.mu.Lock()
	ks.closed = true
	ks.mu.Unlock()
	var all sync.WaitGroup
	for _, k := range ks.now() {
		all.Go(func() { ks.remove(k) })
	}
	all.Wait()
}

// busy tells how many kernels run, and when people last used one: now as long as
// one works. One in reserve is nobody's.
func (ks *kernels) busy() (count int, usedAt time.Time) {
	for _, k := range ks.now() {
		k.mu.Lock()
		if k.launch.Reserve {
			k.mu.Unlock()
			continue
		}
		if k.status.State != jupyter.Dead {
			count++
		}
		at := k.usedAt
		if k.status.State == jupyter.Busy {
			at = time.Now()
		}
		k.mu.Unlock()
		usedAt = latest(usedAt, at)
	}
	return count, usedAt
}

// begin starts a process. turn is held.
func (k *kernel) begin() {
	k.mu.Lock()
	launch := k.launch
	k.work = jupyter.Work{}
	k.mu.Unlock()
	r, err := startRun(k, launch)
	if err != nil {
		k.set(jupyter.Status{State: jupyter.Dead, Reason: "It does not start: " + err.Error() + "."})
		return
	}
	k.mu.Lock()
	k.run = r
	k.mu.Unlock()
	k.set(jupyter.Status{State: jupyter.Starting, PID: r.cmd.Process.Pid})
	go r.watch() // ends with the process
}

// set notes a state of the process and records it.
func (k *kernel) set(s jupyter.Status) {
	s.Since = time.Now().UTC()
	k.mu.Lock()
	k.status = s
	if s.State == jupyter.Dead {
		k.waiting, k.held = nil, 0
	}
	k.mu.Unlock()
	k.queue.Add(jupyter.Record{Kind: jupyter.KindStatus, Status: s})
	k.owner.changed()
}

// finish ends the process, if there is one, and waits for its end. turn is held.
func (k *kernel) finish(restart bool, why string) {
	k.mu.Lock()
	r := k.run
	k.mu.Unlock()
	if r != nil {
		r.stop(restart, why)
	}
}

// restart ends the process and starts another one; the id stays, and so do the
// records that nobody has kept yet.
func (k *kernel) restart() error {
	k.turn.Lock()
	defer k.turn.Unlock()
	k.mu.Lock()
	gone, pid := k.gone, k.status.PID
	k.waiting, k.held = nil, 0
	k.mu.Unlock()
	if gone {
		return lyceum.Errorf(lyceum.NotFound, "the kernel was shut down")
	}
	k.set(jupyter.Status{State: jupyter.Restarting, PID: pid})
	k.finish(true, "")
	k.begin()
	return nil
}

// Bounds of what is kept for a kernel that cannot take it yet.
const (
	maxWaiting      = 1000
	maxWaitingBytes = 32 << 20
)

// send passes a message on, or keeps it until the kernel can take it.
func (k *kernel) send(m jupyter.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.usedAt = time.Now()
	switch {
	case k.status.State == jupyter.Dead:
		return // whoever sent it hears of the death by its record
	case k.run == nil || k.run.client == nil || k.status.State == jupyter.Starting || k.status.State == jupyter.Restarting:
		if len(k.waiting) < maxWaiting && k.held+m.Size() <= maxWaitingBytes {
			k.waiting, k.held = append(k.waiting, m), k.held+m.Size()
			return
		}
	case k.run.client.Send(m) == nil:
		return
	}
	// A request that got lost would be waited for without an end.
	k.queue.Add(jupyter.Record{Kind: jupyter.KindFold, Fold: jupyter.Fold{Parent: m.Head.ID, Messages: 1, Bytes: int64(m.Size())}})
}

// keep is given what is kept with the kernel.
func (k *kernel) keep(c jupyter.Change) error {
	if c.Note != nil && len(*c.Note) > jupyter.MaxNote {
		return lyceum.Errorf(lyceum.TooLarge, "a note has at most %d bytes", jupyter.MaxNote)
	}
	if c.Dir != nil && !filepath.IsAbs(*c.Dir) {
		return lyceum.Invalidf("dir", "the folder of a kernel has an absolute path")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.Taken {
		k.launch.Reserve, k.usedAt = false, time.Now()
	}
	if c.Dir != nil {
		k.launch.Dir = *c.Dir
	}
	if c.Note != nil {
		k.launch.Note = *c.Note
	}
	if c.Path != nil {
		k.launch.Path = *c.Path
	}
	return nil
}

// describe tells of a kernel, and measures it.
func (k *kernel) describe() jupyter.Process {
	acked, last := k.queue.Numbers()
	k.mu.Lock()
	p := jupyter.Process{Launch: k.launch, Status: k.status, Working: k.work.On(), Started: k.started.UTC(), UsedAt: k.usedAt.UTC(), Acked: acked, Last: last, Refused: k.refused}
	if k.run != nil && k.run.client != nil {
		signatures, malformed := k.run.client.Refused()
		p.Refused += signatures + malformed
	}
	k.mu.Unlock()
	if p.Status.PID > 0 {
		var ticks int64
		for _, pid := range tree(p.Status.PID) {
			if n, ok := cpuTicks(pid); ok {
				ticks += n
				p.MemoryBytes += ownMemory(pid)
			}
		}
		p.CPUPercent = k.meter.percent(time.Duration(ticks)*time.Second/ticksPerSecond, time.Now())
	}
	return p
}

// tellKilled hears that the kernel of the system ended a program for its memory, and
// reports whether it was this kernel, which k then names, or one that it had started.
func (k *kernel) tellKilled(killed *api.Killed) bool {
	k.mu.Lock()
	r, s, name := k.run, k.status, k.launch.DisplayName
	k.mu.Unlock()
	if r == nil {
		return false
	}
	switch r.cmd.Process.Pid {
	case killed.PID:
		killed.Command = cmp.Or(name, killed.Command)
		r.tellMemory(sentence(*killed))
	case killed.Session:
		s.Notice = sentence(*killed)
		k.queue.Add(jupyter.Record{Kind: jupyter.KindStatus, Status: s})
	default:
		return false
	}
	return true
}

// sessions returns the kernels that run by the sessions of their processes.
func (ks *kernels) sessions() map[int]*kernel {
	all := map[int]*kernel{}
	for _, k := range ks.now() {
		k.mu.Lock()
		if k.status.PID > 0 {
			all[k.status.PID] = k
		}
		k.mu.Unlock()
	}
	return all
}

// names are the kernel's id, its name, and the notebook that it is for.
func (k *kernel) names() (id, name, path string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.launch.ID, k.launch.DisplayName, k.launch.Path
}

// attach makes whoever calls the one reader; the one before is cut off.
func (k *kernel) attach(cut context.CancelFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cut != nil {
		k.cut()
	}
	k.cut = cut
}

// kernelFolder holds sockets and connection files, in the run folder.
const kernelFolder = "k"

// prepare makes the folder.
func (ks *kernels) prepare() (string, error) {
	dir := filepath.Join(ks.run, kernelFolder)
	return dir, os.MkdirAll(dir, 0o700)
}
