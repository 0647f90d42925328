package hub

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// TestJSONOfTheWrongShape goes to every operation that takes a body, as one who
// may call it.
func TestJSONOfTheWrongShape(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	boss := c.person(true)
	c.join(p, c.owner, boss, lyceum.Owner)
	doc := c.api.OpenAPI()
	bodies := 0
	for _, o := range operations() {
		op := operationIn(doc.Paths[o.path], o.method)
		if op == nil || op.RequestBody == nil {
			continue
		}
		bodies++
		path := strings.NewReplacer("{id}", string(p), "{aid}", string(c.viewer.ID), "{name}", "NAME").Replace(prefix + o.path)
		for name, body := range map[string]string{
			"a list": `[]`, "a number": `1`, "a string": `"x"`, "null": `null`, "an unknown field": `{"no such field":1}`, "half of it": `{"a":`,
			"not JSON": `<a/>`, "numbers for all": wrongTypes(op.RequestBody.Content["application/json"].Schema.Ref, c), "deep": strings.Repeat("[", 20_000),
		} {
			got := c.in(boss).do(o.method+" "+path, body)
			if got.status != 400 && got.status != 422 {
				t.Errorf("%s %s with %s: got %d %s", o.method, o.path, name, got.status, got.body)
				continue
			}
			if q := got.problem(t); q.Code != "invalid" || q.Detail == "" {
				t.Errorf("%s %s with %s: got %+v", o.method, o.path, name, q)
			}
		}
		if got := c.in(boss).do(o.method+" "+path, "a=b", "Content-Type", "application/x-www-form-urlencoded"); got.status != 415 {
			t.Errorf("%s %s with a form: got %d", o.method, o.path, got.status)
		}
		if got := c.in(boss).do(o.method+" "+path, `{}`, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); got.status != 403 {
			t.Errorf("%s %s from another site: got %d", o.method, o.path, got.status)
		}
	}
	if bodies < 15 {
		t.Errorf("%d operations with bodies, want all", bodies)
	}
}

