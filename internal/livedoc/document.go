package livedoc

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

const (
	maxPending = 64 << 20 // bytes that wait for the log; with more, the next thing written is a keyframe
	maxWhole   = 96 << 20 // bytes of a document's whole state, hidden content too
)

var (
	errStopping = &CloseError{CloseStopping, "the project server is stopping"}
	errEpoch    = &CloseError{CloseEpoch, "this document was begun anew; open it again"}
)

// document is one file, its shared state, its log and its viewers. Two goroutines
// belong to it: keepLog is the only one that writes the log, keepFile the only one
// that reads and writes the file.
//
//	an edit ──► y, queues of the viewers ──► pending ──keepLog──► log ──► "saved"
//	                                                               │
//	file ──keepFile──► log ──► y, queues                           └─keepFile─► file
//
// Two rules keep file and log apart: the file is written only with what is safe in
// the log, and a change that came from the disk is shown only when it is.
type document struct {
	store *Store
	id    DocumentID
	epoch EpochID
	log   *slog.Logger
	wal   *docLog // of keepLog

	logWake, fileWake chan struct{} // capacity 1
	hurry             chan struct{} // capacity 1: somebody waits for the log
	logStop, fileStop chan struct{} // closed to end the goroutines
	logDone, fileDone chan struct{}

	mu        sync.Mutex
	closed    bool
	path      string
	y         *ydoc.Doc
	model     model // of the epoch
	viewers   []*viewer
	watchers  []*Handle
	conns     []Conn // of castLocked
	presences presences
	marks     marks
	number    uint64 // updates applied since the document was loaded

	sequence     uint64 // the last one given away
	recorded     uint64 // of the last record that was made pending
	lastUpdate   uint64 // of the last update
	pending      []record
	pendingBytes int
	overflown    bool          // records were dropped from pending: a keyframe must replace them
	rotateNow    bool          // somebody wants a new segment
	held         int           // updates in pending or log that are not in y yet
	safe         uint64        // everything up to this sequence is on disk
	progress     chan struct{} // closed and replaced when safe grows or shown changes

	textBytes  int // at least the bytes of the text
	wholeBytes int // at least the bytes of the whole state

	note       fileNote
	firstDirty time.Time // of the oldest edit that is not in the file
	lastEdit   time.Time
	saveNow    bool
	saving     bool
	gone       bool   // the file is not there
	goneAt     uint64 // sequence when that was noticed: only edits behind it bring it back
	orphaned   bool   // the file is another document's now: neither look nor save
	lookNow    bool   // somebody of ours has touched the file
	logProblem string // why the log cannot be written, for people; "" when it can
	problem    string // the same for the file
	unreadable bool   // the problem is that the file cannot be read, so it must not be replaced
	recode     bool   // the file is to be written anew as UTF-8

	unencodable   *unencodable // the problem is that the file's encoding has no such character
	unencodableAt uint64       // the last update when that was found
	shown         shown        // what the viewers were told

	uncommitted uint64 // the last change on disk whose commit is to be looked for; 0 for none
	searching   bool   // for commits

	announce *notice // to be told to each viewer; nil for nothing
}

// shown is the state of the file as the viewers see it: clean, dirty, writing,
// error or deleted.
type shown struct{ state, message, encoding, unencodable string }

