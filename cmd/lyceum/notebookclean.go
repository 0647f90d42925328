package main

import (
	"io"
	"os"

	"lyceum/internal/notebook"
)

// notebookCleanCmd is a filter of git: it takes the outputs out of a notebook.
type notebookCleanCmd struct{}

// Run reads a notebook and writes it without outputs, counts and times. What is no
// notebook is written as it is: a filter must not lose anything.
func (notebookCleanCmd) Run(t *terminal) error { return cleanNotebook(os.Stdin, t.out) }

func cleanNotebook(in io.Reader, out io.Writer) error {
	b, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	text := string(b)
	n, err := notebook.Read(text)
	if err == nil && !n.Lossy && text != "" {
		for i := range n.Cells {
			c := &n.Cells[i]
			delete(c.Metadata, "execution")
			delete(c.Metadata, "lyceum")
			if c.Type == notebook.Code {
				c.Outputs, c.Count = []map[string]any{}, nil
			}
		}
		delete(n.Metadata, "widgets")
		text = n.Write(text)
	}
	_, err = io.WriteString(out, text)
	return err
}
