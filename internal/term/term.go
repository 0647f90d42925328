// Package term holds terminal sessions: a program on a pseudo-terminal that
// outlives everybody who looks at it. It reads what the program prints into a
// bounded memory addressed by byte offset, writes what people type exactly
// once, and serves any number of viewers over the frames of frame.go.
//
// It knows no HTTP and no WebSocket: a viewer is driven over the two methods
// of Conn. It keeps nothing on disk, and knows nothing of permissions.
//
// The pseudo-terminal is Linux's (pty(7), ioctl_tty(2)); the title is the OSC
// 0 and 2 of xterm's control sequences.
package term

import (
	"context"
	"os"
	"sync"
	"time"

	"lyceum/internal/lyceum"
)

// Limits of a terminal's size, in character cells. A size outside of them is
// brought to the nearest one inside.
const (
	MaxCols = 1000
	MaxRows = 1000
)

// Defaults of Config.
const (
	DefaultRing  = 1 << 20         // bytes of output kept
	DefaultGrace = 3 * time.Second // from SIGHUP to SIGKILL
)

// drainTime is how long the output of an exited shell is read on when programs
// in the background keep its terminal open.
const drainTime = 250 * time.Millisecond

// Config says what to run in a session.
type Config struct {
	ID   string   // shown in the state frame; unique for the caller
	Name string   // what people call it
	Argv []string // program, by path, and its arguments; at least one
	Env  []string // whole environment, NAME=value
	Dir  string   // working directory
	Cols int      // size until a viewer says otherwise; 0 means 80
	Rows int      // 0 means 24

	Ring  int           // most bytes of output kept, a power of two; 0 means DefaultRing
	Grace time.Duration // from SIGHUP to SIGKILL in End; 0 means DefaultGrace

	// Spawn, when set, is called to run start, which starts the program and
	// returns its process id. The returned function is called after the
	// session has waited for that process. It lets process 1 of a container
	// know which children are not its own to reap.
	Spawn func(start func() (pid int, err error)) (reaped func(), err error)
}

// Exit tells how the program ended.
type Exit struct {
	Code   int    `json:"code"`             // exit status; 128 + the signal's number when ended by one
	Signal string `json:"signal,omitempty"` // its name, as SIGKILL
}

// Info is what is known of a session at one moment.
type Info struct {
	ID        string
	Name      string
	Title     string // as set by the program; printable, at most 200 characters
	Created   time.Time
	LastInput time.Time // zero when nobody typed yet
	Viewers   int       // connections, not people
	Cols      int
	Rows      int
	Exited    *Exit // nil while the program runs
	PID       int   // of the program; it leads its session
}

// Session is one terminal. All methods are safe for concurrent use. It is
// ended by End; until then its goroutines live as long as its program.
type Session struct {
	cfg     Config
	created time.Time
	writing chan struct{} // capacity 1: held by who writes into the pseudo-terminal

	mu        sync.Mutex
	ring      ring
	title     titleParser
	name      string
	cols      int
	rows      int
	lastInput time.Time
	clients   clients
	viewers   []*attached // oldest first
	proc      *process    // the running program, or the last one
	exited    *Exit
	ended     bool
}

// Start runs the program and returns its session. The caller must call End. An
// error is of kind Unavailable (no pseudo-terminal, no process, no such
// program) or Invalid (no argv).
func Start(cfg Config) (*Session, error) {
	if len(cfg.Argv) == 0 || cfg.Argv[0] == "" {
		return nil, lyceum.Errorf(lyceum.Invalid, "there is no program to run in the terminal")
	}
	if cfg.Ring == 0 {
		cfg.Ring = DefaultRing
	}
	if cfg.Grace == 0 {
		cfg.Grace = DefaultGrace
	}
	if cfg.Cols == 0 || cfg.Rows == 0 {
		cfg.Cols, cfg.Rows = 80, 24
	}
	s := &Session{
		cfg:     cfg,
		created: time.Now(),
		writing: make(chan struct{}, 1),
		ring:    ring{max: cfg.Ring},
		name:    cfg.Name,
		cols:    clamp(cfg.Cols, MaxCols),
		rows:    clamp(cfg.Rows, MaxRows),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.spawnLocked(); err != nil {
		return nil, err
	}
	return s, nil
}

// Info tells what is known now.
func (s *Session) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Info{
		ID: s.cfg.ID, Name: s.name, Title: s.title.title, Created: s.created, LastInput: s.lastInput,
		Viewers: len(s.viewers), Cols: s.cols, Rows: s.rows, Exited: s.exited, PID: s.proc.cmd.Process.Pid,
	}
}

