package supervisor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/term"
)

// maxName is how long a terminal's name may be, in characters.
const maxName = 100

// terminals are the sessions of the project.
type terminals struct {
	max   int
	home  string
	spawn func(start func() (int, error)) (func(), error)

	mu      sync.Mutex
	open    []*term.Session // oldest first
	made    int             // ever
	inputAt time.Time       // last input into one that is gone, and the last time one was made
	closed  bool
}

// start makes a terminal. Errors: Invalid (a bad name or size), NotFound (no such
// folder), Exhausted (too many), Unavailable (no shell, or stopping).
func (ts *terminals) start(n api.NewTerminal) (*term.Session, error) {
	if err := checkName(n.Name); err != nil {
		return nil, err
	}
	if n.Cols < 0 || n.Cols > term.MaxCols || n.Rows < 0 || n.Rows > term.MaxRows {
		return nil, lyceum.Invalidf("cols", "a terminal has 1 to %d columns and rows", term.MaxCols)
	}
	dir, err := ts.folder(n.Dir)
	if err != nil {
		return nil, err
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if err := ts.makeRoomLocked(); err != nil {
		return nil, err
	}
	ts.made++
	if n.Name == "" {
		n.Name = "Terminal " + strconv.Itoa(ts.made)
	}
	id := lyceum.NewID[string]()
	s, err := term.Start(term.Config{
		ID: id, Name: n.Name, Argv: []string{shell(), "-l"}, Env: environment(id, dir), Dir: dir,
		Cols: n.Cols, Rows: n.Rows, Spawn: ts.spawn,
	})
	if err != nil {
		return nil, err
	}
	ts.open = append(ts.open, s)
	ts.inputAt = time.Now()
	return s, nil
}

// makeRoomLocked gives up the oldest terminal that has exited and that nobody
// looks at, when there are too many.
func (ts *terminals) makeRoomLocked() error {
	if ts.closed {
		return lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
	}
	if len(ts.open) < ts.max {
		return nil
	}
	i := slices.IndexFunc(ts.open, func(s *term.Session) bool {
		info := s.Info()
		return info.Exited != nil && info.Viewers == 0
	})
	if i < 0 {
		return lyceum.Errorf(lyceum.Exhausted, "%d terminals are open; close one first", len(ts.open))
	}
	ts.forgetLocked(i).End(context.Background()) // its program has exited: nothing is waited for
	return nil
}

// forgetLocked takes the i-th terminal out of the list.
func (ts *terminals) forgetLocked(i int) *term.Session {
	s := ts.open[i]
	ts.open = slices.Delete(ts.open, i, i+1)
	ts.inputAt = latest(ts.inputAt, s.Info().LastInput)
	return s
}

// folder is the absolute path of a terminal's first folder.
func (ts *terminals) folder(path string) (string, error) {
	raw, err := files.Decode(path)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(ts.home, raw)
	fi, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "", lyceum.Wrap(lyceum.Forbidden, err, "permission denied: %.200s", path)
	case err != nil || !fi.IsDir():
		return "", lyceum.Wrap(lyceum.NotFound, err, "there is no folder %.200q", path)
	}
	return dir, nil
}

// get returns the terminal of an id, or NotFound.
func (ts *terminals) get(id string) (*term.Session, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, s := range ts.open {
		if s.Info().ID == id {
			return s, nil
		}
	}
	return nil, lyceum.Errorf(lyceum.NotFound, "there is no such terminal; it may have been closed")
}

// end ends a terminal and returns when its shell is gone.
func (ts *terminals) end(ctx context.Context, id string) error {
	ts.mu.Lock()
	i := slices.IndexFunc(ts.open, func(s *term.Session) bool { return s.Info().ID == id })
	if i < 0 {
		ts.mu.Unlock()
		return lyceum.Errorf(lyceum.NotFound, "there is no such terminal; it may have been closed")
	}
	s := ts.forgetLocked(i)
	ts.mu.Unlock()
	s.End(ctx)
	return nil
}

// list tells of all terminals, oldest first. It is never nil.
func (ts *terminals) list() []api.Terminal {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	all := make([]api.Terminal, len(ts.open))
	for i, s := range ts.open {
		all[i] = describe(s)
	}
	return all
}

// lastInput is when anybody last made or used a terminal, and how many there are.
func (ts *terminals) lastInput() (at time.Time, count int) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	at = ts.inputAt
	for _, s := range ts.open {
		at = latest(at, s.Info().LastInput)
	}
	return at, len(ts.open)
}

// close ends all terminals and refuses new ones. It returns when all are gone.
func (ts *terminals) close(ctx context.Context) {
	ts.mu.Lock()
	ts.closed = true
	all := slices.Clone(ts.open)
	ts.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range all {
		wg.Go(func() { s.End(ctx) })
	}
	wg.Wait()
}

func describe(s *term.Session) api.Terminal {
	i := s.Info()
	t := api.Terminal{ID: i.ID, Name: i.Name, Title: i.Title, Created: i.Created.UTC(), Viewers: i.Viewers}
	if i.Exited != nil {
		t.Exited = &api.Exit{Code: i.Exited.Code, Signal: i.Exited.Signal}
	}
	return t
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
