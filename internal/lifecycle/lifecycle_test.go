package lifecycle_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/api"
	"lyceum/internal/compute"
	"lyceum/internal/compute/computetest"
	"lyceum/internal/lifecycle"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// controls are control streams that the test writes by hand.
type controls struct {
	mu   sync.Mutex
	each map[lyceum.ProjectID]func(api.Control)
	told map[lyceum.ProjectID][]api.Told
}

// Tell implements lifecycle.Controller.
func (c *controls) Tell(_ context.Context, id lyceum.ProjectID, _ compute.Address, t api.Told) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told == nil {
		c.told = map[lyceum.ProjectID][]api.Told{}
	}
	c.told[id] = append(c.told[id], t)
	return nil
}

// last is what a project was told last.
func (c *controls) last(id lyceum.ProjectID) api.Told {
	c.mu.Lock()
	defer c.mu.Unlock()
	if list := c.told[id]; len(list) > 0 {
		return list[len(list)-1]
	}
	return api.Told{}
}

// Control implements lifecycle.Controller.
func (c *controls) Control(ctx context.Context, id lyceum.ProjectID, _ compute.Address, each func(api.Control)) error {
	c.mu.Lock()
	c.each[id] = each
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.each, id)
		c.mu.Unlock()
	}()
	<-ctx.Done()
	return ctx.Err()
}

// say sends a record as the project, once it is listened to.
func (c *controls) say(t *testing.T, id lyceum.ProjectID, record api.Control) {
	t.Helper()
	computetest.Eventually(t, func() bool {
		c.mu.Lock()
		each := c.each[id]
		c.mu.Unlock()
		if each != nil {
			each(record)
		}
		return each != nil
	}, func() string { return "nobody follows the project's control stream" })
}

// house is a lifecycle at work on a real database and a machine in memory.
type house struct {
	*testing.T
	db       *postgres.DB
	url      string
	world    *computetest.World
	controls *controls
	owner    postgres.Act
	stop     func()
	life     *lifecycle.Lifecycle
	workers  int // 0: as usual
}

func newHouse(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	h := &house{T: t, url: postgrestest.URL(t), world: computetest.NewWorld(), controls: &controls{each: map[lyceum.ProjectID]func(api.Control){}}}
	var err error
	if h.db, err = postgres.Open(t.Context(), h.url, postgres.Config{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.db.Close)
	a, err := h.db.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Email: "ada@example.org", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	h.owner = postgres.Act{Actor: lyceum.Actor{Account: a.ID}}
	h.run()
	t.Cleanup(func() { h.stop() })
	return h
}

// run starts a lifecycle; stop ends it.
func (h *house) run() {
	h.Helper()
	life, err := lifecycle.New(lifecycle.Config{
		DB: h.db, DatabaseURL: lyceum.Secret(h.url), Backend: computetest.NewFake(h.world), Controller: h.controls,
		PublicKey: make([]byte, 32), Holder: h.Name(), Log: slog.New(slog.DiscardHandler), Clock: 20 * time.Millisecond, Resync: 100 * time.Millisecond,
		FirstUID: 200_000, UIDs: 100, Workers: h.workers,
	})
	if err != nil {
		h.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- life.Run(ctx) }()
	var once sync.Once
	h.life = life
	h.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				h.Error(err)
			}
		})
	}
}

func (h *house) project() lyceum.ProjectID {
	h.Helper()
	p, err := h.db.CreateProject(h.Context(), h.owner, postgres.NewProject{Name: "Tides"})
	if err != nil {
		h.Fatal(err)
	}
	return p.ID
}

func (h *house) want(id lyceum.ProjectID, w lyceum.Wanted) {
	h.Helper()
	if err := h.db.SetWanted(h.Context(), h.owner, id, w); err != nil {
		h.Fatal(err)
	}
}

