package git

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// sshHost is a real sshd on the loopback that lets the project's key in.
type sshHost struct {
	dir, address string
	cmd          *exec.Cmd
}

func newSSHHost(t *testing.T, authorized string) *sshHost {
	t.Helper()
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		if sshd = "/usr/sbin/sshd"; !executable(sshd) {
			t.Skip("openssh-server is not installed: git over ssh is not tried")
		}
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Skipf("sshd cannot run here: %v", err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &sshHost{dir: t.TempDir(), address: l.Addr().String()}
	_ = l.Close()
	h.newKey(t)
	_, port, _ := net.SplitHostPort(h.address)
	config := fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s/key\nAuthorizedKeysFile %s/authorized\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\nPasswordAuthentication no\n", port, h.dir, h.dir)
	for name, text := range map[string]string{"config": config, "authorized": authorized + "\n"} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.start(t, sshd)
	return h
}

func executable(path string) bool {
	i, err := os.Stat(path)
	return err == nil && i.Mode()&0o111 != 0
}

func (h *sshHost) newKey(t *testing.T) {
	t.Helper()
	key := filepath.Join(h.dir, "key")
	_ = os.Remove(key)
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
}

// start runs sshd until stop or the test's end, and waits until it listens.
func (h *sshHost) start(t *testing.T, sshd string) {
	t.Helper()
	h.cmd = exec.Command(sshd, "-D", "-e", "-f", filepath.Join(h.dir, "config"))
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd := h.cmd
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	tick := time.NewTicker(10 * time.Millisecond) // it is another process
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		if c, err := net.Dial("tcp", h.address); err == nil {
			_ = c.Close()
			return
		}
	}
	t.Fatal("sshd does not listen")
}

func TestSSH(t *testing.T) {
	w := newWorld(t)
	r := w.repo("work")
	k, err := w.g.MakeKey(t.Context(), "test")
	w.must(err)
	h := newSSHHost(t, k.Public)
	me, err := user.Current()
	w.must(err)
	bare := filepath.Join(t.TempDir(), "work.git")
	w.git("", "init", "-q", "--bare", "-b", "main", bare)
	w.must(r.AddRemote(t.Context(), "origin", "ssh://"+me.Username+"@"+h.address+bare))
	if s := w.status(r); len(s.Remotes) != 1 || !s.Remotes[0].SSH {
		t.Errorf("got %+v", s.Remotes)
	}
	w.must(r.Push(t.Context(), api.GitTransfer{}, nil)) // the host is new, and noted
	same(t, "pushed", w.git("", "-C", bare, "log", "--format=%s", "main"), "Begin\n")
	w.must(r.Fetch(t.Context(), "", nil, nil))

	// The same host with another key is refused, and said.
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
	h.newKey(t)
	h.start(t, h.cmd.Path)
	wantKind(t, r.Fetch(t.Context(), "", nil, nil), lyceum.Forbidden, "host key is not the one that is known")

	// A key that it does not know.
	w.must(os.RemoveAll(filepath.Join(w.home, ".ssh")))
	_, err = w.g.MakeKey(t.Context(), "other")
	w.must(err)
	wantKind(t, r.Fetch(t.Context(), "", nil, nil), lyceum.Forbidden, "does not know the project's SSH key")
}
