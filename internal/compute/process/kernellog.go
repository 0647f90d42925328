package process

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// kernelLog reads in the kernel's log whom it ended for want of memory. Root may
// read it on most machines; elsewhere the processes themselves are looked at. It is
// read only after an alarm. The zero value reads nothing.
type kernelLog struct {
	mu   sync.Mutex
	fd   int // of /dev/kmsg; 0: none
	kept []killed
}

// killed is what the kernel says of one that it ended.
type killed struct {
	project lyceum.ProjectID // "" when it did not say whose it was
	uid     int              // of its user; -1 when it did not say
	pid     int              // as the whole machine numbers it
	name    string           // as ps shows it: 15 bytes at most
	memory  int64            // bytes that it held
}

// maxKept bounds what is kept of others' while one project is looked at.
const maxKept = 64

// open begins at the end of the log.
func (k *kernelLog) open() {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return // a container, or not root
	}
	if _, err := unix.Seek(fd, 0, unix.SEEK_END); err != nil {
		_ = unix.Close(fd)
		return
	}
	k.fd = fd
}

func (k *kernelLog) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fd > 0 {
		_ = unix.Close(k.fd)
		k.fd = 0
	}
}

// take returns, once, who was ended of a project: by its cgroup's name or, where
// the kernel did not say that (it says it of ten programs in five seconds), by the
// project's own uid, unless that is 0, or by one of its processes.
func (k *kernelLog) take(id lyceum.ProjectID, uid int, there []member) (list []killed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.readLocked()
	k.kept = slices.DeleteFunc(k.kept, func(e killed) bool {
		its := e.name != "" && (e.project == id || e.project == "" && (uid > 0 && e.uid == uid || find(there, e) != nil))
		if its {
			list = append(list, e)
		}
		return its
	})
	return list
}

// find returns the program that the kernel speaks of.
func find(there []member, e killed) *member {
	for i, q := range there {
		// In a PID namespace our numbers are others (see likeNamed); then the name rarely fits too.
		if q.Pid == e.pid && q.name == e.name {
			return &there[i]
		}
	}
	return nil
}

// likeNamed returns the program that the kernel most likely speaks of where its
// numbers are not ours: the biggest of that name that ended.
func likeNamed(seen []member, e killed) *member {
	var found *member
	for i := range seen {
		if q := &seen[i]; q.name == e.name && (found == nil || q.memory > found.memory) && q.ending() {
			found = q
		}
	}
	return found
}

func (k *kernelLog) readLocked() {
	if k.fd <= 0 {
		return
	}
	var b [8192]byte
	for {
		n, err := unix.Read(k.fd, b[:]) // one record at a time
		if err == unix.EPIPE || err == unix.EINTR {
			continue // some were overwritten before we came
		}
		if err != nil || n <= 0 {
			return
		}
		k.noteLocked(string(b[:n]))
		if extra := len(k.kept) - maxKept; extra > 0 {
			k.kept = slices.Delete(k.kept, 0, extra)
		}
	}
}

var (
	killLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[^;]*;.*\bKilled process (\d+) \((.{0,64})\) total-vm:\d+kB, anon-rss:(\d+)kB, file-rss:\d+kB, shmem-rss:(\d+)kB(?:, UID:(\d{1,10}) )?`)
	})
	groupLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[^;]*;oom-kill:.*,task_memcg=([^,]*),task=.{0,64},pid=(\d+),`)
	})
)

// noteLocked reads one record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): the
// line that tells whose process was chosen, and the one that tells of its end.
func (k *kernelLog) noteLocked(record string) {
	record, _, _ = strings.Cut(record, "\n")
	if m := groupLine().FindStringSubmatch(record); m != nil {
		pid, err := strconv.Atoi(m[2])
		id, bad := lyceum.ParseID[lyceum.ProjectID](m[1][strings.LastIndexByte(m[1], '/')+1:])
		if err == nil && bad == nil {
			k.kept = append(k.kept, killed{project: id, uid: -1, pid: pid})
		}
		return
	}
	m := killLine().FindStringSubmatch(record)
	if m == nil {
		return
	}
	pid, err := strconv.Atoi(m[1])
	anon, _ := strconv.ParseInt(m[3], 10, 64)
	shared, _ := strconv.ParseInt(m[4], 10, 64)
	if err != nil || anon > 1<<50 || shared > 1<<50 {
		return
	}
	uid, err := strconv.Atoi(m[5])
	if err != nil {
		uid = -1 // before Linux 5.4
	}
	e := killed{uid: uid, pid: pid, name: m[2], memory: (anon + shared) << 10}
	for i, o := range k.kept {
		if o.pid == pid && o.name == "" {
			e.project = o.project
			k.kept = slices.Delete(k.kept, i, i+1)
			break
		}
	}
	k.kept = append(k.kept, e)
}
