package process

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/cgroup"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// needs skips a test where a limit cannot be set.
func needs(t *testing.T, r *rig, limits ...string) {
	t.Helper()
	for _, name := range limits {
		if r.groups.IsZero() || slices.Contains(r.groups.Missing(), name) {
			t.Skipf("this machine lets us set no limit of %s: it needs root or a delegated cgroup", name)
		}
	}
}

// hogs take memory as fast as they can, each in another way.
var hogs = map[string]string{
	"tail":   "tail /dev/zero",
	"pipe":   "head -c 4G /dev/zero | tail | wc -c",
	"shell":  `x=0123456789; while :; do x=$x$x; done`,
	"sort":   "yes | sort --buffer-size=2G",
	"python": "python3 -c 'x=bytearray(10**10)'",
}

func TestARunawayIsEndedAloneAndNamed(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, w)
			needs(t, r, "memory")
			spec := r.spec()
			spec.Limits = lyceum.Limits{Memory: 120e6, Processes: 500}
			at := r.start(t, spec).Address
			ended, err := r.Runaways(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			before := ask1(t, at, "/instance")
			for name, hog := range hogs {
				if name == "python" && !strings.Contains(sh(t, at, "command -v python3"), "/") {
					continue
				}
				began := time.Now()
				sh(t, at, "%s", hog)
				took := time.Since(began)
				select {
				case got := <-ended:
					t.Logf("%s: ended %v after its start, told %v later: %q, %s of %s", name, took.Round(time.Millisecond), time.Since(began)-took, got.Command, lyceum.Size(got.Memory), lyceum.Size(got.Limit))
					if got.Project != spec.Project || got.Limit != 120e6 || got.Command == "" || got.Memory < 30e6 || got.Memory > 121e6 {
						t.Errorf("%s: told %+v", name, got)
					}
				case <-time.After(20 * time.Second):
					t.Fatalf("%s: nobody was told", name)
				}
			}
			if after := ask1(t, at, "/instance"); after != before {
				t.Error("the project did not live on")
			}
		})
	}
}

func TestLimitsHoldAndChangeWhileItRuns(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, w)
			needs(t, r, "memory", "processes", "cpu")
			spec := r.spec()
			spec.Limits = lyceum.Limits{CPU: 500, Memory: 200e6, Processes: 100}
			at := r.start(t, spec).Address
			count := "for i in $(seq 150); do sleep 0.5 & done 2>&1; wait"
			if got := sh(t, at, "%s", count); !strings.Contains(got, "ork") {
				t.Errorf("150 processes under a limit of 100: %q", got)
			}
			if err := r.SetLimits(t.Context(), spec.Project, lyceum.Limits{}); err != nil {
				t.Fatal(err)
			}
			if got := sh(t, at, "%s", count); got != "" {
				t.Errorf("150 processes without a limit: %q", got)
			}
			if err := r.SetLimits(t.Context(), spec.Project, lyceum.Limits{CPU: 1000, Memory: 300e6, Processes: 277}); err != nil {
				t.Fatal(err)
			}
			if got := cgroup.Group(r.record(t, spec.Project).Cgroups).ProcessLimit(); got != 277 {
				t.Errorf("the new limit of processes is %d, want 277", got)
			}
			// The programs see what they may use.
			if got := sh(t, at, "g=$(grep :pids: /proc/self/cgroup | cut -d: -f3); cat /sys/fs/cgroup/pids$g/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids/pids.max"); strings.TrimSpace(got) != "277" {
				t.Errorf("inside, the limit of processes reads %q", got)
			}
			if w.cfg.Confine != kindUID && w.cfg.Confine != kindNone {
				if got := sh(t, at, "echo 9999 2>&1 > /sys/fs/cgroup/pids/pids.max || echo refused; mkdir /sys/fs/cgroup/pids/x 2>/dev/null || echo refused"); strings.Count(got, "refused") != 2 {
					t.Errorf("it changes its own limit: %q", got)
				}
			}
			use, err := r.Usage(t.Context(), spec.Project)
			if err != nil || use.MemoryBytes < 1e5 || use.MemoryBytes > 300e6 || use.CPUSeconds <= 0 || use.Processes < 1 {
				t.Errorf("it uses %+v, %v", use, err)
			}
			if err := r.SetLimits(t.Context(), lyceum.NewID[lyceum.ProjectID](), spec.Limits); err != nil {
				t.Errorf("limits of a project that does not run: %v", err)
			}
		})
	}
}

