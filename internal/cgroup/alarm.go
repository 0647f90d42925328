package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Alarms wait for groups to run out of memory, without a look at the clock: the
// kernel wakes us. In version 1 it does so before it ends a program, by an eventfd
// (cgroup-v1/memory.rst, section 10), and also when parts of the limit are passed,
// so that who is there can be written down in time; in version 2 memory.events can be
// polled, which counts from where the limit is met.
// They are safe for concurrent use.
type Alarms struct {
	poll *os.File // an epoll that holds one descriptor for each group

	mu     sync.Mutex
	groups map[lyceum.ProjectID]*alarm
	byFd   map[int32]lyceum.ProjectID
}

// alarm is what is held for one group.
type alarm struct {
	fd    int  // what the epoll looks at
	reads bool // it must be read to be armed again: memory.events
}

// NewAlarms returns Alarms without groups. The caller calls Close.
func NewAlarms() (*Alarms, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("watch the memory of projects: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("watch the memory of projects: %w", err)
	}
	return &Alarms{poll: os.NewFile(uintptr(fd), "memory alarms"), groups: map[lyceum.ProjectID]*alarm{}, byFd: map[int32]lyceum.ProjectID{}}, nil
}

// Close ends Wait and forgets all groups.
func (a *Alarms) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.poll.Close()
	for id, al := range a.groups {
		_ = unix.Close(al.fd) // nothing was written
		delete(a.groups, id)
	}
	return err
}

// Add begins to watch the group of a project, with the limit that it has now: call
// it again after a change. An error means that this group cannot be watched.
func (a *Alarms) Add(id lyceum.ProjectID, g Group) error {
	for _, dir := range g {
		if fd, err := unix.Open(filepath.Join(dir, "memory.events"), unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			return a.add(id, &alarm{fd, true}, unix.EPOLLPRI)
		}
		if _, err := os.Stat(filepath.Join(dir, "memory.oom_control")); err == nil {
			fd, err := oomEvents(dir)
			if err != nil {
				return err
			}
			return a.add(id, &alarm{fd, false}, unix.EPOLLIN)
		}
	}
	return errors.New("no cgroup tells when memory runs out")
}

// oomEvents returns an eventfd that the kernel rings when memory runs out in dir.
func oomEvents(dir string) (int, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return -1, err
	}
	control, err := os.Open(filepath.Join(dir, "memory.oom_control"))
	if err == nil {
		err = errors.Join(put(dir, "cgroup.event_control", fmt.Sprintf("%d %d", fd, control.Fd())), control.Close())
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	// Without it we may come too late to see who was ended, no more.
	_ = ringAtParts(dir, fd)
	return fd, nil
}

// noLimit is more memory than any machine has: version 1 writes no limit so.
const noLimit = 1 << 60

// ringAtParts rings an eventfd when the use passes a half, three quarters or seven
// eighths of the limit, up or down: what files are kept in memory counts too, so
// that one of these may be behind us all the time.
func ringAtParts(dir string, fd int) error {
	limit := number(dir, "memory.limit_in_bytes")
	if limit <= 0 || limit > noLimit {
		return nil
	}
	use, err := os.Open(filepath.Join(dir, "memory.usage_in_bytes"))
	if err != nil {
		return err
	}
	var all error
	for _, eighths := range []int64{4, 6, 7} {
		all = errors.Join(all, put(dir, "cgroup.event_control", fmt.Sprintf("%d %d %d", fd, use.Fd(), limit/8*eighths)))
	}
	return errors.Join(all, use.Close())
}

func (a *Alarms) add(id lyceum.ProjectID, al *alarm, events uint32) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.removeLocked(id)
	err := a.control(unix.EPOLL_CTL_ADD, al.fd, &unix.EpollEvent{Events: events, Fd: int32(al.fd)})
	if err != nil {
		return errors.Join(err, unix.Close(al.fd))
	}
	a.groups[id], a.byFd[int32(al.fd)] = al, id
	return nil
}

// control changes the epoll without taking it out of Go's poller, as Fd would.
func (a *Alarms) control(op, fd int, e *unix.EpollEvent) error {
	conn, err := a.poll.SyscallConn()
	if err != nil {
		return err
	}
	var did error
	err = conn.Control(func(poll uintptr) { did = unix.EpollCtl(int(poll), op, fd, e) })
	return errors.Join(err, did)
}

// Remove forgets a project.
func (a *Alarms) Remove(id lyceum.ProjectID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.removeLocked(id)
}

func (a *Alarms) removeLocked(id lyceum.ProjectID) {
	al := a.groups[id]
	if al == nil {
		return
	}
	delete(a.byFd, int32(al.fd))
	delete(a.groups, id)
	_ = unix.Close(al.fd) // which takes it out of the epoll
}

// Wait returns the projects whose memory may have run out, when there are any. An
// error means that Close was called. Some may be false: compare Kills.
func (a *Alarms) Wait() ([]lyceum.ProjectID, error) {
	conn, err := a.poll.SyscallConn()
	if err != nil {
		return nil, err
	}
	var events [32]unix.EpollEvent
	n := 0
	err = conn.Read(func(poll uintptr) bool {
		n, err = unix.EpollWait(int(poll), events[:], 0)
		return n > 0
	})
	if err != nil || n <= 0 {
		return nil, errors.Join(err, os.ErrClosed)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids []lyceum.ProjectID
	for _, e := range events[:n] {
		id, ok := a.byFd[e.Fd]
		if !ok {
			continue
		}
		a.groups[id].rearm()
		ids = append(ids, id)
	}
	return ids, nil
}

// rearm takes away what made the descriptor ready.
func (al *alarm) rearm() {
	var b [512]byte
	if al.reads {
		_, _ = unix.Pread(al.fd, b[:], 0) // what it says is asked for elsewhere
		return
	}
	_, _ = unix.Read(al.fd, b[:8])
}
