package hub

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

// public are the routes that anyone may call, signed in or not: all of them.
var public = []string{
	"GET /api/v1/site", "POST /api/v1/setup", "POST /api/v1/sessions", "POST /api/v1/accounts", "GET /api/v1/invitations/{secret}",
	"GET /api/v1/openapi.json", "GET /api/v1/docs", "/api/", "GET /healthz", "GET /readyz", "/metrics", "/",
}

func TestEveryRouteHasAVerb(t *testing.T) {
	t.Parallel()
	known := lyceum.Verbs()
	var open []string
	ids, places := map[string]bool{}, map[string]bool{}
	for _, o := range operations() {
		where := o.method + " " + prefix + o.path
		if !slices.Contains(known, o.verb) {
			t.Errorf("%s has the verb %q, which is none", where, o.verb)
		}
		if o.verb == lyceum.DoNothing {
			open = append(open, where)
		}
		if ids[o.id] || places[where] || o.summary == "" {
			t.Errorf("%s (%s) is there twice, or has no summary", where, o.id)
		}
		ids[o.id], places[where] = true, true
		// The object of a verb on a project is the project in the path.
		if about := strings.HasPrefix(o.path, "/projects/{id}"); about != onProject(o.verb) {
			t.Errorf("%s has the verb %s, whose object its path does not name", where, o.verb)
		}
	}
	for _, p := range pages() {
		switch {
		case p.verb == "" && p.pattern != "/p/{id}/{path...}":
			t.Errorf("%s has no verb", p.pattern)
		case p.verb == lyceum.DoNothing:
			open = append(open, p.pattern)
		case p.verb != "" && !slices.Contains(known, p.verb):
			t.Errorf("%s has the verb %q, which is none", p.pattern, p.verb)
		}
	}
	for _, r := range projectRoutes() {
		if !slices.Contains(known, r.verb) || !onProject(r.verb) {
			t.Errorf("%s %s has the verb %q", r.method, r.path, r.verb)
		}
		if r.query && !strings.HasPrefix(r.path, "sync/") && !strings.HasPrefix(r.path, "jupyter/") {
			t.Errorf("%s takes tokens in its query", r.path)
		}
	}
	slices.Sort(open)
	want := slices.Sorted(slices.Values(public))
	if !slices.Equal(open, want) {
		t.Errorf("public routes:\n got %v\nwant %v", open, want)
	}
}

func onProject(v lyceum.Verb) bool {
	some := lyceum.Object{Project: "p", Role: lyceum.Owner}
	return !lyceum.Can(lyceum.Actor{Account: "a", Admin: true}, v, lyceum.Object{Account: "a"}) &&
		lyceum.Can(lyceum.Actor{Account: "a"}, v, some)
}

// TestATokenThatReadsChangesNothing, whichever route it tries.
func TestATokenThatReadsChangesNothing(t *testing.T) {
	t.Parallel()
	reader := lyceum.Actor{Account: "a", Admin: true, Token: "t", Scope: lyceum.ScopeRead}
	object := lyceum.Object{Account: "a", Project: "p", Role: lyceum.Owner}
	for _, o := range operations() {
		if o.verb == lyceum.DoNothing || o.method == http.MethodGet {
			continue
		}
		for _, obj := range []lyceum.Object{object, {Account: "a"}, {}} {
			if lyceum.Can(reader, o.verb, obj) {
				t.Errorf("%s %s may be called with a token that only reads", o.method, o.path)
			}
		}
	}
	for _, r := range projectRoutes() {
		if r.method != http.MethodGet && lyceum.Can(reader, r.verb, object) {
			t.Errorf("%s %s may be called with a token that only reads", r.method, r.path)
		}
	}
}

// walker is one who calls every route.
type walker struct {
	name string
	as   func(p lyceum.ProjectID) *browser // signed in anew each time: some routes sign out
	flag lyceum.Actor                      // what the test knows of it
}

