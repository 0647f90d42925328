package project

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// putFile writes the body to a file, all of it or nothing.
func (p *Project) putFile(w http.ResponseWriter, r *http.Request, c call) error {
	how, err := conditions(r.Header)
	if err != nil {
		return err
	}
	if err := p.room(r.Context(), r.ContentLength); err != nil {
		return err
	}
	if r.URL.Query().Get("parents") == "1" {
		if err := p.makeParents(r.Context(), c.path); err != nil {
			return err
		}
	}
	rest.Stream(w)
	p.activity.edit()
	e, err := p.dir.WriteAtomic(r.Context(), c.path, &upload{body: r.Body, activity: &p.activity}, how)
	if err != nil {
		return err
	}
	p.activity.edit()
	p.documents.written(c.path)
	w.Header().Set("Etag", `"`+e.Version+`"`)
	return rest.WriteJSON(w, entryOf(e))
}

// conditions reads If-Match and If-None-Match (RFC 9110, section 13.1), of which
// one version each and "*" for If-None-Match make sense here.
func conditions(h http.Header) (files.Write, error) {
	var how files.Write
	if s := h.Get("If-None-Match"); s != "" {
		if s != "*" {
			return how, lyceum.Errorf(lyceum.Invalid, "If-None-Match can only be * here")
		}
		how.IfAbsent = true
	}
	if s := h.Get("If-Match"); s != "" {
		v, ok := strings.CutPrefix(s, `"`)
		v, ok2 := strings.CutSuffix(v, `"`)
		if !ok || !ok2 || v == "" || strings.ContainsRune(v, '"') || how.IfAbsent {
			return how, lyceum.Errorf(lyceum.Invalid, "If-Match must be one version between quotes, without If-None-Match")
		}
		how.IfVersion = v
	}
	return how, nil
}

// room refuses at once what will not fit. Length is -1 when it is not known.
func (p *Project) room(ctx context.Context, length int64) error {
	return p.roomFor(ctx, length, length)
}

// roomFor is room for what will have a length in the end, of which so much comes now.
func (p *Project) roomFor(ctx context.Context, length, now int64) error {
	if err := p.quota.take(ctx, length, now); err != nil {
		return err
	}
	if length < 1<<20 {
		return nil // the writing itself finds out
	}
	free, _, err := p.dir.Free(ctx)
	if err == nil && free < length {
		return lyceum.Wrap(lyceum.Exhausted, syscall.ENOSPC, "there is no room for this on the disk: %d MB are free", free>>20)
	}
	return err
}

func (p *Project) makeParents(ctx context.Context, path string) error {
	dir, _ := files.Split(path)
	if dir == "" {
		return nil
	}
	return p.dir.Mkdir(ctx, dir, true)
}

// upload is a body that tells of its progress, and whose breaking off is the
// client's affair.
type upload struct {
	body     io.Reader
	activity *activity
	told     time.Time
}

// Read implements io.Reader.
func (u *upload) Read(b []byte) (int, error) {
	n, err := u.body.Read(b)
	if now := time.Now(); now.Sub(u.told) > time.Second {
		u.told = now
		u.activity.edit()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = lyceum.Wrap(lyceum.Invalid, err, "the upload broke off; nothing was changed")
	}
	return n, err
}

// actOnFile does one of the actions of api.FileAction.
func (p *Project) actOnFile(w http.ResponseWriter, r *http.Request, c call) error {
	var a api.FileAction
	if err := rest.ReadJSON(w, r, &a); err != nil {
		return err
	}
	rest.Stream(w) // copying a tree takes its time
	at, err := p.act(r.Context(), c.path, a)
	if err != nil {
		return err
	}
	p.activity.edit()
	e, err := p.dir.Stat(r.Context(), at)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, entryOf(e))
}

// act returns the path where the outcome is.
func (p *Project) act(ctx context.Context, path string, a api.FileAction) (string, error) {
	at := path
	switch a.Action {
	case "mkdir", "touch":
		if a.To != "" {
			return "", lyceum.Invalidf("to", "%s has no destination", a.Action)
		}
	case "move", "copy":
		if a.To == "" {
			return "", lyceum.Invalidf("to", "say where to")
		}
		at = a.To
	case "encode":
		store, err := p.documents.store()
		if err != nil {
			return "", err
		}
		return at, store.SetEncoding(ctx, path, "utf-8")
	default:
		return "", lyceum.Invalidf("action", "action must be mkdir, touch, move, copy or encode")
	}
	if a.Action != "move" {
		if err := p.room(ctx, 0); err != nil {
			return "", err
		}
	}
	if a.Parents && a.Action != "mkdir" {
		if err := p.makeParents(ctx, at); err != nil {
			return "", err
		}
	}
	switch a.Action {
	case "mkdir":
		return at, p.dir.Mkdir(ctx, path, a.Parents)
	case "touch":
		return at, p.dir.Touch(ctx, path)
	case "copy":
		err := p.dir.Copy(ctx, path, at, a.Overwrite)
		if err == nil {
			p.documents.written(at)
		}
		return at, err
	}
	for _, end := range []string{path, at} {
		if err := p.notOurs(ctx, end); err != nil {
			return "", err
		}
	}
	err := p.dir.Move(ctx, path, at, a.Overwrite)
	if err == nil {
		p.documents.moved(path, at)
		p.runs.Moved()
	}
	return at, err
}
