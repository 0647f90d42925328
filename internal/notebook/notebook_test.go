package notebook

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustRead(t *testing.T, s string) *Notebook {
	t.Helper()
	n, err := Read(s)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return n
}

// sample is a notebook as nbformat writes it.
const sample = `{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "aaaa",
   "metadata": {},
   "source": [
    "# Tïtle\n",
    "text"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 3,
   "id": "bbbb",
   "metadata": {
    "tags": ["x",  "y"]
   },
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "one\n",
      "two\n"
     ]
    },
    {
     "data": {
      "application/json": [
       "kept",
       1.0,
       1e3
      ],
      "image/png": "aGk=\n",
      "text/plain": [
       "a\u2028b"
      ]
     },
     "execution_count": 3,
     "metadata": {},
     "output_type": "execute_result"
    }
   ],
   "source": [
    "print(1)"
   ]
  }
 ],
 "metadata": {
  "kernelspec": {
   "display_name": "Python 3",
   "name": "python3"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`

func TestReadSample(t *testing.T) {
	t.Parallel()
	n := mustRead(t, sample)
	want := &Notebook{
		Format: 4, Minor: 5, From: 4,
		Metadata: map[string]any{"kernelspec": map[string]any{"display_name": "Python 3", "name": "python3"}},
		Cells: []Cell{
			{ID: "aaaa", Type: Markdown, Source: "# Tïtle\ntext", Metadata: map[string]any{}},
			{
				ID: "bbbb", Type: Code, Source: "print(1)", Metadata: map[string]any{"tags": []any{"x", "y"}}, Count: 3.0,
				Outputs: []map[string]any{
					{"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"},
					{"output_type": "execute_result", "execution_count": 3.0, "metadata": map[string]any{}, "data": map[string]any{
						"application/json": []any{"kept", 1.0, 1000.0}, "image/png": "aGk=\n", "text/plain": "a\u2028b",
					}},
				},
			},
		},
	}
	if d := cmp.Diff(n, want); d != "" {
		t.Errorf("Read (-got +want):\n%s", d)
	}
}

// TestUnchangedKeepsEveryByte writes notebooks of many layouts, broken ones too,
// without a change.
func TestUnchangedKeepsEveryByte(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"usual":         sample,
		"no end":        strings.TrimSuffix(sample, "\n"),
		"two ends":      sample + "\n",
		"four spaces":   strings.ReplaceAll(sample, "\n ", "\n     "),
		"tabs":          strings.ReplaceAll(sample, " ", "\t"),
		"compact":       `{"cells":[{"cell_type":"code","source":"1","metadata":{},"outputs":[],"execution_count":null}],"metadata":{},"nbformat":4,"nbformat_minor":2}`,
		"other order":   `{"nbformat": 4, "nbformat_minor": 5, "metadata": {"b": 1.50, "a": 1E2}, "cells": [ ]}`,
		"escapes":       `{"cells":[{"cell_type":"markdown","id":"a","metadata":{},"source":"\u00e9\/\ud83d\ude00\ud800"}],"metadata":{},"nbformat":4,"nbformat_minor":5}`,
		"big numbers":   `{"cells":[],"metadata":{"n":12345678901234567890,"f":0.1000,"e":1e999,"x":NaN,"i":-Infinity},"nbformat":4,"nbformat_minor":5}`,
		"same keys":     `{"cells":[],"metadata":{"a":1,"a":2},"nbformat":4,"nbformat_minor":5}`,
		"no ids":        `{"cells":[{"cell_type":"code","source":[],"metadata":{},"outputs":[],"execution_count":null},{"cell_type":"raw","metadata":{},"source":"x"}],"metadata":{},"nbformat":4,"nbformat_minor":4}`,
		"wrong outputs": `{"cells":[{"cell_type":"code","id":"a","source":"x","metadata":{},"outputs":"none","execution_count":"7"}],"metadata":{},"nbformat":4,"nbformat_minor":5}`,
		"wrong output":  `{"cells":[{"cell_type":"code","id":"a","source":"x","metadata":{},"outputs":[3,{"output_type":"stream"}],"execution_count":7}],"metadata":{},"nbformat":4,"nbformat_minor":5}`,
		"lacks":         `{"cells":[{"cell_type":"code","id":"a","source":"x"}],"metadata":{},"nbformat":4,"nbformat_minor":5}`,
		"extra":         `{"cells":[{"cell_type":"raw","id":"a","source":"x","metadata":{},"mine":[1]}],"metadata":{},"nbformat":4,"nbformat_minor":9,"more":{"x":[]}}`,
		"odd spaces":    "{\"cells\" : [ {\"cell_type\":\"raw\" ,\"id\":\"a\",\n\"source\":\"x\",\"metadata\":{ }} ,\n\n ],\"metadata\":{},\"nbformat\":4,\"nbformat_minor\":5}",
	}
	cases["odd spaces"] = strings.Replace(cases["odd spaces"], ",\n\n ]", "\n\n ]", 1)
	for name, s := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(mustRead(t, s).Write(s), s); d != "" {
				t.Errorf("Write (-got +want):\n%s", d)
			}
		})
	}
}

