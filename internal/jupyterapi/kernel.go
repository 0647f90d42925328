package jupyterapi

import (
	"encoding/json"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// kernelModel is Jupyter's model of a kernel.
type kernelModel struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Activity    string `json:"last_activity"`
	State       string `json:"execution_state"`
	Connections int    `json:"connections"`
	Reason      string `json:"reason,omitempty"` // ours: why it is dead
}

func modelOf(k api.Kernel) kernelModel {
	return kernelModel{ID: k.ID, Name: k.Spec, Activity: stamp(k.UsedAt), State: k.State, Connections: k.Connections, Reason: k.Reason}
}

// kernels answers api/kernels….
func (s *Server) kernels(q *request) error {
	switch {
	case q.is(http.MethodGet, 0):
		all := []kernelModel{}
		for _, k := range s.Kernels.List() {
			all = append(all, modelOf(k.Describe()))
		}
		return q.answer(http.StatusOK, all)
	case q.is(http.MethodPost, 0):
		var n struct {
			Name, Path string
			ID         string `json:"kernel_id"`
		}
		if err := q.body(maxBody, &n); err != nil {
			return err
		}
		start := Start{ID: uuid(n.ID), Spec: s.specName(n.Name)}
		start.Dir = strings.Trim(n.Path, "/")
		for start.Dir != "" { // a file, or what is not there, means the folder that is above it
			e, err := s.Files.StatFollow(q.Context(), start.Dir)
			if err == nil && e.Kind == files.Folder {
				break
			}
			start.Dir = folderOf(start.Dir)
		}
		k, err := s.Kernels.Start(q.Context(), start)
		if err != nil {
			return err
		}
		d := k.Describe()
		return q.created(modelOf(d), "api/kernels", d.ID)
	case len(q.tail) == 0 || len(q.tail) > 2:
		return q.wrong()
	}
	k, err := s.Kernels.Get(q.tail[0])
	if lyceum.IsKind(err, lyceum.NotFound) {
		return lyceum.Errorf(lyceum.NotFound, "Kernel does not exist: %s", q.tail[0])
	}
	if err != nil {
		return err
	}
	return s.kernel(q, k)
}

// uuid is the id when it is one, which a kernel may have; else "".
func uuid(id string) string {
	if _, err := lyceum.ParseID[lyceum.ProjectID](id); err != nil {
		return ""
	}
	return id
}

// specName is the kernelspec that a client means: "python" is the default one of
// Python, unless there is one of that name.
func (s *Server) specName(name string) string {
	if name != "python" {
		return name
	}
	specs, standard := s.Kernels.Specs()
	if slices.ContainsFunc(specs, func(spec jupyter.Spec) bool { return spec.Name == name }) {
		return name
	}
	return standard
}

func (s *Server) kernel(q *request, k Kernel) error {
	action := ""
	if len(q.tail) == 2 {
		action = q.tail[1]
	}
	switch {
	case q.is(http.MethodGet, 1):
		return q.answer(http.StatusOK, modelOf(k.Describe()))
	case q.is(http.MethodDelete, 1):
		if err := k.Shutdown(q.Context()); err != nil {
			return err
		}
		return q.done()
	case q.is(http.MethodPost, 2) && action == "interrupt":
		if err := k.Interrupt(q.Context()); err != nil {
			return err
		}
		return q.done()
	case q.is(http.MethodPost, 2) && action == "restart":
		rest.Stream(q.w)
		if err := k.Restart(q.Context()); err != nil {
			return err
		}
		return q.answer(http.StatusOK, modelOf(k.Describe()))
	case q.is(http.MethodGet, 2) && action == "channels":
		return s.channels(q, k)
	}
	return q.wrong()
}

// specModel is Jupyter's model of a kernelspec.
type specModel struct {
	Name string `json:"name"`
	Spec struct {
		Argv        []string          `json:"argv"`
		Env         map[string]string `json:"env"`
		DisplayName string            `json:"display_name"`
		Language    string            `json:"language"`
		Interrupt   string            `json:"interrupt_mode"`
		Metadata    json.RawMessage   `json:"metadata"`
	} `json:"spec"`
	Resources map[string]string `json:"resources"`
}

// resources are the files of a kernelspec that clients are told of.
var resources = []string{"kernel.js", "kernel.css", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"}

func (q *request) specModel(spec jupyter.Spec) specModel {
	m := specModel{Name: spec.Name, Resources: map[string]string{}}
	m.Spec.Argv, m.Spec.Env, m.Spec.DisplayName, m.Spec.Language, m.Spec.Interrupt = spec.Argv, spec.Env, spec.DisplayName, spec.Language, spec.InterruptMode
	if m.Spec.Env == nil {
		m.Spec.Env = map[string]string{}
	}
	if m.Spec.Metadata = spec.Metadata; len(m.Spec.Metadata) == 0 {
		m.Spec.Metadata = json.RawMessage("{}")
	}
	for _, name := range resources {
		if _, err := os.Stat(filepath.Join(spec.Dir, name)); err == nil {
			key := name
			if strings.HasPrefix(name, "logo") {
				key = strings.TrimSuffix(name, path.Ext(name))
			}
			m.Resources[key] = q.Base + "kernelspecs/" + url.PathEscape(spec.Name) + "/" + name
		}
	}
	return m
}

// kernelspecs answers api/kernelspecs…. Those that cannot be started are not there.
func (s *Server) kernelspecs(q *request) error {
	specs, standard := s.Kernels.Specs()
	switch {
	case q.is(http.MethodGet, 0):
		all := map[string]specModel{}
		for _, spec := range specs {
			if spec.Problem == "" {
				all[spec.Name] = q.specModel(spec)
			}
		}
		return q.answer(http.StatusOK, map[string]any{"default": standard, "kernelspecs": all})
	case q.is(http.MethodGet, 1):
		for _, spec := range specs {
			if spec.Name == strings.ToLower(q.tail[0]) {
				return q.answer(http.StatusOK, q.specModel(spec))
			}
		}
		return lyceum.Errorf(lyceum.NotFound, "Kernel spec %s not found", q.tail[0])
	}
	return q.wrong()
}

// maxResource is the largest file of a kernelspec that is sent, in bytes.
const maxResource = 4 << 20

// resource answers kernelspecs/{name}/{file}: a file beside kernel.json.
func (s *Server) resource(q *request) error {
	if !q.is(http.MethodGet, 2) || !filepath.IsLocal(q.tail[1]) {
		return lyceum.Errorf(lyceum.NotFound, "there is no such resource")
	}
	specs, _ := s.Kernels.Specs()
	for _, spec := range specs {
		if spec.Name != strings.ToLower(q.tail[0]) {
			continue
		}
		name := filepath.Join(spec.Dir, q.tail[1])
		fi, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!fi.Mode().IsRegular() || fi.Size() > maxResource) {
			break
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return lyceum.Wrap(lyceum.Unavailable, err, "the resource cannot be read")
		}
		q.w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		q.w.Header().Set("X-Content-Type-Options", "nosniff")
		q.w.Header().Set("Cache-Control", "private, max-age=3600")
		q.w.Header().Set("Last-Modified", fi.ModTime().UTC().Format(http.TimeFormat))
		_, _ = q.w.Write(b) // the client may be gone
		return nil
	}
	return lyceum.Errorf(lyceum.NotFound, "there is no such resource")
}
