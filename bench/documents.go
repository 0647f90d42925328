package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// engine is a program that measures an engine for shared documents: document.go
// says what it is given.
type engine struct {
	name    string
	command []string
}

// engines are ours and the peers, as far as the script peers found them.
func (b *bench) engines() ([]engine, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	here, err := filepath.Abs("bench/documents/engine.mjs")
	if err != nil {
		return nil, err
	}
	all := []engine{{"Lyceum", []string{self, "document"}}}
	node := filepath.Join(b.peers, "documents")
	if _, err := os.Stat(filepath.Join(node, "node_modules/yjs")); err == nil {
		all = append(all, engine{"yjs 13.6 in Node", []string{"node", "--expose-gc", here, "yjs", node}})
	}
	native := filepath.Join(b.peers, "yrs/release/engine")
	if _, err := os.Stat(native); err == nil {
		return append(all, engine{"yrs 0.28 (native)", []string{native}}), nil
	}
	if _, err := os.Stat(filepath.Join(node, "node_modules/ywasm")); err == nil {
		all = append(all, engine{"yrs 0.18 (ywasm in Node)", []string{"node", "--expose-gc", here, "ywasm", node}})
	}
	return all, nil
}

// documentsSection compares engines for shared documents on the published traces,
// and on a state of many random edits.
func documentsSection(ctx context.Context, b *bench) error {
	engines, err := b.engines()
	if err != nil {
		return err
	}
	if len(engines) < 3 {
		fmt.Println("a peer is missing: the script peers installs them")
	}
	if dir := tracesFolder(); dir == "" {
		fmt.Println("the published traces are absent: LYCEUM_TRACES does not name their folder, and ../shared/traces is not there")
	} else if err := b.traceRows(ctx, engines, dir); err != nil {
		return err
	}
	return b.randomRows(ctx, engines)
}

func (b *bench) traceRows(ctx context.Context, engines []engine, dir string) error {
	for _, t := range []struct {
		file, name string
		work       func(*trace) (work, error)
	}{
		{"automerge-paper", "B4", (*trace).alone},
		{"sveltecomponent", "sveltecomponent", (*trace).alone},
		{"c-friendsforever", "friendsforever", (*trace).together},
	} {
		tr, err := openTrace(dir, t.file)
		if err != nil {
			return err
		}
		w, err := t.work(tr)
		if err != nil {
			return fmt.Errorf("%s: %w", t.file, err)
		}
		file := filepath.Join(b.work, t.file+".work")
		if err := os.WriteFile(file, w.encode(), 0o644); err != nil {
			return err
		}
		results, err := b.race(ctx, engines, "edit", file)
		if err != nil {
			return err
		}
		b.compareTrace(t.name, w, engines, results)
	}
	return nil
}

// race runs the engines in turns and returns their figures, by engine.
func (b *bench) race(ctx context.Context, engines []engine, mode, file string) ([][]figures, error) {
	out := make([][]figures, len(engines))
	for range min(b.rounds, 3) { // a round takes a minute
		for i, e := range engines {
			command := append(slices.Clone(e.command), mode, file)
			cmd := exec.CommandContext(ctx, command[0], command[1:]...)
			cmd.Stderr = os.Stderr
			text, err := cmd.Output()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			var f figures
			if err := json.Unmarshal(text, &f); err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			out[i] = append(out[i], f)
		}
	}
	return out, nil
}

func pick(fs []figures, get func(figures) float64) sample {
	var s sample
	for _, f := range fs {
		s = append(s, get(f))
	}
	return s
}

// measure is one figure: limit is what ours may be at most, beside gives how many
// times the peer must take as long, by peer from yjs on.
type measure struct {
	what, unit string
	get        func(figures) float64
	limit      float64
	beside     []float64
	aim        string
}

