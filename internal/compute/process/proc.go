package process

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// stat is what we use of /proc/PID/stat (proc_pid_stat(5)).
type stat struct {
	state     byte
	ppid      int
	session   int
	cpuTicks  uint64 // user and system time, with that of waited-for children
	startTick uint64
}

// readStat reads /proc/PID/stat; an error means that there is no such process.
func readStat(pid int) (stat, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(b)
}

// parseStat reads one line of stat. The second field is the program's name in
// parentheses and may hold any byte, so fields are counted from the last ')'.
func parseStat(b []byte) (stat, error) {
	_, rest, ok := cutLast(b, ')')
	f := bytes.Fields(rest)
	if !ok || len(f) < 20 || len(f[0]) != 1 {
		return stat{}, errors.New("not a line of /proc/PID/stat")
	}
	var s stat
	var errs [7]error
	s.state = f[0][0]
	s.ppid, errs[0] = strconv.Atoi(string(f[1]))
	s.session, errs[1] = strconv.Atoi(string(f[3]))
	for i := range 4 { // utime, stime, cutime, cstime: fields 14 to 17
		var n int64
		n, errs[2+i] = strconv.ParseInt(string(f[11+i]), 10, 64)
		s.cpuTicks += uint64(max(n, 0))
	}
	s.startTick, errs[6] = strconv.ParseUint(string(f[19]), 10, 64)
	return s, errors.Join(errs[:]...)
}

func cutLast(b []byte, c byte) (before, after []byte, ok bool) {
	i := bytes.LastIndexByte(b, c)
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i+1:], true
}

// identify returns the process that has pid now.
func identify(pid int) (process, error) {
	s, err := readStat(pid)
	return process{Pid: pid, Ticks: s.startTick}, err
}

// alive reports whether the process is there and not a zombie.
func (p process) alive() bool {
	if p.Pid <= 0 {
		return false
	}
	s, err := readStat(p.Pid)
	return err == nil && s.startTick == p.Ticks && s.state != 'Z' && s.state != 'X'
}

// open returns a handle on the process (pidfd_open(2), Linux 5.3), or an error
// when it is gone.
func (p process) open() (*os.File, error) {
	if p.Pid <= 0 {
		return nil, os.ErrProcessDone
	}
	fd, err := unix.PidfdOpen(p.Pid, 0)
	if err != nil {
		return nil, err
	}
	// Only now that the handle holds the pid, it can be asked whose it is.
	if !p.alive() {
		_ = unix.Close(fd)
		return nil, os.ErrProcessDone
	}
	// Non-blocking, so that os.NewFile gives it to Go's poller.
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// signal sends sig to the process, never to a later one with its pid. A process
// that is gone is no error.
func (p process) signal(sig unix.Signal) {
	f, err := p.open()
	if err != nil {
		if errors.Is(err, unix.ENOSYS) && p.alive() {
			_ = unix.Kill(p.Pid, sig)
		}
		return
	}
	defer f.Close()
	_ = unix.PidfdSendSignal(int(f.Fd()), sig, nil, 0)
}

// wait returns when the process is gone, or with ctx's error.
func (p process) wait(ctx context.Context) error {
	f, err := p.open()
	if err != nil {
		return p.waitByClock(ctx)
	}
	defer f.Close()
	conn, err := f.SyscallConn()
	if err != nil {
		return p.waitByClock(ctx)
	}
	// A deadline in the past wakes the poller when ctx ends.
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	err = conn.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 0)
		return n > 0 || (err != nil && !errors.Is(err, unix.EINTR))
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return p.waitByClock(ctx)
	}
	return nil
}

// waitByClock is for kernels without pidfd.
func (p process) waitByClock(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for p.alive() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// scan returns the processes of the machine for which match is true. Zombies
// are left out: nothing more can be done to them.
func scan(match func(pid int, s stat) bool) []process {
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var found []process
	for _, name := range names {
		pid, err := strconv.Atoi(strings.TrimPrefix(name, "/proc/"))
		if err != nil {
			continue
		}
		s, err := readStat(pid)
		if err != nil || s.state == 'Z' || s.state == 'X' || !match(pid, s) {
			continue
		}
		found = append(found, process{pid, s.startTick})
	}
	return found
}

// descendants returns the pids of root's children, their children, and so on;
// none when root is gone.
func descendants(root process) []int {
	if !root.alive() {
		return nil
	}
	children := map[int][]int{}
	scan(func(pid int, s stat) bool {
		children[s.ppid] = append(children[s.ppid], pid)
		return false
	})
	found := children[root.Pid]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found
}
