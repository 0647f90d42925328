package git

import (
	"bufio"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// askpass is what git runs with a question as its argument. head takes one line
// and no more, so that nothing is in a variable or an argument of a shell.
const askpass = "#!/bin/sh\nprintf '%s\\n' \"$1\" >\"$LYCEUM_ASKPASS/ask\" && exec head -n 1 <\"$LYCEUM_ASKPASS/answer\"\n"

// writeAskpass puts the script into the run folder, once: a script that is being
// written cannot be run.
func (g *Git) writeAskpass() (string, error) {
	path := filepath.Join(g.run, "git-askpass")
	if err := os.WriteFile(path+".new", []byte(askpass), 0o700); err != nil {
		return "", err
	}
	return path, os.Rename(path+".new", path)
}

// answerer answers the questions of one operation.
type answerer struct {
	origin string // origin that the credential is for
	given  *api.GitCredential
	dir    string
	ask    *os.File
	reply  *os.File
	done   sync.WaitGroup

	mu      sync.Mutex
	answers int
}

// answer begins to answer what a git asks for the remote at address. env is for
// that git; the caller calls close after it ended.
func (g *Git) answer(address string, c *api.GitCredential) (a *answerer, env []string, err error) {
	if strings.ContainsAny(c.Username+c.Password.Reveal(), "\n\r\x00") {
		return nil, nil, lyceum.Invalidf("credential", "a user name or token has no line ends")
	}
	script, err := g.askpass()
	if err != nil {
		return nil, nil, err
	}
	a = &answerer{origin: origin(address), given: c}
	if a.dir, err = os.MkdirTemp(g.run, "git-"); err != nil {
		return nil, nil, err
	}
	for name, f := range map[string]**os.File{"ask": &a.ask, "answer": &a.reply} {
		path := filepath.Join(a.dir, name)
		if err = syscall.Mkfifo(path, 0o600); err == nil {
			// For reading and writing, so that neither side waits for the other to
			// open; not blocking, so that close ends a read.
			*f, err = os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
		}
		if err != nil {
			return nil, nil, errors.Join(err, a.close())
		}
	}
	a.done.Go(a.run)
	env = append([]string{"GIT_ASKPASS=" + script, "LYCEUM_ASKPASS=" + a.dir}, noHelpers(address)...)
	return a, env, nil
}

// noHelpers switches the credential helpers that are configured off for address, so
// that none is given what was typed: an empty helper ends the list before it, in
// the section of the same address only (git-config(1), credential.<url>.*).
func noHelpers(address string) []string {
	var env []string
	keys := []string{"credential.helper", "core.askPass"}
	if u, err := url.Parse(address); err == nil {
		user := u.User
		for _, path := range []string{u.Path, ""} {
			for _, who := range []*url.Userinfo{nil, user} {
				v := url.URL{Scheme: u.Scheme, Host: u.Host, Path: path, User: who}
				keys = append(keys, "credential."+v.String()+".helper")
			}
		}
	}
	for i, k := range keys {
		n := string(rune('0' + i))
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+k, "GIT_CONFIG_VALUE_"+n+"=")
	}
	return append(env, "GIT_CONFIG_COUNT="+string(rune('0'+len(keys))))
}

// question is what git asks: credential.c, credential_ask_one.
var question = regexp.MustCompile(`^(Username|Password) for '(https?://[^']+)': ?$`)

func (a *answerer) run() {
	for in := bufio.NewScanner(a.ask); in.Scan(); {
		answer := "\n" // an empty line: git then says that it has no credential
		if m := question.FindStringSubmatch(in.Text()); m != nil && a.origin != "" && origin(m[2]) == a.origin {
			answer = a.given.Username + "\n"
			if m[1] == "Password" {
				answer = a.given.Password.Reveal() + "\n"
			}
			a.mu.Lock()
			a.answers++
			a.mu.Unlock()
		}
		if _, err := a.reply.WriteString(answer); err != nil {
			return
		}
	}
}

// asked reports whether the credential was given out.
func (a *answerer) asked() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answers > 0
}

// close ends the answering and removes the pipes with what is in them.
func (a *answerer) close() error {
	var all []error
	for _, f := range []*os.File{a.ask, a.reply} {
		if f != nil {
			all = append(all, f.Close())
		}
	}
	a.done.Wait()
	return errors.Join(append(all, os.RemoveAll(a.dir))...)
}
