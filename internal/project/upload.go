package project

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// uploadRoutes speak tus 1.0.0 (https://tus.io/protocols/resumable-upload), and
// what it lacks: a list, a decision about a conflict, many small files at once.
func uploadRoutes() []route {
	return []route{
		{method: "OPTIONS", path: "uploads", verb: lyceum.WriteFiles, handle: (*Project).uploadOptions},
		{method: "GET", path: "uploads", verb: lyceum.WriteFiles, handle: (*Project).listUploads},
		{method: "POST", path: "uploads", verb: lyceum.WriteFiles, handle: tus((*Project).createUpload)},
		{method: "POST", path: "uploads/many", verb: lyceum.WriteFiles, handle: (*Project).uploadMany},
		{method: "GET", path: "uploads/{uid}", verb: lyceum.WriteFiles, handle: (*Project).getUpload},
		{method: "PATCH", path: "uploads/{uid}", verb: lyceum.WriteFiles, handle: tus((*Project).continueUpload)},
		{method: "POST", path: "uploads/{uid}", verb: lyceum.WriteFiles, handle: (*Project).decideUpload},
		{method: "DELETE", path: "uploads/{uid}", verb: lyceum.WriteFiles, handle: tus((*Project).endUpload)},
	}
}

const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,creation-with-upload,termination,checksum,expiration"
	maxUploadSize = 1 << 44 // 16 TiB: what ext4 can hold in one file

	statusChecksumMismatch = 460 // of the checksum extension
)

// tus is a handler that wants the protocol's version, and says it.
func tus(h func(*Project, http.ResponseWriter, *http.Request, call) error) func(*Project, http.ResponseWriter, *http.Request, call) error {
	return func(p *Project, w http.ResponseWriter, r *http.Request, c call) error {
		w.Header().Set("Tus-Resumable", tusVersion)
		w.Header().Set("Cache-Control", "no-store")
		if r.Header.Get("Tus-Resumable") != tusVersion {
			w.Header().Set("Tus-Version", tusVersion)
			return problem(r, http.StatusPreconditionFailed, lyceum.Invalid, "this is tus "+tusVersion+": say so in Tus-Resumable")
		}
		return h(p, w, r, c)
	}
}

// problem is an error with a status that no kind has.
func problem(r *http.Request, status int, kind lyceum.Kind, detail string) error {
	title := http.StatusText(status)
	if status == statusChecksumMismatch {
		title = "Checksum Mismatch"
	}
	return &rest.Problem{Title: title, Status: status, Code: kind.String(), Detail: detail, Request: rest.RequestID(r.Context())}
}

func (p *Project) uploadOptions(w http.ResponseWriter, _ *http.Request, _ call) error {
	h := w.Header()
	h.Set("Tus-Resumable", tusVersion)
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", tusExtensions)
	h.Set("Tus-Max-Size", strconv.FormatInt(maxUploadSize, 10))
	h.Set("Tus-Checksum-Algorithm", strings.Join(checksumNames(), ","))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// createUpload begins an upload, with its first bytes if they come along.
func (p *Project) createUpload(w http.ResponseWriter, r *http.Request, c call) error {
	info, err := wantedUpload(r.Header)
	if err != nil {
		return err
	}
	info.Account, info.By = string(c.ticket.Account), c.ticket.Name
	if err := p.checkUpload(r.Context(), &info); err != nil {
		return err
	}
	if err := p.roomFor(r.Context(), info.Size, 0); err != nil {
		return err
	}
	if err := p.uploads.create(r.Context(), &info); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Location", "uploads/"+info.ID) // relative to this request (RFC 9110, section 10.2.2)
	h.Set("Upload-Id", info.ID)
	if r.ContentLength != 0 && r.Header.Get("Content-Type") != "" || info.Size == 0 {
		if info.Size > 0 && r.Header.Get("Content-Type") != offsetType {
			return errors.Join(problem(r, http.StatusUnsupportedMediaType, lyceum.Invalid, "the first bytes come as "+offsetType), p.uploads.forget(r.Context(), info.ID))
		}
		return p.receive(w, r, c, info.ID, 0, http.StatusCreated)
	}
	h.Set("Upload-Offset", "0")
	h.Set("Upload-Expires", info.expires().Format(http.TimeFormat))
	w.WriteHeader(http.StatusCreated)
	return nil
}

// offsetType is the content type of bytes of an upload.
const offsetType = "application/offset+octet-stream"

// getUpload tells how far an upload is: HEAD as tus says, GET in JSON.
func (p *Project) getUpload(w http.ResponseWriter, r *http.Request, c call) error {
	if r.Method == http.MethodHead {
		return tus((*Project).headUpload)(p, w, r, c)
	}
	info, offset, err := p.uploads.find(r.Context(), c.id)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, info.api(offset))
}

func (p *Project) headUpload(w http.ResponseWriter, r *http.Request, c call) error {
	info, offset, err := p.uploads.find(r.Context(), c.id)
	if err == nil {
		err = info.owned(c)
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Upload-Length", strconv.FormatInt(info.Size, 10))
	h.Set("Upload-Metadata", info.Metadata)
	info.tell(h, offset)
	w.WriteHeader(http.StatusOK)
	return nil
}

// tell sets the headers that say how far an upload is.
func (i *uploadInfo) tell(h http.Header, offset int64) {
	h.Set("Upload-Offset", strconv.FormatInt(offset, 10))
	h.Set("Upload-Expires", i.expires().Format(http.TimeFormat))
	if i.Done != "" {
		h.Set("Upload-Path", escapedPath(i.Done))
	}
}

// escapedPath percent-encodes a path by segment, for a header.
func escapedPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}

