package preview_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
	"lyceum/internal/preview"
)

// open opens a table and builds its index.
func open(t testing.TB, name, content string, want preview.Dialect) *preview.Table {
	t.Helper()
	table, err := preview.Open(strings.NewReader(content), int64(len(content)), name, want)
	if err != nil {
		t.Fatal(err)
	}
	table.Build(t.Context())
	return table
}

func page(t testing.TB, table *preview.Table, q preview.Query) preview.Page {
	t.Helper()
	p, err := table.Page(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var all = preview.Query{Rows: preview.MaxRows, Columns: preview.MaxColumns}

func TestTables(t *testing.T) {
	t.Parallel()
	wide := func(s string, big bool) string {
		var b bytes.Buffer
		for _, u := range utf16.Encode([]rune(s)) {
			if big {
				b.Write([]byte{byte(u >> 8), byte(u)})
			} else {
				b.Write([]byte{byte(u), byte(u >> 8)})
			}
		}
		return b.String()
	}
	comma := preview.Dialect{Format: "csv", Encoding: "utf-8", Delimiter: ",", Header: "yes"}
	with := func(f func(*preview.Dialect)) preview.Dialect { d := comma; f(&d); return d }
	noHeader := with(func(d *preview.Dialect) { d.Header = "no" })
	for _, c := range []struct {
		name, file, content string
		want                preview.Dialect
		names               []string
		rows                [][]string
		broken              []int
	}{
		{"plain", "a.csv", "name,depth\nnorth,4.5\nsouth,3\n", comma, []string{"name", "depth"}, [][]string{{"north", "4.5"}, {"south", "3"}}, nil},
		{"nothing", "a.csv", "", noHeader, nil, [][]string{}, nil},
		{"no line break at the end", "a.csv", "1,2\n3,4", noHeader, []string{"", ""}, [][]string{{"1", "2"}, {"3", "4"}}, nil},
		{"CR LF and quotes", "a.csv", "a,b\r\n\"x, y\",\"two\r\nlines\"\r\n\"say \"\"hi\"\"\",\r\n", comma, []string{"a", "b"}, [][]string{{"x, y", "two\r\nlines"}, {`say "hi"`, ""}}, nil},
		{"semicolons", "a.csv", "a;b\n1,5;2\n", with(func(d *preview.Dialect) { d.Delimiter = ";" }), []string{"a", "b"}, [][]string{{"1,5", "2"}}, nil},
		{"tabs", "a.tsv", "a\tb\nx, y\t2\n", with(func(d *preview.Dialect) { d.Delimiter = "\t" }), []string{"a", "b"}, [][]string{{"x, y", "2"}}, nil},
		{"a mark", "a.csv", "\ufeffa,b\n1,2\n", comma, []string{"a", "b"}, [][]string{{"1", "2"}}, nil},
		{"UTF-16 with a mark", "a.csv", "\xff\xfe" + wide("a,é\n\"x\ny\",2\n", false), with(func(d *preview.Dialect) { d.Encoding = "utf-16le" }), []string{"a", "é"}, [][]string{{"x\ny", "2"}}, nil},
		{"UTF-16 without", "a.csv", wide("a,b\n1,\u0a0a\n", true), with(func(d *preview.Dialect) { d.Encoding = "utf-16be" }), []string{"a", "b"}, [][]string{{"1", "\u0a0a"}}, nil},
		{"Latin 1", "a.csv", "a,b\ncaf\xe9,1\n", with(func(d *preview.Dialect) { d.Encoding = "windows-1252" }), []string{"a", "b"}, [][]string{{"café", "1"}}, nil},
		{"rows of different length", "a.csv", "a,b\n1\n1,2,3\n\n", comma, []string{"a", "b", ""}, [][]string{{"1"}, {"1", "2", "3"}, {""}}, nil},
		{"a quote inside of a cell", "a.csv", "a,b\n5\" pipe,2\nx,3\n", comma, []string{"a", "b"}, [][]string{{"5\" pipe", "2"}, {"x", "3"}}, nil},
		{"letters behind a quote", "a.csv", "a,b\n\"x\"y,2\n", comma, []string{"a", "b"}, [][]string{{"xy", "2"}}, []int{0}},
		{"a quote that is not closed", "a.csv", "a,b\n\"x,2\ny,3\n", comma, []string{"a", "b"}, [][]string{{"\"x", "2"}, {"y", "3"}}, []int{0}},
		{"a NUL", "a.csv", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,b\n1,2\x003\n", comma, []string{strings.Repeat("a", 57), "b"}, [][]string{{"1", "2\u24003"}}, nil},
		{"an old Mac's line breaks", "a.csv", "a,b\r1,2\r3,4\r", comma, []string{"a", "b"}, [][]string{{"1", "2"}, {"3", "4"}}, nil},
		{"JSON Lines", "a.jsonl", "{\"id\": 12345678901234567890, \"s\": \"x\\ny\"}\n{\"s\": null, \"more\": [1, 2]}\n[3]\n{bad\n", preview.Dialect{Format: "jsonl", Encoding: "utf-8", Header: "no"},
			[]string{"id", "s", "more", ""}, [][]string{{"12345678901234567890", "x\ny", "", ""}, {"", "null", "[1, 2]", ""}, {"", "", "", "[3]"}, {"", "", "", "{bad"}}, []int{3}},
		{"lines", "a.log", "one,\"\ntwo\n", preview.Dialect{Format: "lines", Encoding: "utf-8", Header: "no"}, []string{""}, [][]string{{"one,\""}, {"two"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			table := open(t, c.file, c.content, preview.Dialect{})
			p := page(t, table, all)
			names, _ := table.Names(0, 1000)
			if diff := cmp.Diff(table.Dialect(), c.want) + cmp.Diff(names, c.names) + cmp.Diff(p.Rows, c.rows) + cmp.Diff(p.Broken, c.broken); diff != "" {
				t.Errorf("got - want +\n%s", diff)
			}
			if s := table.State(); s.Rows != int64(len(c.rows)) || !s.Done {
				t.Errorf("the state is %+v, want %d rows", s, len(c.rows))
			}
		})
	}
}

func TestNoTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		content string
		want    preview.Dialect
	}{
		{"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x03\x00", preview.Dialect{}},
		{"a,b\n", preview.Dialect{Delimiter: "xx"}},
		{"a,b\n", preview.Dialect{Delimiter: "\""}},
		{"a,b\n", preview.Dialect{Encoding: "utf-7"}},
		{"a,b\n", preview.Dialect{Format: "xlsx"}},
		{"a,b\n", preview.Dialect{Header: "maybe"}},
	} {
		if _, err := preview.Open(strings.NewReader(c.content), int64(len(c.content)), "a.csv", c.want); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%q as %+v: got %v, want it refused", c.content, c.want, err)
		}
	}
	table := open(t, "a.csv", "a,b\n", preview.Dialect{})
	for _, q := range []preview.Query{{Rows: 1001}, {Rows: -1}, {From: -1}, {Columns: 1001}, {Column: -1}} {
		if _, err := table.Page(t.Context(), q); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%+v: got %v, want it refused", q, err)
		}
	}
}

