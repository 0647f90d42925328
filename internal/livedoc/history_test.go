package livedoc

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/notebook"
)

// watch is a clock that a test sets.
type watch struct {
	mu sync.Mutex
	at time.Time
}

func newWatch() *watch { return &watch{at: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *watch) move(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func called(name string) func(*Viewer) {
	return func(v *Viewer) { v.Account, v.Name = name, strings.ToUpper(name) }
}

// versions lists the history of a file.
func (h *home) versions(path string, l Listing) api.History {
	h.t.Helper()
	got, err := h.History(context.Background(), path, l)
	if err != nil {
		h.t.Fatal(err)
	}
	return got
}

func (h *home) version(path string, seq uint64) string {
	h.t.Helper()
	v, err := h.Version(context.Background(), path, seq)
	if err != nil {
		h.t.Fatalf("version %d: %v", seq, err)
	}
	return v.Text
}

// Who, when and what: people, the disk, a restore, names, and what of them stays
// over a restart.
func TestHistory(t *testing.T) {
	t.Parallel()
	clock := newWatch()
	h := newHome(t, func(c *Config) { c.now = clock.now })
	h.write("a", "one\n")
	start := clock.now()
	ada, grace := h.edit("a", called("ada")), h.edit("a", called("grace"))
	for i := range 10 {
		clock.move(time.Second)
		ada.insert(4+i, "x")
		ada.waitSaved(t)
	}
	clock.move(time.Minute)
	grace.waitText(t, "one\nxxxxxxxxxx")
	grace.remove(0, 4)
	grace.waitSaved(t)
	clock.move(6 * time.Minute)
	ada.waitText(t, "xxxxxxxxxx")
	ada.insert(10, "\n")
	ada.waitSaved(t)
	h.waitFile("a", "xxxxxxxxxx\n")
	clock.move(time.Hour)
	h.write("a", "from the disk\nxxxxxxxxxx\n")
	ada.waitText(t, "from the disk\nxxxxxxxxxx\n")

	got := h.versions("a", Listing{})
	adas, graces := api.VersionAuthor{ID: "ada", Name: "ADA"}, api.VersionAuthor{ID: "grace", Name: "GRACE"}
	want := []api.Version{
		{At: start.Add(time.Hour + 7*time.Minute + 10*time.Second), Until: start.Add(time.Hour + 7*time.Minute + 10*time.Second), Origin: "disk", By: []api.VersionAuthor{}, Edits: 1, Added: 14},
		{At: start.Add(7*time.Minute + 10*time.Second), Until: start.Add(7*time.Minute + 10*time.Second), Origin: "edit", By: []api.VersionAuthor{adas}, Edits: 1, Added: 1},
		{At: start.Add(time.Second), Until: start.Add(70 * time.Second), Origin: "edit", By: []api.VersionAuthor{adas, graces}, Edits: 11, Added: 10, Removed: 4},
		{At: start, Until: start, Origin: "begin", By: []api.VersionAuthor{}, Edits: 1},
	}
	numbers := cmpopts.IgnoreFields(api.Version{}, "Seq", "First")
	if diff := cmp.Diff(got.Items, want, numbers); diff != "" {
		t.Fatalf("the versions (-got +want): %s", diff)
	}
	texts := []string{"from the disk\nxxxxxxxxxx\n", "xxxxxxxxxx\n", "xxxxxxxxxx", "one\n"}
	for i, v := range got.Items {
		if text := h.version("a", v.Seq); text != texts[i] {
			t.Errorf("version %d is %q, want %q", v.Seq, text, texts[i])
		}
	}
	if text := h.version("a", got.Items[2].First+4); strings.Count(text, "x") < 2 || !strings.HasPrefix(text, "one\n") {
		t.Errorf("in the middle of a sitting it is %q", text)
	}
	if got.SizeBytes < 500 || got.Newest != got.Items[0].Seq || got.Oldest != 1 || got.Doc == "" || got.Next != 0 {
		t.Errorf("it says %+v", got)
	}
	// In pages the same comes out, and in detail more.
	var paged []api.Version
	for l := (Listing{Limit: 1}); ; {
		page := h.versions("a", l)
		paged = append(paged, page.Items...)
		if page.Next == 0 {
			break
		}
		l.Before = page.Next
	}
	if diff := cmp.Diff(paged, got.Items); diff != "" {
		t.Errorf("by pages (-got +want): %s", diff)
	}
	if fine := h.versions("a", Listing{Detail: true}); len(fine.Items) != 9 {
		t.Errorf("in detail there are %d versions", len(fine.Items))
	}

	// A name divides a sitting; it can be taken away again.
	middle := got.Items[2].First + 4
	named, err := h.NameVersion(t.Context(), "a", middle, "before lunch", "grace")
	if err != nil || named > middle {
		t.Fatalf("named %d, %v", named, err)
	}
	again := h.versions("a", Listing{})
	if len(again.Items) != 5 || again.Items[3].Name != "before lunch" || again.Items[3].Seq != named {
		t.Errorf("with a name it is %+v", again.Items)
	}
	// Restoring is an edit by who does it, seen by all, and saved.
	clock.move(time.Minute)
	n, err := h.RestoreVersion(t.Context(), "a", named, "grace")
	if err != nil {
		t.Fatal(err)
	}
	ada.waitText(t, h.version("a", named))
	h.waitFile("a", h.version("a", named))
	h.restart()
	again = h.versions("a", Listing{})
	if v := again.Items[0]; v.Seq != n || v.Origin != "restore" || v.Restored != named || len(v.By) != 1 || v.By[0] != graces {
		t.Errorf("the restore is %+v", v)
	}
	if _, err := h.NameVersion(t.Context(), "a", named, "", "ada"); err != nil {
		t.Error(err)
	}
	if again := h.versions("a", Listing{}); len(again.Items) != 5 {
		t.Errorf("without the name there are %d versions", len(again.Items))
	}
	if n, err := h.RestoreVersion(t.Context(), "a", n, "ada"); n != 0 || err != nil {
		t.Errorf("restoring what is there gives %d, %v", n, err)
	}
	// A file that a program has deleted comes back.
	if err := os.Remove(filepath.Join(h.dir, "a")); err != nil {
		t.Fatal(err)
	}
	h.restart()
	if _, err := h.RestoreVersion(t.Context(), "a", 1, "ada"); err != nil {
		t.Error(err)
	}
	h.waitFile("a", "one\n")
}

// What there is to say of files without a history.
func TestNoHistory(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "text")
	if got := h.versions("a", Listing{}); got.Doc != "" || len(got.Items) != 0 || got.Items == nil {
		t.Errorf("a file that was never opened has %+v", got)
	}
	for what, err := range map[string]error{
		"history of no file":          second(h.History(t.Context(), "b", Listing{})),
		"version of no file":          second(h.Version(t.Context(), "b", 1)),
		"version of what has none":    second(h.Version(t.Context(), "a", 1)),
		"name for what has none":      second(h.NameVersion(t.Context(), "a", 1, "x", "ada")),
		"restore of what has none":    second(h.RestoreVersion(t.Context(), "a", 1, "ada")),
		"difference of what has none": second(h.Changes(t.Context(), "a", 1, 2)),
	} {
		if !lyceum.IsKind(err, lyceum.NotFound) {
			t.Errorf("%s gives %v", what, err)
		}
	}
	h.edit("a").stop()
	if _, err := h.NameVersion(t.Context(), "a", 1, strings.Repeat("x", 201), "ada"); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("a long name gives %v", err)
	}
	// A program renames it while nobody looks: the history goes along.
	h.restart(func() {
		if err := os.Rename(filepath.Join(h.dir, "a"), filepath.Join(h.dir, "z")); err != nil {
			t.Fatal(err)
		}
	})
	if got := h.versions("z", Listing{}); got.Doc == "" || len(got.Items) != 1 {
		t.Errorf("after a rename it is %+v", got)
	}
}

