package api

import "time"

// History is a page of the versions of a document, newest first.
type History struct {
	Doc       string    `json:"doc,omitempty" doc:"the document's id; empty when the file was never edited"`
	Epoch     string    `json:"epoch,omitempty" doc:"sequences are of this epoch"`
	Path      string    `json:"path"`
	SizeBytes int64     `json:"sizeBytes" doc:"what the history takes on disk"`
	Oldest    uint64    `json:"oldest,omitempty" doc:"sequence of the oldest version that is kept"`
	Newest    uint64    `json:"newest,omitempty" doc:"sequence of the newest version"`
	Items     []Version `json:"items"`
	Next      uint64    `json:"next,omitempty" doc:"give it as before to get the next page; absent on the last"`
	Cleared   uint64    `json:"cleared,omitempty" doc:"what was before this sequence was cleared by somebody"`
	Damaged   bool      `json:"damaged,omitempty" doc:"a part of the history cannot be read; the rest is told"`
}

// Version is a document as it was after a sitting: edits with less than five minutes
// between them and of one origin.
type Version struct {
	Seq      uint64          `json:"seq" doc:"sequence of its last edit: what at= wants"`
	First    uint64          `json:"first" doc:"sequence of its first edit"`
	At       time.Time       `json:"at" doc:"of its first edit, by the server's clock"`
	Until    time.Time       `json:"until" doc:"of its last edit"`
	Origin   string          `json:"origin" enum:"begin,edit,disk,restore,run" doc:"begin: the file as it was when it was first opened; disk: a program has changed the file; run: cells of a notebook put something out"`
	By       []VersionAuthor `json:"by" doc:"who edited, in the order of their first edits; nobody when it came from the disk"`
	Edits    uint64          `json:"edits" doc:"how many edits it joins"`
	Added    int             `json:"added" doc:"characters, in UTF-16 units"`
	Removed  int             `json:"removed" doc:"characters, in UTF-16 units"`
	Name     string          `json:"name,omitempty" doc:"that somebody has given it; such a version is always kept"`
	Commit   *VersionCommit  `json:"commit,omitempty" doc:"of a change on disk: the commit that git had checked out with just these bytes"`
	Restored uint64          `json:"restored,omitempty" doc:"of a restore: the sequence of the version that was brought back"`
}

// VersionAuthor is somebody who edited.
type VersionAuthor struct {
	ID   string `json:"id" doc:"of the account"`
	Name string `json:"name" doc:"as it was known last in this project; empty when it is not known"`
}

// VersionCommit names a commit of git.
type VersionCommit struct {
	ID      string `json:"id" doc:"in full"`
	Subject string `json:"subject"`
}

// VersionDiff is what changed between two versions, by lines.
type VersionDiff struct {
	From    uint64     `json:"from" doc:"sequence of the older side, as it was asked for"`
	To      uint64     `json:"to"`
	Hunks   []DiffHunk `json:"hunks"`
	Added   int        `json:"added" doc:"lines"`
	Removed int        `json:"removed" doc:"lines"`
	Coarse  bool       `json:"coarse,omitempty" doc:"the texts differ so much that lines which are equal may be told as changed"`
	Cut     bool       `json:"cut,omitempty" doc:"only the first hunks are told: at most 2000 lines or 1 MB"`
}

// DiffHunk is a run of lines that changed, with up to three equal ones around them.
type DiffHunk struct {
	Old      int        `json:"old" doc:"its first line in the older text, from 1"`
	OldLines int        `json:"oldLines"`
	New      int        `json:"new"`
	NewLines int        `json:"newLines"`
	Lines    []DiffLine `json:"lines"`
}

// DiffLine is a line of a hunk.
type DiffLine struct {
	Kind string `json:"kind" enum:"same,added,removed"`
	Text string `json:"text" doc:"without the end of the line"`
}

// HistoryAction is the body of a POST on a history.
type HistoryAction struct {
	Action string `json:"action" enum:"name,restore,clear" doc:"name: give the version seq a name, or take it away; restore: make the document what the version seq was, as an ordinary edit; clear: drop what is older than seq, or without seq all but the present"`
	Seq    uint64 `json:"seq,omitempty"`
	Name   string `json:"name,omitempty" maxLength:"200" doc:"empty takes the name away"`
}

// HistoryDone is the answer to a HistoryAction.
type HistoryDone struct {
	Seq        uint64 `json:"seq,omitempty" doc:"the version that was named, or the one that the restore made; absent when that changed nothing"`
	SizeBytes  int64  `json:"sizeBytes" doc:"what the history takes on disk now"`
	FreedBytes int64  `json:"freedBytes" doc:"by clearing"`
}
