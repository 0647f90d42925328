package kernels

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// reserve is one kernel that was started before anybody wants it, so that whoever
// asks for one of its kernelspec next has it at once. It is in no list, counts as no
// use of the project, and is given away once: then it is a kernel like any other.
// Guarded by Manager.mu.
type reserve struct {
	kernel *Kernel // nil when there is none
	dir    string  // the folder of the last kernel that was asked for; "" is the home
	usedAt time.Time
	failed time.Time     // when one did not start
	asked  chan struct{} // capacity 1; wakes keepReserve
}

// Times of a reserve.
const (
	reserveAfter = 2 * time.Second  // that whoever was given a kernel has the processor first
	reserveEvery = 30 * time.Second // between two looks whether it is to stay
	reserveRetry = 10 * time.Minute // after one that did not start
	moveTime     = 5 * time.Second  // that it may take to change its folder
)

// ReserveDefault stands in Config.Reserve for the kernelspec that a notebook gets that
// names none.
const ReserveDefault = "default"

// keepReserve keeps one kernel in reserve until ctx ends; it goes on then, for the
// next project server.
func (m *Manager) keepReserve(ctx context.Context) {
	for wait := reserveAfter; ; wait = reserveEvery {
		select {
		case <-ctx.Done():
			return
		case <-m.reserve.asked:
			select {
			case <-ctx.Done():
				return
			case <-time.After(reserveAfter):
			}
		case <-time.After(wait):
		}
		if err := m.tendReserve(ctx, time.Now()); err != nil {
			m.cfg.Log.Warn("no kernel is kept in reserve", "err", err)
		}
	}
}

// tendReserve ends a reserve that is to be no more, and starts one that is missing.
func (m *Manager) tendReserve(ctx context.Context, now time.Time) error {
	if err := m.Find(ctx); err != nil {
		return nil //nolint:nilerr // Run tries again, and so do we
	}
	want, err := m.reserveLaunch()
	keep := err == nil && m.wantsReserve(ctx, now)
	m.mu.Lock()
	k, failed := m.reserve.kernel, m.reserve.failed
	m.mu.Unlock()
	if k != nil {
		i := k.Info()
		if keep && i.State != jupyter.Dead && fits(i.Launch, want) {
			return nil
		}
		if !m.takeReserve(k) {
			return nil // somebody has it now
		}
		if err := k.Shutdown(ctx); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return err
		}
		if i.State == jupyter.Dead && !i.Wanted {
			m.mu.Lock()
			m.reserve.failed = now
			m.mu.Unlock()
			return lyceum.Errorf(lyceum.Unavailable, "%s %s", i.Reason, i.Stderr)
		}
	}
	if !keep || now.Sub(failed) < reserveRetry {
		return err
	}
	want.ID = lyceum.NewID[string]()
	p, err := m.cfg.Super.StartKernel(ctx, want)
	if err != nil {
		return err
	}
	return m.setAside(newKernel(m, p, false))
}

// reserveLaunch is what is to stand in reserve.
func (m *Manager) reserveLaunch() (jupyter.Launch, error) {
	name := m.cfg.Reserve
	if name == ReserveDefault {
		name = ""
	}
	m.mu.Lock()
	dir := m.reserve.dir
	m.mu.Unlock()
	s := Start{Spec: name, Dir: dir}
	if _, err := m.folder(s); err != nil {
		s.Dir = "" // it is gone
	}
	l, err := m.launch(s)
	l.Reserve = true
	return l, err
}

// wantsReserve reports whether a reserve is worth its memory now.
func (m *Manager) wantsReserve(ctx context.Context, now time.Time) bool {
	m.mu.Lock()
	used := m.reserve.usedAt
	m.mu.Unlock()
	for _, k := range m.List() {
		if i := k.Info(); i.UsedAt.After(used) {
			used = i.UsedAt
		}
	}
	return (m.cfg.IdleStop <= 0 || now.Sub(used) < m.cfg.IdleStop) && !m.cfg.Scarce(ctx)
}

// setAside makes k the reserve and begins to read its records.
func (m *Manager) setAside(k *Kernel) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
	}
	m.reserve.kernel = k
	m.all.Go(func() { k.run(m.life) })
	return nil
}

// takeReserve takes k out of the reserve, and reports false when it is not there any
// more.
func (m *Manager) takeReserve(k *Kernel) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reserve.kernel != k {
		return false
	}
	m.reserve.kernel = nil
	return true
}

