package project

import (
	"bytes"
	"context"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/search"
)

// replaceJob replaces what a search has found, file after file. A file that is not
// as it was searched any more is left alone. One that is open in editors changes
// there too: its document takes the change over as the smallest edits, and keeps what
// somebody typed meanwhile.
func replaceJob(p *Project, ctx context.Context, j *jobRun, req api.NewJob, _ call) error {
	o := req.Replace
	if o == nil {
		return lyceum.Invalidf("replace", "say what to replace")
	}
	if len(o.Versions) != len(req.Paths) {
		return lyceum.Invalidf("replace.versions", "name a version for each of the paths")
	}
	pattern, err := search.Compile(search.Query{Text: o.Text, Regex: o.Regex, Case: o.Case, Word: o.Word})
	if err != nil {
		return err
	}
	with, err := pattern.Template(o.With)
	if err != nil {
		return err
	}
	versions := make(map[string]string, len(req.Paths))
	for i, path := range req.Paths {
		versions[path] = o.Versions[i]
	}
	places := map[string][]search.Place{}
	for _, at := range o.Places {
		places[at.Path] = append(places[at.Path], search.Place{Line: at.Line, Column: at.Column})
	}
	j.Total(len(req.Paths), 0)
	for _, path := range req.Paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		j.Doing(path)
		only := places[path]
		if len(o.Places) > 0 && len(only) == 0 {
			j.Did(1, 0)
			continue
		}
		written, err := p.replaceIn(ctx, path, versions[path], pattern, with, only)
		if err != nil && ctx.Err() == nil {
			j.Problem(path, err)
		} else if err == nil {
			j.Result(path, path)
		}
		j.Did(1, written)
	}
	return ctx.Err()
}

// replaceIn replaces in one file and returns how many bytes it wrote.
func (p *Project) replaceIn(ctx context.Context, path, version string, pattern *search.Pattern, with *search.Template, only []search.Place) (int64, error) {
	if err := p.notOurs(ctx, path); err != nil {
		return 0, err
	}
	content, e, err := p.dir.ReadAll(ctx, path, search.MaxReplaced)
	if err != nil {
		return 0, err
	}
	if version == "" || e.Version != version {
		return 0, lyceum.Errorf(lyceum.Conflict, "the file has changed since it was searched: search again")
	}
	out, n, err := pattern.Replace(ctx, content, with, only, search.MaxReplaced)
	if err != nil {
		return 0, err
	}
	if n == 0 || bytes.Equal(out, content) {
		return 0, nil
	}
	if err := p.room(ctx, int64(len(out))); err != nil {
		return 0, err
	}
	if _, err := p.dir.WriteAtomic(ctx, path, bytes.NewReader(out), files.Write{IfVersion: version}); err != nil {
		if lyceum.IsKind(err, lyceum.Conflict) {
			return 0, lyceum.Wrap(lyceum.Conflict, err, "the file has changed since it was searched: search again")
		}
		return 0, err
	}
	p.documents.written(path)
	return int64(len(out)), nil
}
