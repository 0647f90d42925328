package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// OpenStage opens the regular file at path to be written in pieces, over more than
// one request: it is made when it is missing, with what is in it kept, for its
// owner only. It is the caller's own place, so nothing is atomic here; Install
// gives what was gathered its name. The caller closes the file.
func (d *Dir) OpenStage(_ context.Context, path string) (*os.File, error) {
	raw, err := decodeChild(path)
	if err != nil {
		return nil, err
	}
	var f *os.File
	err = d.rooted(raw, func(name string) (err error) {
		f, err = d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0o600)
		return err
	})
	if err != nil {
		return nil, failure("open", path, err)
	}
	fi, err := f.Stat()
	if err == nil {
		err = regular(fi)
	}
	if err != nil {
		f.Close()
		return nil, failure("open", path, err)
	}
	return f, nil
}

// Install gives the regular file at from, which is brought to disk, the path to,
// at once and under the conditions of how, as WriteAtomic does. Mode 0 means that
// of any new file; a zero modified leaves the time of the last byte. The file at
// from is gone afterwards; an error leaves it as it was, but for its mode and time.
// Where to is on another file system, it is copied there first.
//
// If it was interrupted after to had its name, it can be called again.
func (d *Dir) Install(ctx context.Context, from, to string, how Write, modified time.Time) (Entry, error) {
	rawFrom, err := decodeChild(from)
	if err != nil {
		return Entry{}, err
	}
	raw, err := decodeChild(to)
	if err != nil {
		return Entry{}, err
	}
	if err := d.checkTarget(raw); err != nil {
		return Entry{}, err
	}
	if raw, err = d.install(ctx, from, raw, how, modified); err != nil {
		return Entry{}, failure("write", to, err)
	}
	if err := d.remove(rawFrom, false); err != nil {
		return Entry{}, failure("write", to, err)
	}
	fi, err := d.lstat(raw) // removing a name changes what version looks at
	if err != nil {
		return Entry{}, failure("look at", to, err)
	}
	return d.entry(raw, fi), nil
}

// install returns where the file is, symlinks followed.
func (d *Dir) install(ctx context.Context, from, raw string, how Write, modified time.Time) (string, error) {
	f, err := d.OpenStage(ctx, from)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if !modified.IsZero() {
		if err := setTime(f, modified); err != nil {
			return "", err
		}
	}
	old, raw, err := d.lookForWrite(raw, how)
	if err != nil {
		return "", err
	}
	dir, name, err := d.openParent(raw)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	own, err := f.Stat()
	if err != nil {
		return "", err
	}
	if old != nil && os.SameFile(old, own) {
		return raw, dir.Sync() // it was interrupted behind this point
	}
	if err := checkOld(dir, name, old, how); err != nil {
		return "", err
	}
	if err := dressed(f, old, how.Mode); err != nil {
		return "", err
	}
	t := &temp{f: f, dir: dir}
	d.installing.Lock()
	err = t.install(name, old, how)
	d.installing.Unlock()
	if t.name != "" {
		_ = withFd(dir, func(fd int) error { return unix.Unlinkat(fd, t.name, 0) })
	}
	if noLinks(err) {
		if _, err := f.Seek(0, 0); err != nil {
			return "", err
		}
		if _, err := d.writeAtomic(ctx, raw, f, how); err != nil || modified.IsZero() {
			return raw, err
		}
		return raw, d.rooted(raw, func(name string) error { return d.root.Chtimes(name, modified, modified) })
	}
	if err != nil {
		return "", err
	}
	return raw, dir.Sync()
}

// noLinks reports whether a file system refused a hard link because it has none, or
// because the two names are on different ones.
func noLinks(err error) bool {
	return errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EMLINK)
}

// lookForWrite looks at what is at raw, a symlink followed. Old is nil if nothing is.
func (d *Dir) lookForWrite(raw string, how Write) (old os.FileInfo, real string, err error) {
	old, err = d.lstat(raw)
	if err == nil && old.Mode()&fs.ModeSymlink != 0 {
		if how.IfAbsent {
			return nil, "", unix.EEXIST
		}
		if raw, err = d.resolve(raw); err != nil {
			return nil, "", err
		}
		old, err = d.lstat(raw)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, raw, nil
	}
	return old, raw, err
}

// dressed gives a staged file its permissions and brings it to disk.
func dressed(f *os.File, old os.FileInfo, mode fs.FileMode) error {
	if mode == 0 {
		mode = 0o666
	}
	if err := f.Chmod(mode.Perm() &^ umask()); err != nil {
		return err
	}
	if err := likeOld(f, old); err != nil {
		return err
	}
	return f.Sync()
}

// umask is that of this process, as the kernel tells it: to ask by setting it would
// change it for a moment. Without /proc it is the usual one.
func umask() fs.FileMode {
	b, err := os.ReadFile("/proc/self/status")
	if err == nil {
		if _, rest, ok := strings.Cut(string(b), "\nUmask:\t"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			if n, err := strconv.ParseUint(line, 8, 32); err == nil {
				return fs.FileMode(n)
			}
		}
	}
	return 0o022
}

// setTime sets the time of the content of an open file.
func setTime(f *os.File, modified time.Time) error {
	ts, err := unix.TimeToTimespec(modified)
	if err != nil {
		return lyceum.Wrap(lyceum.Invalid, err, "this time cannot be that of a file")
	}
	return withFd(f, func(fd int) error {
		return unix.UtimesNanoAt(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), []unix.Timespec{{Nsec: unix.UTIME_NOW}, ts}, 0)
	})
}

// Numbered is the path of a second, third, ... thing beside one that has the name
// already: "a/report (2).tar.gz" for n 2. Names that would become too long are
// shortened before the number.
func Numbered(at string, n int) string {
	dir, name := splitLast(at)
	ext := path.Ext(name)
	if e := path.Ext(strings.TrimSuffix(name, ext)); e == ".tar" {
		ext = e + ext
	}
	if ext == name || len(ext) > 20 {
		ext = "" // a hidden file's name is no extension
	}
	suffix := " (" + strconv.Itoa(n) + ")" + ext
	stem := strings.TrimSuffix(name, ext)
	if over := len(stem) + len(suffix) - maxName; over > 0 {
		stem = strings.ToValidUTF8(stem[:max(0, len(stem)-over)], "")
	}
	return Join(dir, stem+suffix)
}

// CheckNew refuses a path whose last name nobody should create: control characters,
// bytes that are not UTF-8. The error is of kind Invalid.
func CheckNew(path string) error {
	raw, err := Decode(path)
	if err != nil {
		return err
	}
	_, name := splitLast(raw)
	return checkNew(name)
}

// Failure turns an error of the operating system, of an operation on a file that
// this package opened, into one with a kind: "the disk is full: write a.txt" for
// what "write". One that has a kind is returned as it is, and nil as nil.
func Failure(what, path string, err error) error { return failure(what, path, err) }

// Names returns the segments of all that is in the folder at path, sorted by bytes:
// for folders of our own, which are small.
func (d *Dir) Names(path string) ([]string, error) {
	raw, err := Decode(path)
	if err != nil {
		return nil, err
	}
	f, err := d.openDir(raw)
	if err != nil {
		return nil, failure("list", path, err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	for i := range names {
		names[i] = EncodeName(names[i])
	}
	slices.Sort(names)
	return names, failure("list", path, err)
}
