package hub

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// app serves the built browser app. Files under assets/ carry a hash of their
// content in their name and are kept by browsers for ever; every path that is no
// file is a page of the app and gets index.html.
type app struct {
	files map[string]*asset
	index *asset // nil: the app was not built
}

// asset is one file of the app, in memory.
type asset struct {
	kind  string // media type
	etag  string
	bytes []byte
	once  sync.Once
	gzip  []byte // made at the first use; nil when it would not be smaller
}

// The two places in index.html that depend on the base path.
const (
	baseTag = `<base href="/">`
	metaTag = `<meta name="lyceum-base" content="/">`
)

// outputPage is the frame of notebooks' outputs, in web/public.
const outputPage = "/output.html"

// newApp reads the built app, and writes the base path (without its last slash)
// into its index.html. An index.html without the two places for it is an error of
// kind Invalid; no index.html at all gives an app that says so.
func newApp(dist fs.FS, base string) (*app, error) {
	a := &app{files: map[string]*asset{}}
	if dist == nil {
		return a, nil
	}
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		if name == "index.html" {
			if b, err = rebase(b, base); err != nil {
				return err
			}
		}
		a.files["/"+name] = newAsset(name, b)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	a.index = a.files["/index.html"]
	return a, err
}

func rebase(index []byte, base string) ([]byte, error) {
	for _, tag := range []string{baseTag, metaTag} {
		if !bytes.Contains(index, []byte(tag)) {
			return nil, lyceum.Errorf(lyceum.Invalid, "index.html of the browser app lacks %s", tag)
		}
		with := strings.Replace(tag, `"/"`, `"`+html.EscapeString(base)+`/"`, 1)
		index = bytes.Replace(index, []byte(tag), []byte(with), 1)
	}
	return index, nil
}

func newAsset(name string, b []byte) *asset {
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // what the machine's own table may not know, or know wrongly
	case ".js", ".mjs":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".html":
		kind = "text/html; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	case ".woff2":
		kind = "font/woff2"
	case ".webmanifest":
		kind = "application/manifest+json"
	case ".wasm":
		kind = "application/wasm"
	case "":
		kind = "text/plain; charset=utf-8"
	}
	if kind == "" {
		kind = "application/octet-stream"
	}
	sum := sha256.Sum256(b)
	return &asset{kind: kind, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, bytes: b}
}

// compressed is the file in gzip, or nil when that is no gain.
func (a *asset) compressed() []byte {
	a.once.Do(func() {
		if len(a.bytes) < 1024 || !(strings.HasPrefix(a.kind, "text/") || strings.Contains(a.kind, "json") || strings.Contains(a.kind, "svg") || strings.Contains(a.kind, "wasm")) {
			return
		}
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, err := z.Write(a.bytes)
		if err == nil && z.Close() == nil && out.Len() < len(a.bytes)*9/10 {
			a.gzip = out.Bytes()
		}
	})
	return a.gzip
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request, cache string) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", cache)
	h.Set("Vary", "Accept-Encoding")
	content, etag := a.bytes, a.etag
	if z := a.compressed(); z != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == "" {
		content, etag = z, strings.TrimSuffix(a.etag, `"`)+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Etag", etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// serveApp serves a file of the app, else the app itself.
func (h *Hub) serveApp(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		rest.WriteError(w, r, lyceum.Errorf(lyceum.NotFound, "there is nothing here for %s", r.Method))
		return
	}
	if a, ok := h.app.files[r.URL.Path]; ok && a != h.app.index {
		cache := "no-cache"
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			cache = "public, max-age=31536000, immutable"
		}
		if r.URL.Path == outputPage {
			rest.OutputHeaders(w.Header())
		}
		a.serve(w, r, cache)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/assets/") {
		rest.WriteError(w, r, lyceum.Errorf(lyceum.NotFound, "the app has no such file"))
		return
	}
	if h.app.index == nil {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(notBuilt)) // the client may be gone
		return
	}
	h.app.index.serve(w, r, "no-cache")
}

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Lyceum</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>The browser app is not in this program</h1>
<p>The server runs and its API answers. This program was built without the browser app: run <code>make build</code> in the
repository, which builds the app first, and start the new <code>bin/lyceum</code>.</p></html>
`
