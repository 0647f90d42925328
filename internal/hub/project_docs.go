package hub

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/internal/api"
)

// What the document says of project traffic. These routes are no typed operations:
// a project server answers them, and the hub only carries them.
type projectDoc struct {
	id, summary, doc string
	query            []string     // "name: what it does"
	body, answer     reflect.Type // JSON; nil for none or for bytes
	list             bool         // the answer is a list of answer
	bytes            string       // "body" or "answer" when that is a file's content
}

// projectDocs describes each row of projectRoutes, by its method and path.
var projectDocs = map[string]projectDoc{
	"GET files/{path...}": {id: "readFile", summary: "A file's content, or a folder's listing", bytes: "answer", answer: reflect.TypeFor[api.Listing](),
		doc:   "A file is answered with its bytes: Range, If-None-Match and HEAD work, and the ETag is its version. A folder is answered with a Listing, and so is entry=1 with an Entry.",
		query: []string{"entry: 1: the Entry of what is there", "download: 1: as an attachment", "after: next of the page before", "limit: entries on a page, at most 1000", "hidden: 1: names with a dot too"}},
	"PUT files/{path...}": {id: "writeFile", summary: "Write a file: all of it or nothing", bytes: "body", answer: reflect.TypeFor[api.Entry](),
		doc: "If-Match with a version, or If-None-Match: *, makes it a Conflict when something else is there.", query: []string{"parents: 1: make missing folders too"}},
	"POST files/{path...}":   {id: "actOnFile", summary: "Make a folder or an empty file, move or copy", body: reflect.TypeFor[api.FileAction](), answer: reflect.TypeFor[api.Entry]()},
	"DELETE files/{path...}": {id: "deleteFile", summary: "Delete a file or folder", query: []string{"recursive: 1: a folder with all that is in it"}},
	"GET watch": {id: "watchFolders", summary: "WebSocket: changes in the folders that are on the screen",
		doc: "The client sends a WatchRequest with all its folders whenever they change; the server sends a FileChange for each change.", body: reflect.TypeFor[api.WatchRequest](), answer: reflect.TypeFor[api.FileChange]()},
	"GET sync/{path...}": {id: "syncDocument", summary: "WebSocket: a text file as a live document",
		doc:   "y-protocols (sync and awareness) on a Yjs document whose text is named \"text\"; an unmodified y-websocket client works. docs/reference/protocols.md describes what v=lyceum1 adds.",
		query: []string{"v: lyceum1: also say what is saved", "epoch: the epoch that the client holds", "token: an API token"}},
	"GET term":          {id: "listTerminals", summary: "The project's terminals", answer: reflect.TypeFor[api.Terminal](), list: true},
	"POST term":         {id: "createTerminal", summary: "Start a terminal", body: reflect.TypeFor[api.NewTerminal](), answer: reflect.TypeFor[api.Terminal]()},
	"PATCH term/{tid}":  {id: "renameTerminal", summary: "Rename a terminal", body: reflect.TypeFor[api.TerminalChange](), answer: reflect.TypeFor[api.Terminal]()},
	"DELETE term/{tid}": {id: "deleteTerminal", summary: "End a terminal and the programs in it"},
	"GET term/{tid}/socket": {id: "openTerminal", summary: "WebSocket: a terminal", doc: "Subprotocol lyceum.term.v1; docs/reference/protocols.md describes its frames.",
		query: []string{"client: a random name that stays the same over reconnects", "offset: first byte of output that the client does not have"}},
	"GET status": {id: "getProjectStatus", summary: "Who is connected and what is open", answer: reflect.TypeFor[api.ProjectStatus]()},
}

// documentProject adds project traffic to the document of a.
func (h *Hub) documentProject(a huma.API) {
	doc := a.OpenAPI()
	for _, r := range h.routes {
		d := projectDocs[r.method+" "+r.path]
		path := documentedPath(r)
		if doc.Paths[path] == nil {
			doc.Paths[path] = &huma.PathItem{Servers: []*huma.Server{{URL: h.base + "/"}}}
		}
		setOperation(doc.Paths[path], r.method, &huma.Operation{
			Method: r.method, Path: path, OperationID: d.id, Summary: d.summary, Description: d.doc, Tags: []string{"project traffic"},
			Extensions: map[string]any{"x-verb": string(r.verb)}, Parameters: d.parameters(path), RequestBody: d.request(doc, r), Responses: d.responses(doc, r),
		})
	}
}

// documentedPath is the route's path as OpenAPI writes it.
func documentedPath(r projectRoute) string {
	return "/p/{id}/" + strings.Replace(r.path, "{path...}", "{path}", 1)
}

func (d projectDoc) parameters(path string) []*huma.Param {
	text := &huma.Schema{Type: huma.TypeString}
	list := []*huma.Param{{Name: "id", In: "path", Required: true, Description: "the project", Schema: text}}
	if strings.Contains(path, "{path}") {
		list = append(list, &huma.Param{Name: "path", In: "path", Required: true, Description: "from the project's home, each segment percent-encoded, with / between them", Schema: text})
	}
	if strings.Contains(path, "{tid}") {
		list = append(list, &huma.Param{Name: "tid", In: "path", Required: true, Description: "the terminal", Schema: text})
	}
	for _, q := range d.query {
		name, what, _ := strings.Cut(q, ": ")
		list = append(list, &huma.Param{Name: name, In: "query", Description: what, Schema: text})
	}
	return list
}

func (d projectDoc) request(doc *huma.OpenAPI, r projectRoute) *huma.RequestBody {
	switch {
	case d.bytes == "body":
		return &huma.RequestBody{Required: true, Content: content("application/octet-stream", &huma.Schema{Type: huma.TypeString, Format: "binary"})}
	case d.body == nil:
		return nil
	}
	schema := doc.Components.Schemas.Schema(d.body, true, "")
	if r.socket {
		return nil // it is a message; its type is in the document all the same
	}
	return &huma.RequestBody{Required: true, Content: content("application/json", schema)}
}

func (d projectDoc) responses(doc *huma.OpenAPI, r projectRoute) map[string]*huma.Response {
	problem := &huma.Response{Description: "Error", Content: content("application/problem+json", &huma.Schema{Ref: "#/components/schemas/Problem"})}
	all := map[string]*huma.Response{"default": problem}
	var schema *huma.Schema
	if d.answer != nil {
		schema = doc.Components.Schemas.Schema(d.answer, true, "")
	}
	switch {
	case r.socket:
		all["101"] = &huma.Response{Description: "A WebSocket"}
	case schema == nil:
		all["204"] = &huma.Response{Description: "Done"}
	default:
		if d.list {
			schema = &huma.Schema{Type: huma.TypeArray, Items: schema}
		}
		all["200"] = &huma.Response{Description: "OK", Content: content("application/json", schema)}
		if d.bytes == "answer" {
			all["200"].Content["application/octet-stream"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		}
	}
	return all
}

func content(kind string, s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{kind: {Schema: s}}
}

func setOperation(p *huma.PathItem, method string, o *huma.Operation) {
	switch method {
	case "GET":
		p.Get = o
	case "PUT":
		p.Put = o
	case "POST":
		p.Post = o
	case "PATCH":
		p.Patch = o
	case "DELETE":
		p.Delete = o
	}
}