// TestChangesKeepTheRest edits the sample and looks at what else changed: nothing.
func TestChangesKeepTheRest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		edit     func(n *Notebook)
		from, to string // of the text
	}{
		{"source", func(n *Notebook) { n.Cells[1].Source = "print(1)\nprint(2)" }, "    \"print(1)\"\n", "    \"print(1)\\n\",\n    \"print(2)\"\n"},
		{"empty source", func(n *Notebook) { n.Cells[1].Source = "" }, "[\n    \"print(1)\"\n   ]", "[]"},
		{"count", func(n *Notebook) { n.Cells[1].Count = nil }, "\"execution_count\": 3,\n   \"id\"", "\"execution_count\": null,\n   \"id\""},
		{"stream", func(n *Notebook) { n.Cells[1].Outputs[0]["text"] = "one\ntwo\nthree" }, "      \"two\\n\"\n", "      \"two\\n\",\n      \"three\"\n"},
		{"metadata", func(n *Notebook) { n.Cells[1].Metadata["collapsed"] = true }, "    \"tags\"", "    \"collapsed\": true,\n    \"tags\""},
		{"fewer cells", func(n *Notebook) { n.Cells = n.Cells[1:] }, sample[strings.Index(sample, "  {\n   \"cell_type\": \"markdown\""):strings.Index(sample, "  {\n   \"cell_type\": \"code\"")], ""},
		{"new cell", func(n *Notebook) {
			n.Cells = append(n.Cells, Cell{ID: "cccc", Type: Code, Source: "é", Metadata: map[string]any{}, Outputs: []map[string]any{}})
		}, "   ]\n  }\n ],", "   ]\n  },\n  {\n   \"cell_type\": \"code\",\n   \"execution_count\": null,\n   \"id\": \"cccc\",\n   \"metadata\": {},\n   \"outputs\": [],\n   \"source\": [\n    \"é\"\n   ]\n  }\n ],"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := mustRead(t, sample)
			c.edit(n)
			if strings.Count(sample, c.from) != 1 {
				t.Fatalf("the sample has %q %d times", c.from, strings.Count(sample, c.from))
			}
			if d := cmp.Diff(n.Write(sample), strings.Replace(sample, c.from, c.to, 1)); d != "" {
				t.Errorf("Write (-got +want):\n%s", d)
			}
		})
	}
}