// wrongTypes is an object with all fields of a type, each of a type that it is not.
func wrongTypes(ref string, c *cast) string {
	s := c.api.OpenAPI().Components.Schemas.SchemaFromRef(ref)
	var parts []string
	for name, f := range s.Properties {
		v := `{"x":[]}`
		if f.Type == "object" || f.Type == "" {
			v = `7`
		}
		parts = append(parts, fmt.Sprintf("%q:%s", name, v))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// endless is a body of n bytes that counts what was taken of it.
type endless struct {
	left  int64
	taken *atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	e.left -= n
	e.taken.Add(n)
	return int(n), nil
}

// TestABodyOf100MB is refused before it is read, whether its length is told or not.
func TestABodyOf100MB(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	b := s.in(s.person(false))
	for _, told := range []bool{true, false} {
		for who, browser := range map[string]*browser{"signed in": b, "nobody": s.nobody()} {
			var taken atomic.Int64
			const size = 100 << 20
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/api/v1/projects", &endless{size, &taken})
			s.ok(err)
			req.Header = browser.header()
			req.Header.Set("Content-Type", "application/json")
			if told {
				req.ContentLength = size
			}
			resp, err := web.Do(req)
			if err == nil {
				if want := map[string]int{"signed in": 413, "nobody": 401}[who]; resp.StatusCode != want && !(told && resp.StatusCode == 413) {
					t.Errorf("%s, length told %v: got %d, want %d", who, told, resp.StatusCode, want)
				}
				resp.Body.Close()
			}
			// The server closes the connection; what is in its buffers was sent.
			if taken.Load() > 20<<20 {
				t.Errorf("%s, length told %v: the server took %d MB", who, told, taken.Load()>>20)
			}
		}
	}
}

func TestForgedAndExpired(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	a := s.person(false)
	good := s.in(a)
	if got := good.do("GET /api/v1/account", ""); got.status != 200 {
		t.Fatalf("a good session: %d", got.status)
	}
	secret := good.secret.Reveal()
	for name, cookie := range map[string]string{
		"made up":        "lyceum=" + lyceum.NewSecret().Reveal(),
		"a bit changed":  "lyceum=" + flip(secret),
		"shorter":        "lyceum=" + secret[:42],
		"longer":         "lyceum=" + secret + "A",
		"its identifier": "lyceum=" + string(good.session),
		"another name":   "__Host-lyceum=" + secret,
		"SQL":            "lyceum=' OR 1=1 --" + strings.Repeat("x", 28),
		"empty":          "lyceum=",
		"a token's":      "lyceum=lyc_" + secret[:39],
	} {
		if got := s.nobody().do("GET /api/v1/account", "", "Cookie", cookie); got.status != 401 {
			t.Errorf("cookie, %s: got %d, want 401", name, got.status)
		}
	}
	token := s.program(a, lyceum.ScopeWrite, "")
	if got := token.do("GET /api/v1/account", ""); got.status != 200 {
		t.Fatalf("a good token: %d", got.status)
	}
	for name, value := range map[string]string{
		"made up":               "Bearer lyc_" + lyceum.NewSecret().Reveal(),
		"a bit changed":         "Bearer " + flip(token.secret.Reveal()),
		"without its beginning": "Bearer " + token.secret.Reveal()[4:],
		"a session's":           "Bearer " + secret,
		"an empty one":          "Bearer ",
		"very long":             "Bearer lyc_" + strings.Repeat("A", 5000),
	} {
		got := s.nobody().do("GET /api/v1/account", "", "Authorization", value)
		if got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("token, %s: got %d, want 401", name, got.status)
		}
	}
	if got := s.nobody().do("GET /api/v1/account?token="+token.secret.Reveal(), ""); got.status != 401 && got.status != 422 {
		t.Errorf("a token in the address of the API: got %d, want it refused", got.status)
	}
	// A wrong token is not made good by a cookie beside it.
	if got := good.do("GET /api/v1/account", "", "Authorization", "Bearer lyc_wrong"); got.status != 401 {
		t.Errorf("a wrong token beside a good cookie: got %d, want 401", got.status)
	}
	s.sql(`UPDATE api_tokens SET expires_at = now()`)
	s.sql(`UPDATE sessions SET expires_at = now()`)
	s.Auth.Forget(a.ID) // what was remembered holds for seconds
	for name, b := range map[string]*browser{"token": token, "session": good} {
		if got := b.do("GET /api/v1/account", ""); got.status != 401 {
			t.Errorf("an expired %s: got %d, want 401", name, got.status)
		}
	}
	if strings.Contains(s.log.String(), secret) || strings.Contains(s.log.String(), token.secret.Reveal()) {
		t.Error("a secret is in the log")
	}
}

func flip(s string) string {
	c := byte('A')
	if s[len(s)-10] == c {
		c = 'B'
	}
	return s[:len(s)-10] + string(c) + s[len(s)-9:]
}

// withPassword makes an account that can sign in.
func (s *site) withPassword(t *testing.T) (email, password string) {
	t.Helper()
	link, err := s.Auth.PrepareSetup(t.Context())
	s.ok(err)
	got := s.nobody().do("POST /api/v1/setup", fmt.Sprintf(`{"secret":%q,"email":"ada@example.org","name":"Ada","password":"correct horse"}`, link.Reveal()))
	if got.status != 200 || !into[api.Account](t, got).Admin {
		t.Fatalf("set-up: %d %s", got.status, got.body)
	}
	return "ada@example.org", "correct horse"
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	if site := into[api.Site](t, s.nobody().do("GET /api/v1/site", "")); !site.SetupNeeded || site.Account != nil {
		t.Errorf("a new site: %+v", site)
	}
	email, password := s.withPassword(t)
	if got := s.nobody().do("POST /api/v1/setup", `{"secret":"x","email":"eve@example.org","name":"Eve","password":"0123456789"}`); got.status != 409 {
		t.Errorf("set-up again: got %d, want 409", got.status)
	}
	got := s.nobody().do("POST /api/v1/sessions", fmt.Sprintf(`{"email":%q,"password":%q}`, " "+strings.ToUpper(email), password))
	cookies := (&http.Response{Header: got.header}).Cookies()
	if got.status != 200 || len(cookies) != 1 {
		t.Fatalf("sign in: %d %s, cookies %v", got.status, got.body, cookies)
	}
	k := cookies[0]
	if k.Name != "lyceum" || k.Path != "/" || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Secure || k.Domain != "" {
		t.Errorf("cookie: %s", k)
	}
	b := &browser{site: s, session: "s", secret: lyceum.Secret(k.Value)}
	if site := into[api.Site](t, b.do("GET /api/v1/site", "")); site.Account == nil || site.Account.Email != email || site.SetupNeeded {
		t.Errorf("signed in: %+v", site)
	}
	if list := into[[]api.Session](t, b.do("GET /api/v1/account/sessions", "")); len(list) != 2 || list[0].Current == list[1].Current {
		t.Errorf("sessions: %+v", list)
	}
	if got := b.do("DELETE /api/v1/sessions/current", ""); got.status/100 != 2 || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("sign out: %d %v", got.status, got.header)
	}
	if got := b.do("GET /api/v1/account", ""); got.status != 401 {
		t.Errorf("after signing out: got %d", got.status)
	}
}

