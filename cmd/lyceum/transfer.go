package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"lyceum/internal/compute/process"
	"lyceum/internal/lyceum"
	"lyceum/internal/pgserver"
	"lyceum/internal/transfer"
)

// exportCmd writes the whole site into one file. The site may run.
type exportCmd struct {
	databaseConfig
	File  string `arg:"" help:"The file to write; - is the standard output."`
	Force bool   `help:"Replace the file if there is one."`
}

// Run exports.
func (c *exportCmd) Run(ctx context.Context, t *terminal) (err error) {
	to, err := c.create(t)
	if err != nil {
		return err
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return errors.Join(err, to.drop())
	}
	report, err := transfer.Export(ctx, transfer.Source{
		DB: db, Homes: filepath.Join(c.Data, "projects"), Version: version, Tell: progress(t.err, "Exported"),
	}, to)
	if err = errors.Join(err, done()); err != nil {
		return errors.Join(err, to.drop())
	}
	if err := to.keep(); err != nil {
		return err
	}
	told(t.err, "Exported", report)
	for _, name := range report.Changed {
		fmt.Fprintf(t.err, "It was made shorter while it was read, and ends with zeros: %s\n", name)
	}
	for _, name := range report.Left {
		fmt.Fprintf(t.err, "Left out, as it cannot be read or is no file: %s\n", name)
	}
	return nil
}

// exportFile is what is being written: under another name until it is whole.
type exportFile struct {
	io.Writer
	file *os.File // nil: the standard output
	name string
}

// create opens what is written to. The file is for its owner alone: it holds the
// site's keys.
func (c *exportCmd) create(t *terminal) (*exportFile, error) {
	if c.File == "-" {
		if f, ok := t.out.(*os.File); ok {
			if info, err := f.Stat(); err == nil && info.Mode()&fs.ModeCharDevice != 0 {
				return nil, lyceum.Errorf(lyceum.Invalid, "an export is nothing to read: give a file, or pipe it to somewhere")
			}
		}
		return &exportFile{Writer: t.out}, nil
	}
	if _, err := os.Lstat(c.File); err == nil && !c.Force {
		return nil, lyceum.Errorf(lyceum.Conflict, "there is a file %s already; --force replaces it", c.File)
	}
	f, err := os.OpenFile(c.File+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &exportFile{f, f, c.File}, nil
}

func (e *exportFile) keep() error {
	if e.file == nil {
		return nil
	}
	if err := errors.Join(e.file.Sync(), e.file.Close()); err != nil {
		return err
	}
	return os.Rename(e.file.Name(), e.name)
}

func (e *exportFile) drop() error {
	if e.file == nil {
		return nil
	}
	return errors.Join(e.file.Close(), os.Remove(e.file.Name()))
}

// importCmd makes an empty site the one that was exported.
type importCmd struct {
	databaseConfig
	UIDs int    `name:"uids" default:"60000" env:"LYCEUM_UIDS" placeholder:"N" help:"Run as root: how many numeric users there are for projects."`
	File string `arg:"" help:"The file that export wrote; - is the standard input."`
}

// Run imports.
func (c *importCmd) Run(ctx context.Context, t *terminal) (err error) {
	from := io.ReadCloser(os.Stdin)
	if c.File != "-" {
		if from, err = os.Open(c.File); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	homes, release, err := process.Homes(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	target := transfer.Target{DatabaseURL: c.DatabaseURL, Homes: homes, Tell: progress(t.err, "Imported")}
	if os.Geteuid() == 0 {
		target.FirstUID, target.UIDs = c.FirstUID, c.UIDs
		if err := claimUIDs(uidClaims, claim{c.Data, c.FirstUID, c.UIDs}); err != nil {
			return err
		}
	}
	if target.DatabaseURL == "" {
		server, startErr := pgserver.Start(ctx, c.builtIn(slog.New(slog.NewTextHandler(io.Discard, nil))))
		if startErr != nil {
			return startErr
		}
		defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
		target.DatabaseURL = server.URL()
	}
	report, err := transfer.Import(ctx, target, from)
	if err != nil {
		return err
	}
	told(t.err, "Imported", report)
	return nil
}

// progress shows how far it is.
func progress(w io.Writer, done string) func(transfer.Report) {
	return func(r transfer.Report) { told(w, done, r) }
}

func told(w io.Writer, done string, r transfer.Report) {
	fmt.Fprintf(w, "%s %d of %d projects: %d files, %.1f MB; %d rows of the database.\n", done, r.Projects, r.Of, r.Files, float64(r.Bytes)/1e6, r.Rows)
}
