package livedoc

import (
	"context"
	"slices"
	"time"

	"lyceum/internal/files"
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

	lookAt    time.Time // look at the file then; zero: nothing to do
	verify    bool      // read the file even if it looks the same
	seen      string    // version at the last look, when it is not the one we know
	seenSince time.Time // since when it changes
	missing   time.Time // since when the file is not there
	retryAt   time.Time // try to save again then
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
	k.mu.Lock()
	_, own := files.Split(k.path)
	k.mu.Unlock()
	if c.Names == nil || c.Gone || slices.Contains(c.Names, own) {
		k.lookAt = time.Now()
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
	if k.unencodable != nil && k.unencodableAt == k.lastUpdate && !k.recode {
		return time.Time{}
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
