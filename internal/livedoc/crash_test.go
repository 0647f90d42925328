package livedoc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/ydoc"
)

const clearEnv = "LYCEUM_LIVEDOC_CLEARS" // the child clears histories too

// clearNowAndThen drops the history of the document, all of it or the older half.
func clearNowAndThen(s *Store) {
	ctx := context.Background()
	for {
		pause(time.Duration(rand.IntN(120)) * time.Millisecond)
		h, err := s.History(ctx, "a", Listing{Detail: true, Limit: 1000})
		if err != nil || len(h.Items) == 0 {
			continue
		}
		before := uint64(0)
		if rand.IntN(2) == 0 {
			before = h.Items[len(h.Items)/2].Seq
		}
		if _, err := s.ClearHistory(ctx, "a", before, "0"); err != nil {
			fmt.Fprintln(os.Stderr, "clear:", err)
		}
	}
}

const childEnv = "LYCEUM_LIVEDOC_CHILD" // the home that the test's child process serves

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := serveChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serveChild serves the documents of a home on a Unix socket until it is killed. It
// prints "ready", and after each fsync of a segment its name and size.
func serveChild(dir string) error {
	d, err := files.OpenDir(dir)
	if err != nil {
		return err
	}
	s, err := New(Config{
		Files: d, State: filepath.Join(dir, ".local/state"), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		SaveAfter: 30 * time.Millisecond, SaveEvery: 80 * time.Millisecond, Group: 2 * time.Millisecond,
		open: openReporting, keyframe: 2000, // so that keyframes, sealing and its end come all the time
	})
	if err != nil {
		return err
	}
	if os.Getenv(clearEnv) != "" {
		go clearNowAndThen(s)
	}
	socketName := filepath.Join(dir, ".socket")
	if err := removeIfThere(socketName); err != nil {
		return err
	}
	l, err := net.Listen("unix", socketName)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	go func() { // the parent has died: so do we
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			ctx := context.Background()
			b, err := socket{c}.Read(ctx)
			if err != nil {
				return
			}
			var who struct {
				Path   string
				Viewer Viewer
			}
			if json.Unmarshal(b, &who) == nil {
				fmt.Fprintln(os.Stderr, "served:", s.Serve(ctx, who.Path, socket{c}, who.Viewer))
			}
		}()
	}
}

// reportingFile tells the parent what is safe before anybody else hears of it.
type reportingFile struct {
	logFile
	name string
	size int64
}

var reporting sync.Mutex

func openReporting(name string, create bool) (logFile, error) {
	f, err := openSegment(name, create)
	return &reportingFile{f, name, 0}, err
}

func (f *reportingFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.logFile.WriteAt(b, at)
	f.size = at + int64(n)
	return n, err
}

// Truncate notes the size: what is cut off at the opening leaves a segment that is
// safe although nothing was written into it yet.
func (f *reportingFile) Truncate(size int64) error {
	err := f.logFile.Truncate(size)
	if err == nil {
		f.size = size
	}
	return err
}

func (f *reportingFile) Sync() error {
	if err := f.logFile.Sync(); err != nil {
		return err
	}
	reporting.Lock()
	defer reporting.Unlock()
	_, err := fmt.Printf("safe %s %d\n", strings.TrimSuffix(filepath.Base(f.name), ".new"), f.size)
	return err
}

// child is the process, as the parent sees it.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   *strings.Builder
	done  chan struct{}
	safe  map[string]int64 // size of each segment that is safe; after done
}

func startChild(t testing.TB, dir string, env ...string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(exe), log: &strings.Builder{}, done: make(chan struct{}), safe: map[string]int64{}}
	c.cmd.Env = append(append(os.Environ(), childEnv+"="+dir), env...)
	c.cmd.Stderr = c.log
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() { // ends with the process
		defer close(c.done)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			var name string
			var size int64
			if sc.Text() == "ready" {
				ready <- true
			} else if _, err := fmt.Sscanf(sc.Text(), "safe %s %d", &name, &size); err == nil {
				c.safe[name] = size
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(patience):
		t.Fatal("the child does not start")
	}
	return c
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may have ended by itself, which shows in its log
	<-c.done
	_ = c.cmd.Wait()
	c.stdin.Close()
}

// typist is a client that types tokens, each once, and knows which must be there.
type typist struct {
	*client
	id      int
	next    int
	pending []typed
	mine    []string        // inserted and not deleted by us
	must    map[string]bool // called saved: true when it is there, false when it is deleted
}

type typed struct {
	token  string
	remove bool
	n      uint64
}

