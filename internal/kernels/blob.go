package kernels

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"lyceum/internal/lyceum"
)

// Bounds of what an output holds itself.
const (
	maxInline  = 1 << 20  // bytes of one media type; more is set aside
	previewEnd = 4 << 10  // bytes of the beginning and of the end of a text that was
	maxNoRoom  = 64 << 20 // bytes of blobs that wait in memory for room on the disk
	roomAgain  = time.Second
)

// Blobs keeps outputs that are too large for a document, in a folder of files that
// are named by the SHA-256 of what they hold, in hexadecimal. It is in the project's
// home, so it counts in the quota. What finds no room there waits in memory, within
// bounds, until there is some. It is safe for concurrent use.
type Blobs struct {
	dir string

	mu      sync.Mutex
	waiting map[string][]byte // by name
	bytes   int               // of waiting
	none    chan struct{}     // closed when nothing waits any more; nil when nothing does
}

// NewBlobs uses the folder dir, which is made when the first blob comes.
func NewBlobs(dir string) *Blobs { return &Blobs{dir: dir} }

// Put keeps data and returns its name. The same data twice is kept once.
func (s *Blobs) Put(data []byte) (hash string, err error) {
	sum := sha256.Sum256(data)
	hash = hex.EncodeToString(sum[:])
	err = s.write(hash, data)
	if err == nil || noRoom(err) && s.wait(hash, data) {
		return hash, nil
	}
	return "", fmt.Errorf("keep an output: %w", err)
}

func noRoom(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// wait keeps a blob in memory until it can be written; false when that is too much.
func (s *Blobs) wait(hash string, data []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.waiting[hash]; ok {
		return true
	}
	if s.bytes+len(data) > maxNoRoom {
		return false
	}
	if s.none == nil {
		s.waiting, s.none = map[string][]byte{}, make(chan struct{})
		time.AfterFunc(roomAgain, s.again)
	}
	s.waiting[hash] = data
	s.bytes += len(data)
	return true
}

// again tries to write what waits, and comes again as long as something does.
func (s *Blobs) again() {
	s.mu.Lock()
	all := maps.Clone(s.waiting)
	s.mu.Unlock()
	for hash, data := range all {
		if err := s.write(hash, data); err != nil {
			time.AfterFunc(roomAgain, s.again) // also for other errors: somebody may mend the folder
			return
		}
		s.mu.Lock()
		delete(s.waiting, hash)
		if s.bytes -= len(data); len(s.waiting) == 0 {
			close(s.none)
			s.none = nil
		}
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.none != nil {
		time.AfterFunc(roomAgain, s.again)
	}
}

// Saved returns when all that was given is on the disk. A nil Blobs keeps nothing.
func (s *Blobs) Saved(ctx context.Context) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	none := s.none
	s.mu.Unlock()
	if none == nil {
		return nil
	}
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// write writes a blob, unless it is there.
func (s *Blobs) write(hash string, data []byte) error {
	name := filepath.Join(s.dir, hash)
	when := time.Now()
	if err := os.Chtimes(name, when, when); err == nil {
		return nil // it is there; its time says when it was of use last
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// ValidHash reports whether s is the name of a blob.
func ValidHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && s == strings.ToLower(s)
}

// Open opens a blob for reading. The error is of kind NotFound when there is none.
func (s *Blobs) Open(hash string) (io.ReadSeekCloser, error) {
	if !ValidHash(hash) {
		return nil, lyceum.Errorf(lyceum.NotFound, "there is no such output")
	}
	s.mu.Lock()
	data, ok := s.waiting[hash]
	s.mu.Unlock()
	if ok {
		return inMemory{bytes.NewReader(data)}, nil
	}
	f, err := os.Open(filepath.Join(s.dir, hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, lyceum.Errorf(lyceum.NotFound, "this output is not kept any more")
	}
	return f, err
}

// inMemory is a blob that is not on the disk yet.
type inMemory struct{ *bytes.Reader }

// Close implements io.Closer.
func (inMemory) Close() error { return nil }

// Collect removes the blobs that used does not name and that have not been of use
// since before. It returns how many bytes it has freed.
func (s *Blobs) Collect(used map[string]bool, before time.Time) (freed int64, err error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		fi, ierr := e.Info()
		if ierr != nil || used[e.Name()] || !fi.ModTime().Before(before) {
			continue // it was removed just now, or is of use
		}
		if rerr := os.Remove(filepath.Join(s.dir, e.Name())); rerr != nil {
			err = errors.Join(err, rerr)
			continue
		}
		freed += fi.Size()
	}
	return freed, err
}

// Empty reports whether there is nothing to collect.
func (s *Blobs) Empty() bool {
	entries, err := os.ReadDir(s.dir)
	return err != nil || len(entries) == 0
}

// setAside takes what is too large out of an output:
//
//	"metadata": {"lyceum": {"blob": {"image/png": {"hash": "…", "size": 1234567}}}}
//
// Size is in bytes. Of texts a preview stays in the data.
func (b *book) setAside(out map[string]any) {
	data, _ := out["data"].(map[string]any)
	blobs := map[string]any{}
	for media, v := range data {
		body, large := large(media, v)
		if !large {
			continue
		}
		delete(data, media)
		if s, ok := v.(string); ok && strings.HasPrefix(media, "text/") {
			data[media] = preview(s)
		}
		entry := map[string]any{"size": float64(len(body))}
		if b.runs.cfg.Blobs != nil {
			hash, err := b.runs.cfg.Blobs.Put(body)
			if err == nil {
				entry["hash"] = hash
			} else {
				b.runs.log.Warn("a large output cannot be kept", "err", err)
			}
		}
		blobs[media] = entry
	}
	if len(blobs) == 0 {
		return
	}
	meta, _ := out["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		out["metadata"] = meta
	}
	meta["lyceum"] = map[string]any{"blob": blobs}
	if _, ok := data["text/plain"]; !ok {
		data["text/plain"] = "[a large output was set aside]"
	}
}

// large returns the bytes of data that is too large for a document.
func large(media string, v any) (body []byte, is bool) {
	s, ok := v.(string)
	switch {
	case ok && len(s) <= maxInline:
		return nil, false
	case ok && binary(media):
		if b, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(s)); err == nil {
			return b, true
		}
		return []byte(s), true
	case ok:
		return []byte(s), true
	}
	b, err := json.Marshal(v)
	return b, err == nil && len(b) > maxInline
}

// binary reports whether the data of a media type is base64 in a notebook.
func binary(media string) bool {
	kind, _, _ := strings.Cut(media, "/")
	return (kind == "image" || kind == "audio" || kind == "video") && media != "image/svg+xml" || media == "application/pdf" || media == "application/octet-stream"
}

// preview is the beginning and the end of a text.
func preview(s string) string {
	head, tail := cutAt(s, previewEnd), cutAt(s, len(s)-previewEnd)
	return s[:head] + leftOutMark(int64(tail-head)) + s[tail:]
}
