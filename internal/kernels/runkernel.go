package kernels

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

const (
	maxQueue    = 5000             // cells that wait
	controlTime = 30 * time.Second // for a kernel to be told something
	startTime   = 3 * time.Minute  // for a kernel to start or restart
	lostAfter   = 3 * time.Second  // a request of which nothing is heard from an idle kernel was never sent
)

// note is what the supervisor keeps with a kernel, as JSON: what of the notebook is to
// go on after the project server was ended.
type note struct {
	Path  string  `json:"path"`
	Doc   string  `json:"doc"`
	Queue []*task `json:"queue"` // one with a msg was sent

	Input   *question            `json:"input,omitempty"`
	Missing []api.MissingPackage `json:"missing,omitempty"`
}

const maxNote = 250 << 10 // bytes

func decodeNote(b []byte) (n note, ok bool) {
	return n, json.Unmarshal(b, &n) == nil && n.Path != "" && !slices.Contains(n.Queue, nil)
}

func (b *book) noteLocked() []byte {
	n := note{Path: b.path, Queue: b.queue, Input: b.input, Missing: b.missing}
	if b.doc != nil {
		n.Path, n.Doc = b.doc.Path(), b.doc.Doc()
	}
	for {
		j, err := json.Marshal(n)
		if err == nil && len(j) <= maxNote || len(n.Queue) == 0 {
			return j
		}
		n.Missing = nil
		n.Queue = n.Queue[:len(n.Queue)/2] // what is lost is only in the queue for longest
	}
}

// found goes on with a kernel that an earlier project server has left.
func (b *book) found(k *Kernel, n note) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue, b.missing = n.Queue, n.Missing
	if len(b.queue) > 0 && b.queue[0].Msg != "" {
		b.running = b.queue[0]
		b.running.times = map[string]any{}
		b.input = n.Input
	}
	b.attachLocked(k)
	b.loadCommsLocked(k)
}

// attachLocked makes k the notebook's kernel and begins to take its records.
func (b *book) attachLocked(k *Kernel) {
	ctx, cancel := context.WithCancel(b.runs.ctx)
	b.kernel, b.detach = k, cancel
	b.attachedTo.Store(k)
	b.number, b.known = 0, 0
	b.acking = make(chan struct{}, 1)
	b.comms = newComms()
	b.prints = strings.EqualFold(k.Info().Language, "octave")
	sub := k.Subscribe(Options{Keep: true, Apart: true}) // until it is known what the document has
	b.runs.wg.Go(func() { b.pump(ctx, k, sub) })
}

// dropLocked lets the kernel go.
func (b *book) dropLocked() {
	if b.detach != nil {
		b.detach()
	}
	b.keepSumsLocked()
	b.forgetCommsLocked()
	if b.kernel != nil {
		b.keepCommsLocked(b.kernel)
	}
	b.kernel, b.detach = nil, nil
	b.attachedTo.Store(nil)
}

// pump takes the records of a kernel until ctx ends or the kernel was shut down.
func (b *book) pump(ctx context.Context, k *Kernel, sub *Subscription) {
	defer sub.Close()
	if !b.ready(ctx, k) {
		return
	}
	sub.Join()
	b.mu.Lock()
	acking := b.acking
	b.mu.Unlock()
	b.runs.wg.Go(func() { b.acknowledge(ctx, k, sub, acking) })
	for {
		r, err := sub.Next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				b.lost(k)
				b.runs.tidy(b)
			}
			return
		}
		b.take(k, r)
	}
}

