package git

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// Tell is called with progress; it must be quick.
type Tell func(api.GitProgress)

// progressLine is what git prints with --progress: progress.c, "remote: " before
// it when the other side counts.
var progressLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:remote: )?([A-Z][A-Za-z ]{2,60}): +(?:(\d{1,3})% \(\d+/\d+\)|(\d+))`)
})

// parseProgress reads one line of git's; ok is false for any other line.
func parseProgress(line string) (p api.GitProgress, ok bool) {
	m := progressLine().FindStringSubmatch(line)
	if m == nil {
		return p, false
	}
	p = api.GitProgress{Phase: m[1], Percent: -1, Text: cutText(strings.TrimSpace(line), 200)}
	if m[2] != "" {
		p.Percent = min(number(m[2], ""), 100)
	}
	return p, true
}

func (t Tell) line(line string) {
	if p, ok := parseProgress(line); ok && t != nil {
		t(p)
	}
}

// far runs a git that talks to the remote at address.
func (g *Git) far(ctx context.Context, c command, address string, given *api.GitCredential, tell Tell) ([]byte, error) {
	c.time, c.said = farTime, tell.line
	if given != nil && given.URL != "" && given.URL != origin(address) {
		// Somebody has given the remote another address since it was typed.
		if origin(address) == "" {
			given = nil
		} else {
			return nil, credentialError(address, false)
		}
	}
	var a *answerer
	if given != nil {
		var env []string
		var err error
		if a, env, err = g.answer(address, given); err != nil {
			return nil, err
		}
		c.env = append(c.env, env...)
	}
	out, err := g.exec(ctx, c)
	if a != nil {
		if failed := a.close(); failed != nil && err == nil {
			err = failed
		}
	}
	f, ok := errors.AsType[*failure](err)
	if !ok || !wantsCredential(f.said) {
		return out, err
	}
	return out, credentialError(address, a != nil && a.asked())
}

// wantsCredential reports whether git was asked who it is: http.c, credential.c.
func wantsCredential(said string) bool {
	for _, s := range []string{"could not read Username", "could not read Password", "Authentication failed for", "unable to get password from user", "returned error: 401"} {
		if strings.Contains(said, s) {
			return true
		}
	}
	return false
}

// remote is the remote to talk to, and its address; with push that to push to.
func (r *Repo) remote(ctx context.Context, name string, push bool) (remote, address string, err error) {
	if name == "" {
		name, _ = r.upstream(ctx)
	}
	list, err := r.Remotes(ctx)
	if err != nil {
		return "", "", err
	}
	if name == "" && len(list) > 0 {
		name = list[0].Name
		for _, l := range list {
			if l.Name == "origin" {
				name = l.Name
			}
		}
	}
	if name == "" {
		return "", "", conflictf("this repository knows no remote: add one first")
	}
	if err := checkRef(name); err != nil {
		return "", "", err
	}
	args := []string{"remote", "get-url", "--", name}
	if push {
		args = []string{"remote", "get-url", "--push", "--", name}
	}
	out, err := r.read(ctx, args...)
	if err != nil {
		return "", "", lyceum.Wrap(lyceum.NotFound, err, "there is no remote of the name %s", name)
	}
	address = firstLine(string(out))
	return name, address, CheckAddress(address, false)
}

// upstream is the remote and the branch there that the current branch follows.
func (r *Repo) upstream(ctx context.Context) (remote, branch string) {
	head, err := r.read(ctx, "symbolic-ref", "--quiet", "--short", "HEAD")
	if err != nil {
		return "", ""
	}
	own := strings.TrimSpace(string(head))
	get := func(key string) string {
		out, err := r.read(ctx, "config", "--get", "branch."+own+"."+key)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	remote, branch = get("remote"), strings.TrimPrefix(get("merge"), "refs/heads/")
	if remote == "." || checkRef(remote) != nil || checkRef(branch) != nil {
		return "", ""
	}
	return remote, branch
}

// Fetch gets what the remote has. Name "" is the one that the branch follows.
func (r *Repo) Fetch(ctx context.Context, name string, given *api.GitCredential, tell Tell) error {
	name, address, err := r.remote(ctx, name, false)
	if err != nil {
		return err
	}
	c := command{dir: r.top, env: r.sshEnv(ctx), args: []string{"fetch", "--progress", "--prune", "--no-recurse-submodules", "--", name}}
	_, err = r.g.far(ctx, c, address, given, tell)
	return err
}

// Pull fetches, and takes what is new into the current branch. When both sides have
// commits it is done as how says: merge or rebase; else the error is a
// *DivergedError.
func (r *Repo) Pull(ctx context.Context, t api.GitTransfer, tell Tell) error {
	if err := checkPerson(t.Author); err != nil {
		return err
	}
	remote, branch := r.upstream(ctx)
	if t.Remote != "" {
		remote = t.Remote
	}
	if t.Branch != "" {
		branch = t.Branch
	}
	if remote == "" || branch == "" {
		return conflictf("this branch follows none of a remote: push it first, or choose what to pull")
	}
	if err := checkRef(branch); err != nil {
		return err
	}
	if err := r.Fetch(ctx, remote, t.Credential, tell); err != nil {
		return err
	}
	theirs := "refs/remotes/" + remote + "/" + branch
	if !r.hasRef(ctx, theirs) {
		return lyceum.Errorf(lyceum.NotFound, "%s has no branch %s", remote, branch)
	}
	if short := remote + "/" + branch; !r.hasRef(ctx, "refs/heads/"+short) && !r.hasRef(ctx, "refs/tags/"+short) {
		theirs = short // as people know it, in messages and at conflict markers
	}
	switch t.How {
	case "merge":
		return r.orConflicts(ctx, r.as(ctx, t.Author, "merge", "--no-edit", "--quiet", theirs))
	case "rebase":
		return r.orConflicts(ctx, r.as(ctx, t.Author, "rebase", "--quiet", theirs))
	case "ff", "":
	default:
		return lyceum.Invalidf("how", "how must be ff, merge or rebase")
	}
	if out, err := r.read(ctx, "rev-list", "--count", "--left-right", "HEAD..."+theirs, "--"); err == nil {
		ahead, behind, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
		if number(ahead, "") > 0 && number(behind, "") > 0 {
			return &DivergedError{Message: "you have " + commits(ahead) + " that " + remote + " lacks, and it has " + commits(behind) + " that you lack: merge, or put yours on top (rebase)"}
		}
	}
	return r.as(ctx, t.Author, "merge", "--ff-only", "--quiet", theirs)
}

func commits(n string) string {
	if n == "1" {
		return "1 commit"
	}
	return n + " commits"
}

// Push sends the current branch, or t.Branch, to the remote and lets it follow what
// is there. When the remote has what is not here the error is a *DivergedError.
func (r *Repo) Push(ctx context.Context, t api.GitTransfer, tell Tell) error {
	branch := t.Branch
	if branch == "" {
		head, err := r.read(ctx, "symbolic-ref", "--quiet", "--short", "HEAD")
		if err != nil {
			return conflictf("no branch is checked out: make one to push")
		}
		branch = strings.TrimSpace(string(head))
	}
	if err := checkRef(branch); err != nil {
		return err
	}
	if !r.hasRef(ctx, "refs/heads/"+branch) {
		return conflictf("there is no commit yet that could be pushed")
	}
	name, address, err := r.remote(ctx, t.Remote, true)
	if err != nil {
		return err
	}
	to := branch
	if remote, followed := r.upstream(ctx); remote == name && followed != "" && t.Branch == "" {
		to = followed
	}
	args := []string{"push", "--progress", "--porcelain", "--set-upstream", "--no-recurse-submodules"}
	if t.Force {
		args = append(args, "--force-with-lease")
	}
	args = append(args, "--", name, "refs/heads/"+branch+":refs/heads/"+to)
	_, err = r.g.far(ctx, command{dir: r.top, env: r.sshEnv(ctx), args: args}, address, t.Credential, tell)
	if f, ok := errors.AsType[*failure](err); ok {
		return rejected(f, err, name, to)
	}
	return err
}

// rejected tells why a push was not taken: git-push(1), "OUTPUT".
func rejected(f *failure, err error, remote, branch string) error {
	all := f.out + f.said
	switch {
	case strings.Contains(all, "(fetch first)"), strings.Contains(all, "(non-fast-forward)"):
		return &DivergedError{Rejected: true, Message: remote + " has commits on " + branch + " that are not here: pull them first, then push again"}
	case strings.Contains(all, "(stale info)"):
		return conflictf("%s has other commits on %s than were last seen: fetch, look, and then decide", remote, branch)
	case strings.Contains(all, "[remote rejected]"):
		return lyceum.Wrap(lyceum.Forbidden, f, "%s did not take it: %s", remote, remoteWords(all))
	}
	return err
}

// remoteWords are the reason that a remote gives, and what its hooks said.
func remoteWords(all string) string {
	var words []string
	for line := range strings.Lines(all) {
		if said, ok := strings.CutPrefix(strings.TrimSpace(line), "remote: "); ok && strings.TrimSpace(said) != "" {
			if _, counts := parseProgress(line); !counts {
				words = append(words, strings.TrimSpace(said))
			}
		}
		if i := strings.LastIndex(line, "[remote rejected]"); i >= 0 {
			words = append(words, strings.TrimSpace(line[i+len("[remote rejected]"):]))
		}
	}
	return cutText(strings.Join(words, "\n"), maxMessage)
}

// Clone copies a remote repository into the folder at path, which must not be
// there or be empty. What was copied goes when it fails.
func (g *Git) Clone(ctx context.Context, path string, t api.GitTransfer, tell Tell) (*Repo, error) {
	if err := CheckAddress(t.URL, true); err != nil {
		return nil, err
	}
	raw, err := files.Decode(path)
	if err != nil {
		return nil, err
	}
	parent, name := files.Split(path)
	if name == "" {
		return nil, lyceum.Invalidf("repo", "say into which folder")
	}
	if _, err := g.dir.StatFollow(ctx, parent); err != nil {
		return nil, err
	}
	dir, err := g.folder(ctx, parent)
	if err != nil {
		return nil, err
	}
	args := []string{"clone", "--progress", "--no-recurse-submodules", "--origin=origin"}
	if t.Branch != "" {
		if err := checkRef(t.Branch); err != nil {
			return nil, err
		}
		args = append(args, "--branch="+t.Branch)
	}
	if t.Depth < 0 {
		return nil, lyceum.Invalidf("depth", "depth must not be negative")
	}
	if t.Depth > 0 {
		args = append(args, "--depth="+strconv.Itoa(t.Depth))
	}
	args = append(args, "--", t.URL, filepath.Base(raw))
	c := command{dir: dir, args: args, env: []string{"GIT_SSH_COMMAND=" + g.sshCommand()}}
	if _, err := g.far(ctx, c, t.URL, t.Credential, tell); err != nil {
		return nil, err
	}
	return g.Open(ctx, path)
}

// AddRemote makes a remote known.
func (r *Repo) AddRemote(ctx context.Context, name, address string) error {
	if err := first(checkRef(name), CheckAddress(address, true)); err != nil {
		return err
	}
	_, err := r.run(ctx, "remote", "add", "--", name, address)
	return err
}

// ChangeRemote gives a remote another address.
func (r *Repo) ChangeRemote(ctx context.Context, name, address string) error {
	if err := first(checkRef(name), CheckAddress(address, true)); err != nil {
		return err
	}
	_, err := r.run(ctx, "remote", "set-url", "--", name, address)
	return err
}

// RemoveRemote forgets a remote and what was seen of it.
func (r *Repo) RemoveRemote(ctx context.Context, name string) error {
	if err := checkRef(name); err != nil {
		return err
	}
	_, err := r.run(ctx, "remote", "remove", "--", name)
	return err
}

func first(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
