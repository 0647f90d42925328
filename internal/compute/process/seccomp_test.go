package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// filtered are the attempts that only the filter stops.
var filtered = []string{"keys", "ring", "userfaultfd", "counters", "bpf", "type-own", "vsock"}

// attemptAs makes an attempt outside of all projects: as who we are, or if that is
// root as another user. It returns "in", or why not.
func attemptAs(t *testing.T, r *rig, uid uint32, name string) string {
	t.Helper()
	c := exec.Command(r.cfg.Executable, "attempt", "name="+name)
	c.Dir = "/"
	if uid != 0 && os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, Groups: []uint32{}}}
	}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

// TestFilter: each call of the list is refused to a project, and is not without the
// filter, unless this machine refuses it to ordinary users anyhow.
func TestFilter(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		if w.cfg.Confine != kindUIDBwrap && w.cfg.Confine != kindBwrap {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			with := newRig(t, w)
			w.cfg.withoutFilter = true
			without := newRig(t, w)
			inside, free := with.start(t, with.spec()).Address, without.start(t, without.spec()).Address
			for _, name := range filtered {
				if got := ask1(t, inside, "/attempt?name="+name); got == "in" {
					t.Errorf("%s: it gets in", name)
				}
				user := attemptAs(t, with, 64_997, name)
				if got := ask1(t, free, "/attempt?name="+name); (got == "in") != (user == "in") {
					t.Errorf("%s: without the filter %q, any other user of this machine %q", name, got, user)
				}
				if user != "in" {
					t.Logf("%s proves nothing here: every ordinary user hears %q", name, user)
				}
			}
			if got := ask1(t, inside, "/attempt?name=own-child"); got != "in" {
				t.Errorf("a debugger on a program that it starts: %s", got)
			}
			const programs = `set -e; id -u; echo a | cat; (sleep 0 & wait); unshare -Ur true; ls -l /proc/self/exe >/dev/null; echo fine`
			if got := sh(t, inside, programs); got[max(0, len(got)-5):] != "fine\n" {
				t.Errorf("ordinary programs: %q", got)
			}
		})
	}
}

// runFilter interprets a filter (socket filters of Linux, as far as ours go).
func runFilter(prog []unix.SockFilter, arch, number uint32, args [6]uint64) (uint32, error) {
	data := map[uint32]uint32{dataCall: number, dataArch: arch}
	for i, a := range args {
		data[uint32(dataArgs+8*i)] = uint32(a)
	}
	var acc uint32
	for pc := 0; pc < len(prog); pc++ {
		switch in := prog[pc]; in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			v, ok := data[in.K]
			if !ok {
				return 0, fmt.Errorf("line %d loads from %d", pc, in.K)
			}
			acc = v
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			pc += int(in.Jf)
			if acc == in.K {
				pc += int(in.Jt) - int(in.Jf)
			}
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			pc += int(in.Jf)
			if acc >= in.K {
				pc += int(in.Jt) - int(in.Jf)
			}
		case unix.BPF_RET | unix.BPF_K:
			return in.K, nil
		default:
			return 0, fmt.Errorf("line %d has the code %#x", pc, in.Code)
		}
	}
	return 0, fmt.Errorf("it ends without an answer")
}

