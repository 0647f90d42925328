package socket

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

// Set is the sockets of one server that are open. The zero value is empty and
// ready. It is safe for concurrent use.
type Set struct {
	Log *slog.Logger // for sockets that fail; nil means no log

	changed func() // called without mu
	fans    fans
	all     sync.WaitGroup

	mu     sync.Mutex
	open   []*member // oldest first
	closed bool
}

type member struct {
	t    ticket.Ticket
	cut  context.CancelCauseFunc
	gone chan struct{} // closed by done
}

// OnChange has f called after a socket came or went. Call it before the first.
func (s *Set) OnChange(f func()) { s.changed = f }

// Add registers a socket that someone else serves. The ctx it returns ends, with
// a *CloseError as its cause, when the socket must be closed. The caller calls
// done when it is. After Close the error is of kind Unavailable.
func (s *Set) Add(ctx context.Context, t ticket.Ticket) (_ context.Context, done func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	m := &member{t, cancel, make(chan struct{})}
	if err := s.join(m); err != nil {
		cancel(nil)
		return nil, nil, err
	}
	s.tell()
	return ctx, func() {
		cancel(nil)
		s.mu.Lock()
		if i := slices.Index(s.open, m); i >= 0 {
			s.open = slices.Delete(s.open, i, i+1)
		}
		s.mu.Unlock()
		s.tell()
		close(m.gone)
		s.all.Done()
	}, nil
}

func (s *Set) join(m *member) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
	}
	s.open = append(s.open, m)
	s.all.Add(1)
	return nil
}

func (s *Set) tell() {
	if s.changed != nil {
		s.changed()
	}
}

// Cut closes the sockets that c names: of a session with CodeSignedOut, of an
// account with CodeForbidden unless they were opened with the role it has now. It
// returns when they are closed or ctx ends; they are closed in any case.
func (s *Set) Cut(ctx context.Context, c api.Cut) {
	for _, m := range s.cut(c) {
		select {
		case <-m.gone:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Set) cut(c api.Cut) (named []*member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.open {
		switch {
		case c.Session != "" && m.t.Session == c.Session:
			m.cut(&CloseError{CodeSignedOut, "you were signed out"})
		case c.Account != "" && string(m.t.Account) == c.Account && (c.Role == "" || string(m.t.Role) != c.Role):
			m.cut(&CloseError{CodeForbidden, "your rights in this project have changed"})
		default:
			continue
		}
		named = append(named, m)
	}
	return named
}

// Len is how many sockets are open.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// People are the accounts that have sockets open, each once, in the order they
// came. It is never nil.
func (s *Set) People() []api.Viewer {
	s.mu.Lock()
	defer s.mu.Unlock()
	people := []api.Viewer{}
	for _, m := range s.open {
		v := api.Viewer{Account: string(m.t.Account), Name: m.t.Name, Colour: m.t.Colour}
		if !slices.ContainsFunc(people, func(p api.Viewer) bool { return p.Account == v.Account }) {
			people = append(people, v)
		}
	}
	return people
}

// Close refuses further sockets, closes all with CodeStopping, and returns when
// they are closed or ctx ends.
func (s *Set) Close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	for _, m := range s.open {
		m.cut(&CloseError{CodeStopping, "the project is stopping"})
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { // ends when the last socket does
		s.all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	s.fans.close(ctx)
}