// walkers are all kinds of people and tokens, as members of the projects that
// cast makes.
type cast struct {
	*site
	owner, editor, viewer, admin lyceum.Account
	walkers                      []walker
}

func newCast(s *site) *cast {
	c := &cast{site: s, owner: s.person(false), editor: s.person(false), viewer: s.person(false), admin: s.person(true)}
	stranger, suspended := s.person(false), s.person(true)
	// One who was suspended with a session open, behind the back of what ends it.
	frozen := s.in(suspended)
	s.sql(`UPDATE accounts SET suspended_at = now() WHERE id = $1`, suspended.ID)
	elsewhere := s.project(c.owner)
	people := func(name string, a lyceum.Account) {
		c.walkers = append(c.walkers, walker{name, func(lyceum.ProjectID) *browser { return s.in(a) }, lyceum.Actor{Account: a.ID, Admin: a.Admin, Session: "s"}})
	}
	programs := func(name string, a lyceum.Account, scope lyceum.Scope, only func(p lyceum.ProjectID) lyceum.ProjectID) {
		made := map[lyceum.ProjectID]*browser{} // an account has at most 100
		as := func(p lyceum.ProjectID) *browser {
			if made[only(p)] == nil {
				made[only(p)] = s.program(a, scope, only(p))
			}
			return made[only(p)]
		}
		c.walkers = append(c.walkers, walker{name, as,
			lyceum.Actor{Account: a.ID, Admin: a.Admin, Token: "t", Scope: scope, Only: only("here")}})
	}
	all := func(lyceum.ProjectID) lyceum.ProjectID { return "" }
	this := func(p lyceum.ProjectID) lyceum.ProjectID { return p }
	other := func(lyceum.ProjectID) lyceum.ProjectID { return elsewhere }
	c.walkers = append(c.walkers,
		walker{"nobody", func(lyceum.ProjectID) *browser { return s.nobody() }, lyceum.Actor{}},
		walker{"suspended", func(lyceum.ProjectID) *browser { return frozen }, lyceum.Actor{Account: suspended.ID, Admin: true, Suspended: true, Session: "s"}})
	people("stranger", stranger)
	people("admin", c.admin)
	programs("owner's token: read", c.owner, lyceum.ScopeRead, all)
	programs("owner's token: write", c.owner, lyceum.ScopeWrite, all)
	programs("owner's token: admin", c.owner, lyceum.ScopeAdmin, all)
	programs("owner's token: this project", c.owner, lyceum.ScopeWrite, this)
	programs("owner's token: another project", c.owner, lyceum.ScopeWrite, other)
	programs("admin's token: write", c.admin, lyceum.ScopeWrite, all)
	programs("admin's token: admin", c.admin, lyceum.ScopeAdmin, all)
	people("viewer", c.viewer)
	people("editor", c.editor)
	people("owner", c.owner)
	return c
}

func (c *cast) newProject() lyceum.ProjectID {
	p := c.project(c.owner)
	c.join(p, c.owner, c.editor, lyceum.Editor)
	c.join(p, c.owner, c.viewer, lyceum.Viewer)
	return p
}

// expected is what the rule says of a walker on a project, as it is now.
func (c *cast) expected(w walker, v lyceum.Verb, p lyceum.ProjectID) error {
	c.t.Helper()
	actor := w.flag
	if actor.Only == "here" {
		actor.Only = p
	}
	switch {
	case strings.HasPrefix(string(v), "own."):
		return lyceum.Check(actor, v, lyceum.Object{Account: actor.Account})
	case !onProject(v):
		return lyceum.Check(actor, v, lyceum.Object{})
	}
	o := lyceum.Object{Project: p}
	if actor.Account != "" {
		var err error
		o.Role, o.Deleted, err = c.db.RoleIn(c.t.Context(), p, actor.Account)
		c.ok(err)
	}
	return lyceum.Check(actor, v, o)
}

var statuses = map[lyceum.Kind]int{lyceum.Unauthenticated: 401, lyceum.Forbidden: 403, lyceum.NotFound: 404, lyceum.Conflict: 409}