// await waits until the database shows the phase, and returns the state.
func (h *house) await(id lyceum.ProjectID, want lyceum.Phase) lyceum.Project {
	h.Helper()
	var v postgres.ProjectView
	computetest.Eventually(h.T, func() bool {
		var err error
		if v, err = h.db.ProjectFor(h.Context(), id, ""); err != nil {
			h.Fatal(err)
		}
		return v.State.Phase == want
	}, func() string { return "the project is " + string(v.State.Phase) + ", want " + string(want) })
	return v.Project
}

// exec changes what only time changes otherwise.
func (h *house) exec(sql string) {
	h.Helper()
	conn, err := pgx.Connect(h.Context(), h.url)
	if err != nil {
		h.Fatal(err)
	}
	defer conn.Close(h.Context())
	if _, err := conn.Exec(h.Context(), sql); err != nil {
		h.Fatal(err)
	}
}

func TestWantedIsMadeSo(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	if _, err := h.life.Address(t.Context(), id); !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("address of a stopped project: got %v, want unavailable", err)
	}
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Running)
	if addr, err := h.life.Address(t.Context(), id); err != nil || addr.IsZero() {
		t.Errorf("got address %+v, %v of a running project", addr, err)
	}
	h.want(id, lyceum.WantStopped)
	h.await(id, lyceum.Stopped)
	if got := h.world.Running(); len(got) != 0 {
		t.Errorf("%v still run", got)
	}
	if _, err := h.life.Address(t.Context(), id); !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("address after the stop: got %v, want unavailable", err)
	}
}

// TestStartsDoNotWaitForStops: with one worker, and a project that never ends.
func TestStartsDoNotWaitForStops(t *testing.T) {
	h := newHouse(t)
	h.stop()
	h.workers, h.world.StopTime = 1, time.Hour
	h.run()
	old, young := h.project(), h.project()
	h.want(old, lyceum.WantRunning)
	h.await(old, lyceum.Running)
	h.want(old, lyceum.WantStopped)
	h.await(old, lyceum.Stopping)
	h.want(young, lyceum.WantRunning)
	h.await(young, lyceum.Running)
	h.await(old, lyceum.Stopping)
}

func TestRestartStopsOnce(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Running)
	if err := h.db.Restart(t.Context(), h.owner, id); err != nil {
		t.Fatal(err)
	}
	computetest.Eventually(t, func() bool { return h.world.Starts() == 2 }, func() string { return "it was not started again" })
	h.await(id, lyceum.Running)
	if got := h.world.Starts(); got != 2 {
		t.Errorf("got %d starts, want 2", got)
	}
}

func TestFailedStartIsToldAndNotRepeated(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	h.world.FailStarts(id, "the repository could not be cloned")
	h.want(id, lyceum.WantRunning)
	p := h.await(id, lyceum.Failed)
	if p.State.Reason != "the repository could not be cloned" || p.Wanted != lyceum.WantStopped {
		t.Errorf("got reason %q, wanted %s, want the machine's reason, and wanted no more", p.State.Reason, p.Wanted)
	}
	h.world.FailStarts(id, "")
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Running)
}

func TestKilledProjectIsStartedAgainUntilItIsTooMuch(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	h.want(id, lyceum.WantRunning)
	for n := 1; n <= 3; n++ {
		h.await(id, lyceum.Running)
		h.world.Kill(id)
		computetest.Eventually(t, func() bool { return h.world.Starts() == n+1 }, func() string { return "it was not started again" })
	}
	h.await(id, lyceum.Running)
	h.world.Kill(id)
	if p := h.await(id, lyceum.Failed); p.State.Reason == "" || p.Wanted != lyceum.WantStopped {
		t.Errorf("got reason %q, wanted %s, want a reason, and wanted no more", p.State.Reason, p.Wanted)
	}
	if got := h.world.Starts(); got != 4 {
		t.Errorf("got %d starts, want 4", got)
	}
}

