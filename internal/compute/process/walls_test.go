package process

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
	"lyceum/internal/pgserver"
)

// wallCase is an attempt of a project and what it meets.
type wallCase struct {
	what string
	name string            // in tries
	args map[string]string // for it
	open []string          // the kinds that do not stop it; trust.md says so
	only string            // why it does not get in without confinement either; "": it must
	root string            // why an ordinary user does not; "": as only says
}

// wallCases are the attempts, aimed at what v holds.
func wallCases(v victim) []wallCase {
	pid := strconv.Itoa(v.pid)
	at := func(kv ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return m
	}
	uid := []string{kindUID}
	const noRight = "an ordinary user has no right to it"
	free := func(name string) []string { // what user ids alone leave open, if the machine does
		if v.refused[name] {
			return nil
		}
		return uid
	}
	return []wallCase{
		{what: "another's file", name: "read", args: at("path", v.home+"/secret.txt")},
		{what: "another's folder", name: "list", args: at("path", v.home)},
		{what: "the list of all projects", name: "list", args: at("path", filepath.Dir(v.home))},
		{what: "another's file by a symbolic link", name: "symlink", args: at("path", v.home+"/secret.txt", "at", "/tmp")},
		{what: "another's file by a hard link", name: "hard-link", args: at("path", v.home+"/secret.txt", "at", "/tmp")},
		{what: "another's events", name: "watch", args: at("path", v.home)},
		{what: "another's file by its inode", name: "handle", args: at("at", ".", "handle", v.handle, "type", v.handleType), root: noRight},
		{what: "another's root folder", name: "read", args: at("path", "/proc/"+pid+"/root/tmp/mine")},
		{what: "another's working folder", name: "read", args: at("path", "/proc/"+pid+"/cwd/secret.txt")},
		{what: "another's environment", name: "proc-read", args: at("pid", pid, "file", "environ")},
		{what: "another's memory map", name: "list", args: at("path", "/proc/"+pid+"/map_files")},
		{what: "another's open files", name: "list", args: at("path", "/proc/"+pid+"/fd")},
		{what: "another's command line", name: "command-line", args: at("pid", pid), open: uid},
		{what: "a signal to another", name: "signal", args: at("pid", pid)},
		{what: "a debugger on another", name: "ptrace", args: at("pid", pid)},
		{what: "another's memory", name: "vm-read", args: at("pid", pid, "address", "4194304")},
		{what: "another's server socket", name: "socket", args: at("path", v.socket)},
		{what: "another's supervisor", name: "socket", args: at("path", v.super)},
		{what: "a server on another's loopback", name: "others-loopback", args: at("to", "127.0.0.1:"+othersPort, "pid", pid)},
		{what: "another's temporary file", name: "read", args: at("path", v.temporary)},
		{what: "the hub's data", name: "read", args: at("path", v.data+"/hub")},
		{what: "the hub's records", name: "list", args: at("path", v.data+"/compute")},
		{what: "the hub's key", name: "read", args: at("path", v.key)},
		{what: "the database's files", name: "list", args: at("path", v.database+"/cluster")},
		{what: "the database's socket", name: "socket", args: at("path", v.databaseSocket)},
		{what: "a session with the database", name: "postgres", args: at("path", v.databaseSocket, "user", v.databaseUser)},
		{what: "the hub's environment", name: "proc-read", args: at("pid", strconv.Itoa(v.hub), "file", "environ")},
		{what: "a signal to the hub", name: "signal", args: at("pid", strconv.Itoa(v.hub))},
		{what: "a key in the hub's keyring", name: "key", args: at("key", v.keyring)},
		{what: "a service of the machine that takes anybody, in /run", name: "socket", args: at("path", v.bus), open: uid},
		{what: "a terminal of the machine", name: "write", args: at("path", v.terminal)},
		{what: "typing on a terminal of the machine", name: "type", args: at("path", v.terminal), root: "the kernel lets it type on its own terminal alone"},
		{what: "an abstract socket of the machine", name: "socket", args: at("path", v.abstract)},
		{what: "shared memory of the machine", name: "shared-memory", args: at("key", strconv.Itoa(v.shm))},
		{what: "a message queue of the machine", name: "message-queue", args: at("queue", v.queue)},
		{what: "a file in the machine's /dev/shm", name: "read", args: at("path", v.devShm)},
		{what: "the machine's loopback", name: "connect", args: at("to", "127.0.0.1:"+port)},
		{what: "the machine's loopback by IPv6", name: "connect", args: at("to", "[::1]:"+port)},
		{what: "the machine's loopback by 0.0.0.0", name: "connect", args: at("to", "0.0.0.0:"+port)},
		{what: "the machine's loopback by the gateway", name: "connect", args: at("to", "100.127.255.2:"+port), only: "the address is of a project's own network"},
		{what: "the machine's address", name: "connect", args: at("to", ownPublic+":"+port)},
		{what: "the machine's private address", name: "connect", args: at("to", ownPrivate+":"+port)},
		{what: "the metadata of a cloud's machine", name: "connect", args: at("to", metadataHost+":"+port)},
		{what: "a private network", name: "connect", args: at("to", privateHost+":"+port)},
		{what: "a private network past the routes", name: "device-bound", args: at("to", privateHost+":"+port, "device", v.device)},
		{what: "a private network by UDP", name: "udp", args: at("to", privateHost+":"+port)},
		{what: "the rules of its network", name: "rules", root: noRight},
		{what: "the rules of its network, as root of a user namespace", name: "rules-in-user-namespace", only: "a user namespace gives no right on the network of another"},
		{what: "raw packets", name: "raw-socket", root: noRight},
		{what: "a picture of its memory in the hub's data, by crashing there", name: "core", args: at("at", v.data), only: v.noCore},
		{what: "another's limits", name: "join", args: at("path", v.cgroup), root: noRight},
		{what: "no limits", name: "join", args: at("path", v.rootCgroup), root: noRight},
		{what: "gaining rights by a setuid program", name: "setuid", args: at("path", setuidProgram)},
		{what: "becoming root", name: "become-root", root: noRight},
		{what: "mounting", name: "mount", root: noRight},
		{what: "writing a system file as root of a user namespace", name: "mount-in-user-namespace", args: at("path", "/etc/passwd"), root: noRight},
		{what: "making a device", name: "device-node", args: at("at", "/tmp"), root: noRight},
		{what: "the kernel's log", name: "write", args: at("path", "/dev/kmsg"), root: noRight},
		{what: "writing in /etc", name: "create", args: at("path", "/etc"), root: noRight},
		{what: "writing in /usr", name: "create", args: at("path", "/usr/bin"), root: noRight},
		{what: "a setting of the kernel", name: "write", args: at("path", "/proc/sys/kernel/core_pattern"), root: noRight},
		{what: "a setting of the machine in /sys", name: "write", args: at("path", "/sys/class/net/lo/mtu"), root: noRight},
		{what: "the kernel's keys", name: "keys", open: free("keys"), only: v.closed["keys"]},
		{what: "io_uring, a way past the filter on system calls", name: "ring", open: free("ring"), only: v.closed["ring"]},
		{what: "userfaultfd, which holds the kernel up", name: "userfaultfd", open: free("userfaultfd"), only: v.closed["userfaultfd"]},
		{what: "the kernel's counters (perf)", name: "counters", open: free("counters"), only: v.closed["counters"]},
		{what: "a program in the kernel (BPF)", name: "bpf", root: noRight, only: v.closed["bpf"]},
		{what: "typing on its own terminal, as a program", name: "type-own", open: free("type-own"), only: v.closed["type-own"]},
		{what: "a socket to the machine below a virtual one (vsock)", name: "vsock", open: free("vsock"), only: v.closed["vsock"]},
		{what: "the host name", name: "host-name", root: noRight},
		{what: "the clock", name: "clock", root: noRight},
	}
}