// judge compares an answer with what the rule says. What it allows may fail for
// another reason, but not for a right.
func judge(want error, got answer, what string) error {
	refusal := ""
	if want != nil {
		refusal = want.Error()
	}
	switch {
	case got.status >= 500 && got.status != 503:
		return fmt.Errorf("%s: status %d %s", what, got.status, got.body)
	case want == nil && (got.status == 401 || got.status == 403 || strings.Contains(got.body, noProject().Error())):
		return fmt.Errorf("%s: refused with %d %s, want it allowed", what, got.status, got.body)
	case want != nil && (got.status != statuses[lyceum.KindOf(want)] || !strings.Contains(got.body, refusal)):
		return fmt.Errorf("%s: got %d %.200s, want %d %s", what, got.status, got.body, statuses[lyceum.KindOf(want)], refusal)
	}
	return nil
}

// TestEveryRouteAsEverybody walks the route table as everybody, and holds each
// answer against what lyceum.Can says.
func TestEveryRouteAsEverybody(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	calls := 0
	for _, o := range operations() {
		p := c.newProject()
		path := strings.NewReplacer("{id}", string(p), "{aid}", string(lyceum.NewID[lyceum.AccountID]()), "{sid}", string(lyceum.NewID[lyceum.SessionID]()),
			"{tid}", string(lyceum.NewID[lyceum.TokenID]()), "{iid}", string(lyceum.NewID[lyceum.InvitationID]()), "{secret}", "none", "{name}", "NAME", "{pid}", string(p)).Replace(prefix + o.path)
		if strings.Contains(path, "{") {
			t.Fatalf("the test does not know what to put into %s", path)
		}
		body := ""
		if o.method != http.MethodGet && o.method != http.MethodDelete {
			body = `{"this field is in no type":1}` // so that what is allowed changes nothing
		}
		for _, w := range c.walkers {
			want := c.expected(w, o.verb, p)
			got := w.as(p).do(o.method+" "+path, body)
			if err := judge(want, got, w.name+": "+o.method+" "+o.path); err != nil {
				t.Error(err)
			}
			calls++
		}
	}
	if calls < 700 {
		t.Errorf("%d calls, want each route by each kind of person", calls)
	}
}

