package files

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Write says how WriteAtomic treats what is there.
type Write struct {
	IfVersion string      // write only if the file is there and has this Version; "" means any
	IfAbsent  bool        // write only if there is nothing of that name
	Limit     int64       // refuse more bytes than this with TooLarge; 0 means no limit
	Mode      fs.FileMode // permissions of a new file, before the umask; 0 means 0666
}

// WriteAtomic writes all of r to the file at path and returns its new entry. At
// every moment, and after a crash at any moment, the file holds the old or the new
// content in full; it is on disk when WriteAtomic returns. An error leaves the old
// file and no other trace.
//
// An existing file keeps its permissions and, where the system allows it, its
// owner; one that the user may not write is refused although it could be replaced.
// A symlink inside the home is followed and stays. A hard link is cut: the other
// names keep the old content.
//
// Errors: Conflict when IfVersion or IfAbsent does not hold, and those of the package.
func (d *Dir) WriteAtomic(ctx context.Context, path string, r io.Reader, w Write) (Entry, error) {
	raw, err := Decode(path)
	if err != nil {
		return Entry{}, err
	}
	if raw == "" {
		return Entry{}, lyceum.Invalidf("path", "the home folder cannot be written as a file")
	}
	if err := d.checkTarget(raw); err != nil {
		return Entry{}, err
	}
	e, err := d.writeAtomic(ctx, raw, r, w)
	if err != nil {
		return Entry{}, failure("write", path, err)
	}
	return e, nil
}

func (d *Dir) writeAtomic(ctx context.Context, raw string, r io.Reader, w Write) (Entry, error) {
	old, raw, err := d.lookForWrite(raw, w)
	if err != nil {
		return Entry{}, err
	}
	dir, name, err := d.openParent(raw)
	if err != nil {
		return Entry{}, err
	}
	defer dir.Close()
	if err := checkOld(dir, name, old, w); err != nil {
		return Entry{}, err
	}
	t, err := newTemp(dir, old, w.Mode)
	if err != nil {
		return Entry{}, err
	}
	defer t.discard()
	if err := t.fill(ctx, r, w.Limit); err != nil {
		return Entry{}, err
	}
	d.installing.Lock()
	err = t.install(name, old, w)
	d.installing.Unlock()
	if err != nil {
		return Entry{}, err
	}
	fi, err := t.f.Stat()
	if err != nil {
		return Entry{}, err
	}
	return d.entry(raw, fi), dir.Sync()
}

// checkOld holds what is there against the conditions. Old is nil if nothing is.
func checkOld(dir *os.File, name string, old os.FileInfo, w Write) error {
	if old == nil {
		if w.IfVersion != "" {
			return lyceum.Errorf(lyceum.Conflict, "the file is not there any more")
		}
		return nil
	}
	if w.IfAbsent {
		return unix.EEXIST
	}
	if err := regular(old); err != nil {
		return err
	}
	if w.IfVersion != "" && version(old) != w.IfVersion {
		return errChanged
	}
	return withFd(dir, func(fd int) error {
		return unix.Faccessat(fd, name, unix.W_OK, unix.AT_EACCESS|unix.AT_SYMLINK_NOFOLLOW)
	})
}

var errChanged = lyceum.Errorf(lyceum.Conflict, "the file was changed by someone else in the meantime")

// temp is a file that has no name yet, or a hidden random one where the file
// system cannot make nameless files.
type temp struct {
	f    *os.File
	dir  *os.File
	name string // "" while it has none
}

