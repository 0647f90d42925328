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
	if err := checkReplaced(req.Paths, o.Files); err != nil {
		return err
	}
	pattern, err := search.Compile(search.Query{Text: o.Text, Regex: o.Regex, Case: o.Case, Word: o.Word})
	if err != nil {
		return err
	}
	with, err := pattern.Template(o.With)
	if err != nil {
		return err
	}
	j.Total(len(req.Paths), 0)
	for i, path := range req.Paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		j.Doing(path)
		written, err := p.replaceIn(ctx, path, o.Files[i], pattern, with)
		if err != nil && ctx.Err() == nil {
			j.Problem(path, err)
		} else if err == nil {
			j.Result(path, path)
		}
		j.Did(1, written)
	}
	return ctx.Err()
}

// checkReplaced wants to be told for each file what is replaced in it: nothing that
// is left unsaid may mean everything.
func checkReplaced(paths []string, in []api.ReplaceFile) error {
	if len(in) != len(paths) {
		return lyceum.Invalidf("replace.files", "say for each of the paths what to replace in it")
	}
	known := make(map[string]bool, len(paths))
	for i, f := range in {
		switch {
		case f.All == (len(f.Places) > 0):
			return lyceum.Invalidf("replace.files", "say of %.200q either all or the places of the matches", paths[i])
		case known[paths[i]]:
			return lyceum.Invalidf("paths", "%.200q is named twice", paths[i])
		}
		known[paths[i]] = true
	}
	return nil
}

// replaceIn replaces in one file and returns how many bytes it wrote.
func (p *Project) replaceIn(ctx context.Context, path string, in api.ReplaceFile, pattern *search.Pattern, with *search.Template) (int64, error) {
	if err := p.notOurs(ctx, path); err != nil {
		return 0, err
	}
	content, e, err := p.dir.ReadAll(ctx, path, search.MaxReplaced)
	if err != nil {
		return 0, err
	}
	if in.Version == "" || e.Version != in.Version {
		return 0, lyceum.Errorf(lyceum.Conflict, "the file has changed since it was searched: search again")
	}
	only := make([]search.Place, len(in.Places)) // none for all
	for i, at := range in.Places {
		only[i] = search.Place{Line: at.Line, Column: at.Column}
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
	if _, err := p.dir.WriteAtomic(ctx, path, bytes.NewReader(out), files.Write{IfVersion: in.Version}); err != nil {
		if lyceum.IsKind(err, lyceum.Conflict) {
			return 0, lyceum.Wrap(lyceum.Conflict, err, "the file has changed since it was searched: search again")
		}
		return 0, err
	}
	p.documents.written(path)
	return int64(len(out)), nil
}
