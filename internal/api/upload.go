package api

import "time"

// Upload is a file that is on its way into a project, or is there as a whole and
// waits for somebody to decide where it goes.
type Upload struct {
	ID       string    `json:"id"`
	Path     string    `json:"path" doc:"where it goes"`
	Size     int64     `json:"size" doc:"of the whole, in bytes"`
	Offset   int64     `json:"offset" doc:"how much of it is here, in bytes"`
	Account  string    `json:"account" doc:"who sends it"`
	By       string    `json:"byName" doc:"their name"`
	Created  time.Time `json:"created"`
	Touched  time.Time `json:"touched" doc:"when the last byte came"`
	Expires  time.Time `json:"expires" doc:"when it is given up if nothing more comes"`
	Modified time.Time `json:"modified,omitzero" doc:"what the file's time will be, if it is kept"`
	Conflict string    `json:"conflict" enum:"fail,overwrite,keep-both" doc:"what becomes of a file that is there already"`
	Problem  string    `json:"problem,omitempty" doc:"it is here as a whole, but could not get its name, and why"`
	Done     string    `json:"done,omitempty" doc:"the path at which it arrived"`
}

// UploadDecision is the body of a POST on an upload: what is to be done with one
// that waits, or that somebody else began.
type UploadDecision struct {
	TakeOver bool   `json:"takeOver,omitempty" doc:"it is mine from now on"`
	Path     string `json:"path,omitempty" doc:"go there instead"`
	Conflict string `json:"conflict,omitempty" enum:"fail,overwrite,keep-both"`
	Version  string `json:"version,omitempty" doc:"overwrite this version only"`
	Parents  bool   `json:"parents,omitempty" doc:"make missing folders too"`
}

// UploadMany is the answer to many small files that came in one request.
type UploadMany struct {
	Items []UploadedItem `json:"items" doc:"in the order of the archive"`
}

// UploadedItem is what became of one of them.
type UploadedItem struct {
	Name    string `json:"name" doc:"as it was in the archive"`
	Path    string `json:"path,omitempty" doc:"where it is now"`
	State   string `json:"state" enum:"done,same,exists,skipped,failed" doc:"same: it was there already, byte for byte; exists: another is there"`
	Message string `json:"message,omitempty"`
}
