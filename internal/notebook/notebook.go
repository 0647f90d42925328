// Package notebook reads and writes Jupyter notebooks: the JSON of nbformat 4.0 to
// 4.5 (and 3, which becomes 4), as described in "The Notebook file format" of
// nbformat 5.10.
//
// # Reading
//
// Read gives a Notebook from any text that has something of one: what is broken is
// repaired in the result, and said in Problems. A text that is no notebook at all,
// or that would lose cells by being read, is an error that says why.
//
// Values are those of JSON: nil, bool, float64, string, []any, map[string]any. What
// a file may write as a list of lines (sources, streams, data that is text) is one
// string.
//
// # Writing
//
// Notebook.Write is given the text that the file has now, and keeps every byte of
// it that says the same: the order of keys, indentation, the form of numbers and
// escapes, lines as a list or as one string, the end of the file. A cell that reads
// as the same cell keeps its text even where that is broken. So
//
//	n, _ := Read(s); n.Write(s) == s
//
// for every s that can be read whole. What is new is written as nbformat does: keys
// sorted, indented by one space (or as the rest of the file is), ASCII only if the
// file was.
package notebook

import "lyceum/internal/lyceum"

// The types of a cell.
const (
	Code     = "code"
	Markdown = "markdown"
	Raw      = "raw"
)

// Notebook is what a file says. What is in it may be changed; Problems and Lossy are
// about the file that it was read from.
type Notebook struct {
	Format   int // 4
	Minor    int // 0 to 5; a larger one is kept
	Metadata map[string]any
	Cells    []Cell
	Extra    map[string]any // what else stands beside cells and metadata; may be nil

	Problems []Problem
	// Lossy says that what was read is less than what the file has: writing would
	// lose the rest, so its bytes should be kept before.
	Lossy bool
	// From is the format that the file has: less than 4 if it was upgraded.
	From int
}

// Cell is one cell.
type Cell struct {
	ID          string // "" when the file gives none, or one that another cell has
	Type        string // Code, Markdown or Raw
	Source      string
	Metadata    map[string]any
	Attachments map[string]any   // nil for none; name to {media type: data}
	Outputs     []map[string]any // of code: as nbformat says, with output_type
	Count       any              // of code: execution_count, a float64 or nil
	Extra       map[string]any   // what else the cell has; may be nil
}

// Problem is something in a file that is not as it should be.
type Problem struct {
	Cell    int    // from 0; -1 when it is about the file
	Message string // a sentence for people
}

// New returns a notebook without cells.
func New() *Notebook {
	return &Notebook{Format: 4, Minor: 5, From: 4, Metadata: map[string]any{}}
}

// refuse says why a text is no notebook; the error is of kind Invalid.
func refuse(format string, args ...any) error {
	return lyceum.Errorf(lyceum.Invalid, format, args...)
}
