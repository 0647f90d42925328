package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"lyceum/internal/auth"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/rest"
)

// The event stream is one per browser (server-sent events, HTML standard section
// 9.2). It tells what changed; a client that (re)connects reads its lists again,
// so nothing needs to be kept for those who are away.
//
//	event: project        data: api.Project, as the one who listens sees it
//	event: project-gone   data: {"id":…}       not there any more, or not for them
//	event: members        data: {"project":…}  its members changed
//	event: account        data: {}             own account or invitations changed
//	event: site           data: {}             the site's settings changed
//	event: signed-out     data: {}             and the stream ends
const (
	pingTime    = 20 * time.Second
	eventQueue  = 256 // events that may wait for one slow client; then its stream is ended, and it reads anew
	eventWrite  = 10 * time.Second
	retryLeast  = 500 // milliseconds until a client connects again; a random part keeps them from coming all at once
	retryRandom = 1500
)

// event is one event as it goes over the wire.
type event struct {
	name string
	data []byte
}

// subscriber is one open stream.
type subscriber struct {
	identity auth.Identity
	queue    chan event
	over     chan struct{} // closed when the queue ran over
	once     sync.Once
}

// send queues an event, or ends the stream of one who does not read.
func (s *subscriber) send(e event) {
	select {
	case s.queue <- e:
	default:
		s.end()
	}
}

// reaches reports whether the stream may tell of a project: an API token for one
// project hears of no other.
func (s *subscriber) reaches(id lyceum.ProjectID) bool {
	only := s.identity.Actor.Only
	return only == "" || only == id
}

func (s *subscriber) end() { s.once.Do(func() { close(s.over) }) }

// broker knows who listens.
type broker struct {
	changes *pile[postgres.Notification]

	mu   sync.Mutex
	subs map[lyceum.AccountID]map[*subscriber]struct{}
}

func newBroker() *broker {
	return &broker{changes: newPile[postgres.Notification](), subs: map[lyceum.AccountID]map[*subscriber]struct{}{}}
}

func (b *broker) add(id auth.Identity) (s *subscriber, remove func()) {
	s = &subscriber{identity: id, queue: make(chan event, eventQueue), over: make(chan struct{})}
	account := id.Account.ID
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs[account] == nil {
		b.subs[account] = map[*subscriber]struct{}{}
	}
	b.subs[account][s] = struct{}{}
	return s, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subs[account], s)
		if len(b.subs[account]) == 0 {
			delete(b.subs, account)
		}
	}
}

// of returns the streams of an account.
func (b *broker) of(account lyceum.AccountID) []*subscriber {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]*subscriber, 0, len(b.subs[account]))
	for s := range b.subs[account] {
		list = append(list, s)
	}
	return list
}

// accounts returns who listens.
func (b *broker) accounts() []lyceum.AccountID {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]lyceum.AccountID, 0, len(b.subs))
	for a := range b.subs {
		list = append(list, a)
	}
	return list
}

// changed leaves a change to the worker.
func (b *broker) changed(n postgres.Notification) {
	switch n.What {
	case postgres.ProjectChanged, postgres.MembersChanged, postgres.AccountChanged, postgres.SettingsChanged:
		b.changes.add(n)
	case postgres.Missed:
		// Nobody knows what was missed: all read anew.
		for _, a := range b.accounts() {
			for _, s := range b.of(a) {
				s.end()
			}
		}
	}
}

// tellAll sends what changes mean to each of those who listen and may know.
func (h *Hub) tellAll(ctx context.Context, list []postgres.Notification) {
	members, err := h.membersOf(ctx, list)
	for _, n := range list {
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = h.tell(ctx, n, h.concerned(n, members))
		}
	}
	if err != nil {
		// The browsers would go on with what is old: they shall read anew.
		h.log.WarnContext(ctx, "a change could not be told to browsers", "err", err)
		h.events.changed(postgres.Notification{What: postgres.Missed})
	}
}

// membersOf reads who is in the projects on the list that changed. It returns nil when
// nobody listens: who comes later reads all anew.
func (h *Hub) membersOf(ctx context.Context, list []postgres.Notification) (map[lyceum.ProjectID][]lyceum.AccountID, error) {
	var ids []lyceum.ProjectID
	for _, n := range list {
		if n.What == postgres.MembersChanged || n.What == postgres.ProjectChanged && n.Account == "" {
			ids = append(ids, n.Project())
		}
	}
	if len(ids) == 0 || len(h.events.accounts()) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	return h.DB.MemberIDs(ctx, ids)
}

// tell sends what one change means. concerned is for a change of a project.
func (h *Hub) tell(ctx context.Context, n postgres.Notification, concerned []lyceum.AccountID) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	switch n.What {
	case postgres.AccountChanged:
		h.sendTo(lyceum.AccountID(n.ID), plainEvent("account", nil))
	case postgres.SettingsChanged:
		for _, a := range h.events.accounts() {
			h.sendTo(a, plainEvent("site", nil))
		}
	case postgres.ProjectChanged:
		return h.tellProject(ctx, n, concerned, false)
	case postgres.MembersChanged:
		return h.tellProject(ctx, n, concerned, true)
	}
	return nil
}

