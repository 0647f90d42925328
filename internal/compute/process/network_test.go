package process

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"lyceum/internal/compute/computetest"
	"lyceum/internal/lyceum"
)

// TestWithoutTheHelper: a machine that lacks something starts projects on its own
// network and says so, unless it was told otherwise.
func TestWithoutTheHelper(t *testing.T) {
	if !inMachine(t, 0) {
		return
	}
	for _, c := range []struct{ lacks, says string }{
		{"slirp4netns", "not installed: slirp4netns (apt-get install slirp4netns)"},
		{"nft", "not installed: nftables (apt-get install nftables)"},
		{tunDevice, "slirp4netns did not start: ioctl(TUNSETIFF)"},
	} {
		t.Run(strings.TrimPrefix(c.lacks, "/dev/net/"), func(t *testing.T) {
			r := newRig(t, ways()[0])
			hide(t, c.lacks)
			r.cfg.Network = ""
			r.reopen(t)
			said := strings.Join(r.Confinement().Problems, "\n")
			for _, want := range []string{"Projects cannot have a network of their own here: ", c.says, "share the machine's network"} {
				if !strings.Contains(said, want) {
					t.Errorf("the report lacks %q: %s", want, said)
				}
			}
			spec := r.spec()
			r.start(t, spec)
			if got := r.Confinement().Network; got != netShared {
				t.Errorf("the report says %q", got)
			}
			if got := r.record(t, spec.Project).Network; got != "" {
				t.Errorf("its network is %q", got)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			r.cfg.Network = netInternet
			if b, err := New(t.Context(), r.cfg); !lyceum.IsKind(err, lyceum.Invalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("told to have the network that it cannot have: got %v, %v", b, err)
			}
			r.cfg.Network = ""
			r.open(t)
		})
	}
}

// hide takes a file of the machine away: nobody can execute what is in its place,
// and it is no device for networks.
func hide(t *testing.T, name string) {
	t.Helper()
	path, err := lookProgram(name)
	if name == tunDevice {
		path, err = name, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "--bind", "/proc/version", path).CombinedOutput(); err != nil {
		t.Fatalf("hide %s: %v: %s", path, err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", path).CombinedOutput(); err != nil {
			t.Errorf("show %s again: %v: %s", path, err, out)
		}
	})
}

// TestHelperWaitsForBubblewrap: both set up the loopback device, and bubblewrap gives
// up, and the project with it, where the helper came first.
func TestHelperWaitsForBubblewrap(t *testing.T) {
	if !inMachine(t, 0) {
		return
	}
	w := ways()[0]
	w.cfg.Network = netInternet
	r := newRig(t, w)
	spec := r.spec()
	dir := dataFolder(t)
	if err := errors.Join(os.Chown(dir, spec.UID, spec.UID), os.MkdirAll(r.at.state(spec.Project), 0o700)); err != nil {
		t.Fatal(err)
	}
	c, err := r.jail.start(order{uid: spec.UID, home: dir, hostname: "waits", argv: []string{"/bin/true"}}, output{})
	if err != nil {
		t.Fatal(err)
	}
	<-c.stands
	rec := record{Project: spec.Project, Network: netInternet}
	if rec.Init, err = identify(c.init); err != nil {
		t.Fatal(err)
	}
	run := newRun(rec)
	stands := make(chan struct{})
	if err := r.separate(run, stands); err != nil {
		t.Fatal(err)
	}
	late := time.After(300 * time.Millisecond) // a helper is there after 50
	for tick := time.NewTicker(10 * time.Millisecond); late != nil; {
		select {
		case <-tick.C:
			if r.noted(spec.Project).alive() {
				t.Fatal("the helper did not wait")
			}
		case <-late:
			late = nil
		}
	}
	close(stands)
	computetest.Eventually(t, func() bool { return r.noted(spec.Project).alive() }, func() string { return "no helper came" })
	if err := c.release(nil); err != nil {
		t.Error(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("what waited at the gate: %v", err)
	}
	close(run.done)
}
