package project_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
)

// tell sends a text message.
func tell(t *testing.T, c *websocket.Conn, msg string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(msg)); err != nil {
		t.Fatal(err)
	}
}

// change reads changes until one is good.
func change(t *testing.T, c *websocket.Conn, good func(api.FileChange) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		kind, m, err := c.Read(ctx)
		if err != nil || kind != websocket.MessageText {
			t.Fatalf("waited for a change, got %v %v", kind, err)
		}
		if good(decode[api.FileChange](t, string(m))) {
			return
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("d/x", "")
	c := w.dial(w.editor(), "watch")
	tell(t, c, `{"watch":["","d","gone"]}`)
	change(t, c, func(f api.FileChange) bool { return f.Dir == "gone" && f.Gone })
	w.write("d/y", "")
	change(t, c, func(f api.FileChange) bool { return f.Dir == "d" && slices.Contains(f.Names, "y") })
	w.write(".env", "")
	change(t, c, func(f api.FileChange) bool { return f.Dir == "" && slices.Contains(f.Names, ".env") })
	tell(t, c, `{"watch":["../up"]}`)
	change(t, c, func(f api.FileChange) bool { return f.Dir == "../up" && f.Error != "" })
	tell(t, c, `{"folders":[]}`)
	if got := w.code(c); got != 4400 {
		t.Errorf("a message of another shape closed with %d, want 4400", got)
	}
}

// TestWatchTellsWhatWasJustChanged: a listing may have been read before the watch
// stood, so a folder that changed just now counts as changed; one that did not, not.
func TestWatchTellsWhatWasJustChanged(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("new/x", "")
	w.write("old/x", "")
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(w.home, "old"), long, long); err != nil {
		t.Fatal(err)
	}
	c := w.dial(w.editor(), "watch")
	tell(t, c, `{"watch":["old","new"]}`)
	change(t, c, func(f api.FileChange) bool {
		if f.Dir == "old" {
			t.Errorf("a folder that did not change was told: %+v", f)
		}
		return f.Dir == "new" && len(f.Names) == 0
	})
	// Once only: what comes next for it has names.
	tell(t, c, `{"watch":["old","new","other"]}`)
	change(t, c, func(f api.FileChange) bool { return f.Dir == "other" && f.Gone })
	w.write("new/y", "")
	change(t, c, func(f api.FileChange) bool {
		if f.Dir == "new" && len(f.Names) == 0 {
			t.Errorf("told twice: %+v", f)
		}
		return slices.Contains(f.Names, "y")
	})
}

// TestViewersSeeNothingHidden tries each way to a hidden file.
func TestViewersSeeNothingHidden(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write(".ssh/key", "secret")
	w.write("a/.env", "secret")
	w.write("a/open", "open")
	if err := errors.Join(
		os.Symlink("../.ssh/key", filepath.Join(w.home, "a/link")), os.Symlink(".ssh", filepath.Join(w.home, "folder")),
		os.Symlink(filepath.Join(w.home, ".ssh"), filepath.Join(w.home, "absolute")), os.Symlink("folder", filepath.Join(w.home, "twice"))); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{".ssh", ".ssh/key", "a/.env", "a/link", "folder", "folder/key", "absolute/key", "twice/key", "~x2e737368/key", "a/.missing"} {
		for _, query := range []string{"", "?entry=1", "?download=1"} {
			if res, got := w.do(w.viewer(), "GET", "files/"+path+query, ""); res.StatusCode != 404 && res.StatusCode != 422 || strings.Contains(got, "secret") {
				t.Errorf("GET %s%s by a viewer answered %d %s, want 404", path, query, res.StatusCode, got)
			}
		}
		if got := w.code(w.dial(w.viewer(), "sync/"+path)); got != 4404 && got != 4400 {
			t.Errorf("sync of %s by a viewer closed with %d, want 4404", path, got)
		}
	}
	_, got := w.do(w.viewer(), "GET", "files/a?hidden=1", "")
	if l := decode[api.Listing](t, got); l.Total != 2 {
		t.Errorf("a viewer sees %+v", l)
	}
	if got := w.want(200, "GET", "files/folder/key", ""); got != "secret" {
		t.Errorf("an editor reads %q", got)
	}
	long := time.Now().Add(-time.Hour) // what changed just now is told when the watch begins
	if err := os.Chtimes(filepath.Join(w.home, "a"), long, long); err != nil {
		t.Fatal(err)
	}
	c := w.dial(w.viewer(), "watch")
	tell(t, c, `{"watch":["a",".ssh","twice"]}`)
	refused := map[string]bool{}
	change(t, c, func(f api.FileChange) bool {
		refused[f.Dir] = f.Error != ""
		return refused[".ssh"] && refused["twice"]
	})
	w.write("a/.env", "changed")
	w.write("a/last", "")
	change(t, c, func(f api.FileChange) bool {
		if f.Dir != "a" || slices.Contains(f.Names, ".env") || len(f.Names) == 0 {
			t.Errorf("a viewer was told %+v", f)
		}
		return slices.Contains(f.Names, "last")
	})
}

