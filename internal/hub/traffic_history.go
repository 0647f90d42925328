package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// historyTraffic are the rows for what documents were before.
func historyTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "history/{path...}", verb: lyceum.ReadFiles, doc: projectDoc{id: "getHistory", summary: "Versions of a file, newest first; the text of one; what changed between two", answer: reflect.TypeFor[api.History](), other: reflect.TypeFor[api.VersionDiff](),
			doc:   "With at the answer is the text (text/plain; charset=utf-8, with an ETag, and in Lyceum-Version the sequence that was found: at may be any number, the version is the last one that is not newer). With diff and at it is a VersionDiff. 404 says that there is no such file, or that nothing so old is kept.",
			query: []string{"before: next of the page before", "limit: versions on a page, at most 1000, default 100", "detail: 1: each pause of two seconds ends a version, not only of five minutes", "at: sequence of a version", "diff: sequence of the version to compare with", "doc: the document whose history it is, wherever its file is by now"}}},
		{method: "POST", path: "history/{path...}", verb: lyceum.WriteFiles, doc: projectDoc{id: "changeHistory", summary: "Name a version, restore one, or clear what is old", body: reflect.TypeFor[api.HistoryAction](), answer: reflect.TypeFor[api.HistoryDone]()}},
	}
}
