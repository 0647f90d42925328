package supervisor

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/term"
)

// maxListed bounds the list of processes; the biggest are told.
const maxListed = 500

// watch remembers what processes had computed when they were last looked at.
type watch struct {
	mu   sync.Mutex
	at   time.Time
	seen map[processKey]int64 // ticks
}

// processKey names a process though its number is given again.
type processKey struct {
	pid   int
	start int64
}

// row is a process as it was read.
type row struct {
	api.Process
	key     processKey
	session int
	ticks   int64
}

// listProcesses tells what runs in the project, what uses most first.
func (s *Supervisor) listProcesses(w http.ResponseWriter, _ *http.Request, _ call) error {
	now := time.Now()
	rows := s.rows()
	s.watch.mu.Lock()
	passed := now.Sub(s.watch.at)
	seen := make(map[processKey]int64, len(rows))
	for i := range rows {
		r := &rows[i]
		seen[r.key] = r.ticks
		before, known := s.watch.seen[r.key]
		span := passed
		if !known || passed > meterMost {
			before, span = 0, now.Sub(r.Started)
		}
		if span > 0 {
			r.CPUPercent = 100 * float64(r.ticks-before) / ticksPerSecond / span.Seconds()
		}
	}
	if passed >= meterLeast {
		s.watch.at, s.watch.seen = now, seen
	}
	s.watch.mu.Unlock()
	slices.SortStableFunc(rows, func(a, b row) int {
		return int(min(max(b.MemoryBytes+int64(b.CPUPercent*1e6)-a.MemoryBytes-int64(a.CPUPercent*1e6), -1), 1))
	})
	list := make([]api.Process, 0, min(len(rows), maxListed))
	for _, r := range rows[:min(len(rows), maxListed)] {
		list = append(list, r.Process)
	}
	return rest.WriteJSON(w, list)
}

// rows reads all processes of the project.
func (s *Supervisor) rows() []row {
	boot := bootTime()
	terminals, kernels := s.terminals.sessions(), s.kernels.sessions()
	self, server := os.Getpid(), s.server.pid()
	var rows []row
	for _, pid := range tree(self) {
		r, ok := readRow(pid, boot)
		if !ok {
			continue
		}
		r.Own = pid == self || pid == server
		if t := terminals[r.session]; t != nil {
			info := t.Info()
			r.Terminal, r.TerminalName = info.ID, info.Name
		}
		if k := kernels[r.session]; k != nil {
			r.Kernel, r.KernelName, r.Notebook = k.names()
		}
		rows = append(rows, r)
	}
	return rows
}

var states = map[byte]string{'R': "running", 'S': "sleeping", 'I': "sleeping", 'D': "waiting", 'T': "stopped", 't': "stopped", 'Z': "ended", 'X': "ended"}

// readRow reads /proc/PID (proc_pid_stat(5)); ok is false when it is gone.
func readRow(pid int, boot time.Time) (r row, ok bool) {
	dir := "/proc/" + strconv.Itoa(pid)
	b, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return r, false
	}
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	f := strings.Fields(string(b[end+1:]))
	if open < 0 || end < open || len(f) < 20 {
		return r, false
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(f[i], 10, 64) // the kernel writes numbers there
		return n
	}
	r.PID, r.Parent, r.session = pid, int(number(1)), int(number(3))
	r.Command = printable(b[open+1 : end])
	r.State = states[f[0][0]]
	r.ticks, r.Threads = number(11)+number(12), int(number(17))
	r.CPUSeconds = float64(r.ticks) / ticksPerSecond
	r.key = processKey{pid, number(19)}
	r.Started = boot.Add(time.Duration(r.key.start) * time.Second / ticksPerSecond).UTC()
	r.MemoryBytes = ownMemory(pid)
	if line, err := os.ReadFile(dir + "/cmdline"); err == nil {
		if text := printable(bytes.ReplaceAll(bytes.TrimRight(line, "\x00"), []byte{0}, []byte(" "))); text != "" {
			r.Command = text
		}
	}
	return r, true
}

// maxCommand is how much of a command line is told, in characters.
const maxCommand = 300

// printable makes text of a program's own choice fit for people.
func printable(b []byte) string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(b), "�"))
	if r := []rune(text); len(r) > maxCommand {
		text = string(r[:maxCommand-1]) + "…"
	}
	return text
}

// bootTime is when the clock of /proc began.
func bootTime() time.Time {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return time.Time{}
	}
	return time.Now().Add(-time.Duration(up.Nano()))
}

// killAfter is how long an ended process has from SIGTERM to SIGKILL.
const killAfter = 3 * time.Second

// endProcess ends one process of the project: SIGTERM, and SIGKILL 3 s later, or at
// once with ?now=1.
func (s *Supervisor) endProcess(w http.ResponseWriter, r *http.Request, c call) error {
	pid, err := strconv.Atoi(c.tid)
	if err != nil || pid <= 0 {
		return lyceum.Errorf(lyceum.Invalid, "a process has a number")
	}
	if pid == os.Getpid() || pid == s.server.pid() {
		return lyceum.Errorf(lyceum.Forbidden, "this is the project's own server; stop the project instead")
	}
	found, ok := readRow(pid, time.Time{})
	if !ok || !slices.Contains(tree(os.Getpid()), pid) {
		return lyceum.Errorf(lyceum.NotFound, "there is no such process any more")
	}
	same := func() bool {
		now, ok := readRow(pid, time.Time{})
		return ok && now.key == found.key && now.State != "ended"
	}
	signal := func(list ...unix.Signal) {
		for _, sig := range list {
			if same() {
				_ = unix.Kill(pid, sig) // ESRCH: it ended meanwhile
			}
		}
	}
	if r.URL.Query().Get("now") == "1" {
		signal(unix.SIGKILL)
	} else {
		signal(unix.SIGTERM, unix.SIGCONT)
		if isShell(found.Command) {
			signal(unix.SIGHUP) // which an interactive shell obeys
		}
		time.AfterFunc(killAfter, func() { signal(unix.SIGKILL) })
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// isShell reports whether it is a shell that waits for people, which does not hear
// SIGTERM.
func isShell(command string) bool {
	name, rest, _ := strings.Cut(command, " ")
	return strings.HasSuffix(name, "sh") && (rest == "" || rest == "-l" || rest == "-i")
}

// sessions are the terminals by the process that leads their session.
func (ts *terminals) sessions() map[int]*term.Session {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	m := make(map[int]*term.Session, len(ts.open))
	for _, s := range ts.open {
		m[s.Info().PID] = s
	}
	return m
}

// bySession returns the terminal whose shell leads the session, or nil.
func (ts *terminals) bySession(pid int) *term.Session { return ts.sessions()[pid] }
