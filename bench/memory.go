package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// memorySection compares what an idle project holds (all of its processes, pages
// that several share counted in parts) with an idle Jupyter Server, alone and as
// one of twenty.
func memorySection(ctx context.Context, b *bench) error {
	s, err := b.site(ctx, "memory", -1)
	if err != nil {
		return err
	}
	defer s.end(ctx)
	var servers []*child
	defer func() {
		for _, c := range servers {
			c.end()
		}
	}()
	var projects []string
	for _, n := range []int{1, 20} {
		for len(projects) < n {
			id, err := s.make(ctx, "Memory "+strconv.Itoa(len(projects)))
			if err != nil {
				return err
			}
			if err := s.start(ctx, id); err != nil {
				return err
			}
			projects = append(projects, id)
		}
		for len(servers) < n {
			c, err := b.jupyterServer(ctx, len(servers))
			if err != nil {
				return err
			}
			servers = append(servers, c)
		}
		if err := pause(ctx, 8*time.Second); err != nil { // what starting needed is given back
			return err
		}
		if err := b.memoryRows(s, projects, servers); err != nil {
			return err
		}
	}
	return b.kernelMemory(ctx, s, projects[0], servers[0])
}

func (b *bench) memoryRows(s *site, projects []string, servers []*child) error {
	var ours, theirs, parts sample
	for _, id := range projects {
		pids, err := s.runOf(id)
		if err != nil {
			return err
		}
		ours = append(ours, pss(pids)/1e6)
		parts = append(parts, float64(len(pids)))
	}
	for _, c := range servers {
		theirs = append(theirs, pss(family(c.pid()))/1e6)
	}
	b.report.add(row{What: fmt.Sprintf("an idle project, %d running", len(projects)), Unit: "MB", Ours: ours, Peer: "jupyter server", Peers: theirs, Aim: "≤ 15 MB", Met: met(ours.median() <= 15),
		Note: fmt.Sprintf("proportional set size of all its %.0f processes", parts.median())})
	return nil
}

func (b *bench) jupyterServer(ctx context.Context, n int) (*child, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	home := filepath.Join(b.work, "jupyter", strconv.Itoa(n))
	if err := os.MkdirAll(home, 0o755); err != nil {
		return nil, err
	}
	c, err := b.begin("jupyter", -1, []string{"HOME=" + home, "JUPYTER_CONFIG_DIR=" + home}, filepath.Join(b.peers, "python/bin/jupyter-server"),
		"--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port="+strconv.Itoa(port), "--ServerApp.root_dir="+home, "--IdentityProvider.token="+jhToken, "--ServerApp.log_level=ERROR", "--ServerApp.allow_remote_access=True", "--no-browser")
	if err != nil {
		return nil, err
	}
	c.drain()
	c.addr = "127.0.0.1:" + strconv.Itoa(port)
	if err := answers(ctx, c.addr); err != nil {
		c.end()
		said, _ := os.ReadFile(c.log)
		return nil, fmt.Errorf("jupyter server: %w: %s", err, tail(said))
	}
	return c, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
