package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/compute/computetest"
)

// The machine of these tests is made of namespaces: a network of its own with
// an internet on the other end of a cable. No packet leaves it.
const (
	machineEnv   = "LYCEUM_TEST_MACHINE"
	ownPublic    = "203.0.113.2"     // the machine's address
	ownPrivate   = "10.77.0.2"       // another one of it
	ownLate      = "203.0.113.77"    // one that it gets later
	internetHost = "198.51.100.7"    // somebody's server
	privateHost  = "10.9.9.9"        // a server of the institute
	metadataHost = "169.254.169.254" // what tells a cloud's machine its secrets
	resolverHost = "127.0.0.53"      // the machine's resolver
	port         = "9001"
	othersPort   = "9002" // on another project's loopback

	setuidProgram = "/mnt/id"         // as /usr has them
	busEnv        = "LYCEUM_TEST_BUS" // path of a socket in /run that takes anybody
	keyEnv        = "LYCEUM_TEST_KEY" // a key in the keyring that the hub was started with
)

// inMachine runs the test again in a machine of its own, as uid, and returns
// false; inside it returns true.
func inMachine(t *testing.T, uid int) bool {
	t.Helper()
	if os.Getenv(machineEnv) != "" {
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("making a machine out of namespaces needs root")
	}
	exe, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir := dataFolder(t)
	if err := os.Chown(dir, uid, uid); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "machine", fmt.Sprint(uid), "-test.run=^"+t.Name()+"$", "-test.timeout=4m", "-test.v")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin", "TMPDIR=" + dir, "HOME=" + dir, machineEnv + "=" + dir, "GORACE=" + quickEnd}
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("in a machine of its own, as uid %d: %v\n%s", uid, err, out)
	} else {
		t.Logf("%s", out)
	}
	return false
}

// playMachine sets the machine up and runs the tests in it as a user.
func playMachine(uid string, args []string) int {
	if err := setUpMachine(os.Getenv(machineEnv), uid); err != nil {
		fmt.Fprintln(os.Stderr, "set the machine up:", err)
		return 1
	}
	id := 0
	if _, err := fmt.Sscan(uid, &id); err != nil {
		return 1
	}
	run, err := os.MkdirTemp("/run", "lyceum-machine-")
	if err == nil {
		defer os.RemoveAll(run)
		err = errors.Join(os.Chmod(run, 0o755), serveAnybody(filepath.Join(run, "bus")), makeKey())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "set the machine up:", err)
		return 1
	}
	self, _ := os.Executable()
	cmd := exec.Command(self, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if id != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(id), Gid: uint32(id), Groups: []uint32{}}}
	}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// serveAnybody is like the socket of D-Bus.
func serveAnybody(path string) error {
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	go serveGreeting(l)
	return errors.Join(os.Chmod(path, 0o666), os.Setenv(busEnv, path))
}

// makeKey puts a key into a session keyring, as a login does, and leaves the
// caller's thread in that session.
func makeKey() error {
	runtime.LockOSThread()
	if _, err := unix.KeyctlJoinSessionKeyring("lyceum-walls-" + strconv.Itoa(os.Getpid())); err != nil {
		return err
	}
	id, err := unix.AddKey("user", "lyceum-walls", []byte(treasure), unix.KEY_SPEC_SESSION_KEYRING)
	return errors.Join(err, os.Setenv(keyEnv, strconv.Itoa(id)))
}

