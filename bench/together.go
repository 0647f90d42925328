package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Editing together: one writer and many viewers of one document, the viewers in
// several processes (crowd.go), from the keystroke to each of them.
const (
	crowds    = 4 // processes of viewers
	editEvery = 50 * time.Millisecond
)

// room is a server with an empty document in it.
type room struct {
	url    string // of the document's socket
	cookie string
	origin string
	name   string // Hocuspocus multiplexes: the document's name is in each message
	pids   func() []int
	part   func() []int // of ours: those of the project alone; nil of a peer
	end    func()
}

// meeting are the figures of one server with one number of viewers.
type meeting struct{ p50, p99, cpu, part, missed sample }

func togetherSection(ctx context.Context, b *bench) error {
	peers := []struct {
		name string
		open func(ctx context.Context, b *bench, id string) (*room, error)
		got  meeting
	}{
		{"Lyceum", openOurs, meeting{}}, {"y-websocket 2.1", openYWebsocket, meeting{}}, {"Hocuspocus 4", openHocuspocus, meeting{}},
	}
	edits := 200
	if b.quick {
		edits = 40
	}
	if b.solo {
		peers = peers[:1]
	}
	for text := range strings.SplitSeq(b.viewers, ",") {
		viewers, err := strconv.Atoi(text)
		if err != nil || viewers < crowds {
			return fmt.Errorf("-viewers: %q is not a number of at least %d", text, crowds)
		}
		for i := range peers {
			peers[i].got = meeting{}
		}
		for round := range min(b.rounds, 3) {
			for i := range peers {
				p := &peers[i]
				r, err := p.open(ctx, b, fmt.Sprintf("together-%d-%d-%d", viewers, round, i))
				if err == nil {
					err = b.edit(ctx, r, viewers, edits, &p.got)
					r.end()
				}
				if err != nil {
					return fmt.Errorf("%s with %d viewers: %w", p.name, viewers, err)
				}
			}
		}
		ours := peers[0].got
		b.report.add(row{What: fmt.Sprintf("%d viewers, 20 edits/s, of ours the project's own share, without the hub", viewers), Unit: "µs", Ours: ours.part})
		if b.solo {
			b.report.add(row{What: fmt.Sprintf("%d viewers, p50, p99, processor time in µs, missed", viewers), Ours: slices.Concat(ours.p50, ours.p99, ours.cpu, ours.missed)})
			fmt.Println("  ", ours)
		}
		for _, p := range peers[1:] {
			what := fmt.Sprintf("%d viewers, 20 edits/s, ", viewers)
			b.report.add(row{What: what + "keystroke to the other client, p50", Unit: "ms", Ours: ours.p50, Peer: p.name, Peers: p.got.p50, Aim: "lower", Met: met(ours.p50.median() < p.got.p50.median())})
			b.report.add(row{What: what + "keystroke to the other client, p99", Unit: "ms", Ours: ours.p99, Peer: p.name, Peers: p.got.p99, Aim: "lower", Met: met(ours.p99.median() < p.got.p99.median())})
			b.report.add(row{What: what + "server's processor time a delivered edit", Unit: "µs", Ours: ours.cpu, Peer: p.name, Peers: p.got.cpu, Aim: "lower", Met: met(ours.cpu.median() < p.got.cpu.median())})
			b.report.add(row{What: what + "edits that did not arrive within 10 s", Unit: "", Ours: ours.missed, Peer: p.name, Peers: p.got.missed})
		}
	}
	b.report.add(row{What: "what is promised", Note: "Lyceum: each edit is fsynced within 100 ms and then told to be saved; the file follows within 2 to 10 s, the history keeps who and when. " +
		"Its figures are through the hub, with session and role, and its processor time is that of hub, project server, supervisor and PostgreSQL together. " +
		"y-websocket: each update is put into LevelDB without fsync; nothing is acknowledged. Hocuspocus: the whole document is written to SQLite 2 to 10 s after an edit; what is acknowledged is in memory."})
	return nil
}

// edit lets one writer type and takes the figures.
func (b *bench) edit(ctx context.Context, r *room, viewers, edits int, got *meeting) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var all []*member
	defer func() {
		for _, m := range all {
			m.child.end()
		}
	}()
	for i := range crowds + 1 {
		job := crowd{URL: r.url, Cookie: r.cookie, Origin: r.origin, Name: r.name, Viewers: viewers / crowds, Edits: edits}
		if i < crowds {
			job.Edits = 0
		} else {
			job.Viewers = 0
		}
		m, err := b.join(self, job)
		if err != nil {
			return err
		}
		all = append(all, m)
	}
	writer := all[crowds]
	before, part := spent(r.pids()), 0.0
	if r.part != nil {
		part = spent(r.part())
	}
	if err := writer.say("go"); err != nil {
		return err
	}
	if _, err := writer.child.line("done"); err != nil {
		return err
	}
	want := edits * (viewers / crowds)
	var latencies sample
	missed := 0
	for _, m := range all[:crowds] {
		if err := m.say("tell"); err != nil {
			return err
		}
		text, err := m.child.line("latencies ")
		if err != nil {
			return err
		}
		n := 0
		for f := range strings.FieldsSeq(text) {
			us, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return err
			}
			latencies = append(latencies, us/1000)
			n++
		}
		missed += want - n
	}
	cpu := spent(r.pids()) - before
	if len(latencies) == 0 {
		return errors.New("nothing arrived")
	}
	got.p50 = append(got.p50, latencies.at(0.5))
	got.p99 = append(got.p99, latencies.at(0.99))
	got.cpu = append(got.cpu, 1e6*cpu/float64(len(latencies)))
	if r.part != nil {
		got.part = append(got.part, 1e6*(spent(r.part())-part)/float64(len(latencies)))
	}
	got.missed = append(got.missed, float64(missed))
	return ctx.Err()
}

