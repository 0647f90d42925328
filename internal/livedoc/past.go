package livedoc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"time"

	"lyceum/internal/ydoc"
)

// past is the log of a document as its history is read from it: a folder of
// segments. It changes nothing, and may be used beside a docLog.
type past struct{ dir string }

// part is a segment of a past.
//
// After a crash while segments were replaced two parts may tell of the same edits.
// What a part has from the next one's first sequence on is left out.
type part struct {
	name  string
	first uint64
	end   uint64 // the first sequence of the next part; 0 of the last one
	size  int64  // bytes
}

// entry is what the timeline knows of a record that changed the document.
type entry struct {
	first, sequence uint64    // of the first and the last of the updates that it joins
	count           uint64    // how many they are
	since, until    time.Time // when the first and the last of them came
	author, origin  string
	added, removed  int  // UTF-16 units
	whole           bool // a keyframe
}

// parts returns the segments in order; none if there is no such folder.
func (p past) parts() ([]part, error) {
	firsts, err := segments(p.dir)
	if err != nil {
		return nil, err
	}
	all := make([]part, 0, len(firsts))
	for _, first := range firsts {
		name := filepath.Join(p.dir, segmentName(first))
		fi, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was cleared at this moment
		}
		if err != nil {
			return nil, err
		}
		if n := len(all); n > 0 {
			all[n-1].end = first
		}
		all = append(all, part{name: name, first: first, size: fi.Size()})
	}
	return all, nil
}

// lacks reports whether something was set aside that could not be read.
func (p past) lacks() bool {
	aside, err := filepath.Glob(filepath.Join(p.dir, "damaged-*"))
	return err == nil && len(aside) > 0
}

// epoch is that of a part; "" when it cannot be read.
func (p part) epoch() EpochID {
	f, err := os.Open(p.name)
	if err != nil {
		return ""
	}
	defer f.Close()
	h, err := readHeader(f)
	if err != nil {
		return ""
	}
	return h.epoch
}

// byEpoch divides parts into runs of one epoch each, the oldest first. One whose epoch
// cannot be read is a run of its own.
func byEpoch(all []part) (runs [][]part) {
	begins, before := 0, EpochID("")
	for i := range all {
		epoch := all[i].epoch()
		if i > 0 && (epoch != before || epoch == "") {
			runs, begins = append(runs, all[begins:i]), i
		}
		before = epoch
	}
	if len(all) > 0 {
		runs = append(runs, all[begins:])
	}
	return runs
}

// size returns the bytes of everything in the folder, what was set aside too.
func (p past) size() (n int64, err error) {
	err = filepath.WalkDir(p.dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && fi.Mode().IsRegular() {
			n += fi.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return n, err
}

// read returns the records of a part. The error is errDamaged when some of them
// that were safe once are not there; those in front of them are returned.
func (p part) read() (header, []record, error) {
	b, err := os.ReadFile(p.name)
	if err != nil {
		return header{}, nil, err
	}
	s, err := scanSegment(b)
	if err != nil {
		return header{}, nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if s.damaged {
		err = fmt.Errorf("%w in its middle", errDamaged)
	}
	records := s.records
	for len(records) > 0 && p.end > 0 && records[len(records)-1].sequence >= p.end {
		records = records[:len(records)-1]
	}
	return s.header, records, err
}

// entries returns the timeline of a part, oldest first. Of a sealed one nothing is
// decoded. After an error there are those that could be read.
func (p part) entries() (header, []entry, error) {
	h, _, all, err := p.timeline()
	if !errors.Is(err, errPlain) {
		return h, all, err
	}
	h, records, err := p.read()
	return h, entriesOf(records), err
}

// tells reports whether a part tells of the edit with the sequence seq, or of one behind
// it: after a crash while segments were replaced, the next part may do so too.
func (p part) tells(seq uint64) bool {
	_, entries, _ := p.entries() // damage is found when it is rewritten
	return len(entries) > 0 && entries[len(entries)-1].sequence >= seq
}

// errPlain says that a segment is not sealed.
var errPlain = errors.New("not sealed")

// timeline reads the timeline of a sealed part; of another one the error is errPlain.
func (p part) timeline() (h header, s summary, all []entry, err error) {
	f, err := os.Open(p.name)
	if err != nil {
		return h, s, nil, err
	}
	defer f.Close()
	if h, err = readHeader(f); err != nil {
		return h, s, nil, err
	}
	if h.codec == codecPlain {
		return h, s, nil, errPlain
	}
	fi, err := f.Stat()
	if err != nil {
		return h, s, nil, err
	}
	s, all, err = sealedTimeline(f, fi.Size())
	for len(all) > 0 && p.end > 0 && all[len(all)-1].sequence >= p.end {
		all = all[:len(all)-1]
	}
	return h, s, all, err
}

// entriesOf is the timeline of records.
func entriesOf(records []record) []entry {
	all := make([]entry, 0, len(records))
	for i := range records {
		if r := &records[i]; r.kind == kindUpdate || r.kind == kindKeyframe {
			all = append(all, entryOf(r))
		}
	}
	return all
}

func entryOf(r *record) entry {
	e := entry{first: r.sequence, sequence: r.sequence, count: r.count, since: r.time, until: r.time, author: r.author, origin: withoutMark(r.origin), whole: r.kind == kindKeyframe}
	if !e.whole {
		// What was let into the log can be read.
		e.added, e.removed, _ = ydoc.Measure(r.data)
	}
	return e
}

// errForgotten says that a version is not kept.
var errForgotten = errors.New("that version is not kept")

// at builds the document as it was after the record of sequence seq, or the last
// one before it, and returns which that is. The error is errForgotten when all that
// is kept is newer.
func (p past) at(seq uint64) (y *ydoc.Doc, found uint64, err error) {
	all, err := p.parts()
	if err != nil {
		return nil, 0, err
	}
	i := sort.Search(len(all), func(i int) bool { return all[i].first > seq }) - 1
	if i < 0 {
		return nil, 0, errForgotten
	}
	_, records, err := all[i].read()
	y = ydoc.New(ydoc.Config{Client: 1})
	var updates [][]byte
	for j := range records {
		r := &records[j]
		if r.sequence > seq {
			err = nil // damage behind it does not matter
			break
		}
		if r.kind == kindUpdate || r.kind == kindKeyframe {
			updates = append(updates, r.data)
			found = r.sequence
		}
	}
	if err != nil {
		return nil, 0, err
	}
	if _, err := y.RestoreAll(updates); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return y, found, nil
}

// text returns the text of a version.
func (p past) text(seq uint64) (text string, found uint64, err error) {
	y, found, err := p.at(seq)
	if err != nil {
		return "", 0, err
	}
	return modelOf(y).text(y), found, nil
}

// floor returns the newest sequence that is not behind seq and whose version is kept.
func (p past) floor(seq uint64) (epoch EpochID, found uint64, err error) {
	all, err := p.parts()
	if err != nil {
		return "", 0, err
	}
	i := sort.Search(len(all), func(i int) bool { return all[i].first > seq }) - 1
	if i < 0 {
		return "", 0, errForgotten
	}
	h, entries, err := all[i].entries()
	for _, e := range entries {
		if e.sequence <= seq {
			found = e.sequence
		}
	}
	if found == 0 && err == nil {
		err = errForgotten
	}
	return h.epoch, found, err
}
