package computetest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Program is the project that the suite talks to, over HTTP:
//
//	/instance         a random word, the same as long as it runs
//	/env?name=N       the environment variable N
//	/args             its arguments
//	/write?file=F     writes the file F below its home, with its folders
//	/has?file=F       whether F is there: true or false
//	/remove?file=F    removes F
type Program struct {
	Home string
	Env  func(name string) string
	Args []string
	name string
}

// NewProgram returns a program with a new instance.
func NewProgram(home string, env func(string) string, args []string) *Program {
	return &Program{home, env, args, lyceum.NewSecret().Reveal()}
}

// ServeHTTP answers one question.
func (p *Program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	answer, err := p.answer(r.URL.Path, q.Get("name"), q.Get("file"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, answer)
}

func (p *Program) answer(path, name, file string) (string, error) {
	full := filepath.Join(p.Home, file)
	switch path {
	case "/instance":
		return p.name, nil
	case "/env":
		return p.Env(name), nil
	case "/args":
		return strings.Join(p.Args, " "), nil
	case "/write":
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return "", err
		}
		return "ok", os.WriteFile(full, []byte(file), 0o644)
	case "/has":
		_, err := os.Lstat(full)
		return fmt.Sprint(err == nil), nil
	case "/remove":
		return "ok", os.Remove(full)
	}
	return "", errors.New("no such question")
}

// Supervise plays "lyceum project-server --init" in a test binary that was
// started again as the project: it serves Program on project.sock in the run
// folder until SIGTERM. The caller's TestMain calls it with the arguments from
// "project-server" on, and exits with what it returns.
func Supervise(args []string, more func(mux *http.ServeMux)) int {
	if len(args) == 0 || args[0] != "project-server" {
		fmt.Fprintln(os.Stderr, "the arguments are", args)
		return 2
	}
	flags := flag.NewFlagSet("project-server", flag.ContinueOnError)
	flags.Bool("init", false, "")
	home, run := flags.String("home", "", ""), flags.String("run", "", "")
	flags.String("project", "", "")
	flags.String("public-key", "", "")
	flags.Int64("unpack-bytes", 0, "")
	if err := flags.Parse(args[1:]); err != nil {
		return 2
	}
	// As the real one does: what its children leave behind becomes its own.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	l, err := net.Listen("unix", filepath.Join(*run, "project.sock"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	mux := http.NewServeMux()
	mux.Handle("/", NewProgram(*home, os.Getenv, os.Args))
	if more != nil {
		more(mux)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{Handler: mux}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