// TestWriteAnew writes without a file what nbformat would write.
func TestWriteAnew(t *testing.T) {
	t.Parallel()
	want := strings.Replace(sample, `["x",  "y"]`, "[\n     \"x\",\n     \"y\"\n    ]", 1)
	want = strings.NewReplacer("1.0,", "1,", "1e3", "1000", `\u2028b"`, "\u2028\",\n       \"b\"").Replace(want)
	if d := cmp.Diff(mustRead(t, sample).Write(""), want); d != "" {
		t.Errorf("Write (-got +want):\n%s", d)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		cells      int
		problems   []string // a part of each
		lossy      bool
	}{
		{"empty", " \n", 0, nil, false},
		{"cut off", sample[:strings.Index(sample, "1.0")], 2, []string{"damaged in line", "no source", "no output"}, true},
		{"behind the end", sample + "}", 2, []string{"damaged in line"}, true},
		{"same ids", strings.Replace(sample, "bbbb", "aaaa", 1), 2, []string{"same id"}, false},
		{"minor 9", strings.Replace(sample, "_minor\": 5", "_minor\": 9", 1), 2, []string{"4.9, is newer"}, false},
		{"no metadata", `{"cells":[{"cell_type":"raw","source":"","id":"x"}],"nbformat":4,"nbformat_minor":5}`, 1, []string{"notebook has no metadata", "cell has no metadata"}, false},
		{"outputs", `{"cells":[{"cell_type":"code","source":"","id":"x","metadata":{},"outputs":{}}],"metadata":{},"nbformat":4,"nbformat_minor":5}`, 1, []string{"outputs are no list"}, false},
		{"no cell", `{"cells":[7],"metadata":{},"nbformat":4,"nbformat_minor":5}`, 0, []string{"no cell and"}, true},
		{"unknown type", `{"cells":[{"cell_type":"chart","source":"s","id":"x","metadata":{}}],"metadata":{},"nbformat":4,"nbformat_minor":5}`, 1, []string{"chart"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := mustRead(t, c.text)
			if len(n.Cells) != c.cells || n.Lossy != c.lossy || len(n.Problems) != len(c.problems) {
				t.Fatalf("got %d cells, lossy %v, problems %v; want %d, %v, %q", len(n.Cells), n.Lossy, n.Problems, c.cells, c.lossy, c.problems)
			}
			for i, p := range n.Problems {
				if !strings.Contains(p.Message, c.problems[i]) {
					t.Errorf("problem %d is %q, want something with %q", i, p.Message, c.problems[i])
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`[1]`, "not an object"},
		{`{"a":1}`, "no cells"},
		{`{"nbformat":5,"cells":[]}`, "newer"},
		{`{"nbformat":1,"cells":[]}`, "too old"},
		{`{"nbformat":4,"cells":{}}`, "no list"},
		{`hello`, "no notebook"},
		{strings.Replace(sample, `"id": "aaaa",`, `"id" "aaaa",`, 1), "damaged in line"},
		{"{\n<<<<<<< ours\n\"cells\": [],\n>>>>>>> theirs\n", "merge"},
		{`{"cells":` + strings.Repeat("[", 300), "too deep"},
	} {
		_, err := Read(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Read(%.30q) gives %v, want an error with %q", c.text, err, c.want)
		}
	}
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	n := mustRead(t, `{"metadata":{"name":"","signature":"x"},"nbformat":3,"nbformat_minor":0,"worksheets":[{"cells":[
		{"cell_type":"heading","level":2,"metadata":{},"source":["Two\n","lines"]},
		{"cell_type":"code","collapsed":true,"input":["1+1"],"language":"python","metadata":{},"prompt_number":4,"outputs":[
			{"output_type":"pyout","prompt_number":4,"text":["2"],"png":"aGk=","metadata":{}},
			{"output_type":"stream","stream":"stderr","text":["oops\n"]},
			{"output_type":"pyerr","ename":"E","evalue":"v","traceback":["t"]}]}]}]}`)
	want := []Cell{
		{Type: Markdown, Source: "## Two lines", Metadata: map[string]any{}},
		{Type: Code, Source: "1+1", Count: 4.0, Metadata: map[string]any{"collapsed": true}, Outputs: []map[string]any{
			{"output_type": "execute_result", "execution_count": 4.0, "metadata": map[string]any{}, "data": map[string]any{"text/plain": "2", "image/png": "aGk="}},
			{"output_type": "stream", "name": "stderr", "text": "oops\n"},
			{"output_type": "error", "ename": "E", "evalue": "v", "traceback": []any{"t"}},
		}},
	}
	if d := cmp.Diff(n.Cells, want); d != "" {
		t.Errorf("cells (-got +want):\n%s", d)
	}
	if again := mustRead(t, n.Write("")); !cmp.Equal(again.Cells, want) || again.From != 4 {
		t.Errorf("what was upgraded and written reads as %+v", again.Cells)
	}
}

// TestAgreesWithPython reads what nbformat wrote: testdata/nbformat-*.ipynb are
// made by testdata/make.py.
func TestAgreesWithPython(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/nbformat-*.ipynb")
	if err != nil || len(names) == 0 {
		t.Fatalf("no notebooks by nbformat: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n := mustRead(t, string(b))
		if len(n.Problems) > 0 {
			t.Errorf("%s: problems %v", name, n.Problems)
		}
		if d := cmp.Diff(n.Write(""), string(b)); d != "" {
			t.Errorf("%s: written anew (-got +want):\n%s", name, d)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample)
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Read(s)
		if err != nil {
			return
		}
		same := n.Write(s)
		again, err := Read(same)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%q", err, same)
		}
		if len(again.Cells) != len(n.Cells) {
			t.Fatalf("%d cells after writing, want %d", len(again.Cells), len(n.Cells))
		}
		for i := range n.Cells {
			if !again.Cells[i].Equal(&n.Cells[i]) {
				t.Fatalf("cell %d is\n%#v after writing, want\n%#v", i, again.Cells[i], n.Cells[i])
			}
		}
		if len(n.Problems) == 0 && n.From == 4 && strings.TrimSpace(s) != "" && same != s {
			t.Fatalf("a whole notebook is written as another text:\n%q\n%q", same, s)
		}
	})
}
