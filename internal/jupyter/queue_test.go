package jupyter

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lyceum/internal/lyceum"
)

// said is a message of a request.
func said(t *testing.T, parent, typ string, content any) Record {
	t.Helper()
	m, err := New(IOPub, "k", typ, content)
	if err != nil {
		t.Fatal(err)
	}
	m.Parent.ID = parent
	m.ParentHeader = json.RawMessage(`{"msg_id":"` + parent + `"}`)
	return Record{Kind: KindMessage, Message: m}
}

func printed(t *testing.T, parent, name, text string) Record {
	return said(t, parent, "stream", stream{name, text})
}

// drain reads what is there after a number: the texts, and the types of the rest.
func drain(t *testing.T, q *Queue, after uint64) (all []string, last uint64) {
	t.Helper()
	for q.Ready(after) {
		r, err := q.Next(t.Context(), after)
		if err != nil {
			return append(all, err.Error()), after
		}
		if r.Number <= after {
			t.Fatalf("record %d after %d", r.Number, after)
		}
		after = r.Number
		var s stream
		switch {
		case r.Kind == KindFold:
			all = append(all, fmt.Sprintf("fold of %s: %d", r.Fold.Parent, r.Fold.Messages))
		case r.Kind == KindStatus:
			all = append(all, string(r.Status.State))
		case r.Message.Head.Type != "stream":
			all = append(all, r.Message.Head.Type)
		case json.Unmarshal(r.Message.Content, &s) == nil:
			all = append(all, s.Name+":"+s.Text)
		}
	}
	return all, after
}

// TestQueueApart joins nothing while a reader does not know which records it has had,
// and nothing to these afterwards.
func TestQueueApart(t *testing.T) {
	t.Parallel()
	var q Queue
	q.Apart(true)
	for _, text := range []string{"a", "b"} {
		q.Add(printed(t, "1", "stdout", text))
	}
	q.Apart(false)
	for _, text := range []string{"c", "d"} {
		q.Add(printed(t, "1", "stdout", text))
	}
	if all, _ := drain(t, &q, 0); strings.Join(all, " ") != "stdout:a stdout:b stdout:cd" {
		t.Errorf("it holds %q, want a, b, cd", all)
	}
}

// TestQueueJoins joins what nobody has read yet, and nothing else.
func TestQueueJoins(t *testing.T) {
	t.Parallel()
	var q Queue
	for _, r := range []Record{
		printed(t, "a", "stdout", "1"), printed(t, "a", "stdout", "2"), printed(t, "a", "stderr", "3"), printed(t, "a", "stderr", "4"),
		printed(t, "b", "stderr", "5"), said(t, "b", "status", nil), printed(t, "b", "stderr", "6"), {Kind: KindStatus, Status: Status{State: Dead}},
	} {
		q.Add(r)
	}
	got, last := drain(t, &q, 0)
	if want := "stdout:12 stderr:34 stderr:5 status stderr:6 dead"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	q.Add(printed(t, "b", "stdout", "7"))
	first, at := drain(t, &q, last)
	q.Add(printed(t, "b", "stdout", "8")) // what was read is not changed any more
	second, _ := drain(t, &q, at)
	if first[0] != "stdout:7" || second[0] != "stdout:8" {
		t.Errorf("got %q and %q", first, second)
	}
	q.Ack(at)
	if all, _ := drain(t, &q, 0); len(all) != 1 {
		t.Errorf("after an acknowledgement %q is left, want the last", all)
	}
	q.Ack(1 << 60)
	if acked, end := q.Numbers(); q.Held() != 0 || acked != end {
		t.Errorf("%d bytes are held of nothing; acknowledged %d of %d", q.Held(), acked, end)
	}
	q.Close()
	if _, err := q.Next(t.Context(), 0); !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("a closed queue gives %v", err)
	}
}

// TestQueueFolds puts more into a queue than it holds: the beginning, the end and all
// that is no output stay.
func TestQueueFolds(t *testing.T) {
	t.Parallel()
	var q Queue
	block := strings.Repeat("x", 100<<10)
	const blocks = 1000 // 100 MB
	most := 0
	for i := range blocks {
		q.Add(said(t, "a", "display_data", map[string]any{"data": map[string]string{"text/plain": fmt.Sprint(i, block)}}))
		if i%100 == 0 {
			q.Add(said(t, "a", "status", map[string]string{"execution_state": "busy"}))
		}
		most = max(most, q.Held())
	}
	q.Add(said(t, "a", "execute_reply", nil))
	if most > maxHeld+1<<20 {
		t.Errorf("it held %d bytes, want at most %d", most, maxHeld)
	}
	all, _ := drain(t, &q, 0)
	outputs, states, folded := 0, 0, 0
	for _, s := range all {
		switch {
		case s == "display_data":
			outputs++
		case s == "status":
			states++
		default:
			var n int
			if _, err := fmt.Sscanf(s, "fold of a: %d", &n); err == nil {
				folded += n
			}
		}
	}
	if outputs+folded != blocks || states != blocks/100 || all[0] != "display_data" || all[len(all)-2] != "display_data" || all[len(all)-1] != "execute_reply" {
		t.Errorf("%d outputs, %d left out, %d states, from %s to %s", outputs, folded, states, all[0], all[len(all)-1])
	}
	for range 2000 { // what is no output is bounded too
		q.Add(said(t, "a", "execute_reply", map[string]string{"x": block}))
	}
	if q.Held() > 2*maxHeld+1<<20 {
		t.Errorf("it holds %d bytes of replies", q.Held())
	}
}

// TestQueueWaits waits for a record that comes later.
func TestQueueWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q Queue
		time.AfterFunc(time.Second, func() { q.Add(Record{Kind: KindStatus, Status: Status{State: Idle}}) })
		if r, err := q.Next(t.Context(), 0); err != nil || r.Number != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.Next(ctx, 1); err == nil {
			t.Error("a record came that is not there")
		}
		time.AfterFunc(time.Second, q.Close)
		if _, err := q.Next(t.Context(), 1); !lyceum.IsKind(err, lyceum.Unavailable) {
			t.Errorf("a closed queue gives %v", err)
		}
	})
}
