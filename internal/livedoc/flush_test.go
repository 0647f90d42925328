package livedoc

import (
	"os"
	"path/filepath"
	"testing"

	"lyceum/internal/lyceum"
)

func TestFlush(t *testing.T) {
	t.Parallel()
	h := newHome(t, slowly)
	if err := os.Mkdir(filepath.Join(h.dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.write("in/a", "a\n")
	h.write("b", "b\n")
	ada, grace := h.edit("in/a"), h.edit("b")
	ada.waitText(t, "a\n")
	grace.waitText(t, "b\n")
	ada.insert(0, "!")
	grace.insert(0, "!")
	ada.waitSaved(t)
	grace.waitSaved(t)
	if err := h.store().Flush(t.Context(), "in"); err != nil {
		t.Fatal(err)
	}
	if got := h.content("in/a"); got != "!a\n" {
		t.Errorf("the file has %q", got)
	}
	if got := h.content("b"); got != "b\n" {
		t.Errorf("a file beside the folder has %q", got)
	}
	// A change on disk at the same moment is merged first, not overwritten.
	h.write("b", "b\nfrom disk\n")
	if err := h.store().Flush(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if got := h.content("b"); got != "!b\nfrom disk\n" {
		t.Errorf("the file has %q", got)
	}
	// What cannot be written is said.
	ada.insert(0, "?")
	ada.waitSaved(t)
	if err := os.Rename(filepath.Join(h.dir, "in"), filepath.Join(h.dir, "out")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "in"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.store().Flush(t.Context(), ""); err != nil && !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("got %v", err)
	}
}
