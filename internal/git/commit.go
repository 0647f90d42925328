package git

import (
	"context"
	"strings"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// checkPerson returns an error unless p can stand in a commit.
func checkPerson(p api.GitPerson) error {
	bad := func(s string) bool {
		return strings.TrimSpace(s) != s || s == "" || len(s) > 400 || !utf8.ValidString(s) ||
			strings.ContainsFunc(s, func(c rune) bool { return c < 0x20 || c == 0x7f || c == '<' || c == '>' })
	}
	if bad(p.Name) {
		return lyceum.Invalidf("author.name", "say the author's name, without < or >")
	}
	if bad(p.Email) || strings.ContainsAny(p.Email, " ") {
		return lyceum.Invalidf("author.email", "say the author's mail address")
	}
	return nil
}

// personEnv makes p the author and the committer of what git writes.
func personEnv(p api.GitPerson) []string {
	if checkPerson(p) != nil {
		return nil // what is set in the repository's configuration
	}
	return []string{"GIT_AUTHOR_NAME=" + p.Name, "GIT_AUTHOR_EMAIL=" + p.Email, "GIT_COMMITTER_NAME=" + p.Name, "GIT_COMMITTER_EMAIL=" + p.Email}
}

// MakeCommit commits what is staged. Author and committer are the person that is
// given; of a commit that is amended the author stays.
func (r *Repo) MakeCommit(ctx context.Context, n api.GitNewCommit) (api.GitCommit, error) {
	if err := checkPerson(n.Author); err != nil {
		return api.GitCommit{}, err
	}
	if strings.TrimSpace(n.Message) == "" || !utf8.ValidString(n.Message) || strings.ContainsRune(n.Message, 0) {
		return api.GitCommit{}, lyceum.Invalidf("message", "say what the commit does")
	}
	args := []string{"commit", "--quiet", "--file=-", "--cleanup=whitespace"}
	if n.Amend {
		args = append(args, "--amend")
	}
	if n.SignOff {
		args = append(args, "--signoff")
	}
	if n.All {
		args = append(args, "--all")
	}
	if _, err := r.g.exec(ctx, command{dir: r.top, args: args, env: personEnv(n.Author), stdin: strings.NewReader(n.Message)}); err != nil {
		return api.GitCommit{}, err
	}
	return r.Commit(ctx, "HEAD")
}

// as runs a git that may write commits, as a person.
func (r *Repo) as(ctx context.Context, p api.GitPerson, args ...string) error {
	if err := checkPerson(p); err != nil {
		return err
	}
	// None of these names a path, and git's own scripts mean theirs not literally.
	_, err := r.g.exec(ctx, command{dir: r.top, args: args, env: append(personEnv(p), "GIT_LITERAL_PATHSPECS=0")})
	return err
}

// orConflicts makes a success of an error of git that left files in conflict, for
// people to resolve.
func (r *Repo) orConflicts(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	out, failed := r.read(ctx, "ls-files", "--unmerged", "-z")
	if failed == nil && len(out) > 0 {
		return nil
	}
	return err
}
