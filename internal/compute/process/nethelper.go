package process

import (
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

	"lyceum/internal/cgroup"
	"lyceum/internal/lyceum"
)

// Times of a helper.
const (
	connectTime    = 10 * time.Second // to connect a project
	reconnectAfter = time.Second      // when a helper ended; doubles up to a minute
	addressesEvery = 30 * time.Second // how often the machine's addresses are compared
)

// connect starts a helper for the namespaces, in the project's cgroup, and returns
// when the project is connected. What the helper prints goes to log.
func (n network) connect(s spaces, group cgroup.Group, log *os.File) (*exec.Cmd, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	c := exec.Command(n.slirp)
	s.pass(c)
	switch {
	case s.user != nil && os.Geteuid() != 0:
		// Its sandbox wants root's rights: it gets them over that namespace alone.
		c = exec.Command(n.nsenter, "--user=/proc/self/fd/4", "--preserve-credentials", "--", n.slirp)
		s.pass(c)
	case s.user != nil:
		c.Args = append(c.Args, "--userns-path=/proc/self/fd/4")
	}
	c.Args = append(c.Args, "--configure", "--mtu=65520", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp",
		"--cidr="+tapNetwork, "--netns-type=path")
	c.ExtraFiles = append(c.ExtraFiles, write)
	c.Args = append(c.Args, fmt.Sprintf("--ready-fd=%d", 2+len(c.ExtraFiles)))
	if s.first != nil {
		// The helper ends with the project also while no hub is there (a pidfd hangs
		// up since Linux 6.9); before, the next hub ends it.
		c.ExtraFiles = append(c.ExtraFiles, s.first)
		c.Args = append(c.Args, fmt.Sprintf("--exit-fd=%d", 2+len(c.ExtraFiles)))
	}
	c.Args = append(c.Args, "/proc/self/fd/3", tapName)
	c.Stdout, c.Stderr = log, log
	err = c.Start()
	_ = write.Close()
	if err != nil {
		return nil, err
	}
	// What it uses, the project uses. What takes the project's processes takes this
	// one too, unless it ended, which is seen below.
	group.Add(c.Process.Pid)
	_ = read.SetReadDeadline(time.Now().Add(connectTime))
	if _, err := read.Read(make([]byte, 1)); err != nil {
		_ = c.Process.Kill()
		_ = c.Wait()
		return nil, errors.New("slirp4netns did not start")
	}
	return c, nil
}

// helperLog is where the helper of a project prints; it is emptied at each start.
func (at places) helperLog(id lyceum.ProjectID) string {
	return filepath.Join(at.state(id), "network.log")
}

// helper is where the helper's process is noted.
func (at places) helper(id lyceum.ProjectID) string {
	return filepath.Join(at.state(id), "network.json")
}

// separate gives a project that is held at the gate the network that its
// namespace has. It returns when nothing more has to be done, or for a project
// server at once: the helper starts beside it. stands is closed when bubblewrap is
// done: it sets up the loopback device itself, and fails where somebody did before.
func (b *Backend) separate(r *run, stands <-chan struct{}) error {
	if r.rec.Network == "" {
		return nil
	}
	s, err := openSpaces(r.rec.Init)
	if err != nil {
		return err
	}
	if !b.jail.namespaced() {
		if err := raiseLoopback(s); err != nil {
			s.close()
			return err
		}
	}
	if r.rec.Network != netInternet {
		s.close()
		return nil
	}
	connected := make(chan struct{})
	b.tasks.Go(func() {
		select {
		case <-stands:
			b.keepConnected(r, s, connected)
		case <-b.life.Done():
			s.close()
		}
	})
	if r.rec.Fill {
		select {
		case <-connected: // or it could not be: then git says so
		case <-b.life.Done():
		}
	}
	return nil
}

// reconnect goes on with a project that an earlier hub started.
func (b *Backend) reconnect(r *run) {
	if r.rec.Network != netInternet {
		return
	}
	s, err := openSpaces(r.rec.Init)
	if err != nil {
		return // it ended
	}
	b.keepConnected(r, s, make(chan struct{}))
}

