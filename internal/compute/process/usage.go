package process

import (
	"bytes"
	"context"
	"os"
	"strconv"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// clockTicks is how many ticks of /proc/PID/stat make a second: USER_HZ, which
// is 100 on every architecture that we run on.
const clockTicks = 100

// Usage tells what a running project uses; a project that does not run uses nothing.
func (b *Backend) Usage(_ context.Context, id lyceum.ProjectID) (compute.Use, error) {
	p, err := b.project(id)
	if err != nil {
		return compute.Use{}, err
	}
	p.mu.Lock()
	r := p.run
	p.mu.Unlock()
	if r == nil {
		return compute.Use{}, nil
	}
	var u compute.Use
	var ticks uint64
	counted := r.rec.group().Use()
	helper := b.noted(id).Pid
	for _, q := range b.membersOf(r.rec) {
		if q != helper { // which the project does not see
			u.Processes++
		}
		if counted.CPU >= 0 && counted.Memory >= 0 {
			continue
		}
		s, err := readStat(q)
		if err != nil {
			continue
		}
		ticks += s.cpuTicks
		u.MemoryBytes += proportional(q)
	}
	u.CPUSeconds = float64(ticks) / clockTicks
	if counted.CPU >= 0 {
		u.CPUSeconds = counted.CPU.Seconds()
	}
	if counted.Memory >= 0 {
		u.MemoryBytes = counted.Memory
	}
	return u, nil
}

// membersOf lists the pids of a run.
func (b *Backend) membersOf(rec record) []int {
	if pids := rec.group().Pids(); len(pids) > 0 {
		return pids
	}
	var pids []int
	ns := ""
	if rec.Namespace {
		ns, _ = os.Readlink("/proc/" + strconv.Itoa(rec.Init.Pid) + "/ns/pid")
	}
	for _, q := range b.findInside(rec, ns) {
		pids = append(pids, q.Pid)
	}
	return pids
}

func (b *Backend) findInside(rec record, ns string) []process {
	if ns == "" {
		return b.find(rec.Project, rec.UID, rec.Outer, nil)
	}
	return scan(func(pid int, _ stat) bool {
		of, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/pid")
		return err == nil && of == ns
	})
}

// proportional is the process's share of memory: shared pages are counted in
// parts. Where that may not be read, it is 0.
func proportional(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return 0
	}
	_, rest, ok := bytes.Cut(b, []byte("\nPss:"))
	f := bytes.Fields(rest)
	if !ok || len(f) == 0 {
		return 0
	}
	kb, _ := strconv.ParseInt(string(f[0]), 10, 64)
	return kb << 10
}
