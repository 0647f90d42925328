package project

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/archive"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// archiveRoutes pack what is in the project, and look into archives that are.
// Unpacking is a job.
func archiveRoutes() []route {
	return []route{
		{method: "GET", path: "archive", verb: lyceum.ReadFiles, handle: (*Project).sendArchive},
		{method: "GET", path: "archive/{path...}", verb: lyceum.ReadFiles, handle: checked((*Project).listArchive)},
	}
}

const (
	maxPacked     = 1000 // paths that one request names
	maxPackErrors = 1000 // lines of ERRORS.txt
	errorsName    = "ERRORS.txt"

	listEntries = 5000 // that are listed
)

// listTime is how long an archive is listed, unless Config says otherwise.
const listTime = 5 * time.Second

// packing is one archive on its way to a browser.
type packing struct {
	p      *Project
	w      *archive.Writer
	hidden bool // dot-names too
	taken  map[string]bool
	broken []string // lines of ERRORS.txt
}

// sendArchive streams an archive of files and folders. What cannot be read is told
// in an entry ERRORS.txt; what breaks in the middle breaks the answer, so that no
// archive looks whole that is not.
func (p *Project) sendArchive(w http.ResponseWriter, r *http.Request, c call) error {
	q := r.URL.Query()
	format := cmp.Or(q.Get("format"), "zip")
	if archive.ContentType(format) == "" {
		return lyceum.Invalidf("format", "format must be zip, tar, tar.gz or tar.zst")
	}
	paths := q["path"]
	if len(paths) == 0 || len(paths) > maxPacked {
		return lyceum.Invalidf("path", "name 1 to %d files or folders", maxPacked)
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	for i, at := range paths {
		if _, err := files.Decode(at); err != nil {
			return err
		}
		real, err := p.visible(r.Context(), call{ticket: c.ticket, path: at})
		if err == nil {
			_, err = p.dir.StatFollow(r.Context(), real)
		}
		if err != nil {
			return err
		}
		paths[i] = at
	}
	name := cmp.Or(q.Get("name"), archiveName(paths))
	h := w.Header()
	h.Set("Content-Type", archive.ContentType(format))
	h.Set("Content-Disposition", attachment(strings.TrimSuffix(name, "."+format)+"."+format))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	rest.Stream(w)
	if r.Method == http.MethodHead {
		return nil
	}
	pack := &packing{p: p, hidden: c.ticket.Can(lyceum.ReadHidden), taken: map[string]bool{}}
	var err error
	if pack.w, err = archive.NewWriter(w, format); err != nil {
		return err
	}
	if err := pack.all(r.Context(), paths, strings.TrimSuffix(name, "."+format)); err != nil {
		if r.Context().Err() == nil {
			p.log.Warn("an archive broke off", "err", err)
		}
		panic(http.ErrAbortHandler) // the one way to tell somebody who reads already
	}
	return nil
}

// archiveName names what is made of some paths.
func archiveName(paths []string) string {
	if len(paths) == 1 {
		if _, name := files.Split(paths[0]); name != "" {
			return name
		}
		return "home"
	}
	return "files"
}

func (k *packing) all(ctx context.Context, paths []string, name string) error {
	for _, at := range paths {
		_, top := files.Split(at)
		top, _ = files.DecodeName(cmp.Or(top, "home")) // checked
		if at == "" {
			top = strings.ReplaceAll(cmp.Or(name, "home"), "/", "_")
		}
		if err := k.tree(ctx, at, k.free(top)); err != nil {
			return err
		}
	}
	if len(k.broken) > 0 {
		text := "These files could not be packed:\n\n" + strings.Join(k.broken, "\n") + "\n"
		if err := k.w.File(k.free(errorsName), int64(len(text)), time.Now(), 0o644, strings.NewReader(text)); err != nil {
			return err
		}
	}
	return k.w.Close()
}

// free returns a name that nothing at the top of the archive has yet.
func (k *packing) free(name string) string {
	at := name
	for n := 2; k.taken[at]; n++ {
		at = files.Numbered(name, n)
	}
	k.taken[at] = true
	return at
}

// tree packs what is at a path, under a name.
func (k *packing) tree(ctx context.Context, at, top string) error {
	real, err := k.p.dir.Resolve(ctx, at)
	if err != nil {
		return err
	}
	if !k.hidden && files.Hidden(real) {
		return nil // it was another a moment ago
	}
	return k.p.dir.Visit(ctx, real, func(it *files.Item) (bool, error) {
		name := top
		if it.Rel != "" {
			name += "/" + it.Rel
		}
		switch {
		case it.Err != nil:
			k.fail(it.Path, it.Err)
			return false, nil
		case it.Rel != "" && it.Hidden && !k.hidden, it.Path == ownFolder:
			return false, nil
		}
		switch it.Kind {
		case files.Folder:
			return true, k.w.Folder(name, it.Modified, it.Mode)
		case files.Symlink:
			return false, k.w.Symlink(name, it.Target, it.Modified)
		case files.File:
			return false, k.file(ctx, it, name)
		}
		k.fail(it.Path, lyceum.Errorf(lyceum.Invalid, "it is a pipe, a socket or a device"))
		return false, nil
	})
}

func (k *packing) file(ctx context.Context, it *files.Item, name string) error {
	f, err := it.Open()
	if err != nil {
		k.fail(it.Path, err)
		return nil
	}
	defer f.Close()
	err = k.w.File(name, f.Entry.Size, f.Entry.Modified, f.Entry.Mode, &until{ctx, f})
	if errors.Is(err, archive.ErrShort) {
		return lyceum.Wrap(lyceum.Conflict, err, "%s became shorter while it was packed", it.Path)
	}
	return err
}

// fail notes what cannot be packed.
func (k *packing) fail(at string, err error) {
	if len(k.broken) < maxPackErrors {
		k.broken = append(k.broken, at+": "+textOf(err))
	}
}

// until is a reader that ends with a context.
type until struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (u *until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// listArchive tells what is in an archive.
func (p *Project) listArchive(w http.ResponseWriter, r *http.Request, c call) error {
	real, err := p.visible(r.Context(), c)
	if err != nil {
		return err
	}
	f, err := p.dir.Open(r.Context(), real)
	if err != nil {
		return err
	}
	defer f.Close()
	// A reader of tar reads over what it passes, and a directory may be long: as long
	// as this lasts, no longer.
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(p.cfg.ListTime, listTime))
	defer cancel()
	a, err := archive.Open(f, f.Entry.Size, f.Entry.Name, archive.Limits{Until: ctx.Err})
	if err != nil && ctx.Err() != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "it takes too long to read what is in the archive; unpack it in a terminal")
	}
	if err != nil {
		return err
	}
	defer a.Close()
	out := api.ArchiveListing{Format: a.Format(), Size: f.Entry.Size, Items: []api.ArchiveEntry{}}
	for {
		e, err := a.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if ctx.Err() != nil {
			out.More = true
			break
		}
		if err != nil {
			out.Problem = textOf(err)
			break
		}
		if len(out.Items) == listEntries {
			out.More = true
			break
		}
		if e.Path == "" && e.Refused == "" {
			continue // the archive's own root
		}
		out.Items = append(out.Items, api.ArchiveEntry{
			Path: cmp.Or(e.Path, e.Name), Kind: string(cmp.Or(e.Kind, archive.File)), Size: e.Size, Modified: e.Modified.UTC(), Target: e.Target, Refused: e.Refused,
		})
	}
	return rest.WriteJSON(w, out)
}