// victim is what there is to be got.
type victim struct {
	home, data, socket, super, temporary, key, abstract, queue, devShm, device string
	handle, handleType, cgroup, rootCgroup, bus, terminal, keyring             string
	database, databaseSocket, databaseUser                                     string
	noCore                                                                     string // why crashed programs leave no core here; "": they do
	pid, hub, shm                                                              int
	closed                                                                     map[string]string // why this machine does not allow an attempt to us
	refused                                                                    map[string]bool   // nor to any ordinary user
}

// layOut makes a project, a hub's data and what else lies about on a machine.
func layOut(t *testing.T, r *rig, db database) victim {
	t.Helper()
	spec := r.spec()
	spec.Env = []lyceum.EnvVar{{Name: "TOKEN", Value: treasure}}
	o := r.start(t, spec)
	v := victim{home: r.Home(spec.Project), data: r.cfg.Data, socket: o.Address.Socket, pid: r.record(t, spec.Project).Init.Pid, device: tapName,
		super: filepath.Join(filepath.Dir(o.Address.Socket), "super.sock"), bus: os.Getenv(busEnv), keyring: os.Getenv(keyEnv),
		database: db.dir, databaseSocket: db.socket, databaseUser: db.user}
	in := r.jail.see(v.home, filepath.Dir(o.Address.Socket))
	for network, at := range map[string]string{"tcp": "127.0.0.1:" + othersPort, "unix": in.run + "/super.sock"} {
		if got := ask1(t, o.Address, "/attempt?name=serve&network="+network+"&at="+url.QueryEscape(at)); got != "in" {
			t.Fatalf("the other project cannot serve at %s: %s", at, got)
		}
	}
	v.cgroup, v.rootCgroup = cgroupsOf(t, r.record(t, spec.Project))
	v.terminal, v.noCore = openTerminal(t), noCore(t)
	v.closed, v.refused = map[string]string{}, map[string]bool{}
	for _, name := range filtered {
		if got := attemptAs(t, r, 0, name); got != "in" {
			v.closed[name] = "this machine says " + got
		}
		v.refused[name] = attemptAs(t, r, 64_997, name) != "in"
	}
	sh(t, o.Address, "umask 077; echo %s > $HOME/secret.txt; echo %s > /tmp/mine", treasure, treasure)
	t.Cleanup(func() { _ = os.Remove("/tmp/mine") })
	file := func(path string) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(treasure), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Remove(path) })
		return path
	}
	file(v.data + "/hub")
	v.key = file(v.data + "/compute/ticket.key")
	tag := strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(nextUID.Load(), 10)
	v.temporary, v.devShm = file("/tmp/lyceum-walls-"+tag), file("/dev/shm/lyceum-walls-"+tag)
	listen := func(path string) string {
		t.Helper()
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return path
	}
	v.abstract = listen("@lyceum-walls-" + tag)
	// The hub, for signals and its environment: a process of ours.
	hub := exec.Command("/bin/sleep", "300")
	hub.Env = []string{"LYCEUM_DATABASE_URL=" + treasure}
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Process.Kill(); _ = hub.Wait() })
	v.hub = hub.Process.Pid
	v.shm = 0x4c790000 + int(nextUID.Load())
	id, err := unix.SysvShmGet(v.shm, 16, unix.IPC_CREAT|0o600)
	if err != nil {
		t.Fatal(err)
	}
	b, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	copy(b, treasure)
	t.Cleanup(func() { _ = unix.SysvShmDetach(b); _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) })
	v.queue = "lyceum-walls-" + tag
	name, _ := unix.BytePtrFromString(v.queue)
	fd, _, e := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), unix.O_RDONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o600, 0, 0, 0)
	if e != 0 {
		t.Fatal(e)
	}
	t.Cleanup(func() {
		_ = unix.Close(int(fd))
		_, _, _ = unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name)), 0, 0)
	})
	h, _, err := unix.NameToHandleAt(unix.AT_FDCWD, v.home+"/secret.txt", 0)
	if err != nil {
		t.Fatal(err)
	}
	var raw strings.Builder
	for _, c := range h.Bytes() {
		fmt.Fprintf(&raw, `\x%02x`, c)
	}
	v.handle, v.handleType = raw.String(), strconv.Itoa(int(h.Type()))
	return v
}

