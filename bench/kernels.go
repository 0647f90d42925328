package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// kernelsSection measures kernels through the hub. Beside it are Jupyter Server, by the
// same client over the same protocol, and jupyter_client over ZeroMQ; all start the
// same ipykernel, the machine's own.
func kernelsSection(ctx context.Context, b *bench) error {
	return b.besideJupyter(ctx, b.kernelEchoes, b.kernelStarts, b.kernelReserve)
}

// besideJupyter calls each of some functions with a running project of a new site, and
// Jupyter Server.
func (b *bench) besideJupyter(ctx context.Context, all ...func(ctx context.Context, s *site, project string, server *child) error) error {
	b.sites++
	s, err := b.site(ctx, fmt.Sprintf("notebooks-%d", b.sites), -1)
	if err != nil {
		return err
	}
	defer s.end(ctx)
	id, err := s.make(ctx, "Notebooks")
	if err == nil {
		err = s.start(ctx, id)
	}
	if err != nil {
		return err
	}
	server, err := b.jupyterServer(ctx, 100+b.sites)
	if err != nil {
		return err
	}
	defer server.end()
	for _, f := range all {
		if err := f(ctx, s, id, server); err != nil {
			return err
		}
	}
	return nil
}

// kernelEchoes runs 1+1 again and again, one after the other.
func (b *bench) kernelEchoes(ctx context.Context, s *site, id string, server *child) error {
	times := 500
	if b.quick {
		times = 100
	}
	var ours, theirs, bare struct{ p50, p99 sample }
	for range b.rounds {
		for _, side := range []struct {
			j  jupyter
			to *struct{ p50, p99 sample }
		}{{s.jupyter(id), &ours}, {jupyterAt(server), &theirs}} {
			c, end, err := side.j.start(ctx)
			if err != nil {
				return err
			}
			all, err := c.echoes(ctx, times)
			end()
			if err != nil {
				return err
			}
			side.to.p50, side.to.p99 = append(side.to.p50, all.at(0.5)), append(side.to.p99, all.at(0.99))
		}
		var said struct{ Milliseconds sample }
		if err := b.bareClient(ctx, &said, "echo", strconv.Itoa(times)); err != nil {
			return err
		}
		bare.p50, bare.p99 = append(bare.p50, said.Milliseconds.at(0.5)), append(bare.p99, said.Milliseconds.at(0.99))
	}
	b.report.add(row{What: "1+1, request to idle, through the hub, p50", Unit: "ms", Ours: ours.p50, Peer: "jupyter_client, ZeroMQ", Peers: bare.p50, Aim: "≤ 1 ms more", Met: met(ours.p50.median() <= bare.p50.median()+1)})
	b.report.add(row{What: "1+1, p99", Unit: "ms", Ours: ours.p99, Peer: "jupyter_client, ZeroMQ", Peers: bare.p99})
	b.report.add(row{What: "1+1, p50 again", Unit: "ms", Ours: ours.p50, Peer: "jupyter server, WebSocket", Peers: theirs.p50, Aim: "below", Met: met(ours.p50.median() < theirs.p50.median())})
	b.report.add(row{What: "1+1, p99 again", Unit: "ms", Ours: ours.p99, Peer: "jupyter server, WebSocket", Peers: theirs.p99})
	return nil
}

// bareClient runs the client in Python, and parses what it prints.
func (b *bench) bareClient(ctx context.Context, out any, args ...string) error {
	script, err := filepath.Abs("bench/notebooks/client.py")
	if err != nil {
		return err
	}
	home := filepath.Join(b.work, "bare")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(b.peers, "python/bin/python"), append([]string{script}, args...)...)
	var said bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = home, append(os.Environ(), "HOME="+home), &said
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("jupyter_client: %w: %s", err, tail(said.Bytes()))
	}
	return json.Unmarshal(text, out)
}

