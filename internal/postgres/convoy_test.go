package postgres

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestConvoy drives for a second at a time.
func TestConvoy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var trips [][]int
		c := convoy[int]{most: 3, drive: func(list []int) {
			trips = append(trips, list)
			<-time.After(time.Second)
		}}
		arrived := make(chan int, 10)
		for i := range 7 {
			go func() {
				ctx := t.Context()
				patience, hasty := map[int]time.Duration{2: 600 * time.Millisecond, 6: 2500 * time.Millisecond}[i] // 6 is on its way then
				if hasty {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, patience)
					defer cancel()
				}
				err := c.travel(ctx, i)
				if gaveUp := errors.Is(err, context.DeadlineExceeded); gaveUp != hasty {
					t.Errorf("traveller %d: %v", i, err)
				}
				arrived <- i
			}()
			synctest.Wait()
		}
		began := time.Now()
		for range 7 {
			<-arrived
		}
		synctest.Wait()
		if want := [][]int{{0}, {1, 3, 4}, {5, 6}}; !slices.EqualFunc(trips, want, slices.Equal) {
			t.Errorf("trips %v, want %v", trips, want)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		if err := c.travel(t.Context(), 9); err != nil || c.away {
			t.Errorf("one more: %v, away %v", err, c.away)
		}
	})
}

// TestConvoyGoesOn is about a driver who gives up at the moment of his turn, and one
// who panics: the others do not wait for ever.
func TestConvoyGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := convoy[string]{most: 9, drive: func(list []string) {
			<-time.After(time.Second)
			if list[0] == "panic" {
				panic("on purpose")
			}
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		done := make(chan error, 3)
		go func() {
			defer func() { _ = recover(); done <- nil }()
			_ = c.travel(t.Context(), "panic")
		}()
		synctest.Wait()
		go func() { done <- c.travel(ctx, "late") }() // it gives up when it is called, or before
		synctest.Wait()
		go func() { done <- c.travel(t.Context(), "last") }()
		for range 3 {
			if err := <-done; err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		if c.away || len(c.waiting) > 0 {
			t.Errorf("away %v, %d wait", c.away, len(c.waiting))
		}
	})
}