func TestTemporaryFilesAreBounded(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		if w.cfg.Confine == kindUID || w.cfg.Confine == kindNone {
			continue // they are the machine's there
		}
		r := newRig(t, w)
		spec := r.spec()
		spec.Limits.Memory = 100e6
		at := r.start(t, spec).Address
		for _, dir := range []string{"/tmp", "/var/tmp", "/dev/shm"} {
			got := sh(t, at, "head -c 50M /dev/zero 2>/dev/null > %s/x; s=$(stat -c %%s %s/x); rm %s/x; echo $s", dir, dir, dir)
			if size := strings.TrimSpace(got); len(size) != 8 || size > "26000000" {
				t.Errorf("%s, %s: got %q, want a file of a quarter of 100 MB", w.name, dir, got)
			}
		}
	}
}

func TestWhatCannotBeLimitedIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, ways()[0])
	b := &Backend{jail: r.jail}
	var report compute.ConfinementReport
	b.reportLimits(&report)
	all := strings.Join(report.Problems, "\n")
	for _, want := range []string{"No cgroup is writable", "Delegate=yes", "CPU and memory are not limited"} {
		if !strings.Contains(all, want) {
			t.Errorf("the report lacks %q: %s", want, all)
		}
	}
}

func TestCommandLines(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"python3\x00train.py\x00--fast\x00": "python3 train.py --fast",
		"":                                  "",
		"a\x1b[31mred\x00\x00":              "a [31mred",
		"bad \xff bytes\x00":                "bad � bytes",
		"left\u202eright\x00":               "left right",
		strings.Repeat("x", 300):            strings.Repeat("x", maxCommand-1) + "…",
	} {
		if got := commandLine([]byte(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// FuzzCommandLine holds that whatever a program calls itself, people see printable
// text of bounded length.
func FuzzCommandLine(f *testing.F) {
	f.Add([]byte("python3\x00train.py\x00"))
	f.Add([]byte("\x00\x1b]0;x\x07\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := commandLine(b)
		if len([]rune(got)) > maxCommand || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x1b }) {
			t.Errorf("%q becomes %q", b, got)
		}
	})
}

func TestLookAt(t *testing.T) {
	t.Parallel()
	session, err := unix.Getsid(0) // 0 when its leader is outside this namespace of processes
	if err != nil {
		t.Fatal(err)
	}
	q, ok := lookAt(os.Getpid())
	if !ok || q.inner == 0 || q.session != session || q.memory < 1<<20 || !strings.Contains(q.command, os.Args[0]) || q.ending() {
		t.Errorf("this process looks like %+v, %v", q, ok)
	}
	if q, ok := lookAt(1 << 30); ok {
		t.Errorf("one that is not there looks like %+v", q)
	}
	small, big := member{process: process{Pid: 1 << 30}, memory: 10}, q
	if got := likely([]member{big, small}, false); len(got) != 0 {
		t.Errorf("a small one that ended by itself: %+v", got)
	}
	if got := likely([]member{big, small}, true); len(got) != 1 || got[0].Pid != small.Pid {
		t.Errorf("the only one that ended: %+v", got)
	}
	// What the kernel calls 77 has another number where we are.
	gone := func(ticks uint64, name string, memory int64) member {
		return member{process: process{Pid: 1 << 30, Ticks: ticks}, name: name, memory: memory}
	}
	alive := q
	alive.name, alive.memory = "tail", 1<<40
	seen := []member{alive, gone(1, "tail", 10), gone(2, "tail", 20), gone(3, "sort", 30)}
	if got := likeNamed(seen, killed{pid: 77, name: "tail"}); got == nil || got.Ticks != 2 {
		t.Errorf("the biggest of that name that ended: %+v", got)
	}
	if got := likeNamed(seen, killed{pid: 77, name: "head"}); got != nil {
		t.Errorf("none has that name: %+v", got)
	}
}

func TestRemember(t *testing.T) {
	t.Parallel()
	shell := member{process: process{7, 1}, name: "bash", command: "-bash"}
	tail := member{process: process{8, 2}, name: "tail", command: "tail /dev/zero"}
	ending := tail
	ending.command = "tail" // its command line is gone already
	other := member{process: process{8, 2}, name: "head", command: "head"}
	for _, c := range []struct {
		what                string
		there, before, want []member
	}{
		{"the first look", []member{shell}, nil, []member{shell}},
		{"one that is gone", []member{shell}, []member{tail, shell}, []member{shell, tail}},
		{"one that begins to end", []member{ending, shell}, []member{shell, tail}, []member{tail, shell}},
		{"one that became another program", []member{other}, []member{tail}, []member{other}},
		{"another one of the same number", []member{{process: process{8, 3}, name: "tail", command: "tail"}}, []member{tail},
			[]member{{process: process{8, 3}, name: "tail", command: "tail"}, tail}},
	} {
		if got := remember(c.there, c.before); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.what, got, c.want)
		}
	}
}

