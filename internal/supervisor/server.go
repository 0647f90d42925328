package supervisor

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Times between two starts of the project server: the first pause doubles with
// each end that comes soon after its start.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 10 * time.Second
	steady     = 30 * time.Second // a server that ran so long was well
)

// server is the project server, as a child process.
type server struct {
	argv  []string
	grace time.Duration
	log   *slog.Logger
	spawn func(start func() (int, error)) (func(), error)

	starts atomic.Int64
	number atomic.Int64  // the process's, while it runs
	cmd    *exec.Cmd     // the running one; nil between two
	done   chan struct{} // closed when it has ended
}

// run starts the server, and again whenever it ends, until ctx ends; it then
// leaves it running, for stop.
func (s *server) run(ctx context.Context) {
	for pause := firstPause; ctx.Err() == nil; {
		began := time.Now()
		err := s.start()
		if err == nil {
			select {
			case <-ctx.Done():
				return
			case <-s.done:
			}
			if time.Since(began) > steady {
				pause = firstPause
			}
			s.log.Warn("the project server ended; it is started again", "state", s.cmd.ProcessState.String(), "pause", pause)
			s.cmd = nil
		} else {
			s.log.Error("the project server cannot be started", "err", err, "pause", pause)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

func (s *server) start() error {
	cmd := exec.Command(s.argv[0], s.argv[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	reaped, err := s.spawn(func() (int, error) {
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		return cmd.Process.Pid, nil
	})
	if err != nil {
		return err
	}
	s.starts.Add(1)
	s.number.Store(int64(cmd.Process.Pid))
	done := make(chan struct{})
	s.cmd, s.done = cmd, done
	go func() { // ends with the process
		_ = cmd.Wait() // the state says more than the error
		s.number.Store(0)
		reaped()
		close(done)
	}()
	return nil
}

// pid is the number of the running server; 0 when it does not run.
func (s *server) pid() int { return int(s.number.Load()) }

// stop ends the server: SIGTERM, and SIGKILL after the time of grace. Call it
// when run has returned.
func (s *server) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(unix.SIGTERM) // it may have ended
	_ = s.cmd.Process.Signal(unix.SIGCONT) // a stopped one could not hear it
	timer := time.AfterFunc(s.grace, func() {
		s.log.Warn("the project server did not stop in time and is killed")
		_ = s.cmd.Process.Kill()
	})
	defer timer.Stop()
	<-s.done
}
