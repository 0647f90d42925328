package project

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/socket"
	"lyceum/internal/ticket"
)

// LocalSocket is the socket for the project's own programs, such as the command
// lyceum history, from the home. Who can connect is the project's user, who may do
// what they do anyway: no ticket is asked for.
const LocalSocket = ".local/state/lyceum/local.sock"

// localAccount stands in for who asks by the local socket.
const localAccount = "00000000-0000-4000-8000-000000000000"

// localRoutes are what is answered there.
func localRoutes() []route { return slices.Concat(historyRoutes(), localNotebookRoutes()) }

// serveLocal answers the project's own programs until ctx ends.
func (p *Project) serveLocal(ctx context.Context) {
	name := filepath.Join(p.dir.Home(), LocalSocket)
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		p.log.Warn("programs of the project cannot ask for histories", "err", err)
		return
	}
	defer dir.Close()
	// A socket's address has 107 bytes, and a home may be far down.
	l, err := socket.Listen(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(name)))
	if err != nil {
		p.log.Warn("programs of the project cannot ask for histories", "err", err)
		return
	}
	web := rest.NewServer(rest.Wrap(http.HandlerFunc(p.answerLocal), rest.Config{Logger: p.log, TrustSocket: true}), p.log)
	stop := context.AfterFunc(ctx, func() {
		brief, cancel := context.WithTimeout(context.Background(), answerTime)
		defer cancel()
		if web.Shutdown(brief) != nil {
			_ = web.Close() // what is left could not be ended in time
		}
	})
	defer stop()
	if err := web.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		p.log.Warn("programs of the project cannot ask for histories any more", "err", err)
	}
	// The socket stays: the next server may have taken its place already.
}

func (p *Project) answerLocal(w http.ResponseWriter, r *http.Request) {
	row, tail, _ := find(p.local, r.Method, strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	if row.handle == nil {
		rest.WriteError(w, r, lyceum.Errorf(lyceum.NotFound, "a project has no such address"))
		return
	}
	c := call{local: true, ticket: ticket.Ticket{Project: p.cfg.Project, Account: localAccount, Role: lyceum.Owner, Expires: time.Now().Add(time.Minute).Unix()}}
	c.path, c.bad = decodePath(tail)
	if err := row.handle(p, w, r, c); err != nil {
		rest.WriteError(w, r, err)
	}
}
