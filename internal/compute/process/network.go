package process

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// What projects may reach.
const (
	netInternet = "internet" // a network namespace each, and a way out of it
	netNone     = "none"     // a network namespace each, and no way out
	netShared   = "shared"   // the machine's network
)

// The addresses of a project's own small network. They lie where few real
// networks do (RFC 6598), and a project cannot reach those anyhow.
const (
	tapName    = "tap0"
	tapNetwork = "100.127.255.0/24"
	tapDNS     = "100.127.255.3" // slirp4netns asks the machine's resolver
)

// tunDevice makes slirp4netns's end of the cable.
const tunDevice = "/dev/net/tun"

// network is how projects are connected. With a namespace of its own a project
// has its own loopback and its own abstract sockets; slirp4netns, a helper
// process per project outside of it, opens connections in its place; and rules
// of nftables inside the namespace, which the project has no right to change,
// say where to. Nothing of the machine's own network is changed.
type network struct {
	mode    string
	allow   []allowed
	slirp   string // path of slirp4netns, or ""
	nsenter string
	nft     string
	tried   string // why the internet is not to be had apart, or ""
}

// separate reports whether projects have network namespaces.
func (n network) separate() bool { return n.mode == netInternet || n.mode == netNone }

// allowed is one place on a private network that projects may reach.
type allowed struct {
	to         netip.Prefix
	first, end uint16 // ports, end included; 0: all
}

// chooseNetwork finds out how j's projects can be connected: as cfg says, or the
// best that works here.
func chooseNetwork(ctx context.Context, cfg Config, j jail) (network, error) {
	n := network{mode: cfg.Network}
	var err error
	if n.allow, err = parseAllowed(cfg.NetworkAllow); err != nil {
		return n, err
	}
	switch {
	case cfg.Network != "" && cfg.Network != netInternet && cfg.Network != netNone && cfg.Network != netShared:
		return n, lyceum.Errorf(lyceum.Invalid, "the network of projects is internet, none or shared, not %q", cfg.Network)
	case n.mode == netShared:
		return n, nil
	case j.kind == kindNone:
		n.tried = "what keeps projects apart is missing"
	case n.mode == netNone:
		j.net = n
		if err = j.probe(ctx, nil); err != nil {
			n.tried = err.Error()
		}
	default:
		n.mode = netInternet
		if err = n.find(); err == nil {
			j.net = n
			err = j.probe(ctx, n.try)
		}
		if err != nil {
			n.tried = err.Error()
		}
	}
	switch {
	case ctx.Err() != nil:
		return n, ctx.Err()
	case n.tried == "":
		return n, nil
	case cfg.Network != "":
		return n, lyceum.Errorf(lyceum.Invalid, "projects cannot have the network %q here: %s", cfg.Network, n.tried)
	}
	n.mode = netShared
	return n, nil
}

// find looks for the programs.
func (n *network) find() error {
	var missing []string
	for _, p := range []struct {
		path    *string
		program string
		of      string
	}{{&n.slirp, "slirp4netns", "slirp4netns"}, {&n.nft, "nft", "nftables"}, {&n.nsenter, "nsenter", "util-linux"}} {
		path, err := lookProgram(p.program)
		if err != nil {
			missing = append(missing, p.of)
		}
		*p.path = path
	}
	if len(missing) > 0 {
		return errors.New("not installed: " + strings.Join(missing, ", ") + " (apt-get install " + strings.Join(missing, " ") + ")")
	}
	if err := unix.Access(tunDevice, unix.R_OK|unix.W_OK); err != nil {
		return fmt.Errorf("this user cannot open %s, which most machines give to everybody: %w", tunDevice, err)
	}
	return nil
}

// lookProgram also looks where the PATH of ordinary users does not.
func lookProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if err != nil {
			path, err = exec.LookPath(filepath.Join(dir, name))
		}
	}
	return path, err
}

// try connects the probe as a project would be, and takes the helper away again.
func (n network) try(first process) error {
	s, err := openSpaces(first)
	if err != nil {
		return err
	}
	defer s.close()
	if err := n.rule(s); err != nil {
		return err
	}
	log, err := os.CreateTemp("", "lyceum-network-")
	if err != nil {
		return err
	}
	defer log.Close()
	defer os.Remove(log.Name())
	h, err := n.connect(s, nil, log)
	if err != nil {
		return fmt.Errorf("%w: %s", err, oneLine(strings.ReplaceAll(tail(log.Name(), 600), "WARNING: Support for seccomp is experimental", "")))
	}
	_ = h.Process.Kill()
	_ = h.Wait()
	return nil
}

