package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
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
	if _, err := os.Stat(c.File); err != nil {
		return lyceum.Errorf(lyceum.NotFound, "there is no file %s", c.File)
	}
	home, err := homeFolder()
	if err != nil {
		return err
	}
	path, err := pathInHome(home, c.File)
	if err != nil {
		return err
	}
	client, err := localClient(home)
	if err != nil {
		return err
	}
	body, err := json.Marshal(api.NotebookRun{Cells: c.Cell, Spec: c.Kernel, Keep: c.Keep})
	if err != nil {
		return err
	}
	at := localAddress + "%s/" + (&url.URL{Path: path}).EscapedPath()
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
	if err := refusal(res); err != nil {
		return nil, errors.Join(err, res.Body.Close())
	}
	return res, nil
}
