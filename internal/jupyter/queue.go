package jupyter

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"lyceum/internal/lyceum"
)

// Bounds of a queue.
const (
	maxHeld  = 32 << 20  // bytes; from there on it folds
	afterCut = 24 << 20  // down to so many
	keepOld  = 1 << 20   // of the oldest, which are kept
	maxJoin  = 256 << 10 // bytes of text in one joined message
)

// Queue holds the records of a kernel until they are acknowledged. It is bounded:
// texts that are printed faster than they are read are joined, which loses nothing,
// and when too much waits, outputs are left out in the middle: the beginning and the
// end stay, and a record of KindFold says what is missing. Replies, states and what
// else is not output stay. It is safe for concurrent use; the zero value is ready.
type Queue struct {
	mu     sync.Mutex
	all    []*entry // by number
	held   int      // bytes of all
	last   uint64   // the highest number ever
	read   uint64   // the highest number that a reader had
	acked  uint64
	apart  bool
	wake   chan struct{} // not nil while someone waits; closed by the next change
	closed error
}

// entry is a record, or texts that were joined into one.
type entry struct {
	Record
	size int
	name string // of the stream; "" when it is none
	text []byte // what is joined to it; nil when nothing is
}

// stream is the content of a message of that type.
type stream struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Apart says whether texts are kept apart from now on, and not joined: for a reader
// who has had some of the records already, and does not know yet which.
func (q *Queue) Apart(apart bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.apart = apart
	if !apart && len(q.all) > 0 {
		q.read = max(q.read, q.all[len(q.all)-1].Number) // what is here stays as it is
	}
}

// Add appends a record with the next number and returns it.
func (q *Queue) Add(r Record) uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.Number = q.last + 1
	q.addLocked(r)
	return r.Number
}

// Put appends a record that has a number, which must be higher than those before.
func (q *Queue) Put(r Record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addLocked(r)
}

func (q *Queue) addLocked(r Record) {
	if q.closed != nil {
		return
	}
	q.last = r.Number
	defer q.wakeLocked()
	e := &entry{Record: r}
	if n := len(q.all); n > 0 && q.joinLocked(q.all[n-1], e) {
		return
	}
	e.size = r.Size()
	q.all = append(q.all, e)
	q.held += e.size
	q.foldLocked()
}

// joinLocked adds the text of e to the one before it, when nobody has read that yet
// and it is of the same stream of the same request.
func (q *Queue) joinLocked(before, e *entry) bool {
	m := &e.Message
	if e.Kind != KindMessage || m.Head.Type != "stream" || m.Channel != IOPub || len(m.Buffers) > 0 {
		return false
	}
	if q.apart || before.Number <= q.read || before.Kind != KindMessage || before.Message.Head.Type != "stream" ||
		before.Message.Parent.ID != m.Parent.ID || before.size+len(m.Content) > maxJoin {
		return false
	}
	var added stream
	if json.Unmarshal(m.Content, &added) != nil {
		return false
	}
	if before.name == "" {
		var first stream
		if json.Unmarshal(before.Message.Content, &first) != nil {
			return false
		}
		before.name, before.text = first.Name, []byte(first.Text)
	}
	if before.name != added.Name {
		return false
	}
	before.text = append(before.text, added.Text...)
	before.Number = e.Number
	before.size += len(added.Text)
	q.held += len(added.Text)
	return true
}

// flat is the record as a reader gets it.
func (e *entry) flat() Record {
	if e.text == nil {
		return e.Record
	}
	if b, err := json.Marshal(stream{e.name, string(e.text)}); err == nil { // two strings do not fail
		e.Message.Content = b
	}
	e.text, e.name = nil, ""
	return e.Record
}

// outputs are the messages that can be left out: those that a person looks at.
var outputs = map[string]bool{"stream": true, "display_data": true, "update_display_data": true, "comm_msg": true, "clear_output": true, "execute_result": true}

// foldLocked leaves out what is too much, the oldest outputs first, but for the very
// first. What is no output goes only when there is twice too much.
func (q *Queue) foldLocked() {
	if q.held <= maxHeld {
		return
	}
	q.leaveOutLocked(afterCut, func(e *entry) bool { return e.Kind == KindMessage && outputs[e.Message.Head.Type] })
	if q.held > 2*maxHeld {
		q.leaveOutLocked(maxHeld, func(e *entry) bool { return e.Kind != KindStatus })
	}
}

func (q *Queue) leaveOutLocked(down int, can func(*entry) bool) {
	kept := make([]*entry, 0, len(q.all))
	seen := 0
	for i, e := range q.all {
		seen += e.size
		// The last one is never left out: it may be all there is.
		if q.held <= down || seen <= keepOld || i == len(q.all)-1 || !can(e) {
			kept = append(kept, e)
			continue
		}
		q.held -= e.size
		fold := &entry{Record: Record{Number: e.Number, Kind: KindFold, Fold: Fold{Parent: e.Message.Parent.ID, Messages: 1, Bytes: int64(e.size)}}}
		if e.Kind == KindFold {
			fold.Fold = e.Fold
		}
		if n := len(kept); n > 0 && kept[n-1].Kind == KindFold && kept[n-1].Fold.Parent == fold.Fold.Parent && kept[n-1].Number > q.read {
			kept[n-1].Number = fold.Number
			kept[n-1].Fold.Messages += fold.Fold.Messages
			kept[n-1].Fold.Bytes += fold.Fold.Bytes
			continue
		}
		fold.size = fold.Size()
		q.held += fold.size
		kept = append(kept, fold)
	}
	q.all = kept
}

func (q *Queue) wakeLocked() {
	if q.wake != nil {
		close(q.wake)
		q.wake = nil
	}
}

// Next returns the first record with a number above after, and waits for one until
// ctx ends or the queue is closed.
func (q *Queue) Next(ctx context.Context, after uint64) (Record, error) {
	for {
		r, wait, err := q.peek(after)
		if wait == nil {
			return r, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return Record{}, context.Cause(ctx)
		}
	}
}

// Ready reports whether Next would not wait.
func (q *Queue) Ready(after uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed != nil || len(q.all) > 0 && q.all[len(q.all)-1].Number > after
}

func (q *Queue) peek(after uint64) (Record, chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i, _ := slices.BinarySearchFunc(q.all, after+1, func(e *entry, n uint64) int {
		switch {
		case e.Number < n:
			return -1
		case e.Number > n:
			return 1
		}
		return 0
	})
	if i < len(q.all) {
		r := q.all[i].flat()
		q.read = max(q.read, r.Number)
		return r, nil, nil
	}
	if q.closed != nil {
		return Record{}, nil, q.closed
	}
	if q.wake == nil {
		q.wake = make(chan struct{})
	}
	return Record{}, q.wake, nil
}

// Ack forgets the records up to a number.
func (q *Queue) Ack(number uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.acked = max(q.acked, min(number, q.last))
	n := 0
	for n < len(q.all) && q.all[n].Number <= number {
		q.held -= q.all[n].size
		q.all[n] = nil
		n++
	}
	if q.all = q.all[n:]; len(q.all) == 0 {
		q.all = nil // give the room back
	}
}

// Numbers are the highest number that was acknowledged, and the highest there is.
func (q *Queue) Numbers() (acked, last uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.acked, q.last
}

// Held is about how many bytes wait.
func (q *Queue) Held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.held
}

// Close ends the queue: nothing is taken any more, and Next returns an error of kind
// Unavailable after the last record.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed == nil {
		q.closed = lyceum.Errorf(lyceum.Unavailable, "the kernel was shut down")
	}
	q.wakeLocked()
}