// TestPages: every row is found by its number, wherever the index has its marks.
func TestPages(t *testing.T) {
	t.Parallel()
	const rows = 1_300_000 // more than maxMarks × the first step
	var b strings.Builder
	b.WriteString("n,text\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,\"a\nb\"\n", i)
	}
	table := open(t, "a.csv", b.String(), preview.Dialect{})
	for _, from := range []int64{0, 1, 15, 16, 17, 999, 65_535, 1_048_575, 1_048_576, rows - 3} {
		p := page(t, table, preview.Query{From: from, Rows: 3, Columns: 2})
		for i, r := range p.Rows {
			if r[0] != fmt.Sprint(from+int64(i)) || r[1] != "a\nb" {
				t.Errorf("row %d is %q", from+int64(i), r)
			}
		}
		if len(p.Rows) != 3 {
			t.Errorf("from %d: got %d rows", from, len(p.Rows))
		}
	}
	if p := page(t, table, preview.Query{From: rows, Rows: 3, Columns: 2}); len(p.Rows) != 0 {
		t.Errorf("behind the end: got %q", p.Rows)
	}
}

// TestBounds: what is huge is cut, and told.
func TestBounds(t *testing.T) {
	t.Parallel()
	t.Run("a field of 50 MB", func(t *testing.T) {
		t.Parallel()
		table := open(t, "a.csv", "a,b\n1,"+strings.Repeat("x", 50<<20)+"\n2,y\n", preview.Dialect{})
		p := page(t, table, all)
		if len(p.Rows) != 2 || len(p.Rows[0][1]) != preview.CellBytes || p.Rows[1][1] != "y" || !slices.Equal(p.Long, []int{0}) || !slices.Equal(p.Cut, [][2]int{{0, 1}}) {
			t.Errorf("got %d rows, cut %v, long %v", len(p.Rows), p.Cut, p.Long)
		}
		one := page(t, table, preview.Query{Rows: 1, Column: 1, Columns: 1, One: true})
		if len(one.Rows[0][0]) != preview.MaxCell {
			t.Errorf("the cell alone has %d bytes", len(one.Rows[0][0]))
		}
	})
	t.Run("100,000 columns", func(t *testing.T) {
		t.Parallel()
		line := strings.Repeat("7,", 99_999) + "8\n"
		table := open(t, "a.csv", line+line, preview.Dialect{})
		p := page(t, table, preview.Query{Rows: 10, Column: 99_998, Columns: 100})
		if s := table.State(); s.Columns != 100_000 || !cmp.Equal(p.Rows, [][]string{{"7", "8"}, {"7", "8"}}) {
			t.Errorf("got %d columns, %q", s.Columns, p.Rows)
		}
	})
	t.Run("quotes that never match", func(t *testing.T) {
		t.Parallel()
		// Each line opens a quote that its successor closes and opens again: without a
		// bound, finding each row reads a megabyte.
		n := 2_000_000
		table := open(t, "a.csv", strings.Repeat("\"a\",\"\n", n), preview.Dialect{Header: "no"})
		if s := table.State(); s.Rows != int64(n) || s.Broken != 64 {
			t.Errorf("got %d rows, %d broken", s.Rows, s.Broken)
		}
		p := page(t, table, preview.Query{From: int64(n) - 1, Rows: 1, Columns: 5})
		if !cmp.Equal(p.Rows, [][]string{{"a", "\""}}) {
			t.Errorf("the last row is %q", p.Rows)
		}
	})
	t.Run("a page of long rows", func(t *testing.T) {
		t.Parallel()
		row := strings.Repeat("x", 3<<20) + "\n"
		p := page(t, open(t, "a.log", strings.Repeat(row, 30), preview.Dialect{}), all)
		if len(p.Rows) < 1 || len(p.Rows) > 12 {
			t.Errorf("got %d rows of 3 MB", len(p.Rows))
		}
	})
}

