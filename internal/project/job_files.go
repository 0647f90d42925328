package project

import (
	"context"
	"slices"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

func copyJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, c call) error {
	if err := p.roomForAll(ctx, req.Paths); err != nil {
		return err
	}
	return p.each(ctx, j, req.Paths, func(path string) error {
		return p.carryTree(ctx, j, req, path, c, p.dir.CopyTree)
	})
}

func moveJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, c call) error {
	return p.each(ctx, j, req.Paths, func(path string) error {
		if err := p.notOurs(ctx, path); err != nil {
			return err
		}
		return p.carryTree(ctx, j, req, path, c, p.dir.MoveTree)
	})
}

// carryTree copies or moves a thing into the folder that req names.
func (p *Project) carryTree(ctx context.Context, j *jobRun, req api.NewJob, path string, c call, do func(ctx context.Context, from, to string, t files.Transfer) (string, error)) error {
	_, name := files.Split(path)
	to := files.Join(req.To, name)
	if err := p.notOurs(ctx, to); err != nil {
		return err
	}
	at, err := do(ctx, path, to, files.Transfer{
		Conflict: files.Conflict(req.Conflict), Progress: j, Except: ownFolder,
		Wrote: p.documents.written, Moved: p.documents.moved,
		Aside: func(path string) error { _, err := p.toTrash(ctx, path, c, nil); return err },
	})
	if err == nil && at != "" {
		p.documents.written(at)
		j.Result(path, at)
	}
	return err
}

func trashJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, c call) error {
	return p.each(ctx, j, req.Paths, func(path string) error {
		j.Total(1, 0)
		t, err := p.toTrash(ctx, path, c, j)
		if err == nil {
			j.Result(path, t.ID)
			j.Did(1, 0)
		}
		return err
	})
}

func deleteJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, _ call) error {
	return p.each(ctx, j, req.Paths, func(path string) error {
		if err := p.notOurs(ctx, path); err != nil {
			return err
		}
		items, _, err := p.dir.Measure(ctx, path)
		if err != nil {
			return err
		}
		j.Total(items, 0)
		if err = p.dir.RemoveTree(ctx, path, j); err == nil {
			p.documents.deleted(path)
		}
		return err
	})
}

// each does the work for each path. An error is that path's problem, unless the
// disk is full, which ends the job.
func (p *Project) each(ctx context.Context, j *jobRun, paths []string, do func(path string) error) error {
	for _, path := range outermost(paths) {
		if err := ctx.Err(); err != nil {
			return err
		}
		j.Doing(path)
		err := do(path)
		switch {
		case err == nil:
		case ctx.Err() != nil, lyceum.IsKind(err, lyceum.Exhausted):
			return err
		default:
			j.Problem(path, err)
		}
	}
	return ctx.Err()
}

// outermost leaves out what is in a folder that is named too, and repetitions.
func outermost(paths []string) []string {
	named := map[string]bool{}
	for _, path := range paths {
		named[path] = true
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		if seen[path] {
			return true
		}
		seen[path] = true
		for dir, _ := files.Split(path); dir != ""; dir, _ = files.Split(dir) {
			if named[dir] {
				return true
			}
		}
		return false
	})
}

// roomForAll refuses a copy for which there is no room.
func (p *Project) roomForAll(ctx context.Context, paths []string) error {
	var all int64
	for _, path := range outermost(paths) {
		_, bytes, err := p.dir.Measure(ctx, path)
		if err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return err
		}
		all += bytes
	}
	return p.room(ctx, all)
}
