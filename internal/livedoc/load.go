package livedoc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

const mergeWait = 5 * time.Second // for the log, when a file was changed while nobody had it open

// load reads the document of the file at path into memory. The slot has one
// reference.
func (s *Store) load(ctx context.Context, path string) (*slot, error) {
	// What is loaded serves others too, so it does not end with this viewer.
	ctx = context.WithoutCancel(ctx)
	b, e, err := s.cfg.Files.ReadAll(ctx, path, api.MaxDocumentBytes)
	if err != nil {
		return nil, closeFor(err)
	}
	if _, name := files.Split(path); e.Opaque || files.IsOpaque(name) {
		return nil, closeErrorf(CloseNotText, "the file's name is not UTF-8; rename it first")
	}
	text, f, ok := decodeText(b)
	if !ok {
		return nil, closeErrorf(CloseNotText, "the file is binary, or its encoding is not known")
	}
	if len(text) > api.MaxDocumentBytes {
		return nil, closeErrorf(CloseTooLarge, "the file is too large to be edited together")
	}
	seen := place{Hash: hashOf(b), Size: int64(len(b)), Version: e.Version, Inode: e.Inode, form: f}
	k, err := s.identify(ctx, path, e, seen.Hash)
	if err != nil {
		return nil, err
	}
	d, err := s.openDocument(ctx, k, text, seen)
	if err != nil {
		return nil, err
	}
	k.Inode, k.Hash, k.Open = e.Inode, seen.Hash, true
	s.mu.Lock()
	_, old := s.index.docs[k.Doc]
	err = s.index.set(!old, k)
	s.mu.Unlock()
	if err != nil && !old {
		// Without its line nobody would find the document again.
		d.abandon()
		return nil, closeForDisk(err)
	}
	d.start()
	sl := &slot{doc: d, refs: 1}
	sl.linger = time.AfterFunc(time.Hour, func() { s.unload(sl) })
	sl.linger.Stop()
	return sl, nil
}

func closeForDisk(err error) error {
	if _, ok := errors.AsType[*CloseError](err); ok {
		return err
	}
	kind, _ := explain(err)
	if kind == lyceum.Exhausted {
		return closeErrorf(CloseStopping, "the disk is full: the document's log cannot be written")
	}
	return fmt.Errorf("open a document's log: %w", err)
}

func (s *Store) newDocument(id DocumentID, path string) *document {
	return &document{
		store: s, id: id, path: path,
		log:      s.log.With("document", string(id)),
		logWake:  make(chan struct{}, 1),
		fileWake: make(chan struct{}, 1),
		hurry:    make(chan struct{}, 1),
		logStop:  make(chan struct{}), fileStop: make(chan struct{}),
		logDone: make(chan struct{}), fileDone: make(chan struct{}),
		progress: make(chan struct{}),
		shown:    shown{state: "clean"},
	}
}

// openDocument reads the log of the document k, or begins one, and takes over what its file
// has. The document's keepLog runs; after an error nothing does.
func (s *Store) openDocument(ctx context.Context, k known, text string, seen place) (*document, error) {
	dir := filepath.Join(s.cfg.State, string(k.Doc))
	d := s.newDocument(k.Doc, k.Path)
	after := uint64(0)
	err := d.reopen(ctx, dir, text, seen)
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, errModel):
		if after, err = lastSequence(dir); err != nil {
			return nil, closeForDisk(err)
		}
		d = s.newDocument(k.Doc, k.Path)
	case errors.Is(err, errDamaged):
		if after, err = d.giveUp(dir, err); err != nil {
			return nil, closeForDisk(err)
		}
		d = s.newDocument(k.Doc, k.Path)
		d.announce = &notice{T: "error", Code: lyceum.Internal.String(),
			Message: "The log of this document was damaged. It was begun anew from the file; what can be read of the log is still in its history."}
	default:
		return nil, closeForDisk(err)
	}
	if err := d.begin(dir, text, seen, after); err != nil {
		return nil, closeForDisk(err)
	}
	if after > 0 {
		s.tendSoon(k.Doc, false) // to the epoch before nothing is written any more
	}
	go d.keepLog() // ends by close or abandon
	return d, nil
}

