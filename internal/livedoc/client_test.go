package livedoc

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/ydoc"
)

const patience = 20 * time.Second // for what happens at once on a machine that is not busy

// pipe is one end of a connection in memory. Nothing is buffered: what the other
// end does not read is not written.
type pipe struct {
	in  <-chan []byte
	out chan<- []byte
}

func newPipe() (a, b *pipe) {
	x, y := make(chan []byte), make(chan []byte)
	return &pipe{x, y}, &pipe{y, x}
}

func (p *pipe) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-p.in:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipe) Write(ctx context.Context, b []byte) error {
	select {
	case p.out <- slices.Clone(b):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// castSome reaches those pipes whose other end listens, but for one in four.
func castSome(msg []byte, to []Conn) (rest []Conn) {
	for _, c := range to {
		if p, ok := c.(*pipe); ok && rand.IntN(4) > 0 {
			select {
			case p.out <- slices.Clone(msg):
				continue
			default:
			}
		}
		rest = append(rest, c)
	}
	return rest
}

// socket is a Conn over a byte stream: each message behind its length.
type socket struct{ net.Conn }

func (s socket) Read(ctx context.Context) ([]byte, error) {
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	var head [4]byte
	if _, err := io.ReadFull(s.Conn, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.LittleEndian.Uint32(head[:]))
	_, err := io.ReadFull(s.Conn, b)
	return b, err
}

func (s socket) Write(ctx context.Context, b []byte) error {
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	_, err := s.Conn.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

// client is a browser: it speaks the protocol as y-websocket does. Its document
// outlives its connections.
type client struct {
	mu      sync.Mutex
	y       *ydoc.Doc
	text    *ydoc.Text
	changed chan struct{} // closed and replaced at each message

	conn   Conn
	cancel context.CancelFunc
	synced bool // has had step 2
	sent   uint64
	saved  uint64
	sentSV map[uint64]ydoc.StateVector // what the document held when message n was sent
	safe   ydoc.StateVector            // what was called saved, over all connections
	hello  notice
	file   notice
	seen   []string // states of the file, in order
	moved  string
	errors []notice
	aware  map[uint64]string
	echoed int // how many updates arrived
	ended  error
	done   chan struct{} // closed when the connection has ended on this side
	served chan struct{} // and on the server's, if that is here
}

func newClient() *client {
	c := &client{y: ydoc.New(ydoc.Config{Client: uint64(rand.Uint32())}), changed: make(chan struct{}), aware: map[uint64]string{}, sentSV: map[uint64]ydoc.StateVector{}}
	c.text = c.y.Text(api.TextRoot)
	return c
}

// start speaks over conn until it fails or stop is called; run, if given, is the
// server's side and says how it ended.
func (c *client) start(conn Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	c.mu.Lock()
	c.conn, c.cancel, c.done = conn, cancel, make(chan struct{})
	c.ended, c.synced, c.sent, c.saved, c.sentSV = nil, false, 0, 0, map[uint64]ydoc.StateVector{}
	sv := c.y.StateVector()
	done := c.done
	c.mu.Unlock()
	out := make(chan []byte, 1024)
	go func() { // ends with ctx
		for {
			select {
			case b := <-out:
				if conn.Write(ctx, b) != nil {
					cancel()
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	out <- encodeStep1(sv)
	go func() { // ends with ctx or the connection
		defer close(done)
		defer cancel()
		for {
			b, err := conn.Read(ctx)
			if err != nil {
				c.note(func() { c.end(err) })
				return
			}
			c.note(func() { err = c.take(b, out) })
			if err != nil {
				c.note(func() { c.end(err) })
				return
			}
		}
	}()
	c.mu.Lock()
	c.conn = queued{conn, out}
	c.mu.Unlock()
}

// queued writes without waiting.
type queued struct {
	Conn
	out chan []byte
}

func (q queued) Write(ctx context.Context, b []byte) error {
	select {
	case q.out <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end notes why the connection ended; the server's word comes first.
func (c *client) end(err error) {
	if c.ended == nil {
		c.ended = err
	}
}

func (c *client) stop() {
	c.mu.Lock()
	cancel, done, served := c.cancel, c.done, c.served
	c.mu.Unlock()
	cancel()
	<-done
	if served != nil {
		<-served
	}
}

func (c *client) note(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// take acts on a message of the server.
func (c *client) take(b []byte, out chan<- []byte) error {
	if n, ok := bytes.CutPrefix(b, []byte{msgLyceum}); ok {
		_, size := binary.Uvarint(n)
		var told notice
		if err := json.Unmarshal(n[max(size, 0):], &told); err != nil {
			return err
		}
		c.hear(told)
		return nil
	}
	m, err := ydoc.DecodeMessage(b)
	if err != nil {
		return err
	}
	switch {
	case m.Kind == ydoc.MessageAwareness:
		for _, s := range m.States {
			if s.Gone() {
				delete(c.aware, s.Client)
			} else {
				c.aware[s.Client] = string(s.State)
			}
		}
	case m.Kind != ydoc.MessageSync:
		return fmt.Errorf("message of kind %d", m.Kind)
	case m.Sync == ydoc.SyncStep1:
		c.sent++
		c.sentSV[c.sent] = c.y.StateVector()
		out <- encodeStep2(c.y.EncodeState(m.Vector))
	default:
		c.synced = c.synced || m.Sync == ydoc.SyncStep2
		c.echoed++
		if _, err := c.y.Apply(m.Update); err != nil {
			return err
		}
		if c.y.Pending() && c.synced {
			return errors.New("an update had gaps")
		}
	}
	return nil
}

func (c *client) hear(n notice) {
	switch n.T {
	case "hello":
		c.hello = n
	case "saved":
		c.saved = *n.N
		if c.safe == nil {
			c.safe = ydoc.StateVector{}
		}
		for id, clock := range c.sentSV[c.saved] {
			c.safe[id] = max(c.safe[id], clock)
		}
	case "file":
		c.file = n
		c.seen = append(c.seen, n.State)
	case "moved":
		c.moved = n.Path
	case "error":
		c.errors = append(c.errors, n)
	}
}

// edit changes the text and sends the update.
func (c *client) edit(f func(tx *ydoc.Tx, text *ydoc.Text) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	u := c.y.Transact(func(tx *ydoc.Tx) { err = f(tx, c.text) })
	if err != nil {
		panic(err) // the test's own mistake
	}
	if u == nil || c.conn == nil {
		return
	}
	c.sent++
	c.sentSV[c.sent] = c.y.StateVector()
	_ = c.conn.Write(context.Background(), encodeUpdate(u)) // a lost connection shows in ended
}

func (c *client) insert(pos int, s string) {
	c.edit(func(tx *ydoc.Tx, t *ydoc.Text) error { return t.Insert(tx, min(pos, t.Len()), s) })
}

func (c *client) remove(pos, n int) {
	c.edit(func(tx *ydoc.Tx, t *ydoc.Text) error { return t.Delete(tx, pos, n) })
}

func (c *client) send(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.Write(context.Background(), b)
}

// wait waits until ok, which is called with the lock held.
func (c *client) wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		good, changed := ok(), c.changed
		state := fmt.Sprintf("text %.80q, file %v, saved %d of %d, ended %v, errors %v", c.text.String(), c.file, c.saved, c.sent, c.ended, c.errors)
		c.mu.Unlock()
		if good {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("waited in vain for %s; %s", what, state)
		}
	}
}

func (c *client) waitText(t testing.TB, want string) {
	t.Helper()
	c.wait(t, fmt.Sprintf("the text %.80q", want), func() bool { return c.text.String() == want })
}

func (c *client) waitSynced(t testing.TB) {
	t.Helper()
	c.wait(t, "the first sync", func() bool { return c.synced })
}

func (c *client) waitSaved(t testing.TB) {
	t.Helper()
	c.wait(t, "saved", func() bool { return c.synced && c.saved == c.sent && c.sent > 0 })
}

func (c *client) waitState(t testing.TB, state string) {
	t.Helper()
	c.wait(t, "the file to be "+state, func() bool { return c.file.State == state })
}

func (c *client) read() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// home is a project's home with a store.
type home struct {
	t     testing.TB
	dir   string
	files *files.Dir
	cfg   Config
	now   atomic.Pointer[Store]
	*Store
}

// newHome makes a home with the store's clocks set fast.
func newHome(t testing.TB, change ...func(*Config)) *home {
	t.Helper()
	h := newHomeIn(t, t.TempDir(), change...)
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("close the store: %v", err)
		}
		h.files.Close()
	})
	return h
}

// newHomeIn makes dir a home; the caller closes store and files.
func newHomeIn(t testing.TB, dir string, change ...func(*Config)) *home {
	t.Helper()
	h := &home{t: t, dir: dir}
	d, err := files.OpenDir(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	h.files = d
	h.cfg = Config{
		Files: d, State: filepath.Join(h.dir, ".local/state/lyceum/documents"),
		SaveAfter: 50 * time.Millisecond, SaveEvery: 200 * time.Millisecond, Group: 5 * time.Millisecond,
		Linger: time.Hour, Cast: castSome,
	}
	for _, f := range change {
		f(&h.cfg)
	}
	h.open()
	return h
}

func (h *home) open() {
	h.t.Helper()
	s, err := New(h.cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	h.now.Store(s)
	h.Store = s
}

// store is the one that is open now, for goroutines that outlive it.
func (h *home) store() *Store { return h.now.Load() }

// restart closes the store and opens it again.
func (h *home) restart(between ...func()) {
	h.t.Helper()
	if err := h.Close(context.Background()); err != nil {
		h.t.Fatalf("close: %v", err)
	}
	for _, f := range between {
		f()
	}
	h.open()
}

func (h *home) write(path, content string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, path), []byte(content), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) content(path string) string {
	h.t.Helper()
	b, err := os.ReadFile(filepath.Join(h.dir, path))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// join connects a client, new if c is nil, as an extended viewer.
func (h *home) join(path string, c *client, change ...func(*Viewer)) *client {
	h.t.Helper()
	if c == nil {
		c = newClient()
	}
	v := Viewer{Account: fmt.Sprintf("account-%d", c.y.Client()), Name: "Ada", Session: "s", Extended: true}
	for _, f := range change {
		f(&v)
	}
	ours, theirs := newPipe()
	ctx, cancel := context.WithCancel(context.Background())
	c.start(cancelling{ours, cancel})
	ended, store := make(chan struct{}), h.Store
	c.mu.Lock()
	stop := c.cancel
	c.served = ended
	c.mu.Unlock()
	go func() {
		defer close(ended)
		err := store.Serve(ctx, path, theirs, v)
		c.note(func() { c.end(err) })
		stop()
	}()
	h.t.Cleanup(func() { c.stop(); cancel(); <-ended })
	return c
}

// cancelling ends the server's side when the client's ends.
type cancelling struct {
	*pipe
	cancel context.CancelFunc
}

func (p cancelling) Read(ctx context.Context) ([]byte, error) {
	b, err := p.pipe.Read(ctx)
	if err != nil {
		p.cancel()
	}
	return b, err
}

// open is join and waits for the text.
func (h *home) edit(path string, change ...func(*Viewer)) *client {
	h.t.Helper()
	c := h.join(path, nil, change...)
	c.waitSynced(h.t)
	return c
}

// refused returns the code with which the document at path refuses a viewer.
func (h *home) refused(path string, change ...func(*Viewer)) int {
	h.t.Helper()
	c := h.join(path, nil, change...)
	return c.waitClosed(h.t)
}

func (c *client) waitClosed(t testing.TB) int {
	t.Helper()
	code := 0
	c.wait(t, "the connection to be closed", func() bool {
		var e *CloseError
		if errors.As(c.ended, &e) {
			code = e.Code
		}
		return code != 0
	})
	return code
}

func lines(n int, prefix string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s line %d of the file\n", prefix, i)
	}
	return b.String()
}

// waitFile polls until the file at path has the content want; nothing tells a
// test when a file was replaced.
func (h *home) waitFile(path, want string) {
	h.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	var got []byte
	for {
		got, _ = os.ReadFile(filepath.Join(h.dir, path)) // missing is not equal
		if string(got) == want {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			h.t.Fatalf("file %s has %.200q, want %.200q", path, got, want)
		}
	}
}
