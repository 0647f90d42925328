package git

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

const token = "t0ken-of-ada"

// host is a git server: git http-backend behind basic authentication, as forges
// have it.
type host struct {
	*httptest.Server
	root string

	mu    sync.Mutex
	seen  []string // user names that came
	asked int      // requests without a credential
}

func newHost(t *testing.T) *host {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	h := &host{root: t.TempDir()}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), Dir: h.root,
		Env: []string{"GIT_PROJECT_ROOT=" + h.root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=ada", "HOME=" + h.root, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		h.mu.Lock()
		if ok {
			h.seen = append(h.seen, user+":"+password)
		} else {
			h.asked++
		}
		h.mu.Unlock()
		if !ok || user != "ada" || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

// bare makes an empty repository on the host and returns its address.
func (h *host) bare(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "init", "-q", "--bare", "-b", "main", filepath.Join(h.root, name))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), "git", "-C", filepath.Join(h.root, name), "config", "http.receivepack", "true").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return h.URL + "/" + name
}

func right() *api.GitCredential { return &api.GitCredential{Username: "ada", Password: token} }

func wantCredential(t *testing.T, err error, refused bool) {
	t.Helper()
	c, ok := errors.AsType[*CredentialError](err)
	if !ok || c.Refused != refused || !strings.HasPrefix(c.URL, "http://127.0.0.1:") {
		t.Fatalf("got %v, want a question for a credential (refused %v)", err, refused)
	}
}

func TestPushPullClone(t *testing.T) {
	w, h := newWorld(t), newHost(t)
	ctx := t.Context()
	r := w.repo("one")
	at := h.bare(t, "work.git")
	w.must(r.AddRemote(ctx, "origin", at))
	wantCredential(t, r.Push(ctx, api.GitTransfer{}, nil), false)
	wantCredential(t, r.Push(ctx, api.GitTransfer{Credential: &api.GitCredential{Username: "ada", Password: "wrong"}}, nil), true)
	w.must(r.Push(ctx, api.GitTransfer{Credential: right()}, nil))
	if s := w.status(r); s.Upstream != "origin/main" || s.Ahead != 0 || s.Gone {
		t.Errorf("after the push: got %+v", s)
	}
	_, err := w.g.Clone(ctx, "two", api.GitTransfer{URL: at}, nil)
	wantCredential(t, err, false)
	if _, err := os.Stat(filepath.Join(w.home, "two")); !os.IsNotExist(err) {
		t.Errorf("a clone that failed left a folder: %v", err)
	}
	phases := map[string]bool{}
	two, err := w.g.Clone(ctx, "two", api.GitTransfer{URL: at, Credential: right()}, func(p api.GitProgress) { phases[p.Phase] = true })
	w.must(err)
	if !phases["Receiving objects"] && !phases["Counting objects"] {
		t.Errorf("no progress was told: %v", phases)
	}
	same(t, "cloned", w.read("two/a.txt"), "one\ntwo\nthree\n")

	w.write("two/b.txt", "from two\n")
	w.commit(two, "From two")
	w.must(two.Push(ctx, api.GitTransfer{Credential: right()}, nil))
	w.write("one/c.txt", "from one\n")
	w.commit(r, "From one")
	err = r.Push(ctx, api.GitTransfer{Credential: right()}, nil)
	if d, ok := errors.AsType[*DivergedError](err); !ok || !d.Rejected {
		t.Errorf("got %v, want the push rejected", err)
	}
	err = r.Pull(ctx, api.GitTransfer{Credential: right(), Author: ada}, nil)
	if d, ok := errors.AsType[*DivergedError](err); !ok || d.Rejected || !strings.Contains(d.Message, "1 commit that you lack") {
		t.Errorf("got %v, want that both have commits", err)
	}
	if s := w.status(r); s.Ahead != 1 || s.Behind != 1 {
		t.Errorf("got %+v", s)
	}
	w.must(r.Pull(ctx, api.GitTransfer{Credential: right(), Author: ada, How: "rebase"}, nil))
	same(t, "pulled", w.read("one/b.txt"), "from two\n")
	w.must(r.Push(ctx, api.GitTransfer{Credential: right()}, nil))
	w.must(two.Pull(ctx, api.GitTransfer{Credential: right(), Author: ada}, nil))
	same(t, "pulled forward", w.read("two/c.txt"), "from one\n")
	for _, s := range h.seen {
		if s != "ada:"+token && s != "ada:wrong" {
			t.Errorf("the host saw %s", s)
		}
	}
}

