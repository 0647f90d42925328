// Package compute is the contract "run this project somewhere". Two rooms keep
// it: compute/process (confined child processes of this machine) and, later,
// compute/kube (a pod each). The suite that every implementation passes is in
// compute/computetest.
//
// The caller is lifecycle: it compares what PostgreSQL says is wanted with what
// Observe says is so, and calls Ensure or Stop until they agree. Nothing is
// therefore kept in a Backend's memory that it could not read back after a
// kill: names and places derive from the project's identifier.
package compute

import (
	"context"
	"crypto/ed25519"
	"time"

	"lyceum/internal/lyceum"
)

// Backend runs projects. All methods are safe for concurrent use, for one
// project too, and safe to repeat. Errors are of the kinds of package lyceum:
// Exhausted when there is no room, Unavailable when trying again may help,
// Invalid when the Spec can never run here.
type Backend interface {
	// Ensure makes the project run as spec says and returns when the work is
	// accepted, not when it is ready: Observe tells. A project that runs already,
	// with this or another spec, is left alone (to apply a new spec, Stop first).
	Ensure(ctx context.Context, spec Spec) error

	// Observe reads the truth now. A project never seen is PhaseStopped
	// without error.
	Observe(ctx context.Context, id lyceum.ProjectID) (Observation, error)

	// Stop ends all processes of the project and keeps its files. It returns
	// when none is left, or with ctx's error. Success if already stopped.
	Stop(ctx context.Context, id lyceum.ProjectID) error

	// Delete stops the project and removes its files. Success if already gone.
	Delete(ctx context.Context, id lyceum.ProjectID) error

	// Watch yields identifiers of projects worth observing again, until ctx ends;
	// then the channel is closed. They are hints: some may be lost, some may be
	// false, so the caller also re-reads on a clock.
	Watch(ctx context.Context) (<-chan lyceum.ProjectID, error)
}

// Spec says how a project shall run.
type Spec struct {
	Project   lyceum.ProjectID
	Env       []lyceum.EnvVar   // the project's environment variables
	PublicKey ed25519.PublicKey // what the project server checks tickets with
	UID       int               // the project's uid and gid on this machine when the hub is root; 0: run as the hub's own user
	Source    Source            // what a new, empty home is filled from
	Limits    lyceum.Limits     // what it may use; Disk is the project server's affair
}

// Source says what a project's home is filled from before its first start. The
// zero value leaves it empty. A home that was filled once is never filled again.
type Source struct {
	GitURL string           // cloned into the home, with the project's own rights
	Copy   lyceum.ProjectID // copied from this project's home, without ~/.local/state/lyceum
}

// Observation is what is so.
type Observation struct {
	Phase   lyceum.Phase
	Address Address   // where the project server answers; set in phase Running
	Step    string    // what is being done in Starting or Stopping, for people
	Reason  string    // why it is Failed or ended by itself, for people: "out of memory"
	Since   time.Time // when the phase began, as far as known
	UID     int       // the uid that it runs as
}

// Address says how to reach a project server. Exactly one of Socket and
// HostPort is set.
type Address struct {
	Socket   string // path of a Unix socket on this machine
	HostPort string // TCP, TLS 1.3 with Pin
	Pin      []byte // SHA-256 of the certificate that HostPort must show
}

// IsZero reports whether there is no address.
func (a Address) IsZero() bool { return a.Socket == "" && a.HostPort == "" }

// Confinement is an optional ability: what separates projects here.
type Confinement interface {
	// Confinement tells how projects are kept apart on this machine and, in
	// Problems, what this machine cannot confine, each a sentence for an
	// administrator with the remedy. Isolated is false when a second account
	// could reach the first one's files.
	Confinement() ConfinementReport
}

// ConfinementReport is what a Backend says of itself.
type ConfinementReport struct {
	Kind     string // "uid+bubblewrap", "bubblewrap", "uid", "none", "pod"
	Isolated bool
	Network  string // what projects reach: "internet", "none", "shared" (the machine's network too)
	Problems []string
}

// Homes is an optional ability: the files of a project that does not run can be
// read on this machine.
type Homes interface {
	// Home returns the folder that holds the project's files.
	Home(id lyceum.ProjectID) string
}

// Usage is an optional ability: what a running project uses now.
type Usage interface {
	Usage(ctx context.Context, id lyceum.ProjectID) (Use, error)
}

// Use is what a project uses of this machine.
type Use struct {
	MemoryBytes int64   // as its limit counts it; where nothing counts it, the proportional set size of all its processes
	CPUSeconds  float64 // that its processes and those that ended have computed
	Processes   int
}

// Limiter is an optional ability: limits of running projects.
type Limiter interface {
	// SetLimits makes a running project's limits those, without a restart; Ensure
	// has them in its Spec. A project that does not run is left alone. Conflict
	// when it uses more memory now than it shall: the old limit stays. Limits that
	// this machine cannot set are left out; Confinement tells which.
	SetLimits(ctx context.Context, id lyceum.ProjectID, l lyceum.Limits) error

	// Runaways yields programs that were ended alone because their project was out
	// of memory, until ctx ends; then the channel is closed. The rest of the project
	// goes on. Some may be lost when nobody takes them.
	Runaways(ctx context.Context) (<-chan Runaway, error)
}

// Runaway is a program that was ended because its project was out of memory.
type Runaway struct {
	Project lyceum.ProjectID
	At      time.Time
	PID     int    // as the project numbers it; 0: not known
	Session int    // the process that leads its session, by that number: the shell of its terminal
	Command string // its command line, at most 200 characters; "" when it was gone before anyone looked
	Memory  int64  // bytes that it held
	Limit   int64  // of the project, in bytes
}