// tellProject sends a project to each of those concerned.
func (h *Hub) tellProject(ctx context.Context, n postgres.Notification, concerned []lyceum.AccountID, members bool) error {
	if len(concerned) == 0 {
		return nil
	}
	id := n.Project()
	settings, err := h.settings.get(ctx, h.DB)
	if err != nil {
		return err
	}
	for _, a := range concerned {
		v, err := h.viewOf(ctx, id, a)
		if lyceum.IsKind(err, lyceum.NotFound) || (err == nil && v.Role == "") {
			for _, s := range h.events.of(a) {
				if s.reaches(id) {
					s.send(plainEvent("project-gone", map[string]any{"id": id}))
				}
			}
			continue
		}
		if err == nil {
			v, err = h.crewed(ctx, v)
		}
		if err != nil {
			return err
		}
		for _, s := range h.events.of(a) {
			if !s.reaches(id) {
				continue
			}
			data, err := json.Marshal(projectOf(v, s.identity.Actor, settings.DeleteGrace))
			if err != nil {
				return err
			}
			s.send(event{"project", data})
			if members {
				s.send(plainEvent("members", map[string]any{"project": id}))
			}
		}
	}
	return nil
}

// concerned returns those who listen and whom a change of a project concerns: its
// members, and the one who is not any more. all is what membersOf returned.
func (h *Hub) concerned(n postgres.Notification, all map[lyceum.ProjectID][]lyceum.AccountID) []lyceum.AccountID {
	if n.What == postgres.ProjectChanged && n.Account != "" {
		return h.listening(n.Account)
	}
	if all == nil {
		return nil
	}
	members := all[n.Project()]
	if len(members) == 0 {
		// It was removed for good, its members with it: whoever shows it shall not.
		return h.events.accounts()
	}
	if n.Account != "" && !slices.Contains(members, n.Account) {
		members = append(members, n.Account)
	}
	return h.listening(members...)
}

func (h *Hub) listening(ids ...lyceum.AccountID) []lyceum.AccountID {
	h.events.mu.Lock()
	defer h.events.mu.Unlock()
	var list []lyceum.AccountID
	for _, a := range ids {
		if len(h.events.subs[a]) > 0 {
			list = append(list, a)
		}
	}
	return list
}

func (h *Hub) sendTo(a lyceum.AccountID, e event) {
	for _, s := range h.events.of(a) {
		s.send(e)
	}
}

// plainEvent makes an event of a few strings, which always encode.
func plainEvent(name string, v map[string]any) event {
	if v == nil {
		v = map[string]any{}
	}
	data, _ := json.Marshal(v)
	return event{name, data}
}

// serveEvents is the event stream. It ends when the sign-in does, when the client
// is too slow, when events may have been missed, and when the hub drains.
func (h *Hub) serveEvents(w http.ResponseWriter, r *http.Request) {
	g := grantOf(r.Context())
	right := postgres.Right{Account: g.Account.ID, Session: g.Actor.Session, Token: g.Actor.Token}
	ctx, done := h.sockets.add(r.Context(), right)
	defer done()
	sub, remove := h.events.add(g.Identity)
	defer remove()
	// The right may have been lost between its check and the registration.
	if lost, err := h.DB.LostRights(ctx, []postgres.Right{right}); err != nil || len(lost) > 0 {
		rest.WriteError(w, r, orElse(err, errSignedOut))
		return
	}
	rest.Stream(w)
	out := &eventWriter{w: w, rc: http.NewResponseController(w)}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no")
	if out.write(fmt.Sprintf("retry: %d\n\n", retryLeast+rand.IntN(retryRandom))) != nil {
		return
	}
	h.stream(ctx, out, sub)
}

// stream writes events until something ends it.
func (h *Hub) stream(ctx context.Context, out *eventWriter, sub *subscriber) {
	ping := time.NewTicker(pingTime)
	defer ping.Stop()
	for {
		var err error
		select {
		case e := <-sub.queue:
			err = out.write("event: " + e.name + "\ndata: " + string(e.data) + "\n\n")
		case <-ping.C:
			err = out.write(": ping\n\n")
		case <-ctx.Done():
			if lyceum.IsKind(context.Cause(ctx), lyceum.Unauthenticated) || lyceum.IsKind(context.Cause(ctx), lyceum.Forbidden) {
				_ = out.write("event: signed-out\ndata: {}\n\n") // it ends either way
			}
			return
		case <-sub.over:
			return
		case <-h.drained:
			return
		}
		if err != nil {
			return
		}
	}
}

// eventWriter writes and flushes, and gives up on a client that takes nothing.
type eventWriter struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (e *eventWriter) write(s string) error {
	// A writer without deadlines (in tests) has no limit.
	_ = e.rc.SetWriteDeadline(time.Now().Add(eventWrite))
	if _, err := e.w.Write([]byte(s)); err != nil {
		return err
	}
	return e.rc.Flush()
}
