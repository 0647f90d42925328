package project

import (
	"context"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// convertNotebook tells what a notebook can be downloaded as; with ?to= it is turned
// into that by a program of the project. Viewers run none.
func (p *Project) convertNotebook(w http.ResponseWriter, r *http.Request, c call) error {
	at, err := p.visible(r.Context(), p.documents.followed(r, c))
	if err != nil {
		return err
	}
	to := r.URL.Query().Get("to")
	if to == "" {
		list, err := p.runs.Conversions(r.Context(), at)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		return rest.WriteJSON(w, list)
	}
	rest.Stream(w)
	if err := p.writeOut(r.Context(), at); err != nil {
		return err
	}
	local, err := files.Decode(at)
	if err != nil {
		return err
	}
	f, err := p.runs.Convert(r.Context(), at, filepath.Join(p.dir.Home(), local), to)
	if err != nil {
		return err
	}
	defer f.Close()
	// It is a member's page, and so nothing that a browser shows on this origin.
	h := w.Header()
	h.Set("Content-Type", bytesType)
	h.Set("Content-Disposition", attachment(strings.TrimSuffix(path.Base(local), path.Ext(local))+"."+to))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// writeOut brings what is in a notebook's document into its file.
func (p *Project) writeOut(ctx context.Context, at string) error {
	doc, err := p.holdNotebook(ctx, at)
	if err != nil {
		return err
	}
	defer doc.Close()
	if !doc.IsNotebook() {
		return lyceum.Errorf(lyceum.Invalid, "this is no notebook")
	}
	return doc.Written(ctx)
}
