// Command bench measures Lyceum beside its peers, each in the same run and on the
// same machine, and prints a table. README.md says how to read it. Nothing here
// is a test: a figure that misses its aim is printed as one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// section is one group of rows that is measured together.
type section struct {
	name, title string
	run         func(ctx context.Context, b *bench) error
}

func sections() []section {
	return []section{
		{"proxy", "Requests through the hub to a project", proxySection},
		{"api", "The API with 50,000 accounts and 100,000 projects", apiSection},
		{"start", "Start of a project to its first prompt", startSection},
		{"memory", "Memory of an idle project", memorySection},
		{"terminal", "A terminal through the hub", terminalSection},
		{"files", "Files", filesSection},
		{"documents", "Shared documents: the engine", documentsSection},
		{"open", "Opening documents", openSection},
		{"together", "Editing together: one writer, 20 to 500 viewers", togetherSection},
		{"kernels", "Kernels", kernelsSection},
		{"lines", "A flood of lines into a notebook", linesSection},
		{"displays", "A flood of displays into a notebook", displaysSection},
		{"serve", "The server itself", serveSection},
	}
}

// bench is what every section works with.
type bench struct {
	bin    string // of Lyceum
	peers  string // folder of the peers, see the script peers
	work   string // temporary
	rounds int
	quick  bool // shorter rounds, smaller data: to try the program out
	report *report
	sites  int // that were started

	viewers string // how many the section together has, with commas
	solo    bool   // it measures ours alone
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "load" {
		exit(loadMain(os.Stdin, os.Stdout))
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "document" {
		exit(documentMain(os.Args[2:], os.Stdout))
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "backend" {
		exit(backendMain(os.Args[2:]))
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "crowd" {
		exit(crowdMain(os.Args[2:]))
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		exit(floorMain())
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "statements" {
		exit(statementsMain(os.Args[2], os.Stdout))
		return
	}
	b := bench{report: &report{}}
	only := flag.String("only", "", "sections to run, with commas; all by default")
	flag.StringVar(&b.bin, "bin", os.Getenv("LYCEUM_BIN"), "the lyceum binary")
	flag.StringVar(&b.peers, "peers", "", "folder in which the script peers installed")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of each measurement")
	flag.BoolVar(&b.quick, "quick", false, "short rounds and small data")
	flag.StringVar(&b.viewers, "viewers", "20,100,500", "how many viewers the section together has, one after the other")
	flag.BoolVar(&b.solo, "solo", false, "let the sections start, files and together measure Lyceum alone, to look into it")
	asJSON := flag.String("json", "", "also write the rows to this file")
	flag.Parse()
	exit(b.main(*only, *asJSON))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) main(only, asJSON string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	if _, err := os.Stat(b.bin); err != nil {
		return fmt.Errorf("-bin or LYCEUM_BIN names no binary: %w", err)
	}
	if b.work, err = os.MkdirTemp("", "lyceum-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if err := os.Chmod(b.work, 0o755); err != nil { // peers run as other users
		return err
	}
	fmt.Println(machine())
	var failed []error
	for _, s := range sections() {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			continue
		}
		began := time.Now()
		fmt.Printf("\n## %s\n\n", s.title)
		b.report.begin(s.name)
		if err := s.run(ctx, b); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
			fmt.Printf("not measured: %v\n", err)
		}
		b.report.print(os.Stdout)
		fmt.Printf("\n(%s)\n", time.Since(began).Round(time.Second))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	b.report.summary(os.Stdout)
	if asJSON != "" {
		text, err := json.MarshalIndent(b.report.rows, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(asJSON, text, 0o644); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}
