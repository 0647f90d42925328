package term

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func helloSeq(f Frame) (uint64, error) {
	var h Hello
	err := json.Unmarshal(f.Data, &h)
	return h.Seq, err
}

// frames are all kinds with their bytes, written by hand from frame.go.
var frames = []struct {
	name  string
	bytes string
	frame Frame
}{
	{"output", "\x01\x00\x00\x00\x00\x00\x00\x04\x00hi", Frame{Kind: FrameOutput, Number: 1024, Data: []byte("hi")}},
	{"empty output", "\x01\x00\x00\x00\x00\x00\x00\x00\x00", Frame{Kind: FrameOutput, Data: []byte{}}},
	{"ack", "\x02\x00\x00\x00\x00\x00\x00\x00\x07", Frame{Kind: FrameAck, Number: 7}},
	{"size", "\x03\x00\x50\x00\x18", Frame{Kind: FrameSize, Cols: 80, Rows: 24}},
	{"state", "\x04{}", Frame{Kind: FrameState, Data: []byte("{}")}},
	{"reset", "\x05\xff\xff\xff\xff\xff\xff\xff\xff", Frame{Kind: FrameReset, Number: 1<<64 - 1}},
	{"hello", "\x06{\"head\":1024,\"seq\":7}", Frame{Kind: FrameHello, Data: []byte(`{"head":1024,"seq":7}`)}},
	{"input", "\x81\x00\x00\x00\x00\x00\x00\x00\x01ls\r", Frame{Kind: FrameInput, Number: 1, Data: []byte("ls\r")}},
	{"resize", "\x82\x03\xe8\x00\x01", Frame{Kind: FrameResize, Cols: 1000, Rows: 1}},
	{"hidden", "\x82\x00\x00\x00\x00", Frame{Kind: FrameResize}},
	{"restart", "\x83", Frame{Kind: FrameRestart}},
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, c := range frames {
		if got := string(c.frame.Append([]byte("before"))); got != "before"+c.bytes {
			t.Errorf("%s: encoded as %x, want %x", c.name, got[6:], c.bytes)
		}
		got, err := Decode([]byte(c.bytes))
		if diff := cmp.Diff(c.frame, got); err != nil || diff != "" {
			t.Errorf("%s: decoded with %v, want -, got +:\n%s", c.name, err, diff)
		}
	}
}

func TestHelloAndStateAreThisJSON(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		`{"head":1024,"seq":7}`: Hello{1024, 7},
		`{"id":"t","name":"n","title":"x","viewers":[],"exited":null,"answers":false}`: State{
			ID: "t", Name: "n", Title: "x", Viewers: []Person{}},
		`{"id":"","name":"","title":"","viewers":[{"account":"a","name":"Ada","colour":3}],"exited":{"code":137,"signal":"SIGKILL"},"answers":true}`: State{
			Viewers: []Person{{"a", "Ada", 3}}, Exited: &Exit{137, "SIGKILL"}, Answers: true},
	} {
		if got := string(jsonFrame(FrameState, v).Data); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestLimitsOfFrames(t *testing.T) {
	t.Parallel()
	head := func(kind byte) []byte { return append([]byte{kind}, make([]byte, 8)...) }
	for name, c := range map[string]struct {
		msg []byte
		ok  bool
	}{
		"largest input":    {append(head(FrameInput), make([]byte, MaxInput)...), true},
		"input too large":  {append(head(FrameInput), make([]byte, MaxInput+1)...), false},
		"largest output":   {append(head(FrameOutput), make([]byte, MaxOutput)...), true},
		"output too large": {append(head(FrameOutput), make([]byte, MaxOutput+1)...), false},
		"ack with more":    {append(head(FrameAck), 0), false},
		"reset cut short":  {head(FrameReset)[:8], false},
		"size cut short":   {[]byte{FrameSize, 0, 80, 0}, false},
		"resize with more": {[]byte{FrameResize, 0, 80, 0, 24, 0}, false},
		"restart of one":   {[]byte{FrameRestart, 0}, false},
		"nothing":          {nil, false},
		"kind 0":           {[]byte{0}, false},
	} {
		_, err := Decode(c.msg)
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted: %v", name, err, c.ok)
		}
		if e, isClose := errors.AsType[*CloseError](err); err != nil && (!isClose || e.Code != CloseProtocol || len(e.Reason) > 120) {
			t.Errorf("%s: got %v, want close code %d with a short reason", name, err, CloseProtocol)
		}
	}
}

// FuzzDecode: whatever is accepted is encoded as it came, within the limits.
func FuzzDecode(f *testing.F) {
	for _, c := range frames {
		f.Add([]byte(c.bytes))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		frame, err := Decode(msg)
		if err != nil {
			if e, ok := errors.AsType[*CloseError](err); !ok || e.Code != CloseProtocol {
				t.Errorf("got %v, want a CloseError", err)
			}
			return
		}
		if got := frame.Append(nil); !bytes.Equal(got, msg) {
			t.Errorf("%x becomes %x", msg, got)
		}
		if len(frame.Data) > MaxFrame {
			t.Errorf("%d bytes of data", len(frame.Data))
		}
	})
}
