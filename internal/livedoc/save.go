package livedoc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// save writes the document into its file. It reports whether all of it is there.
func (k *keeper) save(ctx context.Context) bool {
	base := k.layout(ctx)
	k.mu.Lock()
	writes, upto := k.model.saving(k.y), k.lastUpdate
	k.mu.Unlock()
	text := writes(base)
	if err := k.keepDamaged(ctx); err != nil {
		return k.saved(place{}, err)
	}
	k.mu.Lock()
	f, old := k.note.Synced.form, k.note.Synced
	path, gone := k.path, k.gone
	if k.recode {
		f.Encoding, f.BOM = "", false
	}
	b, err := f.encode(text)
	if err != nil {
		k.cannotEncodeLocked(err, upto)
		k.mu.Unlock()
		return false
	}
	next := place{Upto: upto, Hash: hashOf(b), Size: int64(len(b)), form: f}
	if next.Hash == old.Hash && !gone {
		old.Upto, old.Also = upto, nil
		k.note.Synced = old
		k.note.Synced.form = f
		k.recode = false
		if k.unencodable != nil {
			k.problem, k.unencodable = "", nil
		}
		k.noteLocked()
		k.agreedLocked()
		k.mu.Unlock()
		return true
	}
	writing := next // whoever has the lock may read it
	k.note.Writing = &writing
	k.saving = true
	n := k.noteLocked()
	k.showLocked()
	k.mu.Unlock()

	err = k.await(ctx, n)
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
	k.model.written()
	k.problem, k.unreadable, k.backoff, k.retryAt, k.missing = "", false, 0, time.Time{}, time.Time{}
	k.recode, k.unencodable = k.recode && next.Encoding != "", nil
	clean = !k.dirtyLocked()
	k.firstDirty = time.Time{}
	k.agreedLocked()
	k.mu.Unlock()
	k.store.remember(k.document)
	return clean
}

// cannotEncodeLocked tells which character the file's encoding has not. Nothing is
// tried again before the text is another or the encoding.
func (k *keeper) cannotEncodeLocked(err error, upto uint64) {
	e, ok := errors.AsType[*unencodable](err)
	if !ok {
		return // it is the only error that there is
	}
	k.unencodableAt = upto
	k.saveNow = false
	if k.unencodable == nil || *k.unencodable != *e {
		k.unencodable = e
		k.problem = fmt.Sprintf("The file is written in %s, which has no %q (line %d). The document is kept; write the file as UTF-8, or take the character out.", e.encoding, e.char, e.line)
		k.complainLocked(lyceum.Invalid, k.problem)
	}
	k.showLocked()
	k.stirLocked()
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
