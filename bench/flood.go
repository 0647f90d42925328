package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/ydoc"
)

// floodLine begins each line, and each display, that a flood makes; its number follows.
const floodLine = "flood "

// kindOfFlood is what a kernel is made to put out.
type kindOfFlood struct {
	name, code string
	many       int
}

// linesSection and displaysSection have a kernel put out masses: into a notebook of
// ours, with nobody looking and with ten; the peers only receive them.
func linesSection(ctx context.Context, b *bench) error {
	many := 100_000
	if b.quick {
		many = 10_000
	}
	return b.besideJupyter(ctx, b.floods(kindOfFlood{"flushed lines", fmt.Sprintf("for i in range(%d):\n    print('%s%%d' %% i, flush=True)", many, floodLine), many}))
}

func displaysSection(ctx context.Context, b *bench) error {
	many := 20_000
	if b.quick {
		many = 2_000
	}
	return b.besideJupyter(ctx, b.floods(kindOfFlood{"display_data", fmt.Sprintf("for i in range(%d):\n    display({'text/plain': '%s%%d' %% i}, raw=True)", many, floodLine), many}))
}

// floodFigures are the figures of one kind of flood.
type floodFigures struct{ rate, lost, peak, live sample }

// floods makes the rows of one kind.
func (b *bench) floods(k kindOfFlood) func(ctx context.Context, s *site, id string, server *child) error {
	return func(ctx context.Context, s *site, id string, server *child) error {
		var alone, watched floodFigures
		var theirs, bare floodFigures
		for range b.rounds {
			if err := b.flood(ctx, s, id, k, 0, &alone); err != nil {
				return err
			}
			if err := bare.of(k, "jupyter_client", func() (int, float64, error) { return b.bareFlood(ctx, k.code) }); err != nil {
				return err
			}
			if err := theirs.of(k, "jupyter server", func() (int, float64, error) { return jupyterAt(server).flood(ctx, k.code) }); err != nil {
				return err
			}
			if err := b.flood(ctx, s, id, k, 10, &watched); err != nil {
				return err
			}
		}
		what := strconv.Itoa(k.many) + " " + k.name
		none := func(f floodFigures) *bool { return met(f.lost.at(1) == 0) }
		b.report.add(row{What: what + ", into the notebook", Unit: "1/s", Ours: alone.rate, Peer: "jupyter_client, received", Peers: bare.rate})
		b.report.add(row{What: what + ", lost (of ours: not in the file)", Ours: alone.lost, Peer: "jupyter_client", Peers: bare.lost, Aim: "none", Met: none(alone)})
		b.report.add(row{What: what + ", into the notebook, again", Unit: "1/s", Ours: alone.rate, Peer: "jupyter server, received", Peers: theirs.rate})
		b.report.add(row{What: what + ", lost, again", Ours: alone.lost, Peer: "jupyter server", Peers: theirs.lost})
		b.report.add(row{What: what + ", memory of the project without the kernel, peak", Unit: "MB", Ours: alone.peak})
		b.report.add(row{What: what + ", a listing of files meanwhile, p99", Unit: "ms", Ours: alone.live})
		b.report.add(row{What: what + ", with 10 viewers", Unit: "1/s", Ours: watched.rate})
		b.report.add(row{What: what + ", with 10 viewers, lost in the file or by a viewer", Ours: watched.lost, Aim: "none", Met: none(watched)})
		b.report.add(row{What: what + ", with 10 viewers, memory, peak", Unit: "MB", Ours: watched.peak})
		b.report.add(row{What: what + ", with 10 viewers, a listing meanwhile, p99", Unit: "ms", Ours: watched.live})
		return nil
	}
}

// of adds what a peer has received.
func (f *floodFigures) of(k kindOfFlood, name string, receive func() (got int, seconds float64, err error)) error {
	got, seconds, err := receive()
	if err != nil {
		return err
	}
	fmt.Printf("  %d %s, %s: %.1f s, %d lost\n", k.many, k.name, name, seconds, k.many-got)
	f.rate, f.lost = append(f.rate, float64(got)/seconds), append(f.lost, float64(k.many-got))
	return nil
}

// bareFlood has the client in Python receive a flood.
func (b *bench) bareFlood(ctx context.Context, code string) (got int, seconds float64, err error) {
	var said struct {
		Seconds float64
		Got     int
	}
	err = b.bareClient(ctx, &said, "flood", code)
	return said.Got, said.Seconds, err
}

