package hub

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

const index = `<!doctype html><html><head><base href="/"><meta name="lyceum-base" content="/"><script type="module" src="./assets/app-1a2b.js"></script></head></html>`

var script = strings.Repeat("console.log('hello');\n", 500)

func builtApp() fstest.MapFS {
	return fstest.MapFS{
		"index.html":         {Data: []byte(index)},
		"assets/app-1a2b.js": {Data: []byte(script)},
		"assets/a.woff2":     {Data: bytes.Repeat([]byte{0, 1}, 2000)},
		"favicon.svg":        {Data: []byte("<svg/>")},
		"LICENSE":            {Data: []byte("licence")},
	}
}

func TestTheAppIsServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{app: builtApp()})
	b := s.nobody()
	for path, want := range map[string]struct{ kind, cache, body string }{
		"/":                   {"text/html; charset=utf-8", "no-cache", index},
		"/index.html":         {"text/html; charset=utf-8", "no-cache", index},
		"/projects/x/y?z=1":   {"text/html; charset=utf-8", "no-cache", index},
		"/invitations/secret": {"text/html; charset=utf-8", "no-cache", index},
		"/assets/app-1a2b.js": {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable", script},
		"/favicon.svg":        {"image/svg+xml", "no-cache", "<svg/>"},
		"/LICENSE":            {"text/plain; charset=utf-8", "no-cache", "licence"},
	} {
		got := b.do("GET "+path, "")
		if got.status != 200 || got.header.Get("Content-Type") != want.kind || got.header.Get("Cache-Control") != want.cache || got.body != want.body {
			t.Errorf("%s: got %d %q %q %.60q", path, got.status, got.header.Get("Content-Type"), got.header.Get("Cache-Control"), got.body)
		}
		if got.header.Get("Content-Security-Policy") == "" || got.header.Get("X-Frame-Options") != "DENY" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: headers %v", path, got.header)
		}
		etag := got.header.Get("Etag")
		if again := b.do("GET "+path, "", "If-None-Match", etag); again.status != 304 || etag == "" {
			t.Errorf("%s again: got %d, Etag %q", path, again.status, etag)
		}
		if head := b.do("HEAD "+path, ""); head.status != 200 || head.body != "" {
			t.Errorf("HEAD %s: got %d %q", path, head.status, head.body)
		}
	}
	for what, status := range map[string]int{"GET /assets/app-0000.js": 404, "GET /assets/": 404, "POST /": 404, "DELETE /projects/x": 404} {
		if got := b.do(what, ""); got.status != status || got.problem(t).Code != "not-found" {
			t.Errorf("%s: got %d %s", what, got.status, got.body)
		}
	}
}

func TestOutputsOfNotebooksHaveNoOrigin(t *testing.T) {
	t.Parallel()
	files := builtApp()
	files["output.html"] = &fstest.MapFile{Data: []byte("<p>output")}
	s := newSite(t, options{app: files})
	got := s.nobody().do("GET /output.html", "")
	policy := got.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "sandbox allow-scripts ") || strings.Contains(policy, "allow-same-origin") || strings.Contains(policy, "allow-top-navigation") {
		t.Errorf("policy: %s", policy)
	}
	if !strings.Contains(policy, "frame-ancestors 'self'") || got.header.Get("X-Frame-Options") != "" || got.body != "<p>output" {
		t.Errorf("got %d %v %s", got.status, got.header, got.body)
	}
}

func TestTheAppIsCompressed(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{app: builtApp()})
	b := s.nobody()
	got := b.do("GET /assets/app-1a2b.js", "", "Accept-Encoding", "br, gzip")
	if got.header.Get("Content-Encoding") != "gzip" || got.header.Get("Vary") != "Accept-Encoding" || len(got.body) > len(script)/5 {
		t.Fatalf("got %d bytes, headers %v", len(got.body), got.header)
	}
	z, err := gzip.NewReader(strings.NewReader(got.body))
	s.ok(err)
	if text, err := io.ReadAll(z); err != nil || string(text) != script {
		t.Errorf("unpacked: %d bytes, %v", len(text), err)
	}
	plain := b.do("GET /assets/app-1a2b.js", "", "Accept-Encoding", "identity")
	if plain.header.Get("Etag") == got.header.Get("Etag") || plain.header.Get("Content-Encoding") != "" {
		t.Errorf("plain and packed have the Etag %s", got.header.Get("Etag"))
	}
	if part := b.do("GET /assets/app-1a2b.js", "", "Accept-Encoding", "gzip", "Range", "bytes=0-6"); part.status != 206 || part.body != "console" {
		t.Errorf("a part: %d %q", part.status, part.body)
	}
	if font := b.do("GET /assets/a.woff2", "", "Accept-Encoding", "gzip"); font.header.Get("Content-Encoding") != "" {
		t.Error("a font is packed twice")
	}
}