func second[A any](_ A, err error) error { return err }

func TestClearHistory(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{true, false} {
		t.Run(fmt.Sprint("all ", all), func(t *testing.T) {
			t.Parallel()
			clock := newWatch()
			h := newHome(t, func(c *Config) { c.now, c.keyframe = clock.now, 2000 })
			h.write("a", "")
			ada := h.edit("a", called("ada"))
			for i := range 60 {
				clock.move(10 * time.Minute)
				ada.insert(0, fmt.Sprintf("secret %d %s\n", i, strings.Repeat("x", 80)))
				ada.waitSaved(t)
				ada.remove(0, ada.text.Len())
				ada.waitSaved(t)
			}
			ada.insert(0, "what stays")
			ada.waitSaved(t)
			was := h.versions("a", Listing{Limit: 1000})
			if len(was.Items) < 60 {
				t.Fatalf("there are %d versions", len(was.Items))
			}
			before := uint64(0)
			if !all {
				before = was.Items[20].Seq
			}
			want := map[uint64]string{}
			for _, v := range was.Items {
				if v.Seq >= before && before > 0 {
					want[v.Seq] = h.version("a", v.Seq)
				}
			}
			freed, err := h.ClearHistory(t.Context(), "a", before, "ada")
			if err != nil || freed <= 0 {
				t.Fatalf("%d bytes freed, %v", freed, err)
			}
			got := h.versions("a", Listing{Limit: 1000})
			if got.Cleared == 0 || got.Oldest != got.Items[len(got.Items)-1].Seq || got.Newest != got.Items[0].Seq || all && got.SizeBytes >= was.SizeBytes {
				t.Errorf("then it is %+v", got)
			}
			if all && len(got.Items) != 1 || !all && len(got.Items) != 21 {
				t.Errorf("there are %d versions left", len(got.Items))
			}
			for seq, text := range want {
				if got := h.version("a", seq); got != text {
					t.Errorf("version %d is %q, want %q", seq, got, text)
				}
			}
			if _, err := h.Version(t.Context(), "a", was.Items[40].Seq); !lyceum.IsKind(err, lyceum.NotFound) {
				t.Errorf("a version that was cleared gives %v", err)
			}
			if text := h.version("a", got.Newest); text != "what stays" {
				t.Errorf("the newest is %q", text)
			}
			// No byte of it is left, in whatever file.
			if all {
				dir := filepath.Join(h.cfg.State, got.Doc)
				entries, err := os.ReadDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range entries {
					if b, err := os.ReadFile(filepath.Join(dir, e.Name())); err != nil || strings.Contains(string(b), "secret") {
						t.Errorf("%s still has it (%v)", e.Name(), err)
					}
				}
			}
			ada.insert(0, "and goes on: ")
			ada.waitSaved(t)
			h.restart()
			h.edit("a").waitText(t, "and goes on: what stays")
		})
	}
}

