package computetest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// World is a machine in memory that Fakes run projects on. It outlives them, as
// processes outlive a hub. It uses the clock only through package time, so it
// works inside a testing/synctest bubble.
type World struct {
	// StartTime is how long a project takes from Ensure to running; read at Ensure.
	StartTime time.Duration
	// StopTime is how long a project takes to stop.
	StopTime time.Duration

	mu       sync.Mutex
	projects map[lyceum.ProjectID]*fakeProject
	watchers map[chan lyceum.ProjectID]struct{}
	runaways map[chan compute.Runaway]struct{}
	starts   int
	broken   error
}

type fakeProject struct {
	spec     compute.Spec
	files    map[string]bool
	instance string
	phase    lyceum.Phase
	reason   string
	since    time.Time
	timer    *time.Timer
	stopping chan struct{}
	fail     string // the reason why its starts fail, or ""
	memory   int64  // bytes that it uses
}

// NewWorld returns an empty machine.
func NewWorld() *World {
	return &World{projects: map[lyceum.ProjectID]*fakeProject{}, watchers: map[chan lyceum.ProjectID]struct{}{}, runaways: map[chan compute.Runaway]struct{}{}}
}

// Fake is a compute.Backend on a World.
type Fake struct{ w *World }

var (
	_ compute.Backend = (*Fake)(nil)
	_ compute.Limiter = (*Fake)(nil)
)

// NewFake returns a Backend on the world. Several are as one.
func NewFake(w *World) *Fake { return &Fake{w} }

// Starts tells how often any project was really started.
func (w *World) Starts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.starts
}

// Break lets every call of a Backend fail with err, until it is called with nil.
func (w *World) Break(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = err
}

// FailStarts lets the project fail when it is started, with reason; "" heals it.
func (w *World) FailStarts(id lyceum.ProjectID, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.getLocked(id).fail = reason
}

// UseMemory says how many bytes the project uses: its limit cannot be set below.
func (w *World) UseMemory(id lyceum.ProjectID, bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.getLocked(id).memory = bytes
}

// Kill ends a running project as SIGKILL does.
func (w *World) Kill(id lyceum.ProjectID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.getLocked(id); p.phase == lyceum.Running || p.phase == lyceum.Starting {
		p.timer.Stop()
		w.enterLocked(id, lyceum.Failed, "it was ended by signal 9 (perhaps out of memory)")
	}
}

// Has reports whether the world holds files of the project.
func (w *World) Has(id lyceum.ProjectID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.getLocked(id).files != nil
}

// Ask answers for Program.
func (w *World) Ask(at compute.Address, question string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := lyceum.ProjectID(strings.TrimPrefix(at.Socket, "fake:"))
	p := w.getLocked(id)
	path, arg, _ := strings.Cut(question, "?")
	_, arg, _ = strings.Cut(arg, "=")
	switch path {
	case "/instance":
		return p.instance
	case "/env":
		env := map[string]string{"LYCEUM_PROJECT": string(id), "USER": "user"}
		for _, v := range p.spec.Env {
			env[v.Name] = v.Value.Reveal()
		}
		return env[arg]
	case "/write":
		p.files[arg] = true
	case "/remove":
		delete(p.files, arg)
	case "/has":
		if p.files[arg] {
			return "true"
		}
		return "false"
	}
	return ""
}

func (w *World) getLocked(id lyceum.ProjectID) *fakeProject {
	p, ok := w.projects[id]
	if !ok {
		p = &fakeProject{phase: lyceum.Stopped}
		w.projects[id] = p
	}
	return p
}

func (w *World) enterLocked(id lyceum.ProjectID, phase lyceum.Phase, reason string) {
	p := w.getLocked(id)
	p.phase, p.reason, p.since = phase, reason, time.Now()
	for c := range w.watchers {
		select {
		case c <- id:
		default:
		}
	}
}

func (w *World) checkLocked(id lyceum.ProjectID) error {
	if _, err := lyceum.ParseID[lyceum.ProjectID](string(id)); err != nil {
		return err
	}
	return w.broken
}

// Ensure implements compute.Backend.
func (f *Fake) Ensure(ctx context.Context, spec compute.Spec) error {
	w := f.w
	for {
		w.mu.Lock()
		if err := w.checkSpecLocked(spec); err != nil {
			w.mu.Unlock()
			return err
		}
		p := w.getLocked(spec.Project)
		if p.phase == lyceum.Stopping {
			done := p.stopping
			w.mu.Unlock()
			select {
			case <-done:
				continue
			case <-ctx.Done():
				return lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the start was given up")
			}
		}
		if p.phase == lyceum.Stopped || p.phase == lyceum.Failed {
			w.startLocked(p, spec)
		}
		w.mu.Unlock()
		return nil
	}
}

