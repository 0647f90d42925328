package ydoc

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// trace is a recording of editing, as josephg/editing-traces writes them.
type trace struct {
	End  string  `json:"endContent"`
	Txns []entry `json:"txns"`
}

type entry struct {
	Parents []int   `json:"parents"`
	Agent   int     `json:"agent"`
	Patches []patch `json:"patches"`
}

type patch struct {
	pos, remove int
	insert      string
}

// UnmarshalJSON reads [position, how many to remove, what to insert].
func (p *patch) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.pos, &p.remove, &p.insert})
}

// openTrace reads a published trace, or skips: they have no licence that would
// let them be a part of the project.
func openTrace(tb testing.TB, name string) *trace {
	tb.Helper()
	dir := os.Getenv("LYCEUM_TRACES")
	if dir == "" {
		dir = "../../../shared/traces"
	}
	if _, err := os.Stat(dir); err != nil {
		tb.Skip("the published traces are absent: LYCEUM_TRACES does not name their folder, and ../shared/traces is not there")
	}
	f, err := os.Open(filepath.Join(dir, name+".json.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var tr trace
	if err := json.NewDecoder(z).Decode(&tr); err != nil {
		tb.Fatal(err)
	}
	for _, e := range tr.Txns {
		for _, p := range e.Patches {
			if len16(p.insert) != len([]rune(p.insert)) {
				tb.Fatal("the trace counts characters, which differ from units here")
			}
		}
	}
	return &tr
}

// typed makes the edits of a trace by one author in d and returns the updates.
func (tr *trace) typed(tb testing.TB, d *Doc) [][]byte {
	tb.Helper()
	text := d.Text("text")
	updates := make([][]byte, 0, len(tr.Txns))
	for _, e := range tr.Txns {
		updates = append(updates, e.apply(tb, d, text))
	}
	return updates
}

func (e entry) apply(tb testing.TB, d *Doc, text *Text) []byte {
	return d.Transact(func(tx *Tx) {
		for _, p := range e.Patches {
			if err := text.Delete(tx, p.pos, p.remove); err != nil {
				tb.Fatal(err)
			}
			if err := text.Insert(tx, p.pos, p.insert); err != nil {
				tb.Fatal(err)
			}
		}
	})
}

// BenchmarkTraces replays the published traces; each must come to its known end.
func BenchmarkTraces(b *testing.B) {
	for _, name := range []string{"automerge-paper", "sveltecomponent"} {
		tr := openTrace(b, name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d := New(Config{Client: 1})
				tr.typed(b, d)
				if d.Text("text").String() != tr.End {
					b.Fatal("it ends with another text")
				}
			}
		})
	}
	tr := openTrace(b, "c-friendsforever")
	b.Run("c-friendsforever", func(b *testing.B) {
		for b.Loop() {
			replayFriends(b, tr)
		}
	})
}

// replayFriends replays two people who type at once: each has a document that
// got exactly what the trace says they had seen.
func replayFriends(b *testing.B, tr *trace) {
	f := friends{b: b, tr: tr, updates: make([][]byte, len(tr.Txns))}
	for agent := range f.docs {
		f.docs[agent] = New(Config{Client: uint64(agent + 1)})
		f.has[agent] = make([]bool, len(tr.Txns))
	}
	for i, e := range tr.Txns {
		f.see(e.Agent, e.Parents)
		f.updates[i] = e.apply(b, f.docs[e.Agent], f.docs[e.Agent].Text("text"))
		f.has[e.Agent][i] = true
	}
	for n := range tr.Txns {
		f.see(0, []int{n})
		f.see(1, []int{n})
	}
	one, two := f.docs[0].Text("text").String(), f.docs[1].Text("text").String()
	if one != two || len16(one) != len16(tr.End) {
		b.Fatalf("the texts have %d and %d units, the trace ends with %d", len16(one), len16(two), len16(tr.End))
	}
}

type friends struct {
	b       *testing.B
	tr      *trace
	docs    [2]*Doc
	has     [2][]bool
	updates [][]byte
}