// reopen opens a log that is there.
func (d *document) reopen(ctx context.Context, dir, text string, seen place) error {
	wal, found, err := openLog(dir, d.id, d.store.cfg.open)
	if err != nil {
		return err
	}
	if err = d.restore(wal, found); err == nil {
		err = d.fits(text)
	}
	if err == nil {
		err = d.catchUp(ctx, text, seen)
	}
	if err != nil {
		return errors.Join(err, wal.close())
	}
	return nil
}

// giveUp sets aside what cannot be read of a log, with the text that it led to if that
// is known, and returns a sequence that nothing of it is behind.
func (d *document) giveUp(dir string, why error) (after uint64, err error) {
	if after, err = lastSequence(dir); err != nil {
		return 0, err
	}
	aside, err := setAside(dir, d.id)
	if err != nil {
		return 0, err
	}
	d.log.Error("a document's log is damaged; what cannot be read was set aside and the document begun anew from its file", "err", why, "aside", aside)
	if d.model == nil {
		return after, nil
	}
	return after, writeFile(filepath.Join(aside, "text"), []byte(d.model.text(d.y)))
}

// restore builds the state from the records of a log.
func (d *document) restore(wal *docLog, found opened) error {
	if found.cut != "" {
		d.log.Warn("the log ended in a write that was cut off; it was moved aside", "bytes", found.cutSize, "aside", found.cut)
	}
	d.wal, d.epoch, d.safe = wal, wal.epoch, wal.safe
	d.sequence, d.recorded = wal.safe, wal.safe
	d.y = ydoc.New(ydoc.Config{})
	noted := false
	var marked *runMark
	for i := range found.records {
		r := &found.records[i]
		switch r.kind {
		case kindUpdate, kindKeyframe:
			if err := d.y.Load(r.data); err != nil {
				return fmt.Errorf("%w: record %d: %w", errDamaged, r.sequence, err)
			}
			d.lastUpdate = r.sequence
			if m := markIn(r.origin); m != nil {
				marked = m
			}
		case kindFile:
			n, err := decodeNote(r.data)
			if err != nil {
				return fmt.Errorf("%w: record %d: %w", errDamaged, r.sequence, err)
			}
			if d.note, noted = n, true; n.Run != nil {
				marked = n.Run
			}
		}
	}
	if !noted {
		return fmt.Errorf("%w: it does not tell of the file", errDamaged)
	}
	d.note.Run = marked
	var err error
	if d.model, err = modelNamed(d.note.Model); err != nil {
		return err
	}
	d.settleIn()
	return nil
}

// settleIn prepares a state that was just built.
func (d *document) settleIn() {
	d.wal.least = int64(d.store.cfg.keyframe)
	d.y.SetClient(d.epoch.draw(d.y.StateVector()))
	d.textBytes = d.model.weigh(d.y, int(d.wal.size))
	d.wholeBytes = int(d.wal.size)
}

// catchUp starts keepLog and merges what was changed in the file since it was last
// looked at. After an error nothing runs.
func (d *document) catchUp(ctx context.Context, text string, seen place) error {
	go d.keepLog() // ends by close or abandon
	ctx, cancel := context.WithTimeout(ctx, mergeWait)
	defer cancel()
	err := d.model.accepts(text)
	if err != nil {
		d.locked(func() { d.cannotReadLocked(err); d.showLocked() })
		return nil // its edits that are not in the file are kept
	}
	if err = d.takeOver(ctx, text, seen); err == nil {
		d.locked(func() {
			if d.dirtyLocked() {
				d.firstDirty = time.Now()
				d.lastEdit = d.firstDirty
			}
			d.showLocked()
		})
		return nil
	}
	close(d.logStop)
	<-d.logDone
	d.mu.Lock()
	defer d.mu.Unlock()
	if errors.Is(err, context.DeadlineExceeded) && d.logProblem != "" {
		return closeErrorf(CloseStopping, "%s", d.logProblem)
	}
	return err
}

// begin begins an epoch from the text of the file. Its sequences follow after, which
// an epoch before has reached.
func (d *document) begin(dir, text string, seen place, after uint64) error {
	d.epoch = newEpoch()
	d.y = ydoc.New(ydoc.Config{Client: d.epoch.draw(nil)})
	var why, err error
	if d.model, why = modelFor(d.path, text); why != nil && d.announce == nil {
		d.announce = asText(why)
	}
	d.y.Transact(func(tx *ydoc.Tx) { err = d.model.begin(tx, d.y, text) })
	if err != nil {
		return err
	}
	seen.Upto = after + 1
	d.note = fileNote{Path: d.path, Model: d.model.name(), Synced: seen}
	d.sequence, d.recorded, d.lastUpdate = after+2, after+2, after+1
	now := d.store.cfg.now()
	d.wal, err = createLog(dir, d.id, d.epoch, d.store.cfg.open, []record{
		{kind: kindKeyframe, sequence: after + 1, count: 1, time: now, origin: originEpoch, data: d.y.EncodeState(nil)},
		{kind: kindFile, sequence: after + 2, count: 1, time: now, origin: originStore, data: d.note.encode()},
	})
	if err != nil {
		return err
	}
	d.safe = d.wal.safe
	d.settleIn()
	d.locked(d.showLocked)
	return nil
}

// start lets the file be looked after.
func (d *document) start() { go d.keepFile(&keeper{document: d, watched: "\x00"}) } // ends by close

// abandon ends a document that was loaded and not started.
func (d *document) abandon() {
	close(d.logStop)
	<-d.logDone
	if err := d.wal.close(); err != nil {
		d.log.Warn("a log was not closed well", "err", err)
	}
}

// readLogs tells what the logs in the folder state know of their files, for an
// index that is lost.
func readLogs(state string, log *slog.Logger) []known {
	entries, err := os.ReadDir(state)
	if err != nil {
		log.Error("the folder of documents cannot be read", "err", err)
		return nil
	}
	type dated struct {
		known
		at time.Time
	}
	var all []dated
	for _, e := range entries {
		if !e.IsDir() || !validID(e.Name()) {
			continue
		}
		n, at, err := lastNote(filepath.Join(state, e.Name()))
		if err != nil {
			log.Error("a log tells nothing of its file", "document", e.Name(), "err", err)
			continue
		}
		all = append(all, dated{known{Doc: DocumentID(e.Name()), Path: n.Path, Inode: n.Synced.Inode, Hash: n.Synced.Hash, Open: true}, at})
	}
	slices.SortFunc(all, func(a, b dated) int { return b.at.Compare(a.at) })
	found := make([]known, len(all))
	for i := range all {
		found[i] = all[i].known
	}
	return found
}

// lastNote returns what the log in dir last said of its file, and when.
func lastNote(dir string) (n fileNote, at time.Time, err error) {
	firsts, err := segments(dir)
	if err != nil || len(firsts) == 0 {
		return n, at, errors.Join(err, fs.ErrNotExist)
	}
	b, err := os.ReadFile(filepath.Join(dir, segmentName(firsts[len(firsts)-1])))
	if err != nil {
		return n, at, err
	}
	s, err := scanSegment(b)
	if err != nil {
		return n, at, err
	}
	for i := len(s.records) - 1; i >= 0; i-- {
		if r := &s.records[i]; r.kind == kindFile {
			n, err = decodeNote(r.data)
			return n, r.time, err
		}
	}
	return n, at, errDamaged
}
