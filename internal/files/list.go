package files

import (
	"cmp"
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// MaxPage is the most entries that List returns at once, and UsualPage as many as
// it returns when nothing else is asked for.
const (
	MaxPage   = 10_000
	UsualPage = 1000
)

// Order is what a folder is sorted by.
type Order string

// The orders. Each has folders first, and goes on by name where it says nothing.
const (
	ByName     Order = "name"     // natural: "file2" before "file10", without regard to case
	BySize     Order = "size"     // of files; folders are sorted by name
	ByModified Order = "modified" // oldest first
	ByKind     Order = "kind"     // the extension of the name
)

// Page says which part of a folder List returns.
type Page struct {
	After      string // the Next of the page before; "" for the first
	Limit      int    // 1 to MaxPage; 0 means UsualPage
	Hidden     bool   // also entries whose name begins with a dot
	Order      Order  // "" means ByName
	Descending bool   // the other way round; folders are still first
	Filter     string // only names that have this in them, or match it when it has * or ?; without regard to case
}

// Listing is one page of a folder: folders (and symlinks to folders) first, then
// the rest, in the order asked for.
type Listing struct {
	Entries []Entry
	Next    string // cursor of the next page; "" when this is the last
	Total   int    // entries in the whole folder that were asked for, on this page or not
}

// List returns a page of the folder at path. Each page reads the names of the
// folder anew, so that no state is kept and no entry that stays as it is is ever
// missed or seen twice; by name and kind, only the entries on the page are looked
// at, by size and time all of them. docs/reference/files.md says what that takes.
func (d *Dir) List(ctx context.Context, path string, p Page) (Listing, error) {
	raw, err := Decode(path)
	if err != nil {
		return Listing{}, err
	}
	if p.Limit <= 0 || p.Limit > MaxPage {
		p.Limit = UsualPage
	}
	by := sorting{order: cmp.Or(p.Order, ByName), descending: p.Descending}
	after, err := by.parseCursor(p.After)
	if err != nil {
		return Listing{}, err
	}
	root, err := d.openDir(raw)
	if err != nil {
		return Listing{}, failure("list", path, err)
	}
	defer root.Close()
	// Opened once more, because what os.Root opened looks at each entry that it reads.
	f, err := spot{root, ".", raw}.openDir()
	if err != nil {
		return Listing{}, failure("list", path, err)
	}
	defer f.Close()
	l := lister{d: d, dir: f, raw: raw, by: by, match: matcher(p.Filter), hidden: p.Hidden}
	sel := selection{by: by, limit: p.Limit, after: after}
	total, err := l.read(ctx, &sel)
	if err != nil {
		return Listing{}, failure("list", path, err)
	}
	return l.page(&sel, total)
}

// lister lists one folder.
type lister struct {
	d      *Dir
	dir    *os.File
	raw    string
	by     sorting
	match  func(name string) bool
	hidden bool
}

// How many bytes of names are read by one system call: as many as are quick to work
// on or, where each entry is looked at besides, as one of several works on alone.
const (
	namesAtOnce = 64 << 10
	namesOfOne  = 16 << 10
)

// read gives all entries to sel and returns how many there are.
func (l *lister) read(ctx context.Context, sel *selection) (total int, err error) {
	if l.by.stats() {
		return l.readTogether(ctx, sel)
	}
	buf := make([]byte, namesAtOnce)
	for {
		n, err := readNames(l.dir, buf)
		if err != nil || n == 0 {
			return total, err
		}
		taken, err := l.take(buf[:n], sel)
		if total += taken; err != nil || ctx.Err() != nil {
			return total, cmp.Or(err, ctx.Err())
		}
	}
}

// take gives the entries that readNames has read to sel and returns how many there
// are.
func (l *lister) take(names []byte, sel *selection) (total int, err error) {
	err = withFd(l.dir, func(fd int) error {
		for de := range dirents(names) {
			if de.name[0] == '.' && !l.hidden || !l.match(de.name) {
				continue
			}
			total++
			k := l.key(de)
			if l.by.stats() {
				l.look(fd, &k)
			}
			sel.add(&k)
		}
		return nil
	})
	return total, err
}

// readTogether is read where each entry is looked at: one reads names, and all
// processors look, each with a selection of its own.
func (l *lister) readTogether(ctx context.Context, sel *selection) (total int, err error) {
	workers := max(1, min(runtime.GOMAXPROCS(0), 8))
	read, free := make(chan []byte, workers), make(chan []byte, 2*workers)
	for range 2 * workers {
		free <- make([]byte, namesOfOne)
	}
	own := make([]selection, workers)
	counts, errs := make([]int, workers), make([]error, workers)
	var all sync.WaitGroup
	for w := range own {
		own[w] = selection{by: sel.by, limit: sel.limit, after: sel.after}
		all.Go(func() {
			for names := range read {
				n, err := l.take(names, &own[w])
				counts[w], errs[w] = counts[w]+n, cmp.Or(errs[w], err)
				free <- names[:namesOfOne]
			}
		})
	}
	for ctx.Err() == nil {
		buf, n := <-free, 0
		if n, err = readNames(l.dir, buf); err != nil || n == 0 {
			break
		}
		read <- buf[:n]
	}
	close(read)
	all.Wait()
	for w := range own {
		total += counts[w]
		sel.join(&own[w])
	}
	return total, cmp.Or(err, errors.Join(errs...), ctx.Err())
}

func (l *lister) key(de dirent) sortKey {
	if de.kind == unix.DT_UNKNOWN {
		de.kind = l.kind(de.name)
	}
	k := sortKey{file: de.kind != unix.DT_DIR, name: de.name}
	if de.kind == unix.DT_LNK {
		_, kind := l.d.target(Join(l.raw, k.name))
		k.file = kind != Folder
	}
	return k
}

// kind finds out what the file system did not say while names were read.
func (l *lister) kind(name string) byte {
	var st unix.Stat_t
	err := withFd(l.dir, func(fd int) error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	switch {
	case err != nil:
		return unix.DT_UNKNOWN // gone since, or nobody may know: it counts as a file
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return unix.DT_DIR
	case st.Mode&unix.S_IFMT == unix.S_IFLNK:
		return unix.DT_LNK
	}
	return unix.DT_REG
}

// look fills in the number of a key. What cannot be looked at has the number 0.
func (l *lister) look(fd int, k *sortKey) {
	var st unix.Stat_t
	if unix.Fstatat(fd, k.name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
		k.number = l.by.number(&st, k.file)
	}
}

// spread calls f with the folder's descriptor and each number below n, on all
// processors when there are many.
func (l *lister) spread(n int, f func(fd, i int) error) error {
	parts := max(1, min(runtime.GOMAXPROCS(0), 8, n/256))
	errs := make([]error, parts)
	var all sync.WaitGroup
	for part := range parts {
		all.Go(func() {
			errs[part] = withFd(l.dir, func(fd int) error {
				for i := part * n / parts; i < (part+1)*n/parts; i++ {
					if err := f(fd, i); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// page looks at the selected entries.
func (l *lister) page(sel *selection, total int) (Listing, error) {
	keys := sel.sorted()
	out := Listing{Entries: make([]Entry, len(keys)), Total: total}
	err := l.spread(len(keys), func(fd, i int) error {
		var st unix.Stat_t
		err := unix.Fstatat(fd, keys[i].name, &st, unix.AT_SYMLINK_NOFOLLOW)
		if errors.Is(err, unix.ENOENT) {
			return nil // removed since
		}
		child := Join(l.raw, keys[i].name)
		if err != nil {
			return failure("look at", Encode(child), err)
		}
		out.Entries[i] = l.d.entryStat(child, &st)
		return nil
	})
	if err != nil {
		return Listing{}, err
	}
	out.Entries = slices.DeleteFunc(out.Entries, func(e Entry) bool { return e.Name == "" })
	if sel.more && len(keys) > 0 {
		out.Next = l.by.cursor(keys[len(keys)-1])
	}
	return out, nil
}

// selection keeps the first limit keys after a place: it collects up to twice as
// many before it sorts them and drops the later half. That is one pass over the
// folder, memory for two pages, and most keys of a large folder are compared once.
type selection struct {
	by    sorting
	limit int
	after *sortKey // nil: from the beginning
	keys  []sortKey
	full  bool    // there are limit keys, of which
	last  sortKey // this is the last
	more  bool    // a key was left out
}

func (s *selection) add(k *sortKey) {
	switch {
	case s.after != nil && s.by.compare(k, s.after) <= 0:
		return
	case s.full && s.by.compare(k, &s.last) > 0:
		s.more = true
		return
	}
	s.keys = append(s.keys, sortKey{k.file, k.number, strings.Clone(k.name)})
	if len(s.keys) >= 2*s.limit {
		s.cut()
	}
}

// cut sorts the keys and drops those that are too many.
func (s *selection) cut() {
	slices.SortFunc(s.keys, func(a, b sortKey) int { return s.by.compare(&a, &b) })
	if len(s.keys) < s.limit {
		return
	}
	s.more = s.more || len(s.keys) > s.limit
	clear(s.keys[s.limit:])
	s.keys = s.keys[:s.limit]
	s.full, s.last = true, s.keys[s.limit-1]
}

// join takes what another selection of the same order and place has kept.
func (s *selection) join(o *selection) {
	for i := range o.keys {
		s.add(&o.keys[i])
	}
	s.more = s.more || o.more
}

func (s *selection) sorted() []sortKey {
	s.cut()
	return s.keys
}
