package project

import (
	"net/http"
	"strconv"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// trashRoutes are for those who may write: the trash has dot-files as well.
func trashRoutes() []route {
	return []route{
		{method: "GET", path: "trash", verb: lyceum.WriteFiles, handle: (*Project).listTrash},
		{method: "DELETE", path: "trash", verb: lyceum.WriteFiles, handle: (*Project).emptyTrash},
		{method: "POST", path: "trash/{tid}", verb: lyceum.WriteFiles, handle: (*Project).restoreTrash},
		{method: "DELETE", path: "trash/{tid}", verb: lyceum.WriteFiles, handle: (*Project).purgeTrash},
	}
}

// listTrash answers with a page. Its cursor is the id of the last entry on the page
// before; when that is gone meanwhile the list begins anew.
func (p *Project) listTrash(w http.ResponseWriter, r *http.Request, _ call) error {
	limit := files.MaxPage
	if s := r.URL.Query().Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > files.MaxPage {
			return lyceum.Invalidf("limit", "limit must be a number from 1 to %d", files.MaxPage)
		}
		limit = n
	}
	list, err := p.trash.List(r.Context())
	if err != nil {
		return err
	}
	page := api.TrashPage{Items: []api.Trashed{}, Total: len(list)}
	begin := 0
	for i, e := range list {
		page.SizeBytes += max(e.Size, 0)
		if e.ID == r.URL.Query().Get("after") {
			begin = i + 1
		}
	}
	list = list[begin:]
	if len(list) > limit {
		list = list[:limit]
		page.Next = list[limit-1].ID
	}
	for _, e := range list {
		page.Items = append(page.Items, trashedOf(e))
	}
	return rest.WriteJSON(w, page)
}

func (p *Project) restoreTrash(w http.ResponseWriter, r *http.Request, c call) error {
	var a api.TrashAction
	if err := rest.ReadJSON(w, r, &a); err != nil {
		return err
	}
	if a.Action != "restore" {
		return lyceum.Invalidf("action", "action must be restore")
	}
	rest.Stream(w) // to another disk it is copied
	at, err := p.fromTrash(r.Context(), c.id, a.To)
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

func (p *Project) purgeTrash(w http.ResponseWriter, r *http.Request, c call) error {
	if err := p.purge(r.Context(), c.id); err != nil {
		return err
	}
	p.activity.edit()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (p *Project) emptyTrash(w http.ResponseWriter, r *http.Request, _ call) error {
	ids, err := p.trash.IDs()
	if err != nil {
		return err
	}
	rest.Stream(w)
	for _, id := range ids {
		if err := p.trash.Purge(r.Context(), id); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return err
		}
		p.documents.purged(id)
	}
	if err := p.purge(r.Context()); err != nil {
		return err
	}
	p.activity.edit()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteFile moves a file or folder to the trash; with ?purge=1 it is deleted for
// good, for which a folder needs ?recursive=1 too.
func (p *Project) deleteFile(w http.ResponseWriter, r *http.Request, c call) error {
	q := r.URL.Query()
	rest.Stream(w)
	defer p.activity.edit()
	if q.Get("purge") == "1" {
		if err := p.deleteForGood(r.Context(), c.path, q.Get("recursive") == "1"); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	e, err := p.toTrash(r.Context(), c.path, c, nil)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, trashedOf(e))
}