// TestFilterOfEachArchitecture runs the filters that this machine's kernel does not.
func TestFilterOfEachArchitecture(t *testing.T) {
	t.Parallel()
	const allow = unix.SECCOMP_RET_ALLOW
	no := func(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
	for _, c := range []struct {
		what         string
		goarch       string
		arch, number uint32
		args         [6]uint64
		vsock        bool
		want         uint32
	}{
		{"read", "amd64", unix.AUDIT_ARCH_X86_64, 0, [6]uint64{}, true, allow},
		{"ptrace", "amd64", unix.AUDIT_ARCH_X86_64, 101, [6]uint64{}, true, allow},
		{"keyctl", "amd64", unix.AUDIT_ARCH_X86_64, 250, [6]uint64{}, true, no(unix.EPERM)},
		{"io_uring_setup", "amd64", unix.AUDIT_ARCH_X86_64, 425, [6]uint64{}, true, no(unix.ENOSYS)},
		{"io_uring_setup of x32", "amd64", unix.AUDIT_ARCH_X86_64, 0x40000000 | 425, [6]uint64{}, true, no(unix.ENOSYS)},
		{"ioctl TIOCSTI", "amd64", unix.AUDIT_ARCH_X86_64, 16, [6]uint64{0, 0x5412}, true, no(unix.EPERM)},
		{"ioctl TIOCSTI with more above", "amd64", unix.AUDIT_ARCH_X86_64, 16, [6]uint64{0, 1<<32 | 0x5412}, true, no(unix.EPERM)},
		{"ioctl TIOCLINUX", "amd64", unix.AUDIT_ARCH_X86_64, 16, [6]uint64{0, 0x541c}, true, no(unix.EPERM)},
		{"ioctl TIOCGWINSZ", "amd64", unix.AUDIT_ARCH_X86_64, 16, [6]uint64{0, 0x5413}, true, allow},
		{"socket AF_VSOCK", "amd64", unix.AUDIT_ARCH_X86_64, 41, [6]uint64{40}, false, no(unix.EAFNOSUPPORT)},
		{"socket AF_INET", "amd64", unix.AUDIT_ARCH_X86_64, 41, [6]uint64{2}, true, allow},
		{"add_key of 32 bits", "amd64", unix.AUDIT_ARCH_I386, 286, [6]uint64{}, true, no(unix.EPERM)},
		{"what is keyctl in 64 bits", "amd64", unix.AUDIT_ARCH_I386, 250, [6]uint64{}, true, allow},
		{"socketcall socket of 32 bits", "amd64", unix.AUDIT_ARCH_I386, 102, [6]uint64{1}, true, no(unix.EAFNOSUPPORT)},
		{"socketcall connect of 32 bits", "amd64", unix.AUDIT_ARCH_I386, 102, [6]uint64{3}, true, allow},
		{"socketcall socket where there is no vsock", "amd64", unix.AUDIT_ARCH_I386, 102, [6]uint64{1}, false, allow},
		{"another architecture", "amd64", unix.AUDIT_ARCH_ARM, 0, [6]uint64{}, true, no(unix.ENOSYS)},
		{"bpf", "arm64", unix.AUDIT_ARCH_AARCH64, 280, [6]uint64{}, true, no(unix.EPERM)},
		{"perf_event_open", "arm64", unix.AUDIT_ARCH_AARCH64, 241, [6]uint64{}, true, no(unix.EACCES)},
		{"openat", "arm64", unix.AUDIT_ARCH_AARCH64, 56, [6]uint64{}, true, allow},
		{"userfaultfd of 32 bits", "arm64", unix.AUDIT_ARCH_ARM, 388, [6]uint64{}, true, no(unix.EPERM)},
		{"socket AF_VSOCK of 32 bits", "arm64", unix.AUDIT_ARCH_ARM, 281, [6]uint64{40}, true, no(unix.EAFNOSUPPORT)},
	} {
		got, err := runFilter(filter(personalities(c.goarch), c.vsock), c.arch, c.number, c.args)
		if err != nil || got != c.want {
			t.Errorf("%s: %#x, %v; want %#x", c.what, got, err, c.want)
		}
	}
	if f := filter(personalities("riscv64"), true); f != nil {
		t.Errorf("a filter of %d lines for a processor without a list", len(f))
	}
}

// TestNumbersOfCalls compares the table of this machine with another one.
func TestNumbersOfCalls(t *testing.T) {
	t.Parallel()
	here := map[string]personality{"amd64": amd64, "arm64": arm64}[runtime.GOARCH]
	want := map[call]uint32{callAddKey: unix.SYS_ADD_KEY, callRequestKey: unix.SYS_REQUEST_KEY, callKeyctl: unix.SYS_KEYCTL, callRingSetup: unix.SYS_IO_URING_SETUP,
		callRingEnter: unix.SYS_IO_URING_ENTER, callRingRegister: unix.SYS_IO_URING_REGISTER, callUserfaultfd: unix.SYS_USERFAULTFD,
		callPerfEventOpen: unix.SYS_PERF_EVENT_OPEN, callBPF: unix.SYS_BPF, callIoctl: unix.SYS_IOCTL, callSocket: unix.SYS_SOCKET}
	for c, n := range want {
		if here.calls[c] != n {
			t.Errorf("call %d has number %d in the table, and is %d", c, here.calls[c], n)
		}
	}
}
