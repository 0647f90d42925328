package project

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/kernels"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/socket"
)

// blobFolder holds large outputs of notebooks, below the home.
const blobFolder = ".local/state/lyceum/blobs"

// runFolder holds what the next project server must know of runs.
const runFolder = ".local/state/lyceum/runs"

func notebookRoutes() []route {
	return []route{
		{method: "GET", path: "notebooks/{path...}", verb: lyceum.ReadFiles, handle: (*Project).getNotebook},
		{method: "POST", path: "notebooks/{path...}", verb: lyceum.UseTerminals, handle: checked((*Project).actOnNotebook)},
		{method: "GET", path: "convert/{path...}", verb: lyceum.UseTerminals, handle: checked((*Project).convertNotebook)},
		{method: "GET", path: "blobs/{hash}", verb: lyceum.ReadFiles, handle: (*Project).getBlob},
	}
}

// localNotebookRoutes are for the command lyceum run.
func localNotebookRoutes() []route {
	return []route{
		{method: "POST", path: "run/{path...}", verb: lyceum.UseTerminals, handle: checked((*Project).runNotebook)},
		{method: "POST", path: "notebooks/{path...}", verb: lyceum.UseTerminals, handle: checked((*Project).actOnNotebook)},
	}
}

// runNotebook runs a notebook and answers with an api.RunEvent a line, until it has
// run. When the one who asked is gone the run goes on.
func (p *Project) runNotebook(w http.ResponseWriter, r *http.Request, c call) error {
	var o api.NotebookRun
	if err := rest.ReadJSON(w, r, &o); err != nil {
		return err
	}
	path, err := p.visible(r.Context(), c)
	if err != nil {
		return err
	}
	rest.Stream(w)
	flush := http.NewResponseController(w)
	begun := false
	lines := json.NewEncoder(w)
	emit := func(e api.RunEvent) error {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", "application/x-ndjson")
		}
		if err := lines.Encode(e); err != nil {
			return err
		}
		return flush.Flush()
	}
	err = p.runs.Run(r.Context(), path, p.by(c), o, emit)
	if err == nil || !begun {
		return err
	}
	if r.Context().Err() != nil {
		return nil
	}
	p.log.Warn("a run of a notebook cannot be followed any more", "err", err)
	return emit(api.RunEvent{Failed: "The run cannot be followed any more; it may go on."})
}

// newRuns makes what runs notebooks; it gets its kernels by Use.
func (p *Project) newRuns() *kernels.Runs {
	return kernels.NewRuns(kernels.RunConfig{
		Open: p.holdNotebook, Log: p.log,
		Blobs: kernels.NewBlobs(filepath.Join(p.dir.Home(), blobFolder)), State: filepath.Join(p.dir.Home(), runFolder),
	})
}

// holdNotebook opens the live document of a notebook for those who run it.
func (p *Project) holdNotebook(ctx context.Context, path string) (kernels.Document, error) {
	store, err := p.documents.store()
	if err != nil {
		return nil, err
	}
	return store.Hold(ctx, path)
}

// getNotebook tells what runs in a notebook; as a WebSocket it is the notebook's
// channel, where one who may not run programs is told the state only.
func (p *Project) getNotebook(w http.ResponseWriter, r *http.Request, c call) error {
	if !rest.IsWebSocket(r) {
		if c.bad != nil {
			return c.bad
		}
		path, err := p.visible(r.Context(), p.documents.followed(r, c))
		if err != nil {
			return err
		}
		s, err := p.runs.State(r.Context(), path)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "private, no-cache")
		return rest.WriteJSON(w, s)
	}
	return p.sockets.Serve(w, r, c.ticket, socket.Options{Limit: maxSync, Text: true}, func(ctx context.Context, conn *socket.Conn) error {
		if c.bad != nil {
			return c.bad
		}
		path, err := p.visible(ctx, p.documents.followed(r, c))
		if err != nil {
			return err
		}
		return p.runs.Serve(ctx, path, conn, p.by(c), c.ticket.Can(lyceum.UseTerminals))
	})
}