// cgroupsOf returns the files by which a process would join the cgroup of a
// project, and the one of all that are not limited.
func cgroupsOf(t *testing.T, rec record) (its, root string) {
	t.Helper()
	for _, pattern := range []string{"/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/*/cgroup.procs"} {
		if found, _ := filepath.Glob(pattern); root == "" && len(found) > 0 {
			root = found[0]
		}
	}
	if its = root; len(rec.Cgroups) > 0 {
		its = filepath.Join(rec.Cgroups[0], "cgroup.procs")
	}
	if root == "" {
		t.Fatal("this machine has no cgroups")
	}
	return its, root
}

// noCore says why a program that crashes leaves nothing where it is, or "".
func noCore(t *testing.T) string {
	t.Helper()
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil {
		t.Fatal(err)
	}
	var max unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &max); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(pattern), "core") || max.Max == 0 {
		return "this machine does something else with it"
	}
	return ""
}

// openTerminal makes a terminal such as an administrator sits at.
func openTerminal(t *testing.T) string {
	t.Helper()
	master, path, err := newTerminal()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	return path
}

// database is the hub's PostgreSQL.
type database struct{ dir, socket, user string }

func startDatabase(t *testing.T) database {
	t.Helper()
	cfg := pgserver.Config{Data: filepath.Join(dataFolder(t), "postgres")}
	server, err := pgserver.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	secret, err := pgserver.URL(cfg)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return database{dir: cfg.Data, socket: filepath.Join(at.Query().Get("host"), ".s.PGSQL.5432"), user: at.User.Username()}
}

