package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/livedoc"
	"lyceum/internal/lyceum"
	"lyceum/internal/project"
)

// historyCmd tells what a file was, inside a project.
type historyCmd struct {
	File    string `arg:"" type:"path" help:"The file."`
	At      string `placeholder:"SEQ|TIME" help:"Print the file as it was: the number of a version, or a time (2026-11-27T09:30:00Z, or 2026-11-27 09:30 here)."`
	Diff    string `placeholder:"A[,B]" help:"Print what changed from version A to version B, or to the newest."`
	Restore string `placeholder:"SEQ|TIME" help:"Make the file what it was, as an edit that everybody sees."`
	Name    string `placeholder:"NAME" help:"Give the version of --at, or the newest, a name; - takes it away."`
	Clear   bool   `help:"Drop all versions but the present, or with --at those before it."`
	Detail  bool   `help:"List versions of two seconds instead of sittings."`
	Limit   int    `default:"50" help:"Versions to list."`
	JSON    bool   `name:"json" help:"Print JSON, as the API has it."`
}

// Run asks the project's server, or reads the histories itself when none runs.
func (c *historyCmd) Run(ctx context.Context, t *terminal) error {
	h, err := openHistories(c.File)
	if err != nil {
		return err
	}
	switch {
	case c.Diff != "":
		return c.diff(ctx, t, h)
	case c.Restore != "":
		return c.restore(ctx, t, h)
	case c.Name != "":
		return c.name(ctx, t, h)
	case c.Clear:
		return c.clear(ctx, t, h)
	case c.At != "":
		return c.print(ctx, t, h)
	}
	list, err := h.list(ctx, livedoc.Listing{Limit: c.Limit, Detail: c.Detail})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, list)
	}
	return tell(t, list)
}

func (c *historyCmd) print(ctx context.Context, t *terminal, h *histories) error {
	seq, err := h.find(ctx, c.At)
	if err != nil {
		return err
	}
	v, err := h.version(ctx, seq)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, map[string]any{"seq": v.Seq, "text": v.Text})
	}
	_, err = io.WriteString(t.out, v.Text)
	return err
}

func (c *historyCmd) diff(ctx context.Context, t *terminal, h *histories) error {
	first, second, both := strings.Cut(c.Diff, ",")
	from, err := h.find(ctx, first)
	if err != nil {
		return err
	}
	to := uint64(newest)
	if both {
		if to, err = h.find(ctx, second); err != nil {
			return err
		}
	}
	d, err := h.changes(ctx, from, to)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(t, d)
	}
	fmt.Fprintf(t.out, "--- %s version %d\n+++ %s version %d\n", h.path, d.From, h.path, d.To)
	marks := map[string]string{"same": " ", "added": "+", "removed": "-"}
	for _, k := range d.Hunks {
		fmt.Fprintf(t.out, "@@ -%d,%d +%d,%d @@\n", k.Old, k.OldLines, k.New, k.NewLines)
		for _, l := range k.Lines {
			fmt.Fprintln(t.out, marks[l.Kind]+l.Text)
		}
	}
	if d.Cut {
		fmt.Fprintln(t.err, "There is more; this is where it becomes too long.")
	}
	return nil
}

func (c *historyCmd) restore(ctx context.Context, t *terminal, h *histories) error {
	seq, err := h.find(ctx, c.Restore)
	if err != nil {
		return err
	}
	return c.act(ctx, t, h, api.HistoryAction{Action: "restore", Seq: seq})
}

func (c *historyCmd) name(ctx context.Context, t *terminal, h *histories) error {
	seq, err := h.find(ctx, c.At)
	if err != nil {
		return err
	}
	name := c.Name
	if name == "-" {
		name = ""
	}
	return c.act(ctx, t, h, api.HistoryAction{Action: "name", Seq: seq, Name: name})
}

func (c *historyCmd) clear(ctx context.Context, t *terminal, h *histories) error {
	a := api.HistoryAction{Action: "clear"}
	if c.At != "" {
		var err error
		if a.Seq, err = h.find(ctx, c.At); err != nil {
			return err
		}
	}
	return c.act(ctx, t, h, a)
}

func (c *historyCmd) act(ctx context.Context, t *terminal, h *histories, a api.HistoryAction) error {
	done, err := h.act(ctx, a)
	switch {
	case err != nil:
		return err
	case c.JSON:
		return printJSON(t, done)
	case a.Action == "clear":
		fmt.Fprintf(t.out, "%d bytes are free; the history has %d bytes.\n", done.FreedBytes, done.SizeBytes)
	case a.Action == "name":
		fmt.Fprintf(t.out, "Version %d.\n", done.Seq)
	case done.Seq == 0:
		fmt.Fprintln(t.out, "The file is as it was then.")
	default:
		fmt.Fprintf(t.out, "Restored, as version %d.\n", done.Seq)
	}
	return nil
}

