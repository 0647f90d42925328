package kernels

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// The id of a request names the cell that it runs, so that whoever hears of an output
// knows where it belongs, also after everything was ended and begun again:
//
//	lyceum-<uuid>.<cell>
const requestPrefix = "lyceum-"

func newRequest(cell string) string { return requestPrefix + lyceum.NewID[string]() + "." + cell }

// cellOf returns the cell of a request of ours, "" for any other.
func cellOf(msg string) string {
	rest, ok := strings.CutPrefix(msg, requestPrefix)
	if !ok {
		return ""
	}
	_, cell, _ := strings.Cut(rest, ".")
	return cell
}

// nextLocked sends the first cell of the queue, unless one runs.
func (b *book) nextLocked() {
	for b.running == nil && len(b.queue) > 0 && b.kernel != nil && !b.held && !b.closed && b.doc != nil {
		if b.kernel.Info().State == jupyter.Dead {
			b.held = true
			k := b.kernel
			b.runs.wg.Go(func() { b.restarting(k) })
			return
		}
		t := b.queue[0]
		c, ok := b.cellLocked(t.Cell)
		if !ok || !c.runs() {
			b.queue = b.queue[1:] // it was deleted, or is no code any more
			continue
		}
		b.running = t
		b.hasLocked(t.Cell)
		t.Msg, t.times = newRequest(t.Cell), map[string]any{}
		b.addLocked(op{kind: opBegin, cell: t.Cell, by: By{t.By, t.Name}})
		b.emitLocked(api.RunEvent{Cell: t.Cell, Begun: true})
		b.flushLocked()
		b.sendLocked(b.kernel, t)
	}
}

