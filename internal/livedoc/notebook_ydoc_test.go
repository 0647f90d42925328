package livedoc

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/notebook"
	"lyceum/internal/ydoc"
)

// ynotebook asks @jupyter/ydoc's YNotebook, in node.
type ynotebook struct {
	t   *testing.T
	in  *json.Encoder
	out *json.Decoder
}

type ynotebookAnswer struct {
	Update   []byte          `json:"update"`
	Notebook json.RawMessage `json:"notebook"`
}

func newYNotebook(t *testing.T) *ynotebook {
	t.Helper()
	modules, err := filepath.Abs("../../web/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "@jupyter/ydoc")); err != nil {
		t.Fatalf("npm @jupyter/ydoc is missing: run `make web-deps`: %v", err)
	}
	cmd := exec.Command("node", "testdata/ynotebook/driver.mjs", modules)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("node is needed: %v", err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("node ended with %v", err)
		}
	})
	return &ynotebook{t, json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))}
}

func (n *ynotebook) ask(q map[string]any) (a ynotebookAnswer) {
	n.t.Helper()
	if err := n.in.Encode(q); err != nil {
		n.t.Fatal(err)
	}
	if err := n.out.Decode(&a); err != nil {
		n.t.Fatal(err)
	}
	return a
}

// everything is a notebook with something of all.
func everything() *notebook.Notebook {
	return &notebook.Notebook{
		Format: 4, Minor: 5, From: 4,
		Metadata: map[string]any{"kernelspec": map[string]any{"name": "python3", "display_name": "Python 3"}, "list": []any{1.0, nil, true, "é😀"}},
		Cells: []notebook.Cell{
			{ID: "m", Type: "markdown", Source: "# Title\n![](attachment:a.png)", Metadata: map[string]any{"level": 2.0}, Attachments: map[string]any{"a.png": map[string]any{"image/png": "aGk="}}},
			{ID: "c", Type: "code", Source: "print('😀')\n", Metadata: map[string]any{}, Count: 3.0, Outputs: []map[string]any{
				{"output_type": "stream", "name": "stdout", "text": "😀\n"},
				{"output_type": "display_data", "data": map[string]any{"text/html": "<b>", "application/json": map[string]any{"a": []any{1.5}}}, "metadata": map[string]any{"x": 1.0}},
				{"output_type": "execute_result", "data": map[string]any{"text/plain": "1"}, "metadata": map[string]any{}, "execution_count": 3.0},
				{"output_type": "error", "ename": "E", "evalue": "v", "traceback": []any{"a", "b"}},
			}},
			{ID: "r", Type: "raw", Source: "raw", Metadata: map[string]any{"format": "x"}},
			{ID: "e", Type: "code", Source: "", Metadata: map[string]any{}, Outputs: []map[string]any{}},
		},
	}
}

// joined is a notebook as Jupyter's server gives it to its pages: texts in one piece.
func joined(n *notebook.Notebook) map[string]any {
	cells := []any{}
	for _, c := range n.Cells {
		m := map[string]any{"id": c.ID, "cell_type": c.Type, "source": c.Source, "metadata": c.Metadata}
		if c.Type == notebook.Code {
			m["outputs"], m["execution_count"] = c.Outputs, c.Count
		}
		if c.Attachments != nil {
			m["attachments"] = c.Attachments
		}
		cells = append(cells, m)
	}
	return map[string]any{"nbformat": n.Format, "nbformat_minor": n.Minor, "metadata": n.Metadata, "cells": cells}
}

func load(t *testing.T, update []byte) *ydoc.Doc {
	t.Helper()
	y := ydoc.New(ydoc.Config{})
	if _, err := y.Apply(update); err != nil {
		t.Fatal(err)
	}
	return y
}

func read(t *testing.T, text []byte) *notebook.Notebook {
	t.Helper()
	n, err := notebook.Read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	n.Problems = nil
	return n
}

// TestAgreesWithYNotebook gives documents back and forth between ours and that of
// @jupyter/ydoc, and lets each edit what the other made.
func TestAgreesWithYNotebook(t *testing.T) {
	t.Parallel()
	n := newYNotebook(t)
	want := everything()
	ours := ydoc.New(ydoc.Config{})
	var err error
	ours.Transact(func(tx *ydoc.Tx) { err = fillNotebook(tx, ours, want) })
	if err != nil {
		t.Fatal(err)
	}
	state := ours.EncodeState(nil)
	if d := cmp.Diff(read(t, n.ask(map[string]any{"act": "read", "update": state}).Notebook), want); d != "" {
		t.Errorf("YNotebook reads ours as (-got +want):\n%s", d)
	}
	theirs := n.ask(map[string]any{"act": "write", "notebook": joined(want)})
	got := readNotebook(load(t, theirs.Update))
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("we read that of YNotebook as (-got +want):\n%s", d)
	}
	// It edits ours, we read what came of it, edit that, and it reads it again.
	edited := n.ask(map[string]any{"act": "edit", "update": state})
	if _, err := ours.Apply(edited.Update); err != nil {
		t.Fatal(err)
	}
	told := read(t, edited.Notebook)
	if d := cmp.Diff(readNotebook(ours), told); d != "" {
		t.Errorf("what YNotebook has edited reads as (-got +want):\n%s", d)
	}
	told.Cells = append(told.Cells[2:], told.Cells[0])
	told.Cells[0].Source = "changed"
	told.Metadata["title"] = "other"
	ours.Transact(func(tx *ydoc.Tx) { err = editNotebook(tx, ours, told) })
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(read(t, n.ask(map[string]any{"act": "read", "update": ours.EncodeState(nil)}).Notebook), told); d != "" {
		t.Errorf("YNotebook reads what we have edited as (-got +want):\n%s", d)
	}
}