func newTemp(dir *os.File, old os.FileInfo, mode fs.FileMode) (*temp, error) {
	if mode == 0 {
		mode = 0o666
	}
	t := &temp{dir: dir}
	fd := -1
	err := withFd(dir, func(dirfd int) (err error) {
		fd, err = unix.Openat(dirfd, ".", unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, uint32(mode.Perm()))
		if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL) {
			t.name = tempName()
			fd, err = unix.Openat(dirfd, t.name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, uint32(mode.Perm()))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	t.f = os.NewFile(uintptr(fd), "new file")
	if err := likeOld(t.f, old); err != nil {
		t.discard()
		return nil, err
	}
	return t, nil
}

// likeOld gives f the owner and the permissions of what it will replace, if old is
// not nil.
func likeOld(f *os.File, old os.FileInfo) error {
	if old == nil {
		return nil
	}
	// The owner first: changing it clears bits of the mode. It may well be
	// refused, and then the file belongs to who writes, as it would after "cp".
	if st, ok := old.Sys().(*syscall.Stat_t); ok && (int(st.Uid) != os.Geteuid() || int(st.Gid) != os.Getegid()) {
		_ = f.Chown(int(st.Uid), int(st.Gid))
	}
	return f.Chmod(old.Mode().Perm())
}

func tempName() string { return ".lyceum-" + rand.Text() + "~" }

// discard closes the file and removes its hidden name, if it has one.
func (t *temp) discard() {
	t.f.Close()
	if t.name != "" {
		_ = withFd(t.dir, func(fd int) error { return unix.Unlinkat(fd, t.name, 0) })
	}
}

// fill copies r into the file and brings it to disk.
func (t *temp) fill(ctx context.Context, r io.Reader, limit int64) error {
	src := io.Reader(&ctxReader{ctx.Err, r})
	if limit > 0 {
		src = io.LimitReader(src, limit+1)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{t.f}, src, make([]byte, 128<<10))
	if err != nil {
		return err
	}
	if limit > 0 && n > limit {
		return tooLarge(limit)
	}
	return t.f.Sync()
}

// ctxReader stops a long copy when the context of the request ends.
type ctxReader struct {
	ended func() error
	r     io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ended(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// install gives the file its name.
func (t *temp) install(name string, old os.FileInfo, w Write) error {
	return withFd(t.dir, func(fd int) error {
		if old == nil {
			return t.installNew(fd, name, w)
		}
		if err := t.link(fd); err != nil {
			return err
		}
		if w.IfVersion != "" {
			done, err := t.exchange(fd, name, old)
			if done || err != nil {
				return err
			}
		}
		if err := unix.Renameat(fd, t.name, fd, name); err != nil {
			return err
		}
		t.name = ""
		return nil
	})
}

// installNew names the file where nothing was. If something has appeared since,
// that is a conflict only when the caller asked.
func (t *temp) installNew(fd int, name string, w Write) error {
	var err error
	if t.name == "" {
		if err = t.linkAs(fd, name); err == nil {
			return nil
		}
		if !errors.Is(err, unix.EEXIST) {
			return err
		}
	} else if err = unix.Renameat2(fd, t.name, fd, name, unix.RENAME_NOREPLACE); err == nil {
		t.name = ""
		return nil
	}
	if errors.Is(err, unix.EEXIST) && w.IfAbsent {
		return err
	}
	if err := t.link(fd); err != nil {
		return err
	}
	if w.IfAbsent {
		// The file system knows no RENAME_NOREPLACE; a hard link refuses too.
		return unix.Linkat(fd, t.name, fd, name, 0)
	}
	if err := unix.Renameat(fd, t.name, fd, name); err != nil {
		return err
	}
	t.name = ""
	return nil
}

// link gives a nameless file a hidden name.
func (t *temp) link(fd int) error {
	if t.name != "" {
		return nil
	}
	name := tempName()
	if err := t.linkAs(fd, name); err != nil {
		return err
	}
	t.name = name
	return nil
}

func (t *temp) linkAs(fd int, name string) error {
	return withFd(t.f, func(own int) error {
		return unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(own), fd, name, unix.AT_SYMLINK_FOLLOW)
	})
}

// exchange swaps the new file with the one that is there and looks whether that
// was still the one expected. If another program has changed or replaced it since
// it was looked at, it swaps back: no write is lost between check and rename. Our
// own writers come one at a time (Dir.installing), so that none builds on a file
// that is about to be swapped back. Done is false where the file system cannot
// exchange.
func (t *temp) exchange(fd int, name string, old os.FileInfo) (done bool, err error) {
	if now, err := lstatAt(fd, name); err != nil || !sameContent(now, old) {
		return true, errChanged
	}
	err = unix.Renameat2(fd, t.name, fd, name, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.ENOENT) {
		return true, errChanged
	}
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	was, err := lstatAt(fd, t.name)
	if err == nil && sameContent(was, old) {
		return true, nil // discard removes the old file, which now has the hidden name
	}
	if err := unix.Renameat2(fd, t.name, fd, name, unix.RENAME_EXCHANGE); err != nil {
		t.name = "" // what has the hidden name is someone's work: keep it
		return true, err
	}
	return true, errChanged
}

// lstatAt looks at a name in an open directory.
func lstatAt(fd int, name string) (os.FileInfo, error) {
	return os.Lstat("/proc/self/fd/" + strconv.Itoa(fd) + "/" + name)
}

// withFd calls f with the descriptor of an open file, which stays open during it.
func withFd(file *os.File, f func(fd int) error) error {
	c, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var ferr error
	if err := c.Control(func(fd uintptr) { ferr = f(int(fd)) }); err != nil {
		return err
	}
	return ferr
}
