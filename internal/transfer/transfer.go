// Package transfer writes a whole site, its database and its projects' files, into
// one stream, and makes an empty site one that was written so: `lyceum export` and
// `lyceum import`. The stream is a tar archive compressed by zstd, which tar itself
// can unpack; docs/reference/export.md says what is in it, in which order.
//
// The site may run while it is exported. What is imported counts only when its end
// has been read: until then nothing is in the database, and the files lie aside.
package transfer

import (
	"archive/tar"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// format is the number of the format that is written, and the only one that is read.
const format = 1

// Names of what is in the archive, in this order. Rows of a table come in parts.
//
//	site.json
//	database/{table}/{part}
//	projects/{id}/…
//	end.json
const (
	nameSite     = "site.json"
	nameEnd      = "end.json"
	dirDatabase  = "database"
	dirProjects  = "projects"
	maxPart      = 4 << 20  // bytes of rows in one member
	maxJSON      = 16 << 20 // of site.json and end.json
	progressTime = time.Second
)

// head is site.json.
type head struct {
	Format   int                `json:"format"`
	Version  string             `json:"version"` // of the program that wrote it, for people
	Schema   int64              `json:"schema"`  // of the database
	At       time.Time          `json:"at"`
	Tables   []postgres.Table   `json:"tables"`
	Projects []lyceum.ProjectID `json:"projects"`
}

// end is end.json: what must have come before it.
type end struct {
	Rows  map[string]int64 `json:"rows"` // by table
	Files int64            `json:"files"`
	Bytes int64            `json:"bytes"` // of the files
}

// Report is what was done so far.
type Report struct {
	Projects, Of int   // projects whose files are done, of how many
	Files        int64 // files, folders and links
	Bytes        int64 // of the files' contents
	Rows         int64 // of the database

	// Changed are files of the export that became shorter while they were read, at
	// most 100: their ends are zeros. Left are what cannot be read, or is no file.
	Changed, Left []string
}

// maxNamed bounds the lists of a report.
const maxNamed = 100

func (r *Report) changed(name string) { note(&r.Changed, name) }
func (r *Report) left(name string)    { note(&r.Left, name) }

func note(list *[]string, name string) {
	if len(*list) < maxNamed {
		*list = append(*list, name)
	}
}

// teller calls what shows progress, not too often.
type teller struct {
	tell func(Report)
	last time.Time
}

func (t *teller) maybe(r *Report) {
	if now := time.Now(); t.tell != nil && now.Sub(t.last) >= progressTime {
		t.last = now
		t.tell(*r)
	}
}

// member says what a member of the archive is.
type member struct {
	table   string // rows of it
	part    int    // from 1
	project lyceum.ProjectID
	path    string // in the project's home; "." is the home itself
	name    string // site.json or end.json
}

var tableName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// parse reads the name of a member. Invalid when nothing of an export is named so:
// a name that leads out of a home, for one.
func parse(name string) (member, error) {
	strange := lyceum.Errorf(lyceum.Invalid, "the export has something in it that does not belong there: %.200q", name)
	if name == nameSite || name == nameEnd {
		return member{name: name}, nil
	}
	first, rest, _ := strings.Cut(strings.TrimSuffix(name, "/"), "/")
	switch first {
	case dirDatabase:
		table, number, _ := strings.Cut(rest, "/")
		part, err := strconv.Atoi(number)
		if err != nil || part < 1 || strconv.Itoa(part) != number || !tableName.MatchString(table) {
			return member{}, strange
		}
		return member{table: table, part: part}, nil
	case dirProjects:
		id, in, _ := strings.Cut(rest, "/")
		if in == "" {
			in = "."
		}
		project, err := lyceum.ParseID[lyceum.ProjectID](id)
		if err != nil || !local(in) {
			return member{}, strange
		}
		return member{project: project, path: in}, nil
	}
	return member{}, strange
}

// local reports whether a path stays in the folder that it is of, and is written
// the one way in which an export writes it.
func local(p string) bool {
	return p == path.Clean(p) && p != ".." && !strings.HasPrefix(p, "../") && !strings.HasPrefix(p, "/") && !strings.ContainsRune(p, 0)
}

// memberName is the name of a path of a home in the archive.
func memberName(project lyceum.ProjectID, p string, dir bool) string {
	name := path.Join(dirProjects, string(project), p)
	if dir {
		name += "/"
	}
	return name
}

// header is what all members have alike.
func header(name string, kind byte, mode, size int64, at time.Time) *tar.Header {
	return &tar.Header{Name: name, Typeflag: kind, Mode: mode, Size: size, ModTime: at, Format: tar.FormatPAX}
}
