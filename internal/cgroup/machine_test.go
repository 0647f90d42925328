package cgroup

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// again runs the test once more in a process of its own, where role returns arg.
// before goes before its command line.
func again(t *testing.T, arg string, before ...string) {
	t.Helper()
	args := append(before, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "LYCEUM_TEST_CGROUP="+arg)
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS")) {
		t.Errorf("%s: %v: %s", arg, err, out)
	}
}

func role() string { return os.Getenv("LYCEUM_TEST_CGROUP") }

// TestReadOnly is a container whose cgroups are read-only, as Docker shows them,
// all or one of them: what cannot be limited is named, also where the folder is
// there from a time when it could be made.
func TestReadOnly(t *testing.T) {
	if name := role(); name != "" {
		only := strings.Contains(name, "one")
		shut := 0
		for _, h := range read() {
			if _, err := os.Stat(filepath.Join(h.own, "memory.limit_in_bytes")); err != nil && only {
				continue
			}
			// Of this namespace alone.
			if err := unix.Mount("", h.at, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
				t.Fatalf("make %s read-only: %v", h.at, err)
			}
			shut++
		}
		if shut == 0 {
			t.Skip("memory is not limited by version 1 here")
		}
		p := Open(name)
		want := []string{"cpu", "memory", "processes"}
		if only {
			want = []string{"memory"}
		}
		if diff := cmp.Diff(p.Missing(), want); diff != "" || p.IsZero() == only {
			t.Errorf("is zero: %t; missing (-got +want):\n%s", p.IsZero(), diff)
		}
		if g := p.Group(project); !only && len(g) > 0 {
			t.Errorf("a group where none can be: %v", g)
		}
		return
	}
	if os.Geteuid() != 0 || len(Open("lyceum-test-"+strconv.Itoa(os.Getpid())).Missing()) > 0 {
		t.Skip("it needs root, and cgroups that can be made read-only")
	}
	base := "lyceum-test-" + strconv.Itoa(os.Getpid())
	t.Cleanup(Open(base).Remove)
	for _, which := range []string{"all", "one", "old-all", "old-one"} {
		name := base + "-" + which
		if strings.HasPrefix(which, "old") {
			Open(name)
		}
		again(t, name, "unshare", "--mount")
		p := Open(name)
		p.Group(project).Remove()
		p.Remove()
	}
}

// TestStepAside is on the kernel's own version 2, without a controller: what is in
// the cgroup goes into a leaf below it, unless it is not ours.
func TestStepAside(t *testing.T) {
	if dir := role(); dir != "" {
		if err := join(dir, os.Getpid()); err != nil {
			t.Fatal(err)
		}
		child := exec.Command("sleep", "60")
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = child.Process.Kill()
			_ = child.Wait() // it was killed
		}()
		stranger := strings.HasSuffix(dir, "-stranger")
		if got := stepAside(dir); got == stranger {
			t.Errorf("stepped aside: got %t, want %t", got, !stranger)
		}
		at := filepath.Join(dir, hubGroup)
		if stranger {
			at = dir
		}
		for _, pid := range []int{os.Getpid(), child.Process.Pid} {
			if in := (Group{at}).Pids(); !slices.Contains(in, pid) {
				t.Errorf("process %d is not in %s: %v", pid, at, in)
			}
		}
		return
	}
	i := slices.IndexFunc(read(), func(h hierarchy) bool { return h.v2 })
	if i < 0 {
		t.Skip("this machine has no hierarchy of version 2")
	}
	for _, name := range []string{"own", "stranger"} {
		dir := filepath.Join(read()[i].own, "lyceum-test-"+strconv.Itoa(os.Getpid())+"-"+name)
		if err := makeDir(dir); err != nil {
			t.Skipf("the hierarchy of version 2 is not ours to write in: %v", err)
		}
		t.Cleanup(Group{filepath.Join(dir, hubGroup), dir}.Remove)
		if name == "stranger" {
			other := exec.Command("sleep", "60")
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = other.Process.Kill()
				_ = other.Wait() // it was killed
			})
			if err := join(dir, other.Process.Pid); err != nil {
				t.Fatal(err)
			}
		}
		again(t, dir)
	}
}