func setUpMachine(dir, uid string) error {
	resolv := filepath.Join(dir, "resolv.conf")
	if err := os.WriteFile(resolv, []byte("nameserver "+resolverHost+"\nsearch example.org\n"), 0o644); err != nil {
		return err
	}
	place, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		return err
	}
	tun := filepath.Join(dir, "tun") // udev gives it to everybody; not every container does
	far := exec.Command("/bin/sleep", "600")
	far.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := far.Start(); err != nil {
		return err
	}
	const script = `set -e
mount --make-rprivate /; mount --bind "$1" "$2"
mount -t tmpfs -o mode=755 x /mnt; cp "$(command -v id)" /mnt/id; chmod 4755 /mnt/id
{ cat /etc/passwd; [ "$6" = 0 ] || echo "tester:x:$6:$6::/:/bin/sh"; } >"$5"; mount --bind "$5" /etc/passwd
mknod "$3" c 10 200; chmod 666 "$3"; mount --bind "$3" /dev/net/tun
ip link set lo up; ip addr add 10.77.0.2/32 dev lo
ip link add m0 type veth peer name i0 netns "$4"
ip addr add 203.0.113.2/24 dev m0; ip link set m0 up; ip route add default via 203.0.113.1
nsenter -t "$4" -n sh -c 'ip link set lo up; ip addr add 203.0.113.1/24 dev i0; for a in 198.51.100.7 10.9.9.9 169.254.169.254; do ip addr add $a/32 dev lo; done; ip link set i0 up'`
	if out, err := exec.Command("/bin/sh", "-c", script, "sh", resolv, place, tun, fmt.Sprint(far.Process.Pid), filepath.Join(dir, "passwd"), uid).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	self, _ := os.Executable()
	servers := exec.Command("nsenter", "-t", fmt.Sprint(far.Process.Pid), "-n", self, "listen", "0.0.0.0:"+port)
	servers.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := servers.Start(); err != nil {
		return err
	}
	// The machine's own listeners: what a database, a hub and its people leave on it.
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	go serveGreeting(l)
	dns, err := net.ListenPacket("udp", resolverHost+":53")
	if err != nil {
		return err
	}
	go serveNames(dns)
	return awaitServer(internetHost + ":" + port)
}

func awaitServer(at string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := greet("tcp", at)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

func serveGreeting(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Write([]byte("hello\n"))
		_ = c.Close()
	}
}

// playListener is a server somewhere.
func playListener(at string) int {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return 1
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	serveGreeting(l)
	return 0
}

// serveNames answers every question for an address with internetHost.
func serveNames(c net.PacketConn) {
	b := make([]byte, 512)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return
		}
		if n < 12 {
			continue
		}
		// The question ends after its name and four bytes of type and class.
		end := 12
		for end < n && b[end] != 0 {
			end += int(b[end]) + 1
		}
		if end += 5; end > n {
			continue
		}
		a := append([]byte{}, b[:end]...)
		a[2], a[3] = 0x81, 0x80
		copy(a[4:12], []byte{0, 1, 0, 0, 0, 0, 0, 0})
		if binary.BigEndian.Uint16(b[end-4:]) == 1 {
			a[7] = 1
			a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
			a = append(a, net.ParseIP(internetHost).To4()...)
		}
		_, _ = c.WriteTo(a, from)
	}
}

