package files

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// MoveTree gives the file, symlink or folder at from the path to, and returns where
// it is in the end: "" when it was skipped. On one file system that is one step,
// unless folders are joined; to another one it is copied, and then removed. It may
// be interrupted: what was moved until then stays, and nothing is lost. Problems
// and errors are those of CopyTree.
func (d *Dir) MoveTree(ctx context.Context, from, to string, t Transfer) (at string, err error) {
	src, dst, err := d.ends(ctx, from, to)
	if err != nil {
		return "", err
	}
	return d.moveTree(ctx, src, dst, t)
}

// moveTree closes the folders of src and dst.
func (d *Dir) moveTree(ctx context.Context, src, dst spot, t Transfer) (at string, err error) {
	defer src.dir.Close()
	defer dst.dir.Close()
	t.Progress.Total(1, 0)
	if src.raw == dst.raw {
		t.Progress.Did(1, 0)
		return dst.path(), nil
	}
	if err := checkAway(src.raw, dst.raw); err != nil {
		return "", err
	}
	m := mover{d: d, t: t}
	dst, err = m.put(ctx, src, dst)
	if errors.Is(err, errSkipped) {
		return "", nil
	}
	if err == nil {
		err = errors.Join(dst.dir.Sync(), src.dir.Sync())
	}
	if errors.Is(err, errKept) {
		err = lyceum.Errorf(lyceum.Conflict, "not all that is in it could be moved")
	}
	return dst.path(), failure("move", src.path(), err)
}

type mover struct {
	d *Dir
	t Transfer
}

// put moves from to a place that is called to if nothing else is.
func (m *mover) put(ctx context.Context, from, to spot) (spot, error) {
	fi, err := from.lstat()
	if err != nil {
		return to, err
	}
	m.t.Progress.Doing(from.path())
	first := to
	for n := 2; n < maxNumber; n++ {
		if err := ctx.Err(); err != nil {
			return to, err
		}
		err := rename(from, to, renameNew)
		switch {
		case err == nil:
			return to, m.did(from, to)
		case errors.Is(err, unix.EXDEV):
			return m.across(ctx, from, first)
		case errors.Is(err, unix.EINVAL) && fi.IsDir():
			return to, lyceum.Invalidf("to", "a folder cannot be put into itself")
		case !errors.Is(err, unix.EEXIST):
			return to, err
		}
		old, err := to.lstat()
		if err != nil {
			continue // it went a moment ago
		}
		switch m.t.decide(fi, old) {
		case wayNumbered:
			to = first.numbered(n, fi.IsDir())
		case wayAside:
			if err := m.t.Aside(to.path()); err != nil {
				return to, err
			}
		case wayReplace:
			return to, m.replace(ctx, from, fi, to, old)
		case wayJoin:
			return to, m.join(ctx, from, to)
		case waySkip:
			m.t.Progress.Did(1, 0)
			return to, errSkipped
		default:
			return to, clash(fi, old)
		}
	}
	return to, unix.EEXIST
}

func (m *mover) did(from, to spot) error {
	m.t.Progress.Did(1, 0)
	if m.t.Moved != nil {
		m.t.Moved(from.path(), to.path())
	}
	return nil
}

func rename(from, to spot, how func(a int, from string, b int, to string) error) error {
	return withFd(from.dir, func(a int) error {
		return withFd(to.dir, func(b int) error { return how(a, from.name, b, to.name) })
	})
}

// replace moves a file over another.
func (m *mover) replace(ctx context.Context, from spot, fi os.FileInfo, to spot, old os.FileInfo) error {
	if os.SameFile(fi, old) {
		// Two names of one file: the system would leave both.
		if err := from.unlink(0); err != nil {
			return err
		}
		return m.did(from, to)
	}
	err := rename(from, to, unix.Renameat)
	if errors.Is(err, unix.EXDEV) {
		_, err = m.across(ctx, from, to)
		return err
	}
	if err != nil {
		return err
	}
	return m.did(from, to)
}

// join moves what is in the folder from into the folder to.
func (m *mover) join(ctx context.Context, from, to spot) error {
	src, err := from.openDir()
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := to.openDir()
	if err != nil {
		return err
	}
	defer dst.Close()
	names, err := src.Readdirnames(-1)
	if err != nil {
		return err
	}
	m.t.Progress.Total(len(names), 0)
	kept := false
	for _, name := range names {
		child := from.in(src, name)
		_, err := m.put(ctx, child, to.in(dst, name))
		if err == nil {
			continue
		}
		if fatal(ctx, err) {
			return err
		}
		kept = true
		if !errors.Is(err, errKept) {
			m.t.Progress.Problem(child.path(), failure("move", child.path(), err))
			m.t.Progress.Did(1, 0)
		}
	}
	if err := dst.Sync(); err != nil {
		return err
	}
	if kept {
		return errKept
	}
	if err := from.unlink(unix.AT_REMOVEDIR); err != nil {
		return err
	}
	m.t.Progress.Did(1, 0)
	return nil
}

// across moves to another file system: it copies, brings that to disk and removes.
func (m *mover) across(ctx context.Context, from, to spot) (spot, error) {
	c := copier{d: m.d, t: m.t, times: true}
	c.count(ctx, from)
	to, err := c.put(ctx, from, to)
	if err != nil {
		return to, err
	}
	if c.problems > 0 {
		return to, lyceum.Errorf(lyceum.Conflict, "not all of it could be copied to the other disk, so the original was kept too")
	}
	if err := syncAll(to.dir); err != nil {
		return to, err
	}
	if err := (&remover{counted{m.t.Progress}}).remove(ctx, from); err != nil {
		return to, err
	}
	return to, m.did(from, to)
}

// counted leaves out what was counted already.
type counted struct{ Progress }

// Did implements Progress.
func (counted) Did(int, int64) {}
