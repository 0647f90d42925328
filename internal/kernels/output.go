package kernels

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

// originRun is the origin of what runs write, in the history.
const originRun = "run"

// opKind is what is to be done to a cell.
type opKind int

const (
	opState  opKind = iota // execution_state becomes text
	opBegin                // it begins to run: no outputs, no count, running
	opEnd                  // it has run
	opCount                // execution_count
	opStream               // text is added to the stream name
	opOutput               // an output is added
	opUpdate               // the outputs with a display id become another one, in any cell
	opClear                // the outputs are removed
	opMeta                 // the widgets' state, in the notebook's metadata
)

const (
	stateIdle    = "idle"
	stateQueued  = "queued"
	stateRunning = "running"
)

// op waits to be written into the document.
type op struct {
	kind  opKind
	cell  string
	text  string
	name  string
	out   map[string]any // an output, or the data of an update
	id    string         // display id
	count any
	times map[string]any
	by    By
	cut   int64 // bytes that were left out before text
}

// Bounds of what waits to be written.
const (
	flushBytes = 1 << 20 // more is written at once
	flushOps   = 1000
)

// addLocked adds an op. What came before the document was loaded is known to it.
func (b *book) addLocked(o op) {
	if b.kernel != nil && b.number > 0 && b.number <= b.known {
		return
	}
	if n := len(b.pending); o.kind == opStream && n > 0 {
		if p := &b.pending[n-1]; p.kind == opStream && p.cell == o.cell && p.name == o.name {
			b.size += len(o.text)
			p.text += o.text
			if len(p.text) > 2*keepTail {
				p.shorten()
			}
			b.dueLocked()
			return
		}
	}
	b.size += len(o.text) + 200
	b.pending = append(b.pending, o)
	b.dueLocked()
}

// shorten leaves the middle of a text out that is too long to be kept.
func (o *op) shorten() {
	if o.cut == 0 {
		head := cutAt(o.text, keepHead)
		tail := cutAt(o.text, len(o.text)-keepTail)
		o.cut = int64(tail - head)
		o.text = o.text[:head] + leftOutMark(o.cut) + o.text[tail:]
		return
	}
	mark := leftOutMark(o.cut)
	at := strings.Index(o.text, mark)
	if at < 0 {
		at = 0
		mark = ""
	}
	tail := cutAt(o.text, len(o.text)-keepTail)
	if tail <= at+len(mark) {
		return
	}
	o.cut += int64(tail - at - len(mark))
	o.text = o.text[:at] + leftOutMark(o.cut) + o.text[tail:]
}

func leftOutMark(n int64) string { return fmt.Sprintf("\n[… %d bytes left out …]\n", n) }

func leftOutLine(messages, bytes int64) string {
	return fmt.Sprintf("[… %d messages with %d bytes left out …]\n", messages, bytes)
}

// dueLocked sees to it that what waits is written soon.
func (b *book) dueLocked() {
	if b.size > flushBytes || len(b.pending) > flushOps {
		if b.timer == nil || b.flood() == 0 {
			b.flushLocked()
			return
		}
	}
	if b.timer == nil && !b.closed {
		b.timer = time.AfterFunc(max(b.runs.cfg.Join, b.flood()), func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.flushLocked()
		})
	}
}

// flood is how long outputs are gathered in place of Join when a cell has put out very
// much: each writing is kept in the history.
func (b *book) flood() time.Duration {
	most := 0
	for _, s := range b.sinks {
		most = max(most, s.total)
	}
	switch {
	case most > 64<<20:
		return 5 * time.Second
	case most > 16<<20:
		return time.Second
	case most > 4<<20:
		return 250 * time.Millisecond
	}
	return 0
}

// flushLocked writes what waits into the document.
func (b *book) flushLocked() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	if len(b.pending) == 0 || b.doc == nil || b.closed {
		return
	}
	ops, size := b.pending, b.size
	b.pending, b.size = nil, 0
	err := b.writeLocked(ops, size)
	if lyceum.IsKind(err, lyceum.TooLarge) {
		err = b.writeLocked(b.withoutOutputs(ops), 0)
	}
	switch {
	case lyceum.IsKind(err, lyceum.Unavailable):
		b.reopenLocked()
		if err = b.writeLocked(ops, size); err != nil {
			b.pending, b.size = append(ops, b.pending...), size
			b.timer = time.AfterFunc(time.Second, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.flushLocked()
			})
			return
		}
	case err != nil:
		b.runs.log.Warn("outputs cannot be written into their notebook", "err", err)
	}
	if b.acking != nil {
		wakeUp(b.acking)
	}
}

