package kernels

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/jupyter"
)

func opened(t *testing.T) *comms {
	t.Helper()
	cs := newComms()
	m, err := jupyter.New(jupyter.IOPub, "s", "comm_open", map[string]any{"comm_id": "a", "target_name": "jupyter.widget", "data": map[string]any{"state": map[string]any{"value": 1.5}, "buffer_paths": [][]any{{"image", 0}}}})
	if err != nil {
		t.Fatal(err)
	}
	m.Buffers = [][]byte{{0, 1, 2}}
	cs.take(m, commContent{ID: "a", Target: "jupyter.widget", Data: struct {
		Method string         `json:"method"`
		State  map[string]any `json:"state"`
		Paths  [][]any        `json:"buffer_paths"`
	}{State: map[string]any{"value": 1.5}, Paths: [][]any{{"image", 0}}}})
	return cs
}

// The comms of a kernel are the same after they were in a file.
func TestCommsAreKept(t *testing.T) {
	t.Parallel()
	cs := opened(t)
	text := cs.encode()
	back := decodeComms(text)
	if got, want := string(back.encode()), string(text); got != want || len(back.order) != 1 {
		t.Errorf("the comms come back as %s, want %s", got, want)
	}
	all := back.openings("s")
	if len(all) != 1 || !bytes.Equal(all[0].Buffers[0], []byte{0, 1, 2}) || !strings.Contains(string(all[0].Content), `"value":1.5`) {
		t.Errorf("a page is told %+v", all)
	}
	cs.all["a"].state["big"] = strings.Repeat("x", maxKept)
	if cs.encode() != nil {
		t.Error("too much is kept")
	}
	for _, bad := range []string{"", "null", "{}", `[{"id":""}]`, `[{"id":"x","buffers":[{"path":[]}]},{"id":"x"}]`} {
		if n := len(decodeComms([]byte(bad)).order); n > 1 {
			t.Errorf("%s gives %d comms", bad, n)
		}
	}
}

// The files of comms are written once a second, and take a small part of the time.
func TestCommsPause(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		cs   comms
		want time.Duration
	}{
		{comms{}, 0},
		{comms{unkept: true}, 0},
		{comms{unkept: true, kept: now.Add(-300 * time.Millisecond)}, 700 * time.Millisecond},
		{comms{unkept: true, kept: now, took: 100 * time.Millisecond}, 2 * time.Second},
		{comms{unkept: true, kept: now.Add(-time.Minute), took: 100 * time.Millisecond}, 0},
	} {
		if got := c.cs.pause(now); got != c.want {
			t.Errorf("%+v waits %v, want %v", c.cs, got, c.want)
		}
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	r := NewRuns(RunConfig{State: state})
	defer r.Close()
	m := New(Config{Home: t.TempDir()})
	defer m.Close()
	r.Use(m)
	if err := r.Tidy(time.Now()); err != nil {
		t.Errorf("without files it ends with %v", err)
	}
	for _, name := range []string{"comms/gone", "produced/doc"} {
		if err := writeWhole(filepath.Join(state, name), []byte("[]")); err != nil {
			t.Fatal(err)
		}
	}
	left := func() string {
		all, err := filepath.Glob(state + "/*/*")
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(strings.Join(all, " "), state+"/", "")
	}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{time.Minute, "comms/gone produced/doc"}, {2 * time.Hour, "produced/doc"}, {200 * 24 * time.Hour, ""}} {
		if err := r.Tidy(time.Now().Add(c.after)); err != nil || left() != c.want {
			t.Errorf("after %v there are %q (%v), want %q", c.after, left(), err, c.want)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(state, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := readBounded(filepath.Join(state, "link"), maxKept); err == nil {
		t.Error("a link is read")
	}
}

// A note names what runs, what waits, what is asked and what is missing, within its
// bound.
func TestNote(t *testing.T) {
	t.Parallel()
	b := &book{path: "a.ipynb", input: &question{Header: []byte(`{"msg_id":"1"}`)}}
	b.input.Cell, b.input.Prompt = "c", "name? "
	b.queue = []*task{{Cell: "c", Msg: "m", Replied: true}, {Cell: "d"}}
	n, ok := decodeNote(b.noteLocked())
	if diff := cmp.Diff(b.queue, n.Queue, cmp.AllowUnexported(task{})); !ok || diff != "" || n.Input.Prompt != "name? " || string(n.Input.Header) != `{"msg_id":"1"}` {
		t.Errorf("the note is %+v, %v: %s", n, ok, diff)
	}
	for range maxQueue {
		b.queue = append(b.queue, &task{Cell: strings.Repeat("x", 100)})
	}
	note := b.noteLocked()
	if n, ok := decodeNote(note); !ok || len(note) > maxNote || len(n.Queue) < 500 || n.Queue[0].Msg != "m" {
		t.Errorf("a note of %d bytes has %d cells", len(note), len(n.Queue))
	}
	for _, bad := range []string{"", "{}", "[]", `{"path":1}`} {
		if _, ok := decodeNote([]byte(bad)); ok {
			t.Errorf("%q is taken for a note", bad)
		}
	}
}

// FuzzKept reads files of comms, of sums, and notes, which programs of the project
// may have written.
func FuzzKept(f *testing.F) {
	f.Add([]byte(`[{"id":"a","target":"jupyter.widget","metadata":{},"state":{"value":1},"buffers":[{"path":["x",0],"data":"AAE="}]}]`))
	f.Add([]byte(`{"c0":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}`))
	f.Add([]byte(`{"path":"a.ipynb","queue":[{"cell":"c","msg":"m"}],"input":{"cell":"c","header":{}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		cs := decodeComms(b)
		if len(cs.order) != len(cs.all) {
			t.Errorf("%d comms in order, %d in all", len(cs.order), len(cs.all))
		}
		cs.openings("s")
		if text := cs.encode(); text != nil && len(decodeComms(text).order) != len(cs.order) {
			t.Errorf("%s does not come back", text)
		}
		for cell := range decodeSums(b) {
			_ = cell
		}
		if n, ok := decodeNote(b); ok {
			for _, q := range n.Queue {
				if q == nil {
					t.Error("a task that is none")
				}
			}
		}
	})
}
