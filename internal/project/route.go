package project

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

// route is a row of the table: what may be asked, and with which verb.
type route struct {
	method string
	path   string // {path...} is any rest, {x} one segment
	verb   lyceum.Verb
	system bool // for the hub itself only; verb is ""
	open   bool // without a ticket; verb is ""
	handle func(p *Project, w http.ResponseWriter, r *http.Request, c call) error
}

// call is a request that was let in.
type call struct {
	ticket ticket.Ticket
	path   string // the rest that {path...} stands for, as package files writes paths
	bad    error  // why path is none; for the handlers of sockets, which tell by a code
	local  bool   // it came by the project's own socket, from a program of the project
	id     string // the last {x} of the row, escaped as it came; "" when it has none
}

// routes is the table, an area after the other; each area stands with its handlers.
// HEAD goes where GET goes.
func routes() []route {
	return slices.Concat(fileRoutes(), searchRoutes(), gitRoutes(), jobRoutes(), trashRoutes(), uploadRoutes(), archiveRoutes(), previewRoutes(), documentRoutes(), historyRoutes(), notebookRoutes(), terminalRoutes(), kernelRoutes(), jupyterRoutes(), ownRoutes())
}

// ownRoutes are those of the project server itself.
func ownRoutes() []route {
	return []route{
		{method: "GET", path: "status", verb: lyceum.ReadFiles, handle: (*Project).status},
		{method: "GET", path: "control", system: true, handle: (*Project).control},
		{method: "POST", path: "told", system: true, handle: (*Project).takeTold},
		{method: "POST", path: "cut", system: true, handle: (*Project).cut},
		{method: "GET", path: "fan/{id}", system: true, handle: (*Project).fan},
		{method: "GET", path: "healthz", open: true, handle: (*Project).health},
	}
}

// answer serves one request.
func (p *Project) answer(w http.ResponseWriter, r *http.Request) {
	rest.SetProject(r.Context(), p.cfg.Project)
	w.Header().Del("X-Request-Id") // the hub's, which is ours too, stands already
	if err := p.admit(w, r); err != nil {
		rest.WriteError(w, r, err)
	}
}

// admit finds the row, checks the ticket and asks the rule. Without a valid ticket
// nobody learns which addresses there are.
func (p *Project) admit(w http.ResponseWriter, r *http.Request) error {
	escaped := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	row, tail, allow := find(p.routes, r.Method, escaped)
	if row.handle != nil && row.open {
		return row.handle(p, w, r, call{})
	}
	t, err := p.verifier.Verify(r.Header.Get(ticket.Header), time.Now())
	if err != nil {
		return err
	}
	rest.SetActor(r.Context(), t.Account)
	switch {
	case row.handle == nil && allow != "":
		w.Header().Set("Allow", allow)
		fallthrough
	case row.handle == nil, row.system && !t.System:
		return lyceum.Errorf(lyceum.NotFound, "a project has no such address")
	case !row.system && !t.Can(row.verb):
		return lyceum.Errorf(lyceum.Forbidden, "your role does not allow %s", row.verb)
	}
	c := call{ticket: t}
	if strings.HasSuffix(row.path, "{path...}") {
		c.path, c.bad = decodePath(tail)
	} else {
		c.id = tail
	}
	return row.handle(p, w, r, c)
}

// checked is a handler that is not called with a bad path.
func checked(h func(*Project, http.ResponseWriter, *http.Request, call) error) func(*Project, http.ResponseWriter, *http.Request, call) error {
	return func(p *Project, w http.ResponseWriter, r *http.Request, c call) error {
		if c.bad != nil {
			return c.bad
		}
		return h(p, w, r, c)
	}
}

// find returns the row for a request and what {path...} or its last {x} stands
// for, escaped. allow
// lists the methods that the path has, when the method is not among them.
func find(table []route, method, path string) (row route, tail, allow string) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var methods []string
	for _, row := range table {
		tail, ok := row.match(path)
		if !ok {
			continue
		}
		if row.method == method {
			return row, tail, ""
		}
		methods = append(methods, row.method)
	}
	return route{}, "", strings.Join(methods, ", ")
}

func (row route) match(path string) (tail string, ok bool) {
	if head, ok := strings.CutSuffix(row.path, "{path...}"); ok {
		if path+"/" == head {
			return "", true
		}
		return strings.CutPrefix(path, head)
	}
	want, got := strings.Split(row.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", false
	}
	for i, w := range want {
		switch {
		case w[0] == '{' && got[i] != "":
			tail = got[i]
		case w != got[i]:
			return "", false
		}
	}
	return tail, true
}

// decodePath turns the rest of an address, percent-encoded by segment, into a path
// as package files writes it: an encoded slash is not a separator, and so is
// refused. The error is of kind Invalid.
func decodePath(escaped string) (string, error) {
	if escaped == "" {
		return "", nil
	}
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		name, err := url.PathUnescape(s)
		if err != nil {
			return "", lyceum.Invalidf("path", "the path is not encoded well")
		}
		if _, err := files.DecodeName(name); err != nil {
			return "", err
		}
		segments[i] = name
	}
	path := strings.Join(segments, "/")
	_, err := files.Decode(path)
	return path, err
}

func (p *Project) health(w http.ResponseWriter, _ *http.Request, _ call) error {
	w.WriteHeader(http.StatusOK)
	return nil
}
