package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Conflict says what becomes of something whose name is taken where it is to go.
type Conflict string

// The ways to treat conflicts. With Overwrite and Merge a file replaces a file or
// symlink in one step.
const (
	Fail      Conflict = "fail"      // it is not done: an error of kind Conflict
	KeepBoth  Conflict = "keep-both" // it gets a name that is free: "a (2).txt"
	Skip      Conflict = "skip"      // it is left where it is
	Overwrite Conflict = "overwrite" // what is there goes; a folder, or what a folder replaces, is given to Aside
	Merge     Conflict = "merge"     // folders are joined; a file and a folder are a Conflict
)

// Transfer says how CopyTree and MoveTree go about it. Conflict and Progress must
// be given; the functions may be nil, and are given paths without symlinks.
type Transfer struct {
	Conflict Conflict
	Progress Progress
	Except   string                  // a tree that is left out of copies
	Wrote    func(path string)       // a file that was there was replaced
	Moved    func(from, to string)   // this has another path now
	Aside    func(path string) error // takes what is at path out of the way, or says why it cannot
}

// CopyTree copies the file, symlink or folder with all in it at from to the path
// to, and returns where it is in the end: "" when it was skipped. Each file appears
// whole or not at all, on disk when CopyTree returns; permissions are kept, symlinks
// are copied as they are. A pipe, socket or device, and whatever else cannot be
// copied, is a problem of that item. The error says why the whole was not done: a
// conflict, the end of ctx, a full disk; what was copied until then stays.
func (d *Dir) CopyTree(ctx context.Context, from, to string, t Transfer) (at string, err error) {
	src, dst, err := d.ends(ctx, from, to)
	if err != nil {
		return "", err
	}
	defer src.dir.Close()
	defer dst.dir.Close()
	if src.raw == dst.raw && t.Conflict != KeepBoth && t.Conflict != Skip {
		return "", lyceum.Errorf(lyceum.Conflict, "something cannot be copied onto itself")
	}
	if err := checkAway(src.raw, dst.raw); err != nil {
		return "", err
	}
	c := copier{d: d, t: t}
	c.count(ctx, src)
	dst, err = c.put(ctx, src, dst)
	if errors.Is(err, errSkipped) {
		return "", nil
	}
	if serr := syncAll(dst.dir); err == nil {
		err = serr
	}
	return dst.path(), failure("copy", from, err)
}

// ends opens the folders of from and to, the latter with a name that may be given.
func (d *Dir) ends(ctx context.Context, from, to string) (src, dst spot, err error) {
	rawFrom, err := decodeChild(from)
	if err != nil {
		return src, dst, err
	}
	rawTo, err := decodeChild(to)
	if err != nil {
		return src, dst, err
	}
	_, oldName := splitLast(rawFrom)
	if _, name := splitLast(rawTo); name != oldName {
		if err := d.checkTarget(rawTo); err != nil {
			return src, dst, err
		}
	}
	return d.openEnds(rawFrom, rawTo)
}

// openEnds opens the folders of two raw paths, which it returns without symlinks.
func (d *Dir) openEnds(rawFrom, rawTo string) (src, dst spot, err error) {
	if rawFrom, err = d.real(rawFrom); err != nil {
		return src, dst, failure("open", Encode(rawFrom), err)
	}
	if rawTo, err = d.real(rawTo); err != nil {
		return src, dst, failure("open", Encode(rawTo), err)
	}
	if src, err = d.spot(rawFrom); err == nil {
		_, err = src.lstat()
	}
	if err != nil {
		if src.dir != nil {
			src.dir.Close()
		}
		return src, dst, failure("open", Encode(rawFrom), err)
	}
	if dst, err = d.spot(rawTo); err != nil {
		src.dir.Close()
		return src, dst, failure("open", Encode(rawTo), err)
	}
	return src, dst, nil
}

// real is raw without symlinks in the folders that lead to it.
func (d *Dir) real(raw string) (string, error) {
	parent, name := splitLast(raw)
	parent, err := d.resolve(parent)
	if err != nil {
		return raw, err
	}
	return Join(parent, name), nil
}

// checkAway refuses a way from a folder into itself.
func checkAway(from, to string) error {
	if strings.HasPrefix(to, from+"/") {
		return lyceum.Invalidf("to", "a folder cannot be put into itself")
	}
	return nil
}

var errSkipped = errors.New("there is something of that name already")

// copier copies trees.
type copier struct {
	d        *Dir
	t        Transfer
	times    bool      // files keep the time of their content
	own      *identity // of the folder that the copy begins with: it is not copied into itself
	problems int
}

// count tells how much there is to do.
func (c *copier) count(ctx context.Context, n spot) {
	items, bytes := 0, int64(0)
	if weigh(ctx, n, c.t.Except, func(size int64) { items++; bytes += size }) == nil {
		c.t.Progress.Total(items, bytes)
	}
}

// maxNumber is where the search for a free name ends.
const maxNumber = 10_000

