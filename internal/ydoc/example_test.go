package ydoc_test

import (
	"encoding/json"
	"fmt"

	"lyceum/internal/ydoc"
)

// Two people edit one text at the same time and come to the same.
func Example() {
	ada, grace := ydoc.New(ydoc.Config{Client: 1}), ydoc.New(ydoc.Config{Client: 2})
	first := ada.Transact(func(tx *ydoc.Tx) {
		_ = ada.Text("notes").Insert(tx, 0, "the machine")
	})
	if _, err := grace.Apply(first); err != nil {
		fmt.Println(err)
	}

	hers := ada.Transact(func(tx *ydoc.Tx) { _ = ada.Text("notes").Insert(tx, 11, " weaves") })
	theirs := grace.Transact(func(tx *ydoc.Tx) { _ = grace.Text("notes").Insert(tx, 4, "analytical ") })
	_, _ = ada.Apply(theirs)
	_, _ = grace.Apply(hers)

	fmt.Println(ada.Text("notes"))
	fmt.Println(grace.Text("notes"))
	// Output:
	// the analytical machine weaves
	// the analytical machine weaves
}

// A notebook is an array of maps, which hold texts.
func ExampleArray() {
	d := ydoc.New(ydoc.Config{Client: 1})
	cells := d.Array("cells")
	d.Transact(func(tx *ydoc.Tx) {
		_ = cells.Push(tx, ydoc.NewMap(map[string]any{
			"cell_type": "code",
			"source":    ydoc.NewText("1 + 1"),
			"outputs":   ydoc.NewArray(),
		}))
	})
	cell := cells.Get(0).(*ydoc.Map)
	source, _ := cell.Get("source")
	d.Transact(func(tx *ydoc.Tx) { _ = source.(*ydoc.Text).Insert(tx, 5, " + 1") })

	b, _ := json.Marshal(cells.ToJSON())
	fmt.Println(string(b))
	// Output:
	// [{"cell_type":"code","outputs":[],"source":"1 + 1 + 1"}]
}

// An observer hears what changed inside of an array, and where.
func ExampleArray_observeDeep() {
	d := ydoc.New(ydoc.Config{Client: 1})
	cells := d.Array("cells")
	d.Transact(func(tx *ydoc.Tx) {
		_ = cells.Insert(tx, 0, ydoc.NewMap(map[string]any{"source": ydoc.NewText("print(1)"), "count": 1}))
	})
	stop := cells.ObserveDeep(func(events []*ydoc.Event) {
		for _, e := range events {
			fmt.Println(e.Path, e.Delta, e.Keys)
		}
	})
	defer stop()

	cell := cells.Get(0).(*ydoc.Map)
	source, _ := cell.Get("source")
	d.Transact(func(tx *ydoc.Tx) {
		_ = cell.Set(tx, "count", 2)
		_ = source.(*ydoc.Text).Delete(tx, 6, 1)
	})
	// Output:
	// [0] [] map[count:{update 1}]
	// [0 source] [{<nil> 6 0 map[]} {<nil> 0 1 map[]}] map[]
}

// Parts of a text have formats.
func ExampleText_Format() {
	d := ydoc.New(ydoc.Config{Client: 1})
	text := d.Text("text")
	d.Transact(func(tx *ydoc.Tx) {
		_ = text.Insert(tx, 0, "Hello world")
		_ = text.Format(tx, 6, 5, map[string]any{"bold": true})
	})
	b, _ := json.Marshal(text.ToDelta())
	fmt.Println(string(b))
	// Output:
	// [{"insert":"Hello "},{"insert":"world","attributes":{"bold":true}}]
}

// Undo takes back one's own edits only.
func ExampleUndoManager() {
	d := ydoc.New(ydoc.Config{Client: 1})
	text := d.Text("text")
	undo := d.NewUndoManager(ydoc.UndoConfig{}, text)
	defer undo.Close()

	d.Transact(func(tx *ydoc.Tx) { _ = text.Insert(tx, 0, "mine") })
	other, err := d.Fork(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = d.Apply(other.Transact(func(tx *ydoc.Tx) { _ = other.Text("text").Insert(tx, 2, "(theirs)") }))
	fmt.Println(text)
	undo.Undo()
	fmt.Println(text)
	undo.Redo()
	fmt.Println(text)
	// Output:
	// mi(theirs)ne
	// (theirs)
	// mi(theirs)ne
}

// A cursor stays where it is when others type before it.
func ExampleRelative() {
	d := ydoc.New(ydoc.Config{Client: 1})
	text := d.Text("text")
	d.Transact(func(tx *ydoc.Tx) { _ = text.Insert(tx, 0, "the end") })
	cursor, _ := ydoc.Relative(text, 4, 0)
	d.Transact(func(tx *ydoc.Tx) { _ = text.Insert(tx, 0, "this is ") })
	_, index, _ := d.Absolute(cursor)
	fmt.Println(index)
	// Output:
	// 12
}

// A document that keeps what is deleted shows what it was.
func ExampleDoc_At() {
	d := ydoc.New(ydoc.Config{Client: 1, KeepDeleted: true})
	text := d.Text("text")
	d.Transact(func(tx *ydoc.Tx) { _ = text.Insert(tx, 0, "draft") })
	before := d.Snapshot()
	d.Transact(func(tx *ydoc.Tx) {
		_ = text.Delete(tx, 0, 5)
		_ = text.Insert(tx, 0, "final")
	})
	old, err := d.At(before, 0)
	fmt.Println(old.Text("text"), err)
	// Output:
	// draft <nil>
}