// spent is the processor time of processes in seconds.
func spent(pids []int) (all float64) {
	slices.Sort(pids)
	for _, pid := range slices.Compact(pids) {
		all += cpuOf(pid)
	}
	return all
}

// member is a process of viewers, or the writer.
type member struct {
	child *child
	in    *os.File
}

func (m *member) say(what string) error {
	_, err := fmt.Fprintln(m.in, what)
	return err
}

// join starts a process and waits until all of it is in the document.
func (b *bench) join(self string, job crowd) (*member, error) {
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	// A pipe that the child reads: begin has no standard input.
	pipe := filepath.Join(b.work, fmt.Sprintf("crowd-%d", time.Now().UnixNano()))
	if err := makePipe(pipe); err != nil {
		return nil, err
	}
	c, err := b.begin("crowd", -1, nil, self, "crowd", pipe, string(text))
	if err != nil {
		return nil, err
	}
	in, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err == nil {
		_, err = c.line("ready")
	}
	if err != nil {
		c.end()
		return nil, err
	}
	return &member{c, in}, nil
}

func openOurs(ctx context.Context, b *bench, id string) (*room, error) {
	s, err := b.site(ctx, id, -1)
	if err != nil {
		return nil, err
	}
	project, err := s.make(ctx, "together")
	if err == nil {
		err = s.start(ctx, project)
	}
	if err == nil {
		err = s.call(ctx, "POST", "/p/"+project+"/files/a.txt", map[string]string{"action": "touch"}, nil)
	}
	if err != nil {
		s.end(ctx)
		return nil, err
	}
	return &room{
		url: s.url + "/p/" + project + "/sync/a.txt", cookie: s.cookies(), origin: s.url,
		pids: func() []int {
			pids, _ := s.runOf(project) // without them the figure would only be too small by far
			return append(pids, family(s.child.pid())...)
		},
		part: func() []int {
			pids, _ := s.runOf(project)
			return pids
		},
		end: func() { s.end(ctx) },
	}, nil
}

func openYWebsocket(_ context.Context, b *bench, id string) (*room, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.peers, "together", "node_modules")
	env := []string{"HOST=127.0.0.1", "PORT=" + strconv.Itoa(port), "YPERSISTENCE=" + filepath.Join(b.work, id)}
	c, err := b.begin("y-websocket", -1, env, "node", filepath.Join(dir, "y-websocket", "bin", "server.cjs"))
	if err != nil {
		return nil, err
	}
	if _, err := c.line("running at "); err != nil {
		c.end()
		return nil, err
	}
	c.drain()
	return &room{url: fmt.Sprintf("http://127.0.0.1:%d/a", port), pids: func() []int { return family(c.pid()) }, end: c.end}, nil
}

// hocuspocus is a server as its documentation begins, with its own persistence.
const hocuspocus = `import { Server } from "@hocuspocus/server";
import { SQLite } from "@hocuspocus/extension-sqlite";
const [port, database] = process.argv.slice(2);
const server = new Server({ port: Number(port), address: "127.0.0.1", quiet: true, extensions: [new SQLite({ database })] });
await server.listen();
console.log("listening");
`

func openHocuspocus(_ context.Context, b *bench, id string) (*room, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	script := filepath.Join(b.peers, "together", "hocuspocus.mjs") // beside its node_modules
	if err := os.WriteFile(script, []byte(hocuspocus), 0o644); err != nil {
		return nil, err
	}
	c, err := b.begin("hocuspocus", -1, nil, "node", script, strconv.Itoa(port), filepath.Join(b.work, id+".sqlite"))
	if err != nil {
		return nil, err
	}
	if _, err := c.line("listening"); err != nil {
		c.end()
		return nil, err
	}
	c.drain()
	return &room{url: fmt.Sprintf("http://127.0.0.1:%d/", port), name: "a", pids: func() []int { return family(c.pid()) }, end: c.end}, nil
}

// commands are the lines that a member is told.
func commands(pipe string) (*bufio.Scanner, error) {
	f, err := os.Open(pipe) // closed by the end of the process
	if err != nil {
		return nil, err
	}
	return bufio.NewScanner(f), nil
}
