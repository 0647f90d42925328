//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coder/websocket"
	"github.com/rogpeppe/go-internal/testscript"

	"lyceum/internal/ydoc"
)

// killing lets people type while the project's server, the hub and PostgreSQL are
// killed at random moments, and in the end holds document, file and history against
// what was typed: each token is there once. LYCEUM_SOAK says how long instead.
func killing(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 3, "killing PROJECT FILE SECONDS")
	s := siteOf(ts)
	seconds, err := strconv.Atoi(args[2])
	ts.Check(err)
	long := time.Duration(seconds) * time.Second
	if d, err := time.ParseDuration(os.Getenv("LYCEUM_SOAK")); err == nil {
		long = d
	}
	project, file := args[0], args[1]
	b := &besieged{path: "/p/" + project + "/sync/" + file + "?v=lyceum1", cookies: s.cookies()}
	b.url.Store(&s.url)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	var writers []*writer
	for i := range 4 {
		w := &writer{besieged: b, id: i, doc: ydoc.New(ydoc.Config{Client: uint64(rand.Uint32())})}
		writers = append(writers, w)
		all.Go(func() { w.run(ctx) })
	}
	kills := map[string]int{}
	for end := time.Now().Add(long); time.Now().Before(end); {
		<-time.After(time.Duration(100+rand.IntN(1200)) * time.Millisecond)
		switch rand.IntN(8) {
		case 0, 1:
			stop(ts, false, []string{"KILL"})
			serve(ts, false, nil)
			b.url.Store(&s.url)
			kills["hub"]++
		case 2:
			if s.killPostgres() {
				kills["PostgreSQL"]++
			}
		default:
			if s.killProjectServer(project) {
				kills["project server"]++
			}
		}
	}
	b.quiet.Store(true)
	want := 0
	for _, w := range writers {
		ts.Check(w.settle(90 * time.Second))
		want += w.typed
	}
	ts.Logf("killed %v; %d edits called saved", kills, want)
	if len(kills) < 3 || want < 100 {
		ts.Fatalf("that was no siege")
	}
	text, err := again(func() (string, error) { return b.read(ctx) })
	ts.Check(err)
	ts.Check(whole("the document", text, writers))
	content(ts, false, []string{filepath.Join(s.data, "projects", project, file), "^" + regexp.QuoteMeta(text) + "$"})
	past, err := again(func() (string, error) { return b.get(ctx, "/p/"+project+"/history/"+file+"?at="+strconv.Itoa(1<<53-1)) })
	ts.Check(err)
	ts.Check(whole("the history", past, writers))
}

// again asks until it is answered, or until the patience of the tests ends: what was
// killed last may not be back yet.
func again(ask func() (string, error)) (string, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		text, err := ask()
		if err == nil || time.Now().After(deadline) {
			return text, err
		}
	}
}

// whole says what is wrong with a text in which each token of the writers must be once.
func whole(what, text string, writers []*writer) error {
	count := map[string]int{}
	for line := range strings.Lines(text) {
		count[strings.TrimSuffix(line, "\n")]++
	}
	for _, w := range writers {
		for i := range w.typed {
			if n := count[fmt.Sprintf("<%d.%d>", w.id, i)]; n != 1 {
				return fmt.Errorf("%s has the edit %d of writer %d %d times", what, i, w.id, n)
			}
		}
	}
	return nil
}

// cookies are the present person's.
func (s *site) cookies() string {
	r, err := http.NewRequest("GET", s.url, nil)
	if err != nil {
		return ""
	}
	for _, c := range s.browser().Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	return r.Header.Get("Cookie")
}

func (s *site) killPostgres() bool {
	b, err := os.ReadFile(filepath.Join(s.data, "postgres", "cluster", "postmaster.pid"))
	line, _, _ := strings.Cut(string(b), "\n")
	pid, bad := strconv.Atoi(line)
	return errors.Join(err, bad) == nil && pid > 1 && syscall.Kill(pid, syscall.SIGKILL) == nil
}

// killProjectServer kills the server of a project, below its supervisor.
func (s *site) killProjectServer(project string) bool {
	b, err := os.ReadFile(filepath.Join(s.data, "compute", project, "run.json"))
	var rec struct{ Outer, Init struct{ Pid int } }
	if err != nil || json.Unmarshal(b, &rec) != nil || max(rec.Outer.Pid, rec.Init.Pid) <= 1 {
		return false
	}
	for all := []string{strconv.Itoa(rec.Outer.Pid), strconv.Itoa(rec.Init.Pid)}; len(all) > 0; all = all[1:] {
		line, _ := os.ReadFile("/proc/" + all[0] + "/cmdline") // it may have ended
		pid, err := strconv.Atoi(all[0])
		if err == nil && bytes.Contains(line, []byte("project-server")) && !bytes.Contains(line, []byte("--init")) {
			return syscall.Kill(pid, syscall.SIGKILL) == nil
		}
		tasks, _ := filepath.Glob("/proc/" + all[0] + "/task/*/children") // any thread may have begun it
		for _, name := range tasks {
			children, _ := os.ReadFile(name)
			all = append(all, strings.Fields(string(children))...)
		}
	}
	return false
}

