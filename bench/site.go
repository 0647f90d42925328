package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// site is a running Lyceum with an administrator who is signed in.
type site struct {
	child  *child
	data   string
	url    string // without a slash at the end
	client http.Client
	phases phases
}

const (
	adminEmail    = "ada@example.org"
	adminPassword = "correct horse battery"
)

// site starts Lyceum on a core (-1: any) in a new data folder.
func (b *bench) site(ctx context.Context, name string, core int, env ...string) (*site, error) {
	return b.siteIn(ctx, filepath.Join(b.work, name), core, env...)
}

// siteIn starts Lyceum on a data folder that may be there already, and signs in.
func (b *bench) siteIn(ctx context.Context, data string, core int, env ...string) (*site, error) {
	s, err := b.serve(data, core, env...)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s.client = http.Client{Jar: jar, Timeout: 10 * time.Minute}
	err = s.call(ctx, "POST", "/api/v1/sessions", map[string]string{"email": adminEmail, "password": adminPassword}, nil)
	if err == nil {
		err = s.listen(ctx)
	}
	if err != nil {
		s.end(ctx)
		return nil, err
	}
	return s, nil
}

// serve starts Lyceum and waits until it is ready. Nobody is signed in.
func (b *bench) serve(data string, core int, env ...string) (*site, error) {
	b.sites++ // each has users of its own
	env = append([]string{
		"LYCEUM_DATA=" + data, "LYCEUM_LISTEN=127.0.0.1:0", "LYCEUM_LOG_LEVEL=warn", "LYCEUM_FIRST_UID=" + strconv.Itoa(400_000+5_000*(os.Getpid()%100)+250*b.sites), "LYCEUM_UIDS=250",
		"LYCEUM_SETUP_ADMIN_EMAIL=" + adminEmail, "LYCEUM_SETUP_ADMIN_PASSWORD=" + adminPassword,
	}, env...)
	c, err := b.begin("lyceum", core, env, b.bin, "serve")
	if err != nil {
		return nil, err
	}
	at, err := c.line("Lyceum is at ")
	if err != nil {
		c.end()
		return nil, err
	}
	c.drain()
	return &site{child: c, data: data, url: strings.TrimSuffix(at, "/")}, nil
}

// end stops all projects that run, and the server.
func (s *site) end(ctx context.Context) {
	var list struct{ Items []project }
	if s.call(ctx, "GET", "/api/v1/projects?limit=200", nil, &list) == nil {
		for _, p := range list.Items {
			s.phases.answered(p, s.phases.now(p.ID))
			_ = s.ask(ctx, p.ID, "stop")
		}
		for _, p := range list.Items {
			_ = s.until(ctx, p.ID, "stopped", "failed")
		}
	}
	if s.phases.stop != nil {
		s.phases.stop()
	}
	s.child.end()
}

// call makes one request with JSON both ways; out may be nil.
func (s *site) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, res.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// make makes a project, without starting it.
func (s *site) make(ctx context.Context, name string) (id string, err error) {
	var p struct{ ID string }
	err = s.call(ctx, "POST", "/api/v1/projects", map[string]string{"name": name}, &p)
	return p.ID, err
}

// start starts a project and waits until it runs.
func (s *site) start(ctx context.Context, id string) error {
	if err := s.ask(ctx, id, "start"); err != nil {
		return err
	}
	return s.until(ctx, id, "running")
}

func (s *site) stop(ctx context.Context, id string) error {
	if err := s.ask(ctx, id, "stop"); err != nil {
		return err
	}
	return s.until(ctx, id, "stopped")
}

// ask has a project started or stopped.
func (s *site) ask(ctx context.Context, id, what string) error {
	before := s.phases.now(id)
	var p project
	if err := s.call(ctx, "POST", "/api/v1/projects/"+id+"/"+what, nil, &p); err != nil {
		return err
	}
	s.phases.answered(p, before)
	return nil
}

// until waits until the project is in one of the phases, by the event stream that
// browsers have.
func (s *site) until(ctx context.Context, id string, phases ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	now, err := s.phases.await(ctx, id, phases)
	if err != nil {
		return fmt.Errorf("project %s is %s, want %v: %w", id, now, phases, err)
	}
	return nil
}

// poll calls f until it is done: after 5 ms, and then ever more seldom, up to 100 ms,
// so that a hundred who wait at once are not what takes the time.
func poll(ctx context.Context, f func() (done bool, err error)) error {
	for wait := 5 * time.Millisecond; ; wait = min(wait+wait/4, 100*time.Millisecond) {
		if done, err := f(); done || err != nil {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// host is the address without the scheme.
func (s *site) host() string { return strings.TrimPrefix(s.url, "http://") }

// cookies is the header of a browser that is signed in.
func (s *site) cookies() string {
	u, err := url.Parse(s.url)
	if err != nil {
		return ""
	}
	var all []string
	for _, c := range s.client.Jar.Cookies(u) {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// request is a whole GET as a browser of the site's own page sends it.
func (s *site) request(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: " + s.host() + "\r\nCookie: " + s.cookies() +
		"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\nAccept: */*\r\nSec-Fetch-Site: same-origin\r\n\r\n"
}

// runOf are the processes of a running project: all below the one that the
// server recorded.
func (s *site) runOf(id string) ([]int, error) {
	b, err := os.ReadFile(filepath.Join(s.data, "compute", id, "run.json"))
	if err != nil {
		return nil, err
	}
	var rec struct{ Outer, Init struct{ Pid int } }
	if err := json.Unmarshal(b, &rec); err != nil {
		return nil, err
	}
	if rec.Outer.Pid == 0 {
		rec.Outer.Pid = rec.Init.Pid
	}
	pids := family(rec.Outer.Pid)
	// The helper of the project's own network is the server's child.
	if b, err = os.ReadFile(filepath.Join(s.data, "compute", id, "network.json")); err == nil {
		var helper struct{ Pid int }
		if err := json.Unmarshal(b, &helper); err != nil {
			return nil, err
		}
		if helper.Pid > 1 {
			pids = append(pids, helper.Pid)
		}
	}
	return pids, nil
}

// socketOf is where the project server of a running project listens.
func (s *site) socketOf(id string) (string, error) {
	b, err := os.ReadFile(filepath.Join(s.data, "compute", id, "run.json"))
	if err != nil {
		return "", err
	}
	var rec struct{ Run string }
	if err := json.Unmarshal(b, &rec); err != nil {
		return "", err
	}
	return filepath.Join(rec.Run, "project.sock"), nil
}
