package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// jobTraffic are the rows for work on many files.
func jobTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "jobs", verb: lyceum.WriteFiles, doc: projectDoc{id: "listJobs", summary: "Jobs that run, and those that ended in the last ten minutes", answer: reflect.TypeFor[api.Job](), list: true}},
		{method: "POST", path: "jobs", verb: lyceum.WriteFiles, doc: projectDoc{id: "startJob", summary: "Begin work on many files", body: reflect.TypeFor[api.NewJob](), answer: reflect.TypeFor[api.Job](), status: "202",
			doc: "At most 8 run at the same time. The work goes on when nobody waits for it, and ends with the project's server."}},
		{method: "GET", path: "jobs/{jid}", verb: lyceum.WriteFiles, doc: projectDoc{id: "followJob", summary: "A job as it stands", answer: reflect.TypeFor[api.Job](),
			doc: "With after it is answered when there is something new, or after 20 s.", query: []string{"after: seq of the job as it is known"}}},
		{method: "DELETE", path: "jobs/{jid}", verb: lyceum.WriteFiles, doc: projectDoc{id: "cancelJob", summary: "Cancel a job; what it did until then stays"}},
	}
}
