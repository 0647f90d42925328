package jupyter

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// request reads the next request on shell, and returns its id and type.
func (f *fake) request(r *frameReader) (id, typ string) {
	f.t.Helper()
	for {
		flags, size, err := r.next()
		if err != nil {
			f.t.Fatal(err)
		}
		body, err := r.body(size, maxSmall)
		if err != nil {
			f.t.Fatal(err)
		}
		var head Header
		if flags&flagCommand == 0 && strings.Contains(string(body), `"msg_type"`) && json.Unmarshal(body, &head) == nil {
			return head.ID, head.Type
		}
	}
}

// A cell whose end the kernel dropped ends all the same, with a word about it; one
// whose end comes late, or came before the reply, ends once.
func TestDroppedEnd(t *testing.T) {
	t.Parallel()
	f := startFake(t)
	c, messages, _ := f.dial()
	c.owed.quiet = 50 * time.Millisecond
	pub, shell := <-f.iopub, <-f.shell
	key := f.conn.Key.Reveal()
	const idle, reply = `{"execution_state":"idle"}`, `{"status":"ok"}`
	frames := &frameReader{bufio.NewReader(shell)}
	expect := func(what string) {
		t.Helper()
		select {
		case m := <-messages:
			if got := string(m.Channel) + " " + m.Parent.ID + " " + m.Head.Type + " " + string(m.Content); !strings.HasPrefix(got, what) {
				t.Fatalf("%s, want %s", got, what)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing came, want %s", what)
		}
	}

	f.tell(pub, signedFor(key, "status", "early", idle))
	expect("iopub early status")
	f.tell(shell, signedFor(key, "execute_reply", "early", reply))
	expect("shell early execute_reply")

	f.tell(shell, signedFor(key, "execute_reply", "late", reply))
	expect("shell late execute_reply")
	f.tell(pub, signedFor(key, "status", "late", idle))
	expect("iopub late status")

	f.tell(shell, signedFor(key, "execute_reply", "lost", reply))
	expect("shell lost execute_reply")
	probe, typ := f.request(frames)
	if typ != "kernel_info_request" {
		t.Fatalf("it asks for %s", typ)
	}
	f.tell(shell, signedFor(key, "kernel_info_reply", probe, `{}`))
	f.tell(pub, signedFor(key, "status", probe, idle))
	expect(`iopub lost stream {"name":"stderr","text":"\n[The kernel has dropped outputs`)
	expect("iopub lost status " + idle)

	// One that is being looked into when the client ends.
	f.tell(shell, signedFor(key, "execute_reply", "open", reply))
	expect("shell open execute_reply")
	f.request(frames)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case m := <-messages:
		t.Errorf("after the end %v came", m.Head)
	default:
	}
}
