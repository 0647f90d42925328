package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// postmaster is the first process of a running PostgreSQL, our child or one that
// an earlier program started.
type postmaster struct {
	pid  int
	from int64         // the size of the log, in bytes, before it was started
	gone chan struct{} // closed when the process has ended
}

func (p *postmaster) ended() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

func (p *postmaster) signal(sig syscall.Signal) error {
	if p.ended() {
		return os.ErrProcessDone
	}
	return syscall.Kill(p.pid, sig)
}

// up starts PostgreSQL, or takes over the one that runs, and waits until it answers.
func (s *Server) up(ctx context.Context) error {
	p, err := s.adopt(ctx)
	if err == nil && p != nil {
		s.setCurrent(p)
		err = s.awaitReady(ctx, p)
		if err == nil || !p.ended() {
			return err
		}
		err = nil // it was about to stop
	}
	if err == nil {
		p, err = s.launch(ctx)
	}
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "PostgreSQL cannot be started")
	}
	s.setCurrent(p)
	return s.awaitReady(ctx, p)
}

func (s *Server) setCurrent(p *postmaster) {
	s.mu.Lock()
	s.current = p
	s.mu.Unlock()
}

// adopt returns the postmaster that runs on our cluster, or nil. One with a
// socket elsewhere is stopped.
func (s *Server) adopt(ctx context.Context) (*postmaster, error) {
	file, err := readPIDFile(s.cluster)
	if err != nil || !s.serves(file) {
		return nil, err
	}
	p, err := follow(file.pid)
	if err != nil {
		return nil, err
	}
	if file.runDir != "" && file.runDir != s.cfg.RunDir {
		s.cfg.Log.InfoContext(ctx, "stop a PostgreSQL whose socket is elsewhere", "pid", p.pid)
		return nil, shutDown(ctx, p)
	}
	s.cfg.Log.InfoContext(ctx, "take over the running PostgreSQL", "pid", p.pid)
	return p, ignoreGone(p.signal(syscall.SIGHUP)) // read the settings again
}

// follow watches a process that is not our child.
func follow(pid int) (*postmaster, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watch process %d: %w", pid, err)
	}
	p := &postmaster{pid: pid, gone: make(chan struct{})}
	go func() {
		defer close(p.gone)
		f := os.NewFile(uintptr(fd), "pidfd")
		defer f.Close()
		awaitReadable(f) // a pidfd is readable when its process has ended
	}()
	return p, nil
}

func awaitReadable(f *os.File) {
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Read(func(fd uintptr) bool { // fails only when f is closed
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return n > 0 || err != nil && err != unix.EINTR
	})
}

// launch starts a new postmaster on the cluster that nobody serves now.
func (s *Server) launch(ctx context.Context) (*postmaster, error) {
	if err := s.clearRemains(ctx); err != nil {
		return nil, err
	}
	cmd := exec.Command(s.bin.path("postgres"), "-D", s.cluster,
		"-c", "config_file="+s.file("postgresql.conf"), "-c", "hba_file="+s.file("pg_hba.conf"), "-c", "ident_file="+s.file("pg_ident.conf"),
		"-c", "listen_addresses=", "-c", `unix_socket_directories="`+strings.ReplaceAll(s.cfg.RunDir, `"`, `""`)+`"`, "-c", "unix_socket_permissions=0700", "-c", "port="+port)
	cmd.Dir = "/"
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = s.log, s.log
	// A group of its own: an interrupt from the keyboard is for us, who stop it last.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.who.credential(), Setsid: true}
	from := s.logSize()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &postmaster{pid: cmd.Process.Pid, from: from, gone: make(chan struct{})}
	go func() {
		defer close(p.gone)
		if err := cmd.Wait(); err != nil {
			s.cfg.Log.Debug("PostgreSQL ended", "pid", p.pid, "err", err)
		}
	}()
	return p, nil
}