// ready opens the document for a kernel that was found, and waits for it if it must.
func (b *book) ready(ctx context.Context, k *Kernel) bool {
	b.mu.Lock()
	doc, path := b.doc, b.path
	b.mu.Unlock()
	for wait := 100 * time.Millisecond; doc == nil; wait = min(2*wait, controlTime) {
		opened, err := b.runs.cfg.Open(ctx, path)
		if err == nil && opened.IsNotebook() {
			b.open(opened)
			break
		}
		if err == nil {
			opened.Close()
		}
		b.runs.log.Warn("a running notebook cannot be opened", "err", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
		b.mu.Lock()
		doc = b.doc // somebody else may have opened it
		b.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.kernel != k {
		return false
	}
	b.known = b.doc.Mark(k.ID())
	if t := b.running; t != nil {
		b.runs.wg.Go(func() { b.resend(ctx, k, t) })
	}
	b.nextLocked()
	return true
}

// resend sends a request again that an earlier project server had noted and perhaps
// not sent: nothing is heard of it, and the kernel has nothing to do.
func (b *book) resend(ctx context.Context, k *Kernel, t *task) {
	select {
	case <-time.After(lostAfter):
	case <-ctx.Done():
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running == t && !t.Seen && k.Info().State == jupyter.Idle {
		b.sendLocked(k, t)
	}
}

// lost is called when the kernel is no more.
func (b *book) lost(k *Kernel) {
	if b.runs.known(k.ID()) {
		return // it goes on: we are the ones who stop
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kernel != k {
		return
	}
	b.emptyLocked(true)
	b.dropLocked()
	b.tellLocked()
}

// acknowledge tells the supervisor what of the records is safe here, so that it can
// forget them: what they put out is in the document, and what else came of them in
// the note and in files.
func (b *book) acknowledge(ctx context.Context, k *Kernel, sub *Subscription, wake <-chan struct{}) {
	var noted string
	for {
		select {
		case <-wake:
		case <-ctx.Done():
			return
		}
		b.mu.Lock()
		pause := b.comms.pause(time.Now())
		b.mu.Unlock()
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
		}
		n, doc, ok := b.keep(ctx, k, &noted)
		if !ok {
			continue // it comes again when they are written, or its end is told by records
		}
		if doc.Saved(ctx) == nil && b.runs.cfg.Blobs.Saved(ctx) == nil {
			sub.Ack(n)
		}
	}
}

// keep sends the note, when it is another one than noted, and writes the files. n is
// the record up to which they tell.
func (b *book) keep(ctx context.Context, k *Kernel, noted *string) (n uint64, doc Document, ok bool) {
	b.noting.Lock()
	defer b.noting.Unlock()
	b.mu.Lock()
	n, doc = b.number, b.doc
	if len(b.pending) > 0 || b.kernel != k {
		b.mu.Unlock()
		return 0, nil, false
	}
	note := string(b.noteLocked())
	b.keepSumsLocked()
	b.keepCommsLocked(k)
	b.mu.Unlock()
	if note != *noted {
		if k.SetNote(ctx, []byte(note)) != nil {
			return 0, nil, false
		}
		*noted = note
	}
	return n, doc, true
}

// start starts a kernel of that spec, in place of the one that is there.
func (b *book) start(by By, spec string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held {
		return lyceum.Errorf(lyceum.Conflict, "a kernel is being started")
	}
	b.failed = ""
	if old := b.kernel; old != nil {
		b.emptyLocked(true)
		b.dropLocked()
		old.leaving.Store(true)
		b.runs.wg.Go(func() {
			ctx, cancel := context.WithTimeout(b.runs.ctx, controlTime)
			defer cancel()
			if err := old.Shutdown(ctx); err != nil {
				b.runs.log.Warn("a kernel cannot be shut down", "err", err)
			}
		})
	}
	b.startLocked(spec)
	b.tellLocked()
	return nil
}

// startLocked begins to start a kernel.
func (b *book) startLocked(spec string) {
	m := b.runs.manager.Load()
	b.held = true
	wanted := spec
	if wanted == "" {
		wanted = b.specLocked()
	}
	path, note := b.doc.Path(), b.noteLocked()
	b.runs.wg.Go(func() {
		ctx, cancel := context.WithTimeout(b.runs.ctx, startTime)
		defer cancel()
		k, err := startKernel(ctx, m, wanted, spec == "", path, note)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.held = false
		if err != nil {
			b.failedLocked(err)
			return
		}
		if b.closed {
			return
		}
		b.attachLocked(k)
		b.runs.wg.Go(func() { b.introduce(k, spec != "") })
		b.nextLocked()
		b.tellLocked()
	})
}

// startKernel starts a kernel for the notebook at path. With other, the usual one does
// where the one that the notebook names is not installed.
func startKernel(ctx context.Context, m *Manager, spec string, other bool, path string, note []byte) (*Kernel, error) {
	if m == nil {
		return nil, errNoManager
	}
	if s, err := m.Spec(spec); other && (err != nil || s.Problem != "") {
		spec = ""
	}
	return m.Start(ctx, Start{Spec: spec, Path: path, Note: note})
}

// failedLocked tells that there is no kernel to run the queue.
func (b *book) failedLocked(err error) {
	b.failed = "The kernel could not be started."
	if e, ok := errors.AsType[*lyceum.Error](err); ok {
		b.failed = sentence(e.Message)
	} else {
		b.runs.log.Error("a kernel cannot be started", "err", err)
	}
	b.emptyLocked(true)
	b.tellLocked()
}

// restart restarts the kernel, and then may run all cells.
func (b *book) restart(by By, all bool, spec string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held {
		return lyceum.Errorf(lyceum.Conflict, "the kernel is being started")
	}
	b.failed = ""
	b.emptyLocked(true)
	k := b.kernel
	if k == nil {
		b.startLocked(spec)
		if all {
			b.allLocked(by)
		}
		b.tellLocked()
		return nil
	}
	b.held = true
	if all {
		b.allLocked(by)
	}
	b.runs.wg.Go(func() { b.restarting(k) })
	b.tellLocked()
	return nil
}

func (b *book) restarting(k *Kernel) {
	ctx, cancel := context.WithTimeout(b.runs.ctx, startTime)
	defer cancel()
	err := k.Restart(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = false
	if b.forgetCommsLocked(); err != nil {
		b.failedLocked(err)
		return
	}
	b.nextLocked()
	b.tellLocked()
}

// allLocked puts all code into the queue.
func (b *book) allLocked(by By) {
	now := time.Now().UTC()
	for _, c := range b.cellsLocked() {
		if c.runs() && len(b.queue) < maxQueue {
			b.queue = append(b.queue, &task{Cell: c.id, By: by.Account, Name: by.Name, At: now})
			b.addLocked(op{kind: opState, cell: c.id, text: stateQueued})
		}
	}
}

// shutdown ends the kernel.
func (b *book) shutdown(ctx context.Context) error {
	b.mu.Lock()
	k := b.kernel
	b.emptyLocked(true)
	b.mu.Unlock()
	if k == nil {
		return nil
	}
	err := k.Shutdown(ctx)
	if err == nil {
		b.lost(k)
	}
	return err
}
