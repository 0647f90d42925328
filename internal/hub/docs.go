package hub

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// docsPage shows the OpenAPI document to people. It has no script and fetches
// nothing, so that it works without the Internet and under any policy.
var docsPage = template.Must(template.New("docs").Parse(`<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Lyceum API</title>
<style>
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:13px/1.5 ui-monospace,monospace}h2{margin-top:2.5rem;border-bottom:1px solid #8886}
details{border:1px solid #8886;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}summary{cursor:pointer}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;border-top:1px solid #8883}
b{display:inline-block;min-width:4.2rem}i{opacity:.75}a{color:inherit}
</style>
<h1>{{.Title}} API</h1><p>{{.Description}}</p>
<p>All paths begin with <code>{{.Server}}</code>, those of project traffic with the site's address. For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).
Errors are <a href="#Problem"><code>Problem</code></a>.</p>
{{range .Groups}}<h2>{{.Name}}</h2>
{{range .Operations}}<details id="{{.ID}}"><summary><b>{{.Method}}</b> <code>{{.Path}}</code> — {{.Summary}}</summary>
<p>Needs <code>{{.Verb}}</code>. Called <code>{{.ID}}</code> in generated clients.</p>
{{if .Parameters}}<table><tr><th>Parameter<th>In<th>Type<th>{{range .Parameters}}<tr><td><code>{{.Name}}</code><td>{{.In}}<td>{{.Type}}<td>{{.Doc}}{{end}}</table>{{end}}
{{with .Body}}<p>Body: <a href="#{{.Name}}"><code>{{.Type}}</code></a></p>{{end}}{{with .Answer}}<p>Answer: <a href="#{{.Name}}"><code>{{.Type}}</code></a></p>{{end}}
</details>{{end}}{{end}}
<h2>Types</h2>
{{range .Types}}<details id="{{.Name}}"><summary><code>{{.Name}}</code></summary>
<table>{{range .Fields}}<tr><td><code>{{.Name}}</code>{{if .Required}}{{else}} <i>optional</i>{{end}}<td>{{.Type}}<td>{{.Doc}}{{end}}</table></details>
{{end}}</html>
`))

type docsField struct {
	Name, In, Type, Doc string
	Required            bool
}

type docsOperation struct {
	ID, Method, Path, Summary, Verb string
	Parameters                      []docsField
	Body, Answer                    *docsField // Name is the type that is linked to
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

type docsType struct {
	Name   string
	Fields []docsField
}

type docsView struct {
	Title, Description, Server string
	Groups                     []docsGroup
	Types                      []docsType
}

func (h *Hub) serveDocs(w http.ResponseWriter, r *http.Request) {
	var out bytes.Buffer
	if err := docsPage.Execute(&out, viewDocs(h.api.OpenAPI())); err != nil {
		rest.WriteError(w, r, lyceum.Wrap(lyceum.Internal, err, "the page could not be made"))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes()) // the client may be gone
}

// viewDocs takes from the document what the page shows, in the route table's order.
func viewDocs(doc *huma.OpenAPI) docsView {
	v := docsView{Title: doc.Info.Title, Description: doc.Info.Description, Server: doc.Servers[0].URL}
	places := map[string]int{}
	for _, o := range operations() {
		name := tag(o.path)
		if _, ok := places[name]; !ok {
			places[name] = len(v.Groups)
			v.Groups = append(v.Groups, docsGroup{Name: name})
		}
		g := &v.Groups[places[name]]
		g.Operations = append(g.Operations, viewOperation(o, operationIn(doc.Paths[o.path], o.method)))
	}
	traffic := docsGroup{Name: "project traffic"}
	for _, r := range projectRoutes() {
		path := documentedPath(r)
		o := operation{verb: r.verb, method: r.method, path: path, id: r.doc.id, summary: r.doc.summary}
		traffic.Operations = append(traffic.Operations, viewOperation(o, operationIn(doc.Paths[path], r.method)))
	}
	v.Groups = append(v.Groups, traffic)
	types := doc.Components.Schemas.Map()
	for name, s := range types {
		v.Types = append(v.Types, docsType{name, viewFields(s)})
	}
	slices.SortFunc(v.Types, func(a, b docsType) int { return strings.Compare(a.Name, b.Name) })
	return v
}

func operationIn(p *huma.PathItem, method string) *huma.Operation {
	switch {
	case p == nil:
		return nil
	case method == http.MethodGet:
		return p.Get
	case method == http.MethodPost:
		return p.Post
	case method == http.MethodPut:
		return p.Put
	case method == http.MethodPatch:
		return p.Patch
	}
	return p.Delete
}

func viewOperation(o operation, doc *huma.Operation) docsOperation {
	v := docsOperation{ID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Verb: string(o.verb)}
	if doc == nil {
		return v
	}
	for _, p := range doc.Parameters {
		v.Parameters = append(v.Parameters, docsField{Name: p.Name, In: p.In, Type: typeText(p.Schema), Doc: p.Description})
	}
	if doc.RequestBody != nil {
		v.Body = linkTo(contentOf(doc.RequestBody.Content))
	}
	for _, status := range []string{"200", "202"} {
		if ok := doc.Responses[status]; ok != nil {
			v.Answer = linkTo(contentOf(ok.Content))
		}
	}
	return v
}

// linkTo names the type of a body and what it is, or nil for what is no JSON.
func linkTo(s *huma.Schema) *docsField {
	text := typeText(s)
	if text == "" {
		return nil
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(text, "list of "), " or ")
	return &docsField{Name: first, Type: text}
}

func contentOf(m map[string]*huma.MediaType) *huma.Schema {
	if c := m["application/json"]; c != nil {
		return c.Schema
	}
	return nil
}

func viewFields(s *huma.Schema) []docsField {
	var list []docsField
	for name, f := range s.Properties {
		list = append(list, docsField{Name: name, Type: typeText(f), Doc: f.Description, Required: slices.Contains(s.Required, name)})
	}
	slices.SortFunc(list, func(a, b docsField) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// typeText is a type in a few letters: "string (date-time)", "Person", "list of Person".
func typeText(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case len(s.OneOf) > 0:
		return strings.Join(all(s.OneOf, typeText), " or ")
	case s.Type == "array":
		return "list of " + typeText(s.Items)
	case len(s.Enum) > 0:
		var words []string
		for _, e := range s.Enum {
			if w, ok := e.(string); ok {
				words = append(words, w)
			}
		}
		return "one of " + strings.Join(words, ", ")
	case s.Type == "":
		return "any JSON"
	case s.Format != "":
		return s.Type + " (" + s.Format + ")"
	}
	return s.Type
}
