package ydoc

import (
	"bytes"
	"maps"
	"testing"
)

// FuzzConvert converts whatever comes as V1 to V2 and back, and the other way
// round. What is accepted once stays the same from then on.
func FuzzConvert(f *testing.F) {
	f.Add([]byte{0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if two, err := ConvertV1ToV2(b); err == nil {
			sameUpdate(t, b, two)
		}
		one, err := ConvertV2ToV1(b)
		if err != nil {
			return
		}
		if len(one) > 1<<24+200*len(b) {
			t.Fatalf("%d bytes of V2 become %d bytes of V1", len(b), len(one))
		}
		two, err := ConvertV1ToV2(one)
		if err != nil {
			t.Fatalf("V2 %x becomes V1 %x, which is refused: %v", b, one, err)
		}
		sameUpdate(t, one, two)
	})
}

// sameUpdate checks that one (V1) and two (V2) are the same update.
func sameUpdate(t *testing.T, one, two []byte) {
	t.Helper()
	again, err := ConvertV2ToV1(two)
	if err != nil {
		t.Fatalf("%x becomes %x in V2, which is refused: %v", one, two, err)
	}
	twice, err := ConvertV1ToV2(again)
	if err != nil || !bytes.Equal(twice, two) {
		t.Fatalf("%x becomes %x, then %x, then %x: %v", one, two, again, twice, err)
	}
	a, errA := StateVectorFromUpdate(one)
	b, errB := StateVectorFromUpdateV2(two)
	if errA != nil || errB != nil || !maps.Equal(a, b) {
		t.Fatalf("state vectors %v (%v) and %v (%v)", a, errA, b, errB)
	}
	c, d := New(Config{}), New(Config{})
	_, errC := c.Apply(one)
	_, errD := d.ApplyV2(two)
	if (errC == nil) != (errD == nil) || !maps.Equal(c.StateVector(), d.StateVector()) {
		t.Fatalf("%x: applied as V1 %v: %v, as V2 %v: %v", one, c.StateVector(), errC, d.StateVector(), errD)
	}
}

// FuzzMerge merges three updates: a document comes to the same state by the
// merged one as by the three, and cutting it leaves out nothing that lacks.
func FuzzMerge(f *testing.F) {
	f.Add([]byte{0, 0}, []byte{0, 0}, []byte{0, 0})
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		merged, err := MergeUpdates([][]byte{a, b, c})
		one := New(Config{Client: 1})
		ok := true
		for _, u := range [][]byte{a, b, c} {
			if _, errApply := one.Apply(u); errApply != nil {
				ok = false
			}
		}
		if err != nil || !ok {
			return // a document also bounds conflicts and what waits
		}
		two := New(Config{Client: 1})
		if _, err := two.Apply(merged); err != nil {
			t.Fatalf("the merged update %x is refused: %v", merged, err)
		}
		if !maps.Equal(one.StateVector(), two.StateVector()) {
			t.Fatalf("%x, %x, %x lead to %v, merged to %v", a, b, c, one.StateVector(), two.StateVector())
		}
		rest, err := DiffUpdate(merged, one.StateVector())
		must(t, err)
		if _, err := one.Apply(rest); err != nil || !maps.Equal(one.StateVector(), two.StateVector()) {
			t.Fatalf("the rest %x leads to %v: %v", rest, one.StateVector(), err)
		}
		must(t, two.check())
	})
}

// FuzzDecodeMessage reads messages; awareness in them is applied.
func FuzzDecodeMessage(f *testing.F) {
	f.Add([]byte{3})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeMessage(b)
		if err != nil {
			return
		}
		switch m.Kind {
		case MessageSync:
			if _, _, err := New(Config{}).Sync(m); err != nil {
				return
			}
		case MessageAwareness:
			a := NewAwareness(1)
			a.SetState([]byte("{}"), noon)
			if _, err := a.Apply(EncodeAwareness(m.States), noon); err != nil {
				t.Fatalf("states %+v are refused: %v", m.States, err)
			}
			if a.State(1) == nil || !bytes.Equal(AppendAwareness(nil, EncodeAwareness(m.States))[:1], b[:1]) {
				t.Fatalf("the own state is gone after %+v", m.States)
			}
			if again, err := DecodeAwareness(a.Encode(a.known())); err != nil || len(again) != len(a.known()) {
				t.Fatalf("what is known is read as %+v: %v", again, err)
			}
		}
	})
}
