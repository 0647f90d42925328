package hub

import (
	"context"
	"sync"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// crewLife is how long it may be believed who is in a project without asking
// PostgreSQL, while notifications arrive, which cut it short. Every list and every
// answer about a project tells who is in it, and it seldom changes.
const crewLife = 5 * time.Second

// crewsKept bounds the cache; when it is full it is emptied.
const crewsKept = 20_000

// crews remembers who is in projects, to be shown: nobody gets a right from it
// (see roles). While notifications do not arrive it remembers nothing.
type crews struct {
	mu        sync.Mutex
	listening bool
	changes   uint64 // grows with each thing forgotten
	known     map[lyceum.ProjectID]knownCrew
}

type knownCrew struct {
	postgres.Crew
	until time.Time
}

func newCrews() *crews { return &crews{known: map[lyceum.ProjectID]knownCrew{}} }

// fill fills the Crew of all in list: as remembered, else as read from db. What was
// read while something was forgotten is not remembered: it may be the state of before.
func (c *crews) fill(ctx context.Context, db *postgres.DB, list []postgres.ProjectView) error {
	var missing []lyceum.ProjectID
	now := time.Now()
	c.mu.Lock()
	changes := c.changes
	for i := range list {
		k, ok := c.known[list[i].ID]
		if ok && now.Before(k.until) {
			list[i].Crew = k.Crew
		} else {
			missing = append(missing, list[i].ID)
		}
	}
	c.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	read, err := db.Crews(ctx, missing)
	if err != nil {
		return err
	}
	for i := range list {
		if crew, ok := read[list[i].ID]; ok {
			list[i].Crew = crew
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.listening || c.changes != changes {
		return nil
	}
	if len(c.known)+len(read) > crewsKept {
		clear(c.known)
	}
	for id, crew := range read {
		c.known[id] = knownCrew{crew, now.Add(crewLife)}
	}
	return nil
}

// forgetProject drops what is remembered of a project, after a change made here.
func (c *crews) forgetProject(id lyceum.ProjectID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.known, id)
}

// forgetAll drops all, after someone's name changed.
func (c *crews) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	clear(c.known)
}

func (c *crews) notified(n postgres.Notification) {
	switch n.What {
	case postgres.MembersChanged:
		c.forgetProject(n.Project())
	case postgres.AccountChanged:
		c.forgetAll()
	case postgres.Missed, postgres.Lost:
		c.mu.Lock()
		c.listening = n.What == postgres.Missed
		c.mu.Unlock()
		c.forgetAll()
	}
}

// forgetMembers drops what is remembered of who is in a project, after a change
// made here.
func (h *Hub) forgetMembers(id lyceum.ProjectID) {
	h.roles.forgetProject(id)
	h.crews.forgetProject(id)
}

// forgetPerson drops what is remembered of an account, after a change made here.
func (h *Hub) forgetPerson(id lyceum.AccountID) {
	h.Auth.Forget(id)
	h.likes.forget(id)
	h.crews.forgetAll()
}

// crewed is v with who is in it.
func (h *Hub) crewed(ctx context.Context, v postgres.ProjectView) (postgres.ProjectView, error) {
	one := []postgres.ProjectView{v}
	err := h.crews.fill(ctx, h.DB, one)
	return one[0], err
}
