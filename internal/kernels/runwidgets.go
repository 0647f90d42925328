package kernels

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"lyceum/internal/jupyter"
	"lyceum/internal/ydoc"
)

// Bounds of what is kept of the widgets of a kernel.
const (
	maxComms    = 5000
	maxWidgets  = 4 << 20 // bytes of JSON that are written into the notebook
	widgetsWait = 2 * time.Second
	widgetState = "application/vnd.jupyter.widget-state+json"
)

// comms are the open comms of a kernel, with the state of the widgets among them, as
// the messages told.
type comms struct {
	all   map[string]*comm
	order []string
	dirty bool // the notebook does not have it
	timer *time.Timer

	unkept bool          // nor has the file for the next project server
	kept   time.Time     // when that was written
	took   time.Duration // and how long it took
}

type comm struct {
	id, target string
	metadata   json.RawMessage
	state      map[string]any
	buffers    map[string]buffer // by their paths, as JSON
	outputs    []any             // of an Output widget that captures
	capturing  bool              // its outputs are to be told
}

type buffer struct {
	path []any
	data []byte
}

func newComms() *comms { return &comms{all: map[string]*comm{}} }

// commContent is the content of the messages of comms.
type commContent struct {
	ID     string `json:"comm_id"`
	Target string `json:"target_name"`
	Data   struct {
		Method string         `json:"method"`
		State  map[string]any `json:"state"`
		Paths  [][]any        `json:"buffer_paths"`
	} `json:"data"`
}

// commLocked takes a message of a comm from the kernel.
func (b *book) commLocked(m jupyter.Message) {
	for l := range b.listeners {
		l.comm(m)
	}
	var c commContent
	if json.Unmarshal(m.Content, &c) == nil {
		b.comms.take(m, c)
		b.widgetsSoonLocked()
	}
}

// take follows the state of a comm.
func (cs *comms) take(m jupyter.Message, c commContent) {
	switch m.Head.Type {
	case "comm_open":
		if len(cs.all) >= maxComms || c.ID == "" {
			return
		}
		if cs.all[c.ID] == nil {
			cs.order = append(cs.order, c.ID)
		}
		cs.all[c.ID] = &comm{id: c.ID, target: c.Target, metadata: m.Metadata, state: map[string]any{}, buffers: map[string]buffer{}}
		cs.all[c.ID].set(c, m.Buffers)
	case "comm_close":
		delete(cs.all, c.ID)
		cs.order = slices.DeleteFunc(cs.order, func(id string) bool { return id == c.ID })
	case "comm_msg":
		x := cs.all[c.ID]
		if x == nil || c.Data.Method != "update" && c.Data.Method != "echo_update" {
			return
		}
		x.set(c, m.Buffers)
	}
	cs.dirty, cs.unkept = true, true
}

func (x *comm) set(c commContent, buffers [][]byte) {
	for k, v := range c.Data.State {
		x.state[k] = v
		for key, b := range x.buffers { // the whole value is another one
			if len(b.path) > 0 && b.path[0] == k {
				delete(x.buffers, key)
			}
		}
	}
	for i, path := range c.Data.Paths {
		if i < len(buffers) {
			if key, err := json.Marshal(path); err == nil {
				x.buffers[string(key)] = buffer{path, buffers[i]}
			}
		}
	}
}

// openings are the messages that tell a page which comms there are.
func (cs *comms) openings(session string) (all []jupyter.Message) {
	for _, id := range cs.order {
		x := cs.all[id]
		paths, buffers := [][]any{}, [][]byte{}
		for _, key := range slices.Sorted(maps.Keys(x.buffers)) {
			paths, buffers = append(paths, x.buffers[key].path), append(buffers, x.buffers[key].data)
		}
		m, err := jupyter.New(jupyter.IOPub, session, "comm_open", map[string]any{
			"comm_id": id, "target_name": x.target,
			"data": map[string]any{"state": x.state, "buffer_paths": paths},
		})
		if err != nil {
			continue // it came as JSON
		}
		m.Metadata, m.Buffers = x.metadata, buffers
		all = append(all, m)
	}
	return all
}

// widgetsSoonLocked writes the widgets' state in a while.
func (b *book) widgetsSoonLocked() {
	cs := b.comms
	if !cs.dirty || cs.timer != nil || b.closed {
		return
	}
	cs.timer = time.AfterFunc(widgetsWait, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if cs.timer = nil; b.comms == cs && !b.closed {
			b.saveWidgetsLocked()
		}
	})
}