// TestAttempts has a project try what it shall not. The same attempt is made by
// an unconfined process, as the hub itself would start one, and must get in: so
// each line fails when confinement is switched off.
func TestAttempts(t *testing.T) { testAttempts(t, 0) }

// TestAttemptsAsOrdinaryUser is TestAttempts without root.
func TestAttemptsAsOrdinaryUser(t *testing.T) { testAttempts(t, 64_996) }

func testAttempts(t *testing.T, uid int) {
	if !inMachine(t, uid) {
		return
	}
	db := startDatabase(t)
	for _, w := range nets(t) {
		t.Run(w.name, func(t *testing.T) {
			w.cfg.Network, w.cfg.ReadOnly = netInternet, []string{filepath.Dir(setuidProgram)}
			r := newRig(t, w)
			v := layOut(t, r, db)
			thief := r.start(t, r.spec()).Address
			for _, c := range wallCases(v) {
				query := url.Values{"name": {c.name}}
				for k, x := range c.args {
					query.Set(k, x)
				}
				stopped := !slices.Contains(c.open, w.cfg.Confine)
				if got := ask1(t, thief, "/attempt?"+query.Encode()); (got != "in") != stopped {
					t.Errorf("%s: confined it says %q, stopped should be %v", c.what, got, stopped)
				}
				if c.name == "device-bound" {
					query.Set("device", "m0")
				}
				why := c.only
				if uid != 0 {
					why = cmp.Or(c.root, c.only)
				}
				off := exec.Command(r.cfg.Executable, "attempt", query.Encode())
				off.Dir = os.Getenv(machineEnv)
				out, err := off.CombinedOutput()
				if got := string(out); err != nil || (got == "in") != (why == "") {
					t.Errorf("%s: without confinement it says %q, %v; why it should not get in: %q", c.what, got, err, why)
				}
			}
		})
	}
}
