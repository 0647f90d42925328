package kernels

import (
	"context"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// requests are what a page may ask the kernel, by the types of its messages without
// "_request". Those on control are answered while a cell runs.
var requests = map[string]jupyter.Channel{
	"complete": jupyter.Shell, "inspect": jupyter.Shell, "history": jupyter.Shell, "is_complete": jupyter.Shell,
	"comm_info": jupyter.Shell, "kernel_info": jupyter.Control,
}

// request asks the kernel something for a page and returns the reply.
func (b *book) request(ctx context.Context, e api.NotebookEvent) api.NotebookEvent {
	reply := api.NotebookEvent{T: "reply", ID: e.ID, Type: e.Type}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	content, err := b.ask(ctx, e)
	if err == nil {
		reply.Content = content
		return reply
	}
	reply.Error = "The kernel does not answer now."
	if p, ok := errors.AsType[*lyceum.Error](err); ok {
		reply.Error = sentence(p.Message)
	}
	return reply
}

func (b *book) ask(ctx context.Context, e api.NotebookEvent) (map[string]any, error) {
	b.mu.Lock()
	k := b.kernel
	b.mu.Unlock()
	if k == nil {
		return nil, lyceum.Errorf(lyceum.Unavailable, "no kernel runs")
	}
	if e.Type == "variables" {
		return variables(ctx, k)
	}
	ch, ok := requests[e.Type]
	if !ok {
		return nil, lyceum.Errorf(lyceum.Invalid, "there is no such request")
	}
	code, _ := e.Content["code"].(string)
	if at, ok := e.Content["cursor_pos"].(float64); ok {
		e.Content["cursor_pos"] = toRunes(code, int(at))
	}
	ask := func() (jupyter.Message, error) { return k.Request(ctx, ch, e.Type+"_request", e.Content) }
	if e.Type == "kernel_info" {
		ask = func() (jupyter.Message, error) { return kernelInfo(ctx, k) }
	}
	m, err := ask()
	if err != nil {
		return nil, err
	}
	var content map[string]any
	if err := json.Unmarshal(m.Content, &content); err != nil {
		return nil, err
	}
	for _, key := range []string{"cursor_start", "cursor_end"} {
		if at, ok := content[key].(float64); ok {
			content[key] = toUnits(code, int(at))
		}
	}
	if all, ok := content["matches"].([]any); ok && len(all) > maxCompleted {
		content["matches"] = all[:maxCompleted]
	}
	return content, nil
}

// infoTime is how long a kernel may take to answer on control, where it does so at
// all: IRkernel does not.
const infoTime = 3 * time.Second

// kernelInfo asks a kernel about itself, while it works if it can tell then.
func kernelInfo(ctx context.Context, k *Kernel) (jupyter.Message, error) {
	soon, cancel := context.WithTimeout(ctx, infoTime)
	m, err := k.Request(soon, jupyter.Control, "kernel_info_request", nil)
	cancel()
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return m, err
	}
	return k.Request(ctx, jupyter.Shell, "kernel_info_request", nil)
}

// toRunes turns a place in UTF-16 units into one in characters, as Jupyter counts.
func toRunes(s string, units int) (n int) {
	for _, r := range s {
		if units <= 0 {
			break
		}
		if units--; r > 0xffff {
			units--
		}
		n++
	}
	return n
}

// toUnits is the reverse of toRunes.
func toUnits(s string, runes int) int {
	end := 0
	for range runes {
		_, n := utf8.DecodeRuneInString(s[end:])
		end += n
	}
	return unitsOf(s[:end])
}
