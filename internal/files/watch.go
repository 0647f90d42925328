package files

import (
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

const (
	// MaxWatched is the most folders that one Watch may hold.
	MaxWatched = 256
	// maxNodes is the most folders that all Watches of a Watcher hold together.
	// Each costs one inotify watch and a look every second.
	maxNodes = 1024

	checkEvery = time.Second
)

// Change tells that something in a folder changed.
type Change struct {
	Dir   string   // the folder's path, as it was given to Watch.Set
	Names []string // segments of what may have changed, sorted; nil when it may be anything
	Gone  bool     // the folder is not there (any more); it is told again when it is
}

// WatcherConfig is what a Watcher may be told. The zero value is good.
type WatcherConfig struct {
	// Poll looks at the folders every few seconds instead of asking the kernel.
	// Network file systems are polled in any case, because changes by other
	// machines do not reach inotify.
	Poll bool
	Log  *slog.Logger // nil means no log
}

// Watcher watches folders, not what is below them, for any number of Watches that
// share one inotify instance. It is safe for concurrent use. Close it when done.
//
// A folder that is replaced, moved away or removed is noticed within a second even
// when that happens above it.
type Watcher struct {
	dir  *Dir
	log  *slog.Logger
	done chan struct{}
	wg   sync.WaitGroup

	overflow chan struct{} // holds one token when events were lost
	first    chan struct{} // holds one token when there is something to check again

	notify *fsnotify.Watcher // nil when all is polled

	mu      sync.Mutex
	nodes   map[string]*node // by raw path
	watches map[*Watch]bool
	closed  bool
}

// node is one watched folder.
type node struct {
	raw   string
	abs   string      // where it was found, no symlinks; "" while it is gone
	self  os.FileInfo // what was found there
	poll  *poller     // nil when inotify watches it
	users map[*Watch]string
}

// NewWatcher starts to watch nothing. Where the system has no inotify instance
// left, it polls.
func (d *Dir) NewWatcher(cfg WatcherConfig) *Watcher {
	w := &Watcher{dir: d, log: cfg.Log, done: make(chan struct{}), overflow: make(chan struct{}, 1), first: make(chan struct{}, 1), nodes: map[string]*node{}, watches: map[*Watch]bool{}}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if !cfg.Poll {
		n, err := fsnotify.NewWatcher()
		if err != nil {
			w.log.Warn("folders are polled: no inotify", "err", err)
		} else {
			w.notify = n
			w.wg.Go(func() { w.listen(n) })
			w.wg.Go(func() { w.listenErrors(n) })
		}
	}
	w.wg.Go(w.checkOften)
	return w
}

// Close ends the Watcher and all its Watches, whose channels are closed.
func (w *Watcher) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	users := slices.Collect(maps.Keys(w.watches))
	w.mu.Unlock()
	close(w.done)
	var err error
	if w.notify != nil {
		err = w.notify.Close()
	}
	for _, u := range users {
		u.Close()
	}
	w.wg.Wait()
	return err
}

// Watch makes a new empty Watch. Close it when done.
func (w *Watcher) Watch() *Watch {
	s := &Watch{w: w, pending: map[string]*burst{}, wake: make(chan struct{}, 1), done: make(chan struct{}), out: make(chan Change)}
	s.wg.Go(s.deliver)
	w.mu.Lock()
	w.watches[s] = true
	closed := w.closed
	w.mu.Unlock()
	if closed {
		s.Close()
	}
	return s
}

// set makes dirs the folders of s and returns those that cannot be watched.
func (w *Watcher) set(s *Watch, dirs []string) map[string]error {
	w.mu.Lock()
	defer w.mu.Unlock()
	failed := map[string]error{}
	want := map[string]string{}
	for _, dir := range dirs {
		raw, err := Decode(dir)
		switch {
		case err != nil:
			failed[dir] = err
		case w.closed:
			failed[dir] = lyceum.Errorf(lyceum.Unavailable, "the project is stopping")
		case len(want) >= MaxWatched:
			failed[dir] = lyceum.Errorf(lyceum.Exhausted, "more than %d folders cannot be watched at once", MaxWatched)
		default:
			want[raw] = dir
		}
	}
	for raw, n := range w.nodes {
		if _, ok := want[raw]; !ok {
			w.leaveLocked(n, s)
		}
	}
	for raw, dir := range want {
		if err := w.joinLocked(s, raw, dir); err != nil {
			failed[dir] = failure("watch", dir, err)
		}
	}
	return failed
}

// forget ends s.
func (w *Watcher) forget(s *Watch) {
	w.set(s, nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.watches, s)
}

func (w *Watcher) joinLocked(s *Watch, raw, dir string) error {
	n := w.nodes[raw]
	if n == nil {
		if len(w.nodes) >= maxNodes {
			return lyceum.Errorf(lyceum.Exhausted, "this project watches %d folders already", maxNodes)
		}
		n = &node{raw: raw, users: map[*Watch]string{}}
		if err := w.findLocked(n); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
			return err
		}
		w.nodes[raw] = n
		if len(w.nodes) == 1 {
			select {
			case w.first <- struct{}{}:
			default:
			}
		}
	}
	if _, ok := n.users[s]; ok {
		return nil
	}
	n.users[s] = dir
	if n.abs == "" {
		s.add(dir, "", true)
	}
	return nil
}

