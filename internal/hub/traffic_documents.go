package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// documentTraffic are the rows for live documents and who has them open.
func documentTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "sync/{path...}", verb: lyceum.ReadFiles, socket: true, query: true, doc: projectDoc{id: "syncDocument", summary: "WebSocket: a text file as a live document",
			doc:   "y-protocols (sync and awareness) on a Yjs document whose text is named \"text\"; an unmodified y-websocket client works. docs/reference/protocols.md describes what v=lyceum1 adds.",
			query: []string{"v: lyceum1: also say what is saved", "epoch: the epoch that the client holds", "doc: the document that the client holds: it is opened wherever its file is by now", "token: an API token"}}},
		{method: "GET", path: "status", verb: lyceum.ReadFiles, doc: projectDoc{id: "getProjectStatus", summary: "Who is connected and what is open", answer: reflect.TypeFor[api.ProjectStatus]()}},
	}
}
