package project

import (
	"context"

	"lyceum/internal/api"
	"lyceum/internal/files"
)

func copyJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, _ call) error {
	return p.each(ctx, j, req.Paths, func(path string) error {
		_, name := files.Split(path)
		to := files.Join(req.To, name)
		err := p.dir.Copy(ctx, path, to, req.Conflict == "overwrite")
		if err == nil {
			p.documents.written(to)
			j.Result(path, to)
		}
		return err
	})
}

func moveJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, _ call) error {
	return p.each(ctx, j, req.Paths, func(path string) error {
		_, name := files.Split(path)
		to := files.Join(req.To, name)
		err := p.dir.Move(ctx, path, to, req.Conflict == "overwrite")
		if err == nil {
			p.documents.moved(path, to)
			j.Result(path, to)
		}
		return err
	})
}

func deleteJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, _ call) error {
	return p.each(ctx, j, req.Paths, func(path string) error {
		err := p.dir.Remove(ctx, path, true)
		if err == nil {
			p.documents.removed(path)
		}
		return err
	})
}

// each does the work for each path; an error is that path's problem.
func (p *Project) each(ctx context.Context, j *jobRun, paths []string, do func(path string) error) error {
	j.Total(len(paths), 0)
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		j.Doing(path)
		if err := do(path); err != nil && ctx.Err() == nil {
			j.Problem(path, err)
		}
		j.Did(1, 0)
	}
	return ctx.Err()
}
