// Package files is the work on files of one project, confined to one directory,
// its home: listing, reading, atomic writing, moving, copying, removing and
// watching. It knows no HTTP and no documents.
//
// Every operation goes through os.Root or through a directory descriptor that was
// opened by it, so that neither ".." nor a symlink, not even one that is swapped
// in during the operation, leads out of the home. Symlinks inside the home are
// followed, absolute ones too when they point back into it.
//
// # Paths
//
// A path is UTF-8, has "/" between its segments and is relative to the home,
// which is "". A name on disk that is not UTF-8 appears as an opaque segment: "~x"
// and the raw bytes in lower-case hexadecimal ("caf\xe9" is "~x636166e9"). A real
// name that looks like an opaque segment is written as one, so every name has
// exactly one path and every path exactly one name. A name is 1 to 255 bytes.
//
// # Errors
//
// All errors are lyceum.Error: Invalid (a bad path, or the wrong kind of file),
// NotFound, Forbidden ("permission denied: ...", or a symlink that leads out of
// the home), Conflict (exists already, or is not the version that was asked for),
// TooLarge (over the limit that the caller gave), Exhausted (disk full or over
// quota, and the same for watches). Anything else is Internal.
//
// The package is for Linux: it uses renameat2, O_TMPFILE and inotify.
package files

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Dir is a home directory. It is safe for concurrent use. Close it when done.
type Dir struct {
	root *os.Root
	home string // absolute, without symlinks: to recognise absolute symlinks that lead back in

	installing sync.Mutex // held by a writer that gives its new file the name
}

// OpenDir opens the directory at the absolute path home. The Dir keeps referring to
// that directory if it is renamed.
func OpenDir(home string) (*Dir, error) {
	real, err := filepath.EvalSymlinks(home)
	if err != nil {
		return nil, failure("open", home, err)
	}
	if real, err = filepath.Abs(real); err != nil {
		return nil, failure("open", home, err)
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, failure("open", home, err)
	}
	return &Dir{root: root, home: real}, nil
}

// Close releases the directory. Files that were opened through it stay open.
func (d *Dir) Close() error { return d.root.Close() }

// Home is the absolute path of the directory, without symlinks.
func (d *Dir) Home() string { return d.home }

// Free returns the bytes that the user may still write on the file system of the
// home, and its size in bytes.
func (d *Dir) Free(context.Context) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(d.home, &st); err != nil {
		return 0, 0, failure("read the free space of", "", err)
	}
	return int64(st.Bavail) * st.Bsize, int64(st.Blocks) * st.Bsize, nil
}

// Resolve returns the path of what path refers to, with no symlink left in it.
// The last segment need not exist.
func (d *Dir) Resolve(_ context.Context, path string) (string, error) {
	raw, err := Decode(path)
	if err != nil {
		return "", err
	}
	real, err := d.resolve(raw)
	if err != nil {
		return "", failure("open", path, err)
	}
	return Encode(real), nil
}

// errEscapes is a symlink that leads out of the home.
var errEscapes = errors.New("a link leads out of the project")

// isEscape reports whether os.Root refused a path because of a symlink. Its error
// has no exported name; TestRootEscapeText holds the text.
func isEscape(err error) bool {
	return err != nil && (errors.Is(err, errEscapes) || strings.HasSuffix(err.Error(), "path escapes from parent"))
}

// rooted calls f with raw as os.Root wants it and, when a symlink on the way is
// absolute, which os.Root refuses, once more with the path it resolves to.
func (d *Dir) rooted(raw string, f func(name string) error) error {
	err := f(rootName(raw))
	if !isEscape(err) {
		return err
	}
	real, rerr := d.resolve(raw)
	if rerr != nil {
		return rerr
	}
	return f(rootName(real))
}

// openDir opens the directory raw, following symlinks inside the home. Its
// descriptor is the base of the ...at system calls, which then cannot escape
// because they are given single names only.
func (d *Dir) openDir(raw string) (*os.File, error) {
	var f *os.File
	err := d.rooted(raw, func(name string) (err error) {
		f, err = d.root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
		return err
	})
	return f, err
}

// openParent opens the directory that holds raw and returns it with the last
// segment of raw, which is never empty.
func (d *Dir) openParent(raw string) (dir *os.File, name string, err error) {
	parent, name := splitLast(raw)
	dir, err = d.openDir(parent)
	return dir, name, err
}