// reopenLocked takes the document anew: it was begun anew from its file.
func (b *book) reopenLocked() {
	doc, err := b.runs.cfg.Open(b.runs.ctx, b.doc.Path())
	if err != nil {
		return // it is tried again
	}
	b.doc.Close()
	b.doc = doc
	clear(b.sinks)
}

// withoutOutputs is what can be written into a notebook that is full.
func (b *book) withoutOutputs(ops []op) []op {
	rest := slices.DeleteFunc(slices.Clone(ops), func(o op) bool {
		return o.kind == opStream || o.kind == opOutput || o.kind == opUpdate || o.kind == opMeta
	})
	if b.failed == "" {
		b.failed = "The notebook is too large: further outputs are not kept. Clear some outputs."
		b.tellLocked()
	}
	return rest
}

func (b *book) writeLocked(ops []op, size int) error {
	author := ""
	if b.running != nil {
		author = b.running.By
	}
	if len(ops) > 0 && ops[0].by.Account != "" {
		author = ops[0].by.Account
	}
	write := func(tx *ydoc.Tx, y *ydoc.Doc) error {
		w := docWriter{tx: tx, y: y, book: b}
		return w.all(ops)
	}
	if b.kernel == nil || b.number == 0 {
		return b.doc.Edit(author, originRun, size, write)
	}
	return b.doc.EditFrom(b.kernel.ID(), b.number, author, size, write)
}

// outputLocked takes a message that puts something out in a cell.
func (b *book) outputLocked(cell string, t *task, m jupyter.Message) {
	switch m.Head.Type {
	case "stream":
		var c struct{ Name, Text string }
		if json.Unmarshal(m.Content, &c) == nil && c.Text != "" {
			if b.prints && t != nil {
				t.said = (t.said + c.Text)[max(0, len(t.said)+len(c.Text)-maxSaidError):]
			}
			b.addLocked(op{kind: opStream, cell: cell, name: c.Name, text: c.Text})
		}
		return
	case "execute_input":
		var c struct {
			Count float64 `json:"execution_count"`
		}
		if t != nil && json.Unmarshal(m.Content, &c) == nil {
			t.times["iopub.execute_input"] = m.Head.Date
			b.addLocked(op{kind: opCount, cell: cell, count: c.Count, times: maps.Clone(t.times)})
		}
		return
	case "clear_output":
		var c struct{ Wait bool }
		if json.Unmarshal(m.Content, &c) == nil {
			o := op{kind: opClear, cell: cell}
			if c.Wait {
				o.text = "wait"
			}
			b.addLocked(o)
		}
		return
	}
	if out, id := outputOf(m); out != nil {
		b.size += len(m.Content)
		o := op{kind: opOutput, cell: cell, out: out, id: id}
		if m.Head.Type == "update_display_data" {
			o.kind = opUpdate
		}
		b.setAside(out)
		b.addLocked(o)
	}
}

// outputOf returns a message as an output, with its display id; nil if it is none.
func outputOf(m jupyter.Message) (out map[string]any, id string) {
	var c struct {
		Data      map[string]any `json:"data"`
		Metadata  map[string]any `json:"metadata"`
		Count     any            `json:"execution_count"`
		Name      string         `json:"ename"`
		Value     string         `json:"evalue"`
		Traceback []any          `json:"traceback"`
		Transient struct {
			ID string `json:"display_id"`
		} `json:"transient"`
	}
	if json.Unmarshal(m.Content, &c) != nil {
		return nil, ""
	}
	if c.Data == nil {
		c.Data = map[string]any{}
	}
	if c.Metadata == nil {
		c.Metadata = map[string]any{}
	}
	switch m.Head.Type {
	case "display_data", "update_display_data":
		out = map[string]any{"output_type": "display_data", "data": c.Data, "metadata": c.Metadata}
	case "execute_result":
		out = map[string]any{"output_type": "execute_result", "data": c.Data, "metadata": c.Metadata, "execution_count": c.Count}
	case "error":
		if c.Traceback == nil {
			c.Traceback = []any{}
		}
		return map[string]any{"output_type": "error", "ename": c.Name, "evalue": c.Value, "traceback": c.Traceback}, ""
	default:
		return nil, ""
	}
	if c.Transient.ID != "" {
		out["transient"] = map[string]any{"display_id": c.Transient.ID}
	}
	return out, c.Transient.ID
}
