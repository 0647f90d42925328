package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/ydoc"
)

// An engine for shared documents is measured by a program of its own: ours is
// `bench document`, the peers' are in the folder documents. Each gets
//
//	edit FILE   make all edits of the file, one by one; apply all its updates, one
//	            by one, to another document; encode its state; load that; hold 100
//	state FILE  load the state
//
// and prints figures. While editing and applying, somebody listens for updates. Who
// observes the text gets its delta from us; of the peers nobody asks for it, because
// they would walk the whole text for it. The file has numbers of 32 bits, little endian:
//
//	edits { position remove length text }… updates { length bytes }…
type figures struct {
	Apply    float64 `json:"apply"`    // ms for all updates
	Observed float64 `json:"observed"` // ms for all updates, and the text is observed too
	P50      float64 `json:"p50"`      // µs for one, in another run
	P99      float64 `json:"p99"`      // µs
	Edit     float64 `json:"edit"`     // ms for all edits, with an update each
	Encode   float64 `json:"encode"`   // ms
	First    float64 `json:"first"`    // ms of the first load of the process
	Load     float64 `json:"load"`     // ms, median
	Memory   float64 `json:"memory"`   // bytes of resident memory for each of 100 documents
	Bytes    float64 `json:"bytes"`    // of the state
	Units    float64 `json:"units"`    // of the text
	Sha      string  `json:"sha"`      // of the state
	Text     string  `json:"text"`     // of the text, SHA-256
	Heard    int     `json:"heard"`
}

// work is what such a file holds.
type work struct {
	edits   []edit
	updates [][]byte
}

type edit struct {
	pos, remove int // UTF-16 units
	insert      string
}

func (w *work) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(w.edits)))
	for _, e := range w.edits {
		for _, n := range []int{e.pos, e.remove, len(e.insert)} {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
		b = append(b, e.insert...)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(w.updates)))
	for _, u := range w.updates {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(u))), u...)
	}
	return b
}

func readWork(b []byte) work {
	next := func() int {
		n := binary.LittleEndian.Uint32(b)
		b = b[4:]
		return int(n)
	}
	text := func() []byte {
		n := next()
		t := b[:n]
		b = b[n:]
		return t
	}
	var w work
	w.edits = make([]edit, next())
	for i := range w.edits {
		w.edits[i] = edit{next(), next(), string(text())}
	}
	w.updates = make([][]byte, next())
	for i := range w.updates {
		w.updates[i] = text()
	}
	return w
}

// documentMain is `bench document`: our engine.
func documentMain(args []string, out io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("document: want edit or state, and a file")
	}
	b, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	f := figures{}
	if args[0] == "state" {
		f.Bytes = float64(len(b))
		err = f.load(b, 3)
	} else {
		err = f.measure(readWork(b))
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(f)
}

func (f *figures) measure(w work) error {
	var d *ydoc.Doc
	var err error
	if len(w.edits) > 0 {
		if d, err = f.editAll(w.edits); err != nil {
			return err
		}
	}
	if len(w.updates) > 0 {
		if d, err = f.applyAll(w.updates); err != nil {
			return err
		}
	}
	start := time.Now()
	state := d.EncodeState(nil)
	f.Encode = millis(start)
	f.Bytes, f.Sha = float64(len(state)), sum(state)
	text := d.Text("text")
	f.Units, f.Text = float64(text.Len()), sum([]byte(text.String()))
	if err := f.load(state, 9); err != nil {
		return err
	}
	return f.hold(state, 100)
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func millis(start time.Time) float64 { return float64(time.Since(start).Nanoseconds()) / 1e6 }

// watched returns a document with somebody who listens.
func (f *figures) watched(client uint64) *ydoc.Doc {
	d := ydoc.New(ydoc.Config{Client: client})
	d.OnUpdate(func(u []byte, _ any) { f.Heard += len(u) })
	return d
}

// each applies all updates one by one and returns the time it took, in ms.
func each(d *ydoc.Doc, updates [][]byte) (float64, error) {
	start := time.Now()
	for _, u := range updates {
		if _, err := d.Apply(u); err != nil {
			return 0, err
		}
	}
	return millis(start), nil
}

func (f *figures) editAll(edits []edit) (*ydoc.Doc, error) {
	d := f.watched(1)
	start := time.Now()
	err := replay(d, edits)
	f.Edit = millis(start)
	return d, err
}

// replay makes the edits, each in a transaction of its own.
func replay(d *ydoc.Doc, edits []edit) error {
	text := d.Text("text")
	var failed error
	note := func(err error) {
		if err != nil {
			failed = err
		}
	}
	for _, e := range edits {
		if e.remove > 0 {
			d.Transact(func(tx *ydoc.Tx) { note(text.Delete(tx, e.pos, e.remove)) })
		}
		if e.insert != "" {
			d.Transact(func(tx *ydoc.Tx) { note(text.Insert(tx, e.pos, e.insert)) })
		}
	}
	return failed
}

func (f *figures) applyAll(updates [][]byte) (*ydoc.Doc, error) {
	d := f.watched(0)
	var err error
	if f.Apply, err = each(d, updates); err != nil {
		return nil, err
	}
	third := f.watched(0)
	third.Text("text").Observe(func(e *ydoc.Event) { f.Heard += len(e.Delta) })
	if f.Observed, err = each(third, updates); err != nil {
		return nil, err
	}
	again := f.watched(0)
	times := make([]float64, len(updates))
	for i, u := range updates {
		start := time.Now()
		if _, err := again.Apply(u); err != nil {
			return nil, err
		}
		times[i] = millis(start) * 1000
	}
	slices.Sort(times)
	f.P50, f.P99 = times[len(times)/2], times[len(times)*99/100]
	return d, nil
}

func (f *figures) load(state []byte, times int) error {
	var loads sample
	for range times {
		runtime.GC() // what the load before left is not this one's
		start := time.Now()
		if err := ydoc.New(ydoc.Config{}).Load(state); err != nil {
			return err
		}
		loads = append(loads, millis(start))
	}
	f.First, f.Load = loads[0], loads.median()
	return nil
}

// hold measures the memory that n documents take.
func (f *figures) hold(state []byte, n int) error {
	before := resident()
	docs := make([]*ydoc.Doc, n)
	for i := range docs {
		docs[i] = ydoc.New(ydoc.Config{})
		if err := docs[i].Load(state); err != nil {
			return err
		}
	}
	f.Memory = (resident() - before) / float64(n)
	runtime.KeepAlive(docs)
	return nil
}

// resident is the memory of this process in bytes, with garbage given back.
func resident() float64 {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	pages, _ := strconv.ParseFloat(f[1], 64)
	return pages * float64(os.Getpagesize())
}
