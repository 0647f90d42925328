package hub

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

// TestContentIsHarmless: whatever a project's server says, a browser shows only
// what cannot run, and nothing speaks for the site.
func TestContentIsHarmless(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	c.farm.start(p)
	b := c.in(c.owner)
	get := func(query string) answer { return b.do("GET /p/"+string(p)+"/files/x?"+query, "") }
	for kind, inline := range map[string]bool{
		"text/plain; charset=utf-8": true, "application/json": true, "image/png": true, "video/mp4": true, "audio/ogg": true, "application/octet-stream": true,
		"text/html": false, "TEXT/HTML; charset=x": false, "application/xhtml+xml": false, "image/svg+xml": false, "text/xml": false, "application/xml": false,
		"application/pdf": false, "text/javascript": false, "text/css": false, "application/x-shockwave-flash": false, "multipart/x-mixed-replace": false,
		"text/plain, text/html": false, "text/html;": false, "nonsense": false,
	} {
		got := get("body=hello&set=" + url.QueryEscape("Content-Type:"+kind))
		if attached := strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment"); attached == inline || got.body != "hello" {
			t.Errorf("%s: Content-Disposition %q, body %q", kind, got.header.Get("Content-Disposition"), got.body)
		}
	}
	bad := []string{"Set-Cookie:lyceum=stolen", "Clear-Site-Data:*", "Access-Control-Allow-Origin:*", "Access-Control-Allow-Credentials:true", "Service-Worker-Allowed:/",
		"Refresh:0; url=https://evil.example", "Link:</x>; rel=preload", "Strict-Transport-Security:max-age=0", "Location:https://evil.example",
		"Content-Security-Policy:script-src *", "X-Content-Type-Options:off", "Content-Disposition:inline"}
	for _, status := range []string{"200", "302", "401", "404", "500"} {
		q := url.Values{"set": append(bad, "Content-Type:text/html", "Www-Authenticate:Basic"), "status": {status}, "body": {"x"}}
		got := get(q.Encode())
		for _, h := range bad {
			name, value, _ := strings.Cut(h, ":")
			if got.header.Get(name) == value {
				t.Errorf("status %s: %s is passed on", status, h)
			}
		}
		if !strings.HasPrefix(got.header.Get("Content-Security-Policy"), "sandbox") || got.header.Get("X-Content-Type-Options") != "nosniff" || status == "401" && got.header.Get("WWW-Authenticate") != "" {
			t.Errorf("status %s: headers %v", status, got.header)
		}
	}
	// What was made may be named, but not elsewhere, and nothing else is a reason to go.
	const upload = "uploads/00000000-0000-4000-8000-000000000000"
	const file = "/lyceum/p/00000000-0000-4000-8000-000000000000/jupyter/api/contents/%C3%A5%20b/a.ipynb"
	for location, status := range map[string]string{
		upload: "201", "https://evil.example/" + upload: "201", "../../account": "201", upload + "?x": "302",
		file: "201", "/" + file: "201", "https://evil.example" + file: "201", file + "?x": "201", strings.TrimPrefix(file, "/lyceum"): "302",
		strings.Replace(file, "/api/contents", "/../../files", 1): "201",
	} {
		got := get(url.Values{"set": {"Location:" + location}, "status": {status}}.Encode()).header.Get("Location")
		if want := location == upload || location == file; (got != "") != want {
			t.Errorf("%s with %s: passed on as %q", status, location, got)
		}
	}
	// What the project may say is passed on.
	got := get(url.Values{"set": {"Content-Type:text/plain", `Etag:"v1"`, "Content-Disposition:attachment; filename*=UTF-8''a.txt"}}.Encode())
	if got.header.Get("Etag") != `"v1"` || got.header.Get("Content-Disposition") != "attachment; filename*=UTF-8''a.txt" {
		t.Errorf("headers: %v", got.header)
	}
}

// TestFilesAreNotRun: a page of ours that was made to refer to a project's file
// as a script does not get it.
func TestFilesAreNotRun(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	c.farm.start(p)
	b := c.in(c.owner)
	for dest, want := range map[string]int{"script": 403, "style": 403, "worker": 403, "serviceworker": 403, "object": 403, "embed": 403, "empty": 200, "image": 200, "document": 200, "": 200} {
		if got := b.do("GET /p/"+string(p)+"/files/x.js", "", "Sec-Fetch-Dest", dest); got.status != want {
			t.Errorf("Sec-Fetch-Dest %q: got %d, want %d", dest, got.status, want)
		}
	}
	if got := b.do("GET /p/"+string(p)+"/files/x.js", "", "Service-Worker", "script"); got.status != 403 {
		t.Errorf("a service worker: got %d", got.status)
	}
}

