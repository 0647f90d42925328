package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lyceum/internal/cgroup"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// The ways of keeping projects apart, best first.
const (
	kindUIDBwrap = "uid+bubblewrap" // own uid, own view of files, processes, IPC
	kindUID      = "uid"            // own uid only
	kindBwrap    = "bubblewrap"     // own view, but the same uid for all
	kindNone     = "none"
)

// probeUID is the uid that is tried out when we are root: "nobody" of Linux.
const probeUID = 65534

// jail is one way of keeping projects apart.
type jail struct {
	kind     string
	bwrap    string // path of bwrap, or ""
	setpriv  string // path of setpriv(1), or ""
	root     bool   // we are root and give each project its uid
	userns   bool   // with bwrap as root: it runs as the project, in a user namespace
	exe      string
	data     string
	records  string
	hide     []string
	readOnly []string
	net      network
	filter   string   // on system calls, for bubblewrap; "" where there is none
	tried    []string // what was tried before and did not work, for administrators
}

// order is what to start and how it sees its surroundings.
type order struct {
	uid      int
	home     string // on the machine
	run      string // on the machine; "" when it has none
	hostname string
	argv     []string // as seen inside
	group    cgroup.Group
	limits   lyceum.Limits
}

// inside is where the jail shows things to the project.
type inside struct{ home, run, exe string }

func (j jail) namespaced() bool { return j.kind == kindUIDBwrap || j.kind == kindBwrap }

// see returns where a project finds its folders.
func (j jail) see(home, run string) inside {
	if j.namespaced() {
		return inside{home: insideHome, run: insideRun, exe: insideExe}
	}
	return inside{home: home, run: run, exe: j.exe}
}

// chooseJail tries the ways from the best down and takes the first that works.
func chooseJail(ctx context.Context, cfg Config, at places) (jail, error) {
	base := jail{exe: cfg.Executable, data: cfg.Data, records: at.records, hide: cfg.Hide, readOnly: cfg.ReadOnly, root: os.Geteuid() == 0}
	base.bwrap, _ = exec.LookPath("bwrap")
	if !cfg.withoutFilter {
		var err error
		if base.filter, err = filterBytes(); err != nil {
			return base, err
		}
	}
	if !cfg.withoutSetpriv {
		base.setpriv, _ = exec.LookPath("setpriv")
	}
	var tried []string
	for _, j := range base.variants() {
		if cfg.Confine != "" && cfg.Confine != j.kind {
			continue
		}
		if err := j.prepare(at); err != nil {
			return j, err
		}
		if err := j.probe(ctx, nil); err != nil {
			if ctx.Err() != nil {
				return j, ctx.Err()
			}
			tried = append(tried, fmt.Sprintf("%s: %v", j.kind, err))
			continue
		}
		j.tried = tried
		return j, nil
	}
	return base, lyceum.Errorf(lyceum.Invalid, "projects cannot be confined by %q here: %s", cfg.Confine, strings.Join(tried, "; "))
}

// variants lists what makes sense on this machine, best first. As root,
// bubblewrap itself runs as root and the uid is changed inside: that needs no
// user namespaces, which some systems forbid, and root's files look like root's
// (in a user namespace they belong to nobody, and ssh refuses its own
// configuration). The other way round is the second choice.
func (j jail) variants() []jail {
	with := func(kind string, userns bool) jail {
		v := j
		v.kind, v.userns = kind, userns
		return v
	}
	switch {
	case j.root && j.bwrap != "" && j.setpriv != "":
		return []jail{with(kindUIDBwrap, false), with(kindUIDBwrap, true), with(kindUID, false), with(kindNone, false)}
	case j.root && j.bwrap != "":
		return []jail{with(kindUIDBwrap, true), with(kindUID, false), with(kindNone, false)}
	case j.root:
		return []jail{with(kindUID, false), with(kindNone, false)}
	case j.bwrap != "":
		return []jail{with(kindBwrap, false), with(kindNone, false)}
	}
	return []jail{with(kindNone, false)}
}

// prepare opens the way to the homes where projects walk it with their own uid.
func (j jail) prepare(at places) error {
	if !j.root || j.kind == kindNone || (j.kind == kindUIDBwrap && !j.userns) {
		return nil
	}
	for _, dir := range []string{at.data, at.projects, at.run} {
		if err := os.Chmod(dir, 0o711); err != nil {
			return problemOf(err, "open the way through "+dir)
		}
	}
	return nil
}

