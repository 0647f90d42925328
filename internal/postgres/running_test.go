package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// work reads a project as lifecycle sees it.
func (s *site) work(p lyceum.Project) postgres.Work {
	s.t.Helper()
	w, err := s.Work(s.t.Context(), p.ID)
	s.ok(err)
	return w
}

// running makes a project that runs and was used last at the time.
func (s *site) running(f postgres.Fence, owner lyceum.Account, lastActive time.Time) lyceum.Project {
	s.t.Helper()
	p := s.project(owner, "p")
	s.ok(s.SetWanted(s.t.Context(), by(owner), p.ID, lyceum.WantRunning))
	_, err := s.SetState(s.t.Context(), f, p.ID, postgres.StateChange{Phase: lyceum.Running})
	s.ok(err)
	s.sql(`UPDATE projects SET last_active_at = $2 WHERE id = $1`, p.ID, lastActive)
	return p
}

// TestWanted walks a project through its phases.
func TestWanted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, f := s.person("Ada"), s.fence()
	p := s.project(ada, "p")
	state := func(c postgres.StateChange, news bool) {
		t.Helper()
		if got, err := s.SetState(t.Context(), f, p.ID, c); err != nil || got != news {
			t.Errorf("SetState(%+v) = %v, %v, want %v", c, got, err, news)
		}
	}
	check := func(wanted lyceum.Wanted, phase lyceum.Phase, restart bool) {
		t.Helper()
		w := s.work(p)
		if w.Wanted != wanted || w.Phase != phase || w.Restart != restart {
			t.Errorf("wanted %s, phase %s, restart %v; want %s, %s, %v", w.Wanted, w.Phase, w.Restart, wanted, phase, restart)
		}
	}
	s.ok(s.Restart(t.Context(), by(ada), p.ID)) // of one at rest: a start
	check(lyceum.WantRunning, lyceum.Starting, false)
	v, err := s.ProjectFor(t.Context(), p.ID, ada.ID)
	if err != nil || v.State.Step == "" {
		t.Errorf("state = %+v, %v: no step is told", v.State, err)
	}
	since := s.work(p).Since
	state(postgres.StateChange{Phase: lyceum.Starting, Step: "making its home"}, true)
	if got := s.work(p).Since; !got.Equal(since) {
		t.Errorf("the phase began %v, and before it was %v", got, since)
	}
	state(postgres.StateChange{Phase: lyceum.Running}, true)
	state(postgres.StateChange{Phase: lyceum.Running}, false)
	s.ok(s.Restart(t.Context(), by(ada), p.ID))
	check(lyceum.WantRunning, lyceum.Running, true)
	state(postgres.StateChange{Phase: lyceum.Stopping}, true)
	state(postgres.StateChange{Phase: lyceum.Stopped, Restarted: true}, true)
	check(lyceum.WantRunning, lyceum.Stopped, false)
	state(postgres.StateChange{Phase: lyceum.Stopped, Restarted: true}, false)
	state(postgres.StateChange{Phase: lyceum.Failed, Reason: "no space", Wanted: lyceum.WantStopped}, true)
	check(lyceum.WantStopped, lyceum.Failed, false)
	if got := s.work(p).Reason; got != "no space" {
		t.Errorf("reason = %q", got)
	}
	s.ok(s.SetWanted(t.Context(), by(ada), p.ID, lyceum.WantRunning))
	check(lyceum.WantRunning, lyceum.Starting, false)
	if got := s.work(p).Reason; got != "" {
		t.Errorf("after a new start the reason is still %q", got)
	}
	s.ok(s.SetWanted(t.Context(), by(ada), p.ID, lyceum.WantStopped))
	check(lyceum.WantStopped, lyceum.Starting, false)
	none := lyceum.NewID[lyceum.ProjectID]()
	want(t, s.SetWanted(t.Context(), by(ada), none, lyceum.WantRunning), lyceum.NotFound, "")
	if got, err := s.SetState(t.Context(), f, none, postgres.StateChange{Phase: lyceum.Stopped}); err != nil || got {
		t.Errorf("SetState of none = %v, %v", got, err)
	}
	_, err = s.SetState(t.Context(), f, p.ID, postgres.StateChange{Phase: "odd"})
	want(t, err, lyceum.Invalid, "")
}

