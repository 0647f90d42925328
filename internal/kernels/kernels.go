// Package kernels holds the running kernels of a project, as the project server sees
// them, and runs the cells of notebooks on them.
//
// The processes and their sockets belong to the supervisor, so that they outlive the
// project server; a Kernel here is the other end of one stream of records from it
// (package jupyter), which is read again from the last acknowledged one by the next
// project server.
package kernels

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// Supervisor owns the processes. Errors are of the kinds that it answers with;
// Unavailable means that it cannot be reached.
type Supervisor interface {
	Kernels(ctx context.Context) ([]jupyter.Process, error)
	StartKernel(ctx context.Context, l jupyter.Launch) (jupyter.Process, error)
	ChangeKernel(ctx context.Context, id string, c jupyter.Change) error
	InterruptKernel(ctx context.Context, id string) error
	RestartKernel(ctx context.Context, id string) (jupyter.Process, error)
	EndKernel(ctx context.Context, id string) error
	// KernelStream opens the stream of records with numbers above after. Its reader
	// and its writer may be used at the same time; closing it ends both.
	KernelStream(ctx context.Context, id string, after uint64) (io.ReadWriteCloser, error)
}

// Config is what a Manager needs. All but the last group are required.
type Config struct {
	Super Supervisor
	Home  string // absolute path of the project's home
	Log   *slog.Logger

	Getenv   func(name string) string   // default os.Getenv
	Extra    []string                   // folders of kernelspecs that are looked into last
	IdleStop time.Duration              // that a kernel may be idle; 0 is without an end
	Reserve  string                     // kernelspec of which one kernel is kept in reserve; ReserveDefault, or "" for none
	Scarce   func(context.Context) bool // whether memory is too scarce for a reserve
	Found    func(k *Kernel)            // called for each kernel that was found again, before any record of it is read
	Changed  func()                     // called when a kernel came, went or has another state
}

// Manager is the kernels of a project. It is safe for concurrent use.
type Manager struct {
	cfg  Config
	life context.Context // ends the streams
	end  context.CancelFunc
	all  sync.WaitGroup

	finding sync.Mutex // held while Find works

	mu      sync.Mutex
	found   bool
	closed  bool
	kernels []*Kernel // oldest first
	reserve reserve
}

// New makes a manager. The caller calls Close.
func New(c Config) *Manager {
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if c.Found == nil {
		c.Found = func(*Kernel) {}
	}
	if c.Changed == nil {
		c.Changed = func() {}
	}
	if c.Scarce == nil {
		c.Scarce = func(context.Context) bool { return false }
	}
	m := &Manager{cfg: c}
	m.reserve.asked, m.reserve.usedAt = make(chan struct{}, 1), time.Now()
	m.life, m.end = context.WithCancel(context.Background())
	return m
}

// Close parts from the kernels, which go on.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.end()
	m.all.Wait()
}

// Find takes up the kernels that were started by a project server before this one.
// It may be called again; it does its work once.
func (m *Manager) Find(ctx context.Context) error {
	m.finding.Lock()
	defer m.finding.Unlock()
	m.mu.Lock()
	done := m.found
	m.mu.Unlock()
	if done {
		return nil
	}
	list, err := m.cfg.Super.Kernels(ctx)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.found = true
	m.mu.Unlock()
	for _, p := range list {
		if _, err := m.Get(p.ID); err == nil {
			continue // started since
		}
		if p.Reserve {
			if err := m.setAside(newKernel(m, p, true)); err != nil {
				return err
			}
			continue
		}
		k := newKernel(m, p, true)
		m.cfg.Found(k)
		if err := m.take(k); err != nil {
			return err
		}
	}
	return nil
}

// take begins to read a kernel's records.
func (m *Manager) take(k *Kernel) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
	}
	m.kernels = append(m.kernels, k)
	m.all.Go(func() { k.run(m.life) })
	return nil
}

// Times of Run.
const (
	findEvery = 5 * time.Second
	idleEvery = 30 * time.Second
)

