package ydoc

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestTogether runs the same random story here and in npm yjs: people edit texts,
// arrays and maps, nested and formatted, and get each other's updates late, twice,
// out of order, in both versions. Each person is in both worlds; what either
// writes must be the same bytes, what it holds the same content.
func TestTogether(t *testing.T) {
	t.Parallel()
	y := reference(t)
	rounds, same, stories, cleaned := 0, 0, 0, 0
	soak(t, 300, func(seed uint64) {
		s := newTogether(seed)
		for range 12 {
			s.round()
			rounds++
		}
		s.finish()
		stories++
		if err := s.compare(y); errors.Is(err, errCleaned) {
			cleaned++
		} else if err != nil && !errors.Is(err, errAhead) {
			t.Fatalf("seed %d: %v", seed, err)
		}
		same += s.same
	})
	t.Logf("%d rounds; %d states were the same bytes; %d stories ended early because other formats were cleaned up", rounds, same, cleaned)
	if cleaned*50 > stories {
		t.Errorf("%d of %d stories cleaned up other formats", cleaned, stories)
	}
}

// errCleaned ends the comparison of a story: one side took a needless format away
// that the other has still, which happens rarely when updates come out of order.
// The text looks the same, and who gets the other's state comes to the same.
var errCleaned = errors.New("other formats were cleaned up")

// together is one story.
type together struct {
	mirror
	authors []*writer
	gc      bool
	same    int
}

// writer is one person in our world.
type writer struct {
	doc   *Doc
	inbox []int
}

func newTogether(seed uint64) *together {
	s := &together{}
	s.rnd = rand.New(rand.NewPCG(seed, 4))
	s.script.add(cmdWorld, 4, true)
	s.gc = s.rnd.IntN(4) > 0
	s.words = wordList
	if !s.gc {
		s.words = wordList[:len(wordList)-2] // see newMirror
	}
	for i := range 2 + s.rnd.IntN(3) {
		c := Config{Client: s.client(i), KeepDeleted: !s.gc}
		d := New(c)
		d.mark = 1<<31 - s.rnd.Uint32N(100)
		s.authors = append(s.authors, &writer{doc: d})
		s.script.add(cmdOpen, i, c.Client, s.gc, cmdRoots, i)
		rootsOf(d)
	}
	return s
}

// rootsOf makes the roots, so that both sides know what they are.
func rootsOf(d *Doc) []Shared {
	return []Shared{d.Text("text"), d.Text("rich"), d.Array("array"), d.Map("map")}
}

func (s *together) round() {
	for i, w := range s.authors {
		for range s.rnd.IntN(3) {
			s.edit(i, w)
		}
		for range s.rnd.IntN(5) {
			s.getAny(i, w)
		}
	}
	if s.rnd.IntN(4) == 0 {
		s.show(s.rnd.IntN(len(s.authors)))
	}
}

// edit makes one transaction.
func (s *together) edit(i int, w *writer) {
	n := 1 + s.rnd.IntN(3)
	s.script.add(cmdTold, i, n)
	var note strings.Builder
	fmt.Fprintf(&note, "person %d edits:", i)
	update := w.doc.Transact(func(tx *Tx) {
		for range n {
			e := editor{together: s, tx: tx, note: &note}
			e.once(w.doc)
		}
	})
	s.updates = append(s.updates, update)
	for j, other := range s.authors {
		if j != i && update != nil {
			other.inbox = append(other.inbox, len(s.updates)-1)
		}
	}
	same := sameBytes(update)
	formats := w.doc.formats
	s.expect(note.String(), func(d *decoder) error {
		err := same(d)
		if err != nil && formats {
			return errCleaned // here or before
		}
		return err
	})
}

// getAny delivers an update: new ones in any order, sometimes an old one.
func (s *together) getAny(i int, w *writer) {
	if s.rnd.IntN(10) == 0 && len(s.updates) > 0 {
		s.get(i, w, s.rnd.IntN(len(s.updates)))
		return
	}
	if len(w.inbox) == 0 {
		return
	}
	k := 0
	if s.rnd.IntN(3) == 0 {
		k = s.rnd.IntN(len(w.inbox))
	}
	n := w.inbox[k]
	w.inbox = append(w.inbox[:k], w.inbox[k+1:]...)
	s.get(i, w, n)
}

