package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// phases are those of a site's projects, as the event stream tells them.
type phases struct {
	stop func() // ends the stream

	mu   sync.Mutex
	of   map[string]string
	news chan struct{} // closed at each change
	over error         // why the stream ended
}

// listen opens the site's event stream, as a browser does that is signed in.
func (s *site) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	p := &s.phases
	p.stop, p.of, p.news = cancel, map[string]string{}, make(chan struct{})
	r, err := http.NewRequestWithContext(ctx, "GET", s.url+"/api/v1/events", nil)
	if err != nil {
		return err
	}
	all := s.client
	all.Timeout = 0 // it lasts
	res, err := all.Do(r)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.Join(errors.New("the event stream: "+res.Status), res.Body.Close())
	}
	go func() { // ends with the stream
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				p.take(data)
			}
		}
		p.end(lines.Err())
	}()
	return nil
}

// project is what we read of one.
type project struct {
	ID    string
	State struct{ Phase string }
}

// take notes what one event says, if it is one of a project.
func (p *phases) take(data string) {
	var e project
	if json.Unmarshal([]byte(data), &e) == nil && e.State.Phase != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.setLocked(e)
	}
}

func (p *phases) setLocked(e project) {
	p.of[e.ID] = e.State.Phase
	close(p.news)
	p.news = make(chan struct{})
}

func (p *phases) now(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[id]
}

// answered notes what a request was answered with, unless an event came since,
// which is newer.
func (p *phases) answered(e project, before string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[e.ID] == before {
		p.setLocked(e)
	}
}

func (p *phases) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = errors.Join(errors.New("the event stream ended"), err)
	close(p.news)
	p.news = make(chan struct{})
}

// await waits for one of the phases and returns the one that is so.
func (p *phases) await(ctx context.Context, id string, want []string) (string, error) {
	for {
		p.mu.Lock()
		now, news, over := p.of[id], p.news, p.over
		p.mu.Unlock()
		switch {
		case slices.Contains(want, now):
			return now, nil
		case over != nil:
			return now, over
		case now == "failed":
			return now, errors.New("it failed")
		}
		select {
		case <-news:
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}
