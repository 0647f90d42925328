package kernels

import (
	"context"
	"encoding/json"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
)

// Run runs cells of the notebook at path, from a fresh kernel unless told otherwise,
// and calls emit with all that happens, until they have run and the file has their
// outputs. When ctx or emit ends it early the run goes on. An error of the notebook is
// an event, not an error.
func (r *Runs) Run(ctx context.Context, path string, by By, o api.NotebookRun, emit func(api.RunEvent) error) error {
	b, err := r.book(ctx, path)
	if err != nil {
		return err
	}
	defer r.release(b)
	b.adopt()
	l := &listener{wake: make(chan struct{}, 1), follows: true}
	b.mu.Lock()
	b.listeners[l] = true
	b.mu.Unlock()
	defer b.leave(l)
	if err := b.begin(by, o); err != nil {
		return err
	}
	if err := emit(api.RunEvent{Cells: len(b.state().Queue)}); err != nil {
		return err
	}
	return b.follow(ctx, l, emit)
}

// begin puts the cells of a run into the queue.
func (b *book) begin(by By, o api.NotebookRun) error {
	b.mu.Lock()
	fresh := b.kernel != nil && !o.Keep
	b.mu.Unlock()
	if len(o.Cells) > 0 {
		if fresh {
			if err := b.restart(by, false, o.Spec); err != nil {
				return err
			}
		}
		return b.run(by, o.Cells, o.Spec)
	}
	if fresh {
		return b.restart(by, true, o.Spec)
	}
	cells, err := b.cellsFor("run-all", "")
	if err != nil {
		return err
	}
	return b.run(by, cells, o.Spec)
}

// follow passes events on until nothing runs any more.
func (b *book) follow(ctx context.Context, l *listener, emit func(api.RunEvent) error) error {
	for {
		b.mu.Lock()
		over, failed, doc := len(b.queue) == 0 && !b.held, b.failed, b.doc
		b.mu.Unlock()
		waiting, _, err := l.due()
		if err != nil {
			return err
		}
		for _, raw := range waiting {
			var e api.RunEvent
			if err := json.Unmarshal(raw, &e); err != nil {
				return err
			}
			if err := emit(e); err != nil {
				return err
			}
		}
		switch {
		case over && failed != "":
			return emit(api.RunEvent{Failed: failed})
		case over:
			if err := doc.Written(ctx); err != nil {
				return err
			}
			return emit(api.RunEvent{Done: true})
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// emitLocked tells those who follow.
func (b *book) emitLocked(e api.RunEvent) {
	for l := range b.listeners {
		if !l.follows {
			continue
		}
		if j, err := json.Marshal(e); err == nil { // it came as JSON
			l.put(j)
		}
	}
}

// emitOutputLocked tells those who follow of an output.
func (b *book) emitOutputLocked(cell string, m jupyter.Message) {
	for l := range b.listeners {
		if l.follows {
			if m.Head.Type == "stream" {
				var c struct{ Name, Text string }
				if json.Unmarshal(m.Content, &c) == nil {
					b.emitLocked(api.RunEvent{Cell: cell, Output: map[string]any{"output_type": "stream", "name": c.Name, "text": c.Text}})
				}
			} else if out, _ := outputOf(m); out != nil {
				b.emitLocked(api.RunEvent{Cell: cell, Output: out})
			}
			return
		}
	}
}