func TestAppsThatAreNotWhole(t *testing.T) {
	t.Parallel()
	for name, fs := range map[string]fstest.MapFS{
		"no base":   {"index.html": {Data: []byte(`<meta name="lyceum-base" content="/">`)}},
		"no meta":   {"index.html": {Data: []byte(`<base href="/">`)}},
		"an accent": {"index.html": {Data: []byte(strings.ReplaceAll(index, `"/"`, `'/'`))}},
	} {
		if _, err := newApp(fs, ""); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%s: got %v, want kind invalid", name, err)
		}
	}
	for name, fs := range map[string]fstest.MapFS{"none": nil, "empty": {}} {
		s := newSite(t, options{app: fs})
		got := s.nobody().do("GET /projects", "")
		if got.status != 503 || !strings.Contains(got.body, "make build") {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
		if got := s.nobody().do("GET /api/v1/site", ""); got.status != 200 {
			t.Errorf("%s: the API answers %d", name, got.status)
		}
	}
}

// TestUnderABasePath: everything is below it, cookies and links too.
func TestUnderABasePath(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{path: "/lyceum/", app: builtApp()})
	b := s.nobody()
	page := b.do("GET /projects/x", "")
	for _, want := range []string{`<base href="/lyceum/">`, `<meta name="lyceum-base" content="/lyceum/">`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %s: %s", want, page.body)
		}
	}
	if got := b.do("GET /assets/app-1a2b.js", ""); got.status != 200 || got.body != script {
		t.Errorf("a file: %d", got.status)
	}
	if got := b.do("GET ", ""); got.status != 307 || got.header.Get("Location") != "/lyceum/" {
		t.Errorf("without the slash: %d to %q", got.status, got.header.Get("Location"))
	}
	for path, want := range map[string]int{"/": 307, "/lyceumx/": 404, "/api/v1/site": 404, "/projects": 404, "/p/x/files/a": 404, "/healthz": 200, "/readyz": 200, "/metrics": 404} {
		resp, err := web.Get(s.server.URL + path)
		s.ok(err)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s outside of it: got %d, want %d", path, resp.StatusCode, want)
		}
	}
	email, password := s.withPassword(t)
	got := b.do("POST /api/v1/sessions", `{"email":"`+email+`","password":"`+password+`"}`)
	cookies := (&http.Response{Header: got.header}).Cookies()
	if len(cookies) != 1 || cookies[0].Path != "/lyceum/" {
		t.Errorf("cookies: %v", cookies)
	}
	c := newCast(s)
	p := c.newProject()
	c.farm.start(p)
	owner := c.in(c.owner)
	if got := owner.do("GET /p/"+string(p)+"/files/a", ""); got.status != 200 {
		t.Errorf("project traffic: %d %s", got.status, got.body)
	}
	if r, _, ok := c.farm.last(); !ok || r.URL.Path != "/files/a" {
		t.Errorf("the project sees %v", r.URL)
	}
	owner.openSocket(p, "term/1/socket")
	owner.listen()
	i := into[api.Invitation](t, owner.do("POST /api/v1/projects/"+string(p)+"/invitations", `{"role":"viewer"}`))
	if !strings.HasPrefix(i.Link, s.server.URL+"/lyceum/invitations/") {
		t.Errorf("an invitation's link is %s", i.Link)
	}
	if got := b.do("GET /api/v1/openapi.json", ""); !strings.Contains(got.body, `"/lyceum/api/v1"`) {
		t.Error("the document does not know the base path")
	}
}
