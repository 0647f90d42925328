package api

import (
	"encoding/json"
	"time"
)

// Person is what others see of an account.
type Person struct {
	ID     string `json:"id" format:"uuid"`
	Name   string `json:"name"`
	Colour int    `json:"colour" minimum:"0" maximum:"11" doc:"index into the people's colours"`
}

// Account is one's own account.
type Account struct {
	ID          string          `json:"id" format:"uuid"`
	Email       string          `json:"email"`
	Name        string          `json:"name"`
	Colour      int             `json:"colour" minimum:"0" maximum:"11"`
	Admin       bool            `json:"admin" doc:"site administrator"`
	Created     time.Time       `json:"created"`
	Preferences json.RawMessage `json:"preferences,omitempty" doc:"what the browser app stores: theme, editor keys; at most 16 KiB"`
}

// AccountChange names what to change; absent fields stay.
type AccountChange struct {
	Name        *string         `json:"name,omitempty" maxLength:"100"`
	Colour      *int            `json:"colour,omitempty" minimum:"0" maximum:"11"`
	Preferences json.RawMessage `json:"preferences,omitempty"`
}

// SignIn is the request for a session.
type SignIn struct {
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"1024"`
}

// SignUp is the request for a new account.
type SignUp struct {
	Email      string `json:"email" maxLength:"254"`
	Name       string `json:"name" maxLength:"100"`
	Password   string `json:"password" maxLength:"1024"`
	Invitation string `json:"invitation,omitempty" maxLength:"200" doc:"the secret of an invitation to the site or to a project"`
}

// PasswordChange is the request to change one's own password. All other
// sessions are signed out.
type PasswordChange struct {
	Current string `json:"current" maxLength:"1024"`
	New     string `json:"new" maxLength:"1024"`
}

// Session is one browser that is signed in.
type Session struct {
	ID       string    `json:"id" format:"uuid"`
	Current  bool      `json:"current" doc:"the one that asks"`
	Created  time.Time `json:"created"`
	LastSeen time.Time `json:"lastSeen"`
	Expires  time.Time `json:"expires"`
	Address  string    `json:"address"`
	Agent    string    `json:"agent"`
}

// Token is an API token.
type Token struct {
	ID       string     `json:"id" format:"uuid"`
	Name     string     `json:"name"`
	Scope    string     `json:"scope" enum:"read,write,admin"`
	Project  string     `json:"project,omitempty" doc:"the one project it reaches; absent for all"`
	Created  time.Time  `json:"created"`
	LastUsed *time.Time `json:"lastUsed,omitempty"`
	Expires  time.Time  `json:"expires"`
	Secret   string     `json:"secret,omitempty" doc:"the token's text; only in the answer that made it"`
}

// NewToken is the request for an API token.
type NewToken struct {
	Name    string `json:"name" maxLength:"100"`
	Scope   string `json:"scope" enum:"read,write,admin"`
	Project string `json:"project,omitempty"`
	Days    int    `json:"days" minimum:"1" maximum:"366" doc:"how long it is good for"`
}

// AdminAccount is an account as an administrator sees it.
type AdminAccount struct {
	ID        string     `json:"id" format:"uuid"`
	Email     string     `json:"email"`
	Name      string     `json:"name"`
	Colour    int        `json:"colour"`
	Admin     bool       `json:"admin"`
	Suspended bool       `json:"suspended"`
	Created   time.Time  `json:"created"`
	LastSeen  *time.Time `json:"lastSeen,omitempty"`
	Projects  int        `json:"projects" doc:"how many it is a member of"`
	Sessions  int        `json:"sessions" doc:"how many browsers are signed in"`
}

// AdminAccountChange names what to change; absent fields stay.
type AdminAccountChange struct {
	Name      *string `json:"name,omitempty" maxLength:"100"`
	Admin     *bool   `json:"admin,omitempty"`
	Suspended *bool   `json:"suspended,omitempty"`
}
