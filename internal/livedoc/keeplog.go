package livedoc

import (
	"context"
	"errors"
	"syscall"
	"time"

	"lyceum/internal/lyceum"
)

const (
	retryFirst = 500 * time.Millisecond
	retryMost  = 5 * time.Second
)

// keepLog writes what is pending, in groups, until logStop is closed.
func (d *document) keepLog() {
	defer close(d.logDone)
	var backoff time.Duration
	var last time.Time // when the last group was written
	for {
		select {
		case <-d.logWake:
		case <-d.logStop:
			d.flushed(d.flush())
			return
		}
		d.gather(max(d.group(time.Since(last)), backoff), backoff == 0)
		err := d.flush()
		last = time.Now()
		d.flushed(err)
		if err == nil {
			backoff = 0
			continue
		}
		backoff = min(max(2*backoff, retryFirst), retryMost)
		wake(d.logWake)
	}
}

// maxGroup is the longest that edits are gathered.
const maxGroup = 100 * time.Millisecond

// group is how long to gather edits when the last group was written so long ago. While
// somebody types one fsync serves a few keystrokes; what comes after a pause is safe
// sooner.
func (d *document) group(since time.Duration) time.Duration {
	least := d.store.cfg.Group
	return max(least, min(4*least, maxGroup)-since)
}

// gather waits so that one fsync serves many records. Hurried ends it when
// somebody cannot go on without the log.
func (d *document) gather(wait time.Duration, hurried bool) {
	t := time.NewTimer(wait)
	defer t.Stop()
	hurry := d.hurry
	if !hurried {
		hurry = nil
	}
	select {
	case <-t.C:
	case <-hurry:
	case <-d.logStop:
	}
}

// flushed tells everybody how the writing went.
func (d *document) flushed(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		if d.logProblem != "" {
			d.log.Info("the log can be written again")
			d.logProblem = ""
		}
		d.showLocked()
		return
	}
	kind, message := explain(err)
	if message != d.logProblem {
		d.log.Error("the log cannot be written", "err", err)
		d.logProblem = message
		d.complainLocked(kind, message)
	}
	d.showLocked()
}

// explain says for people why the log cannot be written.
func explain(err error) (lyceum.Kind, string) {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return lyceum.Exhausted, "The disk is full: edits are kept in memory only, until there is space again."
	case errors.Is(err, syscall.EDQUOT):
		return lyceum.Exhausted, "The project's disk quota is used up: edits are kept in memory only, until there is space again."
	}
	return lyceum.Internal, "Edits cannot be written to disk and are kept in memory only."
}

// flush writes what is pending, and a keyframe when one is due. After an error
// everything is pending again.
func (d *document) flush() error {
	d.mu.Lock()
	batch := d.pending
	replace := d.overflown || d.wal.broken
	d.pending, d.pendingBytes = nil, 0
	d.mu.Unlock()
	if replace {
		return d.replaceSegment(batch)
	}
	if len(batch) > 0 {
		if err := d.wal.append(batch); err != nil {
			d.giveBack(batch)
			return err
		}
		d.safeNow()
	}
	d.mu.Lock()
	due := d.rotateNow || d.wal.due()
	d.mu.Unlock()
	if !due {
		return nil
	}
	return d.keyframe()
}

// keyframe begins a new segment with the whole state, unless some of it is held.
func (d *document) keyframe() error {
	d.mu.Lock()
	waits := d.y.Pending() && d.wal.size < 8*(d.wal.base+d.wal.least)
	if d.held > 0 || waits {
		d.mu.Unlock()
		return nil // a keyframe would lack what is held or waits
	}
	batch := d.pending
	d.pending, d.pendingBytes = nil, 0
	d.sequence++
	records := d.snapshotLocked(d.sequence, nil)
	d.mu.Unlock()
	if len(batch) > 0 {
		if err := d.wal.append(batch); err != nil {
			d.giveBack(batch)
			return err
		}
	}
	err := d.wal.rotate(records)
	d.safeNow()
	d.locked(func() {
		if err == nil {
			d.rotateNow = false
			d.stirLocked()
		}
	})
	if err == nil {
		d.store.tendSoon(d.id, false)
	}
	if err != nil && !d.wal.broken {
		d.log.Warn("a keyframe cannot be written; the log goes on without", "err", err)
		return nil
	}
	return err
}

// replaceSegment begins a new segment because the old one, or what was pending
// for it, is lost. The keyframe has what y has; what is held comes behind it.
func (d *document) replaceSegment(batch []record) error {
	d.mu.Lock()
	batch = append(batch, d.pending...)
	d.pending, d.pendingBytes = nil, 0
	d.sequence++
	at := d.sequence
	behind := fromHeld(batch)
	if len(behind) > 0 {
		at = behind[0].sequence - 1 // a number was left free for this
	}
	records := d.snapshotLocked(at, behind)
	d.mu.Unlock()
	if err := d.wal.rotate(records); err != nil {
		d.giveBack(batch)
		return err
	}
	d.mu.Lock()
	d.overflown = false
	d.mu.Unlock()
	d.safeNow()
	return nil
}

// snapshotLocked returns the records of a new segment: the keyframe with the
// sequence at, records, and the last word about the file.
func (d *document) snapshotLocked(at uint64, records []record) []record {
	state := d.y.EncodeState(nil)
	if !d.dirtyLocked() && d.held == 0 {
		// So that the segment stands alone.
		d.note.Synced.Upto = max(d.note.Synced.Upto, at)
	}
	all := []record{{kind: kindKeyframe, sequence: at, count: 1, time: d.store.cfg.now(), origin: originStore, data: state}}
	all = append(all, records...)
	d.wholeBytes = len(state)
	d.sequence++
	d.note.Path = d.path
	return append(all, record{kind: kindFile, sequence: d.sequence, count: 1, time: d.store.cfg.now(), origin: originStore, data: d.note.encode()})
}

// fromHeld returns the records from the first held one on: y has all the others.
func fromHeld(batch []record) []record {
	for i, r := range batch {
		if r.held {
			return batch[i:]
		}
	}
	return nil
}

func (d *document) giveBack(batch []record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.overflown {
		batch = fromHeld(batch) // y has all that is in front of it
	}
	d.pending = append(batch, d.pending...)
	for _, r := range batch {
		d.pendingBytes += len(r.data)
	}
}

// safeNow tells everybody up to where the log is on disk.
func (d *document) safeNow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wal.safe == d.safe {
		return
	}
	d.safe = d.wal.safe
	for _, v := range d.viewers {
		if v.safe(d.safe) {
			d.tellSavedLocked(v)
		}
	}
	d.stirLocked()
}

// await returns nil when everything up to sequence is on disk. It hurries the log.
func (d *document) await(ctx context.Context, sequence uint64) error {
	for {
		d.mu.Lock()
		safe, progress := d.safe, d.progress
		d.mu.Unlock()
		if safe >= sequence {
			return nil
		}
		wake(d.hurry)
		select {
		case <-progress:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-d.logDone:
			d.mu.Lock()
			safe = d.safe
			d.mu.Unlock()
			if safe >= sequence {
				return nil
			}
			return errors.New("the log has ended")
		}
	}
}
