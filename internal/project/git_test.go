package project_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
)

// git runs the program in the home as somebody in a terminal would.
func (w *world) git(args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "git", args...)
	cmd.Dir = w.home
	cmd.Env = append(os.Environ(), "HOME="+w.home, "GIT_AUTHOR_NAME=Grace", "GIT_AUTHOR_EMAIL=grace@example.org", "GIT_COMMITTER_NAME=Grace", "GIT_COMMITTER_EMAIL=grace@example.org")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (w *world) change(path string, body any) api.GitDone {
	w.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return decode[api.GitDone](w.t, w.want(200, "POST", "git/"+path, string(b)))
}

var author = api.GitPerson{Name: "Ada", Email: "ada@example.org"}

// TestGitWithOpenDocument: what is typed is what is committed, and a branch that is
// switched to comes into the open document, without a keystroke lost.
func TestGitWithOpenDocument(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("work/a.txt", "one\ntwo\nthree\n")
	w.change("folder", api.GitFolder{Path: "work", Action: "init"})
	w.change("stage", api.GitStage{Repo: "work", Action: "stage", All: true})
	w.change("commit", api.GitNewCommit{Repo: "work", Message: "Begin", Author: author})
	ada := w.edit("work/a.txt")
	ada.wait("one\ntwo\nthree\n")

	ada.insert(0, "zero\n")
	ada.saved()
	// Not a moment for the file to follow by itself (2 s): the request writes it.
	done := w.change("commit", api.GitNewCommit{Repo: "work", Message: "Zero", Author: author, All: true})
	if done.Commit == nil || done.Commit.Author != author || done.Status.Total != 0 {
		t.Errorf("got %+v", done)
	}
	if got := w.git("-C", "work", "show", "HEAD:a.txt"); got != "zero\none\ntwo\nthree\n" {
		t.Errorf("committed was %q", got)
	}

	w.change("branch", api.GitBranchChange{Repo: "work", Action: "create", Name: "topic"})
	ada.insert(0, "topic\n")
	ada.saved()
	d := decode[api.GitDiff](t, w.want(200, "GET", "git/diff?repo=work&path=work/a.txt&old=index&new=worktree", ""))
	if d.New.Text != "topic\nzero\none\ntwo\nthree\n" || d.Old.Text != "zero\none\ntwo\nthree\n" {
		t.Errorf("the difference is %+v", d)
	}
	w.change("commit", api.GitNewCommit{Repo: "work", Message: "Topic", Author: author, All: true})
	w.change("branch", api.GitBranchChange{Repo: "work", Action: "switch", Name: "main"})
	ada.wait("zero\none\ntwo\nthree\n")
	// What is typed right after goes on top of what the branch has.
	ada.insert(0, "main\n")
	ada.wait("main\nzero\none\ntwo\nthree\n")
	ada.saved()
	got := w.want(409, "POST", "git/branch", `{"repo":"work","action":"switch","name":"topic"}`)
	if !strings.Contains(got, "would be overwritten") {
		t.Errorf("a switch that would lose edits answered %s", got)
	}
	done = w.change("stage", api.GitStage{Repo: "work", Action: "discard", Paths: []string{"work/a.txt"}})
	ada.wait("zero\none\ntwo\nthree\n")
	w.change("stage", api.GitStage{Repo: "work", Action: "restore", Paths: []string{"work/a.txt"}, Undo: done.Undo})
	ada.wait("main\nzero\none\ntwo\nthree\n")
	w.change("commit", api.GitNewCommit{Repo: "work", Message: "Main", Author: author, All: true})

	// A conflict is in the open document as in the file.
	done = w.change("branch", api.GitBranchChange{Repo: "work", Action: "merge", Name: "topic", Author: author})
	if done.Status.Operation != "merge" || done.Status.Changes[0].Conflict != "both-modified" {
		t.Errorf("got %+v", done.Status)
	}
	ada.wait("<<<<<<< HEAD\nmain\n=======\ntopic\n>>>>>>> topic\nzero\none\ntwo\nthree\n")
	w.want(409, "POST", "git/resolve", `{"repo":"work","action":"resolve","paths":["work/a.txt"]}`)
	ada.remove(0, len("<<<<<<< HEAD\n"))
	ada.remove(len("main\n"), len("=======\n"))
	ada.remove(len("main\ntopic\n"), len(">>>>>>> topic\n"))
	ada.saved()
	w.change("resolve", api.GitResolve{Repo: "work", Action: "resolve", Paths: []string{"work/a.txt"}})
	w.change("commit", api.GitNewCommit{Repo: "work", Message: "Merge", Author: author})
	if got := w.git("-C", "work", "show", "HEAD:a.txt"); got != "main\ntopic\nzero\none\ntwo\nthree\n" {
		t.Errorf("merged was %q", got)
	}
}

