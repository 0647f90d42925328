package jupyter

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// FuzzReceive reads any bytes as what a kernel sends: what comes out is a message,
// signed, and nothing makes it hold more than it was sent.
func FuzzReceive(f *testing.F) {
	f.Add([]byte(signed("key", "status", `{"execution_state":"idle"}`)))
	f.Add([]byte(signed("key", "a", `{}`) + signed("other", "b", `{}`) + frame(1, "<IDS|MSG>")))
	f.Add([]byte("\x04\x0b\x04PING\x00\x0aabcd" + signed("key", "stream", `{"name":"stdout","text":"x"}`)))
	f.Add([]byte("\x03\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := receiver{frames: &frameReader{bufio.NewReader(bytes.NewReader(b))}, signer: newSigner("key"), ch: IOPub, pong: func(c []byte) {
			if len(c) > 16 {
				t.Errorf("a pong of %d bytes", len(c))
			}
		}}
		for range 1000 {
			m, err := r.receive()
			if err == nil {
				if m.Head.Type == "" || !json.Valid(m.Content) || m.Size() > len(b)+2000 {
					t.Errorf("it is a message: %+v", m)
				}
				continue
			}
			if err == io.EOF || len(b) == 0 {
				return
			}
		}
	})
}

// FuzzShake meets any peer.
func FuzzShake(f *testing.F) {
	f.Add([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + strings.Repeat("\x00", 48) + "\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"))
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ours, theirs := net.Pipe()
		go func() {
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			_, _ = theirs.Write(b)
			_ = theirs.Close()
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if c, err := shake(ctx, ours, typeDealer, "me", 512); err == nil && !bytes.Contains(b, []byte("READY")) {
			t.Error("a peer that never was ready", c)
		} else if err == nil {
			_ = c.Close()
		}
	})
}

// FuzzRecord reads any bytes as records, which must come out again as they were.
func FuzzRecord(f *testing.F) {
	m, err := New(Shell, "s", "execute_request", map[string]string{"code": "1"})
	if err != nil {
		f.Fatal(err)
	}
	m.Buffers = [][]byte{{1, 2}, {}}
	for _, r := range []Record{{Number: 1, Kind: KindMessage, Message: m}, {Number: 2, Kind: KindStatus, Status: Status{State: Dead}}, {Number: 3, Kind: KindFold}, {Number: 4, Kind: KindAck}} {
		b, err := r.AppendTo(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ReadRecord(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return
		}
		again, err := r.AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		second, err := ReadRecord(bufio.NewReader(bytes.NewReader(again)))
		if err != nil || second.Number != r.Number || second.Kind != r.Kind || second.Message.Head != r.Message.Head || len(second.Message.Buffers) != len(r.Message.Buffers) {
			t.Errorf("%+v comes out as %+v (%v)", r, second, err)
		}
	})
}

// FuzzSpec reads any kernel.json and connection file.
func FuzzSpec(f *testing.F) {
	f.Add([]byte(`{"argv":["python","-f","{connection_file}"],"display_name":"x","language":"y","env":{"A":"$B"},"metadata":{"lyceum":{"transport":"ipc"}}}`))
	f.Add([]byte(`{"transport":"tcp","ip":"127.0.0.1","shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5,"key":"","signature_scheme":"hmac-sha256"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		getenv := func(string) string { return "" }
		if s, err := ParseSpec(b); err == nil {
			s.Environment(getenv)
			if argv, err := s.Command("/f", getenv); err == nil && !strings.HasPrefix(argv[0], "/") {
				t.Errorf("a program %q without a path", argv[0])
			}
			if tr := s.Transport(); tr != "ipc" && tr != "tcp" {
				t.Errorf("transport %q", tr)
			}
		}
		if c, err := ParseConnection(b); err == nil && (c.Shell < 1 || c.IP == "") {
			t.Errorf("a connection to nowhere: %+v", c)
		}
	})
}

// FuzzFold folds strings of JSON at any cut, in pieces of any size: what is JSON
// before is JSON after.
func FuzzFold(f *testing.F) {
	f.Add([]byte(`{"a":"x\\\"yé\ud83d\ude00","b":[1,"é"]}`), 3, 400)
	f.Fuzz(func(t *testing.T, b []byte, piece, times int) {
		times = min(max(times, 1), 2_000_000/max(len(b), 1))
		var text string
		if json.Unmarshal(b, &text) == nil && len(b) > 2 {
			b = []byte(`"` + strings.Repeat(string(b[1:len(b)-1]), times) + `"`)
		}
		if !json.Valid(b) || b[0] == ' ' {
			return
		}
		var w folder
		for rest := b; len(rest) > 0; {
			n := min(max(piece, 1), len(rest))
			if times > 1000 {
				n = min(max(n, 4096), len(rest))
			}
			w.write(rest[:n])
			rest = rest[n:]
		}
		if !json.Valid(w.out) {
			t.Errorf("%.100q… becomes %.100q…, which is no JSON", b, w.out)
		}
		if w.cut == 0 && !bytes.Equal(w.out, b) {
			t.Errorf("%.100q… becomes %.100q…", b, w.out)
		}
		if w.cut > 0 && len(w.out) > len(b)+100 {
			t.Error("it grew")
		}
	})
}
