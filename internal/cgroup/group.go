package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"lyceum/internal/lyceum"
)

// Group are the cgroups of one project: a folder in each hierarchy.
type Group []string

// Add puts processes into the group and returns the part of it that took them
// all; the folders that did not are removed.
func (g Group) Add(pids ...int) Group {
	var held Group
	for _, dir := range g {
		ok := true
		for _, pid := range pids {
			ok = join(dir, pid) == nil && ok
		}
		if ok {
			held = append(held, dir)
		} else {
			_ = os.Remove(dir) // it stays when a process is in it after all
		}
	}
	return held
}

// Remove removes the group of a project that has ended. The kernel may still count
// a dying process for some milliseconds.
func (g Group) Remove() {
	for _, dir := range g {
		for range 20 {
			if err := os.Remove(dir); err == nil || os.IsNotExist(err) {
				break
			}
			<-time.After(5 * time.Millisecond)
		}
	}
}

// Pids lists the processes in the group, as this program numbers them.
func (g Group) Pids() []int {
	seen := map[int]bool{}
	var pids []int
	for _, dir := range g {
		b, err := os.ReadFile(filepath.Join(dir, procs))
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(b)) {
			// 0 is one that this PID namespace does not show.
			if pid, err := strconv.Atoi(f); err == nil && pid > 0 && !seen[pid] {
				seen[pid] = true
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// limitFile is how one limit is written in a version of cgroups.
type limitFile struct {
	name  string
	v1    string // the file that it is in
	v2    string
	write func(dir string, v2 bool, l lyceum.Limits) error
}

// in reports whether the limit can be set in the folder, or, with below, in those
// that are made in it.
func (k limitFile) in(dir string, below bool) bool {
	if _, err := os.Stat(filepath.Join(dir, k.v1)); err == nil {
		return true
	}
	if below {
		b, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
		controller := strings.SplitN(k.v2, ".", 2)[0]
		return err == nil && strings.Contains(" "+strings.TrimSpace(string(b))+" ", " "+controller+" ")
	}
	_, err := os.Stat(filepath.Join(dir, k.v2))
	return err == nil
}

func limitFiles() []limitFile {
	return []limitFile{
		{"cpu", "cpu.cfs_quota_us", "cpu.max", writeCPU},
		{"memory", "memory.limit_in_bytes", "memory.max", writeMemory},
		{"processes", "pids.max", "pids.max", writeProcesses},
	}
}

// Limit sets limits, at once and for all processes that are in the group; what is
// used above them already stays, but no more is given. Memory that cannot be taken
// back is an error of kind Conflict in version 1; in version 2 the kernel then ends
// the biggest program. Limits that cannot be set here are left out (Parent.Missing).
func (g Group) Limit(l lyceum.Limits) error {
	var all error
	for _, k := range limitFiles() {
		for _, dir := range g {
			if k.in(dir, false) {
				all = errors.Join(all, k.write(dir, isV2(dir), l))
				break
			}
		}
	}
	return all
}

func isV2(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cgroup.controllers"))
	return err == nil
}

// period is in what time a share of the processors is given, in microseconds.
const period = 100_000

func writeCPU(dir string, v2 bool, l lyceum.Limits) error {
	quota := l.CPU * period / 1000
	switch {
	case v2 && quota == 0:
		return put(dir, "cpu.max", "max "+strconv.Itoa(period))
	case v2:
		return put(dir, "cpu.max", strconv.FormatInt(quota, 10)+" "+strconv.Itoa(period))
	case quota == 0:
		quota = -1
	}
	return put(dir, "cpu.cfs_quota_us", strconv.FormatInt(quota, 10))
}

// writeMemory limits memory, and allows no swap: a program that has outgrown its
// memory shall be ended, and not slow the whole machine down to its disk.
func writeMemory(dir string, v2 bool, l lyceum.Limits) error {
	n := strconv.FormatInt(l.Memory, 10)
	if v2 {
		swap := "0"
		if l.Memory == 0 {
			n, swap = "max", "max"
		}
		return errors.Join(put(dir, "memory.max", n), optional(put(dir, "memory.swap.max", swap)))
	}
	if l.Memory == 0 {
		n = "-1"
	}
	// Memory with swap is never below memory, so which goes first depends on what
	// was there; the second of two tries has its way free.
	const limit, both = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
	first := put(dir, limit, n)
	second := optional(put(dir, both, n))
	if first != nil {
		first = put(dir, limit, n)
	}
	if errors.Is(first, syscall.EBUSY) || errors.Is(second, syscall.EBUSY) {
		return lyceum.Wrap(lyceum.Conflict, errors.Join(first, second), "the project uses more memory now than it may; the new limit holds when it uses less, or from its next start")
	}
	return errors.Join(first, second)
}

func writeProcesses(dir string, _ bool, l lyceum.Limits) error {
	if l.Processes == 0 {
		return put(dir, "pids.max", "max")
	}
	return put(dir, "pids.max", strconv.FormatInt(l.Processes, 10))
}

func put(dir, file, text string) error {
	// Without O_CREATE: what is not there cannot be set.
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// optional is for what a kernel without swap accounting does not have.
func optional(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// View says where a folder of the group is shown to the programs in it, so that
// those that look for their limits find them.
type View struct{ Dir, At string }

// Views lists the places, as most systems mount them.
func (g Group) Views() []View {
	var views []View
	others := false
	for _, dir := range g {
		if isV2(dir) {
			continue
		}
		var names []string
		for _, c := range []struct{ name, file string }{{"cpu", "cpu.cfs_quota_us"}, {"cpuacct", "cpuacct.usage"}, {"memory", "memory.limit_in_bytes"}, {"pids", "pids.max"}} {
			if _, err := os.Stat(filepath.Join(dir, c.file)); err == nil {
				names = append(names, c.name)
			}
		}
		if len(names) > 0 {
			others = true
			views = append(views, View{dir, "/sys/fs/cgroup/" + strings.Join(names, ",")})
		}
	}
	for _, dir := range g {
		if isV2(dir) && others {
			views = append(views, View{dir, "/sys/fs/cgroup/unified"})
		} else if isV2(dir) {
			views = append(views, View{dir, "/sys/fs/cgroup"})
		}
	}
	return views
}
