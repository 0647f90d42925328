package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// giveBackAfter is how long after its start a project's process gives back what
// only starting needed.
const giveBackAfter = 3 * time.Second

// giveBack returns memory to the system: free heap, and the pages of the program
// that were read to initialise what a project never uses (the hub's parts of the
// one binary). Pages of a file that are only read lose nothing by it: what is
// needed after all is mapped again from the system's cache at its next use.
func giveBack() error {
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		start, end, ok := programPages(s.Text())
		if !ok {
			continue
		}
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return nil
}

// programPages returns the range of a line of /proc/self/maps (proc(5)) that maps a
// part of a file which cannot be written:
//
//	00400000-01a2b000 r-xp 00000000 08:01 1234  /usr/bin/lyceum
func programPages(line string) (start, end uintptr, ok bool) {
	f := strings.Fields(line)
	if len(f) < 6 || !strings.HasPrefix(f[5], "/") || len(f[1]) != 4 || f[1][0] != 'r' || f[1][1] != '-' {
		return 0, 0, false
	}
	if n, err := fmt.Sscanf(f[0], "%x-%x", &start, &end); err != nil || n != 2 || end <= start {
		return 0, 0, false
	}
	return start, end, true
}
