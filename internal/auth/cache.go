package auth

import (
	"sync"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// cacheLife is how long an identity may be believed without asking PostgreSQL.
// It is only this long when notifications arrive, which cut it short.
const cacheLife = 5 * time.Second

// cacheSize bounds the cache; when it is full it is emptied.
const cacheSize = 20_000

// cache remembers who sessions and tokens belong to. While notifications do not
// arrive (listening is false) it remembers nothing.
type cache struct {
	mu        sync.Mutex
	listening bool
	changes   uint64 // grows with each thing forgotten
	entries   map[[32]byte]cacheEntry
}

type cacheEntry struct {
	id    Identity
	until time.Time
}

func newCache() *cache { return &cache{entries: map[[32]byte]cacheEntry{}} }

// get returns what is remembered under hash, else what read returns. An answer
// that was read while something was forgotten is not remembered: it may be the
// state of before.
func (c *cache) get(hash []byte, read func() (Identity, error)) (Identity, error) {
	key := [32]byte(hash)
	now := time.Now()
	c.mu.Lock()
	e, ok := c.entries[key]
	changes := c.changes
	c.mu.Unlock()
	if ok && now.Before(e.until) {
		return e.id, nil
	}
	id, err := read()
	if err != nil {
		return id, err
	}
	until := now.Add(cacheLife)
	if id.Expires.Before(until) {
		until = id.Expires
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listening && c.changes == changes {
		if len(c.entries) >= cacheSize {
			clear(c.entries)
		}
		c.entries[key] = cacheEntry{id, until}
	}
	return id, nil
}

// forget drops the entries for which match is true.
func (c *cache) forget(match func(Identity) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for k, e := range c.entries {
		if match(e.id) {
			delete(c.entries, k)
		}
	}
}

func (c *cache) listen(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listening = on
	c.changes++
	clear(c.entries)
}

// Notified takes a change into account: what is remembered of the one
// concerned is forgotten. It must be given every notification of
// postgres.Listen, in order; while none arrive, PostgreSQL is asked each time.
func (a *Auth) Notified(n postgres.Notification) {
	switch n.What {
	case postgres.SessionRevoked:
		a.cache.forget(func(i Identity) bool { return string(i.Actor.Session) == n.ID })
	case postgres.TokenRevoked:
		a.cache.forget(func(i Identity) bool { return string(i.Actor.Token) == n.ID })
	case postgres.AccountChanged:
		a.Forget(lyceum.AccountID(n.ID))
	case postgres.Missed:
		a.cache.listen(true)
	case postgres.Lost:
		a.cache.listen(false)
	}
}

// Forget drops what is remembered of an account, after a change made here.
func (a *Auth) Forget(id lyceum.AccountID) {
	a.cache.forget(func(i Identity) bool { return i.Account.ID == id })
}
