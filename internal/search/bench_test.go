package search

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/files"
)

// largeTree makes 100 MB in 10,000 files.
func largeTree(b *testing.B) *files.Dir {
	b.Helper()
	dir := b.TempDir()
	var text strings.Builder
	for i := 0; text.Len() < 10_000; i++ {
		fmt.Fprintf(&text, "func process%d(input []string, count int) error { return handle(input[%d], count) }\n", i, i%7)
	}
	for i := range 10_000 {
		path := filepath.Join(dir, fmt.Sprintf("pkg%03d", i/100), fmt.Sprintf("file%05d.go", i))
		content := text.String()
		if i%1000 == 500 {
			content += "// a Needle here\n"
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	d, err := files.OpenDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	return d
}

// BenchmarkSearch looks through all of 100 MB.
func BenchmarkSearch(b *testing.B) {
	d := largeTree(b)
	all := engines(b, d)
	for name, s := range all {
		for _, q := range []Query{{Text: "needle"}, {Text: "Needle", Case: true}, {Text: `\bneed\w+\s+here\b`, Regex: true}, {Text: `handle`}} {
			b.Run(fmt.Sprintf("%s/%s", name, q.Text), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					found(b, s, Options{Query: q})
				}
			})
		}
		b.Run(name+"/names", func(b *testing.B) {
			for b.Loop() {
				if _, err := newIndex(b.Context(), d, state); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
