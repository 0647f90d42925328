package transfer

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"lyceum/internal/lyceum"
)

// homeReader makes one home of an export, through an os.Root: whatever the archive
// says, nothing is written outside.
type homeReader struct {
	project lyceum.ProjectID
	root    *os.Root
	uid     int // owner of all; 0: us
	folders []folder
	buffer  []byte
}

// folder waits for its mode and time, which what is written into it would change.
type folder struct {
	path string
	mode fs.FileMode
	at   time.Time
}

func newHomeReader(dir string, project lyceum.ProjectID, uid int) (*homeReader, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &homeReader{project: project, root: root, uid: uid, buffer: make([]byte, 256<<10)}, nil
}

// take makes what a member is, and returns how many bytes of content it had.
func (r *homeReader) take(p string, h *tar.Header, from io.Reader) (n int64, err error) {
	mode := fs.FileMode(h.Mode).Perm()
	switch h.Typeflag {
	case tar.TypeDir:
		if p != "." {
			err = r.root.Mkdir(p, 0o700)
		}
		r.folders = append(r.folders, folder{p, mode, h.ModTime})
		return 0, errors.Join(err, r.own(p))
	case tar.TypeReg:
		n, err = r.file(p, h.Size, from)
		if err == nil {
			err = errors.Join(r.own(p), r.root.Chmod(p, mode), r.root.Chtimes(p, time.Time{}, h.ModTime))
		}
		return n, err
	case tar.TypeSymlink:
		return 0, errors.Join(r.root.Symlink(h.Linkname, p), r.own(p))
	case tar.TypeLink:
		first, err := parse(h.Linkname)
		if err != nil || first.project != r.project {
			return 0, lyceum.Errorf(lyceum.Invalid, "the export is damaged: %.200q is the same file as one of another project", h.Name)
		}
		return 0, r.root.Link(first.path, p)
	}
	return 0, lyceum.Errorf(lyceum.Invalid, "the export is damaged: %.200q is of kind %q", h.Name, h.Typeflag)
}

func (r *homeReader) own(p string) error {
	if r.uid == 0 {
		return nil
	}
	return r.root.Lchown(p, r.uid, r.uid)
}

// file writes a file; blocks of zeros become holes.
func (r *homeReader) file(p string, size int64, from io.Reader) (n int64, err error) {
	f, err := r.root.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for n < size {
		part := r.buffer[:min(size-n, int64(len(r.buffer)))]
		if _, err := io.ReadFull(from, part); err != nil {
			return n, err
		}
		if !empty(part) {
			if _, err := f.WriteAt(part, n); err != nil {
				return n, err
			}
		}
		n += int64(len(part))
	}
	return n, f.Truncate(size)
}

func empty(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// finish gives the folders their modes and times, the deepest first.
func (r *homeReader) finish() error {
	var err error
	for _, d := range slices.Backward(r.folders) {
		err = errors.Join(err, r.root.Chmod(d.path, d.mode), r.root.Chtimes(d.path, time.Time{}, d.at))
	}
	return errors.Join(err, r.root.Close())
}
