package ydoc

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// TestCodec takes random updates of documents of every type, made by npm yjs, and
// converts, merges and cuts them without a document: the bytes are those of yjs, in
// both versions.
func TestCodec(t *testing.T) {
	t.Parallel()
	y := reference(t)
	compared := 0
	soak(t, 60, func(seed uint64) {
		r := newRich(t, y, 2, seed)
		for range 5 {
			r.round()
		}
		r.finish()
		c := codecStory{rich: r}
		c.convertAll()
		for range 8 {
			c.combine()
		}
		c.states()
		c.compare()
		compared += len(c.wants)
	})
	t.Logf("%d results compared", compared)
}

// codecStory gathers what yjs has to answer.
type codecStory struct {
	*rich
	s      script
	wants  []want
	second [][]byte // the updates in V2
}

type want struct {
	what  string
	bytes []byte
}

func (c *codecStory) expect(what string, b []byte, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("seed %d: %s: %v", c.seed, what, err)
	}
	c.wants = append(c.wants, want{what, b})
}

func (c *codecStory) convertAll() {
	c.s = c.script(false)
	for i, u := range c.toLate {
		two, err := ConvertV1ToV2(u)
		c.s.add(cmdConvert, 2, u)
		c.expect(fmt.Sprintf("update %d, %x, in V2", i, u), two, err)
		one, err := ConvertV2ToV1(two)
		c.s.add(cmdConvert, 1, two)
		c.expect(fmt.Sprintf("update %d in V1 again", i), one, err)
		c.second = append(c.second, two)
		for version, u := range [][]byte{1: u, 2: two} {
			if version > 0 {
				c.vector(version, u)
			}
		}
	}
}

func (c *codecStory) vector(version int, u []byte) {
	sv, err := EncodeStateVectorFromUpdate(u)
	if version == 2 {
		sv, err = EncodeStateVectorFromUpdateV2(u)
	}
	c.s.add(cmdVector, version, u)
	c.expect("state vector from an update", sv, err)
}

// combine merges some updates in any order, some of them twice, and cuts the result.
func (c *codecStory) combine() {
	n := min(len(c.toLate), 2+c.rnd.IntN(12))
	ones, twos := make([][]byte, n), make([][]byte, n)
	for i := range n {
		k := c.rnd.IntN(len(c.toLate))
		ones[i], twos[i] = c.toLate[k], c.second[k]
	}
	merged := c.merge(1, ones, MergeUpdates)
	again := c.merge(1, [][]byte{merged, c.toLate[c.rnd.IntN(len(c.toLate))], merged}, MergeUpdates)
	c.cut(1, merged, DiffUpdate)
	c.cut(1, again, DiffUpdate)
	c.cut(2, c.merge(2, twos, MergeUpdatesV2), DiffUpdateV2)
}

func (c *codecStory) merge(version int, us [][]byte, f func([][]byte) ([]byte, error)) []byte {
	c.s.add(cmdMerge, version, len(us))
	for _, u := range us {
		c.s.add(u)
	}
	merged, err := f(us)
	c.expect(fmt.Sprintf("merged in V%d: %x", version, us), merged, err)
	c.vector(version, merged)
	return merged
}

func (c *codecStory) cut(version int, u []byte, f func([]byte, StateVector) ([]byte, error)) {
	sv := StateVector{}
	for client, clock := range c.server.StateVector() {
		if c.rnd.IntN(4) > 0 {
			sv[client] = c.rnd.Uint64N(clock + 2)
		}
	}
	c.s.add(cmdDiff, version, u, sv.Encode())
	got, err := f(u, sv)
	c.expect(fmt.Sprintf("%x since %v", u, sv), got, err)
}

// states compares whole states in V2; what either wrote in V2 loads in the other.
func (c *codecStory) states() {
	n := 200
	c.s.add(cmdOpen, n, 5, !c.server.keep, cmdApply2, n, must2(c.server.EncodeStateV2(nil)), cmdState2, n, []byte{0})
	mine := New(Config{KeepDeleted: c.server.keep})
	if _, err := mine.ApplyV2(must2(c.server.EncodeStateV2(nil))); err != nil {
		c.t.Fatalf("seed %d: %v", c.seed, err)
	}
	c.expect("the state in V2", must2(mine.EncodeStateV2(nil)), nil)
}

func (c *codecStory) compare() {
	c.t.Helper()
	d := c.run(c.s)
	for _, w := range c.wants {
		if got := d.bytes(); !bytes.Equal(got, w.bytes) {
			c.t.Fatalf("seed %d: %s:\n %x, in yjs\n %x", c.seed, w.what, w.bytes, got)
		}
	}
}

// TestMergeMany merges more updates than would end in time if each looked at all.
func TestMergeMany(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	text := d.Text("t")
	var updates [][]byte
	for i := range 30_000 {
		updates = append(updates, d.Transact(func(tx *Tx) {
			must(t, text.Insert(tx, i*7919%(text.Len()+1), "x"))
			if i%5 == 4 {
				must(t, text.Delete(tx, i*31%text.Len(), 1))
			}
		}))
	}
	slices.Reverse(updates)
	merged, err := MergeUpdates(updates)
	must(t, err)
	got := New(Config{})
	apply(t, got, merged, true)
	if got.Pending() || got.Text("t").String() != d.Text("t").String() {
		t.Errorf("the merged update leads to %d units, want %d; pending %v", got.Text("t").Len(), d.Text("t").Len(), got.Pending())
	}
}
