package process

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const treasure = "topsecret"

// attemptRoute lets a project of these tests make one attempt.
func attemptRoute(w http.ResponseWriter, r *http.Request) {
	if err := try(r.FormValue); err != nil {
		fmt.Fprint(w, err)
		return
	}
	fmt.Fprint(w, "in")
}

// try makes the attempt that ask("name") names; nil means that it got in.
func try(ask func(string) string) error {
	f, ok := tries[ask("name")]
	if !ok {
		return errors.New("there is no such attempt")
	}
	return f(ask)
}

// holds reports whether b is what an attempt is after.
func holds(b []byte, err error) error {
	if err == nil && !strings.Contains(string(b), treasure) {
		err = errors.New("nothing of it is there")
	}
	return err
}

func readIt(path string) error { return holds(os.ReadFile(path)) }

func shell(script string, args ...string) error {
	out, err := exec.Command("/bin/sh", append([]string{"-c", script, "sh"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, oneLine(string(out)))
	}
	return nil
}

// tries are the attempts. Each leaves the machine as it was when it gets in.
var tries = map[string]func(ask func(string) string) error{
	"read": func(ask func(string) string) error { return readIt(ask("path")) },
	"list": func(ask func(string) string) error {
		_, err := os.ReadDir(ask("path"))
		return err
	},
	"write": func(ask func(string) string) error {
		f, err := os.OpenFile(ask("path"), os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			err = f.Close()
		}
		return err
	},
	"create": func(ask func(string) string) error {
		f, err := os.CreateTemp(ask("path"), "lyceum-attempt-")
		if err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
		return err
	},
	"hard-link": func(ask func(string) string) error {
		to := filepath.Join(ask("at"), "lyceum-attempt-link")
		if err := os.Link(ask("path"), to); err != nil {
			return err
		}
		return errors.Join(readIt(to), os.Remove(to))
	},
	"symlink": func(ask func(string) string) error {
		to := filepath.Join(ask("at"), "lyceum-attempt-symlink")
		if err := os.Symlink(ask("path"), to); err != nil {
			return err
		}
		return errors.Join(readIt(to), os.Remove(to))
	},
	"watch": func(ask func(string) string) error {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		_, err = unix.InotifyAddWatch(fd, ask("path"), unix.IN_ALL_EVENTS)
		return err
	},
	"handle": openByHandle,
	"signal": func(ask func(string) string) error {
		return unix.Kill(number(ask("pid")), unix.SIGCONT) // which changes nothing
	},
	"ptrace":    attach,
	"vm-read":   readMemory,
	"proc-read": func(ask func(string) string) error { return proc(ask("pid"), ask("file")) },
	"connect":   func(ask func(string) string) error { return greet("tcp", ask("to")) },
	"udp": func(ask func(string) string) error {
		c, err := net.Dial("udp", ask("to"))
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("x"))
		return err
	},
	"device-bound": func(ask func(string) string) error {
		d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
			var err error
			return errors.Join(c.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), ask("device")) }), err)
		}, Timeout: 2 * time.Second}
		c, err := d.Dial("tcp", ask("to"))
		if err == nil {
			_, err = c.Read(make([]byte, 1))
			_ = c.Close()
		}
		return err
	},
	"own-loopback": func(func(string) string) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		go serveGreeting(l)
		return greet("tcp", l.Addr().String())
	},
	"socket": func(ask func(string) string) error {
		c, err := net.Dial("unix", ask("path"))
		if err == nil {
			_ = c.Close()
		}
		return err
	},
	"shared-memory": func(ask func(string) string) error {
		id, err := unix.SysvShmGet(number(ask("key")), 16, 0)
		if err != nil {
			return err
		}
		b, err := unix.SysvShmAttach(id, 0, unix.SHM_RDONLY)
		if err != nil {
			return err
		}
		return errors.Join(holds(b, nil), unix.SysvShmDetach(b))
	},
	"message-queue": func(ask func(string) string) error {
		name, err := unix.BytePtrFromString(ask("queue"))
		if err != nil {
			return err
		}
		fd, _, e := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0, 0)
		if e != 0 {
			return e
		}
		return unix.Close(int(fd))
	},
	"serve": func(ask func(string) string) error { // what a project has for others to come at
		l, err := net.Listen(ask("network"), ask("at"))
		if err == nil {
			go serveGreeting(l)
		}
		return err
	},
	"others-loopback": enterNetwork,
	"postgres":        startSession,
	"command-line": func(ask func(string) string) error {
		b, err := os.ReadFile("/proc/" + ask("pid") + "/cmdline")
		if err == nil && !strings.Contains(string(b), "project-server") {
			err = errors.New("it is not the other's")
		}
		return err
	},
	"join": func(ask func(string) string) error { return os.WriteFile(ask("path"), []byte("0"), 0) },
	"type": func(ask func(string) string) error {
		tty, err := os.OpenFile(ask("path"), os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			return err
		}
		defer tty.Close()
		b := []byte("x")
		if _, _, e := unix.Syscall(unix.SYS_IOCTL, tty.Fd(), unix.TIOCSTI, uintptr(unsafe.Pointer(&b[0]))); e != 0 {
			return e
		}
		return nil
	},
	"keys": func(func(string) string) error {
		_, err := unix.AddKey("user", "lyceum-attempt", []byte("x"), unix.KEY_SPEC_PROCESS_KEYRING)
		return err
	},
	"ring": func(func(string) string) error {
		var params [120]byte // struct io_uring_params
		return closeNew(unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params[0])), 0))
	},
	"userfaultfd": func(func(string) string) error {
		const userModeOnly = 1
		return closeNew(unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|userModeOnly, 0, 0))
	},
	"counters": func(func(string) string) error {
		attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_TASK_CLOCK, Bits: unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv}
		attr.Size = uint32(unsafe.Sizeof(attr))
		fd, err := unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err == nil {
			err = unix.Close(fd)
		}
		return err
	},
	"bpf": func(func(string) string) error {
		attr := [...]uint32{unix.BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // one number
		return closeNew(unix.Syscall(unix.SYS_BPF, unix.BPF_MAP_CREATE, uintptr(unsafe.Pointer(&attr[0])), unsafe.Sizeof(attr)))
	},
	"type-own": typeOnOwn,
	"type-here": func(func(string) string) error {
		b := []byte("x")
		if _, _, e := unix.Syscall(unix.SYS_IOCTL, 0, unix.TIOCSTI, uintptr(unsafe.Pointer(&b[0]))); e != 0 {
			return e
		}
		return nil
	},
	"vsock": func(func(string) string) error {
		fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Close(fd)
		}
		return err
	},
	"own-child": traceChild,
	"key": func(ask func(string) string) error {
		b := make([]byte, 64)
		n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, number(ask("key")), b, 0)
		if err != nil {
			return err
		}
		return holds(b[:min(n, len(b))], nil)
	},
	"setuid": func(ask func(string) string) error {
		// id(1), which belongs to root and has the bit. Who is root already begins as
		// somebody else.
		c := exec.Command(ask("path"), "-u")
		if os.Geteuid() == 0 {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 64_997, Gid: 64_997, Groups: []uint32{}}}
		}
		out, err := c.CombinedOutput()
		if err == nil && string(out) != "0\n" {
			err = fmt.Errorf("it runs as %s", out)
		}
		return err
	},
	"core": func(ask func(string) string) error {
		return shell(`cd "$1" && ulimit -c unlimited && { sh -c 'kill -SEGV $$'; ls core*; rm core*; }`, ask("at"))
	},
	"become-root": func(func(string) string) error { return shell(`exec setpriv --reuid 0 --regid 0 --clear-groups true`) },
	"mount":       func(func(string) string) error { return shell(`exec unshare -m sh -c 'mount -t tmpfs x /mnt'`) },
	"mount-in-user-namespace": func(ask func(string) string) error {
		// Root in a namespace of its own making: over what does it have power?
		return shell(`exec unshare -Ur sh -c ': >> "$1"' sh "$1"`, ask("path"))
	},
	"rules": func(func(string) string) error { return shell(`PATH=$PATH:/usr/sbin:/sbin; exec nft flush ruleset`) },
	"rules-in-user-namespace": func(func(string) string) error {
		return shell(`PATH=$PATH:/usr/sbin:/sbin; exec unshare -Ur nft flush ruleset`)
	},
	"raw-socket": func(func(string) string) error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Close(fd)
		}
		return err
	},
	"device-node": func(ask func(string) string) error {
		path := filepath.Join(ask("at"), "lyceum-attempt-node")
		if err := unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 1))); err != nil {
			return err
		}
		return os.Remove(path)
	},
	"host-name": func(func(string) string) error {
		name, err := os.Hostname()
		if err == nil {
			err = unix.Sethostname([]byte(name))
		}
		return err
	},
	"clock": func(func(string) string) error {
		var now unix.Timex
		if _, err := unix.Adjtimex(&now); err != nil {
			return err
		}
		_, err := unix.Adjtimex(&unix.Timex{Modes: unix.ADJ_TICK, Tick: now.Tick}) // as it was
		return err
	},
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// proc reads a file of /proc of another process.
func proc(pid, file string) error { return readIt("/proc/" + pid + "/" + file) }

