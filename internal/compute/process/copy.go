package process

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// notCopied is what a copy of a home does without: the log of the documents,
// which is bound to their identity.
const notCopied = ".local/state/lyceum"

// copier copies a home into another. Its source may be in use: it is only ever
// reached through an os.Root, so that no name in it leads out of it.
type copier struct {
	uid      int // owner of the copy; 0 leaves it ours
	progress func(files int)

	from, to *os.Root
	count    int
	said     time.Time
}

// copyTree copies files, folders and symbolic links below from into the empty
// folder to. Sockets, pipes and devices are left out, and what vanishes or may
// not be read meanwhile.
func (c *copier) copyTree(ctx context.Context, from, to string) error {
	var err error
	if c.from, err = os.OpenRoot(from); err != nil {
		return err
	}
	defer c.from.Close()
	if c.to, err = os.OpenRoot(to); err != nil {
		return err
	}
	defer c.to.Close()
	type folder struct {
		name string
		info fs.FileInfo
	}
	queue, made := []string{"."}, []folder(nil)
	for len(queue) > 0 {
		dir := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		entries, err := c.list(dir)
		if err != nil {
			return err
		}
		for _, name := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			name = path.Join(dir, name)
			info, err := c.from.Lstat(name)
			if err != nil || name == notCopied {
				continue
			}
			if info.IsDir() {
				if err := c.to.Mkdir(name, 0o700); err != nil {
					return err
				}
				queue, made = append(queue, name), append(made, folder{name, info})
				continue
			}
			if err := c.copyOne(ctx, name, info); err != nil {
				return err
			}
		}
	}
	// From the deepest up: a mode may forbid writing, a time would change.
	for _, d := range slices.Backward(made) {
		if err := c.finish(d.name, d.info); err != nil {
			return err
		}
	}
	return nil
}

// list returns the names in a folder; none when it may not be read.
func (c *copier) list(dir string) ([]string, error) {
	f, err := c.from.Open(dir)
	if err != nil {
		if dir == "." {
			return nil, err
		}
		return nil, nil
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (c *copier) copyOne(ctx context.Context, name string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := c.from.Readlink(name)
		if err != nil {
			return nil
		}
		if err := c.to.Symlink(target, name); err != nil {
			return err
		}
		if c.uid != 0 {
			return c.to.Lchown(name, c.uid, c.uid)
		}
		return nil
	case !info.Mode().IsRegular():
		return nil
	}
	// Without waiting: it may have become a pipe since we looked.
	src, err := c.from.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil
	}
	defer src.Close()
	if now, err := src.Stat(); err != nil || !now.Mode().IsRegular() {
		return nil
	}
	dst, err := c.to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(copyBytes(ctx, dst, src), dst.Close()); err != nil {
		return err
	}
	if c.count++; time.Since(c.said) > time.Second {
		c.said = time.Now()
		c.progress(c.count)
	}
	return c.finish(name, info)
}

// finish gives a copy its owner, mode and times.
func (c *copier) finish(name string, info fs.FileInfo) error {
	if c.uid != 0 {
		if err := c.to.Lchown(name, c.uid, c.uid); err != nil {
			return err
		}
	}
	if err := c.to.Chmod(name, info.Mode().Perm()); err != nil {
		return err
	}
	return c.to.Chtimes(name, time.Time{}, info.ModTime())
}

// copyBytes copies a file's content: by sharing its blocks where the file
// system can, else by its parts that are no holes.
func copyBytes(ctx context.Context, dst, src *os.File) error {
	if unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())) == nil {
		return nil
	}
	info, err := src.Stat()
	if err != nil {
		return err
	}
	for at := int64(0); at < info.Size(); {
		from, err := unix.Seek(int(src.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // a hole up to the end
		}
		to := info.Size()
		if err != nil {
			from = at // it does not know of holes
		} else if hole, err := unix.Seek(int(src.Fd()), from, unix.SEEK_HOLE); err == nil {
			to = hole
		}
		if err := copyPart(ctx, dst, src, from, to); err != nil {
			return err
		}
		at = to
	}
	return dst.Truncate(info.Size())
}

// copyPart copies the bytes of [from, to), in pieces so that ctx is heard.
func copyPart(ctx context.Context, dst, src *os.File, from, to int64) error {
	if _, err := src.Seek(from, io.SeekStart); err != nil {
		return err
	}
	if _, err := dst.Seek(from, io.SeekStart); err != nil {
		return err
	}
	for from < to {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.CopyN(dst, src, min(to-from, 64<<20))
		if errors.Is(err, io.EOF) {
			return nil // it became shorter
		}
		if err != nil {
			return err
		}
		from += n
	}
	return nil
}
