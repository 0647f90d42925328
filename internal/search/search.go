// Package search finds files of a project by their names and by what is in them.
// It knows no HTTP. Replacing is here as far as the bytes of one file go; who
// writes them is the caller's affair.
//
// # Contents
//
// A search goes line by line; a match is within one line. Which files are searched
// is decided here, by walking the home through package files: no symlink is
// followed, nothing outside is read. Where the program rg (ripgrep) is installed it
// is asked which of them may have a match, because it is fast; it is given a
// translation of the pattern that matches at least as much. What matches, and
// where, is then found by reading those files here, so that the answer is the same
// with and without the program, and belongs to one version of each file.
//
// Patterns are those of Go's regexp (RE2): the time is linear in the length of a
// line. Their size, the lines, the files and the whole search have limits; see
// Compile and the constants.
//
// A file with a NUL is binary and has no matches. Other files need not be UTF-8: what
// is not is shown as U+FFFD. A line ends with "\n" or "\r\n", a byte order mark is
// not part of the first one.
//
// # Which files
//
// The globs of .gitignore files, of Include and of Exclude are those of gitignore(5):
// without a slash, but for one at the end, they are for names at any depth, with one
// for paths from their folder. Include and Exclude also know {a,b}. What is in a
// folder that matches matches. Only files named .gitignore are read, in the home and
// below, whether or not it is a repository; neither .git/info/exclude nor what a
// person configured for git is.
package search

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// Limits of one search of contents.
const (
	MaxMatches = 10_000           // that are told
	MaxFile    = 256 << 20        // bytes of a file; larger ones are skipped
	MaxTime    = 60 * time.Second // then it ends with what was found

	maxAtOnce   = 3 // searches at the same time
	maxLine     = 4 << 20
	maxPerFile  = 1000 // matches
	usualLimit  = 2000
	firstBatch  = 64
	usualBatch  = 500
	batchBytes  = 256 << 10 // of the paths in a batch: they become arguments
	scanWorkers = 2
)

// Query is what is looked for.
type Query struct {
	Text  string // 1 to 1000 characters, in one line
	Regex bool   // Text is a pattern, not itself
	Case  bool   // capitals count
	Word  bool   // only whole words: not beside another letter, digit or _
}

// Options are a search of contents.
type Options struct {
	Query
	Include, Exclude string        // globs, separated by commas
	Hidden           bool          // also names that begin with a dot
	Ignored          bool          // also what .gitignore files name, and folders of programs such as node_modules
	Limit            int           // matches, at most MaxMatches; 0 means 2000
	With             *string       // the replacement to tell with each match; nil for none
	Searched         *atomic.Int64 // counts the files; may be nil
}

// File is what was found in one file.
type File struct {
	Path    string // as in package files
	Version string // of what was searched
	Text    bool   // it is UTF-8: matches in it can be replaced
	Matches []Match
	More    bool // it has more
}

// Match is a place in a line.
type Match struct {
	Line   int    // from 1
	Column int    // from 1, in UTF-16 units
	Length int    // in UTF-16 units
	Text   string // the line, or a part of it around the match
	At     int    // where in Text the match begins, in UTF-16 units; it may end behind Text
	New    string // what it is replaced by, when Options.With is given
}

// Summary is how a search ended.
type Summary struct {
	Matches, Files int    // that were told
	Searched       int    // files
	Skipped        int    // files that are too large or could not be read
	Limited        bool   // there may be more matches than Limit
	TimedOut       bool   // not everything was searched
	Engine         string // "ripgrep" or "built in"
}

// Searcher searches one home. It is safe for concurrent use. Close it when done.
type Searcher struct {
	dir   *files.Dir
	state string // raw path of a folder that is never looked into
	turns chan struct{}
	rg    func() string // the program's path, "" for none

	ctx func() context.Context // ends with Close
	end context.CancelFunc
	all sync.WaitGroup

	mu     sync.Mutex
	closed bool
	names  *index
	drop   *time.Timer
	busy   chan struct{} // not nil while names are read; closed then
}

// New makes a Searcher of dir, which never looks into the folder at the path state.
func New(dir *files.Dir, state string) *Searcher {
	ctx, end := context.WithCancel(context.Background())
	s := &Searcher{dir: dir, state: state, turns: make(chan struct{}, maxAtOnce), rg: findRipgrep, end: end}
	s.ctx = func() context.Context { return ctx }
	s.drop = time.AfterFunc(keepNames, s.forget)
	s.drop.Stop()
	return s
}

