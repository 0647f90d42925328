package hub

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html"
	"io"
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

// asset is one file of the app. It is read when it is asked for: most are never,
// and what is embedded is the program's file, which the system pages in and out.
type asset struct {
	dist fs.FS
	name string // in dist
	kind string // media type
	text []byte // in place of the file, if not nil

	once sync.Once
	err  error  // the file cannot be read
	etag string // these two: see prepare
	gzip []byte // nil when it would not be smaller
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
		f := newAsset(dist, name)
		if name == "index.html" {
			b, err := fs.ReadFile(dist, name)
			if err != nil {
				return err
			}
			if f.text, err = rebase(b, base); err != nil {
				return err
			}
		}
		a.files["/"+name] = f
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

func newAsset(dist fs.FS, name string) *asset {
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
	return &asset{dist: dist, name: name, kind: kind}
}

// prepare makes, at the first use, the tag of the file and its form in gzip.
func (a *asset) prepare() error {
	a.once.Do(func() {
		b := a.text
		if b == nil {
			if b, a.err = fs.ReadFile(a.dist, a.name); a.err != nil {
				return
			}
		}
		sum := sha256.Sum256(b)
		a.etag = hex.EncodeToString(sum[:12])
		if len(b) < 1024 || !(strings.HasPrefix(a.kind, "text/") || strings.Contains(a.kind, "json") || strings.Contains(a.kind, "svg") || strings.Contains(a.kind, "wasm")) {
			return
		}
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, err := z.Write(b)
		if err == nil && z.Close() == nil && out.Len() < len(b)*9/10 {
			a.gzip = bytes.Clone(out.Bytes())
		}
	})
	return a.err
}

// open opens the file as it is; the caller closes it.
func (a *asset) open() (io.ReadSeekCloser, error) {
	if a.text != nil {
		return unclosed{bytes.NewReader(a.text)}, nil
	}
	f, err := a.dist.Open(a.name)
	if err != nil {
		return nil, err
	}
	if seeks, ok := f.(io.ReadSeekCloser); ok {
		return seeks, nil
	}
	b, err := io.ReadAll(f)
	return unclosed{bytes.NewReader(b)}, errors.Join(err, f.Close())
}

// unclosed is bytes that need no closing.
type unclosed struct{ *bytes.Reader }

func (unclosed) Close() error { return nil }

func (a *asset) serve(w http.ResponseWriter, r *http.Request, cache string) {
	if err := a.prepare(); err != nil {
		rest.WriteError(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", cache)
	h.Set("Vary", "Accept-Encoding")
	if a.gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == "" {
		h.Set("Content-Encoding", "gzip")
		h.Set("Etag", `"`+a.etag+`-gzip"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.gzip))
		return
	}
	content, err := a.open()
	if err != nil {
		rest.WriteError(w, r, err)
		return
	}
	defer content.Close()
	h.Set("Etag", `"`+a.etag+`"`)
	http.ServeContent(w, r, "", time.Time{}, content)
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
