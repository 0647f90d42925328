package project

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/search"
)

func searchRoutes() []route {
	return []route{
		{method: "GET", path: "search/names", verb: lyceum.ReadFiles, handle: (*Project).searchNames},
		{method: "GET", path: "search/text", verb: lyceum.ReadFiles, handle: (*Project).searchText},
		{method: "GET", path: "usage/{path...}", verb: lyceum.ReadFiles, handle: checked((*Project).usage)},
	}
}

// maxRecent is how many paths a search of names is told that come first.
const maxRecent = 100

// searchNames answers with the paths that have some letters.
func (p *Project) searchNames(w http.ResponseWriter, r *http.Request, c call) error {
	q := r.URL.Query()
	limit, err := limitOf(q, search.MaxNames)
	if err != nil {
		return err
	}
	recent := q["recent"]
	found, err := p.searcher.Names(r.Context(), search.NamesQuery{
		Text: q.Get("q"), Hidden: q.Get("hidden") == "1" && c.ticket.Can(lyceum.ReadHidden), Folders: q.Get("folders") == "1",
		Recent: recent[:min(len(recent), maxRecent)], Limit: limit,
	})
	if err != nil {
		return err
	}
	out := api.FoundNames{Items: make([]api.FoundName, len(found.Items)), More: found.More, Partial: found.Partial}
	for i, f := range found.Items {
		out.Items[i] = api.FoundName{Path: f.Path, Kind: string(files.File), Score: f.Score}
		if f.Folder {
			out.Items[i].Kind = string(files.Folder)
		}
	}
	return rest.WriteJSON(w, out)
}

func limitOf(q url.Values, most int) (int, error) {
	s := q.Get("limit")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, lyceum.Invalidf("limit", "limit must be a number from 1 to %d", most)
	}
	return n, nil
}

// tellEvery is how often a stream says how far the work is.
const tellEvery = 500 * time.Millisecond

// searchText answers with a line for each file that has matches, as they are found.
func (p *Project) searchText(w http.ResponseWriter, r *http.Request, c call) error {
	q := r.URL.Query()
	limit, err := limitOf(q, search.MaxMatches)
	if err != nil {
		return err
	}
	on := func(name string) bool { return q.Get(name) == "1" }
	var searched atomic.Int64
	o := search.Options{
		Query:   search.Query{Text: q.Get("q"), Regex: on("regex"), Case: on("case"), Word: on("word")},
		Include: q.Get("include"), Exclude: q.Get("exclude"), Ignored: on("ignored"), Limit: limit, Searched: &searched,
		Hidden: on("hidden") && c.ticket.Can(lyceum.ReadHidden),
	}
	if q.Has("with") {
		with := q.Get("with")
		o.With = &with
	}
	// What is wrong with the query is told by a status: nothing was sent yet.
	if err := o.Check(); err != nil {
		return err
	}
	out := newLines(w)
	stop := out.every(tellEvery, func() any { return api.Found{Searched: int(searched.Load())} })
	sum, err := p.searcher.Search(r.Context(), o, func(f search.File) error { return out.write(api.Found{File: foundFile(f, o.With != nil)}) })
	stop()
	if err != nil {
		return p.lastLine(r, out, err, func(problem *api.Problem) any { return api.Found{Problem: problem} })
	}
	return out.write(api.Found{Done: &api.SearchDone{
		Matches: sum.Matches, Files: sum.Files, Searched: sum.Searched, Skipped: sum.Skipped, Limited: sum.Limited, TimedOut: sum.TimedOut, Engine: sum.Engine,
	}})
}

func foundFile(f search.File, replaced bool) *api.FoundFile {
	out := &api.FoundFile{Path: f.Path, Version: f.Version, Text: f.Text, More: f.More, Matches: make([]api.FoundMatch, len(f.Matches))}
	for i, m := range f.Matches {
		out.Matches[i] = api.FoundMatch{Line: m.Line, Column: m.Column, Length: m.Length, Text: m.Text, At: m.At}
		if replaced {
			out.Matches[i].New = &m.New
		}
	}
	return out
}

// lines is an answer of JSON records, one a line, each sent as it is written
// (application/x-ndjson). It is safe for concurrent use.
type lines struct {
	mu   sync.Mutex
	w    io.Writer
	rc   *http.ResponseController
	last time.Time
	err  error
}

func newLines(w http.ResponseWriter) *lines {
	rest.Stream(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	return &lines{w: w, rc: http.NewResponseController(w), last: time.Now()}
}

// errLineLost is a client that is gone.
var errLineLost = errors.New("nobody takes the answer")

func (l *lines) write(record any) error {
	b, err := json.Marshal(record)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	l.last = time.Now()
	if _, err := l.w.Write(append(b, '\n')); err != nil {
		l.err = errors.Join(errLineLost, err)
		return l.err
	}
	if err := l.rc.Flush(); err != nil {
		l.err = errors.Join(errLineLost, err)
	}
	return l.err
}

// every writes what f returns whenever nothing was written for a while, until stop
// is called, which returns when that has ended.
func (l *lines) every(pause time.Duration, f func() any) (stop func()) {
	end := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			l.mu.Lock()
			quiet := time.Since(l.last) >= pause/2
			l.mu.Unlock()
			if quiet && l.write(f()) != nil {
				return
			}
		}
	})
	return func() { close(end); all.Wait() }
}

// lastLine tells why a stream ends early. Headers were sent, so that a status can
// not be given any more.
func (p *Project) lastLine(r *http.Request, out *lines, err error, record func(*api.Problem) any) error {
	if r.Context().Err() != nil || errors.Is(err, errLineLost) {
		return nil // there is nobody to tell
	}
	problem := &api.Problem{Title: http.StatusText(http.StatusServiceUnavailable), Status: http.StatusServiceUnavailable, Code: lyceum.Unavailable.String(), Detail: textOf(err)}
	if known, ok := errors.AsType[*lyceum.Error](err); !ok || known.Kind == lyceum.Internal {
		p.log.Error("a search or measurement failed", "err", err)
		problem.Code, problem.Status, problem.Title = lyceum.Internal.String(), http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError)
	} else {
		problem.Code = known.Kind.String()
	}
	_ = out.write(record(problem)) // if that fails there is nobody to tell
	return nil
}
