package project

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"syscall"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/cgroup"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

// When the use of the home is measured anew.
const (
	measureMost  = 3 * time.Second // for one that somebody waits for
	measureFresh = time.Second     // a refusal is never founded on an older one
	measurePause = 3 * time.Second // between two, and at least
	measureShare = 50              // times as long as the last one took
	measureNews  = 1 << 20         // the disk's free bytes must have changed so much
	nearlyFull   = 90              // percent, from which people are warned
)

// quota knows how much of its limit the home takes. What goes through us is added
// at once; what programs write is seen by measuring, which is done only when the
// disk's free space changed or something went through us. It is safe for
// concurrent use.
type quota struct {
	dir  *files.Dir
	asks chan struct{} // capacity 1: somebody wants to know

	measuring sync.Mutex // held by the one who measures

	mu       sync.Mutex
	limits   api.Limits
	measured bool
	used     int64         // as measured
	added    int64         // through us since
	at       time.Time     // when it was measured
	took     time.Duration // how long that was
	free     int64         // of the disk, at that time
}

func newQuota(dir *files.Dir) *quota { return &quota{dir: dir, asks: make(chan struct{}, 1)} }

// hear takes limits as the hub told them.
func (q *quota) hear(l api.Limits) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limits = l
}

// now tells what is used, when it is known, and the limit.
func (q *quota) now() (used int64, known bool, limit int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.used + q.added, q.measured, q.limits.Disk
}

// look has the home measured if there is reason to. free is that of the disk.
func (q *quota) look(free int64) {
	q.mu.Lock()
	news := !q.measured || q.added > 0 || free-q.free > measureNews || q.free-free > measureNews
	due := !q.measured || time.Since(q.at) > max(measurePause, measureShare*q.took)
	q.mu.Unlock()
	if !news || !due {
		return
	}
	select {
	case q.asks <- struct{}{}:
	default:
	}
}

// run measures when it is asked to, until ctx ends.
func (q *quota) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.asks:
			_ = q.measure(ctx, 0) // the next look asks again
		}
	}
}

// measure finds out what the home takes, unless that was done within fresh.
func (q *quota) measure(ctx context.Context, fresh time.Duration) error {
	q.measuring.Lock()
	defer q.measuring.Unlock()
	q.mu.Lock()
	known, added := q.measured && time.Since(q.at) < fresh, q.added
	q.mu.Unlock()
	if known {
		return nil
	}
	free, _, err := q.dir.Free(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	use, err := q.dir.Use(ctx, "", files.UseConfig{})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.measured, q.used, q.at, q.took, q.free = true, use.Bytes, time.Now(), time.Since(began), free
	q.added -= added // the rest came meanwhile, and may be counted twice until the next time
	return nil
}

// take lets pass what will be n bytes in the end if they fit, and counts those that
// come now; n is -1 when it is not known. The error is of kind Exhausted.
func (q *quota) take(ctx context.Context, n, now int64) error {
	n, now = max(n, 0), max(now, 0)
	if q.fits(n, now) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, measureMost)
	defer cancel()
	err := q.measure(ctx, measureFresh)
	if q.fits(n, now) {
		return nil
	}
	used, known, limit := q.now()
	if !known {
		return nil // a home so large that it takes longer; the next one knows
	}
	if used < limit {
		return lyceum.Wrap(lyceum.Exhausted, syscall.EDQUOT, "there is no room for %s: the project's disk holds %s of %s. Delete something and empty the trash, or ask an administrator for more; “Disk use” shows what is large",
			lyceum.Size(n), lyceum.Size(used), lyceum.Size(limit))
	}
	return lyceum.Wrap(lyceum.Exhausted, joined(err), "the project's disk is full: %s of %s are used. Delete something and empty the trash, or ask an administrator for more; “Disk use” shows what is large",
		lyceum.Size(used), lyceum.Size(limit))
}

func joined(err error) error {
	if err != nil {
		return err
	}
	return syscall.EDQUOT
}

// refresh measures anew, as long as somebody waits for it, and refuses when all is used.
func (q *quota) refresh(ctx context.Context) error {
	if _, _, limit := q.now(); limit <= 0 {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, measureMost)
	defer cancel()
	if err := q.measure(short, measureFresh); err != nil && short.Err() == nil {
		return err
	}
	return q.take(ctx, 0, 0)
}

// fits counts bytes that come now if there is room for n.
func (q *quota) fits(n, now int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limits.Disk <= 0 {
		return true
	}
	if !q.measured || q.used+q.added+n > q.limits.Disk || q.used+q.added >= q.limits.Disk {
		return false
	}
	q.added += now
	return true
}

// takeTold hears the hub, and passes on to the supervisor what it keeps.
func (p *Project) takeTold(w http.ResponseWriter, r *http.Request, _ call) error {
	var t api.Told
	if err := rest.ReadJSON(w, r, &t); err != nil {
		return err
	}
	if t.Limits != nil {
		p.quota.hear(*t.Limits)
	}
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	res, err := p.super.ask(r.Context(), http.MethodPost, "/told", r.Header.Get(ticket.Header), body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500)) // for the log only
		return lyceum.Wrap(lyceum.Unavailable, fmt.Errorf("%s: %s", res.Status, bytes.TrimSpace(text)), "the supervisor does not listen")
	}
	p.activity.changed()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// share is what cpu, percent of one core, is of what the project may use.
func share(cpu *float64, l api.Limits) *float64 {
	if cpu == nil {
		return nil
	}
	cores := float64(runtime.NumCPU())
	if l.CPU > 0 {
		cores = min(cores, float64(l.CPU)/1000)
	}
	v := min(*cpu/cores, 100)
	return &v
}

// nearly says, for people, what is used up or nearly so.
func (p *Project) nearly(a api.Activity) []string {
	var all []string
	used, known, limit := p.quota.now()
	switch percent := percentOf(used, limit); {
	case !known || percent < nearlyFull:
	case used >= limit:
		all = append(all, fmt.Sprintf("The disk is full: %s of %s. New files are refused.", lyceum.Size(used), lyceum.Size(limit)))
	default:
		all = append(all, fmt.Sprintf("The disk is %d %% full: %s of %s.", percent, lyceum.Size(used), lyceum.Size(limit)))
	}
	if percent := percentOf(a.MemoryBytes, a.Limits.Memory); percent >= nearlyFull {
		all = append(all, fmt.Sprintf("Memory is %d %% used: %s of %s. At 100 %% the biggest program is ended.", min(percent, 100), lyceum.Size(a.MemoryBytes), lyceum.Size(a.Limits.Memory)))
	}
	if most := cgroup.ProgramLimit(a.Limits.Processes); most > 0 && int64(a.Processes) >= most*nearlyFull/100 {
		all = append(all, fmt.Sprintf("%d of %d processes run. Programs that need more cannot start them.", a.Processes, a.Limits.Processes))
	}
	return all
}

func percentOf(used, limit int64) int64 {
	if limit <= 0 {
		return 0
	}
	return int64(100 * float64(used) / float64(limit))
}
