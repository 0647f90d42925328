package git

import (
	"regexp"
	"slices"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// userinfo finds what stands before the host of an address.
var userinfo = regexp.MustCompile(`([a-z][a-z0-9+.-]*://)[^/@\s']*@`)

// redact takes names and passwords out of addresses.
func redact(s string) string { return userinfo.ReplaceAllString(s, "$1") }

// CredentialError tells that a remote wants to know who asks.
type CredentialError struct{ api.GitAsk }

// credentialError is for the remote at an address; refused: a credential was given, and
// was not accepted.
func credentialError(address string, refused bool) *CredentialError {
	url := origin(address)
	return &CredentialError{api.GitAsk{URL: url, Username: usernameIn(address), Refused: refused, Plain: strings.HasPrefix(url, "http://")}}
}

// Error implements error.
func (e *CredentialError) Error() string {
	if e.Refused {
		return e.URL + " did not accept this user name and token"
	}
	return e.URL + " wants a user name and a token"
}

// DivergedError tells that two histories have each what the other has not.
type DivergedError struct {
	Message  string
	Rejected bool // by the remote, of a push
}

// Error implements error.
func (e *DivergedError) Error() string { return e.Message }

// reason is something that git says, in lower case, and what it means.
type reason struct {
	said string
	kind lyceum.Kind
	text string // "" for git's own words
}

// reasons hold for every git, farReasons for one that talks to a remote. The first
// that is found counts.
var (
	reasons = []reason{
		{"index.lock': file exists", lyceum.Unavailable, "another git is at work here, or one was killed and left its lock behind"},
		{".lock': file exists", lyceum.Unavailable, "another git is at work here, or one was killed and left a lock behind"},
		{"no space left on device", lyceum.Exhausted, "the disk is full"},
		{"disk quota exceeded", lyceum.Exhausted, "the disk's quota is used up"},
		{"nothing to commit", lyceum.Conflict, "nothing is staged: there is nothing to commit"},
		{"no changes added to commit", lyceum.Conflict, "nothing is staged: there is nothing to commit"},
		{"nothing added to commit", lyceum.Conflict, "nothing is staged: there is nothing to commit"},
		{"you have nothing to amend", lyceum.Conflict, "there is no commit yet that could be amended"},
		{"patch does not apply", lyceum.Conflict, "the file has changed in between: look again"},
	}
	farReasons = []reason{
		{"remote host identification has changed", lyceum.Forbidden, "the remote's host key is not the one that is known (~/.ssh/known_hosts): either it was changed there, or somebody stands in between. Ask who runs the remote; if the change is right, remove the old line with ssh-keygen -R in a terminal"},
		{"host key verification failed", lyceum.Forbidden, "the remote's host key could not be verified"},
		{"permission denied (publickey", lyceum.Forbidden, "the remote does not know the project's SSH key: add its public part there, to your account or as a deploy key"},
		{"no user exists for uid", lyceum.Unavailable, "ssh does not work in this project's environment: its user has no entry in /etc/passwd"},
		{"cannot run ssh", lyceum.Unavailable, "the program ssh is not installed in this project's environment"},
		{"transport 'file' not allowed", lyceum.Invalid, "repositories in folders are not reached from here, only https, http, ssh and git addresses: use a terminal"},
		{"could not resolve host", lyceum.Unavailable, "the remote's host name is not known"},
		{"failed to connect", lyceum.Unavailable, "the remote cannot be reached"},
		{"connection refused", lyceum.Unavailable, "the remote cannot be reached"},
		{"connection timed out", lyceum.Unavailable, "the remote does not answer"},
		{"the requested url returned error: 403", lyceum.Forbidden, "the remote does not allow this to you"},
		{"does not appear to be a git repository", lyceum.NotFound, "there is no git repository at the remote's address"},
		{"not found", lyceum.NotFound, "there is no such repository or branch at the remote, or you may not see it"},
		{"couldn't find remote ref", lyceum.NotFound, "the remote has no such branch"},
		{"transport '", lyceum.Invalid, ""},
	}
)

// far are the subcommands that talk to a remote.
var far = map[string]bool{"clone": true, "fetch": true, "push": true, "ls-remote": true}

// explain turns a git's end into a lyceum.Error whose message is for people.
func explain(f *failure) error {
	all := strings.ToLower(f.said + "\n" + f.out)
	table := reasons
	if far[f.command] {
		table = slices.Concat(reasons, farReasons)
	}
	for _, r := range table {
		if strings.Contains(all, r.said) {
			text := r.text
			if text == "" {
				text = sayAgain(f)
			}
			return lyceum.Wrap(r.kind, f, "%s", text)
		}
	}
	return lyceum.Wrap(lyceum.Conflict, f, "%s", sayAgain(f))
}

// sayAgain is git's own message without its prefixes and hints.
func sayAgain(f *failure) string {
	var out []string
	size := 0
	for line := range strings.Lines(f.said + "\n" + f.out) {
		line = strings.TrimRight(line, "\n ")
		lower := strings.ToLower(line)
		if line == "" || strings.HasPrefix(lower, "hint:") || strings.HasPrefix(lower, "aborting") {
			continue
		}
		for _, prefix := range []string{"fatal: ", "error: ", "warning: "} {
			line = strings.TrimPrefix(line, prefix)
		}
		if size += len(line); size > maxMessage {
			break
		}
		out = append(out, line)
	}
	if len(out) == 0 {
		return "git " + f.command + " failed without a word"
	}
	return strings.Join(out, "\n")
}

// maxMessage is how many bytes of git's or a hook's words people are shown.
const maxMessage = 4000
