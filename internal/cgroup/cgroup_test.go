package cgroup

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
)

const project = lyceum.ProjectID("0190a4de-0000-7000-8000-000000000001")

const hybridOwn = `9:name=systemd:/
8:pids:/
4:memory:/app/56d6
2:cpu,cpuacct:/
0::/
`

const hybridMounts = `25 1 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
26 25 0:23 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
27 25 0:23 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
28 25 0:24 /app /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
29 25 0:25 / /sys/fs/cgroup/pids\040of ro - cgroup cgroup ro,pids
30 25 0:26 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices
31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		own, mounts string
		want        []string
	}{
		"both versions": {hybridOwn, hybridMounts, []string{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory/56d6", "/sys/fs/cgroup/pids of", "/sys/fs/cgroup/unified"}},
		"version 2": {"0::/user.slice/run-1.service\n", "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
			[]string{"/sys/fs/cgroup/user.slice/run-1.service"}},
		"outside of what is shown": {"0::/../../x\n", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", []string{"/sys/fs/cgroup/x"}},
		"nothing":                  {"", "", nil},
		"damaged":                  {"::\n0:\n:a:b:c:\n", "1 2 - \n - cgroup2\n30 24 0:26 / /c rw - cgroup2 x rw", nil},
	} {
		var got []string
		for _, h := range parse(c.own, c.mounts) {
			got = append(got, h.own)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// FuzzParse holds that whatever the kernel says, no folder lies outside of a mount.
func FuzzParse(f *testing.F) {
	f.Add(hybridOwn, hybridMounts)
	f.Add("0::/../..\n", "30 24 0:26 /a /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
	f.Fuzz(func(t *testing.T, own, mounts string) {
		for _, h := range parse(own, mounts) {
			if at := filepath.Clean(h.at); filepath.IsAbs(at) && h.own != at && !strings.HasPrefix(h.own, strings.TrimSuffix(at, "/")+"/") {
				t.Errorf("%q is not in %q", h.own, h.at)
			}
		}
	})
}

// tree makes files in a folder that plays a hierarchy.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	fill(t, dir, files)
	return dir
}

func fill(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func text(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// TestLimitsOfVersion2 is on a tree of plain files: this machine may have no
// controllers of version 2. It shows what is written where.
func TestLimitsOfVersion2(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"cgroup.controllers": "cpu memory pids", "cpu.max": "", "memory.max": "", "memory.swap.max": "", "pids.max": ""})
	g := Group{dir}
	for _, c := range []struct {
		limits lyceum.Limits
		want   [4]string
	}{
		{lyceum.Limits{CPU: 1500, Memory: 2e9, Processes: 100}, [4]string{"150000 100000", "2000000000", "0", "100"}},
		{lyceum.Limits{}, [4]string{"max 100000", "max", "max", "max"}},
	} {
		for _, name := range []string{"cpu.max", "memory.max", "memory.swap.max", "pids.max"} {
			fill(t, dir, map[string]string{name: ""})
		}
		if err := g.Limit(c.limits); err != nil {
			t.Fatal(err)
		}
		got := [4]string{text(t, dir, "cpu.max"), text(t, dir, "memory.max"), text(t, dir, "memory.swap.max"), text(t, dir, "pids.max")}
		if got != c.want {
			t.Errorf("%+v: got %v, want %v", c.limits, got, c.want)
		}
	}
}

func TestUseOfBothVersions(t *testing.T) {
	t.Parallel()
	v2 := tree(t, map[string]string{
		"memory.current": "5000\n", "memory.stat": "anon 3\ninactive_file 2000\n", "cpu.stat": "usage_usec 1500\nuser_usec 1\n",
		"pids.current": "7\n", "pids.max": "90\n", "memory.events": "low 0\noom 3\noom_kill 2\noom_group_kill 0\n",
	})
	want := Use{Memory: 3000, CPU: 1500 * time.Microsecond, Processes: 7, Kills: 2}
	if got := (Group{v2}).Use(); got != want {
		t.Errorf("version 2: got %+v, want %+v", got, want)
	}
	if got := (Group{v2}).ProcessLimit(); got != 90 {
		t.Errorf("limit of processes: got %d, want 90", got)
	}
	mem := tree(t, map[string]string{"memory.usage_in_bytes": "900\n", "memory.stat": "inactive_file 5\ntotal_inactive_file 1000\n", "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"})
	cpu := tree(t, map[string]string{"cpuacct.usage": "42\n"})
	pids := tree(t, map[string]string{"pids.current": "3\n", "pids.max": "max\n"})
	want = Use{Memory: 0, CPU: 42, Processes: 3, Kills: 1}
	if got := (Group{cpu, mem, pids}).Use(); got != want {
		t.Errorf("version 1: got %+v, want %+v", got, want)
	}
	if got := (Group{pids}).ProcessLimit(); got != 0 {
		t.Errorf("no limit of processes: got %d", got)
	}
	if got, want := (Group{t.TempDir()}).Use(), (Use{-1, -1, -1, -1}); got != want {
		t.Errorf("nothing is counted: got %+v, want %+v", got, want)
	}
}

// TestOpenVersion2 plays a hierarchy in which controllers are handed down: the
// kernel's own files are plain ones here, so that only what is written shows.
func TestOpenVersion2(t *testing.T) {
	t.Parallel()
	at := tree(t, map[string]string{
		"svc/cgroup.subtree_control": "", "svc/hub/cgroup.procs": "",
		"svc/lyceum/cgroup.subtree_control": "cpu memory pids\n", "cgroup.subtree_control": "cpu memory pids\n",
	})
	// The unit made us a leaf, as DelegateSubgroup=hub does; projects go beside it.
	p := open([]hierarchy{{v2: true, at: at, root: "/", own: filepath.Join(at, "svc", "hub")}}, "lyceum")
	if len(p.dirs) != 1 || !strings.HasPrefix(p.dirs[0], at) {
		t.Fatalf("folders: got %v", p.dirs)
	}
	if got := text(t, filepath.Join(at, "svc"), "cgroup.subtree_control"); !strings.HasPrefix(got, "+") {
		t.Errorf("controllers were not handed down: %q", got)
	}
}

func TestNothingIsWritable(t *testing.T) {
	t.Parallel()
	p := open([]hierarchy{{at: "/proc", root: "/", own: "/proc"}, {v2: true, at: "/proc/sys", root: "/", own: "/proc/sys"}}, "lyceum")
	if diff := cmp.Diff([]string{"cpu", "memory", "processes"}, p.Missing()); diff != "" || !p.IsZero() {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if g := p.Group(project); len(g) != 0 || g.Limit(lyceum.Limits{CPU: 1}) != nil {
		t.Errorf("a group where none can be: %v", g)
	}
}

// real returns a group of this machine with the controllers that a test needs, or
// skips it.
func real(t *testing.T, needs ...string) Group {
	t.Helper()
	p := Open("lyceum-test-" + strconv.Itoa(os.Getpid()) + "-" + strings.ToLower(t.Name()))
	for _, dir := range p.dirs {
		t.Cleanup(func() { _ = os.Remove(dir) })
	}
	for _, need := range needs {
		for _, m := range p.Missing() {
			if m == need {
				t.Skipf("this machine lets us set no limit of %s: it needs root, or a delegated cgroup", need)
			}
		}
	}
	g := p.Group(project)
	t.Cleanup(g.Remove)
	return g
}

// inside runs a shell command in the group.
func inside(t *testing.T, g Group, command string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "read go; "+command)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if held := g.Add(cmd.Process.Pid); len(held) != len(g) {
		t.Errorf("only %v took the process", held)
	}
	_, _ = in.Write([]byte("\n"))
	_ = in.Close()
	err = cmd.Wait()
	return out.String(), err
}

func TestProcessesAreLimited(t *testing.T) {
	t.Parallel()
	g := real(t, "processes")
	if err := g.Limit(lyceum.Limits{Processes: 10}); err != nil {
		t.Fatal(err)
	}
	if got := g.ProcessLimit(); got != 10 {
		t.Errorf("the limit reads %d", got)
	}
	out, _ := inside(t, g, "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.3 & done; wait")
	if !strings.Contains(out, "ork") {
		t.Errorf("thirteen processes ran under a limit of ten: %q", out)
	}
	if out, err := inside(t, g, "echo well"); err != nil || out != "well\n" {
		t.Errorf("afterwards: %q, %v", out, err)
	}
}

func TestMemoryIsLimitedAndTheAlarmRings(t *testing.T) {
	t.Parallel()
	g := real(t, "memory")
	alarms, err := NewAlarms()
	if err != nil {
		t.Fatal(err)
	}
	rung := make(chan []lyceum.ProjectID, 64)
	go func() {
		defer close(rung)
		for {
			ids, err := alarms.Wait()
			if err != nil {
				return
			}
			rung <- ids
		}
	}()
	if err := g.Limit(lyceum.Limits{Memory: 64e6}); err != nil {
		t.Fatal(err)
	}
	if err := alarms.Add(project, g); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ended := make(chan error, 1)
	go func() {
		_, err := inside(t, g, "exec tail /dev/zero")
		ended <- err
	}()
	select {
	case ids := <-rung:
		if len(ids) != 1 || ids[0] != project {
			t.Errorf("the alarm rang for %v", ids)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no alarm")
	}
	t.Logf("the alarm rang %v after the start", time.Since(began))
	if err := <-ended; err == nil {
		t.Error("it was not ended")
	}
	t.Logf("it was ended %v after the start", time.Since(began))
	if got := g.Kills(); got < 1 {
		t.Errorf("the kernel counts %d kills", got)
	}
	if err := g.Limit(lyceum.Limits{Memory: 200e6}); err != nil {
		t.Errorf("raising: %v", err)
	}
	if err := g.Limit(lyceum.Limits{}); err != nil {
		t.Errorf("no limit: %v", err)
	}
	alarms.Remove(project)
	if err := alarms.Close(); err != nil {
		t.Error(err)
	}
	for range rung {
	}
}

// TestTheAlarmRingsEarly: a program that takes memory fast is known before its end.
func TestTheAlarmRingsEarly(t *testing.T) {
	t.Parallel()
	g := real(t, "memory")
	if !slices.ContainsFunc(g, func(dir string) bool { return number(dir, "memory.limit_in_bytes") > 0 }) {
		t.Skip("version 2 has no such alarm: it counts from where the limit is met")
	}
	alarms, err := NewAlarms()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Limit(lyceum.Limits{Memory: 64e6}); err != nil {
		t.Fatal(err)
	}
	if err := alarms.Add(project, g); err != nil {
		t.Fatal(err)
	}
	rung := make(chan error, 1)
	go func() {
		_, err := alarms.Wait()
		rung <- err
	}()
	if out, err := inside(t, g, "exec dd if=/dev/zero of=/dev/null bs=44M count=1"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	select {
	case err := <-rung:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("no alarm")
	}
	if got := g.Kills(); got != 0 {
		t.Errorf("the kernel counts %d kills, want none", got)
	}
	if err := alarms.Close(); err != nil {
		t.Error(err)
	}
}

func TestProcessorIsLimited(t *testing.T) {
	t.Parallel()
	g := real(t, "cpu")
	if err := g.Limit(lyceum.Limits{CPU: 200}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := inside(t, g, "exec timeout 1 sh -c 'while :; do :; done'"); err == nil {
		t.Error("the loop ended by itself")
	}
	took, used := time.Since(began), g.Use().CPU
	if used < 0 {
		t.Skip("no cgroup of this machine counts the time of processors")
	}
	if used > took/2 {
		t.Errorf("it computed %v in %v with a fifth of a core", used, took)
	}
}

func TestOwnIsFoundByItsName(t *testing.T) {
	t.Parallel()
	g := real(t)
	if len(g) == 0 {
		t.Skip("this machine lets us make no cgroup")
	}
	if got := Own("no-such-name"); got != nil {
		t.Errorf("got %v by a name that is none", got)
	}
}
