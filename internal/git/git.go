// Package git works on the git repositories of one project by running the program
// git. It knows no HTTP and no live documents: who asks has been let in, and what
// is open has been written to its file before.
//
// It reads what git prints for programs (status --porcelain=v2 -z, diff-tree -z,
// for-each-ref, cat-file), in the formats of git-status(1), gitformat-diff(5) and
// git-for-each-ref(1); git 2.34 or later is expected.
//
// Paths are those of package files, from the project's home. A repository outside
// the home, or whose data is outside, is not worked on. What a repository's own
// configuration runs (hooks, filters) is the project's own code and runs as the
// project's user, as in its terminals.
//
// # Credentials
//
// A credential that a person gives is for one operation. git asks for it by
// GIT_ASKPASS, a script of two lines that passes the question through a pipe in a
// folder of the run folder, made for this operation, to us; we answer only what is
// asked for the very address that the credential was given for. It is in no
// argument, no environment and no file, and no credential helper that is configured
// gets it. A program of the project that runs at that moment under the same user
// (a hook, a debugger) could read it all the same: docs/explanation/trust.md.
//
// # Errors
//
// All errors are lyceum.Error: NotFound (no such repository, file or branch),
// Invalid (a name or address that is refused), Conflict (git refuses in the present
// state; its reason is in the message), TooLarge (more output than is taken),
// Unavailable (no git, a lock, another operation, a remote that does not answer).
// A remote that wants to know who asks is a *CredentialError, histories that went
// apart a *DivergedError.
package git

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// Config is what New needs.
type Config struct {
	Files *files.Dir // the project's home; the caller closes it
	Run   string     // absolute path of a folder for pipes, private to the project
}

// Git works on all repositories of a project. It is safe for concurrent use.
type Git struct {
	dir     *files.Dir
	home    string
	run     string
	askpass func() (string, error) // path of the script

	mu   sync.Mutex
	busy map[string]*hold // by git folder
}

// New returns a Git. It looks for the program at each operation: people install it
// while the project runs.
func New(c Config) *Git {
	g := &Git{dir: c.Files, home: c.Files.Home(), run: c.Run, busy: map[string]*hold{}}
	g.askpass = sync.OnceValues(g.writeAskpass)
	return g
}

// Version is what git says of itself: "2.39.5". The error is of kind Unavailable
// when there is no git.
func (g *Git) Version(ctx context.Context) (string, error) {
	out, err := g.exec(ctx, command{dir: g.home, args: []string{"version"}, reads: true})
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(strings.TrimPrefix(string(out), "git version ")), nil
}

// Repo is one repository. It holds nothing open.
type Repo struct {
	g      *Git
	Path   string // of the top folder of the work tree, from the home
	top    string // the same, absolute
	gitDir string // absolute: HEAD, index and what is under way
	common string // absolute: objects and refs
}

