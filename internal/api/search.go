package api

// FoundNames are the paths that a search of names found, the best first.
type FoundNames struct {
	Items   []FoundName `json:"items"`
	More    bool        `json:"more,omitempty" doc:"there are others"`
	Partial bool        `json:"partial,omitempty" doc:"the project has more paths than are searched"`
}

// FoundName is a path that was found.
type FoundName struct {
	Path  string `json:"path"`
	Kind  string `json:"kind" enum:"file,dir"`
	Score int    `json:"score"`
}

// Found is a line of the answer to a search of contents. One of its fields is set;
// the last line has done or problem.
type Found struct {
	File     *FoundFile  `json:"file,omitempty" doc:"a file that has matches; files come in the order of the folders"`
	Searched int         `json:"searched,omitempty" doc:"how many files were searched so far"`
	Done     *SearchDone `json:"done,omitempty"`
	Problem  *Problem    `json:"problem,omitempty" doc:"why it ended early"`
}

// FoundFile is what was found in one file.
type FoundFile struct {
	Path    string       `json:"path"`
	Version string       `json:"version" doc:"of what was searched: a replacement asks for the same"`
	Text    bool         `json:"text,omitempty" doc:"it is UTF-8 and not too large: matches can be replaced"`
	Matches []FoundMatch `json:"matches"`
	More    bool         `json:"more,omitempty" doc:"it has more matches"`
}

// FoundMatch is a match in a line. Columns and lengths are in UTF-16 units.
type FoundMatch struct {
	Line   int     `json:"line" doc:"from 1"`
	Column int     `json:"column" doc:"from 1, in the line"`
	Length int     `json:"length"`
	Text   string  `json:"text" doc:"the line, or a part of it around the match"`
	At     int     `json:"at" doc:"where in text the match begins; it may end behind it"`
	New    *string `json:"new,omitempty" doc:"what it would be replaced by, when with was given"`
}

// SearchDone is how a search of contents ended.
type SearchDone struct {
	Matches  int    `json:"matches"`
	Files    int    `json:"files" doc:"with matches"`
	Searched int    `json:"searched" doc:"files"`
	Skipped  int    `json:"skipped,omitempty" doc:"files that are too large or cannot be read"`
	Limited  bool   `json:"limited,omitempty" doc:"there may be more matches"`
	TimedOut bool   `json:"timedOut,omitempty" doc:"not everything was searched, because that took too long"`
	Engine   string `json:"engine" enum:"ripgrep,built in"`
}

// ReplaceOptions are those of a job of kind replace. The job's paths are the files.
type ReplaceOptions struct {
	Text  string        `json:"text" doc:"what was searched, and how"`
	Regex bool          `json:"regex,omitempty"`
	Case  bool          `json:"case,omitempty"`
	Word  bool          `json:"word,omitempty"`
	With  string        `json:"with" doc:"what matches are replaced by; in a pattern $1 or ${name} is a group and \\n a line end"`
	Files []ReplaceFile `json:"files" doc:"what to replace in each of the paths, in their order"`
}

// ReplaceFile says what is replaced in one file: all matches or those at the places,
// never both. One of them must be said.
type ReplaceFile struct {
	Version string         `json:"version" doc:"of the file as it was searched; another one makes it a problem of that file"`
	All     bool           `json:"all,omitempty" doc:"every match, also those that were not told"`
	Places  []ReplacePlace `json:"places,omitempty" doc:"only these matches"`
}

// ReplacePlace is where a match was found.
type ReplacePlace struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// DiskUse is what something takes on the disk, with all that is in it.
type DiskUse struct {
	Name     string    `json:"name"`
	Path     string    `json:"path"`
	Kind     string    `json:"kind" enum:"file,dir,symlink,other"`
	Role     string    `json:"role,omitempty" enum:"trash,history,uploads" doc:"what it is for Lyceum"`
	Bytes    int64     `json:"bytes" doc:"blocks on the disk; a file with several names counts once"`
	Size     int64     `json:"size" doc:"length of the files"`
	Files    int       `json:"files"`
	Folders  int       `json:"folders"`
	Unread   int       `json:"unread,omitempty" doc:"folders that could not be read"`
	Modified string    `json:"modified,omitempty" format:"date-time" doc:"of the newest thing in it"`
	Parts    []DiskUse `json:"parts,omitempty" doc:"the largest things in it, two levels deep"`
	Rest     *RestUse  `json:"rest,omitempty" doc:"the others together"`
}

// RestUse is what is not told one by one.
type RestUse struct {
	Items int   `json:"items"`
	Bytes int64 `json:"bytes"`
}

// DiskMeasured is a line of the answer to a question for the use of the disk. The
// last one has use or problem.
type DiskMeasured struct {
	SoFar   *DiskUse `json:"soFar,omitempty" doc:"the total until now"`
	Use     *DiskUse `json:"use,omitempty"`
	TookMS  int64    `json:"tookMs,omitempty" doc:"how long it took, in milliseconds"`
	Problem *Problem `json:"problem,omitempty"`
}
