package livedoc

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// layout returns the text that a notebook's file has now, whose layout is kept; "" when
// it is not what file and document had in common.
func (k *keeper) layout(ctx context.Context) string {
	if k.model.name() != notebookName {
		return ""
	}
	b, ok := k.onDisk(ctx)
	if !ok {
		return ""
	}
	text, _, _ := decodeText(b)
	return text
}

// onDisk returns the bytes of the file if they are those that are known.
func (k *keeper) onDisk(ctx context.Context) ([]byte, bool) {
	k.mu.Lock()
	at, hash := k.path, k.note.Synced.Hash
	k.mu.Unlock()
	b, _, err := k.store.cfg.Files.ReadAll(ctx, at, api.MaxDocumentBytes)
	return b, err == nil && hashOf(b) == hash // what it is else, writing finds out
}

// maxDamaged bounds the names that are tried for a copy.
const maxDamaged = 100

// keepDamaged copies a file beside itself before it is written for the first time, if
// the document lacks some of it.
func (k *keeper) keepDamaged(ctx context.Context) error {
	if _, lossy := k.model.problems(); !lossy {
		return nil
	}
	b, ok := k.onDisk(ctx)
	if !ok {
		return nil // it is gone, or another by now: it is looked at first
	}
	k.mu.Lock()
	at := k.path
	k.mu.Unlock()
	ext := path.Ext(at)
	name := strings.TrimSuffix(at, ext) + "-damaged"
	for i := range maxDamaged {
		to := name + ext
		if i > 0 {
			to = fmt.Sprintf("%s-%d%s", name, i+1, ext)
		}
		_, err := k.store.cfg.Files.WriteAtomic(ctx, to, bytes.NewReader(b), files.Write{IfAbsent: true})
		if lyceum.IsKind(err, lyceum.Conflict) {
			continue
		}
		if err == nil {
			k.log.Info("a damaged notebook was copied before it was written")
			k.model.written()
		}
		return err
	}
	return lyceum.Errorf(lyceum.Conflict, "there are too many copies of the damaged notebook")
}
