package process

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"time"
)

// exitOf says how a child of ours ended. Bubblewrap and shells tell of a signal
// by an exit code of 128 more.
func exitOf(s *os.ProcessState) exit {
	w, ok := s.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return exit{}
	case w.Signaled():
		return exit{known: true, signal: int(w.Signal())}
	}
	return exitCode(w.ExitStatus())
}

func exitCode(code int) exit {
	if code > 128 && code <= 128+64 {
		return exit{known: true, signal: code - 128}
	}
	return exit{known: true, code: code}
}

// exitFromStatus reads how a project ended that was not our child. Bubblewrap
// writes it right after the end of the first process.
func (b *Backend) exitFromStatus(rec record) exit {
	if !rec.Namespace {
		return exit{}
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		// Looked at before the file is read, so that nothing is written between.
		writing := rec.Outer.alive()
		if e := readStatus(b.at.status(rec.Project)); e.known || !writing {
			return e
		}
		select {
		case <-tick.C:
		case <-b.life.Done():
			return exit{}
		}
	}
	return exit{}
}

// readStatus looks for {"exit-code": N} among bubblewrap's reports, one JSON
// object a line.
func readStatus(path string) exit {
	b, err := os.ReadFile(path)
	if err != nil {
		return exit{}
	}
	for line := range strings.Lines(string(b)) {
		var s struct {
			Code *int `json:"exit-code"`
		}
		if json.Unmarshal([]byte(line), &s) == nil && s.Code != nil {
			return exitCode(*s.Code)
		}
	}
	return exit{}
}