// Open finds the repository that the folder or file at path is in.
func (g *Git) Open(ctx context.Context, path string) (*Repo, error) {
	dir, err := g.folder(ctx, path)
	if err != nil {
		return nil, err
	}
	out, err := g.exec(ctx, command{dir: dir, reads: true, args: []string{"rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir"}})
	if err != nil {
		if lyceum.IsKind(err, lyceum.Unavailable) {
			return nil, err
		}
		return nil, lyceum.Wrap(lyceum.NotFound, err, "%s", notRepository(err))
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != 3 {
		return nil, lyceum.Errorf(lyceum.NotFound, "this is not in a git repository with files")
	}
	r := &Repo{g: g, top: lines[0], gitDir: lines[1], common: lines[2]}
	for _, dir := range lines {
		if _, ok := g.inside(dir); !ok {
			return nil, lyceum.Errorf(lyceum.Forbidden, "this repository is outside the project")
		}
	}
	raw, _ := g.inside(r.top)
	r.Path = files.Encode(raw)
	return r, nil
}

// notRepository says why there is no repository, for people.
func notRepository(err error) string {
	if f, ok := errors.AsType[*failure](err); ok && strings.Contains(f.said, "dubious ownership") {
		return "this repository belongs to another user of the machine: git does not work on it"
	}
	return "this is not in a git repository"
}

// folder is the absolute path of the folder that path is, or is in, symlinks
// resolved: so it is in the home.
func (g *Git) folder(ctx context.Context, path string) (string, error) {
	e, err := g.dir.StatFollow(ctx, path)
	for lyceum.IsKind(err, lyceum.NotFound) && path != "" { // a file that was deleted has a repository too
		path, _ = files.Split(path)
		e, err = g.dir.StatFollow(ctx, path)
	}
	if err != nil {
		return "", err
	}
	real := e.Path
	if e.Kind != files.Folder {
		real, _ = files.Split(real)
	}
	raw, err := files.Decode(real)
	return filepath.Join(g.home, raw), err
}

// inside returns the raw path below the home of an absolute one.
func (g *Git) inside(abs string) (raw string, ok bool) {
	if abs == g.home {
		return "", true
	}
	return strings.CutPrefix(abs, g.home+"/")
}

// path is a path of git's (raw, from the top folder) as all others write it.
func (r *Repo) path(raw string) string {
	own, _ := r.g.inside(r.top)
	return files.Join(files.Encode(own), files.Encode(strings.TrimSuffix(raw, "/")))
}

// own is path, from the home, as git writes it.
func (r *Repo) own(path string) (string, error) {
	raw, err := files.Decode(path)
	if err != nil {
		return "", err
	}
	if path == r.Path {
		return ".", nil
	}
	top, _ := r.g.inside(r.top)
	if top == "" {
		return raw, nil
	}
	inner, ok := strings.CutPrefix(raw, top+"/")
	if !ok {
		return "", lyceum.Invalidf("paths", "%s is not in this repository", path)
	}
	return inner, nil
}

// owns is own for several, at least one.
func (r *Repo) owns(paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, lyceum.Invalidf("paths", "say which files")
	}
	if len(paths) > maxPaths {
		return nil, lyceum.Invalidf("paths", "these are more than %d files at once: name their folder", maxPaths)
	}
	out := make([]string, len(paths))
	for i, p := range paths {
		var err error
		if out[i], err = r.own(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// maxPaths is how many paths one request may name. They go to git as one list on
// its standard input.
const maxPaths = 10000

// run runs git in the top folder.
func (r *Repo) run(ctx context.Context, args ...string) ([]byte, error) {
	return r.g.exec(ctx, command{dir: r.top, args: args})
}

// read runs a git that changes nothing.
func (r *Repo) read(ctx context.Context, args ...string) ([]byte, error) {
	return r.g.exec(ctx, command{dir: r.top, args: args, reads: true})
}

// onPaths runs a git that changes what is at paths.
func (r *Repo) onPaths(ctx context.Context, env []string, own []string, args ...string) ([]byte, error) {
	args = append(args, "--pathspec-from-file=-", "--pathspec-file-nul")
	return r.g.exec(ctx, command{dir: r.top, args: args, env: env, stdin: strings.NewReader(strings.Join(own, "\x00") + "\x00")})
}

// hold is an operation that runs on a repository.
type hold struct {
	what string
	done chan struct{}
}

// patience is how long a short operation waits for the one before it.
const patience = 5 * time.Second

// Hold makes the caller the only one who changes the repository, until done. When
// another operation does not end within 5 s the error is of kind Unavailable and
// says which.
func (r *Repo) Hold(ctx context.Context, what string) (done func(), err error) {
	return r.g.hold(ctx, r.common, what)
}

func (g *Git) hold(ctx context.Context, key, what string) (done func(), err error) {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	mine := &hold{what: what, done: make(chan struct{})}
	for {
		g.mu.Lock()
		other := g.busy[key]
		if other == nil {
			g.busy[key] = mine
			g.mu.Unlock()
			return func() {
				g.mu.Lock()
				delete(g.busy, key)
				g.mu.Unlock()
				close(mine.done)
			}, nil
		}
		g.mu.Unlock()
		select {
		case <-other.done:
		case <-limit.C:
			return nil, lyceum.Errorf(lyceum.Unavailable, "git is at work on this repository: %s", other.what)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// doing is the operation that runs, "" for none.
func (r *Repo) doing() string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	if h := r.g.busy[r.common]; h != nil {
		return h.what
	}
	return ""
}

// program is where git is.
func program() (string, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return "", lyceum.Wrap(lyceum.Unavailable, err, "the program git is not installed in this project's environment")
	}
	return path, nil
}

// exists reports whether a file of git's own is there.
func (r *Repo) exists(name string) bool {
	_, err := os.Lstat(filepath.Join(r.gitDir, name))
	return err == nil
}
