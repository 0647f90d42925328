package process

import (
	"net/url"
	"regexp"
	"strings"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// gitSchemes are the ways by which a repository may be fetched. Others would
// read the machine's files (file) or run commands (ext).
var gitSchemes = []string{"https", "http", "ssh", "git"}

// scpLike is git's short form of ssh: user@host:path.
var scpLike = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^:\-][^:]*$`)

// checkSource returns why a home cannot be filled from s.
func checkSource(s compute.Source) error {
	if s.Copy != "" {
		if s.GitURL != "" {
			return lyceum.Invalidf("source", "fill from a repository or from a project, not from both")
		}
		_, err := lyceum.ParseID[lyceum.ProjectID](string(s.Copy))
		return err
	}
	if s.GitURL == "" {
		return nil
	}
	return checkGitURL(s.GitURL)
}

func checkGitURL(s string) error {
	refuse := func(why string) error {
		return lyceum.Invalidf("source.url", "this is no address of a repository: %s", why)
	}
	switch {
	case len(s) > 2000:
		return refuse("it is too long")
	case strings.HasPrefix(s, "-"):
		return refuse("it begins with a hyphen")
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || r == 0xfffd }):
		return refuse("it has spaces or control characters")
	case scpLike.MatchString(s):
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return refuse("it cannot be read")
	}
	for _, scheme := range gitSchemes {
		if u.Scheme == scheme {
			if h := u.Hostname(); h == "" || strings.HasPrefix(h, "-") || strings.HasPrefix(u.User.Username(), "-") {
				return refuse("its host name is missing or wrong")
			}
			return nil
		}
	}
	return refuse("it begins with none of https://, http://, ssh:// and git://")
}

// withoutPassword is a repository's address as people may see it.
func withoutPassword(s string) string {
	if u, err := url.Parse(s); err == nil && u.User != nil {
		return u.Redacted()
	}
	return s
}
