package livedoc

import (
	"context"
	"strings"
	"testing"
	"time"
)

// Of changes on disk that follow one another at once, none that stays is without its
// commit: the search for the last one only waits.
func TestACommitThatComesSoonIsFound(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.Close(context.Background())
	h.cfg.Commit = func(_ context.Context, path string) (id, subject string, ok bool) {
		text := strings.TrimSpace(h.content(path))
		return strings.Repeat("a", 40), "commit of " + text, text != ""
	}
	h.open()
	h.write("a", "one\n")
	ada := h.edit("a")
	for _, text := range []string{"two", "three", "four"} {
		h.replace("a", text+"\n")
		ada.waitText(t, text+"\n")
	}
	for until := time.Now().Add(patience); ; {
		v := h.versions("a", Listing{Limit: 1}).Items[0]
		if v.Commit != nil {
			if got, want := v.Commit.Subject, "commit of four"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			return
		}
		if time.Now().After(until) {
			t.Fatal("the last change has no commit")
		}
		<-time.After(20 * time.Millisecond)
	}
}
