package git

import (
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

// scpLike is the short form of an ssh address: user@host:path, git-fetch(1).
var scpLike = regexp.MustCompile(`^(?:[A-Za-z0-9._][A-Za-z0-9._-]*@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\]):[^\s:-]\S*$`)

// CheckAddress refuses what is not the address of a remote over https, http, ssh
// or git. With own (an address that a person gives now) it also refuses one with a
// password in it, which would be kept in the repository's configuration.
func CheckAddress(address string, own bool) error {
	if address == "" || len(address) > 2000 || !utf8.ValidString(address) || strings.HasPrefix(address, "-") ||
		strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return lyceum.Invalidf("url", "this is no address of a git repository")
	}
	if strings.Contains(address, "::") && !strings.Contains(address, "[") {
		return lyceum.Invalidf("url", "addresses of this kind are not used here, only https, http, ssh and git")
	}
	if !strings.Contains(address, "://") {
		if scpLike.MatchString(address) {
			return nil
		}
		return lyceum.Invalidf("url", "an address begins with https:// or ssh://, or is of the form user@host:path; a folder is no remote here")
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || strings.HasPrefix(u.Hostname(), "-") || u.User != nil && strings.HasPrefix(u.User.Username(), "-") {
		return lyceum.Invalidf("url", "this is no address of a git repository")
	}
	switch u.Scheme {
	case "https", "http", "ssh", "git":
	default:
		return lyceum.Invalidf("url", "addresses that begin with %s:// are not used here, only https, http, ssh and git", u.Scheme)
	}
	if _, has := u.User.Password(); has && own {
		return lyceum.Invalidf("url", "leave the password out of the address: it would be kept in the project's files. You are asked for it when the remote wants it")
	}
	return nil
}

// isSSH reports whether an address is reached by ssh.
func isSSH(address string) bool {
	return strings.HasPrefix(address, "ssh://") || !strings.Contains(address, "://") && scpLike.MatchString(address)
}

// withoutPassword is an address that may be shown.
func withoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil || !strings.Contains(address, "://") {
		return address
	}
	if _, has := u.User.Password(); has || u.Scheme == "https" || u.Scheme == "http" {
		u.User = nil
	}
	return u.String()
}

// origin is the scheme, host and port of an address, "" when it is none of http.
// A port that the scheme implies is left out.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" || port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port)
}

// usernameIn is the user name that an address of http says.
func usernameIn(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return ""
	}
	return u.User.Username()
}