// probe starts a shell as a project would be and has it look around. with, if
// any, is done to its first process before.
func (j jail) probe(ctx context.Context, with func(first process) error) error {
	if j.kind == kindNone {
		return nil
	}
	dir, err := os.MkdirTemp(filepath.Join(j.data, "projects"), ".probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	uid := 0
	if j.root {
		uid = probeUID
		if err := os.Chown(dir, uid, uid); err != nil {
			return err
		}
	}
	const look = `id -u; echo $$; test -x "$1" && echo runs; : >written && echo writes; test -r "$2" && echo sees; exit 0`
	in := j.see(dir, "")
	var out strings.Builder
	c, err := j.start(order{uid: uid, home: dir, hostname: "probe",
		argv: []string{"/bin/sh", "-c", look, "sh", in.exe, filepath.Join(j.records, "lock")}},
		output{combined: &out})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.cmd.Process.Kill() })
	defer stop()
	if with != nil {
		select {
		case <-c.stands:
		case <-ctx.Done():
		}
		first, err := identify(c.init)
		if err == nil {
			err = with(first)
		}
		if err != nil {
			_ = c.gate.Close()
			_ = c.cmd.Wait()
			return err
		}
	}
	if err := c.release(nil); err != nil {
		out.WriteString(err.Error())
	}
	err = c.cmd.Wait()
	return j.judge(uid, strings.Fields(out.String()), out.String(), err)
}

func (j jail) judge(uid int, words []string, text string, err error) error {
	has := func(w string) bool {
		for _, x := range words {
			if x == w {
				return true
			}
		}
		return false
	}
	if uid == 0 {
		uid = os.Geteuid()
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %s", err, oneLine(text))
	case len(words) < 2 || words[0] != fmt.Sprint(uid):
		return fmt.Errorf("a project would not run as uid %d: %s", uid, oneLine(text))
	case j.namespaced() && words[1] != "1":
		return errors.New("a project would not have its own process numbers")
	case !has("runs"):
		return fmt.Errorf("uid %d cannot execute %s; put it where everybody may read it, such as /usr/local/bin", uid, j.exe)
	case !has("writes"):
		return fmt.Errorf("uid %d cannot write in its home below %s; every folder above it needs execute permission for others", uid, j.data)
	case has("sees"):
		return errors.New("a project could read the server's data")
	}
	return nil
}

// report describes the jail for administrators.
func (j jail) report() compute.ConfinementReport {
	r := compute.ConfinementReport{Kind: j.kind, Isolated: j.kind != kindNone, Network: j.net.mode}
	say := func(s string) { r.Problems = append(r.Problems, s) }
	for _, t := range j.tried {
		say("Tried and not possible here: " + t + ".")
	}
	if j.bwrap == "" {
		say("bubblewrap is not installed, so projects see the machine's files and processes as any user does: apt-get install bubblewrap, then restart the server.")
	}
	if j.namespaced() && j.filter == "" {
		say("There is no filter on system calls for this processor: projects are kept apart by namespaces alone.")
	}
	switch j.kind {
	case kindUID:
		say("Projects are kept apart by user ids only: a project sees the list of all processes, and writes in the shared /tmp.")
	case kindBwrap:
		say("The server does not run as root, so all projects have its user id: only bubblewrap's walls are between them. Run the server as root for a user id each.")
	case kindNone:
		if j.root {
			say("Projects cannot be confined at all, and are not started, because they would run as root: install bubblewrap.")
		} else {
			say("Projects are not confined: each can read and change the files of all others and of the server.")
		}
	}
	r.Problems = append(r.Problems, j.net.report()...)
	return r
}

// refuse returns why a project may not be started with this uid, or nil.
func (j jail) refuse(uid int) error {
	switch {
	case !j.root:
		return nil // the uid is for servers that run as root
	case j.kind == kindNone:
		return lyceum.Errorf(lyceum.Invalid, "projects would run as root here; install bubblewrap or run the server as an ordinary user")
	case uid < 1000 || uid == 65534 || uid > 1<<31-2:
		return lyceum.Errorf(lyceum.Invalid, "the project has no user id of its own (%d)", uid)
	}
	return nil
}

