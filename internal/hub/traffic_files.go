package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// fileTraffic are the rows for files and what happens to them.
func fileTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "files/{path...}", verb: lyceum.ReadFiles, doc: projectDoc{id: "readFile", summary: "A file's content, or a folder's listing", bytes: "answer", answer: reflect.TypeFor[api.Listing](),
			doc: "A file is answered with its bytes: Range, If-None-Match and HEAD work, and the ETag is its version. A folder is answered with a Listing, and so is entry=1 with an Entry.",
			query: []string{"entry: 1: the Entry of what is there", "download: 1: as an attachment", "after: next of the page before", "limit: entries on a page: 1000, at most 10000", "hidden: 1: names with a dot too",
				"sort: name, size, modified or kind; folders are first in each", "order: asc or desc", "filter: only names with this in them, or that match it when it has * or ?; without regard to case"}}},
		{method: "PUT", path: "files/{path...}", verb: lyceum.WriteFiles, doc: projectDoc{id: "writeFile", summary: "Write a file: all of it or nothing", bytes: "body", answer: reflect.TypeFor[api.Entry](),
			doc: "If-Match with a version, or If-None-Match: *, makes it a Conflict when something else is there.", query: []string{"parents: 1: make missing folders too"}}},
		{method: "POST", path: "files/{path...}", verb: lyceum.WriteFiles, doc: projectDoc{id: "actOnFile", summary: "Make a folder or an empty file, move or copy", body: reflect.TypeFor[api.FileAction](), answer: reflect.TypeFor[api.Entry]()}},
		{method: "DELETE", path: "files/{path...}", verb: lyceum.WriteFiles, doc: projectDoc{id: "deleteFile", summary: "Move a file or folder to the trash", answer: reflect.TypeFor[api.Trashed](),
			doc: "With purge=1 it is deleted for good, its history too, and the answer is 204.", query: []string{"purge: 1: delete it for good", "recursive: 1: with purge, a folder with all that is in it"}}},
		{method: "GET", path: "watch", verb: lyceum.ReadFiles, socket: true, doc: projectDoc{id: "watchFolders", summary: "WebSocket: changes in the folders that are on the screen",
			doc: "The client sends a WatchRequest with all its folders whenever they change; the server sends a FileChange for each change.", body: reflect.TypeFor[api.WatchRequest](), answer: reflect.TypeFor[api.FileChange]()}},
	}
}
