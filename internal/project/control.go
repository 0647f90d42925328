package project

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

// controlPause is the least time between two records of a control stream.
const controlPause = time.Second

// fullAt is the part of the disk, in percent, from which people are warned.
const fullAt = 95

// control is the stream by which the hub learns how the project is: a record at
// once, after each change, and every so often in any case.
func (p *Project) control(w http.ResponseWriter, r *http.Request, _ call) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	rest.Stream(w)
	bell, done := p.activity.bell()
	defer done()
	tick := time.NewTicker(p.cfg.Tick)
	defer tick.Stop()
	out, rc := json.NewEncoder(w), http.NewResponseController(w)
	for {
		if out.Encode(p.record(r.Context())) != nil || rc.Flush() != nil {
			return nil // the hub went
		}
		pause := time.After(min(controlPause, p.cfg.Tick))
		select {
		case <-pause:
		case <-p.stopping:
			return nil
		case <-r.Context().Done():
			return nil
		}
		select {
		case <-bell:
		case <-tick.C:
		case <-p.stopping:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}

// record is how the project is now.
func (p *Project) record(ctx context.Context) api.Control {
	var c api.Control
	started := p.started
	a, err := p.super.activity(ctx)
	if err == nil {
		started = a.Started // ours would make a server that dies again and again look used
		c.Terminals, c.CPUSeconds, c.MemoryBytes = a.Terminals, a.CPUSeconds, a.MemoryBytes
		c.CPUPercent, c.Killed = share(a.CPUPercent, a.Limits), len(a.Killed)
		p.quota.hear(a.Limits)
		c.Warnings = append(c.Warnings, p.nearly(a)...)
	} else {
		c.Warnings = append(c.Warnings, "the terminals cannot be reached")
	}
	c.EditedAt = p.activity.edited().UTC()
	c.ActiveAt = latest(started, a.InputAt, a.KernelAt, c.EditedAt).UTC()
	c.Viewers = p.sockets.Len()
	free, total, err := p.dir.Free(ctx)
	c.DiskFree = free
	if a.Limits.Disk > 0 && err == nil {
		p.quota.look(free) // without a limit only when people look
	}
	c.DiskUse, _, _ = p.quota.now()
	if used := fullPercent(free, total); err == nil && used >= fullAt {
		c.Warnings = append(c.Warnings, fmt.Sprintf("disk %d %% full", used))
	}
	if err := p.documents.trouble(); err != nil {
		c.Warnings = append(c.Warnings, textOf(err))
	}
	unsaved := 0
	for _, d := range p.documents.open() {
		if d.State == "error" {
			unsaved++
		}
	}
	if unsaved > 0 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%d documents cannot be saved", unsaved))
	}
	return c
}

// fullPercent is how much of the disk is used, rounded down.
func fullPercent(free, total int64) int {
	if total <= 0 {
		return 0
	}
	return int(100 - (100*free+total-1)/total)
}

func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// cutTime is how long the answer to a cut waits for clients that close slowly.
// The hub waits 300 ms before it cuts by itself.
const cutTime = 250 * time.Millisecond

// cut closes sockets whose right was lost, and those of terminals by the
// supervisor, which can say why. It answers when they are closed.
func (p *Project) cut(w http.ResponseWriter, r *http.Request, _ call) error {
	var c api.Cut
	if err := rest.ReadJSON(w, r, &c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), cutTime)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() {
		if err := p.super.cut(ctx, r.Header.Get(ticket.Header), c); err != nil {
			p.log.Debug("the supervisor did not close sockets itself", "err", err)
		}
	})
	if c.Account != "" {
		account := lyceum.AccountID(c.Account)
		p.jobs.cut(account, ticket.Ticket{Project: p.cfg.Project, Account: account, Role: lyceum.Role(c.Role)}.Can)
	}
	p.sockets.Cut(ctx, c)
	all.Wait()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// status tells members how the project is.
func (p *Project) status(w http.ResponseWriter, r *http.Request, c call) error {
	s := api.ProjectStatus{Version: p.cfg.Version, Started: p.started.UTC(), People: p.sockets.People(), Documents: p.shown(c)}
	a, err := p.super.activity(r.Context())
	if err == nil {
		s.Started, s.Memory = a.Started, a.MemoryBytes
		s.CPUPercent, s.CPULimit, s.MemoryLimit = share(a.CPUPercent, a.Limits), a.Limits.CPU, a.Limits.Memory
		s.Processes, s.ProcessLimit, s.DiskLimit = int64(a.Processes), a.Limits.Processes, a.Limits.Disk
		p.quota.hear(a.Limits)
	}
	s.Cores = runtime.NumCPU()
	if s.DiskFree, _, err = p.dir.Free(r.Context()); err != nil {
		return err
	}
	p.quota.look(s.DiskFree)
	if used, known, _ := p.quota.now(); known {
		s.DiskUse = &used
	}
	s.Warnings = p.nearly(a)
	s.Killed = a.Killed
	if !c.ticket.Can(lyceum.UseTerminals) {
		for i, k := range s.Killed { // what people run is not a viewer's business
			s.Killed[i] = api.Killed{At: k.At, MemoryBytes: k.MemoryBytes, LimitBytes: k.LimitBytes, Reason: k.Reason}
		}
	}
	return rest.WriteJSON(w, s)
}
