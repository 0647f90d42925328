package preview

import (
	"context"

	"lyceum/internal/lyceum"
)

// Query says which part of a table Page returns.
type Query struct {
	From    int64 // first row, from 0, without the header
	Rows    int   // at most MaxRows
	Column  int   // first column, from 0
	Columns int   // at most MaxColumns
	One     bool  // one cell up to MaxCell bytes
	Arrange Arrange
}

// Page is a part of a table.
type Page struct {
	Rows    [][]string // cells from Query.Column on; a row may have fewer
	Numbers []int64    // which rows these are, from 0; nil when they follow on From
	Cut     [][2]int   // row and column on the page of cells that are longer
	Broken  []int      // rows on the page with a quote that is not closed, or no JSON
	Long    []int      // rows on the page of which only the first 4 MB were looked at
	Matches int64      // rows of the arrangement, when there is one
	Partial bool       // the arrangement is of the first rows only
}

// Page reads rows. It waits until the index has got to them. It may return fewer
// rows than were asked for, when they are long, but always one if there is one.
func (t *Table) Page(ctx context.Context, q Query) (Page, error) {
	if q.From < 0 || q.Rows < 0 || q.Rows > MaxRows || q.Column < 0 || q.Columns < 0 || q.Columns > MaxColumns {
		return Page{}, lyceum.Errorf(lyceum.Invalid, "a page has at most %d rows and %d columns", MaxRows, MaxColumns)
	}
	if q.Arrange.none() {
		return t.inOrder(ctx, q)
	}
	v, err := t.arrange(ctx, q.Arrange)
	if err != nil {
		return Page{}, err
	}
	r := t.reader()
	w := pageWriter{t: t, q: q, page: Page{Matches: int64(len(v.rows)), Partial: v.partial}}
	for i := q.From; i < int64(len(v.rows)) && w.room(); i++ {
		w.add(r, v.rows[i].start)
		w.page.Numbers = append(w.page.Numbers, v.rows[i].number)
	}
	return w.done(r)
}

func (t *Table) inOrder(ctx context.Context, q Query) (Page, error) {
	// What is there is shown at once; only a page of nothing waits.
	if err := t.await(ctx, func() bool { return t.rows > q.From }); err != nil {
		return Page{}, err
	}
	t.mu.Lock()
	rows, read, step := t.rows, t.read, t.step
	pos := int64(-1)
	if i := q.From / step; i < int64(len(t.marks)) {
		pos = t.marks[i]
	}
	t.mu.Unlock()
	r := t.reader()
	w := pageWriter{t: t, q: q}
	if pos < 0 || q.From >= rows {
		return w.done(r)
	}
	for range q.From % step {
		pos, _ = r.next(pos)
	}
	// Behind what the index knows, it could still be decided otherwise where rows end.
	for pos < read && w.room() {
		pos = w.add(r, pos)
	}
	return w.done(r)
}

// pageWriter collects the rows of a page.
type pageWriter struct {
	t       *Table
	q       Query
	page    Page
	read    int64 // bytes of the file
	text    int   // bytes of cells
	columns int   // most cells of a row
}

func (w *pageWriter) room() bool {
	return len(w.page.Rows) < w.q.Rows && (len(w.page.Rows) == 0 || w.read < maxReadBytes && w.text < maxPageBytes)
}

// add reads the row that begins at pos and returns where it ends.
func (w *pageWriter) add(r *rowReader, pos int64) int64 {
	end, broken := r.next(pos)
	if end <= pos {
		w.q.Rows = len(w.page.Rows) // the file is shorter than it was
		return pos + 1
	}
	n := len(w.page.Rows)
	raw, long := rowBytes(r, pos, end)
	w.read += int64(len(raw))
	limit := CellBytes
	if w.q.One {
		limit = MaxCell
	}
	row := make([]string, 0, min(w.q.Columns, 64))
	count, bad := w.t.cells(raw, w.q.Column, w.q.Column+w.q.Columns, func(cell []byte) {
		s, cut := cutText(cell, limit)
		if cut {
			w.page.Cut = append(w.page.Cut, [2]int{n, len(row)})
		}
		w.text += len(s) + 4
		row = append(row, s)
	})
	w.columns = max(w.columns, count)
	w.page.Rows = append(w.page.Rows, row)
	if (broken || bad) && !long {
		w.page.Broken = append(w.page.Broken, n)
	}
	if long {
		w.page.Long = append(w.page.Long, n)
	}
	return end
}

func (w *pageWriter) done(r *rowReader) (Page, error) {
	w.t.mu.Lock()
	w.t.columns = max(w.t.columns, w.columns)
	w.t.mu.Unlock()
	if r.err != nil {
		return Page{}, r.err
	}
	if w.page.Rows == nil {
		w.page.Rows = [][]string{}
	}
	return w.page, nil
}

// rowBytes reads a row, at most maxRowBytes of it.
func rowBytes(r *rowReader, pos, end int64) (raw []byte, long bool) {
	if end-pos > maxRowBytes {
		end, long = pos+maxRowBytes, true
	}
	if b := r.at(pos); int64(len(b)) >= end-pos {
		return b[:end-pos], long
	}
	raw = make([]byte, 0, end-pos)
	for pos < end {
		b := r.at(pos)
		if len(b) == 0 {
			break
		}
		b = b[:min(int64(len(b)), end-pos)]
		raw = append(raw, b...)
		pos += int64(len(b))
	}
	return raw, long
}

// cells calls each with the wanted cells of a row.
func (t *Table) cells(raw []byte, from, to int, each func(cell []byte)) (count int, broken bool) {
	text := trimBreak(toUTF8(t.layout.Encoding, raw))
	switch t.layout.Format {
	case Lines:
		if from == 0 && to > 0 {
			each(text)
		}
		return 1, false
	case JSONL:
		return t.jsonCells(text, from, to, each)
	}
	return splitCells(text, t.layout.Delimiter[0], true, from, to, each)
}