// Run finds the kernels again if that was not possible yet, shuts down those that are
// idle for too long, and keeps one in reserve, until ctx ends.
func (m *Manager) Run(ctx context.Context) {
	if m.cfg.Reserve != "" {
		var keeping sync.WaitGroup
		keeping.Go(func() { m.keepReserve(ctx) })
		defer keeping.Wait()
	}
	for every := time.Duration(0); ; {
		if err := m.Find(ctx); err != nil {
			every = findEvery
		} else if m.cfg.IdleStop <= 0 {
			return
		} else {
			m.stopIdle(ctx, time.Now())
			every = min(idleEvery, m.cfg.IdleStop)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}

func (m *Manager) stopIdle(ctx context.Context, now time.Time) {
	for _, k := range m.List() {
		i := k.Info()
		if i.State != jupyter.Idle || now.Sub(i.UsedAt) < m.cfg.IdleStop {
			continue
		}
		m.cfg.Log.Info("a kernel was idle for long and is shut down", "kernel", i.ID, "took", now.Sub(i.UsedAt).Round(time.Second))
		if err := k.Shutdown(ctx); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			m.cfg.Log.Warn("an idle kernel cannot be shut down", "kernel", i.ID, "err", err)
		}
	}
}

// Get returns the kernel of an id, or NotFound.
func (m *Manager) Get(id string) (*Kernel, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.kernels {
		if k.id == id {
			return k, nil
		}
	}
	return nil, lyceum.Errorf(lyceum.NotFound, "there is no such kernel; it may have been shut down")
}

// List returns the kernels, oldest first, dead ones too.
func (m *Manager) List() []*Kernel {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.kernels)
}

// Start says which kernel to start. The zero value starts the default one in the
// home.
type Start struct {
	ID   string   // that it is to have, a UUID; "" is a new one
	Spec string   // name of a kernelspec; "" is the default one
	Path string   // the notebook that it is for, from the home
	Dir  string   // its first folder, from the home; "" is that of Path
	Env  []string // NAME=value, beside the project's own
	Note []byte   // kept with it for the next project server
}

// Start starts a kernel and returns when its process runs, or has failed to (its
// state is Dead then): what is sent to it waits until it answers. Errors: NotFound
// (no such kernelspec or folder), Conflict (the kernelspec has a problem, or there is a
// kernel with the ID), Invalid (the ID is no UUID),
// Exhausted, Unavailable.
func (m *Manager) Start(ctx context.Context, s Start) (*Kernel, error) {
	if err := m.Find(ctx); err != nil { // or it would be found as another one's
		return nil, err
	}
	l, err := m.launch(s)
	if err != nil {
		return nil, err
	}
	if k := m.fromReserve(ctx, l); k != nil {
		m.cfg.Changed()
		return k, nil
	}
	l.ID = cmp.Or(l.ID, lyceum.NewID[string]())
	p, err := m.cfg.Super.StartKernel(ctx, l)
	if err != nil {
		return nil, err
	}
	k := newKernel(m, p, false)
	if err := m.take(k); err != nil {
		return nil, err
	}
	m.cfg.Changed()
	return k, nil
}

// launch is what the supervisor is to start, but for an id that nobody has asked for.
func (m *Manager) launch(s Start) (jupyter.Launch, error) {
	spec, err := m.Spec(s.Spec)
	if err != nil {
		return jupyter.Launch{}, err
	}
	if spec.Problem != "" {
		return jupyter.Launch{}, lyceum.Errorf(lyceum.Conflict, "%s cannot be started: %s", spec.DisplayName, spec.Problem)
	}
	dir, err := m.folder(s)
	if err != nil {
		return jupyter.Launch{}, err
	}
	argv, err := spec.Command(jupyter.ConnectionFile, m.cfg.Getenv)
	if err != nil {
		return jupyter.Launch{}, lyceum.Wrap(lyceum.Conflict, err, "%s cannot be started: %v", spec.DisplayName, err)
	}
	return jupyter.Launch{
		ID: s.ID, Spec: spec.Name, DisplayName: spec.DisplayName, Language: spec.Language, Interrupt: spec.InterruptMode,
		Transport: spec.Transport(), Argv: argv, Env: append(spec.Environment(m.cfg.Getenv), s.Env...), Dir: dir, Path: s.Path, Note: s.Note,
	}, nil
}

