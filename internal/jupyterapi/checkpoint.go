package jupyterapi

import (
	"context"
	"io"
	"net/http"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// checkpointID is the name of the one checkpoint that a file has, as with Jupyter's
// own files. The whole history is kept beside, for files that are edited live.
const checkpointID = "checkpoint"

type checkpoint struct {
	ID       string `json:"id"`
	Modified string `json:"last_modified"`
}

// checkpoints answers api/contents/{path}/checkpoints[/{id}] for a file.
func (s *Server) checkpoints(q *request, at, id string) error {
	name := s.stateName("checkpoint", at)
	if id != "" && id != checkpointID {
		return lyceum.Errorf(lyceum.NotFound, "there is no checkpoint %s of %s", id, at)
	}
	switch {
	case q.Method == http.MethodGet && id == "":
		all := []checkpoint{}
		if e, err := s.Files.Stat(q.Context(), name); err == nil {
			all = append(all, checkpoint{checkpointID, stamp(e.Modified)})
		}
		return q.answer(http.StatusOK, all)
	case q.Method == http.MethodPost && id == "":
		return s.makeCheckpoint(q, at, name)
	case q.Method == http.MethodPost:
		if err := s.restoreCheckpoint(q, at, name); err != nil {
			return err
		}
		return q.done()
	case q.Method == http.MethodDelete && id != "":
		if err := s.Files.Remove(q.Context(), name, false); err != nil {
			return err
		}
		return q.done()
	}
	return q.wrong()
}

func (s *Server) makeCheckpoint(q *request, at, name string) error {
	if err := s.Documents.Flush(q.Context(), at); err != nil {
		return err
	}
	f, err := s.Files.Open(q.Context(), at)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := s.Documents.Room(q.Context(), f.Entry.Size); err != nil {
		return err
	}
	if err := s.Files.Mkdir(q.Context(), s.State, true); err != nil {
		return err
	}
	e, err := s.Files.WriteAtomic(q.Context(), name, f.File, files.Write{Mode: 0o600})
	if err != nil {
		return err
	}
	return q.created(checkpoint{checkpointID, stamp(e.Modified)}, "api/contents", at, "checkpoints", checkpointID)
}

func (s *Server) restoreCheckpoint(q *request, at, name string) error {
	f, err := s.Files.Open(q.Context(), name)
	if err != nil {
		return err
	}
	defer f.Close()
	if f.Entry.Size <= api.MaxDocumentBytes {
		b, err := io.ReadAll(f.File)
		if err != nil {
			return files.Failure("read", at, err)
		}
		if utf8.Valid(b) {
			s.forget(q, at) // what is there now goes, whoever made it
			return s.saveText(q, at, string(b))
		}
		return s.saveBytes(q, at, b)
	}
	_, err = s.Documents.Write(q.Context(), at, f.File, files.Write{})
	return err
}

// moveCheckpoint takes the checkpoint of a file along, and what clients know of it.
func (s *Server) moveCheckpoint(ctx context.Context, from, to string) error {
	s.moveBases(ctx, from, to)
	err := s.Files.Move(ctx, s.stateName("checkpoint", from), s.stateName("checkpoint", to), true)
	if lyceum.IsKind(err, lyceum.NotFound) {
		return nil
	}
	return err
}