func (y *typist) connect(t testing.TB, dir, path string) {
	t.Helper()
	conn, err := net.Dial("unix", filepath.Join(dir, ".socket"))
	if err != nil {
		t.Fatal(err)
	}
	who, err := json.Marshal(map[string]any{"Path": path, "Viewer": Viewer{Account: fmt.Sprint(y.id), Session: "s", Extended: true}})
	if err != nil {
		t.Fatal(err)
	}
	if err := (socket{conn}).Write(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	y.client.start(socket{conn})
}

// step types one token or deletes one.
func (y *typist) step(rnd *rand.Rand) {
	y.edit(func(tx *ydoc.Tx, text *ydoc.Text) error {
		if len(y.mine) > 3 && rnd.IntN(4) == 0 {
			i := rnd.IntN(len(y.mine))
			token := y.mine[i]
			at := strings.Index(text.String(), token)
			if at < 0 {
				return fmt.Errorf("token %s is not there", token)
			}
			y.mine = append(y.mine[:i], y.mine[i+1:]...)
			y.pending = append(y.pending, typed{token, true, y.sent + 1})
			return text.Delete(tx, at, len(token)) // all is ASCII here
		}
		y.next++
		token := fmt.Sprintf("<%d.%d>", y.id, y.next)
		y.mine = append(y.mine, token)
		y.pending = append(y.pending, typed{token, false, y.sent + 1})
		// Between tokens, so that each stays whole.
		s := text.String()
		at := rnd.IntN(len(s) + 1)
		if i := strings.IndexByte(s[at:], '<'); i >= 0 {
			at += i
		} else {
			at = len(s)
		}
		// A line, as in most texts that programs change. Which of two line ends
		// is whose when one is added nobody can tell, so they are not counted.
		return text.Insert(tx, at, token+"\n")
	})
}

// settleUp moves what was called saved to must. On a new connection, all that is
// pending is in its step 2.
func (y *typist) settleUp() {
	y.mu.Lock()
	defer y.mu.Unlock()
	rest := y.pending[:0]
	for _, p := range y.pending {
		if p.n <= y.saved {
			y.must[p.token] = !p.remove
		} else {
			rest = append(rest, p)
		}
	}
	y.pending = rest
}

func (y *typist) reconnected() {
	y.mu.Lock()
	defer y.mu.Unlock()
	for i := range y.pending {
		y.pending[i].n = y.sent
	}
}

var tokenPattern = regexp.MustCompile(`<[0-9]+\.[0-9]+>|\{disk\.[0-9]+\}`)

// check holds text against what must be in it and what cannot.
func check(t *testing.T, when, text string, typists []*typist, disk []string) {
	t.Helper()
	count := map[string]int{}
	for _, token := range tokenPattern.FindAllString(text, -1) {
		count[token]++
	}
	if rest := strings.Trim(tokenPattern.ReplaceAllString(text, ""), "\n"); rest != "" {
		t.Errorf("%s: there is something that nobody typed: %.200q", when, rest)
	}
	for token, n := range count {
		if n != 1 {
			t.Errorf("%s: %q is there %d times", when, token, n)
		}
	}
	for _, y := range typists {
		for token, there := range y.must {
			deleting := false
			for _, p := range y.pending {
				deleting = deleting || p.token == token
			}
			if there && count[token] == 0 && !deleting {
				t.Errorf("%s: %q was called saved and is lost", when, token)
			}
			if !there && count[token] > 0 {
				t.Errorf("%s: %q was called deleted and is there", when, token)
			}
		}
	}
	for _, token := range disk {
		if count[token] != 1 {
			t.Errorf("%s: %q came from the disk and is there %d times", when, token, count[token])
		}
	}
}

// A server is killed at random moments while people type, segments are begun, sealed
// and cleared, the log's unsynced tail is cut at random, the file is changed meanwhile:
// nothing that was called saved is lost, nothing is doubled, every version of the
// history can be read, and in the end all agree.
func TestKill(t *testing.T) {
	t.Parallel()
	t.Run("history kept", func(t *testing.T) { t.Parallel(); killAgainAndAgain(t) })
	t.Run("history cleared", func(t *testing.T) { t.Parallel(); killAgainAndAgain(t, clearEnv+"=yes") })
}

// checkHistory reads versions of the only document below dir, the newest and some
// others, and holds the newest against text.
func checkHistory(t *testing.T, when, dir, text string, rnd *rand.Rand) (versions int) {
	t.Helper()
	docs, err := filepath.Glob(filepath.Join(dir, ".local/state/*-*"))
	if err != nil || len(docs) != 1 {
		t.Errorf("%s: there are %d logs (%v)", when, len(docs), err)
		return 0
	}
	p := past{docs[0]}
	var h api.History
	for range 100 { // it may be sealed or cleared at this moment
		if h, err = p.history(Listing{Detail: true, Limit: MaxListed}, func(string) string { return "" }); err == nil && !h.Damaged {
			break
		}
	}
	if err != nil || h.Damaged || len(h.Items) == 0 {
		t.Errorf("%s: the history is %+v, %v", when, h, err)
		return 0
	}
	if got, _, err := p.text(1 << 60); err != nil || got != text {
		t.Errorf("%s: the newest version is %.300q (%v), want %.300q", when, got, err, text)
	}
	for range 10 {
		v := h.Items[rnd.IntN(len(h.Items))]
		got, _, err := p.text(v.Seq)
		if err != nil && !errors.Is(err, errForgotten) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: version %d: %v", when, v.Seq, err)
		}
		check(t, fmt.Sprintf("%s: version %d", when, v.Seq), got, nil, nil)
	}
	return len(h.Items)
}