func (b *bench) compareTrace(name string, w work, engines []engine, results [][]figures) {
	measures := []measure{
		{fmt.Sprintf("%s: %d remote updates, one by one", name, len(w.updates)), "ms", func(f figures) float64 { return f.Apply }, 0, []float64{6, 1}, ""},
		{fmt.Sprintf("%s: the same, and the text is observed", name), "ms", func(f figures) float64 { return f.Observed }, 0, []float64{6, 1}, ""},
		{fmt.Sprintf("%s: the median of its updates", name), "µs", func(f figures) float64 { return f.P50 }, 0, nil, ""},
		{fmt.Sprintf("%s: p99 of its updates", name), "µs", func(f figures) float64 { return f.P99 }, 0, nil, ""},
		{fmt.Sprintf("%s: encode the state", name), "ms", func(f figures) float64 { return f.Encode }, 0, []float64{6, 1}, ""},
		{fmt.Sprintf("%s: load the state", name), "ms", func(f figures) float64 { return f.Load }, 0, []float64{6, 1}, ""},
		{fmt.Sprintf("%s: load it first thing in the process", name), "ms", func(f figures) float64 { return f.First }, 0, nil, ""},
		{fmt.Sprintf("%s: memory of each of 100 open documents", name), "MB", func(f figures) float64 { return f.Memory / 1e6 }, 0, nil, ""},
	}
	if len(w.edits) > 0 {
		measures = slices.Insert(measures, 1, measure{fmt.Sprintf("%s: %d local edits, with an update each", name, len(w.edits)), "ms", func(f figures) float64 { return f.Edit }, 0, []float64{6, 1}, ""})
	}
	if name == "B4" {
		for i, m := range measures {
			switch {
			case m.unit == "MB":
				measures[i].limit = 2
			case m.what == "B4: load the state":
				measures[i].limit = 6
			}
		}
	}
	for _, m := range measures {
		b.addMeasure(m, engines, results)
	}
	b.sizeRow(name, engines, results)
}

// addMeasure adds a row for each peer.
func (b *bench) addMeasure(m measure, engines []engine, results [][]figures) {
	ours := pick(results[0], m.get)
	if len(engines) == 1 {
		b.report.add(row{What: m.what, Unit: m.unit, Ours: ours})
	}
	for i, e := range engines[1:] {
		r := row{What: m.what, Unit: m.unit, Ours: ours, Peer: e.name, Peers: pick(results[i+1], m.get)}
		good := true
		if m.limit > 0 {
			r.Aim, good = fmt.Sprintf("≤ %g %s", m.limit, m.unit), ours.median() <= m.limit
			r.Met = met(good)
		}
		if i < len(m.beside) {
			times := m.beside[i]
			good = good && ours.median()*times <= r.Peers.median()
			r.Met = met(good)
			if r.Aim != "" {
				r.Aim += ", "
			}
			r.Aim += map[bool]string{true: "ahead", false: fmt.Sprintf("≤ 1/%g of it", times)}[times == 1]
		}
		b.report.add(r)
	}
}

// sizeRow compares the states that the engines came to.
func (b *bench) sizeRow(name string, engines []engine, results [][]figures) {
	ours := results[0][0]
	for i, e := range engines[1:] {
		theirs := results[i+1][0]
		r := row{What: name + ": the state", Unit: "bytes", Ours: pick(results[0][:1], func(f figures) float64 { return f.Bytes }), Peer: e.name, Peers: sample{theirs.Bytes}}
		switch {
		case ours.Units != theirs.Units || theirs.Text != "" && theirs.Text != ours.Text:
			r.Aim, r.Met, r.Note = "the same text", met(false), "the texts differ"
		case theirs.Sha != "":
			r.Aim, r.Met = "the same bytes", met(theirs.Sha == ours.Sha)
		}
		b.report.add(r)
	}
}

func (b *bench) randomRows(ctx context.Context, engines []engine) error {
	n := 1_000_000
	if b.quick {
		n = 100_000
	}
	state, err := randomState(n)
	if err != nil {
		return err
	}
	file := filepath.Join(b.work, "random.state")
	if err := os.WriteFile(file, state, 0o644); err != nil {
		return err
	}
	results, err := b.race(ctx, engines, "state", file)
	if err != nil {
		return err
	}
	b.addMeasure(measure{fmt.Sprintf("load a document of %d random edits, %.1f MB", n, float64(len(state))/1e6), "ms", func(f figures) float64 { return f.Load }, 500, nil, ""}, engines, results)
	return nil
}
