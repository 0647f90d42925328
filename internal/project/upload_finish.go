package project

import (
	"context"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// maxNumbered is how many names "a (2)", "a (3)", ... are tried.
const maxNumbered = 1000

// finishUpload gives an upload that is here as a whole its name. An error leaves it
// waiting, with the reason, until somebody decides.
func (p *Project) finishUpload(ctx context.Context, i *uploadInfo) error {
	// The bytes are here: that the client goes now changes nothing.
	ctx = context.WithoutCancel(ctx)
	at, err := p.place(ctx, i)
	if err != nil {
		i.Problem = textOf(err)
		if serr := p.uploads.save(ctx, i); serr != nil {
			p.log.Warn("what is wrong with an upload cannot be noted", "err", serr)
		}
		return err
	}
	p.activity.edit()
	p.documents.written(at)
	i.Done, i.Problem = at, ""
	return p.uploads.save(ctx, i)
}

// place installs the file and returns where.
func (p *Project) place(ctx context.Context, i *uploadInfo) (string, error) {
	if i.Parents {
		if err := p.makeParents(ctx, i.Path); err != nil {
			return "", asConflict(err)
		}
	}
	how := files.Write{IfAbsent: i.Conflict != "overwrite", IfVersion: i.Version, Mode: i.Mode}
	at := i.Path
	for n := 2; ; n++ {
		_, err := p.dir.Install(ctx, i.data(), at, how, i.Modified)
		if err == nil {
			return at, nil
		}
		if i.Conflict != "keep-both" || !lyceum.IsKind(err, lyceum.Conflict) || n > maxNumbered {
			return "", asConflict(err)
		}
		at = files.Numbered(i.Path, n)
	}
}

// asConflict makes a conflict of what is wrong at the place where a file shall go:
// it was right when the upload began, and somebody can decide otherwise.
func asConflict(err error) error {
	if lyceum.IsKind(err, lyceum.NotFound) {
		return lyceum.Wrap(lyceum.Conflict, err, "the folder is not there any more; the file is kept until you say where it goes")
	}
	if lyceum.IsKind(err, lyceum.Invalid) {
		return lyceum.Wrap(lyceum.Conflict, err, "%s; the file is kept until you say where it goes", textOf(err))
	}
	return err
}
