package project

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/socket"
)

// maxWatchRequest is the most bytes of one request on a watch socket: as many
// folders as may be watched, with long paths.
const maxWatchRequest = 1 << 20

// watchers keeps one files.Watcher for all watch sockets, as long as there are
// any: an idle project holds no inotify and no clock.
type watchers struct {
	dir *files.Dir
	log *slog.Logger

	mu    sync.Mutex
	one   *files.Watcher
	users int
}

// watch returns a new Watch; done closes it.
func (ws *watchers) watch() (watch *files.Watch, done func()) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.one == nil {
		ws.one = ws.dir.NewWatcher(files.WatcherConfig{Log: ws.log})
	}
	ws.users++
	watch = ws.one.Watch()
	return watch, func() {
		watch.Close()
		ws.mu.Lock()
		defer ws.mu.Unlock()
		if ws.users--; ws.users == 0 {
			ws.closeLocked()
		}
	}
}

func (ws *watchers) close() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.closeLocked()
}

func (ws *watchers) closeLocked() {
	if ws.one == nil {
		return
	}
	if err := ws.one.Close(); err != nil {
		ws.log.Warn("the watching of folders did not end well", "err", err)
	}
	ws.one = nil
}

// watch is the socket that tells of changes in the folders on someone's screen. To
// a slow client changes are told late and joined, never lost (package files).
func (p *Project) watch(w http.ResponseWriter, r *http.Request, c call) error {
	opts := socket.Options{Text: true, Limit: maxWatchRequest}
	return p.sockets.Serve(w, r, c.ticket, opts, func(ctx context.Context, conn *socket.Conn) error {
		watch, done := p.watchers.watch()
		defer done()
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		refused := make(chan api.FileChange)
		var all sync.WaitGroup
		defer all.Wait()
		all.Go(func() { cancel(p.tellChanges(ctx, conn, c, watch.Changes(), refused)) })
		err := p.takeFolders(ctx, conn, c, watch, refused)
		cancel(err)
		return context.Cause(ctx)
	})
}

// takeFolders reads which folders are to be watched, until the socket ends.
func (p *Project) takeFolders(ctx context.Context, conn *socket.Conn, c call, watch *files.Watch, refused chan<- api.FileChange) error {
	var before []string
	for {
		msg, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var want api.WatchRequest
		d := json.NewDecoder(strings.NewReader(string(msg)))
		d.DisallowUnknownFields()
		if err := d.Decode(&want); err != nil {
			return &socket.CloseError{Code: socket.CodeProtocol, Reason: `the message is not of the form {"watch":["folder"]}`}
		}
		failed := map[string]error{}
		allowed := slices.DeleteFunc(want.Watch, func(dir string) bool {
			_, err := p.visible(ctx, call{ticket: c.ticket, path: dir})
			if err != nil && !c.ticket.Can(lyceum.ReadHidden) {
				failed[dir] = err
				return true
			}
			return false
		})
		for dir, err := range watch.Set(allowed) {
			failed[dir] = err
		}
		tell := make([]api.FileChange, 0, len(failed))
		for dir, err := range failed {
			tell = append(tell, api.FileChange{Dir: dir, Error: textOf(err)})
		}
		for _, dir := range allowed {
			if failed[dir] == nil && !slices.Contains(before, dir) && p.changedJustNow(ctx, dir) {
				tell = append(tell, api.FileChange{Dir: dir})
			}
		}
		before = allowed
		for _, c := range tell {
			select {
			case refused <- c:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// listedBefore is how long before the watch of a folder its listing may have been read.
const listedBefore = 10 * time.Second

// changedJustNow reports whether a folder may have changed after its listing was
// read, and before it was watched.
func (p *Project) changedJustNow(ctx context.Context, dir string) bool {
	e, err := p.dir.StatFollow(ctx, dir)
	return err == nil && time.Since(e.Modified) < listedBefore
}

// tellChanges sends what changed, until the socket ends.
func (p *Project) tellChanges(ctx context.Context, conn *socket.Conn, c call, changes <-chan files.Change, refused <-chan api.FileChange) error {
	all := c.ticket.Can(lyceum.ReadHidden)
	for {
		var out api.FileChange
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case out = <-refused:
		case ch, ok := <-changes:
			if !ok {
				return &socket.CloseError{Code: socket.CodeStopping, Reason: "the project is stopping"}
			}
			out = api.FileChange{Dir: ch.Dir, Names: ch.Names, Gone: ch.Gone}
			if !all && len(out.Names) > 0 {
				out.Names = slices.DeleteFunc(slices.Clone(out.Names), files.Hidden)
				if len(out.Names) == 0 {
					continue // it would mean "anything"
				}
			}
		}
		msg, err := json.Marshal(out)
		if err != nil {
			return err
		}
		if err := conn.Write(ctx, msg); err != nil {
			return err
		}
	}
}

// textOf is what a user may read of err.
func textOf(err error) string {
	if e, ok := err.(*lyceum.Error); ok && e.Kind != lyceum.Internal {
		return e.Message
	}
	return "something went wrong on our side"
}
