package jupyter

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// What a kernel publishes is taken from it though nobody makes sense of it yet: the
// real ones throw away what they are not rid of.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	_, messages, _ := f.dial() // 100 messages have room there, and nobody reads
	pub := <-f.iopub
	if err := pub.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	const many = 5000 // of a kilobyte: the kernel's and the system's own room is smaller
	for i := range many {
		f.tell(pub, signed(f.conn.Key.Reveal(), "stream", fmt.Sprintf(`{"name":"stdout","text":"%d %01000d"}`, i, 0)))
	}
	for i := range many {
		m := <-messages
		if want := fmt.Sprintf(`{"name":"stdout","text":"%d %01000d"}`, i, 0); string(m.Content) != want {
			t.Fatalf("message %d is %.40s", i, m.Content)
		}
	}
	if err := pub.Close(); err != nil {
		t.Fatal(err)
	}
}

// What was read ahead comes before the end of the connection, and not after close.
func TestReadAheadEnds(t *testing.T) {
	t.Parallel()
	for _, closes := range []bool{false, true} {
		ours, theirs := net.Pipe()
		a := newAhead(ours)
		if _, err := io.WriteString(theirs, "the end"); err != nil { // returns when it was read
			t.Fatal(err)
		}
		if err := theirs.Close(); err != nil {
			t.Fatal(err)
		}
		want, wantErr := "the end", error(nil)
		if closes {
			a.close()
			want, wantErr = "", net.ErrClosed
		}
		if got, err := io.ReadAll(a); string(got) != want || !errors.Is(err, wantErr) {
			t.Errorf("closed %v: read %q, %v, want %q, %v", closes, got, err, want, wantErr)
		}
	}
}
