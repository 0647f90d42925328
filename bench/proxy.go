package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Which core does what: what is measured is alone on serverCore; the load
// generator and what stands behind a proxy are on clientCore.
const (
	serverCore = 0
	clientCore = 1
)

// target is something that requests go through.
type target struct {
	name    string
	addr    string
	request string
	pids    func() []int // of what is measured
	end     func()
}

// measured is what one target gave in its rounds.
type measured struct{ rate, p99, cpu sample }

// proxySection compares a request to a project through the hub (session check,
// role, route lookup, ticket) with the same through proxies that check nothing.
// Behind all of them stands the same fixed answer: for the hub it takes the place
// of the project server's socket, as only the proxy is to be measured here. One row
// more has the real project server, which reads a file and checks the ticket.
func proxySection(ctx context.Context, b *bench) error {
	backend, addr, err := b.backend(clientCore)
	if err != nil {
		return err
	}
	defer backend.end()
	ceiling, caddr, err := b.backend(serverCore)
	if err != nil {
		return err
	}
	defer ceiling.end()
	makers := []func(context.Context, string) (*target, error){b.fixedTarget, b.chpTarget, b.nginxTarget, b.hubTarget, b.floorTarget}
	var targets []*target
	for _, f := range makers {
		t, err := f(ctx, addr)
		if err != nil {
			return err
		}
		defer t.end()
		targets = append(targets, t)
	}
	direct := &target{name: "generator alone", addr: caddr, request: plainRequest(caddr), pids: func() []int { return []int{ceiling.pid()} }}
	targets = append(targets, direct)
	for _, conns := range []int{32, 128} {
		got, err := b.proxyRounds(ctx, targets, conns)
		if err != nil {
			return err
		}
		hub, chp, nginx, real, floor, alone := got[0], got[1], got[2], got[3], got[4], got[5]
		fmt.Printf("  the generator's own ceiling with %d connections: %s requests/s\n", conns, alone.rate.text())
		note := fmt.Sprintf("the generator's ceiling is %s requests/s", figure(alone.rate.median()))
		with := fmt.Sprintf("%d connections", conns)
		b.report.add(row{What: "requests, " + with, Unit: "1/s", Ours: hub.rate, Peer: "configurable-http-proxy", Peers: chp.rate, Aim: "≥ 3 ×", Met: met(hub.rate.median() >= 3*chp.rate.median()), Note: note})
		b.report.add(row{What: "requests, " + with, Unit: "1/s", Ours: hub.rate, Peer: "nginx", Peers: nginx.rate, Aim: "≥ 0.5 ×", Met: met(hub.rate.median() >= 0.5*nginx.rate.median())})
		b.report.add(row{What: "p99, " + with, Unit: "ms", Ours: hub.p99, Peer: "configurable-http-proxy", Peers: chp.p99})
		b.report.add(row{What: "p99, " + with, Unit: "ms", Ours: hub.p99, Peer: "nginx", Peers: nginx.p99})
		b.report.add(row{What: "processor time of the proxy a request, " + with, Unit: "µs", Ours: hub.cpu, Peer: "configurable-http-proxy", Peers: chp.cpu})
		b.report.add(row{What: "processor time of the proxy a request, " + with, Unit: "µs", Ours: hub.cpu, Peer: "nginx", Peers: nginx.cpu})
		b.report.add(row{What: "net/http alone, " + with, Unit: "1/s", Ours: floor.rate, Peer: "nginx", Peers: nginx.rate, Note: "it passes nothing on: what Go's server costs before any work, " + figure(floor.cpu.median()) + " µs of processor time a request"})
		b.report.add(row{What: "requests with the real project server, " + with, Unit: "1/s", Ours: real.rate, Peer: "configurable-http-proxy", Peers: chp.rate, Note: "it shares the generator's core, and bounds this row"})
	}
	return nil
}

// proxyRounds takes the targets in turn, so that what disturbs the machine
// disturbs all of them.
func (b *bench) proxyRounds(ctx context.Context, targets []*target, conns int) ([]measured, error) {
	all := make([]measured, len(targets))
	long := 4 * time.Second
	if b.quick {
		long = time.Second
	}
	for round := range b.rounds + 1 {
		for i, t := range targets {
			before := total(t.pids())
			r, err := load(ctx, clientCore, loadSpec{Addr: t.addr, Requests: []string{t.request}, Conns: conns, For: long})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			if round == 0 {
				continue // to warm up
			}
			m := &all[i]
			m.rate = append(m.rate, r.rate())
			m.p99 = append(m.p99, r.P99/1e3)
			m.cpu = append(m.cpu, (total(t.pids())-before)/float64(r.Done)*1e6)
		}
	}
	return all, nil
}

func total(pids []int) float64 {
	sum := 0.0
	for _, pid := range pids {
		sum += cpuOf(pid)
	}
	return sum
}

func plainRequest(addr string) string {
	return "GET /hello.txt HTTP/1.1\r\nHost: " + addr + "\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
}

