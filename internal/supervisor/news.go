package supervisor

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// What is remembered of programs that were ended.
const (
	maxKilled = 20
	killedAge = time.Hour
)

// news is what the hub has told: limits, and programs that were ended. It is kept
// here because the supervisor outlives the project server.
type news struct {
	mu     sync.Mutex
	limits api.Limits
	killed []api.Killed // the newest first
}

func (n *news) now() (api.Limits, []api.Killed) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.killed = slices.DeleteFunc(n.killed, func(k api.Killed) bool { return time.Since(k.At) > killedAge })
	return n.limits, slices.Clone(n.killed)
}

// takeTold hears the hub.
func (s *Supervisor) takeTold(w http.ResponseWriter, r *http.Request, _ call) error {
	var t api.Told
	if err := rest.ReadJSON(w, r, &t); err != nil {
		return err
	}
	if t.Killed != nil {
		s.tellKilled(*t.Killed)
	}
	s.news.mu.Lock()
	defer s.news.mu.Unlock()
	if t.Limits != nil {
		s.news.limits = *t.Limits
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// tellKilled says in the terminal which program was ended and why, and keeps it for
// whoever asks.
func (s *Supervisor) tellKilled(k api.Killed) {
	if t := s.terminals.bySession(k.Session); t != nil {
		info := t.Info()
		k.Terminal, k.TerminalName = info.ID, info.Name
		t.Say(sentence(k))
	}
	if k.PID > 0 {
		for _, kernel := range s.kernels.now() {
			if kernel.tellKilled(&k) {
				break
			}
		}
	}
	s.news.mu.Lock()
	defer s.news.mu.Unlock()
	s.news.killed = append([]api.Killed{k}, s.news.killed...)
	if len(s.news.killed) > maxKilled {
		s.news.killed = s.news.killed[:maxKilled]
	}
}

// sentence says what happened, to whom, and what to do.
func sentence(k api.Killed) string {
	name := k.Command
	if name == "" {
		name = "a program"
	}
	of := ""
	if k.LimitBytes > 0 {
		of = " of the project's " + lyceum.Size(k.LimitBytes)
	}
	return fmt.Sprintf("Stopped: %s used %s%s of memory. The rest of the project goes on. Ask for more memory, or let it use less.", name, lyceum.Size(k.MemoryBytes), of)
}
