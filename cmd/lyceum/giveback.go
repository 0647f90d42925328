package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// How long after its start a server gives back what only starting needed: a project's
// not while others of a hundred that were started at once still want the processor.
const (
	hubGivesBack     = 2 * time.Second
	projectGivesBack = 6 * time.Second
)

// giveBackLater calls giveBack once, unless stop is called before, and collects
// garbage by the percentage from then on.
func giveBackLater(after time.Duration, percent int, log *slog.Logger) (stop func() bool) {
	return time.AfterFunc(after, func() {
		collect(percent)
		if err := giveBack(); err != nil {
			log.Warn("memory that starting needed stays in use", "err", err)
		}
	}).Stop
}

// giveBack returns memory to the system: free heap (19 MB for a password that was
// checked, above all), and the pages of the program that were read to initialise what
// is never used (in a project the hub's parts of the one binary), or once (the app's
// files). Pages of a file that are as in the file lose nothing by it: what is
// needed after all is mapped again from the system's cache at its next use.
func giveBack() error {
	debug.FreeOSMemory()
	all, err := filePagesOf("/proc/self/smaps")
	if err != nil {
		return err
	}
	return letGo(all)
}

// span is a range of addresses.
type span struct{ start, end uintptr }

// filePagesOf returns the mappings of files in smaps (proc_pid_smaps(5)) whose pages
// can be let go.
func filePagesOf(smaps string) (all []span, err error) {
	f, err := os.Open(smaps)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var now span
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if a, b, ok := programPages(line); ok || isMapping(line) {
			now = span{a, b} // a range of none, for a mapping that is not the program's
			continue
		}
		// Pages that a dynamic linker has changed are no longer the file's.
		if line, found := strings.CutPrefix(line, "Anonymous:"); found && now.end > 0 && strings.Fields(line)[0] == "0" {
			all = append(all, now)
		}
	}
	return all, lines.Err()
}

// letGo lets go of the pages of files.
func letGo(all []span) error {
	for _, s := range all {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, s.start, s.end-s.start, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return nil
}

// isMapping reports whether a line of smaps begins a mapping: its fields end with a colon.
func isMapping(line string) bool {
	first, _, _ := strings.Cut(line, " ")
	return !strings.HasSuffix(first, ":")
}

// programPages returns the range of a line of /proc/self/smaps (proc(5)) that maps a
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
