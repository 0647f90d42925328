package hub

import (
	"sync"
	"time"

	"lyceum/internal/postgres"
)

// memory remembers what was read from PostgreSQL until a notification makes it void,
// for some seconds at most. While notifications do not arrive it remembers nothing.
// It is safe for concurrent use.
type memory[K comparable, V any] struct {
	life time.Duration
	most int // entries; when there are more, all are forgotten

	mu        sync.Mutex
	listening bool
	changes   uint64 // grows with each thing forgotten
	known     map[K]remembered[V]
}

type remembered[V any] struct {
	what  V
	until time.Time
}

func newMemory[K comparable, V any](life time.Duration, most int) *memory[K, V] {
	return &memory[K, V]{life: life, most: most, known: map[K]remembered[V]{}}
}

// get returns what is remembered. Where nothing is, since is to be given to put with
// what is read now.
func (m *memory[K, V]) get(k K) (v V, ok bool, since uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.known[k]
	if !ok || !time.Now().Before(r.until) {
		return v, false, m.changes
	}
	return r.what, true, m.changes
}

// put remembers what was read, unless anything was forgotten since: it may be the
// state of before.
func (m *memory[K, V]) put(k K, v V, since uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.listening || m.changes != since {
		return
	}
	if len(m.known) >= m.most {
		clear(m.known)
	}
	m.known[k] = remembered[V]{v, time.Now().Add(m.life)}
}

func (m *memory[K, V]) forget(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	delete(m.known, k)
}

// forgetIf forgets those for which match is true.
func (m *memory[K, V]) forgetIf(match func(K, V) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	for k, r := range m.known {
		if match(k, r.what) {
			delete(m.known, k)
		}
	}
}

// heard takes into account whether notifications arrive.
func (m *memory[K, V]) heard(n postgres.Notification) {
	if n.What != postgres.Missed && n.What != postgres.Lost {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listening = n.What == postgres.Missed
	m.changes++
	clear(m.known)
}
