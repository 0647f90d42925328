package cgroup

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Use is what the processes of a group use. What no folder of the group counts is
// -1.
type Use struct {
	Memory    int64         // bytes, without the pages of files that can be dropped at once
	CPU       time.Duration // that they and those that ended have computed
	Processes int64         // with threads, as the limit counts them
	Kills     int64         // how many the kernel ended for want of memory
}

// Use reads what is used now.
func (g Group) Use() Use {
	u := Use{Memory: -1, CPU: -1, Processes: -1, Kills: -1}
	for _, dir := range g {
		if u.Memory < 0 {
			u.Memory = memory(dir)
		}
		if u.CPU < 0 {
			u.CPU = cpuTime(dir)
		}
		if u.Processes < 0 {
			u.Processes = number(dir, "pids.current")
		}
		if u.Kills < 0 {
			u.Kills = kills(dir)
		}
	}
	return u
}

// Kills tells how many processes the kernel ended for want of memory.
func (g Group) Kills() int64 {
	for _, dir := range g {
		if n := kills(dir); n >= 0 {
			return n
		}
	}
	return 0
}

// ProcessLimit is the limit of processes and threads; 0 is none, or unknown.
func (g Group) ProcessLimit() int64 {
	for _, dir := range g {
		if n := number(dir, "pids.max"); n > 0 {
			return n
		}
	}
	return 0
}

// Reserve is how many of a project's processes are kept for its own servers: when
// its programs have used up theirs (a fork bomb), somebody must still be able to
// end them, and a server that gets no further thread dies.
const Reserve = 64

// ProgramLimit is how many processes the programs of a project with this limit may
// be, without its servers; 0 is no limit.
func ProgramLimit(processes int64) int64 {
	if processes <= 0 {
		return 0
	}
	return max(processes-Reserve, 16)
}

func memory(dir string) int64 {
	used, idle := number(dir, "memory.current"), "inactive_file"
	if used < 0 {
		used, idle = number(dir, "memory.usage_in_bytes"), "total_inactive_file"
	}
	if used < 0 {
		return -1
	}
	return max(0, used-max(0, field(dir, "memory.stat", idle)))
}

func cpuTime(dir string) time.Duration {
	if n := number(dir, "cpuacct.usage"); n >= 0 {
		return time.Duration(n)
	}
	if us := field(dir, "cpu.stat", "usage_usec"); us >= 0 {
		return time.Duration(us) * time.Microsecond
	}
	return -1
}

func kills(dir string) int64 {
	if n := field(dir, "memory.events", "oom_kill"); n >= 0 {
		return n
	}
	return field(dir, "memory.oom_control", "oom_kill")
}

// number reads a file that holds one; -1 when it does not.
func number(dir, file string) int64 {
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return -1
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// field reads one "name number" line of a file; -1 when there is none.
func field(dir, file, name string) int64 {
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return -1
	}
	for line := range bytes.Lines(b) {
		if f := bytes.Fields(line); len(f) == 2 && string(f[0]) == name {
			n, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err != nil {
				return -1
			}
			return n
		}
	}
	return -1
}
