package supervisor

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"lyceum/internal/jupyter"
)

// heard takes a message of the kernel: it goes into the queue, and what it says of
// the kernel's state is noted.
func (r *kernelRun) heard(m jupyter.Message) {
	if m.Head.Type == "status" {
		r.k.heardStatus(r, m)
	}
	r.k.queue.Add(jupyter.Record{Kind: jupyter.KindMessage, Message: m})
}

func (k *kernel) heardStatus(r *kernelRun, m jupyter.Message) {
	k.mu.Lock()
	changed := k.run == r && (k.status.State == jupyter.Idle || k.status.State == jupyter.Busy) && k.work.Heard(m)
	if changed {
		k.status.Since = time.Now().UTC()
		if k.status.State = jupyter.Idle; k.work.Busy() {
			k.status.State = jupyter.Busy
		}
		k.usedAt = time.Now()
	}
	k.mu.Unlock()
	if changed {
		k.owner.changed()
	}
}

// maxTail is how much of what a kernel prints to its own standard output is kept, in
// bytes.
const maxTail = 16 << 10

// tail reads what a process prints, and keeps the end.
type tail struct {
	done chan struct{}

	mu sync.Mutex
	b  []byte
}

// read reads until all writers are gone.
func (t *tail) read(from *os.File) {
	t.done = make(chan struct{})
	go func() { // ends when the process and its heirs have closed it
		defer close(t.done)
		defer from.Close()
		piece := make([]byte, 4096)
		for {
			n, err := from.Read(piece)
			t.mu.Lock()
			t.b = append(t.b, piece[:n]...)
			if over := len(t.b) - maxTail; over > 0 {
				t.b = append(t.b[:0], t.b[over:]...)
			}
			t.mu.Unlock()
			if err != nil {
				return // io.EOF, or nothing that anybody could do something about
			}
		}
	}()
}

// wait waits for the end of the output, but no longer than ctx.
func (t *tail) wait(ctx context.Context) {
	select {
	case <-t.done:
	case <-ctx.Done():
	}
}

// clear forgets what was printed until now.
func (t *tail) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = nil
}

// text is the end of what was printed, fit for people.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := bytes.TrimSpace(t.b)
	return strings.ToValidUTF8(string(bytes.ReplaceAll(b, []byte{0}, nil)), "�")
}
