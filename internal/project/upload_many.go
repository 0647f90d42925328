package project

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// Many small files come in one request as a tar archive, which carries names, times,
// permissions and empty folders, and which every system can make. A request of
// its own for each file would cost more than the file.
const (
	maxSmall     = 1 << 20 // bytes of one file
	maxManyFiles = 5000    // in one request
	maxManyBytes = 64 << 20
	batchBytes   = 4 << 20 // written together
)

// manyUpload is one such request.
type manyUpload struct {
	p        *Project
	to       string // folder
	conflict string // fail, overwrite, keep-both, skip
	batch    *files.Batch
	bytes    int64           // in batch
	waiting  []int           // items that are in batch
	folders  map[string]bool // that were made
	out      []api.UploadedItem
}

// uploadMany writes the files of an archive. Those that came as a whole before the
// request broke off are there, and so may be sent again.
func (p *Project) uploadMany(w http.ResponseWriter, r *http.Request, _ call) error {
	q := r.URL.Query()
	m := &manyUpload{p: p, to: q.Get("to"), conflict: q.Get("conflict"), batch: p.dir.NewBatch(), folders: map[string]bool{}, out: []api.UploadedItem{}}
	defer m.batch.Close()
	if m.conflict == "" {
		m.conflict = "fail"
	}
	if m.conflict != "skip" && !isConflict(m.conflict) {
		return lyceum.Invalidf("conflict", "conflict must be fail, overwrite, keep-both or skip")
	}
	if _, err := files.Decode(m.to); err != nil {
		return err
	}
	if err := p.room(r.Context(), r.ContentLength); err != nil {
		return err
	}
	rest.Stream(w)
	if m.to != "" && q.Get("parents") == "1" {
		if err := p.dir.Mkdir(r.Context(), m.to, true); err != nil {
			return err
		}
	}
	err := m.read(r.Context(), tar.NewReader(&upload{body: io.LimitReader(r.Body, maxManyBytes), activity: &p.activity}))
	m.commit(r.Context())
	p.activity.edit()
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, api.UploadMany{Items: m.out})
}

func (m *manyUpload) read(ctx context.Context, archive *tar.Reader) error {
	for {
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case lyceum.IsKind(err, lyceum.Invalid):
			return err // it broke off
		case err != nil:
			return lyceum.Wrap(lyceum.Invalid, err, "this is no tar archive, or it is cut off; the files before that are written")
		case len(m.out) >= maxManyFiles:
			return lyceum.Errorf(lyceum.TooLarge, "there are more than %d files in one request; those before are written", maxManyFiles)
		}
		m.out = append(m.out, api.UploadedItem{Name: h.Name})
		if err := m.item(ctx, h, archive); err != nil {
			if ctx.Err() != nil || errors.Is(err, errCutOff) {
				return err
			}
			m.fail(len(m.out)-1, err)
		}
		if m.batch.Len() >= files.MaxBatch || m.bytes >= batchBytes {
			m.commit(ctx)
		}
	}
}

var errCutOff = lyceum.Errorf(lyceum.Invalid, "the archive is cut off; the files before that are written")

// item takes the next entry of the archive. Errors are the entry's.
func (m *manyUpload) item(ctx context.Context, h *tar.Header, content io.Reader) error {
	at := files.Join(m.to, strings.TrimSuffix(h.Name, "/"))
	if _, err := files.Decode(at); err != nil {
		return err
	}
	if strings.HasPrefix(at+"/", ownFolder+"/") {
		return lyceum.Errorf(lyceum.Forbidden, "this folder is Lyceum's own")
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if err := m.folder(ctx, at); err != nil {
			return err
		}
		m.done(len(m.out)-1, "done", at)
		return nil
	case tar.TypeReg:
	default:
		return lyceum.Errorf(lyceum.Invalid, "only files and folders are taken, no links or devices")
	}
	if h.Size > maxSmall {
		return lyceum.Errorf(lyceum.TooLarge, "it has more than %d bytes: send it alone", maxSmall)
	}
	b := make([]byte, h.Size)
	if _, err := io.ReadFull(content, b); err != nil {
		return errCutOff
	}
	if dir, _ := files.Split(at); dir != "" {
		if err := m.folder(ctx, dir); err != nil {
			return err
		}
	}
	return m.put(ctx, at, h, b)
}

func (m *manyUpload) folder(ctx context.Context, at string) error {
	if m.folders[at] {
		return nil
	}
	err := m.p.dir.Mkdir(ctx, at, true)
	m.folders[at] = err == nil
	return err
}

// put puts one file into the batch, or says at once what becomes of it.
func (m *manyUpload) put(ctx context.Context, at string, h *tar.Header, b []byte) error {
	here := len(m.out) - 1
	how := files.Write{IfAbsent: m.conflict != "overwrite", Mode: h.FileInfo().Mode().Perm()}
	err := m.batch.Put(ctx, at, bytes.NewReader(b), how, h.ModTime)
	if lyceum.IsKind(err, lyceum.Conflict) {
		return m.taken(ctx, here, at, h, b)
	}
	if err != nil {
		return err
	}
	m.out[here].Path = at
	m.waiting = append(m.waiting, here)
	m.bytes += int64(len(b))
	return nil
}

// taken decides about a file at whose place there is something.
func (m *manyUpload) taken(ctx context.Context, here int, at string, h *tar.Header, b []byte) error {
	switch {
	case m.p.dir.Same(ctx, at, b):
		m.done(here, "same", at) // an earlier try, most likely
		return nil
	case m.conflict == "skip":
		m.done(here, "skipped", "")
		return nil
	case m.conflict != "keep-both":
		m.done(here, "exists", "")
		return nil
	}
	for n := 2; n <= maxNumbered; n++ {
		other := files.Numbered(at, n)
		err := m.batch.Put(ctx, other, bytes.NewReader(b), files.Write{IfAbsent: true, Mode: h.FileInfo().Mode().Perm()}, h.ModTime)
		if lyceum.IsKind(err, lyceum.Conflict) {
			if m.p.dir.Same(ctx, other, b) {
				m.done(here, "same", other)
				return nil
			}
			continue
		}
		if err != nil {
			return err
		}
		m.out[here].Path = other
		m.waiting = append(m.waiting, here)
		m.bytes += int64(len(b))
		return nil
	}
	return lyceum.Errorf(lyceum.Conflict, "there are too many files named like %s", path.Base(at))
}

func (m *manyUpload) done(i int, state, at string) { m.out[i].State, m.out[i].Path = state, at }

func (m *manyUpload) fail(i int, err error) {
	m.out[i].State, m.out[i].Message = "failed", textOf(err)
}

// commit writes what is in the batch.
func (m *manyUpload) commit(_ context.Context) {
	for i, d := range m.batch.Commit() {
		here := m.waiting[i]
		switch {
		case d.Err == nil:
			m.done(here, "done", d.Path)
			m.p.documents.written(d.Path)
		case lyceum.IsKind(d.Err, lyceum.Conflict) && m.conflict == "fail":
			m.done(here, "exists", "")
		default:
			m.fail(here, d.Err)
			m.out[here].Path = ""
		}
	}
	m.waiting, m.bytes = m.waiting[:0], 0
}
