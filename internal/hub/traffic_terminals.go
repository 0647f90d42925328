package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// terminalTraffic are the rows for terminals.
func terminalTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "term", verb: lyceum.UseTerminals, doc: projectDoc{id: "listTerminals", summary: "The project's terminals", answer: reflect.TypeFor[api.Terminal](), list: true}},
		{method: "POST", path: "term", verb: lyceum.UseTerminals, doc: projectDoc{id: "createTerminal", summary: "Start a terminal", body: reflect.TypeFor[api.NewTerminal](), answer: reflect.TypeFor[api.Terminal]()}},
		{method: "PATCH", path: "term/{tid}", verb: lyceum.UseTerminals, doc: projectDoc{id: "renameTerminal", summary: "Rename a terminal", body: reflect.TypeFor[api.TerminalChange](), answer: reflect.TypeFor[api.Terminal]()}},
		{method: "DELETE", path: "term/{tid}", verb: lyceum.UseTerminals, doc: projectDoc{id: "deleteTerminal", summary: "End a terminal and the programs in it"}},
		{method: "GET", path: "term/{tid}/socket", verb: lyceum.UseTerminals, socket: true, doc: projectDoc{id: "openTerminal", summary: "WebSocket: a terminal", doc: "Subprotocol lyceum.term.v1; docs/reference/protocols.md describes its frames.",
			query: []string{"client: a random name that stays the same over reconnects", "offset: first byte of output that the client does not have"}}},
	}
}
