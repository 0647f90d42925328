package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Mkdir makes the folder at path. With parents it also makes the folders above
// that are missing, and a folder that is there already is no error; without, that
// is a Conflict.
func (d *Dir) Mkdir(_ context.Context, path string, parents bool) error {
	raw, err := decodeChild(path)
	if err != nil {
		return err
	}
	segs := strings.Split(raw, "/")
	first := len(segs)
	if parents {
		first = 1
	}
	for i := first; i <= len(segs); i++ {
		here := strings.Join(segs[:i], "/")
		if _, err := d.lstat(here); err == nil && parents && i < len(segs) {
			continue // made of whatever it is: the next one finds out
		}
		if err = d.checkTarget(here); err != nil {
			return err
		}
		err = d.mkdir(here)
		if errors.Is(err, unix.EEXIST) && parents {
			err = d.isFolder(here)
		}
		if err != nil {
			return failure("make the folder", path, err)
		}
	}
	return nil
}

func (d *Dir) mkdir(raw string) error {
	dir, name, err := d.openParent(raw)
	if err != nil {
		return err
	}
	defer dir.Close()
	return withFd(dir, func(fd int) error { return unix.Mkdirat(fd, name, 0o777) })
}

func (d *Dir) isFolder(raw string) error {
	f, err := d.openDir(raw)
	if err != nil {
		return unix.EEXIST // something else has the name
	}
	return f.Close()
}

// Touch makes an empty file at path, or sets the modification time of what is
// there to now.
func (d *Dir) Touch(_ context.Context, path string) error {
	raw, err := decodeChild(path)
	if err != nil {
		return err
	}
	if err := d.checkTarget(raw); err != nil {
		return err
	}
	return failure("touch", path, d.touch(raw))
}

func (d *Dir) touch(raw string) error {
	if _, err := d.lstat(raw); err == nil {
		now := time.Now()
		return d.rooted(raw, func(name string) error { return d.root.Chtimes(name, now, now) })
	}
	dir, name, err := d.openParent(raw)
	if err != nil {
		return err
	}
	defer dir.Close()
	return withFd(dir, func(fd int) error {
		f, err := unix.Openat(fd, name, unix.O_CREAT|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o666)
		if err != nil {
			return err
		}
		return unix.Close(f)
	})
}

// Move gives what is at from, a file, a folder with all in it or a symlink itself,
// the path to. If something is at to, that is a Conflict, unless overwrite is set
// and it is a file, a symlink or an empty folder of the same kind, which is then
// replaced. A folder cannot be moved into itself.
func (d *Dir) Move(ctx context.Context, from, to string, overwrite bool) error {
	rawFrom, err := decodeChild(from)
	if err != nil {
		return err
	}
	rawTo, err := decodeChild(to)
	if err != nil {
		return err
	}
	if rawFrom == rawTo {
		return nil
	}
	if strings.HasPrefix(rawTo, rawFrom+"/") {
		return lyceum.Invalidf("to", "a folder cannot be moved into itself")
	}
	if err := d.checkTarget(rawTo); err != nil {
		return err
	}
	err = d.move(rawFrom, rawTo, overwrite)
	if errors.Is(err, unix.EXDEV) { // another file system is mounted in the home
		if err = d.copy(ctx, rawFrom, rawTo, overwrite); err == nil {
			err = d.remove(rawFrom, true)
		}
	}
	return failure("move", from, err)
}