func TestArrange(t *testing.T) {
	t.Parallel()
	table := open(t, "a.csv", "name,n\nb,10\nÄ,9\n,1\nc,\nA,-2.5\nd,\"1,5\"\n", preview.Dialect{Header: "yes"})
	for _, c := range []struct {
		name string
		a    preview.Arrange
		want []int64
	}{
		{"numbers", preview.Arrange{Sorted: true, Column: 1}, []int64{4, 2, 5, 1, 0, 3}},
		{"numbers, the largest first", preview.Arrange{Sorted: true, Column: 1, Descending: true}, []int64{0, 1, 5, 2, 4, 3}},
		{"text", preview.Arrange{Sorted: true, Column: 0}, []int64{4, 0, 3, 5, 1, 2}},
		{"a column that is not there", preview.Arrange{Sorted: true, Column: 9}, []int64{0, 1, 2, 3, 4, 5}},
		{"a filter", preview.Arrange{Filter: "ä"}, []int64{1}},
		{"nothing matches", preview.Arrange{Filter: "zz"}, nil},
		{"both", preview.Arrange{Filter: "1", Sorted: true, Column: 1, Descending: true}, []int64{0, 5, 2}},
	} {
		p := page(t, table, preview.Query{Rows: 10, Columns: 2, Arrange: c.a})
		if !slices.Equal(p.Numbers, c.want) || p.Matches != int64(len(c.want)) || p.Partial {
			t.Errorf("%s: got %v of %d, want %v", c.name, p.Numbers, p.Matches, c.want)
		}
	}
	big := open(t, "a.csv", strings.Repeat("1,2\n", preview.MaxArranged+5), preview.Dialect{})
	if p := page(t, big, preview.Query{From: preview.MaxArranged - 1, Rows: 10, Columns: 2, Arrange: preview.Arrange{Sorted: true}}); !p.Partial || len(p.Rows) != 1 {
		t.Errorf("more rows than are arranged: partial %v, %d rows", p.Partial, len(p.Rows))
	}
}

