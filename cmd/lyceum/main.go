// Command lyceum is every server and every client of the product, as
// subcommands of one static binary. This package is the only main: it reads
// flags, environment and the configuration file, builds the rooms by hand, in
// order, and holds no logic of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"lyceum/internal/lyceum"
)

// version is set at link time: -ldflags "-X main.version=1.2.3".
var version = "development"

// cli is the command line. Each subcommand is a struct with a Run method.
type cli struct {
	ConfigFile kong.ConfigFlag  `name:"config" placeholder:"FILE" help:"YAML file with values for the flags below; later sources win: file, environment, flag."`
	Version    kong.VersionFlag `help:"Print the version and exit."`

	Serve         serveCmd         `cmd:"" help:"Run everything on this machine."`
	Config        configCmd        `cmd:"" help:"Show the values that serve would use, and where each comes from."`
	Admin         adminCmd         `cmd:"" help:"Administer the site from this machine."`
	Migrate       migrateCmd       `cmd:"" help:"Bring the database to this version's tables and exit."`
	Export        exportCmd        `cmd:"" help:"Write the whole site, database and files, into one file (docs/how-to/move.md)."`
	Import        importCmd        `cmd:"" help:"Make an empty site the one that was exported."`
	History       historyCmd       `cmd:"" help:"Tell what a file of this project was, and bring it back."`
	Run           runCmd           `cmd:"" help:"Run a notebook of this project, and show what it puts out."`
	NotebookClean notebookCleanCmd `cmd:"" name:"notebook-clean" help:"Take the outputs out of a notebook: a filter for git (docs/how-to/notebooks.md)."`
	OpenAPI       openAPICmd       `cmd:"" name:"openapi" help:"Print the API's OpenAPI 3.1 document."`
	ProjectServer projectServerCmd `cmd:"" name:"project-server" hidden:"" help:"Run inside a project; started by serve."`
}

// inProject is the part of the command line that projects start with, each twice.
// To build the whole costs more processor time than what else they start with.
type inProject struct {
	ProjectServer projectServerCmd `cmd:"" name:"project-server" hidden:"" help:"Run inside a project; started by serve."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lyceum:", err)
		os.Exit(exitCode(err))
	}
}

// run parses args and runs the subcommand that they name.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c any = new(cli)
	if len(args) > 0 && args[0] == "project-server" {
		c = new(inProject)
	}
	exited := false
	parser, err := kong.New(c,
		kong.Name("lyceum"),
		kong.Description("A self-hosted place to compute together."),
		kong.Configuration(loadYAML),
		kong.Vars{"version": version, "data": defaultData()},
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { exited = true; panic(errExit) }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.UsageOnError(),
	)
	if err != nil {
		return err
	}
	kctx, err := parse(parser, args)
	if exited {
		return nil
	}
	if err != nil {
		return &usageError{err}
	}
	return kctx.Run(&terminal{out: stdout, err: stderr, parser: parser, parsed: kctx})
}

// errExit carries kong's wish to end (after --help, --version) out of Parse.
var errExit = errors.New("exit")

func parse(p *kong.Kong, args []string) (kctx *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil && r != errExit { //nolint:errorlint // a recovered value, compared by identity
			panic(r)
		}
	}()
	return p.Parse(args)
}

// terminal is what a subcommand may print to, and how it was called.
type terminal struct {
	out, err io.Writer
	parser   *kong.Kong
	parsed   *kong.Context
}

type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() + " (lyceum --help tells more)" }
func (e *usageError) Unwrap() error { return e.err }

// exitCode is 2 when the call was wrong, 1 when the work failed.
func exitCode(err error) int {
	if _, ok := errors.AsType[*usageError](err); ok || lyceum.IsKind(err, lyceum.Invalid) {
		return 2
	}
	return 1
}
