package project

import (
	"context"
	"net/http"
	"slices"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// own are folders that are shown by what they are for and not by their names.
var own = map[string]string{trashFolder: "trash", stateFolder: "history", ownFolder + "/uploads": "uploads"}

const (
	useDepth   = 2
	useParts   = 100
	useTold    = 500 // a part of a part that is smaller than this fraction of all is not told by itself
	maxMeasure = 2   // measurements at the same time
)

// usage answers with what a folder takes on the disk: lines of progress, and last
// the largest things in it.
func (p *Project) usage(w http.ResponseWriter, r *http.Request, c call) error {
	ctx := r.Context()
	real, err := p.visible(ctx, c)
	if err != nil {
		return err
	}
	if _, err := p.dir.Stat(ctx, real); err != nil {
		return err
	}
	select {
	case p.measures <- struct{}{}:
		defer func() { <-p.measures }()
	case <-ctx.Done():
		return lyceum.Wrap(lyceum.Unavailable, ctx.Err(), "the measuring was given up")
	}
	out := newLines(w)
	began := time.Now()
	use, err := p.dir.Use(ctx, real, files.UseConfig{
		Depth: useDepth, Parts: useParts, NoHidden: !c.ticket.Can(lyceum.ReadHidden), Every: tellEvery,
		Tell: func(u files.Use) {
			sofar := useOf(u, 0)
			_ = out.write(api.DiskMeasured{SoFar: &sofar, TookMS: time.Since(began).Milliseconds()}) // ctx ends when nobody takes it
		},
	})
	if err != nil {
		return p.lastLine(r, out, err, func(problem *api.Problem) any { return api.DiskMeasured{Problem: problem} })
	}
	answer := useOf(use, use.Bytes/useTold)
	if real == "" && c.ticket.Can(lyceum.ReadHidden) {
		p.liftOwn(ctx, &answer)
	}
	return out.write(api.DiskMeasured{Use: &answer, TookMS: time.Since(began).Milliseconds()})
}

// useOf is u as it is told, without small parts of parts.
func useOf(u files.Use, least int64) api.DiskUse {
	out := api.DiskUse{
		Name: u.Name, Path: u.Path, Kind: string(u.Kind), Role: own[u.Path], Bytes: u.Bytes, Size: u.Size,
		Files: u.Files, Folders: u.Folders, Unread: u.Unread,
	}
	if !u.Modified.IsZero() {
		out.Modified = u.Modified.UTC().Format(time.RFC3339)
	}
	rest := api.RestUse{Items: u.Rest.Items, Bytes: u.Rest.Bytes}
	for _, part := range u.Parts {
		told := useOf(part, 0)
		told.Parts = slices.DeleteFunc(told.Parts, func(x api.DiskUse) bool {
			if x.Bytes >= least {
				return false
			}
			if told.Rest == nil {
				told.Rest = &api.RestUse{}
			}
			told.Rest.Items++
			told.Rest.Bytes += x.Bytes
			return true
		})
		out.Parts = append(out.Parts, told)
	}
	if rest.Items > 0 {
		out.Rest = &rest
	}
	return out
}

// liftOwn shows the trash and the like, which are deep in the home, beside the
// folders of the home, and takes them off what they are in.
func (p *Project) liftOwn(ctx context.Context, home *api.DiskUse) {
	for path := range own {
		u, err := p.dir.Use(ctx, path, files.UseConfig{})
		if err != nil || u.Files == 0 {
			continue // it is not there, or empty
		}
		takeOff(home, path, u)
		part := useOf(u, 0)
		home.Parts = append(home.Parts, part)
	}
	slices.SortFunc(home.Parts, func(a, b api.DiskUse) int {
		if a.Bytes != b.Bytes {
			return int(min(max(b.Bytes-a.Bytes, -1), 1))
		}
		return int(min(max(int64(len(a.Path)-len(b.Path)), -1), 1))
	})
}

func takeOff(in *api.DiskUse, path string, u files.Use) {
	for i := range in.Parts {
		part := &in.Parts[i]
		if len(path) <= len(part.Path) || path[:len(part.Path)] != part.Path || path[len(part.Path)] != '/' {
			continue
		}
		part.Bytes = max(part.Bytes-u.Bytes, 0)
		part.Size = max(part.Size-u.Size, 0)
		part.Files = max(part.Files-u.Files, 0)
		part.Folders = max(part.Folders-u.Folders-1, 0)
		takeOff(part, path, u)
	}
}
