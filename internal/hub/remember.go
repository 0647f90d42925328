package hub

import (
	"context"
	"sync"
	"time"

	"lyceum/internal/postgres"
)

// settingsLife is how long settings may be believed without asking PostgreSQL,
// while notifications arrive, which cut it short.
const settingsLife = 30 * time.Second

// settings remembers the site's settings, which nearly every answer needs. While
// notifications do not arrive it remembers nothing.
type settings struct {
	mu        sync.Mutex
	listening bool
	changes   uint64 // grows with each thing forgotten
	known     postgres.Settings
	until     time.Time
}

// get returns the settings: as remembered, else as read from db.
func (s *settings) get(ctx context.Context, db *postgres.DB) (postgres.Settings, error) {
	now := time.Now()
	s.mu.Lock()
	known, ok, changes := s.known, now.Before(s.until), s.changes
	s.mu.Unlock()
	if ok {
		return known, nil
	}
	known, err := db.Settings(ctx)
	if err != nil {
		return known, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listening && s.changes == changes {
		s.known, s.until = known, now.Add(settingsLife)
	}
	return known, nil
}

// forget drops what is remembered, after a change made here.
func (s *settings) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	s.until = time.Time{}
}

func (s *settings) notified(n postgres.Notification) {
	switch n.What {
	case postgres.SettingsChanged:
		s.forget()
	case postgres.Missed, postgres.Lost:
		s.mu.Lock()
		s.listening = n.What == postgres.Missed
		s.mu.Unlock()
		s.forget()
	}
}
