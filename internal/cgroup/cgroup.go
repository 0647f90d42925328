// Package cgroup knows the control groups of Linux, version 1 and version 2: it
// finds the cgroup that this program is in, makes one for each project below it,
// limits what the processes in it may use, and reads what they use.
//
// The same questions have other files in the two versions, and a machine may
// have both at once with some controllers in each. A Group is therefore one
// folder in each hierarchy, and each question goes to the folder that has the
// file for it. Sources: cgroups(7); Documentation/admin-guide/cgroup-v2.rst and
// cgroup-v1/ of the kernel.
package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// controllers are those that limit something for us or tell us something. In
// version 2 there is no cpuacct: cpu tells the time too.
var controllers = []string{"cpu", "cpuacct", "memory", "pids"}

// hierarchy is a mounted hierarchy that holds a controller of ours, or that of
// version 2.
type hierarchy struct {
	v2   bool
	at   string // where it is mounted
	root string // which cgroup is seen there: "/" unless it is a part of the tree
	own  string // folder of the cgroup that this program is in
}

// read returns the hierarchies of this program.
func read() []hierarchy {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil // no cgroups in this kernel
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	return parse(string(own), string(mounts))
}

// parse reads the texts of /proc/self/cgroup and /proc/self/mountinfo (proc(5)).
func parse(own, mounts string) []hierarchy {
	paths := map[string]string{} // controller, or "" for version 2, to our path in it
	for line := range strings.Lines(own) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 || !strings.HasPrefix(f[2], "/") {
			continue
		}
		for c := range strings.SplitSeq(f[1], ",") {
			paths[c] = f[2]
		}
	}
	var all []hierarchy
	for line := range strings.Lines(mounts) {
		before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(g) < 3 {
			continue
		}
		h := hierarchy{v2: g[0] == "cgroup2", root: f[3], at: unescape(f[4])}
		name, ok := "", h.v2
		if g[0] == "cgroup" {
			i := slices.IndexFunc(controllers, func(c string) bool { return slices.Contains(strings.Split(g[2], ","), c) })
			if ok = i >= 0; ok {
				name = controllers[i]
			}
		}
		path := paths[name]
		if !ok || path == "" || slices.ContainsFunc(all, func(o hierarchy) bool { return o.at == h.at }) {
			continue
		}
		// In a container the mount shows a part of the tree only.
		if rest, ok := strings.CutPrefix(path, h.root); ok && h.root != "/" {
			path = rest
		}
		h.own = filepath.Join(h.at, filepath.Clean("/"+path))
		all = append(all, h)
	}
	return all
}

// unescape undoes what mountinfo does to spaces: \040.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// Own returns the cgroup that this program is in, if its folders have that name,
// as far as it can be seen from here.
func Own(name string) Group {
	var g Group
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || !strings.Contains(string(own), "/"+name+"\n") {
		return nil
	}
	for _, h := range read() {
		if _, err := os.Stat(filepath.Join(h.own, procs)); err == nil {
			g = append(g, h.own)
		}
	}
	return g
}

// procs is the file of a cgroup that lists its processes, and takes new ones.
const procs = "cgroup.procs"

// Parent holds the cgroups of the projects: a folder in each hierarchy that we may
// write in, each below the cgroup that this program is in.
type Parent struct {
	dirs    []string
	missing []string
}

// hubGroup is the leaf that this program goes into in version 2, where a cgroup
// with processes of its own cannot limit those below it. systemd's
// DelegateSubgroup= in the unit makes it before us.
const hubGroup = "hub"

// Open makes the folder of that name wherever it is possible.
func Open(name string) Parent { return open(read(), name) }

func open(all []hierarchy, name string) Parent {
	var p Parent
	for _, h := range all {
		if h.v2 {
			p.openV2(h, name)
			continue
		}
		dir := filepath.Join(h.own, name)
		if makeDir(dir) == nil {
			p.dirs = append(p.dirs, dir)
		}
	}
	for _, k := range limitFiles() {
		if !slices.ContainsFunc(p.dirs, func(dir string) bool { return k.in(dir, true) }) {
			p.missing = append(p.missing, k.name)
		}
	}
	return p
}