func TestBusy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, f := s.person("Ada"), s.fence()
	s.project(ada, "at rest")
	old := s.running(f, ada, time.Now().Add(-2*time.Hour))
	fresh := s.running(f, ada, time.Now())
	ending := s.running(f, ada, time.Now().Add(-3*time.Hour))
	s.ok(s.SetWanted(t.Context(), by(ada), ending.ID, lyceum.WantStopped))
	ids := func(list []postgres.Work, err error) []lyceum.ProjectID {
		t.Helper()
		s.ok(err)
		var all []lyceum.ProjectID
		for _, w := range list {
			all = append(all, w.Project)
		}
		slices.Sort(all)
		return all
	}
	sorted := func(ids ...lyceum.ProjectID) []lyceum.ProjectID {
		slices.Sort(ids)
		return ids
	}
	if diff := cmp.Diff(ids(s.Busy(t.Context())), sorted(old.ID, fresh.ID, ending.ID)); diff != "" {
		t.Errorf("Busy (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(ids(s.IdleSince(t.Context(), time.Now().Add(-time.Hour))), sorted(old.ID)); diff != "" {
		t.Errorf("IdleSince (-got +want):\n%s", diff)
	}
	_, _, running, err := s.Counts(t.Context())
	if err != nil || running != 3 {
		t.Errorf("Counts: %d run, %v, want 3", running, err)
	}

	s.ok(s.DeleteProject(t.Context(), by(ada), fresh.ID))
	if got := ids(s.PurgeDue(t.Context(), time.Now().Add(-time.Hour), 0)); len(got) > 0 {
		t.Errorf("PurgeDue = %v, want none so early", got)
	}
	s.sql(`UPDATE projects SET deleted_at = now() - interval '2 hours' WHERE id = $1`, fresh.ID)
	if diff := cmp.Diff(ids(s.PurgeDue(t.Context(), time.Now().Add(-time.Hour), 0)), sorted(fresh.ID)); diff != "" {
		t.Errorf("PurgeDue (-got +want):\n%s", diff)
	}
	want(t, s.Purge(t.Context(), f, old.ID), lyceum.Conflict, "")
	s.ok(s.Purge(t.Context(), f, fresh.ID))
	s.ok(s.Purge(t.Context(), f, fresh.ID))
	_, err = s.Work(t.Context(), fresh.ID)
	want(t, err, lyceum.NotFound, "")
}

// TestTouch is about use that comes with each keystroke: it is written every 10 s.
func TestTouch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, f := s.person("Ada"), s.fence()
	now := time.Now().Truncate(time.Microsecond)
	p := s.running(f, ada, now)
	s.sql(`UPDATE projects SET last_edited_at = $2 WHERE id = $1`, p.ID, now)
	version := func() string { return value[string](s, `SELECT xmin::text FROM projects WHERE id = $1`, p.ID) }
	touch := func(at time.Time, edited, written bool) {
		t.Helper()
		before := version()
		s.ok(s.Touch(t.Context(), p.ID, at, edited))
		if got := version() != before; got != written {
			t.Errorf("Touch at %v, edited %v: written %v, want %v", at.Sub(now), edited, got, written)
		}
	}
	touch(now.Add(9*time.Second), true, false)
	touch(now.Add(11*time.Second), false, true)
	touch(now.Add(12*time.Second), false, false)
	touch(now.Add(12*time.Second), true, true) // the last edit is older
	touch(now.Add(-time.Hour), true, false)
	w := s.work(p)
	v, err := s.ProjectFor(t.Context(), p.ID, ada.ID)
	s.ok(err)
	if !w.LastActive.Equal(now.Add(12*time.Second)) || !v.LastEdited.Equal(now.Add(12*time.Second)) {
		t.Errorf("last active %v, edited %v after now, want 12 s", w.LastActive.Sub(now), v.LastEdited.Sub(now))
	}

	// A warning is taken back by the next use, however soon, and people are told.
	heard := listenTo(t, s)
	if did, err := s.WarnIdle(t.Context(), f, p.ID, now.Add(time.Minute), now.Add(time.Hour)); err != nil || !did {
		t.Fatalf("WarnIdle = %v, %v", did, err)
	}
	if got := s.work(p).IdleAt; !got.Equal(now.Add(time.Hour)) {
		t.Errorf("it will be stopped at %v", got)
	}
	if did, err := s.WarnIdle(t.Context(), f, p.ID, now.Add(time.Minute), now.Add(time.Hour)); err != nil || did {
		t.Errorf("the same warning again = %v, %v, want no news", did, err)
	}
	heard.drain(t)
	touch(now.Add(13*time.Second), false, true)
	if got := s.work(p).IdleAt; !got.IsZero() {
		t.Errorf("the warning stays: %v", got)
	}
	if got := heard.drain(t); len(got) != 1 || got[0].What != postgres.ProjectChanged {
		t.Errorf("sent %v, want project", got)
	}
	s.ok(s.Touch(t.Context(), lyceum.NewID[lyceum.ProjectID](), now, true))
}

