package project

import (
	"context"
	"os"
	"strconv"
	"strings"
)

// A kernel in reserve is not kept from these parts of the memory on, in eighths.
const (
	scarceUsed = 6 // of the project's limit is used
	scarceFree = 1 // of the machine's memory is all that is left
)

// scarce reports whether memory is better left to what people run.
func (s *super) scarce(ctx context.Context) bool {
	if a, err := s.activity(ctx); err == nil && a.Limits.Memory > 0 && 8*a.MemoryBytes > scarceUsed*a.Limits.Memory {
		return true
	}
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return false // the project's limit is what counts then
	}
	total, free := meminfo(string(b), "MemTotal"), meminfo(string(b), "MemAvailable")
	return free > 0 && 8*free < scarceFree*total
}

// meminfo is a value of /proc/meminfo (proc_meminfo(5)) in kB; 0 when it is not there.
func meminfo(text, name string) int64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64) // the kernel writes numbers there
			return n
		}
	}
	return 0
}
