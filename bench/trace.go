package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"lyceum/internal/ydoc"
)

// trace is a published recording of editing, as josephg/editing-traces writes them.
type trace struct {
	End  string `json:"endContent"`
	Txns []struct {
		Parents []int        `json:"parents"`
		Agent   int          `json:"agent"`
		Patches []tracePatch `json:"patches"`
	} `json:"txns"`
}

type tracePatch edit

// UnmarshalJSON reads [position, how many to remove, what to insert].
func (p *tracePatch) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.pos, &p.remove, &p.insert})
}

// tracesFolder is where the published traces are, "" when they are absent. They
// have no licence that would let them be a part of this project.
func tracesFolder() string {
	dir := os.Getenv("LYCEUM_TRACES")
	if dir == "" {
		dir = "../shared/traces"
	}
	if _, err := os.Stat(filepath.Join(dir, "automerge-paper.json.gz")); err != nil {
		return ""
	}
	return dir
}

func openTrace(dir, name string) (*trace, error) {
	f, err := os.Open(filepath.Join(dir, name+".json.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	t := &trace{}
	if err := json.NewDecoder(z).Decode(t); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// alone is the trace of one author: its edits and their updates.
func (t *trace) alone() (work, error) {
	var w work
	for _, e := range t.Txns {
		for _, p := range e.Patches {
			w.edits = append(w.edits, edit(p))
		}
	}
	d := ydoc.New(ydoc.Config{Client: 1})
	d.OnUpdate(func(u []byte, _ any) { w.updates = append(w.updates, u) })
	err := replay(d, w.edits)
	if err == nil && d.Text("text").String() != t.End {
		err = fmt.Errorf("the trace ends with another text")
	}
	return w, err
}

// together is the trace of people who type at once: only updates. Each had seen
// what the trace says.
func (t *trace) together() (work, error) {
	var w work
	w.updates = make([][]byte, len(t.Txns))
	docs := map[int]*ydoc.Doc{}
	has := map[int]map[int]bool{}
	var see func(agent int, ns []int) error
	see = func(agent int, ns []int) error {
		for _, n := range ns {
			if has[agent][n] {
				continue
			}
			has[agent][n] = true
			if err := see(agent, t.Txns[n].Parents); err != nil {
				return err
			}
			if _, err := docs[agent].Apply(w.updates[n]); err != nil {
				return err
			}
		}
		return nil
	}
	for i, e := range t.Txns {
		if docs[e.Agent] == nil {
			docs[e.Agent], has[e.Agent] = ydoc.New(ydoc.Config{Client: uint64(e.Agent + 1)}), map[int]bool{}
		}
		if err := see(e.Agent, e.Parents); err != nil {
			return w, err
		}
		d := docs[e.Agent]
		var failed error
		w.updates[i] = d.Transact(func(tx *ydoc.Tx) {
			for _, p := range e.Patches {
				if err := d.Text("text").Delete(tx, p.pos, p.remove); err != nil {
					failed = err
				}
				if err := d.Text("text").Insert(tx, p.pos, p.insert); err != nil {
					failed = err
				}
			}
		})
		has[e.Agent][i] = true
		if failed != nil {
			return w, failed
		}
	}
	return w, nil
}

// randomState is the state after n random edits by several people, the worst case:
// nothing merges.
func randomState(n int) ([]byte, error) {
	d := ydoc.New(ydoc.Config{Client: 1})
	text := d.Text("text")
	rnd := rand.New(rand.NewPCG(1, 1))
	var failed error
	for i := range n {
		d.SetClient(uint64(1 + i/100%5))
		d.Transact(func(tx *ydoc.Tx) {
			if text.Len() > 0 && rnd.IntN(4) == 0 {
				if err := text.Delete(tx, rnd.IntN(text.Len()), 1); err != nil {
					failed = err
				}
			}
			if err := text.Insert(tx, rnd.IntN(text.Len()+1), "x"); err != nil {
				failed = err
			}
		})
	}
	return d.EncodeState(nil), failed
}
