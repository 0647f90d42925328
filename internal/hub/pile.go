package hub

import (
	"context"
	"sync"
)

// pile holds things to do for one worker, each once however often it was asked
// for: a worker that is slow does less work, not more, and nobody waits for it.
type pile[K comparable] struct {
	wake chan struct{} // has one element when there is something to do

	mu    sync.Mutex
	order []K
	has   map[K]bool
}

func newPile[K comparable]() *pile[K] {
	return &pile[K]{wake: make(chan struct{}, 1), has: map[K]bool{}}
}

func (p *pile[K]) add(k K) {
	p.mu.Lock()
	if !p.has[k] {
		p.has[k] = true
		p.order = append(p.order, k)
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *pile[K]) take() []K {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.order
	p.order = nil
	clear(p.has)
	return list
}

// work does what is piled up, in order, until ctx ends.
func (p *pile[K]) work(ctx context.Context, do func(context.Context, K)) {
	p.workAll(ctx, func(ctx context.Context, list []K) {
		for _, k := range list {
			if ctx.Err() != nil {
				return
			}
			do(ctx, k)
		}
	})
}

// workAll is work for a worker that does together what came together.
func (p *pile[K]) workAll(ctx context.Context, do func(context.Context, []K)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		}
		if list := p.take(); len(list) > 0 {
			do(ctx, list)
		}
	}
}