// Say prints a line of ours into the output, where people look: what became of a
// program, for example. The text has no control characters.
func (s *Session) Say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outputLocked([]byte("\r\n\x1b[0;1m" + text + "\x1b[0m\r\n"))
}

// Rename gives the session another name and tells its viewers.
func (s *Session) Rename(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name = name
	s.stateChangedLocked()
}

// Restart runs the program again after it has exited; the output continues at
// the next offset. It does nothing while the program runs. When the program
// cannot be started, the reason is printed into the terminal and it stays
// exited.
func (s *Session) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exited == nil || s.ended {
		return
	}
	s.outputLocked([]byte(softReset))
	if err := s.spawnLocked(); err != nil {
		s.outputLocked([]byte(err.Error() + "\r\n"))
		return
	}
	s.exited = nil
	s.stateChangedLocked()
}

// softReset undoes what a program that was killed may have left behind: modes,
// the alternate screen, mouse reports, bracketed paste, colours.
const softReset = "\x1b[?1047l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[!p\x1b[0m\r\n"

// End ends the program and disconnects the viewers with CloseGone: SIGHUP to
// the shell and to what runs in its foreground, SIGKILL after the grace time or
// when ctx ends. Programs that were put into the background and ignore SIGHUP
// (nohup) live on. It returns when the shell is gone; calling it again waits too.
func (s *Session) End(ctx context.Context) {
	s.mu.Lock()
	s.ended = true
	p := s.proc
	for _, a := range s.viewers {
		a.cancel(&CloseError{CloseGone, "the terminal was ended"})
	}
	s.mu.Unlock()
	p.end(ctx, s.cfg.Grace)
}

// Ended returns a channel that is closed when the program that runs now, or ran
// last, is gone and its output is read.
func (s *Session) Ended() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc.done
}

// spawnLocked starts the program on a new pseudo-terminal.
func (s *Session) spawnLocked() error {
	p, err := startProcess(s.cfg, s.cols, s.rows)
	if err != nil {
		return err
	}
	s.proc = p
	go s.run(p) // ends when the program has exited and its output is read
	return nil
}

// run reads the program's output until it is gone, and tells how it ended.
func (s *Session) run(p *process) {
	defer close(p.done)
	read := make(chan struct{})
	go func() { // ends when the master is closed, by the program's side or below
		defer close(read)
		s.read(p.master)
	}()
	exit := p.wait()
	timer := time.NewTimer(drainTime)
	select {
	case <-read:
	case <-timer.C:
	}
	timer.Stop()
	_ = p.master.Close() // nothing was written that a failing close could lose
	<-read

	s.mu.Lock()
	defer s.mu.Unlock()
	s.exited = &exit
	s.stateChangedLocked()
}

// A program that prints without end may not take the machine from the others: it
// is read no faster than burst in each burstTime (32 MB/s), more than any screen
// shows. The pseudo-terminal then holds it up, as a slow one would.
const (
	burst     = 256 << 10 // bytes
	burstTime = 8 * time.Millisecond
)

// read copies the program's output into the ring. On Linux reading a master
// whose other side is closed fails with EIO: an error is the ordinary end.
func (s *Session) read(master *os.File) {
	buf := make([]byte, 4096) // the kernel hands out no more at once
	began, got := time.Now(), 0
	for {
		n, err := master.Read(buf)
		if got += n; got >= burst {
			if left := burstTime - time.Since(began); left > 0 {
				<-time.After(left)
			}
			began, got = time.Now(), 0
		}
		if n > 0 {
			s.mu.Lock()
			s.outputLocked(buf[:n])
			s.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// outputLocked appends to the output and wakes the viewers. It never waits.
func (s *Session) outputLocked(p []byte) {
	s.ring.write(p)
	if s.title.feed(p) {
		s.stateChangedLocked()
		return
	}
	for _, a := range s.viewers {
		a.wakeUp()
	}
}

func clamp(n, limit int) int { return max(1, min(n, limit)) }
