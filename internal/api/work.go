package api

import "time"

// Entry is a file, folder or other thing in a project.
type Entry struct {
	Name       string    `json:"name" doc:"its last segment; replacement characters where it is not UTF-8"`
	Path       string    `json:"path" doc:"from the home, with / between segments; opaque segments begin with ~x"`
	Kind       string    `json:"kind" enum:"file,dir,symlink,other"`
	Size       int64     `json:"size" doc:"in bytes"`
	Modified   time.Time `json:"modified"`
	Mode       uint32    `json:"mode" doc:"permission bits"`
	Target     string    `json:"target,omitempty" doc:"where a symlink leads"`
	TargetKind string    `json:"targetKind,omitempty" enum:"file,dir,other,missing,outside"`
	Hidden     bool      `json:"hidden,omitempty" doc:"its name begins with a dot"`
	Opaque     bool      `json:"opaque,omitempty" doc:"its name is not UTF-8: it can be downloaded, renamed and deleted only"`
	Version    string    `json:"version,omitempty" doc:"changes when the content does; also its ETag"`
}

// Listing is one page of a folder: folders first, then by name.
type Listing struct {
	Path  string  `json:"path"`
	Items []Entry `json:"items"`
	Next  string  `json:"next,omitempty" doc:"give it as after to get the next page"`
	Total int     `json:"total"`
}

// FileAction is the body of a POST on a file's path.
type FileAction struct {
	Action    string `json:"action" enum:"mkdir,touch,move,copy"`
	To        string `json:"to,omitempty" doc:"for move and copy: the new path, from the home"`
	Overwrite bool   `json:"overwrite,omitempty"`
	Parents   bool   `json:"parents,omitempty" doc:"make missing folders too"`
}

// WatchRequest is what a browser sends on the watch socket: the folders on its screen.
type WatchRequest struct {
	Watch []string `json:"watch"`
}

// FileChange tells that something in a folder changed. Names is empty when
// everything in it may have.
type FileChange struct {
	Dir   string   `json:"dir"`
	Names []string `json:"names,omitempty"`
	Gone  bool     `json:"gone,omitempty" doc:"the folder itself is no longer there"`
	Error string   `json:"error,omitempty" doc:"the folder cannot be watched, and why"`
}

// Terminal is a terminal session of a project.
type Terminal struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Title   string    `json:"title,omitempty" doc:"as set by the program in it"`
	Created time.Time `json:"created"`
	Viewers int       `json:"viewers"`
	Exited  *Exit     `json:"exited,omitempty"`
}

// Exit tells how a process ended.
type Exit struct {
	Code   int    `json:"code"`
	Signal string `json:"signal,omitempty"`
}

// NewTerminal is the request for a terminal.
type NewTerminal struct {
	Name string `json:"name,omitempty" maxLength:"100"`
	Dir  string `json:"dir,omitempty" doc:"where it begins, from the home"`
	Cols int    `json:"cols,omitempty" minimum:"0" maximum:"1000"`
	Rows int    `json:"rows,omitempty" minimum:"0" maximum:"1000"`
}

// TerminalChange is the request to rename a terminal.
type TerminalChange struct {
	Name string `json:"name" maxLength:"100"`
}

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
