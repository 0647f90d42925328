package livedoc

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"time"
)

// How fine a history is: the edits of one author that lie so close together become
// one. Versions that have a name stay what they are.
const (
	fineWindow = 2 * time.Second
	hourWindow = time.Hour
	dayWindow  = 24 * time.Hour

	hourAfter = 30 * 24 * time.Hour  // how old what is joined by the hour is
	dayAfter  = 365 * 24 * time.Hour // and what is joined by the day

	tendFirst = 5 * time.Minute // after the start all histories are looked at
	tendEvery = 24 * time.Hour
	maxRun    = 64 << 20 // bytes of the segments that are rewritten at once
)

// windowAt is how fine a history is that is so old.
func windowAt(age time.Duration) time.Duration {
	switch {
	case age > dayAfter:
		return dayWindow
	case age > hourAfter:
		return hourWindow
	}
	return fineWindow
}

// tendSoon asks for the history of a document to be sealed; whole: for what is old in
// it to be joined too.
func (s *Store) tendSoon(id DocumentID, whole bool) {
	s.tending.Lock()
	s.tendNext[id] = s.tendNext[id] || whole
	s.tending.Unlock()
	wake(s.tendWake)
}

// keepHistories seals segments, one document after the other, until ctx ends.
func (s *Store) keepHistories(ctx context.Context) {
	all := time.NewTimer(tendFirst)
	defer all.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.tendWake:
		case <-all.C:
			all.Reset(tendEvery)
			s.mu.Lock()
			ids := make([]DocumentID, 0, len(s.index.docs))
			for id := range s.index.docs {
				ids = append(ids, id)
			}
			s.mu.Unlock()
			for _, id := range ids {
				s.tendSoon(id, true)
			}
		}
		s.tending.Lock()
		next := s.tendNext
		s.tendNext = map[DocumentID]bool{}
		s.tending.Unlock()
		for id, whole := range next {
			if ctx.Err() != nil {
				return
			}
			if err := s.tend(ctx, id, s.cfg.now(), whole); err != nil && ctx.Err() == nil {
				s.log.Warn("a history is left as it is", "document", string(id), "err", err)
			}
		}
	}
}

// tend seals what is not written to any more, and with whole joins what is old, as of
// now.
func (s *Store) tend(ctx context.Context, id DocumentID, now time.Time, whole bool) error {
	p := past{filepath.Join(s.cfg.State, string(id))}
	s.rewriters.Lock()
	defer s.rewriters.Unlock()
	if err := p.removeUnfinished(); err != nil {
		return err
	}
	bad := map[string]bool{} // parts that cannot be read
	var problem error
	for {
		all, err := p.parts()
		if err != nil {
			return errors.Join(problem, err)
		}
		run, window := chooseIn(all, bad, now, s.cfg.keyframe, whole)
		if len(run) == 0 {
			return problem
		}
		err = s.seal(ctx, id, p, run, window)
		switch {
		case errors.Is(err, errDamaged):
			problem = err
			for _, r := range run {
				if _, _, err := r.told(); err != nil || len(run) == 1 {
					bad[r.name] = true
				}
			}
			if !slices.ContainsFunc(run, func(r part) bool { return bad[r.name] }) {
				return err // each by itself can be read: they contradict one another
			}
		case errors.Is(err, errChanged), errors.Is(err, fs.ErrNotExist):
			return problem // the next time
		case err != nil:
			return errors.Join(problem, err)
		}
	}
}

// chooseIn returns the next run of parts that are to be rewritten, all of one epoch:
// states of two are never one document. To the last part somebody writes.
func chooseIn(all []part, bad map[string]bool, now time.Time, least int, whole bool) (run []part, window time.Duration) {
	epochs := byEpoch(all)
	for i, old := range epochs {
		if i == len(epochs)-1 {
			old = old[:len(old)-1]
		}
		if !whole {
			old = fresh(old)
		}
		if run, window = choose(old, bad, now, least); len(run) > 0 {
			break
		}
	}
	return run, window
}

// fresh are the parts at the end that are not sealed, and the sealed one before them.
func fresh(all []part) []part {
	for i := len(all) - 1; i >= 0; i-- {
		if f, err := os.Open(all[i].name); err == nil {
			h, err := readHeader(f)
			_ = f.Close() // it was only read
			if err == nil && h.codec != codecPlain {
				return all[i:]
			}
		}
	}
	return all
}

