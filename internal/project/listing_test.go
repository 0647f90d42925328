package project

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/api"
	"lyceum/internal/files"
)

// byLibrary is a listing as encoding/json writes it.
func byLibrary(t testing.TB, l api.Listing) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func written(path string, l files.Listing) string {
	w := httptest.NewRecorder()
	_ = writeListing(w, path, l) // never fails
	return w.Body.String()
}

func TestWriteListing(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 2, 3, 4, 5, 6, 700, time.UTC)
	all := files.Listing{Next: "fä\"\n", Total: 7, Entries: []files.Entry{
		{Name: "a", Path: "d/a", Kind: files.File, Size: 1 << 40, Modified: when, Mode: 0o644, Version: "1-2", Links: 1, Inode: 5},
		{Name: "<&>", Path: "d/<&>", Kind: files.Symlink, Size: -1, Modified: when.In(time.FixedZone("x", 3600)), Target: "../\u2028", TargetKind: files.Outside, Hidden: true},
		{Name: "caf\ufffd", Path: "~x636166e9", Kind: files.Other, Opaque: true, Modified: time.Unix(0, 0)},
		{Name: "\x01\"\\\x7f ü \U0001F600", Kind: files.Folder, Modified: when.Truncate(time.Second)},
	}}
	for n := range len(all.Entries) + 1 {
		l := all
		l.Entries = l.Entries[:n]
		want := api.Listing{Path: "d", Items: []api.Entry{}, Next: l.Next, Total: l.Total}
		for _, e := range l.Entries {
			want.Items = append(want.Items, entryOf(e))
		}
		if diff := cmp.Diff(written("d", l), byLibrary(t, want)); diff != "" {
			t.Errorf("%d entries (-got +want):\n%s", n, diff)
		}
	}
	// Larger than a piece, and times that have no text.
	var l files.Listing
	for range 2000 {
		l.Entries = append(l.Entries, files.Entry{Name: strings.Repeat("n", 100), Modified: time.Date(12_000, 1, 1, 0, 0, 0, 0, time.UTC)}, files.Entry{Modified: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)})
	}
	var got api.Listing
	if err := json.Unmarshal([]byte(written("", l)), &got); err != nil || len(got.Items) != 4000 || got.Items[0].Modified.Year() != 9999 || got.Items[1].Modified.Year() != 0 {
		t.Errorf("%d entries, %v", len(got.Items), err)
	}
}

// TestWriteListingKnowsAllFields: a new field of the type is written here too.
func TestWriteListingKnowsAllFields(t *testing.T) {
	t.Parallel()
	if n, m := reflect.TypeFor[api.Entry]().NumField(), reflect.TypeFor[api.Listing]().NumField(); n != 11 || m != 4 {
		t.Errorf("api.Entry has %d fields and api.Listing %d: write them in listing.go", n, m)
	}
}

func BenchmarkWriteListing(b *testing.B) {
	l := files.Listing{Entries: make([]files.Entry, 10_000)}
	for i := range l.Entries {
		l.Entries[i] = files.Entry{Name: "file-000000.txt", Path: "many/file-000000.txt", Kind: files.File, Modified: time.Unix(1e9, 5), Mode: 0o644, Version: "1234-1-17a0f3c5d8e90000-17a0f3c5d8e90000"}
	}
	for b.Loop() {
		_ = written("many", l)
	}
}
