package hub

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// told is an event as a browser got it.
type told struct {
	name, data string
	at         time.Time
}

// stream is an open event stream.
type stream struct {
	b      *browser
	header http.Header
	events chan told
	ended  chan struct{}
	close  context.CancelFunc
}

// listen opens an event stream and waits until it is registered.
func (b *browser) listen() *stream {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", b.base+"/api/v1/events", nil)
	b.ok(err)
	req.Header = b.header()
	resp, err := web.Do(req)
	if err != nil || resp.StatusCode != 200 {
		cancel()
		b.t.Fatalf("the event stream: %v %v", resp, err)
	}
	s := &stream{b: b, header: resp.Header, events: make(chan told, 1000), ended: make(chan struct{}), close: cancel}
	b.t.Cleanup(cancel)
	go func() {
		defer close(s.ended)
		defer resp.Body.Close()
		var e told
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case name == "event":
				e.name = value
			case name == "data":
				e.data = value
			case lines.Text() == "" && e.name != "":
				e.at = time.Now()
				s.events <- e
				e = told{}
			}
		}
	}()
	return s
}

// next returns the next event of the name; others are passed over.
func (s *stream) next(name string) told {
	s.b.t.Helper()
	late := time.After(patience)
	for {
		select {
		case e := <-s.events:
			if e.name == name {
				return e
			}
		case <-s.ended:
			select {
			case e := <-s.events:
				if e.name == name {
					return e
				}
				continue
			default:
			}
			s.b.t.Fatalf("the stream ended before %s", name)
		case <-late:
			s.b.t.Fatalf("not in %v: the event %s; log: %s", patience, name, s.b.log.tail())
		}
	}
}

func changeName(name string) postgres.ProjectChange { return postgres.ProjectChange{Name: &name} }

// TestEachChangeOfStateReachesOpenBrowsers, within 250 ms: the middle one of all,
// for the machine that runs the tests may stall, and none after seconds.
func TestEachChangeOfStateReachesOpenBrowsers(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	lease, err := postgres.AcquireLease(t.Context(), c.url, "manage", "test")
	c.ok(err)
	t.Cleanup(lease.Release)
	owner, viewer, stranger := c.in(c.owner).listen(), c.in(c.viewer).listen(), c.in(c.person(false)).listen()
	if h := owner.header; h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-store" || h.Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers: %v", h)
	}
	var took []time.Duration
	for _, change := range []postgres.StateChange{
		{Phase: lyceum.Starting, Step: "preparing"}, {Phase: lyceum.Starting, Step: "cloning the repository"},
		{Phase: lyceum.Starting, Step: "starting the project server"}, {Phase: lyceum.Running}, {Phase: lyceum.Stopping, Step: "saving"},
		{Phase: lyceum.Stopped, Reason: "idle for 1 h"}, {Phase: lyceum.Starting}, {Phase: lyceum.Failed, Reason: "it ended"},
	} {
		began := time.Now()
		if _, err := c.db.SetState(t.Context(), lease.Fence, p, change); err != nil {
			t.Fatal(err)
		}
		for who, s := range map[string]*stream{"owner": owner, "viewer": viewer} {
			e := s.next("project")
			var got api.Project
			if err := json.Unmarshal([]byte(e.data), &got); err != nil {
				t.Fatal(err)
			}
			if got.ID != string(p) || got.State.Phase != string(change.Phase) || got.State.Step != change.Step || got.State.Reason != change.Reason || got.Role != who {
				t.Errorf("%s is told %s, want %+v", who, e.data, change)
			}
			took = append(took, e.at.Sub(began))
		}
	}
	slices.Sort(took)
	t.Logf("from the change to the browser: median %v, slowest %v", took[len(took)/2], took[len(took)-1])
	if took[len(took)/2] > 250*time.Millisecond || took[len(took)-1] > 5*time.Second {
		t.Errorf("it took %v, want 250 ms", took)
	}
	stranger.close()
	for e := range stranger.rest() {
		t.Errorf("a stranger is told %+v", e)
	}
}

// rest yields what came until the stream ended.
func (s *stream) rest() <-chan told {
	<-s.ended
	close(s.events)
	return s.events
}

func TestWhatTheEventStreamTells(t *testing.T) {
	t.Parallel()
	c := newCast(newSite(t, options{}))
	p := c.newProject()
	owner, viewer, admin := c.in(c.owner), c.in(c.viewer), c.in(c.admin)
	so, sv, sa := owner.listen(), viewer.listen(), admin.listen()
	path := "/api/v1/projects/" + string(p)

	// A star concerns the one who gave it.
	if got := viewer.do("PUT "+path+"/star", ""); got.status != 204 {
		t.Fatalf("star: %d %s", got.status, got.body)
	}
	if e := sv.next("project"); !strings.Contains(e.data, `"starred":true`) {
		t.Errorf("the viewer is told %s", e.data)
	}
	// A role, all members.
	if got := owner.do("PUT "+path+"/members/"+string(c.editor.ID), `{"role":"viewer"}`); got.status != 204 {
		t.Fatalf("role: %d %s", got.status, got.body)
	}
	so.next("members")
	sv.next("members")
	// A removal, the one who is gone too.
	if got := owner.do("DELETE "+path+"/members/"+string(c.viewer.ID), ""); got.status != 204 {
		t.Fatalf("removal: %d %s", got.status, got.body)
	}
	if e := sv.next("project-gone"); !strings.Contains(e.data, string(p)) {
		t.Errorf("who was removed is told %s", e.data)
	}
	// The site, everybody.
	if got := admin.do("PATCH /api/v1/admin/settings", `{"siteName":"New"}`); got.status != 200 {
		t.Fatalf("settings: %d %s", got.status, got.body)
	}
	so.next("site")
	sv.next("site")
	sa.next("site")
	// An invitation, the one invited.
	if got := owner.do("POST "+path+"/invitations", `{"role":"viewer","account":"`+string(c.viewer.ID)+`"}`); got.status != 200 {
		t.Fatalf("invitation: %d %s", got.status, got.body)
	}
	sv.next("account")
	// The end of the sign-in, and with it the stream.
	if got := viewer.do("DELETE /api/v1/sessions/current", ""); got.status/100 != 2 {
		t.Fatalf("sign out: %d %s", got.status, got.body)
	}
	sv.next("signed-out")
	recvClosed(t, "the end of the stream", sv.ended)
	c.Drain()
	recvClosed(t, "the end of the stream when the hub drains", so.ended)
	if got := c.nobody().do("GET /readyz", ""); got.status != 503 {
		t.Errorf("/readyz of a hub that drains: %d", got.status)
	}
}

func recvClosed(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("not in %v: %s", patience, what)
	}
}

// TestASlowListenerIsLetGo: it holds up nobody, and reads anew.
func TestASlowListenerIsLetGo(t *testing.T) {
	t.Parallel()
	b := newBroker()
	s, remove := b.add(identity("ada"))
	defer remove()
	for range eventQueue {
		s.send(event{"x", nil})
	}
	select {
	case <-s.over:
		t.Fatal("it is let go before its queue is full")
	default:
	}
	s.send(event{"x", nil})
	s.send(event{"x", nil})
	recvClosed(t, "that it is let go", s.over)

	other, remove2 := b.add(identity("grace"))
	b.changed(postgres.Notification{What: postgres.Missed})
	recvClosed(t, "that all read anew when something was missed", other.over)
	remove2()
	if got := b.accounts(); len(got) != 1 {
		t.Errorf("who listens: %v", got)
	}
}