// choose returns parts, side by side, that are to be rewritten, and how fine.
func choose(all []part, bad map[string]bool, now time.Time, least int) (run []part, window time.Duration) {
	type state struct {
		known    bool // sealed, and its timeline can be read
		summary  summary
		want     time.Duration
		due, bad bool
		again    bool // it tells of edits that the part before tells of too
	}
	states := make([]state, len(all))
	for i, p := range all {
		st := &states[i]
		st.bad = bad[p.name]
		_, sum, entries, err := p.timeline()
		st.want = fineWindow
		if err == nil && len(entries) > 0 {
			st.known, st.summary = true, sum
			st.want = max(sum.window, windowAt(now.Sub(entries[len(entries)-1].until)))
			st.again = i > 0 && !st.bad && !states[i-1].bad && entries[0].first < p.first && all[i-1].tells(entries[0].first)
		}
		st.due = !st.bad && (!st.known || st.want > sum.window || st.again)
	}
	for i := range all {
		if !states[i].due {
			continue
		}
		window = states[i].want
		from, to, size := i, i+1, all[i].size
		// What is in front may have room for more behind its keyframe.
		if i > 0 {
			if s := states[i-1]; states[i].again || s.known && !s.bad && s.summary.window == window && s.summary.bytes-s.summary.base <= max(s.summary.base, least) {
				from--
			}
		}
		for to < len(all) && states[to].due && states[to].want == window && size+all[to].size <= maxRun {
			size += all[to].size
			to++
		}
		return all[from:to], window
	}
	return nil, 0
}

// seal rewrites a run of the parts of a document.
func (s *Store) seal(ctx context.Context, id DocumentID, p past, run []part, window time.Duration) error {
	epoch := run[0].epoch()
	w := &rewriter{window: window, least: s.cfg.keyframe}
	var err error
	if w.kept, w.alone, err = s.boundaries(ctx, id, p, epoch); err != nil {
		return err
	}
	out, err := w.rewrite(ctx, run)
	if err != nil {
		return err
	}
	return s.replace(p, run, out, func() error { return s.still(ctx, id, p, epoch, run, out) })
}

// boundaries returns the sequences whose states are needed: those that have a label,
// and those at which file and document agreed; alone are the changes from the disk
// that the file has before others.
func (s *Store) boundaries(ctx context.Context, id DocumentID, p past, epoch EpochID) (kept, alone map[uint64]bool, err error) {
	l, err := readLabels(p.dir)
	if err != nil {
		return nil, nil, err
	}
	kept, alone = map[uint64]bool{}, map[uint64]bool{}
	for v := range l.of {
		if v.epoch == epoch {
			kept[v.seq] = true
		}
	}
	note, err := s.noteOf(ctx, id, p)
	if err != nil {
		return nil, nil, err
	}
	for _, at := range note.places() {
		kept[at.Upto] = true
		for _, n := range at.Also {
			kept[n], alone[n] = true, true
		}
	}
	return kept, alone, nil
}

// noteOf is what is known of the file of a document, and is on disk: after a crash
// it may not be older.
func (s *Store) noteOf(ctx context.Context, id DocumentID, p past) (fileNote, error) {
	s.mu.Lock()
	sl := s.slots[id]
	s.mu.Unlock()
	if sl == nil {
		note, _, err := lastNote(p.dir)
		return note, err
	}
	d := sl.doc
	d.mu.Lock()
	note, n := d.note, d.recorded
	if w := note.Writing; w != nil {
		writing := *w
		note.Writing = &writing
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, mergeWait)
	defer cancel()
	return note, d.await(ctx, n)
}

// places are the states that file and document have, or may have, in common.
func (n fileNote) places() []place {
	if n.Writing == nil {
		return []place{n.Synced}
	}
	return []place{n.Synced, *n.Writing}
}

// still reports by errChanged that a rewriting is not wanted any more: the run is
// another now, or a state within what was joined is needed.
func (s *Store) still(ctx context.Context, id DocumentID, p past, epoch EpochID, run []part, out []*sealed) error {
	all, err := p.parts()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(q part) bool { return q.first == run[0].first })
	if at < 0 || len(all) <= at+len(run) || !slices.Equal(all[at:at+len(run)], run) {
		return errChanged
	}
	kept, alone, err := s.boundaries(ctx, id, p, epoch)
	if err != nil {
		return err
	}
	for _, o := range out {
		for n := range kept {
			i := sort.Search(len(o.entries), func(i int) bool { return o.entries[i].sequence >= n })
			if i == len(o.entries) {
				continue
			}
			if e := o.entries[i]; e.sequence > n && e.first <= n || alone[n] && e.whole && e.sequence == n {
				return errChanged
			}
		}
	}
	return nil
}
