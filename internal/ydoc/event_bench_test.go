package ydoc

import (
	"fmt"
	"testing"
)

// BenchmarkB4Events applies the updates of the B4 trace one by one while somebody
// hears of updates, and of each change with its delta.
func BenchmarkB4Events(b *testing.B) {
	tr := openTrace(b, "automerge-paper")
	updates := tr.typed(b, New(Config{Client: 1}))
	for _, c := range []struct {
		name          string
		update, delta bool
	}{{"none", false, false}, {"update", true, false}, {"delta", true, true}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				d := New(Config{})
				n := 0
				if c.update {
					d.OnUpdate(func(u []byte, _ any) { n += len(u) })
				}
				if c.delta {
					d.Text("text").Observe(func(e *Event) { n += len(e.Delta) })
				}
				applyAll(b, d, updates)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(updates)), "ns/update")
		})
	}
}

// BenchmarkFormatted types at random places of texts with formats: it takes the
// same time in a text that is 100 times as long.
func BenchmarkFormatted(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		d := New(Config{Client: 1})
		text := d.Text("text")
		d.Transact(func(tx *Tx) {
			for i := range n {
				must(b, text.InsertWith(tx, text.Len(), "word ", map[string]any{"b": i%2 == 0, "size": i % 5}))
			}
		})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				i++
				d.Transact(func(tx *Tx) { must(b, text.Insert(tx, i*7919%text.Len(), "x")) })
			}
		})
	}
}
