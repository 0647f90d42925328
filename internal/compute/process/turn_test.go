package process

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestTurns: no more have a turn than may, in the order of time; one that keeps its
// own for too long loses it, and gives no second one away when it ends.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tu := turns{make(chan struct{}, 2)}
		first := tu.take(t.Context(), time.Hour)
		late := tu.take(t.Context(), time.Second)
		got := make(chan func(), 3)
		for range 3 {
			go func() { got <- tu.take(t.Context(), time.Hour) }()
		}
		holders := func(want int) {
			t.Helper()
			synctest.Wait()
			if len(got) != want {
				t.Fatalf("%d of those who wait have a turn, want %d", len(got), want)
			}
		}
		holders(0)
		first()
		first()
		holders(1)
		<-time.After(time.Second + 1)
		holders(2)
		late()
		holders(2)
		(<-got)()
		synctest.Wait()
		holders(2)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		tu.take(ctx, time.Hour)() // gives nothing free, as it had nothing
		more := make(chan func(), 1)
		go func() { more <- tu.take(t.Context(), time.Hour) }()
		synctest.Wait()
		if len(more) != 0 {
			t.Fatal("one that had no turn gave one free")
		}
		(<-got)()
		(<-got)()
		(<-more)()
	})
}
