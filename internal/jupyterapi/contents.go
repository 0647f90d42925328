package jupyterapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// model is Jupyter's model of a file, notebook or folder.
type model struct {
	Name     string  `json:"name"`
	Path     string  `json:"path"`
	Modified string  `json:"last_modified"`
	Created  string  `json:"created"`
	Content  any     `json:"content"`
	Format   *string `json:"format"`
	Mimetype *string `json:"mimetype"`
	Size     *int64  `json:"size"`
	Writable bool    `json:"writable"`
	Hash     *string `json:"hash"`
	HashAlgo *string `json:"hash_algorithm"`
	Type     string  `json:"type"`
	Message  string  `json:"message,omitempty"` // what is wrong with a notebook
}

// modelChange is what a client sends.
type modelChange struct {
	Type     *string         `json:"type"`
	Format   *string         `json:"format"`
	Content  json.RawMessage `json:"content"`
	Path     *string         `json:"path"`
	Ext      *string         `json:"ext"`
	CopyFrom *string         `json:"copy_from"`
	Chunk    *int            `json:"chunk"`
}

// maxModel is the longest body with content: 32 MB of text with every character
// escaped would be more, but is no text.
const maxModel = 3 * api.MaxDocumentBytes

// contents answers api/contents/{path}….
func (s *Server) contents(q *request) error {
	rest.Stream(q.w)
	tail := q.tail
	if n := len(tail); n >= 2 && tail[n-1] == "checkpoints" || n >= 3 && tail[n-2] == "checkpoints" {
		end := n - 1
		if tail[n-1] != "checkpoints" {
			end = n - 2
		}
		at := strings.Join(tail[:end], "/")
		if e, err := s.Files.StatFollow(q.Context(), at); err == nil && e.Kind == files.File {
			if err := q.visible(s.Files, at); err != nil {
				return err
			}
			return s.checkpoints(q, at, strings.Join(tail[end+1:], "/"))
		}
	}
	at := strings.Join(tail, "/")
	if q.Method != http.MethodGet && q.Method != http.MethodHead && files.Hidden(at) {
		return errHidden
	}
	if err := q.visible(s.Files, at); err != nil {
		return err
	}
	switch q.Method {
	case http.MethodGet, http.MethodHead:
		return s.get(q, at)
	case http.MethodPut:
		return s.save(q, at)
	case http.MethodPost:
		return s.create(q, at)
	case http.MethodPatch:
		return s.rename(q, at)
	case http.MethodDelete:
		return s.remove(q, at)
	}
	return q.wrong()
}

// errHidden refuses to change what this API does not show, as Jupyter Server does.
var errHidden = &statusError{http.StatusBadRequest, "what is hidden cannot be changed here"}

// visible refuses paths that are none, and hidden ones: as Jupyter Server does by
// default, for everybody. To a viewer also what a link leads to must not be hidden.
func (q *request) visible(dir *files.Dir, at string) error {
	if _, err := files.Decode(at); err != nil {
		return err
	}
	missing := lyceum.Errorf(lyceum.NotFound, "No such file or directory: %s", at)
	if files.Hidden(at) {
		return missing
	}
	if q.Ticket.Can(lyceum.ReadHidden) || at == "" {
		return nil
	}
	real, err := dir.Resolve(q.Context(), at)
	if lyceum.IsKind(err, lyceum.NotFound) || err == nil && files.Hidden(real) {
		return missing
	}
	return err
}

func folderOf(at string) string {
	dir, _ := files.Split(at)
	return dir
}

// modelFor is the model of an entry without its content.
func (q *request) modelFor(e files.Entry, at string) model {
	_, name := files.Split(at)
	m := model{Name: name, Path: at, Modified: stamp(e.Modified), Created: stamp(e.Modified), Writable: e.Mode&0o200 != 0 && q.Ticket.Can(lyceum.WriteFiles)}
	switch {
	case e.Kind == files.Folder:
		m.Type = "directory"
	case strings.HasSuffix(at, ".ipynb"):
		m.Type, m.Size = "notebook", &e.Size
	default:
		m.Type, m.Size = "file", &e.Size
	}
	return m
}

// create makes a new file with a name of its own in the folder at, or a copy there.
func (s *Server) create(q *request, at string) error {
	var n modelChange
	if err := q.body(maxBody, &n); err != nil {
		return err
	}
	if n.CopyFrom != nil && files.Hidden(strings.Trim(*n.CopyFrom, "/")) {
		return errHidden
	}
	e, err := s.Files.StatFollow(q.Context(), at)
	if lyceum.IsKind(err, lyceum.NotFound) && n.CopyFrom != nil { // a copy makes its folder, as Jupyter's does
		if err = s.Documents.Mkdir(q.Context(), at); err == nil {
			e.Kind = files.Folder
		}
	}
	if err != nil {
		return err
	}
	if e.Kind != files.Folder {
		return &statusError{http.StatusBadRequest, "Cannot POST to files, use PUT instead."}
	}
	if n.CopyFrom != nil {
		return s.copy(q, strings.Trim(*n.CopyFrom, "/"), at)
	}
	kind, ext := "file", ""
	if n.Type != nil {
		kind = *n.Type
	}
	if n.Ext != nil {
		ext = *n.Ext
	}
	var made string
	switch kind {
	case "directory":
		made, err = s.fresh(q, at, "Untitled Folder", "", " ", func(to string) error { return s.Documents.Mkdir(q.Context(), to) })
	case "notebook":
		made, err = s.fresh(q, at, "Untitled", ".ipynb", "", s.writer(q, emptyNotebook))
	case "file":
		if ext == ".ipynb" {
			made, err = s.fresh(q, at, "Untitled", ext, "", s.writer(q, emptyNotebook))
			break
		}
		made, err = s.fresh(q, at, "untitled", ext, "", s.writer(q, ""))
	default:
		return &statusError{http.StatusBadRequest, fmt.Sprintf("Unexpected type: %q", kind)}
	}
	if err != nil {
		return err
	}
	return s.made(q, made)
}

