package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// notebookTraffic are the rows for what runs in notebooks.
func notebookTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "notebooks/{path...}", verb: lyceum.ReadFiles, doc: projectDoc{id: "getNotebook", summary: "What runs in a notebook", answer: reflect.TypeFor[api.NotebookState](), other: reflect.TypeFor[api.NotebookEvent](),
			doc:   "As a WebSocket it is the notebook's channel of NotebookEvent messages (docs/reference/notebooks.md); one who may not run programs is told the state only. The notebook's content is a live document, see syncDocument.",
			query: []string{"doc: the document's id: it is found under its new name"}}},
		{method: "POST", path: "notebooks/{path...}", verb: lyceum.UseTerminals, doc: projectDoc{id: "actOnNotebook", summary: "Run cells, stop, restart, answer", body: reflect.TypeFor[api.NotebookAction](), answer: reflect.TypeFor[api.NotebookState](),
			doc:   "It goes on without a browser; outputs come into the live document.",
			query: []string{"doc: the document's id"}}},
		{method: "GET", path: "convert/{path...}", verb: lyceum.UseTerminals, doc: projectDoc{id: "convertNotebook", summary: "What a notebook can be downloaded as, or the download", answer: reflect.TypeFor[api.Conversions](),
			doc:   "With to=, the notebook as HTML or PDF by the nbconvert of its kernel's environment, as an attachment. 409 says what is not installed, or why it fails. It takes up to three minutes.",
			query: []string{"doc: the document's id", "to: html or pdf"}}},
		{method: "GET", path: "blobs/{hash}", verb: lyceum.ReadFiles, doc: projectDoc{id: "readBlob", summary: "A large output of a notebook", bytes: "answer",
			doc: "Outputs that are too large for a notebook's document are kept by their SHA-256.", query: []string{"type: its media type; what could run is answered as text or bytes"}}},
	}
}
