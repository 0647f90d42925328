package hub

import (
	"context"
	"slices"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

const (
	// shelfLife is how long the shelf believes what no notification makes void: should
	// anybody change the database past us.
	shelfLife = 10 * time.Second
	// shelved bounds how many projects, and how many people's lists, are on the shelf.
	shelved = 10_000
	// mostPlaces is the longest list that is put on the shelf.
	mostPlaces = 300
)

// shelf has projects, and who has which in their list, at hand: what people look at
// most. It never answers with what is older than the question: see postgres.Abreast.
type shelf struct {
	abreast  postgres.Abreast
	projects *memory[lyceum.ProjectID, *lyceum.Project]
	places   *memory[lyceum.AccountID, []postgres.Place] // longer than mostPlaces: not whole
}

func newShelf() *shelf {
	return &shelf{
		projects: newMemory[lyceum.ProjectID, *lyceum.Project](shelfLife, shelved),
		places:   newMemory[lyceum.AccountID, []postgres.Place](shelfLife, shelved),
	}
}

func (s *shelf) notified(n postgres.Notification) {
	s.projects.heard(n)
	s.places.heard(n)
	id := n.Project()
	switch n.What {
	case postgres.ProjectChanged, postgres.ListChanged:
		if n.Account == "" {
			s.projects.forget(id)
		} else {
			s.places.forget(n.Account)
		}
	case postgres.MembersChanged:
		s.projects.forget(id)
		if n.Account != "" {
			s.places.forget(n.Account)
			return
		}
		s.places.forgetIf(func(_ lyceum.AccountID, list []postgres.Place) bool {
			return slices.ContainsFunc(list, func(p postgres.Place) bool { return p.Project == id })
		})
	}
}

// placesOf returns the projects of an account, or nil when they are not at hand: they
// are too many, or it is not known what has changed since.
func (s *shelf) placesOf(ctx context.Context, db *postgres.DB, account lyceum.AccountID) ([]postgres.Place, error) {
	if !s.abreast.Wait(ctx) {
		return nil, nil
	}
	list, ok, since := s.places.get(account)
	if !ok {
		var err error
		if list, err = db.Places(ctx, account, mostPlaces+1); err != nil {
			return nil, err
		}
		s.places.put(account, list, since)
	}
	if len(list) > mostPlaces {
		return nil, nil
	}
	return list, nil
}

// list returns an account's projects, deleted ones too, in no order. ok is false when
// PostgreSQL is to be asked.
func (s *shelf) list(ctx context.Context, db *postgres.DB, account lyceum.AccountID) (list []postgres.Placed, ok bool, err error) {
	places, err := s.placesOf(ctx, db, account)
	if err != nil || places == nil {
		return nil, false, err
	}
	list = make([]postgres.Placed, 0, len(places))
	var missing []lyceum.ProjectID
	var asked uint64
	for _, p := range places {
		project, ok, since := s.projects.get(p.Project)
		if !ok {
			if len(missing) == 0 {
				asked = since // before any of them is read
			}
			missing = append(missing, p.Project)
		}
		list = append(list, postgres.Placed{Project: project, Role: p.Role, Starred: p.Starred})
	}
	if len(missing) == 0 {
		return list, true, nil
	}
	read, err := db.Projects(ctx, missing)
	if err != nil {
		return nil, false, err
	}
	found := make(map[lyceum.ProjectID]*lyceum.Project, len(read))
	for _, p := range read {
		found[p.ID] = p
		s.projects.put(p.ID, p, asked)
	}
	for i, p := range places {
		if list[i].Project == nil {
			list[i].Project = found[p.Project]
		}
	}
	// One that was removed for good meanwhile is in nobody's list.
	return slices.DeleteFunc(list, func(p postgres.Placed) bool { return p.Project == nil }), true, nil
}

// one returns a project as the account sees it. ok is false when PostgreSQL is to be asked.
func (s *shelf) one(ctx context.Context, db *postgres.DB, id lyceum.ProjectID, account lyceum.AccountID) (v postgres.ProjectView, ok bool, err error) {
	places, err := s.placesOf(ctx, db, account)
	if err != nil || places == nil {
		return v, false, err
	}
	i := slices.IndexFunc(places, func(p postgres.Place) bool { return p.Project == id })
	if i < 0 {
		return v, false, nil
	}
	project, ok, since := s.projects.get(id)
	if !ok {
		read, err := db.Projects(ctx, []lyceum.ProjectID{id})
		if err != nil || len(read) == 0 {
			return v, false, err
		}
		project = read[0]
		s.projects.put(id, project, since)
	}
	return postgres.Placed{Project: project, Role: places[i].Role, Starred: places[i].Starred}.View(), true, nil
}

// viewOf is DB.ProjectFor, from the shelf where that has it.
func (h *Hub) viewOf(ctx context.Context, id lyceum.ProjectID, account lyceum.AccountID) (postgres.ProjectView, error) {
	v, ok, err := h.shelf.one(ctx, h.DB, id, account)
	if err != nil || ok {
		return v, err
	}
	return h.DB.ProjectFor(ctx, id, account)
}

// pageOf is DB.ListProjects, from the shelf where that has it.
func (h *Hub) pageOf(ctx context.Context, account lyceum.AccountID, q postgres.ProjectQuery) ([]postgres.ProjectView, string, int, error) {
	if q.Text == "" {
		list, ok, err := h.shelf.list(ctx, h.DB, account)
		if err != nil {
			return nil, "", 0, err
		}
		if ok {
			return postgres.PageOf(list, q)
		}
	}
	return h.DB.ListProjects(ctx, account, q)
}