// backend starts the fixed answer; at, when given, is the Unix socket that it takes.
func (b *bench) backend(core int, at ...string) (*child, string, error) {
	return b.self("backend", core, at...)
}

// self starts this program as one of its helpers, which says where it listens.
func (b *bench) self(helper string, core int, args ...string) (*child, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	c, err := b.begin(helper, core, []string{"GOMAXPROCS=1"}, append([]string{self, helper}, args...)...)
	if err != nil {
		return nil, "", err
	}
	addr, err := c.line("")
	return c, addr, err
}

// hubTarget is a running project with one small file. The project's processes are
// on the generator's core, as the peers' backend is.
func (b *bench) hubTarget(ctx context.Context, _ string) (*target, error) {
	s, err := b.site(ctx, "proxy-real", serverCore, "GOMAXPROCS=1")
	if err != nil {
		return nil, err
	}
	id, err := s.proxied(ctx)
	if err != nil {
		s.end(ctx)
		return nil, err
	}
	return s.target(ctx, "Lyceum with the project server", id), nil
}

// fixedTarget is the same with the fixed answer in the project server's place.
func (b *bench) fixedTarget(ctx context.Context, _ string) (*target, error) {
	s, err := b.site(ctx, "proxy", serverCore, "GOMAXPROCS=1")
	if err != nil {
		return nil, err
	}
	id, err := s.proxied(ctx)
	var socket string
	if err == nil {
		socket, err = s.socketOf(id)
	}
	if err == nil {
		err = os.Rename(socket, socket+"0")
	}
	if err != nil {
		s.end(ctx)
		return nil, err
	}
	fixed, _, err := b.backend(clientCore, socket)
	if err != nil {
		s.end(ctx)
		return nil, err
	}
	t := s.target(ctx, "Lyceum", id)
	t.end = func() {
		fixed.end()
		s.end(ctx)
	}
	return t, own(socket)
}

// own gives a socket the owner of its folder: the hub dials no other.
func own(socket string) error {
	fi, err := os.Stat(filepath.Dir(socket))
	if err != nil {
		return err
	}
	st := fi.Sys().(*syscall.Stat_t) // it is one on Linux
	return os.Chown(socket, int(st.Uid), int(st.Gid))
}

// proxied starts a project with a small file, on the generator's core.
func (s *site) proxied(ctx context.Context) (id string, err error) {
	if id, err = s.make(ctx, "Proxy"); err != nil {
		return "", err
	}
	if err := s.start(ctx, id); err != nil {
		return "", err
	}
	pids, err := s.runOf(id)
	if err != nil {
		return "", err
	}
	if err := pin(clientCore, pids); err != nil {
		return "", err
	}
	return id, os.WriteFile(filepath.Join(s.data, "projects", id, "hello.txt"), []byte("hello world\n"), 0o644)
}

func (s *site) target(ctx context.Context, name, id string) *target {
	return &target{name: name, addr: s.host(), request: s.request("/p/" + id + "/files/hello.txt"), pids: func() []int { return []int{s.child.pid()} }, end: func() { s.end(ctx) }}
}

// chpTarget is JupyterHub's proxy with one route.
func (b *bench) chpTarget(ctx context.Context, backend string) (*target, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	inner, err := freePort()
	if err != nil {
		return nil, err
	}
	addr := "127.0.0.1:" + strconv.Itoa(port)
	c, err := b.begin("chp", serverCore, []string{"CONFIGPROXY_AUTH_TOKEN=bench"}, "node", filepath.Join(b.peers, "node/node_modules/configurable-http-proxy/bin/configurable-http-proxy"),
		"--ip", "127.0.0.1", "--port", strconv.Itoa(port), "--api-ip", "127.0.0.1", "--api-port", strconv.Itoa(inner), "--default-target", "http://"+backend, "--log-level", "error")
	if err != nil {
		return nil, err
	}
	c.drain()
	t := &target{name: "configurable-http-proxy", addr: addr, request: plainRequest(addr), pids: func() []int { return []int{c.pid()} }, end: c.end}
	return t, answers(ctx, addr)
}

// nginxTarget is nginx with one worker and connections to the backend kept.
func (b *bench) nginxTarget(ctx context.Context, backend string) (*target, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.work, "nginx")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	addr := "127.0.0.1:" + strconv.Itoa(port)
	conf := strings.NewReplacer("DIR", dir, "ADDR", addr, "BACKEND", backend).Replace(`
daemon off; worker_processes 1; pid DIR/pid; error_log DIR/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi; uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
  upstream backend { server BACKEND; keepalive 256; keepalive_requests 100000000; }
  server { listen ADDR; location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
`)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	c, err := b.begin("nginx", serverCore, nil, "nginx", "-c", file, "-p", dir)
	if err != nil {
		return nil, err
	}
	c.drain()
	t := &target{name: "nginx", addr: addr, request: plainRequest(addr), pids: func() []int { return family(c.pid()) }, end: c.end}
	return t, answers(ctx, addr)
}
