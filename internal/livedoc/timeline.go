package livedoc

import (
	"slices"
	"time"

	"lyceum/internal/api"
)

const (
	sittingGap = 5 * time.Minute // a longer pause ends a sitting
	detailGap  = 2 * time.Second // and this one a version when all details are wanted
)

// Listing says which versions are wanted.
type Listing struct {
	Before uint64 // only versions whose edits are older than this sequence; 0: from the newest on
	Limit  int    // most versions; 0 means 100
	Detail bool   // each pause of 2 s and each change of hands ends a version
}

// MaxListed is the most versions on a page.
const MaxListed = 1000

// timeline gathers the versions of a page, newest first.
type timeline struct {
	Listing
	labels  labels
	called  func(account string) string
	items   []api.Version
	open    bool // the last of items may still grow
	more    bool // there are older ones
	damaged bool
	oldest  uint64 // of all that is kept
	newest  uint64
	epoch   EpochID // of the newest
}

// gather reads the parts of a past from the newest on, as many as the page needs.
func (t *timeline) gather(p past) error {
	if t.Limit <= 0 || t.Limit > MaxListed {
		t.Limit = 100
	}
	all, err := p.parts()
	if err != nil || len(all) == 0 {
		return err
	}
	t.damaged = p.lacks()
	t.oldest = all[0].first
	for i := len(all) - 1; i >= 0 && !t.more; i-- {
		last := i == len(all)-1
		if !last && t.Before > 0 && all[i].first >= t.Before {
			continue
		}
		h, entries, err := all[i].entries()
		t.damaged = t.damaged || err != nil
		if last {
			if err := t.begin(p, h.epoch, entries); err != nil {
				return err
			}
		}
		for j := len(entries) - 1; j >= 0 && !t.more; j-- {
			if !entries[j].whole || entries[j].origin != originStore || i == 0 && j == 0 {
				t.add(h.epoch, entries[j])
			}
		}
	}
	return nil
}

// begin notes what the newest part tells of all.
func (t *timeline) begin(p past, epoch EpochID, entries []entry) (err error) {
	t.epoch = epoch
	if n := len(entries); n > 0 {
		t.newest = entries[n-1].sequence
	}
	t.labels, err = readLabels(p.dir)
	return err
}

// add takes the next older entry, which is of the epoch.
func (t *timeline) add(epoch EpochID, e entry) {
	at := version{epoch, e.sequence}
	if t.Before > 0 && e.sequence >= t.Before {
		return
	}
	if t.open {
		if v := &t.items[len(t.items)-1]; t.joins(v, at, e) {
			t.join(v, e)
			return
		}
	}
	if len(t.items) == t.Limit {
		t.more = true
		return
	}
	l := t.labels.of[at]
	v := api.Version{Seq: e.sequence, Until: e.until.UTC(), At: e.since.UTC(), Origin: e.origin, Restored: l.Restored, Name: t.labels.name(at), By: []api.VersionAuthor{}}
	if l.Commit != "" {
		v.Commit = &api.VersionCommit{ID: l.Commit, Subject: l.Subject}
	}
	if e.origin == originEpoch || e.origin == originStore {
		v.Origin = "begin"
	}
	t.items = append(t.items, v)
	t.join(&t.items[len(t.items)-1], e)
	t.open = v.Origin != "begin" && v.Origin != originRestore
}

// joins reports whether an entry belongs to the version that comes after it. A
// version that has a name or a commit is the last of its sitting.
func (t *timeline) joins(v *api.Version, at version, e entry) bool {
	if e.origin != v.Origin || t.labels.of[at].Commit != "" || t.labels.name(at) != "" {
		return false
	}
	gap := v.At.Sub(e.until)
	if !t.Detail {
		return gap < sittingGap
	}
	return gap < detailGap && v.Until.Sub(e.until) < detailGap && (len(v.By) == 0 && e.author == "" || len(v.By) == 1 && v.By[0].ID == e.author)
}

func (t *timeline) join(v *api.Version, e entry) {
	v.First = e.first
	// The clock may have jumped back in between.
	if e.since.Before(v.At) {
		v.At = e.since.UTC()
	}
	if e.until.After(v.Until) {
		v.Until = e.until.UTC()
	}
	v.Edits += e.count
	v.Added += e.added
	v.Removed += e.removed
	if e.author == "" {
		return
	}
	who := api.VersionAuthor{ID: e.author, Name: t.called(e.author)}
	if i := slices.Index(v.By, who); i >= 0 {
		v.By = slices.Delete(v.By, i, i+1)
	}
	v.By = slices.Insert(v.By, 0, who) // it goes backwards
}

// page is what was gathered.
func (t *timeline) page() api.History {
	h := api.History{Items: t.items, Epoch: string(t.epoch), Oldest: t.oldest, Newest: t.newest, Cleared: t.labels.clearedUpTo(t.oldest), Damaged: t.damaged}
	if h.Items == nil {
		h.Items = []api.Version{}
	}
	if len(h.Items) > 0 && t.Before == 0 {
		h.Newest = h.Items[0].Seq
	}
	if n := len(h.Items); t.more && n > 0 {
		h.Next = h.Items[n-1].First
	}
	return h
}