// clearRemains ends what a killed postmaster left: its other processes, which hold
// the shared memory, and a pid file that misleads.
func (s *Server) clearRemains(ctx context.Context) error {
	wait := time.NewTicker(20 * time.Millisecond)
	defer wait.Stop()
	for try := 0; ; try++ {
		left := processesIn(s.cluster)
		if len(left) == 0 {
			return s.removeStalePIDFile()
		}
		sig := syscall.SIGQUIT
		if try > 100 {
			sig = syscall.SIGKILL
		}
		for _, pid := range left {
			if err := syscall.Kill(pid, sig); err != nil && err != syscall.ESRCH {
				return fmt.Errorf("end process %d of an earlier PostgreSQL: %w", pid, err)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("processes %v of an earlier PostgreSQL do not end: %w", left, ctx.Err())
		case <-wait.C:
		}
	}
}

// removeStalePIDFile removes a pid file by which PostgreSQL would refuse to start
// although nobody serves the cluster: one that was cut short, and one whose number
// is another process's by now, or that of one that ended and is still listed. Others
// it judges best itself: the file also says which shared memory must be free.
func (s *Server) removeStalePIDFile() error {
	file, err := readPIDFile(s.cluster)
	if err != nil || s.serves(file) {
		return err
	}
	if file.pid != 0 && syscall.Kill(file.pid, 0) == syscall.ESRCH {
		return nil
	}
	// The socket has a file of the same kind, with the same number.
	for _, name := range []string{filepath.Join(s.cluster, pidFileName), socketPath(s.cfg.RunDir) + ".lock"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// awaitReady waits until the server answers, its process ends, or ctx does.
func (s *Server) awaitReady(ctx context.Context, p *postmaster) error {
	wait := time.NewTicker(5 * time.Millisecond)
	defer wait.Stop()
	for {
		err := probe(ctx, socketPath(s.cfg.RunDir))
		if err == nil {
			return nil
		}
		select {
		case <-wait.C:
		case <-p.gone:
			return lyceum.Wrap(lyceum.Unavailable, errors.New(s.logSince(p.from)), "PostgreSQL does not start; see %s", s.log.Name())
		case <-ctx.Done():
			return lyceum.Wrap(lyceum.Unavailable, errors.Join(ctx.Err(), err), "PostgreSQL does not answer in time; see %s", s.log.Name())
		}
	}
}

// halt stops the current postmaster, if one runs.
func (s *Server) halt(ctx context.Context) error {
	s.mu.Lock()
	p := s.current
	s.current = nil
	s.mu.Unlock()
	if p == nil {
		return nil
	}
	return shutDown(ctx, p)
}

// quitTimeout is how long an immediate shutdown may take before the kill.
const quitTimeout = 5 * time.Second

// shutDown asks for a fast shutdown, and when ctx ends for an immediate one.
func shutDown(ctx context.Context, p *postmaster) error {
	if err := p.signal(syscall.SIGINT); err != nil {
		return ignoreGone(err)
	}
	select {
	case <-p.gone:
		return nil
	case <-ctx.Done():
	}
	if err := p.signal(syscall.SIGQUIT); err != nil {
		return ignoreGone(err)
	}
	timeout := time.NewTimer(quitTimeout)
	defer timeout.Stop()
	select {
	case <-p.gone:
	case <-timeout.C:
		if err := p.signal(syscall.SIGKILL); err != nil {
			return ignoreGone(err)
		}
		<-p.gone
	}
	return lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "PostgreSQL was stopped at once, for lack of time; it will recover at the next start")
}

func ignoreGone(err error) error {
	if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// tailSize is how much of the log an error shows.
const tailSize = 2000

func (s *Server) logSize() int64 {
	fi, err := s.log.Stat()
	if err != nil {
		return 0
	}
	return fi.Size()
}

// logSince is the end of what PostgreSQL said since the log had size from.
func (s *Server) logSince(from int64) string {
	from = max(from, s.logSize()-tailSize)
	b, err := io.ReadAll(io.NewSectionReader(s.log, from, tailSize))
	if err != nil {
		return err.Error()
	}
	if b = bytes.TrimSpace(b); len(b) == 0 {
		return "it ended without a word"
	}
	return string(b)
}