// Close forgets the names and ends the reading of them. Searches end with their
// contexts.
func (s *Searcher) Close() {
	s.mu.Lock()
	s.closed = true
	s.drop.Stop()
	s.names = nil
	s.mu.Unlock()
	s.end()
	s.all.Wait()
}

// Search calls emit with each file that has a match, in the order of a walk: what is
// in a folder, by name, before what is in the folders in it. An error of emit ends
// it. Other errors are of kind Invalid (the query), or Unavailable when ctx ends.
func (s *Searcher) Search(ctx context.Context, o Options, emit func(File) error) (Summary, error) {
	if o.Limit <= 0 {
		o.Limit = usualLimit
	}
	o.Limit = min(o.Limit, MaxMatches)
	p, with, err := o.compile()
	if err != nil {
		return Summary{}, err
	}
	sel, err := newSelection(s.dir, s.state, o)
	if err != nil {
		return Summary{}, err
	}
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return Summary{}, lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the search was given up")
	}
	r := &run{dir: s.dir, sel: sel, pattern: p, with: with, limit: o.Limit, searched: o.Searched}
	if r.searched == nil {
		r.searched = new(atomic.Int64)
	}
	if rg := s.rg(); rg != "" {
		r.filter = newRipgrep(ctx, rg, s.dir.Home(), p)
	}
	return r.do(ctx, emit)
}

// Check tells what is wrong with o, as Search would. Errors are of kind Invalid.
func (o Options) Check() error {
	if _, _, err := o.compile(); err != nil {
		return err
	}
	_, err := newSelection(nil, "", o)
	return err
}

func (o Options) compile() (*Pattern, *Template, error) {
	p, err := Compile(o.Query)
	if err != nil || o.With == nil {
		return p, nil, err
	}
	with, err := p.Template(*o.With)
	return p, with, err
}

// skippedFolders hold what programs made, not what people look for.
var skippedFolders = []string{".git", "node_modules", "__pycache__", ".venv", "venv", "site-packages", ".cache", ".npm", ".cargo", ".rustup", ".conda", "miniconda3"}

// selection says which things of a walk count.
type selection struct {
	dir              *files.Dir
	state            string
	hidden, ignored  bool
	include, exclude []rule
	layers           []layer
}

func newSelection(dir *files.Dir, state string, o Options) (*selection, error) {
	s := &selection{dir: dir, state: state, hidden: o.Hidden, ignored: o.Ignored}
	var err error
	if s.include, err = parseGlobs("include", o.Include); err != nil {
		return nil, err
	}
	s.exclude, err = parseGlobs("exclude", o.Exclude)
	return s, err
}

// choose returns the files in a folder that are to be searched, and the folders to
// go into. It is called in the order of a walk.
func (s *selection) choose(ctx context.Context, raw string, items []files.Found) (chosen, into []string) {
	for len(s.layers) > 0 && !within(raw, s.layers[len(s.layers)-1].base) {
		s.layers = s.layers[:len(s.layers)-1]
	}
	if !s.ignored {
		s.read(ctx, raw, items)
	}
	for _, item := range items {
		full := files.Join(raw, item.Raw)
		folder := item.Kind == files.Folder
		switch {
		case item.Kind != files.File && !folder,
			!s.hidden && strings.HasPrefix(item.Raw, "."),
			folder && full == s.state,
			folder && !s.ignored && slices.Contains(skippedFolders, item.Raw),
			!s.ignored && ignored(s.layers, full, folder),
			matchesAny(s.exclude, full, folder):
		case folder:
			into = append(into, item.Raw)
		case len(s.include) == 0 || s.included(full):
			chosen = append(chosen, item.Raw)
		}
	}
	return chosen, into
}

// included reports whether the file, or a folder that it is in, is to be searched.
func (s *selection) included(full string) bool {
	if matchesAny(s.include, full, false) {
		return true
	}
	for dir := path.Dir(full); dir != "."; dir = path.Dir(dir) {
		if matchesAny(s.include, dir, true) {
			return true
		}
	}
	return false
}

// maxIgnoreFile is how much of a .gitignore file is read, in bytes.
const maxIgnoreFile = 1 << 20

func (s *selection) read(ctx context.Context, raw string, items []files.Found) {
	if !slices.Contains(items, files.Found{Raw: ".gitignore", Kind: files.File}) {
		return
	}
	b, _, err := s.dir.ReadAll(ctx, files.Encode(files.Join(raw, ".gitignore")), maxIgnoreFile)
	if err != nil {
		return // as if it were not there, as git does
	}
	if rules := parseIgnore(b); len(rules) > 0 {
		s.layers = append(s.layers, layer{raw, rules})
	}
}

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (dir == "" || rest == "" || rest[0] == '/')
}
