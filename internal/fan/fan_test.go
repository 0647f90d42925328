package fan_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/fan"
)

func TestFramesComeBack(t *testing.T) {
	t.Parallel()
	b := fan.AppendData(nil, []uint32{1, 70_000, 1<<32 - 1}, []byte("hello"))
	b = fan.AppendSignal(b, fan.End, 7)
	r := fan.NewReader(bufio.NewReader(bytes.NewReader(b)), false)
	for _, want := range []fan.Frame{
		{Kind: fan.Data, To: []uint32{1, 70_000, 1<<32 - 1}, Data: []byte("hello")},
		{Kind: fan.End, To: []uint32{7}},
	} {
		got, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("got -, want +:\n%s", diff)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: got %v, want io.EOF", err)
	}
}

func TestWhatIsNoFrameIsRefused(t *testing.T) {
	t.Parallel()
	whole := fan.AppendData(nil, []uint32{1, 2}, []byte("hello"))
	for name, c := range map[string]struct {
		b       []byte
		fromHub bool
	}{
		"an unknown kind":            {[]byte{9, 0, 0, 0, 1}, false},
		"data from a hub":            {whole, true},
		"stop from a project":        {fan.AppendSignal(nil, fan.Stop, 1), false},
		"for nobody":                 {fan.AppendData(nil, nil, []byte("x")), false},
		"nothing":                    {fan.AppendData(nil, []uint32{1}, nil), false},
		"more than may be in it":     {fan.AppendData(nil, []uint32{1}, make([]byte, fan.MaxData+1)), false},
		"for more than may be in it": {fan.AppendData(nil, make([]uint32, fan.MaxSockets+1), []byte("x")), false},
		"cut in its head":            {whole[:4], false},
		"cut in its sockets":         {whole[:9], false},
		"cut in its data":            {whole[:len(whole)-1], false},
		"a signal that is cut":       {fan.AppendSignal(nil, fan.Go, 1)[:3], true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := fan.NewReader(bufio.NewReader(bytes.NewReader(c.b)), c.fromHub).Next()
			if err == nil || errors.Is(err, io.EOF) {
				t.Errorf("got %+v and %v, want it refused", f, err)
			}
		})
	}
}

func TestOffers(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdef0123456789abcdef"
	if got, n, ok := fan.ParseOffer(fan.Offer(id, 1<<32-1)); got != id || n != 1<<32-1 || !ok {
		t.Errorf("got %q, %d, %v", got, n, ok)
	}
	for _, s := range []string{"", id, id + " ", id + " -1", id + " 4294967296", id[:31] + " 1", id[:31] + "G 1", id[:31] + "A 1"} {
		if _, _, ok := fan.ParseOffer(s); ok {
			t.Errorf("%q is taken for an offer", s)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(fan.AppendData(fan.AppendSignal(nil, fan.End, 3), []uint32{1, 2}, []byte("hello")), false)
	f.Add(fan.AppendSignal(fan.AppendSignal(nil, fan.Stop, 3), fan.Go, 3), true)
	f.Fuzz(func(t *testing.T, b []byte, fromHub bool) {
		r := fan.NewReader(bufio.NewReader(bytes.NewReader(b)), fromHub)
		var again []byte
		for {
			got, err := r.Next()
			if err != nil {
				break
			}
			if got.Kind == fan.Data {
				again = fan.AppendData(again, got.To, got.Data)
			} else {
				again = fan.AppendSignal(again, got.Kind, got.To[0])
			}
		}
		if !bytes.HasPrefix(b, again) {
			t.Errorf("%x was read as %x", b, again)
		}
	})
}
