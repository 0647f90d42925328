package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// connect starts a helper for the namespaces and returns when the project is
// connected. What it prints goes to log, or nowhere.
func (n network) connect(s spaces, log *os.File) (*exec.Cmd, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	args := []string{"--configure", "--mtu=65520", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp",
		"--cidr=" + tapNetwork, "--netns-type=path"}
	c := exec.Command(n.slirp)
	s.pass(c)
	if s.user != nil {
		args = append(args, "--userns-path=/proc/self/fd/4")
	}
	c.ExtraFiles = append(c.ExtraFiles, write)
	args = append(args, fmt.Sprintf("--ready-fd=%d", 2+len(c.ExtraFiles)), "/proc/self/fd/3", tapName)
	c.Args = append(c.Args, args...)
	c.Stdout, c.Stderr = log, log
	said := func() string { return "" }
	if log == nil {
		c.Stdout, c.Stderr, said = nil, nil, keepOutput(c)
	}
	err = c.Start()
	_ = write.Close()
	if err != nil {
		return nil, err
	}
	_ = read.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := read.Read(make([]byte, 1)); err != nil {
		_ = c.Process.Kill()
		_ = c.Wait()
		return nil, fmt.Errorf("slirp4netns did not start: %s", said())
	}
	return c, nil
}