// keepConnected keeps a helper running until the project or the Backend ends,
// and closes s. It closes connected after the first try.
func (b *Backend) keepConnected(r *run, s spaces, connected chan struct{}) {
	defer s.close()
	id := r.rec.Project
	h := b.noted(id)
	pause := reconnectAfter
	for first := true; ; first = false {
		if !h.alive() {
			var err error
			if h, err = b.connect(r, s); err != nil {
				b.log.Warn("a project is not connected to the network", "project", id, "err", err)
			} else if !first {
				b.log.Info("a project is connected to the network again", "project", id)
			}
		}
		if first {
			close(connected)
		}
		if h.alive() {
			pause = reconnectAfter
			if h.wait(b.life) != nil {
				return
			}
			if r.rec.Init.alive() {
				b.log.Warn("the network helper of a project ended", "project", id)
			}
		}
		select {
		case <-b.life.Done():
			return
		case <-r.done:
			b.disconnect(id)
			return
		case <-time.After(pause):
			pause = min(2*pause, time.Minute)
		}
	}
}

// connect rules and connects a running project, and notes the helper.
func (b *Backend) connect(r *run, s spaces) (process, error) {
	id := r.rec.Project
	if err := b.jail.net.rule(s); err != nil {
		return process{}, err
	}
	log, err := os.OpenFile(b.at.helperLog(id), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return process{}, err
	}
	defer log.Close()
	c, err := b.jail.net.connect(s, r.rec.group(), log)
	if err != nil {
		return process{}, fmt.Errorf("%w: %s", err, tail(b.at.helperLog(id), 300))
	}
	go func() { _ = c.Wait() }() // nothing but the end of a child is waited for
	h, err := identify(c.Process.Pid)
	if err == nil {
		var j []byte
		if j, err = json.Marshal(h); err == nil {
			err = replaceFile(b.at.helper(id), j)
		}
	}
	if err != nil || !r.rec.Init.alive() {
		_ = c.Process.Kill()
		return process{}, errors.Join(err, unix.ESRCH)
	}
	return h, nil
}

// noted reads which process is a project's helper.
func (b *Backend) noted(id lyceum.ProjectID) process {
	var h process
	j, err := os.ReadFile(b.at.helper(id))
	if err != nil || json.Unmarshal(j, &h) != nil {
		return process{}
	}
	return h
}

// disconnect ends a project's helper.
func (b *Backend) disconnect(id lyceum.ProjectID) {
	b.noted(id).signal(unix.SIGKILL)
	if err := os.Remove(b.at.helper(id)); err != nil && !os.IsNotExist(err) {
		b.log.Error("cannot forget the network helper of a project", "project", id, "err", err)
	}
}

// followAddresses renews the rules of running projects when the machine got
// another address: no project reaches the machine by it.
func (b *Backend) followAddresses() {
	if b.jail.net.mode != netInternet {
		return
	}
	tick := time.NewTicker(addressesEvery)
	defer tick.Stop()
	b.compareAddresses(ownAddresses(), tick.C)
}

func (b *Backend) compareAddresses(last []netip.Addr, ticks <-chan time.Time) {
	for {
		select {
		case <-b.life.Done():
			return
		case <-ticks:
		}
		if now := ownAddresses(); !slices.Equal(now, last) {
			last = now
			b.ruleAll()
		}
	}
}

// ruleAll renews the rules of all running projects.
func (b *Backend) ruleAll() {
	for _, r := range b.running() {
		if r.rec.Network != netInternet {
			continue
		}
		s, err := openSpaces(r.rec.Init)
		if err != nil {
			continue // it ended
		}
		if err := b.jail.net.rule(s); err != nil {
			b.log.Error("the network rules of a project could not be renewed", "project", r.rec.Project, "err", err)
		}
		s.close()
	}
}

func (b *Backend) running() []*run {
	b.mu.Lock()
	all := make([]*project, 0, len(b.projects))
	for _, p := range b.projects {
		all = append(all, p)
	}
	b.mu.Unlock()
	var list []*run
	for _, p := range all {
		p.mu.Lock()
		if p.run != nil {
			list = append(list, p.run)
		}
		p.mu.Unlock()
	}
	return list
}
