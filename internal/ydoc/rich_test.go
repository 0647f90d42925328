package ydoc

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRich lets npm yjs edit documents of every type at the same time: maps,
// arrays, formats, embeds, nested types, XML, subdocuments, bytes, any values.
// This package gets the updates in any order, late and twice, and passes on
// what they brought. Yjs must read the same content out of its states.
func TestRich(t *testing.T) {
	t.Parallel()
	y := reference(t)
	same, all := 0, 0
	soak(t, 80, func(seed uint64) {
		r := newRich(t, y, 1, seed)
		for range 6 {
			r.round()
		}
		r.finish()
		same, all = same+r.same, all+r.all
	})
	t.Logf("%d of %d states were the same bytes", same, all)
}

// rich is one story: people edit in yjs; server is ours and gets everything,
// relay is fed with what server says was new, late gets all in another order.
type rich struct {
	t                   *testing.T
	y                   *yjs
	world               int
	seed                uint64
	rnd                 *rand.Rand
	people              int
	inbox               [][][]byte // by person
	server, relay, late *Doc
	all, same           int
	toServer, toLate    [][]byte
}

func newRich(t *testing.T, y *yjs, world int, seed uint64) *rich {
	r := &rich{t: t, y: y, world: world, seed: seed, rnd: rand.New(rand.NewPCG(seed, 1))}
	gc := r.rnd.IntN(4) > 0
	r.people = 1 + r.rnd.IntN(3)
	r.inbox = make([][][]byte, r.people)
	s := r.script(true)
	for i := range r.people {
		s.add(cmdOpen, i, 1<<32+r.rnd.Uint64N(1<<52), gc)
	}
	r.run(s)
	c := Config{KeepDeleted: !gc}
	r.server, r.relay, r.late = New(c), New(c), New(c)
	return r
}

// script begins a script in the story's own world.
func (r *rich) script(fresh bool) script {
	s := script{}
	s.add(cmdWorld, r.world, fresh)
	return s
}

func (r *rich) run(s script) *decoder {
	r.t.Helper()
	d, err := r.y.run(s)
	if err != nil {
		r.t.Fatalf("seed %d: %v", r.seed, err)
	}
	return d
}

// round lets each person edit and get some of what the others did.
func (r *rich) round() {
	for i := range r.people {
		n := 1 + r.rnd.IntN(4)
		s := r.script(false)
		s.add(cmdRich, i, uint64(r.rnd.Uint32()), n)
		d := r.run(s)
		for range n {
			r.send(i, d.bytes())
		}
		r.receive(i, r.rnd.IntN(len(r.inbox[i])+1))
	}
	r.serve(r.rnd.IntN(len(r.toServer) + 1))
}

// send puts an update on its way to everybody.
func (r *rich) send(from int, update []byte) {
	if len(update) == 0 {
		return
	}
	update = bytes.Clone(update)
	for i := range r.inbox {
		if i != from {
			r.inbox[i] = append(r.inbox[i], update)
		}
	}
	r.toServer = append(r.toServer, update)
	r.toLate = append(r.toLate, update)
}

// receive delivers n of the updates to person i, and sends out what yjs then
// cleans up by itself.
func (r *rich) receive(i, n int) {
	if n == 0 {
		return
	}
	s := r.script(false)
	for _, u := range r.draw(&r.inbox[i], n) {
		s.add(cmdApply, i, u)
	}
	s.add(cmdDrain, i)
	r.send(i, r.run(s).bytes())
}

// draw takes n updates out of the box, in any order.
func (r *rich) draw(box *[][]byte, n int) [][]byte {
	if r.rnd.IntN(2) == 0 {
		r.rnd.Shuffle(len(*box), func(a, b int) { (*box)[a], (*box)[b] = (*box)[b], (*box)[a] })
	}
	out := slices.Clone((*box)[:n])
	*box = (*box)[n:]
	return out
}

