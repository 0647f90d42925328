package main

import (
	"fmt"
	"testing"
	"time"
)

// TestQuiet gives all back once after each piece of work, not while it goes on, and
// while nothing is done what has grown.
func TestQuiet(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	q := quiet{used: time.Second, base: held{mb, mb}}
	used, got := time.Second, ""
	for _, c := range []struct {
		ms  int
		now held
	}{
		{1, held{mb, mb}}, {1, held{2 * mb, 2 * mb}}, {500, held{9 * mb, 9 * mb}}, {2, held{9 * mb, 9 * mb}}, {300, held{9 * mb, 9 * mb}},
		{3, held{9 * mb, 9 * mb}}, {4, held{9 * mb, 9 * mb}}, {5, held{9 * mb, 9 * mb}}, {6, held{9 * mb, 9 * mb}}, {0, held{9 * mb, 9 * mb}}, {0, held{9 * mb, 9 * mb}}, {0, held{9 * mb, 9 * mb}}, {7, held{mb, 3 * mb}}, {8, held{3 * mb, mb}},
		{16, held{3 * mb, mb}}, {15, held{mb, mb}}, {0, held{mb, mb}}, {0, held{mb, mb}}, {0, held{mb, mb}}, {0, held{mb, mb}}, {0, held{mb, mb}}, {0, held{mb, mb}}, {0, held{mb, mb}},
	} {
		used += time.Duration(c.ms) * time.Millisecond
		heap, pages := q.look(used, c.now)
		got += fmt.Sprintf("%d ", c.ms)
		if heap {
			got += "heap "
		}
		if pages {
			got += "pages "
		}
	}
	if want := "1 1 heap pages 500 2 300 3 4 5 6 0 0 0 heap pages 7 pages 8 heap 16 15 0 0 0 0 0 0 heap pages 0 "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestMemory measures about what the system tells elsewhere.
func TestMemory(t *testing.T) {
	t.Parallel()
	now := memory()
	if got, want := now.mapped>>10, int64(filePages(t)); got < want/2 || got > 2*want || now.own < 1<<20 {
		t.Errorf("%d kB of files are mapped, want about %d; own are %d bytes", got, want, now.own)
	}
}
