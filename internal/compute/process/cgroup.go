package process

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/lyceum"
)

// cgroups are the folders, one in each hierarchy that we may write in, below
// which each project has a cgroup of its own. They are for finding all of a
// project's processes and what they used; limits are not set here.
type cgroups struct{ roots []string }

// wantedControllers are the hierarchies of cgroup v1 that tell us something.
var wantedControllers = []string{"memory", "cpuacct", "pids"}

// findCgroups makes our folder below the hub's own cgroup in each hierarchy,
// v1 (cgroups(7)) and v2, where that is possible.
func findCgroups(data string) cgroups {
	sum := sha256.Sum256([]byte(data))
	name := "lyceum-" + hex.EncodeToString(sum[:4])
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return cgroups{}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return cgroups{}
	}
	var g cgroups
	for _, dir := range cgroupFolders(string(own), string(mounts)) {
		root := filepath.Join(dir, name)
		if err := os.Mkdir(root, 0o755); err != nil && !os.IsExist(err) {
			continue
		}
		g.roots = append(g.roots, root)
	}
	return g
}

// cgroupFolders returns the folders of our own cgroups, from the texts of
// /proc/self/cgroup and /proc/self/mountinfo (proc(5)).
func cgroupFolders(own, mounts string) []string {
	paths := map[string]string{} // controller, or "" for v2, to our path in it
	for line := range strings.Lines(own) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		for c := range strings.SplitSeq(f[1], ",") {
			paths[c] = f[2]
		}
	}
	var dirs []string
	for line := range strings.Lines(mounts) {
		before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(g) < 3 {
			continue
		}
		root, at := f[3], f[4]
		switch g[0] {
		case "cgroup2":
			dirs = appendCgroup(dirs, at, root, paths[""])
		case "cgroup":
			for _, c := range wantedControllers {
				if strings.Contains(","+g[2]+",", ","+c+",") {
					dirs = appendCgroup(dirs, at, root, paths[c])
					break
				}
			}
		}
	}
	return dirs
}

func appendCgroup(dirs []string, at, root, path string) []string {
	if path == "" {
		return dirs
	}
	// In a container the mount shows a part of the tree only.
	if rest, ok := strings.CutPrefix(path, root); ok && root != "/" {
		path = rest
	}
	return append(dirs, filepath.Join(at, path))
}

// hold puts processes into the project's cgroups and returns those that took them.
func (g cgroups) hold(id lyceum.ProjectID, pids ...int) []string {
	var held []string
	for _, root := range g.roots {
		dir := filepath.Join(root, string(id))
		if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
			continue
		}
		ok := true
		for _, pid := range pids {
			ok = os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0) == nil && ok
		}
		if ok {
			held = append(held, dir)
		} else {
			_ = os.Remove(dir)
		}
	}
	return held
}

// remove removes the cgroups of a project that has ended. The kernel may still
// count a dying process for some milliseconds.
func (g cgroups) remove(dirs []string) {
	for _, dir := range dirs {
		for range 20 {
			if err := os.Remove(dir); err == nil || os.IsNotExist(err) {
				break
			}
			<-time.After(5 * time.Millisecond)
		}
	}
}

// pidsIn lists the processes in cgroups.
func pidsIn(dirs []string) []int {
	seen := map[int]bool{}
	var pids []int
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(b)) {
			if pid, err := strconv.Atoi(f); err == nil && !seen[pid] {
				seen[pid] = true
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// oomKills tells how many processes the kernel killed in the cgroups for want of
// memory.
func oomKills(dirs []string) int64 {
	var n int64
	for _, dir := range dirs {
		n += field(filepath.Join(dir, "memory.events"), "oom_kill") + field(filepath.Join(dir, "memory.oom_control"), "oom_kill")
	}
	return n
}

// cpuTime tells how long the processes in the cgroups, and those that ended,
// have computed; ok is false when no cgroup counts that.
func cpuTime(dirs []string) (d time.Duration, ok bool) {
	for _, dir := range dirs {
		if b, err := os.ReadFile(filepath.Join(dir, "cpuacct.usage")); err == nil {
			n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
			return time.Duration(n), err == nil
		}
	}
	for _, dir := range dirs {
		if us := field(filepath.Join(dir, "cpu.stat"), "usage_usec"); us > 0 {
			return time.Duration(us) * time.Microsecond, true
		}
	}
	return 0, false
}

// field reads one "name number" line of a file; 0 when there is none.
func field(path, name string) int64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == name {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n
		}
	}
	return 0
}
