// Package hub is the public face of the site: the API, the browser app, the event
// stream, and the way to running projects. It authenticates (package auth), asks
// the one rule (lyceum.Check), calls the store (package postgres), and proxies
// (package link). It never holds a document, a file or a terminal: any hub
// serves any request.
//
// The route table is in route.go.
package hub

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"lyceum/internal/api"
	"lyceum/internal/auth"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

// Locator tells where a running project answers.
type Locator interface {
	// Address returns where the project server answers, or Unavailable when the
	// project does not run.
	Address(ctx context.Context, id lyceum.ProjectID) (compute.Address, error)
}

// Proxy carries requests to a project server.
type Proxy interface {
	// ServeProject sends r, whose path is the project's own ("/files/a.txt"), to
	// the project server at addr with the ticket, and its answer back; WebSockets
	// too. It writes errors by itself. It returns when the exchange has ended, and
	// ends a socket when r's context ends.
	ServeProject(w http.ResponseWriter, r *http.Request, addr compute.Address, t ticket.Ticket)

	// Cut asks the project server to close the sockets that c names, and returns
	// when it did.
	Cut(ctx context.Context, id lyceum.ProjectID, addr compute.Address, c api.Cut) error
}

// Config is what New needs. Logger, DB, Auth, BaseURL, Locator and Proxy are
// required.
type Config struct {
	Logger         *slog.Logger
	DB             *postgres.DB
	DatabaseURL    lyceum.Secret // for the notification listener's own connection
	Auth           *auth.Auth
	Locator        Locator
	Proxy          Proxy
	BaseURL        *url.URL // the site's address; its path is the base path
	TrustedProxies []netip.Prefix
	App            fs.FS  // the built browser app; nil: a page says that it was not built
	Version        string // of the program
	Database       string // how the database is run, for the admin page: "built in"
	Confinement    compute.ConfinementReport
	Usage          compute.Usage        // nil: usage is not known
	Reports        Reports              // may be nil
	Registry       *prometheus.Registry // nil: no metrics
	Recheck        time.Duration        // how often open sockets' rights are read again; default 30 s
}

// Hub serves the site. It is safe for concurrent use.
type Hub struct {
	Config
	log      *slog.Logger
	base     string // the base path without its last slash: "" or "/lyceum"
	handler  http.Handler
	api      huma.API
	app      *app
	docs     []byte // the OpenAPI document
	events   *broker
	sockets  *sockets
	roles    *roles
	crews    *crews
	shelf    *shelf
	likes    *memory[lyceum.AccountID, json.RawMessage] // people's preferences
	settings settings
	routes   []projectRoute // of project traffic
	table    routeTable     // the same, to be searched
	cutters  sync.WaitGroup // goroutines that end sockets
	ready    atomic.Bool
	drained  chan struct{} // closed by Drain
	drain    func()
}

// New returns a Hub. It serves at once; Run must be running for events and for
// the cutting of sockets. The browser app without its index.html is an error of
// kind Invalid.
func New(c Config) (*Hub, error) {
	if c.Logger == nil || c.DB == nil || c.Auth == nil || c.BaseURL == nil || c.Locator == nil || c.Proxy == nil {
		return nil, errors.New("hub: a required part is missing")
	}
	if c.Recheck <= 0 {
		c.Recheck = 30 * time.Second
	}
	h := newHub(c)
	var err error
	if h.app, err = newApp(c.App, h.base); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	h.mount(mux)
	if h.docs, err = document(h.api); err != nil {
		return nil, err
	}
	rc := rest.Config{Logger: c.Logger, TrustedProxies: c.TrustedProxies, BaseURL: c.BaseURL, Headers: rest.AppHeaders()}
	if c.Registry != nil {
		rc.Metrics = rest.NewMetrics(c.Registry)
		h.registerMetrics(c.Registry)
	}
	h.handler = h.stripBase(rest.Wrap(h.front(mux), rc))
	return h, nil
}