func (s *together) get(i int, w *writer, n int) {
	update := s.updates[n]
	if update == nil {
		return
	}
	waited := w.doc.Pending()
	var effective []byte
	var err error
	version := 1 + s.rnd.IntN(2)
	if version == 1 {
		effective, err = w.doc.Apply(update)
	} else {
		if update, err = ConvertV1ToV2(update); err == nil {
			effective, err = w.doc.ApplyV2(update)
		}
	}
	if err != nil {
		panic(err)
	}
	s.script.add(cmdTake, i, version, update)
	quiet := !waited && !w.doc.Pending()
	s.expect(fmt.Sprintf("person %d gets update %d", i, n), func(d *decoder) error {
		theirs, cleaned := d.bytes(), d.bytes()
		if quiet && len(cleaned) == 0 && len(effective) == len(theirs) && !bytes.Equal(effective, theirs) {
			return fmt.Errorf("effective update\n %x, yjs has\n %x", effective, theirs)
		}
		return nil // what is cleaned up is in ours, but news of its own in yjs
	})
}

// show compares what a person has.
func (s *together) show(i int) {
	w := s.authors[i]
	content, sv, pending := s.content(w.doc), w.doc.StateVector(), w.doc.Pending()
	one, two := w.doc.EncodeState(nil), must2(w.doc.EncodeStateV2(nil))
	broken, formats := w.doc.check(), w.doc.formats
	s.script.add(cmdContent, i)
	s.expect(fmt.Sprintf("what person %d has", i), func(d *decoder) error {
		from := d.pos
		d.skipAny(0)
		theirs := d.b[from:d.pos]
		theirSV, theirOne, theirTwo, theirPending := d.bytes(), d.bytes(), d.bytes(), d.uint() == 1
		if broken != nil {
			return broken
		}
		if err := notBehind(sv, theirSV); err != nil {
			return err
		}
		if pending != theirPending {
			return errAhead
		}
		if !bytes.Equal(content, theirs) {
			return fmt.Errorf("content\n %s\nyjs has\n %s", anyToJSON(nil, content), anyToJSON(nil, theirs))
		}
		if pending {
			return nil
		}
		if bytes.Equal(one, theirOne) && bytes.Equal(two, theirTwo) {
			s.same++
			return nil
		}
		if formats {
			return errCleaned
		}
		return fmt.Errorf("state\n %x, yjs has\n %x\nin V2\n %x, yjs has\n %x", one, theirOne, two, theirTwo)
	})
}

// finish delivers all that is left; everybody then has the same, and each world
// loads the other's states.
func (s *together) finish() {
	for i, w := range s.authors {
		s.rnd.Shuffle(len(w.inbox), func(a, b int) { w.inbox[a], w.inbox[b] = w.inbox[b], w.inbox[a] })
		for _, n := range w.inbox {
			s.get(i, w, n)
		}
		w.inbox = nil
	}
	// What one cleaned up the others hear of by their states.
	for i, w := range s.authors {
		for _, other := range s.authors {
			if other != w {
				s.updates = append(s.updates, other.doc.EncodeState(nil))
				s.get(i, w, len(s.updates)-1)
			}
		}
	}
	for i := range s.authors {
		s.show(i)
	}
	first := s.authors[0].doc
	n := len(s.authors)
	s.script.add(cmdOpen, n, 7, s.gc, cmdRoots, n)
	w := &writer{doc: New(Config{Client: 7, KeepDeleted: !s.gc})}
	s.authors = append(s.authors, w)
	rootsOf(w.doc)
	s.updates = append(s.updates, first.EncodeState(nil))
	s.get(n, w, len(s.updates)-1)
	s.show(n)
	s.sameForAll()
}

func (s *together) sameForAll() {
	first := s.content(s.authors[0].doc)
	for i, w := range s.authors {
		got, pending := s.content(w.doc), w.doc.Pending()
		s.expect("the end", func(*decoder) error {
			if pending || !bytes.Equal(got, first) {
				return fmt.Errorf("person %d, who waits: %v, has\n %s, person 0\n %s", i, pending, anyToJSON(nil, got), anyToJSON(nil, first))
			}
			return nil
		})
	}
}
