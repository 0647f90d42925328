package main

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A project's servers have worked when they used more than quietMost of processor time
// between two looks, and are quiet when they used less between all of the next
// quietLooks: a record for the hub each 10 s, and sockets that are only open, use less.
const (
	quietEvery = 3 * time.Second
	quietMost  = 15 * time.Millisecond
	quietLooks = 7
	quietGrown = 512 << 10 // bytes that may come to each kind of memory by what is done all the time
)

// held is the memory of a process in bytes.
type held struct {
	own    int64
	mapped int64 // pages of files
}

// quiet finds the moments at which something can be given back.
type quiet struct {
	used time.Duration // processor time at the last look
	left int           // quiet looks that are still wanted; 0 when nothing was done since the last moment
	base held          // after the last moment
}

// look is given the processor time that was used and the memory, and tells what can be
// given back: all after work, and else what has grown.
func (q *quiet) look(used time.Duration, now held) (heap, pages bool) {
	worked := used-q.used > quietMost
	q.used = used
	if worked {
		q.left = quietLooks
		return false, false
	}
	if q.left > 0 {
		q.left--
		return q.left == 0, q.left == 0
	}
	return now.own > q.base.own+quietGrown, now.mapped > q.base.mapped+quietGrown
}

// giveBackWhenQuiet gives memory back each time that work is over, until ctx ends:
// after a kernel was started, say, or a large document closed. Pages of the program
// are let go while nothing is done too: of those around the few that a record for
// the hub needs, the system maps sixteen for one.
func giveBackWhenQuiet(ctx context.Context, log *slog.Logger) {
	q := quiet{used: processorTime(), base: memory()}
	files, err := filePagesOf("/proc/self/smaps") // they stay where they are
	if err != nil {
		log.Warn("memory that is not needed any more stays in use", "err", err)
	}
	tick := time.NewTicker(quietEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err = nil
		switch heap, pages := q.look(processorTime(), memory()); {
		case heap:
			err = giveBack()
		case pages:
			err = letGo(files)
		default:
			continue
		}
		if err != nil {
			log.Warn("memory that is not needed any more stays in use", "err", err)
		}
		q.used, q.base = processorTime(), memory() // giving back is no work
	}
}

// processorTime is what this process has used until now.
func processorTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0 // it does not fail for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory is what this process holds: the second and third field of /proc/self/statm
// (proc_pid_statm(5)), in pages.
func memory() held {
	b, err := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(b))
	if err != nil || len(f) < 3 {
		return held{} // something is given back after work only, then
	}
	page := int64(os.Getpagesize())
	all, _ := strconv.ParseInt(f[1], 10, 64) // the kernel writes numbers there
	files, _ := strconv.ParseInt(f[2], 10, 64)
	return held{(all - files) * page, files * page}
}