func TestGitAddresses(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	if o := decode[api.GitOverview](t, w.want(200, "GET", "git/repositories", "")); !o.Installed || o.Version == "" || len(o.Repositories) != 0 {
		t.Errorf("got %+v", o)
	}
	w.want(404, "GET", "git/status?repo=", "")
	w.change("folder", api.GitFolder{Path: "", Action: "init"})
	w.write("folder/x", "x")
	w.want(404, "GET", "git/status?repo=folder", "") // it is in one, but is none
	w.want(422, "GET", "git/status?repo=../..", "")
	for _, bad := range []string{
		`{"repo":"","action":"stage"}`, `{"repo":"","action":"stage","all":true,"paths":["x"]}`, `{"repo":"","action":"x","all":true}`,
		`{"repo":"","action":"stage","paths":["../x"]}`, `{"repo":"","action":"stage","paths":["a","b"],"lines":[{"oldFrom":1,"oldTo":2,"newFrom":1,"newTo":1}]}`,
	} {
		if res, got := w.do(w.editor(), "POST", "git/stage", bad); res.StatusCode != 400 && res.StatusCode != 422 {
			t.Errorf("%s answered %d %s", bad, res.StatusCode, got)
		}
	}
	if k := decode[api.GitKey](t, w.want(200, "GET", "git/key", "")); k.Public != "" {
		t.Errorf("got a key %+v", k)
	}
	if k := decode[api.GitKey](t, w.want(200, "POST", "git/key", "")); !strings.HasPrefix(k.Public, "ssh-ed25519 ") {
		t.Errorf("got %+v", k)
	}
	if i, err := os.Stat(filepath.Join(w.home, ".ssh/id_ed25519")); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("the key is %v %v", i, err)
	}
}

// events reads the stream of a transfer.
func (w *world) events(body string) (list []api.GitEvent) {
	w.t.Helper()
	for line := range strings.Lines(w.want(200, "POST", "git/transfer", body)) {
		list = append(list, decode[api.GitEvent](w.t, line))
	}
	return list
}

func TestGitTransfer(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	asking := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		rw.WriteHeader(401)
	}))
	t.Cleanup(asking.Close)
	list := w.events(`{"repo":"x","action":"clone","url":"` + asking.URL + `/a.git"}`)
	if last := list[len(list)-1]; last.Credential == nil || last.Credential.URL != asking.URL || !last.Credential.Plain || last.Credential.Refused {
		t.Errorf("got %+v", last)
	}
	list = w.events(`{"repo":"x","action":"clone","url":"` + asking.URL + `/a.git","credential":{"username":"ada","password":"s3cret-token"}}`)
	if last := list[len(list)-1]; last.Credential == nil || !last.Credential.Refused {
		t.Errorf("got %+v", last)
	}
	list = w.events(`{"repo":"x","action":"clone","url":"file:///etc"}`)
	if last := list[len(list)-1]; last.Problem == nil || last.Problem.Code != "invalid" {
		t.Errorf("got %+v", last)
	}
	if strings.Contains(w.output.String(), "s3cret-token") {
		t.Error("the log has the token")
	}
}

// TestGitTransferEnds: a client that goes ends git.
func TestGitTransferEnds(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	came, ended := make(chan struct{}), make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(came)
		<-r.Context().Done()
		close(ended)
	}))
	t.Cleanup(hanging.Close)
	ctx, cancel := context.WithCancel(t.Context())
	r := w.request(w.editor(), "POST", "git/transfer", strings.NewReader(`{"repo":"x","action":"clone","url":"`+hanging.URL+`/a.git"}`)).WithContext(ctx)
	res, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	<-came
	cancel()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("git goes on")
	}
}
