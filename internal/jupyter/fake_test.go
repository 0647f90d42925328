package jupyter

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fake is a kernel that speaks ZeroMQ and does as a test says. Its bytes are written
// here by hand, as the specification has them, and not by the code under test.
type fake struct {
	t       *testing.T
	conn    Connection
	iopub   chan net.Conn
	control chan net.Conn
	shell   chan net.Conn
}

// startFake listens on all sockets. Shell and stdin shake hands and say nothing.
func startFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, conn: ipcConnection(t), iopub: make(chan net.Conn, 1), control: make(chan net.Conn, 1), shell: make(chan net.Conn, 1)}
	for port, ready := range map[int]string{f.conn.Shell: "ROUTER", f.conn.Control: "ROUTER", f.conn.Stdin: "ROUTER", f.conn.IOPub: "PUB"} {
		l, err := net.Listen("unix", f.conn.IP+"-"+itoa(port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go f.accept(l, port, ready)
	}
	return f
}

func itoa(n int) string { return fmt.Sprint(n) }

func (f *fake) accept(l net.Listener, port int, kind string) {
	c, err := l.Accept()
	if err != nil {
		return // the test is over
	}
	f.t.Cleanup(func() { _ = c.Close() })
	greeting := "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01NULL" + strings.Repeat("\x00", 16) + "\x01" + strings.Repeat("\x00", 31)
	ready := "\x05READY\x0bSocket-Type\x00\x00\x00" + string(rune(len(kind))) + kind + "\x08Identity\x00\x00\x00\x00"
	if _, err := io.WriteString(c, greeting+"\x04"+string(rune(len(ready)))+ready); err != nil {
		f.t.Errorf("greet: %v", err)
		return
	}
	if _, err := io.ReadFull(c, make([]byte, 64)); errors.Is(err, net.ErrClosed) {
		return // the test is over
	} else if err != nil {
		f.t.Errorf("be greeted: %v", err)
		return
	}
	switch port {
	case f.conn.IOPub:
		f.iopub <- c
	case f.conn.Control:
		f.control <- c
	case f.conn.Shell:
		f.shell <- c
	}
}

// signed are the frames of a message on iopub, with a signature by key.
func signed(key, typ, content string) string { return signedFor(key, typ, "p", content) }

// signedFor are those of one about the request with an id.
func signedFor(key, typ, parent, content string) string {
	parts := []string{`{"msg_id":"1","msg_type":"` + typ + `"}`, `{"msg_id":"` + parent + `"}`, `{}`, content}
	mac := hmac.New(sha256.New, []byte(key))
	for _, p := range parts {
		mac.Write([]byte(p))
	}
	all := frame(1, "topic") + frame(1, "<IDS|MSG>") + frame(1, hex.EncodeToString(mac.Sum(nil)))
	for i, p := range parts {
		more := byte(1)
		if i == 3 {
			more = 0
		}
		all += frame(more, p)
	}
	return all
}

func frame(flags byte, body string) string {
	if len(body) < 256 {
		return string([]byte{flags, byte(len(body))}) + body
	}
	n := len(body)
	return string([]byte{flags | 2, 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + body
}

// dialFake connects, and returns what is told on iopub.
func (f *fake) dial() (*Client, chan Message, chan Fold) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	messages, folds := make(chan Message, 100), make(chan Fold, 100)
	c, err := Dial(ctx, f.conn, Handler{Message: func(m Message) { messages <- m }, TooMuch: func(_ Channel, f Fold) { folds <- f }})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Close() })
	return c, messages, folds
}

func (f *fake) tell(c net.Conn, bytes ...string) {
	f.t.Helper()
	for _, b := range bytes {
		if _, err := io.WriteString(c, b); err != nil {
			f.t.Fatal(err)
		}
	}
}