func TestWhatTheProjectSees(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	c.farm.start(p)
	b := c.in(c.owner)
	got := b.do("PUT /p/"+string(p)+"/files/dir/a%2Fb%20%C3%A9.txt?parents=1", "content", "Lyceum-Ticket", "forged", "X-Forwarded-For", "6.6.6.6", "If-Match", `"v1"`, "Range", "bytes=0-1")
	r, tk, ok := c.farm.last()
	if got.status != 200 || !ok {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	if r.URL.EscapedPath() != "/files/dir/a%2Fb%20%C3%A9.txt" || r.URL.RawQuery != "parents=1" || r.Method != "PUT" {
		t.Errorf("it sees %s %s", r.Method, r.URL)
	}
	if r.Header.Get("If-Match") != `"v1"` || r.Header.Get("Range") == "" || strings.Contains(r.Header.Get("X-Forwarded-For"), "6.6.6.6") || r.Header.Get("X-Request-Id") != got.header.Get("X-Request-Id") {
		t.Errorf("headers: %v", r.Header)
	}
	if got.header.Get("X-Body-Bytes") != "7" || tk.Account != c.owner.ID || tk.Name != c.owner.Name {
		t.Errorf("body of %s bytes, ticket %+v", got.header.Get("X-Body-Bytes"), tk)
	}
	// A large upload passes: the limit of the API's bodies is not one of files.
	if got, err := b.try("PUT /p/"+string(p)+"/files/big", bytes.NewReader(make([]byte, 20<<20))); err != nil || got.header.Get("X-Body-Bytes") != "20971520" {
		t.Errorf("20 MB: %d, %v", got.status, err)
	}
	if got := b.do("HEAD /p/"+string(p)+"/files/x", ""); got.status != 200 {
		t.Errorf("HEAD: %d", got.status)
	}
	if got := b.do("PATCH /p/"+string(p)+"/files/x", ""); got.status != 404 || got.header.Get("Allow") == "" {
		t.Errorf("a method that is not there: %d, Allow %q", got.status, got.header.Get("Allow"))
	}
}

// TestViewersSeeNoHiddenFiles, however the name is written.
func TestViewersSeeNoHiddenFiles(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	c.farm.start(p)
	for _, path := range []string{".ssh/id_rsa", "a/.git/config", "%2Essh/id_rsa", "a/%2e%2e/x", "a%2F.git/config", "~x2e737368/id", ".bashrc"} {
		for _, kind := range []string{"files/", "sync/"} {
			for b, want := range map[*browser]int{c.in(c.viewer): 404, c.in(c.editor): 200} {
				if kind == "sync/" && want == 200 {
					want = 400 // no WebSocket was asked for
				}
				if got := b.do("GET /p/"+string(p)+"/"+kind+path, ""); got.status != want {
					t.Errorf("%s%s: got %d %s, want %d", kind, path, got.status, got.body, want)
				}
			}
		}
	}
	if got := c.in(c.viewer).do("GET /p/"+string(p)+"/files/a.b/c.d", ""); got.status != 200 {
		t.Errorf("a dot that is not the first: got %d", got.status)
	}
}

// TestProjectsThatDoNotAnswer: the state that people know is what is told.
func TestProjectsThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	b := c.in(c.editor)
	for _, phase := range []lyceum.Phase{lyceum.Stopped, lyceum.Starting, lyceum.Running, lyceum.Stopping, lyceum.Failed} {
		c.sql(`UPDATE projects SET phase = $1 WHERE id = $2`, string(phase), string(p))
		got := b.do("GET /p/"+string(p)+"/files/a", "")
		if q := got.problem(t); got.status != 503 || q.Code != "unavailable" || got.header.Get("Retry-After") == "" || phase != lyceum.Running && !strings.Contains(q.Detail, string(phase)) {
			t.Errorf("%s: got %d %+v", phase, got.status, q)
		}
	}
	// Its socket is there, and nobody behind it.
	c.farm.start(p)
	c.farm.running[p] = withSocket(c.farm.dir + "/gone")
	if got := b.do("GET /p/"+string(p)+"/files/a", ""); got.status != 503 {
		t.Errorf("without a server: got %d %s", got.status, got.body)
	}
	if _, resp, err := b.dial("/p/" + string(p) + "/term/1/socket"); err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a socket without a server: %v", err)
	}
}

// TestEveryAddressOfAPathIsLookedAt: the first segment of a new route with a path in it must be in ofPaths.
func TestEveryAddressOfAPathIsLookedAt(t *testing.T) {
	t.Parallel()
	for _, r := range projectRoutes() {
		head, _, _ := strings.Cut(r.path, "/")
		if strings.HasSuffix(r.path, "/{path...}") && !slices.Contains(ofPaths, head) {
			t.Errorf("%s has a path, and viewers' hidden names in it are not refused by the hub", r.path)
		}
	}
}