func (d *Dir) move(from, to string, overwrite bool) error {
	src, srcName, err := d.openParent(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, dstName, err := d.openParent(to)
	if err != nil {
		return err
	}
	defer dst.Close()
	err = withFd(src, func(a int) error {
		return withFd(dst, func(b int) error {
			if overwrite {
				return unix.Renameat(a, srcName, b, dstName)
			}
			return renameNew(a, srcName, b, dstName)
		})
	})
	if err != nil {
		return err
	}
	if err := dst.Sync(); err != nil {
		return err
	}
	return src.Sync()
}

// renameNew renames without replacing anything.
func renameNew(a int, from string, b int, to string) error {
	err := unix.Renameat2(a, from, b, to, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	// EINVAL also means "into itself", through a symlink; then the plain rename
	// says it again. Otherwise this file system (some network ones) cannot
	// refuse by itself, and looking first is the best there is.
	var st unix.Stat_t
	if err := unix.Fstatat(b, to, &st, unix.AT_SYMLINK_NOFOLLOW); !errors.Is(err, unix.ENOENT) {
		if err == nil {
			err = unix.EEXIST
		}
		return err
	}
	return unix.Renameat(a, from, b, to)
}

// Copy copies the file, symlink or folder with all in it at from to the path to.
// Permissions are kept, pipes and devices are refused, symlinks are copied as they
// are. If something is at to, that is a Conflict, unless overwrite is set and both
// are files. An error in the middle of a folder leaves what was copied so far.
func (d *Dir) Copy(ctx context.Context, from, to string, overwrite bool) error {
	rawFrom, err := decodeChild(from)
	if err != nil {
		return err
	}
	rawTo, err := decodeChild(to)
	if err != nil {
		return err
	}
	if rawFrom == rawTo || strings.HasPrefix(rawTo, rawFrom+"/") {
		return lyceum.Invalidf("to", "something cannot be copied into itself")
	}
	if err := d.checkTarget(rawTo); err != nil {
		return err
	}
	return failure("copy", from, d.copy(ctx, rawFrom, rawTo, overwrite))
}

func (d *Dir) copy(ctx context.Context, from, to string, overwrite bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fi, err := d.lstat(from)
	if err != nil {
		return err
	}
	switch kindOf(fi.Mode()) {
	case File:
		return d.copyFile(ctx, from, to, fi, overwrite)
	case Folder:
		return d.copyFolder(ctx, from, to, fi)
	case Symlink:
		return d.copySymlink(from, to)
	}
	return regular(fi)
}

func (d *Dir) copyFile(ctx context.Context, from, to string, fi os.FileInfo, overwrite bool) error {
	r, err := d.Open(ctx, Encode(from))
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = d.writeAtomic(ctx, to, r, Write{IfAbsent: !overwrite, Mode: fi.Mode().Perm()})
	return err
}

func (d *Dir) copySymlink(from, to string) error {
	var target string
	err := d.rooted(from, func(name string) (err error) { target, err = d.root.Readlink(name); return err })
	if err != nil {
		return err
	}
	dir, name, err := d.openParent(to)
	if err != nil {
		return err
	}
	defer dir.Close()
	return withFd(dir, func(fd int) error { return unix.Symlinkat(target, fd, name) })
}

func (d *Dir) copyFolder(ctx context.Context, from, to string, fi os.FileInfo) error {
	if err := d.mkdir(to); err != nil {
		return err
	}
	src, err := d.openDir(from)
	if err != nil {
		return err
	}
	names, err := src.Readdirnames(-1)
	src.Close()
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := d.copy(ctx, Join(from, n), Join(to, n), false); err != nil {
			return err
		}
	}
	// Last, because the folder may not be writable.
	return d.rooted(to, func(name string) error { return d.root.Chmod(name, fi.Mode().Perm()) })
}

// Remove removes the file, symlink (not its target) or folder at path. A folder
// that is not empty is a Conflict unless recursive. The home itself is refused. An
// error in the middle of a folder leaves what could not be removed.
func (d *Dir) Remove(_ context.Context, path string, recursive bool) error {
	raw, err := decodeChild(path)
	if err != nil {
		return err
	}
	return failure("remove", path, d.remove(raw, recursive))
}

func (d *Dir) remove(raw string, recursive bool) error {
	// RemoveAll is content when nothing is there; a person who asks is not.
	if _, err := d.lstat(raw); err != nil {
		return err
	}
	parent, name := splitLast(raw)
	return d.rooted(parent, func(dir string) error {
		target := dir + "/" + name
		if !recursive {
			return d.root.Remove(target)
		}
		return d.root.RemoveAll(target)
	})
}

// checkTarget refuses to create a thing at raw that has a name which nobody should
// create. What is there already may have any name.
func (d *Dir) checkTarget(raw string) error {
	if _, err := d.lstat(raw); err == nil {
		return nil
	}
	_, name := splitLast(raw)
	return checkNew(name)
}

// decodeChild decodes a path that may not be the home.
func decodeChild(path string) (string, error) {
	if path == "" {
		return "", lyceum.Invalidf("path", "this cannot be done to the home folder itself")
	}
	return Decode(path)
}

// Chmod sets the permission bits of the file or folder at path.
func (d *Dir) Chmod(_ context.Context, path string, mode fs.FileMode) error {
	raw, err := decodeChild(path)
	if err != nil {
		return err
	}
	err = d.rooted(raw, func(name string) error { return d.root.Chmod(name, mode.Perm()) })
	return failure("change the permissions of", path, err)
}
