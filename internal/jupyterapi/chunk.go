package jupyterapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// Uploads in pieces: a client sends a file as models with chunk 1, 2, … and -1 for
// the last. They are gathered in a file of the state folder that becomes the file.

// chunkAge is how long an upload that nobody goes on with is kept.
const chunkAge = 24 * time.Hour

func (s *Server) stateName(kind, at string) string {
	sum := sha256.Sum256([]byte(at))
	return files.Join(s.State, kind+"-"+hex.EncodeToString(sum[:16]))
}

func (s *Server) saveChunk(q *request, at string, chunk int, data []byte) error {
	s.chunks.Lock()
	defer s.chunks.Unlock()
	if err := s.Documents.Room(q.Context(), int64(len(data))); err != nil {
		return err
	}
	if err := s.Files.Mkdir(q.Context(), s.State, true); err != nil {
		return err
	}
	name := s.stateName("upload", at)
	if chunk == 1 {
		s.sweep(q.Context())
		if err := s.Files.Remove(q.Context(), name, false); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return err
		}
	} else if _, err := s.Files.Stat(q.Context(), name); err != nil {
		return &statusError{http.StatusBadRequest, "the upload has no first piece"}
	}
	f, err := s.Files.OpenStage(q.Context(), name)
	if err != nil {
		return err
	}
	if err := appendTo(f, data); err != nil {
		return files.Failure("write", at, err)
	}
	if chunk != -1 {
		return nil
	}
	whole, err := s.Files.Open(q.Context(), name)
	if err != nil {
		return err
	}
	defer whole.Close()
	if _, err := s.Documents.Write(q.Context(), at, whole.File, files.Write{}); err != nil {
		return err
	}
	s.forget(q, at)
	return s.Files.Remove(q.Context(), name, false)
}

func appendTo(f *os.File, data []byte) error {
	fi, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(data, fi.Size())
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// sweep removes uploads that were given up.
func (s *Server) sweep(ctx context.Context) {
	l, err := s.Files.List(ctx, s.State, files.Page{Limit: files.MaxPage, Hidden: true})
	if err != nil {
		return // it is tried again at the next upload
	}
	for _, e := range l.Entries {
		if len(e.Name) > 7 && e.Name[:7] == "upload-" && time.Since(e.Modified) > chunkAge {
			_ = s.Files.Remove(ctx, e.Path, false) // as above
		}
	}
}
