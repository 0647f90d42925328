package project

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// Uploads are staged in one folder each: "info.json", "data" with what came so far,
// and "check" while bytes come whose checksum is not known to be right. How far one
// is, is the length of data: nothing else needs to survive a kill.
const (
	uploadsFolder = ownFolder + "/uploads"
	uploadLife    = 7 * 24 * time.Hour // without a byte
	doneLife      = time.Hour          // how long a finished one is remembered
	maxUploads    = 2000               // at a time, in one project
	sweepEvery    = 10 * time.Minute
	maxInfo       = 64 << 10
)

// uploads are the unfinished uploads of a project. It is safe for concurrent use.
type uploads struct {
	dir   *files.Dir
	log   *slog.Logger
	locks uploadLocks
	now   func() time.Time
}

// uploadInfo is what is known of an upload, as it is stored.
type uploadInfo struct {
	ID       string      `json:"id"`
	Account  string      `json:"account"`
	By       string      `json:"by"`
	Path     string      `json:"path"`
	Size     int64       `json:"size"` // bytes of the whole
	Metadata string      `json:"metadata"`
	Conflict string      `json:"conflict"`
	Version  string      `json:"version,omitempty"`
	Parents  bool        `json:"parents,omitempty"`
	Modified time.Time   `json:"modified,omitzero"`
	Mode     fs.FileMode `json:"mode,omitempty"`
	Created  time.Time   `json:"created"`
	Problem  string      `json:"problem,omitempty"` // why it has no name though it is all here
	Done     string      `json:"done,omitempty"`    // where it went; data is gone then

	touched time.Time // of data, or of info when it is done
}

func (i *uploadInfo) folder() string     { return uploadsFolder + "/" + i.ID }
func (i *uploadInfo) data() string       { return i.folder() + "/data" }
func (i *uploadInfo) check() string      { return i.folder() + "/check" }
func (i *uploadInfo) expires() time.Time { return i.touched.Add(uploadLife).UTC() }
func (i *uploadInfo) expired(now time.Time) bool {
	return now.After(i.expires()) || i.Done != "" && now.Sub(i.touched) > doneLife
}

// owned refuses those who did not begin it.
func (i *uploadInfo) owned(c call) error {
	if i.Account != string(c.ticket.Account) {
		return lyceum.Errorf(lyceum.Forbidden, "%s began this upload; take it over to go on with it", i.By)
	}
	return nil
}

func (i *uploadInfo) api(offset int64) api.Upload {
	return api.Upload{
		ID: i.ID, Path: i.Path, Size: i.Size, Offset: offset, Account: i.Account, By: i.By, Created: i.Created.UTC(), Touched: i.touched.UTC(),
		Expires: i.expires(), Modified: i.Modified, Conflict: i.Conflict, Problem: i.Problem, Done: i.Done,
	}
}

// create makes the folder of a new upload and sets its ID.
func (u *uploads) create(ctx context.Context, i *uploadInfo) error {
	names, err := u.names()
	if err != nil {
		return err
	}
	if len(names) >= maxUploads {
		u.sweep(ctx)
		if names, err = u.names(); err == nil && len(names) >= maxUploads {
			return lyceum.Errorf(lyceum.Exhausted, "%d uploads of this project are not finished; finish or end some of them", len(names))
		}
	}
	i.ID = string(lyceum.NewID[lyceum.ProjectID]())
	i.Created = u.now()
	i.touched = i.Created
	if err := u.dir.Mkdir(ctx, i.folder(), true); err != nil {
		return err
	}
	err = u.dir.Chmod(ctx, uploadsFolder, 0o700)
	if err == nil {
		err = u.save(ctx, i)
	}
	if err == nil {
		var f *os.File
		if f, err = u.dir.OpenStage(ctx, i.data()); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		return errors.Join(err, u.forget(ctx, i.ID))
	}
	return nil
}

func (u *uploads) save(ctx context.Context, i *uploadInfo) error {
	b, err := json.Marshal(i)
	if err != nil {
		return err
	}
	_, err = u.dir.WriteAtomic(ctx, i.folder()+"/info.json", bytes.NewReader(b), files.Write{Mode: 0o600})
	return err
}

// find reads what is known of an upload and how many bytes are here.
func (u *uploads) find(ctx context.Context, id string) (uploadInfo, int64, error) {
	var i uploadInfo
	none := lyceum.Errorf(lyceum.NotFound, "there is no such upload; it was finished long ago, ended, or nothing came for %d days", int(uploadLife.Hours()/24))
	if _, err := lyceum.ParseID[lyceum.ProjectID](id); err != nil {
		return i, 0, none
	}
	b, e, err := u.dir.ReadAll(ctx, uploadsFolder+"/"+id+"/info.json", maxInfo)
	if lyceum.IsKind(err, lyceum.NotFound) {
		return i, 0, none
	}
	if err != nil {
		return i, 0, err
	}
	if err := json.Unmarshal(b, &i); err != nil || i.ID != id {
		return i, 0, lyceum.Wrap(lyceum.Conflict, err, "what is known of this upload is damaged")
	}
	i.touched = e.Modified
	if i.Done != "" {
		return i, i.Size, nil
	}
	data, err := u.dir.Stat(ctx, i.data())
	if lyceum.IsKind(err, lyceum.NotFound) {
		return i, 0, nil
	}
	if err != nil {
		return i, 0, err
	}
	i.touched = data.Modified
	offset, err := u.checked(ctx, &i, data.Size)
	return i, offset, err
}