// openV2 makes the folder below our cgroup or, for root, below the root of the
// hierarchy, and hands our controllers down to what will be in it.
func (p *Parent) openV2(h hierarchy, name string) {
	base := h.own
	if filepath.Base(base) == hubGroup {
		base = filepath.Dir(base)
	}
	bases := []string{base}
	if h.root == "/" && h.at != base {
		bases = append(bases, h.at)
	}
	best := ""
	for _, base := range bases {
		dir := filepath.Join(base, name)
		if makeDir(dir) != nil {
			continue
		}
		if best == "" {
			best = dir
		}
		if handDown(base) && handDown(dir) {
			best = dir
			break
		}
	}
	if best != "" {
		p.dirs = append(p.dirs, best)
	}
}

// handDown enables our controllers for the cgroups below dir and reports whether
// at least those are that limit memory and processes.
func handDown(dir string) bool {
	file := filepath.Join(dir, "cgroup.subtree_control")
	enable := func() {
		for _, c := range controllers {
			// Each alone: one that is not there must not take the others along.
			_ = os.WriteFile(file, []byte("+"+c), 0)
		}
	}
	enabled := func() bool {
		b, _ := os.ReadFile(file)
		list := strings.Fields(string(b))
		return slices.Contains(list, "memory") && slices.Contains(list, "pids")
	}
	if enable(); enabled() {
		return true
	}
	// Perhaps because we are in it ourselves.
	if !stepAside(dir) {
		return false
	}
	enable()
	return enabled()
}

// stepAside moves this program and its children from dir into a leaf below it, if
// there is nobody else in dir.
func stepAside(dir string) bool {
	all := Group{dir}.Pids()
	if len(all) == 0 || slices.ContainsFunc(all, func(pid int) bool { return !ours(pid) }) {
		return false
	}
	leaf := filepath.Join(dir, hubGroup)
	if makeDir(leaf) != nil {
		return false
	}
	ok := true
	for _, pid := range all {
		ok = join(leaf, pid) == nil && ok
	}
	return ok
}

// ours reports whether a process is this one or descends from it.
func ours(pid int) bool {
	for range 64 {
		if pid == os.Getpid() {
			return true
		}
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			return false
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(f) < 2 {
			return false
		}
		if pid, err = strconv.Atoi(f[1]); err != nil || pid <= 1 {
			return false
		}
	}
	return false
}

// Missing names the limits that cannot be set here: cpu, memory, processes.
func (p Parent) Missing() []string { return p.missing }

// IsZero reports whether no cgroup can be made at all.
func (p Parent) IsZero() bool { return len(p.dirs) == 0 }

// Remove removes the folders, if no project is in them.
func (p Parent) Remove() {
	for _, dir := range p.dirs {
		_ = os.Remove(dir) // one with projects stays
	}
}

// Group makes the cgroups of one project, as far as possible. They are there when
// they were already.
func (p Parent) Group(id lyceum.ProjectID) Group {
	var g Group
	for _, root := range p.dirs {
		if dir := filepath.Join(root, string(id)); makeDir(dir) == nil {
			g = append(g, dir)
		}
	}
	return g
}

// makeDir makes a folder that everybody may look into, whatever our umask:
// projects see their own cgroup, and bubblewrap goes there with their rights. One that
// is there already may have become read-only, in a container that was made anew.
func makeDir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	if err := unix.Access(dir, unix.W_OK); err != nil {
		return err
	}
	fi, err := os.Stat(dir)
	if err != nil || fi.Mode().Perm()&0o555 == 0o555 {
		return err
	}
	return os.Chmod(dir, 0o755)
}

func join(dir string, pid int) error {
	return os.WriteFile(filepath.Join(dir, procs), []byte(strconv.Itoa(pid)), 0)
}
