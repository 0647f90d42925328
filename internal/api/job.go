package api

import "time"

// NewJob asks for work on many files, which goes on when nobody waits for it.
type NewJob struct {
	Kind     string          `json:"kind" doc:"copy, move, trash, delete or another kind that docs/reference/files.md names"`
	Paths    []string        `json:"paths" doc:"what to work on: at most 10000 files and folders, from the home"`
	To       string          `json:"to,omitempty" doc:"the folder where to; empty is the home"`
	Conflict string          `json:"conflict,omitempty" enum:"fail,keep-both,overwrite,skip,merge" doc:"what to do where the name is taken: fail (by default) makes it a problem of that item, keep-both adds a number to the name, merge joins folders and replaces files"`
	Replace  *ReplaceOptions `json:"replace,omitempty" doc:"for a job of kind replace"`
}

// Job is work on many files, as it stands.
type Job struct {
	ID           string       `json:"id"`
	Kind         string       `json:"kind"`
	State        string       `json:"state" enum:"running,done,failed,cancelled" doc:"a job that is done may have problems"`
	Account      string       `json:"account" doc:"who began it"`
	ByName       string       `json:"byName"`
	Started      time.Time    `json:"started"`
	Ended        *time.Time   `json:"ended,omitempty"`
	Doing        string       `json:"doing,omitempty" doc:"the path that is worked on"`
	Done         int          `json:"done" doc:"items that are dealt with, with those that had a problem"`
	Total        int          `json:"total" doc:"items in all; 0 when that is not known yet"`
	DoneBytes    int64        `json:"doneBytes"`
	TotalBytes   int64        `json:"totalBytes"`
	Problems     []JobProblem `json:"problems" doc:"the first 100"`
	ProblemCount int          `json:"problemCount"`
	Results      []JobResult  `json:"results" doc:"what became of the things that were named, not of what is in them; the first 1000"`
	Seq          int64        `json:"seq" doc:"grows with each change: give it as after to wait for the next one"`
	Message      string       `json:"message,omitempty" doc:"why it failed or was cancelled"`
}

// JobProblem is an item with which a job could not do its work; it goes on with
// the others.
type JobProblem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// JobResult is where something came to be.
type JobResult struct {
	From string `json:"from"`
	To   string `json:"to" doc:"its new path, or in a job of kind trash its id there"`
}
