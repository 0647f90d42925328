package supervisor

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a project's processes use together.
type usage struct {
	processes int
	cpu       time.Duration // of ended ones too
	memory    int64         // bytes that the processes hold for themselves
}

// ticksPerSecond is USER_HZ, the unit of times in /proc: 100 on every platform
// that Go knows.
const ticksPerSecond = 100

// measure tells what all processes use: as their cgroup counts it or, without one,
// by adding up this process and all that descend from it. Those that nobody waits
// for any more are its children too, because it adopts them.
func (s *Supervisor) measure() usage {
	counted := s.counted()
	if counted.Memory >= 0 && counted.CPU >= 0 && counted.Processes >= 0 {
		return usage{processes: int(counted.Processes), cpu: counted.CPU, memory: counted.Memory}
	}
	u := measureTree()
	if counted.Memory >= 0 {
		u.memory = counted.Memory
	}
	if counted.CPU >= 0 {
		u.cpu = counted.CPU
	}
	if counted.Processes >= 0 {
		u.processes = int(counted.Processes)
	}
	return u
}

func measureTree() usage {
	var u usage
	for _, pid := range tree(os.Getpid()) {
		ticks, ok := cpuTicks(pid)
		if !ok {
			continue // ended meanwhile
		}
		u.processes++
		u.cpu += time.Duration(ticks) * time.Second / ticksPerSecond
		u.memory += ownMemory(pid)
	}
	return u
}

// maxTree bounds how many processes are looked at.
const maxTree = 1 << 16

// tree returns root and its descendants.
func tree(root int) []int {
	all := []int{root}
	for i := 0; i < len(all) && len(all) < maxTree; i++ {
		all = append(all, childrenOf(all[i])...)
	}
	return all
}

// childrenOf reads /proc/PID/task/TID/children (proc(5)).
func childrenOf(pid int) []int {
	dir := "/proc/" + strconv.Itoa(pid) + "/task"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil // ended meanwhile
	}
	var pids []int
	for _, t := range tasks {
		b, err := os.ReadFile(filepath.Join(dir, t.Name(), "children"))
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(f); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// cpuTicks is the time that the process and its children that it waited for have
// run: fields 14 to 17 of /proc/PID/stat.
func cpuTicks(pid int) (int64, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	// Field 2 is a name in parentheses, which may hold spaces and parentheses.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 15 {
		return 0, false
	}
	var sum int64
	for _, f := range fields[11:15] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, false
		}
		sum += n
	}
	return sum, true
}

// ownMemory is the resident memory without the pages of files and of shared
// memory: fields 2 and 3 of /proc/PID/statm.
func ownMemory(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 3 {
		return 0
	}
	resident, err1 := strconv.ParseInt(fields[1], 10, 64)
	shared, err2 := strconv.ParseInt(fields[2], 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return max(0, resident-shared) * int64(os.Getpagesize())
}

// endStrays ends what still descends from this process: SIGTERM, and SIGKILL
// after grace, until none is left. The reaper must be running.
func endStrays(grace time.Duration) {
	strays := func(sig unix.Signal) bool {
		all := tree(os.Getpid())[1:]
		for _, pid := range all {
			_ = unix.Kill(pid, sig) // ESRCH: it ended meanwhile
		}
		return len(all) > 0
	}
	if !strays(unix.SIGTERM) {
		return
	}
	strays(unix.SIGCONT)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); <-tick.C {
		if !strays(0) {
			return
		}
	}
	// Some may fork faster than one look; whoever stops the project ends those.
	for range 50 {
		if !strays(unix.SIGKILL) {
			return
		}
		<-tick.C
	}
}
