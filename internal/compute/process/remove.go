package process

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// discard removes a folder that a project wrote in. It is moved out of the way
// first, so that from then on it is gone, whatever happens.
func (b *Backend) discard(ctx context.Context, dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	away := filepath.Join(b.at.trash, string(lyceum.NewID[lyceum.ProjectID]()))
	err := os.Rename(dir, away)
	if errors.Is(err, unix.EACCES) {
		// Moving a folder changes its "..": its owner may take away the right to.
		if err = os.Chmod(dir, 0o700); err == nil {
			err = os.Rename(dir, away)
		}
	}
	switch {
	case errors.Is(err, unix.EXDEV):
		away = dir // on a file system of its own
	case err != nil:
		return err
	}
	return removeTree(ctx, away)
}

// sweepTrash removes what an earlier hub could not remove any more: entries were
// in the trash before this one put anything there.
func (b *Backend) sweepTrash(entries []os.DirEntry) {
	for _, e := range entries {
		if err := removeTree(b.life, filepath.Join(b.at.trash, e.Name())); err != nil && b.life.Err() == nil {
			b.log.Warn("cannot empty the trash", "err", err)
		}
	}
}

// removeTree removes a folder and all below it. The names in it are anybody's:
// no symbolic link is followed, no path is put together (a tree may be deeper
// than any path can say), and at most two folders are open at a time. Instead of
// going down, it brings each folder that is not empty up into the first one.
func removeTree(ctx context.Context, dir string) error {
	top, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrPermission) {
		if err = os.Chmod(dir, 0o700); err == nil {
			top, err = os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
		}
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		return os.Remove(dir)
	case err != nil:
		return err
	}
	defer top.Close()
	if os.Geteuid() != 0 {
		_ = top.Chmod(0o700)
	}
	r := remover{ctx: ctx, top: top, prefix: ".gone-" + string(lyceum.NewID[lyceum.ProjectID]()) + "-"}
	for {
		found, err := r.clear(top)
		if err == nil {
			err = r.clearPending()
		}
		if err != nil {
			return err
		}
		if !found {
			break
		}
	}
	if err := os.Remove(dir); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil // somebody else was faster
}

type remover struct {
	ctx    context.Context //nolint:containedctx // one call's
	top    *os.File
	prefix string
	count  int
	// pending are the numbers of the folders that were brought up and not yet
	// entered: reading the first folder anew for each would take for ever when it
	// is large and another is deep.
	pending []int
}

// clearPending enters what was brought up, and what that brings up, until
// nothing is left of it.
func (r *remover) clearPending() error {
	for len(r.pending) > 0 {
		last := len(r.pending) - 1
		n := r.pending[last]
		r.pending = r.pending[:last]
		if err := r.enter(r.prefix + strconv.Itoa(n)); err != nil {
			return err
		}
	}
	return nil
}

// clear goes once through a folder, removes what it can and brings up the
// folders that are not empty; those that are in the top folder already are
// entered. It reports whether it found anything.
func (r *remover) clear(dir *os.File) (found bool, err error) {
	if _, err := dir.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	for {
		names, err := dir.Readdirnames(512)
		if errors.Is(err, io.EOF) || errors.Is(err, unix.ENOENT) {
			return found, nil // ENOENT: the folder itself was removed
		}
		if err != nil {
			return found, err
		}
		if err := r.ctx.Err(); err != nil {
			return found, err
		}
		for _, name := range names {
			found = true
			if err := r.one(dir, name); err != nil {
				return found, err
			}
		}
	}
}

func (r *remover) one(dir *os.File, name string) error {
	fd := int(dir.Fd())
	err := unix.Unlinkat(fd, name, 0)
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	if !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EPERM) {
		return &os.PathError{Op: "unlink", Path: name, Err: err}
	}
	err = unix.Unlinkat(fd, name, unix.AT_REMOVEDIR)
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	if !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST) {
		return &os.PathError{Op: "rmdir", Path: name, Err: err}
	}
	// It is a folder, so this follows no link.
	if os.Geteuid() != 0 {
		_ = unix.Fchmodat(fd, name, 0o700, 0)
	}
	if dir == r.top {
		return r.enter(name)
	}
	for {
		r.count++
		err := unix.Renameat(fd, name, int(r.top.Fd()), r.prefix+strconv.Itoa(r.count))
		if err == nil {
			r.pending = append(r.pending, r.count)
			return nil
		}
		if !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST) {
			return &os.PathError{Op: "rename", Path: name, Err: err}
		}
	}
}

// enter empties a folder of the top folder and removes it.
func (r *remover) enter(name string) error {
	fd, err := unix.Openat(int(r.top.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil // entered already
	}
	if err != nil {
		return &os.PathError{Op: "open", Path: name, Err: err}
	}
	dir := os.NewFile(uintptr(fd), name)
	defer dir.Close()
	for {
		found, err := r.clear(dir)
		if err != nil {
			return err
		}
		if !found {
			break
		}
	}
	err = unix.Unlinkat(int(r.top.Fd()), name, unix.AT_REMOVEDIR)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
