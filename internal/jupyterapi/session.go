package jupyterapi

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// session ties a kernel to what it is for. A kernel that was started for a notebook
// by other means has one too, by the kernel's own id, and so has one that a project
// server before this one knew of.
type session struct {
	ID     string
	Path   string
	Name   string
	Type   string
	Kernel string // id
}

// sessionModel is Jupyter's model of a session.
type sessionModel struct {
	ID       string            `json:"id"`
	Path     string            `json:"path"`
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Kernel   kernelModel       `json:"kernel"`
	Notebook map[string]string `json:"notebook,omitempty"`
}

// sessionChange is the body of POST and PATCH.
type sessionChange struct {
	Path   *string
	Name   *string
	Type   *string
	Kernel *struct{ ID, Name *string }

	Notebook *struct{ Path *string } // as clients from before Jupyter 4.3 say it
}

// read reads the body.
func (c *sessionChange) read(q *request) error {
	if err := q.body(maxBody, c); err != nil {
		return err
	}
	if c.Notebook != nil && c.Notebook.Path != nil && c.Path == nil {
		of := "notebook"
		c.Path, c.Type = c.Notebook.Path, &of
	}
	return nil
}

func (c sessionChange) kernelID() string {
	if c.Kernel != nil && c.Kernel.ID != nil {
		return *c.Kernel.ID
	}
	return ""
}

func (c sessionChange) spec() string {
	if c.Kernel != nil && c.Kernel.Name != nil {
		return *c.Kernel.Name
	}
	return ""
}

// all returns the sessions, with the kernels that they have, oldest first.
func (s *Server) all() []sessionModel {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[string]api.Kernel{}
	var order []string
	for _, k := range s.Kernels.List() {
		d := k.Describe()
		known[d.ID] = d
		order = append(order, d.ID)
	}
	s.sessions = slices.DeleteFunc(s.sessions, func(x *session) bool {
		_, ok := known[x.Kernel]
		return !ok
	})
	for _, id := range order {
		of := func(x *session) bool { return x.Kernel == id || x.ID == id }
		if at := known[id].Path; at != "" && !slices.ContainsFunc(s.sessions, of) {
			s.sessions = append(s.sessions, &session{ID: id, Path: at, Name: path.Base(at), Type: "notebook", Kernel: id})
		}
	}
	models := []sessionModel{}
	for _, x := range s.sessions {
		k := known[x.Kernel]
		if x.Type == "notebook" && k.Path != "" {
			x.Path = k.Path // it follows a rename
		}
		m := sessionModel{ID: x.ID, Path: x.Path, Name: x.Name, Type: x.Type, Kernel: modelOf(k)}
		if x.Type == "notebook" {
			m.Notebook = map[string]string{"path": x.Path, "name": x.Name}
		}
		models = append(models, m)
	}
	return models
}

func (s *Server) find(f func(sessionModel) bool) (sessionModel, bool) {
	all := s.all()
	i := slices.IndexFunc(all, f)
	if i < 0 {
		return sessionModel{}, false
	}
	return all[i], true
}

// session answers api/sessions….
func (s *Server) session(q *request) error {
	switch {
	case q.is(http.MethodGet, 0):
		return q.answer(http.StatusOK, s.all())
	case q.is(http.MethodPost, 0):
		return s.newSession(q)
	case len(q.tail) != 1:
		return q.wrong()
	}
	m, ok := s.find(func(m sessionModel) bool { return m.ID == q.tail[0] })
	if !ok {
		return lyceum.Errorf(lyceum.NotFound, "Session not found: session_id=%q", q.tail[0])
	}
	switch {
	case q.is(http.MethodGet, 1):
		return q.answer(http.StatusOK, m)
	case q.is(http.MethodPatch, 1):
		return s.changeSession(q, m)
	case q.is(http.MethodDelete, 1):
		k, err := s.Kernels.Get(m.Kernel.ID)
		if err == nil {
			err = k.Shutdown(q.Context())
		}
		if err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return err
		}
		return q.done()
	}
	return q.wrong()
}

// newSession returns the session that the path has already, or makes one.
func (s *Server) newSession(q *request) error {
	var n sessionChange
	if err := n.read(q); err != nil {
		return err
	}
	if n.Path == nil || n.Type == nil {
		return &statusError{http.StatusBadRequest, "Missing field in JSON data: path and type are needed"}
	}
	at := strings.Trim(*n.Path, "/")
	if m, ok := s.find(func(m sessionModel) bool { return m.Path == at && m.Kernel.State != "dead" }); ok {
		return q.created(m, "api/sessions", m.ID)
	}
	k, err := s.Kernels.Get(n.kernelID())
	if lyceum.IsKind(err, lyceum.NotFound) {
		k, err = s.Kernels.Start(q.Context(), Start{ID: uuid(n.kernelID()), Spec: s.specName(n.spec()), Path: at})
	}
	if err != nil {
		return err
	}
	d := k.Describe()
	x := &session{ID: d.ID, Path: at, Name: path.Base(at), Type: *n.Type, Kernel: d.ID}
	if n.Name != nil && *n.Name != "" {
		x.Name = *n.Name
	}
	s.put(x)
	m, ok := s.find(func(m sessionModel) bool { return m.ID == x.ID })
	if !ok {
		return lyceum.Errorf(lyceum.Unavailable, "the kernel is gone already")
	}
	return q.created(m, "api/sessions", m.ID)
}

// put keeps a session in the place of one with its id.
func (s *Server) put(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = slices.DeleteFunc(s.sessions, func(o *session) bool { return o.ID == x.ID })
	s.sessions = append(s.sessions, x)
}

func (s *Server) changeSession(q *request, m sessionModel) error {
	var c sessionChange
	if err := c.read(q); err != nil {
		return err
	}
	x := &session{ID: m.ID, Path: m.Path, Name: m.Name, Type: m.Type, Kernel: m.Kernel.ID}
	if c.Path != nil {
		x.Path = strings.Trim(*c.Path, "/")
	}
	if c.Name != nil {
		x.Name = *c.Name
	}
	if c.Type != nil {
		x.Type = *c.Type
	}
	var err error
	var k Kernel
	switch {
	case c.kernelID() != "" && c.kernelID() != x.Kernel:
		k, err = s.Kernels.Get(c.kernelID())
	case c.kernelID() == "" && c.spec() != "":
		k, err = s.Kernels.Start(q.Context(), Start{Spec: s.specName(c.spec()), Path: x.Path})
	}
	if err != nil {
		return err
	}
	if k != nil {
		x.Kernel = k.Describe().ID
	} else if k, err = s.Kernels.Get(x.Kernel); err != nil {
		return err
	}
	if x.Type == "notebook" && k.Describe().Path != x.Path {
		if err := k.SetPath(q.Context(), x.Path); err != nil {
			return err
		}
	}
	s.put(x)
	if old := m.Kernel.ID; old != x.Kernel { // as Jupyter does: it was this session's
		if k, err := s.Kernels.Get(old); err == nil {
			if err := k.Shutdown(q.Context()); err != nil {
				return err
			}
		}
	}
	m, _ = s.find(func(m sessionModel) bool { return m.ID == x.ID })
	return q.answer(http.StatusOK, m)
}
