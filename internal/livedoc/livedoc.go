// Package livedoc holds files that several people edit at the same time: one file,
// its shared document, its log and its viewers, kept together. It knows no HTTP and
// no WebSocket: a viewer is a Conn of whole messages.
//
// # Protocol
//
// Messages are those of y-protocols 1.0 as y-websocket speaks them, so that an
// unmodified client works. Numbers are the variable-length unsigned integers of
// lib0, at most 2^53-1; a string is its length in bytes and UTF-8.
//
//	0 0 bytes    sync step 1: the sender's state vector; send me what I lack
//	0 1 bytes    sync step 2: the answer, an update (V1)
//	0 2 bytes    an update
//	1 bytes      awareness: a number, and as often client, clock, string (JSON; null: gone)
//	3            send me all awareness states
//	100 string   JSON, from the server to viewers that are Extended (?v=lyceum1)
//
// The shared text is the root "text" (api.TextRoot), a Y.Text. A document has another
// model when its file is a notebook (*.ipynb that can be read as one): the schema of
// @jupyter/ydoc 4.2, see notebookModel. Hello then says "model":"notebook".
//
//	viewer                              server
//	  │ ◄────────────────── hello, file ─┤ Extended only
//	  │ ◄─────────────────── sync step 1 ┤ not to viewers who only read
//	  ├ sync step 1 ───────────────────► │ must come before any update
//	  │ ◄─────────────────── sync step 2 ┤
//	  ├ sync step 2 ───────────────────► │ what the viewer has from before
//	  ├ update ────────────────────────► │ ──► update to all others at once
//	  │ ◄────────────────── saved n ─────┤ after fsync
//
// Messages of type 100:
//
//	{"t":"hello","doc":"<uuid>","epoch":"<uuid>","readOnly":false,"path":"a.py"}
//	{"t":"saved","n":17}     the first 17 messages with an update (step 2 or update) of this connection are on disk
//	{"t":"file","state":"dirty","message":"…"}  the file: clean, dirty, writing, error or deleted;
//	                         "encoding" when that is not UTF-8, "unencodable" a character that it has not
//	{"t":"moved","path":"b.py"}  the file was renamed; the document goes on
//	{"t":"error","code":"exhausted","message":"…"}  what could not be saved and why; the document lives on in memory
//
// A message that cannot be read is answered by closing with CloseProtocol; so is an
// update before the state vector. A viewer who may only read gets all and may send
// awareness; what it sends as step 2 is ignored, an update closes it with
// CloseForbidden. An update that would make the text larger than
// api.MaxDocumentBytes is not integrated, not even in part: its sender alone is
// told by an error message and closed with CloseTooLarge, keeps what it typed, and
// is closed again as long as it insists. Other codes: close.go.
//
// A slow viewer is sent one update with all that it lacks in place of a queue that
// has grown past 1 MB or 512 updates; one that does not take a single message
// within 30 s is closed with CloseSlow.
//
// Awareness: a client id belongs to the connection that used it first, until that
// one goes; the server then tells the others that it is gone. Nobody else can
// change or remove it, but the same session that connects again, with a higher
// clock, takes it over. The "user" of a state is given the name, the id and the
// colour of the viewer. A state has at most 16 kB, a connection 16 clients.
//
// # Saved
//
// An update is in the log and fsynced at most 80 ms (and the time of one fsync) after
// it came, after a pause 20 ms; only then it is called saved. The file follows SaveAfter the last
// edit and at least every SaveEvery, by an atomic replacement that fails when the
// file has changed in between; that change is merged first.
//
// # The file
//
// The file is text without NUL, at most api.MaxDocumentBytes; anything else is refused
// with CloseNotText or CloseTooLarge. It is UTF-8, UTF-16 with its byte order mark, or
// Windows-1252 (form.go), and stays in that encoding: a character that the encoding
// has not is kept in the document and its log, the state is error, and SetEncoding
// writes the file as UTF-8. The shared text has no byte order mark and, where all lines
// end with "\r\n", only "\n"; both come back when the file is written. Where line ends
// are mixed the text keeps its "\r", so that nothing changes that nobody touched.
//
// A change on disk is taken over when the file has kept still for 100 ms (an empty one
// for 500 ms), after 2 s at the latest. At an existing path the path wins: whatever is
// there now is the document's file. A file that is missing for a second is looked for
// in its folder under another name (same inode and bytes), and is else deleted: the document stays, its state says so, edits from before do not bring
// the file back, the first edit after it does. A file that turns binary, too large or
// unreadable is not overwritten: the state is error, edits are kept in the log and
// merged when it can be read again. When the file cannot be written (disk full,
// permission) the state is error, each viewer gets one error message, and it is tried
// again after 0.5 s and then up to every 30 s. When the log cannot be written nothing is
// called saved and the file is not written either, so that it never has what the log
// has not; that too is tried again for ever.
//
// # Epochs
//
// A document's state is built from its file once, when its epoch begins. Within an
// epoch, content from the file comes only as the edit that leads from what file and
// document last had in common to what the file has now: a three-way merge, also when
// the file was changed while nobody had it open. When the log is gone or damaged, or
// the file is no notebook any more or has become one, a new epoch begins. Its sequences
// go on behind those of the one before, whose segments stay in the history and are
// sealed and joined as the others, by themselves; those that cannot be read are set aside in a folder "damaged-<time>", which
// is logged and told to the viewers. The client ids of the server
// carry a tag of the epoch (epoch.go, ADR 6), so that a client which holds the state
// of another one is found by its state vector and closed with CloseEpoch.
//
// # On disk
//
//	<state>/lock                      held by the one process that may be here
//	<state>/index                     which document a path is
//	<state>/<document id>/<16 hex digits>.log           a segment, named by its first sequence
//	<state>/<document id>/<segment>.torn-<nanoseconds>  a tail that was cut off
//	<state>/<document id>/damaged-<nanoseconds>/        segments that could not be read
//
// The index is a file of lines: the CRC-32C of the rest as eight hexadecimal digits,
// a space, and the JSON of type known. The last line of a document counts; a line
// that cannot be read is left out alone. When there is no index it is made from the
// last record of each log that tells of the file.
//
// The newest segment is plain, a header and records, and only appended to. Its first
// record is a keyframe, the whole state, so that opening a document reads the last
// segment only. A new segment begins when the records since the keyframe are longer
// than it (and than 64 kB); it is written under another name, fsynced and renamed.
// docs/reference/document-log.md has the layouts of all files, to the byte.
//
// Sequence minus behind is what was fsynced when a record was written: it tells a
// write that was cut off (nothing behind it calls it safe) from damage.
//
// # History
//
// What is behind the newest segment is the history. It is sealed in the background:
// one author's edits within two seconds become one, older than 30 days within an hour,
// older than a year within a day; a state that has a name, or that file and document
// had in common and is still needed, stays what it is; segments are joined as long as
// what follows the keyframe is not longer than it; and they are compressed, with a
// timeline behind them that is paged without decoding anything (seal.go, rewrite.go,
// tend.go). A rewriting is written beside, fsynced and renamed before what it replaces
// is removed: after a crash in between two segments tell of the same edits, and what
// one has from the next one's first sequence on is not looked at.
package livedoc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// Config is what a Store needs. Files and State must be given.
type Config struct {
	Files  *files.Dir           // the project's home; the caller closes it after the Store
	State  string               // absolute path of the folder of logs, made when missing
	Log    *slog.Logger         // nil means no log
	Edited func(account string) // called at each edit by a person; must be quick; may be nil

	// Commit finds the commit of git that has the file at path as it is on the disk now,
	// and its subject; asked after a change on disk. May be nil.
	Commit func(ctx context.Context, path string) (id, subject string, ok bool)

	// Cast sends a message to those connections that it can reach without waiting, and
	// returns the others; it may change the slice. No Write is under way on any of
	// them. May be nil.
	Cast func(msg []byte, to []Conn) (rest []Conn)

	SaveAfter time.Duration // the file follows this long after the last edit; 0 means 2 s
	SaveEvery time.Duration // and at least this often; 0 means 10 s
	Group     time.Duration // how long edits are gathered for one fsync, and up to four times that while they go on; 0 means 20 ms, at most 100 ms in all
	Linger    time.Duration // how long a document stays in memory after its last viewer; 0 means 30 s

	slowAfter time.Duration    // for one message to a viewer; 0 means 30 s
	open      openFile         // for tests that let the disk fail
	now       func() time.Time // the clock that records are dated by; nil means the machine's
	keyframe  int              // bytes behind a keyframe that are worth another one; 0 means 64 kB
	step      func(string)     // for tests that look between the steps of a rewriting
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&c.SaveAfter, 2*time.Second)
	set(&c.SaveEvery, 10*time.Second)
	set(&c.Group, 20*time.Millisecond)
	set(&c.Linger, 30*time.Second)
	set(&c.slowAfter, defaultSlow)
	c.Group = min(c.Group, maxGroup)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.open == nil {
		c.open = openSegment
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.keyframe <= 0 {
		c.keyframe = 64 << 10
	}
	if c.Cast == nil {
		c.Cast = func(_ []byte, to []Conn) []Conn { return to }
	}
	if c.step == nil {
		c.step = func(string) {}
	}
	return c
}

