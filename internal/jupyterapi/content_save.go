package jupyterapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/notebook"
)

// save writes the content of the body to at. A file that is edited live is edited:
// whoever has it open sees it, and the history has it.
func (s *Server) save(q *request, at string) error {
	var n modelChange
	if err := q.body(maxModel, &n); err != nil {
		return err
	}
	if at == "" {
		return &statusError{http.StatusBadRequest, "the home cannot be written"}
	}
	if n.Path != nil && files.Hidden(strings.Trim(*n.Path, "/")) {
		return errHidden
	}
	if n.CopyFrom != nil {
		return &statusError{http.StatusBadRequest, "Cannot copy with PUT, only POST"}
	}
	if n.Type == nil {
		if n.Content == nil && n.Path == nil { // an empty body: an empty file
			return s.saveEmpty(q, at)
		}
		return &statusError{http.StatusBadRequest, "No file type provided"}
	}
	e, err := s.Files.StatFollow(q.Context(), at)
	isNew := lyceum.IsKind(err, lyceum.NotFound)
	if err != nil && !isNew {
		return err
	}
	if !isNew && (e.Kind == files.Folder) != (*n.Type == "directory") {
		return &statusError{http.StatusBadRequest, at + " is something else already"}
	}
	switch *n.Type {
	case "directory":
		if isNew {
			err = s.Documents.Mkdir(q.Context(), at)
		} else {
			err = nil
		}
	case "notebook", "file":
		if len(n.Content) == 0 || string(n.Content) == "null" {
			return &statusError{http.StatusBadRequest, "No file content provided"}
		}
		err = s.putContent(q, at, n)
	default:
		return &statusError{http.StatusBadRequest, fmt.Sprintf("Unhandled contents type: %s", *n.Type)}
	}
	if err != nil {
		return err
	}
	m, err := s.stat(q, at)
	if err != nil {
		if n.Chunk != nil && *n.Chunk > 0 && lyceum.IsKind(err, lyceum.NotFound) { // it is not all there yet
			m = model{Name: at[strings.LastIndexByte(at, '/')+1:], Path: at, Type: *n.Type, Writable: true}
			return q.answer(http.StatusOK, m)
		}
		return err
	}
	if isNew {
		return q.created(m, "api/contents", at)
	}
	return q.answer(http.StatusOK, m)
}

func (s *Server) saveEmpty(q *request, at string) error {
	_, err := s.Files.StatFollow(q.Context(), at)
	if err == nil {
		return &statusError{http.StatusBadRequest, "No file type provided"}
	}
	content := ""
	if strings.HasSuffix(at, ".ipynb") {
		content = emptyNotebook
	}
	if err := s.writer(q, content)(at); err != nil {
		return err
	}
	return s.made(q, at)
}

// putContent writes the content of a model that is no folder.
func (s *Server) putContent(q *request, at string, n modelChange) error {
	if *n.Type == "notebook" {
		if n.Content[0] != '{' {
			return &statusError{http.StatusBadRequest, "the content of a notebook is a JSON object"}
		}
		return s.saveNotebook(q, at, string(n.Content))
	}
	format := ""
	if n.Format != nil {
		format = *n.Format
	}
	var content string
	if format == "json" {
		return &statusError{http.StatusBadRequest, "Must specify format of file contents as 'text' or 'base64'"}
	}
	if err := json.Unmarshal(n.Content, &content); err != nil {
		return &statusError{http.StatusBadRequest, "the content of a file is a string"}
	}
	data := []byte(content)
	switch format {
	case "text":
	case "base64":
		var err error
		if data, err = base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(content)); err != nil {
			return &statusError{http.StatusBadRequest, "the content is not base64"}
		}
	default:
		return &statusError{http.StatusBadRequest, "Must specify format of file contents as 'text' or 'base64'"}
	}
	if n.Chunk != nil {
		return s.saveChunk(q, at, *n.Chunk, data)
	}
	if format == "text" {
		return s.saveText(q, at, content)
	}
	return s.saveBytes(q, at, data)
}

func (s *Server) saveNotebook(q *request, at, content string) error {
	n, err := notebook.Read(content)
	if err != nil {
		return &statusError{http.StatusBadRequest, "Unreadable Notebook: " + err.Error()}
	}
	base := ""
	if err := s.Documents.Flush(q.Context(), at); err != nil {
		return err
	}
	b, _, err := s.Files.ReadAll(q.Context(), at, api.MaxDocumentBytes)
	if err == nil {
		base = string(b)
	} else if !lyceum.IsKind(err, lyceum.NotFound) {
		return err
	}
	return s.saveText(q, at, n.Write(base))
}

// saveText writes text, by an edit of the live document where there can be one.
func (s *Server) saveText(q *request, at, text string) error {
	if err := s.Documents.Room(q.Context(), int64(len(text))); err != nil {
		return err
	}
	var done bool
	var err error
	if base, ok := s.baseOf(q, at); ok {
		done, err = s.Documents.SayOver(q.Context(), at, base, text, string(q.Ticket.Account))
	} else {
		done, err = s.Documents.Say(q.Context(), at, text, string(q.Ticket.Account))
	}
	if err == nil && !done {
		err = s.saveBytes(q, at, []byte(text))
	}
	if err == nil {
		s.remember(q, at, text)
	}
	return err
}

func (s *Server) saveBytes(q *request, at string, b []byte) error {
	if err := s.Documents.Room(q.Context(), int64(len(b))); err != nil {
		return err
	}
	_, err := s.Documents.Write(q.Context(), at, bytes.NewReader(b), files.Write{})
	s.forget(q, at)
	return err
}
