package api

import "time"

// Site is what anyone may know of the site before signing in.
type Site struct {
	Name        string   `json:"name" doc:"the site's name"`
	Version     string   `json:"version"`
	SignUp      string   `json:"signUp" enum:"closed,invitation,open" doc:"who may make an account"`
	SetupNeeded bool     `json:"setupNeeded" doc:"there is no administrator yet; the set-up link makes one"`
	Account     *Account `json:"account,omitempty" doc:"who is signed in"`
}

// Setup is the request that makes the first administrator.
type Setup struct {
	Secret   string `json:"secret" maxLength:"200" doc:"from the set-up link"`
	Email    string `json:"email" maxLength:"254"`
	Name     string `json:"name" maxLength:"100"`
	Password string `json:"password" maxLength:"1024"`
	SiteName string `json:"siteName,omitempty" maxLength:"100"`
}

// Settings are the site's settings that an administrator changes in the browser.
type Settings struct {
	SiteName           string   `json:"siteName" maxLength:"100"`
	SignUp             string   `json:"signUp" enum:"closed,invitation,open"`
	IdleTimeoutSeconds int      `json:"idleTimeoutSeconds" minimum:"60" maximum:"31536000" doc:"a project without use is stopped after this long"`
	DeleteGraceDays    int      `json:"deleteGraceDays" minimum:"0" maximum:"365" doc:"a deleted project can be restored for this long"`
	Limits             Limits   `json:"limits" doc:"of projects that have none of their own"`
	Ceilings           Limits   `json:"ceilings" doc:"the most that any project may have"`
	Fixed              []string `json:"fixed" doc:"what the server's configuration sets and nobody can change here: limits.memory, ceilings.cpu"`
}

// SettingsChange names the settings to change; absent ones stay.
type SettingsChange struct {
	SiteName           *string `json:"siteName,omitempty" maxLength:"100"`
	SignUp             *string `json:"signUp,omitempty" enum:"closed,invitation,open"`
	IdleTimeoutSeconds *int    `json:"idleTimeoutSeconds,omitempty" minimum:"60" maximum:"31536000"`
	DeleteGraceDays    *int    `json:"deleteGraceDays,omitempty" minimum:"0" maximum:"365"`

	Limits   LimitChange `json:"limits,omitempty"`
	Ceilings LimitChange `json:"ceilings,omitempty"`
}

// Machine is what an administrator is told of the machine.
type Machine struct {
	Version     string   `json:"version"`
	Confinement string   `json:"confinement" doc:"what keeps projects apart: uid+bubblewrap, bubblewrap, uid, none"`
	Isolated    bool     `json:"isolated" doc:"false when one account could reach another's files"`
	Network     string   `json:"network" doc:"what projects reach: internet (each with a network of its own), none, shared (the machine's network)"`
	Problems    []string `json:"problems" doc:"what this machine cannot confine, with the remedy"`
	Database    string   `json:"database" doc:"the PostgreSQL version, and whether it is built in"`
	Running     int      `json:"running" doc:"projects that run now"`
	Accounts    int      `json:"accounts"`
	Projects    int      `json:"projects"`
	Address     string   `json:"address" doc:"the site's address"`
}

// AuditEntry is one act, written in the transaction of the act.
type AuditEntry struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	Actor   *Person        `json:"actor,omitempty" doc:"who did it; absent for the site itself"`
	Verb    string         `json:"verb" doc:"what was done: project.delete"`
	Object  string         `json:"object,omitempty" doc:"what it was done to: project:7f3a…"`
	Detail  map[string]any `json:"detail,omitempty"`
	Address string         `json:"address,omitempty" doc:"the client's IP address"`
}

// Page is one page of a list. Next is empty on the last one.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"give it as cursor to get the next page"`
	Total int    `json:"total" doc:"how many there are in all pages"`
}