// flood has a new kernel put out much, and receives it.
func (j jupyter) flood(ctx context.Context, code string) (got int, seconds float64, err error) {
	c, end, err := j.start(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer end()
	return c.flood(ctx, code)
}

// flood runs one in a new notebook.
func (b *bench) flood(ctx context.Context, s *site, id string, k kindOfFlood, viewers int, to *floodFigures) error {
	b.sites++ // names are never used twice
	n := notebook{site: s, project: id, name: fmt.Sprintf("flood-%d.ipynb", b.sites), code: k.code}
	if err := n.make(); err != nil {
		return err
	}
	if err := n.act(ctx, map[string]any{"action": "start", "spec": "python3"}); err != nil {
		return err
	}
	if err := n.until(ctx, func(st notebookState) bool { return st.Kernel != nil && st.Kernel.State == "idle" }); err != nil {
		return err
	}
	least, err := n.watch(ctx, viewers)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	var measuring sync.WaitGroup
	var peak float64
	var live sample
	measuring.Go(func() { peak = s.peak(id, stop) })
	measuring.Go(func() { live = s.live(ctx, id, stop) })
	took, err := n.run(ctx)
	close(stop)
	measuring.Wait()
	if err != nil {
		return err
	}
	lost, err := n.lost(ctx, k.many)
	if err != nil {
		return err
	}
	if viewers > 0 {
		seen, err := least()
		if err != nil {
			return err
		}
		lost = max(lost, k.many-seen)
	}
	fmt.Printf("  %d %s, %d viewers: %.1f s, %d lost, at most %.1f MB\n", k.many, k.name, viewers, took.Seconds(), lost, peak/1e6)
	to.rate, to.lost = append(to.rate, float64(k.many)/took.Seconds()), append(to.lost, float64(lost))
	to.peak, to.live = append(to.peak, peak/1e6), append(to.live, live.at(0.99))
	return n.shutdown(ctx)
}

// peak is the most memory that the project had, without kernels, until stop.
func (s *site) peak(id string, stop <-chan struct{}) (most float64) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	pids, err := s.runOf(id)
	if err != nil {
		return 0
	}
	own, _ := apart(pids)
	for {
		most = max(most, pss(own))
		select {
		case <-stop:
			return most
		case <-tick.C:
		}
	}
}

// live asks for a listing again and again, and returns the milliseconds that each took.
func (s *site) live(ctx context.Context, id string, stop <-chan struct{}) (all sample) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		began := time.Now()
		if err := s.call(ctx, "GET", "/p/"+id+"/files/", nil, nil); err != nil {
			fmt.Println("not answered:", err)
			return all
		}
		all = append(all, float64(time.Since(began).Microseconds())/1e3)
		select {
		case <-stop:
			return all
		case <-tick.C:
		}
	}
}

// notebook is one with a single cell, c0.
type notebook struct {
	site                *site
	project, name, code string
}

// notebookState is what is looked at of the state of a notebook.
type notebookState struct {
	T      string
	Kernel *struct{ State string }
	Queue  []struct{ Cell string }
	Failed string
}

// make writes its file.
func (n notebook) make() error {
	cell := map[string]any{"id": "c0", "cell_type": "code", "source": n.code, "metadata": struct{}{}, "outputs": []any{}, "execution_count": nil}
	text, err := json.Marshal(map[string]any{"cells": []any{cell}, "metadata": struct{}{}, "nbformat": 4, "nbformat_minor": 5})
	if err != nil {
		return err
	}
	return n.site.put(n.project, map[string]string{n.name: string(text)})
}

func (n notebook) act(ctx context.Context, action map[string]any) error {
	return n.site.call(ctx, "POST", "/p/"+n.project+"/notebooks/"+n.name, action, nil)
}

// until listens to the notebook's channel until f is content.
func (n notebook) until(ctx context.Context, f func(notebookState) bool) error {
	conn, err := n.dial(ctx, "notebooks")
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	return n.hear(ctx, conn, f)
}

func (n notebook) hear(ctx context.Context, conn *websocket.Conn, f func(notebookState) bool) error {
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var st notebookState
		if err := json.Unmarshal(text, &st); err != nil {
			return err
		}
		switch {
		case st.T != "state":
		case st.Failed != "":
			return fmt.Errorf("%s: %s", n.name, st.Failed)
		case f(st):
			return nil
		}
	}
}

func (n notebook) dial(ctx context.Context, what string) (*websocket.Conn, error) {
	h := http.Header{"Cookie": {n.site.cookies()}, "Origin": {n.site.url}}
	conn, _, err := websocket.Dial(ctx, n.site.url+"/p/"+n.project+"/"+what+"/"+n.name, &websocket.DialOptions{HTTPHeader: h})
	if err == nil {
		conn.SetReadLimit(64 << 20)
	}
	return conn, err
}

// run runs its cell, and returns the time from the request until nothing waits or runs
// any more and the kernel is idle.
func (n notebook) run(ctx context.Context) (time.Duration, error) {
	conn, err := n.dial(ctx, "notebooks")
	if err != nil {
		return 0, err
	}
	defer conn.CloseNow()
	began := time.Now()
	if err := n.act(ctx, map[string]any{"action": "run-all"}); err != nil {
		return 0, err
	}
	ran := false
	err = n.hear(ctx, conn, func(st notebookState) bool {
		ran = ran || len(st.Queue) > 0
		return ran && len(st.Queue) == 0 && st.Kernel != nil && st.Kernel.State == "idle"
	})
	return time.Since(began), err
}

