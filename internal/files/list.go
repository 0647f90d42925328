package files

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"lyceum/internal/lyceum"
)

// MaxPage is the most entries that List returns at once.
const MaxPage = 1000

// Page says which part of a folder List returns.
type Page struct {
	After  string // the Next of the page before; "" for the first
	Limit  int    // 1 to MaxPage; 0 means MaxPage
	Hidden bool   // also entries whose name begins with a dot
}

// Listing is one page of a folder: folders (and symlinks to folders) first, then
// the rest, each in natural order.
type Listing struct {
	Entries []Entry
	Next    string // cursor of the next page; "" when this is the last
	Total   int    // entries in the whole folder, without hidden ones unless asked for
}

// List returns a page of the folder at path. Each page reads the names of the
// folder anew, so that no state is kept and no entry that stays is ever missed or
// seen twice; only the entries on the page are looked at. (100,000 names take
// some 100 ms.)
func (d *Dir) List(ctx context.Context, path string, p Page) (Listing, error) {
	raw, err := Decode(path)
	if err != nil {
		return Listing{}, err
	}
	if p.Limit <= 0 || p.Limit > MaxPage {
		p.Limit = MaxPage
	}
	after, err := parseCursor(p.After)
	if err != nil {
		return Listing{}, err
	}
	f, err := d.openDir(raw)
	if err != nil {
		return Listing{}, failure("list", path, err)
	}
	defer f.Close()
	sel := selection{limit: p.Limit, after: after}
	total := 0
	for {
		batch, err := f.ReadDir(4096)
		for _, de := range batch {
			if !p.Hidden && strings.HasPrefix(de.Name(), ".") {
				continue
			}
			total++
			sel.add(d.keyOf(raw, de))
		}
		if cerr := ctx.Err(); cerr != nil {
			return Listing{}, failure("list", path, cerr)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Listing{}, failure("list", path, err)
		}
	}
	return d.page(raw, &sel, total)
}

// page looks at the selected entries.
func (d *Dir) page(raw string, sel *selection, total int) (Listing, error) {
	keys := sel.sorted()
	l := Listing{Entries: make([]Entry, 0, len(keys)), Total: total}
	for _, k := range keys {
		child := Join(raw, k.name)
		fi, err := d.lstat(child)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since
		}
		if err != nil {
			return Listing{}, failure("look at", Encode(child), err)
		}
		l.Entries = append(l.Entries, d.entry(child, fi))
	}
	if sel.more && len(keys) > 0 {
		l.Next = keys[len(keys)-1].cursor()
	}
	return l, nil
}

// sortKey is the place of an entry in a listing.
type sortKey struct {
	file bool // not a folder: after the folders
	name string
}

// before is the place before everything.
var before = sortKey{}

func (d *Dir) keyOf(raw string, de os.DirEntry) sortKey {
	k := sortKey{file: !de.IsDir(), name: de.Name()}
	if de.Type()&fs.ModeSymlink != 0 {
		_, kind := d.target(Join(raw, k.name))
		k.file = kind != Folder
	}
	return k
}

func (k sortKey) compare(o sortKey) int {
	if k.file != o.file {
		if o.file {
			return -1
		}
		return 1
	}
	return compareNatural(k.name, o.name)
}

// cursor writes the key as "d" or "f" and the segment.
func (k sortKey) cursor() string {
	if k.file {
		return "f" + EncodeName(k.name)
	}
	return "d" + EncodeName(k.name)
}

func parseCursor(s string) (sortKey, error) {
	if s == "" {
		return before, nil
	}
	name, err := DecodeName(s[1:])
	if err != nil || s[0] != 'd' && s[0] != 'f' {
		return before, lyceum.Invalidf("after", "not a place in a listing: %.60q", s)
	}
	return sortKey{file: s[0] == 'f', name: name}, nil
}

// selection keeps the first limit keys after a place, in a heap whose top is the
// last of them: one pass over the folder, and memory for one page only.
type selection struct {
	limit int
	after sortKey
	keys  []sortKey
	more  bool // a key was left out
}

func (s *selection) add(k sortKey) {
	if s.after != before && k.compare(s.after) <= 0 {
		return
	}
	if len(s.keys) < s.limit {
		heap.Push(s, k)
		return
	}
	s.more = true
	if k.compare(s.keys[0]) < 0 {
		s.keys[0] = k
		heap.Fix(s, 0)
	}
}

func (s *selection) sorted() []sortKey {
	slices.SortFunc(s.keys, sortKey.compare)
	return s.keys
}

// Len is for package heap, as are the following.
func (s *selection) Len() int { return len(s.keys) }

// Less puts the last key on top.
func (s *selection) Less(i, j int) bool { return s.keys[i].compare(s.keys[j]) > 0 }

// Swap exchanges two keys.
func (s *selection) Swap(i, j int) { s.keys[i], s.keys[j] = s.keys[j], s.keys[i] }

// Push adds a key at the end.
func (s *selection) Push(x any) { s.keys = append(s.keys, x.(sortKey)) }

// Pop takes the last key away.
func (s *selection) Pop() any {
	k := s.keys[len(s.keys)-1]
	s.keys = s.keys[:len(s.keys)-1]
	return k
}
