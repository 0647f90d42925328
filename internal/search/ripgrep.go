package search

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"
)

// findRipgrep returns the path of the program, "" when it is not installed.
func findRipgrep() string {
	path, err := exec.LookPath("rg")
	if err != nil {
		return ""
	}
	return path
}

// ripgrep asks the program which files may have a match. It is given a pattern by its
// standard input and files by their names, behind "--": nothing that a person wrote
// is an argument that it could take for an option, and no configuration is read.
type ripgrep struct {
	program, home string
	form          string
}

// newRipgrep returns nil when the program cannot look for the pattern.
func newRipgrep(ctx context.Context, program, home string, p *Pattern) *ripgrep {
	form, ok := lineForm(p.tree, true)
	if !ok {
		return nil
	}
	r := &ripgrep{program, home, form}
	// Whether it can is found out once, so that a failure later is one of the files.
	if _, code := r.ask(ctx, []string{os.DevNull}); code > 1 {
		return nil
	}
	return r
}

var ripgrepFlags = []string{
	"--no-config", "--files-with-matches", "--null", "--no-messages", "--color=never", "--no-ignore", "--hidden",
	"--text", "--case-sensitive", "--no-multiline", "--no-crlf", "--no-follow", "--no-mmap", "--threads=2",
	"--regex-size-limit=20M", "--dfa-size-limit=50M", "--file=-", "--",
}

// candidates returns those of the files (raw paths) that may have a match, in the
// same order. When the program fails, that is all of them.
func (r *ripgrep) candidates(ctx context.Context, paths []string) []string {
	args := make([]string, len(paths))
	for i, p := range paths {
		args[i] = "./" + p
	}
	out, code := r.ask(ctx, args)
	if code < 0 {
		return paths
	}
	may := parseCandidates(out)
	kept := make([]string, 0, len(may))
	for _, p := range paths {
		if may[p] {
			kept = append(kept, p)
		}
	}
	return kept
}

// ask runs the program. Code is 0 or 1 when all went well, 2 when some files could
// not be read, -1 when it did not end by itself.
func (r *ripgrep) ask(ctx context.Context, names []string) (out []byte, code int) {
	cmd := exec.CommandContext(ctx, r.program, append(ripgrepFlags[:len(ripgrepFlags):len(ripgrepFlags)], names...)...)
	cmd.Dir = r.home
	cmd.Env = []string{"RIPGREP_CONFIG_PATH=", "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(r.form + "\n")
	cmd.WaitDelay = time.Second
	var all bytes.Buffer
	cmd.Stdout = &all
	err := cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		return all.Bytes(), ended.ExitCode()
	}
	if err != nil {
		return nil, -1
	}
	return all.Bytes(), 0
}

// parseCandidates reads the names that the program printed, each with a NUL behind
// it. One that was cut off is left out.
func parseCandidates(out []byte) map[string]bool {
	may := map[string]bool{}
	for {
		name, rest, ok := bytes.Cut(out, []byte{0})
		if !ok {
			return may
		}
		may[strings.TrimPrefix(string(name), "./")] = true
		out = rest
	}
}
