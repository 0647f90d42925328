package process

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// fill makes the project's home and, the first time, fills it from its source.
// What says that it was filled lies among our records, where the project cannot
// forge it. A home that was being filled when the hub ended is emptied first.
func (b *Backend) fill(ctx context.Context, p *project, spec compute.Spec) error {
	home, done := b.at.home(p.id), b.at.filled(p.id)
	begun := filepath.Join(b.at.state(p.id), "filling")
	if exists(done) {
		return b.madeHome(home, spec.UID)
	}
	if exists(begun) {
		b.enter(p, "clearing an unfinished home")
		if err := b.discard(ctx, home); err != nil {
			return problemOf(err, "empty the home")
		}
	}
	if err := os.WriteFile(begun, nil, 0o600); err != nil {
		return problemOf(err, "note the filling of the home")
	}
	fresh, err := makeHome(home, spec.UID)
	if err != nil {
		return problemOf(err, "make the home")
	}
	// A home that is there though we never filled it was put there by an
	// administrator: it is kept as it is.
	if fresh || isEmpty(home) {
		if err := b.fillFrom(ctx, p, spec); err != nil {
			return err
		}
	}
	if err := os.Rename(begun, done); err != nil {
		return problemOf(err, "note that the home is filled")
	}
	return nil
}

func (b *Backend) madeHome(home string, uid int) error {
	_, err := makeHome(home, uid)
	return problemOf(err, "make the home")
}

func (b *Backend) fillFrom(ctx context.Context, p *project, spec compute.Spec) error {
	switch {
	case spec.Source.GitURL != "":
		return b.clone(ctx, p, spec)
	case spec.Source.Copy != "":
		b.enter(p, "copying files")
		from := b.at.home(spec.Source.Copy)
		c := copier{uid: spec.UID, progress: func(n int) { b.enter(p, fmt.Sprintf("copying files: %d", n)) }}
		err := c.copyTree(ctx, from, b.at.home(p.id))
		if errors.Is(err, os.ErrNotExist) && !exists(from) {
			return nil // it was never started, so it has no files
		}
		return problemOf(err, "copy the files of the project")
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isEmpty(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	return errors.Is(err, io.EOF)
}

// gitEnv keeps git from asking anybody, from reading anybody's settings, and
// from using any way to a repository but the four.
var gitEnv = []variable{
	{"GIT_TERMINAL_PROMPT", "0"},
	{"GIT_ALLOW_PROTOCOL", strings.Join(gitSchemes, ":")},
	{"GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=20"},
	{"GIT_CONFIG_NOSYSTEM", "1"},
	{"GIT_CONFIG_GLOBAL", "/dev/null"},
}

// clone fills the home from a repository. Git talks to a stranger's server, so
// it runs confined as the project itself is.
func (b *Backend) clone(ctx context.Context, p *project, spec compute.Spec) error {
	b.enter(p, "cloning the repository")
	read, write, err := os.Pipe()
	if err != nil {
		return problemOf(err, "make a pipe")
	}
	defer read.Close()
	in := b.jail.see(b.at.home(p.id), "")
	env := append(environment(compute.Spec{Project: p.id}, in), gitEnv...)
	argv := []string{"git", "clone", "--progress", "--", spec.Source.GitURL, "."}
	r, err := b.begin(p, spec, "", argv, output{pipe: write}, env)
	_ = write.Close()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.GitTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		b.killAll(r.rec)
		_ = read.SetReadDeadline(time.Unix(1, 0))
	})
	defer stop()
	said := b.followClone(p, read)
	select {
	case <-r.done:
	case <-b.life.Done():
		return b.life.Err()
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return lyceum.Errorf(lyceum.Unavailable, "the repository could not be cloned in %s", b.cfg.GitTimeout)
	case ctx.Err() != nil:
		return ctx.Err()
	case r.exit == exit{known: true}:
		return nil
	}
	return lyceum.Errorf(lyceum.Unavailable, "the repository %s could not be cloned: %s", withoutPassword(spec.Source.GitURL), said)
}

var gitProgress = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:remote: )?([A-Z][a-z]+(?: [a-z]+)*: +\d+%)`) })

// followClone turns git's progress into steps and returns its complaint.
func (b *Backend) followClone(p *project, r io.Reader) string {
	complaint := "git gave no reason"
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), 64<<10)
	lines.Split(scanProgress)
	for lines.Scan() {
		line := strings.ToValidUTF8(strings.TrimSpace(lines.Text()), "�")
		if m := gitProgress().FindStringSubmatch(line); m != nil {
			b.enter(p, "cloning the repository: "+strings.ToLower(m[1]))
		}
		for _, prefix := range []string{"fatal: ", "error: ", "ERROR: "} {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				complaint = oneLine(rest)
			}
		}
	}
	_, _ = io.Copy(io.Discard, r) // a line too long for us must not block git
	return complaint
}

// scanProgress splits at newlines and carriage returns.
func scanProgress(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
