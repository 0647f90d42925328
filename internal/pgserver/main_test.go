package pgserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// TestMain also plays the programs that the tests kill: this binary, started again
// with a name as its first argument.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "hub":
			os.Exit(playHub(os.Args[2]))
		case "dial":
			os.Exit(playStranger(os.Args[2]))
		}
	}
	// As in a container whose first process takes no note of children that are not its
	// own: what a killed hub leaves stays listed when it has ended.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	m.Run()
	if base.dir != "" {
		_ = os.RemoveAll(base.dir)
	}
}

// playHub runs the server in data until it is told to stop, or killed.
func playHub(data string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("begun")
	s, err := Start(ctx, Config{Data: data})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(s.PID())
	<-ctx.Done()
	if err := s.Stop(context.Background()); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// playStranger tries to connect, and says what came of it.
func playStranger(socket string) int {
	if _, err := net.Dial("unix", socket); err != nil {
		fmt.Println("dial:", err)
		return 0
	}
	fmt.Println("dialled:", probe(context.Background(), socket))
	return 0
}

// hub is a program of our kind that a test can kill.
type hub struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

func startHub(t *testing.T, data string) *hub {
	t.Helper()
	cmd := exec.Command(os.Args[0], "hub", data)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &hub{cmd, bufio.NewScanner(pipe)}
	t.Cleanup(func() { _ = h.cmd.Process.Kill() }) // may have ended before
	if got := h.line(t); got != "begun" {
		t.Fatalf("the hub says %q", got)
	}
	return h
}

func (h *hub) line(t *testing.T) string {
	t.Helper()
	if !h.out.Scan() {
		t.Fatalf("the hub ended: %v", h.out.Err())
	}
	return h.out.Text()
}

// pid waits until the hub's PostgreSQL runs.
func (h *hub) pid(t *testing.T) int {
	t.Helper()
	line := h.line(t)
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatalf("the hub says %q", line)
	}
	return pid
}

func (h *hub) kill(t *testing.T) {
	t.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = h.cmd.Wait() // says that it was killed
}

// base is a data folder with a new cluster, to copy: making one takes a second.
var base struct {
	once sync.Once
	dir  string
	err  error
}

// newData is a data folder with a cluster that was never used.
func newData(t *testing.T) string {
	t.Helper()
	base.once.Do(func() {
		if base.dir, base.err = os.MkdirTemp("", "lyceum-pg-"); base.err != nil {
			return
		}
		var s *Server
		if s, base.err = Start(context.Background(), Config{Data: base.dir}); base.err == nil {
			base.err = s.Stop(context.Background())
		}
	})
	if base.err != nil {
		t.Fatal(base.err)
	}
	data := t.TempDir()
	if out, err := exec.Command("cp", "-a", filepath.Join(base.dir, "cluster"), data).CombinedOutput(); err != nil {
		t.Fatalf("copy the cluster: %v: %s", err, out)
	}
	return data
}

// begun starts a server that is stopped with the test.
func begun(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return s
}

// query returns the one value of a query.
func query(t *testing.T, s *Server, sql string) string {
	t.Helper()
	var v string
	err := try(t.Context(), s, func(conn *pgx.Conn) error { return conn.QueryRow(t.Context(), sql).Scan(&v) })
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func run(t *testing.T, s *Server, sql string) {
	t.Helper()
	err := try(t.Context(), s, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), sql)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func try(ctx context.Context, s *Server, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.URL().Reveal())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return do(conn)
}

// eventually waits until ok, for at most half a minute: for what another process
// does, which tells nobody.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("it did not happen: %s", what)
		case <-tick.C:
		}
	}
}

func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

// userTests are those in which it matters who we are.
const userTests = "StartStop|Hub|PostmasterKilled|KilledWhileMaking|Stranger|Conflict|StalePIDFile|Release|URL|OddDataFolder"

// TestAsOrdinaryUser runs tests again as a user who is not root.
func TestAsOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("this is the run as an ordinary user")
	}
	uid, gid, ok := lookUp("nobody")
	if !ok {
		t.Skip("this machine has no user nobody to play the ordinary user")
	}
	dir, err := os.MkdirTemp("", "lyceum-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program := filepath.Join(dir, "tests")
	if err := copyFile(program, os.Args[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.timeout=8m", "-test.run", userTests)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