func TestEveryPageAsEverybody(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	for _, p := range pages() {
		if p.verb == "" {
			continue
		}
		method, path, found := strings.Cut(p.pattern, " ")
		if !found {
			method, path = http.MethodGet, p.pattern
		}
		for _, w := range c.walkers {
			want := c.expected(w, p.verb, "")
			b := w.as("")
			var got answer
			if path == prefix+"/events" && want == nil {
				b.listen().close() // it never ends by itself
				got.status = 200
			} else {
				got = b.do(method+" "+path, "")
			}
			if err := judge(want, got, w.name+": "+p.pattern); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestEveryProjectAddressAsEverybody walks the table of project traffic.
func TestEveryProjectAddressAsEverybody(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	c.farm.start(p)
	for _, r := range projectRoutes() {
		path := "/p/" + string(p) + "/" + strings.NewReplacer("{path...}", "dir/a%20b.txt", "{tid}", "7").Replace(r.path)
		for _, w := range c.walkers {
			want := c.expected(w, r.verb, p)
			b, what := w.as(p), w.name+": "+r.method+" "+r.path
			got := b.do(r.method+" "+path, "")
			if err := judge(want, got, what); err != nil {
				t.Error(err)
				continue
			}
			switch {
			case want != nil:
			case r.socket:
				if got.status != http.StatusBadRequest {
					t.Errorf("%s without a WebSocket: got %d, want 400", what, got.status)
				}
				if _, _, err := b.dial(path); err != nil {
					t.Errorf("%s: %v", what, err)
					continue
				}
				c.checkTicket(what, w, p)
			case got.status != http.StatusOK:
				t.Errorf("%s: got %d %s", what, got.status, got.body)
			default:
				c.checkTicket(what, w, p)
			}
			if want != nil && r.socket {
				_, resp, err := b.dial(path)
				if err == nil || resp == nil || resp.StatusCode != got.status {
					t.Errorf("%s as a WebSocket: %v, want status %d", what, err, got.status)
				}
			}
		}
	}
	for _, w := range c.walkers {
		for _, path := range []string{"control", "cut", "healthz", "", "term/7/other", "port/80/", "..%2f..%2fcontrol", "./control"} {
			for _, method := range []string{"GET", "POST"} {
				if got := w.as(p).do(method+" /p/"+string(p)+"/"+path, ""); got.status != 404 {
					t.Errorf("%s: %s %q: got %d, want 404", w.name, method, path, got.status)
				}
			}
		}
	}
}

func (c *cast) checkTicket(what string, w walker, p lyceum.ProjectID) {
	c.t.Helper()
	r, got, ok := c.farm.last()
	if !ok {
		c.t.Errorf("%s: nothing reached the project", what)
		return
	}
	role, _, err := c.db.RoleIn(c.t.Context(), p, w.flag.Account)
	c.ok(err)
	if got.Project != p || got.Account != w.flag.Account || got.Role != role || got.System || got.Session == "" || got.ReadOnly != (w.flag.Scope == lyceum.ScopeRead) {
		c.t.Errorf("%s: the ticket says %+v", what, got)
	}
	for _, name := range []string{"Cookie", "Authorization"} {
		if r.Header.Get(name) != "" {
			c.t.Errorf("%s: %s reached the project", what, name)
		}
	}
	if strings.HasPrefix(r.URL.Path, "/p/") {
		c.t.Errorf("%s: the project sees the path %s", what, r.URL.Path)
	}
}

// TestProjectsThatAreNotThere look like those of others.
func TestProjectsThatAreNotThere(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	others := c.newProject()
	stranger := c.in(c.person(false))
	want := stranger.do("GET /api/v1/projects/"+string(others), "").problem(t)
	for _, id := range []string{string(lyceum.NewID[lyceum.ProjectID]()), "x", "%2e%2e", strings.ToUpper(string(others)), strings.Repeat("a", 5000)} {
		for _, path := range []string{"/api/v1/projects/" + id, "/p/" + id + "/files/a"} {
			got := stranger.do("GET "+path, "")
			if p := got.problem(t); got.status != 404 || p.Detail != want.Detail {
				t.Errorf("%.60s: got %d %s, want 404 %s", path, got.status, p.Detail, want.Detail)
			}
			if got := c.nobody().do("GET "+path, ""); got.status != 401 {
				t.Errorf("%.60s as nobody: got %d, want 401", path, got.status)
			}
		}
	}
}

// TestATokenOfOneProjectKnowsNoOther.
func TestATokenOfOneProjectKnowsNoOther(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	a, b := c.newProject(), c.newProject()
	for _, filter := range []string{"", "?filter=all", "?filter=deleted", "?filter=starred", "?query=proj", "?query=nothing"} {
		got := c.program(c.owner, lyceum.ScopeWrite, a).do("GET /api/v1/projects"+filter, "")
		if got.status != 200 || strings.Contains(got.body, string(b)) {
			t.Errorf("%s: got %d %s", filter, got.status, got.body)
		}
		if want := filter == "" || strings.HasSuffix(filter, "all") || strings.HasSuffix(filter, "proj"); strings.Contains(got.body, string(a)) != want {
			t.Errorf("%s: its own project is listed: %v, want %v", filter, !want, want)
		}
	}
	s := c.program(c.owner, lyceum.ScopeWrite, a).listen()
	defer s.close()
	_, err := c.db.UpdateProject(t.Context(), by(c.owner), b, changeName("Other"))
	c.ok(err)
	_, err = c.db.UpdateProject(t.Context(), by(c.owner), a, changeName("Mine"))
	c.ok(err)
	if e := s.next("project"); !strings.Contains(e.data, "Mine") {
		t.Errorf("the event stream tells %s", e.data)
	}
}
