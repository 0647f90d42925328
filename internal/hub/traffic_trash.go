package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// trashTraffic are the rows for what was deleted.
func trashTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "trash", verb: lyceum.WriteFiles, doc: projectDoc{id: "listTrash", summary: "What was deleted, the last first", answer: reflect.TypeFor[api.TrashPage](),
			query: []string{"after: next of the page before", "limit: things on a page, at most 1000"}}},
		{method: "DELETE", path: "trash", verb: lyceum.WriteFiles, doc: projectDoc{id: "emptyTrash", summary: "Delete for good all that is in the trash, histories too"}},
		{method: "POST", path: "trash/{tid}", verb: lyceum.WriteFiles, doc: projectDoc{id: "restoreTrash", summary: "Restore what was deleted, with its history", body: reflect.TypeFor[api.TrashAction](), answer: reflect.TypeFor[api.Entry](),
			doc: "Missing folders are made. When something is there already that is a Conflict: say another path in to."}},
		{method: "DELETE", path: "trash/{tid}", verb: lyceum.WriteFiles, doc: projectDoc{id: "purgeTrash", summary: "Delete something in the trash for good, its history too"}},
	}
}
