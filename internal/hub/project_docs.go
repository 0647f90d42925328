package hub

import (
	"cmp"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// What the document says of project traffic. These routes are no typed operations:
// a project server answers them, and the hub only carries them.
type projectDoc struct {
	id, summary, doc string
	query            []string     // "name: what it does"
	body, answer     reflect.Type // JSON; nil for none or for bytes
	other            reflect.Type // JSON that is answered instead, as the query says; nil for none
	list             bool         // the answer is a list of answer
	bytes            string       // "body" or "answer" when that is a file's content
	status           string       // of an answer of the type answer; 200 unless it says another
}

// documentProject adds project traffic to the document of a.
func (h *Hub) documentProject(a huma.API) {
	doc := a.OpenAPI()
	for _, r := range h.routes {
		d := r.doc
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
	for name, what := range map[string]string{"tid": "its id", "jid": "the job", "uid": "the upload", "pid": "the number of the process", "kid": "the kernel", "hash": "SHA-256 of the output, in hexadecimal"} {
		if strings.Contains(path, "{"+name+"}") {
			list = append(list, &huma.Param{Name: name, In: "path", Required: true, Description: what, Schema: text})
		}
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
		all[cmp.Or(d.status, "204")] = &huma.Response{Description: "Done"}
	default:
		if d.list {
			schema = &huma.Schema{Type: huma.TypeArray, Items: schema}
		}
		if d.other != nil {
			schema = &huma.Schema{OneOf: []*huma.Schema{schema, doc.Components.Schemas.Schema(d.other, true, "")}}
		}
		status := cmp.Or(d.status, "200")
		all[status] = &huma.Response{Description: "OK", Content: content("application/json", schema)}
		if d.bytes == "answer" {
			all[status].Content["application/octet-stream"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
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
	case "OPTIONS":
		p.Options = o
	}
}
