package process

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

// isolating are the ways that claim to keep projects apart.
func isolating(t *testing.T, test func(t *testing.T, w way)) {
	for _, w := range ways() {
		if w.cfg.Confine == kindNone {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(t, w)
		})
	}
}

// TestProjectsAreKeptApart is what one project tries against another and against
// the server.
func TestProjectsAreKeptApart(t *testing.T) {
	t.Parallel()
	isolating(t, func(t *testing.T, w way) {
		r := newRig(t, w)
		if c := r.Confinement(); c.Kind != w.cfg.Confine || !c.Isolated {
			t.Errorf("Confinement: got %+v", c)
		}
		victim := r.spec()
		victim.Env = []lyceum.EnvVar{{Name: "TOKEN", Value: "topsecret"}}
		at := r.start(t, victim).Address
		sh(t, at, "umask 077; echo topsecret > /tmp/lyceum-test-$LYCEUM_PROJECT; umask 0; echo topsecret > $HOME/secret.txt")
		t.Cleanup(func() { _ = os.Remove("/tmp/lyceum-test-" + string(victim.Project)) })
		hub := filepath.Join(r.cfg.Data, "hub")
		if err := os.WriteFile(hub, []byte("topsecret"), 0o600); err != nil {
			t.Fatal(err)
		}
		thief := r.start(t, r.spec()).Address
		home, init := r.Home(victim.Project), r.record(t, victim.Project).Init
		pid := strconv.Itoa(init.Pid)
		for name, try := range map[string]string{
			"the other's file":        "cat " + home + "/secret.txt",
			"all homes":               "grep -r topsecret " + filepath.Dir(home),
			"through ..":              "cat $HOME/../" + filepath.Base(home) + "/secret.txt",
			"through a link":          "ln -s " + home + "/secret.txt l; cat l",
			"the other's temporaries": "cat /tmp/lyceum-test-*",
			"others' environment":     "cat /proc/[0-9]*/environ",
			"the other's root":        "cat /proc/" + pid + "/root" + home + "/secret.txt /proc/" + pid + "/cwd/secret.txt",
			"the hub's data":          "cat " + hub,
			"the hub's records":       "cat " + r.at.record(victim.Project) + " | sed s/.*/topsecret/",
		} {
			if got := sh(t, thief, "%s 2>&1", try); strings.Contains(got, "topsecret\n") || strings.Contains(got, "TOKEN=topsecret") {
				t.Errorf("%s: the thief reads %q", name, got)
			}
		}
		if got := ask1(t, thief, "/dial?path="+at.Socket); got == "connected" {
			t.Error("the thief reaches the other's socket")
		}
		sh(t, thief, "kill -KILL %s; echo gone > %s/secret.txt; rm -rf %s", pid, home, home)
		if got := sh(t, at, "cat $HOME/secret.txt"); got != "topsecret\n" || !init.alive() {
			t.Errorf("afterwards its owner reads %q", got)
		}
	})
}

// TestWhatAProjectIs: no rights, its own user, the system read-only.
func TestWhatAProjectIs(t *testing.T) {
	t.Parallel()
	isolating(t, func(t *testing.T, w way) {
		w.cfg.Hide = []string{"/etc/hostname"}
		r := newRig(t, w)
		spec := r.spec()
		at := r.start(t, spec).Address
		status := sh(t, at, "cat /proc/self/status")
		for _, want := range []string{"NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000"} {
			if !strings.Contains(status, want) {
				t.Errorf("its status lacks %q", want)
			}
		}
		if spec.UID > 0 {
			id := strconv.Itoa(spec.UID)
			if got := sh(t, at, "id -u; id -g; id -G"); got != id+"\n"+id+"\n"+id+"\n" {
				t.Errorf("it is %q, want %s and no more groups", got, id)
			}
		}
		for _, dir := range []string{"/usr", "/etc", "/usr/local/bin", "/bin"} {
			if got := sh(t, at, "touch %s/lyceum-test 2>/dev/null && echo wrote", dir); got == "wrote\n" {
				t.Errorf("it writes in %s", dir)
			}
		}
		for _, need := range []string{"echo x > $HOME/f && cat $HOME/f", "echo x > /tmp/lyceum-test-$$ && cat /tmp/lyceum-test-$$ && rm /tmp/lyceum-test-$$", "echo x > /dev/null && echo x"} {
			if got := sh(t, at, "%s", need); got != "x\n" {
				t.Errorf("%s: got %q", need, got)
			}
		}
		if w.cfg.Confine == kindUID {
			return
		}
		if got := sh(t, at, "whoami; echo $HOME; ls /home"); !strings.HasPrefix(got, "user\n/home/user\nuser\n") {
			t.Errorf("inside: %q", got)
		}
		lines := strings.Fields(sh(t, at, "ls -d /proc/[0-9]* | wc -l"))
		if n, err := strconv.Atoi(lines[0]); err != nil || n > 10 {
			t.Errorf("it sees %d processes", n)
		}
		name, err := os.ReadFile("/etc/hostname")
		if got := sh(t, at, "cat /etc/hostname 2>&1"); err != nil || strings.Contains(got, strings.TrimSpace(string(name))) {
			t.Errorf("a hidden file holds %q, %v", got, err)
		}
		if got := sh(t, at, "hostname"); !strings.HasPrefix(got, "project-") {
			t.Errorf("host name %q", got)
		}
	})
}

// TestANewHomeIsItsOwners alone.
func TestANewHomeIsItsOwners(t *testing.T) {
	t.Parallel()
	for _, w := range ways() {
		r := newRig(t, w)
		spec := r.spec()
		r.start(t, spec)
		fi, err := os.Stat(r.Home(spec.Project))
		if err != nil || fi.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", w.name, fi.Mode(), err)
		}
	}
}
