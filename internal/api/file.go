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
	Action    string `json:"action" enum:"mkdir,touch,move,copy,encode" doc:"encode: write a text file anew as UTF-8"`
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
