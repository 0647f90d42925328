package pgserver

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const pidFileName = "postmaster.pid"

// pidFile is what we read of postmaster.pid. PostgreSQL 17,
// src/include/utils/pidfile.h: one value a line: process, data folder, start time
// in seconds since 1970, port, folder of the socket, and more. The lines appear one
// by one during the start.
type pidFile struct {
	pid     int // 0: there is no file, or nothing in it
	started time.Time
	runDir  string // "" until the socket is there
}

func readPIDFile(cluster string) (pidFile, error) {
	b, err := os.ReadFile(filepath.Join(cluster, pidFileName))
	if errors.Is(err, os.ErrNotExist) {
		return pidFile{}, nil
	}
	return parsePIDFile(b), err
}

func parsePIDFile(b []byte) pidFile {
	lines := strings.Split(string(b), "\n")
	lines = lines[:len(lines)-1] // what follows the last newline is not complete
	var f pidFile
	if len(lines) > 0 {
		if pid, err := strconv.Atoi(strings.TrimSpace(lines[0])); err == nil && pid > 1 {
			f.pid = pid
		}
	}
	if len(lines) > 2 {
		if sec, err := strconv.ParseInt(strings.TrimSpace(lines[2]), 10, 64); err == nil {
			f.started = time.Unix(sec, 0)
		}
	}
	if len(lines) > 4 {
		f.runDir = lines[4]
	}
	return f
}

// serves reports whether the process of the pid file is a PostgreSQL on our
// cluster. A number that was given to another process since is not.
func (s *Server) serves(f pidFile) bool {
	if f.pid == 0 || !isPostgres(f.pid) {
		return false
	}
	here, err := worksIn(f.pid, s.cluster)
	if err == nil {
		return here
	}
	// Without the right to look (a container without CAP_SYS_PTRACE), go by the
	// owner and the time of the start, which PostgreSQL notes within a second.
	var st syscall.Stat_t
	if syscall.Stat("/proc/"+strconv.Itoa(f.pid), &st) != nil || int(st.Uid) != s.who.uid {
		return false
	}
	at, err := startOf(f.pid)
	return err == nil && at.Sub(f.started).Abs() < 3*time.Second
}

// isPostgres reports whether a process is PostgreSQL's and lives. One that ended is
// still listed until its parent takes note, which the first process of a container
// often never does.
func isPostgres(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat") // 4711 (postgres) S …
	if err != nil {
		return false
	}
	_, rest, ok := bytes.Cut(b, []byte(" (postgres) "))
	return ok && len(rest) > 0 && rest[0] != 'Z' && rest[0] != 'X'
}

// worksIn reports whether dir is the working directory of the process, as the
// cluster is for each process of PostgreSQL.
func worksIn(pid int, dir string) (bool, error) {
	there, err := os.Stat("/proc/" + strconv.Itoa(pid) + "/cwd")
	if err != nil {
		return false, err
	}
	here, err := os.Stat(dir)
	return err == nil && os.SameFile(there, here), err
}

// processesIn lists the processes of PostgreSQL that work in the cluster, as far
// as we may see that.
func processesIn(cluster string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || !isPostgres(pid) {
			continue
		}
		if here, err := worksIn(pid, cluster); err == nil && here {
			all = append(all, pid)
		}
	}
	return all
}

// startOf is when the process started: proc(5), field 22 of stat, in hundredths of
// a second after the machine's start.
func startOf(pid int) (time.Time, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return time.Time{}, err
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 20 {
		return time.Time{}, errors.New("/proc/…/stat is too short")
	}
	ticks, err := strconv.ParseInt(string(fields[19]), 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	boot, err := bootTime()
	return boot.Add(time.Duration(ticks) * 10 * time.Millisecond), err
}

func bootTime() (time.Time, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, err
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, "btime "); ok {
			sec, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			return time.Unix(sec, 0), err
		}
	}
	return time.Time{}, errors.New("/proc/stat has no btime")
}
