package project

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/archive"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// unpacking is one archive that is being unpacked.
type unpacking struct {
	p       *Project
	j       *jobRun
	a       *archive.Reader
	into    string          // folder, or where the single file goes
	made    map[string]bool // folders
	links   []archive.Entry // symlinks are made last, so that nothing is written through one
	counted int64           // bytes of the archive that were told
}

// unpackJob unpacks archives, each into a new folder named after it, or as it is
// when it is one compressed file or has one folder at its top.
func unpackJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, _ call) error {
	for _, at := range req.Paths {
		e, err := p.dir.StatFollow(ctx, at)
		if err == nil {
			j.Total(0, e.Size)
		}
	}
	for _, at := range req.Paths {
		j.Doing(at)
		err := p.unpack(ctx, j, at, req.To)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			j.Problem(at, err)
			if len(req.Paths) == 1 {
				return err
			}
		}
	}
	return nil
}

func (p *Project) unpack(ctx context.Context, j *jobRun, at, to string) error {
	f, err := p.dir.Open(ctx, at)
	if err != nil {
		return err
	}
	defer f.Close()
	limits, err := p.unpackLimits(ctx)
	if err != nil {
		return err
	}
	a, err := archive.Open(f, f.Entry.Size, f.Entry.Name, limits)
	if err != nil {
		return err
	}
	defer a.Close()
	u := &unpacking{p: p, j: j, a: a, made: map[string]bool{}}
	if to != "" {
		if err := p.dir.Mkdir(ctx, to, true); err != nil {
			return err
		}
	}
	if a.Single() {
		u.into = to
		return p.noRoom(limits, u.single(ctx, at))
	}
	if u.into, err = u.newFolder(ctx, files.Join(to, unpackedName(f.Entry.Name))); err != nil {
		return err
	}
	err = p.noRoom(limits, u.all(ctx))
	where, lerr := u.lift(ctx, to)
	if where != "" {
		j.Result(at, where)
	}
	p.activity.edit()
	if err == nil {
		err = lerr
	}
	return err
}

// unpackLimits are the defaults, and what the disk and the project's share of it
// can take: of what is only compressed nobody knows the size before.
func (p *Project) unpackLimits(ctx context.Context) (archive.Limits, error) {
	if err := p.quota.refresh(ctx); err != nil {
		return archive.Limits{}, err
	}
	free, _, err := p.dir.Free(ctx)
	most := min(cmp.Or(p.cfg.UnpackBytes, unpackBytes), free)
	if used, known, limit := p.quota.now(); known && limit > 0 {
		most = min(most, limit-used)
	}
	return archive.Limits{Bytes: max(1, most)}, err
}

// noRoom says of an archive that is too large that it is the disk which is small.
func (p *Project) noRoom(l archive.Limits, err error) error {
	if lyceum.IsKind(err, lyceum.TooLarge) && l.Bytes < cmp.Or(p.cfg.UnpackBytes, unpackBytes) {
		return lyceum.Wrap(lyceum.Exhausted, err, "there is no room for what is in the archive: %s are left. “Disk use” shows what is large", lyceum.Size(l.Bytes))
	}
	return err
}

// unpackBytes is the most that one archive may become, unless Config says otherwise.
const unpackBytes = 100e9

// unpackedName is the name of an archive without its extension.
func unpackedName(name string) string {
	stem := name
	for _, ext := range []string{".gz", ".bz2", ".xz", ".zst", ".tgz", ".tbz2", ".txz", ".tar", ".zip", ".jar", ".whl"} {
		stem = strings.TrimSuffix(stem, ext)
	}
	if strings.Trim(stem, ".") == "" || stem == name {
		stem = name + " (unpacked)"
	}
	return stem
}

// newFolder makes a folder of that name, or numbered.
func (u *unpacking) newFolder(ctx context.Context, at string) (string, error) {
	path := at
	for n := 2; n < maxNumbered; n++ {
		err := u.p.dir.Mkdir(ctx, path, false)
		if !lyceum.IsKind(err, lyceum.Conflict) {
			return path, err
		}
		path = files.Numbered(at, n)
	}
	return "", lyceum.Errorf(lyceum.Conflict, "there are too many folders named like %s", at)
}

// all unpacks each entry. An error leaves those that are whole.
func (u *unpacking) all(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := u.a.Next()
		if errors.Is(err, io.EOF) {
			return u.makeLinks(ctx)
		}
		if err != nil {
			return errors.Join(err, u.makeLinks(ctx))
		}
		switch {
		case e.Refused != "":
			u.j.Problem(e.Name, lyceum.Errorf(lyceum.Invalid, "left out: %s", e.Refused))
			continue
		case e.Path == "":
			continue
		}
		at := u.into + "/" + files.Encode(e.Path)
		u.j.Doing(at)
		if err := u.entry(ctx, e, at); err != nil {
			if lyceum.IsKind(err, lyceum.TooLarge) || lyceum.IsKind(err, lyceum.Exhausted) || errors.Is(err, errArchive) || ctx.Err() != nil {
				return err
			}
			u.j.Problem(at, err)
		}
		u.progress(1)
	}
}

