package search

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// run is one search of contents.
//
//	walk ──► batches ──► workers: filter, scan ──► files, in the order of the walk ──► emit
type run struct {
	dir     *files.Dir
	sel     *selection
	pattern *Pattern
	with    *Template
	limit   int
	filter  *ripgrep // nil: every file is read

	searched *atomic.Int64
	skipped  atomic.Int64
}

// batch is some files that are worked on together.
type batch struct {
	paths []string  // raw
	found chan File // closed when all are done
}

var errEnough = errors.New("there are enough matches")

func (r *run) do(ctx context.Context, emit func(File) error) (Summary, error) {
	asked := ctx
	ctx, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	todo := make(chan *batch, scanWorkers)
	order := make(chan *batch, 4*scanWorkers)
	var all sync.WaitGroup
	var walked error
	all.Go(func() {
		defer close(todo)
		defer close(order)
		walked = r.walk(ctx, todo, order)
	})
	for range scanWorkers {
		all.Go(func() {
			for b := range todo {
				r.work(ctx, b)
			}
		})
	}
	sum, err := r.gather(order, emit, func() { stop(errEnough) })
	stop(nil)
	all.Wait()
	sum.Searched, sum.Skipped, sum.Engine = int(r.searched.Load()), int(r.skipped.Load()), "built in"
	if r.filter != nil {
		sum.Engine = "ripgrep"
	}
	sum.TimedOut = !sum.Limited && errors.Is(ctx.Err(), context.DeadlineExceeded)
	switch {
	case err != nil && !errors.Is(err, errEnough):
		return sum, err
	case asked.Err() != nil:
		return sum, lyceum.Wrap(lyceum.Unavailable, asked.Err(), "the search was given up")
	case walked != nil && !sum.Limited && !sum.TimedOut:
		return sum, walked
	}
	return sum, nil
}

// gather passes on what was found until there is enough; then it calls stop and
// waits until nobody writes to a batch any more.
func (r *run) gather(order <-chan *batch, emit func(File) error, stop func()) (sum Summary, err error) {
	for b := range order {
		for f := range b.found {
			if err != nil {
				continue // what was given up
			}
			if left := r.limit - sum.Matches; len(f.Matches) > left {
				f.More, f.Matches = true, f.Matches[:left]
			}
			sum.Files++
			sum.Matches += len(f.Matches)
			if err = emit(f); err == nil && sum.Matches >= r.limit {
				sum.Limited, err = true, errEnough
			}
			if err != nil {
				stop()
			}
		}
	}
	return sum, err
}

// walk makes the batches.
func (r *run) walk(ctx context.Context, todo, order chan<- *batch) error {
	size, length, b := firstBatch, 0, &batch{found: make(chan File, 16)}
	send := func() error {
		for _, to := range []chan<- *batch{order, todo} {
			select {
			case to <- b:
			case <-ctx.Done():
				if to == todo {
					close(b.found) // nobody will
				}
				return context.Cause(ctx)
			}
		}
		b, size, length = &batch{found: make(chan File, 16)}, usualBatch, 0
		return nil
	}
	err := r.dir.Walk(ctx, "", func(raw string, items []files.Found) ([]string, error) {
		chosen, into := r.sel.choose(ctx, raw, items)
		for _, name := range chosen {
			b.paths = append(b.paths, files.Join(raw, name))
			if length += len(raw) + len(name); len(b.paths) >= size || length > batchBytes {
				if err := send(); err != nil {
					return nil, err
				}
			}
		}
		return into, nil
	})
	if err == nil && len(b.paths) > 0 {
		err = send()
	}
	return err
}

// work searches the files of a batch.
func (r *run) work(ctx context.Context, b *batch) {
	defer close(b.found)
	paths := b.paths
	if r.filter != nil {
		paths = r.filter.candidates(ctx, paths)
		r.searched.Add(int64(len(b.paths) - len(paths)))
	}
	buf := make([]byte, 0, chunk)
	for _, raw := range paths {
		if ctx.Err() != nil {
			return
		}
		f, err := r.file(ctx, raw, buf)
		switch {
		case errors.Is(err, errBinary):
			r.searched.Add(1)
			continue
		case err != nil:
			r.skipped.Add(1)
			continue
		}
		r.searched.Add(1)
		if len(f.Matches) == 0 {
			continue
		}
		select {
		case b.found <- f:
		case <-ctx.Done():
			return
		}
	}
}

// errTooLarge is a file that is not searched.
var errTooLarge = errors.New("the file is too large to be searched")

func (r *run) file(ctx context.Context, raw string, buf []byte) (File, error) {
	path := files.Encode(raw)
	in, err := r.dir.Open(ctx, path)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	if in.Entry.Size > MaxFile {
		return File{}, errTooLarge
	}
	s := scan{pattern: r.pattern, with: r.with, most: min(maxPerFile, r.limit), buf: buf}
	if err := s.read(ctx, in); err != nil {
		return File{}, err
	}
	return File{Path: path, Version: in.Entry.Version, Text: s.text && in.Entry.Size <= MaxReplaced, Matches: s.matches, More: s.more}, nil
}
