package livedoc

import (
	"testing"
	"time"
)

func TestHowLongEditsAreGathered(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct{ group, since, want time.Duration }{
		{20 * ms, time.Hour, 20 * ms}, // after a pause
		{20 * ms, 50 * ms, 30 * ms},
		{20 * ms, 0, 80 * ms}, // while somebody types
		{60 * ms, 0, 100 * ms},
		{100 * ms, 0, 100 * ms},
	} {
		d := &document{store: &Store{cfg: Config{Group: c.group}}}
		if got := d.group(c.since); got != c.want {
			t.Errorf("groups of %v, %v after the last: got %v, want %v", c.group, c.since, got, c.want)
		}
	}
}