// TestStopIdle lets a use and the stop of an idle project meet: the stop sees the
// use, or was first.
func TestStopIdle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, f := s.person("Ada"), s.fence()
	stopped := 0
	for range 20 {
		p := s.running(f, ada, time.Now().Add(-2*time.Hour))
		before := time.Now().Add(-time.Hour)
		var did bool
		errs := atOnce(2, func(i int) (err error) {
			if i == 0 {
				did, err = s.StopIdle(t.Context(), f, p.ID, before, "not used for an hour")
				return err
			}
			return s.Touch(t.Context(), p.ID, time.Now(), true)
		})
		s.ok(errs[0])
		s.ok(errs[1])
		w := s.work(p)
		if did != (w.Wanted == lyceum.WantStopped) {
			t.Fatalf("StopIdle = %v and wanted is %s", did, w.Wanted)
		}
		if did {
			stopped++
			if w.Reason != "not used for an hour" {
				t.Errorf("reason = %q", w.Reason)
			}
		}
		if again, err := s.StopIdle(t.Context(), f, p.ID, before, "again"); err != nil || again {
			t.Errorf("StopIdle again = %v, %v", again, err)
		}
	}
	t.Logf("%d of 20 were stopped", stopped)
}

func TestAssignUID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, f := s.person("Ada"), s.fence()
	const first, last = 1000, 1004
	projects := make([]lyceum.Project, 7)
	for i := range projects {
		projects[i] = s.project(ada, "p")
	}
	uids := make([]int, len(projects))
	errs := atOnce(len(projects), func(i int) (err error) {
		uids[i], err = s.AssignUID(t.Context(), f, projects[i].ID, first, last)
		return err
	})
	if diff := cmp.Diff(tally(errs), map[string]int{"ok": 5, "exhausted": 2}); diff != "" {
		t.Fatalf("seven at once for five (-got +want):\n%s\n%v", diff, errs)
	}
	given := map[int]lyceum.Project{}
	var without lyceum.Project
	for i, uid := range uids {
		if errs[i] != nil {
			without = projects[i]
			continue
		}
		if other, taken := given[uid]; taken || uid < first || uid > last {
			t.Errorf("uid %d of %s, and of %v", uid, projects[i].ID, other.ID)
		}
		given[uid] = projects[i]
	}
	if again, err := s.AssignUID(t.Context(), f, given[1002].ID, first, last); err != nil || again != 1002 {
		t.Errorf("asked again: %d, %v", again, err)
	}
	// One that was given back comes after those never used.
	s.ok(s.DeleteProject(t.Context(), by(ada), given[1001].ID))
	s.ok(s.Purge(t.Context(), f, given[1001].ID))
	if got, err := s.AssignUID(t.Context(), f, without.ID, first, last+1); err != nil || got != last+1 {
		t.Errorf("in a wider range: %d, %v, want %d", got, err, last+1)
	}
	if got, err := s.AssignUID(t.Context(), f, s.project(ada, "p").ID, first, last+1); err != nil || got != 1001 {
		t.Errorf("the one given back: %d, %v, want 1001", got, err)
	}
	if got, err := s.AssignUID(t.Context(), f, given[1000].ID, 5000, 5001); err != nil || got != 5000 {
		t.Errorf("in another range: %d, %v, want 5000", got, err)
	}
	_, err := s.AssignUID(t.Context(), f, lyceum.NewID[lyceum.ProjectID](), first, last)
	want(t, err, lyceum.NotFound, "")
}
