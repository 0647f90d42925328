package project_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/ticket"
)

// tells is what the hub tells the project.
func (w *world) tells(body string) {
	w.t.Helper()
	w.until("the project hears the hub", func() error {
		if res, text := w.do(w.system(), "POST", "told", body); res.StatusCode != 204 {
			return fmt.Errorf("status %d %s", res.StatusCode, text)
		}
		return nil
	})
}

func TestDiskLimit(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	w.tells(`{"limits":{"cpu":1500,"memoryBytes":0,"processes":0,"diskBytes":4000000}}`)
	w.want(200, "PUT", "files/half", strings.Repeat("x", 2_000_000))
	refused := func(method, path, body string) {
		t.Helper()
		if res, text := w.do(w.editor(), method, path, body); res.StatusCode != 507 || !strings.Contains(text, "Disk use") || !strings.Contains(text, "4.0 MB") {
			t.Errorf("%s %s answered %d %s, want 507 with the use, the limit and what to do", method, path, res.StatusCode, text)
		}
	}
	refused("PUT", "files/more", strings.Repeat("x", 3_000_000))
	if _, err := os.Stat(filepath.Join(w.home, "more")); err == nil {
		t.Error("what was refused is there")
	}
	// Programs write as they like; then nothing new passes through us.
	if err := os.WriteFile(filepath.Join(w.home, "program"), make([]byte, 2_100_000), 0o644); err != nil {
		t.Fatal(err)
	}
	w.until("the status tells of it", func() error {
		s := decode[api.ProjectStatus](t, w.want(200, "GET", "status", ""))
		if s.DiskUse == nil || s.DiskLimit != 4_000_000 || s.CPULimit != 1500 || s.Cores == 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	w.until("people are warned", func() error {
		s := decode[api.ProjectStatus](t, w.want(200, "GET", "status", ""))
		if len(s.Warnings) == 0 || !strings.Contains(s.Warnings[0], "The disk is full: ") {
			return fmt.Errorf("warnings: %q", s.Warnings)
		}
		return nil
	})
	refused("PUT", "files/more", strings.Repeat("x", 100_000))
	refused("POST", "files/empty", `{"action":"touch"}`)
	// A change of an open document still reaches its file, and moving is no writing.
	w.want(200, "POST", "files/half", `{"action":"move","to":"other"}`)
	w.want(204, "DELETE", "files/other?purge=1", "")
	w.until("there is room again", func() error {
		if res, text := w.do(w.editor(), "PUT", "files/more", strings.Repeat("x", 100_000)); res.StatusCode != 200 {
			return fmt.Errorf("status %d %s", res.StatusCode, text)
		}
		return nil
	})
	w.tells(`{"limits":{"cpu":0,"memoryBytes":0,"processes":0,"diskBytes":0}}`)
	w.want(200, "PUT", "files/large", strings.Repeat("x", 5_000_000))
}

func TestWhatWasEndedIsInTheStatus(t *testing.T) {
	t.Parallel()
	w, _ := launch(t, 0)
	w.tells(`{"killed":{"at":"` + time.Now().Format(time.RFC3339) + `","pid":12,"command":"python3 secret.py","memoryBytes":5,"limitBytes":6,"reason":"memory"}}`)
	s := decode[api.ProjectStatus](t, w.want(200, "GET", "status", ""))
	if len(s.Killed) != 1 || s.Killed[0].Command != "python3 secret.py" || s.Killed[0].PID != 12 {
		t.Errorf("an editor sees %+v", s.Killed)
	}
	res, text := w.do(w.viewer(), "GET", "status", "")
	if res.StatusCode != 200 || strings.Contains(text, "secret") || !strings.Contains(text, `"killed"`) {
		t.Errorf("a viewer sees %d %s, want that something was ended, not what", res.StatusCode, text)
	}
	for _, who := range []ticket.Ticket{w.viewer(), w.editor()} {
		if res, _ := w.do(who, "POST", "told", `{}`); res.StatusCode == 204 {
			t.Error("somebody else tells what the hub tells")
		}
	}
	if res, _ := w.do(w.viewer(), "GET", "processes", ""); res.StatusCode != 403 {
		t.Errorf("a viewer's list of processes: %d", res.StatusCode)
	}
	w.want(200, "GET", "processes", "")
}
