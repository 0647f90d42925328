package files

import (
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	quiet    = 50 * time.Millisecond  // a burst ends when nothing came for so long
	maxBurst = 250 * time.Millisecond // or when it has lasted so long
	maxNames = 1000                   // more changed names than this are told as "anything"
)

// Watch is one user's set of watched folders. It is safe for concurrent use.
type Watch struct {
	w    *Watcher
	wake chan struct{} // holds one token when pending is not empty
	done chan struct{}
	out  chan Change
	wg   sync.WaitGroup
	once sync.Once

	mu      sync.Mutex
	pending map[string]*burst // by folder
}

// burst is what is to be told of one folder.
type burst struct {
	names map[string]struct{}
	all   bool
	gone  bool
}

// Set makes dirs the folders that are watched, in place of those before. It
// returns, by path, why some of them cannot be; nil when all can. A folder that is
// not there is no error: a Change tells Gone, and another when it comes.
func (s *Watch) Set(dirs []string) map[string]error {
	failed := s.w.set(s, dirs)
	if len(failed) == 0 {
		return nil
	}
	return failed
}

// Changes is where the changes arrive, joined: a burst of events within 50 ms of
// each other, at most 250 ms long, is one Change per folder. A reader who is slow
// gets fewer and larger ones; nothing waits for it and nothing is lost. The channel
// is closed by Close.
func (s *Watch) Changes() <-chan Change { return s.out }

// Close ends the watching.
func (s *Watch) Close() {
	s.once.Do(func() {
		s.w.forget(s)
		close(s.done)
	})
	s.wg.Wait()
}

// add notes a change for the next delivery: of segment, or when it is "" of
// anything in dir.
func (s *Watch) add(dir, segment string, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.pending[dir]
	if b == nil {
		b = &burst{names: map[string]struct{}{}}
		s.pending[dir] = b
	}
	b.gone = gone
	switch {
	case gone || segment == "" || len(b.names) >= maxNames:
		b.all = true
		clear(b.names)
	case !b.all:
		b.names[segment] = struct{}{}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// deliver joins and sends changes until Close.
func (s *Watch) deliver() {
	defer close(s.out)
	for {
		select {
		case <-s.done:
			return
		case <-s.wake:
		}
		s.settle()
		s.mu.Lock()
		pending := s.pending
		s.pending = map[string]*burst{}
		s.mu.Unlock()
		for _, dir := range slices.Sorted(maps.Keys(pending)) {
			select {
			case <-s.done:
				return
			case s.out <- pending[dir].change(dir):
			}
		}
	}
}

// settle waits for the end of a burst that has just begun.
func (s *Watch) settle() {
	end := time.NewTimer(maxBurst)
	defer end.Stop()
	pause := time.NewTimer(quiet)
	defer pause.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-end.C:
			return
		case <-pause.C:
			return
		case <-s.wake:
			pause.Reset(quiet)
		}
	}
}

func (b *burst) change(dir string) Change {
	c := Change{Dir: dir, Gone: b.gone}
	if !b.all {
		c.Names = slices.Sorted(maps.Keys(b.names))
	}
	return c
}
