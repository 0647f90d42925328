package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// serveSection measures the server alone: how soon it is ready on a database that
// is there, what it holds when idle, what a browser loads first, and what a
// thousand idle sockets cost.
func serveSection(ctx context.Context, b *bench) error {
	data := filepath.Join(b.work, "serve")
	s, err := b.siteIn(ctx, data, -1)
	if err != nil {
		return err
	}
	s.end(ctx)
	var ready, idle sample
	for range b.rounds {
		began := time.Now()
		if s, err = b.serve(data, -1); err != nil {
			return err
		}
		ready = append(ready, s.child.ready.Sub(began).Seconds())
		if err := pause(ctx, 3*time.Second); err != nil {
			return err
		}
		idle = append(idle, rss([]int{s.child.pid()})/1e6)
		s.child.end()
	}
	theirs, memory, err := b.hubStart(ctx)
	if err != nil {
		return err
	}
	b.report.add(row{What: "from exec to ready, existing database (the built-in PostgreSQL started too)", Unit: "s", Ours: ready, Peer: "JupyterHub (SQLite, proxy started too)", Peers: theirs, Aim: "≤ 1 s", Met: met(ready.median() <= 1)})
	b.report.add(row{What: "memory of the idle server", Unit: "MB", Ours: idle, Peer: "JupyterHub without its proxy", Peers: memory, Aim: "≤ 60 MB", Met: met(idle.median() <= 60), Note: "resident set size of the one process"})
	if s, err = b.siteIn(ctx, data, -1); err != nil {
		return err
	}
	defer s.end(ctx)
	if err := b.firstLoad(ctx, s); err != nil {
		return err
	}
	return b.idleSockets(ctx, s)
}

func (b *bench) hubStart(ctx context.Context) (ready, memory sample, err error) {
	url := "sqlite:///" + filepath.Join(b.work, "jupyterhub", "serve.sqlite")
	for i := range b.rounds + 1 {
		began := time.Now()
		j, err := b.jupyterhub(ctx, -1, url)
		if err != nil {
			return nil, nil, err
		}
		took := time.Since(began).Seconds()
		if err := pause(ctx, 3*time.Second); err != nil {
			return nil, nil, err
		}
		if i > 0 { // the first makes the database
			ready, memory = append(ready, took), append(memory, rss([]int{j.child.pid()})/1e6)
		}
		j.child.end()
	}
	return ready, memory, nil
}

var moduleRefs = regexp.MustCompile(`(?:src|href)="(\./|/)?(assets/[^"]+\.js)"`)

// firstLoad adds up the scripts that the first page names.
func (b *bench) firstLoad(ctx context.Context, s *site) error {
	page, err := s.bytes(ctx, "/")
	if err != nil {
		return err
	}
	total := 0
	for _, m := range moduleRefs.FindAllSubmatch(page, -1) {
		text, err := s.bytes(ctx, "/"+string(m[2]))
		if err != nil {
			return err
		}
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, 9)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		total += z.Len()
	}
	if total == 0 {
		return fmt.Errorf("the first page names no scripts")
	}
	kb := float64(total) / 1000
	b.report.add(row{What: "first load of the app: scripts, gzipped", Unit: "kB", Ours: sample{kb}, Aim: "≤ 250 kB", Met: met(kb <= 250)})
	return nil
}

func (s *site) bytes(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Encoding", "identity")
	res, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		return nil, fmt.Errorf("GET %s: %s", path, res.Status)
	}
	return io.ReadAll(res.Body)
}

// idleSockets opens a thousand sockets through the hub to a project (folders
// watched, as each open page does) and a thousand event streams.
func (b *bench) idleSockets(ctx context.Context, s *site) error {
	const n = 1000
	id, err := s.make(ctx, "Sockets")
	if err != nil {
		return err
	}
	if err := s.start(ctx, id); err != nil {
		return err
	}
	project, err := s.runOf(id)
	if err != nil {
		return err
	}
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	hub0, project0 := rss([]int{s.child.pid()}), rss(project)
	var open []*websocket.Conn
	defer func() {
		for _, c := range open {
			_ = c.CloseNow()
		}
	}()
	h := http.Header{"Cookie": {s.cookies()}, "Origin": {s.url}}
	began := time.Now()
	for range n {
		c, _, err := websocket.Dial(ctx, s.url+"/p/"+id+"/watch", &websocket.DialOptions{HTTPHeader: h})
		if err != nil {
			return fmt.Errorf("socket %d: %w", len(open), err)
		}
		open = append(open, c)
		if err := c.Write(ctx, websocket.MessageText, []byte(`{"watch":[""]}`)); err != nil {
			return err
		}
		go func() { // pongs are sent by who reads
			for {
				if _, _, err := c.Read(ctx); err != nil {
					return
				}
			}
		}()
	}
	took := time.Since(began)
	if err := pause(ctx, 25*time.Second); err != nil { // past one ping
		return err
	}
	cpu := cpuOf(s.child.pid())
	if err := pause(ctx, 10*time.Second); err != nil {
		return err
	}
	cpu = (cpuOf(s.child.pid()) - cpu) / 10 * 100
	b.report.add(row{What: "1,000 idle sockets: memory each in the hub", Unit: "kB", Ours: sample{(rss([]int{s.child.pid()}) - hub0) / n / 1e3}, Note: fmt.Sprintf("opened in %s", took.Round(time.Millisecond))})
	b.report.add(row{What: "1,000 idle sockets: memory each in the project", Unit: "kB", Ours: sample{(rss(project) - project0) / n / 1e3}})
	b.report.add(row{What: "1,000 idle sockets: processor of the hub", Unit: "%", Ours: sample{cpu}})
	return b.idleStreams(ctx, s, n)
}

// idleStreams opens event streams, as each open page does one.
func (b *bench) idleStreams(ctx context.Context, s *site, n int) error {
	before := rss([]int{s.child.pid()})
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	request := strings.Replace(s.request("/api/v1/events"), "Accept: */*", "Accept: text/event-stream", 1)
	for range n {
		c, err := net.Dial("tcp", s.host())
		if err != nil {
			return err
		}
		open = append(open, c)
		if _, err := io.WriteString(c, request); err != nil {
			return err
		}
	}
	head := make([]byte, 12)
	for i, c := range open {
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, head); err != nil || string(head) != "HTTP/1.1 200" {
			return fmt.Errorf("event stream %d: %q, %v", i, head, err)
		}
	}
	b.report.add(row{What: strconv.Itoa(n) + " event streams: memory each in the hub", Unit: "kB", Ours: sample{(rss([]int{s.child.pid()}) - before) / float64(n) / 1e3}})
	return nil
}
