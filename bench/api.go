package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// apiConns is how many connections the generator has at full load.
const apiConns = 16

// ask is one kind of request that both sides answer.
type ask struct {
	what, peers string   // what it is for each
	ours        []string // whole requests, taken in turn
	theirs      []string
	status      [2]int
}

// apiSection compares the API with JupyterHub's on the same PostgreSQL, with the
// database and the server on one core. JupyterHub is asked past its proxy. Its
// users stand for accounts and its named servers for projects.
func apiSection(ctx context.Context, b *bench) error {
	accounts, projects, browsers := 50_000, 100_000, 200
	if b.quick {
		accounts, projects = 5_000, 10_000
	}
	db, err := b.database(ctx)
	if err != nil {
		return err
	}
	defer db.end(ctx)
	s, err := b.site(ctx, "api", serverCore, "LYCEUM_DATABASE_URL="+db.url, "GOMAXPROCS=1")
	if err != nil {
		return err
	}
	defer s.end(ctx)
	if err := db.fill(ctx, accounts, projects, browsers); err != nil {
		return err
	}
	j, err := b.filledHub(ctx, db, accounts, projects)
	if err != nil {
		return err
	}
	defer j.child.end()
	if err := b.apiCeiling(ctx); err != nil {
		return err
	}
	asks := apiAsks(s, j, browsers, accounts)
	for _, a := range asks {
		if err := b.apiRounds(ctx, db, s, j, a); err != nil {
			return fmt.Errorf("%s: %w", a.what, err)
		}
	}
	if err := b.apiStatements(ctx, db); err != nil {
		return err
	}
	return b.apiSteady(ctx, s, asks)
}

// filledHub is a JupyterHub whose database holds as much.
func (b *bench) filledHub(ctx context.Context, db *database, accounts, projects int) (*jupyterhub, error) {
	if err := db.run(ctx, db.url, "CREATE DATABASE jupyterhub"); err != nil {
		return nil, err
	}
	url := otherDatabase(db.url, "jupyterhub")
	j, err := b.jupyterhub(ctx, serverCore, alchemy(url))
	if err != nil {
		return nil, err
	}
	j.child.end() // it made its tables
	err = db.run(ctx, url,
		fmt.Sprintf(`INSERT INTO users (id, name, admin, created, cookie_id) SELECT n + 1, 'person' || n, false, now(), md5(n::text) FROM generate_series(0, %d) n`, accounts-1),
		`INSERT INTO user_role_map (user_id, role_id, managed_by_auth) SELECT u.id, r.id, false FROM users u, roles r WHERE r.name = 'user'`,
		fmt.Sprintf(`INSERT INTO spawners (id, user_id, name, state) SELECT n + 1, n %% %d + 1, CASE WHEN n < %d THEN '' ELSE 'project' || n END, '{}' FROM generate_series(0, %d) n`, accounts, accounts, projects-1),
		`SELECT setval('users_id_seq', (SELECT max(id) FROM users))`, `SELECT setval('spawners_id_seq', (SELECT max(id) FROM spawners))`)
	if err == nil {
		err = db.settle(ctx, url)
	}
	if err != nil {
		return nil, err
	}
	return b.jupyterhub(ctx, serverCore, alchemy(url))
}

func apiAsks(s *site, j *jupyterhub, browsers, accounts int) []ask {
	all := []ask{
		{what: "own account", peers: "one user", status: [2]int{200, 200}},
		{what: "one project", peers: "one user with servers", status: [2]int{200, 200}},
		{what: "a page of 50 projects", peers: "a page of 50 users", status: [2]int{200, 200}},
		{what: "a write (a project's description, with its audit row)", peers: "a write (a user's last activity)", status: [2]int{200, 200}},
	}
	for n := range browsers {
		name := "person" + strconv.Itoa(n*7%accounts)
		all[0].ours = append(all[0].ours, s.as(n, "GET", "/api/v1/account", ""))
		all[0].theirs = append(all[0].theirs, j.request("GET", "/users/"+name, ""))
		all[1].ours = append(all[1].ours, s.as(n, "GET", "/api/v1/projects/"+projectID(n), ""))
		all[1].theirs = append(all[1].theirs, j.request("GET", "/users/"+name+"?include_stopped_servers=1", ""))
		all[2].ours = append(all[2].ours, s.as(n/50*50, "GET", "/api/v1/projects?limit=50", ""))
		all[2].theirs = append(all[2].theirs, j.request("GET", "/users?limit=50&offset="+strconv.Itoa(n*200%accounts), ""))
		all[3].ours = append(all[3].ours, s.as(n, "PATCH", "/api/v1/projects/"+projectID(n), fmt.Sprintf(`{"description":"Written %d."}`, n)))
		all[3].theirs = append(all[3].theirs, j.request("POST", "/users/"+name+"/activity", `{"last_activity":"2026-01-01T00:00:00Z"}`))
	}
	return all
}

