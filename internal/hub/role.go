package hub

import (
	"context"
	"sync"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// roleLife is how long a role may be believed without asking PostgreSQL, while
// notifications arrive, which cut it short. A page that opens asks a project for
// dozens of things at once.
const roleLife = 5 * time.Second

// rolesKept bounds the cache; when it is full it is emptied.
const rolesKept = 20_000

// roles remembers what accounts are in projects. While notifications do not
// arrive it remembers nothing.
type roles struct {
	mu        sync.Mutex
	listening bool
	changes   uint64 // grows with each thing forgotten
	n         int
	known     map[lyceum.ProjectID]map[lyceum.AccountID]knownRole
}

type knownRole struct {
	role    lyceum.Role
	deleted bool
	until   time.Time
}

func newRoles() *roles {
	return &roles{known: map[lyceum.ProjectID]map[lyceum.AccountID]knownRole{}}
}

// get returns the role and whether the project is deleted: as remembered, else
// as read from db. What was read while something was forgotten is not
// remembered: it may be the state of before.
func (c *roles) get(ctx context.Context, db *postgres.DB, id lyceum.ProjectID, account lyceum.AccountID) (lyceum.Role, bool, error) {
	now := time.Now()
	c.mu.Lock()
	k, ok := c.known[id][account]
	changes := c.changes
	c.mu.Unlock()
	if ok && now.Before(k.until) {
		return k.role, k.deleted, nil
	}
	role, deleted, err := db.RoleIn(ctx, id, account)
	if err != nil {
		return "", false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listening && c.changes == changes {
		if c.n >= rolesKept {
			c.clearLocked()
		}
		if c.known[id] == nil {
			c.known[id] = map[lyceum.AccountID]knownRole{}
		}
		c.known[id][account] = knownRole{role, deleted, now.Add(roleLife)}
		c.n++
	}
	return role, deleted, nil
}

func (c *roles) clearLocked() {
	clear(c.known)
	c.n = 0
}

// forgetProject drops what is remembered of a project, after a change made here.
func (c *roles) forgetProject(id lyceum.ProjectID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.known, id)
}

func (c *roles) notified(n postgres.Notification) {
	switch n.What {
	case postgres.MembersChanged:
		c.forgetProject(n.Project())
	case postgres.Missed, postgres.Lost:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.listening = n.What == postgres.Missed
		c.changes++
		c.clearLocked()
	}
}
