package lyceum

import (
	"fmt"
	"strconv"
	"strings"
)

// Limits say how much of the machine a project may use. A field of 0 is no limit.
type Limits struct {
	CPU       int64 // thousandths of a processor core: 1500 is one core and a half
	Memory    int64 // bytes of all its programs together; temporary files in memory count
	Processes int64 // processes and threads
	Disk      int64 // bytes of its home
}

// DefaultProcesses is the limit of processes of a new site. It ends a fork bomb
// before the machine feels it, and no ordinary work comes near it.
const DefaultProcesses = 4096

// DefaultLimits are those of a new site. Only processes are limited: on one's own
// machine nobody wants a project to be stopped at a number that was never chosen,
// and on a shared one only its administrator knows what there is to share.
func DefaultLimits() Limits { return Limits{Processes: DefaultProcesses} }

// The least that a limit may be. Below it a project could not start.
const (
	MinCPU       = 50         // a twentieth of a core
	MinMemory    = 64_000_000 // bytes
	MinProcesses = 96         // its own servers need some dozens of threads
	MinDisk      = 1_000_000  // bytes

	MaxCPU       = 1_000_000 // a thousand cores
	MaxProcesses = 4 << 20   // the most that Linux has
	MaxBytes     = 1e15      // of memory or disk: a petabyte
)

// LimitChange is a set of limits in which a nil field says nothing: of a project
// it is left to the site.
type LimitChange struct {
	CPU       *int64 `json:"cpu,omitempty"`
	Memory    *int64 `json:"memory,omitempty"`
	Processes *int64 `json:"processes,omitempty"`
	Disk      *int64 `json:"disk,omitempty"`
}

// IsZero reports whether it says nothing.
func (c LimitChange) IsZero() bool { return c == LimitChange{} }

// limit is one kind of limit: what Limits and LimitChange have in common.
type limit struct {
	name        string
	of          func(*Limits) *int64
	in          func(*LimitChange) **int64
	least, most int64
	unit        string
}

func limitKinds() []limit {
	return []limit{
		{"cpu", func(l *Limits) *int64 { return &l.CPU }, func(c *LimitChange) **int64 { return &c.CPU }, MinCPU, MaxCPU, "thousandths of a core"},
		{"memory", func(l *Limits) *int64 { return &l.Memory }, func(c *LimitChange) **int64 { return &c.Memory }, MinMemory, MaxBytes, "bytes"},
		{"processes", func(l *Limits) *int64 { return &l.Processes }, func(c *LimitChange) **int64 { return &c.Processes }, MinProcesses, MaxProcesses, "processes"},
		{"disk", func(l *Limits) *int64 { return &l.Disk }, func(c *LimitChange) **int64 { return &c.Disk }, MinDisk, MaxBytes, "bytes"},
	}
}

// Check returns an error of kind Invalid that names the field unless each limit
// that c states is 0 or one under which a project can run.
func (c LimitChange) Check() error {
	for _, k := range limitKinds() {
		v := *k.in(&c)
		if v != nil && *v != 0 && (*v < k.least || *v > k.most) {
			return Invalidf(k.name, "use 0 for no limit, or %d to %d %s", k.least, k.most, k.unit)
		}
	}
	return nil
}

// Names lists the fields that c states: cpu, memory, processes, disk.
func (c LimitChange) Names() []string {
	var names []string
	for _, k := range limitKinds() {
		if *k.in(&c) != nil {
			names = append(names, k.name)
		}
	}
	return names
}

// With returns the limits with what c states in their place.
func (l Limits) With(c LimitChange) Limits {
	for _, k := range limitKinds() {
		if v := *k.in(&c); v != nil {
			*k.of(&l) = *v
		}
	}
	return l
}

// Capped returns the limits, none of them above a ceiling that is set.
func (l Limits) Capped(ceilings Limits) Limits {
	for _, k := range limitKinds() {
		v, top := k.of(&l), *k.of(&ceilings)
		if top > 0 && (*v == 0 || *v > top) {
			*v = top
		}
	}
	return l
}

// String writes limits for people: "2 CPUs, 4.0 GB of memory, 4096 processes,
// 10 GB of disk"; "no limits" when there are none.
func (l Limits) String() string {
	var parts []string
	if l.CPU > 0 {
		n := strconv.FormatFloat(float64(l.CPU)/1000, 'f', -1, 64)
		parts = append(parts, n+map[bool]string{true: " CPU", false: " CPUs"}[n == "1"])
	}
	if l.Memory > 0 {
		parts = append(parts, Size(l.Memory)+" of memory")
	}
	if l.Processes > 0 {
		parts = append(parts, strconv.FormatInt(l.Processes, 10)+" processes")
	}
	if l.Disk > 0 {
		parts = append(parts, Size(l.Disk)+" of disk")
	}
	if len(parts) == 0 {
		return "no limits"
	}
	return strings.Join(parts, ", ")
}

// Size writes a number of bytes for people, in units of 1000 as disks are sold:
// "512 B", "2.1 GB", "640 MB".
func Size(n int64) string {
	units := [...]string{"B", "kB", "MB", "GB", "TB", "PB"}
	v, i := float64(max(n, 0)), 0
	for v >= 999.5 && i < len(units)-1 {
		v /= 1000
		i++
	}
	if i == 0 || v >= 99.95 {
		return fmt.Sprintf("%.0f %s", v, units[i])
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
