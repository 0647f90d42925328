package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Progress is told how the work on trees of files goes on. Its methods are called
// for each item, and so must be quick.
type Progress interface {
	Total(items int, bytes int64)   // so much more is to be done
	Doing(path string)              // this is worked on
	Did(items int, bytes int64)     // so much more is done
	Problem(path string, err error) // with this item; the work goes on with the others
}

// spot is a name in an open folder. Work on trees goes from one open folder to the
// next, so that what is renamed meanwhile, or replaced by a symlink, leads nowhere
// else: a tree is worked on as it was opened, wherever it is now.
type spot struct {
	dir  *os.File
	name string
	raw  string // its path, for people; may be longer than a path can be
}

func (n spot) in(dir *os.File, name string) spot { return spot{dir, name, Join(n.raw, name)} }

// path is that of package files.
func (n spot) path() string { return Encode(n.raw) }

func (n spot) lstat() (fi os.FileInfo, err error) {
	err = withFd(n.dir, func(fd int) (err error) { fi, err = lstatAt(fd, n.name); return err })
	return fi, err
}

func (n spot) open(flags int) (f *os.File, err error) {
	err = withFd(n.dir, func(fd int) error {
		own, err := unix.Openat(fd, n.name, flags|unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err == nil {
			f = os.NewFile(uintptr(own), n.name)
		}
		return err
	})
	return f, err
}

func (n spot) openDir() (*os.File, error) { return n.open(unix.O_DIRECTORY) }

func (n spot) unlink(flags int) error {
	return withFd(n.dir, func(fd int) error { return unix.Unlinkat(fd, n.name, flags) })
}

// spot opens the folder that holds raw. The caller closes its dir.
func (d *Dir) spot(raw string) (spot, error) {
	dir, name, err := d.openParent(raw)
	return spot{dir, name, raw}, err
}

// batch is how many names are read at once.
const batch = 1024

// eachName calls f with the names in an open folder until it returns an error.
func eachName(dir *os.File, f func(name string) error) error {
	for {
		names, err := dir.Readdirnames(batch)
		for _, name := range names {
			if err := f(name); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// identity is what tells a folder from others, wherever it is.
type identity struct{ dev, inode uint64 }

func identify(f *os.File) (identity, error) {
	var st unix.Stat_t
	err := withFd(f, func(fd int) error { return unix.Fstat(fd, &st) })
	return identity{st.Dev, st.Ino}, err
}

// fatal reports whether err ends the work on a whole tree: it was ended, or all
// that follows would fail as well.
func fatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || lyceum.IsKind(failure("", "", err), lyceum.Exhausted)
}

// Measure counts what is at path: items, with the folders, and the bytes of files.
// What cannot be read is left out. When ctx ends it returns what was counted so far
// with an error.
func (d *Dir) Measure(ctx context.Context, path string) (items int, bytes int64, err error) {
	raw, err := decodeChild(path)
	if err != nil {
		return 0, 0, err
	}
	n, err := d.spot(raw)
	if err != nil {
		return 0, 0, failure("look at", path, err)
	}
	defer n.dir.Close()
	if _, err := n.lstat(); err != nil {
		return 0, 0, failure("look at", path, err)
	}
	err = weigh(ctx, n, "", func(size int64) { items++; bytes += size })
	return items, bytes, failure("look at", path, err)
}

// weigh calls each with the size of each item. It leaves out the tree at the path
// except.
func weigh(ctx context.Context, n spot, except string, each func(size int64)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var st unix.Stat_t
	err := withFd(n.dir, func(fd int) error { return unix.Fstatat(fd, n.name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil || except != "" && n.raw == except {
		return nil
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if st.Mode&unix.S_IFMT != unix.S_IFREG {
			st.Size = 0
		}
		each(st.Size)
		return nil
	}
	each(0)
	dir, err := n.openDir()
	if err != nil {
		return nil
	}
	defer dir.Close()
	err = eachName(dir, func(name string) error { return weigh(ctx, n.in(dir, name), except, each) })
	if ctx.Err() != nil {
		return err
	}
	return nil
}

// RemoveTree removes the file, symlink (not its target) or folder with all in it at
// path, as Remove does, and tells p. What cannot be removed is a problem told to p
// and stays, with the folders that it is in. The error is that ctx ended, or why
// nothing could be done; what was removed until then is gone.
func (d *Dir) RemoveTree(ctx context.Context, path string, p Progress) error {
	raw, err := decodeChild(path)
	if err != nil {
		return err
	}
	n, err := d.spot(raw)
	if err != nil {
		return failure("remove", path, err)
	}
	defer n.dir.Close()
	err = (&remover{p}).remove(ctx, n)
	if errors.Is(err, errKept) {
		err = lyceum.Errorf(lyceum.Conflict, "not all that is in it could be removed")
	}
	return failure("remove", path, err)
}

type remover struct{ p Progress }

// errKept is a folder in which something could not be removed, which was told.
var errKept = errors.New("it is not empty")

func (r *remover) remove(ctx context.Context, n spot) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.p.Doing(n.path())
	err := n.unlink(0)
	if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) && isFolder(n) {
		err = r.folder(ctx, n)
	}
	if err == nil {
		r.p.Did(1, 0)
	}
	return err
}

func isFolder(n spot) bool {
	fi, err := n.lstat()
	return err == nil && fi.IsDir()
}

func (r *remover) folder(ctx context.Context, n spot) error {
	dir, err := openToEmpty(n)
	if err != nil {
		return err
	}
	defer dir.Close()
	for kept := map[string]bool{}; ; {
		done := 0
		err := eachName(dir, func(name string) error {
			if kept[name] {
				return nil
			}
			child := n.in(dir, name)
			err := r.remove(ctx, child)
			switch {
			case err == nil, errors.Is(err, fs.ErrNotExist):
				done++
				return nil
			case ctx.Err() != nil:
				return err
			case !errors.Is(err, errKept):
				r.p.Problem(child.path(), failure("remove", child.path(), err))
			}
			kept[name] = true
			return nil
		})
		if err != nil {
			return err
		}
		if err = n.unlink(unix.AT_REMOVEDIR); !errors.Is(err, unix.ENOTEMPTY) || done == 0 {
			if len(kept) > 0 && errors.Is(err, unix.ENOTEMPTY) {
				return errKept
			}
			return err
		}
		// Names that came meanwhile, or that a file system did not tell because
		// others were removed.
		if _, err := dir.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
}

// openToEmpty opens a folder and, where that is ours to do, makes it one from which
// names can be removed: folders that are read-only (Go's module cache) are deleted
// like any others.
func openToEmpty(n spot) (*os.File, error) {
	dir, err := n.openDir()
	if errors.Is(err, unix.EACCES) {
		if withFd(n.dir, func(fd int) error { return unix.Fchmodat(fd, n.name, 0o700, 0) }) == nil {
			dir, err = n.openDir()
		}
	}
	if err != nil {
		return nil, err
	}
	if fi, err := dir.Stat(); err == nil && fi.Mode().Perm()&0o700 != 0o700 {
		_ = dir.Chmod(fi.Mode().Perm() | 0o700) // if it is not ours, removing says so
	}
	return dir, nil
}
