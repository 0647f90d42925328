package project_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/project"
)

// The history over HTTP: list, version, difference, name, restore, clear; and who may.
func TestHistoryOverHTTP(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "one\n")
	ada := w.edit("a.txt")
	ada.wait("one\n")
	ada.insert(4, "two\n")
	ada.saved()
	history := func(query string) (h api.History) {
		t.Helper()
		asJSON(t, w.want(200, "GET", "history/a.txt"+query, ""), &h)
		return h
	}
	h := history("")
	if len(h.Items) != 2 || h.Items[0].Origin != "edit" || h.Items[0].By[0].Name != "the editor" || h.Items[1].Origin != "begin" || h.SizeBytes == 0 {
		t.Fatalf("the history is %+v", h)
	}
	res, body := w.do(w.viewer(), "GET", fmt.Sprintf("history/a.txt?at=%d", h.Items[1].Seq), "")
	if body != "one\n" || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || res.Header.Get("Lyceum-Version") != "1" || res.Header.Get("Etag") == "" {
		t.Errorf("the first version is %q with %v", body, res.Header)
	}
	if res, _ := w.do(w.viewer(), "GET", fmt.Sprintf("history/a.txt?at=%d", h.Items[1].Seq), "", "If-None-Match", res.Header.Get("Etag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("with its tag it gives %d", res.StatusCode)
	}
	var d api.VersionDiff
	asJSON(t, w.want(200, "GET", fmt.Sprintf("history/a.txt?at=%d&diff=%d", h.Items[0].Seq, h.Items[1].Seq), ""), &d)
	if d.Added != 1 || d.Removed != 0 || len(d.Hunks) != 1 || d.Hunks[0].Lines[1] != (api.DiffLine{Kind: "added", Text: "two"}) {
		t.Errorf("the difference is %+v", d)
	}

	act := func(a api.HistoryAction) (done api.HistoryDone) {
		t.Helper()
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		asJSON(t, w.want(200, "POST", "history/a.txt", string(b)), &done)
		return done
	}
	if done := act(api.HistoryAction{Action: "name", Seq: h.Items[1].Seq, Name: "the first"}); done.Seq != 1 {
		t.Errorf("naming gives %+v", done)
	}
	if got := history("?limit=1&before=" + fmt.Sprint(h.Items[0].First)); len(got.Items) != 1 || got.Items[0].Name != "the first" {
		t.Errorf("then it is %+v", got)
	}
	done := act(api.HistoryAction{Action: "restore", Seq: 1})
	ada.wait("one\n")
	if got := history(""); got.Items[0].Seq != done.Seq || got.Items[0].Origin != "restore" || got.Items[0].Restored != 1 {
		t.Errorf("after restoring it is %+v", got)
	}
	if done := act(api.HistoryAction{Action: "clear"}); done.FreedBytes < 0 || done.SizeBytes == 0 {
		t.Errorf("clearing gives %+v", done)
	}
	if got := history(""); len(got.Items) != 1 || got.Cleared == 0 {
		t.Errorf("after clearing it is %+v", got)
	}

	for _, c := range []struct {
		who, method, path, body string
		status                  int
	}{
		{"viewer", "POST", "history/a.txt", `{"action":"clear"}`, 403},
		{"viewer", "GET", "history/.hidden", "", 404},
		{"editor", "GET", "history/none", "", 404},
		{"editor", "GET", "history/a.txt?at=1", "", 404},
		{"editor", "GET", "history/a.txt?at=x", "", 422},
		{"editor", "GET", "history/a.txt?diff=3", "", 422},
		{"editor", "GET", "history/a.txt?before=-1", "", 422},
		{"editor", "GET", "history/a.txt?limit=1001", "", 422},
		{"editor", "POST", "history/a.txt", `{"action":"forget"}`, 422},
		{"editor", "POST", "history/a.txt", `{"action":"restore"}`, 422},
	} {
		who := w.editor()
		if c.who == "viewer" {
			who = w.viewer()
		}
		if res, body := w.do(who, c.method, c.path, c.body); res.StatusCode != c.status {
			t.Errorf("%s: %s %s %s gives %d %s, want %d", c.who, c.method, c.path, c.body, res.StatusCode, body, c.status)
		}
	}
}

func asJSON(t *testing.T, body string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), v); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
}

// A change that git has checked out is told with its commit.
func TestHistoryKnowsCommits(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "one\n")
	w.git("init", "-q", "-b", "main")
	w.git("add", "a.txt")
	w.git("commit", "-q", "-m", "the first")
	w.write("a.txt", "one\ntwo\n")
	w.git("commit", "-q", "-a", "-m", "add a line")
	ada := w.edit("a.txt")
	ada.wait("one\ntwo\n")
	w.git("checkout", "-q", "HEAD~1")
	ada.wait("one\n")
	w.until("the commit is known", func() error {
		var h api.History
		asJSON(t, w.want(200, "GET", "history/a.txt", ""), &h)
		v := h.Items[0]
		if v.Origin != "disk" || v.Commit == nil || v.Commit.Subject != "the first" || len(v.Commit.ID) != 40 {
			return fmt.Errorf("the newest version is %+v", v)
		}
		return nil
	})
	// What git does not have is told without one.
	w.write("a.txt", "one\nfrom a program\n")
	ada.wait("one\nfrom a program\n")
	var h api.History
	asJSON(t, w.want(200, "GET", "history/a.txt", ""), &h)
	if v := h.Items[0]; v.Origin != "disk" || v.Commit != nil {
		t.Errorf("the newest version is %+v", v)
	}
}

// Programs of the project ask by a socket in the home.
func TestLocalSocket(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "one\n")
	ada := w.edit("a.txt")
	ada.wait("one\n")
	ada.insert(4, "two\n")
	ada.saved()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(w.home, project.LocalSocket))
	}}}
	defer client.CloseIdleConnections()
	ask := func(method, path, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://project/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
	if status, body := ask("GET", "history/a.txt?at=1", ""); status != 200 || body != "one\n" {
		t.Errorf("the first version is %d %q", status, body)
	}
	if status, body := ask("POST", "history/a.txt", `{"action":"restore","seq":1}`); status != 200 {
		t.Errorf("restoring gives %d %q", status, body)
	}
	ada.wait("one\n")
	for _, path := range []string{"files/a.txt", "status", "cut", "control", "sync/a.txt"} {
		if status, _ := ask("GET", path, ""); status != 404 {
			t.Errorf("%s gives %d", path, status)
		}
	}
	if fi, err := os.Stat(filepath.Join(w.home, project.LocalSocket)); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", fi, err)
	}
}