// folder is the absolute path of a kernel's first folder: one that is there.
func (m *Manager) folder(s Start) (string, error) {
	dir := s.Dir
	if dir == "" && s.Path != "" {
		dir = filepath.Dir(s.Path)
	}
	if !filepath.IsLocal(cmp.Or(dir, ".")) {
		return "", lyceum.Invalidf("path", "a kernel begins in a folder of the home")
	}
	full := filepath.Join(m.cfg.Home, dir)
	if fi, err := os.Stat(full); err != nil || !fi.IsDir() {
		return "", lyceum.Wrap(lyceum.NotFound, err, "there is no folder %.200q", dir)
	}
	return full, nil
}

// Specs finds the installed kernels, sorted by name; those with a problem too.
func (m *Manager) Specs() []jupyter.Spec {
	return jupyter.Specs(jupyter.Places{Home: m.cfg.Home, Getenv: m.cfg.Getenv, Extra: m.cfg.Extra})
}

// Spec returns the kernelspec of a name, "" being the default one, or NotFound.
func (m *Manager) Spec(name string) (jupyter.Spec, error) {
	all := m.Specs()
	if name == "" {
		name = DefaultSpec(all)
	}
	for _, s := range all {
		if s.Name == name {
			return s, nil
		}
	}
	if name == "" {
		return jupyter.Spec{}, lyceum.Errorf(lyceum.NotFound, "no kernel is installed in this project")
	}
	return jupyter.Spec{}, lyceum.Errorf(lyceum.NotFound, "the kernel %.100q is not installed in this project", name)
}

// DefaultSpec is the name of the kernelspec that a notebook gets that names none:
// python3, else one of Python, else the first; "" when there is none that starts.
func DefaultSpec(all []jupyter.Spec) string {
	best, rank := "", 3
	for _, s := range all {
		r := 2
		switch {
		case s.Problem != "":
			continue
		case s.Name == "python3":
			r = 0
		case s.Language == "python":
			r = 1
		}
		if r < rank {
			best, rank = s.Name, r
		}
	}
	return best
}

// Describe tells of the kernelspecs, and of the kernels with what they use. The error
// is of kind Unavailable: the supervisor does not answer.
func (m *Manager) Describe(ctx context.Context) (api.Kernels, error) {
	specs := m.Specs()
	out := api.Kernels{Specs: make([]api.KernelSpec, 0, len(specs)), Kernels: []api.Kernel{}}
	standard := DefaultSpec(specs)
	for _, s := range specs {
		out.Specs = append(out.Specs, api.KernelSpec{Name: s.Name, DisplayName: s.DisplayName, Language: s.Language, Default: s.Name == standard, Folder: s.Dir, Place: placeOf(s, m.cfg.Home), Problem: s.Problem})
	}
	list, err := m.cfg.Super.Kernels(ctx)
	if err != nil {
		return out, err
	}
	for _, p := range list {
		d := describe(p)
		if p.Reserve {
			out.Reserve = &d
			continue
		}
		if k, err := m.Get(p.ID); err == nil {
			d.Connections = k.listeners()
		} else if !lyceum.IsKind(err, lyceum.NotFound) {
			return out, err
		}
		out.Kernels = append(out.Kernels, d)
	}
	return out, nil
}

func describe(p jupyter.Process) api.Kernel {
	return api.Kernel{
		ID: p.ID, Spec: p.Spec, DisplayName: p.DisplayName, Language: p.Language, State: string(p.Status.State), Since: p.Status.Since, Started: p.Started,
		UsedAt: p.UsedAt, Path: p.Path, PID: p.Status.PID, MemoryBytes: p.MemoryBytes, CPUPercent: p.CPUPercent, Reason: p.Status.Reason,
		Memory: p.Status.Memory, Stderr: p.Status.Stderr,
	}
}

// forget takes a kernel that is gone out of the list.
func (m *Manager) forget(k *Kernel) {
	m.mu.Lock()
	m.kernels = slices.DeleteFunc(m.kernels, func(o *Kernel) bool { return o == k })
	if m.reserve.kernel == k {
		m.reserve.kernel = nil
	}
	m.mu.Unlock()
	m.cfg.Changed()
}

var errGone = errors.New("the kernel was shut down")
