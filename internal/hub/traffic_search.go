package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// searchTraffic are the rows for finding files and what takes the disk.
func searchTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "search/names", verb: lyceum.ReadFiles, doc: projectDoc{id: "searchNames", summary: "Find files by letters of their paths", answer: reflect.TypeFor[api.FoundNames](),
			doc:   "The best are first. Folders that programs fill (.git, node_modules and others) are left out.",
			query: []string{"q: words that a path has", "limit: at most 200", "hidden: 1: names with a dot too", "folders: 1: folders too", "recent: a path that comes first where others are as good; may be repeated"}}},
		{method: "GET", path: "search/text", verb: lyceum.ReadFiles, doc: projectDoc{id: "searchText", summary: "Search the contents of files", answer: reflect.TypeFor[api.Found](),
			doc: "The answer is application/x-ndjson: a Found a line, as they are found; the last one has done or problem. Closing the connection ends the search.",
			query: []string{"q: what to look for, in one line", "regex: 1: q is a pattern (RE2)", "case: 1: capitals count", "word: 1: whole words only", "include: globs, separated by commas", "exclude: globs",
				"hidden: 1: names with a dot too", "ignored: 1: also what .gitignore files name, and folders that programs fill", "limit: matches, at most 10000", "with: tell what each match would be replaced by"}}},
		{method: "GET", path: "usage/{path...}", verb: lyceum.ReadFiles, doc: projectDoc{id: "measureFolder", summary: "What a folder takes on the disk", answer: reflect.TypeFor[api.DiskMeasured](),
			doc: "The answer is application/x-ndjson: a DiskMeasured a line; the last one has use or problem. It counts blocks, and files with several names once."}},
	}
}
