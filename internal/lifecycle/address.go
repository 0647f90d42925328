package lifecycle

import (
	"context"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// Address returns where the project server answers, or Unavailable when the
// project does not run. What was observed last is believed: when it does not hold
// any more, the request finds out as soon as it dials. It needs no database.
func (l *Lifecycle) Address(ctx context.Context, id lyceum.ProjectID) (compute.Address, error) {
	l.mu.Lock()
	addr, ok := l.known[id]
	l.mu.Unlock()
	if ok {
		return addr, nil
	}
	o, err := l.cfg.Backend.Observe(ctx, id)
	if err != nil {
		return compute.Address{}, err
	}
	l.locate(id, o)
	if o.Phase != lyceum.Running {
		return compute.Address{}, lyceum.Errorf(lyceum.Unavailable, "the project does not run")
	}
	return o.Address, nil
}

// locate remembers where a project answers, if it does.
func (l *Lifecycle) locate(id lyceum.ProjectID, o compute.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.Phase == lyceum.Running {
		l.known[id] = o.Address
	} else {
		delete(l.known, id)
	}
}

// forget drops all that is remembered of a project that is no more.
func (l *Lifecycle) forget(id lyceum.ProjectID) {
	l.locate(id, compute.Observation{})
	l.forgetTry(id)
	l.unfollow(id)
}
