package files

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
)

func TestListOrder(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	want := []string{"a10", "B", "c", "file1", "file2", "File10", "file010", "Zoo", "~x7e78ff", "ä"}
	order := rand.Perm(len(want))
	for _, i := range order {
		raw, err := DecodeName(want[i])
		if err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			err = os.Mkdir(filepath.Join(d.Home(), raw), 0o755)
		} else if i == 2 {
			err = os.Symlink("B", filepath.Join(d.Home(), raw))
		} else {
			put(t, d, raw, "")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(t, d, ".hidden", "")
	for limit := 1; limit <= len(want)+1; limit++ {
		var got []string
		p := Page{Limit: limit}
		for {
			l, err := d.List(t.Context(), "", p)
			if err != nil {
				t.Fatal(err)
			}
			if l.Total != len(want) {
				t.Fatalf("total is %d, want %d", l.Total, len(want))
			}
			for _, e := range l.Entries {
				got = append(got, e.Path)
			}
			if p.After = l.Next; p.After == "" {
				break
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Fatalf("limit %d (-got +want): %s", limit, diff)
		}
	}
	l, err := d.List(t.Context(), "", Page{Hidden: true})
	if err != nil || len(l.Entries) != len(want)+1 {
		t.Errorf("with hidden ones: %d entries, %v", len(l.Entries), err)
	}
	_, err = d.List(t.Context(), "file1", Page{})
	wantKind(t, err, lyceum.NotFound)
	_, err = d.List(t.Context(), "", Page{After: "x/y"})
	wantKind(t, err, lyceum.Invalid)
}

func TestCompareNaturalIsAnOrder(t *testing.T) {
	t.Parallel()
	names := []string{"", "a", "A", "a1", "a01", "a001", "a1b", "a1B", "a10", "a2", "a100000000000000000000", "\xff", "é", "É", "a\xff", "1", "01", "a ", "a-"}
	for _, a := range names {
		for _, b := range names {
			if x, y := compareNatural(a, b), compareNatural(b, a); x != -y || (x == 0) != (a == b) {
				t.Errorf("%q, %q: %d and back %d", a, b, x, y)
			}
			for _, c := range names {
				if compareNatural(a, b) < 0 && compareNatural(b, c) < 0 && compareNatural(a, c) >= 0 {
					t.Errorf("%q < %q < %q, but not the first before the last", a, b, c)
				}
			}
		}
	}
}

// TestListLarge reads a page from the middle of 100,000 files.
func TestListLarge(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	const n = 100_000
	for i := range n {
		f, err := os.OpenFile(filepath.Join(d.Home(), fmt.Sprintf("f%d", i)), os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	begin := time.Now()
	l, err := d.List(t.Context(), "", Page{After: "ff49999", Limit: 100})
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	if l.Total != n || len(l.Entries) != 100 || l.Entries[0].Name != "f50000" || l.Next != "ff50099" {
		t.Errorf("total %d, %d entries, first %s, next %q", l.Total, len(l.Entries), l.Entries[0].Name, l.Next)
	}
	t.Logf("a page of %d files took %v", n, took)
	if took > 5*time.Second {
		t.Errorf("took %v, want far less than 5 s even on a busy machine", took)
	}
	if !slices.IsSortedFunc(l.Entries, func(a, b Entry) int { return compareNatural(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
}

// TestListLookedAtTogether: what several look at together comes out as one would
// have listed it, page by page.
func TestListLookedAtTogether(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	const n = 3000
	for i := range n {
		put(t, d, fmt.Sprintf("f%d", i), strings.Repeat("x", i*7%11))
	}
	for _, descending := range []bool{false, true} {
		var got []string
		p := Page{Order: BySize, Descending: descending, Limit: 700}
		for {
			l, err := d.List(t.Context(), "", p)
			if err != nil {
				t.Fatal(err)
			}
			if l.Total != n {
				t.Fatalf("total is %d, want %d", l.Total, n)
			}
			for _, e := range l.Entries {
				got = append(got, fmt.Sprintf("%d %s", e.Size, e.Name))
			}
			if p.After = l.Next; p.After == "" {
				break
			}
		}
		var want []string
		for size := range 11 {
			if descending {
				size = 10 - size
			}
			for i := range n {
				if i*7%11 == size {
					want = append(want, fmt.Sprintf("%d f%d", size, i))
				}
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("descending %t (-got +want): %s", descending, diff)
		}
	}
}

// BenchmarkListFirstPage lists the first page of 100,000 files.
func BenchmarkListFirstPage(b *testing.B) {
	d := newHome(b)
	for i := range 100_000 {
		if err := os.WriteFile(filepath.Join(d.Home(), fmt.Sprintf("file-%06d.txt", i)), []byte("x"), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for _, by := range []Order{ByName, BySize, ByModified} {
		b.Run(string(by), func(b *testing.B) {
			for b.Loop() {
				if l, err := d.List(b.Context(), "", Page{Order: by}); err != nil || len(l.Entries) != UsualPage {
					b.Fatalf("%d entries: %v", len(l.Entries), err)
				}
			}
		})
	}
}