func TestNextLifecycleFindsThemRunning(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Running)
	h.stop()
	other := h.project()
	h.want(other, lyceum.WantRunning) // while nobody works
	h.run()
	h.await(other, lyceum.Running)
	h.await(id, lyceum.Running)
	if got := h.world.Starts(); got != 2 {
		t.Errorf("got %d starts, want 2: the running one is left alone", got)
	}
}

func TestTwoLifecyclesDoNotStartTwice(t *testing.T) {
	h := newHouse(t)
	first := h.stop
	h.run()
	defer first()
	for range 10 {
		id := h.project()
		h.want(id, lyceum.WantRunning)
		h.await(id, lyceum.Running)
	}
	if got := h.world.Starts(); got != 10 {
		t.Errorf("got %d starts, want 10", got)
	}
}

func TestMachineThatIsAwayIsTriedAgain(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	h.world.Break(lyceum.Errorf(lyceum.Unavailable, "the machine is away"))
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Starting)
	if got := h.world.Starts(); got != 0 {
		t.Errorf("got %d starts on a machine that is away", got)
	}
	h.world.Break(nil)
	h.await(id, lyceum.Running)
}

func TestUseKeepsAProjectRunningAndIdlenessStopsIt(t *testing.T) {
	h := newHouse(t)
	short := 2 * time.Second // the database stores whole seconds
	if _, err := h.db.UpdateSettings(t.Context(), h.owner, postgres.SettingsChange{IdleTimeout: &short}); err != nil {
		t.Fatal(err)
	}
	id := h.project()
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Running)
	warned := func() bool {
		h.controls.say(t, id, api.Control{ActiveAt: time.Now().Add(-time.Hour)}) // it is heard of
		v, err := h.db.ProjectFor(t.Context(), id, "")
		return err == nil && !v.State.IdleAt.IsZero()
	}
	computetest.Eventually(t, warned, func() string { return "nobody was warned" })
	h.controls.say(t, id, api.Control{ActiveAt: time.Now(), EditedAt: time.Now().Add(time.Hour)})
	v, err := h.db.ProjectFor(t.Context(), id, "")
	if err != nil || !v.State.IdleAt.IsZero() || v.LastEdited.After(time.Now()) {
		t.Errorf("after use: idle at %v, last edited %v, %v; want no warning and no edit in the future", v.State.IdleAt, v.LastEdited, err)
	}
	computetest.Eventually(t, warned, func() string { return "nobody was warned again" })
	if p := h.await(id, lyceum.Stopped); p.State.Reason != "idle for 2 s" {
		t.Errorf("got reason %q", p.State.Reason)
	}
}

func TestProjectThatIsNotHeardOfIsNotStopped(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Running)
	hour := time.Hour
	if _, err := h.db.UpdateSettings(t.Context(), h.owner, postgres.SettingsChange{IdleTimeout: &hour}); err != nil {
		t.Fatal(err)
	}
	// Its last use, as far as anyone knows, is an hour and a half ago.
	h.exec(`UPDATE projects SET last_active_at = now() - interval '90 minutes'`)
	other := h.project() // when this one has run and stopped, many turns of the clock are over
	for range 3 {
		h.want(other, lyceum.WantRunning)
		h.await(other, lyceum.Running)
		h.want(other, lyceum.WantStopped)
		h.await(other, lyceum.Stopped)
	}
	if p := h.await(id, lyceum.Running); !p.State.IdleAt.IsZero() {
		t.Error("it was warned of, though it may be busy for all we know")
	}
}

func TestDeletedProjectIsStoppedAndPurgedAfterItsGrace(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Running)
	if err := h.db.DeleteProject(t.Context(), h.owner, id); err != nil {
		t.Fatal(err)
	}
	h.await(id, lyceum.Stopped)
	if !h.world.Has(id) {
		t.Fatal("its files are gone within the grace time")
	}
	h.exec(`UPDATE projects SET deleted_at = now() - interval '1000 days'`)
	if err := h.db.RestoreProject(t.Context(), h.owner, id); !lyceum.IsKind(err, lyceum.Conflict) && !lyceum.IsKind(err, lyceum.NotFound) {
		t.Errorf("restored after its grace time: %v", err)
	}
	computetest.Eventually(t, func() bool {
		_, err := h.db.ProjectFor(t.Context(), id, "")
		return lyceum.IsKind(err, lyceum.NotFound)
	}, func() string { return "it was not purged" })
	if h.world.Has(id) {
		t.Error("its files are still there")
	}
}

func TestNewNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := lifecycle.New(lifecycle.Config{}); err == nil {
		t.Error("got no error")
	}
}

func TestLimitsAreSetToldAndChangedWhileItRuns(t *testing.T) {
	h := newHouse(t)
	id := h.project()
	n := func(v int64) *int64 { return &v }
	if _, err := h.db.UpdateSettings(t.Context(), h.owner, postgres.SettingsChange{Limits: lyceum.LimitChange{CPU: n(2000), Disk: n(1e9)}}); err != nil {
		t.Fatal(err)
	}
	h.want(id, lyceum.WantRunning)
	h.await(id, lyceum.Running)
	await := func(what string, want lyceum.Limits) {
		t.Helper()
		computetest.Eventually(t, func() bool {
			told := h.controls.last(id).Limits
			return h.world.Limits(id) == want && told != nil && *told == api.Limits{CPU: want.CPU, Memory: want.Memory, Processes: want.Processes, Disk: want.Disk}
		}, func() string { return what + ": set " + h.world.Limits(id).String() })
	}
	await("from the start", lyceum.Limits{CPU: 2000, Processes: lyceum.DefaultProcesses, Disk: 1e9})
	if err := h.db.SetProjectLimits(t.Context(), h.owner, id, lyceum.LimitChange{CPU: n(500), Memory: n(1e9)}); err != nil {
		t.Fatal(err)
	}
	await("the project's own", lyceum.Limits{CPU: 500, Memory: 1e9, Processes: lyceum.DefaultProcesses, Disk: 1e9})
	if _, err := h.db.UpdateSettings(t.Context(), h.owner, postgres.SettingsChange{Ceilings: lyceum.LimitChange{Memory: n(5e8)}}); err != nil {
		t.Fatal(err)
	}
	await("under a new ceiling", lyceum.Limits{CPU: 500, Memory: 5e8, Processes: lyceum.DefaultProcesses, Disk: 1e9})
	h.world.UseMemory(id, 4e8)
	if err := h.db.SetProjectLimits(t.Context(), h.owner, id, lyceum.LimitChange{CPU: n(700), Memory: n(3e8)}); err != nil {
		t.Fatal(err)
	}
	computetest.Eventually(t, func() bool {
		told := h.controls.last(id).Limits
		return told != nil && told.Memory == 3e8 && h.world.Limits(id) == lyceum.Limits{CPU: 700, Memory: 5e8, Processes: lyceum.DefaultProcesses, Disk: 1e9}
	}, func() string { return "while it uses more: set " + h.world.Limits(id).String() })
	h.world.UseMemory(id, 2e8)
	await("once it uses less", lyceum.Limits{CPU: 700, Memory: 3e8, Processes: lyceum.DefaultProcesses, Disk: 1e9})
	if got := h.world.Starts(); got != 1 {
		t.Errorf("got %d starts, want 1", got)
	}
	h.world.RunAway(compute.Runaway{Project: id, At: time.Now(), PID: 7, Command: "python3 train.py", Memory: 6e8, Limit: 5e8})
	computetest.Eventually(t, func() bool {
		k := h.controls.last(id).Killed
		return k != nil && k.Command == "python3 train.py" && k.PID == 7 && k.LimitBytes == 5e8
	}, func() string { return "it was not told what was ended" })
	h.controls.say(t, id, api.Control{ActiveAt: time.Now(), Warnings: []string{"The disk is full"}})
	if c, ok := h.life.Last(id); !ok || len(c.Warnings) != 1 {
		t.Errorf("what it said last: %+v, %v", c, ok)
	}
}
