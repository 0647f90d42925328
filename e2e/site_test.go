//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long anything may take that a script waits for.
const patience = 30 * time.Second

// site is the server of one script.
type site struct {
	bin, data string
	command   *exec.Cmd
	exited    chan error
	url       string
	browsers  map[string]*browser
	person    string
	last      []byte // the last answer's body
}

// browser is one person's.
type browser struct{ http.Client }

func (s *site) browser() *browser {
	b := s.browsers[s.person]
	if b == nil {
		jar, err := cookiejar.New(nil)
		if err != nil {
			panic(err) // it never fails without options
		}
		b = &browser{http.Client{Jar: jar, Timeout: patience}}
		s.browsers[s.person] = b
	}
	return b
}

// serve starts the server and waits until it says where it is.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 0, "serve [-user UID] [FLAG...]")
	s := siteOf(ts)
	if s.command != nil {
		ts.Fatalf("the server runs already")
	}
	uid := 0
	if len(args) > 1 && args[0] == "-user" {
		var err error
		if uid, err = strconv.Atoi(args[1]); err != nil {
			ts.Fatalf("%v", err)
		}
		args = args[2:]
		ts.Check(giveAway(ts.Getenv("WORK"), uid))
	}
	log, err := os.OpenFile(ts.MkAbs("serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	ts.Check(err)
	defer log.Close()
	cmd := exec.Command(s.bin, append([]string{"serve"}, args...)...)
	cmd.Stderr = log
	cmd.Dir = ts.Getenv("WORK")
	for _, name := range []string{"PATH", "HOME", "XDG_CACHE_HOME", "LYCEUM_SETUP_ADMIN_EMAIL", "LYCEUM_SETUP_ADMIN_PASSWORD", "LYCEUM_DATA", "LYCEUM_LISTEN", "LYCEUM_DATABASE_URL", "LYCEUM_FIRST_UID", "LYCEUM_UIDS", "SSL_CERT_FILE"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	s.command, s.exited = cmd, make(chan error, 1)
	said := make(chan [2]string, 1)
	go func() {
		said <- listenFor(out)
		_, _ = io.Copy(io.Discard, out) // it ends with the process
		s.exited <- cmd.Wait()
	}()
	select {
	case v := <-said:
		if v[0] == "" {
			ts.Fatalf("the server did not start:\n%s", ts.ReadFile("serve.log"))
		}
		s.url = v[0]
		ts.Setenv("URL", strings.TrimSuffix(v[0], "/"))
		ts.Setenv("SETUP", v[1])
		if u, err := url.Parse(v[0]); err == nil {
			ts.Setenv("HOST_PORT", u.Host)
		}
		ts.Setenv("SERVER", strconv.Itoa(cmd.Process.Pid))
	case <-time.After(patience):
		ts.Fatalf("the server says nothing:\n%s", ts.ReadFile("serve.log"))
	}
}

// listenFor reads the two lines that serve prints for people: the address, and
// unless there is an administrator the set-up link. Its end is the process's.
func listenFor(out io.Reader) (said [2]string) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if v, ok := strings.CutPrefix(line, "Lyceum is at "); ok {
			said[0] = strings.TrimSpace(v)
		}
		if _, v, ok := strings.Cut(line, "setup#"); ok {
			said[1] = strings.TrimSpace(v)
		}
		if err != nil || strings.Contains(line, "Ready.") {
			return said
		}
	}
}

// giveAway makes uid the owner of everything below dir, and lets it get there.
func giveAway(dir string, uid int) error {
	for up := filepath.Dir(dir); len(up) > len(os.TempDir()); up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o711); err != nil {
			return err
		}
	}
	return filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, uid, uid)
	})
}

// stop ends the server.
func stop(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 0, "stop [SIGNAL]")
	s := siteOf(ts)
	signals := map[string]syscall.Signal{"KILL": syscall.SIGKILL, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	name := "TERM"
	if len(args) > 0 {
		name = args[0]
	}
	if s.command == nil || signals[name] == 0 {
		ts.Fatalf("there is no server, or no signal %s", name)
	}
	ts.Check(s.command.Process.Signal(signals[name]))
	select {
	case err := <-s.exited:
		if err != nil && name != "KILL" {
			ts.Fatalf("the server ended with %v:\n%s", err, ts.ReadFile("serve.log"))
		}
	case <-time.After(patience):
		ts.Fatalf("the server does not end:\n%s", ts.ReadFile("serve.log"))
	}
	s.command = nil
}

// end ends the server and, as nobody else will, the projects and the database.
func (s *site) end() {
	if s.command != nil {
		_ = s.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.exited:
		case <-time.After(patience):
			_ = s.command.Process.Kill()
			<-s.exited
		}
	}
	records, _ := filepath.Glob(filepath.Join(s.data, "compute", "*", "run.json"))
	for _, file := range records {
		var rec struct {
			Outer, Init struct{ Pid int }
		}
		if b, err := os.ReadFile(file); err == nil && json.Unmarshal(b, &rec) == nil {
			for _, pid := range []int{rec.Init.Pid, rec.Outer.Pid} {
				if pid > 1 && ours(pid) {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
	}
	if b, err := os.ReadFile(filepath.Join(s.data, "postgres", "cluster", "postmaster.pid")); err == nil {
		line, _, _ := strings.Cut(string(b), "\n")
		if pid, err := strconv.Atoi(line); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGINT)
		}
	}
}

// ours reports whether a process is still one of a project, should its number
// have been given to another one.
func ours(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(b), "project-server")
}

func as(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 1, "as NAME")
	siteOf(ts).person = args[0]
}