func (s shown) notice() notice {
	return notice{T: "file", State: s.state, Message: s.message, Encoding: s.encoding, Unencodable: s.unencodable}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// recordLocked gives the log a record and returns its sequence.
func (d *document) recordLocked(k kind, author, origin string, data []byte) uint64 {
	d.sequence++
	r := record{kind: k, sequence: d.sequence, count: 1, time: d.store.cfg.now(), author: author, origin: origin, data: data}
	d.pending = append(d.pending, r)
	d.pendingBytes += len(data)
	d.recorded = d.sequence
	if k == kindUpdate {
		d.lastUpdate = d.sequence
	}
	if d.pendingBytes > maxPending && d.held == 0 {
		// The log has been failing for long. The state in memory has it all.
		d.pending, d.pendingBytes, d.overflown = nil, 0, true
	}
	wake(d.logWake)
	return d.sequence
}

func (d *document) noteLocked() uint64 {
	d.note.Path = d.path
	return d.recordLocked(kindFile, "", originStore, d.note.encode())
}

// dirtyLocked reports whether the document has what the file has not.
func (d *document) dirtyLocked() bool {
	return d.lastUpdate > d.note.Synced.Upto || len(d.note.Synced.Also) > 0 || d.recode
}

// editLocked integrates an update of v.
func (d *document) editLocked(v *viewer, update []byte) (edited bool, err error) {
	if d.epoch.foreignUpdate(update) {
		return false, errEpoch
	}
	if err := d.roomLocked(update); err != nil {
		v.problem = &notice{T: "error", Code: lyceum.TooLarge.String(), Message: err.Error()}
		return false, closeErrorf(CloseTooLarge, "%s", err.Error())
	}
	effective, err := d.applyLocked(update, v)
	if err != nil {
		if lyceum.IsKind(err, lyceum.Exhausted) {
			return false, closeErrorf(CloseStopping, "%s", err.Error())
		}
		return false, protocolError("an update cannot be read")
	}
	waits := d.y.Pending()
	switch {
	case waits:
		// All of it must be safe, also what cannot be integrated yet.
		d.recordLocked(kindUpdate, v.Account, originEdit, update)
		if !v.asked {
			v.askDue = true
			v.wakeUp()
		}
	case effective != nil:
		d.recordLocked(kindUpdate, v.Account, originEdit, effective)
	}
	v.awaits(d.recorded)
	if v.safe(d.safe) {
		v.wakeUp()
	}
	if effective == nil && !waits {
		return false, nil
	}
	d.lastEdit = time.Now()
	if d.firstDirty.IsZero() {
		d.firstDirty = d.lastEdit
		wake(d.fileWake)
	} else if d.unencodable != nil {
		wake(d.fileWake) // perhaps that character is gone
	}
	d.showLocked()
	return effective != nil, nil
}

// applyLocked integrates an update and gives what is new to all viewers but from.
func (d *document) applyLocked(update []byte, from *viewer) (effective []byte, err error) {
	d.marks.note(d.number, d.y)
	effective, err = d.y.Apply(update)
	if err != nil || effective == nil {
		return nil, err
	}
	d.spreadLocked(effective, from)
	return effective, nil
}

// spreadLocked gives an update that y has to all viewers but from.
func (d *document) spreadLocked(update []byte, from *viewer) {
	d.textBytes += len(update)
	d.wholeBytes += len(update)
	msg := encodeUpdate(update)
	number := d.number
	d.castLocked(msg, func(v *viewer) bool { return v != from && v.ready }, func(v *viewer) { v.enqueue(msg, number) })
	d.number++
	d.watchersLocked()
}

// roomLocked refuses an update that would make the document too large. An update
// is longer than the text in it, so only near the limit is there anything to find
// out.
func (d *document) roomLocked(update []byte) error {
	if d.textBytes+len(update) > api.MaxDocumentBytes {
		d.textBytes = len(d.model.text(d.y))
		if d.textBytes+len(update) > api.MaxDocumentBytes {
			trial, err := d.y.Fork(0)
			if err != nil {
				return err
			}
			if _, err := trial.Apply(update); err == nil {
				if n := len(d.model.text(trial)); n > api.MaxDocumentBytes && n > d.textBytes {
					return errors.New("this edit would make the document larger than 32 MB")
				}
			}
		}
	}
	if d.wholeBytes+len(update) > maxWhole {
		d.wholeBytes = len(d.y.EncodeState(nil))
		if d.wholeBytes+len(update) > maxWhole {
			return errors.New("this edit would make the document's state larger than 96 MB")
		}
	}
	return nil
}

// showLocked tells the viewers the state of the file if it has changed.
func (d *document) showLocked() {
	s := shown{state: "clean"}
	switch {
	case d.logProblem != "":
		s = shown{state: "error", message: d.logProblem}
	case d.problem != "":
		s = shown{state: "error", message: d.problem}
	case d.gone && d.lastUpdate <= d.goneAt:
		s = shown{state: "deleted", message: "The file was deleted. Editing this document makes it again."}
	case d.gone:
		s = shown{state: "deleted", message: "The file was deleted and is being made again, because the document was edited."}
	case d.saving:
		s.state = "writing"
	case d.dirtyLocked():
		s.state = "dirty"
	}
	s.encoding = d.note.Synced.Encoding
	if d.unencodable != nil {
		s.unencodable = string(d.unencodable.char)
	}
	if s == d.shown {
		return
	}
	d.shown = s
	d.stirLocked()
	extended := func(v *viewer) bool { return v.Extended }
	d.castLocked(s.notice().encode(), extended, func(v *viewer) {
		v.fileDue = true
		v.wakeUp()
	})
}

// stirLocked wakes those who wait for progress.
func (d *document) stirLocked() {
	close(d.progress)
	d.progress = make(chan struct{})
}

// complainLocked tells the viewers what could not be saved and why.
func (d *document) complainLocked(code lyceum.Kind, message string) {
	for _, v := range d.viewers {
		if v.Extended {
			v.problem = &notice{T: "error", Code: code.String(), Message: message}
			v.wakeUp()
		}
	}
}

// cut ends all connections.
func (d *document) cut(why *CloseError) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, v := range d.viewers {
		v.cancel(why)
	}
}

// locked calls f with the lock held.
func (d *document) locked(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}
