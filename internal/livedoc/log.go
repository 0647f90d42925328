package livedoc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// logFile is what a log needs of an open segment; *os.File is one.
type logFile interface {
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
}

// openFile creates a segment that must not be there, or opens one that is.
type openFile func(name string, create bool) (logFile, error)

func openSegment(name string, create bool) (logFile, error) {
	flag := os.O_WRONLY | syscall.O_NOFOLLOW
	if create {
		flag |= os.O_CREATE | os.O_EXCL
	}
	return os.OpenFile(name, flag, 0o600)
}

// docLog is the log of one document: a folder of segments, the last of which is
// open for writing. It is used by one goroutine at a time, except replay.
type docLog struct {
	dir    string
	doc    DocumentID
	epoch  EpochID
	open   openFile
	file   logFile // the last segment
	size   int64   // its bytes that are safe
	base   int64   // bytes of its beginning: the keyframe and what came with it
	least  int64   // bytes behind the keyframe that are worth another one
	safe   uint64  // everything up to this sequence is on disk
	broken bool    // the file is in a state that nobody knows: only rotate helps
}

// errDamaged says that a log cannot be used any more, and errNewer that only a
// newer program can.
var (
	errDamaged = errors.New("the log is damaged")
	errNewer   = errors.New("the log was written by a newer program")
)

// createLog begins a log in the folder dir, which need not exist. The first of
// records is a keyframe.
func createLog(dir string, doc DocumentID, epoch EpochID, open openFile, records []record) (*docLog, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l := &docLog{dir: dir, doc: doc, epoch: epoch, open: open}
	if err := l.rotate(records); err != nil {
		return nil, err
	}
	return l, syncDir(filepath.Dir(dir))
}

// opened is what openLog found.
type opened struct {
	records []record // of the last segment: a keyframe and what followed it
	cut     string   // a torn tail was moved to this file; "" if there was none
	cutSize int64    // its length in bytes
}

// openLog opens the log in dir. The error is fs.ErrNotExist if there is none,
// errDamaged if it cannot be used, errNewer, or that of the system.
func openLog(dir string, doc DocumentID, open openFile) (*docLog, opened, error) {
	firsts, err := segments(dir)
	if err != nil {
		return nil, opened{}, err
	}
	if len(firsts) == 0 {
		return nil, opened{}, fs.ErrNotExist
	}
	name := filepath.Join(dir, segmentName(firsts[len(firsts)-1]))
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, opened{}, err
	}
	s, err := scanSegment(b)
	switch {
	case errors.Is(err, errNewer):
		return nil, opened{}, err
	case err != nil:
		return nil, opened{}, fmt.Errorf("%w: %w", errDamaged, err)
	case s.damaged:
		return nil, opened{}, fmt.Errorf("%w in its middle", errDamaged)
	case s.header.doc != doc:
		return nil, opened{}, fmt.Errorf("%w: it belongs to another document", errDamaged)
	}
	f, err := open(name, false)
	if err != nil {
		return nil, opened{}, err
	}
	l := &docLog{dir: dir, doc: doc, epoch: s.header.epoch, open: open, file: f, size: int64(s.end)}
	l.safe = s.records[len(s.records)-1].sequence
	l.base = int64(len(s.records[0].data))
	// Nothing is added to a sealed one: the next write begins another.
	l.broken = s.header.codec != codecPlain
	found := opened{records: s.records}
	if s.torn {
		if found.cut, err = l.cutTail(name, b[s.end:]); err != nil {
			return nil, opened{}, errors.Join(err, f.Close())
		}
		found.cutSize = int64(len(b) - s.end)
	}
	return l, found, nil
}

// cutTail moves the torn end of the last segment into a file of its own.
func (l *docLog) cutTail(segment string, tail []byte) (string, error) {
	name := fmt.Sprintf("%s.torn-%d", segment, time.Now().UnixNano())
	if err := writeFile(name, tail); err != nil {
		return "", err
	}
	if err := l.file.Truncate(l.size); err != nil {
		return "", err
	}
	if err := l.file.Sync(); err != nil {
		return "", err
	}
	return name, syncDir(l.dir)
}

// append writes records behind those that are there; when it returns nil they are
// safe. After an error none of them is, and they can be given again.
func (l *docLog) append(records []record) error {
	if l.broken {
		return errors.New("the segment has to be replaced")
	}
	var b []byte
	for i := range records {
		records[i].behind = records[i].sequence - l.safe
		b = appendRecord(b, &records[i])
	}
	if _, err := l.file.WriteAt(b, l.size); err != nil {
		// What was written of them must go, or else it would be read as if it
		// were part of the log.
		if l.file.Truncate(l.size) != nil {
			l.broken = true
		}
		return err
	}
	if err := l.file.Sync(); err != nil {
		// The kernel may have dropped the pages and call the next sync a success.
		l.broken = true
		return err
	}
	l.size += int64(len(b))
	l.safe = records[len(records)-1].sequence
	return nil
}