func (w *World) checkSpecLocked(spec compute.Spec) error {
	if err := w.checkLocked(spec.Project); err != nil {
		return err
	}
	for _, v := range spec.Env {
		if err := lyceum.CheckEnvVar(v.Name, v.Value.Reveal()); err != nil {
			return err
		}
	}
	if spec.Source.Copy != "" {
		if err := w.checkLocked(spec.Source.Copy); err != nil {
			return err
		}
	}
	if u := spec.Source.GitURL; u != "" && !strings.HasPrefix(u, "https://") {
		return lyceum.Invalidf("source.url", "this is no address of a repository")
	}
	if len(spec.PublicKey) == 0 {
		return lyceum.Errorf(lyceum.Invalid, "the public key is missing")
	}
	return nil
}

func (w *World) startLocked(p *fakeProject, spec compute.Spec) {
	p.spec, p.instance = spec, lyceum.NewSecret().Reveal()
	w.starts++
	if p.files == nil {
		p.files = map[string]bool{}
		if from := spec.Source.Copy; from != "" {
			maps.Copy(p.files, w.getLocked(from).files)
			maps.DeleteFunc(p.files, func(name string, _ bool) bool { return strings.HasPrefix(name, ".local/state/lyceum/") })
		}
	}
	w.enterLocked(spec.Project, lyceum.Starting, "")
	p.timer = time.AfterFunc(w.StartTime, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch {
		case p.phase != lyceum.Starting:
		case p.fail != "":
			w.enterLocked(spec.Project, lyceum.Failed, p.fail)
		default:
			w.enterLocked(spec.Project, lyceum.Running, "")
		}
	})
}

// Observe implements compute.Backend.
func (f *Fake) Observe(_ context.Context, id lyceum.ProjectID) (compute.Observation, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := f.w.checkLocked(id); err != nil {
		return compute.Observation{}, err
	}
	p := f.w.getLocked(id)
	o := compute.Observation{Phase: p.phase, Reason: p.reason, Since: p.since, UID: p.spec.UID}
	switch p.phase {
	case lyceum.Running:
		o.Address = compute.Address{Socket: "fake:" + string(id)}
	case lyceum.Starting:
		o.Step = "starting the project server"
	}
	return o, nil
}

// Stop implements compute.Backend.
func (f *Fake) Stop(ctx context.Context, id lyceum.ProjectID) error {
	w := f.w
	w.mu.Lock()
	if err := w.checkLocked(id); err != nil {
		w.mu.Unlock()
		return err
	}
	p := w.getLocked(id)
	switch p.phase {
	case lyceum.Stopped:
		p.reason = ""
		w.mu.Unlock()
		return nil
	case lyceum.Failed:
		w.enterLocked(id, lyceum.Stopped, "")
		w.mu.Unlock()
		return nil
	case lyceum.Starting, lyceum.Running:
		p.timer.Stop()
		done := make(chan struct{})
		p.stopping = done
		w.enterLocked(id, lyceum.Stopping, "")
		time.AfterFunc(w.StopTime, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.enterLocked(id, lyceum.Stopped, "")
			close(done)
		})
	}
	done := p.stopping
	w.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the project is still being stopped")
	}
}

// Delete implements compute.Backend.
func (f *Fake) Delete(ctx context.Context, id lyceum.ProjectID) error {
	if err := f.Stop(ctx, id); err != nil {
		return err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.getLocked(id).files = nil
	return nil
}

// Watch implements compute.Backend.
func (f *Fake) Watch(ctx context.Context) (<-chan lyceum.ProjectID, error) {
	w := f.w
	c := make(chan lyceum.ProjectID, 64)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watchers, c)
		close(c)
	})
	return c, nil
}

// Running lists the projects that run now, sorted.
func (w *World) Running() []lyceum.ProjectID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []lyceum.ProjectID
	for id, p := range w.projects {
		if p.phase == lyceum.Running {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// SetLimits implements compute.Limiter.
func (f *Fake) SetLimits(_ context.Context, id lyceum.ProjectID, l lyceum.Limits) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := f.w.checkLocked(id); err != nil {
		return err
	}
	p := f.w.getLocked(id)
	if p.phase != lyceum.Running && p.phase != lyceum.Starting {
		return nil
	}
	if l.Memory > 0 && l.Memory < p.memory {
		l.Memory = p.spec.Limits.Memory
		p.spec.Limits = l
		return lyceum.Errorf(lyceum.Conflict, "the project uses more memory now than it may")
	}
	p.spec.Limits = l
	return nil
}

// Runaways implements compute.Limiter.
func (f *Fake) Runaways(ctx context.Context) (<-chan compute.Runaway, error) {
	w := f.w
	c := make(chan compute.Runaway, 64)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runaways[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.runaways, c)
		close(c)
	})
	return c, nil
}

// Limits tells what a project may use.
func (w *World) Limits(id lyceum.ProjectID) lyceum.Limits {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.getLocked(id).spec.Limits
}

// RunAway tells that a program of a project was ended for want of memory.
func (w *World) RunAway(r compute.Runaway) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.runaways {
		select {
		case c <- r:
		default:
		}
	}
}