func TestStop(t *testing.T) {
	t.Parallel()
	w, stop := serve(t)
	c := w.dial(w.editor(), "watch")
	tell(t, c, `{"watch":[""]}`)
	res, err := w.client.Do(w.request(w.system(), "GET", "control", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	began := time.Now()
	told := make(chan int)
	go func() { told <- w.code(c) }()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := <-told; got != 4503 {
		t.Errorf("the socket closed with %d, want 4503", got)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to stop, want less than 5 s", took)
	}
	if _, err := w.client.Get("http://project/healthz"); err == nil {
		t.Error("it still answers")
	}
	w.serve() // the left-over socket is not in the way
	w.want(200, "GET", "files/", "")
}

// control reads a control stream.
func control(t *testing.T, w *world) func() api.Control {
	t.Helper()
	res, err := w.client.Do(w.request(w.system(), "GET", "control", nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("control answered %d %v", res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	return func() api.Control {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the control stream ended: %v", lines.Err())
		}
		return decode[api.Control](t, lines.Text())
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	next := control(t, w)
	first := next()
	if first.ActiveAt.IsZero() || !first.EditedAt.IsZero() || first.DiskFree == 0 || first.Viewers != 0 {
		t.Errorf("the first record is %+v", first)
	}
	if len(first.Warnings) == 0 || !strings.Contains(first.Warnings[0], "terminals") {
		t.Errorf("without a supervisor the warnings are %q", first.Warnings)
	}
	before := time.Now()
	w.want(200, "PUT", "files/a", "x")
	w.dial(w.viewer(), "watch")
	for {
		c := next()
		if c.EditedAt.Before(before) || c.ActiveAt.Before(c.EditedAt) || c.Viewers != 1 {
			if time.Since(before) > 20*time.Second {
				t.Fatalf("the change was never told: %+v", c)
			}
			continue
		}
		break
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	cut := func(c api.Cut) {
		t.Helper()
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if res, got := w.do(w.system(), "POST", "cut", string(b)); res.StatusCode != 204 {
			t.Fatalf("cut answered %d %s", res.StatusCode, got)
		}
	}
	editor, viewer := w.dial(w.editor(), "watch"), w.dial(w.viewer(), "watch")
	cut(api.Cut{Session: w.editor().Session})
	if got := w.code(editor); got != 4401 {
		t.Errorf("signed out: closed with %d, want 4401", got)
	}
	cut(api.Cut{Account: string(w.viewer().Account), Role: "viewer"})
	tell(t, viewer, `{"watch":["gone"]}`)
	change(t, viewer, func(f api.FileChange) bool { return f.Gone }) // its role is the same: it stays
	cut(api.Cut{Account: string(w.viewer().Account)})
	if got := w.code(viewer); got != 4403 {
		t.Errorf("role lost: closed with %d, want 4403", got)
	}
	if res, _ := w.do(w.system(), "POST", "cut", `{"everybody":true}`); res.StatusCode != 400 {
		t.Errorf("an unknown field answered %d, want 400", res.StatusCode)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.dial(w.viewer(), "watch")
	w.dial(w.viewer(), "watch")
	w.dial(w.editor(), "watch")
	s := decode[api.ProjectStatus](t, w.want(200, "GET", "status", ""))
	if len(s.People) != 2 || s.Version != "test" || s.DiskFree == 0 || s.Documents == nil || s.Started.IsZero() {
		t.Errorf("the status is %+v, want two people", s)
	}
}
