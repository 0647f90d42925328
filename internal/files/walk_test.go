package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	fill(t, d.Home(), map[string]int{"b/2": 0, "b/1": 0, "a/x/deep": 0, "skip/me": 0, "caf\xe9": 0, "top": 0})
	symlink(t, d, "..", "a/loop")
	symlink(t, d, "/usr", "out")
	var got []string
	err := d.Walk(t.Context(), "", func(raw string, items []Found) (into []string, err error) {
		for _, i := range items {
			got = append(got, fmt.Sprintf("%s %q", i.Kind, Join(raw, i.Raw)))
			if i.Kind == Folder && i.Raw != "skip" {
				into = append(into, i.Raw)
			}
		}
		return into, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`dir "a"`, `dir "b"`, `file "caf\xe9"`, `symlink "out"`, `dir "skip"`, `file "top"`,
		`symlink "a/loop"`, `dir "a/x"`, `file "a/x/deep"`, `file "b/1"`, `file "b/2"`,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWalkErrors(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	none := func(string, []Found) ([]string, error) { return nil, nil }
	wantKind(t, d.Walk(t.Context(), "nowhere", none), lyceum.NotFound)
	stop := errors.New("enough")
	if err := d.Walk(t.Context(), "", func(string, []Found) ([]string, error) { return nil, stop }); !errors.Is(err, stop) {
		t.Errorf("an error of visit comes back as %v", err)
	}
	// What vanishes, or is replaced by a symlink that leads out, is left out.
	if err := os.MkdirAll(filepath.Join(d.Home(), "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	visits := 0
	err := d.Walk(t.Context(), "", func(raw string, _ []Found) ([]string, error) {
		visits++
		if raw != "" {
			t.Errorf("visited %q", raw)
		}
		err := errors.Join(os.Remove(filepath.Join(d.Home(), "a")), os.Symlink("/usr", filepath.Join(d.Home(), "a")))
		return []string{"a", "gone", strings.Repeat("n", 200)}, err
	})
	if err != nil || visits != 1 {
		t.Errorf("%d visits, %v; want 1 and no error", visits, err)
	}
}