// newHub makes the parts that need nothing from outside.
func newHub(c Config) *Hub {
	h := &Hub{Config: c, log: c.Logger, base: strings.TrimRight(c.BaseURL.Path, "/"), events: newBroker(), sockets: newSockets(), roles: newRoles(), crews: newCrews(), shelf: newShelf(), likes: newMemory[lyceum.AccountID, json.RawMessage](likesLife, likesKept), routes: projectRoutes(), drained: make(chan struct{})}
	h.table = newRouteTable(h.routes)
	var once atomic.Bool
	h.drain = func() {
		if once.CompareAndSwap(false, true) {
			close(h.drained)
		}
	}
	return h
}

// mount puts the whole route table on mux.
func (h *Hub) mount(mux *http.ServeMux) {
	h.api = rest.NewAPI(mux, rest.API{
		Title: "Lyceum", Version: "1", Prefix: prefix, Server: h.base + prefix,
		Description: "Accounts, projects and their members. Sign in for a cookie, or send an API token as \"Authorization: Bearer lyc_…\".",
	})
	for _, o := range operations() {
		o.add(h, h.api, huma.Operation{
			Method: o.method, Path: o.path, OperationID: o.id, Summary: o.summary,
			Tags: []string{tag(o.path)}, Extensions: map[string]any{"x-verb": string(o.verb)},
			Middlewares: huma.Middlewares{h.permit(o.verb)},
		})
	}
	h.documentProject(h.api)
	for _, p := range pages() {
		mux.HandleFunc(p.pattern, func(w http.ResponseWriter, r *http.Request) {
			if p.verb != "" && p.verb != lyceum.DoNothing {
				var err error
				if r, err = h.authorise(r, p.verb); err != nil {
					rest.WriteError(w, r, err)
					return
				}
			}
			p.handle(h, w, r)
		})
	}
}

// tag groups operations in the document by their first segment.
func tag(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

// Handler serves the public listener.
func (h *Hub) Handler() http.Handler { return h.handler }

// TakesPlain reports whether plain requests for the path may be served in a row,
// past net/http: those to a project and those of the API. The event stream lasts.
func (h *Hub) TakesPlain(path string) bool {
	path, ok := strings.CutPrefix(path, h.base)
	return ok && (strings.HasPrefix(path, "/p/") || strings.HasPrefix(path, prefix+"/") && path != prefix+"/events")
}

// front leads project traffic past mux, which would clean its paths and redirect:
// the names of files are the project's affair.
func (h *Hub) front(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.EscapedPath(), "/p/") {
			h.serveProject(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// stripBase takes the base path away. Requests outside it get a plain 404; the
// base path without its slash leads to the one with it.
func (h *Hub) stripBase(next http.Handler) http.Handler {
	if h.base == "" {
		return next
	}
	strip := http.StripPrefix(h.base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == h.base || r.URL.Path == "/":
			http.Redirect(w, r, h.base+"/", http.StatusTemporaryRedirect)
		case strings.HasPrefix(r.URL.Path, h.base+"/"):
			strip.ServeHTTP(w, r)
		case r.URL.Path == "/healthz", r.URL.Path == "/readyz":
			next.ServeHTTP(w, r) // probes need not know the base path
		default:
			http.NotFound(w, r)
		}
	})
}

// Run listens for notifications until ctx ends: it feeds the event streams, cuts
// the sockets of those who lost a right, and keeps the caches true. It returns
// ctx's end as nil.
func (h *Hub) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { h.recheck(ctx) })
	all.Go(func() { h.sockets.cuts.work(ctx, h.cutChanged) })
	all.Go(func() { h.events.changes.workAll(ctx, h.tellAll) })
	h.ready.Store(true)
	err := postgres.Listen(ctx, h.DatabaseURL.Reveal(), postgres.ListenConfig{Logger: h.log, Abreast: &h.shelf.abreast}, h.notified)
	h.ready.Store(false)
	cancel()
	all.Wait()
	h.cutters.Wait()
	return err
}

// Drain makes the hub not ready and ends event streams, which clients open again
// elsewhere. Open project sockets stay until the server is closed.
func (h *Hub) Drain() {
	h.ready.Store(false)
	h.drain()
}

// notified takes one change into account. It does not wait for anything: what
// needs PostgreSQL is left to workers.
func (h *Hub) notified(n postgres.Notification) {
	h.Auth.Notified(n)
	h.roles.notified(n)
	h.crews.notified(n)
	h.shelf.notified(n)
	h.likesNotified(n)
	h.settings.notified(n)
	h.cut(n)
	h.events.changed(n)
}