// report says for administrators what the network leaves open.
func (n network) report() []string {
	var say []string
	if n.tried != "" {
		say = append(say, "Projects cannot have a network of their own here: "+n.tried+".")
	}
	if n.mode == netShared {
		say = append(say, "Projects share the machine's network: they reach what listens on it, on the loopback address too.")
	}
	return say
}

// spaces are the namespaces of a project's first process. While they are open
// they are the same ones, whatever becomes of the process and its number.
type spaces struct {
	net   *os.File
	user  *os.File // the one that owns net; nil when it is ours
	first *os.File // a handle on the process; nil before Linux 5.3
}

func openSpaces(first process) (spaces, error) {
	var s spaces
	var err error
	dir := fmt.Sprintf("/proc/%d/ns/", first.Pid)
	if s.net, err = os.Open(dir + "net"); err != nil {
		return s, err
	}
	if sameFile(dir+"net", "/proc/self/ns/net") {
		err = errors.New("the project has no network namespace of its own")
	} else {
		s.user, err = owner(s.net)
	}
	if s.user != nil {
		err = first.awaitMaps()
	}
	if err == nil && !first.alive() {
		err = os.ErrProcessDone
	}
	if err != nil {
		s.close()
		return spaces{}, err
	}
	if fd, err := unix.PidfdOpen(first.Pid, 0); err == nil {
		s.first = os.NewFile(uintptr(fd), "pidfd")
	}
	return s, nil
}

// owner opens the user namespace that owns a network namespace, unless it is ours.
// It is not the one that the project is in: where bubblewrap makes user
// namespaces, it makes two, and only in the first, in which it is root and no
// program of the project ever is, has anybody rights on the network.
func owner(ns *os.File) (*os.File, error) {
	fd, err := unix.IoctlRetInt(int(ns.Fd()), unix.NS_GET_USERNS)
	if err != nil {
		return nil, fmt.Errorf("whose a network namespace is: %w", err)
	}
	f := os.NewFile(uintptr(fd), "user namespace")
	its, err := f.Stat()
	if err == nil {
		var our os.FileInfo
		if our, err = os.Stat("/proc/self/ns/user"); err == nil && !os.SameFile(its, our) {
			return f, nil
		}
	}
	return nil, errors.Join(err, f.Close())
}

// mapTime is how long bubblewrap may take to say who is who in its namespaces.
const mapTime = 10 * time.Second

// awaitMaps returns when the user namespace that the process was started in has
// its ids, without which nobody has rights there. Nothing tells when.
func (p process) awaitMaps() error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(mapTime)
	defer late.Stop()
	for {
		// Bubblewrap writes them in this order. In its second user namespace they are
		// missing for a moment again.
		uids, err1 := os.ReadFile(fmt.Sprintf("/proc/%d/uid_map", p.Pid))
		gids, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/gid_map", p.Pid))
		if err := errors.Join(err1, err2); err != nil || len(uids) > 0 && len(gids) > 0 {
			return err
		}
		select {
		case <-tick.C:
		case <-late.C:
			return errors.New("the ids of a user namespace were not set")
		}
	}
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

func (s spaces) close() {
	if s.net != nil {
		_ = s.net.Close()
	}
	if s.user != nil {
		_ = s.user.Close()
	}
	if s.first != nil {
		_ = s.first.Close()
	}
}

// pass gives the namespaces to a child as descriptors 3 and 4.
func (s spaces) pass(c *exec.Cmd) {
	c.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C.UTF-8"}
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c.ExtraFiles = []*os.File{s.net}
	if s.user != nil {
		c.ExtraFiles = append(c.ExtraFiles, s.user)
	}
}

// within runs f on a thread that is in the network namespace; what f starts is in it
// too. It needs root.
func (s spaces) within(f func() error) error {
	done := make(chan error, 1)
	go func() {
		// The thread never leaves the namespace: it ends with this goroutine.
		runtime.LockOSThread()
		err := unix.Setns(int(s.net.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// raiseLoopback brings the loopback device of a namespace up, where bubblewrap
// does not. It needs root.
func raiseLoopback(s spaces) error {
	return s.within(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		req, err := unix.NewIfreq("lo")
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
	})
}
