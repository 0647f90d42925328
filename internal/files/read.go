package files

import (
	"context"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// Reader is an open regular file. It reads, seeks and reads at offsets; Close it.
type Reader struct {
	*os.File
	// Entry describes what was opened, symlinks followed.
	Entry Entry
}

// Open opens the regular file at path for reading, following symlinks inside the
// home. Anything else, a pipe or a device, is refused without waiting for it.
func (d *Dir) Open(_ context.Context, path string) (*Reader, error) {
	raw, err := Decode(path)
	if err != nil {
		return nil, err
	}
	var r *Reader
	err = d.rooted(raw, func(name string) (err error) { r, err = d.openFile(raw, name); return err })
	if err != nil {
		return nil, failure("open", path, err)
	}
	return r, nil
}

func (d *Dir) openFile(raw, name string) (*Reader, error) {
	// Looked at before it is opened, because opening some devices has effects,
	// and after, because it may have been replaced in between.
	fi, err := d.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := regular(fi); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	fi, err = f.Stat()
	if err == nil {
		err = regular(fi)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Reader{File: f, Entry: d.entry(raw, fi)}, nil
}

func regular(fi os.FileInfo) error {
	switch kindOf(fi.Mode()) {
	case File:
		return nil
	case Folder:
		return lyceum.Errorf(lyceum.Invalid, "this is a folder")
	}
	return lyceum.Errorf(lyceum.Invalid, "this is not a regular file but a pipe, a socket or a device")
}

// ReadAll reads the whole regular file at path. A file of more than limit bytes is
// refused with kind TooLarge before it is read.
func (d *Dir) ReadAll(ctx context.Context, path string, limit int64) ([]byte, Entry, error) {
	r, err := d.Open(ctx, path)
	if err != nil {
		return nil, Entry{}, err
	}
	defer r.Close()
	if r.Entry.Size > limit {
		return nil, r.Entry, tooLarge(limit)
	}
	// Read one byte past the limit: the file may be growing, or lie about its
	// size as those in /proc do.
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, r.Entry, failure("read", path, err)
	}
	if int64(len(b)) > limit {
		return nil, r.Entry, tooLarge(limit)
	}
	// The entry is of the moment before the first byte: a write during the reading
	// shows as another version at the next look.
	return b, r.Entry, nil
}

func tooLarge(limit int64) error {
	return lyceum.Errorf(lyceum.TooLarge, "the file is larger than %d bytes", limit)
}