// openByHandle opens a file by the number of its inode, past all folders.
func openByHandle(ask func(string) string) error {
	raw, err := strconv.Unquote(`"` + ask("handle") + `"`)
	if err != nil {
		return err
	}
	dir, err := unix.Open(ask("at"), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	fd, err := unix.OpenByHandleAt(dir, unix.NewFileHandle(int32(number(ask("type"))), []byte(raw)), unix.O_RDONLY|unix.O_CLOEXEC)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// enterNetwork connects to a port on the loopback of another's network, from
// here and from within.
func enterNetwork(ask func(string) string) error {
	if greet("tcp", ask("to")) == nil {
		return nil
	}
	space, err := os.Open("/proc/" + ask("pid") + "/ns/net")
	if err != nil {
		return err
	}
	defer space.Close()
	user, err := owner(space)
	if err != nil {
		return err
	}
	c := exec.Command("nsenter", "--net=/proc/self/fd/3")
	spaces{net: space, user: user}.pass(c)
	if user != nil {
		defer user.Close()
		if os.Geteuid() != 0 {
			c.Args = append(c.Args, "--user=/proc/self/fd/4", "--preserve-credentials")
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c.Args = append(c.Args, "--", self, "attempt", "name=connect&to="+ask("to"))
	out, err := c.CombinedOutput()
	if err == nil && string(out) != "in" {
		err = errors.New(string(out))
	}
	return err
}

// startSession begins a session with PostgreSQL as the hub does, and is in when
// the server says that it may (protocol 3.0: message R with code 0).
func startSession(ask func(string) string) error {
	c, err := net.Dial("unix", ask("path"))
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	body := "\x00\x03\x00\x00user\x00" + ask("user") + "\x00database\x00postgres\x00\x00"
	if _, err := c.Write(append([]byte{0, 0, 0, byte(4 + len(body))}, body...)); err != nil {
		return err
	}
	said := make([]byte, 9)
	if _, err := io.ReadFull(c, said); err != nil {
		return err
	}
	if string(said) != "R\x00\x00\x00\x08\x00\x00\x00\x00" {
		return fmt.Errorf("the server says %q", said)
	}
	return nil
}

// closeNew closes the descriptor that a system call made.
func closeNew(fd, _ uintptr, e unix.Errno) error {
	if e != 0 {
		return e
	}
	return unix.Close(int(fd))
}

// newTerminal makes a pseudo-terminal and returns the path of its other side.
func newTerminal() (master *os.File, path string, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		return nil, "", err
	}
	err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	n := 0
	if err == nil {
		n, err = unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	}
	if err != nil {
		return nil, "", errors.Join(err, master.Close())
	}
	return master, "/dev/pts/" + strconv.Itoa(n), nil
}

// typeOnOwn types on the terminal that a program was started on.
func typeOnOwn(func(string) string) error {
	master, path, err := newTerminal()
	if err != nil {
		return err
	}
	defer master.Close()
	tty, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer tty.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(self, "attempt", "name=type-here")
	c.Stdin = tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	out, err := c.Output()
	if err == nil && string(out) != "in" {
		err = errors.New(string(out))
	}
	return err
}

// traceChild is what a debugger does to a program that it starts.
func traceChild(func(string) string) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // who traces is a thread; this one ends with the goroutine
		c := exec.Command("/bin/sh", "-c", "exit 0")
		c.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
		err := c.Start()
		if err == nil {
			var at unix.PtraceRegs
			var status unix.WaitStatus
			if _, err = unix.Wait4(c.Process.Pid, &status, 0, nil); err == nil {
				err = unix.PtraceGetRegs(c.Process.Pid, &at)
			}
			err = errors.Join(err, unix.PtraceDetach(c.Process.Pid))
			_ = c.Wait()
		}
		done <- err
	}()
	return <-done
}

func attach(ask func(string) string) error {
	done := make(chan error)
	go func() {
		pid := number(ask("pid"))
		if err := unix.PtraceSeize(pid); err != nil {
			done <- err
			return
		}
		done <- nil // the tracer's end lets it go
	}()
	return <-done
}

func readMemory(ask func(string) string) error {
	b := make([]byte, 16)
	at, err := strconv.ParseUint(ask("address"), 10, 64)
	if err != nil {
		return err
	}
	n, err := unix.ProcessVMReadv(number(ask("pid")), []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}, []unix.RemoteIovec{{Base: uintptr(at), Len: len(b)}}, 0)
	if err == nil && n == 0 {
		err = errors.New("nothing was read")
	}
	return err
}
