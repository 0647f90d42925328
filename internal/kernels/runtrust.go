package kernels

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"lyceum/internal/ydoc"
)

// sumOf is a sum of what a cell's outputs say.
func sumOf(outputs *ydoc.Array) (sum [sha256.Size]byte, ok bool) {
	if outputs == nil {
		return sum, false
	}
	j, err := json.Marshal(outputs.ToJSON())
	return sha256.Sum256(j), err == nil
}

// produced notes that the outputs of a cell are what its run has put out, and nothing
// else. It is called within a transaction.
func (w *docWriter) produced(cell string, m *ydoc.Map) {
	if sum, ok := sumOf(w.outputs(m)); ok {
		w.book.sums[cell], w.book.unkept = sum, true
		if !slices.Contains(w.book.trusted, cell) {
			w.book.trusted = append(w.book.trusted, cell)
		}
	}
}

// verifyLocked finds out which cells still have the outputs that runs gave them: a
// change on disk or by a person makes them anybody's. It is done for each page that
// comes.
func (b *book) verifyLocked() {
	b.trusted = nil
	if b.doc == nil || len(b.sums) == 0 {
		return
	}
	b.doc.View(func(y *ydoc.Doc) {
		w := docWriter{y: y}
		for m := range cellMaps(y) {
			id := idOf(m)
			was, ran := b.sums[id]
			if sum, ok := sumOf(w.outputs(m)); ran && ok && sum == was {
				b.trusted = append(b.trusted, id)
			}
		}
	})
}
