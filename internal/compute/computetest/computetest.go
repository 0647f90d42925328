// Package computetest holds the suite that every implementation of
// compute.Backend passes, a program that plays the project in it, and Fake, a
// small Backend in memory that passes it too. It knows no implementation but the
// fake.
package computetest

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// System is one implementation, ready to be tested, with what the suite cannot
// know. Each test opens a System of its own.
type System struct {
	// Backend is what is tested, as it is now: Reopen replaces it.
	Backend func() compute.Backend
	// UID is what specs carry; each project of a test gets one more.
	UID int
	// Reopen ends the Backend as a hub that is killed would, and starts another on
	// the same data.
	Reopen func(t *testing.T)
	// Kill ends the project's first process with SIGKILL.
	Kill func(t *testing.T, id lyceum.ProjectID)
	// Ask sends a request to the program of a running project (see Program) and
	// returns the answer.
	Ask func(t *testing.T, at compute.Address, path string) string
}

// patience is how long the suite waits for anything.
const patience = 20 * time.Second

// Run runs the suite.
func Run(t *testing.T, open func(t *testing.T) *System) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s *suite)
	}{
		{"UnknownIsStopped", unknownIsStopped},
		{"EnsureIsRepeatable", ensureIsRepeatable},
		{"StopKeepsFiles", stopKeepsFiles},
		{"DeleteRemovesFiles", deleteRemovesFiles},
		{"RestartOfTheBackendFindsProjects", restartFindsProjects},
		{"KilledProjectIsFailedWithReason", killedIsFailed},
		{"KilledWhileAwayIsNotRunning", killedWhileAway},
		{"EnvironmentArrives", environmentArrives},
		{"BadSpecsAreInvalid", badSpecs},
		{"WatchTellsOfChanges", watchTells},
		{"WatchEndsWithItsContext", watchEnds},
		{"CancelledContext", cancelledContext},
		{"Storm", storm},
		{"CopyOfAProject", copyOfAProject},
		{"LimitsChangeWhileItRuns", limitsChange},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, &suite{System: open(t)})
		})
	}
}

type suite struct {
	*System
	made int
}

func (s *suite) spec() compute.Spec {
	pub, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	spec := compute.Spec{Project: lyceum.NewID[lyceum.ProjectID](), PublicKey: pub}
	if s.UID > 0 {
		spec.UID = s.UID + s.made
	}
	s.made++
	return spec
}

func (s *suite) ensure(t *testing.T, spec compute.Spec) {
	t.Helper()
	if err := s.Backend().Ensure(t.Context(), spec); err != nil {
		t.Fatalf("Ensure: %v", err)
	}
}

func (s *suite) stop(t *testing.T, id lyceum.ProjectID) {
	t.Helper()
	if err := s.Backend().Stop(t.Context(), id); err != nil {
		t.Fatalf("Stop: %v", err)
	}
}

func (s *suite) observe(t *testing.T, id lyceum.ProjectID) compute.Observation {
	t.Helper()
	o, err := s.Backend().Observe(t.Context(), id)
	if err != nil {
		t.Fatalf("Observe: %v", err)
	}
	return o
}

// await waits until the project is in one of the phases.
func (s *suite) await(t *testing.T, id lyceum.ProjectID, phases ...lyceum.Phase) compute.Observation {
	t.Helper()
	var o compute.Observation
	Eventually(t, func() bool {
		o = s.observe(t, id)
		for _, p := range phases {
			if o.Phase == p {
				return true
			}
		}
		if o.Phase == lyceum.Failed {
			t.Fatalf("the project failed, want %v: %s", phases, o.Reason)
		}
		return false
	}, func() string { return fmt.Sprintf("phase is %s (%s %s), want %v", o.Phase, o.Step, o.Reason, phases) })
	return o
}

// running starts a project and waits until it runs.
func (s *suite) running(t *testing.T, spec compute.Spec) compute.Observation {
	t.Helper()
	s.ensure(t, spec)
	return s.await(t, spec.Project, lyceum.Running)
}

// Eventually waits until ok, at most 20 s, and fails with what otherwise.
func Eventually(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not in %v: %s", patience, what())
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

func unknownIsStopped(t *testing.T, s *suite) {
	id := s.spec().Project
	if o := s.observe(t, id); o.Phase != lyceum.Stopped || !o.Address.IsZero() || o.Reason != "" {
		t.Errorf("got %+v, want stopped", o)
	}
	s.stop(t, id)
	if err := s.Backend().Delete(t.Context(), id); err != nil {
		t.Errorf("Delete of an unknown project: %v", err)
	}
	if _, err := s.Backend().Observe(t.Context(), "../../etc"); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("Observe of what is no identifier: got %v, want kind invalid", err)
	}
}

