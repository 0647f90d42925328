package kernels

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/notebook"
	"lyceum/internal/ydoc"
)

// Document is a live notebook that outputs are written into: livedoc's Handle, whose
// comments tell more.
type Document interface {
	Path() string
	Doc() string // its id
	IsNotebook() bool
	Problems() []notebook.Problem
	View(f func(y *ydoc.Doc))
	Edit(author, origin string, size int, f func(tx *ydoc.Tx, y *ydoc.Doc) error) error
	EditFrom(key string, number uint64, author string, size int, f func(tx *ydoc.Tx, y *ydoc.Doc) error) error
	Mark(key string) uint64
	Saved(ctx context.Context) error
	Written(ctx context.Context) error
	Close()
}

// RunConfig is what Runs need. Open must be given.
type RunConfig struct {
	Open  func(ctx context.Context, path string) (Document, error)
	Blobs *Blobs       // where large outputs go; nil: they are cut
	Log   *slog.Logger // nil means no log

	State string // a folder of the project for what must outlive the project server; "": nothing does

	Join time.Duration // outputs are gathered for so long before they are written; 0 means 50 ms
}

// By is who asks for something.
type By struct{ Account, Name string }

// Runs execute the cells of notebooks: a queue for each, and whatever its kernel puts
// out is written into the live document, with a browser open or not. It is safe for
// concurrent use. Close it when done; the kernels go on.
type Runs struct {
	cfg  RunConfig
	log  *slog.Logger
	ctx  context.Context //nolint:containedctx // of all that goes on without a request
	stop context.CancelFunc
	wg   sync.WaitGroup

	manager    atomic.Pointer[Manager]
	converting chan struct{} // a place for each conversion

	mu    sync.Mutex // comes before a book's
	books map[*book]bool
}

// NewRuns returns runs without kernels; Use gives them some.
func NewRuns(c RunConfig) *Runs {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Join <= 0 {
		c.Join = 50 * time.Millisecond
	}
	r := &Runs{cfg: c, log: c.Log, books: map[*book]bool{}, converting: make(chan struct{}, maxAtOnce)}
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r
}

// Use tells which kernels there are. It is called once, before any request; Found may
// come earlier.
func (r *Runs) Use(m *Manager) { r.manager.Store(m) }

// Close ends everything but the kernels. What they put out from now on waits for the
// next project server.
func (r *Runs) Close() {
	r.stop()
	r.mu.Lock()
	var all []*book
	for b := range r.books {
		all = append(all, b)
	}
	r.mu.Unlock()
	for _, b := range all {
		b.end()
	}
	r.wg.Wait()
}

// Found takes a kernel up again that was running a notebook when the last project
// server ended. The manager calls it before it reads any of the kernel's records.
func (r *Runs) Found(k *Kernel) {
	n, ok := decodeNote(k.Note())
	if !ok {
		return
	}
	b := r.newBook(n.Path)
	b.found(k, n)
}

// book returns what runs the notebook at path, with its document open. Release it.
func (r *Runs) book(ctx context.Context, path string) (*book, error) {
	if r.ctx.Err() != nil {
		return nil, lyceum.Errorf(lyceum.Unavailable, "the project server is stopping")
	}
	doc, err := r.cfg.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	if !doc.IsNotebook() {
		doc.Close()
		return nil, lyceum.Errorf(lyceum.Invalid, "%s is no notebook", path)
	}
	r.mu.Lock()
	var b *book
	for o := range r.books {
		if o.is(doc) {
			b = o
		}
	}
	if b == nil {
		b = r.newBookLocked(doc.Path())
	}
	b.uses++
	r.mu.Unlock()
	b.open(doc)
	return b, nil
}

func (r *Runs) newBook(path string) *book {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.newBookLocked(path)
}

func (r *Runs) newBookLocked(path string) *book {
	b := &book{runs: r, path: path, sinks: map[string]*sink{}, listeners: map[*listener]bool{}, comms: newComms(), sums: map[string][32]byte{}}
	r.books[b] = true
	return b
}

// release ends a use of a book.
func (r *Runs) release(b *book) {
	r.mu.Lock()
	b.uses--
	r.mu.Unlock()
	r.tidy(b)
}

// tidy lets go of a book that nobody needs.
func (r *Runs) tidy(b *book) {
	r.mu.Lock()
	idle := b.uses == 0 && !b.attached()
	if idle {
		delete(r.books, b)
	}
	r.mu.Unlock()
	if idle {
		b.end()
	}
}

// State tells what runs in the notebook at path. The errors are those of Open.
func (r *Runs) State(ctx context.Context, path string) (api.NotebookState, error) {
	b, err := r.book(ctx, path)
	if err != nil {
		return api.NotebookState{}, err
	}
	defer r.release(b)
	b.adopt()
	return b.state(), nil
}

// Do carries an action out, or begins to, and returns the state after it. Errors: those
// of Open, Invalid for an action that makes no sense, NotFound for a cell that is not
// there, Conflict when nothing waits for input.
func (r *Runs) Do(ctx context.Context, path string, by By, a api.NotebookAction) (api.NotebookState, error) {
	b, err := r.book(ctx, path)
	if err != nil {
		return api.NotebookState{}, err
	}
	defer r.release(b)
	b.adopt()
	if err := b.do(ctx, by, a); err != nil {
		return api.NotebookState{}, err
	}
	return b.state(), nil
}

// kernelFor returns a kernel that was started for the file at path and runs no other
// notebook, nil if there is none. No book's lock may be held.
func (r *Runs) kernelFor(path string) *Kernel {
	m := r.manager.Load()
	if m == nil {
		return nil
	}
	r.mu.Lock()
	taken := map[*Kernel]bool{}
	for b := range r.books {
		taken[b.attachedTo.Load()] = true
	}
	r.mu.Unlock()
	for _, k := range m.List() {
		if k.Info().Path == path && !taken[k] && !k.leaving.Load() {
			return k
		}
	}
	return nil
}

// home is the absolute path of the project's home, "" before Use.
func (r *Runs) home() string {
	if m := r.manager.Load(); m != nil {
		return m.cfg.Home
	}
	return ""
}

// known reports whether there still is a kernel of that id, as far as can be said.
func (r *Runs) known(id string) bool {
	m := r.manager.Load()
	if m == nil {
		return true
	}
	_, err := m.Get(id)
	return err == nil
}

// Blobs is where large outputs are.
func (r *Runs) Blobs() *Blobs { return r.cfg.Blobs }

var errNoManager = errors.New("kernels: Runs without a Manager")

// Moved is called when a file of ours was renamed: the kernel is shown under its new
// name.
func (r *Runs) Moved() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for b := range r.books {
		r.wg.Go(b.moved)
	}
}
