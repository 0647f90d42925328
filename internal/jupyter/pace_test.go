package jupyter

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestPace gathers the outputs of a flood, and holds nothing back that somebody waits
// for.
func TestPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p Pace
		waits := func(ch Channel, typ, parent string) bool {
			p.Hear(Message{Channel: ch, Head: Header{Type: typ}, Parent: Header{ID: parent}})
			began := time.Now()
			p.Wait(nil)
			return time.Since(began) > 0
		}
		for i := range floodAfter {
			if waits(IOPub, "stream", "a") {
				t.Fatalf("output %d is held back", i)
			}
			if waits(IOPub, "status", "a") || waits(IOPub, "execute_result", "a") || waits(IOPub, "comm_msg", "a") || waits(Shell, "execute_reply", "a") {
				t.Fatal("what somebody waits for is held back")
			}
		}
		if !waits(IOPub, "stream", "a") || !waits(IOPub, "display_data", "a") {
			t.Error("outputs of a flood are not gathered")
		}
		if waits(IOPub, "status", "a") {
			t.Error("the end of a flood is held back")
		}
		if waits(IOPub, "stream", "b") {
			t.Error("the first output of another request is held back")
		}
		for range floodAfter {
			waits(IOPub, "stream", "b")
		}
		done := make(chan struct{})
		close(done)
		began := time.Now()
		if p.Wait(done); time.Since(began) > 0 {
			t.Error("it waits after the end")
		}
	})
}
