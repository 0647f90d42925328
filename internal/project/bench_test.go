package project_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/api"
)

// processorTime is what server and client have used together, which other work on
// the machine does not change.
func processorTime(b *testing.B) time.Duration {
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkListing asks the project server by its socket.
func BenchmarkListing(b *testing.B) {
	for _, c := range []struct {
		name, query string
		files       int
	}{
		{"10k whole", "limit=10000", 10_000},
		{"100k first page by name", "", 100_000},
		{"100k first page by size", "sort=size&order=desc", 100_000},
		{"100k first page by modified", "sort=modified&order=desc", 100_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			w, _ := serve(b)
			if err := os.Mkdir(filepath.Join(w.home, "d"), 0o755); err != nil {
				b.Fatal(err)
			}
			for i := range c.files {
				if err := os.WriteFile(filepath.Join(w.home, "d", fmt.Sprintf("file%d.txt", i)), nil, 0o644); err != nil {
					b.Fatal(err)
				}
			}
			begin := processorTime(b)
			for b.Loop() {
				w.want(200, "GET", "files/d?"+c.query, "")
			}
			b.ReportMetric(float64((processorTime(b)-begin).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

// BenchmarkNotebookCell runs a cell with 1+1, from the request to the word on the
// notebook's channel that nothing runs any more.
func BenchmarkNotebookCell(b *testing.B) {
	w := kernelWorldIn(b, newWorld(b, 0))
	w.started("a.ipynb", "1+1")
	c := w.dial(w.editor(), "notebooks/a.ipynb")
	for b.Loop() {
		w.act("a.ipynb", api.NotebookAction{Action: "run", Cells: []string{"c0"}})
		for ran := false; ; {
			_, text, err := c.Read(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			var e api.NotebookEvent
			if err := json.Unmarshal(text, &e); err != nil {
				b.Fatal(err)
			}
			if e.T != "state" {
				continue
			}
			if ran = ran || len(e.Queue) > 0; ran && len(e.Queue) == 0 {
				break
			}
		}
	}
}
