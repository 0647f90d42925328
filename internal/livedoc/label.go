package livedoc

import (
	"os"
	"path/filepath"
	"time"
)

// labelsName is the file of lines, beside the segments, that says what is known of
// single versions besides their edits.
const labelsName = "labels"

// label is a line of that file. What it says of a version replaces what lines
// before it said.
type label struct {
	Epoch EpochID   `json:"epoch"`
	Seq   uint64    `json:"seq"`
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty"` // account

	Name     *string `json:"name,omitempty"`     // "" takes the name away
	Commit   string  `json:"commit,omitempty"`   // git's id of the commit that brought this change on disk
	Subject  string  `json:"subject,omitempty"`  // its first line
	Restored uint64  `json:"restored,omitempty"` // the version is the text of this one
	Cleared  bool    `json:"cleared,omitempty"`  // what was before Seq was cleared
}

// labels are what is said of the versions of a document.
type labels struct {
	of      map[version]label
	cleared []uint64 // up to where the history was cleared, each time
}

// version names one: a sequence means something within its epoch only.
type version struct {
	epoch EpochID
	seq   uint64
}

// readLabels reads the labels of a document's folder.
func readLabels(dir string) (labels, error) {
	lines, err := linesIn[label](filepath.Join(dir, labelsName))
	all := labels{of: map[version]label{}}
	for _, l := range lines {
		if l.Cleared {
			all.cleared = append(all.cleared, l.Seq)
			continue
		}
		v := version{l.Epoch, l.Seq}
		all.of[v] = all.of[v].with(l)
	}
	return all, err
}

// clearedUpTo is up to where a history was cleared whose oldest version is oldest; 0
// when it was not. What was said of a log that is gone does not count.
func (l labels) clearedUpTo(oldest uint64) (most uint64) {
	for _, n := range l.cleared {
		if n <= oldest {
			most = max(most, n)
		}
	}
	return most
}

func (l label) with(n label) label {
	if n.Name != nil {
		l.Name = n.Name
	}
	if n.Commit != "" {
		l.Commit, l.Subject = n.Commit, n.Subject
	}
	if n.Restored > 0 {
		l.Restored = n.Restored
	}
	return l
}

// name is the name of a version, "" when it has none.
func (l labels) name(v version) string {
	if n := l.of[v].Name; n != nil {
		return *n
	}
	return ""
}

func addLabel(dir string, l label) error {
	l.At = time.Now().UTC()
	return addLine(filepath.Join(dir, labelsName), l)
}

// keepLabels adds the label of a clearing and forgets those of older versions.
func keepLabels(dir string, cleared label) error {
	name := filepath.Join(dir, labelsName)
	lines, err := linesIn[label](name)
	if err != nil {
		return err
	}
	cleared.At = time.Now().UTC()
	var b []byte
	for _, l := range append(lines, cleared) {
		if l.Seq < cleared.Seq || l.Cleared && l.Seq != cleared.Seq {
			continue
		}
		if b, err = appendSummed(b, l); err != nil {
			return err
		}
	}
	if err := removeIfThere(name + ".new"); err != nil {
		return err
	}
	if err := writeFile(name+".new", b); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