// TestWrongPasswords tell nothing, and too many of them are refused.
func TestWrongPasswords(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	email, password := s.withPassword(t)
	try := func(email, password string) answer {
		return s.nobody().do("POST /api/v1/sessions", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))
	}
	unknown, wrong := try("eve@example.org", "0123456789").problem(t), try(email, "0123456789").problem(t)
	if unknown.Status != 401 || unknown.Detail != wrong.Detail {
		t.Errorf("an unknown account: %+v, a wrong password: %+v, want the same", unknown, wrong)
	}
	refused := 0
	for i := range 14 {
		got := try(email, fmt.Sprintf("wrong password %d", i))
		if got.status == 429 {
			refused++
			if got.header.Get("Retry-After") == "" {
				t.Error("it does not say when to try again")
			}
		} else if got.status != 401 || refused > 0 {
			t.Fatalf("try %d: got %d", i, got.status)
		}
	}
	if refused == 0 {
		t.Error("15 wrong passwords were all looked at")
	}
	if got := try(email, password); got.status != 429 {
		t.Errorf("the right password after too many wrong ones: got %d, want 429", got.status)
	}
	if strings.Contains(s.log.String(), "wrong password") || strings.Contains(s.log.String(), password) {
		t.Error("a password is in the log")
	}
}

func TestSignUpFollowsTheSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	s.withPassword(t)
	admin := s.in(s.person(true))
	n := 0
	signUp := func(invitation string) answer {
		n++
		return s.nobody().do("POST /api/v1/accounts", fmt.Sprintf(`{"email":"new%d@example.org","name":"New","password":"0123456789","invitation":%q}`, n, invitation))
	}
	invite := func(path, body string) string {
		t.Helper()
		link := into[api.Invitation](t, admin.do("POST "+path, body)).Link
		u, err := url.Parse(link)
		if err != nil || !strings.HasPrefix(link, s.base+"/invitations/") {
			t.Fatalf("link %q", link)
		}
		return strings.TrimPrefix(u.Path, "/invitations/")
	}
	project := s.project(admin.account)
	toSite := func() string { return invite("/api/v1/admin/invitations", `{"days":1}`) }
	toProject := func() string {
		return invite("/api/v1/projects/"+string(project)+"/invitations", `{"role":"viewer"}`)
	}
	for _, c := range []struct {
		mode                       lyceum.SignUp
		without, project, siteWide int
	}{
		{lyceum.SignUpClosed, 403, 403, 200}, {lyceum.SignUpInvitation, 403, 200, 200}, {lyceum.SignUpOpen, 200, 200, 200},
	} {
		if got := admin.do("PATCH /api/v1/admin/settings", fmt.Sprintf(`{"signUp":%q}`, c.mode)); got.status != 200 {
			t.Fatalf("%s: %d %s", c.mode, got.status, got.body)
		}
		for name, try := range map[string]struct{ got, want int }{
			"without an invitation": {signUp("").status, c.without},
			"invited to a project":  {signUp(toProject()).status, c.project},
			"invited to the site":   {signUp(toSite()).status, c.siteWide},
			"with a made-up one":    {signUp("made-up").status, 404},
		} {
			if try.got != try.want {
				t.Errorf("%s, %s: got %d, want %d", c.mode, name, try.got, try.want)
			}
		}
	}
	once := toSite()
	if a, b := signUp(once).status, signUp(once).status; a != 200 || b == 200 {
		t.Errorf("an invitation for one: got %d, then %d", a, b)
	}
}

