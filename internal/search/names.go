package search

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// Limits of a search of names.
const (
	MaxNames = 200 // that are told

	maxKnown  = 1_000_000       // names that are remembered
	maxBytes  = 96 << 20        // of them
	keepNames = time.Minute     // after they were asked for last
	staleFor  = 2 * time.Second // they may be so old, or ten times as old as reading them takes
	waitNames = 150 * time.Millisecond
	readNames = 30 * time.Second
)

// NamesQuery asks for paths by some letters of them.
type NamesQuery struct {
	Text    string   // words, each of which must be found; at most 200 bytes
	Hidden  bool     // also what begins with a dot
	Folders bool     // folders too
	Recent  []string // paths that come first where others are as good, the latest first
	Limit   int      // at most MaxNames; 0 means 60
}

// Name is a path that was found.
type Name struct {
	Path   string
	Folder bool
	Score  int
}

// Names is what was found, the best first.
type Names struct {
	Items   []Name
	More    bool // there are others
	Partial bool // the project has more paths than are remembered
}

// Names finds paths by letters of them: those whose last part has the letters
// together and at the beginning of a word come first. Marks and capitals do not
// count. Folders that programs fill (.git, node_modules and others) are left out, as
// is Close's state folder.
//
// The paths are read when they are asked for and forgotten a minute after, so that a
// project at rest needs no memory for them; they may be some seconds old.
func (s *Searcher) Names(ctx context.Context, q NamesQuery) (Names, error) {
	if len(q.Text) > 200 {
		return Names{}, lyceum.Invalidf("q", "what to look for is longer than 200 bytes")
	}
	x, err := s.index(ctx)
	if err != nil {
		return Names{}, err
	}
	return x.find(q), nil
}

// index returns the names: as they are remembered when that is young enough, else
// read anew. Old ones are returned while that takes longer.
func (s *Searcher) index(ctx context.Context) (*index, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
	}
	s.drop.Reset(keepNames)
	x := s.names
	if x != nil && time.Since(x.at) < max(staleFor, 10*x.took) {
		s.mu.Unlock()
		return x, nil
	}
	if s.busy == nil {
		s.busy = make(chan struct{})
		s.all.Go(s.readNames)
	}
	busy := s.busy
	s.mu.Unlock()
	var enough <-chan time.Time
	if x != nil {
		t := time.NewTimer(waitNames)
		defer t.Stop()
		enough = t.C
	}
	select {
	case <-busy:
	case <-enough:
		return x, nil
	case <-ctx.Done():
		return nil, lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the search was given up")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		return nil, lyceum.Errorf(lyceum.Unavailable, "the names of the project's files cannot be read now")
	}
	return s.names, nil
}

func (s *Searcher) readNames() {
	ctx, cancel := context.WithTimeout(s.ctx(), readNames)
	defer cancel()
	x, err := newIndex(ctx, s.dir, s.state)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && !s.closed {
		s.names = x
	}
	close(s.busy)
	s.busy = nil
}

// forget drops the names when nobody has asked for long.
func (s *Searcher) forget() {
	s.mu.Lock()
	large := s.names != nil && len(s.names.text) > 1<<20
	s.names = nil
	s.mu.Unlock()
	if large {
		debug.FreeOSMemory()
	}
}

// index holds all paths of a project in a few large pieces of memory.
type index struct {
	at      time.Time     // when reading began
	took    time.Duration // to read them
	partial bool
	text    []byte // paths, and behind each its folded form where that differs
	items   []item
}

// item is a path in index.text.
type item struct {
	from           uint32
	length, folded uint16 // bytes of the path, and of its folded form; 0: it is the path
	base           uint16 // where the last part begins in what is compared
	folder, hidden bool
}

var errFull = errors.New("there are too many names")

func newIndex(ctx context.Context, dir *files.Dir, state string) (*index, error) {
	x := &index{at: time.Now()}
	err := dir.Walk(ctx, "", func(raw string, items []files.Found) (into []string, err error) {
		for _, i := range items {
			full := files.Join(raw, i.Raw)
			folder := i.Kind == files.Folder
			if folder && (full == state || slices.Contains(skippedFolders, i.Raw)) {
				continue
			}
			if folder {
				into = append(into, i.Raw)
			}
			if len(x.items) >= maxKnown || len(x.text) > maxBytes {
				x.partial = true
				return nil, errFull
			}
			x.add(files.Encode(full), folder)
		}
		return into, nil
	})
	if err != nil && !errors.Is(err, errFull) {
		return nil, err
	}
	x.took = time.Since(x.at)
	return x, nil
}

func (x *index) add(path string, folder bool) {
	i := item{from: uint32(len(x.text)), length: uint16(len(path)), folder: folder}
	i.hidden = strings.HasPrefix(path, ".") || strings.Contains(path, "/.")
	x.text = append(x.text, path...)
	compared := path
	if f := fold(path); f != path {
		compared = f
		i.folded = uint16(len(f))
		x.text = append(x.text, f...)
	}
	i.base = uint16(strings.LastIndexByte(compared, '/') + 1)
	x.items = append(x.items, i)
}

// path and compared are parts of x.text.
func (x *index) path(i *item) []byte { return x.text[i.from : i.from+uint32(i.length)] }

func (x *index) compared(i *item) []byte {
	if i.folded == 0 {
		return x.path(i)
	}
	from := i.from + uint32(i.length)
	return x.text[from : from+uint32(i.folded)]
}

// find returns the best paths for a query.
func (x *index) find(q NamesQuery) Names {
	if q.Limit <= 0 || q.Limit > MaxNames {
		q.Limit = 60
	}
	words := [][]byte{}
	for w := range strings.FieldsSeq(fold(q.Text)) {
		words = append(words, []byte(w))
	}
	recent := make(map[string]int, len(q.Recent))
	for i, p := range q.Recent {
		if _, known := recent[p]; !known {
			recent[p] = max(recentBonus-5*i, recentBonus/2)
		}
	}
	best := ranking{limit: q.Limit, x: x}
	for n := range x.items {
		i := &x.items[n]
		if i.hidden && !q.Hidden || i.folder && !q.Folders {
			continue
		}
		points, ok := x.score(i, words)
		if !ok {
			continue
		}
		best.add(n, points+recent[string(x.path(i))])
	}
	found := best.sorted()
	out := Names{Items: make([]Name, len(found)), More: best.more, Partial: x.partial}
	for k, f := range found {
		i := &x.items[f.item]
		out.Items[k] = Name{Path: string(x.path(i)), Folder: i.folder, Score: f.points}
	}
	return out
}

// score rates a path; ok is false when a word is not in it.
func (x *index) score(i *item, words [][]byte) (points int, ok bool) {
	compared, path := x.compared(i), x.path(i)
	for _, w := range words {
		p, ok := rate(compared, path, int(i.base), w)
		if !ok {
			return 0, false
		}
		points += p
	}
	if len(words) > 1 {
		points /= len(words)
	}
	return points - 3*bytes.Count(path, []byte{'/'}), true
}
