package supervisor

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reaper waits for orphans, so that they do not stay as zombies, and leaves
// those children alone for which someone of ours waits.
type reaper struct {
	gone chan struct{} // capacity 1: an own child was waited for

	mu  sync.Mutex // held while a child is started, so that its end cannot come before its entry in own
	own map[int]bool
}

func newReaper() *reaper {
	return &reaper{gone: make(chan struct{}, 1), own: map[int]bool{}}
}

// spawn runs start, which starts a process that the caller will wait for. The
// caller calls reaped when it has. It has the shape of term.Config.Spawn.
func (r *reaper) spawn(start func() (pid int, err error)) (reaped func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := start()
	if err != nil {
		return nil, err
	}
	r.own[pid] = true
	return func() {
		r.mu.Lock()
		delete(r.own, pid)
		r.mu.Unlock()
		select {
		case r.gone <- struct{}{}:
		default:
		}
	}, nil
}

// run reaps until ctx ends.
func (r *reaper) run(ctx context.Context) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	defer signal.Stop(ended)
	for {
		r.reap()
		select {
		case <-ended:
		case <-r.gone:
		case <-ctx.Done():
			return
		}
	}
}

// reap waits for orphans that have ended. The kernel shows ended children one at
// a time: when an own child is the next, whoever waits for it takes it away very
// soon, and then we look again.
func (r *reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		pid, err := peek()
		if err != nil || pid == 0 || r.own[pid] {
			return // ECHILD: there are no children
		}
		if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// childInfo is what waitid(2) fills of siginfo_t for a child, on 64-bit Linux.
type childInfo struct {
	signo, errno, code, _ int32
	pid                   int32
}

// peek returns a child that has ended and leaves it as it is; 0 when none has.
func peek() (int, error) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return int((*childInfo)(unsafe.Pointer(&info)).pid), err
		}
	}
}