func killAgainAndAgain(t *testing.T, env ...string) {
	until := time.Now().Add(soak(3 * time.Second))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var typists []*typist
	for i := range 3 {
		typists = append(typists, &typist{client: newClient(), id: i, must: map[string]bool{}})
	}
	var disk []string
	kills, cuts, versions := 0, 0, 0
	for last := false; ; {
		c := startChild(t, dir, env...)
		func() {
			defer func() {
				c.kill()
				if t.Failed() {
					t.Logf("the child said: %s; safe %v", c.log, c.safe)
				}
			}()
			// Before anybody brings back what he has.
			witness := &typist{client: newClient(), id: 99}
			witness.connect(t, dir, "a")
			witness.waitSynced(t)
			check(t, fmt.Sprintf("after %d kills", kills), witness.read(), typists, disk)
			versions = checkHistory(t, fmt.Sprintf("after %d kills", kills), dir, witness.read(), rnd)
			for _, y := range typists {
				y.connect(t, dir, "a")
			}
			for _, y := range typists {
				y.waitSynced(t)
				y.wait(t, "step 2", func() bool { return y.sent > 0 })
				y.reconnected()
			}
			if last {
				for _, y := range typists {
					y.waitSaved(t)
					y.settleUp()
				}
				// What is saved is what a newcomer gets; to the others it may still be on its way.
				newcomer := &typist{client: newClient(), id: 98}
				newcomer.connect(t, dir, "a")
				newcomer.waitSynced(t)
				text := newcomer.read()
				newcomer.stop()
				for _, y := range append(typists, witness) {
					y.waitText(t, text)
				}
				witness.waitState(t, "clean")
				check(t, "in the end", text, typists, disk)
				if b, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(b) != text {
					t.Errorf("the file has %.300q, want %.300q (%v)", b, text, err)
				}
				for _, y := range append(typists, witness) {
					y.stop()
				}
				return
			}
			killAt := time.After(time.Duration(rnd.IntN(250)) * time.Millisecond)
			tick := time.NewTicker(3 * time.Millisecond)
			defer tick.Stop()
			for typing := true; typing; {
				select {
				case <-tick.C:
					typists[rnd.IntN(len(typists))].step(rnd)
				case <-killAt:
					typing = false
				}
			}
			c.kill()
			for _, y := range append(typists, witness) {
				y.stop()
				y.settleUp()
			}
			kills++
		}()
		if t.Failed() {
			return
		}
		if last {
			break
		}
		last = time.Now().After(until)
		cuts += loseTail(t, rnd, dir, c.safe)
		if rnd.IntN(3) == 0 {
			token := fmt.Sprintf("{disk.%d}", len(disk))
			disk = append(disk, token)
			name := filepath.Join(dir, "a")
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, append(b, token+"\n"...), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	total := 0
	for _, y := range typists {
		total += len(y.must)
	}
	t.Logf("%d kills, %d tails cut, %d edits called saved, %d changes on disk, %d versions", kills, cuts, total, len(disk), versions)
	if total == 0 {
		t.Error("nothing was ever called saved")
	}
}

// loseTail cuts the last segment somewhere behind what is safe, or puts garbage
// there: what a crash of the machine may leave.
func loseTail(t *testing.T, rnd *rand.Rand, dir string, safe map[string]int64) int {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, ".local/state/*-*/*"+segmentSuffix))
	if err != nil || len(logs) == 0 {
		return 0
	}
	name := logs[len(logs)-1]
	at, ok := safe[filepath.Base(name)]
	fi, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if !ok || fi.Size() < at {
		return 0 // it was not touched in this round
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	keep := at + rnd.Int64N(fi.Size()-at+1)
	if err := f.Truncate(keep); err != nil {
		t.Fatal(err)
	}
	if rnd.IntN(2) == 0 {
		junk := make([]byte, rnd.IntN(5000))
		for i := range junk {
			junk[i] = byte(rnd.UintN(256) * rnd.UintN(2))
		}
		if _, err := f.WriteAt(junk, keep); err != nil {
			t.Fatal(err)
		}
	}
	return 1
}

// soak returns how long a random test runs: LYCEUM_SOAK, or else short.
func soak(short time.Duration) time.Duration {
	if d, err := time.ParseDuration(os.Getenv("LYCEUM_SOAK")); err == nil {
		return d
	}
	return short
}