func ensureIsRepeatable(t *testing.T, s *suite) {
	spec := s.spec()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Backend().Ensure(t.Context(), spec); err != nil {
				t.Errorf("Ensure: %v", err)
			}
		})
	}
	wg.Wait()
	o := s.await(t, spec.Project, lyceum.Running)
	if o.Address.IsZero() || o.Since.IsZero() {
		t.Errorf("got %+v, want an address and a time", o)
	}
	if o.UID != spec.UID {
		t.Errorf("it runs as uid %d, want %d", o.UID, spec.UID)
	}
	first := s.Ask(t, o.Address, "/instance")
	spec.Env = []lyceum.EnvVar{{Name: "LATER", Value: "yes"}}
	s.ensure(t, spec)
	o = s.await(t, spec.Project, lyceum.Running)
	if again := s.Ask(t, o.Address, "/instance"); again != first {
		t.Errorf("Ensure started it anew: instance %s, then %s", first, again)
	}
	s.stop(t, spec.Project)
	s.stop(t, spec.Project)
	if o := s.observe(t, spec.Project); o.Phase != lyceum.Stopped || o.Reason != "" || !o.Address.IsZero() {
		t.Errorf("after Stop: got %+v, want stopped without a reason", o)
	}
}

func stopKeepsFiles(t *testing.T, s *suite) {
	spec := s.spec()
	o := s.running(t, spec)
	s.Ask(t, o.Address, "/write?file=kept.txt")
	first := s.Ask(t, o.Address, "/instance")
	s.stop(t, spec.Project)
	o = s.running(t, spec)
	if got := s.Ask(t, o.Address, "/has?file=kept.txt"); got != "true" {
		t.Errorf("after Stop and Ensure, is the file there: got %s, want true", got)
	}
	if again := s.Ask(t, o.Address, "/instance"); again == first {
		t.Error("it was not started anew")
	}
}

func deleteRemovesFiles(t *testing.T, s *suite) {
	spec := s.spec()
	o := s.running(t, spec)
	s.Ask(t, o.Address, "/write?file=gone.txt")
	if err := s.Backend().Delete(t.Context(), spec.Project); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if h, ok := s.Backend().(compute.Homes); ok {
		if _, err := os.Lstat(h.Home(spec.Project)); !os.IsNotExist(err) {
			t.Errorf("the home after Delete: got %v, want that it is gone", err)
		}
	}
	if o := s.observe(t, spec.Project); o.Phase != lyceum.Stopped {
		t.Errorf("after Delete: got %+v, want stopped", o)
	}
	o = s.running(t, spec)
	if got := s.Ask(t, o.Address, "/has?file=gone.txt"); got != "false" {
		t.Errorf("after Delete and Ensure, is the file there: got %s, want false", got)
	}
}

func restartFindsProjects(t *testing.T, s *suite) {
	a, b := s.spec(), s.spec()
	at := s.running(t, a)
	first := s.Ask(t, at.Address, "/instance")
	s.running(t, b)
	s.stop(t, b.Project)

	s.Reopen(t)
	s.ensure(t, a)
	at = s.await(t, a.Project, lyceum.Running)
	if again := s.Ask(t, at.Address, "/instance"); again != first {
		t.Errorf("a new Backend: instance %s, want %s still", again, first)
	}
	if at.UID != a.UID {
		t.Errorf("a new Backend tells uid %d, want %d", at.UID, a.UID)
	}
	if o := s.observe(t, b.Project); o.Phase != lyceum.Stopped {
		t.Errorf("a stopped project after a restart: got %+v, want stopped", o)
	}
	s.stop(t, a.Project)
	if o := s.observe(t, a.Project); o.Phase != lyceum.Stopped {
		t.Errorf("after Stop by the new Backend: got %+v, want stopped", o)
	}
}

