package process

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lyceum/internal/compute"
	"lyceum/internal/compute/computetest"
	"lyceum/internal/lyceum"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			computetest.Run(t, func(t *testing.T) *computetest.System {
				r := newRig(t, w)
				return &computetest.System{
					Backend: func() compute.Backend { return r.Backend },
					UID:     r.uid,
					Reopen:  r.reopen,
					Kill:    r.kill,
					Ask:     ask1,
				}
			})
		})
	}
}

// TestAsOrdinaryUser runs the tests of this package again as a user who is not
// root, when they run as root.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the other tests run as an ordinary user already")
	}
	exe, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir := dataFolder(t)
	const uid = 64_999
	if err := os.Chown(dir, uid, uid); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^Test", "-test.timeout=5m", "-test.parallel=4")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, Groups: []uint32{}}}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir, "HOME=" + dir, "GORACE=" + quickEnd}
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as an ordinary user: %v\n%s", err, out)
	}
}

func TestAKilledHubLosesNothing(t *testing.T) {
	t.Parallel()
	exe, err := program()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{cfg: Config{Data: filepath.Join(dataFolder(t), "data"), Executable: exe}}
	id := lyceum.NewID[lyceum.ProjectID]()
	hub := exec.Command(exe, "hub", r.cfg.Data, string(id), strconv.Itoa(testUID()))
	hub.Stderr = os.Stderr
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	at := places{records: filepath.Join(r.cfg.Data, "compute")}
	var rec record
	computetest.Eventually(t, func() bool {
		rec, err = readRecord(at.record(id))
		return err == nil && ask(t.Context(), rec.socket()) == answers
	}, func() string { return "the hub's project does not answer" })

	if _, err := New(t.Context(), r.cfg); !lyceum.IsKind(err, lyceum.Conflict) {
		t.Errorf("a second hub on the folder: got %v, want kind conflict", err)
	}
	_ = hub.Process.Kill()
	_ = hub.Wait()
	r.open(t)
	t.Cleanup(func() { r.endAll(t) })
	o := r.await(t, id, lyceum.Running)
	if now := r.record(t, id); now.Init != rec.Init || !now.Init.alive() {
		t.Errorf("after the hub was killed: process %+v, want %+v still", now.Init, rec.Init)
	}
	if got := sh(t, o.Address, "echo here"); got != "here\n" {
		t.Errorf("the project says %q", got)
	}
	// And its end is seen though it is not our child.
	if rec.Namespace {
		tell(t, o.Address, "/sh?c="+url.QueryEscape("kill -TERM 1"))
		if o := r.await(t, id, lyceum.Stopped); o.Reason != "it ended by itself" {
			t.Errorf("reason: got %q", o.Reason)
		}
	}
}

func TestStopEndsEverything(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, w)
			spec := r.spec()
			o := r.start(t, spec)
			// A daemon in a session of its own that ignores what it can, and one that
			// forgets where it came from.
			sh(t, o.Address, `trap "" TERM HUP; setsid sh -c 'trap "" TERM HUP; while :; do sleep 600; done' >/dev/null 2>&1 &`)
			sh(t, o.Address, `setsid env -i /bin/sleep 601 >/dev/null 2>&1 &`)
			var before []int
			computetest.Eventually(t, func() bool {
				before = r.membersOf(r.record(t, spec.Project))
				said := commandLines(before)
				return strings.Contains(said, "project-server") && strings.Contains(said, "do sleep 600") &&
					strings.Contains(said, "sleep\x00600\x00") && strings.Contains(said, "/bin/sleep\x00601\x00")
			}, func() string {
				return fmt.Sprintf("processes of the project: %q, want the supervisor and both daemons", commandLines(before))
			})
			use, err := r.Usage(t.Context(), spec.Project)
			if err != nil || use.Processes < 4 || use.MemoryBytes == 0 {
				t.Errorf("Usage: got %+v, %v", use, err)
			}
			var all []process
			for _, pid := range before {
				if p, err := identify(pid); err == nil {
					all = append(all, p)
				}
			}
			groups := r.record(t, spec.Project).Cgroups
			if err := r.Stop(t.Context(), spec.Project); err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				if p.alive() {
					cmdline, _ := os.ReadFile("/proc/" + strconv.Itoa(p.Pid) + "/cmdline")
					t.Errorf("after Stop, %q runs still", cmdline)
				}
			}
			for _, g := range groups {
				if exists(g) {
					t.Errorf("after Stop, the cgroup %s is there still", g)
				}
			}
		})
	}
}

// commandLines joins the command lines of processes, a line each.
func commandLines(pids []int) string {
	var all strings.Builder
	for _, pid := range pids {
		if b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline"); err == nil {
			all.Write(append(b, '\n'))
		}
	}
	return all.String()
}

