package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// limitTraffic are the rows for what a project uses: its programs.
func limitTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "processes", verb: lyceum.UseTerminals, doc: projectDoc{id: "listProcesses", summary: "What runs in the project, what uses most first", answer: reflect.TypeFor[api.Process](), list: true}},
		{method: "DELETE", path: "processes/{pid}", verb: lyceum.UseTerminals, doc: projectDoc{id: "endProcess", summary: "End one program: SIGTERM, and SIGKILL 3 s later", query: []string{"now: 1 kills it at once"}}},
	}
}
