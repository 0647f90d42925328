package kernels

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// book is a notebook that is run: its document, its kernel and the queue of cells.
//
//	actions ──► queue ──► kernel ──records──► pump ──► pending ──flush──► document
//	                                            └──────► listeners      └─► saved ──► ack
type book struct {
	runs *Runs
	uses int // requests and channels; guarded by runs.mu

	attachedTo atomic.Pointer[Kernel] // is kernel, for who does not hold mu

	noting sync.Mutex // held while a note is made and sent, so that they come in order; before mu

	mu        sync.Mutex
	closed    bool
	path      string
	doc       Document // nil only before found has opened it
	kernel    *Kernel
	detach    context.CancelFunc // of the pump of the kernel
	prints    bool               // the kernel prints its errors, and calls what failed well
	held      bool               // the kernel starts or restarts: nothing is sent
	failed    string             // why the last action came to nothing
	queue     []*task            // the first one may be running
	running   *task              // is queue[0] then
	input     *question
	listeners map[*listener]bool
	comms     *comms
	sums      map[string][32]byte  // of the outputs that runs have given to cells
	trusted   []string             // cells that had these when it was last looked
	missing   []api.MissingPackage // what cells lack; a changed list is another one

	number  uint64 // of the last record that was taken
	known   uint64 // up to here the document has what records said
	pending []op
	size    int // bytes in pending, about
	timer   *time.Timer
	sinks   map[string]*sink // of cells, by id
	acking  chan struct{}    // capacity 1; wakes acknowledge

	unkept bool // sums are not in their file
}

