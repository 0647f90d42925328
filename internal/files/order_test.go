package files

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// all lists a folder page by page.
func all(t testing.TB, d *Dir, p Page) (paths []string, total int) {
	t.Helper()
	for {
		l, err := d.List(t.Context(), "", p)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range l.Entries {
			paths = append(paths, e.Path)
		}
		if p.After = l.Next; p.After == "" {
			return paths, l.Total
		}
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	begin := time.Unix(1_700_000_000, 0)
	for i, f := range []struct {
		name string
		size int
	}{{"b.txt", 10}, {"a.txt", 10}, {"c.PY", 300}, {"d.py", 2}, {"noext", 0}, {".hidden.txt", 7}} {
		put(t, d, f.name, strings.Repeat("x", f.size))
		if err := os.Chtimes(filepath.Join(d.Home(), f.name), begin, begin.Add(time.Duration(i)*time.Nanosecond)); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"z", "y"} {
		full := filepath.Join(d.Home(), name)
		if err := errors.Join(os.Mkdir(full, 0o755), os.Chtimes(full, begin, begin.Add(time.Duration(i)*time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		page Page
		want string
	}{
		{Page{}, "y z a.txt b.txt c.PY d.py noext"},
		{Page{Descending: true}, "z y noext d.py c.PY b.txt a.txt"},
		{Page{Order: BySize}, "y z noext d.py a.txt b.txt c.PY"},
		{Page{Order: BySize, Descending: true}, "y z c.PY a.txt b.txt d.py noext"},
		{Page{Order: ByModified}, "z y b.txt a.txt c.PY d.py noext"},
		{Page{Order: ByModified, Descending: true, Hidden: true}, "y z .hidden.txt noext d.py c.PY a.txt b.txt"},
		{Page{Order: ByKind}, "y z noext c.PY d.py a.txt b.txt"},
		{Page{Order: ByKind, Descending: true}, "y z a.txt b.txt c.PY d.py noext"},
		{Page{Filter: "PY"}, "c.PY d.py"},
		{Page{Filter: "?.py"}, "c.PY d.py"},
		{Page{Filter: "*t*", Hidden: true}, ".hidden.txt a.txt b.txt noext"},
		{Page{Filter: "[a]"}, ""},
	} {
		for limit := 1; limit < 9; limit++ {
			c.page.Limit = limit
			got, total := all(t, d, c.page)
			if want := strings.Fields(c.want); !slices.Equal(got, want) || total != len(want) {
				t.Errorf("%+v: %d entries %v, want %v", c.page, total, got, want)
			}
		}
	}
	for _, p := range []Page{{After: "x"}, {After: "fb", Order: BySize}, {After: "f~~,b", Order: ByModified}} {
		_, err := d.List(t.Context(), "", p)
		wantKind(t, err, lyceum.Invalid)
	}
}

// TestPagesMissNothing while files come and go: what stays as it is is on exactly
// one page.
func TestPagesMissNothing(t *testing.T) {
	t.Parallel()
	for _, order := range []Order{ByName, BySize, ByModified, ByKind} {
		for _, descending := range []bool{false, true} {
			d := newHome(t)
			var want []string
			for i := range 300 {
				name := fmt.Sprintf("stays%d.%c", i, 'a'+i%3)
				put(t, d, name, strings.Repeat("x", i%7))
				want = append(want, name)
			}
			seen := map[string]int{}
			p := Page{Limit: 17, Order: order, Descending: descending}
			for round := 0; ; round++ {
				l, err := d.List(t.Context(), "", p)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range l.Entries {
					seen[e.Path]++
				}
				put(t, d, fmt.Sprintf("comes%d", rand.IntN(1000)), "xx")
				if err := os.Remove(filepath.Join(d.Home(), fmt.Sprintf("comes%d", rand.IntN(1000)))); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
				if p.After = l.Next; p.After == "" {
					break
				}
			}
			for _, name := range want {
				if seen[name] != 1 {
					t.Errorf("by %s, descending %v: %s was seen %d times", order, descending, name, seen[name])
				}
			}
		}
	}
}

func TestMatcher(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter, name string
		want         bool
	}{
		{"", "any", true}, {"B", "abc", true}, {"x", "abc", false}, {"*", "", true}, {"?", "", false},
		{"a*c", "abbbc", true}, {"a*c", "abbbd", false}, {"*.txt", "A.TXT", true}, {"ä?", "Äß", true}, {"[ab]*", "a", false},
		{"a*b*c", "aXbYc", true}, {"a*b*c", "aXcYb", false}, {"**a**", "bab", true},
		{strings.Repeat("*a", 100) + "b", strings.Repeat("a", 255), false}, // must not take for ever
	} {
		if got := matcher(c.filter)(c.name); got != c.want {
			t.Errorf("%.40q on %.40q: %v, want %v", c.filter, c.name, got, c.want)
		}
	}
}

// FuzzCursor reads places that came from outside, and writes them as they were.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "dname", "f1z,name", "f-1,~x636166e9", "x", "f", "f,", "dzzzzzzzzzzzzzzzz,a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, order := range []Order{ByName, BySize} {
			s := sorting{order: order}
			k, err := s.parseCursor(text)
			if err != nil {
				wantKind(t, err, lyceum.Invalid)
				continue
			}
			if k == nil {
				continue
			}
			again, err := s.parseCursor(s.cursor(*k))
			if err != nil || *again != *k {
				t.Errorf("%q is %+v and then %+v, %v", text, *k, again, err)
			}
		}
	})
}

func TestEntriesOfAListingAreThoseOfStat(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	put(t, d, "file", "content")
	put(t, d, "caf\xe9", "")
	if err := errors.Join(os.Mkdir(filepath.Join(d.Home(), "dir"), 0o711), os.Symlink("file", filepath.Join(d.Home(), "link")), os.Chmod(filepath.Join(d.Home(), "file"), 0o640), unix.Mkfifo(filepath.Join(d.Home(), "pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	l, err := d.List(t.Context(), "", Page{})
	if err != nil || len(l.Entries) != 5 {
		t.Fatalf("%d entries, %v", len(l.Entries), err)
	}
	for _, got := range l.Entries {
		want, err := d.Stat(t.Context(), got.Path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-listed +looked at): %s", got.Path, diff)
		}
	}
}

func benchmarkList(b *testing.B, n int, page Page) {
	d := newHome(b)
	for i := range n {
		put(b, d, fmt.Sprintf("file%d.txt", i), "")
	}
	begin := processorTime(b)
	for b.Loop() {
		l, err := d.List(b.Context(), "", page)
		if err != nil || len(l.Entries) == 0 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((processorTime(b)-begin).Milliseconds())/float64(b.N), "cpu-ms/op")
}

// processorTime is what this process has used: what a machine that is busy with
// other work does not change.
func processorTime(b *testing.B) time.Duration {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func BenchmarkList10k(b *testing.B) { benchmarkList(b, 10_000, Page{Limit: MaxPage}) }

func BenchmarkList100kFirstPage(b *testing.B) {
	for _, order := range []Order{ByName, BySize, ByModified, ByKind} {
		b.Run(string(order), func(b *testing.B) { benchmarkList(b, 100_000, Page{Order: order}) })
	}
}
