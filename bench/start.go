package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// startSection measures from the request to start a stopped project to the first
// prompt in a terminal of it, as a browser would go: start, wait until it runs,
// make a terminal, read. Beside it JupyterHub starts a single-user server for a
// user, and a terminal there.
func startSection(ctx context.Context, b *bench) error {
	many := 100
	if b.quick {
		many = 10
	}
	s, err := b.site(ctx, "start", -1)
	if err != nil {
		return err
	}
	defer s.end(ctx)
	var ids []string
	for i := range many {
		id, err := s.make(ctx, "Start "+strconv.Itoa(i))
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	j, err := b.starters(ctx, many)
	if err != nil {
		return err
	}
	defer j.end()
	var ours, theirs sample
	for i := range b.rounds + 1 {
		o, err := together(ctx, ids[:1], s.prompt, s.stop)
		if err != nil {
			return err
		}
		t, err := j.start(ctx, 1)
		if err != nil {
			return err
		}
		if i > 0 { // the first fills the home
			ours, theirs = append(ours, o...), append(theirs, t...)
		}
	}
	b.report.add(row{What: "start to first prompt, alone", Unit: "ms", Ours: ours, Peer: "JupyterHub, local spawner", Peers: theirs, Aim: "median ≤ 300 ms", Met: met(ours.median() <= 300)})
	all, err := together(ctx, ids, s.prompt, s.stop)
	if err != nil {
		return err
	}
	peers, err := j.start(ctx, many)
	note := ""
	if err != nil {
		note = "JupyterHub: " + err.Error()
	}
	b.report.add(row{What: fmt.Sprintf("start to first prompt, %d at once, p99", many), Unit: "ms", Ours: sample{all.at(0.99)}, Peer: "JupyterHub, local spawner", Peers: p99Of(peers), Aim: "≤ 5 s", Met: met(all.at(0.99) <= 5000), Note: note})
	b.report.add(row{What: fmt.Sprintf("start to first prompt, %d at once, each", many), Unit: "ms", Ours: all, Peer: "JupyterHub, local spawner", Peers: peers})
	return nil
}

// starters are JupyterHub and its users who start servers; nobody where Lyceum is
// measured alone.
type starters struct {
	hub   *jupyterhub
	users []string
}

func (b *bench) starters(ctx context.Context, many int) (starters, error) {
	if b.solo {
		return starters{}, nil
	}
	hub, err := b.jupyterhub(ctx, -1, "sqlite:///"+b.work+"/jupyterhub/start.sqlite")
	if err != nil {
		return starters{}, err
	}
	s := starters{hub: hub}
	for i := range many {
		user := "person" + strconv.Itoa(i)
		if err := hub.call(ctx, "POST", "/users/"+user, nil, nil); err != nil {
			s.end()
			return starters{}, err
		}
		s.users = append(s.users, user)
	}
	return s, nil
}

func (s starters) end() {
	if s.hub != nil {
		s.hub.child.end()
	}
}

// start starts the servers of the first users, all at once.
func (s starters) start(ctx context.Context, many int) (sample, error) {
	if s.hub == nil {
		return nil, nil
	}
	return together(ctx, s.users[:many], s.hub.prompt, s.hub.stop)
}

func p99Of(s sample) sample {
	if len(s) == 0 {
		return nil
	}
	return sample{s.at(0.99)}
}

// together starts all names at once, and stops them when all have started. One
// failure fails all.
func together(ctx context.Context, names []string, start func(ctx context.Context, name string) (float64, error), stop func(ctx context.Context, name string) error) (sample, error) {
	times := make(sample, len(names))
	err := eachOf(names, func(i int, name string) (err error) {
		times[i], err = start(ctx, name)
		return err
	})
	return times, errors.Join(err, eachOf(names, func(_ int, name string) error { return stop(ctx, name) }))
}

// eachOf calls f for all names at once, and tells how many failed, and how the first did.
func eachOf(names []string, f func(i int, name string) error) error {
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { errs[i] = f(i, name) })
	}
	all.Wait()
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d failed: %w", len(errs), len(names), errs[0])
}

// prompt starts a project, waits for the prompt of a new terminal, and returns the
// milliseconds from the first request to the prompt.
func (s *site) prompt(ctx context.Context, id string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	began := time.Now()
	if err := s.start(ctx, id); err != nil {
		return 0, err
	}
	t, err := s.newTerminal(ctx, id)
	if err != nil {
		return 0, err
	}
	defer t.close()
	if err := t.until(ctx, "$ "); err != nil {
		return 0, err
	}
	return float64(time.Since(began).Microseconds()) / 1e3, nil
}

// call makes one request to JupyterHub's API.
func (j *jupyterhub) call(ctx context.Context, method, path string, in, out any) error {
	return j.at(ctx, method, "http://"+j.public+"/hub/api"+path, in, out)
}

func (j *jupyterhub) at(ctx context.Context, method, address string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "token "+jhToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %.200s", method, address, res.Status, text)
	}
	if out == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, out)
}

// prompt is the same for a user's single-user server.
func (j *jupyterhub) prompt(ctx context.Context, user string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	began := time.Now()
	if err := j.call(ctx, "POST", "/users/"+user+"/server", nil, nil); err != nil {
		return 0, err
	}
	if err := j.progress(ctx, user); err != nil {
		return 0, err
	}
	var made struct{ Name string }
	base := "/user/" + user
	if err := j.at(ctx, "POST", "http://"+j.public+base+"/api/terminals", nil, &made); err != nil {
		return 0, err
	}
	c, _, err := websocket.Dial(ctx, "http://"+j.public+base+"/terminals/websocket/"+made.Name, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"token " + jhToken}}})
	if err != nil {
		return 0, err
	}
	defer c.CloseNow()
	for {
		_, b, err := c.Read(ctx)
		if err != nil {
			return 0, err
		}
		var msg []any
		if json.Unmarshal(b, &msg) != nil || len(msg) < 2 || msg[0] != "stdout" {
			continue
		}
		if text, _ := msg[1].(string); strings.Contains(text, "$ ") || strings.Contains(text, "# ") {
			break
		}
	}
	return float64(time.Since(began).Microseconds()) / 1e3, nil
}

// stop ends a user's server.
func (j *jupyterhub) stop(ctx context.Context, user string) error {
	if err := j.call(ctx, "DELETE", "/users/"+user+"/server", nil, nil); err != nil {
		return err
	}
	return j.gone(ctx, user)
}

// progress waits until a user's server is ready, by the event stream that
// JupyterHub's own page has.
func (j *jupyterhub) progress(ctx context.Context, user string) error {
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+j.public+"/hub/api/users/"+user+"/server/progress", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "token "+jhToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var now struct {
			Ready, Failed bool
			Message       string
		}
		switch {
		case !ok:
		case json.Unmarshal([]byte(data), &now) != nil || now.Failed:
			return fmt.Errorf("the server of %s did not start: %s", user, data)
		case now.Ready:
			return nil
		}
	}
	return fmt.Errorf("the server of %s did not start: %s: %w", user, res.Status, cmp.Or(lines.Err(), io.ErrUnexpectedEOF))
}

// gone waits until a user's server has ended; JupyterHub tells of that to nobody.
func (j *jupyterhub) gone(ctx context.Context, user string) error {
	return poll(ctx, func() (bool, error) {
		var u struct{ Servers map[string]struct{} }
		err := j.call(ctx, "GET", "/users/"+user, nil, &u)
		return err == nil && len(u.Servers) == 0, err
	})
}
