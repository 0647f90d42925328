package livedoc

import (
	"errors"
	"path"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/notebook"
	"lyceum/internal/ydoc"
)

// model is how the text of a file and a shared document belong together. The model of
// a document is that of its epoch.
type model interface {
	// name is what a note of the file and the hello message call it.
	name() string
	// accepts returns why a text cannot be held, an error of kind Invalid.
	accepts(text string) error
	// begin fills a new document, and gives it something even of an empty text.
	begin(tx *ydoc.Tx, y *ydoc.Doc, text string) error
	// become makes the document say text by few small edits.
	become(tx *ydoc.Tx, y *ydoc.Doc, text string) error
	// says reports whether the document says text.
	says(y *ydoc.Doc, text string) bool
	// text is what the document says.
	text(y *ydoc.Doc) string
	// weigh returns what text is long at most, roughly, of a document whose state has
	// that many bytes.
	weigh(y *ydoc.Doc, state int) int
	// problems are those of the text that was accepted last, and whether the document
	// lacks some of it.
	problems() (all []notebook.Problem, lossy bool)
	// written says that the file has what the document has.
	written()
	// saving takes what is to be written out of the document. What it returns makes the
	// file's text of it, given the text that the file has now ("" when there is none or it
	// is not known), and needs the document no more.
	saving(y *ydoc.Doc) func(base string) string
}

const notebookName = "notebook"

// models by name; "" is text, as notes from before there were others say.
func modelNamed(name string) (model, error) {
	switch name {
	case "":
		return textModel{}, nil
	case notebookName:
		return &notebookModel{}, nil
	}
	return nil, errors.New("a log is of a kind of document that is not known: " + name)
}

// modelOf returns the model of a state whose note is not at hand.
func modelOf(y *ydoc.Doc) model {
	if isNotebook(y) {
		return &notebookModel{}
	}
	return textModel{}
}

// modelFor returns the model for a file, and why it is not the one that its name
// promises.
func modelFor(file, text string) (m model, why error) {
	if !strings.EqualFold(path.Ext(file), ".ipynb") {
		return textModel{}, nil
	}
	n := &notebookModel{}
	if err := n.accepts(text); err != nil {
		return textModel{}, err
	}
	return n, nil
}

// errModel says that the log of a document is of another model than its file has now.
var errModel = errors.New("the file is another kind of document now")

// fits returns errModel when the file's text wants another model than the log has,
// unless there are edits that the file has not: these are written first.
func (d *document) fits(text string) error {
	m, _ := modelFor(d.path, text)
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.name() == d.model.name() || d.dirtyLocked() {
		return nil
	}
	return errModel
}

// cannotReadLocked says that the file is there and cannot be taken over.
func (d *document) cannotReadLocked(why error) {
	d.problem = "The file on disk is no notebook any more. The document is kept as it is; edits are not written to the file."
	if e, ok := errors.AsType[*lyceum.Error](why); ok {
		d.problem = "The file on disk cannot be read as a notebook: " + e.Message + ". The document is kept as it is; edits are not written to the file."
	}
	d.unreadable = true
}

// asText says why a file with the name of a notebook is open as text.
func asText(why error) *notice {
	message := "it cannot be read"
	if e, ok := errors.AsType[*lyceum.Error](why); ok {
		message = e.Message
	}
	return &notice{T: "error", Code: lyceum.Invalid.String(), Message: "This notebook is open as text: " + message + "."}
}

// textModel holds the text in a root of its own.
type textModel struct{}

func (textModel) name() string                         { return "" }
func (textModel) accepts(string) error                 { return nil }
func (textModel) written()                             {}
func (textModel) problems() ([]notebook.Problem, bool) { return nil, false }
func (textModel) text(y *ydoc.Doc) string              { return y.Text(api.TextRoot).String() }
func (m textModel) says(y *ydoc.Doc, s string) bool    { return m.text(y) == s }
func (m textModel) weigh(y *ydoc.Doc, _ int) int       { return len(m.text(y)) }

func (textModel) begin(tx *ydoc.Tx, y *ydoc.Doc, text string) error {
	shared := y.Text(api.TextRoot)
	// Even of an empty file, the state names the epoch: ADR 6.
	return errors.Join(shared.Insert(tx, 0, "-"), shared.Delete(tx, 0, 1), shared.Insert(tx, 0, text))
}

func (textModel) become(tx *ydoc.Tx, y *ydoc.Doc, text string) error {
	return y.Text(api.TextRoot).ReplaceWith(tx, text)
}

func (m textModel) saving(y *ydoc.Doc) func(string) string {
	text := m.text(y)
	return func(string) string { return text }
}