// child is a started process that waits to be released.
type child struct {
	cmd       *exec.Cmd
	gate      *os.File
	stands    <-chan struct{} // closed when its namespaces are set up and it waits at the gate, or it is gone
	init      int             // pid of the first process inside, or of cmd itself
	namespace bool
}

// output says where a child's standard output and error go.
type output struct {
	file     *os.File         // a file, for what outlives us
	status   *os.File         // gets bubblewrap's reports
	combined *strings.Builder // memory, for a short probe
	pipe     *os.File         // the write end of a pipe, for progress
}

// loader runs in the child before the project's program does: it goes home, says on
// descriptor 4 that it is there, waits for the environment on descriptor 3, and
// becomes the program. Without
// the last line of the environment (the hub died meanwhile) it gives up. So no
// program of the project runs before our record of it is written, bubblewrap and
// setpriv never see variables that the project chose (LD_LIBRARY_PATH), and no
// secret is in an argument list.
const loader = `cd "$1" && shift && echo >&4 && exec 4>&- && e=$(cat <&3) && case $e in *'#go') eval "$e"; exec "$@" 3<&- ;; esac; exit 125`

// abandoned is the loader's exit code when it was not released.
const abandoned = 125

// start starts a child that is held at the gate.
func (j jail) start(o order, out output) (*child, error) {
	in := j.see(o.home, o.run)
	args := append([]string{"/bin/sh", "-c", loader, "sh", in.home}, o.argv...)
	attr := &syscall.SysProcAttr{Setsid: true}
	if j.root && o.uid > 0 && (j.kind == kindUID || j.userns) {
		attr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.uid), Groups: []uint32{}}
	}
	var w wall
	if j.namespaced() {
		var err error
		if w, err = j.wall(o, out.status); err != nil {
			return nil, err
		}
		defer w.close()
		args = append(w.args, args...)
	} else if j.net.separate() {
		attr.Cloneflags |= syscall.CLONE_NEWNET
	}
	if !j.namespaced() && j.setpriv != "" {
		args = append([]string{j.setpriv, "--no-new-privs", "--"}, args...)
	}
	return spawn(args, attr, out, w)
}

// spawn starts args with descriptor 3 as the gate, 4 to say that it is reached, and
// w's files after them.
func spawn(args []string, attr *syscall.SysProcAttr, out output, w wall) (*child, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	reached, reach, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	defer reach.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"}
	cmd.Dir = "/"
	cmd.SysProcAttr = attr
	cmd.ExtraFiles = append([]*os.File{read, reach}, w.files...)
	switch {
	case out.file != nil:
		cmd.Stdout, cmd.Stderr = out.file, out.file
	case out.pipe != nil:
		cmd.Stdout, cmd.Stderr = out.pipe, out.pipe
	case out.combined != nil:
		cmd.Stdout, cmd.Stderr = out.combined, out.combined
	}
	if err := startApart(cmd); err != nil {
		return nil, errors.Join(err, write.Close(), reached.Close())
	}
	c := &child{cmd: cmd, gate: write, stands: awaitByte(reached), init: cmd.Process.Pid}
	if w.info != nil {
		w.closeOurEnds()
		pid, err := w.childPid()
		if err != nil {
			_ = write.Close()
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return nil, fmt.Errorf("bubblewrap did not start: %w%s", err, said(out))
		}
		c.init, c.namespace = pid, true
	}
	return c, nil
}

// awaitByte returns a channel that is closed when a byte comes, or the last who
// could write one is gone. It closes f.
func awaitByte(f *os.File) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = f.Read(make([]byte, 1)) // both is an answer
		_ = f.Close()
	}()
	return done
}

func said(out output) string {
	if out.combined != nil && out.combined.Len() > 0 {
		return ": " + oneLine(out.combined.String())
	}
	return ""
}

// release gives the child its environment and lets it go.
func (c *child) release(env []variable) error {
	script := envScript(env)
	// A child that died already must not hold us: the pipe then breaks.
	_ = c.gate.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, err := c.gate.WriteString(script)
	return errors.Join(err, c.gate.Close())
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}
