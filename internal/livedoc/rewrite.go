package livedoc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lyceum/internal/ydoc"
)

const (
	sealingSuffix = ".sealing"
)

// told is a record with what the timeline says of it.
type told struct {
	record
	entry entry
}

// rewriter joins the records of some segments into sealed ones: the edits of one
// author within a window become one, and where what follows a keyframe outgrew it
// another one begins a new segment. The states at kept sequences stay.
type rewriter struct {
	window time.Duration
	least  int             // bytes behind a keyframe that are worth another one
	from   uint64          // the oldest version that is kept: one that there is; 0: all are
	kept   map[uint64]bool // sequences whose states must stay
	alone  map[uint64]bool // those whose updates must stay what they are

	y     *ydoc.Doc
	group []told // that are to be joined
	out   []*sealed
}

// add takes the next record.
func (w *rewriter) add(r *told) error {
	switch {
	case r.kind != kindUpdate && r.kind != kindKeyframe:
		return nil // what is said of the file counts in the last segment only
	case len(w.out) == 0:
		return w.first(r)
	case r.kind == kindKeyframe:
		return w.keyframe(r)
	}
	if n := len(w.group); n > 0 && !w.joins(&w.group[0], &w.group[n-1], r) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.group = append(w.group, *r)
	return nil
}

// joins reports whether r goes into the group from first to last.
func (w *rewriter) joins(first, last, r *told) bool {
	gap := r.entry.until.Sub(first.entry.since)
	return r.author == first.author && r.entry.origin == first.entry.origin && gap >= 0 && gap <= w.window && r.origin != originRestore &&
		!w.kept[last.sequence] && !w.alone[last.sequence] && !w.alone[r.sequence]
}

// apply takes updates into the state.
func (w *rewriter) apply(updates [][]byte, sequence uint64) (fresh []byte, err error) {
	if fresh, err = w.y.RestoreAll(updates); err != nil {
		return nil, fmt.Errorf("%w: record %d: %w", errDamaged, sequence, err)
	}
	return fresh, nil
}

// first takes the records up to the oldest version that is kept, with which the
// first segment begins.
func (w *rewriter) first(r *told) error {
	if w.y == nil {
		w.y = ydoc.New(ydoc.Config{Client: 1})
	}
	if _, err := w.apply([][]byte{r.data}, r.sequence); err != nil || r.sequence < w.from {
		return err
	}
	whole := *r
	if r.kind != kindKeyframe || w.from > 0 {
		whole.data = w.y.EncodeState(nil)
	}
	w.begin(&whole)
	return nil
}

// keyframe takes a keyframe that is not the first. It has nothing new, unless the
// records before it were lost.
func (w *rewriter) keyframe(r *told) error {
	if err := w.flush(); err != nil {
		return err
	}
	fresh, err := w.apply([][]byte{r.data}, r.sequence)
	if err != nil || fresh == nil && r.origin == originStore {
		return err
	}
	lost := *r
	if lost.data = fresh; fresh == nil {
		lost.data = nothing
	}
	if lost.origin == originStore {
		lost.origin, lost.entry.origin = originEdit, originEdit
	}
	w.put(&lost)
	return nil
}

// nothing is an update that changes nothing.
var nothing = []byte{0, 0}

// begin begins a segment with the state r.
func (w *rewriter) begin(r *told) {
	s := &sealed{header: header{first: r.sequence}, summary: summary{window: w.window}}
	s.records = appendRecord(nil, &record{kind: kindKeyframe, sequence: r.sequence, count: r.count, time: r.time, author: r.author, origin: withoutMark(r.origin), data: r.data})
	s.summary.base = len(s.records)
	s.entries = []entry{w.fresh(r.entry, true)}
	w.out = append(w.out, s)
}

// fresh is an entry without what was told already: after a crash in the middle of a
// rewriting, edits are told one by one and joined.
func (w *rewriter) fresh(e entry, whole bool) entry {
	e.whole = whole
	if len(w.out) > 0 && e.first <= w.out[len(w.out)-1].last() {
		e.first, e.count, e.added, e.removed = e.sequence, 1, 0, 0
	}
	return e
}