// TestOpenSignUpNeedsWalls: where projects are not kept apart, one account only.
func TestOpenSignUpNeedsWalls(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{alone: true})
	s.withPassword(t)
	admin := s.in(s.person(true))
	if got := admin.do("PATCH /api/v1/admin/settings", `{"signUp":"open"}`); got.status != 409 && got.status != 422 {
		t.Errorf("open sign-up: got %d %s, want it refused", got.status, got.body)
	}
	link := into[api.Invitation](t, admin.do("POST /api/v1/admin/invitations", `{"days":1}`)).Link
	got := s.nobody().do("POST /api/v1/accounts", fmt.Sprintf(`{"email":"new@example.org","name":"New","password":"0123456789","invitation":%q}`, link[strings.LastIndex(link, "/")+1:]))
	if got.status != 409 {
		t.Errorf("a second account: got %d %s, want 409", got.status, got.body)
	}
}

// TestQueryTokens hold under sync only, and are neither logged nor passed on.
func TestQueryTokens(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	c.farm.start(p)
	b := c.program(c.owner, lyceum.ScopeWrite, "")
	query := "?token=" + b.secret.Reveal() + "&v=lyceum1"
	if _, _, err := c.nobody().dial("/p/" + string(p) + "/sync/a.txt" + query); err != nil {
		t.Errorf("under sync: %v", err)
	}
	if r, _, ok := c.farm.last(); !ok || r.URL.RawQuery != "v=lyceum1" {
		t.Errorf("the project sees the query %q", r.URL.RawQuery)
	}
	for _, path := range []string{"term/1/socket", "watch"} {
		if _, resp, err := c.nobody().dial("/p/" + string(p) + "/" + path + query); err == nil || resp.StatusCode != 401 {
			t.Errorf("under %s: %v, want 401", path, err)
		}
	}
	if got := c.nobody().do("GET /p/"+string(p)+"/files/a.txt"+query, ""); got.status != 401 {
		t.Errorf("under files: got %d, want 401", got.status)
	}
	if strings.Contains(c.log.String(), b.secret.Reveal()) {
		t.Error("the token is in the log")
	}
}

// TestSocketsOfOtherSites are refused though the cookie is right.
func TestSocketsOfOtherSites(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	c.farm.start(p)
	b := c.in(c.owner)
	for origin, ok := range map[string]bool{c.base: true, "https://evil.example": false, "null": false, c.base + "1": false} {
		_, resp, err := b.dial("/p/"+string(p)+"/term/1/socket", "Origin", origin)
		if (err == nil) != ok || !ok && resp.StatusCode != 403 {
			t.Errorf("origin %s: %v, want accepted: %v", origin, err, ok)
		}
	}
}

// TestASlowLorisBlocksNobody: 200 connections that say nothing, and the site answers.
func TestASlowLorisBlocksNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{})
	for range 200 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.server.URL, "http://"))
		s.ok(err)
		defer conn.Close()
		fmt.Fprint(conn, "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	}
	if got := s.in(s.person(false)).do("GET /api/v1/account", ""); got.status != 200 {
		t.Errorf("got %d", got.status)
	}
}

