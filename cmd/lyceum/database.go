package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/pgserver"
	"lyceum/internal/postgres"
)

// databaseConfig says where the database is: what every subcommand that needs it
// may be told.
type databaseConfig struct {
	Data        string        `default:"${data}" env:"LYCEUM_DATA" type:"path" placeholder:"DIR" help:"Folder of the projects and of the built-in PostgreSQL. Default: ${data}."`
	DatabaseURL lyceum.Secret `env:"LYCEUM_DATABASE_URL" placeholder:"URL" help:"PostgreSQL 14 or newer: postgres://user@host/name. Default: a built-in one in the data folder."`
	PostgresBin string        `env:"LYCEUM_POSTGRES_BIN" type:"path" placeholder:"DIR" help:"Folder with the programs of PostgreSQL for the built-in one. Default: looked for."`
	FirstUID    int           `name:"first-uid" default:"200000" env:"LYCEUM_FIRST_UID" placeholder:"UID" help:"Run as root: the first of the numeric users that projects run as."`
}

// builtIn is the configuration of the built-in PostgreSQL.
func (c *databaseConfig) builtIn(log *slog.Logger) pgserver.Config {
	cfg := pgserver.Config{Data: filepath.Join(c.Data, "postgres"), Bin: c.PostgresBin, UID: c.FirstUID - 1, Log: log}
	if dir, err := os.UserCacheDir(); err == nil && os.Geteuid() != 0 {
		cfg.Cache = filepath.Join(dir, "lyceum", "postgres")
	}
	return cfg
}

// open reaches the database for one subcommand: the one of the URL, the built-in
// one of a server that runs, or else a built-in one that is started for it. The
// caller calls done, after closing the DB.
func (c *databaseConfig) open(ctx context.Context) (_ *postgres.DB, done func() error, _ error) {
	url, stop := c.DatabaseURL, func() error { return nil }
	if url == "" {
		cfg := c.builtIn(slog.New(slog.NewTextHandler(io.Discard, nil)))
		if _, err := os.Stat(cfg.Data); err != nil {
			return nil, nil, fmt.Errorf("there is no site in %s; give --data or --database-url: %w", c.Data, err)
		}
		server, err := pgserver.Start(ctx, cfg)
		switch {
		case err == nil:
			url, stop = server.URL(), func() error { return server.Stop(context.WithoutCancel(ctx)) }
		case lyceum.IsKind(err, lyceum.Conflict): // the site's server has it
			if url, err = pgserver.URL(cfg); err != nil {
				return nil, nil, err
			}
		default:
			return nil, nil, err
		}
	}
	if err := postgres.Migrate(ctx, url.Reveal()); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	db, err := postgres.Open(ctx, url.Reveal(), postgres.Config{MaxConnections: 2})
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return db, func() error { db.Close(); return stop() }, nil
}

// database is the database of serve.
type database struct {
	url    lyceum.Secret
	server *pgserver.Server // nil: an external one
	db     *postgres.DB
}

// awaitTime is how long a start waits for an external PostgreSQL.
const awaitTime = time.Minute

// stopTime is how long the built-in PostgreSQL may take to end in good order.
const stopTime = 20 * time.Second

// openDatabase starts the built-in PostgreSQL unless there is another, brings it
// to this version's tables, and opens a pool.
func openDatabase(ctx context.Context, cfg *serveConfig, log *slog.Logger) (*database, error) {
	d := &database{url: cfg.DatabaseURL}
	if d.url == "" {
		var err error
		if d.server, err = pgserver.Start(ctx, cfg.builtIn(log)); err != nil {
			return nil, err
		}
		d.url = d.server.URL()
	}
	fixed, err := cfg.fixed()
	if err == nil {
		err = d.migrate(ctx, log)
	}
	if err == nil {
		d.db, err = postgres.Open(ctx, d.url.Reveal(), postgres.Config{MaxConnections: cfg.DatabasePool, Fixed: fixed})
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// migrate waits for PostgreSQL, which may be started together with us.
func (d *database) migrate(ctx context.Context, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, awaitTime)
	defer cancel()
	for told := false; ; told = true {
		err := postgres.Migrate(ctx, d.url.Reveal())
		if !lyceum.IsKind(err, lyceum.Unavailable) {
			return err
		}
		if !told {
			log.Warn("waiting for PostgreSQL", "limit", awaitTime, "err", err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

// describe says how the database is run, for the admin page.
func (d *database) describe() string {
	if d.server != nil {
		return "built in"
	}
	return ""
}

func (d *database) close() error {
	if d.db != nil {
		d.db.Close()
	}
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return d.server.Stop(ctx)
}
