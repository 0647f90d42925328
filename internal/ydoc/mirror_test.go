package ydoc

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMirror runs the same random story in this package and in npm yjs: people
// who edit one text at the same time and get each other's updates late, twice
// and out of order. Everything that either writes must be the same bytes.
func TestMirror(t *testing.T) {
	t.Parallel()
	y := reference(t)
	rounds, ahead := 0, 0
	soak(t, 100, func(seed uint64) {
		m := newMirror(seed)
		for range 25 {
			m.round()
			rounds++
		}
		m.finish()
		if err := m.compare(y); errors.Is(err, errAhead) {
			ahead++
		} else if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	})
	t.Logf("%d rounds; in %d stories we were ahead of yjs before their end", rounds, ahead)
}

// soak calls f with n seeds, or with new ones for as long as LYCEUM_SOAK says.
// LYCEUM_SEED runs a single one again.
func soak(t *testing.T, n int, f func(seed uint64)) {
	t.Helper()
	if s := os.Getenv("LYCEUM_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		f(seed)
		return
	}
	s := os.Getenv("LYCEUM_SOAK")
	if s == "" {
		for seed := range uint64(n) {
			f(seed)
		}
		return
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(d); time.Now().Before(end); {
		f(rand.Uint64N(1 << 50))
	}
}

// mirror is one story.
type mirror struct {
	rnd     *rand.Rand
	words   []string
	people  []*person
	updates [][]byte
	script  script
	checks  []check
}

type person struct {
	doc   *Doc
	text  *Text
	inbox []int // updates not yet delivered
	caret int
}

// check holds what yjs must answer to one command.
type check struct {
	what string
	read func(*decoder) error
}

func newMirror(seed uint64) *mirror {
	m := &mirror{rnd: rand.New(rand.NewPCG(seed, 0))}
	m.script.add(cmdWorld, 0, true)
	gc := m.rnd.IntN(4) > 0
	m.words = wordList
	if !gc {
		// Where a deletion divides a pair of surrogates, the deleted text
		// depends on what was deleted at once, in Yjs too.
		m.words = wordList[:len(wordList)-2]
	}
	for i := range 2 + m.rnd.IntN(4) {
		c := Config{Client: m.client(i), KeepDeleted: !gc}
		d := New(c)
		d.mark = 1<<31 - m.rnd.Uint32N(100) // soon starts again
		m.people = append(m.people, &person{doc: d, text: d.Text("text")})
		m.script.add(cmdOpen, i, c.Client, gc)
	}
	return m
}

// client draws an id of one, five or eight bytes.
func (m *mirror) client(i int) uint64 {
	switch m.rnd.IntN(3) {
	case 0:
		return uint64(i + 1)
	case 1:
		return uint64(m.rnd.Uint32()) | 8 + uint64(i)
	}
	return 1<<32 + m.rnd.Uint64N(1<<52)
}

func (m *mirror) round() {
	for i, p := range m.people {
		for range m.rnd.IntN(4) {
			m.edit(i, p)
		}
		for range m.rnd.IntN(6) {
			m.deliverAny(i, p)
		}
		if m.rnd.IntN(8) == 0 {
			m.sync(m.rnd.IntN(len(m.people)), i)
		}
	}
	if m.rnd.IntN(5) == 0 {
		m.state(m.rnd.IntN(len(m.people)))
	}
}

// edit makes one transaction of a person.
func (m *mirror) edit(i int, p *person) {
	n := 1 + m.rnd.IntN(3)
	m.script.add(cmdEdit, i, n)
	note := fmt.Sprintf("person %d edits:", i)
	update := p.doc.Transact(func(tx *Tx) {
		for range n {
			note += " " + m.editOnce(p, tx)
		}
	})
	m.updates = append(m.updates, update)
	for j, q := range m.people {
		if j != i && update != nil {
			q.inbox = append(q.inbox, len(m.updates)-1)
		}
	}
	m.expect(note, sameBytes(update))
}

func (m *mirror) editOnce(p *person, tx *Tx) string {
	length := p.text.Len()
	if m.rnd.IntN(3) > 0 {
		p.caret = min(p.caret, length)
	} else {
		p.caret = m.rnd.IntN(length + 1)
	}
	if m.rnd.IntN(3) > 0 || length == 0 {
		s := m.insertion()
		m.script.add(1, p.caret, s)
		if err := p.text.Insert(tx, p.caret, s); err != nil {
			panic(err)
		}
		note := fmt.Sprintf("+%d%.20q", p.caret, s)
		p.caret += len16(s)
		return note
	}
	at := p.caret % length
	n := min(1+m.rnd.IntN(5), length-at)
	if m.rnd.IntN(30) == 0 {
		at, n = 0, length
	}
	m.script.add(0, at, n)
	if err := p.text.Delete(tx, at, n); err != nil {
		panic(err)
	}
	return fmt.Sprintf("-%d:%d", at, n)
}

var wordList = []string{"a", "b", "xyz", " ", "\n", "é", "e\u0301", "漢字", "\u0000", "\uFEFF", "\uFFFD", "line of text\n", "😀", "👩‍👩‍👧"}

func (m *mirror) word() string { return m.words[m.rnd.IntN(len(m.words))] }

func (m *mirror) insertion() string {
	switch m.rnd.IntN(40) {
	case 0:
		return strings.Repeat(m.word(), 1+m.rnd.IntN(300))
	case 1, 2, 3:
		return m.word() + m.word()
	}
	return m.word()
}

// deliverAny delivers a random update: new in any order, sometimes an old one.
func (m *mirror) deliverAny(i int, p *person) {
	if m.rnd.IntN(10) == 0 && len(m.updates) > 0 {
		m.deliver(i, m.rnd.IntN(len(m.updates)))
		return
	}
	if len(p.inbox) == 0 {
		return
	}
	k := 0
	if m.rnd.IntN(2) == 0 {
		k = m.rnd.IntN(len(p.inbox))
	}
	n := p.inbox[k]
	p.inbox = append(p.inbox[:k], p.inbox[k+1:]...)
	m.deliver(i, n)
}

func (m *mirror) deliver(i, n int) {
	p := m.people[i]
	waited := p.doc.Pending()
	var effective []byte
	if len(m.updates[n]) > 0 {
		var err error
		if effective, err = p.doc.Apply(m.updates[n]); err != nil {
			panic(err)
		}
	}
	pending, sv := p.doc.Pending(), p.doc.StateVector()
	m.script.add(cmdDeliver, i, n)
	m.expect(fmt.Sprintf("person %d gets update %d", i, n), func(d *decoder) error {
		theirs, theirSV := d.bytes(), d.bytes()
		if len(theirSV) > 0 && (waited || pending) {
			return notBehind(sv, theirSV)
		}
		if pending != (len(theirSV) > 0) {
			return fmt.Errorf("pending: %v, yjs has state vector %x", pending, theirSV)
		}
		if waited || bytes.Equal(effective, theirs) {
			return nil // what waited may have come out in another order
		}
		return fmt.Errorf("effective update\n %x, yjs has\n %x", effective, theirs)
	})
}

// errAhead ends the comparison of a story: yjs still keeps updates back whose
// missing ones came, which it may until the next update, so the two are not in
// the same state from here on.
var errAhead = errors.New("we are ahead of yjs")

func notBehind(sv StateVector, encoded []byte) error {
	theirs, err := DecodeStateVector(encoded)
	if err != nil {
		return err
	}
	for client, clock := range theirs {
		if sv[client] < clock {
			return fmt.Errorf("state vector %v is behind that of yjs: %v", sv, theirs)
		}
	}
	if !maps.Equal(sv, theirs) {
		return errAhead
	}
	return nil
}

// sync gives one person what they lack of another's state.
func (m *mirror) sync(from, to int) {
	a, b := m.people[from].doc, m.people[to].doc
	if from == to || a.Pending() {
		return // yjs would put what waits into it too
	}
	update := a.EncodeState(b.StateVector())
	m.updates = append(m.updates, update)
	m.script.add(cmdSync, from, to)
	m.expect(fmt.Sprintf("person %d sends to %d what lacks", from, to), sameBytes(update))
	m.deliver(to, len(m.updates)-1)
}

func (m *mirror) state(i int) {
	p := m.people[i]
	sv, state, text, pending := p.doc.StateVector().Encode(), p.doc.EncodeState(nil), p.text.String(), p.doc.Pending()
	broken := p.doc.check()
	m.script.add(cmdState, i)
	m.expect(fmt.Sprintf("state of person %d", i), func(d *decoder) error {
		theirSV, theirState, theirText := d.bytes(), d.bytes(), string(d.text())
		d.uint()
		switch {
		case broken != nil:
			return broken
		case text != theirText:
			return fmt.Errorf("text\n %.2000q, yjs has\n %.2000q", text, theirText)
		case !bytes.Equal(sv, theirSV):
			return fmt.Errorf("state vector %x, yjs has %x", sv, theirSV)
		case !pending && !bytes.Equal(state, theirState):
			return fmt.Errorf("state\n %x, yjs has\n %x", state, theirState)
		}
		return nil
	})
}

// finish delivers all that is left and compares the people with each other.
func (m *mirror) finish() {
	for i, p := range m.people {
		m.rnd.Shuffle(len(p.inbox), func(a, b int) { p.inbox[a], p.inbox[b] = p.inbox[b], p.inbox[a] })
		for _, n := range p.inbox {
			m.deliver(i, n)
		}
		p.inbox = nil
		m.state(i)
	}
	first := m.people[0]
	for i, p := range m.people {
		m.expect("the end", func(*decoder) error {
			if p.doc.Pending() {
				return fmt.Errorf("person %d waits for updates although all were delivered", i)
			}
			if got, want := p.text.String(), first.text.String(); got != want {
				return fmt.Errorf("person %d has text\n %q, person 0 has\n %q", i, got, want)
			}
			got, want := p.doc.EncodeState(nil), first.doc.EncodeState(nil)
			if !bytes.Equal(got, want) {
				return fmt.Errorf("person %d has state\n %x, person 0 has\n %x", i, got, want)
			}
			f := fork(p.doc, 0)
			if f.Pending() || f.Text("text").String() != p.text.String() {
				return fmt.Errorf("a fork of person %d waits: %v, text\n %q, not\n %q", i, f.Pending(), f.Text("text"), p.text)
			}
			if again := f.EncodeState(nil); !bytes.Equal(got, again) {
				return fmt.Errorf("a fork of person %d has state\n %x, not\n %x", i, again, got)
			}
			return nil
		})
	}
	m.load(len(m.people), first.doc.EncodeState(nil))
}

// load gives the full state to a new yjs document.
func (m *mirror) load(i int, state []byte) {
	text := m.people[0].text.String()
	m.script.add(cmdOpen, i, 7, true, cmdApply, i, state, cmdState, i)
	m.expect("load the state", func(d *decoder) error {
		d.bytes()
		d.bytes()
		if got := string(d.text()); got != text {
			return fmt.Errorf("text\n %q, yjs loads\n %q", text, got)
		}
		if d.uint() != 0 {
			return fmt.Errorf("yjs waits for more after the full state")
		}
		return nil
	})
}

func (m *mirror) expect(what string, read func(*decoder) error) {
	m.checks = append(m.checks, check{what, read})
}

func sameBytes(want []byte) func(*decoder) error {
	return func(d *decoder) error {
		if theirs := d.bytes(); !bytes.Equal(want, theirs) {
			return fmt.Errorf("wrote\n %x, yjs wrote\n %x", want, theirs)
		}
		return nil
	}
}

// compare runs the story in yjs and reports the first difference.
func (m *mirror) compare(y *yjs) error {
	d, err := y.run(m.script)
	if err != nil {
		return err
	}
	for i, c := range m.checks {
		if err := c.read(d); err != nil {
			var before strings.Builder
			for _, c := range m.checks[max(0, i-12):i] {
				fmt.Fprintf(&before, "%s\n", c.what)
			}
			return fmt.Errorf("%sstep %d, %s: %w", before.String(), i, c.what, err)
		}
	}
	if d.err != nil || d.pos != len(d.b) {
		return fmt.Errorf("yjs answered something else: %v, %d bytes left", d.err, len(d.b)-d.pos)
	}
	return nil
}