// Store holds the live documents of one project. It is safe for concurrent use.
// Close it when done.
type Store struct {
	cfg     Config
	log     *slog.Logger
	lock    *os.File
	watcher *files.Watcher
	stop    context.CancelFunc
	wg      sync.WaitGroup
	people  *people
	commits sync.WaitGroup // searches for commits

	readers   chan struct{} // of histories; capacity maxReaders
	rewriting sync.RWMutex  // held for writing while segments are replaced or removed
	rewriters sync.Mutex    // held by who rewrites or clears a history

	tending  sync.Mutex
	tendNext map[DocumentID]bool // histories that are to be sealed
	tendWake chan struct{}       // capacity 1

	mu      sync.Mutex // comes before a document's lock
	closed  bool
	index   *index
	slots   map[DocumentID]*slot
	opening map[string]chan struct{} // paths that are being loaded; closed when done
}

// slot is a document in memory.
type slot struct {
	doc    *document
	refs   int // connections
	linger *time.Timer
	busy   chan struct{} // not nil while it is being closed; closed when it is gone
}

// New opens the store, and in the background writes the files of documents that a
// crash has left behind their logs. The error is of kind Unavailable when another
// process has the store open.
func New(c Config) (*Store, error) {
	c = c.withDefaults()
	if c.Files == nil || !filepath.IsAbs(c.State) {
		return nil, errors.New("livedoc: Config lacks Files or an absolute State")
	}
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of documents: %w", err)
	}
	s := &Store{cfg: c, log: c.Log, slots: map[DocumentID]*slot{}, opening: map[string]chan struct{}{}, readers: make(chan struct{}, maxReaders), tendNext: map[DocumentID]bool{}, tendWake: make(chan struct{}, 1)}
	var err error
	if s.lock, err = takeLock(filepath.Join(c.State, "lock"), c.Log); err != nil {
		return nil, err
	}
	if s.index, err = openIndex(c.State, c.Log, func() []known { return readLogs(c.State, c.Log) }); err != nil {
		return nil, errors.Join(fmt.Errorf("read the index of documents: %w", err), s.lock.Close())
	}
	if s.people, err = openPeople(c.State); err != nil {
		c.Log.Warn("the names of those who edited cannot be read", "err", err)
	}
	s.watcher = c.Files.NewWatcher(files.WatcherConfig{Log: c.Log})
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.wg.Go(func() { s.recover(ctx) })
	s.wg.Go(func() { s.keepHistories(ctx) })
	return s, nil
}

