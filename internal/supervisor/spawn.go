package supervisor

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/cgroup"
)

// programAdj is how much sooner than our own servers the kernel ends a program of
// the project when memory runs out, in thousandths of the memory that there is
// (proc_pid_oom_score_adj(5)). Half of the memory is more than the servers ever use,
// so that they are the last to go; among the programs the biggest is the first.
const programAdj = 500

const adjFile = "/proc/self/oom_score_adj"

func readAdj() int {
	b, err := os.ReadFile(adjFile)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return n
}

// spawnProgram starts a program of the project's people: a terminal's shell. It has
// the shape of term.Config.Spawn.
func (s *Supervisor) spawnProgram(start func() (pid int, err error)) (reaped func(), err error) {
	return s.children.spawn(func() (int, error) {
		// A child has its parent's value from its first moment on, and so have its
		// own children; we take ours back, which needs no right. Where this cannot
		// be written, the kernel chooses by size alone.
		raised := os.WriteFile(adjFile, []byte(strconv.Itoa(min(s.ownAdj+programAdj, 1000))), 0) == nil
		pid, err := start()
		if raised {
			_ = os.WriteFile(adjFile, []byte(strconv.Itoa(s.ownAdj)), 0)
		}
		if err == nil {
			s.bound(pid)
		}
		return pid, err
	})
}

// bound leaves a few of the project's processes to its servers: without them a fork
// bomb would keep the project server from serving whoever wants to end it.
func (s *Supervisor) bound(pid int) {
	group := s.own()
	n := uint64(cgroup.ProgramLimit(group.ProcessLimit()))
	if n == 0 {
		return
	}
	// It is of our uid. What it started in its first microseconds is not bounded,
	// and harms only the project itself.
	_ = unix.Prlimit(pid, unix.RLIMIT_NPROC, &unix.Rlimit{Cur: n, Max: n}, nil)
}

// own returns the cgroup of this project. It is looked for once we are asked: we
// are put into it while we start.
func (s *Supervisor) own() cgroup.Group {
	s.news.mu.Lock()
	defer s.news.mu.Unlock()
	if s.group == nil {
		s.group = cgroup.Own(string(s.cfg.Project))
	}
	return s.group
}

func (s *Supervisor) counted() cgroup.Use { return s.own().Use() }

// meter turns processor time into a share. The zero value is ready.
type meter struct {
	mu   sync.Mutex
	at   time.Time
	cpu  time.Duration
	last *float64
}

// Times of the meter: nearer together than meterLeast two measures say little, and
// further apart than meterMost they say nothing of now.
const (
	meterLeast = time.Second
	meterMost  = 30 * time.Second
)

// percent is the share of one core since the last measure; nil at the first one.
func (m *meter) percent(cpu time.Duration, now time.Time) *float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	passed := now.Sub(m.at)
	if !m.at.IsZero() && passed < meterLeast {
		return m.last
	}
	m.last = nil
	if passed <= meterMost && cpu >= m.cpu {
		p := 100 * float64(cpu-m.cpu) / float64(passed)
		m.last = &p
	}
	m.at, m.cpu = now, cpu
	return m.last
}
