package project

import (
	"context"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// jobRun is one job. Its worker calls Total, Doing, Did, Problem and Result, from
// as many goroutines as it likes; these are cheap, and who follows the job is told
// at most ten times a second.
type jobRun struct {
	id        string
	kind      string
	account   lyceum.AccountID
	verb      lyceum.Verb
	cancel    context.CancelCauseFunc
	alive     func() // see jobs.told
	forgotten bool   // guarded by jobs.mu

	mu      sync.Mutex
	job     api.Job
	changed chan struct{} // closed when Seq grows
	told    time.Time     // when Seq grew last
	due     *time.Timer   // when it will grow; nil when there is nothing to tell
}

func newJobRun(req api.NewJob, verb lyceum.Verb, c call, alive func()) *jobRun {
	now := time.Now()
	j := &jobRun{
		id: lyceum.NewID[string](), kind: req.Kind, account: c.ticket.Account, verb: verb, alive: alive,
		changed: make(chan struct{}), told: now,
	}
	j.job = api.Job{
		ID: j.id, Kind: req.Kind, State: "running", Account: string(c.ticket.Account), ByName: c.ticket.Name, Started: now.UTC(),
		Problems: []api.JobProblem{}, Results: []api.JobResult{}, Seq: 1,
	}
	return j
}

// Total says how much there is to do. Called again it adds to that.
func (j *jobRun) Total(items int, bytes int64) {
	j.update(func(a *api.Job) { a.Total += items; a.TotalBytes += bytes })
}

// Doing names the path that is worked on.
func (j *jobRun) Doing(path string) { j.update(func(a *api.Job) { a.Doing = path }) }

// Did says how much was done since the last call.
func (j *jobRun) Did(items int, bytes int64) {
	j.update(func(a *api.Job) { a.Done += items; a.DoneBytes += bytes })
}

// Problem says that an item could not be dealt with. It does not count it as done.
func (j *jobRun) Problem(path string, err error) {
	j.update(func(a *api.Job) {
		a.ProblemCount++
		if len(a.Problems) < maxProblems {
			a.Problems = append(a.Problems, api.JobProblem{Path: path, Message: textOf(err)})
		}
	})
}

// Result says where something that the request named came to be.
func (j *jobRun) Result(from, to string) {
	j.update(func(a *api.Job) {
		if len(a.Results) < maxResults {
			a.Results = append(a.Results, api.JobResult{From: from, To: to})
		}
	})
}

// update changes the job; that is told now or, when something was told just now,
// a little later.
func (j *jobRun) update(f func(*api.Job)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.job.Ended != nil {
		return // by a goroutine that its worker left behind
	}
	f(&j.job)
	if j.due != nil {
		return
	}
	if wait := progressPause - time.Since(j.told); wait > 0 {
		j.due = time.AfterFunc(wait, func() {
			j.mu.Lock()
			defer j.mu.Unlock()
			if j.job.Ended == nil {
				j.tellLocked()
			}
		})
		return
	}
	j.tellLocked()
}

func (j *jobRun) tellLocked() {
	if j.due != nil {
		j.due.Stop()
		j.due = nil
	}
	j.job.Seq++
	j.told = time.Now()
	close(j.changed)
	j.changed = make(chan struct{})
	if j.alive != nil {
		j.alive()
	}
}

// end says how the job ended.
func (j *jobRun) end(state, message string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now().UTC()
	j.job.State, j.job.Message, j.job.Ended, j.job.Doing = state, message, &now, ""
	j.tellLocked()
}

func (j *jobRun) running() bool { return j.endedAt().IsZero() }

// endedAt is zero as long as the job runs.
func (j *jobRun) endedAt() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.job.Ended == nil {
		return time.Time{}
	}
	return *j.job.Ended
}

// view is the job as it stands, and a channel that is closed when it has changed.
// Lists of the view are only appended to, behind what it shows.
func (j *jobRun) view() (api.Job, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.job, j.changed
}

// wait returns the job when its Seq is greater than after, when it has ended, or
// when ctx ends.
func (j *jobRun) wait(ctx context.Context, after int64) api.Job {
	for {
		v, changed := j.view()
		if v.Seq > after || v.Ended != nil {
			return v
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return v
		}
	}
}
