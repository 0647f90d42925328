package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/livedoc"
	"lyceum/internal/lyceum"
	"lyceum/internal/project"
)

// The command tells, prints, compares, names, restores and clears, and with no
// server running it reads.
func TestHistoryCommand(t *testing.T) {
	base, err := os.MkdirTemp("", "ly")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	home := filepath.Join(base, "home")
	state := filepath.Join(home, ".local/state/lyceum/documents")
	if err := errors.Join(os.MkdirAll(home, 0o700), os.Mkdir(filepath.Join(base, "run"), 0o700), os.WriteFile(filepath.Join(home, "a.txt"), []byte("one\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Chdir(home)
	call := func(args ...string) (string, int) {
		t.Helper()
		var out, problems bytes.Buffer
		err := run(t.Context(), append([]string{"history"}, args...), &out, &problems)
		if err == nil {
			return out.String(), 0
		}
		return out.String() + err.Error(), exitCode(err)
	}
	if out, code := call("a.txt"); code != 1 || !strings.Contains(out, "no histories here") {
		t.Errorf("without any history it says %q, %d", out, code)
	}
	// Three versions: as it was, and two changes by programs.
	dir, err := files.OpenDir(home)
	if err != nil {
		t.Fatal(err)
	}
	store, err := livedoc.New(livedoc.Config{Files: dir, State: state})
	if err != nil {
		t.Fatal(err)
	}
	open := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		c := silent{read: make(chan struct{}, 100)}
		go func() { ended <- store.Serve(ctx, "a.txt", c, livedoc.Viewer{Account: "ada", Name: "Ada"}) }()
		<-c.read
		cancel()
		<-ended
	}
	open()
	if err := store.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "a.txt"), []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if store, err = livedoc.New(livedoc.Config{Files: dir, State: state}); err != nil {
		t.Fatal(err)
	}
	open()
	if err := store.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var list api.History
	both := func(when string) {
		t.Helper()
		out, code := call("a.txt", "--json")
		if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list.Items) != 2 {
			t.Fatalf("%s: the list is %s, %d, %v", when, out, code, err)
		}
		if out, code := call("a.txt", "--at", "1"); out != "one\n" || code != 0 {
			t.Errorf("%s: the first version is %q, %d", when, out, code)
		}
		if out, code := call("a.txt", "--at", time.Now().Add(time.Hour).Format(time.RFC3339)); out != "one\ntwo\n" || code != 0 {
			t.Errorf("%s: the newest version is %q, %d", when, out, code)
		}
		if out, code := call("a.txt", "--diff", "1"); !strings.Contains(out, "@@ -1,1 +1,2 @@\n one\n+two\n") || code != 0 {
			t.Errorf("%s: the difference is %q, %d", when, out, code)
		}
		if out, code := call("a.txt"); !strings.Contains(out, "changed on disk") || code != 0 {
			t.Errorf("%s: the list says %q, %d", when, out, code)
		}
		if out, code := call("a.txt", "--at", "soon"); code != 2 {
			t.Errorf("%s: a bad time gives %q, %d", when, out, code)
		}
		if out, code := call("a.txt", "--at", "2001-01-01"); code != 1 {
			t.Errorf("%s: an old time gives %q, %d", when, out, code)
		}
	}
	both("without a server")
	if out, code := call("a.txt", "--restore", "1"); code != 1 || !strings.Contains(out, "does not run") {
		t.Errorf("without a server restoring gives %q, %d", out, code)
	}

	key, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- project.Run(ctx, project.Config{Project: lyceum.NewID[lyceum.ProjectID](), Home: home, Run: filepath.Join(base, "run"), PublicKey: key, Log: slog.New(slog.DiscardHandler), Version: "test"})
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		if _, err := os.Stat(filepath.Join(home, project.LocalSocket)); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not come")
		}
	}
	both("with a server")
	if out, code := call("a.txt", "--at", "1", "--name", "the first"); code != 0 {
		t.Errorf("naming gives %q, %d", out, code)
	}
	if out, code := call("a.txt", "--restore", "1"); code != 0 || !strings.Contains(out, "Restored") {
		t.Errorf("restoring gives %q, %d", out, code)
	}
	if out, _ := call("a.txt"); !strings.Contains(out, "«the first»") || !strings.Contains(out, "version 1 restored") {
		t.Errorf("then the list says %q", out)
	}
	if out, code := call("a.txt", "--clear"); code != 0 {
		t.Errorf("clearing gives %q, %d", out, code)
	}
	if out, _ := call("a.txt"); strings.Count(out, "\n") != 1 {
		t.Errorf("after clearing the list says %q", out)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile("a.txt"); err != nil || string(b) != "one\n" {
		t.Errorf("in the end the file is %q, %v", b, err)
	}
}

// silent is a viewer who says nothing.
type silent struct{ read chan struct{} }

func (silent) Read(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s silent) Write(context.Context, []byte) error {
	s.read <- struct{}{}
	return nil
}
