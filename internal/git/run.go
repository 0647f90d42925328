package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lyceum/internal/lyceum"
)

// Limits of one run of git.
const (
	maxOutput = 32 << 20         // bytes that are taken from it
	maxSaid   = 32 << 10         // bytes of its messages that are kept
	shortTime = 60 * time.Second // for what reads
	workTime  = 10 * time.Minute // for what changes files, runs hooks
	farTime   = 4 * time.Hour    // for what talks to a remote
	endTime   = 5 * time.Second  // from the polite end of a git to the other one
)

// protocols are the transports that git may use (gitprotocol: "file" and "ext"
// would read and run things beside the address).
const protocols = "https:http:ssh:git"

// command is one run of git.
type command struct {
	dir   string
	args  []string // from the subcommand on; nothing a user chose without a check
	env   []string
	stdin io.Reader
	reads bool              // it changes nothing and takes no lock
	limit int               // of output in bytes; 0 means maxOutput
	time  time.Duration     // 0 means shortTime or workTime
	said  func(line string) // each line of its messages, as it comes
}

// failure is a git that ended with an error.
type failure struct {
	command string // the subcommand
	code    int    // -1: it was ended
	said    string // its messages
	out     string // the beginning of its output
}

// Error implements error.
func (f *failure) Error() string { return "git " + f.command + ": " + firstLine(f.said) }

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// passed are the variables of our own environment that git gets.
var passed = []string{
	"HOME", "USER", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "LYCEUM_PROJECT",
	"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
}

// environment is what each git runs with: nothing that it would ask at a terminal,
// pathspecs taken as they are, messages that we can read, no repository above the
// home.
func (g *Git) environment(c command) []string {
	var env []string
	for _, name := range passed {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	env = append(env,
		"LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "SSH_ASKPASS_REQUIRE=never", "GIT_ALLOW_PROTOCOL="+protocols,
		"GIT_LITERAL_PATHSPECS=1", "GIT_EDITOR=true", "GIT_SEQUENCE_EDITOR=true", "GIT_MERGE_AUTOEDIT=no", "GIT_PAGER=cat",
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(g.home), "GCM_INTERACTIVE=never")
	if c.reads {
		env = append(env, "GIT_OPTIONAL_LOCKS=0")
	}
	return append(env, c.env...)
}

// settings go before each subcommand.
var settings = []string{
	"-c", "core.quotePath=false", "-c", "color.ui=false", "-c", "core.fsmonitor=false", "-c", "submodule.recurse=false",
	"-c", "fetch.recurseSubmodules=false", "-c", "push.recurseSubmodules=no", "-c", "advice.detachedHead=false", "-c", "log.showSignature=false",
	"-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false", "-c", "status.relativePaths=true", "-c", "core.commentChar=#",
}

// exec runs git and returns its output. The error is a *failure in a lyceum.Error
// when git ended with one.
func (g *Git) exec(ctx context.Context, c command) ([]byte, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	if c.time == 0 {
		c.time = workTime
		if c.reads {
			c.time = shortTime
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.time)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append(append([]string{}, settings...), c.args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = c.dir, g.environment(c), c.stdin
	// A session of its own: no terminal to ask at, and one number to end all of it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return signal(cmd, syscall.SIGTERM) } // git takes its locks away
	cmd.WaitDelay = endTime
	out := &bounded{limit: c.limit, stop: cancel}
	if c.limit == 0 {
		out.limit = maxOutput
	}
	said := &messages{each: c.said}
	cmd.Stdout, cmd.Stderr = out, said
	err = cmd.Run()
	said.end()
	if ctx.Err() != nil {
		_ = signal(cmd, syscall.SIGKILL) // whatever of the group is left
	}
	switch {
	case out.full:
		return out.b.Bytes(), lyceum.Errorf(lyceum.TooLarge, "git has more to say about this than can be shown")
	case err == nil:
		return out.b.Bytes(), nil
	}
	return out.b.Bytes(), ended(ctx, c, err, said.kept.String(), out.b.String())
}

// signal reaches a git and what it has started.
func signal(cmd *exec.Cmd, s syscall.Signal) error {
	if cmd.Process == nil {
		return nil
	}
	err := syscall.Kill(-cmd.Process.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// ended turns the end of a git into an error for people.
func ended(ctx context.Context, c command, err error, said, out string) error {
	if context.Cause(ctx) != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return lyceum.Wrap(lyceum.Unavailable, err, "git %s took longer than %s and was ended", c.args[0], c.time)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return lyceum.Wrap(lyceum.Unavailable, err, "git cannot be run")
	}
	f := &failure{command: c.args[0], code: exit.ExitCode(), said: redact(said), out: redact(cutText(out, maxSaid))}
	return explain(f)
}

// bounded takes so many bytes, then ends the one who writes.
type bounded struct {
	b     bytes.Buffer
	limit int
	full  bool
	stop  func()
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if room := b.limit - b.b.Len(); len(p) > room {
		b.b.Write(p[:room])
		b.full = true
		b.stop()
		return len(p), nil
	}
	return b.b.Write(p)
}

// messages are what git writes for people: lines that end with "\n", or with "\r"
// when the next one stands in their place.
type messages struct {
	each func(line string)
	kept bytes.Buffer
	line []byte

	returned bool // the last byte was a "\r"
}

// Write implements io.Writer.
func (m *messages) Write(p []byte) (int, error) {
	for _, c := range p {
		if m.returned && c != '\n' {
			m.flush(false)
		}
		m.returned = c == '\r' // ssh ends its lines with both
		switch {
		case c == '\n':
			m.flush(true)
		case c != '\r' && len(m.line) < maxSaid:
			m.line = append(m.line, c)
		}
	}
	return len(p), nil
}

func (m *messages) flush(keep bool) {
	line := strings.ToValidUTF8(string(m.line), "\uFFFD")
	m.line = m.line[:0]
	if keep && m.kept.Len()+len(line) < maxSaid {
		m.kept.WriteString(line + "\n")
	}
	if m.each != nil && strings.TrimSpace(line) != "" {
		m.each(line)
	}
}

func (m *messages) end() {
	if len(m.line) > 0 {
		m.flush(true)
	}
}

// cutText is at most the first n bytes of s, as UTF-8.
func cutText(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
