package kernels

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

// stream writes pieces one after the other, as a document would get them.
func stream(pieces ...string) string {
	var l lineState
	text := ydoc.New(ydoc.Config{})
	shared := text.Text("t")
	for _, p := range pieces {
		drop, add := l.write(p)
		text.Transact(func(tx *ydoc.Tx) {
			if shared.Delete(tx, shared.Len()-drop, drop) != nil || shared.Insert(tx, shared.Len(), add) != nil {
				panic("the stream lacks what is to be dropped")
			}
		})
	}
	return shared.String()
}

// Streams show what a terminal would.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pieces []string
		want   string
	}{
		{[]string{"a\nb"}, "a\nb"},
		{[]string{"10%", "\r20%", "\r30%\n", "x"}, "30%\nx"},
		{[]string{"long text\rab"}, "abng text"},
		{[]string{"long text", "\r\x1b[Kab"}, "ab"},
		{[]string{"a\r\n", "b\r", "\nc"}, "a\nb\nc"},
		{[]string{"abc\b\bX"}, "aXc"},
		{[]string{"\b\bx"}, "x"},
		{[]string{"😀😀\ra"}, "a😀"},
		{[]string{"é", "\rè"}, "è"},
		{[]string{"keep\n", "\rgone", "\rnew"}, "keep\nnewe"},
		{[]string{strings.Repeat("x", maxLine+1), "\ry"}, strings.Repeat("x", maxLine+1) + "y"},
	} {
		if got := stream(c.pieces...); got != c.want {
			t.Errorf("%.60q gives %.80q, want %.80q", c.pieces, got, c.want)
		}
		if whole := stream(strings.Join(c.pieces, "")); len(c.want) < 100 && whole != stream(c.pieces...) {
			t.Errorf("%q in one piece gives %q, in several %q", c.pieces, whole, stream(c.pieces...))
		}
	}
}

// What is shortened again and again has its beginning, its end, and one mark.
func TestShorten(t *testing.T) {
	t.Parallel()
	o := op{text: "begin " + strings.Repeat("é", keepTail)}
	o.shorten()
	for range 5 {
		o.text += strings.Repeat("y", keepTail) + " end"
		o.shorten()
	}
	if len(o.text) > keepHead+keepTail+100 || !strings.HasPrefix(o.text, "begin é") || !strings.HasSuffix(o.text, "y end") || strings.Count(o.text, "bytes left out") != 1 {
		t.Errorf("%d bytes are left: %.40q … %q", len(o.text), o.text, o.text[len(o.text)-40:])
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s            string
		units, runes int
	}{{"abc", 2, 2}, {"😀b", 2, 1}, {"😀b", 3, 2}, {"é", 1, 1}, {"a", 0, 0}} {
		if got := toRunes(c.s, c.units); got != c.runes {
			t.Errorf("%d units of %q are %d characters, want %d", c.units, c.s, got, c.runes)
		}
		if got := toUnits(c.s, c.runes); got != c.units {
			t.Errorf("%d characters of %q are %d units, want %d", c.runes, c.s, got, c.units)
		}
	}
	if got := toRunes("a", 99) + toUnits("a", 99); got != 2 {
		t.Errorf("places behind the end give %d", got)
	}
}

func TestRequestsNameCells(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"4f2a", "with.dots", "odd \" one"} {
		if got := cellOf(newRequest(cell)); got != cell {
			t.Errorf("the cell of its request is %q, want %q", got, cell)
		}
	}
	if got := cellOf("0a1b-2c.x"); got != "" {
		t.Errorf("a request of somebody else names %q", got)
	}
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	s := NewBlobs(t.TempDir() + "/blobs")
	if !s.Empty() {
		t.Error("a new store has something")
	}
	a, err := s.Put([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Put([]byte("hello")); err != nil || again != a {
		t.Errorf("the same again is %s, %v, want %s", again, err, a)
	}
	b, err := s.Put([]byte("other"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Open(a)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err != nil || string(got) != "hello" || f.Close() != nil {
		t.Errorf("it holds %q, %v", got, err)
	}
	for _, bad := range []string{"", "..", strings.ToUpper(a), strings.Repeat("0", 64), a + "/"} {
		if _, err := s.Open(bad); !lyceum.IsKind(err, lyceum.NotFound) {
			t.Errorf("%q is opened with %v", bad, err)
		}
	}
	if freed, err := s.Collect(map[string]bool{a: true}, time.Now().Add(-time.Hour)); freed != 0 || err != nil {
		t.Errorf("collecting what is young frees %d, %v", freed, err)
	}
	if freed, err := s.Collect(map[string]bool{a: true}, time.Now().Add(time.Hour)); freed != 5 || err != nil {
		t.Errorf("collecting frees %d, %v, want 5", freed, err)
	}
	if _, err := s.Open(b); !lyceum.IsKind(err, lyceum.NotFound) {
		t.Errorf("what was collected is opened with %v", err)
	}
}

// Where blobs cannot be written, an output has its preview all the same.
func TestSetAsideWithoutRoom(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := NewRuns(RunConfig{Blobs: NewBlobs(file + "/blobs")})
	defer r.Close()
	b := &book{runs: r}
	out := map[string]any{"data": map[string]any{"text/html": strings.Repeat("<p>", 1<<20), "text/plain": "small"}, "metadata": map[string]any{}}
	b.setAside(out)
	data := out["data"].(map[string]any)
	if got := data["text/html"].(string); len(got) > 3*previewEnd || !strings.Contains(got, "bytes left out") || data["text/plain"] != "small" {
		t.Errorf("the data is %.100v", data)
	}
	entry := out["metadata"].(map[string]any)["lyceum"].(map[string]any)["blob"].(map[string]any)["text/html"].(map[string]any)
	if entry["size"] != float64(3<<20) || entry["hash"] != nil {
		t.Errorf("the blob is told as %v", entry)
	}
}

func TestUnquotePython(t *testing.T) {
	t.Parallel()
	got, ok := unquotePython(`'[{"name": "x", "value": "\'a\' \\"b\\" \\\\n"}]'`)
	if want := `[{"name": "x", "value": "'a' \"b\" \\n"}]`; !ok || got != want {
		t.Errorf("got %s, %v, want %s", got, ok, want)
	}
	for _, bad := range []string{"", "'", "None", `'x"`} {
		if _, ok := unquotePython(bad); ok {
			t.Errorf("%q is taken for a string", bad)
		}
	}
}