const (
	lockTries = 20
	lockPause = 50 * time.Millisecond
)

// takeLock makes sure that no other process uses the folder. A file system that
// has no locks is used without.
func takeLock(name string, log *slog.Logger) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the folder of documents: %w", err)
	}
	// One that was killed may have left a child between fork and exec, which holds
	// the lock for an instant. flock knows no deadline, and a thread that waits in it
	// cannot be called back, by closing the file neither: so it is asked again.
	for range lockTries {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		time.Sleep(lockPause)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(lyceum.Errorf(lyceum.Unavailable, "another project server has the documents open"), f.Close())
	}
	if err != nil {
		log.Warn("the folder of documents cannot be locked", "err", err)
	}
	return f, nil
}

// Serve lets a viewer take part in the document of the file at path until ctx ends,
// the connection fails or the document ends it. A *CloseError says with which code
// to close the connection; any other error is the connection's own. When ctx ends
// with a *CloseError as its cause, that is what Serve returns.
func (s *Store) Serve(ctx context.Context, path string, c Conn, v Viewer) error {
	sl, err := s.acquire(ctx, path)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		var closing *CloseError
		if !errors.As(err, &closing) {
			s.log.Error("a document cannot be opened", "err", err)
			return closeFor(err)
		}
		return closing
	}
	defer s.release(sl)
	if !v.ReadOnly {
		if err := s.people.meet(v.Account, v.Name); err != nil {
			s.log.Warn("the name of somebody who edits cannot be noted", "err", err)
		}
	}
	return sl.doc.serve(ctx, c, v)
}