// greet connects and reads a byte: with user-mode networks a connection alone
// says little.
func greet(network, at string) error {
	c, err := net.DialTimeout(network, at, 2*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	_, err = c.Read(make([]byte, 1))
	return err
}

// playAttempt makes one attempt without any confinement.
func playAttempt(query string) int {
	req, err := http.NewRequest(http.MethodGet, "http://project/attempt?"+query, nil)
	if err != nil {
		return 1
	}
	if err := try(req.FormValue); err != nil {
		fmt.Print(err)
		return 0
	}
	fmt.Print("in")
	return 0
}

func nets(t *testing.T) []way {
	t.Helper()
	all := ways()
	if os.Geteuid() != 0 {
		all = all[:1] // nothing separates networks in the way "none"
	}
	return all
}

// TestNetwork: what a project reaches by each policy, and that its helper is
// replaced, found again and taken away.
func TestNetwork(t *testing.T) { testNetwork(t, 0) }

// TestNetworkAsOrdinaryUser is TestNetwork without root.
func TestNetworkAsOrdinaryUser(t *testing.T) { testNetwork(t, 64_998) }

func testNetwork(t *testing.T, uid int) {
	if !inMachine(t, uid) {
		return
	}
	for _, w := range nets(t) {
		t.Run(w.name, func(t *testing.T) {
			w.cfg.Network, w.cfg.NetworkAllow = netInternet, []string{privateHost + ":9001"}
			r := newRig(t, w)
			spec := r.spec()
			at := r.start(t, spec).Address
			dial := func(to string) string { return ask1(t, at, "/attempt?name=connect&to="+to) }
			if w.cfg.Confine != kindUID { // whose resolver is on the machine's loopback
				computetest.Eventually(t, func() bool { return dial("name.example.org:"+port) == "in" }, func() string { return dial("name.example.org:" + port) })
			}
			computetest.Eventually(t, func() bool { return dial(internetHost+":"+port) == "in" }, func() string { return dial(internetHost + ":" + port) })
			if got := dial(privateHost + ":" + port); got != "in" {
				t.Errorf("an address that is allowed: %s", got)
			}
			if got := sh(t, at, "cat /proc/net/dev | grep -c lo:; ls /sys/class/net 2>/dev/null | grep m0"); !strings.HasPrefix(got, "1\n") || strings.Contains(got, "m0\n") {
				t.Errorf("its devices: %q", got)
			}
			if uid == 0 {
				meetLateAddress(t, r, dial)
			}
			helper := r.noted(spec.Project)
			if g := r.record(t, spec.Project).group(); len(g) > 0 && !slices.Contains(g.Pids(), helper.Pid) {
				t.Errorf("the helper is not in the project's cgroup, which holds %v", g.Pids())
			}
			helper.signal(unix.SIGKILL)
			computetest.Eventually(t, func() bool { h := r.noted(spec.Project); return h != helper && h.alive() },
				func() string { return "the helper was not replaced" })
			computetest.Eventually(t, func() bool { return dial(internetHost+":"+port) == "in" }, func() string { return dial(internetHost + ":" + port) })
			second := r.noted(spec.Project)
			r.reopen(t)
			r.await(t, spec.Project, "running")
			if got := r.noted(spec.Project); got != second || !second.alive() {
				t.Errorf("after the hub's restart the helper is %v, was %v", got, second)
			}
			// Killed while no hub is there: the helper ends too.
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			r.kill(t, spec.Project)
			if pidfdsHangUp(t) {
				computetest.Eventually(t, func() bool { return !second.alive() }, func() string { return "the helper outlives its project" })
			}
			r.open(t)
			computetest.Eventually(t, func() bool { return !second.alive() }, func() string { return "the helper outlives its project and the next hub" })
		})
		t.Run(w.name+", none", func(t *testing.T) {
			w.cfg.Network = netNone
			r := newRig(t, w)
			at := r.start(t, r.spec()).Address
			if got := ask1(t, at, "/attempt?name=connect&to="+internetHost+":"+port); got == "in" {
				t.Error("it reaches the internet")
			}
			if got := ask1(t, at, "/attempt?name=own-loopback"); got != "in" {
				t.Errorf("its own loopback: %s", got)
			}
		})
	}
}

// meetLateAddress gives the machine another address: a project reaches it by that
// one until the rules are renewed.
func meetLateAddress(t *testing.T, r *rig, dial func(to string) string) {
	t.Helper()
	ip := func(verb string) {
		t.Helper()
		if out, err := exec.Command("ip", "addr", verb, ownLate+"/24", "dev", "m0").CombinedOutput(); err != nil {
			t.Fatalf("ip addr %s: %v: %s", verb, err, out)
		}
	}
	before := ownAddresses()
	ip("add")
	defer ip("del")
	if got := dial(ownLate + ":" + port); got != "in" {
		t.Errorf("a new address of the machine, before it is known: %s", got)
	}
	ticks := make(chan time.Time)
	r.tasks.Go(func() { r.compareAddresses(before, ticks) })
	ticks <- time.Time{}
	ticks <- time.Time{} // taken when the first one is done with
	if got := dial(ownLate + ":" + port); got == "in" {
		t.Error("a new address of the machine is open to projects")
	}
}

// pidfdsHangUp reports whether this kernel does what nethelper.go says of Linux 6.9.
func pidfdsHangUp(t *testing.T) bool {
	t.Helper()
	var u unix.Utsname
	var major, minor int
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return major > 6 || major == 6 && minor >= 9
}
