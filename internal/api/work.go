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
	Memory    int64          `json:"memoryBytes" doc:"of all processes of the project"`
	DiskFree  int64          `json:"diskFreeBytes"`
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
	Viewers     int       `json:"viewers" doc:"sockets of terminals that are open"`
	Processes   int       `json:"processes"`
	CPUSeconds  float64   `json:"cpuSeconds" doc:"of all processes, ended ones too"`
	MemoryBytes int64     `json:"memoryBytes" doc:"what all processes hold for themselves, without what files share"`
	Starts      int       `json:"starts" doc:"how often the project server was started"`
}

// Layout is what one person arranged in one project: tabs and splits.
type Layout struct {
	Layout map[string]any `json:"layout" doc:"as the browser app stores it; at most 64 KiB"`
}
