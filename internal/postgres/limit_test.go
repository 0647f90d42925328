package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

func num(v int64) *int64 { return &v }

func TestLimits(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), newSite(t)
	ada := s.person("Ada")
	p, q := s.project(ada, "p"), s.project(ada, "q")
	settings, err := s.Settings(ctx)
	s.ok(err)
	if settings.Limits != lyceum.DefaultLimits() || settings.Ceilings != (lyceum.Limits{}) {
		t.Errorf("a new site has %+v", settings)
	}
	_, err = s.UpdateSettings(ctx, by(ada), postgres.SettingsChange{Limits: lyceum.LimitChange{Memory: num(4e9)}})
	s.ok(err)
	settings, err = s.UpdateSettings(ctx, by(ada), postgres.SettingsChange{Limits: lyceum.LimitChange{CPU: num(2000)}, Ceilings: lyceum.LimitChange{Disk: num(1e10)}})
	s.ok(err)
	if want := (lyceum.Limits{CPU: 2000, Memory: 4e9, Processes: lyceum.DefaultProcesses}); settings.Limits != want || settings.Ceilings.Disk != 1e10 {
		t.Errorf("got %+v, want %+v and a ceiling", settings, want)
	}
	own := lyceum.LimitChange{Memory: num(0), Disk: num(5e9)}
	s.ok(s.SetProjectLimits(ctx, by(ada), p.ID, own))
	got, err := s.ProjectLimits(ctx, p.ID)
	s.ok(err)
	if diff := cmp.Diff(own, got); diff != "" {
		t.Errorf("its own (-want +got):\n%s", diff)
	}
	w, err := s.Work(ctx, p.ID)
	s.ok(err)
	if diff := cmp.Diff(own, w.Limits); diff != "" {
		t.Errorf("its own in its work (-want +got):\n%s", diff)
	}
	all, err := s.LimitsOf(ctx, []lyceum.ProjectID{p.ID, q.ID, lyceum.NewID[lyceum.ProjectID]()})
	s.ok(err)
	want1 := map[lyceum.ProjectID]lyceum.Limits{
		p.ID: {CPU: 2000, Processes: lyceum.DefaultProcesses, Disk: 5e9},
		q.ID: {CPU: 2000, Memory: 4e9, Processes: lyceum.DefaultProcesses, Disk: 1e10},
	}
	if diff := cmp.Diff(want1, all); diff != "" {
		t.Errorf("what they may use (-want +got):\n%s", diff)
	}
	if n := value[int](s, `SELECT count(*) FROM audit WHERE verb = 'project.limits' AND detail->'limits'->>'disk' = '5000000000'`); n != 1 {
		t.Errorf("%d audit rows of it, want 1", n)
	}
	s.ok(s.SetProjectLimits(ctx, by(ada), p.ID, lyceum.LimitChange{}))
	got, err = s.ProjectLimits(ctx, p.ID)
	s.ok(err)
	if !got.IsZero() {
		t.Errorf("after they were taken back it has %v", got.Names())
	}
	want(t, s.SetProjectLimits(ctx, by(ada), lyceum.NewID[lyceum.ProjectID](), own), lyceum.NotFound, "")
}

func TestFixedLimits(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), newSite(t)
	ada := s.person("Ada")
	db, err := postgres.Open(ctx, s.url, postgres.Config{Fixed: postgres.FixedLimits{
		Limits: lyceum.LimitChange{Memory: num(3e9), Processes: num(0)}, Ceilings: lyceum.LimitChange{CPU: num(1000)},
	}})
	s.ok(err)
	defer db.Close()
	settings, err := db.Settings(ctx)
	s.ok(err)
	if settings.Limits != (lyceum.Limits{Memory: 3e9}) || settings.Ceilings.CPU != 1000 {
		t.Errorf("got %+v", settings)
	}
	if diff := cmp.Diff([]string{"limits.memory", "limits.processes", "ceilings.cpu"}, settings.Fixed); diff != "" {
		t.Errorf("fixed (-want +got):\n%s", diff)
	}
	_, err = db.UpdateSettings(ctx, by(ada), postgres.SettingsChange{Limits: lyceum.LimitChange{Memory: num(1e9)}})
	want(t, err, lyceum.Conflict, "limits.memory")
	_, err = db.UpdateSettings(ctx, by(ada), postgres.SettingsChange{Ceilings: lyceum.LimitChange{CPU: num(0)}})
	want(t, err, lyceum.Conflict, "ceilings.cpu")
	settings, err = db.UpdateSettings(ctx, by(ada), postgres.SettingsChange{Limits: lyceum.LimitChange{Disk: num(1e9)}})
	s.ok(err)
	if settings.Limits != (lyceum.Limits{Memory: 3e9, Disk: 1e9}) {
		t.Errorf("after a change of another: %+v", settings.Limits)
	}
}