func killedIsFailed(t *testing.T, s *suite) {
	spec := s.spec()
	o := s.running(t, spec)
	first := s.Ask(t, o.Address, "/instance")
	s.Kill(t, spec.Project)
	Eventually(t, func() bool { o = s.observe(t, spec.Project); return o.Phase == lyceum.Failed },
		func() string { return fmt.Sprintf("after a kill: %+v, want failed", o) })
	if !strings.Contains(o.Reason, "signal 9") {
		t.Errorf("reason: got %q, want it to name signal 9", o.Reason)
	}
	if !o.Address.IsZero() {
		t.Errorf("a failed project has the address %+v, want none", o.Address)
	}
	s.Reopen(t)
	if again := s.observe(t, spec.Project); again.Phase != lyceum.Failed || again.Reason != o.Reason {
		t.Errorf("after a restart of the Backend: got %+v, want failed with the same reason", again)
	}
	s.ensure(t, spec)
	Eventually(t, func() bool { o = s.observe(t, spec.Project); return o.Phase == lyceum.Running },
		func() string { return fmt.Sprintf("started again: %+v, want running", o) })
	if again := s.Ask(t, o.Address, "/instance"); again == first {
		t.Error("the killed project answers still")
	}
	s.Kill(t, spec.Project)
	s.stop(t, spec.Project)
	if o := s.observe(t, spec.Project); o.Phase != lyceum.Stopped {
		t.Errorf("Stop of a killed project: got %+v, want stopped", o)
	}
}

func killedWhileAway(t *testing.T, s *suite) {
	spec := s.spec()
	s.running(t, spec)
	s.Kill(t, spec.Project)
	s.Reopen(t)
	var o compute.Observation
	Eventually(t, func() bool { o = s.observe(t, spec.Project); return o.Phase == lyceum.Failed && o.Reason != "" },
		func() string { return fmt.Sprintf("got %+v, want failed with a reason", o) })
}

func environmentArrives(t *testing.T, s *suite) {
	spec := s.spec()
	odd := "a'b\"c $HOME `id` \\ \n newline, é\xff end\n"
	spec.Env = []lyceum.EnvVar{
		{Name: "ODD", Value: lyceum.Secret(odd)},
		{Name: "EMPTY", Value: ""},
		{Name: "BIG", Value: lyceum.Secret(strings.Repeat("x", lyceum.MaxEnvValue))},
	}
	o := s.running(t, spec)
	for name, want := range map[string]string{
		"ODD": odd, "EMPTY": "", "BIG": strings.Repeat("x", lyceum.MaxEnvValue),
		"LYCEUM_PROJECT": string(spec.Project), "USER": "user",
	} {
		if got := s.Ask(t, o.Address, "/env?name="+name); got != want {
			t.Errorf("%s: got %.80q, want %.80q", name, got, want)
		}
	}
	if got := s.Ask(t, o.Address, "/args"); strings.Contains(got, "newline") {
		t.Errorf("a value of the environment is in the arguments: %s", got)
	}
}

func badSpecs(t *testing.T, s *suite) {
	for name, change := range map[string]func(*compute.Spec){
		"no project":    func(c *compute.Spec) { c.Project = "" },
		"odd project":   func(c *compute.Spec) { c.Project = "../x" },
		"no key":        func(c *compute.Spec) { c.PublicKey = nil },
		"bad variable":  func(c *compute.Spec) { c.Env = []lyceum.EnvVar{{Name: "A B", Value: "x"}} },
		"NUL in value":  func(c *compute.Spec) { c.Env = []lyceum.EnvVar{{Name: "A", Value: "\x00"}} },
		"preload":       func(c *compute.Spec) { c.Env = []lyceum.EnvVar{{Name: "LD_PRELOAD", Value: "/x"}} },
		"file URL":      func(c *compute.Spec) { c.Source.GitURL = "file:///etc" },
		"path as URL":   func(c *compute.Spec) { c.Source.GitURL = "/etc" },
		"option as URL": func(c *compute.Spec) { c.Source.GitURL = "--upload-pack=id" },
		"ext URL":       func(c *compute.Spec) { c.Source.GitURL = "ext::sh -c id" },
		"bad copy":      func(c *compute.Spec) { c.Source.Copy = "../../etc" },
	} {
		spec := s.spec()
		change(&spec)
		if err := s.Backend().Ensure(t.Context(), spec); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%s: got %v, want kind invalid", name, err)
		}
	}
}

func watchTells(t *testing.T, s *suite) {
	hints, err := s.Backend().Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spec := s.spec()
	awaitHint := func(what string) {
		t.Helper()
		late := time.After(patience)
		for {
			select {
			case id := <-hints:
				if id == spec.Project {
					return
				}
			case <-late:
				t.Fatalf("no hint after %s", what)
			}
		}
	}
	s.running(t, spec)
	awaitHint("a start")
	for len(hints) > 0 {
		<-hints
	}
	s.Kill(t, spec.Project)
	awaitHint("a kill")
}

func watchEnds(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	hints, err := s.Backend().Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	late := time.After(patience)
	for {
		select {
		case _, open := <-hints:
			if !open {
				return
			}
		case <-late:
			t.Fatal("the channel is open after its context ended")
		}
	}
}

