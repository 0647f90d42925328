package project

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/preview"
	"lyceum/internal/rest"
)

func previewRoutes() []route {
	return []route{
		{method: "GET", path: "table/{path...}", verb: lyceum.ReadFiles, handle: checked((*Project).getTable)},
		{method: "GET", path: "picture/{path...}", verb: lyceum.ReadFiles, handle: checked((*Project).getPicture)},
	}
}

// Bounds of tables that are open.
const (
	maxTables  = 8                // at once; the one that was not used longest goes first
	tableRests = 60 * time.Second // how long one stays that nobody asks for
	tableWaits = 20 * time.Second // how long a request waits for rows at most
)

// tables are the tables that are looked at: each with its open file and its index,
// kept only while somebody asks for its rows.
type tables struct {
	mu     sync.Mutex
	open   map[tableKey]*openTable
	all    sync.WaitGroup // of those who build an index
	closed bool
}

type tableKey struct {
	path, version string
	dialect       preview.Dialect
}

type openTable struct {
	*preview.Table
	file  *files.Reader
	end   context.CancelFunc
	rests *time.Timer
	users int
	used  time.Time
}

// get returns the table of a file as want reads it, and what to call when done.
func (s *tables) get(ctx context.Context, dir *files.Dir, path string, want preview.Dialect) (*openTable, func(), error) {
	f, err := dir.Open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	key := tableKey{path, f.Entry.Version, want}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.open[key]
	if t != nil {
		_ = f.Close() // it was read only
	} else if t, err = s.addLocked(key, f); err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	t.users++
	t.rests.Stop()
	return t, func() { s.release(key, t) }, nil
}

func (s *tables) addLocked(key tableKey, f *files.Reader) (*openTable, error) {
	if s.closed || !s.roomLocked() {
		return nil, lyceum.Errorf(lyceum.Unavailable, "too many tables are read at this moment; try again")
	}
	table, err := preview.Open(f, f.Entry.Size, f.Entry.Name, key.dialect)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	t := &openTable{Table: table, file: f, end: end}
	t.rests = time.AfterFunc(tableRests, func() { s.drop(key, t) })
	if s.open == nil {
		s.open = map[tableKey]*openTable{}
	}
	s.open[key] = t
	s.all.Go(func() {
		table.Build(ctx)
	})
	return t, nil
}

// roomLocked makes room for one more; false when all are in use.
func (s *tables) roomLocked() bool {
	if len(s.open) < maxTables {
		return true
	}
	var oldest tableKey
	var found *openTable
	for k, t := range s.open {
		if t.users == 0 && (found == nil || t.used.Before(found.used)) {
			oldest, found = k, t
		}
	}
	if found != nil {
		s.closeLocked(oldest, found)
	}
	return found != nil
}

func (s *tables) release(key tableKey, t *openTable) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.users--
	t.used = time.Now()
	if s.open[key] != t {
		if t.users == 0 {
			_ = t.file.Close() // closed meanwhile; this was its last reader
		}
		return
	}
	if t.users == 0 {
		t.rests.Reset(tableRests)
	}
}

// drop closes a table that rested long enough.
func (s *tables) drop(key tableKey, t *openTable) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[key] == t && t.users == 0 {
		s.closeLocked(key, t)
	}
}

func (s *tables) closeLocked(key tableKey, t *openTable) {
	delete(s.open, key)
	t.rests.Stop()
	t.end()
	if t.users == 0 {
		_ = t.file.Close() // it was read only; whoever builds its index is told by ctx
	}
}

// close ends all of them.
func (s *tables) close() {
	s.mu.Lock()
	s.closed = true
	for k, t := range s.open {
		s.closeLocked(k, t)
	}
	s.mu.Unlock()
	s.all.Wait()
}

// getTable answers with rows of a table.
func (p *Project) getTable(w http.ResponseWriter, r *http.Request, c call) error {
	real, err := p.visible(r.Context(), c)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	query, err := tableQuery(q)
	if err != nil {
		return err
	}
	want := preview.Dialect{Format: q.Get("format"), Encoding: q.Get("encoding"), Delimiter: q.Get("delimiter"), Header: q.Get("header")}
	t, done, err := p.tables.get(r.Context(), p.dir, real, want)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeout(r.Context(), tableWaits)
	defer cancel()
	if q.Get("wait") == "1" {
		if err := t.Whole(ctx); err != nil {
			return err
		}
	}
	page, err := t.Page(ctx, query)
	switch {
	case err != nil && r.Context().Err() == nil && ctx.Err() != nil:
		return lyceum.Errorf(lyceum.Unavailable, "the table is so large that its rows were not found yet; try again")
	case err != nil:
		return err
	}
	w.Header().Set("Cache-Control", "private, no-store")
	return rest.WriteJSON(w, tableOf(t, query, page))
}

func tableOf(t *openTable, q preview.Query, page preview.Page) api.Table {
	d, s := t.Dialect(), t.State()
	out := api.Table{
		Version: t.file.Entry.Version, Format: d.Format, Encoding: d.Encoding, Delimiter: d.Delimiter, Header: d.Header == "yes",
		Column: q.Column, Columns: []api.TableColumn{}, ColumnTotal: s.Columns,
		From: q.From, Rows: page.Rows, Numbers: page.Numbers, Cut: page.Cut, Malformed: page.Broken, Long: page.Long,
		Total: s.Rows, Complete: s.Done, Read: s.Read, Size: s.Size, Broken: s.Broken, Matches: page.Matches, Partial: page.Partial,
	}
	if q.Arrange == (preview.Arrange{}) {
		out.Matches = s.Rows
	}
	names, numbers := t.Names(q.Column, q.Column+q.Columns)
	for i := range names {
		out.Columns = append(out.Columns, api.TableColumn{Name: names[i], Numeric: numbers[i]})
	}
	return out
}

func tableQuery(v url.Values) (preview.Query, error) {
	q := preview.Query{Rows: 100, Columns: 100, One: v.Get("cell") == "1"}
	var err error
	number := func(name string, usual, most int64) int64 {
		s := v.Get(name)
		if s == "" {
			return usual
		}
		n, bad := strconv.ParseInt(s, 10, 64)
		if (bad != nil || n < 0 || n > most) && err == nil {
			err = lyceum.Invalidf(name, "%s must be a number from 0 to %d", name, most)
		}
		return n
	}
	q.From = number("from", 0, 1<<53)
	q.Rows = int(number("rows", 100, preview.MaxRows))
	q.Column = int(number("column", 0, 1<<31))
	q.Columns = int(number("columns", 100, preview.MaxColumns))
	q.Arrange.Filter = v.Get("filter")
	if v.Get("sort") != "" {
		q.Arrange.Sorted, q.Arrange.Column = true, int(number("sort", 0, 1<<31))
		q.Arrange.Descending = v.Get("order") == "desc"
	}
	if q.One && err == nil {
		q.Rows, q.Columns = min(q.Rows, 1), min(q.Columns, 1)
	}
	return q, err
}