// shrinking is a file that somebody makes shorter, or that cannot be read.
type shrinking struct {
	left int64
	err  error
}

func (s shrinking) ReadAt(p []byte, at int64) (int, error) {
	for i := range p {
		if at+int64(i) >= s.left {
			return i, s.err
		}
		p[i] = "1,2\n"[(at+int64(i))%4]
	}
	return len(p), nil
}

func TestFilesThatChange(t *testing.T) {
	t.Parallel()
	table, err := preview.Open(shrinking{1 << 20, io.EOF}, 8<<20, "a.csv", preview.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	table.Build(t.Context())
	if s := table.State(); s.Rows != 1<<18 {
		t.Errorf("a file that shrank has %d rows", s.Rows)
	}
	table, err = preview.Open(shrinking{1 << 20, errors.New("bad sector")}, 8<<20, "a.csv", preview.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	table.Build(t.Context())
	if _, err := table.Page(t.Context(), all); !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	table = open(t, "a.csv", "a,b\n", preview.Dialect{})
	if _, err := table.Page(ended, preview.Query{Arrange: preview.Arrange{Filter: "x"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that ended: %v", err)
	}
}

func FuzzTable(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\n\",\"\"\"\"\n", "\xff\xfea\x00,\x00b\x00\n\x00", "{\"a\":1}\n[", "a\tb\r1\t\"2", "\ufeff;\n;", "\"\"\"\n\"x\"y\n", "caf\xe9|\x00\n"} {
		f.Add(s, uint8(0), "", "")
		f.Add(s, uint8(1), ",", "utf-16be")
	}
	f.Fuzz(func(t *testing.T, content string, kind uint8, delimiter, encoding string) {
		name := []string{"a.csv", "a.jsonl", "a.txt", "a.tsv"}[kind%4]
		table, err := preview.Open(strings.NewReader(content), int64(len(content)), name, preview.Dialect{Delimiter: delimiter, Encoding: encoding})
		if err != nil {
			return
		}
		table.Build(t.Context())
		state := table.State()
		if !state.Done {
			t.Fatal("the index is not done")
		}
		rows := 0
		for from := int64(0); from < state.Rows; from += 7 {
			p := page(t, table, preview.Query{From: from, Rows: 7, Columns: 20})
			rows += len(p.Rows)
			for i, r := range p.Rows {
				one := page(t, table, preview.Query{From: from + int64(i), Rows: 1, Columns: 20})
				if len(one.Rows) != 1 || !slices.Equal(one.Rows[0], r) {
					t.Fatalf("row %d alone is %q, on its page %q", from+int64(i), one.Rows, r)
				}
			}
		}
		if int64(rows) != state.Rows {
			t.Fatalf("%d rows on the pages, %d in the index", rows, state.Rows)
		}
		page(t, table, preview.Query{Rows: 5, Columns: 5, Arrange: preview.Arrange{Filter: "a", Sorted: true}})
	})
}

func BenchmarkBuild(b *testing.B) {
	for name, line := range map[string]string{"plain": "12345,north,4.25,2026-11-26T12:00:00Z,something\n", "quoted": "12345,\"north\",\"4.25\",\"2026-11-26T12:00:00Z\"\n"} {
		content := strings.Repeat(line, 100<<20/len(line))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				table, err := preview.Open(strings.NewReader(content), int64(len(content)), "a.csv", preview.Dialect{})
				if err != nil {
					b.Fatal(err)
				}
				table.Build(b.Context())
			}
		})
	}
}
