package jupyterapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// configFolder is where Jupyter Server keeps what clients store by api/config.
const configFolder = ".jupyter/serverconfig"

// maxConfig is the longest section, in bytes.
const maxConfig = 256 << 10

var sectionName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// config answers api/config/{section}: a JSON object that clients keep. PATCH merges
// into it by names, a null takes one away.
func (s *Server) config(q *request) error {
	if len(q.tail) != 1 || !sectionName.MatchString(q.tail[0]) {
		return lyceum.Errorf(lyceum.NotFound, "there is no such section")
	}
	s.configs.Lock()
	defer s.configs.Unlock()
	name := files.Join(configFolder, q.tail[0]+".json")
	now := map[string]any{}
	b, _, err := s.Files.ReadAll(q.Context(), name, maxConfig)
	if err == nil {
		err = json.Unmarshal(b, &now)
	}
	if err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
		return lyceum.Wrap(lyceum.Conflict, err, "the file %s cannot be read", name)
	}
	var change map[string]any
	switch {
	case q.is(http.MethodGet, 1):
		return q.answer(http.StatusOK, now)
	case q.is(http.MethodPut, 1), q.is(http.MethodPatch, 1):
		if err := q.body(maxConfig, &change); err != nil {
			return err
		}
	default:
		return q.wrong()
	}
	if q.Method == http.MethodPut {
		now = map[string]any{}
	}
	patch(now, change)
	if err := s.keepConfig(q, name, now); err != nil {
		return err
	}
	if q.Method == http.MethodPut {
		return q.done()
	}
	return q.answer(http.StatusOK, now)
}

// patch merges change into now; objects that become empty go.
func patch(now, change map[string]any) {
	for k, v := range change {
		switch v := v.(type) {
		case nil:
			delete(now, k)
		case map[string]any:
			inner, ok := now[k].(map[string]any)
			if !ok {
				inner = map[string]any{}
			}
			if patch(inner, v); len(inner) == 0 {
				delete(now, k)
				continue
			}
			now[k] = inner
		default:
			now[k] = v
		}
	}
}

func (s *Server) keepConfig(q *request, name string, v map[string]any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if len(b) > maxConfig {
		return lyceum.Errorf(lyceum.TooLarge, "a section has at most %d bytes", maxConfig)
	}
	if err := s.Documents.Room(q.Context(), int64(len(b))); err != nil {
		return err
	}
	if err := s.Files.Mkdir(q.Context(), configFolder, true); err != nil {
		return err
	}
	_, err = s.Files.WriteAtomic(q.Context(), name, bytes.NewReader(append(b, '\n')), files.Write{})
	return err
}