// put adds an update to the segment, or begins a new one with the state behind it.
func (w *rewriter) put(r *told) {
	s := w.out[len(w.out)-1]
	if len(s.records)-s.summary.base > max(s.summary.base, w.least) && !w.alone[r.sequence] && !w.y.Pending() {
		whole := *r
		whole.data = w.y.EncodeState(nil)
		w.begin(&whole)
		return
	}
	s.records = appendRecord(s.records, &record{kind: kindUpdate, sequence: r.sequence, count: r.count, time: r.time, author: r.author, origin: withoutMark(r.origin), data: r.data})
	s.entries = append(s.entries, w.fresh(r.entry, false))
}

// flush joins the group.
func (w *rewriter) flush() error {
	group := w.group
	w.group = nil
	if len(group) == 0 {
		return nil
	}
	all := make([][]byte, len(group))
	for i := range group {
		all[i] = group[i].data
	}
	joined, err := w.apply(all, group[0].sequence)
	if err != nil {
		return err
	}
	if len(group) == 1 || w.y.Pending() {
		for i := range group { // what waits must stay as it is
			w.put(&group[i])
		}
		return nil
	}
	r, e := group[len(group)-1], group[0].entry
	for _, next := range group[1:] {
		e.sequence, e.until = next.entry.sequence, next.entry.until
		e.count += next.entry.count
		e.added += next.entry.added
		e.removed += next.entry.removed
	}
	if r.data = joined; joined == nil {
		r.data = nothing
	}
	r.count, r.entry = e.count, e
	w.put(&r)
	return nil
}

// rewrite reads the parts of a run and returns what replaces them.
func (w *rewriter) rewrite(ctx context.Context, run []part) ([]*sealed, error) {
	var h header
	for _, p := range run {
		head, records, err := p.told()
		if err != nil {
			return nil, err
		}
		h = head
		for i := range records {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err := w.add(&records[i]); err != nil {
				return nil, err
			}
		}
	}
	if err := w.flush(); err != nil {
		return nil, err
	}
	for _, s := range w.out {
		s.header.doc, s.header.epoch = h.doc, h.epoch
	}
	return w.out, nil
}

// told reads the records of a part with what its timeline says of them.
func (p part) told() (header, []told, error) {
	h, records, err := p.read()
	if err != nil {
		return h, nil, err
	}
	_, entries, err := p.entries()
	if err != nil {
		return h, nil, err
	}
	of := make(map[uint64]entry, len(entries))
	for _, e := range entries {
		of[e.sequence] = e
	}
	all := make([]told, len(records))
	for i, r := range records {
		all[i] = told{r, of[r.sequence]}
	}
	return h, all, nil
}

// replace puts segments in the place of a run: written beside, brought to disk,
// renamed, and only then the others removed. After a crash in between two segments
// may tell of the same edits, which a past expects. Check is asked at the last moment
// whether it may still be done; the error is errChanged when it may not.
func (s *Store) replace(p past, run []part, out []*sealed, check func() error) error {
	for _, o := range out {
		b, err := o.encode()
		if err != nil {
			return err
		}
		name := filepath.Join(p.dir, segmentName(o.header.first)+sealingSuffix)
		if err := removeIfThere(name); err != nil {
			return err
		}
		if err := writeFile(name, b); err != nil {
			return errors.Join(err, removeIfThere(name))
		}
		s.cfg.step("written")
	}
	s.rewriting.Lock()
	defer s.rewriting.Unlock()
	if err := check(); err != nil {
		return err
	}
	// The first one takes the name of the run's first, so it comes last: until then
	// all of the run is there.
	for _, o := range slices.Backward(out) {
		name := filepath.Join(p.dir, segmentName(o.header.first))
		if err := os.Rename(name+sealingSuffix, name); err != nil {
			return err
		}
		s.cfg.step("renamed")
	}
	if err := syncDir(p.dir); err != nil {
		return err
	}
	for _, old := range run {
		if !slices.ContainsFunc(out, func(o *sealed) bool { return o.header.first == old.first }) {
			if err := os.Remove(old.name); err != nil {
				return err
			}
			s.cfg.step("removed")
		}
	}
	return syncDir(p.dir)
}

// errChanged says that a rewriting came too late.
var errChanged = errors.New("the history was changed meanwhile")

// removeUnfinished removes what a rewriting that was killed has left.
func (p past) removeUnfinished() error {
	entries, err := os.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), sealingSuffix) {
			if err := removeIfThere(filepath.Join(p.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
