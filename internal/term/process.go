package term

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// process is one run of a session's program on its pseudo-terminal.
type process struct {
	cmd    *exec.Cmd
	master *os.File
	reaped func()
	done   chan struct{} // closed when the program is gone and its output is read
}

// startProcess opens a pseudo-terminal and starts the program as the leader of
// a new session on it.
func startProcess(cfg Config, cols, rows int) (*process, error) {
	master, slave, err := openPTY()
	if err != nil {
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "no further terminal can be opened")
	}
	defer slave.Close() // the program has its own; nothing is written through this one
	p := &process{master: master, done: make(chan struct{})}
	err = errors.Join(setSize(master, cols, rows), setUTF8(master))
	if err == nil {
		err = p.start(cfg, slave)
	}
	if err != nil {
		_ = master.Close() // the error that matters is the one above
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "%s cannot be started", cfg.Argv[0])
	}
	return p, nil
}

// openPTY opens a pseudo-terminal. Reads and writes of its master wait in Go's
// poller, so that Close and deadlines end them: the one that pty.Open returns
// blocks, because that package calls Fd.
func openPTY() (master, slave *os.File, err error) {
	blocking, slave, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer blocking.Close()
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		if err = unix.SetNonblock(fd, true); err == nil {
			return os.NewFile(uintptr(fd), blocking.Name()), slave, nil
		}
		_ = unix.Close(fd)
	}
	_ = slave.Close()
	return nil, nil, err
}

// hearSignals gives programs the signals that whoever started this one ignores, as
// nohup does with SIGHUP: what is ignored is so in all that is started, for good, and
// no shell can trap it. Here they go on having no effect.
func hearSignals() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

func (p *process) start(cfg Config, slave *os.File) error {
	hearSignals()
	p.cmd = &exec.Cmd{
		Path: cfg.Argv[0], Args: cfg.Argv, Env: cfg.Env, Dir: cfg.Dir,
		Stdin: slave, Stdout: slave, Stderr: slave,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Setctty: true},
	}
	start := func() (int, error) {
		if err := p.cmd.Start(); err != nil {
			return 0, err
		}
		return p.cmd.Process.Pid, nil
	}
	if cfg.Spawn == nil {
		p.reaped = func() {}
		_, err := start()
		return err
	}
	var err error
	p.reaped, err = cfg.Spawn(start)
	return err
}

// wait waits for the program, and for nothing else that may hold its terminal.
func (p *process) wait() Exit {
	_ = p.cmd.Wait() // the state says more than the error
	p.reaped()
	ws, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !ws.Signaled() {
		return Exit{Code: p.cmd.ProcessState.ExitCode()}
	}
	return Exit{Code: 128 + int(ws.Signal()), Signal: unix.SignalName(ws.Signal())}
}

// end hangs up, and kills what is left after grace or when ctx ends. It returns
// when the program is gone.
func (p *process) end(ctx context.Context, grace time.Duration) {
	select {
	case <-p.done:
		return
	default:
	}
	groups := []int{p.cmd.Process.Pid}
	if fg := p.foreground(); fg > 1 && fg != groups[0] {
		groups = append(groups, fg)
	}
	signal := func(sig unix.Signal) {
		for _, g := range groups {
			_ = unix.Kill(-g, sig) // ESRCH: gone already
		}
	}
	signal(unix.SIGHUP)
	signal(unix.SIGCONT) // a stopped program cannot notice
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		signal(unix.SIGKILL) // in the foreground, deaf to SIGHUP, and now without a terminal
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	signal(unix.SIGKILL)
	<-p.done
}

// foreground returns the process group that the terminal's keys go to, or 0.
func (p *process) foreground() int {
	group := 0
	_ = control(p.master, func(fd int) error {
		var err error
		group, err = unix.IoctlGetInt(fd, unix.TIOCGPGRP)
		return err
	})
	return group
}

// setSize tells the kernel the size, which sends SIGWINCH to the foreground.
func setSize(master *os.File, cols, rows int) error {
	return control(master, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(cols), Row: uint16(rows)})
	})
}

// setUTF8 makes the kernel's own line editing erase whole characters.
func setUTF8(master *os.File) error {
	return control(master, func(fd int) error {
		t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		t.Iflag |= unix.IUTF8
		return unix.IoctlSetTermios(fd, unix.TCSETS, t)
	})
}

// control runs f with the descriptor, without taking it from Go's poller as
// Fd would.
func control(file *os.File, f func(fd int) error) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = conn.Control(func(fd uintptr) { inner = f(int(fd)) })
	return errors.Join(err, inner)
}
