package api

import "time"

// Viewer is someone who has a document or terminal open.
type Viewer struct {
	Account string `json:"account"`
	Name    string `json:"name"`
	Colour  int    `json:"colour"`
}

// ProjectStatus is what a project server tells of itself to members.
type ProjectStatus struct {
	Version   string         `json:"version"`
	Started   time.Time      `json:"started"`
	People    []Viewer       `json:"people" doc:"who is connected, each once"`
	Documents []OpenDocument `json:"documents"`
	Memory    int64          `json:"memoryBytes" doc:"of all processes of the project, as the limit counts it where there is one"`
	DiskFree  int64          `json:"diskFreeBytes"`

	CPUPercent   *float64 `json:"cpuPercent,omitempty" doc:"of what it may use: of cpuLimit, or of the machine; absent until it was measured twice"`
	CPULimit     int64    `json:"cpuLimit" doc:"thousandths of a core; 0 is no limit"`
	Cores        int      `json:"cores" doc:"of the machine"`
	MemoryLimit  int64    `json:"memoryLimitBytes" doc:"0 is no limit"`
	Processes    int64    `json:"processes" doc:"with threads, where there is a limit"`
	ProcessLimit int64    `json:"processLimit" doc:"0 is no limit"`
	DiskUse      *int64   `json:"diskBytes,omitempty" doc:"what the home takes; absent until it was measured"`
	DiskLimit    int64    `json:"diskLimitBytes" doc:"0 is no limit"`
	Warnings     []string `json:"warnings,omitempty" doc:"what is nearly or quite used up, for people"`
	Killed       []Killed `json:"killed,omitempty" doc:"programs that were ended alone in the last hour, the newest first"`
}

// OpenDocument is a live document that is open.
type OpenDocument struct {
	Path    string   `json:"path"`
	Viewers []Viewer `json:"viewers"`
	State   string   `json:"state" enum:"clean,dirty,writing,error,deleted"`
}

// Control is one record of the stream by which a project tells the hub how it
// is, one JSON object a line.
type Control struct {
	ActiveAt    time.Time `json:"activeAt" doc:"last input of a person or output of a busy kernel"`
	EditedAt    time.Time `json:"editedAt" doc:"last change of a file or document by a person"`
	Terminals   int       `json:"terminals"`
	Viewers     int       `json:"viewers"`
	CPUSeconds  float64   `json:"cpuSeconds"`
	MemoryBytes int64     `json:"memoryBytes"`
	DiskFree    int64     `json:"diskFreeBytes"`
	Warnings    []string  `json:"warnings,omitempty"`

	CPUPercent *float64 `json:"cpuPercent,omitempty" doc:"of what it may use"`
	DiskUse    int64    `json:"diskBytes,omitempty" doc:"what the home takes, when it was measured"`
	Killed     int      `json:"killed,omitempty" doc:"programs that were ended alone in the last hour"`
}

// Cut asks a project to close sockets: of one session, or of an account whose
// role is now another (Role "" when it is no member any more).
type Cut struct {
	Session string `json:"session,omitempty"`
	Account string `json:"account,omitempty"`
	Role    string `json:"role,omitempty"`
}

// Activity is what the supervisor of a project tells its project server of the
// terminals and of all processes.
type Activity struct {
	Started     time.Time `json:"started" doc:"when the supervisor began"`
	InputAt     time.Time `json:"inputAt" doc:"last input into any terminal, of one that is gone too; zero when there was none"`
	Terminals   int       `json:"terminals"`
	Kernels     int       `json:"kernels" doc:"that run"`
	KernelAt    time.Time `json:"kernelAt" doc:"when one was last used: now as long as one works; zero when never"`
	Viewers     int       `json:"viewers" doc:"sockets of terminals that are open"`
	Processes   int       `json:"processes"`
	CPUSeconds  float64   `json:"cpuSeconds" doc:"of all processes, ended ones too"`
	MemoryBytes int64     `json:"memoryBytes" doc:"what all processes hold for themselves, without what files share"`
	Starts      int       `json:"starts" doc:"how often the project server was started"`
	CPUPercent  *float64  `json:"cpuPercent,omitempty" doc:"of one core, since the last measure; absent at the first one"`
	Limits      Limits    `json:"limits" doc:"as the hub told them"`
	Killed      []Killed  `json:"killed,omitempty" doc:"of the last hour, the newest first"`
}

// Layout is what one person arranged in one project: tabs and splits.
type Layout struct {
	Layout map[string]any `json:"layout" doc:"as the browser app stores it; at most 64 KiB"`
}
