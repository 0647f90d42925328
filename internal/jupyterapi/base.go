package jupyterapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// What a client saves is its own edit of what it last read or saved: its base. The API
// does not say which text that was, so it is kept, in a file of the state folder for
// each client and path. Without one, what is saved replaces what is there, which the
// history keeps.

const (
	// baseAge is how long a base is kept.
	baseAge = 7 * 24 * time.Hour
	// maxBases is how many are kept, the newest.
	maxBases   = 200
	basePrefix = "base"
)

// client tells apart those that save: the same account may have several open. Two tabs
// of one browser are one client: JupyterLab asks before it saves over a newer file.
func (q *request) client() string {
	sum := sha256.Sum256([]byte(string(q.Ticket.Account) + "\n" + q.Ticket.Session + "\n" + q.UserAgent()))
	return hex.EncodeToString(sum[:8])
}

// baseName begins the names of the bases of a path.
func (s *Server) baseName(at string) string { return s.stateName(basePrefix, at) + "-" }

// baseOf returns what the client last read or saved at a path.
func (s *Server) baseOf(q *request, at string) (string, bool) {
	b, _, err := s.Files.ReadAll(q.Context(), s.baseName(at)+q.client(), api.MaxDocumentBytes)
	return string(b), err == nil
}

// remember keeps what a client has now. A failure costs no more than a worse merge.
func (s *Server) remember(q *request, at, text string) {
	if !q.Ticket.Can(lyceum.WriteFiles) || len(text) > api.MaxDocumentBytes {
		return
	}
	name := s.baseName(at) + q.client()
	s.bases.Lock()
	defer s.bases.Unlock()
	if s.Files.Same(q.Context(), name, []byte(text)) {
		return
	}
	err := s.Documents.Room(q.Context(), int64(len(text)))
	if err == nil {
		err = s.Files.Mkdir(q.Context(), s.State, true)
	}
	if err == nil {
		_, err = s.Files.WriteAtomic(q.Context(), name, strings.NewReader(text), files.Write{Mode: 0o600})
	}
	if err != nil {
		s.forget(q, at) // an older one would be wrong
		s.Log.Warn("what a client has cannot be kept", "err", err)
		return
	}
	s.sweepBases(q.Context())
}

// forget lets what the client saves next replace what is there.
func (s *Server) forget(q *request, at string) {
	_ = s.Files.Remove(q.Context(), s.baseName(at)+q.client(), false) // mostly there is none
}

// sweepBases removes old bases, and the oldest of too many.
func (s *Server) sweepBases(ctx context.Context) {
	l, err := s.Files.List(ctx, s.State, files.Page{Limit: files.MaxPage, Hidden: true, Order: files.ByModified, Descending: true})
	if err != nil {
		return // it is tried again with the next one
	}
	n := 0
	for _, e := range l.Entries {
		if !strings.HasPrefix(e.Name, basePrefix+"-") {
			continue
		}
		if n++; n > maxBases || time.Since(e.Modified) > baseAge {
			_ = s.Files.Remove(ctx, e.Path, false) // as above
		}
	}
}

// moveBases takes along what clients have of a file that is renamed.
func (s *Server) moveBases(ctx context.Context, from, to string) {
	s.eachBase(ctx, from, func(name, client string) {
		_ = s.Files.Move(ctx, name, s.baseName(to)+client, true) // a worse merge, no more
	})
}

// eachBase calls f with the name of each base of a path, and whose it is.
func (s *Server) eachBase(ctx context.Context, at string, f func(name, client string)) {
	l, err := s.Files.List(ctx, s.State, files.Page{Limit: files.MaxPage, Hidden: true})
	if err != nil {
		return // there are none
	}
	for _, e := range l.Entries {
		if client, ok := strings.CutPrefix(e.Path, s.baseName(at)); ok {
			f(e.Path, client)
		}
	}
}
