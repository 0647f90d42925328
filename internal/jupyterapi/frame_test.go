package jupyterapi

import (
	"bytes"
	"encoding/json"
	"testing"

	"lyceum/internal/jupyter"
)

func sample() jupyter.Message {
	m := jupyter.Message{
		Channel: jupyter.Shell, Header: json.RawMessage(`{"msg_id":"m","session":"s","msg_type":"comm_msg","username":"","date":"","version":"5.3"}`),
		ParentHeader: json.RawMessage(`{}`), Metadata: json.RawMessage(`{"a":1}`), Content: json.RawMessage(`{"data":"é"}`),
		Buffers: [][]byte{[]byte("one"), {}, {0, 255}},
	}
	m.Head = jupyter.Header{ID: "m", Session: "s", Type: "comm_msg", Version: "5.3"}
	return m
}

// TestFrames sends a message through each form, with and without buffers.
func TestFrames(t *testing.T) {
	t.Parallel()
	for _, v1 := range []bool{false, true} {
		for _, buffers := range [][][]byte{nil, sample().Buffers} {
			m := sample()
			m.Buffers = buffers
			b, binary, err := encode(m, v1)
			if err != nil || binary != (v1 || buffers != nil) {
				t.Fatalf("v1 %v: binary %v, %v", v1, binary, err)
			}
			got, err := decode(b, v1)
			if err != nil {
				t.Fatalf("v1 %v: %v", v1, err)
			}
			if got.Head != m.Head || got.Channel != m.Channel || !bytes.Equal(got.Content, m.Content) || len(got.Buffers) != len(buffers) {
				t.Errorf("v1 %v: got %+v, want %+v", v1, got, m)
			}
			for i := range buffers {
				if !bytes.Equal(got.Buffers[i], buffers[i]) {
					t.Errorf("v1 %v: buffer %d is %q, want %q", v1, i, got.Buffers[i], buffers[i])
				}
			}
		}
	}
}

// TestFramesOfOthers reads the bytes of the layouts as they are documented.
func TestFramesOfOthers(t *testing.T) {
	t.Parallel()
	const text = `{"channel":"control","header":{"msg_id":"1","session":"s","msg_type":"x"},"parent_header":null,"metadata":{},"content":{}}`
	m, err := decode([]byte(text), false)
	if err != nil || m.Channel != jupyter.Control || m.Head.Type != "x" {
		t.Errorf("text is %+v, %v", m, err)
	}
	for _, bad := range []string{
		"", "{", "[]", `{"channel":"shell"}`, `{"channel":"other","header":{"msg_id":"1","msg_type":"x"}}`, "\x00\x00\x00\x01\x00\x00\x00\x09", "\x00\x00\x00\x01\x00\x00\x00\x02ab", "\xff\xff\xff\xff1234",
	} {
		if m, err := decode([]byte(bad), false); err == nil {
			t.Errorf("%q is %+v, want an error", bad, m)
		}
	}
	for _, bad := range []string{"", "1234567", "\x06\x00\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff12345678", "\x06\x00\x00\x00\x00\x00\x00\x00" + string(make([]byte, 48))} {
		if m, err := decode([]byte(bad), true); err == nil {
			t.Errorf("v1 %q is %+v, want an error", bad, m)
		}
	}
}

// FuzzFrames reads any bytes; what can be read is the same after writing it.
func FuzzFrames(f *testing.F) {
	for _, v1 := range []bool{false, true} {
		for _, buffers := range [][][]byte{nil, sample().Buffers} {
			m := sample()
			m.Buffers = buffers
			b, _, err := encode(m, v1)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b, v1)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, v1 bool) {
		m, err := decode(b, v1)
		if err != nil {
			return
		}
		again, _, err := encode(m, v1)
		if err != nil {
			t.Fatalf("%q was read, and is not written: %v", b, err)
		}
		got, err := decode(again, v1)
		if err != nil || got.Head != m.Head || len(got.Buffers) != len(m.Buffers) {
			t.Fatalf("%q is %+v, then %+v: %v", b, m, got, err)
		}
	})
}

// FuzzTerminal reads any message of a terminal's client.
func FuzzTerminal(f *testing.F) {
	for _, s := range []string{`["stdin","ls\r"]`, `["set_size",24,80,1,1]`, `["set_size",1e99,-1]`, `[]`, `["x"]`, `{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		number := uint64(0)
		frames, err := fromClient(b, &number)
		if err != nil && frames != nil {
			t.Fatalf("%q: frames beside the error %v", b, err)
		}
		if int(number) > len(frames) {
			t.Fatalf("%q: %d numbers for %d frames", b, number, len(frames))
		}
	})
}

func TestWhole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want int
	}{{"", 0}, {"abc", 3}, {"é", 2}, {"a\xc3", 1}, {"a\xe2\x82", 1}, {"\xf0\x9f\x98", 0}, {"a\xff", 2}, {"\x80\x80\x80\x80", 4}} {
		if got := whole([]byte(c.text)); got != c.want {
			t.Errorf("of %q %d bytes are whole, want %d", c.text, got, c.want)
		}
	}
}