// by is who asks, as cells say who ran them.
func (p *Project) by(c call) kernels.By {
	if c.local {
		return kernels.By{}
	}
	return kernels.By{Account: string(c.ticket.Account), Name: c.ticket.Name}
}

func (p *Project) actOnNotebook(w http.ResponseWriter, r *http.Request, c call) error {
	var a api.NotebookAction
	if err := rest.ReadJSON(w, r, &a); err != nil {
		return err
	}
	path, err := p.visible(r.Context(), p.documents.followed(r, c))
	if err != nil {
		return err
	}
	s, err := p.runs.Do(r.Context(), path, p.by(c), a)
	if err != nil {
		return err
	}
	p.activity.edit()
	return rest.WriteJSON(w, s)
}

// getBlob answers with a large output of a notebook. Its type is what ?type= says, as
// far as such bytes do nothing by themselves; the page shows others in a sandbox.
func (p *Project) getBlob(w http.ResponseWriter, r *http.Request, c call) error {
	f, err := p.runs.Blobs().Open(c.id)
	if err != nil {
		return err
	}
	defer f.Close()
	media := r.URL.Query().Get("type")
	switch {
	case passive[media]:
	case strings.HasPrefix(media, "text/"), strings.HasSuffix(media, "json"), media == "image/svg+xml", media == "application/javascript":
		media = textType // as its source
	default:
		media = bytesType
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("ETag", `"`+c.id+`"`)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// passive are the types that a browser shows without running anything in them.
var passive = map[string]bool{
	"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "image/avif": true, "image/bmp": true,
	"audio/mpeg": true, "audio/wav": true, "audio/ogg": true, "video/mp4": true, "video/webm": true, "video/ogg": true,
}

const (
	collectEvery = 24 * time.Hour
	blobAge      = 30 * 24 * time.Hour // the history may still name what no notebook does
	maxNotebooks = 20_000              // that are looked at; with more nothing is collected
)

var blobName = regexp.MustCompile(`[0-9a-f]{64}`)

// keepBlobs removes large outputs that no notebook names any more, until ctx ends.
func (p *Project) keepBlobs(ctx context.Context) {
	blobs := p.runs.Blobs()
	for wait := 10 * time.Minute; ; wait = collectEvery {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		if err := p.runs.Tidy(time.Now()); err != nil {
			p.log.Warn("files of former runs cannot be removed", "err", err)
		}
		if blobs.Empty() {
			continue
		}
		used, err := p.namedBlobs(ctx)
		if err != nil {
			p.log.Info("large outputs are not collected now", "err", err)
			continue
		}
		if freed, err := blobs.Collect(used, time.Now().Add(-blobAge)); err != nil {
			p.log.Warn("large outputs cannot be removed", "err", err)
		} else if freed > 0 {
			p.log.Info("large outputs that no notebook names were removed", "bytes", freed)
		}
	}
}

var errTooMany = errors.New("there are too many notebooks to be looked at")

// namedBlobs returns the hashes that notebooks in the home have. What is open is
// written first.
func (p *Project) namedBlobs(ctx context.Context) (map[string]bool, error) {
	if store, err := p.documents.store(); err == nil {
		if err := store.Flush(ctx, ""); err != nil {
			return nil, err
		}
	}
	used, seen := map[string]bool{}, 0
	err := filepath.WalkDir(p.dir.Home(), func(name string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && e != nil && e.IsDir():
			return fs.SkipDir
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "node_modules":
			return fs.SkipDir
		case !e.Type().IsRegular() || !strings.EqualFold(filepath.Ext(name), ".ipynb"):
			return nil
		}
		if seen++; seen > maxNotebooks {
			return errTooMany
		}
		at, err := filepath.Rel(p.dir.Home(), name)
		if err != nil {
			return err
		}
		b, _, err := p.dir.ReadAll(ctx, files.Encode(at), api.MaxDocumentBytes)
		if err != nil {
			return err // what cannot be read may name some
		}
		for _, hash := range blobName.FindAll(b, -1) {
			used[string(hash)] = true
		}
		return nil
	})
	return used, err
}
