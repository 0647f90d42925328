package hub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

// openapi is the part of OpenAPI 3.1 that is looked at.
type openapi struct {
	OpenAPI string
	Info    struct{ Title, Version string }
	Servers []struct{ URL string }
	Paths   map[string]map[string]json.RawMessage
}

type openOperation struct {
	OperationID, Summary string
	Verb                 string `json:"x-verb"`
	Tags                 []string
	Parameters           []struct {
		Name, In string
		Required bool
		Schema   json.RawMessage
	}
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema json.RawMessage }
	}
}

var methods = []string{"get", "put", "post", "delete", "patch", "head", "options", "trace"}

// TestTheOpenAPIDocument holds it against what OpenAPI 3.1 asks for (section 4)
// and against the route table.
func TestTheOpenAPIDocument(t *testing.T) {
	t.Parallel()
	text, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := OpenAPI(); err != nil || !bytes.Equal(text, again) {
		t.Errorf("made again it is another one, %v", err)
	}
	var doc openapi
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Info.Title == "" || doc.Info.Version == "" || len(doc.Servers) != 1 || doc.Servers[0].URL != "/api/v1" {
		t.Errorf("its head: %+v", doc)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths {
		for method, raw := range item {
			if !slices.Contains(methods, method) {
				continue
			}
			var op openOperation
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			where := method + " " + path
			if ids[op.OperationID] || op.OperationID == "" || op.Summary == "" || len(op.Tags) == 0 {
				t.Errorf("%s: identifier %q, summary %q, tags %v", where, op.OperationID, op.Summary, op.Tags)
			}
			ids[op.OperationID] = true
			if !slices.Contains(lyceum.Verbs(), lyceum.Verb(op.Verb)) {
				t.Errorf("%s: x-verb %q", where, op.Verb)
			}
			checkParameters(t, where, path, op)
			checkResponses(t, where, op)
		}
	}
	for _, o := range operations() {
		if !ids[o.id] {
			t.Errorf("%s %s is not in it", o.method, o.path)
		}
	}
	for _, r := range projectRoutes() {
		if d := r.doc; d.id == "" || !ids[d.id] {
			t.Errorf("%s %s of project traffic is not in it", r.method, r.path)
		}
	}
	checkReferences(t, text)
}

func checkParameters(t *testing.T, where, path string, op openOperation) {
	t.Helper()
	var inPath []string
	for _, p := range op.Parameters {
		if len(p.Schema) == 0 || !slices.Contains([]string{"path", "query", "header", "cookie"}, p.In) {
			t.Errorf("%s: parameter %s in %q without a schema", where, p.Name, p.In)
		}
		if p.In == "path" {
			inPath = append(inPath, p.Name)
			if !p.Required {
				t.Errorf("%s: the path's %s is not required", where, p.Name)
			}
		}
	}
	var want []string
	for _, m := range regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(path, -1) {
		want = append(want, m[1])
	}
	slices.Sort(inPath)
	slices.Sort(want)
	if !slices.Equal(inPath, want) {
		t.Errorf("%s: describes the parameters %v", where, inPath)
	}
}

func checkResponses(t *testing.T, where string, op openOperation) {
	t.Helper()
	good := false
	for status, r := range op.Responses {
		good = good || status[0] == '2' || status == "101"
		if r.Description == "" {
			t.Errorf("%s: answer %s has no description", where, status)
		}
		if status == "default" || status[0] == '4' || status[0] == '5' {
			if _, ok := r.Content["application/problem+json"]; !ok {
				t.Errorf("%s: answer %s is no problem", where, status)
			}
		}
	}
	if !good {
		t.Errorf("%s: answers %v, want a good one", where, op.Responses)
	}
}

// checkReferences resolves every $ref, and compiles every pattern.
func checkReferences(t *testing.T, text []byte) {
	t.Helper()
	var root any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	refs := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case []any:
			for i, x := range v {
				walk(fmt.Sprintf("%s/%d", at, i), x)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				refs++
				target := root
				for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					m, _ := target.(map[string]any)
					target = m[part]
				}
				if target == nil {
					t.Errorf("%s: %s leads nowhere", at, ref)
				}
			}
			if p, ok := v["pattern"].(string); ok {
				if _, err := regexp.Compile(p); err != nil {
					t.Errorf("%s: %v", at, err)
				}
			}
			for k, x := range v {
				walk(at+"/"+k, x)
			}
		}
	}
	walk("#", root)
	if refs < 50 {
		t.Errorf("%d references, want many", refs)
	}
	if strings.Contains(string(text), "example.com") {
		t.Error("it speaks of example.com")
	}
}

func TestTheDocumentAndItsPageAreServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	b := s.nobody()
	doc := b.do("GET /api/v1/openapi.json", "")
	want, err := OpenAPI()
	s.ok(err)
	if doc.status != 200 || doc.body != string(want) || doc.header.Get("Content-Type") != "application/openapi+json" {
		t.Errorf("the document: %d, %d bytes", doc.status, len(doc.body))
	}
	page := b.do("GET /api/v1/docs", "")
	if page.status != 200 || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Fatalf("the page: %d %v", page.status, page.header)
	}
	text := html.UnescapeString(page.body)
	for _, o := range operations() {
		if !strings.Contains(text, `id="`+o.id+`"`) || !strings.Contains(text, o.summary) {
			t.Errorf("the page lacks %s", o.id)
		}
	}
	for _, no := range []string{"<script", "http://", "https://", "<no value>", "ZgotmplZ"} {
		if strings.Contains(page.body, no) {
			t.Errorf("the page has %s", no)
		}
	}
	// Each type that is linked to is there.
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		if !strings.Contains(page.body, `id="`+m[1]+`"`) {
			t.Errorf("the link to #%s leads nowhere", m[1])
		}
	}
}
