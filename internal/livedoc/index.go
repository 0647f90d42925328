package livedoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// known is what the index knows of a document. The last line of a document in the
// index file is the one that counts.
type known struct {
	Doc     DocumentID `json:"doc"`
	Path    string     `json:"path"`              // from the home
	Inode   uint64     `json:"inode,omitempty"`   // of the file when it was last written or read
	Hash    string     `json:"hash,omitempty"`    // SHA-256 of its bytes then, in hexadecimal
	Open    bool       `json:"open,omitempty"`    // it was in memory: after a crash its file may be behind its log
	Removed *time.Time `json:"removed,omitempty"` // when it was deleted: the path is free, the history stays
	Trash   string     `json:"trash,omitempty"`   // the entry of the trash that its file is in
	Purged  bool       `json:"purged,omitempty"`  // its history was removed: the index forgets it
}

// index maps paths to documents. It is a file of lines, each a checksum and a JSON
// object; lines are only added, until there are many more than documents. It is
// not safe for concurrent use.
type index struct {
	name   string
	file   *os.File
	size   int64
	lines  int
	docs   map[DocumentID]known
	byPath map[string]DocumentID // without the removed ones
}

// readIndex reads the lines of an index file. Bad is how many could not be read:
// each is left out alone. Torn is true when the file does not end with a whole line.
func readIndex(b []byte) (lines []known, bad int, torn bool) {
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			return lines, bad, true
		}
		b = rest
		k, err := readLine(line)
		if err != nil {
			bad++
			continue
		}
		lines = append(lines, k)
	}
	return lines, bad, false
}

func readLine(line []byte) (known, error) {
	j, err := readSummed(line)
	if err != nil {
		return known{}, err
	}
	var k known
	if err := json.Unmarshal(j, &k); err != nil {
		return known{}, err
	}
	if !validID(string(k.Doc)) || k.Path == "" {
		return known{}, errors.New("a line names no document")
	}
	return k, nil
}

// openIndex reads the index in the folder state, or begins one. What it cannot
// read is kept aside and logged; found is then asked for what the logs themselves
// know, which is also done when there is no index.
func openIndex(state string, log *slog.Logger, found func() []known) (*index, error) {
	x := &index{name: filepath.Join(state, "index"), docs: map[DocumentID]known{}, byPath: map[string]DocumentID{}}
	b, err := os.ReadFile(x.name)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, err
	}
	lines, bad, torn := readIndex(b)
	x.lines = len(lines)
	for _, k := range lines {
		x.apply(k)
	}
	if bad > 0 {
		aside := fmt.Sprintf("%s.damaged-%d", x.name, time.Now().UnixNano())
		if err := writeFile(aside, b); err != nil {
			return nil, err
		}
		log.Error("the index of documents is damaged; a copy was kept", "lines", bad, "copy", aside)
	}
	if bad > 0 || missing {
		for _, k := range found() {
			if _, ok := x.docs[k.Doc]; !ok && x.byPath[k.Path] == "" {
				x.apply(k)
			}
		}
	}
	if torn {
		log.Warn("the index of documents ended in the middle of a line, which was cut")
	}
	return x, x.compact()
}

func (x *index) apply(k known) {
	if old, ok := x.docs[k.Doc]; ok && x.byPath[old.Path] == k.Doc {
		delete(x.byPath, old.Path)
	}
	if k.Purged {
		delete(x.docs, k.Doc)
		return
	}
	x.docs[k.Doc] = k
	if k.Removed == nil {
		x.byPath[k.Path] = k.Doc
	}
}

// set writes lines. Durable also brings them to disk before it returns; without,
// a crash may lose them, which is good enough for inodes and hashes. After an
// error the index in memory holds them all the same.
func (x *index) set(durable bool, lines ...known) error {
	var b []byte
	for _, k := range lines {
		// Another document that had the path has lost it.
		if old := x.byPath[k.Path]; k.Removed == nil && !k.Purged && old != "" && old != k.Doc {
			gone := x.docs[old]
			now := time.Now().UTC()
			gone.Removed = &now
			x.apply(gone)
			var err error
			if b, err = appendSummed(b, gone); err != nil {
				return err
			}
			x.lines++
		}
		x.apply(k)
		var err error
		if b, err = appendSummed(b, k); err != nil {
			return err
		}
		x.lines++
	}
	if x.file == nil || x.lines > 4*len(x.docs)+1000 {
		return x.compact()
	}
	if _, err := x.file.WriteAt(b, x.size); err != nil {
		x.file.Close()
		x.file = nil // written anew next time
		return err
	}
	x.size += int64(len(b))
	if !durable {
		return nil
	}
	return x.file.Sync()
}

// compact writes the whole index anew, with one line a document.
func (x *index) compact() error {
	all := make([]known, 0, len(x.docs))
	for _, k := range x.docs {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b known) int { return strings.Compare(string(a.Doc), string(b.Doc)) })
	var b []byte
	for _, k := range all {
		var err error
		if b, err = appendSummed(b, k); err != nil {
			return err
		}
	}
	temp := x.name + ".new"
	if err := removeIfThere(temp); err != nil {
		return err
	}
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(b, 0); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(temp, x.name)
	}
	if err == nil {
		err = syncDir(filepath.Dir(x.name))
	}
	if err != nil {
		return errors.Join(err, f.Close(), removeIfThere(temp))
	}
	if x.file != nil {
		_ = x.file.Close() // the file that was replaced
	}
	x.file, x.size, x.lines = f, int64(len(b)), len(all)
	return nil
}

// at returns the document of the file at path.
func (x *index) at(path string) (known, bool) {
	k, ok := x.docs[x.byPath[path]]
	return k, ok
}

// twins returns the documents whose file, when last seen, had this inode and these
// bytes, other than the one at path: one of them may have been renamed to it.
func (x *index) twins(path string, inode uint64, hash string) []known {
	var found []known
	for _, id := range x.byPath {
		if k := x.docs[id]; k.Inode == inode && k.Hash == hash && k.Path != path {
			found = append(found, k)
		}
	}
	return found
}

// below returns the documents at path and in the folder path.
func (x *index) below(path string) []known {
	var found []known
	for p, id := range x.byPath {
		if p == path || strings.HasPrefix(p, path+"/") {
			found = append(found, x.docs[id])
		}
	}
	return found
}

func (x *index) close() error {
	if x.file == nil {
		return nil
	}
	return errors.Join(x.file.Sync(), x.file.Close())
}
