package preview

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lyceum/internal/lyceum"
)

// Bounds of an arrangement: what is behind them is left out, and told.
const (
	MaxArranged = 200_000         // rows
	arrangeTime = 5 * time.Second // of looking for them
	maxViews    = 4               // that are kept of a table
	maxFilter   = 1000            // bytes
	keyBytes    = 64              // of a cell that sorting looks at
)

// Arrange is another order of the rows, or a part of them. The zero value is none.
type Arrange struct {
	Filter     string // rows that hold this text somewhere, in any case
	Sorted     bool   // by Column
	Column     int
	Descending bool
}

func (a Arrange) none() bool { return a.Filter == "" && !a.Sorted }

// view is an arrangement that was made.
type view struct {
	of      Arrange
	rows    []arranged
	partial bool
}

type arranged struct{ number, start int64 }

// views are the arrangements of a table, the latest last. One is made at a time.
type views struct {
	making sync.Mutex
	list   []*view
}

func (t *Table) arrange(ctx context.Context, a Arrange) (*view, error) {
	if len(a.Filter) > maxFilter || a.Column < 0 {
		return nil, lyceum.Errorf(lyceum.Invalid, "this cannot be filtered or sorted by")
	}
	t.views.making.Lock()
	defer t.views.making.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err // it waited longer than anybody wants it
	}
	for _, v := range t.views.list {
		if v.of == a {
			return v, nil
		}
	}
	v, err := t.makeView(ctx, a)
	if err != nil {
		return nil, err
	}
	t.views.list = append(t.views.list, v)
	if len(t.views.list) > maxViews {
		t.views.list = slices.Delete(t.views.list, 0, 1)
	}
	return v, nil
}

func (t *Table) makeView(ctx context.Context, a Arrange) (*view, error) {
	v := &view{of: a}
	r := t.reader()
	filter := bytes.ToLower([]byte(a.Filter))
	var keys []string
	begun := time.Now()
	for pos, number := t.begin(r), int64(0); pos < t.size; number++ {
		if number%1024 == 0 && time.Since(begun) > arrangeTime || len(v.rows) == MaxArranged {
			v.partial = true
			break
		}
		if number%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// Where quotes do not match the index decides, so it must have got here.
		if err := t.await(ctx, func() bool { return t.read > pos }); err != nil {
			return nil, err
		}
		end, _ := r.next(pos)
		if end <= pos {
			break
		}
		raw, _ := rowBytes(r, pos, end)
		if len(filter) == 0 || bytes.Contains(bytes.ToLower(toUTF8(t.layout.Encoding, raw)), filter) {
			v.rows = append(v.rows, arranged{number, pos})
			if a.Sorted {
				keys = append(keys, t.sortKey(raw, a.Column))
			}
		}
		pos = end
	}
	if r.err != nil {
		return nil, r.err
	}
	if a.Sorted {
		v.sort(keys, a.Descending)
	}
	return v, nil
}

func (t *Table) sortKey(raw []byte, column int) string {
	key := ""
	t.cells(raw, column, column+1, func(cell []byte) { key, _ = cutText(cell, keyBytes) })
	return strings.TrimSpace(key)
}

// sort orders numbers by their size, before text, which is ordered without regard
// to case; empty cells are last either way. Equal ones keep their order.
func (v *view) sort(keys []string, descending bool) {
	type sortable struct {
		row    arranged
		class  int // number, text, empty
		number float64
		text   string
	}
	list := make([]sortable, len(keys))
	for i, k := range keys {
		s := sortable{row: v.rows[i], class: 1, text: strings.ToLower(k)}
		if n, ok := numberOf(k); ok {
			s.class, s.number = 0, n
		} else if k == "" {
			s.class = 2
		}
		list[i] = s
	}
	slices.SortStableFunc(list, func(a, b sortable) int {
		if a.class == 2 || b.class == 2 {
			return cmp.Compare(a.class, b.class)
		}
		c := cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.number, b.number), strings.Compare(a.text, b.text))
		if descending {
			return -c
		}
		return c
	})
	for i, s := range list {
		v.rows[i] = s.row
	}
}

// numberOf is the value of what isNumber accepts; a comma alone is a decimal one.
func numberOf(s string) (float64, bool) {
	if !isNumber(s) {
		return 0, false
	}
	s = strings.TrimSuffix(strings.TrimSpace(s), "%")
	s = strings.NewReplacer("\u2212", "-", "'", "", "_", "", "\u00a0", "", "\u202f", "").Replace(s)
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	s = strings.ReplaceAll(s, ",", "")
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}