// sendLocked sends the request of a task, once the supervisor knows of it.
func (b *book) sendLocked(k *Kernel, t *task) {
	c, _ := b.cellLocked(t.Cell)
	m, err := jupyter.New(jupyter.Shell, k.Session(), "execute_request", map[string]any{
		"code": c.source, "silent": false, "store_history": true, "user_expressions": struct{}{}, "allow_stdin": true,
		// What follows an error is ours to decide; a kernel that drops requests drops too much.
		"stop_on_error": false,
	})
	if err == nil {
		m.Head.ID = t.Msg
		m.Header, err = json.Marshal(m.Head)
	}
	if err != nil {
		b.failedLocked(err)
		return
	}
	b.runs.wg.Go(func() {
		ctx, cancel := context.WithTimeout(b.runs.ctx, startTime)
		defer cancel()
		err := b.noted(ctx, k, t, m)
		if err == nil || b.runs.ctx.Err() != nil {
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.running == t && k.Info().State != jupyter.Dead { // else a record tells why
			b.failedLocked(err)
		}
	})
}

// noted sends a request, with word of it that comes to the supervisor before it: a
// later project server then knows what runs. Nobody waits for an answer in between.
func (b *book) noted(ctx context.Context, k *Kernel, t *task, m jupyter.Message) error {
	b.noting.Lock()
	defer b.noting.Unlock()
	b.mu.Lock()
	note, runs := b.noteLocked(), b.running == t
	b.mu.Unlock()
	if !runs {
		return nil // it was stopped meanwhile
	}
	return k.SendNoted(ctx, note, m)
}

// take takes a record of the kernel.
func (b *book) take(k *Kernel, r jupyter.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kernel != k || b.closed {
		return
	}
	b.number = max(b.number, r.Number)
	switch r.Kind {
	case jupyter.KindStatus:
		b.statusLocked(r.Status)
	case jupyter.KindFold:
		if cell := cellOf(r.Fold.Parent); cell != "" {
			b.addLocked(op{kind: opStream, cell: cell, name: "stderr", text: leftOutLine(r.Fold.Messages, r.Fold.Bytes)})
		}
	case jupyter.KindMessage:
		b.heardLocked(r.Message)
	}
	if len(b.pending) == 0 {
		wakeUp(b.acking)
	}
}

func wakeUp(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// statusLocked takes a change of the kernel's process.
func (b *book) statusLocked(s jupyter.Status) {
	if s.Notice != "" && b.running != nil {
		b.addLocked(op{kind: opStream, cell: b.running.Cell, name: "stderr", text: s.Notice + "\n"})
	}
	if s.State == jupyter.Dead || s.State == jupyter.Restarting {
		if t := b.running; t != nil {
			if s.State == jupyter.Dead && !s.Wanted {
				b.addLocked(op{kind: opOutput, cell: t.Cell, out: diedOutput(s)})
				b.emitLocked(api.RunEvent{Cell: t.Cell, Output: diedOutput(s)})
			}
			b.endTaskLocked(t)
		}
		if s.State == jupyter.Dead && !b.held {
			b.emptyLocked(true)
		}
		b.forgetCommsLocked()
		b.flushLocked()
	}
	b.tellLocked()
}

// diedOutput is the error that a cell shows whose kernel died.
func diedOutput(s jupyter.Status) map[string]any {
	reason := s.Reason
	if reason == "" {
		reason = "The kernel died."
	}
	lines := []any{reason}
	if s.Stderr != "" {
		lines = append(lines, s.Stderr)
	}
	return map[string]any{"output_type": "error", "ename": "KernelDied", "evalue": reason, "traceback": lines}
}

// endTaskLocked notes that the running cell has come to its end.
func (b *book) endTaskLocked(t *task) {
	b.addLocked(op{kind: opEnd, cell: t.Cell, times: t.times})
	ended := api.RunEvent{Cell: t.Cell, Ended: "ok"}
	if t.Failed || !t.Replied {
		ended.Ended = "error"
	}
	b.emitLocked(ended)
	b.running, b.input = nil, nil
	if len(b.queue) > 0 && b.queue[0] == t {
		b.queue = b.queue[1:]
	}
}

// heardLocked takes a message.
func (b *book) heardLocked(m jupyter.Message) {
	t := b.running
	if t != nil && m.Parent.ID != t.Msg {
		t = nil
	}
	if t != nil {
		t.Seen = true
	}
	switch m.Head.Type {
	case "status":
		b.workLocked(t, m)
		return
	case "comm_open", "comm_msg", "comm_close":
		b.commLocked(m)
		return
	case "execute_reply":
		b.replyLocked(t, m)
		return
	case "input_request":
		b.askLocked(t, m)
		return
	}
	if m.Channel != jupyter.IOPub {
		return
	}
	if b.capturedLocked(m) {
		return
	}
	if cell := cellOf(m.Parent.ID); cell != "" {
		b.emitOutputLocked(cell, m)
		b.outputLocked(cell, t, m)
	}
}

// workLocked takes word of the kernel being busy or idle.
func (b *book) workLocked(t *task, m jupyter.Message) {
	var c struct {
		State string `json:"execution_state"`
	}
	if json.Unmarshal(m.Content, &c) != nil {
		return
	}
	if t != nil {
		t.times["iopub.status."+c.State] = m.Head.Date
		if c.State == "idle" {
			t.Idle = true
			b.finishLocked(t)
		}
	}
	b.tellLocked()
}

// replyLocked takes the reply to a cell.
func (b *book) replyLocked(t *task, m jupyter.Message) {
	var c struct {
		Status  string          `json:"status"`
		Count   *float64        `json:"execution_count"`
		Payload json.RawMessage `json:"payload"`
		Name    string          `json:"ename"`
		Value   string          `json:"evalue"`
	}
	if json.Unmarshal(m.Content, &c) != nil || t == nil {
		return
	}
	t.times["shell.execute_reply"] = m.Head.Date
	t.Failed = c.Status != "ok"
	b.payloadLocked(t.Cell, c.Payload)
	if t.Replied = true; t.Failed {
		b.dropWaitingLocked(t)
		b.missesLocked(t, c.Name, c.Value)
	} else if t.said != "" {
		b.missesLocked(t, "", t.said)
	}
	b.input = nil
	b.finishLocked(t)
}

// dropWaitingLocked forgets what waits behind a cell that failed.
func (b *book) dropWaitingLocked(t *task) {
	for _, w := range b.queue {
		if w != t && w.Cell != t.Cell {
			b.addLocked(op{kind: opState, cell: w.Cell, text: stateIdle})
		}
	}
	if b.queue = b.queue[:0]; b.running == t {
		b.queue = append(b.queue, t)
	}
}

// payloadLocked shows what a kernel wants a pager for, as help does.
func (b *book) payloadLocked(cell string, raw json.RawMessage) {
	var all []struct {
		Source string         `json:"source"`
		Data   map[string]any `json:"data"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &all) != nil {
		return
	}
	for _, p := range all {
		if p.Source == "page" && len(p.Data) > 0 {
			b.addLocked(op{kind: opOutput, cell: cell, out: map[string]any{"output_type": "display_data", "data": p.Data, "metadata": map[string]any{}}})
		}
	}
}

// finishLocked ends a cell when both the reply and the word that the kernel is idle
// came: outputs may come between them.
func (b *book) finishLocked(t *task) {
	if !t.Replied || !t.Idle || b.running != t {
		return
	}
	b.endTaskLocked(t)
	b.saveWidgetsLocked()
	b.flushLocked()
	b.nextLocked()
	b.tellLocked()
}

// askLocked takes a question of the kernel to a person.
func (b *book) askLocked(t *task, m jupyter.Message) {
	var c struct {
		Prompt   string `json:"prompt"`
		Password bool   `json:"password"`
	}
	if t == nil || json.Unmarshal(m.Content, &c) != nil {
		return
	}
	b.flushLocked() // what was printed before is part of the question
	b.input = &question{Header: m.Header}
	b.input.Cell, b.input.Prompt, b.input.Password = t.Cell, c.Prompt, c.Password
	b.tellLocked()
}

// introduce writes into the notebook which kernel it has.
func (b *book) introduce(k *Kernel, chosen bool) {
	ctx, cancel := context.WithTimeout(b.runs.ctx, startTime)
	defer cancel()
	if k.Ready(ctx) != nil {
		return // its state tells why
	}
	var c struct {
		Language map[string]any `json:"language_info"`
	}
	m, err := kernelInfo(ctx, k)
	if err != nil || json.Unmarshal(m.Content, &c) != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kernel != k || b.doc == nil || b.closed {
		return
	}
	i := k.Info()
	spec := map[string]any{"name": i.Spec, "display_name": i.DisplayName, "language": i.Language}
	if err := b.doc.Edit("", originRun, 0, setKernel(spec, c.Language, chosen)); err != nil {
		b.runs.log.Warn("the kernel cannot be written into its notebook", "err", err)
	}
}

// sentence makes a message of package lyceum a sentence.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return strings.TrimSuffix(string(unicode.ToUpper(r))+s[n:], ".") + "."
}
