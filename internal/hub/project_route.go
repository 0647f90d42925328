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
	return slices.Concat(fileTraffic(), searchTraffic(), gitTraffic(), jobTraffic(), trashTraffic(), uploadTraffic(), archiveTraffic(), previewTraffic(), documentTraffic(), historyTraffic(), terminalTraffic(), limitTraffic())
}

// findRoute returns the row for a request below /p/{id}/. path is escaped.
// allow lists the methods that the path has, when the method is not among them.
func findRoute(table []projectRoute, method, path string) (row projectRoute, allow string, ok bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var methods []string
	for _, r := range table {
		if !r.matches(path) {
			continue
		}
		if r.method == method {
			return r, "", true
		}
		methods = append(methods, r.method)
	}
	return projectRoute{}, strings.Join(methods, ", "), false
}

func (r projectRoute) matches(path string) bool {
	if head, ok := strings.CutSuffix(r.path, "{path...}"); ok {
		return strings.HasPrefix(path, head) || path+"/" == head
	}
	want, got := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		if w != got[i] && (w[0] != '{' || got[i] == "") {
			return false
		}
	}
	return true
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