// TestCredentialIsKeptNowhere looks for the token wherever it must not be.
func TestCredentialIsKeptNowhere(t *testing.T) {
	w, h := newWorld(t), newHost(t)
	at := h.bare(t, "work.git")
	u, err := url.Parse(at)
	w.must(err)
	// Helpers that would keep it: for all, for the host, for the very address.
	w.write("helper.sh", "#!/bin/sh\ncat >>"+w.home+"/kept.txt\necho called >>"+w.home+"/kept.txt\n")
	w.must(os.Chmod(filepath.Join(w.home, "helper.sh"), 0o755))
	helper := "!" + w.home + "/helper.sh"
	for _, key := range []string{"credential.helper", "credential." + h.URL + ".helper", "credential." + at + ".helper", "credential.http://ada@" + u.Host + ".helper"} {
		w.git("", "config", "--global", "--add", key, helper)
	}
	r := w.repo("")
	w.must(r.AddRemote(t.Context(), "origin", at))
	// A hook sees arguments and environment.
	w.write(".git/hooks/pre-push", "#!/bin/sh\nenv >hook.txt\ncat /proc/$PPID/cmdline /proc/$PPID/environ >>hook.txt\n")
	w.must(os.Chmod(filepath.Join(w.home, ".git/hooks/pre-push"), 0o755))
	w.must(r.Push(t.Context(), api.GitTransfer{Credential: right()}, nil))
	if !strings.Contains(w.read("hook.txt"), "LYCEUM_ASKPASS") {
		t.Error("the hook did not run: the test looks at nothing")
	}
	for _, root := range []string{w.home, w.g.run} {
		w.must(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if strings.Contains(string(b), token) {
				t.Errorf("%s holds the token", path)
			}
			return err
		}))
	}
	if _, err := os.Stat(filepath.Join(w.home, "kept.txt")); err == nil {
		t.Errorf("a helper was called:\n%s", w.read("kept.txt"))
	}
	left, err := filepath.Glob(filepath.Join(w.g.run, "git-*", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("pipes are left: %v %v", left, err)
	}
	if s := fmt.Sprintf("%v %+v", right(), *right()); strings.Contains(s, token) {
		t.Error("the token can be printed")
	}
	// Without a credential of a person's the project's own helpers work as in a terminal.
	w.write("helper.sh", "#!/bin/sh\necho username=ada\necho password="+token+"\n")
	w.must(r.Fetch(t.Context(), "", nil, nil))
}

// TestCredentialForItsHostOnly: a host that sends git on to another one does not
// make us give the credential to that.
func TestCredentialForItsHostOnly(t *testing.T) {
	w, h := newWorld(t), newHost(t)
	at := h.bare(t, "work.git")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, h.URL+r.URL.RequestURI(), http.StatusFound)
	}))
	t.Cleanup(elsewhere.Close)
	_, err := w.g.Clone(t.Context(), "x", api.GitTransfer{URL: strings.Replace(at, h.URL, elsewhere.URL, 1), Credential: right()}, nil)
	if err == nil || len(h.seen) > 0 {
		t.Errorf("got %v; the other host saw %v", err, h.seen)
	}
}

// TestCredentialForAnotherAddress: the remote was changed behind one's back.
func TestCredentialForAnotherAddress(t *testing.T) {
	w, h := newWorld(t), newHost(t)
	r := w.repo("")
	w.must(r.AddRemote(t.Context(), "origin", h.bare(t, "work.git")))
	c := right()
	c.URL = "https://git.example.org"
	wantCredential(t, r.Push(t.Context(), api.GitTransfer{Credential: c}, nil), false)
	if len(h.seen) > 0 {
		t.Errorf("the host saw %v", h.seen)
	}
	c.URL = h.URL
	w.must(r.Push(t.Context(), api.GitTransfer{Credential: c}, nil))
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		address string
		own, ok bool
	}{
		{"https://git.example.org/a/b.git", true, true},
		{"https://ada@git.example.org:8443/a", true, true},
		{"ssh://git@git.example.org:22/a", true, true},
		{"git@git.example.org:a/b.git", true, true},
		{"git.example.org:a", true, true},
		{"git://git.example.org/a", true, true},
		{"https://ada:secret@git.example.org/a", true, false},
		{"https://ada:secret@git.example.org/a", false, true},
		{"ext::sh -c id", true, false},
		{"ext::id", true, false},
		{"fd::7", true, false},
		{"file:///etc", true, false},
		{"/etc", true, false},
		{"../other", true, false},
		{"-oProxyCommand=id:x", true, false},
		{"--upload-pack=id", true, false},
		{"ssh://-oProxyCommand=id/x", true, false},
		{"ssh://-oProxyCommand=id@host/x", true, false},
		{"git@-oProxyCommand=id:x", true, false},
		{"ftp://example.org/x", true, false},
		{"https://", true, false},
		{"https://exa mple.org/", true, false},
		{"a\nb:c", true, false},
		{"", true, false},
	} {
		if err := CheckAddress(c.address, c.own); (err == nil) != c.ok {
			t.Errorf("%q (own %v): got %v, want allowed %v", c.address, c.own, err, c.ok)
		}
	}
	same(t, "shown", withoutPassword("https://ada:secret@git.example.org/a"), "https://git.example.org/a")
	same(t, "shown ssh", withoutPassword("git@git.example.org:a"), "git@git.example.org:a")
	same(t, "origin", origin("https://ada@Git.example.org:443/a"), "https://git.example.org")
	same(t, "message", redact("fatal: https://ada:secret@git.example.org/a not found"), "fatal: https://git.example.org/a not found")
}

// TestTransports: what a repository's configuration says is refused too.
func TestTransports(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	for _, address := range []string{"ext::touch " + w.home + "/pwned", w.home, "file://" + w.home} {
		w.git("", "config", "remote.origin.url", address)
		wantKind(t, r.Fetch(t.Context(), "origin", nil, nil), lyceum.Invalid, "")
		// What is not our check is git's own.
		_, err := r.run(t.Context(), "fetch", "--", "origin")
		if err == nil {
			t.Errorf("git itself fetched from %s", address)
		}
	}
	if _, err := os.Stat(filepath.Join(w.home, "pwned")); err == nil {
		t.Error("a transport ran a program")
	}
	w.git("", "config", "remote.origin.url", "http://127.0.0.1:1/x")
	wantKind(t, r.Fetch(t.Context(), "", nil, nil), lyceum.Unavailable, "cannot be reached")
	wantKind(t, r.Fetch(t.Context(), "-x", nil, nil), lyceum.Invalid, "name")
}

// TestCancel ends a clone in the middle: nothing of it stays.
func TestCancel(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		cancel()
		<-release
	}))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(release) })
	_, err := w.g.Clone(ctx, "x", api.GitTransfer{URL: slow.URL + "/a.git", Credential: right()}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(w.home, "x")); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
}
