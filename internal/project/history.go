package project

import (
	"net/http"
	"net/url"
	"strconv"

	"lyceum/internal/api"
	"lyceum/internal/livedoc"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

func historyRoutes() []route {
	return []route{
		{method: "GET", path: "history/{path...}", verb: lyceum.ReadFiles, handle: checked((*Project).getHistory)},
		{method: "POST", path: "history/{path...}", verb: lyceum.WriteFiles, handle: checked((*Project).actOnHistory)},
	}
}

// getHistory answers with the versions of a file; with ?at= with the text of one, and
// with ?diff= besides with what changed from that one. With ?doc= it is that document's,
// wherever its file is by now.
func (p *Project) getHistory(w http.ResponseWriter, r *http.Request, c call) error {
	path, err := p.visiblePast(r, p.documents.followed(r, c))
	if err != nil {
		return err
	}
	store, err := p.documents.store()
	if err != nil {
		return err
	}
	q := r.URL.Query()
	w.Header().Set("Cache-Control", "private, no-cache")
	switch {
	case q.Get("diff") != "":
		return p.diffVersions(w, r, store, path)
	case q.Get("at") != "":
		return p.sendVersion(w, r, store, path)
	}
	var l livedoc.Listing
	if l.Before, err = sequenceIn(q, "before"); err != nil {
		return err
	}
	if s := q.Get("limit"); s != "" {
		if l.Limit, err = strconv.Atoi(s); err != nil || l.Limit < 1 || l.Limit > livedoc.MaxListed {
			return lyceum.Invalidf("limit", "limit must be a number from 1 to %d", livedoc.MaxListed)
		}
	}
	l.Detail = q.Get("detail") == "1"
	h, err := store.History(r.Context(), path, l)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, h)
}

// visiblePast is visible for a path at which there may be no file any more.
func (p *Project) visiblePast(r *http.Request, c call) (string, error) {
	path, err := p.visible(r.Context(), c)
	if lyceum.IsKind(err, lyceum.NotFound) && err != errNoFile { //nolint:errorlint // the very value that visible hides files with
		return c.path, nil
	}
	return path, err
}

// sequenceIn reads the sequence of a version; 0 when none is given.
func sequenceIn(q url.Values, name string) (uint64, error) {
	s := q.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 53)
	if err != nil || n == 0 {
		return 0, lyceum.Invalidf(name, "%s must be the sequence of a version", name)
	}
	return n, nil
}

func (p *Project) sendVersion(w http.ResponseWriter, r *http.Request, store *livedoc.Store, path string) error {
	seq, err := sequenceIn(r.URL.Query(), "at")
	if err != nil {
		return err
	}
	v, err := store.Version(r.Context(), path, seq)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Etag", `"`+v.Tag+`"`)
	h.Set("Lyceum-Version", strconv.FormatUint(v.Seq, 10))
	if r.Header.Get("If-None-Match") == `"`+v.Tag+`"` {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Length", strconv.Itoa(len(v.Text)))
	rest.Stream(w)
	_, err = w.Write([]byte(v.Text))
	return err
}

func (p *Project) diffVersions(w http.ResponseWriter, r *http.Request, store *livedoc.Store, path string) error {
	q := r.URL.Query()
	from, err := sequenceIn(q, "diff")
	if err != nil {
		return err
	}
	to, err := sequenceIn(q, "at")
	if err != nil || to == 0 {
		return lyceum.Invalidf("at", "at must be the sequence of a version")
	}
	d, err := store.Changes(r.Context(), path, from, to)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, d)
}

// actOnHistory names, restores and clears versions.
func (p *Project) actOnHistory(w http.ResponseWriter, r *http.Request, c call) error {
	var a api.HistoryAction
	if err := rest.ReadJSON(w, r, &a); err != nil {
		return err
	}
	path, err := p.visiblePast(r, c)
	if err != nil {
		return err
	}
	store, err := p.documents.store()
	if err != nil {
		return err
	}
	done, err := changeHistory(r, store, path, a, author(c))
	if err != nil {
		return err
	}
	p.activity.edit()
	h, err := store.History(r.Context(), path, livedoc.Listing{Limit: 1})
	if err != nil {
		return err
	}
	done.SizeBytes = h.SizeBytes
	return rest.WriteJSON(w, done)
}

// author is who makes the edit of a restore; nobody by name on the project's own socket.
func author(c call) string {
	if c.local {
		return ""
	}
	return string(c.ticket.Account)
}

func changeHistory(r *http.Request, store *livedoc.Store, path string, a api.HistoryAction, by string) (done api.HistoryDone, err error) {
	if a.Seq == 0 && a.Action != "clear" {
		return done, lyceum.Invalidf("seq", "seq must be the sequence of a version")
	}
	switch a.Action {
	case "name":
		done.Seq, err = store.NameVersion(r.Context(), path, a.Seq, a.Name, by)
	case "restore":
		done.Seq, err = store.RestoreVersion(r.Context(), path, a.Seq, by)
	case "clear":
		done.FreedBytes, err = store.ClearHistory(r.Context(), path, a.Seq, by)
	default:
		err = lyceum.Invalidf("action", "action must be name, restore or clear")
	}
	return done, err
}
