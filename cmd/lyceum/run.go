package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/project"
)

// runCmd runs a notebook inside a project.
type runCmd struct {
	File   string   `arg:"" type:"path" help:"The notebook."`
	Cell   []string `placeholder:"ID" help:"Run only these cells, in this order."`
	Kernel string   `placeholder:"NAME" help:"The kernel to start, when none runs for the notebook; else the one that it names."`
	Keep   bool     `help:"Go on with the kernel that runs, with its variables, in place of a fresh one."`
	Quiet  bool     `short:"q" help:"Show only what the cells put out, not which one runs."`
}

// errCellFailed ends the command with status 1.
var errCellFailed = errors.New("a cell ended with an error")

// Run asks the project's server. The run goes on there when the command is ended by a
// signal other than an interrupt.
func (c *runCmd) Run(ctx context.Context, t *terminal) error {
	path, err := pathInHome(c.File)
	if err != nil {
		return err
	}
	client, err := localClient()
	if err != nil {
		return err
	}
	body, err := json.Marshal(api.NotebookRun{Cells: c.Cell, Spec: c.Kernel, Keep: c.Keep})
	if err != nil {
		return err
	}
	at := "http://project/%s/" + (&url.URL{Path: path}).EscapedPath()
	res, err := send(ctx, client, fmt.Sprintf(at, "run"), body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	err = c.show(t, res.Body)
	if ctx.Err() != nil {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		res, serr := send(stop, client, fmt.Sprintf(at, "notebooks"), []byte(`{"action":"stop"}`))
		if serr == nil {
			serr = res.Body.Close()
		}
		return errors.Join(errors.New("interrupted: the notebook is stopped"), serr)
	}
	return err
}

// show prints the events of a run.
func (c *runCmd) show(t *terminal, r io.Reader) error {
	lines := bufio.NewReader(r)
	var total, n int
	var begun time.Time
	failed := false
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return lyceum.Wrap(lyceum.Unavailable, err, "the project's server has ended; the notebook goes on running")
		}
		var e api.RunEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("the server's answer: %w", err)
		}
		switch {
		case e.Cells > 0:
			total = e.Cells
		case e.Begun:
			n++
			begun = time.Now()
			c.say(t, "[%d/%d] %s", n, total, e.Cell)
		case e.Output != nil:
			printOutput(t, e.Output)
		case e.Ended != "":
			failed = failed || e.Ended == "error"
			c.say(t, "[%d/%d] %s: %s, %v", n, total, e.Cell, e.Ended, time.Since(begun).Round(time.Millisecond))
		case e.Failed != "":
			return errors.New(strings.TrimSuffix(e.Failed, "."))
		case e.Done && failed:
			return errCellFailed
		case e.Done:
			return nil
		}
	}
}

func (c *runCmd) say(t *terminal, format string, args ...any) {
	if !c.Quiet {
		fmt.Fprintf(t.err, format+"\n", args...)
	}
}

// printOutput prints what of an output is text: streams and errors where programs
// print them.
func printOutput(t *terminal, out map[string]any) {
	switch out["output_type"] {
	case "stream":
		w := t.out
		if out["name"] == "stderr" {
			w = t.err
		}
		fmt.Fprint(w, out["text"])
	case "error":
		lines, _ := out["traceback"].([]any)
		for _, l := range lines {
			fmt.Fprintln(t.err, l)
		}
		if len(lines) == 0 {
			fmt.Fprintf(t.err, "%v: %v\n", out["ename"], out["evalue"])
		}
	default:
		data, _ := out["data"].(map[string]any)
		if text, ok := data["text/plain"].(string); ok {
			fmt.Fprintln(t.out, text)
		}
	}
}

func send(ctx context.Context, client *http.Client, at string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	var p api.Problem
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&p); err != nil || p.Detail == "" {
		return nil, fmt.Errorf("the project's server answered %s", res.Status)
	}
	return nil, errors.New(p.Detail)
}

// pathInHome is the path of a file from the home, as the project knows it.
func pathInHome(file string) (string, error) {
	home, err := os.UserHomeDir()
	if err == nil {
		home, err = filepath.EvalSymlinks(home)
	}
	if err != nil {
		return "", lyceum.Errorf(lyceum.Invalid, "there is no home folder: run this inside a project")
	}
	full, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", lyceum.Errorf(lyceum.NotFound, "there is no file %s", file)
	}
	path, err := filepath.Rel(home, full)
	if err != nil || path == ".." || strings.HasPrefix(path, "../") {
		return "", lyceum.Errorf(lyceum.Invalid, "%s is not in the home folder %s", file, home)
	}
	return path, nil
}

// localClient speaks with the project's server by its own socket.
func localClient() (*http.Client, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, lyceum.Errorf(lyceum.Invalid, "there is no home folder: run this inside a project")
	}
	state, err := os.Open(filepath.Join(home, filepath.Dir(project.LocalSocket)))
	if err != nil {
		return nil, lyceum.Errorf(lyceum.Unavailable, "no project's server runs here: run this inside a project")
	}
	// Open for as long as the program runs: a home may be too far down for the address of a socket.
	socket := fmt.Sprintf("/proc/self/fd/%d/%s", state.Fd(), filepath.Base(project.LocalSocket))
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		defer runtime.KeepAlive(state)
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	c, err := dial(context.Background(), "", "")
	if err != nil {
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "no project's server runs here: run this inside a project")
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}, c.Close()
}
