package project

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/ticket"
)

func newJobs(t *testing.T) (*jobs, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	js := &jobs{log: slog.New(slog.NewTextHandler(&log, nil))}
	t.Cleanup(func() { js.stop(t.Context()); js.wg.Wait() })
	return js, &log
}

func (js *jobs) run(t *testing.T, do func(ctx context.Context, j *jobRun) error) *jobRun {
	t.Helper()
	j, err := js.start(api.NewJob{Kind: "test"}, lyceum.WriteFiles, call{ticket: ticket.Ticket{Account: "a", Name: "Ada"}}, do)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func untilCancelled(ctx context.Context, _ *jobRun) error { <-ctx.Done(); return ctx.Err() }

func TestAJobTellsAtMostTenTimesASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		js, _ := newJobs(t)
		j := js.run(t, func(_ context.Context, j *jobRun) error {
			j.Total(2000, 4000)
			for i := range 2000 {
				j.Doing(fmt.Sprint(i))
				j.Did(1, 2)
				<-time.After(time.Millisecond)
			}
			return nil
		})
		changes, after := 0, int64(1)
		last := time.Now()
		for {
			v := j.wait(t.Context(), after)
			if v.Ended != nil {
				if v.State != "done" || v.Done != 2000 || v.DoneBytes != 4000 || v.Total != 2000 || v.TotalBytes != 4000 || v.Doing != "" {
					t.Errorf("ended as %+v", v)
				}
				break
			}
			if d := time.Since(last); d < progressPause {
				t.Errorf("change %d came after %v", v.Seq, d)
			}
			if v.Seq != after+1 {
				t.Errorf("seq %d follows %d", v.Seq, after)
			}
			after, last = v.Seq, time.Now()
			changes++
		}
		if changes < 18 || changes > 20 {
			t.Errorf("%d changes were told in 2 s, want 19 or so", changes)
		}
	})
}

// TestTheLastChangeIsTold, also when it came at once after another and nothing follows.
func TestTheLastChangeIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		js, _ := newJobs(t)
		j := js.run(t, func(ctx context.Context, j *jobRun) error {
			<-time.After(time.Second)
			j.Doing("a")
			j.Doing("b")
			return untilCancelled(ctx, j)
		})
		if v := j.wait(t.Context(), 1); v.Seq != 2 || v.Doing == "" {
			t.Errorf("first told: seq %d, doing %q", v.Seq, v.Doing)
		}
		begin := time.Now()
		if v := j.wait(t.Context(), 2); v.Doing != "b" || time.Since(begin) != progressPause {
			t.Errorf("doing %q is told after %v, want b after %v", v.Doing, time.Since(begin), progressPause)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if v := j.wait(ctx, 3); v.Seq != 3 {
			t.Errorf("told again (seq %d) when nothing happened", v.Seq)
		}
	})
}

func TestJobsAreBounded(t *testing.T) {
	t.Parallel()
	js, _ := newJobs(t)
	var first *jobRun
	for range maxRunning {
		first = js.run(t, untilCancelled)
	}
	_, err := js.start(api.NewJob{}, lyceum.WriteFiles, call{}, untilCancelled)
	if !lyceum.IsKind(err, lyceum.Exhausted) {
		t.Fatalf("one more job: %v, want exhausted", err)
	}
	first.cancel(errCancelled)
	if v := first.wait(t.Context(), 1); v.State != "cancelled" || !strings.Contains(v.Message, "stays") {
		t.Errorf("cancelled job: %q %q", v.State, v.Message)
	}
	js.run(t, untilCancelled)
}

func TestHowJobsEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		do             func(ctx context.Context, j *jobRun) error
		then           func(js *jobs)
		state, message string
		log            string
	}{
		{"well", func(context.Context, *jobRun) error { return nil }, nil, "done", "", ""},
		{"with an error for people", func(context.Context, *jobRun) error { return lyceum.Errorf(lyceum.Exhausted, "the disk is full") }, nil, "failed", "the disk is full", ""},
		{"with a fault", func(context.Context, *jobRun) error { return errors.New("secret") }, nil, "failed", "something went wrong on our side", "secret"},
		{"with a panic", func(context.Context, *jobRun) error { panic("secret") }, nil, "failed", "something went wrong on our side", "secret"},
		{"by the end of the server", untilCancelled, func(js *jobs) { js.stop(context.Background()) }, "failed", "the project was stopped", ""},
		{"by the loss of the right", untilCancelled, func(js *jobs) { js.cut("a", ticket.Ticket{Project: "p", Account: "a", Role: lyceum.Viewer}.Can) }, "cancelled", "may not do this any more", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			js, log := newJobs(t)
			j := js.run(t, c.do)
			if c.then != nil {
				c.then(js)
			}
			v := j.wait(t.Context(), 1)
			js.wg.Wait()
			if v.State != c.state || !strings.HasPrefix(v.Message, c.message) && !strings.Contains(v.Message, c.message) || v.Ended == nil {
				t.Errorf("the job is %q with %q, want %q with %q", v.State, v.Message, c.state, c.message)
			}
			if !strings.Contains(log.String(), c.log) || c.log == "" && log.Len() > 0 {
				t.Errorf("the log is %q, want %q in it", log, c.log)
			}
		})
	}
}

func TestARightThatStaysEndsNoJob(t *testing.T) {
	t.Parallel()
	js, _ := newJobs(t)
	j := js.run(t, untilCancelled)
	js.cut("a", ticket.Ticket{Project: "p", Account: "a", Role: lyceum.Editor}.Can)
	js.cut("b", ticket.Ticket{Project: "p", Account: "b"}.Can)
	j.cancel(errCancelled)
	if v := j.wait(t.Context(), 1); !strings.HasPrefix(v.Message, "cancelled") {
		t.Errorf("the job ended with %q before it was cancelled", v.Message)
	}
}

func TestEndedJobsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		js, _ := newJobs(t)
		long := js.run(t, untilCancelled)
		for range maxEnded + 10 {
			js.run(t, func(context.Context, *jobRun) error { return nil }).wait(t.Context(), 1)
		}
		if got := len(js.all()); got != maxEnded+1 {
			t.Errorf("%d jobs are known, want %d", got, maxEnded+1)
		}
		<-time.After(keepEnded + time.Second)
		if got := js.all(); len(got) != 1 || got[0] != long {
			t.Errorf("%d jobs are known after %v, want the one that runs", len(got), keepEnded)
		}
		if _, err := js.get("another"); !lyceum.IsKind(err, lyceum.NotFound) {
			t.Errorf("an unknown job: %v", err)
		}
	})
}

func TestListsOfAJobAreBounded(t *testing.T) {
	t.Parallel()
	js, _ := newJobs(t)
	v := js.run(t, func(_ context.Context, j *jobRun) error {
		for i := range 3 * maxResults {
			j.Result(fmt.Sprint(i), "")
			j.Problem(fmt.Sprint(i), lyceum.Errorf(lyceum.NotFound, "gone"))
		}
		return nil
	})
	js.wg.Wait()
	got := v.wait(t.Context(), 1)
	if len(got.Results) != maxResults || len(got.Problems) != maxProblems || got.ProblemCount != 3*maxResults {
		t.Errorf("%d results, %d of %d problems", len(got.Results), len(got.Problems), got.ProblemCount)
	}
}

func TestCheckJob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		req api.NewJob
		ok  bool
	}{
		{api.NewJob{Paths: []string{"a"}}, true},
		{api.NewJob{Paths: []string{"a"}, To: "b/c", Conflict: "keep-both"}, true},
		{api.NewJob{}, false},
		{api.NewJob{Paths: make([]string, maxJobPaths+1)}, false},
		{api.NewJob{Paths: []string{"a/../b"}}, false},
		{api.NewJob{Paths: []string{"a"}, To: "../b"}, false},
		{api.NewJob{Paths: []string{"a"}, Conflict: "ask"}, false},
	} {
		if err := checkJob(c.req); (err == nil) != c.ok || err != nil && !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("checkJob(%.60v) = %v, want ok %v", c.req, err, c.ok)
		}
	}
}
