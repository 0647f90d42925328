package files

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// TestStorm makes 100,000 events as fast as the disk goes: they are told joined, in
// memory that does not grow, and the last one is not lost.
func TestStorm(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	s := newWatch(t, d, false, "")
	f, err := os.Create(filepath.Join(d.Home(), "busy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	told := 0
	begin := time.Now()
	for i := range 100_000 {
		// A name of a thousand, so that events are not joined by the kernel alone.
		name := filepath.Join(d.Home(), fmt.Sprintf("f%d", i/2%1000))
		if i%2 == 0 {
			err = os.Symlink("x", name) // the cheapest of what makes an event
		} else {
			err = os.Remove(name)
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-s.Changes():
			told++
		default:
		}
	}
	took := time.Since(begin)
	put(t, d, "last", "x")
	changes := await(t, s, "the last event", func(c Change) bool {
		return c.Dir == "" && (c.Names == nil || slices.Contains(c.Names, "last"))
	})
	told += len(changes)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("100,000 events in %v were told as %d changes", took, told)
	// What goes on is told once in maxBurst; the disk may pause between.
	if most := 20 + int(took/(quiet)); told > most {
		t.Errorf("told %d times in %v", told, took)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("memory has grown by %d bytes", grown)
	}
}