// kernelStarts measures from the request for a kernel to its first result.
func (b *bench) kernelStarts(ctx context.Context, s *site, id string, server *child) error {
	var ours, theirs sample
	for i := range b.rounds + 1 {
		o, err := s.jupyter(id).firstResult(ctx)
		if err != nil {
			return err
		}
		t, err := jupyterAt(server).firstResult(ctx)
		if err != nil {
			return err
		}
		if i > 0 { // the first fills the system's cache
			ours, theirs = append(ours, o), append(theirs, t)
		}
	}
	b.report.add(row{What: "a new kernel, request to first result", Unit: "ms", Ours: ours, Peer: "jupyter server", Peers: theirs})
	return nil
}

func (j jupyter) firstResult(ctx context.Context) (float64, error) {
	began := time.Now()
	c, end, err := j.start(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	id, err := c.execute(ctx, "1+1")
	if err == nil {
		err = c.until(ctx, id, func(m said) bool { return m.Header.Type == "execute_result" })
	}
	return float64(time.Since(began).Microseconds()) / 1e3, err
}

// kernelReserve measures the same with one kernel in reserve.
func (b *bench) kernelReserve(ctx context.Context, s *site, _ string, _ *child) error {
	id, err := s.make(ctx, "Reserve")
	if err == nil {
		err = s.call(ctx, "PUT", "/api/v1/projects/"+id+"/env/KERNEL_RESERVE", map[string]string{"value": "python3"}, nil)
	}
	if err == nil {
		err = s.start(ctx, id)
	}
	if err != nil {
		return err
	}
	var took sample
	for range 2 * b.rounds {
		if err := s.untilReserve(ctx, id); err != nil {
			return err
		}
		ms, err := s.jupyter(id).firstResult(ctx)
		if err != nil {
			return err
		}
		took = append(took, ms)
	}
	b.report.add(row{What: "the same with one kernel in reserve", Unit: "ms", Ours: took, Aim: "≤ 300 ms", Met: met(took.median() <= 300)})
	return s.stop(ctx, id)
}

// untilReserve waits until a kernel stands in reserve, and has nothing to do any more.
func (s *site) untilReserve(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return poll(ctx, func() (bool, error) {
		var list struct{ Reserve *struct{ State string } }
		err := s.call(ctx, "GET", "/p/"+id+"/kernels", nil, &list)
		return list.Reserve != nil && list.Reserve.State == "idle", err
	})
}

// kernelMemory measures what an idle project with one kernel holds beside the kernel.
func (b *bench) kernelMemory(ctx context.Context, s *site, id string, server *child) error {
	n := notebook{site: s, project: id, name: "idle.ipynb", code: "1+1"}
	if err := n.make(); err != nil {
		return err
	}
	if _, err := n.run(ctx); err != nil {
		return err
	}
	c, end, err := jupyterAt(server).start(ctx)
	if err == nil {
		defer end()
		_, err = c.echo(ctx)
	}
	if err == nil {
		err = pause(ctx, 30*time.Second) // work is over when nothing was done for 21 s
	}
	if err != nil {
		return err
	}
	pids, err := s.runOf(id)
	if err != nil {
		return err
	}
	own, kernel := apart(pids)
	theirs, _ := apart(family(server.pid()))
	mb := pss(own) / 1e6
	b.report.add(row{What: "an idle project with one kernel, without the kernel", Unit: "MB", Ours: sample{mb}, Peer: "jupyter server", Peers: sample{pss(theirs) / 1e6}, Aim: "≤ 15 MB", Met: met(mb <= 15), Note: fmt.Sprintf("the kernel itself has %.1f MB", pss(kernel)/1e6)})
	return n.shutdown(ctx)
}

// apart tells the processes of kernels from the others.
func apart(pids []int) (own, kernels []int) {
	for _, pid := range pids {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && bytes.Contains(b, []byte("ipykernel_launcher")) {
			kernels = append(kernels, pid)
		} else {
			own = append(own, pid)
		}
	}
	return slices.Clip(own), kernels
}
