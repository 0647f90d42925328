package api

import "time"

// Trashed is something that was deleted and can be restored.
type Trashed struct {
	ID      string    `json:"id"`
	Path    string    `json:"path" doc:"where it was, from the home"`
	Name    string    `json:"name" doc:"its last segment; replacement characters where it is not UTF-8"`
	Kind    string    `json:"kind" enum:"file,dir,symlink,other"`
	Size    int64     `json:"size" doc:"bytes of all files in it; -1 when that is not known yet"`
	Deleted time.Time `json:"deleted"`
	Expires time.Time `json:"expires" doc:"from then on it may be removed for good"`
	By      string    `json:"by,omitempty" doc:"who deleted it: the id of an account"`
	ByName  string    `json:"byName,omitempty"`
}

// TrashPage is one page of the trash, what was deleted last first.
type TrashPage struct {
	Items     []Trashed `json:"items"`
	Next      string    `json:"next,omitempty" doc:"give it as after to get the next page"`
	Total     int       `json:"total"`
	SizeBytes int64     `json:"sizeBytes" doc:"of all that is in the trash, as far as it is known"`
}

// TrashAction is the body of a POST on a thing in the trash.
type TrashAction struct {
	Action string `json:"action" enum:"restore"`
	To     string `json:"to,omitempty" doc:"another path than where it was, from the home"`
}
