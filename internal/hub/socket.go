package hub

import (
	"context"
	"slices"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// socket is a request that lasts: a WebSocket, an event stream, a download. It
// rests on a right, and ends when the right does.
type socket struct {
	right postgres.Right
	end   context.CancelCauseFunc // ends the request; the cause says why
	gone  chan struct{}           // closed when the request has ended
}

// sockets are all that are open on this hub.
type sockets struct {
	cuts *pile[postgres.Notification]

	mu   sync.Mutex
	open map[*socket]struct{}
}

func newSockets() *sockets {
	return &sockets{cuts: newPile[postgres.Notification](), open: map[*socket]struct{}{}}
}

// add registers a request that lasts and returns the context that ends with its
// right. The caller calls done when the request has ended.
func (s *sockets) add(ctx context.Context, r postgres.Right) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	sock := &socket{right: r, end: cancel, gone: make(chan struct{})}
	s.mu.Lock()
	s.open[sock] = struct{}{}
	s.mu.Unlock()
	return ctx, func() {
		s.mu.Lock()
		delete(s.open, sock)
		s.mu.Unlock()
		cancel(nil)
		close(sock.gone)
	}
}

// find returns those for which match is true.
func (s *sockets) find(match func(postgres.Right) bool) []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*socket
	for sock := range s.open {
		if match(sock.right) {
			list = append(list, sock)
		}
	}
	return list
}

// The causes with which a request that lasts is ended.
var (
	errSignedOut = lyceum.Errorf(lyceum.Unauthenticated, "you were signed out")
	errRightLost = lyceum.Errorf(lyceum.Forbidden, "your rights in this project have changed")
)

// cut looks at a change and ends what rests on a right that it took away. What
// the change alone tells is ended at once; what PostgreSQL must tell is left to
// the worker.
func (h *Hub) cut(n postgres.Notification) {
	switch n.What {
	case postgres.SessionRevoked:
		h.endAll(h.sockets.find(func(r postgres.Right) bool { return string(r.Session) == n.ID }), errSignedOut)
	case postgres.TokenRevoked:
		h.endAll(h.sockets.find(func(r postgres.Right) bool { return string(r.Token) == n.ID }), errSignedOut)
	case postgres.MembersChanged, postgres.AccountChanged, postgres.Missed:
		h.sockets.cuts.add(n)
	}
}

// cutChanged ends those of the concerned requests whose right is lost.
func (h *Hub) cutChanged(ctx context.Context, n postgres.Notification) {
	h.endLost(ctx, h.sockets.find(func(r postgres.Right) bool {
		switch n.What {
		case postgres.MembersChanged:
			return r.Project == n.Project() && (n.Account == "" || r.Account == n.Account)
		case postgres.AccountChanged:
			return string(r.Account) == n.ID
		}
		return true
	}))
}

// checkTime is how long PostgreSQL may take to say which rights are lost.
const checkTime = 10 * time.Second

// endLost asks PostgreSQL which of the sockets' rights are lost and ends those.
// While it cannot be reached nothing is ended: running work goes on.
func (h *Hub) endLost(ctx context.Context, list []*socket) {
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	rights := make([]postgres.Right, len(list))
	for i, s := range list {
		rights[i] = s.right
	}
	lost, err := h.DB.LostRights(ctx, rights)
	if err != nil {
		h.log.WarnContext(ctx, "rights of open sockets could not be checked", "err", err)
		return
	}
	if len(lost) == 0 {
		return
	}
	// Is it the sign-in that is gone, or the place in the project?
	signIns := make([]postgres.Right, len(lost))
	for i, place := range lost {
		r := rights[place]
		signIns[i] = postgres.Right{Account: r.Account, Session: r.Session, Token: r.Token}
	}
	signedOut, err := h.DB.LostRights(ctx, signIns)
	if err != nil {
		h.log.WarnContext(ctx, "why rights of open sockets are lost could not be read", "err", err)
	}
	for i, place := range lost {
		why := errRightLost
		if slices.Contains(signedOut, i) {
			why = errSignedOut
		}
		h.endAll(list[place:place+1], why)
	}
}

// cutTime is how long a project server may take to close sockets itself, with the
// code that tells the browser why. Then they are cut in any case.
const cutTime = 300 * time.Millisecond

// endAll ends requests. Where a project server stands behind them it is told
// first, all of one sign-in together.
func (h *Hub) endAll(list []*socket, why *lyceum.Error) {
	type behind struct {
		project lyceum.ProjectID
		cut     api.Cut
	}
	groups := map[behind][]*socket{}
	for _, s := range list {
		if s.right.Project == "" {
			s.end(why)
			continue
		}
		b := behind{s.right.Project, api.Cut{Session: string(s.right.Session) + string(s.right.Token)}}
		if why.Kind == lyceum.Forbidden {
			b.cut = api.Cut{Account: string(s.right.Account)}
		}
		groups[b] = append(groups[b], s)
	}
	for b, group := range groups {
		h.cutters.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), cutTime)
			defer cancel()
			if err := h.askToCut(ctx, b.project, b.cut); err != nil {
				h.log.Debug("a project did not close sockets itself", "project", b.project, "err", err)
			} else {
				awaitGone(ctx, group)
			}
			for _, s := range group {
				s.end(why)
			}
		})
	}
}

func (h *Hub) askToCut(ctx context.Context, id lyceum.ProjectID, c api.Cut) error {
	addr, err := h.Locator.Address(ctx, id)
	if err != nil {
		return err
	}
	return h.Proxy.Cut(ctx, id, addr, c)
}

// awaitGone waits until the requests have ended, or for ctx: the frame that tells
// the browser why may still be on its way.
func awaitGone(ctx context.Context, list []*socket) {
	for _, s := range list {
		select {
		case <-s.gone:
		case <-ctx.Done():
			return
		}
	}
}

// recheck reads all rights again on a clock, should a notification have been
// lost, until ctx ends.
func (h *Hub) recheck(ctx context.Context) {
	t := time.NewTicker(h.Recheck)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			h.endLost(ctx, h.sockets.find(func(postgres.Right) bool { return true }))
		}
	}
}