// see gives the agent the transactions ns and all that they build on.
func (f *friends) see(agent int, ns []int) {
	for _, n := range ns {
		if f.has[agent][n] {
			continue
		}
		f.has[agent][n] = true
		f.see(agent, f.tr.Txns[n].Parents)
		if _, err := f.docs[agent].Apply(f.updates[n]); err != nil {
			f.b.Fatal(err)
		}
	}
}

// BenchmarkB4 measures the trace of 259,778 edits: typing it, applying its
// updates one by one, loading its end; the same in npm yjs where it is there.
func BenchmarkB4(b *testing.B) {
	tr := openTrace(b, "automerge-paper")
	source := New(Config{Client: 1})
	updates := tr.typed(b, source)
	state := source.EncodeState(nil)
	per := float64(len(updates))

	b.Run("type", func(b *testing.B) {
		for b.Loop() {
			tr.typed(b, New(Config{Client: 1}))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/per, "ns/edit")
	})
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			applyAll(b, New(Config{}), updates)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/per, "ns/update")
	})
	b.Run("apply-observed", func(b *testing.B) {
		for b.Loop() {
			d := New(Config{})
			heard := 0
			d.OnUpdate(func(u []byte, _ any) { heard += len(u) })
			d.Text("text").Observe(func(e *Event) { heard += len(e.Delta) })
			applyAll(b, d, updates)
			if heard == 0 {
				b.Fatal("nobody heard of it")
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/per, "ns/update")
	})
	b.Run("percentiles", func(b *testing.B) { percentiles(b, updates) })
	b.Run("load", func(b *testing.B) { benchLoad(b, state) })
	b.Run("yjs", func(b *testing.B) { benchYjs(b, updates) })
}

func applyAll(b *testing.B, d *Doc, updates [][]byte) {
	for _, u := range updates {
		if _, err := d.Apply(u); err != nil {
			b.Fatal(err)
		}
	}
}

// percentiles measures each update of one run.
func percentiles(b *testing.B, updates [][]byte) {
	took := make([]time.Duration, len(updates))
	for b.Loop() {
		d := New(Config{})
		for i, u := range updates {
			start := time.Now()
			if _, err := d.Apply(u); err != nil {
				b.Fatal(err)
			}
			took[i] = time.Since(start)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
}

// benchLoad measures loading a state and finding the first position, and the
// memory that the document takes.
func benchLoad(b *testing.B, state []byte) {
	var d *Doc
	for b.Loop() {
		d = New(Config{})
		if err := d.Load(state); err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	d.Text("text").branch.seq.at().find(0)
	b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "ms-first-position")
	b.ReportMetric(float64(len(state)), "bytes")
	with := heapBytes()
	runtime.KeepAlive(d)
	d = nil
	b.ReportMetric(float64(with-heapBytes())/1e6, "MB")
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// benchYjs lets npm yjs do the same, with a listener for updates.
func benchYjs(b *testing.B, updates [][]byte) {
	s := script{}
	s.add(cmdTime, len(updates))
	for _, u := range updates {
		s.add(u)
	}
	d, err := reference(b).run(s)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(d.uint())/float64(len(updates))*1000, "ns/update")
	b.ReportMetric(float64(d.uint())/1000, "ms-load")
	b.ReportMetric(float64(d.uint()), "bytes")
}

// BenchmarkRandom measures a document of many random edits by several people,
// the worst case: nothing merges.
func BenchmarkRandom(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		state := randomState(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchLoad(b, state) })
	}
}

func randomState(b *testing.B, n int) []byte {
	d := New(Config{Client: 1})
	text := d.Text("text")
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		d.SetClient(uint64(1 + i/100%5))
		d.Transact(func(tx *Tx) {
			if text.Len() > 0 && rnd.IntN(4) == 0 {
				must(b, text.Delete(tx, rnd.IntN(text.Len()), 1))
			}
			must(b, text.Insert(tx, rnd.IntN(text.Len()+1), "x"))
		})
	}
	return d.EncodeState(nil)
}