// due reports whether the log behind the keyframe has outgrown it.
func (l *docLog) due() bool { return l.size-l.base > max(l.base, l.least) }

// rotate begins a new segment with records, the first of which is a keyframe.
// When it returns nil they are safe. After an error the old segment goes on.
func (l *docLog) rotate(records []record) error {
	first := records[0].sequence
	b := header{doc: l.doc, epoch: l.epoch, first: first}.encode()
	for i := range records {
		records[i].behind = records[i].sequence - l.safe
		b = appendRecord(b, &records[i])
	}
	name := filepath.Join(l.dir, segmentName(first))
	f, err := l.install(name, b)
	if err != nil {
		return err
	}
	if l.file != nil {
		// An error here tells of records that the keyframe holds as well.
		_ = l.file.Close()
	}
	l.file, l.size, l.base, l.broken = f, int64(len(b)), int64(len(b)), false
	l.safe = records[len(records)-1].sequence
	return nil
}

// install writes a whole segment under another name and renames it, so that a
// segment always has its keyframe.
func (l *docLog) install(name string, b []byte) (logFile, error) {
	temp := name + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := l.open(temp, true)
	if err != nil {
		return nil, err
	}
	if _, err = f.WriteAt(b, 0); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(temp, name)
	}
	if err == nil {
		err = syncDir(l.dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), removeIfThere(temp))
	}
	return f, nil
}

func (l *docLog) close() error { return l.file.Close() }

// replay calls f with the newest keyframe at or before the sequence upto, and then
// with each update up to it and those of the sequences in also. All of them must
// be safe. It reads the files, and so may run beside append.
func (l *docLog) replay(upto uint64, also []uint64, f func(*record) error) error {
	firsts, err := segments(l.dir)
	if err != nil {
		return err
	}
	last := upto
	for _, n := range also {
		last = max(last, n)
	}
	at, ok := slices.BinarySearch(firsts, upto)
	if !ok {
		at--
	}
	if at < 0 {
		return fmt.Errorf("%w: its beginning is missing", errDamaged)
	}
	missing := len(also)
	for i, first := range firsts[at:] {
		if first > last {
			break
		}
		b, err := os.ReadFile(filepath.Join(l.dir, segmentName(first)))
		if err != nil {
			return err
		}
		s, err := scanSegment(b)
		if err != nil {
			return fmt.Errorf("%w: %w", errDamaged, err)
		}
		if s.damaged {
			return fmt.Errorf("%w in its middle", errDamaged)
		}
		for j := range s.records {
			r := &s.records[j]
			wanted := r.sequence <= upto && (r.kind == kindUpdate || i == 0 && j == 0)
			if slices.Contains(also, r.sequence) {
				wanted, missing = true, missing-1
			}
			if !wanted {
				continue
			}
			if err := f(r); err != nil {
				return err
			}
		}
	}
	if missing > 0 {
		return fmt.Errorf("%w: records are missing", errDamaged)
	}
	return nil
}

// segments returns the first sequences of the segments in dir, in order; none if
// there is no such folder.
func segments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var firsts []uint64
	for _, e := range entries {
		if n, ok := segmentFirst(e.Name()); ok {
			firsts = append(firsts, n)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

// lastSequence returns one that no record of the log in dir is behind.
func lastSequence(dir string) (uint64, error) {
	firsts, err := segments(dir)
	if err != nil || len(firsts) == 0 {
		return 0, err
	}
	first := firsts[len(firsts)-1]
	b, err := os.ReadFile(filepath.Join(dir, segmentName(first)))
	if err != nil {
		return 0, err
	}
	s, err := scanSegment(b)
	if err != nil || s.damaged {
		return first + uint64(len(b)), nil // a record is longer than the numbers it uses up
	}
	return max(first, s.records[len(s.records)-1].sequence), nil
}

// setAside moves the segments of a log that cannot be read, or are another document's,
// into a folder of its own and returns that folder's name. The others stay: they are
// history.
func setAside(dir string, doc DocumentID) (string, error) {
	firsts, err := segments(dir)
	if err != nil {
		return "", err
	}
	aside := filepath.Join(dir, fmt.Sprintf("damaged-%d", time.Now().UnixNano()))
	if err := os.Mkdir(aside, 0o700); err != nil {
		return "", err
	}
	for _, first := range firsts {
		name := segmentName(first)
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		if s, err := scanSegment(b); err == nil && !s.damaged && s.header.doc == doc {
			continue
		}
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(aside, name)); err != nil {
			return "", err
		}
	}
	if err := syncDir(aside); err != nil {
		return "", err
	}
	return aside, syncDir(dir)
}

// writeFile makes a new file with the content b and brings it to disk.
func writeFile(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func removeIfThere(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir brings the names in a folder to disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