func TestGitAddresses(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"https://example.org/a/b.git": true, "http://example.org/a": true, "ssh://git@example.org/a": true, "git://example.org/a": true,
		"git@example.org:a/b.git": true, "https://user@example.org/a": true,
		"": false, "/etc": false, "file:///etc": false, "ext::sh -c id": false, "--upload-pack=id": false, "-c@host:path": true, "a b": false,
		"https://example.org": false, "https://example.org/": false, "https:///a": false, "https://-oProxyCommand=id/a": false, "ftp://example.org/a": false,
		"git@-oProxyCommand=id:a": false, "git@host::a": false, "https://user:pass@example.org/a": false, "ssh://-x@example.org/a": false, "https://example.org/a\n": false,
		"https://example.org/a#b": false, "host:path": false, "C:\\x": false, strings.Repeat("a", 3000): false,
	} {
		if err := checkGitURL(s); (err == nil) != ok && s != "-c@host:path" {
			t.Errorf("%.60q: got %v, want accepted: %v", s, err, ok)
		}
	}
	if checkGitURL("-c@host:path") == nil {
		t.Error("an option is taken for an address")
	}
}

// TestRequestsThatAreOdd get an answer and break nothing.
func TestRequestsThatAreOdd(t *testing.T) {
	t.Parallel()
	s := newSite(t, options{app: builtApp()})
	for _, request := range []string{
		"GET /api/v1/projects/%00 HTTP/1.1", "GET /api/v1/../v1/site HTTP/1.1", "GET //api/v1/site HTTP/1.1", "BREW /api/v1/site HTTP/1.1",
		"GET /p HTTP/1.1", "GET /p/ HTTP/1.1", "GET /p/%zz HTTP/1.1", "GET /p/x/files/%00 HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
		"GET /api/v1/site?%zz HTTP/1.1", "TRACE / HTTP/1.1", "CONNECT x:1 HTTP/1.1", "GET /api/v1/projects?limit=-1 HTTP/1.1",
		"GET /api/v1/projects?cursor=%00 HTTP/1.1", "GET /api/v1/people?query=%00 HTTP/1.1", "GET /api/v1/invitations/%ff HTTP/1.1",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.server.URL, "http://"))
		s.ok(err)
		s.ok(conn.SetDeadline(time.Now().Add(patience)))
		fmt.Fprintf(conn, "%s\r\nHost: x\r\nConnection: close\r\nCookie: lyceum=%s\r\n\r\n", request, s.in(s.person(false)).secret.Reveal())
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 ") || strings.HasPrefix(line, "HTTP/1.1 5") {
			t.Errorf("%s: got %q, %v", request, line, err)
		}
		_ = conn.Close()
	}
	if strings.Contains(s.log.String(), `"level":"ERROR"`) {
		t.Errorf("the log: %s", s.log.tail())
	}
}

// TestWhatIsNotThere: every listed identifier of another kind or owner is NotFound.
func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	owner, victim := c.in(c.owner), c.in(c.viewer)
	token := c.program(c.viewer, lyceum.ScopeRead, "")
	i, err := c.db.CreateInvitation(context.Background(), by(c.owner), lyceum.Invitation{Project: p, Role: lyceum.Viewer, Account: c.admin.ID, Expires: time.Now().Add(time.Hour), Uses: 1}, nil)
	c.ok(err)
	elsewhere := c.project(c.owner)
	for _, what := range []string{
		"DELETE /api/v1/account/sessions/" + string(victim.session), "DELETE /api/v1/account/tokens/" + string(token.token),
		"POST /api/v1/account/invitations/" + string(i.ID) + "/accept", "POST /api/v1/account/invitations/" + string(i.ID) + "/decline",
		"DELETE /api/v1/projects/" + string(elsewhere) + "/invitations/" + string(i.ID), "DELETE /api/v1/account/sessions/x",
		"DELETE /api/v1/projects/" + string(p) + "/members/" + string(lyceum.NewID[lyceum.AccountID]()), "DELETE /api/v1/projects/" + string(p) + "/members/x",
		"GET /api/v1/invitations/" + string(i.ID), "GET /api/v1/nothing", "PUT /api/v1/site", "GET /metrics",
	} {
		if got := owner.do(what, ""); got.status != 404 {
			t.Errorf("%s: got %d %s, want 404", what, got.status, got.body)
		}
	}
	for _, b := range []*browser{victim, token} {
		if got := b.do("GET /api/v1/account", ""); got.status != 200 {
			t.Errorf("what is another's is gone: %d", got.status)
		}
	}
}
