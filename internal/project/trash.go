package project

import (
	"context"
	"errors"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// ownFolder is where Lyceum keeps histories and the trash, below the home.
const ownFolder = ".local/state/lyceum"

// trashFolder is the trash, below the home: it counts in the use of the disk, and
// is left out of copies and archives as the histories are.
const trashFolder = ownFolder + "/trash"

const (
	trashKept  = 30 * 24 * time.Hour // after that it is purged
	trashSweep = time.Hour
	purgeTime  = 10 * time.Second // how long an answer waits for the disk to be freed
)

// toTrash moves what is at path into the trash, its history too.
func (p *Project) toTrash(ctx context.Context, path string, c call, progress files.Progress) (files.Trashed, error) {
	if err := p.notOurs(ctx, path); err != nil {
		return files.Trashed{}, err
	}
	who := files.Trashed{By: string(c.ticket.Account), ByName: c.ticket.Name}
	e, err := p.trash.Put(ctx, path, who, progress, func(e files.Trashed, move func() error) error {
		return p.documents.trashed(e.Path, e.ID, move)
	})
	if known, ok := errors.AsType[*lyceum.Error](err); ok && known.Kind == lyceum.Exhausted {
		return e, lyceum.Wrap(lyceum.Exhausted, err, "%s; there is no room even to note what goes to the trash: delete it for good instead", known.Message)
	}
	return e, err
}

// fromTrash restores an entry to the path to, or to where it was, and returns
// where it is.
func (p *Project) fromTrash(ctx context.Context, id, to string) (at string, err error) {
	if to != "" {
		if err := p.notOurs(ctx, to); err != nil {
			return "", err
		}
	}
	at, err = p.trash.Restore(ctx, id, to, func(e files.Trashed, at string, move func() error) error {
		return p.documents.restored(e.ID, e.Path, at, move)
	})
	if err == nil {
		p.documents.written(at)
	}
	return at, err
}

// deleteForGood removes a file, or with recursive a folder and all in it, and its
// history.
func (p *Project) deleteForGood(ctx context.Context, path string, recursive bool) error {
	if err := p.notOurs(ctx, path); err != nil {
		return err
	}
	if err := p.dir.Remove(ctx, path, recursive); err != nil {
		return err
	}
	p.documents.deleted(path)
	return nil
}

// purge removes entries and their histories for good.
func (p *Project) purge(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		if err := p.trash.Purge(ctx, id); err != nil {
			return err
		}
		p.documents.purged(id)
	}
	// The space is free when this ends, or else a little later.
	brief, cancel := context.WithTimeout(ctx, purgeTime)
	defer cancel()
	err := p.sweep(brief)
	if brief.Err() != nil {
		wakeUp(p.sweeping)
		return nil
	}
	return err
}

// sweep purges what has been in the trash for long.
func (p *Project) sweep(ctx context.Context) error {
	purged, err := p.trash.Sweep(ctx, time.Now().Add(-trashKept))
	for _, id := range purged {
		p.documents.purged(id)
	}
	return err
}

// keepTrash sweeps at once, every hour and when it is asked to, until ctx ends.
func (p *Project) keepTrash(ctx context.Context) {
	tick := time.NewTicker(trashSweep)
	defer tick.Stop()
	for {
		if err := p.sweep(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("the trash cannot be swept", "err", err)
		}
		select {
		case <-tick.C:
		case <-p.sweeping:
		case <-ctx.Done():
			return
		}
	}
}

func wakeUp(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// notOurs refuses to move, replace or delete the folder in which Lyceum keeps the
// history of documents and the trash, or what is in it or around it.
func (p *Project) notOurs(ctx context.Context, path string) error {
	dir, name := files.Split(path)
	real, err := p.dir.Resolve(ctx, dir)
	if err != nil {
		return err
	}
	at := files.Join(real, name)
	if at != ownFolder && !strings.HasPrefix(at, ownFolder+"/") && !strings.HasPrefix(ownFolder, at+"/") {
		return nil
	}
	if _, err := p.dir.Stat(ctx, ownFolder); lyceum.IsKind(err, lyceum.NotFound) {
		return nil // it is not there, perhaps because this is in its way
	}
	return lyceum.Errorf(lyceum.Forbidden, "Lyceum keeps the history of documents and the trash in ~/%s: that cannot be moved or deleted here", ownFolder)
}

func trashedOf(e files.Trashed) api.Trashed {
	_, name := files.Split(e.Path)
	if raw, err := files.DecodeName(name); err == nil {
		name = strings.ToValidUTF8(raw, "�")
	}
	return api.Trashed{
		ID: e.ID, Path: e.Path, Name: name, Kind: string(e.Kind), Size: e.Size, Deleted: e.Deleted.UTC(), Expires: e.Deleted.Add(trashKept).UTC(),
		By: e.By, ByName: e.ByName,
	}
}