// put copies from to a place that is called to if nothing else is, and returns
// where it is.
func (c *copier) put(ctx context.Context, from, to spot) (spot, error) {
	fi, err := from.lstat()
	if err != nil {
		return to, err
	}
	c.t.Progress.Doing(from.path())
	first := to
	for n := 2; n < maxNumber; n++ {
		if err := ctx.Err(); err != nil {
			return to, err
		}
		old, err := to.lstat()
		if errors.Is(err, fs.ErrNotExist) {
			if err = c.make(ctx, from, fi, to); !errors.Is(err, unix.EEXIST) {
				return to, err
			}
			continue // it came a moment ago
		}
		if err != nil {
			return to, err
		}
		switch way := c.t.decide(fi, old); way {
		case wayNumbered:
			to = first.numbered(n, fi.IsDir())
		case wayAside:
			if err := c.t.Aside(to.path()); err != nil {
				return to, err
			}
		case wayReplace:
			err := c.replace(ctx, from, fi, to, old)
			if err == nil {
				c.t.wrote(to)
			}
			return to, err
		case wayJoin:
			return to, c.folder(ctx, from, fi, to, true)
		case waySkip:
			c.skipped(ctx, from)
			return to, errSkipped
		default:
			return to, clash(fi, old)
		}
	}
	return to, unix.EEXIST
}

// way is what to do where a name is taken.
type way int

const (
	wayRefuse way = iota
	wayNumbered
	wayAside
	wayReplace
	wayJoin
	waySkip
)

// decide says what to do with fi where old has the name.
func (t *Transfer) decide(fi, old os.FileInfo) way {
	files := !fi.IsDir() && !old.IsDir()
	switch {
	case t.Conflict == KeepBoth:
		return wayNumbered
	case t.Conflict == Skip:
		return waySkip
	case (t.Conflict == Overwrite || t.Conflict == Merge) && files:
		return wayReplace
	case t.Conflict == Overwrite && t.Aside != nil:
		return wayAside
	case t.Conflict == Merge && fi.IsDir() && old.IsDir():
		return wayJoin
	}
	return wayRefuse
}

func (t *Transfer) wrote(n spot) {
	if t.Wrote != nil {
		t.Wrote(n.path())
	}
}

func clash(fi, old os.FileInfo) error {
	switch {
	case old.IsDir() && !fi.IsDir():
		return lyceum.Errorf(lyceum.Conflict, "there is a folder of that name already")
	case !old.IsDir() && fi.IsDir():
		return lyceum.Errorf(lyceum.Conflict, "there is a file of that name already")
	}
	return unix.EEXIST
}

// numbered is the name with a number. Folders have no extension in front of which
// it would stand.
func (n spot) numbered(number int, folder bool) spot {
	raw := Numbered(n.raw, number)
	if folder {
		dir, name := splitLast(n.raw)
		suffix := " (" + strconv.Itoa(number) + ")"
		if over := len(name) + len(suffix) - maxName; over > 0 {
			name = strings.ToValidUTF8(name[:len(name)-over], "")
		}
		raw = Join(dir, name+suffix)
	}
	_, name := splitLast(raw)
	return spot{n.dir, name, raw}
}

// skipped counts what is left out as dealt with.
func (c *copier) skipped(ctx context.Context, n spot) {
	items, bytes := 0, int64(0)
	_ = weigh(ctx, n, c.t.Except, func(size int64) { items++; bytes += size }) // ends with ctx, which is seen next
	c.t.Progress.Did(items, bytes)
}

// make copies to where nothing is. The error is EEXIST when something has come.
func (c *copier) make(ctx context.Context, from spot, fi os.FileInfo, to spot) error {
	switch kindOf(fi.Mode()) {
	case File:
		return c.file(ctx, from, to, nil)
	case Folder:
		return c.folder(ctx, from, fi, to, false)
	case Symlink:
		target, err := from.readlink()
		if err == nil {
			err = withFd(to.dir, func(fd int) error { return unix.Symlinkat(target, fd, to.name) })
		}
		if err == nil {
			c.t.Progress.Did(1, 0)
		}
		return err
	}
	return regular(fi)
}

// replace copies a file or symlink over another.
func (c *copier) replace(ctx context.Context, from spot, fi os.FileInfo, to spot, old os.FileInfo) error {
	if os.SameFile(fi, old) {
		return lyceum.Errorf(lyceum.Conflict, "something cannot be copied onto itself")
	}
	if kindOf(fi.Mode()) == File {
		return c.file(ctx, from, to, old)
	}
	temp := spot{to.dir, tempName(), to.raw}
	if err := c.make(ctx, from, fi, temp); err != nil {
		return err
	}
	err := withFd(to.dir, func(fd int) error { return unix.Renameat(fd, temp.name, fd, to.name) })
	if err != nil {
		err = errors.Join(err, temp.unlink(0))
	}
	return err
}

func (n spot) readlink() (target string, err error) {
	b := make([]byte, unix.PathMax)
	err = withFd(n.dir, func(fd int) error {
		size, err := unix.Readlinkat(fd, n.name, b)
		target = string(b[:max(size, 0)])
		return err
	})
	return target, err
}

