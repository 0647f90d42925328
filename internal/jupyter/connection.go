package jupyter

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lyceum/internal/lyceum"
)

// Connection says where a kernel listens, and the key that messages are signed
// with: what a connection file holds. The ports of ipc are numbers of files:
// IP-PORT.
type Connection struct {
	Transport  string // "tcp" or "ipc"
	IP         string // an address; or the path of the sockets without their numbers
	Shell      int
	IOPub      int
	Stdin      int
	Control    int
	Heartbeat  int
	Key        lyceum.Secret // "" means that nothing is signed
	KernelName string
}

// connectionFile is the file's JSON.
type connectionFile struct {
	Transport  string `json:"transport"`
	IP         string `json:"ip"`
	Shell      int    `json:"shell_port"`
	IOPub      int    `json:"iopub_port"`
	Stdin      int    `json:"stdin_port"`
	Control    int    `json:"control_port"`
	Heartbeat  int    `json:"hb_port"`
	Key        string `json:"key"`
	Scheme     string `json:"signature_scheme"`
	KernelName string `json:"kernel_name,omitempty"`
}

const signatureScheme = "hmac-sha256"

// maxSocketPath is how long the path of a Unix socket may be, in bytes.
const maxSocketPath = 107

// IPC makes a connection over sockets in files that begin with prefix. The error
// is of kind Invalid: their paths are too long for sockets.
func IPC(prefix string) (Connection, error) {
	if len(prefix)+2 > maxSocketPath {
		return Connection{}, lyceum.Errorf(lyceum.Invalid, "the path of a kernel's sockets is too long")
	}
	return Connection{Transport: "ipc", IP: prefix, Shell: 1, IOPub: 2, Stdin: 3, Control: 4, Heartbeat: 5, Key: lyceum.NewSecret()}, nil
}

// TCP makes a connection over ports of the loopback interface that are free at
// this moment. Another program may take one before the kernel does.
func TCP() (Connection, error) {
	c := Connection{Transport: "tcp", IP: "127.0.0.1", Key: lyceum.NewSecret()}
	var open []net.Listener
	defer func() {
		for _, l := range open {
			_ = l.Close() // it only held the number
		}
	}()
	for _, port := range []*int{&c.Shell, &c.IOPub, &c.Stdin, &c.Control, &c.Heartbeat} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return Connection{}, err
		}
		open = append(open, l)
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return c, nil
}

// Write writes the connection file, which only its owner can read.
func (c Connection) Write(name string) error {
	b, err := json.MarshalIndent(connectionFile{
		Transport: c.Transport, IP: c.IP, Shell: c.Shell, IOPub: c.IOPub, Stdin: c.Stdin, Control: c.Control, Heartbeat: c.Heartbeat,
		Key: c.Key.Reveal(), Scheme: signatureScheme, KernelName: c.KernelName,
	}, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// ParseConnection reads a connection file. The error is of kind Invalid.
func ParseConnection(b []byte) (Connection, error) {
	var f connectionFile
	if err := json.Unmarshal(b, &f); err != nil {
		return Connection{}, lyceum.Wrap(lyceum.Invalid, err, "the connection file is no JSON")
	}
	if f.Transport == "" {
		f.Transport = "tcp"
	}
	c := Connection{Transport: f.Transport, IP: f.IP, Shell: f.Shell, IOPub: f.IOPub, Stdin: f.Stdin, Control: f.Control, Heartbeat: f.Heartbeat,
		Key: lyceum.Secret(f.Key), KernelName: f.KernelName}
	switch {
	case f.Scheme != signatureScheme && !(f.Scheme == "" && f.Key == ""):
		return Connection{}, lyceum.Errorf(lyceum.Invalid, "messages are signed by %.40q, and not by %s", f.Scheme, signatureScheme)
	case f.Transport != "tcp" && f.Transport != "ipc" || f.IP == "":
		return Connection{}, lyceum.Errorf(lyceum.Invalid, "a connection file without transport or address")
	}
	for _, port := range []int{c.Shell, c.IOPub, c.Stdin, c.Control, c.Heartbeat} {
		if port < 1 || port > 65535 {
			return Connection{}, lyceum.Errorf(lyceum.Invalid, "a connection file with the port %d", port)
		}
	}
	return c, nil
}

// Remove takes away the sockets that a kernel left in files. Those that are not
// there are no error.
func (c Connection) Remove() error {
	if c.Transport != "ipc" {
		return nil
	}
	var all error
	for _, port := range []int{c.Shell, c.IOPub, c.Stdin, c.Control, c.Heartbeat} {
		for _, name := range c.endpoint(port).names {
			if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				all = errors.Join(all, err)
			}
		}
	}
	return all
}

// endpoint is where the socket with a port is. Jupyter's own rule for ipc is a
// hyphen; some kernels write a colon there as they do for tcp.
func (c Connection) endpoint(port int) endpoint {
	n := strconv.Itoa(port)
	if c.Transport == "ipc" {
		return endpoint{"unix", []string{c.IP + "-" + n, c.IP + ":" + n}}
	}
	return endpoint{"tcp", []string{net.JoinHostPort(strings.Trim(c.IP, "[]"), n)}}
}

// String tells where, without the key.
func (c Connection) String() string {
	return fmt.Sprintf("%s://%s", c.Transport, filepath.ToSlash(c.IP))
}