// as is a whole request of the browser of account n.
func (s *site) as(n int, method, path, body string) string {
	r := method + " " + path + " HTTP/1.1\r\nHost: " + s.host() + "\r\nCookie: lyceum=" + secretOf(n) + "\r\nAccept: application/json\r\nSec-Fetch-Site: same-origin\r\n"
	if body != "" {
		r += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return r + "\r\n" + body
}

// apiCeiling prints what the generator itself can do with as many connections.
func (b *bench) apiCeiling(ctx context.Context) error {
	c, addr, err := b.backend(serverCore)
	if err != nil {
		return err
	}
	defer c.end()
	var rate sample
	for range b.rounds {
		r, err := load(ctx, clientCore, loadSpec{Addr: addr, Requests: []string{plainRequest(addr)}, Conns: apiConns, For: time.Second})
		if err != nil {
			return err
		}
		rate = append(rate, r.rate())
	}
	fmt.Printf("  the generator's own ceiling with %d connections: %s requests/s\n", apiConns, rate.text())
	return nil
}

// apiStatements is the row of what PostgreSQL alone can write: see statementsMain.
func (b *bench) apiStatements(ctx context.Context, db *database) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var rate sample
	for range b.rounds {
		out, err := exec.CommandContext(ctx, "taskset", "-c", strconv.Itoa(clientCore), self, "statements", db.url).Output()
		if err != nil {
			return fmt.Errorf("the statements of a write: %w", err)
		}
		var one float64
		if err := json.Unmarshal(out, &one); err != nil {
			return err
		}
		rate = append(rate, one)
	}
	b.report.add(row{What: "the statements of that write alone, a transaction each, without a server", Unit: "1/s", Ours: rate, Note: "PostgreSQL has the core for itself here: no API can do more on it that audits and announces durably and writes each change by itself"})
	return nil
}

func (b *bench) apiRounds(ctx context.Context, db *database, s *site, j *jupyterhub, a ask) error {
	long := 4 * time.Second
	if b.quick {
		long = time.Second
	}
	var ours, theirs, ourP99, theirP99, hub, postgres sample
	for round := range b.rounds + 1 {
		hubBefore, postgresBefore := cpuOf(s.child.pid()), total(family(db.pid))
		r, err := load(ctx, clientCore, loadSpec{Addr: s.host(), Requests: a.ours, Conns: apiConns, For: long, Status: a.status[0]})
		if err != nil {
			return err
		}
		hubTook, postgresTook := cpuOf(s.child.pid())-hubBefore, total(family(db.pid))-postgresBefore
		p, err := load(ctx, clientCore, loadSpec{Addr: j.hub, Requests: a.theirs, Conns: apiConns, For: long, Status: a.status[1]})
		if err != nil {
			return fmt.Errorf("JupyterHub: %w", err)
		}
		if round == 0 {
			continue
		}
		ours, theirs = append(ours, r.rate()), append(theirs, p.rate())
		ourP99, theirP99 = append(ourP99, r.P99/1e3), append(theirP99, p.P99/1e3)
		hub, postgres = append(hub, hubTook/float64(r.Done)*1e6), append(postgres, postgresTook/float64(r.Done)*1e6)
	}
	note := fmt.Sprintf("processor time each: the hub %s µs, PostgreSQL %s µs", figure(hub.median()), figure(postgres.median()))
	b.report.add(row{What: a.what, Unit: "1/s", Ours: ours, Peer: "JupyterHub: " + a.peers, Peers: theirs, Aim: "≥ 20 ×", Met: met(ours.median() >= 20*theirs.median()), Note: note})
	b.report.add(row{What: a.what + ", p99 at full load, 16 connections", Unit: "ms", Ours: ourP99, Peer: "JupyterHub: " + a.peers, Peers: theirP99})
	return nil
}

// apiSteady is the mixture at 1,000 requests a second: nine reads and a write.
func (b *bench) apiSteady(ctx context.Context, s *site, asks []ask) error {
	var mixed []string
	for n := range asks[0].ours {
		a := asks[n%3]
		if n%10 == 9 {
			a = asks[3]
		}
		mixed = append(mixed, a.ours[n])
	}
	var p99 sample
	for range b.rounds {
		r, err := load(ctx, clientCore, loadSpec{Addr: s.host(), Requests: mixed, Conns: 64, For: 10 * time.Second, Rate: 1000})
		if err != nil {
			return err
		}
		p99 = append(p99, r.P99/1e3)
	}
	b.report.add(row{What: "p99 at 1,000 requests/s, a tenth of them writes", Unit: "ms", Ours: p99, Aim: "≤ 20 ms", Met: met(p99.median() <= 20)})
	return nil
}