// task is a cell in the queue.
type task struct {
	Cell string    `json:"cell"`
	By   string    `json:"by"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	Msg  string    `json:"msg,omitempty"` // of the request, once it is sent

	Seen    bool `json:"seen,omitempty"` // a record of it came
	Idle    bool `json:"idle,omitempty"`
	Replied bool `json:"replied,omitempty"`
	Failed  bool `json:"failed,omitempty"`

	times map[string]any
	said  string // the end of what it printed, of kernels that print their errors
}

// question is an input_request.
type question struct {
	api.NotebookInput
	Header json.RawMessage `json:"header"` // of the message that asked
}

// is reports whether the book runs the document.
func (b *book) is(doc Document) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.doc != nil {
		return b.doc.Doc() == doc.Doc()
	}
	return b.path == doc.Path()
}

// attached reports whether the book must stay though nobody asks for it.
func (b *book) attached() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kernel != nil || len(b.queue) > 0 || b.held || b.failed != "" // what failed is told to whoever asks
}

// open gives the book its document, or closes doc if it has one.
func (b *book) open(doc Document) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.doc != nil || b.closed {
		doc.Close()
		return
	}
	b.doc, b.path = doc, doc.Path()
	b.loadSumsLocked()
}

// end lets document and kernel go.
func (b *book) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.flushLocked()
	b.keepSumsLocked()
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	if b.detach != nil {
		b.detach()
	}
	if b.doc != nil {
		b.doc.Close()
	}
}

// adopt takes a kernel over that somebody else has started for this file.
func (b *book) adopt() {
	b.mu.Lock()
	path, free := b.doc.Path(), b.kernel == nil && !b.held && !b.closed
	if path != b.path && !b.closed {
		b.runs.wg.Go(b.moved)
	}
	b.mu.Unlock()
	if !free {
		return
	}
	k := b.runs.kernelFor(path)
	b.mu.Lock()
	defer b.mu.Unlock()
	if k != nil && b.kernel == nil && !b.held && !b.closed {
		b.attachLocked(k)
	}
}

// moved tells the kernel where its file is now.
func (b *book) moved() {
	b.mu.Lock()
	k, doc := b.kernel, b.doc
	if doc == nil || k == nil || doc.Path() == b.path {
		b.mu.Unlock()
		return
	}
	b.path = doc.Path()
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(b.runs.ctx, controlTime)
	defer cancel()
	if err := k.SetPath(ctx, doc.Path()); err != nil {
		b.runs.log.Warn("a kernel cannot be told of its notebook's new name", "err", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tellLocked()
}

// state is what people are told.
func (b *book) state() api.NotebookState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stateLocked()
}

func (b *book) stateLocked() api.NotebookState {
	s := api.NotebookState{Path: b.path, Queue: []api.QueuedCell{}, Failed: b.failed, Produced: slices.Clone(b.trusted), Missing: b.missing}
	if b.doc != nil {
		s.Path = b.doc.Path()
		for _, p := range b.doc.Problems() {
			s.Problems = append(s.Problems, api.NotebookProblem{Cell: p.Cell, Message: p.Message})
		}
	}
	if b.kernel != nil {
		i := b.kernel.Info()
		s.Kernel = &api.NotebookKernel{ID: i.ID, Spec: i.Spec, DisplayName: i.DisplayName, Language: i.Language, State: string(i.State), Since: i.Since, Reason: i.Reason}
	}
	for _, t := range b.queue {
		s.Queue = append(s.Queue, api.QueuedCell{Cell: t.Cell, By: t.By, ByName: t.Name, At: t.At, Running: t == b.running})
	}
	if b.input != nil {
		in := b.input.NotebookInput
		s.Input = &in
	}
	return s
}

// do carries an action out.
func (b *book) do(ctx context.Context, by By, a api.NotebookAction) error {
	switch a.Action {
	case "run":
		return b.run(by, a.Cells, a.Spec)
	case "run-all", "run-above", "run-below":
		cells, err := b.cellsFor(a.Action, a.Cell)
		if err != nil {
			return err
		}
		return b.run(by, cells, a.Spec)
	case "stop":
		return b.halt(ctx)
	case "restart", "restart-run-all":
		return b.restart(by, a.Action == "restart-run-all", a.Spec)
	case "start":
		return b.start(by, a.Spec)
	case "shutdown":
		return b.shutdown(ctx)
	case "clear-outputs":
		return b.clear(by, a.Cells)
	case "input":
		if a.Value == nil {
			return lyceum.Invalidf("value", "the answer is missing")
		}
		return b.answer(ctx, *a.Value)
	}
	return lyceum.Invalidf("action", "there is no such action")
}

// cellsFor returns the cells of an action that names them by place.
func (b *book) cellsFor(action, cell string) ([]string, error) {
	b.mu.Lock()
	all := b.cellsLocked()
	b.mu.Unlock()
	at := slices.IndexFunc(all, func(c cellInfo) bool { return c.id == cell })
	switch {
	case action == "run-all":
	case at < 0:
		return nil, lyceum.Errorf(lyceum.NotFound, "there is no such cell")
	case action == "run-above":
		all = all[:at]
	default:
		all = all[at:]
	}
	var ids []string
	for _, c := range all {
		ids = append(ids, c.id)
	}
	return ids, nil
}

// run puts cells into the queue. A cell that waits there already keeps its place; one
// that is running is run once more. Cells that are no code are passed over.
func (b *book) run(by By, cells []string, spec string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = ""
	code := map[string]bool{}
	for _, c := range b.cellsLocked() {
		code[c.id] = c.code && strings.TrimSpace(c.source) != ""
	}
	now := time.Now().UTC()
	for _, id := range cells {
		is, ok := code[id]
		if !ok {
			return lyceum.Errorf(lyceum.NotFound, "there is no such cell")
		}
		waits := slices.ContainsFunc(b.queue, func(t *task) bool { return t.Cell == id && t != b.running })
		if !is || waits {
			continue
		}
		if len(b.queue) >= maxQueue {
			return lyceum.Errorf(lyceum.Exhausted, "more than %d cells are waiting", maxQueue)
		}
		b.queue = append(b.queue, &task{Cell: id, By: by.Account, Name: by.Name, At: now})
		if b.running == nil || b.running.Cell != id {
			b.addLocked(op{kind: opState, cell: id, text: stateQueued})
		}
	}
	if len(b.queue) == 0 {
		return nil
	}
	if b.kernel == nil && !b.held {
		b.startLocked(spec)
	}
	b.nextLocked()
	b.tellLocked()
	return nil
}

// halt empties the queue and interrupts the kernel.
func (b *book) halt(ctx context.Context) error {
	b.mu.Lock()
	b.emptyLocked(false)
	k, busy := b.kernel, b.running != nil || b.kernel != nil && b.kernel.Info().State == jupyter.Busy
	b.tellLocked()
	b.mu.Unlock()
	if k == nil || !busy {
		return nil
	}
	return k.Interrupt(ctx)
}

// emptyLocked forgets the cells that wait, and with all also the one that runs.
func (b *book) emptyLocked(all bool) {
	keep := b.queue[:0:0]
	for _, t := range b.queue {
		if t == b.running && !all {
			keep = append(keep, t)
			continue
		}
		if b.running == nil || t.Cell != b.running.Cell || all {
			b.addLocked(op{kind: opState, cell: t.Cell, text: stateIdle})
		}
	}
	if all {
		b.running, b.input = nil, nil
	}
	b.queue = keep
	b.flushLocked()
}

// clear removes the outputs of cells, of all when there are none named.
func (b *book) clear(by By, cells []string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(cells) == 0 {
		for _, c := range b.cellsLocked() {
			cells = append(cells, c.id)
		}
	}
	for _, c := range cells {
		b.hasLocked(c)
	}
	b.tellLocked()
	b.flushLocked()
	return b.doc.Edit(by.Account, "edit", 0, clearOutputs(cells))
}

// answer gives the kernel what it asked a person for.
func (b *book) answer(ctx context.Context, value string) error {
	b.mu.Lock()
	q, k := b.input, b.kernel
	if q == nil || k == nil {
		b.mu.Unlock()
		return lyceum.Errorf(lyceum.Conflict, "nothing waits for an answer any more")
	}
	b.input = nil
	if !q.Password {
		b.addLocked(op{kind: opStream, cell: q.Cell, name: "stdout", text: q.Prompt + value + "\n"})
	}
	b.tellLocked()
	b.mu.Unlock()
	m, err := jupyter.New(jupyter.Stdin, k.Session(), "input_reply", map[string]string{"value": value})
	if err != nil {
		return err
	}
	m.ParentHeader = q.Header
	return k.Send(ctx, m)
}

// tellLocked tells the listeners that the state has changed.
func (b *book) tellLocked() {
	for l := range b.listeners {
		l.wakeUp()
	}
}
