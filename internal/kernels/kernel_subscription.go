package kernels

import (
	"context"
	"math"
	"slices"

	"lyceum/internal/jupyter"
)

// Options of a subscription. The zero value is good.
type Options struct {
	// Keep makes the supervisor keep the records of the kernel until this subscription
	// has acknowledged them (Ack), through restarts of the project server.
	Keep bool

	// Apart keeps each record apart until Join is called: for who has had some of them
	// from an earlier project server, and will only know later which.
	Apart bool
}

// Subscription gets the records of a kernel from the moment on in which it was made,
// in order. Who reads slowly gets texts joined and, behind far enough, a KindFold in
// place of outputs; it never slows down the kernel or another subscription. Next may
// be called from one goroutine, the rest from any.
type Subscription struct {
	k     *Kernel
	keep  bool
	queue jupyter.Queue
	after uint64
	acked uint64 // guarded by k.mu
}

// Subscribe makes a subscription. The caller calls Close.
func (k *Kernel) Subscribe(o Options) *Subscription {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := &Subscription{k: k, keep: o.Keep, after: k.read, acked: k.read}
	s.queue.Apart(o.Apart)
	if k.gone {
		s.queue.Close()
	}
	// A new list, because take reads the old one without the lock.
	k.subs = append(slices.Clone(k.subs), s)
	return s
}

// Next returns the next record, and waits for it until ctx ends. An error of kind
// Unavailable is the end: the kernel was shut down, or the project server stops.
func (s *Subscription) Next(ctx context.Context) (jupyter.Record, error) {
	s.queue.Ack(s.after)
	rec, err := s.queue.Next(ctx, s.after)
	if err == nil {
		s.after = rec.Number
	}
	return rec, err
}

// Join lets texts that come from now on be joined.
func (s *Subscription) Join() { s.queue.Apart(false) }

// Ready reports whether Next would not wait.
func (s *Subscription) Ready() bool { return s.queue.Ready(s.after) }

// Ack says that the records up to a number need not be told again to a later project
// server: what came of them is on the disk.
func (s *Subscription) Ack(number uint64) {
	s.k.mu.Lock()
	s.acked = max(s.acked, number)
	s.k.mu.Unlock()
	s.k.ack()
}

// Close ends the subscription. What it has not acknowledged is not kept for it any
// more.
func (s *Subscription) Close() {
	s.k.mu.Lock()
	s.k.subs = slices.DeleteFunc(slices.Clone(s.k.subs), func(o *Subscription) bool { return o == s })
	s.k.mu.Unlock()
	s.queue.Close()
}

// listeners is how many listen.
func (k *Kernel) listeners() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.subs)
}

// ackEvery is how many records may be read before they are acknowledged, where
// nobody keeps them.
const ackEvery = 32

// ackRead acknowledges what was read of a kernel that nobody keeps records of.
func (k *Kernel) ackRead() {
	k.mu.Lock()
	due := k.read >= k.acked+ackEvery || !k.work.Busy() && k.read > k.acked
	k.mu.Unlock()
	if due {
		k.ack()
	}
}

// ack tells the supervisor up to which number all is kept, when that is news.
func (k *Kernel) ack() {
	k.mu.Lock()
	least, keepers := uint64(math.MaxUint64), false
	for _, s := range k.subs {
		if s.keep {
			least, keepers = min(least, s.acked), true
		}
	}
	if !keepers {
		if least = k.read; len(k.process.Note) > 0 {
			least = 0 // somebody will come for them
		}
	}
	stream := k.stream
	news := least > k.acked && stream != nil
	if news {
		k.acked = least
	}
	k.mu.Unlock()
	if !news {
		return
	}
	b, err := jupyter.Record{Kind: jupyter.KindAck, Number: least}.AppendTo(nil)
	if err != nil {
		return // an acknowledgement has nothing that could fail
	}
	k.writing.Lock()
	defer k.writing.Unlock()
	_, _ = stream.Write(b) // where it breaks, the next one tells as much
}