func (c *copier) folder(ctx context.Context, from spot, fi os.FileInfo, to spot, there bool) error {
	src, err := from.openDir()
	if err != nil {
		return err
	}
	defer src.Close()
	if id, err := identify(src); err != nil || c.own != nil && *c.own == id {
		return errors.Join(err, lyceum.Errorf(lyceum.Invalid, "a folder cannot be put into itself"))
	}
	if !there {
		if err := withFd(to.dir, func(fd int) error { return unix.Mkdirat(fd, to.name, 0o700) }); err != nil {
			return err
		}
	}
	dst, err := to.openDir()
	if err != nil {
		return err
	}
	defer dst.Close()
	if c.own == nil {
		id, err := identify(dst)
		if err != nil {
			return err
		}
		c.own = &id
	}
	err = eachName(src, func(name string) error {
		child := from.in(src, name)
		if child.raw == c.t.Except {
			return nil
		}
		_, err := c.put(ctx, child, to.in(dst, name))
		return c.note(ctx, child, err)
	})
	if err != nil || there {
		c.t.Progress.Did(1, 0)
		return err
	}
	// Last, because it may be one in which nothing can be made.
	if err := dst.Chmod(fi.Mode().Perm()); err != nil {
		return err
	}
	c.t.Progress.Did(1, 0)
	if c.times {
		return setTime(dst, fi.ModTime())
	}
	return nil
}

// note makes an error the problem of an item, unless it ends all.
func (c *copier) note(ctx context.Context, n spot, err error) error {
	switch {
	case err == nil, errors.Is(err, errSkipped):
		return nil
	case fatal(ctx, err):
		return err
	}
	c.problems++
	c.t.Progress.Problem(n.path(), failure("copy", n.path(), err))
	c.t.Progress.Did(1, 0)
	return nil
}

// file copies a regular file; old is what it replaces, or nil.
func (c *copier) file(ctx context.Context, from, to spot, old os.FileInfo) error {
	src, err := from.open(0)
	if err != nil {
		return err
	}
	defer src.Close()
	fi, err := src.Stat()
	if err == nil {
		err = regular(fi)
	}
	if err == nil && old != nil && kindOf(old.Mode()) == File {
		err = checkOld(to.dir, to.name, old, Write{})
	}
	if err != nil {
		return err
	}
	like := old
	if old != nil && kindOf(old.Mode()) != File {
		like = nil
	}
	t, err := newTemp(to.dir, like, fi.Mode().Perm())
	if err != nil {
		return err
	}
	defer t.discard()
	if err := copyContent(ctx, t.f, src, fi, func(n int64) { c.t.Progress.Did(0, n) }); err != nil {
		return err
	}
	if err := c.dress(t.f, fi, old); err != nil {
		return err
	}
	c.d.installing.Lock()
	err = t.install(to.name, old, Write{IfAbsent: old == nil})
	c.d.installing.Unlock()
	if err == nil {
		c.t.Progress.Did(1, 0)
	}
	return err
}

// dress finishes a new file. One that replaces another is on disk before that is
// gone; all the others follow together (syncAll).
func (c *copier) dress(f *os.File, fi, old os.FileInfo) error {
	if old == nil {
		if err := f.Chmod(fi.Mode().Perm()); err != nil {
			return err
		}
	}
	if c.times {
		if err := setTime(f, fi.ModTime()); err != nil {
			return err
		}
	}
	if old != nil {
		return f.Sync()
	}
	return nil
}

// chunk is how many bytes are copied between two looks at whether to go on.
const chunk = 8 << 20

// copyContent copies a file inside the kernel where that can be (copy_file_range,
// which shares the blocks on file systems that know how), and its holes as holes.
func copyContent(ctx context.Context, dst, src *os.File, fi os.FileInfo, tell func(int64)) error {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok || st.Blocks*512 >= st.Size {
		_, err := copyRange(ctx, dst, src, -1, tell)
		return err
	}
	for at := int64(0); at < st.Size; {
		begin, err := src.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // a hole to the end
		}
		if err != nil { // this file system knows no holes
			begin = at
		}
		end, err := src.Seek(begin, unix.SEEK_HOLE)
		if err != nil {
			end = st.Size
		}
		if _, err = src.Seek(begin, io.SeekStart); err == nil {
			_, err = dst.Seek(begin, io.SeekStart)
		}
		if err != nil {
			return err
		}
		tell(begin - at)
		n, err := copyRange(ctx, dst, src, end-begin, tell)
		if err != nil {
			return err
		}
		if at = begin + n; n < end-begin {
			break // it became shorter
		}
	}
	return dst.Truncate(st.Size)
}

// copyRange copies n bytes, or all when n is negative.
func copyRange(ctx context.Context, dst, src *os.File, n int64, tell func(int64)) (done int64, err error) {
	for n < 0 || done < n {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		most := int64(chunk)
		if n >= 0 {
			most = min(most, n-done)
		}
		m, err := io.CopyN(dst, src, most)
		done += m
		tell(m)
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// syncAll brings to disk what was written to the file system of dir.
func syncAll(dir *os.File) error {
	return withFd(dir, unix.Syncfs)
}