// checked is how much of data counts: what came before bytes whose checksum nobody
// has looked at, because the server was killed meanwhile.
func (u *uploads) checked(ctx context.Context, i *uploadInfo, size int64) (int64, error) {
	b, _, err := u.dir.ReadAll(ctx, i.check(), 64)
	if lyceum.IsKind(err, lyceum.NotFound) {
		return size, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 || n > size {
		n = 0 // the mark itself was cut: nothing is sure
	}
	return n, nil
}

// append writes body behind the first `at` bytes and returns how many are there
// then. With a sum, all of body counts or nothing.
func (u *uploads) append(ctx context.Context, i *uploadInfo, at int64, body io.Reader, sum *checksum) (int64, error) {
	f, err := u.dir.OpenStage(ctx, i.data())
	if err != nil {
		return at, err
	}
	defer f.Close()
	if err := f.Truncate(at); err != nil { // bytes that do not count
		return at, err
	}
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return at, err
	}
	if sum != nil {
		if err := u.mark(ctx, i, at); err != nil {
			return at, err
		}
		body = io.TeeReader(body, sum.hash)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{f}, io.LimitReader(body, i.Size-at+1), make([]byte, 128<<10))
	i.touched = u.now()
	switch {
	case n > i.Size-at:
		n, err = 0, lyceum.Errorf(lyceum.TooLarge, "more bytes came than were announced; none of them is kept")
	case sum != nil && err == nil && subtle.ConstantTimeCompare(sum.hash.Sum(nil), sum.want) != 1:
		n, err = 0, &rest.Problem{
			Title: "Checksum Mismatch", Status: statusChecksumMismatch, Code: lyceum.Invalid.String(), Request: rest.RequestID(ctx),
			Detail: "the bytes that came are not those that were sent; none of them is kept, so send them again",
		}
	case sum != nil && err != nil:
		n = 0
	}
	if n == 0 || err != nil {
		err = errors.Join(err, f.Truncate(at+n))
	}
	if sum != nil {
		err = errors.Join(err, u.dir.Remove(ctx, i.check(), false))
	}
	return at + n, files.Failure("write", i.Path, err)
}

func (u *uploads) mark(ctx context.Context, i *uploadInfo, at int64) error {
	f, err := u.dir.OpenStage(ctx, i.check())
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(strconv.FormatInt(at, 10)), 0)
	return errors.Join(err, f.Close())
}

// forget removes an upload with what came of it.
func (u *uploads) forget(ctx context.Context, id string) error {
	return u.dir.Remove(ctx, uploadsFolder+"/"+id, true)
}

// names are the identifiers of all uploads, finished ones too.
func (u *uploads) names() ([]string, error) {
	names, err := u.dir.Names(uploadsFolder)
	if lyceum.IsKind(err, lyceum.NotFound) {
		return nil, nil
	}
	return names, err
}

// list tells of all uploads, the newest first.
func (u *uploads) list(ctx context.Context) ([]api.Upload, error) {
	names, err := u.names()
	if err != nil {
		return nil, err
	}
	var out []api.Upload
	for _, id := range names {
		i, offset, err := u.find(ctx, id)
		if err != nil {
			continue // ended meanwhile, or no upload at all
		}
		out = append(out, i.api(offset))
	}
	slices.SortFunc(out, func(a, b api.Upload) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// run sweeps until ctx ends.
func (u *uploads) run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		u.sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweep removes what has expired, and what a kill left half made.
func (u *uploads) sweep(ctx context.Context) {
	names, err := u.names()
	if err != nil {
		u.log.Warn("unfinished uploads cannot be listed", "err", err)
		return
	}
	for _, id := range names {
		if u.locks.busy(id) || ctx.Err() != nil {
			continue
		}
		i, _, err := u.find(ctx, id)
		if err == nil && !i.expired(u.now()) {
			continue
		}
		if err != nil && !u.old(ctx, id) {
			continue
		}
		if err := u.forget(ctx, id); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			u.log.Warn("an upload that expired cannot be removed", "err", err)
		}
	}
}

// old reports whether a folder without a readable info is not one that is being made.
func (u *uploads) old(ctx context.Context, id string) bool {
	e, err := u.dir.Stat(ctx, uploadsFolder+"/"+id)
	return err == nil && u.now().Sub(e.Modified) > doneLife
}