func printJSON(t *terminal, v any) error {
	e := json.NewEncoder(t.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// tell prints the list for people.
func tell(t *terminal, list api.History) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, v := range list.Items {
		var by []string
		for _, a := range v.By {
			if a.Name == "" {
				a.Name = a.ID
			}
			by = append(by, a.Name)
		}
		what := strings.Join(by, ", ")
		switch {
		case v.Commit != nil:
			what = fmt.Sprintf("git %.10s %s", v.Commit.ID, v.Commit.Subject)
		case v.Origin == "disk":
			what = "changed on disk"
		case v.Origin == "begin":
			what = "the oldest version"
		case v.Origin == "restore":
			what = strings.TrimSpace(fmt.Sprintf("version %d restored %s", v.Restored, what))
		}
		if v.Name != "" {
			what += "  «" + v.Name + "»"
		}
		fmt.Fprintf(w, "%d\t%s\t+%d\t-%d\t%s\n", v.Seq, v.Until.Local().Format("2006-01-02 15:04:05"), v.Added, v.Removed, what)
	}
	if len(list.Items) == 0 {
		fmt.Fprintln(w, "Nobody has edited this file here.")
	}
	return w.Flush()
}

// newest is behind every version.
const newest = 1<<53 - 1

// histories are those of a project, for one file.
type histories struct {
	path    string // from the home
	client  *http.Client
	archive *livedoc.Archive // when no server runs
}

// openHistories finds the project that a file is in: the home of who asks.
func openHistories(file string) (*histories, error) {
	home, err := homeFolder()
	if err != nil {
		return nil, err
	}
	path, err := pathInHome(home, file)
	if err != nil {
		return nil, err
	}
	h := &histories{path: path}
	switch h.client, err = localClient(home); {
	case err == nil:
		h.client.Timeout = time.Minute
	case lyceum.IsKind(err, lyceum.Unavailable):
		h.archive, err = livedoc.OpenArchive(filepath.Join(home, filepath.Dir(project.LocalSocket), "documents"))
	case lyceum.IsKind(err, lyceum.NotFound):
		return nil, lyceum.Errorf(lyceum.NotFound, "there are no histories here: no file was ever edited together")
	}
	return h, err
}

// find is the sequence that what says: a number, a time, or "" for the newest.
func (h *histories) find(ctx context.Context, what string) (uint64, error) {
	if what == "" {
		return newest, nil
	}
	if n, err := strconv.ParseUint(what, 10, 53); err == nil && n > 0 {
		return n, nil
	}
	at, err := time.Parse(time.RFC3339, what)
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if err != nil {
			at, err = time.ParseInLocation(layout, what, time.Local)
		}
	}
	if err != nil {
		return 0, lyceum.Errorf(lyceum.Invalid, "%q is neither the number of a version nor a time", what)
	}
	l := livedoc.Listing{Limit: livedoc.MaxListed, Detail: true}
	for {
		page, err := h.list(ctx, l)
		if err != nil {
			return 0, err
		}
		for _, v := range page.Items {
			if !v.Until.After(at) {
				return v.Seq, nil
			}
		}
		if l.Before = page.Next; l.Before == 0 {
			return 0, lyceum.Errorf(lyceum.NotFound, "nothing so old is kept")
		}
	}
}

func (h *histories) list(ctx context.Context, l livedoc.Listing) (list api.History, err error) {
	if h.archive != nil {
		return h.archive.History(h.path, l)
	}
	q := url.Values{"limit": {strconv.Itoa(l.Limit)}}
	if l.Before > 0 {
		q.Set("before", strconv.FormatUint(l.Before, 10))
	}
	if l.Detail {
		q.Set("detail", "1")
	}
	err = h.ask(ctx, "GET", q, nil, &list)
	return list, err
}

func (h *histories) version(ctx context.Context, seq uint64) (v livedoc.Past, err error) {
	if h.archive != nil {
		return h.archive.Version(h.path, seq)
	}
	err = h.ask(ctx, "GET", url.Values{"at": {strconv.FormatUint(seq, 10)}}, nil, &v)
	return v, err
}

func (h *histories) changes(ctx context.Context, from, to uint64) (d api.VersionDiff, err error) {
	if h.archive != nil {
		return h.archive.Changes(h.path, from, to)
	}
	err = h.ask(ctx, "GET", url.Values{"diff": {strconv.FormatUint(from, 10)}, "at": {strconv.FormatUint(to, 10)}}, nil, &d)
	return d, err
}

func (h *histories) act(ctx context.Context, a api.HistoryAction) (done api.HistoryDone, err error) {
	if h.archive != nil {
		return done, lyceum.Errorf(lyceum.Unavailable, "the project's server does not run; without it histories can only be read")
	}
	err = h.ask(ctx, "POST", nil, a, &done)
	return done, err
}

// ask makes a request; out is a *livedoc.Past for a text, or takes JSON.
func (h *histories) ask(ctx context.Context, method string, q url.Values, body, out any) error {
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			return err
		}
	}
	var segments []string
	for s := range strings.SplitSeq(h.path, "/") {
		segments = append(segments, url.PathEscape(s))
	}
	r, err := http.NewRequestWithContext(ctx, method, localAddress+"history/"+strings.Join(segments, "/")+"?"+q.Encode(), &b)
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := h.client.Do(r)
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the project's server does not answer")
	}
	defer res.Body.Close()
	if err := refusal(res); err != nil {
		return err
	}
	if v, ok := out.(*livedoc.Past); ok {
		text, err := io.ReadAll(res.Body)
		if err != nil {
			return err
		}
		v.Text = string(text)
		v.Seq, err = strconv.ParseUint(res.Header.Get("Lyceum-Version"), 10, 64)
		return err
	}
	return json.NewDecoder(res.Body).Decode(out)
}
