package lyceum

import "time"

// Session is one browser that signed in. The secret is in its cookie; the
// database holds only the hash.
type Session struct {
	ID       SessionID
	Account  AccountID
	Created  time.Time
	LastSeen time.Time // to the minute
	Expires  time.Time
	Address  string // the client's IP address when last seen
	Agent    string // its User-Agent, at most 300 bytes
}

// Scope is what an API token may be used for.
type Scope string

// The scopes of API tokens.
const (
	ScopeRead  Scope = "read"  // look at what its account may see as a member
	ScopeWrite Scope = "write" // all that its account may do, but for administration and its own sign-in
	ScopeAdmin Scope = "admin" // site administration too, if its account may
)

// ParseScope returns the scope that s names, or an error of kind Invalid.
func ParseScope(s string) (Scope, error) {
	switch c := Scope(s); c {
	case ScopeRead, ScopeWrite, ScopeAdmin:
		return c, nil
	}
	return "", Invalidf("scope", "the scope is one of read, write, admin")
}

// Token is an API token: an account's right in a program's hands. Its text is
// shown once; the database holds only the hash.
type Token struct {
	ID       TokenID
	Account  AccountID
	Name     string
	Scope    Scope
	Project  ProjectID // when set, the token reaches this project only
	Created  time.Time
	LastUsed time.Time
	Expires  time.Time // always set, at most one year ahead
}

// SignUp says who may make an account without an administrator.
type SignUp string

// The ways of signing up.
const (
	SignUpClosed     SignUp = "closed"
	SignUpInvitation SignUp = "invitation" // who holds an invitation
	SignUpOpen       SignUp = "open"       // everybody; refused when this machine cannot confine
)
