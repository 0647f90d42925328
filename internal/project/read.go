package project

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

func fileRoutes() []route {
	return []route{
		{method: "GET", path: "files/{path...}", verb: lyceum.ReadFiles, handle: checked((*Project).getFile)},
		{method: "PUT", path: "files/{path...}", verb: lyceum.WriteFiles, handle: checked((*Project).putFile)},
		{method: "POST", path: "files/{path...}", verb: lyceum.WriteFiles, handle: checked((*Project).actOnFile)},
		{method: "DELETE", path: "files/{path...}", verb: lyceum.WriteFiles, handle: checked((*Project).deleteFile)},
		{method: "GET", path: "watch", verb: lyceum.ReadFiles, handle: (*Project).watch},
	}
}

// errNoFile is what someone gets who may not know whether the file exists.
var errNoFile = lyceum.Errorf(lyceum.NotFound, "there is no such file or folder")

// visible returns what path leads to, symlinks followed, or an error when the one
// who asks may not see it: for viewers, hidden files do not exist, by whatever way.
func (p *Project) visible(ctx context.Context, c call) (string, error) {
	if c.ticket.Can(lyceum.ReadHidden) {
		return c.path, nil
	}
	if files.Hidden(c.path) {
		return "", errNoFile
	}
	real, err := p.dir.Resolve(ctx, c.path)
	if err != nil {
		return "", err
	}
	if files.Hidden(real) {
		return "", errNoFile
	}
	return real, nil
}

// getFile answers with a listing of a folder, the bytes of a file, or with
// ?entry=1 with what there is to know of either.
func (p *Project) getFile(w http.ResponseWriter, r *http.Request, c call) error {
	q := r.URL.Query()
	real, err := p.visible(r.Context(), c)
	if err != nil {
		return err
	}
	if q.Get("entry") == "1" {
		e, err := p.dir.Stat(r.Context(), c.path)
		if err != nil {
			return err
		}
		return rest.WriteJSON(w, entryOf(e))
	}
	e, err := p.dir.StatFollow(r.Context(), real)
	switch {
	case err != nil:
		return err
	case e.Kind == files.Folder:
		return p.listFolder(w, r, c, real)
	}
	return p.sendFile(w, r, real, q.Get("download") == "1")
}

// maxFilter is the longest filter of a listing, in bytes: as long as a name.
const maxFilter = 255

func (p *Project) listFolder(w http.ResponseWriter, r *http.Request, c call, real string) error {
	q := r.URL.Query()
	page := files.Page{After: q.Get("after"), Hidden: q.Get("hidden") == "1" && c.ticket.Can(lyceum.ReadHidden), Filter: q.Get("filter")}
	var err error
	if page.Order, page.Descending, err = files.ParseOrder(q.Get("sort"), q.Get("order")); err != nil {
		return err
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > files.MaxPage {
			return lyceum.Invalidf("limit", "limit must be a number from 1 to %d", files.MaxPage)
		}
		page.Limit = n
	}
	if len(page.Filter) > maxFilter {
		return lyceum.Invalidf("filter", "the filter is longer than %d bytes", maxFilter)
	}
	// Entries have paths by the way that was asked for.
	l, err := p.dir.List(r.Context(), c.path, page)
	if err != nil {
		return err
	}
	return writeListing(w, c.path, l)
}

// sendFile answers with the bytes of a file: the whole, a range, or 304.
func (p *Project) sendFile(w http.ResponseWriter, r *http.Request, path string, download bool) error {
	f, err := p.dir.Open(r.Context(), path)
	if err != nil {
		return err
	}
	defer f.Close()
	kind, err := contentType(f.Entry.Name, f)
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the file cannot be read now")
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Etag", `"`+f.Entry.Version+`"`)
	h.Set("Last-Modified", f.Entry.Modified.UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", "private, no-cache") // keep it, and ask each time whether it is still true
	h.Set("X-Content-Type-Options", "nosniff")
	if download {
		h.Set("Content-Disposition", attachment(f.Entry.Name))
	}
	rest.Stream(w)
	// Without a time: a change within the same second must not look like none.
	http.ServeContent(w, r, "", time.Time{}, f.File)
	return nil
}

// attachment is a Content-Disposition for any name (RFC 6266, RFC 8187).
func attachment(name string) string {
	const plain = "!#$&+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	b.WriteString("attachment; filename*=UTF-8''")
	for _, c := range []byte(name) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

func entryOf(e files.Entry) api.Entry {
	return api.Entry{
		Name: e.Name, Path: e.Path, Kind: string(e.Kind), Size: e.Size, Modified: e.Modified.UTC(), Mode: uint32(e.Mode.Perm()),
		Target: e.Target, TargetKind: string(e.TargetKind), Hidden: e.Hidden, Opaque: e.Opaque, Version: e.Version,
	}
}