// Open returns the documents that somebody has open, sorted by path, with each
// person once.
func (s *Store) Open() []api.OpenDocument {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []api.OpenDocument{}
	for _, sl := range s.slots {
		if o, ok := sl.doc.describe(); ok {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b api.OpenDocument) int { return strings.Compare(a.Path, b.Path) })
	return all
}

func (d *document) describe() (api.OpenDocument, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := api.OpenDocument{Path: d.path, State: d.shown.state}
	for _, v := range d.viewers {
		if !slices.ContainsFunc(o.Viewers, func(o api.Viewer) bool { return o.Account == v.Account }) {
			o.Viewers = append(o.Viewers, api.Viewer{Account: v.Account, Name: v.Name, Colour: v.Colour})
		}
	}
	slices.SortFunc(o.Viewers, func(a, b api.Viewer) int {
		return strings.Compare(a.Name+"\x00"+a.Account, b.Name+"\x00"+b.Account)
	})
	return o, len(o.Viewers) > 0
}

// Close ends all connections with CloseStopping, writes all files and closes all
// logs. When ctx ends first it returns early, and what was not written is still in
// the logs. The error tells what could not be written.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	var all []*slot
	for _, sl := range s.slots {
		sl.linger.Stop()
		if sl.busy == nil {
			sl.busy = make(chan struct{})
			all = append(all, sl)
		}
	}
	s.mu.Unlock()
	s.stop()
	errs := make(chan error, len(all))
	for _, sl := range all {
		s.wg.Go(func() { errs <- s.end(sl) })
	}
	done := make(chan struct{})
	go func() { // ends when all documents have; they have deadlines of their own
		s.wg.Wait()
		s.commits.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return fmt.Errorf("close the documents: %w", context.Cause(ctx))
	}
	close(errs)
	var err error
	for e := range errs {
		err = errors.Join(err, e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Closing alone would not do while a child is between fork and exec.
	_ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) // it may never have been locked
	return errors.Join(err, s.watcher.Close(), s.index.close(), s.lock.Close())
}