func (p *Project) continueUpload(w http.ResponseWriter, r *http.Request, c call) error {
	if r.Header.Get("Content-Type") != offsetType {
		return problem(r, http.StatusUnsupportedMediaType, lyceum.Invalid, "the bytes of an upload come as "+offsetType)
	}
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 {
		return lyceum.Errorf(lyceum.Invalid, "Upload-Offset must say where the bytes belong")
	}
	return p.receive(w, r, c, c.id, offset, http.StatusNoContent)
}

// receive takes bytes of an upload, and finishes it with the last one.
func (p *Project) receive(w http.ResponseWriter, r *http.Request, c call, id string, at int64, status int) error {
	sum, err := checksumOf(r.Header)
	if err != nil {
		return err
	}
	rest.Stream(w)
	rc := http.NewResponseController(w)
	done, err := p.uploads.locks.take(r.Context(), id, func() { _ = rc.SetReadDeadline(time.Unix(1, 0)) })
	if err != nil {
		return err
	}
	defer done.release()
	info, have, err := p.uploads.find(r.Context(), id)
	if err == nil {
		err = info.owned(c)
	}
	switch {
	case err != nil:
		return err
	case at != have:
		w.Header().Set("Upload-Offset", strconv.FormatInt(have, 10))
		return lyceum.Errorf(lyceum.Conflict, "%d bytes are here: go on there", have)
	case r.ContentLength > info.Size-have:
		return lyceum.Errorf(lyceum.TooLarge, "this is more than the %d bytes that were announced", info.Size)
	case info.Done != "":
		info.tell(w.Header(), have)
		w.WriteHeader(status)
		return nil
	}
	rest, now := info.Size-have, info.Size-have
	if r.ContentLength >= 0 {
		now = min(now, r.ContentLength)
	}
	if err := p.roomFor(r.Context(), rest, now); err != nil {
		return err
	}
	body := &piece{r: r.Body, progress: done, activity: &p.activity}
	have, err = p.uploads.append(r.Context(), &info, have, body, sum)
	info.tell(w.Header(), have)
	if err != nil {
		return err
	}
	if have == info.Size {
		if err := p.finishUpload(r.Context(), &info); err != nil {
			return err
		}
		info.tell(w.Header(), have)
	}
	w.WriteHeader(status)
	return nil
}

// piece is the body of a request: what breaks off is kept, and its progress told.
type piece struct {
	r        io.Reader
	progress *lockHolder
	activity *activity
	told     time.Time
}

// Read implements io.Reader.
func (b *piece) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if n > 0 {
		now := time.Now()
		b.progress.last.Store(now.UnixNano())
		if now.Sub(b.told) > time.Second {
			b.told = now
			b.activity.edit()
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = lyceum.Wrap(lyceum.Invalid, err, "the upload broke off; what came is kept, so go on from there")
	}
	return n, err
}

// endUpload gives an upload up (the termination extension).
func (p *Project) endUpload(w http.ResponseWriter, r *http.Request, c call) error {
	info, _, err := p.uploads.find(r.Context(), c.id)
	if err == nil {
		err = info.owned(c)
	}
	if err != nil {
		return err
	}
	done, err := p.uploads.locks.seize(r.Context(), c.id)
	if err != nil {
		return err
	}
	defer done.release()
	if err := p.uploads.forget(r.Context(), c.id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// listUploads answers with the unfinished uploads of the one who asks, or with
// all=1 with those of everybody in the project.
func (p *Project) listUploads(w http.ResponseWriter, r *http.Request, c call) error {
	all, err := p.uploads.list(r.Context())
	if err != nil {
		return err
	}
	out := []api.Upload{}
	for _, u := range all {
		if u.Done == "" && (u.Account == string(c.ticket.Account) || r.URL.Query().Get("all") == "1") {
			out = append(out, u)
		}
	}
	return rest.WriteJSON(w, out)
}

// decideUpload does what a person decided of an upload that waits, or that is
// another's. A client that can say POST only says so in X-HTTP-Method-Override.
func (p *Project) decideUpload(w http.ResponseWriter, r *http.Request, c call) error {
	switch r.Header.Get("X-Http-Method-Override") {
	case http.MethodPatch:
		return tus((*Project).continueUpload)(p, w, r, c)
	case http.MethodDelete:
		return tus((*Project).endUpload)(p, w, r, c)
	}
	var d api.UploadDecision
	if err := rest.ReadJSON(w, r, &d); err != nil {
		return err
	}
	done, err := p.uploads.locks.seize(r.Context(), c.id)
	if err != nil {
		return err
	}
	defer done.release()
	info, have, err := p.uploads.find(r.Context(), c.id)
	if err != nil {
		return err
	}
	if d.TakeOver {
		info.Account, info.By = string(c.ticket.Account), c.ticket.Name
	}
	if err := info.owned(c); err != nil {
		return err
	}
	if info.Done != "" {
		return rest.WriteJSON(w, info.api(have))
	}
	if err := info.decide(d); err != nil {
		return err
	}
	rest.Stream(w)
	if err := p.uploads.save(r.Context(), &info); err != nil {
		return err
	}
	if have == info.Size {
		if err := p.finishUpload(r.Context(), &info); err != nil {
			return err
		}
	}
	return rest.WriteJSON(w, info.api(have))
}

// decide takes over what was decided.
func (i *uploadInfo) decide(d api.UploadDecision) error {
	if d.Path != "" {
		if _, err := files.Decode(d.Path); err != nil {
			return err
		}
		i.Path = d.Path
	}
	if d.Conflict != "" {
		if !isConflict(d.Conflict) {
			return lyceum.Invalidf("conflict", "conflict must be fail, overwrite or keep-both")
		}
		i.Conflict, i.Version = d.Conflict, d.Version
	}
	i.Parents = i.Parents || d.Parents
	return nil
}
