package jupyterapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/notebook"
)

// maxList is the most entries of a folder that are told: the API has no pages.
const maxList = 20000

// get answers with a model. What is open is written into its file first, so that
// content and time of change are those of now.
func (s *Server) get(q *request, at string) error {
	v := q.URL.Query()
	want := v.Get("type")
	switch want {
	case "", "file", "notebook", "directory":
	default:
		return &statusError{http.StatusBadRequest, "Type " + want + " is invalid"}
	}
	format := v.Get("format")
	switch format {
	case "", "text", "base64", "json":
	default:
		return &statusError{http.StatusBadRequest, "Format " + format + " is invalid"}
	}
	e, err := s.Files.StatFollow(q.Context(), at)
	if lyceum.IsKind(err, lyceum.NotFound) {
		return lyceum.Errorf(lyceum.NotFound, "No such file or directory: %s", at)
	}
	if err != nil {
		return err
	}
	if (e.Kind == files.Folder) != (want == "directory") && want != "" {
		reason := at + " is not a directory"
		if e.Kind == files.Folder {
			reason = at + " is a directory, not a " + want
		}
		return &statusError{http.StatusBadRequest, reason}
	}
	full := v.Get("content") != "0"
	if e.Kind == files.Folder {
		return s.list(q, q.modelFor(e, at), full)
	}
	if err := s.Documents.Flush(q.Context(), at); err != nil {
		return err
	}
	if e, err = s.Files.StatFollow(q.Context(), at); err != nil {
		return err
	}
	m := q.modelFor(e, at)
	if want != "" {
		m.Type = want
	}
	if full || v.Get("hash") == "1" {
		if err := s.fill(q, &m, format, full, v.Get("hash") == "1"); err != nil {
			return err
		}
	}
	return q.answer(http.StatusOK, m)
}

func (s *Server) list(q *request, m model, full bool) error {
	if full {
		l, err := s.Files.List(q.Context(), m.Path, files.Page{Limit: files.MaxPage})
		models := []model{}
		for n := 0; err == nil; n += len(l.Entries) {
			for _, e := range l.Entries {
				if e.Kind == files.Symlink {
					to, err := s.Files.StatFollow(q.Context(), e.Path)
					if err != nil || q.visible(s.Files, e.Path) != nil {
						continue // it leads nowhere
					}
					to.Path = e.Path
					e = to
				}
				if e.Kind == files.Folder || e.Kind == files.File {
					models = append(models, q.modelFor(e, e.Path))
				}
			}
			if l.Next == "" || n >= maxList {
				break
			}
			l, err = s.Files.List(q.Context(), m.Path, files.Page{Limit: files.MaxPage, After: l.Next})
		}
		if err != nil {
			return err
		}
		m.Content, m.Format = models, text("json")
	}
	return q.answer(http.StatusOK, m)
}

func text(s string) *string { return &s }

// fill reads the content of a file.
func (s *Server) fill(q *request, m *model, format string, full, hash bool) error {
	b, _, err := s.Files.ReadAll(q.Context(), m.Path, api.MaxDocumentBytes)
	if err != nil {
		return err
	}
	if hash {
		sum := sha256.Sum256(b)
		m.Hash, m.HashAlgo = text(hex.EncodeToString(sum[:])), text("sha256")
	}
	if !full {
		return nil
	}
	if utf8.Valid(b) {
		s.remember(q, m.Path, string(b))
	}
	if m.Type == "notebook" {
		n, err := notebook.Read(string(b))
		if err != nil {
			return &statusError{http.StatusBadRequest, "Unreadable Notebook: " + m.Path + " " + err.Error()}
		}
		m.Content, m.Format = joined(n), text("json")
		m.Message = troubles(n)
		return nil
	}
	media := mime.TypeByExtension(path.Ext(m.Path))
	if t, _, err := mime.ParseMediaType(media); err == nil {
		media = t
	}
	isText := utf8.Valid(b) && !bytes.Contains(b, []byte{0})
	switch {
	case format == "text" && !isText:
		return &statusError{http.StatusBadRequest, m.Path + " is not UTF-8 encoded"}
	case format == "text", format == "" && isText, format == "json" && isText:
		m.Content, m.Format = string(b), text("text")
		if media == "" {
			media = "text/plain"
		}
	default:
		m.Content, m.Format = base64.StdEncoding.EncodeToString(b), text("base64")
		if media == "" {
			media = "application/octet-stream"
		}
	}
	m.Mimetype = &media
	return nil
}

// troubles says what was mended in a notebook, "" of a sound one.
func troubles(n *notebook.Notebook) string {
	var all []string
	for _, p := range n.Problems {
		all = append(all, p.Message)
	}
	if len(all) == 0 {
		return ""
	}
	return "Notebook validation failed: " + strings.Join(all, " ")
}

// joined is a notebook as clients get it: what a file may write in lines is one
// string.
func joined(n *notebook.Notebook) map[string]any {
	cells := make([]map[string]any, 0, len(n.Cells))
	for _, c := range n.Cells {
		m := map[string]any{}
		for k, v := range c.Extra {
			m[k] = v
		}
		m["cell_type"], m["source"], m["metadata"] = c.Type, c.Source, object(c.Metadata)
		if c.ID != "" {
			m["id"] = c.ID
		}
		if c.Attachments != nil {
			m["attachments"] = c.Attachments
		}
		if c.Type == notebook.Code {
			outputs := c.Outputs
			if outputs == nil {
				outputs = []map[string]any{}
			}
			m["outputs"], m["execution_count"] = outputs, c.Count
		}
		cells = append(cells, m)
	}
	all := map[string]any{}
	for k, v := range n.Extra {
		all[k] = v
	}
	all["cells"], all["metadata"], all["nbformat"], all["nbformat_minor"] = cells, object(n.Metadata), n.Format, n.Minor
	return all
}

func object(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