func (n notebook) shutdown(ctx context.Context) error {
	return n.act(ctx, map[string]any{"action": "shutdown"})
}

// lost is how many of the lines or displays are not in the file, or not in their place.
func (n notebook) lost(ctx context.Context, many int) (int, error) {
	var file struct {
		Content struct {
			Cells []struct {
				Outputs []struct {
					Text text
					Data map[string]text
				}
			}
		}
	}
	if err := n.site.jupyter(n.project).call(ctx, "GET", "api/contents/"+n.name+"?content=1", "", &file); err != nil {
		return 0, err
	}
	var all strings.Builder
	for _, o := range file.Content.Cells[0].Outputs {
		all.WriteString(string(o.Text))
		if shown, ok := o.Data["text/plain"]; ok {
			all.WriteString(string(shown) + "\n")
		}
	}
	return many - inOrder(all.String()), nil
}

// text is a string, or the list of its lines, as notebooks have it.
type text string

// UnmarshalJSON takes both.
func (t *text) UnmarshalJSON(b []byte) error {
	var lines []string
	if json.Unmarshal(b, &lines) == nil {
		*t = text(strings.Join(lines, ""))
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// inOrder counts the lines of a flood, each once and after those with smaller numbers.
func inOrder(text string) (n int) {
	last := -1
	for line := range strings.Lines(text) {
		digits, ok := strings.CutPrefix(strings.TrimSpace(line), floodLine)
		if i, err := strconv.Atoi(digits); ok && err == nil && i > last {
			n, last = n+1, i
		}
	}
	return n
}

// watch holds viewers of the notebook, who keep what they are sent. What is returned
// parts from them when nothing comes any more, and tells how many lines or displays of
// a flood the one has who got least.
func (n notebook) watch(ctx context.Context, viewers int) (least func() (int, error), err error) {
	c := crowd{URL: n.site.url + "/p/" + n.project + "/sync/" + n.name, Cookie: n.site.cookies(), Origin: n.site.url}
	seats := make([]*seat, viewers)
	for i := range seats {
		if seats[i], err = c.connect(ctx); err == nil {
			err = seats[i].sync(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("viewer %d: %w", i, err)
		}
	}
	got := make([][][]byte, viewers)
	heard := make(chan struct{}, 1)
	var reading sync.WaitGroup
	for i, s := range seats {
		reading.Go(func() {
			for {
				_, b, err := s.conn.Read(ctx)
				if err != nil {
					return
				}
				got[i] = append(got[i], b)
				select {
				case heard <- struct{}{}:
				default:
				}
			}
		})
	}
	return func() (int, error) {
		for quiet := false; !quiet; {
			select {
			case <-heard:
			case <-time.After(2 * time.Second):
				quiet = true
			}
		}
		for _, s := range seats {
			_ = s.conn.CloseNow()
		}
		reading.Wait()
		least := math.MaxInt
		for i, s := range seats {
			if err := s.take(got[i]); err != nil {
				return 0, fmt.Errorf("viewer %d: %w", i, err)
			}
			least = min(least, inOrder(outputsOf(s.doc)))
		}
		return least, nil
	}, nil
}

// take applies the updates among messages.
func (s *seat) take(messages [][]byte) error {
	for _, b := range messages {
		if len(b) < 3 || b[0] != 0 || b[1] == 0 {
			continue // who else looks, or a question
		}
		n, size := binary.Uvarint(b[2:])
		if size <= 0 || uint64(len(b)-2-size) < n {
			return errors.New("a sync message is cut short")
		}
		if _, err := s.doc.Apply(b[2+size : 2+size+int(n)]); err != nil {
			return err
		}
	}
	return nil
}

// outputsOf is the text of all outputs of the first cell.
func outputsOf(y *ydoc.Doc) string {
	cell, _ := y.Array("cells").Get(0).(*ydoc.Map)
	if cell == nil {
		return ""
	}
	v, _ := cell.Get("outputs")
	list, _ := v.(*ydoc.Array)
	if list == nil {
		return ""
	}
	var all strings.Builder
	for _, v := range list.All() {
		out, _ := v.(*ydoc.Map)
		if out == nil {
			continue
		}
		if v, ok := out.Get("text"); ok {
			fmt.Fprint(&all, v) // a Text, or a string
		}
		if v, ok := out.Get("data"); ok {
			data, _ := v.(map[string]any)
			fmt.Fprintln(&all, data["text/plain"])
		}
	}
	return all.String()
}
