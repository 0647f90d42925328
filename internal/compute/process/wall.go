package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Where a project behind bubblewrap finds its things.
const (
	insideUser = "user"
	insideHome = "/home/user"
	insideRun  = "/run/lyceum"
	insideBin  = "/run/bin"
	insideExe  = "/run/bin/lyceum"
)

// wall is a command line of bwrap(1) and the files it reads.
type wall struct {
	args  []string
	files []*os.File // descriptors 5 and up of the child
	ours  []*os.File // ends of pipes that only the child may hold
	info  *os.File   // bubblewrap writes the pid of the first process here
}

// wall builds the view of the machine that a project has: the system read-only,
// its own home and run folder, and nothing else of the data folder; its own
// processes, IPC, host name and, unless it shares the machine's, network.
func (j jail) wall(o order, status *os.File) (wall, error) {
	w := wall{args: []string{j.bwrap, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", o.hostname, "--new-session", "--as-pid-1"}}
	w.add(j.rights()...)
	w.add(systemView(j.readOnly)...)
	w.add("--proc", "/proc", "--dev", "/dev")
	w.add(temporary(o.limits)...)
	w.add(groupView(o.group)...)
	w.add("--perms", "0755", "--tmpfs", "/run", "--perms", "0755", "--dir", "/home", "--perms", "0755", "--dir", insideBin)
	// After the system, because they may lie in what it shows.
	w.add(hidden(append([]string{j.data}, j.hide...), j.readOnly)...)
	if !j.net.separate() {
		w.add(resolver()...)
	}
	w.add("--ro-bind", j.exe, insideExe, "--bind", o.home, insideHome)
	if o.run != "" {
		w.add("--bind", o.run, insideRun)
	}
	uid := o.uid
	if !j.root {
		uid = os.Geteuid()
	}
	err := errors.Join(
		w.file("/etc/passwd", passwd(uid)),
		w.file("/etc/group", group(uid)),
		j.names(&w),
		w.filter(j.filter),
		w.reports(status))
	w.add("--chdir", "/", "--")
	if j.root && !j.userns {
		id := strconv.Itoa(o.uid)
		w.add(j.setpriv, "--reuid", id, "--regid", id, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--")
	}
	if err != nil {
		w.close()
		return wall{}, err
	}
	return w, nil
}

// names shows how the project finds addresses of names.
func (j jail) names(w *wall) error {
	if !j.net.separate() {
		return nil
	}
	w.add("--unshare-net")
	place, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		return nil // the machine has no resolver, so its projects have none
	}
	machine, err := os.ReadFile(place)
	if err != nil {
		return err
	}
	return w.file(place, resolvConf(string(machine)))
}

// rights says what bubblewrap may do inside before it becomes the project.
func (j jail) rights() []string {
	if j.root && !j.userns {
		// Only to change the uid, by setpriv, which then drops these too.
		return []string{"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"}
	}
	return []string{"--unshare-user"}
}

func (w *wall) add(args ...string) { w.args = append(w.args, args...) }

// pass makes f a descriptor of the child and returns its number.
func (w *wall) pass(f *os.File) string {
	w.files = append(w.files, f)
	return strconv.Itoa(4 + len(w.files))
}

// file shows content as a read-only file at path.
func (w *wall) file(path string, content string) error {
	number, err := w.content(content)
	w.add("--perms", "0644", "--ro-bind-data", number, path)
	return err
}

// filter has bubblewrap put a filter on system calls before it runs the project.
func (w *wall) filter(program string) error {
	if program == "" {
		return nil
	}
	number, err := w.content(program)
	w.add("--seccomp", number)
	return err
}

// content makes a descriptor of the child that reads text, and returns its number.
func (w *wall) content(text string) (string, error) {
	r, wr, err := os.Pipe()
	if err != nil {
		return "", err
	}
	w.ours = append(w.ours, r)
	// It fits into the pipe, so nobody has to read meanwhile.
	_, err = wr.WriteString(text)
	return w.pass(r), errors.Join(err, wr.Close())
}

// reports has bubblewrap tell the pid of the first process, and append its exit
// code to status.
func (w *wall) reports(status *os.File) error {
	r, wr, err := os.Pipe()
	if err != nil {
		return err
	}
	w.info = r
	w.ours = append(w.ours, wr)
	w.add("--info-fd", w.pass(wr))
	if status != nil {
		w.add("--json-status-fd", w.pass(status))
	}
	return nil
}

func (w *wall) closeOurEnds() {
	for _, f := range w.ours {
		_ = f.Close()
	}
	w.ours = nil
}

func (w *wall) close() {
	w.closeOurEnds()
	if w.info != nil {
		_ = w.info.Close()
	}
}

// childPid reads what bubblewrap says of the process that it started.
func (w *wall) childPid() (int, error) {
	var info struct {
		Pid int `json:"child-pid"`
	}
	_ = w.info.SetReadDeadline(time.Now().Add(10 * time.Second))
	if err := json.NewDecoder(w.info).Decode(&info); err != nil {
		return 0, err
	}
	if info.Pid <= 1 {
		return 0, errors.New("it told no pid")
	}
	return info.Pid, nil
}

// systemDirs hold the programs and settings of the machine; /ext holds the software
// that an administrator shares with all projects.
var systemDirs = []string{"/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/ext"}

// systemView shows the programs and settings of the machine.
func systemView(more []string) []string {
	var args []string
	for _, dir := range slices.Concat(systemDirs, more) {
		fi, err := os.Lstat(dir)
		if err != nil {
			continue
		}
		if fi.Mode()&os.ModeSymlink != 0 {
			if to, err := os.Readlink(dir); err == nil {
				args = append(args, "--symlink", to, dir)
			}
			continue
		}
		args = append(args, "--ro-bind", dir, dir)
	}
	return args
}

// hidden covers files and folders that the system's view shows.
func hidden(paths, more []string) []string {
	var args []string
	for _, p := range paths {
		real, err := filepath.EvalSymlinks(p)
		if err != nil || !shown(real, more) {
			continue
		}
		if fi, err := os.Stat(real); err == nil && fi.IsDir() {
			args = append(args, "--tmpfs", real)
		} else if err == nil {
			args = append(args, "--ro-bind", "/dev/null", real)
		}
	}
	return args
}

// shown reports whether a path lies in a folder that the system's view shows.
// What lies elsewhere needs no cover.
func shown(path string, more []string) bool {
	for dir := path; dir != "/" && dir != "."; dir = filepath.Dir(dir) {
		if slices.Contains(systemDirs, dir) || slices.Contains(more, dir) {
			return true
		}
	}
	return false
}

// resolver shows the file that /etc/resolv.conf leads to, which on many systems
// lies in /run.
func resolver() []string {
	real, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil || real == "/etc/resolv.conf" || strings.HasPrefix(real, "/etc/") || strings.HasPrefix(real, "/usr/") {
		return nil
	}
	return []string{"--ro-bind", real, real}
}

// passwd is the machine's list of system users and the project's own: names of
// the machine's people are not the project's business.
func passwd(uid int) string {
	shell := "/bin/bash"
	if _, err := os.Stat(shell); err != nil {
		shell = "/bin/sh"
	}
	return systemNames("/etc/passwd", uid) + fmt.Sprintf("%s:x:%d:%d:%s:%s:%s\n", insideUser, uid, uid, insideUser, insideHome, shell)
}

func group(gid int) string {
	return systemNames("/etc/group", gid) + fmt.Sprintf("%s:x:%d:\n", insideUser, gid)
}

// systemNames returns the lines of a passwd(5) or group(5) file for ids below
// 1000 and nobody, but not own, and at most 32 KiB.
func systemNames(file string, own int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) < 3 || f[0] == insideUser {
			continue
		}
		id, err := strconv.Atoi(f[2])
		if err != nil || id == own || (id >= 1000 && id != probeUID) || out.Len()+len(line) > 32<<10 {
			continue
		}
		if len(f) == 4 {
			f[3] = "" // a group's members
		}
		out.WriteString(strings.Join(f, ":") + "\n")
	}
	return out.String()
}
