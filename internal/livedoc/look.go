package livedoc

import (
	"context"
	"errors"
	"time"
	"unicode"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

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
	if err := k.model.accepts(text); err != nil {
		k.locked(func() { k.cannotReadLocked(err); k.showLocked() })
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

// maxSearch bounds the pages of a folder that are searched for a renamed file.
const maxSearch = 5

// renamed returns where in its folder the file is now: a name that no document has,
// with the same inode and the same bytes.
func (k *keeper) renamed(ctx context.Context) string {
	k.mu.Lock()
	dir, _ := files.Split(k.path)
	known := k.note.Synced
	k.mu.Unlock()
	page := files.Page{Hidden: true}
	for range maxSearch {
		l, err := k.store.cfg.Files.List(ctx, dir, page)
		if err != nil {
			return "" // the folder is gone as well
		}
		for _, e := range l.Entries {
			if e.Kind != files.File || e.Inode != known.Inode || e.Size != known.Size || e.Opaque {
				continue
			}
			b, _, err := k.store.cfg.Files.ReadAll(ctx, e.Path, api.MaxDocumentBytes)
			if err == nil && hashOf(b) == known.Hash && !k.store.knows(e.Path) {
				return e.Path
			}
		}
		if page.After = l.Next; l.Next == "" {
			break
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

// sentence makes a message of package lyceum a sentence.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}
