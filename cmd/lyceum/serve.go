package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"lyceum/internal/auth"
	"lyceum/internal/compute/process"
	"lyceum/internal/hub"
	"lyceum/internal/lane"
	"lyceum/internal/lifecycle"
	"lyceum/internal/link"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
	"lyceum/web"
)

// serveCmd runs everything on this machine.
type serveCmd struct {
	serveConfig
}

// Run serves until ctx ends; then it drains, and stops the built-in PostgreSQL.
// Running projects go on.
func (c *serveCmd) Run(ctx context.Context, t *terminal) error {
	collect(hubGarbage)
	log := c.logger(t.err)
	s := &site{cfg: &c.serveConfig, log: log, out: t.out}
	err := s.open(ctx)
	if err == nil {
		defer giveBackLater(hubGivesBack, hubGarbage, log)()
		err = s.serve(ctx)
	}
	return errors.Join(err, s.close())
}

// hubGarbage is less than three times what is in use: requests come by the thousand.
const hubGarbage = 200

// collect says how much garbage there may be, in percent of what is in use, before
// it is collected: more costs memory, less processor time. GOGC wins.
func collect(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

func (c *serveConfig) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	// The parser checked the word against its list.
	_ = level.UnmarshalText([]byte(c.LogLevel))
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// site is all that serve builds, in the order in which it is built. close takes
// it down in the opposite order, from wherever it stands.
type site struct {
	cfg *serveConfig
	log *slog.Logger
	out io.Writer

	base      *url.URL
	public    listener
	internal  listener
	database  *database
	backend   *process.Backend
	link      *link.Link
	lifecycle *lifecycle.Lifecycle
	hub       *hub.Hub
	setupLink string // for people; "" when there is an administrator
}

// open builds everything; nothing is served yet.
func (s *site) open(ctx context.Context) error {
	if err := os.MkdirAll(s.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("the data folder: %w", err)
	}
	if os.Geteuid() == 0 {
		if err := claimUIDs(uidClaims, claim{s.cfg.Data, s.cfg.FirstUID, s.cfg.UIDs}); err != nil {
			return err
		}
	}
	var err error
	if err = s.listen(ctx); err != nil {
		return err
	}
	if s.database, err = openDatabase(ctx, s.cfg, s.log); err != nil {
		return err
	}
	if err := s.openCompute(ctx); err != nil {
		return err
	}
	if err := s.openHub(); err != nil {
		return err
	}
	return s.setUp(ctx)
}

// openCompute builds what runs projects.
func (s *site) openCompute(ctx context.Context) error {
	db := s.database.db
	key, err := db.SigningKey(ctx)
	if err != nil {
		return err
	}
	signer := ticket.NewSigner(key)
	s.link = link.New(link.Config{Signer: signer, Log: s.log})
	unpack, err := s.cfg.unpackBytes()
	if err != nil {
		return err
	}
	s.backend, err = process.New(ctx, process.Config{Data: s.cfg.Data, Confine: s.cfg.confine(), Log: s.log, Hide: s.cfg.hidden(),
		Network: strings.TrimPrefix(s.cfg.ProjectNetwork, "auto"), NetworkAllow: s.cfg.ProjectAllow, UnpackBytes: unpack})
	if err != nil {
		return err
	}
	lc := lifecycle.Config{
		DB: db, DatabaseURL: s.database.url, Backend: s.backend, Controller: s.link, PublicKey: signer.Public(), Log: s.log,
		Holder: fmt.Sprintf("%s, process %d", hostname(), os.Getpid()),
	}
	if os.Geteuid() == 0 {
		lc.FirstUID, lc.UIDs = s.cfg.FirstUID, s.cfg.UIDs
	}
	s.lifecycle, err = lifecycle.New(lc)
	return err
}

// openHub builds what browsers talk to.
func (s *site) openHub() error {
	report := s.backend.Confinement()
	for _, p := range report.Problems {
		s.log.Warn("confinement: " + p)
	}
	if !report.Isolated {
		s.log.Warn("confinement: the projects of different people are not kept apart on this machine: a second account and open sign-up are refused", "trust-everyone", s.cfg.TrustEveryone)
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var err error
	s.hub, err = hub.New(hub.Config{
		Logger: s.log, DB: s.database.db, DatabaseURL: s.database.url,
		Auth:    auth.New(auth.Config{Logger: s.log, DB: s.database.db, BaseURL: s.base, Isolated: report.Isolated, TrustEveryone: s.cfg.TrustEveryone}),
		Locator: s.lifecycle, Proxy: s.link, BaseURL: s.base, TrustedProxies: s.cfg.TrustedProxies,
		App: web.Dist(), Version: version, Database: s.database.describe(),
		Confinement: report, Usage: s.backend, Reports: s.lifecycle, Registry: reg,
	})
	return err
}

// serve answers until ctx ends or a part fails, then drains.
func (s *site) serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group.Go(func() error { return s.lifecycle.Run(ctx) })
	group.Go(func() error { return s.hub.Run(inner) })
	public := rest.NewServer(s.hub.Handler(), s.log)
	servers := []server{serveOn(group, s.public.Listener, lane.New(lane.Config{Server: public, Takes: s.hub.TakesPlain, Log: s.log}))}
	if s.internal.Listener != nil {
		servers = append(servers, s.internal.start(group, s.hub.InternalHandler(), s.log))
	}
	if s.public.challenge != nil {
		servers = append(servers, s.public.challenge.start(group, s.log))
	}
	s.announce()
	group.Go(func() error {
		<-ctx.Done()
		s.log.Info("draining", "limit", s.cfg.DrainTimeout)
		s.hub.Drain()
		err := shutDown(servers, s.cfg.DrainTimeout)
		stop()
		return err
	})
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return err
}

// shutDown lets open requests end, and cuts those that take too long: sockets,
// which their clients open again elsewhere.
func shutDown(servers []server, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var all error
	for _, server := range servers {
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		all = errors.Join(all, err)
	}
	return all
}

// close takes down what was built. The projects go on.
func (s *site) close() error {
	var err error
	if s.backend != nil {
		err = s.backend.Close()
	}
	if s.link != nil {
		s.link.Close()
	}
	if s.database != nil {
		err = errors.Join(err, s.database.close())
	}
	return errors.Join(err, s.public.close(), s.internal.close())
}

// announce tells the one who started it where it is.
func (s *site) announce() {
	fmt.Fprintf(s.out, "Lyceum is at %s\n", s.base)
	if s.setupLink != "" {
		fmt.Fprintf(s.out, "Make the first administrator here, once: %s\n", s.setupLink)
	}
	fmt.Fprintln(s.out, "Ready. Press Ctrl-C to stop.")
}

// hidden are the files that projects shall not see though they may lie in folders
// that are shown to them.
func (c *serveConfig) hidden() []string {
	var list []string
	for _, f := range []string{c.TLSKey, c.SetupAdminPasswordFile} {
		if f != "" {
			list = append(list, f)
		}
	}
	return append(list, filepath.Join(c.Data, "postgres"))
}

// confine is the setting in the words of compute/process.
func (c *serveConfig) confine() string {
	switch {
	case c.Confinement == "auto":
		return ""
	case c.Confinement == "bubblewrap" && os.Geteuid() == 0:
		return "uid+bubblewrap"
	}
	return c.Confinement
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown host"
	}
	return name
}