const emptyNotebook = `{
 "cells": [],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
`

// writer returns what writes a new file.
func (s *Server) writer(q *request, text string) func(to string) error {
	return func(to string) error {
		if err := s.Documents.Room(q.Context(), int64(len(text))); err != nil {
			return err
		}
		_, err := s.Documents.Write(q.Context(), to, strings.NewReader(text), files.Write{IfAbsent: true})
		return err
	}
}

// maxFresh is how many names are tried.
const maxFresh = 10000

// fresh calls f with names until one is not taken.
func (s *Server) fresh(q *request, dir, stem, ext, gap string, f func(to string) error) (string, error) {
	if strings.ContainsAny(ext, "/\x00") || len(ext) > 100 {
		return "", lyceum.Errorf(lyceum.Invalid, "this is no ending of a name")
	}
	for i := range maxFresh {
		if strings.HasSuffix(stem, "-Copy") {
			i++ // there is none without a number
		}
		name := stem + ext
		if i > 0 {
			name = fmt.Sprintf("%s%s%d%s", stem, gap, i, ext)
		}
		to := files.Join(dir, name)
		if _, err := s.Files.Stat(q.Context(), to); err == nil {
			continue
		}
		if err := f(to); !lyceum.IsKind(err, lyceum.Conflict) {
			return to, err
		}
	}
	return "", lyceum.Errorf(lyceum.Conflict, "there is no free name for this")
}

var copyEnd = regexp.MustCompile(`-Copy[0-9]*$`)

func (s *Server) copy(q *request, from, dir string) error {
	if err := q.visible(s.Files, from); err != nil {
		return err
	}
	e, err := s.Files.StatFollow(q.Context(), from)
	if err != nil {
		return err
	}
	if err := s.Documents.Flush(q.Context(), from); err != nil {
		return err
	}
	if err := s.Documents.Room(q.Context(), e.Size); err != nil {
		return err
	}
	_, name := files.Split(from)
	ext := path.Ext(name)
	if e.Kind == files.Folder {
		ext = ""
	}
	stem := copyEnd.ReplaceAllString(strings.TrimSuffix(name, ext), "") // a copy of a copy is one of the same
	to := files.Join(dir, name)
	put := func(to string) error { return s.Documents.Copy(q.Context(), from, to) }
	if _, err = s.Files.Stat(q.Context(), to); err == nil {
		to, err = s.fresh(q, dir, stem+"-Copy", ext, "", put)
	} else {
		err = put(to)
	}
	if err != nil {
		return err
	}
	return s.made(q, to)
}

// made answers with the model of what is new.
func (s *Server) made(q *request, at string) error {
	m, err := s.stat(q, at)
	if err != nil {
		return err
	}
	return q.created(m, "api/contents", at)
}

func (s *Server) stat(q *request, at string) (model, error) {
	e, err := s.Files.StatFollow(q.Context(), at)
	return q.modelFor(e, at), err
}

// rename moves at to the path of the body.
func (s *Server) rename(q *request, at string) error {
	var n modelChange
	if err := q.body(maxBody, &n); err != nil {
		return err
	}
	if n.Path == nil || strings.Trim(*n.Path, "/") == "" || at == "" {
		return &statusError{http.StatusBadRequest, "JSON body missing: a path is needed"}
	}
	to := strings.Trim(*n.Path, "/")
	if err := q.visible(s.Files, to); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
		return err
	}
	if files.Hidden(to) {
		return &statusError{http.StatusBadRequest, "Cannot rename file or directory to a hidden name"}
	}
	if to != at {
		if _, err := s.Files.Stat(q.Context(), at); err != nil {
			return err
		}
		if _, err := s.Files.Stat(q.Context(), to); err == nil {
			return lyceum.Errorf(lyceum.Conflict, "File already exists: %s", to)
		}
		if err := s.Documents.Move(q.Context(), at, to); err != nil {
			return err
		}
		if err := s.moveCheckpoint(q.Context(), at, to); err != nil {
			return err
		}
	}
	m, err := s.stat(q, to)
	if err != nil {
		return err
	}
	q.locate("api/contents", to)
	return q.answer(http.StatusOK, m)
}

// remove moves at into the trash.
func (s *Server) remove(q *request, at string) error {
	if at == "" {
		return &statusError{http.StatusBadRequest, "the home cannot be deleted"}
	}
	if _, err := s.Files.Stat(q.Context(), at); err != nil {
		return err
	}
	if err := s.Documents.Delete(q.Context(), at, q.Ticket); err != nil {
		return err
	}
	s.eachBase(q.Context(), at, func(name, _ string) { _ = s.Files.Remove(q.Context(), name, false) }) // mostly there is none
	return q.done()
}