// fromReserve returns the reserve as the kernel that l asks for, or nil when there is
// none that does. It notes what was asked for, for the next reserve.
func (m *Manager) fromReserve(ctx context.Context, l jupyter.Launch) *Kernel {
	m.mu.Lock()
	k := m.reserve.kernel
	m.reserve.usedAt = time.Now()
	if dir, err := filepath.Rel(m.cfg.Home, l.Dir); err == nil {
		m.reserve.dir = dir
	}
	m.mu.Unlock()
	select {
	case m.reserve.asked <- struct{}{}:
	default:
	}
	if k == nil || l.ID != "" { // that has its own
		return nil
	}
	if i := k.Info(); i.State != jupyter.Idle || !fits(i.Launch, l) || !m.takeReserve(k) {
		return nil // one that only begins would have to be waited for
	}
	err := k.becomes(ctx, l)
	if err == nil {
		m.mu.Lock()
		m.kernels = append(m.kernels, k)
		m.mu.Unlock()
		return k
	}
	m.cfg.Log.Warn("the kernel in reserve cannot be used", "kernel", k.ID(), "err", err)
	m.all.Go(func() {
		if err := k.Shutdown(m.life); err != nil && m.life.Err() == nil {
			m.cfg.Log.Warn("a kernel cannot be shut down", "kernel", k.ID(), "err", err)
		}
	})
	return nil
}

// fits reports whether a kernel that was started as have can become what want asks
// for: it is the same program, and in the same folder unless it can go to another one.
func fits(have, want jupyter.Launch) bool {
	_, moves := moveTo[want.Language]
	return have.Spec == want.Spec && have.Transport == want.Transport && have.Interrupt == want.Interrupt && have.Language == want.Language &&
		slices.Equal(have.Argv, want.Argv) && slices.Equal(have.Env, want.Env) && (have.Dir == want.Dir || moves)
}

// becomes gives a kernel of the reserve the folder and the name that it would have
// had from its start.
func (k *Kernel) becomes(ctx context.Context, l jupyter.Launch) error {
	if to, ok := moveTo[l.Language]; ok {
		ctx, cancel := context.WithTimeout(ctx, moveTime)
		defer cancel()
		reply, err := k.Request(ctx, jupyter.Shell, "execute_request", map[string]any{
			"code": to(l.Dir, l.Path), "silent": true, "store_history": false, "user_expressions": struct{}{}, "allow_stdin": false, "stop_on_error": false,
		})
		if err != nil {
			return err
		}
		var c struct{ Status, Evalue string }
		if err := json.Unmarshal(reply.Content, &c); err != nil || c.Status != "ok" {
			return lyceum.Wrap(lyceum.Unavailable, err, "it cannot go to %s: %s", l.Dir, c.Evalue)
		}
	}
	if err := k.m.cfg.Super.ChangeKernel(ctx, k.id, jupyter.Change{Note: &l.Note, Path: &l.Path, Dir: &l.Dir, Taken: true}); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	p := &k.process
	p.Note, p.Path, p.Dir, p.Reserve, p.UsedAt = l.Note, l.Path, l.Dir, false, time.Now().UTC()
	return nil
}

// moveTo is, by language, code that changes the first folder of a kernel and leaves no
// other trace than what a start there would have: PWD, and JPY_SESSION_NAME for the
// notebook's path where there is one. A kernel of another language is kept where the
// last one was started, and given only to a notebook there.
var moveTo = map[string]func(dir, path string) string{
	"python": func(dir, path string) string {
		env := map[string]string{"PWD": dir}
		if path != "" {
			env["JPY_SESSION_NAME"] = path
		}
		// A string of JSON is one of Python; nothing is imported into the user's names.
		return fmt.Sprintf("(lambda os: (os.chdir(%s), os.environ.update(%s)))(__import__('os'))", literal(dir), literal(env))
	},
	"bash": func(dir, path string) string {
		code := "cd -- " + quoted(dir)
		if path != "" {
			code += " && export JPY_SESSION_NAME=" + quoted(path)
		}
		return code
	},
}

// literal is a value as JSON in ASCII.
func literal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return `""` // strings do not fail
	}
	var s strings.Builder
	for _, r := range string(b) {
		switch {
		case r < 0x80:
			s.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&s, `\u%04x`, r)
		default:
			fmt.Fprintf(&s, `\U%08x`, r)
		}
	}
	return s.String()
}

// quoted is a word of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
