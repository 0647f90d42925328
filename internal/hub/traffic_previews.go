package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// previewTraffic are the rows for what is looked at without a program for it.
func previewTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "table/{path...}", verb: lyceum.ReadFiles, doc: projectDoc{id: "readTable", summary: "Rows of a table: CSV and its relatives, JSON Lines, or the lines of any text", answer: reflect.TypeFor[api.Table](),
			doc: "How the file is written is found out, unless it is given. Rows are answered as soon as they are found; total grows until complete.",
			query: []string{"from: first row, from 0", "rows: at most 1000, default 100", "column: first column, from 0", "columns: at most 1000, default 100", "cell: 1: one cell alone, up to 1 MiB of it",
				"filter: only rows that hold this text", "sort: number of the column to sort by, from 0", "order: asc or desc", "wait: 1: until all rows are counted, at most 20 s",
				"format: csv, jsonl or lines", "encoding: of the text", "delimiter: of csv", "header: yes or no"}}},
		{method: "GET", path: "picture/{path...}", verb: lyceum.ReadFiles, doc: projectDoc{id: "readPicture", summary: "What the header of a picture tells, or the picture scaled", bytes: "answer", answer: reflect.TypeFor[api.Picture](),
			doc: "With width the picture itself is answered, upright, as PNG or JPEG; one of more than 64 million pixels is not.", query: []string{"width: in pixels, at most 4096"}}},
	}
}