// saveWidgetsLocked writes the widgets' state into the notebook, as nbformat has it, so
// that they are shown without a kernel too.
func (b *book) saveWidgetsLocked() {
	if !b.comms.dirty || b.kernel == nil {
		return
	}
	b.comms.dirty = false
	state := map[string]any{}
	for id, x := range b.comms.all {
		if x.target == "jupyter.widget" {
			state[id] = x.saved()
		}
	}
	if j, err := json.Marshal(state); len(state) == 0 || err != nil || len(j) > maxWidgets {
		return
	}
	b.addLocked(op{kind: opMeta, out: map[string]any{widgetState: map[string]any{"version_major": 2.0, "version_minor": 0.0, "state": state}}})
}

func (x *comm) saved() map[string]any {
	state := maps.Clone(x.state)
	w := map[string]any{"model_name": state["_model_name"], "model_module": state["_model_module"], "model_module_version": state["_model_module_version"], "state": state}
	if len(x.buffers) > 0 {
		list := []any{}
		for _, key := range slices.Sorted(maps.Keys(x.buffers)) {
			f := x.buffers[key]
			list = append(list, map[string]any{"encoding": "base64", "path": f.path, "data": base64.StdEncoding.EncodeToString(f.data)})
		}
		w["buffers"] = list
	}
	return w
}

// widgets writes the state of the widgets into the notebook's metadata.
func (w *docWriter) widgets(state map[string]any) error {
	v, _ := w.y.Map(metaRoot).Get("metadata")
	if inner, ok := v.(*ydoc.Map); ok {
		return inner.Set(w.tx, "widgets", state)
	}
	return nil
}

// capturedLocked gives an output to a widget that captures it: ipywidgets' Output,
// which says by its msg_id of which request it wants all.
func (b *book) capturedLocked(m jupyter.Message) bool {
	for _, x := range b.comms.all {
		if id, _ := x.state["msg_id"].(string); id == "" || id != m.Parent.ID || x.state["_model_name"] != "OutputModel" {
			continue
		}
		if !x.capture(m) {
			return false
		}
		if !x.capturing {
			x.capturing = true
			time.AfterFunc(b.runs.cfg.Join, func() { b.tellOutputs(x) })
		}
		return true
	}
	return false
}

// capture adds an output to the widget's; false when the message is none.
func (x *comm) capture(m jupyter.Message) bool {
	x.outputs, _ = x.state["outputs"].([]any)
	x.outputs = slices.Clone(x.outputs)
	switch m.Head.Type {
	case "clear_output":
		x.outputs = []any{}
	case "stream":
		var c struct{ Name, Text string }
		if json.Unmarshal(m.Content, &c) != nil {
			return true
		}
		if n := len(x.outputs); n > 0 {
			if last, _ := x.outputs[n-1].(map[string]any); last["output_type"] == "stream" && last["name"] == c.Name {
				text, _ := last["text"].(string)
				x.outputs[n-1] = map[string]any{"output_type": "stream", "name": c.Name, "text": foldStream(text, c.Text)}
				break
			}
		}
		x.outputs = append(x.outputs, map[string]any{"output_type": "stream", "name": c.Name, "text": foldStream("", c.Text)})
	default:
		out, _ := outputOf(m)
		if out == nil {
			return false
		}
		delete(out, "transient")
		x.outputs = append(x.outputs, out)
	}
	x.state["outputs"] = x.outputs
	return true
}

// foldStream is a text with another one behind it, as a terminal would show it, within
// bounds.
func foldStream(text, add string) string {
	l := lineOf(text)
	drop, add := l.write(add)
	for drop > 0 && text != "" {
		n := cutAt(text, len(text)-1)
		drop -= unitsOf(text[n:])
		text = text[:n]
	}
	o := op{text: text + add}
	if len(o.text) > keepTail {
		o.shorten()
	}
	return o.text
}

// tellOutputs tells kernel and pages what an Output widget has captured.
func (b *book) tellOutputs(x *comm) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x.capturing = false
	k := b.kernel
	if k == nil || b.closed || b.comms.all[x.id] != x {
		return
	}
	m, err := jupyter.New(jupyter.Shell, k.Session(), "comm_msg", map[string]any{
		"comm_id": x.id,
		"data":    map[string]any{"method": "update", "state": map[string]any{"outputs": x.outputs}, "buffer_paths": []any{}},
	})
	if err != nil {
		return // it came as JSON
	}
	b.comms.dirty, b.comms.unkept = true, true
	b.widgetsSoonLocked()
	for l := range b.listeners {
		l.comm(m)
	}
	b.runs.wg.Go(func() {
		if err := k.Send(b.runs.ctx, m); err != nil {
			b.runs.log.Debug("a widget cannot be told its outputs", "err", err)
		}
	})
}
