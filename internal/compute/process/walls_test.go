package process

import (
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
)

// wallCase is an attempt of a project and what it meets.
type wallCase struct {
	what string
	name string            // in tries
	args map[string]string // for it
	open []string          // the kinds that do not stop it; trust.md says so
	only string            // why it does not get in without confinement either; "": it must
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
	return []wallCase{
		{what: "another's file", name: "read", args: at("path", v.home+"/secret.txt")},
		{what: "another's folder", name: "list", args: at("path", v.home)},
		{what: "the list of all projects", name: "list", args: at("path", filepath.Dir(v.home))},
		{what: "another's file by a symbolic link", name: "symlink", args: at("path", v.home+"/secret.txt", "at", "/tmp")},
		{what: "another's file by a hard link", name: "hard-link", args: at("path", v.home+"/secret.txt", "at", "/tmp")},
		{what: "another's events", name: "watch", args: at("path", v.home)},
		{what: "another's file by its inode", name: "handle", args: at("at", "/tmp", "handle", v.handle, "type", v.handleType)},
		{what: "another's root folder", name: "read", args: at("path", "/proc/"+pid+"/root/tmp/mine")},
		{what: "another's working folder", name: "read", args: at("path", "/proc/"+pid+"/cwd/secret.txt")},
		{what: "another's environment", name: "proc-read", args: at("pid", pid, "file", "environ")},
		{what: "another's memory map", name: "list", args: at("path", "/proc/"+pid+"/map_files")},
		{what: "another's open files", name: "list", args: at("path", "/proc/"+pid+"/fd")},
		{what: "another's command line", name: "list", args: at("path", "/proc/"+pid+"/task"), open: uid},
		{what: "a signal to another", name: "signal", args: at("pid", pid)},
		{what: "a debugger on another", name: "ptrace", args: at("pid", pid)},
		{what: "another's memory", name: "vm-read", args: at("pid", pid, "address", "4194304")},
		{what: "another's server socket", name: "socket", args: at("path", v.socket)},
		{what: "another's temporary file", name: "read", args: at("path", v.temporary)},
		{what: "the hub's data", name: "read", args: at("path", v.data+"/hub")},
		{what: "the hub's records", name: "list", args: at("path", v.data+"/compute")},
		{what: "the hub's key", name: "read", args: at("path", v.key)},
		{what: "the database's files", name: "list", args: at("path", v.data+"/postgres")},
		{what: "the database's socket", name: "socket", args: at("path", v.data+"/postgres/.s.PGSQL.5432")},
		{what: "the hub's environment", name: "proc-read", args: at("pid", strconv.Itoa(v.hub), "file", "environ")},
		{what: "a signal to the hub", name: "signal", args: at("pid", strconv.Itoa(v.hub))},
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
		{what: "the rules of its network", name: "rules"},
		{what: "the rules of its network, as root of a user namespace", name: "rules-in-user-namespace", only: "a user namespace gives no right on the network of another"},
		{what: "raw packets", name: "raw-socket"},
		{what: "gaining rights by a setuid program", name: "setuid"},
		{what: "becoming root", name: "become-root"},
		{what: "mounting", name: "mount"},
		{what: "writing a system file as root of a user namespace", name: "mount-in-user-namespace", args: at("path", "/etc/passwd")},
		{what: "making a device", name: "device-node", args: at("at", "/tmp")},
		{what: "the kernel's log", name: "write", args: at("path", "/dev/kmsg")},
		{what: "writing in /etc", name: "create", args: at("path", "/etc")},
		{what: "writing in /usr", name: "create", args: at("path", "/usr/bin")},
		{what: "a setting of the kernel", name: "write", args: at("path", "/proc/sys/kernel/core_pattern")},
		{what: "the host name", name: "host-name"},
		{what: "the clock", name: "clock"},
	}
}

// victim is what there is to be got.
type victim struct {
	home, data, socket, temporary, key, abstract, queue, devShm, device string
	handle, handleType                                                  string
	pid, hub, shm                                                       int
}

// layOut makes a project, a hub's data and what else lies about on a machine.
func layOut(t *testing.T, r *rig) victim {
	t.Helper()
	spec := r.spec()
	spec.Env = []lyceum.EnvVar{{Name: "TOKEN", Value: treasure}}
	o := r.start(t, spec)
	v := victim{home: r.Home(spec.Project), data: r.cfg.Data, socket: o.Address.Socket, pid: r.record(t, spec.Project).Init.Pid, device: tapName}
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
	if err := os.Mkdir(v.data+"/postgres", 0o700); err != nil {
		t.Fatal(err)
	}
	listen := func(path string) string {
		t.Helper()
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return path
	}
	listen(v.data + "/postgres/.s.PGSQL.5432")
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
	h, _, err := unix.NameToHandleAt(unix.AT_FDCWD, v.temporary, 0)
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

// TestAttempts has a project try what it shall not. The same attempt is made by
// an unconfined process, as the hub itself would start one, and must get in: so
// each line fails when confinement is switched off.
func TestAttempts(t *testing.T) {
	if !inMachine(t, 0) {
		return
	}
	for _, w := range nets(t) {
		t.Run(w.name, func(t *testing.T) {
			w.cfg.Network = netInternet
			r := newRig(t, w)
			v := layOut(t, r)
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
				off := exec.Command(r.cfg.Executable, "attempt", query.Encode())
				off.Dir = "/tmp"
				out, err := off.CombinedOutput()
				if got := string(out); err != nil || (got == "in") != (c.only == "") {
					t.Errorf("%s: without confinement it says %q, %v; why it should not get in: %q", c.what, got, err, c.only)
				}
			}
		})
	}
}
