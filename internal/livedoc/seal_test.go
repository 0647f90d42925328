package livedoc

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

// life is a log that was written edit by edit, and what the document said after each.
type life struct {
	id    DocumentID
	dir   string
	log   *docLog
	texts map[uint64]string
	last  uint64
	end   time.Time
}

// newLife writes a log of n edits by several people with pauses of all lengths, a
// segment whenever one is due, into the store's folder.
func newLife(t testing.TB, s *Store, n int, seed uint64) *life {
	t.Helper()
	l := &life{id: lyceum.NewID[DocumentID](), texts: map[uint64]string{}, end: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	l.dir = filepath.Join(s.cfg.State, string(l.id))
	t.Cleanup(func() { l.log.close() })
	l.goOn(t, s, n, seed)
	return l
}

// goOn begins another epoch, with what the document said, and writes n edits of it.
func (l *life) goOn(t testing.TB, s *Store, n int, seed uint64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 3))
	epoch := newEpoch()
	people := make([]*ydoc.Doc, 3)
	for i := range people {
		people[i] = ydoc.New(ydoc.Config{Client: uint64(100 + i)})
	}
	now := l.end
	y := ydoc.New(ydoc.Config{Client: epoch.draw(nil)})
	var err error
	y.Transact(func(tx *ydoc.Tx) { err = y.Text(api.TextRoot).Insert(tx, 0, l.texts[l.last]) })
	seq := uint64(0)
	if l.log != nil {
		err = errors.Join(err, l.log.close())
		seq = l.log.safe
	}
	if err != nil {
		t.Fatal(err)
	}
	note := fileNote{Path: "a", Synced: place{Upto: seq + 1}}
	l.log, err = createLog(l.dir, l.id, epoch, openSegment, []record{
		{kind: kindKeyframe, sequence: seq + 1, count: 1, time: now, origin: originEpoch, data: y.EncodeState(nil)},
		{kind: kindFile, sequence: seq + 2, count: 1, time: now, origin: originStore, data: note.encode()},
	})
	if err != nil {
		t.Fatal(err)
	}
	seq += 2
	l.log.least = int64(s.cfg.keyframe)
	who, at := 0, 0
	for range n {
		if rnd.IntN(40) == 0 {
			who = rnd.IntN(len(people))
			now = now.Add(time.Duration(rnd.IntN(1200)) * time.Second)
		}
		now = now.Add(time.Duration(rnd.IntN(400)) * time.Millisecond)
		d := people[who]
		text := d.Text(api.TextRoot)
		if _, err := d.Apply(y.EncodeState(d.StateVector())); err != nil {
			t.Fatal(err)
		}
		update := d.Transact(func(tx *ydoc.Tx) {
			if rnd.IntN(30) == 0 {
				at = rnd.IntN(text.Len() + 1)
			}
			at = min(at, text.Len())
			if at > 0 && rnd.IntN(6) == 0 {
				at--
				err = text.Delete(tx, at, 1)
				return
			}
			err = text.Insert(tx, at, string(rune('a'+rnd.IntN(26))))
			at++
		})
		if err != nil {
			t.Fatal(err)
		}
		effective, err := y.Apply(update)
		if err != nil {
			t.Fatal(err)
		}
		seq += 1 + rnd.Uint64N(2)
		origin, author := originEdit, fmt.Sprintf("account-%d", who)
		switch rnd.IntN(200) {
		case 0:
			origin, author = originDisk, ""
		case 1:
			origin = originRestore
		}
		if err := l.log.append([]record{{kind: kindUpdate, sequence: seq, count: 1, time: now, author: author, origin: origin, data: effective}}); err != nil {
			t.Fatal(err)
		}
		l.texts[seq] = y.Text(api.TextRoot).String()
		l.last, l.end = seq, now
		if l.log.due() {
			note.Synced.Upto = seq
			seq += 2
			if err := l.log.rotate([]record{
				{kind: kindKeyframe, sequence: seq - 1, count: 1, time: now, origin: originStore, data: y.EncodeState(nil)},
				{kind: kindFile, sequence: seq, count: 1, time: now, origin: originStore, data: note.encode()},
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// check holds one in every of the versions that the history tells of against what
// the document said.
func (l *life) check(t *testing.T, when string, every int) []entry {
	t.Helper()
	p := past{l.dir}
	parts, err := p.parts()
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	var all []entry
	for _, part := range parts {
		_, entries, err := part.entries()
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		all = append(all, entries...)
	}
	last := uint64(0)
	for i, e := range all {
		// In the middle of a rewriting, what is joined may be told again.
		if e.sequence <= last || e.first <= last && e.origin != originStore && every == 1 {
			t.Errorf("%s: an entry from %d to %d comes after %d", when, e.first, e.sequence, last)
		}
		last = e.sequence
		want, ok := l.texts[e.sequence]
		if !ok || i%every != 0 && i < len(all)-1 {
			continue // a keyframe
		}
		if got, found, err := p.text(e.sequence); err != nil || found != e.sequence || got != want {
			t.Fatalf("%s: version %d is %.80q (found %d, %v), want %.80q", when, e.sequence, got, found, err, want)
		}
	}
	if got, _, err := p.text(1 << 60); err != nil || got != l.texts[l.last] {
		t.Errorf("%s: the newest is %.80q (%v), want %.80q", when, got, err, l.texts[l.last])
	}
	return all
}

func countIf(all []entry, f func(entry) bool) (n int) {
	for _, e := range all {
		if f(e) {
			n++
		}
	}
	return n
}

func count(all []entry) (edits uint64, added, removed int) {
	for _, e := range all {
		if e.origin != originStore && e.origin != originEpoch {
			edits, added, removed = edits+e.count, added+e.added, removed+e.removed
		}
	}
	return edits, added, removed
}

// Whatever is joined as time goes by, the versions that are left say what they said,
// each edit is counted once, and what has a name or is needed stays. After a crash
// at any moment the history is as before or as after.
func TestSealing(t *testing.T) {
	t.Parallel()
	var l *life
	steps := 0
	var h *home
	h = newHome(t, func(c *Config) {
		c.keyframe = 1500
		c.step = func(step string) {
			steps++
			if l != nil && h.Store != nil {
				l.check(t, fmt.Sprintf("when step %d was %s", steps, step), 100)
			}
		}
	})
	h.Store.log = quiet
	l = newLife(t, h.Store, 2000, 1)
	first, early := l.log.epoch, l.last
	l.goOn(t, h.Store, 1500, 6)
	p := past{l.dir}
	before := l.check(t, "before", 10)
	size, err := p.size()
	if err != nil {
		t.Fatal(err)
	}
	seqs := make([]uint64, 0, len(l.texts))
	for n := range l.texts {
		seqs = append(seqs, n)
	}
	slices.Sort(seqs)
	name := "a name"
	named := map[EpochID]uint64{first: seqs[len(seqs)/3], l.log.epoch: seqs[len(seqs)*4/5]}
	for epoch, n := range named {
		if err := addLabel(l.dir, label{Epoch: epoch, Seq: n, Name: &name}); err != nil {
			t.Fatal(err)
		}
	}
	was := len(before)
	old := func(e entry) bool { return e.sequence <= early }
	for _, c := range []struct {
		when string
		now  time.Time
		most int // versions
	}{
		{"sealed", l.end.Add(time.Minute), was / 2},
		{"by the hour", l.end.Add(40 * 24 * time.Hour), was / 8},
		{"by the day", l.end.Add(400 * 24 * time.Hour), was / 8},
	} {
		if err := h.tend(t.Context(), l.id, c.now, true); err != nil {
			t.Fatalf("%s: %v", c.when, err)
		}
		after := l.check(t, c.when, 1)
		if len(after) > c.most {
			t.Errorf("%s: there are %d versions of %d, want at most %d", c.when, len(after), was, c.most)
		}
		e1, a1, r1 := count(before)
		e2, a2, r2 := count(after)
		if e1 != e2 || a1 != a2 || r1 != r2 {
			t.Errorf("%s: it counts %d edits, +%d -%d, want %d, +%d -%d", c.when, e2, a2, r2, e1, a1, r1)
		}
		for _, n := range named {
			if !slices.ContainsFunc(after, func(e entry) bool { return e.sequence == n }) {
				t.Errorf("%s: version %d, which has a name, is gone", c.when, n)
			}
		}
		if got, most := countIf(after, old), c.most*countIf(before, old)/was; got > most {
			t.Errorf("%s: of the epoch before there are %d versions, want at most %d", c.when, got, most)
		}
		parts, err := p.parts()
		if epochs := byEpoch(parts); err != nil || len(epochs) != 2 || epochs[0][0].epoch() != first {
			t.Fatalf("%s: the parts are %v, %v; want those of two epochs", c.when, epochs, err)
		}
		for _, part := range parts[:len(parts)-1] {
			if _, _, _, err := part.timeline(); err != nil {
				t.Errorf("%s: a part is not sealed: %v", c.when, err)
			}
		}
		now, err := p.size()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d versions, %d bytes (before: %d, %d)", c.when, len(after), now, was, size)
		if now > size/3 {
			t.Errorf("%s: it takes %d bytes of %d", c.when, now, size)
		}
		// Nothing is left to do.
		done := steps
		if err := h.tend(t.Context(), l.id, c.now, true); err != nil || steps != done {
			t.Errorf("%s: again it takes %d steps, %v", c.when, steps-done, err)
		}
	}
	if steps < 20 {
		t.Errorf("only %d steps were looked at", steps)
	}
}

// A rewriting that was killed at any step is done anew, and nothing is lost.
func TestSealingGoesOn(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	for at := 1; ; at++ {
		step, reached := 0, false
		h := newHomeIn(t, t.TempDir(), func(c *Config) {
			c.keyframe = 1000
			c.step = func(string) {
				if step++; step == at {
					reached = true
					panic(killed)
				}
			}
		})
		l := newLife(t, h.Store, 180, 2)
		l.goOn(t, h.Store, 120, 7)
		func() {
			defer func() {
				if r := recover(); r != nil && r != any(killed) {
					panic(r)
				}
			}()
			if err := h.tend(t.Context(), l.id, l.end, true); err != nil {
				t.Fatal(err)
			}
		}()
		l.check(t, fmt.Sprintf("killed at step %d", at), 20)
		// The next process begins with fresh locks.
		next := newHome(t, func(c *Config) { c.keyframe = 1000 })
		l2 := *l
		l2.dir = filepath.Join(next.cfg.State, string(l.id))
		if err := os.CopyFS(l2.dir, os.DirFS(l.dir)); err != nil {
			t.Fatal(err)
		}
		if err := next.tend(t.Context(), l.id, l.end, true); err != nil {
			t.Fatal(err)
		}
		all := l2.check(t, fmt.Sprintf("sealed after it was killed at step %d", at), 2)
		if e, _, _ := count(all); e != 300 {
			t.Errorf("killed at step %d: it counts %d edits of 300", at, e)
		}
		left, err := filepath.Glob(filepath.Join(l2.dir, "*"+sealingSuffix))
		if err != nil || len(left) > 0 {
			t.Errorf("killed at step %d: %v is left", at, left)
		}
		if !reached {
			if at < 5 {
				t.Errorf("there were only %d steps", at)
			}
			return
		}
	}
}

// A part that is damaged is left alone, told, and the others are read.
func TestSealedAndDamaged(t *testing.T) {
	t.Parallel()
	h := newHome(t, func(c *Config) { c.keyframe = 1500 })
	l := newLife(t, h.Store, 1500, 5)
	if err := h.tend(t.Context(), l.id, l.end, true); err != nil {
		t.Fatal(err)
	}
	p := past{l.dir}
	parts, err := p.parts()
	if err != nil || len(parts) < 3 {
		t.Fatal(len(parts), err)
	}
	whole, err := os.ReadFile(parts[1].name)
	if err != nil {
		t.Fatal(err)
	}
	// Any byte of a sealed segment is under a checksum.
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x41
		if s, err := scanSegment(bad); err == nil {
			// The timeline is not needed for the records.
			if _, want, _ := parts[1].read(); cmp.Diff(s.records, want, sameRecords) != "" {
				t.Fatalf("with byte %d changed other records are read", i)
			}
		}
	}
	whole[200] ^= 1
	if err := os.WriteFile(parts[1].name, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.text(parts[1].first); !errors.Is(err, errDamaged) {
		t.Errorf("a version in it gives %v", err)
	}
	for _, n := range []uint64{parts[0].first, parts[2].first} {
		if _, _, err := p.text(n); err != nil {
			t.Errorf("a version beside it gives %v", err)
		}
	}
	if err := h.tend(t.Context(), l.id, l.end.Add(40*24*time.Hour), true); !errors.Is(err, errDamaged) {
		t.Errorf("rewriting it gives %v", err)
	}
	if b, err := os.ReadFile(parts[1].name); err != nil || !bytes.Equal(b, whole) {
		t.Errorf("it was changed (%v)", err)
	}
	if _, _, err := p.text(1 << 60); err != nil {
		t.Errorf("the newest version gives %v", err)
	}
}

// Opening any version of a document with 100,000 updates is little work: one segment
// is read, and none is long. BenchmarkOldVersion says how long it takes.
func TestOldVersionsOpenFast(t *testing.T) {
	h := newHome(t)
	l := longLife(t, h.Store, 100_000)
	p := past{l.dir}
	for _, when := range []string{"as it was written", "sealed"} {
		if when == "sealed" {
			if err := h.tend(t.Context(), l.id, l.end, true); err != nil {
				t.Fatal(err)
			}
		}
		var times []time.Duration
		for n := range uint64(100) {
			at := n * l.last / 100
			begin := time.Now()
			text, _, err := p.text(max(at, 1))
			times = append(times, time.Since(begin))
			if want, ok := l.texts[at]; err != nil || ok && text != want {
				t.Fatalf("version %d: %v", at, err)
			}
		}
		slices.Sort(times)
		begin := time.Now()
		tl := timeline{called: func(string) string { return "" }}
		if err := tl.gather(p); err != nil {
			t.Fatal(err)
		}
		size, _ := p.size()
		t.Logf("%s: versions open in %v (median), %v (worst); the list in %v; %d bytes", when, times[50], times[99], time.Since(begin), size)
		parts, err := p.parts()
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			_, records, err := part.read()
			if err != nil || len(records) > 12_000 || part.size > 2<<20 {
				t.Errorf("%s: the segment of version %d has %d records in %d bytes (%v)", when, part.first, len(records), part.size, err)
			}
		}
	}
}

// longLife is newLife for many edits, of which it keeps few texts. One person types
// in runs, as people do.
func longLife(t testing.TB, s *Store, n int) *life {
	t.Helper()
	rnd := rand.New(rand.NewPCG(9, 9))
	l := &life{id: lyceum.NewID[DocumentID](), texts: map[uint64]string{}}
	l.dir = filepath.Join(s.cfg.State, string(l.id))
	now := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	y := ydoc.New(ydoc.Config{Client: 77})
	text := y.Text(api.TextRoot)
	note := fileNote{Path: "a", Synced: place{Upto: 1}}
	var err error
	l.log, err = createLog(l.dir, l.id, newEpoch(), openSegment, []record{
		{kind: kindKeyframe, sequence: 1, count: 1, time: now, origin: originEpoch, data: y.EncodeState(nil)},
		{kind: kindFile, sequence: 2, count: 1, time: now, origin: originStore, data: note.encode()},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.log.least = int64(s.cfg.keyframe)
	t.Cleanup(func() { l.log.close() })
	seq, at := uint64(2), 0
	var batch []record
	for i := range n {
		now = now.Add(time.Duration(50+rnd.IntN(150)) * time.Millisecond)
		if rnd.IntN(60) == 0 {
			at = rnd.IntN(text.Len() + 1)
			now = now.Add(time.Duration(rnd.IntN(20)) * time.Second)
		}
		u := y.Transact(func(tx *ydoc.Tx) {
			if at > 0 && rnd.IntN(8) == 0 {
				at--
				err = text.Delete(tx, at, 1)
				return
			}
			err = text.Insert(tx, at, string(rune('a'+rnd.IntN(26))))
			at++
		})
		if err != nil {
			t.Fatal(err)
		}
		seq++
		batch = append(batch, record{kind: kindUpdate, sequence: seq, count: 1, time: now, author: "0b9f2a6e-1111-4222-8333-444455556666", origin: originEdit, data: u})
		if (seq*100)%uint64(n) == 0 {
			l.texts[seq] = text.String()
		}
		if len(batch) < 1000 && i < n-1 {
			continue
		}
		if err := l.log.append(batch); err != nil {
			t.Fatal(err)
		}
		batch = nil
		if l.log.due() {
			seq += 2
			note.Synced.Upto = seq - 1
			if err := l.log.rotate([]record{
				{kind: kindKeyframe, sequence: seq - 1, count: 1, time: now, origin: originStore, data: y.EncodeState(nil)},
				{kind: kindFile, sequence: seq, count: 1, time: now, origin: originStore, data: note.encode()},
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.last, l.end = seq, now
	return l
}

func BenchmarkOldVersion(b *testing.B) {
	h := newHome(b)
	l := longLife(b, h.Store, 100_000)
	for _, when := range []string{"plain", "sealed"} {
		if when == "sealed" {
			if err := h.tend(b.Context(), l.id, l.end, true); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(when, func(b *testing.B) {
			rnd := rand.New(rand.NewPCG(1, 1))
			for b.Loop() {
				if _, _, err := (past{l.dir}).text(1 + rnd.Uint64N(l.last)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestTimelineRoundTrip(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_800_000_000_123).UTC()
	want := []entry{
		{first: 5, sequence: 5, count: 1, since: at, until: at, author: "", origin: originEpoch, whole: true},
		{first: 7, sequence: 9, count: 3, since: at.Add(-time.Hour), until: at, author: "ada", origin: originEdit, added: 300, removed: 2},
	}
	sum := summary{window: fineWindow, base: 100, bytes: 300}
	b := encodeTimeline(sum, want)
	gotSum, got, err := decodeTimeline(b)
	if diff := cmp.Diff(got, want, cmp.AllowUnexported(entry{})); err != nil || diff != "" || gotSum != sum {
		t.Errorf("%v, %+v (-got +want): %s", err, gotSum, diff)
	}
	for i := range b {
		if _, _, err := decodeTimeline(b[:i]); err == nil {
			t.Errorf("cut at %d it is read", i)
		}
	}
}

func FuzzTimeline(f *testing.F) {
	f.Add(encodeTimeline(summary{window: fineWindow, base: 9, bytes: 20}, []entry{{first: 1, sequence: 3, count: 2, origin: "edit", author: "ada", added: 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, all, err := decodeTimeline(b)
		if err != nil {
			return
		}
		s2, all2, err := decodeTimeline(encodeTimeline(s, all))
		if err != nil || s != s2 || cmp.Diff(all, all2, cmp.AllowUnexported(entry{})) != "" {
			t.Errorf("%+v %+v, then %+v %+v, %v", s, all, s2, all2, err)
		}
	})
}

func FuzzSealed(f *testing.F) {
	s := sealed{header: header{doc: "00112233-4455-6677-8899-aabbccddeeff", epoch: "ffeeddcc-bbaa-9988-7766-554433221100", first: 1}}
	s.records = appendRecord(nil, &record{kind: kindKeyframe, sequence: 1, count: 1, data: []byte("state")})
	s.entries = []entry{{first: 1, sequence: 1, count: 1, whole: true}}
	b, err := s.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < segmentHeader {
			return
		}
		if r, err := openSealed(header{first: 1}, b); err == nil && (len(r) == 0 || r[0].sequence != 1) {
			t.Errorf("records %+v", r)
		}
	})
}

func TestDiffLines(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(8, 8))
	for range 300 {
		a := make([]string, rnd.IntN(60))
		for i := range a {
			a[i] = fmt.Sprintln(rnd.IntN(9))
		}
		b := slices.Clone(a)
		for range rnd.IntN(8) {
			if i := rnd.IntN(len(b) + 1); i < len(b) && rnd.IntN(2) == 0 {
				b = slices.Delete(b, i, i+1)
			} else {
				b = slices.Insert(b, i, fmt.Sprintln(rnd.IntN(9)))
			}
		}
		old, want := strings.Join(a, ""), strings.Join(b, "")
		changes, coarse := compareLines(linesOf(old), linesOf(want))
		var got []string
		at, edits := 0, 0
		for _, c := range changes {
			got = append(append(got, a[at:c.a0]...), b[c.b0:c.b1]...)
			at = c.a1
			edits += c.a1 - c.a0 + c.b1 - c.b0
		}
		if s := strings.Join(append(got, a[at:]...), ""); s != want || coarse {
			t.Fatalf("the changes %v make %q of %q, want %q", changes, s, old, want)
		}
		if edits > shortest(a, b) {
			t.Fatalf("%d lines are told as changed, %d would do: %q %q", edits, shortest(a, b), old, want)
		}
		d := diffLines(old, want)
		if d.Added+d.Removed != edits {
			t.Errorf("it says +%d -%d, want %d together", d.Added, d.Removed, edits)
		}
	}
	huge := diffLines(strings.Repeat("x\ny\n", 100_000)+lines(50_000, "a"), lines(120_000, "b")+strings.Repeat("y\nx\n", 90_000))
	if n := len(huge.Hunks); n == 0 || !huge.Cut {
		t.Errorf("texts that have nothing in common give %d hunks, cut %v", n, huge.Cut)
	}
}

// shortest is how many lines must change, by the table.
func shortest(a, b []string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			row[j+1] = 1 + min(prev[j+1], row[j])
			if a[i] == b[j] {
				row[j+1] = prev[j]
			}
		}
		prev = row
	}
	return prev[len(b)]
}