func cancelledContext(t *testing.T, s *suite) {
	spec := s.spec()
	s.running(t, spec)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// Whatever these answer, they return and break nothing.
	_ = s.Backend().Ensure(ctx, spec)
	_, _ = s.Backend().Observe(ctx, spec.Project)
	if err := s.Backend().Stop(ctx, spec.Project); err == nil {
		if o := s.observe(t, spec.Project); o.Phase != lyceum.Stopped {
			t.Errorf("Stop succeeded, but the project is %s", o.Phase)
		}
	}
	s.stop(t, spec.Project)
	s.running(t, spec)
}

func storm(t *testing.T, s *suite) {
	spec := s.spec()
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for range 5 {
				var err error
				if i%2 == 0 {
					err = s.Backend().Ensure(t.Context(), spec)
				} else {
					err = s.Backend().Stop(t.Context(), spec.Project)
				}
				if err != nil {
					t.Errorf("in the storm: %v", err)
				}
				if _, err := s.Backend().Observe(t.Context(), spec.Project); err != nil {
					t.Errorf("Observe in the storm: %v", err)
				}
			}
		})
	}
	wg.Wait()
	s.stop(t, spec.Project)
	if o := s.observe(t, spec.Project); o.Phase != lyceum.Stopped {
		t.Errorf("after the storm and Stop: got %+v, want stopped", o)
	}
	s.running(t, spec)
}

func copyOfAProject(t *testing.T, s *suite) {
	from := s.spec()
	o := s.running(t, from)
	s.Ask(t, o.Address, "/write?file=shared.txt")
	s.Ask(t, o.Address, "/write?file="+filepath.Join(".local", "state", "lyceum", "log"))
	to := s.spec()
	to.Source = compute.Source{Copy: from.Project}
	o = s.running(t, to)
	if got := s.Ask(t, o.Address, "/has?file=shared.txt"); got != "true" {
		t.Errorf("is the file in the copy: got %s, want true", got)
	}
	if got := s.Ask(t, o.Address, "/has?file=.local/state/lyceum/log"); got != "false" {
		t.Errorf("is the log of documents in the copy: got %s, want false", got)
	}
	// What the copy writes is its own, and it is not filled again.
	s.Ask(t, o.Address, "/remove?file=shared.txt")
	s.stop(t, to.Project)
	o = s.running(t, to)
	if got := s.Ask(t, o.Address, "/has?file=shared.txt"); got != "false" {
		t.Errorf("the copy was filled a second time")
	}
	o = s.observe(t, from.Project)
	if got := s.Ask(t, o.Address, "/has?file=shared.txt"); got != "true" {
		t.Errorf("the copy changed its source")
	}
}

// limitsChange is for Backends that can limit projects.
func limitsChange(t *testing.T, s *suite) {
	limiter, ok := s.Backend().(compute.Limiter)
	if !ok {
		t.Skip("this Backend has no limits")
	}
	ctx, cancel := context.WithCancel(t.Context())
	runaways, err := limiter.Runaways(ctx)
	if err != nil {
		t.Fatal(err)
	}
	spec := s.spec()
	if err := limiter.SetLimits(t.Context(), spec.Project, lyceum.Limits{CPU: 500}); err != nil {
		t.Errorf("limits of a project that does not run: %v", err)
	}
	spec.Limits = lyceum.Limits{CPU: 1000, Memory: 256e6, Processes: 500, Disk: 1e9}
	o := s.running(t, spec)
	instance := s.Ask(t, o.Address, "/instance")
	for _, l := range []lyceum.Limits{{CPU: 2000, Memory: 512e6, Processes: 400}, {}, {Memory: 128e6}, spec.Limits} {
		if err := limiter.SetLimits(t.Context(), spec.Project, l); err != nil {
			t.Errorf("limits %s: %v", l, err)
		}
	}
	if got := s.Ask(t, o.Address, "/instance"); got != instance {
		t.Error("a change of limits started the project anew")
	}
	// A hub after this one can change them too.
	s.Reopen(t)
	limiter, _ = s.Backend().(compute.Limiter)
	if err := limiter.SetLimits(t.Context(), spec.Project, lyceum.Limits{Memory: 300e6}); err != nil {
		t.Errorf("limits after a restart of the hub: %v", err)
	}
	if err := limiter.SetLimits(t.Context(), "no identifier", lyceum.Limits{}); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("limits of no project: got %v, want kind invalid", err)
	}
	cancel()
	late := time.After(patience)
	for {
		select {
		case r, open := <-runaways:
			if !open {
				return
			}
			t.Errorf("nothing ran away, but told %+v", r)
		case <-late:
			t.Fatal("the channel of runaways is open after its context ended")
		}
	}
}