// maxLinks is how many symlinks one path may go through, as in Linux.
const maxLinks = 40

// resolve walks raw segment by segment and replaces symlinks by their targets.
// The last segment may be missing. What it returns is opened through os.Root
// again, so a symlink that appears afterwards gains nothing.
func (d *Dir) resolve(raw string) (string, error) {
	todo := strings.Split(raw, "/")
	var done []string
	for links := 0; len(todo) > 0; {
		seg := todo[0]
		todo = todo[1:]
		switch seg {
		case "", ".":
			continue
		case "..":
			if len(done) == 0 {
				return "", errEscapes
			}
			done = done[:len(done)-1]
			continue
		}
		here := strings.Join(append(done[:len(done):len(done)], seg), "/")
		fi, err := d.root.Lstat(here)
		if errors.Is(err, os.ErrNotExist) && len(todo) == 0 {
			return here, nil
		}
		if err != nil {
			return "", err
		}
		if fi.Mode()&os.ModeSymlink == 0 {
			done = append(done, seg)
			continue
		}
		if links++; links > maxLinks {
			return "", &os.PathError{Op: "open", Path: raw, Err: unix.ELOOP}
		}
		target, err := d.root.Readlink(here)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(target, "/") {
			target, err = d.inside(target)
			if err != nil {
				return "", err
			}
			done = nil
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return strings.Join(done, "/"), nil
}

// inside returns the part of an absolute path that is below the home.
func (d *Dir) inside(abs string) (string, error) {
	clean := filepath.Clean(abs)
	if clean == d.home {
		return "", nil
	}
	rel, ok := strings.CutPrefix(clean, strings.TrimSuffix(d.home, "/")+"/")
	if !ok {
		return "", errEscapes
	}
	return rel, nil
}

// failure turns an error of the operating system into one with a kind. What is
// the verb of the sentence, path as the caller gave it.
func failure(what, path string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*lyceum.Error](err); ok {
		return err
	}
	name := path
	if name == "" {
		name = "the home folder"
	}
	wrap := func(k lyceum.Kind, text string) error { return lyceum.Wrap(k, err, "%s: %s %s", text, what, name) }
	switch {
	case isEscape(err):
		return wrap(lyceum.Forbidden, "a link leads out of the project")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return wrap(lyceum.Unavailable, "interrupted")
	case errors.Is(err, unix.ENOENT):
		return wrap(lyceum.NotFound, "no such file or folder")
	case errors.Is(err, unix.ENOTDIR):
		return wrap(lyceum.NotFound, "not a folder")
	case errors.Is(err, unix.EROFS):
		return wrap(lyceum.Forbidden, "permission denied: the file system is read-only")
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return wrap(lyceum.Forbidden, "permission denied")
	case errors.Is(err, unix.ENOSPC):
		return wrap(lyceum.Exhausted, "the disk is full")
	case errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EFBIG):
		return wrap(lyceum.Exhausted, "the disk quota is used up")
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return wrap(lyceum.Exhausted, "too many open files")
	case errors.Is(err, unix.EEXIST):
		return wrap(lyceum.Conflict, "there is something of that name already")
	case errors.Is(err, unix.ENOTEMPTY):
		return wrap(lyceum.Conflict, "the folder is not empty")
	case errors.Is(err, unix.EISDIR):
		return wrap(lyceum.Invalid, "this is a folder")
	case errors.Is(err, unix.ENAMETOOLONG):
		return wrap(lyceum.Invalid, "the name is too long")
	case errors.Is(err, unix.ELOOP):
		return wrap(lyceum.Invalid, "the links go in a circle")
	case errors.Is(err, unix.EINVAL):
		return wrap(lyceum.Invalid, "the system refuses this name")
	case errors.Is(err, unix.ETXTBSY), errors.Is(err, unix.EBUSY):
		return wrap(lyceum.Conflict, "in use")
	case errors.Is(err, unix.ESTALE), errors.Is(err, unix.EIO):
		return wrap(lyceum.Unavailable, "the storage does not answer")
	}
	return lyceum.Wrap(lyceum.Internal, err, "%s %s", what, name)
}
