package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// child is a process that was started, with all that it starts.
type child struct {
	cmd   *exec.Cmd
	out   *bufio.Reader
	log   string
	addr  string    // where it listens, if it does
	ready time.Time // when it said what line waited for
	done  chan error
}

// begin starts a command on a core (-1: any), in a process group of its own; what
// it says on standard error goes to a log in the work folder.
func (b *bench) begin(name string, core int, env []string, command ...string) (*child, error) {
	if core >= 0 {
		command = append([]string{"taskset", "-c", strconv.Itoa(core)}, command...)
	}
	log := filepath.Join(b.work, name+".log")
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = b.work
	cmd.Stderr = f
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &child{cmd: cmd, out: bufio.NewReader(out), log: log, done: make(chan error, 1)}, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// line waits for a line with the prefix and returns what follows it.
func (c *child) line(prefix string) (string, error) {
	for {
		line, err := c.out.ReadString('\n')
		if v, ok := strings.CutPrefix(line, prefix); ok {
			c.ready = time.Now()
			return strings.TrimSpace(v), nil
		}
		if err != nil {
			said, _ := os.ReadFile(c.log)
			return "", fmt.Errorf("%s ended before it said %q: %s", c.cmd.Path, prefix, tail(said))
		}
	}
}

// drain lets it print on.
func (c *child) drain() {
	go func() { _, _ = io.Copy(io.Discard, c.out) }() // ends with the process
}

// end stops the process, and its group should it not listen.
func (c *child) end() {
	go func() { c.done <- c.cmd.Wait() }()
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(20 * time.Second):
		_ = syscall.Kill(-c.pid(), syscall.SIGKILL)
		<-c.done
	}
}

func tail(b []byte) string {
	b = bytes.TrimSpace(b)
	if len(b) > 1500 {
		b = b[len(b)-1500:]
	}
	return string(b)
}

// cpuOf is the processor time of a process, its own threads only, in seconds.
func cpuOf(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}

// family are a process and all below it.
func family(pid int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		id, _ := strconv.Atoi(strings.Split(name, "/")[2])
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		parent, _ := strconv.Atoi(f[1])
		children[parent] = append(children[parent], id)
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// pss is the memory of processes in bytes: what several share counts in parts.
func pss(pids []int) float64 { return rollup(pids, "Pss:") }

// rss is the memory of processes in bytes, what they share counted each time.
func rss(pids []int) float64 { return rollup(pids, "Rss:") }

func rollup(pids []int, field string) float64 {
	total := 0.0
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == field {
				kb, _ := strconv.ParseFloat(f[1], 64)
				total += kb * 1024
			}
		}
	}
	return total
}

// pin holds processes, with their threads, on a core.
func pin(core int, pids []int) error {
	for _, pid := range pids {
		if out, err := exec.Command("taskset", "-a", "-c", "-p", strconv.Itoa(core), strconv.Itoa(pid)).CombinedOutput(); err != nil {
			return fmt.Errorf("taskset: %w: %s", err, out)
		}
	}
	return nil
}

// freePort is one that nothing listens on now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// answers waits until something listens at addr.
func answers(ctx context.Context, addr string) error {
	deadline := time.Now().Add(60 * time.Second)
	for {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("nothing listens at %s: %w", addr, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
