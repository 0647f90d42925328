package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Kind is what an entry is.
type Kind string

// The kinds of entry. TargetKind has two more.
const (
	File    Kind = "file"    // a regular file
	Folder  Kind = "dir"     // a directory
	Symlink Kind = "symlink" // not followed
	Other   Kind = "other"   // a pipe, socket or device: neither read nor written here

	Missing Kind = "missing" // TargetKind only: the symlink leads to nothing
	Outside Kind = "outside" // TargetKind only: the symlink leads out of the home, or nobody knows where
)

// Entry is a thing in a folder, not followed if it is a symlink.
type Entry struct {
	Name       string      // last segment, for people: U+FFFD where it is not UTF-8
	Path       string      // see the package comment
	Kind       Kind        //
	Size       int64       // bytes; of a folder whatever the system says
	Modified   time.Time   // of the content
	Mode       fs.FileMode // permission bits only
	Target     string      // where a symlink leads, as written in it; else ""
	TargetKind Kind        // what a symlink leads to in the end; else ""
	Opaque     bool        // the name is not UTF-8: to be listed, read, moved and removed only
	Hidden     bool        // the name begins with a dot
	Version    string      // changes whenever the content does; no quotes, [0-9a-f-]
	Links      int         // names of the same file (hard links)
	Inode      uint64      // number of the file in its file system; 0 when it has none
}

// Stat tells what is at path. The last segment is not followed if it is a symlink.
func (d *Dir) Stat(_ context.Context, path string) (Entry, error) {
	raw, err := Decode(path)
	if err != nil {
		return Entry{}, err
	}
	fi, err := d.lstat(raw)
	if err != nil {
		return Entry{}, failure("look at", path, err)
	}
	return d.entry(raw, fi), nil
}

// StatFollow tells what path leads to in the end, symlinks followed. Name and Path
// of the entry are those of what it leads to.
func (d *Dir) StatFollow(_ context.Context, path string) (Entry, error) {
	raw, err := Decode(path)
	if err != nil {
		return Entry{}, err
	}
	real, err := d.resolve(raw)
	if err != nil {
		return Entry{}, failure("look at", path, err)
	}
	fi, err := d.root.Lstat(rootName(real))
	if err != nil {
		return Entry{}, failure("look at", path, err)
	}
	return d.entry(real, fi), nil
}

// lstat looks at raw without following its last segment.
func (d *Dir) lstat(raw string) (fi os.FileInfo, err error) {
	if fi, err = d.root.Lstat(rootName(raw)); !isEscape(err) {
		return fi, err
	}
	parent, name := splitLast(raw)
	real, err := d.resolve(parent)
	if err != nil {
		return nil, err
	}
	return d.root.Lstat(Join(real, name))
}

// entry describes raw, of which fi is the Lstat.
func (d *Dir) entry(raw string, fi os.FileInfo) Entry {
	_, name := splitLast(raw)
	e := Entry{
		Name:     strings.ToValidUTF8(name, "�"),
		Path:     Encode(raw),
		Kind:     kindOf(fi.Mode()),
		Size:     fi.Size(),
		Modified: fi.ModTime(),
		Mode:     fi.Mode().Perm(),
		Hidden:   strings.HasPrefix(name, "."),
		Version:  version(fi),
	}
	e.Opaque = e.Name != name
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		e.Links, e.Inode = int(st.Nlink), st.Ino
	}
	if e.Kind == Symlink {
		e.Target, e.TargetKind = d.target(raw)
	}
	return e
}

// entryStat is entry for what a system call told.
func (d *Dir) entryStat(raw string, st *unix.Stat_t) Entry {
	_, name := splitLast(raw)
	mode := fs.FileMode(st.Mode & 0o777)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	default:
		mode |= fs.ModeIrregular
	}
	e := Entry{
		Name: strings.ToValidUTF8(name, "�"), Path: Encode(raw), Kind: kindOf(mode), Size: st.Size, Modified: time.Unix(st.Mtim.Unix()),
		Mode: mode.Perm(), Hidden: strings.HasPrefix(name, "."), Links: int(st.Nlink), Inode: st.Ino,
		Version: versionOf(st.Ino, st.Size, st.Mtim.Nano(), st.Ctim.Nano()),
	}
	e.Opaque = e.Name != name
	if e.Kind == Symlink {
		e.Target, e.TargetKind = d.target(raw)
	}
	return e
}

// target reads the symlink raw.
func (d *Dir) target(raw string) (text string, kind Kind) {
	err := d.rooted(raw, func(name string) (err error) { text, err = d.root.Readlink(name); return err })
	if err != nil {
		return "", Missing
	}
	text = strings.ToValidUTF8(text, "�")
	var fi os.FileInfo
	err = d.rooted(raw, func(name string) (err error) { fi, err = d.root.Stat(name); return err })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return text, Missing
	case err != nil:
		return text, Outside
	}
	return text, kindOf(fi.Mode())
}

func kindOf(m fs.FileMode) Kind {
	switch {
	case m.IsRegular():
		return File
	case m.IsDir():
		return Folder
	case m&fs.ModeSymlink != 0:
		return Symlink
	}
	return Other
}

// version is made from inode, size and both times. The change time is in it
// because a program can set the modification time back (rsync, touch -r), but not
// that one; the price is a new version after a chmod.
func version(fi os.FileInfo) string {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return strconv.FormatInt(fi.Size(), 16) + "-" + strconv.FormatInt(fi.ModTime().UnixNano(), 16)
	}
	return versionOf(st.Ino, st.Size, st.Mtim.Nano(), st.Ctim.Nano())
}

func versionOf(inode uint64, size, modified, changed int64) string {
	b := make([]byte, 0, 64)
	for i, n := range [...]uint64{inode, uint64(size), uint64(modified), uint64(changed)} {
		if i > 0 {
			b = append(b, '-')
		}
		b = strconv.AppendUint(b, n, 16)
	}
	return string(b)
}

// sameContent reports whether two looks saw the same bytes of the same file. It
// leaves out the change time, which a rename alters.
func sameContent(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
