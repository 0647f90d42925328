package project

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// A worker does the work of one kind of job. It tells j how it goes on, and looks
// at ctx often: when that ends it leaves no half file behind and returns. What it
// could not do with an item is a Problem of j; an error that it returns ends the
// job as failed. req was checked by checkJob, the verb of the kind for c too.
type worker func(p *Project, ctx context.Context, j *jobRun, req api.NewJob, c call) error

// work is a row of the table of workers.
type work struct {
	verb lyceum.Verb // what who asks must be allowed
	run  worker
}

// Limits of jobs.
const (
	maxRunning    = 8                      // at the same time; another one is refused
	keepEnded     = 10 * time.Minute       // so long can be asked how it ended
	maxEnded      = 200                    // and of so many
	maxJobPaths   = 10_000                 // things that one request names
	maxProblems   = 100                    // that are told, each with its path
	maxResults    = 1000                   // that are told
	progressPause = 100 * time.Millisecond // least time between two changes that are told
)

// jobs are those that run and those that ended not long ago. Jobs live as long as
// the project server: there is no queue on disk, and a job that was ended by the
// end of the server says so to who waits for it.
type jobs struct {
	log  *slog.Logger
	told func() // called when a job goes on: somebody's work is done

	wg     sync.WaitGroup
	mu     sync.Mutex
	closed bool
	list   []*jobRun // in the order of their beginning
}

// Why a job's context ends.
var (
	errCancelled = lyceum.Errorf(lyceum.Unavailable, "cancelled: what was done until then stays")
	errStopped   = lyceum.Errorf(lyceum.Unavailable, "the project was stopped or its server began anew, which ends jobs: what was done until then stays")
	errRights    = lyceum.Errorf(lyceum.Forbidden, "who began it may not do this any more: what was done until then stays")
)

// start begins a job that do does. It needs the verb for as long as it runs.
func (js *jobs) start(req api.NewJob, verb lyceum.Verb, c call, do func(ctx context.Context, j *jobRun) error) (*jobRun, error) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.forgetLocked(time.Now())
	running := 0
	for _, j := range js.list {
		if j.running() {
			running++
		}
	}
	switch {
	case js.closed:
		return nil, lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
	case running >= maxRunning:
		return nil, lyceum.Errorf(lyceum.Exhausted, "%d jobs are running already: wait until one has ended, or cancel one", running)
	}
	j := newJobRun(req, verb, c, js.told)
	ctx, cancel := context.WithCancelCause(context.Background())
	j.cancel = cancel
	js.list = append(js.list, j)
	js.wg.Go(func() {
		defer cancel(nil)
		j.end(js.outcome(ctx, j, do))
	})
	return j, nil
}

// outcome does the work and says how it ended.
func (js *jobs) outcome(ctx context.Context, j *jobRun, do func(ctx context.Context, j *jobRun) error) (state, message string) {
	// As with the handlers of requests: a fault in one job is not the end of
	// everybody's documents.
	err := lyceum.Errorf(lyceum.Internal, "the job stopped by a fault of ours")
	func() {
		defer func() {
			if v := recover(); v != nil {
				js.log.Error("a job failed by a panic", "kind", j.kind, "panic", v)
			}
		}()
		if e := do(ctx, j); e == nil {
			err = nil
		} else if known, ok := errors.AsType[*lyceum.Error](e); ok {
			err = known
		} else {
			err = lyceum.Wrap(lyceum.Internal, e, "something went wrong on our side")
		}
	}()
	switch cause := context.Cause(ctx); {
	case err == nil:
		return "done", ""
	case errors.Is(cause, errCancelled), errors.Is(cause, errRights):
		return "cancelled", textOf(cause)
	case cause != nil:
		return "failed", textOf(cause)
	}
	if err.Kind == lyceum.Internal {
		js.log.Error("a job failed", "kind", j.kind, "err", err)
	}
	return "failed", textOf(err)
}

// forgetLocked drops jobs that ended long ago.
func (js *jobs) forgetLocked(now time.Time) {
	ended := 0
	for _, j := range slices.Backward(js.list) {
		if at := j.endedAt(); !at.IsZero() {
			if ended++; ended > maxEnded || now.Sub(at) > keepEnded {
				j.forgotten = true
			}
		}
	}
	js.list = slices.DeleteFunc(js.list, func(j *jobRun) bool { return j.forgotten })
}

// all are the jobs that can be asked for.
func (js *jobs) all() []*jobRun {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.forgetLocked(time.Now())
	return slices.Clone(js.list)
}

// get finds a job. The error is of kind NotFound.
func (js *jobs) get(id string) (*jobRun, error) {
	for _, j := range js.all() {
		if j.id == id {
			return j, nil
		}
	}
	return nil, lyceum.Errorf(lyceum.NotFound, "there is no such job any more: jobs end with the project's server, and are forgotten %d minutes after they ended", int(keepEnded.Minutes()))
}

// cut ends the jobs of an account that has lost the right for them.
func (js *jobs) cut(account lyceum.AccountID, may func(lyceum.Verb) bool) {
	for _, j := range js.all() {
		if j.account == account && !may(j.verb) {
			j.cancel(errRights)
		}
	}
}

// stop ends all jobs and waits until they have, or ctx has.
func (js *jobs) stop(ctx context.Context) {
	js.mu.Lock()
	js.closed = true
	js.mu.Unlock()
	for _, j := range js.all() {
		j.cancel(errStopped)
	}
	done := make(chan struct{})
	go func() { // ends when the workers have, which look at their context
		js.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		js.log.Warn("jobs did not end in time")
	}
}

// checkJob checks what all kinds of job have in common.
func checkJob(req api.NewJob) error {
	if len(req.Paths) == 0 || len(req.Paths) > maxJobPaths {
		return lyceum.Invalidf("paths", "name 1 to %d files or folders", maxJobPaths)
	}
	for _, path := range append([]string{req.To}, req.Paths...) {
		if _, err := files.Decode(path); err != nil {
			return err
		}
	}
	switch req.Conflict {
	case "", "fail", "keep-both", "overwrite", "skip", "merge":
		return nil
	}
	return lyceum.Invalidf("conflict", "conflict must be fail, keep-both, overwrite, skip or merge")
}