// When the newest part of a log is damaged a new epoch begins, and what can be read of
// the one before is history still: listed, named, shown, and cleared with the rest.
func TestHistoryGoesOnAfterDamage(t *testing.T) {
	t.Parallel()
	h := newHome(t, func(c *Config) { c.keyframe = 100 })
	h.write("a", "one\n")
	ada := h.edit("a", called("ada"))
	for i := range 30 {
		ada.insert(0, fmt.Sprintf("line %d\n", i))
		ada.waitSaved(t)
	}
	ada.waitState(t, "clean")
	ada.stop()
	all := Listing{Limit: MaxListed, Detail: true}
	before := h.versions("a", all)
	old := before.Items[len(before.Items)-1]
	if _, err := h.NameVersion(context.Background(), "a", old.Seq, "the first", "ada"); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(h.cfg.State, before.Doc)
	var last uint64
	h.restart(func() {
		firsts, err := segments(dir)
		if err != nil || len(firsts) < 3 {
			t.Fatalf("got segments %v, %v, want three at least", firsts, err)
		}
		last = firsts[len(firsts)-1]
		name := filepath.Join(dir, segmentName(last))
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[segmentHeader+frameHeader+3] ^= 0xff
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	grace := h.edit("a", called("grace"))
	if grace.hello.Epoch == before.Epoch {
		t.Fatal("the epoch goes on")
	}
	grace.insert(0, "on\n")
	grace.waitSaved(t)
	check := func(when string) {
		t.Helper()
		got := h.versions("a", all)
		if !got.Damaged || got.Epoch != grace.hello.Epoch || got.Oldest != before.Oldest {
			t.Errorf("%s: got damaged %v, epoch %s, oldest %d", when, got.Damaged, got.Epoch, got.Oldest)
		}
		for i := 1; i < len(got.Items); i++ {
			if got.Items[i-1].First <= got.Items[i].Seq {
				t.Errorf("%s: version %d is listed before %d", when, got.Items[i-1].First, got.Items[i].Seq)
			}
		}
		first, end := got.Items[len(got.Items)-1], got.Items[0]
		if first.Seq != old.Seq || first.Name != "the first" || h.version("a", first.Seq) != "one\n" {
			t.Errorf("%s: the oldest version is %+v", when, first)
		}
		if end.Seq <= last || !strings.HasPrefix(h.version("a", end.Seq), "on\n") {
			t.Errorf("%s: the newest version is %+v, want it behind %d", when, end, last)
		}
	}
	check("after the damage")
	if err := h.tend(context.Background(), DocumentID(before.Doc), time.Now().Add(2*dayAfter), true); err != nil {
		t.Fatal(err)
	}
	check("after sealing")
	grace.waitState(t, "clean")
	if _, err := h.ClearHistory(context.Background(), "a", 0, "grace"); err != nil {
		t.Fatal(err)
	}
	if got := h.versions("a", all); got.Damaged || got.Oldest <= last || got.Cleared == 0 {
		t.Errorf("after clearing: got damaged %v, oldest %d, cleared %d", got.Damaged, got.Oldest, got.Cleared)
	}
}

// So it is when a file becomes a notebook, whose shared state is another, and when it
// is none any more: because of what it says, or because of its name.
func TestHistoryGoesOnOverKinds(t *testing.T) {
	t.Parallel()
	canon := func(s string) string {
		if n, err := notebook.Read(s); err == nil {
			return n.Write("")
		}
		return s
	}
	one := canon(notebookText(cellText("aa", "1+1")))
	more := canon(notebookText(cellText("aa", "1+1 and")))
	for name, c := range map[string]struct {
		first, then string // paths
		change      func(h *home) error
		from, to    string   // models
		said        []string // by the versions, the oldest first
	}{
		"a notebook by what it says": {
			"a.ipynb", "a.ipynb", func(h *home) error { h.write("a.ipynb", one); return nil }, "", notebookName, []string{"one\n", " one\n", one},
		},
		"none any more by what it says": {
			"b.ipynb", "b.ipynb", func(h *home) error { h.write("b.ipynb", "one\n"); return nil }, notebookName, "", []string{one, more, "one\n"},
		},
		"a notebook by its name": {
			"c.txt", "c.ipynb", func(h *home) error { return h.rename("c.txt", "c.ipynb")() }, "", notebookName, []string{one, " " + one, one},
		},
		"none any more by its name": {
			"d.ipynb", "d.txt", func(h *home) error { return h.rename("d.ipynb", "d.txt")() }, notebookName, "", []string{one, more, more},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			h.write(c.first, c.said[0])
			ada := h.edit(c.first)
			if ada.hello.Model != c.from {
				t.Fatalf("the model is %q, want %q", ada.hello.Model, c.from)
			}
			if c.from == notebookName {
				ada.waitCells(t, "aa=1+1")
				ada.typeInto(0, 3, " and")
			} else {
				ada.insert(0, " ")
			}
			ada.waitSaved(t)
			h.waitFile(c.first, c.said[1])
			ada.stop()
			h.restart(func() {
				if err := c.change(h); err != nil {
					t.Fatal(err)
				}
			})
			grace := h.edit(c.then)
			if grace.hello.Model != c.to || grace.hello.Doc != ada.hello.Doc || grace.hello.Epoch == ada.hello.Epoch {
				t.Fatalf("the model is %q, document %s, epoch %s; want %q, the same document %s, another epoch than %s",
					grace.hello.Model, grace.hello.Doc, grace.hello.Epoch, c.to, ada.hello.Doc, ada.hello.Epoch)
			}
			c.said[1] = canon(c.said[1])
			for _, when := range []string{"before", "after sealing"} {
				got := h.versions(c.then, Listing{})
				slices.Reverse(got.Items)
				var said []string
				for _, v := range got.Items {
					said = append(said, canon(h.version(c.then, v.Seq)))
				}
				if diff := cmp.Diff(said, c.said); diff != "" || got.Damaged {
					t.Fatalf("%s: damaged %v, versions (got -, want +):\n%s", when, got.Damaged, diff)
				}
				if err := h.tend(context.Background(), DocumentID(grace.hello.Doc), time.Now().Add(2*dayAfter), true); err != nil {
					t.Fatal(err)
				}
			}
			// What it was before it was another kind of document can be brought back.
			first := h.versions(c.then, Listing{})
			seq := first.Items[len(first.Items)-1].Seq
			_, err := h.RestoreVersion(context.Background(), c.then, seq, "grace")
			switch {
			case c.to == "":
				grace.waitText(t, c.said[0])
			case c.said[0] != one:
				if !lyceum.IsKind(err, lyceum.Invalid) {
					t.Errorf("bringing a text back as a notebook: got %v, want it refused", err)
				}
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}