// besieged is where the document is, although the server moves.
type besieged struct {
	path, cookies string
	url           atomic.Pointer[string]
	quiet         atomic.Bool // nobody types any more
}

func (b *besieged) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.TrimSuffix(*b.url.Load(), "/")+b.path, &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {b.cookies}}})
	if err == nil {
		c.SetReadLimit(64 << 20)
	}
	return c, err
}

// read is the text of the document as a newcomer gets it.
func (b *besieged) read(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := b.dial(ctx)
	if err != nil {
		return "", err
	}
	defer c.CloseNow()
	d := &session{ctx: ctx, conn: c, doc: ydoc.New(ydoc.Config{Client: uint64(rand.Uint32())})}
	if err := d.send(syncStep1, d.doc.StateVector().Encode()); err != nil {
		return "", err
	}
	err = d.until(func(kind uint64, _ []byte) bool { return kind == syncStep2 })
	return d.text().String(), err
}

func (b *besieged) get(ctx context.Context, path string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", strings.TrimSuffix(*b.url.Load(), "/")+path, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Cookie", b.cookies)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %.300s", path, res.Status, text)
	}
	return string(text), err
}

// writer types tokens, each once, with or without a connection.
type writer struct {
	*besieged
	id int

	mu      sync.Mutex
	doc     *ydoc.Doc
	typed   int
	pending []int // of each edit that is not called saved, the message that it is in; 0: it was not sent
	open    *session
	ready   bool // has answered the server's state vector
}

// run keeps a connection until ctx ends.
func (w *writer) run(ctx context.Context) {
	for ctx.Err() == nil {
		c, err := w.dial(ctx)
		if err != nil {
			<-time.After(50 * time.Millisecond)
			continue
		}
		w.connected(ctx, c)
		c.CloseNow()
	}
}

func (w *writer) connected(ctx context.Context, c *websocket.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := &session{ctx: ctx, conn: c, doc: w.doc}
	w.mu.Lock()
	w.open, w.ready = d, false
	for i := range w.pending {
		w.pending[i] = 0
	}
	sv := w.doc.StateVector().Encode()
	w.mu.Unlock()
	if d.send(syncStep1, sv) != nil {
		return
	}
	typing := make(chan struct{})
	go func() {
		defer close(typing)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if !w.quiet.Load() {
					w.edit(d)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	for w.take(ctx, d) == nil {
	}
	cancel()
	<-typing
}

// edit types one token at the end.
func (w *writer) edit(d *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := d.text()
	var failed error
	u := w.doc.Transact(func(tx *ydoc.Tx) { failed = text.Insert(tx, text.Len(), fmt.Sprintf("<%d.%d>\n", w.id, w.typed)) })
	if failed != nil {
		panic(failed) // the test's own mistake
	}
	w.typed++
	n := 0
	if w.ready {
		d.sent++
		n = d.sent
		_ = d.send(syncUpdate, u) // a lost connection shows in reading
	}
	w.pending = append(w.pending, n)
}

// take reads one message and acts on it.
func (w *writer) take(ctx context.Context, d *session) error {
	_, msg, err := d.conn.Read(ctx)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	kind, body, err := split(msg)
	switch {
	case err != nil:
		return err
	case kind == syncStep1:
		sv, err := ydoc.DecodeStateVector(body)
		if err != nil {
			return err
		}
		d.sent++
		w.ready = true
		for i := range w.pending {
			w.pending[i] = d.sent
		}
		return d.send(syncStep2, w.doc.EncodeState(sv))
	case kind == messageOurs:
		var note struct {
			T string
			N int
		}
		if json.Unmarshal(body, &note) == nil && note.T == "saved" {
			for len(w.pending) > 0 && w.pending[0] > 0 && w.pending[0] <= note.N {
				w.pending = w.pending[1:]
			}
		}
	case kind == syncStep2 || kind == syncUpdate:
		_, err := w.doc.Apply(body)
		return err
	}
	return nil
}

// split takes a message apart; kind is that of the sync message, messageOurs, or none
// of them.
func split(msg []byte) (kind int, body []byte, err error) {
	if len(msg) < 2 || msg[0] != messageSync && msg[0] != messageOurs {
		return -1, nil, nil
	}
	kind, msg = int(msg[0]), msg[1:]
	if kind == messageSync {
		kind, msg = int(msg[0]), msg[1:]
	}
	size, n := uvarint(msg)
	if n <= 0 || len(msg)-n < size {
		return 0, nil, errors.New("a message is cut off")
	}
	return kind, msg[n : n+size], nil
}

// settle waits until all that was typed is called saved.
func (w *writer) settle(most time.Duration) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(most); ; <-tick.C {
		w.mu.Lock()
		left := len(w.pending)
		w.mu.Unlock()
		if left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d edits of writer %d are not called saved", left, w.id)
		}
	}
}

func uvarint(b []byte) (n, size int) {
	v, size := binary.Uvarint(b)
	return int(v), size
}
