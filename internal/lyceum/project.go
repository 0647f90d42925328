package lyceum

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// Project is a home directory, a running Linux environment and the people who
// share it.
type Project struct {
	ID          ProjectID
	Name        string // 1 to 100 characters
	Description string // up to 2,000 characters, may have lines
	Slug        string // site-unique, [a-z0-9-]{1,40}, or ""
	Created     time.Time
	LastEdited  time.Time // last input of a person, or Created
	Deleted     time.Time // zero unless deleted; purged after the grace time
	Wanted      Wanted
	State       State
}

// Limits of a project's fields, in characters, and of its environment variables.
const (
	MaxProjectName        = 100
	MaxProjectDescription = 2000
	MaxEnvVars            = 200
	MaxEnvName            = 128
	MaxEnvValue           = 32 << 10 // bytes
)

var (
	slugPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$`) })
	envPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })
)

// CheckSlug returns an error unless s may be a project's slug: 1 to 40 of
// a-z, 0-9 and inner hyphens, and not shaped like an identifier.
func CheckSlug(s string) error {
	if !slugPattern().MatchString(s) || isUUID(s) {
		return Invalidf("slug", "use 1 to 40 of a-z, 0-9 and hyphens, not at the ends")
	}
	return nil
}

// CheckEnvVar returns an error unless name and value can be an environment
// variable of a project. Names that our own programs read are refused.
func CheckEnvVar(name, value string) error {
	switch {
	case len(name) > MaxEnvName || !envPattern().MatchString(name):
		return Invalidf("name", "use letters, digits and _, not beginning with a digit, at most %d", MaxEnvName)
	case strings.HasPrefix(name, "LYCEUM_") || name == "HOME" || name == "USER" || name == "LD_PRELOAD":
		return Invalidf("name", "%s is set by the site", name)
	case len(value) > MaxEnvValue:
		return Invalidf("value", "use at most %d bytes", MaxEnvValue)
	case strings.ContainsRune(value, 0):
		return Invalidf("value", "NUL is not allowed")
	}
	return nil
}

// Wanted is what people asked of a project; lifecycle makes it so.
type Wanted string

// What can be wanted.
const (
	WantStopped Wanted = "stopped"
	WantRunning Wanted = "running"
)

// Phase is where a project is on its way between stopped and running.
//
//	stopped ──► starting ──► running ──► stopping ──► stopped
//	   ▲            │            │
//	   └── failed ◄─┴────────────┘
type Phase string

// The phases of a project.
const (
	Stopped  Phase = "stopped"
	Starting Phase = "starting"
	Running  Phase = "running"
	Stopping Phase = "stopping"
	Failed   Phase = "failed"
)

// State is what is known of a project's running, as shown to people.
type State struct {
	Phase  Phase
	Step   string    // what it is doing now, when Starting or Stopping: "starting the project server"
	Reason string    // why it is Failed or was Stopped: "idle for 1 h"; else ""
	Since  time.Time // when the phase began
	IdleAt time.Time // when it will stop for want of use unless someone acts; zero when not near
}

// EnvVar is an environment variable of a project.
type EnvVar struct {
	Name  string
	Value Secret
}