func (w *Watcher) leaveLocked(n *node, s *Watch) {
	if _, ok := n.users[s]; !ok {
		return
	}
	delete(n.users, s)
	if len(n.users) == 0 {
		delete(w.nodes, n.raw)
		w.dropLocked(n)
	}
}

// findLocked finds the folder of n and begins to watch it there.
func (w *Watcher) findLocked(n *node) error {
	real, err := w.dir.resolve(n.raw)
	if err != nil {
		return err
	}
	fi, err := w.dir.root.Lstat(rootName(real))
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return &os.PathError{Op: "watch", Path: n.raw, Err: unix.ENOTDIR}
	}
	abs := filepath.Join(w.dir.home, real)
	if w.notify == nil || isRemote(abs) {
		n.poll = newPoller()
	} else if err := w.notify.Add(abs); errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.ENOMEM) {
		w.log.Warn("a folder is polled: no inotify watches left", "err", err)
		n.poll = newPoller()
	} else if err != nil {
		return err
	} else if now, err := os.Lstat(abs); err != nil || !os.SameFile(now, fi) {
		// inotify takes a path, not a descriptor: the folder was exchanged in
		// between, perhaps for a symlink that leads out. The next look decides.
		_ = w.notify.Remove(abs)
		return &os.PathError{Op: "watch", Path: n.raw, Err: unix.ENOENT}
	}
	n.abs, n.self = abs, fi
	if n.poll != nil {
		n.poll.look(w.dir, n.raw)
	}
	return nil
}

// dropLocked ends the watching of n's folder where it was found.
func (w *Watcher) dropLocked(n *node) {
	abs := n.abs
	polled := n.poll != nil
	n.abs, n.self, n.poll = "", nil, nil
	if abs == "" || polled || w.notify == nil {
		return
	}
	for _, o := range w.nodes {
		if o.abs == abs {
			return // the same folder by another path
		}
	}
	_ = w.notify.Remove(abs) // an error means that it is gone already
}

// listen takes the events of the kernel.
func (w *Watcher) listen(n *fsnotify.Watcher) {
	for ev := range n.Events {
		w.event(ev)
	}
}

// listenErrors never takes w.mu: fsnotify may report an error while it holds the
// lock that adding a folder waits for.
func (w *Watcher) listenErrors(n *fsnotify.Watcher) {
	for err := range n.Errors {
		if !errors.Is(err, fsnotify.ErrEventOverflow) {
			w.log.Warn("watching folders", "err", err)
		}
		select {
		case w.overflow <- struct{}{}:
		default:
		}
	}
}

func (w *Watcher) event(ev fsnotify.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	parent, name := filepath.Split(ev.Name)
	parent = filepath.Clean(parent)
	for _, n := range w.nodes {
		switch n.abs {
		case "":
		case parent:
			n.tell(EncodeName(name))
		case ev.Name:
			if ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename) {
				w.checkLocked(n)
			}
		}
	}
}

// everything tells all users that anything may have changed: the kernel's queue
// has overflown.
func (w *Watcher) everything() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.nodes {
		w.checkLocked(n)
		n.tell("")
	}
}

// checkOften looks whether the folders are still where they were, for what no
// event tells: a folder above was moved, a symlink was changed. As long as nothing
// is watched, no clock ticks: most projects are idle most of the time.
func (w *Watcher) checkOften() {
	t := time.NewTicker(checkEvery)
	defer t.Stop()
	for {
		select {
		case <-w.done:
			return
		case <-w.overflow:
			w.everything()
		case <-w.first:
			t.Reset(checkEvery)
			continue
		case <-t.C:
		}
		w.mu.Lock()
		if len(w.nodes) == 0 {
			t.Stop()
		}
		for _, n := range w.nodes {
			w.checkLocked(n)
		}
		w.mu.Unlock()
	}
}

func (w *Watcher) checkLocked(n *node) {
	if n.abs != "" {
		real, err := w.dir.resolve(n.raw)
		var now os.FileInfo
		if err == nil {
			now, err = w.dir.root.Lstat(rootName(real))
		}
		if err == nil && os.SameFile(now, n.self) && filepath.Join(w.dir.home, real) == n.abs {
			w.pollLocked(n)
			return
		}
		w.dropLocked(n)
		if w.findLocked(n) != nil {
			for s, dir := range n.users {
				s.add(dir, "", true)
			}
			return
		}
		n.tell("")
		return
	}
	if w.findLocked(n) == nil {
		n.tell("")
	}
}

func (w *Watcher) pollLocked(n *node) {
	if n.poll == nil {
		return
	}
	names, all := n.poll.look(w.dir, n.raw)
	if all {
		n.tell("")
	}
	for _, name := range names {
		n.tell(EncodeName(name))
	}
}

// tell tells all users of n that segment, or when it is "" anything, has changed.
func (n *node) tell(segment string) {
	for s, dir := range n.users {
		s.add(dir, segment, false)
	}
}
