package preview

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"lyceum/internal/lyceum"
)

// Bounds of a page.
const (
	MaxRows    = 1000 // rows of a page
	MaxColumns = 1000 // columns of a page
	// CellBytes is how much of a cell a page has at most, in bytes of UTF-8.
	CellBytes = 1000
	// MaxCell is how much of one cell that is asked for alone is answered.
	MaxCell = 1 << 20

	maxRowBytes  = 4 << 20  // of a row, for its cells; the rest is skipped
	maxPageBytes = 4 << 20  // of text on a page: it ends there
	maxReadBytes = 32 << 20 // of the file for a page: it ends there
	maxMarks     = 1 << 16  // places that an index keeps
)

// Table is a file that is read by rows. It is safe for concurrent use. Build makes
// its index, which is small: a place every so many rows. Rows can be read before
// Build has ended, as far as it came.
type Table struct {
	r      io.ReaderAt
	size   int64
	layout layout
	names  []string // columns by the header, or the keys of JSON Lines
	number []bool   // by column: numbers, as far as the sample shows

	plainFrom *atomic.Int64
	views     views

	mu      sync.Mutex
	marks   []int64 // where row i*step begins, counted without the header
	step    int64
	rows    int64 // found so far
	read    int64 // bytes read so far
	broken  int64 // rows with a quote that is not closed, so far
	columns int   // most cells of a row that was seen
	done    bool
	err     error
	changed chan struct{} // closed at the next progress
}

// Open looks at the beginning of a file of size bytes. name is only its name. The
// error is of kind Invalid when want cannot be or the file is no table.
func Open(r io.ReaderAt, size int64, name string, want Dialect) (*Table, error) {
	l, err := lookAt(r, size, name, want)
	if err != nil {
		return nil, err
	}
	t := &Table{r: r, size: size, layout: l, plainFrom: noPlain(), step: 16, changed: make(chan struct{})}
	t.lookAtColumns()
	t.layout.sample = nil
	return t, nil
}

// Dialect is how the table is read, with nothing left open.
func (t *Table) Dialect() Dialect { return t.layout.Dialect }

func (t *Table) lookAtColumns() {
	switch t.layout.Format {
	case Lines:
		t.columns = 1
	case JSONL:
		t.lookAtKeys()
	default:
		rows := t.layout.rows(t.layout.Delimiter[0], sampleRows)
		if t.layout.Header == "yes" && len(rows) > 0 {
			t.names, rows = rows[0], rows[1:]
			t.columns = len(t.names)
		}
		for _, r := range rows {
			t.columns = max(t.columns, len(r))
		}
		t.number = numeric(rows, t.columns)
	}
}

// numeric tells of each column whether its cells are numbers, with gaps allowed.
func numeric(rows [][]string, columns int) []bool {
	out := make([]bool, min(columns, 1000))
	for c := range out {
		seen, all := 0, true
		for _, r := range rows {
			if c >= len(r) || r[c] == "" || r[c] == "NA" || r[c] == "null" {
				continue
			}
			seen++
			all = all && isNumber(r[c])
		}
		out[c] = seen > 0 && all
	}
	return out
}

func (t *Table) reader() *rowReader {
	l := t.layout
	r := &rowReader{window: newWindow(t.r, t.size), unit: unitOf(l.Encoding), big: l.Encoding == utf16BEName, end: l.end, plainFrom: t.plainFrom}
	if l.Format == CSV {
		r.delimiter, r.quotes = l.Delimiter[0], true
	}
	return r
}

// begin is where the first row begins, behind mark and header.
func (t *Table) begin(r *rowReader) int64 {
	pos := min(t.layout.mark, t.size)
	if t.layout.Header == "yes" {
		pos, _ = r.next(pos)
	}
	return pos
}

// Build reads the file once and makes the index. It returns when it is whole, the
// file cannot be read or ctx ends. Call it once.
func (t *Table) Build(ctx context.Context) {
	r := t.reader()
	pos := t.begin(r)
	t.progress(pos, 0, nil)
	for broken := int64(0); pos < t.size; {
		if err := ctx.Err(); err != nil {
			t.finish(lyceum.Wrap(lyceum.Unavailable, err, "the table is closed"))
			return
		}
		// A piece of rows, or of bytes where rows are long, is told at once.
		from, starts := pos, make([]int64, 0, 1024)
		for len(starts) < cap(starts) && pos < t.size && pos-from < 4<<20 {
			end, bad := r.next(pos)
			if end <= pos {
				break
			}
			starts = append(starts, pos)
			if bad {
				if broken++; broken == maxBroken {
					t.plainFrom.Store(end)
				}
			}
			pos = end
		}
		if len(starts) == 0 {
			break // shorter than it was, or it cannot be read
		}
		t.progress(pos, broken, starts)
	}
	t.finish(r.err)
}

// progress adds rows that were found; the next one begins at pos.
func (t *Table) progress(pos, broken int64, starts []int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range starts {
		if t.rows%t.step == 0 {
			if len(t.marks) == maxMarks {
				for i := range t.marks[:maxMarks/2] {
					t.marks[i] = t.marks[2*i]
				}
				t.marks, t.step = t.marks[:maxMarks/2], t.step*2
			}
			if t.rows%t.step == 0 {
				t.marks = append(t.marks, s)
			}
		}
		t.rows++
	}
	t.read, t.broken = pos, broken
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *Table) finish(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done, t.err = true, err
	close(t.changed)
	t.changed = make(chan struct{})
}

// await returns when ready says so of the index, or it is done.
func (t *Table) await(ctx context.Context, ready func() bool) error {
	for {
		t.mu.Lock()
		ok, err, changed := t.done || ready(), t.err, t.changed
		t.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// State is how far the index is.
type State struct {
	Rows    int64 // without the header, so far
	Read    int64 // bytes
	Size    int64 // bytes of the file
	Broken  int64 // rows with a quote that is not closed, so far
	Columns int   // most cells of a row that was seen
	Done    bool  // it is whole: Rows is how many there are
}

// State returns how far the index is.
func (t *Table) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return State{Rows: t.rows, Read: t.read, Size: t.size, Broken: t.broken, Columns: t.columns, Done: t.done && t.err == nil}
}

// Whole waits until the index is, or ctx ends; the latter is no error.
func (t *Table) Whole(ctx context.Context) error {
	err := t.await(ctx, func() bool { return false })
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Names are the names of the columns from from (included) to to (not), "" where
// there is none, and which of them hold numbers.
func (t *Table) Names(from, to int) (names []string, numbers []bool) {
	to = min(to, t.State().Columns)
	for c := from; c < to; c++ {
		name, number := "", false
		if c < len(t.names) {
			name = t.names[c]
		}
		if c < len(t.number) {
			number = t.number[c]
		}
		names, numbers = append(names, name), append(numbers, number)
	}
	return names, numbers
}