// TestKernelLog reads records as kernel 6.18 writes them.
func TestKernelLog(t *testing.T) {
	t.Parallel()
	const id = lyceum.ProjectID("b0ff8ad2-1415-4426-bf88-b630e5caa9a1")
	var k kernelLog
	for _, line := range []string{
		"6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a/lyceum-1/" + string(id) + ",task_memcg=/a/lyceum-1/" + string(id) + ",task=tail,pid=3356,uid=0",
		"3,2,2,-;Memory cgroup out of memory: Killed process 3356 (tail) total-vm:206564kB, anon-rss:203648kB, file-rss:1588kB, shmem-rss:1024kB, UID:0 pgtables:444kB oom_score_adj:0\n SUBSYSTEM=x",
		"3,3,3,-;Memory cgroup out of memory: Killed process 77 (a (b) c) total-vm:1kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0",
		"3,5,5,-;Memory cgroup out of memory: Killed process 78 (sort) total-vm:1kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:1700 pgtables:4kB oom_score_adj:0",
		"6,4,4,-;eth0: link up",
	} {
		k.noteLocked(line)
	}
	if got := k.take("another", 5, nil); len(got) != 0 {
		t.Errorf("another project is told %+v", got)
	}
	if got, want := k.take(id, 0, nil), []killed{{id, 0, 3356, "tail", 204672 << 10}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := k.take(id, 0, []member{{process: process{Pid: 77}, name: "a (b) c"}}); len(got) != 1 || got[0].memory != 4096 {
		t.Errorf("by its process: %+v", got)
	}
	if got := k.take(id, 1700, nil); len(got) != 1 || got[0].name != "sort" {
		t.Errorf("by its user: %+v", got)
	}
	if got := k.take(id, 1700, nil); len(got) != 0 {
		t.Errorf("told again: %+v", got)
	}
}

// FuzzKernelLog holds that nothing is made of records that are none.
func FuzzKernelLog(f *testing.F) {
	f.Add("3,2,2,-;Memory cgroup out of memory: Killed process 3356 (tail) total-vm:206564kB, anon-rss:203648kB, file-rss:1588kB, shmem-rss:1024kB, UID:0")
	f.Add("6,1,1,-;oom-kill:constraint=x,task_memcg=/a/b,task=t,pid=3,uid=0")
	f.Fuzz(func(t *testing.T, record string) {
		var k kernelLog
		k.noteLocked(record)
		for _, e := range k.kept {
			if e.memory < 0 || e.pid < 0 || len(e.name) > 4*64 {
				t.Errorf("%q becomes %+v", record, e)
			}
		}
	})
}
