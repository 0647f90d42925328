package git

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// TestMain gives git an environment in which nothing of this machine's user counts.
func TestMain(m *testing.M) {
	for _, name := range os.Environ() {
		if key, _, _ := strings.Cut(name, "="); strings.HasPrefix(key, "GIT_") || strings.HasSuffix(strings.ToLower(key), "_proxy") {
			_ = os.Unsetenv(key)
		}
	}
	os.Exit(m.Run())
}

var ada = api.GitPerson{Name: "Ada Lovelace", Email: "ada@example.org"}

// world is a project's home with a Git.
type world struct {
	t    *testing.T
	home string
	dir  *files.Dir
	g    *Git
}

// newWorld makes a home, which is HOME of this process too: such tests are not
// parallel to each other.
func newWorld(t *testing.T) *world {
	t.Helper()
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	dir, err := files.OpenDir(home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	run := t.TempDir()
	return &world{t: t, home: home, dir: dir, g: New(Config{Files: dir, Run: run})}
}

// repo is a world with a repository at path that has a commit of a.txt.
func (w *world) repo(path string) *Repo {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Join(w.home, path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	r, err := w.g.Init(w.t.Context(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(files.Join(path, "a.txt"), "one\ntwo\nthree\n")
	w.commit(r, "Begin")
	return r
}

func (w *world) write(path, text string) {
	w.t.Helper()
	full := filepath.Join(w.home, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(path string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.home, path))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// commit stages and commits all.
func (w *world) commit(r *Repo, message string) api.GitCommit {
	w.t.Helper()
	w.must(r.Stage(w.t.Context(), nil))
	c, err := r.MakeCommit(w.t.Context(), api.GitNewCommit{Message: message, Author: ada})
	w.must(err)
	return c
}

// git runs the program as somebody in a terminal would.
func (w *world) git(dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "git", args...)
	cmd.Dir = filepath.Join(w.home, dir)
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=Grace", "GIT_AUTHOR_EMAIL=grace@example.org", "GIT_COMMITTER_NAME=Grace", "GIT_COMMITTER_EMAIL=grace@example.org", "GIT_EDITOR=true")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) status(r *Repo) api.GitStatus {
	w.t.Helper()
	s, err := r.Status(w.t.Context(), false)
	w.must(err)
	return s
}

// changes are the changes of a repository in one line each.
func (w *world) changes(r *Repo) string {
	w.t.Helper()
	var out []string
	for _, c := range w.status(r).Changes {
		s := c.Path + " " + c.Index + "|" + c.Worktree
		if c.From != "" {
			s += " from " + c.From
		}
		out = append(out, s+c.Conflict)
	}
	return strings.Join(out, ", ")
}

func wantKind(t *testing.T, err error, kind lyceum.Kind, said string) {
	t.Helper()
	if !lyceum.IsKind(err, kind) || err == nil || !strings.Contains(err.Error(), said) {
		t.Errorf("got error %v, want of kind %v that says %q", err, kind, said)
	}
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func background(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }
