package livedoc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

const (
	settleFor      = 100 * time.Millisecond // a file that changes is left alone for this long
	settleEmptyFor = 500 * time.Millisecond // and for this long when it is empty: a program may be about to fill it
	settleMost     = 2 * time.Second        // but no longer than this altogether
	goneAfter      = time.Second            // a missing file may be on its way back: vim and git replace files
	racyFor        = 50 * time.Millisecond  // two writes so close together may look like one
	pollEvery      = 2 * time.Second        // where the folder cannot be watched
	finalWait      = 10 * time.Second       // for the last look and save
)

// keeper is what keepFile knows. Only that goroutine uses it.
type keeper struct {
	*document
	watch   *files.Watch
	watched string // the folder, as given to watch; "\x00" before the first
	polled  bool   // the folder cannot be watched

	names     map[string]time.Time // what has changed in the folder lately
	lookAt    time.Time            // look at the file then; zero: nothing to do
	verify    bool                 // read the file even if it looks the same
	seen      string               // version at the last look, when it is not the one we know
	seenSince time.Time            // since when it changes
	missing   time.Time            // since when the file is not there
	retryAt   time.Time            // try to save again then
	backoff   time.Duration
}

// keepFile looks at the file when it changes and saves it when the document does,
// until fileStop is closed.
func (d *document) keepFile(k *keeper) {
	defer close(d.fileDone)
	k.watch = d.store.watcher.Watch()
	defer k.watch.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends with keepFile
		select {
		case <-d.fileStop:
			// What waits for a log that cannot be written must come to an end.
			time.AfterFunc(finalWait, cancel)
		case <-ctx.Done():
		}
	}()
	changes := k.watch.Changes()
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		k.follow()
		if at := k.lookAt; !at.IsZero() && !time.Now().Before(at) {
			k.lookAt = time.Time{}
			k.look(ctx)
		}
		if at := k.saveAt(); !at.IsZero() && !time.Now().Before(at) {
			k.save(ctx)
		}
		t.Reset(k.next())
		select {
		case <-d.fileWake:
		case c, ok := <-changes:
			if !ok { // the watcher was closed
				changes, k.polled = nil, true
				continue
			}
			k.changed(c)
		case <-t.C:
		case <-d.fileStop:
			k.finish(ctx)
			return
		}
	}
}

// next returns how long there is nothing to do.
func (k *keeper) next() time.Duration {
	at := time.Now().Add(time.Hour)
	if k.polled {
		at = time.Now().Add(pollEvery)
	}
	for _, t := range []time.Time{k.lookAt, k.saveAt()} {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	return max(time.Until(at), 0)
}

// follow watches the folder that the file is in now, and does what others asked.
func (k *keeper) follow() {
	k.mu.Lock()
	dir, _ := files.Split(k.path)
	if k.lookNow {
		k.lookNow = false
		k.lookAt = time.Now()
		k.verify = true
		k.seenSince = k.lookAt.Add(-settleMost) // ours are written at once
	}
	k.mu.Unlock()
	if k.polled && k.lookAt.IsZero() {
		k.lookAt = time.Now().Add(pollEvery)
	}
	if dir == k.watched {
		return
	}
	k.watched, k.polled = dir, false
	if failed := k.watch.Set([]string{dir}); failed != nil {
		k.polled = true
		k.log.Warn("a document's folder cannot be watched and is polled", "err", failed[dir])
	}
	k.lookAt = time.Now() // it may have changed before it was watched
}

// changed notes what the watcher tells.
func (k *keeper) changed(c files.Change) {
	now := time.Now()
	if k.names == nil || len(k.names) > 1000 {
		k.names = map[string]time.Time{}
	}
	for _, n := range c.Names {
		k.names[n] = now
	}
	k.mu.Lock()
	_, own := files.Split(k.path)
	k.mu.Unlock()
	_, mine := k.names[own]
	if c.Names == nil || c.Gone || mine && k.names[own].Equal(now) {
		k.lookAt = now
	}
}

// saveAt returns when the file is to be written; zero when there is nothing to write.
func (k *keeper) saveAt() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.dirtyLocked() || k.gone && k.lastUpdate <= k.goneAt || k.unreadable || k.orphaned {
		return time.Time{}
	}
	if k.missing.After(time.Time{}) && !k.gone {
		return time.Time{} // it is being found out where the file is
	}
	if k.saveNow {
		return k.retryAt.Add(1)
	}
	at := k.lastEdit.Add(k.store.cfg.SaveAfter)
	if latest := k.firstDirty.Add(k.store.cfg.SaveEvery); latest.Before(at) {
		at = latest
	}
	if at.Before(k.retryAt) {
		at = k.retryAt
	}
	if k.seen != "" && at.Before(k.lookAt) {
		at = k.lookAt.Add(1) // it changes on disk right now: first let it settle
	}
	return at
}

// finish looks and saves a last time.
func (k *keeper) finish(ctx context.Context) {
	for range 3 { // a change on disk in between costs a round
		k.seenSince = time.Now().Add(-settleMost) // no time to wait
		k.verify = false
		k.look(ctx)
		k.mu.Lock()
		due := k.dirtyLocked() && (!k.gone || k.lastUpdate > k.goneAt) && !k.unreadable && !k.orphaned
		k.mu.Unlock()
		if !due || k.save(ctx) {
			return
		}
	}
}

// look compares the file with what is known of it and takes over what changed.
func (k *keeper) look(ctx context.Context) {
	k.mu.Lock()
	path, known, orphaned := k.path, k.note.Synced, k.orphaned
	k.mu.Unlock()
	if orphaned {
		return
	}
	e, err := k.store.cfg.Files.StatFollow(ctx, path)
	if lyceum.IsKind(err, lyceum.NotFound) {
		k.absent(ctx)
		return
	}
	if err != nil {
		k.trouble(err, "")
		return
	}
	k.present()
	if e.Version == known.Version && !k.verify {
		k.settled()
		return
	}
	if !k.settles(e, known) {
		return
	}
	if time.Since(e.Modified).Abs() < racyFor {
		k.verify, k.lookAt = true, time.Now().Add(2*racyFor)
	} else {
		k.verify = false
	}
	b, e, err := k.store.cfg.Files.ReadAll(ctx, path, api.MaxDocumentBytes)
	if err != nil {
		k.trouble(err, " The document is kept as it is; edits are not written to the file.")
		return
	}
	k.seen, k.seenSince = "", time.Time{}
	k.read(ctx, b, e)
}

// settles reports whether the file has stopped changing.
func (k *keeper) settles(e files.Entry, known place) bool {
	now := time.Now()
	if e.Version == known.Version || e.Version == k.seen {
		return true
	}
	if k.seenSince.IsZero() {
		k.seenSince = now
	}
	k.seen = e.Version
	wait := settleFor
	if e.Size == 0 {
		wait = settleEmptyFor
	}
	if now.Sub(k.seenSince) >= settleMost {
		return true
	}
	k.lookAt = now.Add(wait)
	return false
}

// settled forgets that the file was changing, or could not be read.
func (k *keeper) settled() {
	k.seen, k.seenSince = "", time.Time{}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.unreadable {
		k.problem, k.unreadable = "", false
		k.showLocked()
	}
}

// read takes over the content b of the file.
func (k *keeper) read(ctx context.Context, b []byte, e files.Entry) {
	text, f, ok := decodeText(b)
	if !ok {
		k.trouble(lyceum.Errorf(lyceum.Invalid, "the file on disk is not text any more"), " The document is kept as it is; edits are not written to the file.")
		return
	}
	k.settled()
	seen := place{Hash: hashOf(b), Size: int64(len(b)), Version: e.Version, Inode: e.Inode, form: f}
	err := k.takeOver(ctx, text, seen)
	if err == nil {
		k.store.remember(k.document)
		return
	}
	k.log.Error("a change on disk cannot be merged", "err", err)
	if errors.Is(err, errDamaged) {
		k.store.drop(k.document, errEpoch) // the next load begins an epoch
	}
}

// present notes that the file is there.
func (k *keeper) present() {
	k.missing = time.Time{}
	k.mu.Lock()
	back := k.gone
	k.gone = false
	k.showLocked()
	k.mu.Unlock()
	if back {
		k.store.remember(k.document)
	}
}

// absent acts on a file that is not there: it waits a moment, looks whether it
// was renamed in its folder, and else tells that it is gone.
func (k *keeper) absent(ctx context.Context) {
	k.seen, k.seenSince = "", time.Time{}
	now := time.Now()
	if k.missing.IsZero() {
		k.missing = now
	}
	k.mu.Lock()
	gone := k.gone
	k.mu.Unlock()
	if gone {
		return
	}
	if left := goneAfter - now.Sub(k.missing); left > 0 {
		k.lookAt = now.Add(left)
		return
	}
	if to := k.renamed(ctx); to != "" {
		k.missing = time.Time{}
		k.store.movedOutside(k.document, to)
		k.lookAt = now
		return
	}
	k.mu.Lock()
	k.setGoneLocked()
	k.mu.Unlock()
}

func (d *document) setGoneLocked() {
	d.gone, d.goneAt = true, d.lastUpdate
	d.firstDirty = time.Time{}
	d.problem, d.unreadable = "", false
	d.showLocked()
}

// renamed returns where in its folder the file is now: a name that has appeared
// lately, with the same inode and the same bytes.
func (k *keeper) renamed(ctx context.Context) string {
	k.mu.Lock()
	dir, _ := files.Split(k.path)
	known := k.note.Synced
	k.mu.Unlock()
	for name, at := range k.names {
		if time.Since(at) > 10*goneAfter {
			delete(k.names, name)
			continue
		}
		path := files.Join(dir, name)
		e, err := k.store.cfg.Files.Stat(ctx, path)
		if err != nil || e.Kind != files.File || e.Inode != known.Inode || e.Size != known.Size || e.Opaque {
			continue
		}
		b, _, err := k.store.cfg.Files.ReadAll(ctx, path, api.MaxDocumentBytes)
		if err == nil && hashOf(b) == known.Hash && !k.store.knows(path) {
			return path
		}
	}
	return ""
}

// trouble tells why the file cannot be read.
func (k *keeper) trouble(err error, more string) {
	message := "The file on disk cannot be read now."
	if e, ok := errors.AsType[*lyceum.Error](err); ok {
		message = sentence(e.Message)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.problem, k.unreadable = message+more, true
	k.showLocked()
	k.lookAt = time.Now().Add(retryMost)
}

// takeOver makes text, the content of the file as it was seen, part of the document:
// as the smallest edit that leads from what file and document last had in common.
func (d *document) takeOver(ctx context.Context, text string, seen place) error {
	for {
		d.mu.Lock()
		known, writing := d.note.Synced, d.note.Writing
		if seen.Hash != known.Hash && writing != nil && seen.Hash == writing.Hash {
			known, writing = *writing, nil // it was we, although we never knew
		}
		if seen.Hash == known.Hash {
			if known.Version != seen.Version || writing == nil && d.note.Writing != nil {
				known.Version, known.Inode = seen.Version, seen.Inode
				d.note.Synced, d.note.Writing = known, writing
				d.noteLocked()
			}
			d.agreedLocked()
			d.mu.Unlock()
			return nil
		}
		dirty := d.dirtyLocked()
		d.mu.Unlock()
		var base *ydoc.Doc
		if dirty {
			var err error
			if base, err = d.base(ctx, known, writing, text, seen); err != nil {
				return err
			}
		}
		if done, err := d.merge(ctx, base, text, seen); done || err != nil {
			return err
		}
	}
}

// base builds the state that file and document last had in common. A crash may have
// left open whether the file was written; then it was not if it is still the same
// one, and else the state is taken that is more like text.
func (d *document) base(ctx context.Context, known place, writing *place, text string, seen place) (*ydoc.Doc, error) {
	a, err := d.at(ctx, known)
	if err != nil || writing == nil || seen.Inode == known.Inode {
		return a, err
	}
	b, err := d.at(ctx, *writing)
	if err != nil || distance(a, text) <= distance(b, text) {
		return a, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note.Synced, d.note.Writing = *writing, nil
	return b, nil
}

// distance returns how large the edit is that leads from y to text.
func distance(y *ydoc.Doc, text string) int {
	trial := y.Fork(0)
	shared := trial.Text(api.TextRoot)
	// An edit that fails is the shorter for it, and fails again where it counts.
	return len(trial.Transact(func(tx *ydoc.Tx) { _ = shared.ReplaceWith(tx, text) }))
}

// at builds the state of a place from the log.
func (d *document) at(ctx context.Context, p place) (*ydoc.Doc, error) {
	for _, n := range append(p.Also, p.Upto) {
		d.mu.Lock()
		n = min(n, d.recorded) // a keyframe's number is nobody's to wait for
		d.mu.Unlock()
		if err := d.await(ctx, n); err != nil {
			return nil, err
		}
	}
	y := ydoc.New(ydoc.Config{Client: d.y.Client()})
	err := d.wal.replay(p.Upto, p.Also, func(r *record) error {
		_, err := y.Apply(r.data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return y, nil
}

// merge records the edit that leads from base to text, and when that is safe
// integrates it. Base nil is the document as it is, which must have no unsaved
// edits; done is false if it has.
func (d *document) merge(ctx context.Context, base *ydoc.Doc, text string, now place) (done bool, err error) {
	d.mu.Lock()
	clean := base == nil
	if clean {
		if d.dirtyLocked() {
			d.mu.Unlock()
			return false, nil
		}
		base = d.y.Fork(d.y.Client())
	}
	if !strings.Contains(text, "\n") {
		now.CRLF = d.note.Synced.CRLF // one line says nothing about line ends
	}
	shared := base.Text(api.TextRoot)
	update := base.Transact(func(tx *ydoc.Tx) { err = shared.ReplaceWith(tx, text) })
	if err == nil && shared.String() != text {
		err = errors.New("the document cannot be made to say what the file says")
	}
	if err != nil {
		d.mu.Unlock()
		return true, err
	}
	now.Upto, now.Also = d.note.Synced.Upto, d.note.Synced.Also
	if update != nil {
		d.sequence++ // left free for a keyframe, see replaceSegment
		n := d.recordLocked(kindUpdate, "", originDisk, update)
		d.pending[len(d.pending)-1].held = true
		d.held++
		if clean {
			now.Upto, now.Also = n, nil
		} else {
			now.Also = append(now.Also[:len(now.Also):len(now.Also)], n)
		}
	}
	d.note.Synced, d.note.Writing = now, nil
	n := d.noteLocked()
	d.mu.Unlock()
	if update == nil {
		d.locked(d.agreedLocked)
		return true, nil
	}
	if err := d.await(ctx, n); err != nil {
		return true, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held--
	if _, err := d.applyLocked(update, nil); err != nil {
		return true, fmt.Errorf("integrate a change on disk: %w", err)
	}
	d.agreedLocked()
	return true, nil
}

// agreedLocked is called when file and document have something new in common.
func (d *document) agreedLocked() {
	if !d.dirtyLocked() {
		d.firstDirty, d.saveNow = time.Time{}, false
	} else if d.firstDirty.IsZero() {
		d.firstDirty = time.Now()
		d.lastEdit = d.firstDirty
	}
	d.showLocked()
}

// save writes the document into its file. It reports whether all of it is there.
func (k *keeper) save(ctx context.Context) bool {
	k.mu.Lock()
	text, f, upto, old := k.text.String(), k.note.Synced.form, k.lastUpdate, k.note.Synced
	path, gone := k.path, k.gone
	b := f.encode(text)
	next := place{Upto: upto, Hash: hashOf(b), Size: int64(len(b)), form: f}
	if next.Hash == old.Hash && !gone {
		old.Upto, old.Also = upto, nil
		k.note.Synced = old
		k.noteLocked()
		k.agreedLocked()
		k.mu.Unlock()
		return true
	}
	k.note.Writing = &next
	k.saving = true
	n := k.noteLocked()
	k.showLocked()
	k.mu.Unlock()

	err := k.await(ctx, n)
	var e files.Entry
	if err == nil {
		w := files.Write{IfVersion: old.Version, IfAbsent: gone}
		if gone {
			w.IfVersion = ""
		}
		e, err = k.store.cfg.Files.WriteAtomic(ctx, path, bytes.NewReader(b), w)
	}
	next.Version, next.Inode = e.Version, e.Inode
	return k.saved(next, err)
}

// saved notes how the writing of the file went.
func (k *keeper) saved(next place, err error) (clean bool) {
	k.mu.Lock()
	k.saving = false
	if err != nil {
		k.failedLocked(err)
		k.showLocked()
		k.mu.Unlock()
		return false
	}
	if k.problem != "" {
		k.log.Info("the file can be written again")
	}
	k.note.Synced, k.note.Writing = next, nil
	k.noteLocked()
	k.gone = false
	k.problem, k.unreadable, k.backoff, k.retryAt, k.missing = "", false, 0, time.Time{}, time.Time{}
	clean = !k.dirtyLocked()
	k.firstDirty = time.Time{}
	k.agreedLocked()
	k.mu.Unlock()
	k.store.remember(k.document)
	return clean
}

// failedLocked decides what comes after a file that could not be written.
func (k *keeper) failedLocked(err error) {
	kind := lyceum.KindOf(err)
	if kind != lyceum.Internal {
		k.note.Writing = nil // these are found out before the file is touched
	}
	if kind == lyceum.Conflict || kind == lyceum.NotFound && !k.gone {
		k.lookAt = time.Now() // somebody else wrote it or took it away: look first
		k.retryAt = k.lookAt.Add(settleFor)
		return
	}
	k.backoff = min(max(2*k.backoff, retryFirst), retryMost)
	k.retryAt = time.Now().Add(k.backoff)
	if errors.Is(err, context.Canceled) {
		return
	}
	message := "The file cannot be written now. The document is kept, and it is tried again."
	e, ok := errors.AsType[*lyceum.Error](err)
	switch {
	case ok && kind == lyceum.Exhausted:
		message = "The disk is full: the file cannot be written. The document is kept, and it is tried again."
	case ok && kind == lyceum.NotFound:
		message = "The folder of the file was deleted. Make it again to save the document."
	case ok:
		message = sentence(e.Message) + " The document is kept, and it is tried again."
	}
	if message != k.problem {
		k.log.Warn("a file cannot be written", "err", err)
		k.problem, k.unreadable = message, false
		k.complainLocked(kind, message)
	}
}

// sentence makes a message of package lyceum a sentence.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}
