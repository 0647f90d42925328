package files

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// maxVisitDepth is how deep Visit goes; each level is an open folder.
const maxVisitDepth = 400

// Item is a thing that Visit meets. It is good until visit returns.
type Item struct {
	Entry        // not followed if it is a symlink; Path is where it was when the visit came there
	Rel   string // raw path below what the visit began with; "" for that itself
	Err   error  // a folder that cannot be read; visit is then called a second time with it

	dir  *os.File
	name string
	d    *Dir
}

// Open opens a regular file for reading: the one in the folder that was visited,
// wherever that is now, and no other by way of a symlink. The caller closes it.
func (it *Item) Open() (*Reader, error) {
	f, err := openIn(it.dir, it.name, 0)
	if err != nil {
		return nil, failure("open", it.Path, err)
	}
	fi, err := f.Stat()
	if err == nil {
		err = regular(fi)
	}
	if err != nil {
		f.Close()
		return nil, failure("open", it.Path, err)
	}
	raw, _ := Decode(it.Path) // we made it
	return &Reader{File: f, Entry: it.d.entry(raw, fi)}, nil
}

// Visit calls visit with the thing at path and, if that is a folder and visit says
// so, with all that is below, each folder before what is in it, sorted by bytes.
// Symlinks at path are followed, others never. It goes from open folder to open
// folder: what is renamed meanwhile, or replaced by something else, leads nowhere
// else. An error of visit ends it and is returned as it is.
func (d *Dir) Visit(ctx context.Context, path string, visit func(it *Item) (into bool, err error)) error {
	raw, err := Decode(path)
	if err != nil {
		return err
	}
	if raw, err = d.resolve(raw); err != nil {
		return failure("read", path, err)
	}
	dir, name := (*os.File)(nil), "."
	if raw == "" {
		dir, err = d.openDir("")
	} else {
		dir, name, err = d.openParent(raw)
	}
	if err != nil {
		return failure("read", path, err)
	}
	defer dir.Close()
	fi, err := statIn(dir, name)
	if err != nil {
		return failure("read", path, err)
	}
	return d.visit(ctx, &Item{Entry: d.entry(raw, fi), dir: dir, name: name, d: d}, raw, 0, visit)
}

func (d *Dir) visit(ctx context.Context, it *Item, raw string, depth int, visit func(*Item) (bool, error)) error {
	if err := ctx.Err(); err != nil {
		return failure("read", it.Path, err)
	}
	into, err := visit(it)
	if err != nil || !into || it.Kind != Folder {
		return err
	}
	names, dir, err := it.names(depth)
	if err != nil {
		it.Err = failure("read", it.Path, err)
		_, err = visit(it)
		return err
	}
	defer dir.Close()
	for _, name := range names {
		fi, err := statIn(dir, name)
		if err != nil {
			continue // gone since
		}
		child := &Item{Entry: d.entry(Join(raw, name), fi), Rel: Join(it.Rel, name), dir: dir, name: name, d: d}
		if child.Kind == Symlink {
			// Once more by its folder: the path may lead elsewhere by now.
			child.Target, err = linkIn(dir, name)
			if err != nil {
				continue
			}
		}
		if err := d.visit(ctx, child, Join(raw, name), depth+1, visit); err != nil {
			return err
		}
	}
	return nil
}

// names opens the folder and returns what is in it.
func (it *Item) names(depth int) ([]string, *os.File, error) {
	if depth >= maxVisitDepth {
		return nil, nil, lyceum.Errorf(lyceum.Invalid, "there are more than %d folders in one another", maxVisitDepth)
	}
	dir, err := openIn(it.dir, it.name, unix.O_DIRECTORY)
	if err != nil {
		return nil, nil, err
	}
	names, err := dir.Readdirnames(-1)
	if err != nil {
		dir.Close()
		return nil, nil, err
	}
	slices.Sort(names)
	return names, dir, nil
}

// openIn opens a name in an open folder, no symlink, without waiting for pipes.
func openIn(dir *os.File, name string, flags int) (f *os.File, err error) {
	err = withFd(dir, func(fd int) error {
		own, err := unix.Openat(fd, name, flags|unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err == nil {
			f = os.NewFile(uintptr(own), name)
		}
		return err
	})
	return f, err
}

func statIn(dir *os.File, name string) (fi os.FileInfo, err error) {
	err = withFd(dir, func(fd int) (err error) { fi, err = lstatAt(fd, name); return err })
	return fi, err
}

func linkIn(dir *os.File, name string) (target string, err error) {
	err = withFd(dir, func(fd int) error {
		target, err = os.Readlink("/proc/self/fd/" + strconv.Itoa(fd) + "/" + name)
		return err
	})
	return strings.ToValidUTF8(target, "�"), err
}