// TestWrongMessages sends what is to be refused between messages that are not.
func TestWrongMessages(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	c, messages, folds := f.dial()
	key := f.conn.Key.Reveal()
	iopub := <-f.iopub
	f.tell(iopub,
		signed(key, "first", `{}`),
		signed("another key", "forged", `{}`),
		strings.Replace(signed(key, "altered", `{"x":1}`), `{"x":1}`, `{"x":2}`, 1),
		frame(1, "<IDS|MSG>")+frame(0, "too short"),
		frame(0, "no delimiter at all"),
		signed(key, "list", `[]`),
		signed(key, "second", `{"n":2}`),
	)
	for _, want := range []string{"first", "second"} {
		if m := <-messages; m.Head.Type != want || m.Parent.ID != "p" {
			t.Errorf("got %+v, want the message %s", m, want)
		}
	}
	if signatures, malformed := c.Refused(); signatures != 2 || malformed != 3 {
		t.Errorf("refused %d signatures and %d messages, want 2 and 3", signatures, malformed)
	}
	big := signed(key, "comm_msg", `{}`)
	big = big[:len(big)-4] + frame(1, `{}`)
	f.tell(iopub, big)
	buffer := frame(1, strings.Repeat("b", 8<<20))
	for range 9 {
		f.tell(iopub, buffer)
	}
	f.tell(iopub, frame(0, "end"), signed(key, "third", `{}`))
	if fold := <-folds; fold.Parent != "p" || fold.Bytes < 72<<20 {
		t.Errorf("buffers of 72 MB are told as %+v", fold)
	}
	if m := <-messages; m.Head.Type != "third" {
		t.Errorf("got %+v after it, want third", m)
	}
}

// TestDiesWithin ends a connection in the middle of a message, and announces one that
// nobody could hold.
func TestDiesWithin(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]string{
		"in a frame":       frame(1, "<IDS|MSG>") + "\x01\x40abc",
		"between frames":   frame(1, "<IDS|MSG>"),
		"in a long size":   "\x02\x00\x00",
		"a huge header":    frame(1, "<IDS|MSG>") + frame(1, "") + "\x03\x00\x00\x01\x00\x00\x00\x00\x00{",
		"a huge identity":  "\x03\x00\x00\x01\x00\x00\x00\x00\x00x",
		"an unknown flag":  "\x08\x00",
		"an endless list":  strings.Repeat(frame(1, "x"), maxParts+1),
		"an endless count": "\x02\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startFake(t)
			c, messages, _ := f.dial()
			iopub := <-f.iopub
			_, _ = io.WriteString(iopub, last) // it may be cut off while it speaks
			_ = iopub.Close()
			if err := c.Err(); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errFrame) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the end is told as %v", err)
			}
			if len(messages) > 0 {
				t.Errorf("a message came: %+v", <-messages)
			}
			m, err := New(Shell, "s", "x", nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Send(m); err == nil {
				t.Error("a message was sent to a kernel that is gone")
			}
		})
	}
}

// TestNeverAnswers asks a kernel that shakes hands and then keeps silent.
func TestNeverAnswers(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	c, _, _ := f.dial()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it is ready with %v, want the end of the time", err)
	}
	m, err := New(Shell, "s", "x", map[string]string{"x": strings.Repeat("x", 8<<20)})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		if err = c.Send(m); err != nil || i > 20 {
			break
		}
	}
	if err == nil {
		t.Error("without an end messages wait for a kernel that reads none")
	}
}

// TestPing is asked for a sign of life.
func TestPing(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	f.dial()
	control := <-f.control
	r := bufio.NewReader(control)
	flags, err := r.ReadByte() // READY
	n, err2 := r.ReadByte()
	if _, err3 := r.Discard(int(n)); errors.Join(err, err2, err3) != nil || flags != 4 {
		t.Fatal(flags, err, err2, err3)
	}
	f.tell(control, "\x04\x0b\x04PING\x00\x0aabcd")
	got := make([]byte, 11)
	if _, err := io.ReadFull(r, got); err != nil || string(got) != "\x04\x09\x04PONGabcd" {
		t.Errorf("answered %q (%v)", got, err)
	}
}

// TestStrangers meets peers that are none.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for name, greeting := range map[string]string{
		"http":          "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + strings.Repeat("\x00", 64),
		"old":           "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x00" + strings.Repeat("\x00", 64),
		"secure":        "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00CURVE" + strings.Repeat("\x00", 64),
		"of wrong type": "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + strings.Repeat("\x00", 48) + "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB",
		"cut off":       "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + strings.Repeat("\x00", 48) + "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x01\x03PUB",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := net.Pipe()
			go func() {
				go func() { _, _ = io.Copy(io.Discard, theirs) }()
				_, _ = io.WriteString(theirs, greeting)
			}()
			if _, err := shake(t.Context(), ours, typeDealer, "me", 512); !errors.Is(err, errPeer) {
				t.Errorf("it is met with %v, want errPeer", err)
			}
		})
	}
}
