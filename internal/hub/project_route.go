package hub

import (
	"net/http"
	"slices"
	"strings"

	"lyceum/internal/lyceum"
)

// projectRoute is a row of the table of project traffic: what may be asked of a
// project server through /p/{id}/, and with which verb. A path that has no row
// is NotFound; /control and /cut have none, they are for the hub alone.
type projectRoute struct {
	method string
	path   string // {path...} is any rest, {x} one segment
	verb   lyceum.Verb
	socket bool // only as a WebSocket
	query  bool // the API token may be in ?token=
	doc    projectDoc
}

// projectRoutes is the table, an area after the other. HEAD goes where GET goes.
func projectRoutes() []projectRoute {
	return slices.Concat(fileTraffic(), searchTraffic(), gitTraffic(), jobTraffic(), trashTraffic(), uploadTraffic(), archiveTraffic(), previewTraffic(), documentTraffic(), historyTraffic(), notebookTraffic(), terminalTraffic(), kernelTraffic(), jupyterTraffic(), limitTraffic())
}

// routeTable is the table by the first segment of its paths, which is never a
// variable.
type routeTable map[string][]projectRoute

func newRouteTable(rows []projectRoute) routeTable {
	t := routeTable{}
	for _, r := range rows {
		first, _, _ := strings.Cut(r.path, "/")
		t[first] = append(t[first], r)
	}
	return t
}

// find returns the row for a request below /p/{id}/. path is escaped. allow lists
// the methods that the path has, when the method is not among them.
func (t routeTable) find(method, path string) (row *projectRoute, allow string, ok bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	first, _, _ := strings.Cut(path, "/")
	rows := t[first]
	var methods []string
	for i := range rows {
		r := &rows[i]
		if !r.matches(path) {
			continue
		}
		if r.method == method {
			return r, "", true
		}
		methods = append(methods, r.method)
	}
	return nil, strings.Join(methods, ", "), false
}

func (r *projectRoute) matches(path string) bool {
	if head, ok := strings.CutSuffix(r.path, "{path...}"); ok {
		return strings.HasPrefix(path, head) || len(path)+1 == len(head) && strings.HasPrefix(head, path)
	}
	want, got := r.path, path
	for {
		w, wantMore, more := strings.Cut(want, "/")
		g, gotMore, gotOne := strings.Cut(got, "/")
		if w != g && (w[0] != '{' || g == "") || more != gotOne {
			return false
		}
		if !more {
			return true
		}
		want, got = wantMore, gotMore
	}
}

// hidden reports whether a file's path (decoded, below the home) leads through a
// name that begins with a dot. "~x2e" is the opaque form of such a name.
func hidden(path string) bool {
	for s := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "~x2e") {
			return true
		}
	}
	return false
}
