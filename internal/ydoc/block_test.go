package ydoc

import (
	"fmt"
	"testing"
)

// An author's blocks are divided while a deletion splits an item: nothing else may
// be deleted.
func TestDeleteWhileBlocksDivide(t *testing.T) {
	t.Parallel()
	a, b := New(Config{Client: 1}), New(Config{Client: 2})
	ta, tb := a.Text("text"), b.Text("text")
	for i := range 3000 {
		update := a.Transact(func(tx *Tx) {
			if err := ta.Insert(tx, min(i%7, ta.Len()), fmt.Sprintf("edit %d of a long life. ", i)); err != nil {
				t.Fatal(err)
			}
			if i%3 == 2 {
				if err := ta.Delete(tx, 0, 10); err != nil {
					t.Fatal(err)
				}
			}
		})
		if _, err := b.Apply(update); err != nil {
			t.Fatal(err)
		}
		if ta.Len() != tb.Len() || i%100 == 0 && ta.String() != tb.String() {
			t.Fatalf("after %d edits the texts have %d and %d units", i, ta.Len(), tb.Len())
		}
	}
}
