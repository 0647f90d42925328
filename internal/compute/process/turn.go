package process

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// turns lets a few projects start at a time. A start is mostly work for the
// processors: a hundred at once would all be ready at the end, and later than one
// after the other, because they take the processors from each other.
type turns struct{ free chan struct{} }

// turnTime is how long one that does not answer keeps its turn.
const turnTime = 2 * time.Second

// newTurns lets as many start as keep all processors busy, while some of them wait
// for a file or for each other.
func newTurns() turns { return turns{make(chan struct{}, 2*runtime.GOMAXPROCS(0))} }

// take waits for a turn, or for ctx. The turn ends when the returned function is
// called, or after most.
func (t turns) take(ctx context.Context, most time.Duration) (end func()) {
	select {
	case t.free <- struct{}{}:
	case <-ctx.Done():
		return func() {}
	}
	give := sync.OnceFunc(func() { <-t.free })
	late := time.AfterFunc(most, give)
	return func() {
		late.Stop()
		give()
	}
}