func TestASupervisorThatIgnoresTheEndIsKilled(t *testing.T) {
	t.Parallel()
	r := newRig(t, ways()[0])
	spec := r.spec()
	r.start(t, spec)
	init := r.record(t, spec.Project).Init
	init.signal(unix.SIGSTOP)
	computetest.Eventually(t, func() bool { s, err := readStat(init.Pid); return err == nil && s.state == 'T' },
		func() string { return "it is not suspended" })
	// Suspended, it answers nobody, but it is there and has answered before.
	if o, err := r.Observe(t.Context(), spec.Project); err != nil || o.Phase != lyceum.Running {
		t.Errorf("a suspended project: got %+v, %v, want running", o, err)
	}
	if err := r.Stop(t.Context(), spec.Project); err != nil {
		t.Fatal(err)
	}
	if init.alive() {
		t.Error("it is alive after Stop")
	}
}

func TestForgedSocketIsNotDialled(t *testing.T) {
	t.Parallel()
	r := newRig(t, ways()[0])
	victim, thief := r.spec(), r.spec()
	at := r.start(t, victim)
	o := r.start(t, thief)
	run := r.see(r.at.home(thief.Project), filepath.Dir(o.Address.Socket)).run
	sh(t, o.Address, "ln -sf %s %s/project.sock", at.Address.Socket, run)
	if o, err := r.Observe(t.Context(), thief.Project); err != nil || o.Phase == lyceum.Running {
		t.Errorf("with its socket replaced by a link: got %+v, %v, want that it is not running", o, err)
	}
}

func (r *rig) see(home, run string) inside { return r.jail.see(home, run) }

// TestEnvironmentNeverReachesTheJailer: variables that the project's people
// choose change how programs are loaded, so bubblewrap, which runs outside and
// perhaps as root, must not have them.
func TestEnvironmentNeverReachesTheJailer(t *testing.T) {
	t.Parallel()
	r := newRig(t, ways()[0])
	spec := r.spec()
	spec.Env = []lyceum.EnvVar{{Name: "LD_LIBRARY_PATH", Value: "/home/user/evil"}}
	o := r.start(t, spec)
	if got := ask1(t, o.Address, "/env?name=LD_LIBRARY_PATH"); got != "/home/user/evil" {
		t.Errorf("inside: got %q", got)
	}
	outer := r.record(t, spec.Project).Outer
	b, err := os.ReadFile("/proc/" + strconv.Itoa(outer.Pid) + "/environ")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "evil") {
		t.Errorf("the environment of the process outside: %q", b)
	}
	if b, err := os.ReadFile("/proc/" + strconv.Itoa(outer.Pid) + "/cmdline"); err != nil || strings.Contains(string(b), "evil") {
		t.Errorf("its arguments: %q, %v", b, err)
	}
}

func TestLongDataPath(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			exe, err := program()
			if err != nil {
				t.Fatal(err)
			}
			cfg := w.cfg
			cfg.Executable = exe
			cfg.Data = filepath.Join(dataFolder(t), strings.Repeat("long", 20), "d")
			if err := os.MkdirAll(cfg.Data, 0o755); err != nil {
				t.Fatal(err)
			}
			r := &rig{cfg: cfg, uid: testUID()}
			r.open(t)
			t.Cleanup(func() {
				r.endAll(t)
				if err := removeTree(t.Context(), runRoot(cfg.Data)); err != nil && !os.IsNotExist(err) {
					t.Log(err)
				}
				_ = os.RemoveAll(runRoot(cfg.Data))
			})
			o := r.start(t, r.spec())
			if len(o.Address.Socket) > maxSocketPath {
				t.Errorf("the socket's path has %d bytes: %s", len(o.Address.Socket), o.Address.Socket)
			}
		})
	}
}

func TestShortNamesThatClash(t *testing.T) {
	t.Parallel()
	r := newRig(t, ways()[0])
	a, b := r.spec(), r.spec()
	b.Project = a.Project[:13] + b.Project[13:]
	first, second := r.start(t, a), r.start(t, b)
	if first.Address.Socket == second.Address.Socket {
		t.Errorf("two projects have the address %v", first.Address)
	}
	if x, y := ask1(t, first.Address, "/env?name=LYCEUM_PROJECT"), ask1(t, second.Address, "/env?name=LYCEUM_PROJECT"); x == y {
		t.Errorf("both are project %s", x)
	}
}

func TestAProgramThatCannotStartIsFailed(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, w)
			r.Backend.cfg.Prefix = []string{"-test.run=NoSuchTest", "--"}
			spec := r.spec()
			if err := r.Ensure(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			// It ends at once without ever listening.
			o := r.await(t, spec.Project, lyceum.Stopped)
			if o.Reason == "" {
				t.Errorf("got %+v, want a reason", o)
			}
		})
	}
}

// TestUnpackBytes: the setting reaches the project server.
func TestUnpackBytes(t *testing.T) {
	t.Parallel()
	w := ways()[0]
	w.cfg.UnpackBytes = 4711
	r := newRig(t, w)
	spec := r.spec()
	r.start(t, spec)
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", r.record(t, spec.Project).Init.Pid))
	if err != nil || !strings.Contains(string(line), "--unpack-bytes\x004711\x00") {
		t.Errorf("it was started as %q, %v", line, err)
	}
}
