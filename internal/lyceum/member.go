package lyceum

import "time"

// Role is what a member of a project is. The zero value "" is no member.
type Role string

// The roles, from most to least.
const (
	Owner  Role = "owner"  // everything, members and deletion too
	Editor Role = "editor" // runs code, writes files
	Viewer Role = "viewer" // reads files and documents; cannot run code
)

// ParseRole returns the role that s names, or an error of kind Invalid.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Owner, Editor, Viewer:
		return r, nil
	}
	return "", Invalidf("role", "the role is one of owner, editor, viewer")
}

// AtLeast reports whether r includes all that other may do.
func (r Role) AtLeast(other Role) bool { return r.rank() >= other.rank() }

func (r Role) rank() int {
	switch r {
	case Owner:
		return 3
	case Editor:
		return 2
	case Viewer:
		return 1
	}
	return 0
}

// Member is an account's place in a project.
type Member struct {
	Account Account
	Role    Role
	Since   time.Time
}

// Invitation lets whoever holds its link (Account == "") or one named account
// join a project, or (Project == "") lets its holder sign up on the site.
type Invitation struct {
	ID      InvitationID
	Project ProjectID // "" for an invitation to the site
	Role    Role      // in the project; "" for an invitation to the site
	Account AccountID // the invited account; "" when the link is enough
	Email   string    // the address it is meant for; "" for anyone
	By      AccountID
	Created time.Time
	Expires time.Time
	Uses    int // how often it may still be used
}