var errArchive = errors.New("the archive cannot be read on")

func (u *unpacking) progress(items int) {
	n := u.a.Consumed()
	u.j.Did(items, n-u.counted)
	u.counted = n
}

func (u *unpacking) entry(ctx context.Context, e archive.Entry, at string) error {
	if e.Kind == archive.Folder {
		return u.folder(ctx, at)
	}
	dir, _ := files.Split(at)
	if err := u.folder(ctx, dir); err != nil {
		return err
	}
	switch e.Kind {
	case archive.Symlink:
		e.Path = at
		u.links = append(u.links, e)
		return nil
	case archive.HardLink:
		return u.p.dir.Copy(ctx, u.into+"/"+files.Encode(e.Target), at, false)
	}
	return u.file(ctx, e, at)
}

func (u *unpacking) folder(ctx context.Context, at string) error {
	if u.made[at] {
		return nil
	}
	err := u.p.dir.Mkdir(ctx, at, true)
	u.made[at] = err == nil
	return err
}

// file writes one file, all of it or nothing.
func (u *unpacking) file(ctx context.Context, e archive.Entry, at string) error {
	if err := u.p.room(ctx, e.Size); err != nil {
		return err
	}
	mode := e.Mode
	if mode != 0 {
		mode |= 0o600 // its owner can do something with it
	}
	f, err := u.p.dir.MakeNew(at, mode)
	if err != nil {
		if lyceum.IsKind(err, lyceum.Conflict) {
			return lyceum.Errorf(lyceum.Conflict, "left out: its name is twice in the archive")
		}
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{&tick{u, &until{ctx, u.a}}}, make([]byte, 128<<10))
	if err == nil && !e.Modified.IsZero() {
		err = files.SetModified(f, e.Modified)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		u.p.documents.written(at)
		return nil
	}
	clean := context.WithoutCancel(ctx)
	if rerr := u.p.dir.Remove(clean, at, false); rerr != nil {
		u.j.Problem(at, rerr)
	}
	err = files.Failure("write", at, err)
	if lyceum.IsKind(err, lyceum.Invalid) {
		return errors.Join(err, errArchive)
	}
	return err
}

// tick tells the progress inside a large file.
type tick struct {
	u *unpacking
	r io.Reader
}

// Read implements io.Reader.
func (t *tick) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.u.progress(0)
	return n, err
}

// makeLinks makes the symlinks, and takes back one that leads out all the same.
func (u *unpacking) makeLinks(ctx context.Context) error {
	for _, e := range u.links {
		err := u.p.dir.Link(ctx, e.Target, e.Path)
		if err == nil {
			var now files.Entry
			if now, err = u.p.dir.Stat(ctx, e.Path); err == nil && now.TargetKind == files.Outside {
				err = errors.Join(lyceum.Errorf(lyceum.Forbidden, "left out: it is a link that leads out"), u.p.dir.Remove(ctx, e.Path, false))
			}
		}
		if err != nil {
			u.j.Problem(e.Path, err)
		}
	}
	return nil
}

// lift takes the one folder at the top of an archive out of the folder that was
// made for it, and returns where what was unpacked is. An empty one is removed.
func (u *unpacking) lift(ctx context.Context, to string) (string, error) {
	ctx = context.WithoutCancel(ctx)
	names, err := u.p.dir.Names(u.into)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", u.p.dir.Remove(ctx, u.into, false)
	}
	only := files.Join(u.into, names[0])
	e, err := u.p.dir.Stat(ctx, only)
	if err != nil || len(names) > 1 || e.Kind != files.Folder {
		return u.into, err
	}
	// First away from its name: the folder inside may have the same.
	aside := u.into + "~" + string(lyceum.NewID[lyceum.ProjectID]())[:8]
	if err := u.p.dir.Move(ctx, u.into, aside, false); err != nil {
		return u.into, err
	}
	want := files.Join(to, names[0])
	at := want
	for n := 2; n < maxNumbered; n++ {
		err = u.p.dir.Move(ctx, files.Join(aside, names[0]), at, false)
		if !lyceum.IsKind(err, lyceum.Conflict) {
			break
		}
		at = files.Numbered(want, n)
	}
	if err != nil {
		return aside, err
	}
	return at, u.p.dir.Remove(ctx, aside, false)
}

// single unpacks one compressed file beside it.
func (u *unpacking) single(ctx context.Context, from string) error {
	e, err := u.a.Next()
	if err != nil {
		return err
	}
	if e.Refused != "" {
		return lyceum.Errorf(lyceum.Invalid, "%s", e.Refused)
	}
	want := files.Join(u.into, files.Encode(e.Path))
	at := want
	for n := 2; n < maxNumbered; n++ {
		if _, err := u.p.dir.Stat(ctx, at); lyceum.IsKind(err, lyceum.NotFound) {
			break
		}
		at = files.Numbered(want, n)
	}
	if err := u.file(ctx, e, at); err != nil {
		return err
	}
	u.progress(1)
	u.j.Result(from, at)
	return nil
}
