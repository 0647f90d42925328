package jupyterapi

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// resolved is where a path that somebody wrote leads, as api/resolvePath tells it:
// "server" is a path of the contents, "kernel" one of the machine.
type resolved struct {
	Scope string `json:"scope"`
	Path  string `json:"path"`
}

// unresolved is a scope that could not be asked.
type unresolved struct {
	Scope  string `json:"scope"`
	Reason string `json:"reason"`
}

// resolve answers api/resolvePath: ?path= is looked for below the home, and with
// ?kernel= below the folder in which that kernel is now.
func (s *Server) resolve(q *request) error {
	if !q.is(http.MethodGet, 0) {
		return q.wrong()
	}
	v := q.URL.Query()
	if !v.Has("path") {
		return &statusError{http.StatusBadRequest, "Missing argument path"}
	}
	answer := struct {
		Resolved   []resolved   `json:"resolved"`
		Unresolved []unresolved `json:"unresolved,omitempty"`
	}{Resolved: []resolved{}}
	if at, ok := s.inHome(q, v.Get("path")); ok {
		answer.Resolved = append(answer.Resolved, resolved{"server", at})
	}
	if id := v.Get("kernel"); id != "" {
		k, err := s.Kernels.Get(id)
		switch {
		case lyceum.IsKind(err, lyceum.NotFound):
			answer.Unresolved = append(answer.Unresolved, unresolved{"kernel", fmt.Sprintf("Kernel %s could not be found", id)})
		case err != nil:
			return err
		default:
			if at, ok := inFolderOf(k.Describe().PID, v.Get("path")); ok {
				answer.Resolved = append(answer.Resolved, resolved{"kernel", at})
			}
		}
	}
	return q.answer(http.StatusOK, answer)
}

// inHome finds a path of the contents: what is relative is from the home, as "~" is.
func (s *Server) inHome(q *request, text string) (string, bool) {
	at := text
	if rest, ok := strings.CutPrefix(at, "~/"); ok {
		at = rest
	}
	if full := s.Files.Home() + "/"; strings.HasPrefix(at, full) {
		at = at[len(full):]
	}
	at = path.Clean(at)
	if !filepath.IsLocal(at) || at == "." || q.visible(s.Files, at) != nil {
		return "", false
	}
	e, err := s.Files.StatFollow(q.Context(), at)
	return at, err == nil && (e.Kind == files.Folder || e.Kind == files.File)
}

// inFolderOf finds a path from the working folder of a process.
func inFolderOf(pid int, text string) (string, bool) {
	dir, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	if pid == 0 || err != nil || strings.ContainsRune(text, 0) {
		return "", false
	}
	at := filepath.Join(dir, text)
	if filepath.IsAbs(text) {
		at = filepath.Clean(text)
	}
	_, err = os.Stat(at)
	return at, err == nil
}