func (r *rich) serve(n int) {
	for _, u := range r.draw(&r.toServer, n) {
		if effective := r.apply(r.server, u); effective != nil {
			if again := r.apply(r.relay, effective); again == nil {
				r.t.Fatalf("seed %d: what was new to the server is not new to the relay: %x", r.seed, effective)
			}
		}
		if r.relay.Pending() {
			r.t.Fatalf("seed %d: the effective update had a gap", r.seed)
		}
		if r.rnd.IntN(4) == 0 {
			if e := r.apply(r.server, u); e != nil {
				r.t.Fatalf("seed %d: an update was new twice: %x, then %x", r.seed, u, e)
			}
		}
	}
}

func (r *rich) apply(d *Doc, u []byte) []byte {
	r.t.Helper()
	// Restore does not clean up formats: nobody in yjs would hear of that here.
	effective, err := d.Restore(u)
	if err != nil {
		r.t.Fatalf("seed %d: %v\n%x", r.seed, err, u)
	}
	return effective
}

// finish delivers everything until nobody has anything to say, and compares.
func (r *rich) finish() {
	for quiet := false; !quiet; {
		quiet = true
		for i := range r.people {
			if n := len(r.inbox[i]); n > 0 {
				quiet = false
				r.receive(i, n)
			}
		}
	}
	r.serve(len(r.toServer))
	r.rnd.Shuffle(len(r.toLate), func(a, b int) { r.toLate[a], r.toLate[b] = r.toLate[b], r.toLate[a] })
	for _, u := range r.toLate {
		r.apply(r.late, u)
	}
	s := r.script(false)
	for i := range r.people {
		s.add(cmdDescribe, i, cmdState, i)
	}
	typed, after := r.typeIn()
	ours := []*Doc{r.server, r.relay, r.late, fork(r.server, 0)}
	for i, d := range ours {
		n := r.people + i
		s.add(cmdOpen, n, 9, !d.keep, cmdApply, n, d.EncodeState(nil), cmdDescribe, n, cmdState, n)
	}
	d := r.run(append(s, after...))
	r.compare(d, ours)
	d.bytes() // what yjs cleaned up
	for _, want := range typed {
		if got := d.bytes(); !bytes.Equal(got, want) {
			r.t.Fatalf("seed %d: typing into a formatted text writes\n %x, in yjs\n %x", r.seed, want, got)
		}
	}
}

// typeIn types at random places of a text with formats, in a copy of ours and
// in one of yjs. It returns the updates and the script for yjs.
func (r *rich) typeIn() ([][]byte, script) {
	mine := New(Config{Client: 77, KeepDeleted: r.server.keep})
	text := mine.Text("text")
	n := 100
	after := script{}
	if _, err := mine.Apply(r.server.EncodeState(nil)); err != nil {
		r.t.Fatal(err)
	}
	after.add(cmdOpen, n, 77, !mine.keep, cmdApply, n, r.server.EncodeState(nil), cmdDrain, n)
	var updates [][]byte
	for range 4 {
		at := r.rnd.IntN(text.Len() + 1)
		after.add(cmdEdit, n, 1, 1, at, "typed")
		updates = append(updates, mine.Transact(func(tx *Tx) { must(r.t, text.Insert(tx, at, "typed")) }))
	}
	return updates, after
}

func (r *rich) compare(d *decoder, ours []*Doc) {
	var content string
	var sv []byte
	for i := range r.people + len(ours) {
		name := fmt.Sprintf("seed %d, person %d", r.seed, i)
		if i >= r.people {
			name = fmt.Sprintf("seed %d, our document %d", r.seed, i-r.people)
		}
		c, v, state, text, pending := string(d.text()), d.bytes(), d.bytes(), string(d.text()), d.uint()
		if i == 0 {
			content, sv = c, v
		}
		if c != content || !bytes.Equal(v, sv) || pending != 0 {
			r.t.Fatalf("%s: content\n %s\nperson 0 has\n %s\nstate vector %x and %x, pending %d", name, c, content, v, sv, pending)
		}
		if i < r.people {
			continue
		}
		o := ours[i-r.people]
		if got := o.Text("text").String(); got != text {
			r.t.Fatalf("%s: text %q, yjs reads %q", name, got, text)
		}
		if err := o.check(); err != nil {
			r.t.Fatalf("%s: %v", name, err)
		}
		r.all++
		if bytes.Equal(o.EncodeState(nil), state) {
			r.same++
		}
	}
}
